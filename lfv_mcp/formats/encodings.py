"""Bytes of a text into characters: UTF-8, UTF-16 and UTF-32 with or without a mark, code pages.

The AWS CLI on Windows writes redirected output in the machine's code page. Everything that matters
in a record is ASCII, so such a file is read with its other characters replaced; which code page it
was is not guessed, for a wrong guess would show a text that nobody wrote.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from lfv_mcp.formats import decoding
from lfv_mcp.formats.decoding import UnrecognisedError, too_large

_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),  # before UTF-16, whose mark it begins with
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ZEROS: Final = (
    # Which bytes of the first four characters are zero, all of them being ASCII.
    (re.compile(rb"(?s:[^\0]\0\0\0){4}"), "utf-32-le"),
    (re.compile(rb"(?s:\0\0\0[^\0]){4}"), "utf-32-be"),
    (re.compile(rb"(?s:[^\0]\0){4}"), "utf-16-le"),
    (re.compile(rb"(?s:\0[^\0]){4}"), "utf-16-be"),
    (re.compile(rb"[\[{]\0([\]}\r\n]\0)*\Z"), "utf-16-le"),
    (re.compile(rb"\0[\[{](\0[\]}\r\n])*\Z"), "utf-16-be"),
)
REPLACED: Final = "\ufffd"
"""What stands for a character that cannot be told."""
_ASCII: Final = bytes(range(128))
_PAIR: Final = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x80-\xff]")
"""A character of an East Asian code page; its second byte may look like a backslash."""


class Text(NamedTuple):
    """The characters of a file.

    Args:
        content: the text.
        replaced: how many of its characters stand for one that could not be told.
        pairs: another reading of the same bytes, as a code page of two bytes to a character; empty
            if the text is no code page's. It is right where the first one is no JSON.
    """

    content: str
    replaced: int = 0
    pairs: bytes = b""

    def in_pairs(self) -> str:
        """The other reading."""
        return _PAIR.sub(REPLACED.encode(), self.pairs).decode()


def wide_encoding(head: bytes) -> str:
    """The encoding of a text in UTF-16 or UTF-32 that starts so; empty for any other."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" not in head[:16]:
        return ""
    return next((name for zeros, name in _ZEROS if zeros.match(head)), "")


def text_of(data: bytes) -> Text:
    """The text in a file's bytes.

    Raises:
        UnrecognisedError: UTF-16 or UTF-32 that is cut off or damaged.
    """
    if encoding := wide_encoding(data[:64]):
        try:
            return Text(data.decode(encoding).removeprefix("\ufeff"))
        except UnicodeDecodeError as error:
            raise _damaged(encoding) from error
    return text_of_line(data)


def text_of_line(data: bytes) -> Text:
    """The text in a line of a file: what looks like UTF-16 in one is damage."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Text(data.decode())
    except UnicodeDecodeError:
        return _replaced(data)


def _replaced(data: bytes) -> Text:
    """The text of bytes that are not UTF-8, with what cannot be told replaced."""
    damaged = data.decode("utf-8", "replace")
    bad = damaged.count(REPLACED)
    good = len(damaged) - bad - (len(data) - len(data.translate(None, _ASCII)))
    if good > bad:  # UTF-8 in which some bytes were spoiled
        return Text(damaged, bad)
    # By chance two letters of a code page make one of UTF-8: none of them is what was written.
    content = data.decode("ascii", "replace")
    return Text(content, content.count(REPLACED), data)


def said_of(replaced: int | None = None) -> UnrecognisedError:
    """What is said of a text with replaced characters: it was read, and what would mend it.

    Args:
        replaced: how many there are; None if they were not counted.
    """
    some = "characters were" if replaced is None else f"{replaced:,} characters were"
    if replaced == 1:
        some = "1 character was"
    return UnrecognisedError(f"not UTF-8: {some} replaced; save it as UTF-8", read=True)


def _damaged(encoding: str) -> UnrecognisedError:
    name = encoding[:6].upper()
    return UnrecognisedError(f"{name} text that is cut off or damaged", corrupt=True)


def utf8_chunks(chunks: Iterable[bytes], *, limit: int | None = None) -> Iterator[bytes]:
    """A stream's text as UTF-8, in bounded memory: UTF-16 and UTF-32 undone, without a mark.

    Bytes of a code page stay as they are.

    Args:
        chunks: the stream's bytes, cut anywhere.
        limit: bytes that the stream may have; None for MANIFEST_LIMIT.

    Raises:
        UnrecognisedError: damaged, or larger than the limit.
    """
    limit = decoding.MANIFEST_LIMIT if limit is None else limit
    size, encoding, decoder = 0, "", None
    for chunk in _with_a_whole_start(chunks):
        if not size:
            encoding = wide_encoding(chunk[:64])
            decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        try:
            yield decoder.decode(chunk).encode().removeprefix(codecs.BOM_UTF8) if decoder else chunk
        except UnicodeError as error:
            raise _damaged(encoding) from error
    if decoder:
        try:
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            raise _damaged(encoding) from error


def _with_a_whole_start(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks, the first of them long enough to tell the encoding by."""
    start: bytes | None = b""
    for chunk in chunks:
        if start is None:
            yield chunk
        elif len(start := start + chunk) >= 64:
            yield start
            start = None
    if start:
        yield start
