"""How recordings are written: JSON with one fact on a line, so that a difference can be read."""

from __future__ import annotations

import json
from typing import Any


def readable(value: Any) -> Any:
    """The same value; a text of several lines becomes `{"lines": [...]}`, for the diff's sake."""
    match value:
        case str() if "\n" in value:
            return {"lines": value.split("\n")}
        case dict():
            return {name: readable(item) for name, item in value.items()}
        case list():
            return [readable(item) for item in value]
        case _:
            return value


def as_json(value: Any) -> str:
    """A recording of JSON, in the order in which it came."""
    return json.dumps(readable(value), ensure_ascii=False, indent=1) + "\n"


def escaped(text: str) -> str:
    """A terminal's text with its control characters made visible."""
    return "".join(
        character if character in "\n\t" or character.isprintable() else f"\\x{ord(character):02x}"
        for character in text
    )


def indented(text: str) -> str:
    """Each line behind `  `; a text without a newline at its end says so."""
    if not text:
        return ""
    *lines, last = escaped(text).split("\n")
    shown = [*lines, f"{last}  (no newline at the end)"] if last else lines
    return "".join(f"  {line}\n" for line in shown)
