"""What reading a dataset costs against decoding its lines: `python benchmarks/datasets.py`.

A manifest of 16,000 lines with labels and masks, as many as the service allowed, is read in turns
with `json.loads` of the same lines, in one run. Prints the medians of both and their ratio.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lfv_mcp.formats.datasets.reader import read_datasets
from tests.support.datasets import BACKGROUND, labelled, masked

LINES: Final = 16_000
ROUNDS: Final = 7
COLOURS: Final = BACKGROUND | {"1": {"class-name": "cracked", "hex-color": "#23A436"}}


def manifest() -> list[bytes]:
    """The lines, one in three of them normal."""
    return [
        json.dumps(
            labelled(f"s3://my-bucket/parts/images/{n:05}.jpg", ("anomaly", "normal")[n % 3 == 0])
            | masked(f"s3://my-bucket/parts/masks/{n:05}.png", COLOURS)
        ).encode()
        for n in range(LINES)
    ]


def seconds(action: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    gc.collect()
    started = time.process_time()
    action()
    return time.process_time() - started


def main() -> None:
    """Measure both in turns."""
    lines = manifest()
    data = b"\n".join(lines)
    floors: list[float] = []
    ours: list[float] = []
    for _ in range(ROUNDS):
        floors.append(seconds(lambda: [json.loads(line) for line in lines]))
        ours.append(seconds(lambda: read_datasets("train.manifest", [data])))
    floor, read = median(floors), median(ours)
    print(f"{LINES:,} lines, {len(data) / 1e6:.1f} MB; medians of {ROUNDS}")
    print(f"json.loads of each line  {floor:.3f} s")
    print(f"read_datasets            {read:.3f} s, {read / floor:.2f} times as long")


if __name__ == "__main__":
    main()
