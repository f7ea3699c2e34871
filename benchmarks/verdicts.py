"""How often verdicts err and intervals miss: `python benchmarks/verdicts.py`, 10,000 runs a place.

Over the grid of benchmarks/grid.py, with the product's own functions. Chances of verdicts are
exact, and held against drawn ones; what cannot be enumerated is drawn, from a fixed seed. Exits 1
where a bound is missed or exact and drawn disagree. `--quick` tries the two smallest test sets
only; `--write` puts what it printed, with the date, into docs/statistics.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from math import sqrt
from pathlib import Path
from platform import python_version
from typing import Final

from chosen_cut import HEADER, Flattery, flattery
from error_rates import Rate, error_rates
from grid import SEED, SETS, cells
from interval_coverage import Coverage, coverages

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "statistics.md"
MARKERS: Final = ("<!-- simulation -->", "<!-- /simulation -->")
QUICK_SETS: Final = SETS[:2]
QUICK_RUNS: Final = 300
LARGEST_GAP: Final = 5.0
"""Standard errors by which a drawn share may differ from the exact chance, of some thousands."""
LEAST_MEAN: Final = 0.94
"""Of the coverage of a 95 % interval, over all places."""
QUICK_LEAST_MEAN: Final = 0.92
"""The same where few were drawn."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(
        "| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)
    )


def largest_gap(rates: Sequence[Rate], runs: int) -> tuple[float, int]:
    """How far drawn shares lie from the exact chances, in standard errors, and of how many.

    Only of those that are expected five times or more: below, a share is no normal figure.
    """
    gaps = [
        abs(each.share - each.chance) / sqrt(each.chance * (1 - each.chance) / runs)
        for rate in rates
        for each in rate.found
        if min(each.chance, 1 - each.chance) * runs >= 5
    ]
    return max(gaps, default=0.0), len(gaps)


def report(
    rates: Sequence[Rate], covered: Sequence[Coverage], chosen: Sequence[Flattery], runs: int
) -> str:
    """What was found, as three tables."""
    gap, compared = largest_gap(rates, runs)
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("lfv-mcp", "numpy", "scipy")
    )
    places = sum(len(rate.found) for rate in rates) + sum(len(each.found) for each in covered)
    return "\n".join(
        [
            f"{datetime.now(UTC):%d %B %Y}; {versions}, Python {python_version()}; seed {SEED}, "
            f"{runs:,} runs a place, {places:,} places.",
            "",
            table(
                ("what", "exact chance, worst place", "drawn there", "where", "bound"),
                [rate.row() for rate in rates],
            ),
            "",
            f"Of {compared:,} drawn shares none lies further than {gap:.1f} standard errors from "
            "the exact chance.",
            "",
            table(
                ("95 % interval of", "how", "mean coverage", "least", "where"),
                [each.row() for each in covered],
            ),
            "",
            "A cut with the best F1 on the images it is measured on:",
            "",
            table(HEADER, [each.row() for each in chosen]),
        ]
    )


def missed(
    rates: Sequence[Rate], covered: Sequence[Coverage], runs: int, least_mean: float
) -> list[str]:
    """What lies beyond its bound."""
    found = [rate.what for rate in rates if not rate.holds()]
    found += [f"coverage of {each.figure}" for each in covered if each.mean < least_mean]
    if largest_gap(rates, runs)[0] > LARGEST_GAP:
        found.append("drawn shares do not agree with exact chances")
    return found


def write(text: str) -> None:
    """Put what was found between the markers of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(MARKERS[0])
    after = rest.split(MARKERS[1])[1]
    page = f"{before}{MARKERS[0]}\n{text}\n{MARKERS[1]}{after}"
    PAGE.write_text(page, encoding="utf-8")


def main() -> int:
    """Compute, print, and tell by the exit code whether every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000, help="draws of each place")
    parser.add_argument("--quick", action="store_true", help="the two smallest sets, 300 draws")
    parser.add_argument("--write", action="store_true", help="into docs/statistics.md, with date")
    given = parser.parse_args()
    if given.quick and given.write:
        parser.error("the page shows the whole grid: --write without --quick")
    runs, sets = (QUICK_RUNS, QUICK_SETS) if given.quick else (given.runs, SETS)
    tried = [cell for cell in cells() if (cell.defects, cell.good) in sets]
    rates, covered = error_rates(runs, tried), coverages(runs, sets)
    text = report(rates, covered, flattery(runs), runs)
    sys.stdout.write(text + "\n\n")
    beyond = missed(rates, covered, runs, QUICK_LEAST_MEAN if given.quick else LEAST_MEAN)
    sys.stdout.write(f"missed: {'; '.join(beyond) or 'none'} ({time.process_time():.0f} s CPU)\n")
    if given.write:
        write(text)
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
