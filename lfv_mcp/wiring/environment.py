"""What is wrong with variables of the environment; who reads the environment hands them in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

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


def misspelt_settings(environment: Mapping[str, str], known: Collection[str]) -> list[str]:
    """A sentence for each variable that looks like a setting of this server and is none."""
    return [
        sentence
        for name in sorted(environment)
        if LIKE_OURS.match(name) and name not in known and (sentence := _misspelt(name, known))
    ]


def _misspelt(name: str, known: Collection[str]) -> str:
    """What is said of a variable that is no setting; empty if it is somebody else's."""
    from difflib import get_close_matches  # only those who misspell wait for it

    ours = [variable for variable in known if variable.startswith("LFV_")]
    close = get_close_matches(name.upper().replace("-", "_"), ours, n=1, cutoff=0.75)
    if close:
        return f"{name} is not a setting: did you mean {close[0]}?"
    return f"{name} is not a setting." if name.upper().startswith("LFV_") else ""
