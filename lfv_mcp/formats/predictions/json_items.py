"""JSON of any layout into items: lines, one array, whole documents one after another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.encodings import text_of
from lfv_mcp.formats.json_text import BadJsonError, JsonText
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.predictions.tables import Line, text_in_code_page
from lfv_mcp.formats.texts import LINE_LIMIT

_STARTS: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:["}]|\Z)|\[\s*(?:[\[{"\]]|\Z))')
_FIRST_LINES: Final = 20
"""Lines of which one tells that each is a document of its own."""
_find_start: Final = re.compile(r"[^\s,]").search
# NaN and Infinity become texts, which are no numbers.
_DECODER: Final = json.JSONDecoder(parse_constant=str)
NOT_JSON: Final = "not JSON"
NO_OBJECT: Final = "JSON, but not an object"


class Item(NamedTuple):
    """One decoded value, and where it stands: `line 17`, `item 3`. A text says why there is none.

    Args:
        place: where it stands.
        value: an object, or why there is none.
    """

    place: str
    value: JsonObject | str


def starts_as_json(head: bytes) -> bool:
    """Whether a text that starts so is meant as JSON; `[Link](...)` and `{{name}}` are not."""
    return _STARTS.match(head) is not None


def starts_as_json_lines(head: bytes) -> bool:
    """Whether a JSON text that starts so has a document in each line."""
    lines = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", _FIRST_LINES)
    if len(lines[0]) > LINE_LIMIT or not lines[0].startswith(b"{") or len(lines[0].strip()) == 1:
        return False
    # The lines of a document are indented.
    return any(line.startswith(b"{") and _decoded(_text(line)) is not None for line in lines)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return text_in_code_page(data)


def _decoded(text: str) -> Any:
    """The value that a text is; None if it is none."""
    try:
        return _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return None


def items_of_lines(lines: Iterable[Line]) -> Iterator[Item]:
    """The item of each line that is not empty."""
    for number, text in lines:
        if text is None:
            yield Item(f"line {number:,}", f"a line of more than {LINE_LIMIT >> 20} MiB")
        elif text.strip():
            value = _decoded(text)
            if not is_object(value):
                value = NOT_JSON if value is None and text.strip() != "null" else NO_OBJECT
            yield Item(f"line {number:,}", value)


def text_of_documents(data: bytes) -> tuple[str, bool]:
    """The text of a whole file, and whether it was in a code page."""
    text = text_of(data)
    return (text_in_code_page(data), True) if text.pairs else (text.content, False)


def items_of_documents(content: str, *, keep_repeats: bool = False) -> Iterator[Item]:
    """The items of documents that take many lines each, and of arrays of them.

    Args:
        content: the text of a whole file.
        keep_repeats: a member that was given twice, with different values, is as `repeats` has it.

    Raises:
        UnrecognisedError: it is damaged: where the next item begins is not known, and so nobody
            knows how many are missing.
    """
    reader = JsonText(content)
    position, number = 0, 0
    try:
        while found := _find_start(content, position):
            start = found.start()
            if content[start] == "[":
                items = reader.items(start)
                while True:
                    try:
                        value, begin, position = next(items)
                    except StopIteration as stop:
                        position = int(stop.value)
                        break
                    number += 1
                    if keep_repeats:
                        value = reader.checked(value, begin, position)
                    yield _item(f"item {number:,}", value)
            else:
                value, position = reader.value(start)
                if keep_repeats:
                    value = reader.checked(value, start, position)
                yield _item(f"line {reader.line(start):,}", value)
    except BadJsonError as error:
        problem = error.problem
        line = f" (line {reader.line(error.position):,})"
        message = str(problem) if line in str(problem) else f"{problem}{line}"
        raise UnrecognisedError(
            message, corrupt=problem.corrupt, convertible=problem.convertible
        ) from error


def _item(place: str, value: object) -> Item:
    return Item(place, value if is_object(value) else NO_OBJECT)


def wrapped_items(item: JsonObject) -> list[Any] | None:
    """The items that an object holds in its only list of objects; None if it is no wrapper."""
    lists = [
        value for value in item.values() if is_array(value) and value and all(map(is_object, value))
    ]
    return lists[0] if len(lists) == 1 else None
