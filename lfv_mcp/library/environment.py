"""The settings of a connection: what the program says, else the environment, else the default."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.library.values import path_of, refused, words
from lfv_mcp.placeholders import FILL_IN, is_unexpanded, is_unset, not_filled_in, placeholder_in
from lfv_mcp.wiring.environment import default_source, endpoint_problem, misspelt_settings
from lfv_mcp.wiring.settings import Settings

_SETTINGS: Final = ("LFV_SOURCE", "LFV_TIMEOUT", "LFV_ALLOWED_BUCKETS", "LFV_ALLOWED_BUCKET")
_ALIKE: Final = ("LFV_ALLOWED_HOSTS", "LFV_ALLOWED_HOST")
"""Settings of a server whose names are like those."""
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
        CallerError: `invalid_argument`, the program said what cannot be one.
        SetupError: a setting cannot be used.
    """
    environment = os.environ
    told = {name: _value(environment, name) for name in ("LFV_SOURCE", "AWS_PROFILE")}
    source = told["LFV_SOURCE"] if asked.source is None else _source(asked.source)
    region = _text("region", asked.region) or _value(
        environment, "AWS_REGION", "AWS_DEFAULT_REGION"
    )
    return Settings(
        source=default_source(environment) if source is None else source,
        region=_filled("region", region),
        profile=_filled("profile", _text("profile", asked.profile) or told["AWS_PROFILE"]),
        timeout=_seconds(asked.timeout, _value(environment, "LFV_TIMEOUT")),
        buckets=_buckets(asked.allowed_buckets, environment),
        problem=endpoint_problem(environment),
        doubt=_doubt(environment) if asked.source is None else "",
    )


def _value(environment: Mapping[str, str], *names: str) -> str | None:
    """What the first variable says that says something."""
    values = (environment.get(name, "").strip() for name in names)
    return next((value for value in values if not is_unset(value)), None)


def _source(asked: object) -> str:
    path = path_of(asked)
    if path is None:
        raise _refused(
            "source",
            asked,
            "it is sample, live, a directory or file, or s3://bucket/prefix, as text or as a path",
            '"~/lfv-archive"',
        )
    return path


def _text(name: str, asked: object) -> str | None:
    if asked is None or isinstance(asked, str):
        return asked
    raise _refused(name, asked, "it is text", _EXAMPLES[name])


def _refused(name: str, asked: object, rule: str, example: str) -> LfvError:
    """The error of an argument of `connect`."""
    error = refused(name, asked, rule)
    error.next_step = f"Correct it, for example connect({name}={example})."
    return error


_EXAMPLES: Final = {"region": '"eu-west-1"', "profile": '"plant"'}


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
    try:
        seconds = math.nan if isinstance(given, bool) else float(str(given))
    except ValueError:
        seconds = math.nan
    if 0 < seconds <= _MAX_SECONDS:
        return seconds
    rule = f"it is a number of seconds above 0, at most {_MAX_SECONDS:g}"
    if asked is not None:
        raise _refused("timeout", asked, rule, "60")
    raise SetupError(
        "setting_invalid",
        f"LFV_TIMEOUT is {told!r}: {rule}.",
        "Correct it, for example connect(timeout=60).",
    )


def _buckets(asked: Iterable[str] | None, environment: Mapping[str, str]) -> frozenset[str] | None:
    """The only buckets to read; None for any.

    A list without a name in it allows none, and so does one of which its host filled in nothing.
    """
    if asked is not None:
        names = words(asked)
        if names is None:
            rule = "it is the names of buckets, as texts in a list"
            raise _refused("allowed_buckets", asked, rule, '["my-bucket"]')
        return frozenset(names)
    told = _value(environment, "LFV_ALLOWED_BUCKETS", "LFV_ALLOWED_BUCKET")
    if told is None:
        return None
    items = (_filled("LFV_ALLOWED_BUCKETS", item.strip()) for item in _items(told))
    return frozenset(item for item in items if item)


def _items(told: str) -> list[str]:
    return [item for item in told.split(",") if not is_unexpanded(item)]


def _doubt(environment: Mapping[str, str]) -> str:
    """What was meant for a connection and has no effect on it, as sentences; empty for nothing.

    The other settings of a server (LFV_PORT) mean nothing here, and are nobody's mistake.
    """
    sentences = [
        str(found)
        for found in misspelt_settings(environment, (*_SETTINGS, *_ALIKE))
        if found.meant in _SETTINGS
    ]
    if environment.get("LFV_SOURCE", "").strip() and _value(environment, "LFV_SOURCE") is None:
        sentences.insert(
            0,
            "LFV_SOURCE is set, but was not filled in: one unexpanded ${...} counts as unset, so "
            f"{default_source(environment)} answers.",
        )
    return " ".join(sentences)
