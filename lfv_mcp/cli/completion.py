"""What a shell offers while PROJECT and VERSION are typed: names that the source at hand knows.

Nothing is asked of a network for it: with a live endpoint, or an archive in S3, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from lfv_mcp.catalog.suggestions import Suggestions

_SECONDS: Final = 2.0
"""Who presses Tab waits no longer."""


def project_argument(**given: Any) -> Callable[[Any], Any]:
    """The argument PROJECT."""
    return click.argument("project", shell_complete=_projects, **given)


def version_argument(name: str = "version", **given: Any) -> Callable[[Any], Any]:
    """The argument VERSION, or another of that kind."""
    return click.argument(name, shell_complete=_versions, **given)


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
