"""The bytes of a text into documents: what they are, their encoding, and pieces of bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lfv_mcp.formats.compression import peek
from lfv_mcp.formats.containers import is_container
from lfv_mcp.formats.decoding import FILE_LIMIT, SERVICE, UnrecognisedError, too_large
from lfv_mcp.formats.encodings import Text, said_of, text_of, utf8_chunks, wide_encoding
from lfv_mcp.formats.notations import documents_in_text
from lfv_mcp.formats.work import Work

HEAD: Final = 64 * 1024
"""Bytes of a file that tell what it is."""
LINE_LIMIT: Final = 1 << 20
"""Bytes of a line of a manifest; a longer one is never parsed."""
_SEGMENT: Final = 4 * 1024 * 1024
"""Bytes that are decoded at a time: a character may take four bytes once it is."""
_TEXT_LIMIT: Final = 128 * 1024 * 1024
"""Bytes that the characters of a text may take."""
_PICKLE: Final = re.compile(
    rb"\x80[\x02-\x05]|[}\])]q\x00|\([dl](?:p[0-9]+)?\n|c(?:copy_reg|__builtin__)\n"
)
_KINDS: Final = (
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
)
_FOREIGN: Final = "not JSON"


def peek_lines(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first lines of a stream in UTF-8, and all of it again."""
    head, chunks = peek(chunks, HEAD)
    if wide_encoding(head[:64]):
        head, chunks = peek(utf8_chunks(chunks), HEAD)
    while b"\n" not in head[:LINE_LIMIT] and len(head) < LINE_LIMIT:
        longer, chunks = peek(chunks, len(head) + 1)
        if len(longer) == len(head):
            break
        head = longer
    return head, chunks


def gathered(chunks: Iterable[bytes]) -> bytes:
    """The bytes of a whole stream.

    Raises:
        UnrecognisedError: they are too many.
    """
    found: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > FILE_LIMIT:
            raise too_large(FILE_LIMIT)
        found.append(chunk)
    return found[0] if len(found) == 1 else b"".join(found)


# The first look at a file


def is_foreign(head: bytes) -> bool:
    """Whether a file that starts so cannot hold a record that is read or named."""
    if is_container(head) or wide_encoding(head[:64]) or _PICKLE.match(head):
        return False
    if any(head.startswith(mark) for mark, _ in _KINDS):
        return True
    # Text has no zeros; what once was JSON may have some, where a disk lost a part of it.
    return b"\0" in head and head.lstrip()[:1] not in (b"{", b"[")


def is_table(head: bytes) -> bool:
    """Whether a text that starts so is a table of comma- or tab-separated values."""
    lines = head.split(b"\n", 5)[:-1]
    if len(lines) < 2 or b"{" in head:
        return False
    return any(
        lines[0].count(mark) and len({line.count(mark) for line in lines}) == 1
        for mark in (b",", b";", b"\t")
    )


def foreign_kind(head: bytes) -> UnrecognisedError:
    """What a foreign file is."""
    if len(head) < HEAD and not head.strip(b"\0"):
        return UnrecognisedError(
            "nothing but zeros, as after a full disk or a copy that was broken off", corrupt=True
        )
    kinds = (kind for mark, kind in _KINDS if head.startswith(mark))
    return UnrecognisedError(next(kinds, _FOREIGN))


# Documents


def documents_in_data(
    data: bytes, work: Work | None = None, *, everything: bool = False
) -> Iterator[Any]:
    """The documents in the bytes of a text or a pickle.

    Args:
        data: the bytes.
        work: what the file in which they are may still take, which grows by them; None if they are
            a file.
        everything: as `documents_in_text` has it.

    Raises:
        TooMuchWorkError: it takes more.
    """
    work = work or Work()
    work.allow(len(data))
    if _PICKLE.match(data):
        yield UnrecognisedError(
            "a pickle, which is never loaded, for that may run code; where it is trusted: python "
            '-c "import json, pickle, sys; print(json.dumps(pickle.load(sys.stdin.buffer), '
            'default=str))" < FILE > FILE.json',
            convertible=SERVICE.encode() in data,
        )
        return
    first_line, replaced, has_documents = 1, 0, False
    named: set[str] = set()
    for segment in _segments(data):
        text = text_of(segment)
        content = text.content
        if text.pairs:
            work.allow(2 * len(segment))  # which is read up to three times
            content = _best_reading(text, work, first_line)
        replaced += text.replaced
        for document in documents_in_text(
            content, work, first_line=first_line, everything=everything
        ):
            if isinstance(document, UnrecognisedError) and segment is not data:
                if (message := str(document)) in named:
                    continue
                named.add(message)
            has_documents = has_documents or not isinstance(document, UnrecognisedError)
            yield document
        if segment is not data:
            first_line += segment.count(b"\n")
    if replaced and SERVICE.encode() in data and has_documents:
        yield said_of(replaced)


def _segments(data: bytes) -> Iterator[bytes]:
    """The data in pieces that begin where a document does; one piece if it is small.

    Raises:
        UnrecognisedError: a piece would take too much memory as text.
    """
    if len(data) <= _SEGMENT or wide_encoding(data[:64]):
        yield data
        return
    start = 0
    while start < len(data):
        # The lines of a document are indented, so this begins another one.
        end = data.find(b"\n{", start + _SEGMENT) + 1 or len(data)
        segment = data[start:end] if end - start < len(data) else data
        if len(segment) * _width(segment) > _TEXT_LIMIT:
            raise too_large(_TEXT_LIMIT // 4)
        yield segment
        start = end


def _width(data: bytes) -> int:
    """Bytes that each character of a text takes at most, which its widest one decides."""
    if data.isascii():
        return 1
    four, two = bytes(range(0xF0, 0x100)), bytes(range(0xC4, 0xF0))
    if len(data.translate(None, four)) < len(data):
        return 4
    return 2 if len(data.translate(None, two)) < len(data) else 1


def _best_reading(text: Text, work: Work, first_line: int) -> str:
    """The reading of a code page's bytes in which nothing is broken, if there is one."""

    def is_broken(content: str) -> bool:
        found = documents_in_text(content, work, first_line=first_line)
        return any(isinstance(each, UnrecognisedError) and each.is_unread for each in found)

    if is_broken(text.content) and not is_broken(pairs := text.in_pairs()):
        return pairs
    return text.content
