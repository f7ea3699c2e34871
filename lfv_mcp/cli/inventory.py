"""The command `lfv-mcp inventory`: what is held of each project, and what it still allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from lfv_mcp.cli.completion import project_argument
from lfv_mcp.cli.image_places import images_option, listed_images
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.cli.questions import ask_catalog, json_option
from lfv_mcp.cli.terminal import say
from lfv_mcp.cli.words import on_command_line
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.catalog.catalog import Catalog
    from lfv_mcp.results.inventory import Inventory


@click.command()
@project_argument(default="")
@images_option
@json_option
@settings_options
def inventory(*, project: str, images: tuple[str, ...], as_json: bool, settings: Settings) -> None:
    """Say what is held of PROJECT, or of every project, and what can still be done with it.

    Saved answers, evaluation files, dataset manifests, prediction sets and edge packages of the
    archive; with --images whether the images that manifests name are still there. Manifests are
    read, no image is.
    """
    taken = _take(project, images, settings)
    if as_json:
        click.echo(json.dumps(taken.to_json(), ensure_ascii=False, indent=2))
        return
    say("\n".join(_lines(taken)))


def _take(project: str, prefixes: tuple[str, ...], settings: Settings) -> Inventory:
    """Take the inventory of the archive that the settings name, for as long as it takes.

    Raises:
        LfvError: there is no such project, or the archive cannot be read.
    """
    from lfv_mcp.catalog.inventory import Survey
    from lfv_mcp.model_query import ModelQuery, check_project_name, parse_model_query

    look_up = partial(listed_images, prefixes, settings) if prefixes else None
    taken: list[Inventory] = []
    with ProgressLine(project or "inventory", None) as progress:

        async def work(catalog: Catalog) -> None:
            async with catalog.suggestions.naming():
                name = check_project_name(project) if project else ""
                query = parse_model_query(name) if name else ModelQuery("")
            taken.append(await catalog.inventory(query, Survey(look_up, progress.advance)))

        ask_catalog(settings, work)
    return taken[0]


def _lines(taken: Inventory) -> Iterator[str]:
    from lfv_mcp.analysis.datasets.inventory_text import inventory_digest
    from lfv_mcp.findings import as_line

    if len(taken.projects) != 1:
        yield taken.summary
    yield from inventory_digest(taken.projects)
    yield from (on_command_line(as_line(found)) for found in taken.findings)
