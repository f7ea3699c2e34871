"""The commands of `lfv-mcp dataset`."""

from __future__ import annotations

import click

from lfv_mcp.cli.dataset_convert import convert


@click.group()
def dataset() -> None:
    """Check and convert datasets: labelled images to train on, and to test with."""


dataset.add_command(convert)
