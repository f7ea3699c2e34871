"""No answer is longer than hosts take: what is left out is said, with how to get it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from lfv_mcp.findings import finding
from lfv_mcp.text import clean, truncate_lines

_S = TypeVar("_S", bound=Mapping[str, Any])
MAX_RESULT_BYTES: Final = 40_000
"""Bytes of compact JSON that an answer may have, everything in it together."""
RESULT_ROOM: Final = MAX_RESULT_BYTES - 1_800
"""Without what the protocol puts around it, and what says that something is cut."""
_TEXT_ROOM: Final = 2_000  # characters
_NARROWER: Final = (
    "Ask for less at a time (max_results, max_examples, fewer versions); evaluation files are "
    "whole where describe_model's artifacts say."
)


def json_size(value: object) -> int:
    """Bytes of a value as compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def truncate_answer(text: str, structure: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The answer of a tool, of at most ROOM bytes; both halves say what was left out."""
    if json_size(structure) + json_size(text) <= RESULT_ROOM:
        return text, structure
    lines = text.splitlines()
    text = truncate_lines(lines, _TEXT_ROOM) if len(lines) > 1 else clean(text, _TEXT_ROOM)
    shown, note = _shortened(structure, RESULT_ROOM - json_size(text), json_size)
    if note:
        text = "\n".join([*text.splitlines()[:1], f"{note} {_NARROWER}", *text.splitlines()[1:]])
    return text, shown


def json_within(structure: Mapping[str, Any], room: int = RESULT_ROOM) -> str:
    """A structure as a JSON text that has at most so many bytes where an answer quotes it."""
    text = json.dumps(structure, ensure_ascii=False, indent=2)
    if json_size(text) <= room:
        return text
    return json.dumps(shortened(structure, room), ensure_ascii=False)


def shortened(structure: _S, room: int) -> _S:
    """A structure that has at most so many bytes as a JSON text which is quoted in JSON."""

    def quoted(value: object) -> int:
        return json_size(json.dumps(value, ensure_ascii=False))

    return cast(_S, _shortened(structure, room, quoted)[0])


def _shortened(
    structure: Mapping[str, Any], room: int, size_of: Callable[[object], int]
) -> tuple[dict[str, Any], str]:
    """A structure that fits, and what was left out.

    Lists lose their ends, the longest first, for the worst comes first in them. Only then are long
    texts cut, which the API's own limits keep from ever being that long together.
    """
    shown = json.loads(json.dumps(structure))
    lists = dict(_lists(shown))
    whole = {path: len(items) for path, items in lists.items()}
    while lists and size_of(shown) > room:
        longest = max(lists.values(), key=json_size)
        if len(longest) < 2:
            break
        del longest[len(longest) * 3 // 4 :]
    left_out = [
        f"{whole[path] - len(items)} of {whole[path]} {path}"
        for path, items in lists.items()
        if len(items) < whole[path]
    ]
    if size_of(shown) > room:
        shown = _with_short_texts(shown)
        left_out.append("the ends of long texts")
    if not left_out:
        return shown, ""
    note = (
        f"Left out, for an answer has at most {MAX_RESULT_BYTES // 1000} kB: {', '.join(left_out)}."
    )
    shown["summary"] += f" {note} {_NARROWER}"
    shown.setdefault("findings", []).append(finding("answer_shortened", note, _NARROWER))
    return shown, note


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The lists that may lose their ends, by path: not rows, to which other members refer."""
    for name, member in value.items():
        if isinstance(member, list) and name != "models":
            yield f"{path}{name}", member
        elif isinstance(member, dict):
            yield from _lists(member, f"{path}{name}.")


def _with_short_texts(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _with_short_texts(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_short_texts(member) for member in value]
    return clean(value, 200) if isinstance(value, str) and name != "next_token" else value
