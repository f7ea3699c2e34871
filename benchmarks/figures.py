"""What was measured, as rows: ours, its floor, their ratio, and a target if there is one."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, Literal


@dataclass(frozen=True)
class Row:
    """One measured thing. `ratio` is ours to the floor's, the median of the pairs."""

    name: str
    unit: str
    ours: float
    floor: float
    ratio: float
    low: float  # quartiles of the pairs' ratios
    high: float
    pairs: int
    target: float | None = None  # None: for information
    of: Literal["ratio", "ours"] = "ratio"
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the target is met."""
        if self.target is None:
            return None
        value = getattr(self, self.of)
        return bool(value >= self.target if self.at_least else value <= self.target)


def row(name: str, unit: str, pairs: list[tuple[float, float]], **target: Any) -> Row:
    """A row of pairs (ours, floor)."""
    ratios = [ours / floor for ours, floor in pairs]
    low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    ours, floor = (median(side) for side in zip(*pairs, strict=True))
    return Row(name, unit, ours, floor, median(ratios), low, high, len(pairs), **target)


def counted(name: str, unit: str, ours: float, floor: float, most: float | None) -> Row:
    """A row of a count, which has no spread; its target is of the count itself."""
    ratio = ours / floor if floor else 0.0
    return Row(name, unit, ours, floor, ratio, ratio, ratio, 1, most, "ours")


def machine() -> dict[str, Any]:
    """Where this was measured."""
    cpuinfo = Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.+)", cpuinfo.read_text()) if cpuinfo.exists() else []
    named = ("lfv-mcp", "mcp", "boto3", "botocore", "pydantic", "anyio")
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in named},
    }


HEAD: Final = f"{'':58}{'ours':>10}{'floor':>10}  {'':8}{'ratio':>7}{'quartiles':>15}{'target':>9}"


def line(r: Row) -> str:
    """A row for people."""
    target = ""
    if r.target is not None:
        sign = ">=" if r.at_least else "<="
        target = f"{sign}{r.target:g}  {'holds' if r.holds else 'MISSED'}"
    spread = f"{r.low:.3f}..{r.high:.3f}" if r.pairs > 1 else ""
    values = f"{r.ours:>10,.2f}{r.floor:>10,.2f}  {r.unit:8}{r.ratio:>7.3f}"
    return f"{r.name:58}{values}{spread:>15}  {target}".rstrip()
