"""The settings of a connection: what the program says, else the environment, else the default."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from lfv_mcp.errors import SetupError
from lfv_mcp.placeholders import FILL_IN, is_unexpanded, is_unset, not_filled_in, placeholder_in
from lfv_mcp.wiring.environment import default_source, endpoint_problem, misspelt_settings
from lfv_mcp.wiring.settings import Settings

_SETTINGS: Final = ("LFV_SOURCE", "LFV_TIMEOUT", "LFV_ALLOWED_BUCKETS", "LFV_ALLOWED_BUCKET")
_MAX_SECONDS: Final = 3600.0


class Asked(NamedTuple):
    """What a program said to `connect`; None for what it left to the environment."""

    source: str | os.PathLike[str] | None
    region: str | None
    profile: str | None
    timeout: float | None
    allowed_buckets: Iterable[str] | None


def settings_of(asked: Asked) -> Settings:
    """The settings of a connection.

    Raises:
        SetupError: a setting cannot be used.
    """
    environment = os.environ
    told = {name: _value(environment, name) for name in ("LFV_SOURCE", "AWS_PROFILE")}
    source = told["LFV_SOURCE"] if asked.source is None else os.fspath(asked.source)
    region = asked.region or _value(environment, "AWS_REGION", "AWS_DEFAULT_REGION")
    return Settings(
        source=default_source(environment) if source is None else source,
        region=_filled("region", region),
        profile=_filled("profile", asked.profile or told["AWS_PROFILE"]),
        timeout=_seconds(asked.timeout, _value(environment, "LFV_TIMEOUT")),
        buckets=_buckets(asked.allowed_buckets, environment),
        problem=endpoint_problem(environment),
        doubt=_doubt(environment) if asked.source is None else "",
    )


def _value(environment: Mapping[str, str], *names: str) -> str | None:
    """What the first variable says that says something."""
    values = (environment.get(name, "").strip() for name in names)
    return next((value for value in values if not is_unset(value)), None)


def _filled(name: str, value: str | None) -> str | None:
    """The value; one that was filled in by half is refused."""
    if value is not None and (placeholder := placeholder_in(value)):
        raise SetupError(
            "setting_invalid", f"`{name}` is {value!r}: {not_filled_in(placeholder)}.", FILL_IN
        )
    return value


def _seconds(asked: float | None, told: str | None) -> float:
    """The time limit of a question: a number above 0, at most an hour; 20 if nobody says."""
    given: object = 20.0 if asked is None and told is None else told if asked is None else asked
    name = "LFV_TIMEOUT" if asked is None else "timeout"
    try:
        seconds = math.nan if isinstance(given, bool) else float(str(given))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _MAX_SECONDS:
        raise SetupError(
            "setting_invalid",
            f"{name} is {given!r}: it is a number of seconds above 0, at most {_MAX_SECONDS:g}.",
            "Correct it, for example connect(timeout=60).",
        )
    return seconds


def _buckets(asked: Iterable[str] | None, environment: Mapping[str, str]) -> frozenset[str] | None:
    """The only buckets to read; None for any.

    A list without a name in it allows none, and so does one of which its host filled in nothing.
    """
    if isinstance(asked, str):
        return frozenset({asked})
    if asked is not None:
        return frozenset(asked)
    told = _value(environment, "LFV_ALLOWED_BUCKETS", "LFV_ALLOWED_BUCKET")
    if told is None:
        return None
    items = (_filled("LFV_ALLOWED_BUCKETS", item.strip()) for item in _items(told))
    return frozenset(item for item in items if item)


def _items(told: str) -> list[str]:
    return [item for item in told.split(",") if not is_unexpanded(item)]


def _doubt(environment: Mapping[str, str]) -> str:
    """What was meant to name the source and did not, as sentences; empty if nothing was.

    The other settings of a server (LFV_PORT) mean nothing here, and are nobody's mistake.
    """
    sentences = [
        sentence
        for sentence in misspelt_settings(environment, _SETTINGS)
        if "did you mean LFV_SOURCE" in sentence
    ]
    if environment.get("LFV_SOURCE", "").strip() and _value(environment, "LFV_SOURCE") is None:
        sentences.insert(
            0,
            "LFV_SOURCE is set, but was not filled in: one unexpanded ${...} counts as unset, so "
            f"{default_source(environment)} answers.",
        )
    return " ".join(sentences)
