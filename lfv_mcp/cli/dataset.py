"""The commands of `lfv-mcp dataset`."""

from __future__ import annotations

import click

from lfv_mcp.cli.dataset_check import check


@click.group()
def dataset() -> None:
    """Check what a successor would be trained on, and whether its test is fair."""


dataset.add_command(check)
