"""The commands of `lfv-mcp dataset`."""

from __future__ import annotations

import click

from lfv_mcp.cli.dataset_check import check
from lfv_mcp.cli.dataset_convert import convert


@click.group()
def dataset() -> None:
    """Check what a successor would be trained on, and write it as the successor reads it."""


dataset.add_command(check)
dataset.add_command(convert)
