"""The arguments PROJECT and VERSION: when they are refused, and what a shell offers for them.

A shell offers names that the source at hand knows. Nothing is asked of a network for it: with a
live endpoint, or an archive in S3, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from lfv_mcp.catalog.suggestions import Suggestions

_Given = TypeVar("_Given")
_SECONDS: Final = 2.0
"""Who presses Tab waits no longer."""


def project_argument(**given: Any) -> Callable[[Any], Any]:
    """The argument PROJECT, which is refused if it is given and empty."""
    given.setdefault("callback", _refuse_empty)
    return click.argument("project", shell_complete=_projects, **given)


def version_argument(name: str = "version", **given: Any) -> Callable[[Any], Any]:
    """The argument VERSION, or another of that kind, which is refused if given and empty."""
    given.setdefault("callback", _refuse_empty)
    return click.argument(name, shell_complete=_versions, **given)


def _refuse_empty(context: click.Context, argument: click.Parameter, value: _Given) -> _Given:
    """The value of an argument, or of several.

    A tool takes an empty one for every project or the latest version. A shell leaves one of a
    variable that was not set, and the command would be about another model than was meant.

    Raises:
        CallerError: one was given, and is empty.
    """
    from lfv_mcp.errors import CallerError
    from lfv_mcp.server.spellings import is_not_given

    if context.get_parameter_source(str(argument.name)) is not ParameterSource.COMMANDLINE:
        return value
    is_list = isinstance(value, tuple)
    values = cast("Sequence[str]", value) if is_list else (str(value),)
    is_project = argument.name == "project"  # which may be called none
    if any(not each.strip() if is_project else is_not_given(each) for each in values):
        shown, kind = ("PROJECT", "name") if is_project else ("VERSION", "version")
        or_none = "" if argument.required else ", or leave it out"
        raise CallerError(
            "invalid_argument",
            f"{shown} is empty.",
            f"Give {shown} a {kind}{or_none}; where it is a variable, it was not set.",
        )
    return value


def _projects(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    return _beginning_with(incomplete, _offered(ctx, lambda known: known.projects()))


def _versions(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    project = ctx.params.get("project") or ""
    versions = _offered(ctx, lambda known: known.versions(project)) if project else []
    already = ctx.params.get("versions") or ()
    offered = [each for each in ("latest", "hosted", *versions) if each not in already]
    return _beginning_with(incomplete, offered)


def _beginning_with(incomplete: str, values: list[str]) -> list[str]:
    return [value for value in values if value.startswith(incomplete)]


def _offered(ctx: click.Context, ask: Callable[[Suggestions], Awaitable[list[str]]]) -> list[str]:
    """What the catalogue of the source suggests; nothing if that takes long, or fails."""
    import anyio

    from lfv_mcp.errors import LfvError
    from lfv_mcp.wiring.opening import open_catalog
    from lfv_mcp.wiring.settings import Settings
    from lfv_mcp.wiring.source import parse_source

    try:
        source = parse_source(ctx.params.get("source") or "sample")
        if source == "live" or source.startswith("s3://"):
            return []
        catalog = open_catalog(Settings(source=source, timeout=_SECONDS))
        return anyio.run(ask, catalog.suggestions)
    except (LfvError, OSError):
        return []
