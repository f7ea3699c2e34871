"""Tables of which the quick suite runs some rows, and the slow one the others."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import pytest


def slow_but(quick: Container[object], rows: Iterable[object]) -> list[Any]:
    """The rows of a table with one parameter; those that are not in `quick` are slow."""
    return [pytest.param(row, marks=() if row in quick else pytest.mark.slow) for row in rows]
