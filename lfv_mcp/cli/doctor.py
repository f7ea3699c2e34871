"""The command `lfv-mcp doctor`: runs the checks and prints one line for each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import click

from lfv_mcp.cli.environment import BOTO3_VARIABLES, variables_of
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.process import ended_at_once_by_ctrl_c
from lfv_mcp.cli.questions import indexing_in_words, json_option
from lfv_mcp.cli.terminal import say
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.cli.checks import Check


@click.command()
@json_option
@settings_options
@click.pass_obj
def doctor(environment: Mapping[str, str], *, settings: Settings, as_json: bool) -> None:
    """Show what is configured, what answers, and what to fix."""
    import anyio

    from lfv_mcp.cli.checks import check_installation, check_source, source_problem
    from lfv_mcp.cli.progress import with_progress
    from lfv_mcp.errors import SetupError
    from lfv_mcp.wiring.opening import find_credentials, open_catalog

    results: list[Check] = []

    def add(check: Check) -> None:
        results.append(check)
        if not as_json:
            _show(check)

    known = {*variables_of(click.get_current_context().find_root().command), *BOTO3_VARIABLES}
    for check in check_installation(environment, known):
        add(check)
    try:
        catalog = open_catalog(settings, waits_for_index=True)
    except SetupError as error:
        add(source_problem(error))
    else:
        credentials = None if catalog.kind == "sample" else partial(find_credentials, settings)

        async def check_catalog() -> None:
            async for check in check_source(catalog, credentials, settings.doubt):
                add(check)

        with ended_at_once_by_ctrl_c():
            anyio.run(with_progress, check_catalog, partial(indexing_in_words, catalog))
    if as_json:
        _show_as_json(results)
    if not all(check.good for check in results):
        raise click.exceptions.Exit(1)


def _show(check: Check) -> None:
    """Print a check, with what to do if it failed."""
    say(f"{'ok ' if check.good else 'FIX'}  {check.name}: {check.found}")
    if not check.good:
        say(f"     {check.fix}")


def _show_as_json(results: list[Check]) -> None:
    checks = [
        {"name": check.name, "good": check.good, "found": check.found}
        | ({} if check.good else {"fix": check.fix})
        for check in results
    ]
    click.echo(json.dumps({"checks": checks}, ensure_ascii=False, indent=2))
