"""What is wrong with variables of the environment; who reads the environment hands them in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from lfv_mcp.placeholders import is_unset, not_filled_in, placeholder_in

ENDPOINT_VARIABLES: Final = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_LOOKOUTVISION",
    "AWS_ENDPOINT_URL_S3",
)
"""Variables that boto3 reads by itself and that have no flag."""
LIKE_OURS: Final = re.compile(r"(?i)(?:l[fv]{1,3}|lfv_?mcp)[_-]?[a-z]")
"""Names that may be misspelt ones of this server: LFV_, lfv_, LVF_, LFVSOURCE."""


def default_source(environment: Mapping[str, str]) -> str:
    """`live` if there is an endpoint to ask, or else the bundled sample."""
    is_live = not is_unset(environment.get("AWS_ENDPOINT_URL_LOOKOUTVISION", ""))
    return "live" if is_live else "sample"


def endpoint_problem(environment: Mapping[str, str]) -> str:
    """What is wrong with a variable that names an endpoint, as a sentence; empty if nothing is."""
    for name in ENDPOINT_VARIABLES:
        value = environment.get(name, "")
        if not is_unset(value) and (placeholder := placeholder_in(value)):
            return f"{name} cannot be used: {not_filled_in(placeholder)}."
    return ""


class Misspelt(NamedTuple):
    """A variable that looks like a setting of this server and is none.

    Args:
        name: its name.
        meant: the setting that may have been meant; empty if none is like it.
    """

    name: str
    meant: str

    def __str__(self) -> str:
        """What is said of it."""
        question = f": did you mean {self.meant}?" if self.meant else "."
        return f"{self.name} is not a setting{question}"


def misspelt_settings(environment: Mapping[str, str], known: Collection[str]) -> list[Misspelt]:
    """The variables that look like settings of this server and are none, by name."""
    return [
        Misspelt(name, meant)
        for name in sorted(environment)
        if LIKE_OURS.match(name)
        and name not in known
        and ((meant := _meant(name, known)) or name.upper().startswith("LFV_"))
    ]


def _meant(name: str, known: Collection[str]) -> str:
    """The setting that a variable's name is like; empty for none."""
    from difflib import get_close_matches  # only those who misspell wait for it

    ours = [variable for variable in known if variable.startswith("LFV_")]
    close = get_close_matches(name.upper().replace("-", "_"), ours, n=1, cutoff=0.75)
    return close[0] if close else ""
