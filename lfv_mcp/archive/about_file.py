"""`AboutFile`: what the start of a file tells that does not say whose it is."""

from __future__ import annotations

from typing import NamedTuple

from lfv_mcp.formats.datasets.dataset import Split


class AboutFile(NamedTuple):
    """What the start of a file tells that does not say whose it is.

    Args:
        form: how a dataset was written, as `DatasetForm` has it; what holds an edge package.
        first_image: the first image of a dataset; empty for an edge package.
        split: what a dataset is for, by its name or its folder; empty where neither says it.
        size: bytes of an edge package; None for a dataset.
    """

    form: str
    first_image: str = ""
    split: Split = ""
    size: int | None = None
