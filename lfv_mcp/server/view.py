"""The model card to look at: one HTML page, for hosts that show MCP Apps and for files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

PAGE: Final = Path(__file__).with_name("view.html")
_NOTHING: Final = '<script type="application/json" id="data">null</script>'


def page() -> str:
    """The page as it is: without data it waits for a host's."""
    return PAGE.read_text(encoding="utf-8")


def page_with(answers: Sequence[Mapping[str, Any]]) -> str:
    """The page with answers inside: `arguments` and `result` each, what was asked for first."""
    # ASCII alone (so no U+2028), and no character that could end or open an element.
    data = json.dumps(answers, separators=(",", ":"))
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    before, found, after = page().partition(_NOTHING)
    assert found, "view.html has no place for data"
    return before + _NOTHING.replace("null", data) + after


def write(target: Path, answers: Sequence[Mapping[str, Any]]) -> None:
    """Write that page; another file of this name stays whole until the new one is.

    Raises:
        OSError: it cannot be written.
    """
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with unfinished.open("x", encoding="utf-8") as out:
            out.write(page_with(answers))
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
