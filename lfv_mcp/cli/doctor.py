"""The command `lfv-mcp doctor`: runs the checks and prints one line for each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import click

from lfv_mcp.cli.options import BOTO3_VARIABLES, Settings, settings_options, variables_of

if TYPE_CHECKING:
    from lfv_mcp.cli.checks import Check


@click.command()
@settings_options
@click.pass_obj
def doctor(environment: Mapping[str, str], *, settings: Settings) -> None:
    """Show what is configured, what answers, and what to fix."""
    import anyio

    from lfv_mcp.cli.checks import check_installation, check_source, source_problem
    from lfv_mcp.cli.wiring import find_credentials, open_catalog

    known = {*variables_of(click.get_current_context().find_root().command), *BOTO3_VARIABLES}
    results = [_show(check) for check in check_installation(environment, known)]
    try:
        catalog = open_catalog(settings)
    except click.UsageError as error:
        _show(source_problem(error.message))
        raise click.exceptions.Exit(1) from error
    credentials = None if catalog.kind == "sample" else partial(find_credentials, settings)

    async def check_catalog() -> None:
        results.extend([_show(check) async for check in check_source(catalog, credentials)])

    anyio.run(check_catalog)
    if not all(results):
        raise click.exceptions.Exit(1)


def _show(check: Check) -> bool:
    """Print a check, with what to do if it failed; returns whether it is good."""
    click.echo(f"{'ok ' if check.good else 'FIX'}  {check.name}: {check.found}")
    if not check.good:
        click.echo(f"     {check.fix}")
    return check.good
