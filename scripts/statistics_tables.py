"""The tables of docs/statistics.md, by the product: `python scripts/statistics_tables.py`.

`scripts/make_docs.py` puts them between the markers of the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lfv_mcp.metrics import (
    Interval,
    Requirement,
    decision_z,
    default_margin,
    error_requirement,
    smallest_margin_shown,
    tango_interval,
)
from lfv_mcp.metrics.margins import nam_sample_size

CANDIDATES: Final = (1, 2, 3, 5)
OUTCOMES: Final = ((3, 3, 200), (4, 6, 300), (3, 2, 55))
"""Images that only the candidate, and that only the baseline judges right, of so many."""
BASELINES: Final = (
    *((0, 200), (1, 200), (2, 200), (3, 200), (2, 400), (0, 1000), (5, 1000), (20, 1000)),
    *((4, 55), (9, 45), (10, 100)),
)
"""Errors of so many images of a class."""
SHARES: Final = (0.01, 0.02, 0.05, 0.10, 0.20)
"""Of images that one model alone judges right."""
SIZES: Final = ((0.02, 1), (0.05, 1), (0.10, 1), (0.05, 2), (0.05, 3))
"""Margins, and for how many candidates."""
RATES: Final = (0.10, 0.05, 0.02, 0.01)
ERRORS: Final = (0, 1, 2, 5)


def smallest_margins() -> str:
    """The smallest margin shown, by counts and by the number of candidates."""
    rows = [
        [str(won), str(lost), str(n), *(f"{_smallest(won, lost, n, k):.4f}" for k in CANDIDATES)]
        for won, lost, n in OUTCOMES
    ]
    # The first number of images at which equal verdicts show a margin of .05.
    enough = [
        str(next(n for n in range(1, 1000) if _smallest(0, 0, n, k) < 0.05)) for k in CANDIDATES
    ]
    rows.append(["0", "0", "images until .05 is shown", *enough])
    head = ["only the candidate right", "only the baseline right", "images"]
    return _table([*head, *(f"{k} candidate{'s' * (k > 1)}" for k in CANDIDATES)], rows)


def _smallest(won: int, lost: int, images: int, candidates: int) -> float:
    decision = tango_interval(lost, won, images, decision_z(candidates))
    assert isinstance(decision, Interval)
    return smallest_margin_shown(decision)


def default_margins() -> str:
    """The margin where nobody named one, by the baseline's errors."""
    rows = [
        [f"{errors} of {images:,}", f"{errors / images:.2%}", f"{default_margin(errors, images)}"]
        for errors, images in BASELINES
    ]
    return _table(["baseline's errors", "that is", "default margin"], rows)


def sample_sizes() -> str:
    """The images it takes, by the margin and by how often the two models differ."""
    rows = [
        [
            f"{margin:.2f}",
            str(candidates),
            *(
                f"{ceil(nam_sample_size(share, 0.0, margin, decision_z(candidates))):,}"
                for share in SHARES
            ),
        ]
        for margin, candidates in SIZES
    ]
    return _table(["margin", "candidates", *(f"they differ on {s:.0%}" for s in SHARES)], rows)


def requirement_sizes() -> str:
    """The images of a class with which so many errors show that a rate is below a bar."""
    rows = [
        [f"below {rate:.0%}", *(f"{_enough(errors, rate):,}" for errors in ERRORS)]
        for rate in RATES
    ]
    return _table(["error rate", *(f"{n} error{'s' * (n != 1)}" for n in ERRORS)], rows)


def _enough(errors: int, rate: float) -> int:
    images = max(1, errors)
    found = error_requirement(errors, images, rate)
    assert isinstance(found, Requirement)
    return images + (found.images_needed or 0)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "smallest-margins": smallest_margins,
    "default-margins": default_margins,
    "sample-sizes": sample_sizes,
    "requirement-sizes": requirement_sizes,
}
"""By the name of their markers."""


if __name__ == "__main__":
    sys.stdout.write("\n\n".join(f"{name}\n\n{made()}" for name, made in TABLES.items()) + "\n")
