"""What reading and checking a dataset cost against decoding its lines.

`python benchmarks/datasets.py`: a manifest of 16,000 lines with labels and masks, as many as the
service allowed, is read in turns with `json.loads` of the same lines, in one run. Then it is
checked against a test set of 16,000 lines: the same images below another prefix, and other images
with equal names. Prints medians and ratios.
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

from lfv_mcp.analysis.datasets.dataset_check import CheckedDatasets, check_datasets
from lfv_mcp.analysis.datasets.dataset_question import DatasetQuestion
from lfv_mcp.analysis.image_identity import image_path
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
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


def others(image: str) -> list[DatasetLine]:
    """As many test images as there are lines, of names made by a pattern."""
    return [DatasetLine(image.format(n), bool(n % 3), number=n + 1) for n in range(LINES)]


def check(training: Dataset, lines: list[DatasetLine]) -> CheckedDatasets:
    """The whole check of a training set and a test set; paths are taken apart anew."""
    image_path.cache_clear()
    test = Dataset("test.manifest", "ground_truth", "test", tuple(lines))
    return check_datasets(DatasetQuestion([training], [test]))


def measure_checks(data: bytes, floor: float) -> None:
    """Check the set against two test sets, and print what that takes."""
    (training,) = read_datasets("train.manifest", [data])
    for name, image in (
        ("all shared by key", "s3://export/test/images/parts/images/{:05}.jpg"),
        ("equal names alone", "s3://other/line/{:05}.jpg"),
        ("names of no use", "s3://other/line/{0}/0001.jpg"),
    ):
        lines = others(image)
        shared = check(training, lines).overlaps[0].shared
        took = median(seconds(lambda lines=lines: check(training, lines)) for _ in range(ROUNDS))
        print(
            f"check, {name:18} {took:.3f} s, {took / floor:.2f} times json.loads "
            f"({len(shared.same):,} shared, {len(shared.hints):,} hints)"
        )


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
    measure_checks(data, floor)


if __name__ == "__main__":
    main()
