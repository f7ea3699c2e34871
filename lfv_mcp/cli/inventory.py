"""The command `lfv-mcp inventory`: what is held of each project, and what it still allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from lfv_mcp.cli.image_places import images_option, listed_images
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.cli.questions import json_option
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.results.inventory import Inventory


@click.command()
@click.argument("project", default="")
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
    for line in _lines(taken):
        click.echo(line)


def _take(project: str, prefixes: tuple[str, ...], settings: Settings) -> Inventory:
    """Take the inventory of the archive that the settings name, for as long as it takes.

    Raises:
        LfvError: there is no such project, or the archive cannot be read.
    """
    from lfv_mcp.catalog.index_findings import index_findings, with_findings
    from lfv_mcp.model_query import check_project_name, parse_model_query
    from lfv_mcp.wiring.opening import open_catalog

    name = parse_model_query(check_project_name(project)).project_name if project else ""
    catalog = open_catalog(settings)
    archive = catalog.archive
    index = None if archive is None else archive.index()
    look_up = partial(listed_images, prefixes, settings) if prefixes else None
    with ProgressLine(project or "inventory", None) as progress:
        taken = catalog.inventories.take(name, index, look_up, progress.advance)
    unread = None if index is None else index.unread
    return with_findings(taken, index_findings(unread, None))


def _lines(taken: Inventory) -> Iterator[str]:
    from lfv_mcp.analysis.datasets.inventory_text import inventory_digest
    from lfv_mcp.findings import as_line

    if len(taken.projects) != 1:
        yield taken.summary
    yield from inventory_digest(taken.projects)
    yield from map(as_line, taken.findings)
