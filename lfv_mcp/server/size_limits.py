"""Answers shortened to what hosts accept; a shortened answer says what it left out. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from lfv_mcp.findings import finding
from lfv_mcp.results.base import Result
from lfv_mcp.text import clean, truncate_lines

_R = TypeVar("_R", bound=Result)
MAX_RESULT_BYTES: Final = 40_000
"""Bytes of compact JSON that a whole answer may have, text and structure together."""
MAX_CONTENT_BYTES: Final = MAX_RESULT_BYTES - 1_800
"""Bytes for the content of an answer. The rest is for what the protocol puts around the content,
and for the note that says what was left out."""
_MAX_TEXT_CHARACTERS: Final = 2_000
"""Characters of the readable text, once an answer has to be shortened."""
_MAX_SHORT_TEXT: Final = 200
"""Characters of each text in a structure whose lists alone could not make it short enough."""
_ESSENTIAL: Final = (
    "files_unread",
    "index_stale",
    "metrics_best_case",
    "perfect_on_few",
    "threshold_unanswerable",
    "three_policies_only",
)
"""Codes of findings that are never left out, however long the answer is: it would claim more."""
_ESSENTIAL_LINE: Final = re.compile(rf"- \w+ (?:{'|'.join(_ESSENTIAL)}): ")
_HOW_TO_NARROW: Final = (
    "Ask for less at a time (max_results, max_examples, fewer versions); evaluation files are "
    "whole where describe_model's artifacts say."
)


def json_size(value: object) -> int:
    """Bytes of a value as compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def truncate_answer(text: str, structure: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A tool's answer of at most `MAX_CONTENT_BYTES`; text and structure say what was left out."""
    if json_size(structure) + json_size(text) <= MAX_CONTENT_BYTES:
        return text, structure
    lines = text.splitlines()
    # Moved to the front, for what does not fit is left out from the end.
    essential = [line for line in lines[1:] if _ESSENTIAL_LINE.match(line)]
    lines = [*lines[:1], *essential, *(line for line in lines[1:] if line not in essential)]
    text = (
        truncate_lines(lines, _MAX_TEXT_CHARACTERS)
        if len(lines) > 1
        else clean(text, _MAX_TEXT_CHARACTERS)
    )
    shorter, note = _shortened(structure, MAX_CONTENT_BYTES - json_size(text), json_size)
    if note:
        text = "\n".join(
            [*text.splitlines()[:1], f"{note} {_HOW_TO_NARROW}", *text.splitlines()[1:]]
        )
    return text, shorter


def json_within(structure: Mapping[str, Any], max_bytes: int = MAX_CONTENT_BYTES) -> str:
    """A structure as JSON text that takes at most `max_bytes` once it is quoted in an answer."""
    text = json.dumps(structure, ensure_ascii=False, indent=2)
    if json_size(text) <= max_bytes:
        return text
    return json.dumps(_shortened(structure, max_bytes, _quoted_size)[0], ensure_ascii=False)


def shortened(result: _R, max_bytes: int) -> _R:
    """A result whose JSON text takes at most `max_bytes` once it is quoted in an answer."""
    return result.model_validate(_shortened(result.to_json(), max_bytes, _quoted_size)[0])


def _quoted_size(value: object) -> int:
    """Bytes of a value as JSON text that is itself quoted in JSON."""
    return json_size(json.dumps(value, ensure_ascii=False))


def _shortened(
    structure: Mapping[str, Any], max_bytes: int, size_of: Callable[[object], int]
) -> tuple[dict[str, Any], str]:
    """A structure of at most `max_bytes`, and a note of what was left out.

    Lists lose their ends, the longest list first, because the worst examples stand at their
    beginning. Only then are long texts cut; in real accounts the API's own limits keep all texts
    together below this size.
    """
    shorter = json.loads(json.dumps(structure))
    essential = _take_essential(shorter)
    max_bytes -= size_of(essential)
    lists = dict(_lists(shorter))
    lengths = {path: len(items) for path, items in lists.items()}
    while size_of(shorter) > max_bytes:
        longest = _next_to_shorten(lists)
        if longest is None:
            break
        del longest[len(longest) * 3 // 4 :]
    left_out = _what_is_missing(lists, lengths)
    if size_of(shorter) > max_bytes:
        shorter = _with_short_texts(shorter)
        left_out.append("the ends of long texts")
    if essential:
        shorter["findings"] = [*essential, *shorter["findings"]]
    if not left_out:
        return shorter, ""
    note = (
        f"Left out, for an answer has at most {MAX_RESULT_BYTES // 1000} kB: {', '.join(left_out)}."
    )
    shorter["summary"] += f" {note} {_HOW_TO_NARROW}"
    shorter.setdefault("findings", []).append(
        finding("answer_shortened", note, _HOW_TO_NARROW).to_json()
    )
    return shorter, note


def _take_essential(structure: dict[str, Any]) -> list[dict[str, str]]:
    """Take the findings out that an answer is never without: it would claim more than is known."""
    found: list[dict[str, str]] = structure.get("findings") or []
    essential = [each for each in found if each["code"] in _ESSENTIAL]
    if essential:
        structure["findings"] = [each for each in found if each not in essential]
    return essential


def _what_is_missing(lists: Mapping[str, list[Any]], lengths: Mapping[str, int]) -> list[str]:
    """How many items of each list are left out; the lists inside rows are said as one."""
    whole: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for path, items in lists.items():
        name = "images of models" if path.startswith("models.") else path
        whole[name] += lengths[path]
        missing[name] += lengths[path] - len(items)
    return [f"{count} of {whole[name]} {name}" for name, count in missing.items() if count]


def _next_to_shorten(lists: Mapping[str, list[Any]]) -> list[Any] | None:
    """The longest list that may still lose its end: labels to doubt last; None if none may.

    A list inside a row may lose all, for a count beside it says how many there are.
    """
    kept = {path: 0 if path.startswith("models.") else 1 for path in lists}
    open_ = [path for path, items in lists.items() if len(items) > kept[path]]
    first = [path for path in open_ if path != "labels_to_doubt"] or open_
    return max((lists[path] for path in first), key=json_size, default=None)


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The lists that may lose their ends, by path; of `models`, to which other members refer, the
    lists inside its rows."""
    for name, member in value.items():
        if name == "models" and isinstance(member, list):
            # Rows of a listing stay whole; those of a comparison name images.
            for row in cast(list[dict[str, Any]], member) if "baseline" in value else ():
                yield from _lists(row, f"models.{row.get('model_version', '')}.")
        elif isinstance(member, list):
            yield f"{path}{name}", member
        elif isinstance(member, dict):
            yield from _lists(member, f"{path}{name}.")


def _with_short_texts(value: Any, name: str = "") -> Any:
    """The same JSON value with every text cut, but not a token, which must stay whole to work."""
    if isinstance(value, dict):
        members = cast(dict[str, object], value)
        return {name: _with_short_texts(member, name) for name, member in members.items()}
    if isinstance(value, list):
        items = cast(list[object], value)
        return [_with_short_texts(item) for item in items]
    return (
        clean(value, _MAX_SHORT_TEXT) if isinstance(value, str) and name != "next_token" else value
    )
