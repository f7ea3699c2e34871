"""Which parts of a large text name the service: only these can be records, the rest is passed over.

A log, a table or an export may have millions of values and one record. What cannot hold it is
stepped over by a pattern, hundreds at a time, for to decode each one takes minutes.
"""

from __future__ import annotations

import re
from typing import Final

from lfv_mcp.formats.decoding import SERVICE

_MAX_UNNAMED: Final = 1_000
"""Documents of a large text that are read to see what they are, though no record is among them."""
_NEAR: Final = 200
"""Characters before the next one that names the service which are not worth a step."""
_LEVELS: Final = 3
"""Levels of arrays and objects of a value that is stepped over; each doubles the pattern."""
_TEXT: Final = r'"[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+"'
_NUMBER: Final = r"-?+[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"


def _json(levels: int) -> str:
    """A pattern of a JSON value, strictly: what is damaged is not stepped over."""
    leaf = rf"{_TEXT}|{_NUMBER}(?![\w.])|true\b|false\b|null\b"
    if not levels:
        return rf"(?:{leaf})"
    item = _json(levels - 1)
    members = rf'(?:{_TEXT}\s*+:\s*+{item}\s*+(?:,\s*+(?=")|(?=\}})))*+'
    items = rf"(?:{item}\s*+(?:,\s*+(?!\])|(?=\])))*+"
    return rf"(?:{leaf}|\{{\s*+{members}\}}|\[\s*+{items}\])"


def _printed(levels: int) -> str:
    """A pattern of what a log may have in brackets: JSON, a printed value, `[INFO]`."""
    in_single_quotes = _TEXT.replace('"', "'")
    leaf = rf"[\w\s.+:,=-]++|{_TEXT}|{in_single_quotes}"
    inside = leaf
    for _ in range(levels - 1):
        inside = rf"{leaf}|\{{(?:{inside})*+\}}|\[(?:{inside})*+\]"
    return rf"(?:\{{(?:{inside})*+\}}|\[(?:{inside})*+\])"


_documents: Final = re.compile(rf"(?:{_json(_LEVELS)}\s++)*+").match
_items: Final = re.compile(rf"(?:{_json(_LEVELS)}\s*+,\s*+)*+").match
_prose: Final = re.compile(rf"(?:{_printed(_LEVELS)}[^\[{{]*+)*+").match


class Mentions:
    """Where a text names the service, and how many documents were passed over that do not.

    Args:
        content: the text.
        prose: it is not made of documents, such as a log. `{}` in its sentences is nothing that
            anybody has to be told of.
    """

    def __init__(self, content: str, *, prose: bool = False) -> None:
        self._content = content
        self._prose = prose
        self._next = content.find(SERVICE)
        self._others = 0

    @property
    def has_passed_over(self) -> bool:
        """Whether there were documents that nobody was told of."""
        return not self._prose and self._others > _MAX_UNNAMED

    def _after(self, position: int) -> int:
        """Where the service is named next; -1 if it is not."""
        if -1 < self._next < position:
            self._next = self._content.find(SERVICE, position)
        return self._next

    def is_wanted(self, start: int, end: int) -> bool:
        """Whether a document may be a record, or is one of the first of the others."""
        if start <= self._after(start) < end:
            return True
        self._others += 1
        return not self._prose and self._others <= _MAX_UNNAMED

    def is_done(self, position: int) -> bool:
        """Whether no record can follow a place."""
        return self._after(position) < 0

    def beyond(self, start: int, *, in_array: bool = False) -> int:
        """Where the first document or item starts at which the next record may be.

        Args:
            start: where a document or an item starts.
            in_array: whether it is an item.
        """
        if not self._prose and not self.has_passed_over:
            return start
        next_one = self._after(start)
        if next_one < start + _NEAR:
            return start
        step = _prose if self._prose else _items if in_array else _documents
        found = step(self._content, start, next_one)
        return found.end() if found else start
