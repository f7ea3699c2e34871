"""Text for the log of a GitHub Actions job, which takes some lines of it as commands.

The runner reads stdout and stderr of every step. A line that begins with `::name`, after blanks, is
a command, and so is `##[name]` wherever it stands; both can hide what follows, or set variables. So
no text of an archive may be printed there as it is. Annotations are escaped as the runner unescapes
them: a message by three characters, a property, such as the title, by five.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final, Literal

from lfv_mcp.text import strip_invisible

_IN_MESSAGES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES: Final = str.maketrans(
    {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}
)


def is_github_job() -> bool:
    """Whether this process is a step of a GitHub Actions job."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotation(level: Literal["error", "warning"], title: str, message: str) -> str:
    """The line that makes the runner show a message beside the job."""
    shown = without_commands(message).translate(_IN_MESSAGES)
    return f"::{level} title={without_commands(title).translate(_IN_PROPERTIES)}::{shown}"


def without_commands(text: str) -> str:
    """One line of text in which the runner finds no command."""
    line = strip_invisible(text)
    # Until nothing changes: of four colons a pair is left after the first time.
    while "::" in line or "##[" in line:
        line = line.replace("::", ": :").replace("##[", "# #[")
    return line


def json_without_commands(structure: Mapping[str, Any]) -> str:
    """The same JSON value, in which the runner finds no command: `#` of `##[` as its code."""
    text = json.dumps(structure, ensure_ascii=False, indent=2)
    return text.replace("##[", "#\\u0023[")
