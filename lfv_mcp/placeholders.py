"""Values that a host should have filled in: which count as unset, and which are half filled in."""

from __future__ import annotations

import re
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"""
      [$#]\{ [^}]* \}?                                         # ${HOME}, ${X:-/data}, #{X}
    | \{\{ .*? \}\}                                            # {{ x }}
    | \$\( [^)]* \)?                                           # $(pwd), $(Build.Directory)
    | (?: ^ | (?<=[/\\:@,=]) ) \$ [A-Za-z_]\w* (?= $ | [/\\:@,.] )  # $HOME/x, but not a$b
    | % (?! [0-9A-Fa-f]{2}% ) [A-Za-z_][A-Za-z0-9_()]* %       # %USERPROFILE%, but not %C3%BC
    | < [A-Za-z][^<>]* >                                       # <path>
    """,
    re.VERBOSE,
)


def is_unset(value: str) -> bool:
    """Whether a value says nothing: blank, or one unexpanded `${...}` and nothing else.

    Hosts pass such values for options that their user left empty.
    """
    return not value.strip() or is_unexpanded(value)


def is_unexpanded(value: str) -> bool:
    """Whether a value is one `${...}`, blanks around it aside; braces inside it are balanced."""
    value = value.strip()
    if not value.startswith("${"):
        return False
    depth = 0
    for position, character in enumerate(value):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "}" and not depth:
            return position == len(value) - 1
    return False


def placeholder_in(value: str) -> str | None:
    """The first part of a value that some program should have replaced; None if there is none.

    `"${HOME}/archive"` → `"${HOME}"`
    """
    found = _PLACEHOLDER.search(value)
    return found[0] if found else None


def not_filled_in(placeholder: str) -> str:
    """Why a value with this placeholder cannot be used, as a clause."""
    return f"{placeholder} in it was not replaced by what it stands for"


FILL_IN: Final = (
    "Write out what it stands for: the program that starts lfv-mcp does not replace it there."
)
"""What to do about a placeholder."""
