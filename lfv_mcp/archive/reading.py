"""How much of a file is read to see what it is: all of it, or the start and end of a long one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO, Final, NamedTuple

from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.formats.containers import IMAGE_NAMES, is_container, too_large_to_unpack
from lfv_mcp.formats.datasets.first_look import may_be_dataset
from lfv_mcp.formats.decoding import FILE_LIMIT, SERVICE, UnrecognisedError, too_large
from lfv_mcp.formats.encodings import wide_encoding
from lfv_mcp.formats.manifest_lines import starts_as_manifest
from lfv_mcp.formats.predictions.prediction_file import starts_as_prediction_set
from lfv_mcp.formats.recognition import Record, recognise
from lfv_mcp.formats.record import edge_package_record
from lfv_mcp.formats.texts import HEAD, foreign_kind, is_foreign, is_table

_ARCHIVES: Final = (b"PK", b"\x1f\x8b", b"BZ", b"\xfd7")
"""How zip, gzip, bzip2 and xz begin, in which packaged models come."""


class RecognisedFile(NamedTuple):
    """What a file holds.

    Args:
        records: what was recognised.
        problems: what is wrong with the rest.
        data: what it was recognised in: all of it, or its start and its end.
    """

    records: Sequence[Record]
    problems: Sequence[UnrecognisedError]
    data: bytes


def recognise_file(files: FileStore, entry: FileEntry) -> RecognisedFile:
    """What a file holds, by as much of it as that takes.

    Of a packaged model, which may have gigabytes, that is its start; of one in a zip archive
    perhaps the directory at its end, too.

    Raises:
        UnrecognisedError: it cannot be a record, or is too large for one.
        OSError, LfvError: it cannot be read.
    """
    data = _start_of(files, entry)
    if data[:2] in _ARCHIVES or data[257:262] == b"ustar":
        record = _edge_package(files, entry, data)
        if record is not None:
            return RecognisedFile([record], [], data)
    data = _enough_to_recognise(files, entry, data)
    return RecognisedFile(*recognise(data), data)


def _start_of(files: FileStore, entry: FileEntry) -> bytes:
    """All of a short file, the first bytes of a long one."""
    if entry.size <= HEAD:
        with files.open(entry.name) as stream:
            # Not HEAD bytes of a small file: making room for them costs a thirtieth of a scan.
            data = stream.read(entry.size + 1)
            return data if len(data) == entry.size else read_rest(stream, data)
    # Asked for as a part: a stream that is left half-way costs its connection.
    with files.open(entry.name, limit=HEAD) as stream:
        return read_rest(stream, b"", HEAD)


def _edge_package(files: FileStore, entry: FileEntry, head: bytes) -> Record | None:
    """The record of a packaged model; None if a file is none."""
    from lfv_mcp.formats.edge_archives import edge_package_form  # not at a start

    def read_at(start: int, size: int) -> bytes:
        if entry.size <= len(head):
            return head[start : start + size]
        return read_part(files, entry.name, start, size)

    size = entry.size if entry.size > HEAD else len(head)
    form = edge_package_form(head, size, read_at)
    return None if form is None else edge_package_record(form, size)


def _enough_to_recognise(files: FileStore, entry: FileEntry, data: bytes) -> bytes:
    """The whole file, or the first and the last lines of one that is read by line.

    The last ones tell whether a manifest is cut off. Of a manifest in S3 they are a second request,
    but only of one that has more than the first request gives; to read all of it would be fifty
    times as much.

    Args:
        files: where the file is.
        entry: the file.
        data: its start, all of it if it is short.
    """
    if entry.size <= HEAD:
        return data
    if is_foreign(data):
        raise foreign_kind(data)
    if starts_as_prediction_set(data) or starts_as_manifest(data):
        return _ends_of_lines(files, entry, data)
    is_dataset, is_by_line = _dataset_of(data) if may_be_dataset(data) else (False, False)
    if is_by_line:
        return _ends_of_lines(files, entry, data)
    if not is_dataset and is_table(data):
        raise UnrecognisedError("not JSON")
    if entry.size > FILE_LIMIT:
        if is_container(data):
            raise too_large_to_unpack()
        if data.lstrip()[:1].isalnum() and SERVICE.encode() not in data:
            raise UnrecognisedError("not JSON")
        raise too_large(FILE_LIMIT)
    try:
        with files.open(entry.name, start=len(data), limit=FILE_LIMIT + 1 - len(data)) as stream:
            return read_rest(stream, data)
    except MemoryError as error:
        raise UnrecognisedError("too large for the memory of this machine", corrupt=True) from error


def _dataset_of(head: bytes) -> tuple[bool, bool]:
    """Whether a file that starts so is a dataset, and whether its first and last lines tell all."""
    from lfv_mcp.formats.datasets.document import dataset_form, is_by_line  # not at a start

    is_dataset = dataset_form(head) is not None
    # The lines of UTF-16 end within two bytes.
    return is_dataset, is_dataset and is_by_line(head) and not wide_encoding(head[:64])


def _ends_of_lines(files: FileStore, entry: FileEntry, head: bytes) -> bytes:
    """The whole lines at the start and at the end of a file that starts with `head`."""
    start = max(len(head), entry.size - HEAD)
    with files.open(entry.name, start=start, limit=HEAD) as stream:
        end = read_rest(stream, b"", HEAD)
    if start == len(head):
        return head + end
    return head[: head.rfind(b"\n") + 1] + end[end.find(b"\n") + 1 if b"\n" in end else HEAD :]


def read_part(files: FileStore, name: str, start: int, size: int) -> bytes:
    """Some bytes of a file; fewer only at its end.

    Raises:
        OSError, LfvError: they cannot be read.
    """
    if size <= 0:
        return b""
    with files.open(name, start=start, limit=size) as stream:
        return read_rest(stream, b"", size)


def read_rest(stream: IO[bytes], data: bytes, limit: int = FILE_LIMIT + 1) -> bytes:
    """The data and what follows it, up to a limit: one byte more than a file may have.

    A raw stream may give less than it is asked for, which is no end of the file.
    """
    while len(data) < limit:
        more = stream.read(limit - len(data))
        if not more:
            break
        data += more
    return data


def may_be_record(entry: FileEntry) -> bool:
    """Whether a file is no image by its name."""
    return not entry.name.lower().endswith(IMAGE_NAMES)


def may_be_records(entries: Iterable[FileEntry]) -> list[FileEntry]:
    """The entries without those that are images by their name."""
    return [entry for entry in entries if may_be_record(entry)]
