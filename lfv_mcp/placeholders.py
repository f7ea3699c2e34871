"""Values that a host or a shell should have filled in: which count as unset, which are half filled.

Also paths of another system: both are taken for a relative path if nobody looks.
"""

from __future__ import annotations

import os
import re
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"""
      [$#@]\{ [^}]* \}?                                        # ${HOME}, ${X:-/data}, #{X}, @{X}
    | \{\{ .*? \}\}                                            # {{ x }}
    | \$\( [^)]* \)?                                           # $(pwd), $(Build.Directory)
    | ` [^`]+ `                                                # `pwd`
    | (?: ^ | (?<=[/\\:@,=]) ) \$ [A-Za-z_]\w* (?= $ | [/\\:@,.] )  # $HOME/x, but not a$b
    | % (?! [0-9A-Fa-f]{2}% ) [A-Za-z_][A-Za-z0-9_()]* %       # %USERPROFILE%, but not %C3%BC
    | <%? \s* [A-Za-z][^<>]* >                                 # <path>, <% dir %>
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


def is_windows_path(value: str) -> bool:
    """Whether a value is an absolute path of Windows, and this system has no such paths.

    `"C:\\\\lfv"`, `"c:/lfv"` and `"\\\\\\\\server\\\\share"`, unless a file is named so.
    """
    return (
        os.sep == "/"
        and re.match(r"[A-Za-z]:[\\/]|\\\\", value) is not None
        and not os.path.lexists(value)
    )


def not_filled_in(placeholder: str) -> str:
    """Why a value with this placeholder cannot be used, as a clause."""
    return f"{placeholder} in it was not replaced by what it stands for"


FILL_IN: Final = (
    "Write out what it stands for: the program that starts lfv-mcp does not replace it there."
)
"""What to do about a placeholder."""
WINDOWS_PATH: Final = "a path of Windows, and this computer has none"
"""What is wrong with an absolute path of Windows elsewhere, as a clause."""
THIS_COMPUTERS_PATH: Final = (
    "Write the path as the computer that runs lfv-mcp has it: WSL shows C:\\lfv as /mnt/c/lfv, and "
    "a container only what is mounted into it."
)
"""What to do about such a path."""
