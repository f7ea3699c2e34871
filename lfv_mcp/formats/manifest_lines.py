"""The lines of the manifest in a file, whatever it was packed, encoded or reformatted as.

A manifest has a JSON line for each image, and may have a gigabyte of them. An editor or jq makes
one array or many lines of each of them; it is read all the same, up to the size of other files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lfv_mcp.formats.containers import parts_of
from lfv_mcp.formats.decoding import CHUNK, SERVICE, UnrecognisedError
from lfv_mcp.formats.encodings import said_of, text_of, text_of_line, utf8_chunks
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.texts import (
    HEAD,
    LINE_LIMIT,
    documents_in_data,
    foreign_kind,
    gathered,
    is_foreign,
    peek_lines,
)

_FIRST_LINES: Final = 20
"""Lines of which one tells a manifest."""
TOO_LONG: Final = "longer than 1 MiB"
"""Why a line is of no use that is never parsed."""
NOT_JSON: Final = "not a JSON object"
"""Why a line is of no use that is broken, or is something else."""
_decode: Final = json.JSONDecoder().raw_decode


def starts_as_manifest(head: bytes) -> bool:
    """Whether a text that starts so is a manifest of one line to an image.

    One of its first lines is an object with a source-ref, and none is another object.
    """
    head = head[: LINE_LIMIT + 1]
    if b'"source-ref"' not in head:
        return False
    for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n", _FIRST_LINES)[:_FIRST_LINES]:
        item = line_object(line)
        if item is not None:
            return "source-ref" in item
    return False


def line_object(line: bytes) -> JsonObject | None:
    """The JSON object in a line; None if there is none."""
    if not line.lstrip().startswith(b"{"):
        return None
    for content in readings(line):
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            continue
        return value if is_object(value) else None
    return None


def readings(line: bytes) -> Iterator[str]:
    """The text of a line: the likeliest reading, and another one if it may be a code page."""
    text = text_of_line(line)
    yield text.content
    if text.pairs:
        yield text.in_pairs()


def object_of_line(line: bytes) -> JsonObject | str | None:
    """The JSON object in a line of a manifest, or why it has none; None for an empty line."""
    if len(line) > LINE_LIMIT:
        return TOO_LONG
    try:
        item = _parse(line)
    except (ValueError, RecursionError):
        return NOT_JSON if line.strip() else None
    return item if is_object(item) else NOT_JSON


def _parse(line: bytes) -> Any:
    """json.loads, without its preparations for what an ordinary line does not have."""
    try:
        value, end = _decode(text := line.decode())
        if text[end:] in ("", "\n", "\r\n"):
            return value
    except UnicodeDecodeError:  # a code page
        for text in readings(line):
            try:
                return json.loads(text)
            except ValueError:
                continue
    except ValueError:
        pass
    return json.loads(line)  # a byte-order mark, blanks around it, or an error of its own


def manifest_document(head: bytes, chunks: Iterable[bytes]) -> Iterator[Any]:
    """The line of a manifest that says whose it is, and the problem if its end is cut off.

    Args:
        head: its first lines.
        chunks: all of it, or its first and its last lines.
    """
    first = head[: head.rfind(b"\n", 0, HEAD) + 1] or head[: head.find(b"\n") + 1] or head
    yield _telling(first)
    end = b""
    for chunk in chunks:
        end = (end + chunk)[-LINE_LIMIT - 1 :]
    last = end.rstrip().rpartition(b"\n")[2]
    if last and len(last) <= LINE_LIMIT and line_object(last) is None:
        yield UnrecognisedError("a manifest that is cut off in its last line", corrupt=True)
    if not first.isascii() and text_of(first).replaced:
        yield said_of()


def _telling(lines: bytes) -> JsonObject:
    """The line of a manifest that tells most about whose it is."""
    best: JsonObject = {}
    best_tells = False
    for line in filter(None, map(line_object, lines.split(b"\n"))):
        metadata = [v for n, v in line.items() if n.endswith("-detected-metadata")]
        if any(is_object(each) and SERVICE in str(each.get("model-arn")) for each in metadata):
            return line
        if not best or (metadata and not best_tells):
            best, best_tells = line, bool(metadata)
    return best


def manifest_lines(
    chunks: Iterable[bytes], arn: str = ""
) -> Iterator[bytes | JsonObject | UnrecognisedError]:
    """The lines of the manifest in a file.

    A line is bytes where the file has it as a line, and decoded where it has not; an
    UnrecognisedError stands for what could not be read.

    Args:
        chunks: the file's bytes, cut anywhere.
        arn: the model whose manifest is meant, for an archive may hold several; empty for any.

    Raises:
        UnrecognisedError: the file is damaged, too large, or holds no manifest.
    """
    problem = UnrecognisedError("it holds no manifest of this model")
    for part in parts_of(chunks):
        if isinstance(part, UnrecognisedError):
            problem = part
            continue
        head, content = peek_lines(part.chunks)
        is_lines = starts_as_manifest(head)
        if part.name and not _is_of(head, arn, is_lines=is_lines):
            continue
        if is_foreign(head):
            raise foreign_kind(head)
        if is_lines:
            yield from lines_of(utf8_chunks(content))
        else:
            yield from _items(documents_in_data(gathered(content), everything=True))
        return
    raise problem


def manifest_as_lines(chunks: Iterable[bytes], arn: str = "") -> Iterator[bytes]:
    """The manifest in a file as the service writes one: what is a line already stays as it is.

    Args:
        chunks: as `manifest_lines` has them.
        arn: likewise.

    Raises:
        UnrecognisedError: as `manifest_lines` does, or a part of it cannot be read.
    """
    pending = b""
    for number, line in enumerate(manifest_lines(chunks, arn)):
        if isinstance(line, UnrecognisedError):
            raise line
        if isinstance(line, bytes):
            pending += b"\n" + line if number else line
        else:
            pending += json.dumps(line, ensure_ascii=False).encode() + b"\n"
        if len(pending) > CHUNK:
            yield pending
            pending = b""
    yield pending


def _is_of(head: bytes, arn: str, *, is_lines: bool) -> bool:
    """Whether a member that starts so is a manifest of the model."""
    if b"source-ref" not in head or is_foreign(head):
        return False
    told = json.dumps(_telling(head)).encode() if is_lines else head.replace(b"\\/", b"/")
    return not arn or re.search(re.escape(arn.encode()) + rb"(?![0-9])", told) is not None


def _items(documents: Iterable[Any]) -> Iterator[JsonObject | UnrecognisedError]:
    for document in documents:
        if isinstance(document, UnrecognisedError):
            if not document.read:
                yield document
        else:
            items: list[Any] = document if is_array(document) else [document]
            yield from filter(is_object, items)


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream read in chunks, in bounded memory: an endless line is cut."""
    pending = b""
    for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole
        pending = pending[: LINE_LIMIT + 1]  # still too long to be parsed
    yield pending
