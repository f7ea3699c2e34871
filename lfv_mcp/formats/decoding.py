"""Bytes of a saved file into text and JSON values, whatever a shell or an editor did to them.

gzip is unpacked, byte-order marks and UTF-16 are honoured, and several JSON documents in one file
are read one after another. Everything is bounded: a gzip bomb cannot fill the memory.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import IO, Any, Final

FILE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one file, unpacked; an answer has kilobytes. Manifests are read by line instead."""
MANIFEST_LIMIT: Final = 1024 * 1024 * 1024
"""Bytes of a manifest, unpacked: the service's own limit."""

_CHUNK: Final = 1024 * 1024
"""Bytes that are read or unpacked at a time."""
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""The byte-order marks of UTF-16; PowerShell's `>` writes the first."""
_GZIP_MARK: Final = b"\x1f\x8b"
_MAX_BAD_PLACES: Final = 20
"""Places of one file that are no JSON, after which the rest of the file is not read."""


class UnrecognisedError(Exception):
    """Not a record that can be read; the message says what it is instead, and what to do.

    Args:
        message: one line, without the file's name.
        corrupt: the file may once have been a record (broken JSON, cut gzip).
        convertible: the file may hold records in a spelling that is not read, for safety; the
            message has the line that converts it. What is neither corrupt nor convertible is
            foreign: it is something else, and nothing is missing without it.
    """

    def __init__(self, message: str, *, corrupt: bool = False, convertible: bool = False) -> None:
        """Keep the message, and whether the file may hold a record all the same."""
        super().__init__(message)
        self.corrupt = corrupt
        self.convertible = convertible

    @property
    def is_unread(self) -> bool:
        """Whether a record may be missing because of this: every answer it could change says so."""
        return self.corrupt or self.convertible


def looks_like_json(head: bytes) -> bytes | None:
    """The start of a file, gzip unpacked; None if the file cannot be a record (an image, say)."""
    if head[:2] == _GZIP_MARK:
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 16 * len(head))
        except zlib.error:
            return head  # recognise() names what is wrong with it
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return head if not plain or plain[:1] in b"{[" or head[:2] in UTF16_MARKS else None


def decode_text(data: bytes, *, limit: int = FILE_LIMIT) -> str:
    """A file's text: gzip unpacked (up to `limit` bytes), byte-order marks honoured, else UTF-8.

    Raises:
        UnrecognisedError: truncated gzip, too large, or no text.
    """
    if data[:2] == _GZIP_MARK:
        # Never unpacked past the limit: a bomb must not fill the memory.
        try:
            with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
                data = stream.read(limit + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise UnrecognisedError("truncated or corrupt gzip", corrupt=True) from error
    if len(data) > limit:
        raise UnrecognisedError(f"larger than {limit >> 20} MiB", corrupt=True)
    try:
        if data[:2] in UTF16_MARKS:
            return data.decode("utf-16")
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise UnrecognisedError("not UTF-8 or UTF-16 text", corrupt=True) from error


def decode_stream(chunks: Iterable[bytes], *, limit: int | None = None) -> Iterator[bytes]:
    """A stream's text as UTF-8, in bounded memory: gzip and UTF-16 undone, without a mark.

    Args:
        chunks: the stream's bytes, cut anywhere.
        limit: bytes, unpacked, that the stream may have; None for MANIFEST_LIMIT.

    Raises:
        UnrecognisedError: truncated or corrupt, or larger than the limit.
    """
    limit = MANIFEST_LIMIT if limit is None else limit
    size, decoder = 0, None
    plain = (chunk for chunk in _inflated(chunks) if chunk)
    try:
        for number, chunk in enumerate(plain):
            size += len(chunk)
            if size > limit:
                raise UnrecognisedError(f"larger than {limit >> 20} MiB", corrupt=True)
            if number == 0:
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
                if chunk[:2] in UTF16_MARKS:
                    decoder = codecs.getincrementaldecoder("utf-16")()
            yield decoder.decode(chunk).encode() if decoder else chunk
        if decoder:
            decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise UnrecognisedError("not UTF-8 or UTF-16 text", corrupt=True) from error


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflate = None
    for number, chunk in enumerate(chunks):
        if number == 0 and chunk[:2] == _GZIP_MARK:
            inflate = zlib.decompressobj(wbits=31)
        if inflate is None:
            yield chunk
            continue
        try:
            while chunk:
                if inflate.eof:  # another member follows
                    inflate = zlib.decompressobj(wbits=31)
                yield inflate.decompress(chunk, _CHUNK)
                chunk = inflate.unconsumed_tail or inflate.unused_data
        except zlib.error as error:
            raise UnrecognisedError("truncated or corrupt gzip", corrupt=True) from error
    if inflate is not None and not inflate.eof:
        raise UnrecognisedError("truncated or corrupt gzip", corrupt=True)


def read_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """A stream's bytes, a mebibyte at a time.

    Raises:
        UnrecognisedError: it cannot be read any further.
    """
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except OSError as error:
        raise UnrecognisedError(
            f"cannot be read: {error.strerror or error}", corrupt=True
        ) from error


def json_documents(content: str) -> Iterator[Any]:
    """The JSON values of a text, one after another: a single document, JSON Lines, or a mix.

    NaN and Infinity, which JSON does not have, are text: nobody should compute with them.

    Raises:
        UnrecognisedError: not JSON, or nested too deeply.
    """
    for document in documents_and_problems(content):
        if isinstance(document, UnrecognisedError):
            raise document
        yield document


_decode: Final = json.JSONDecoder().raw_decode
_find_start: Final = re.compile(r"\S").search


def documents_and_problems(content: str) -> Iterator[Any]:
    """The JSON values of a text as `json_documents` has them, with each problem in its place.

    A problem is an UnrecognisedError that is yielded, so that what follows it is still read.
    """
    constants: set[str] = set()

    def constant_as_text(name: str) -> str:
        constants.add(name)
        return name

    decode = _decode
    if "NaN" in content or "Infinity" in content:
        decode = json.JSONDecoder(parse_constant=constant_as_text).raw_decode
    end, bad_places = 0, 0
    if content.isspace() or not content:
        yield UnrecognisedError("empty file", corrupt=True)
    while found := _find_start(content, end):
        start = found.start()
        try:
            value, end = decode(content, start)
        except (ValueError, RecursionError) as error:
            bad_places += 1
            yield _json_problem(error, content, start)
            # In JSON Lines another document follows; the lines of a single one are indented.
            end = content.find("\n{", start) + 1
            if not end or bad_places == _MAX_BAD_PLACES:
                break
        else:
            yield value
    if constants:
        listed = " and ".join(sorted(constants))
        yield UnrecognisedError(f"{listed} is not JSON, so unknown", corrupt=True)


def _json_problem(
    error: ValueError | RecursionError, content: str, start: int
) -> UnrecognisedError:
    """What json's own error about the document at `start` means."""
    if isinstance(error, RecursionError):
        return UnrecognisedError("nested too deeply", corrupt=True)
    # A number of too many digits is a ValueError without a line.
    line = getattr(error, "lineno", None) or content.count("\n", 0, start) + 1
    return UnrecognisedError(f"not JSON (line {line})", corrupt=True)
