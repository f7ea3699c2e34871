"""The page that shows answers (`view.html`): for hosts with MCP Apps, and written to files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lfv_mcp.whole_file import write_whole

PAGE: Final = Path(__file__).with_name("view.html")
_NO_DATA: Final = '<script type="application/json" id="data">null</script>'


def page() -> str:
    """The page without data: it waits until a host sends a tool's result.

    Comments and indentation are for readers of `view.html`; every host would load them.
    """
    lines = (line.strip() for line in PAGE.read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def page_with(answers: Sequence[Mapping[str, Any]]) -> str:
    """The page with answers inside, each a mapping with `arguments` and `result`.

    The page opens with the first answer.
    """
    # ASCII alone (so no U+2028), and no character that could end or open an element.
    data = json.dumps(answers, separators=(",", ":"))
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    before, found, after = page().partition(_NO_DATA)
    if not found:
        raise RuntimeError("view.html has no place for data")
    return before + _NO_DATA.replace("null", data) + after


def write(target: Path, answers: Sequence[Mapping[str, Any]]) -> None:
    """Write the page with answers inside; an existing file stays until the new one is complete.

    Raises:
        OSError: the file cannot be written.
    """
    write_whole(target, page_with(answers).encode())
