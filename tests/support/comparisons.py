"""Versions of one model in comparisons: evaluation manifests by how many images changed.

A baseline errs on the first images of each class; another version loses some that the baseline
judges right and wins some that it judges wrong. These counts give the manifests of the worked
answers in docs/statistics.md, line for line in what they say of each image.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

Judged = tuple[str, bool, bool, float]  # image, anomalous, flagged, confidence
ARN: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/{}/{}"


class Baseline(NamedTuple):
    """Errors and images of each class."""

    missed: int
    defects: int
    alarms: int
    good: int


class Change(NamedTuple):
    """Images of each class that only the baseline judges right, and only the other version."""

    recall_lost: int = 0
    recall_won: int = 0
    alarms_more: int = 0
    alarms_fewer: int = 0


class Case(NamedTuple):
    """A baseline and the versions 2, 3, ... that are compared with it."""

    baseline: Baseline
    changes: tuple[Change, ...]


CASES: Final[Mapping[str, Case]] = {
    "hidden": Case(Baseline(5, 50, 60, 950), (Change(10, 0, 60, 60),)),
    "falsetrade": Case(Baseline(10, 200, 10, 200), (Change(20, 0, 0, 1),)),
    "same": Case(Baseline(15, 100, 10, 100), (Change(),)),
    "tiny": Case(Baseline(0, 10, 0, 10), (Change(3, 0, 1, 0),)),
    "holm": Case(
        Baseline(15, 100, 10, 100),
        (
            Change(0, 7, 0, 3),
            Change(0, 1),
            Change(alarms_more=1),
            Change(0, 1, 2, 0),
            Change(),
            Change(0, 1, 1, 0),
            Change(alarms_more=2),
            Change(0, 1),
            Change(alarms_more=1),
        ),
    ),
}


def baseline_images(counts: Baseline, folder: str = "s3://b-bucket") -> list[Judged]:
    """The images of a baseline, its errors first in each class."""
    return changed_images(counts, Change(), folder)


def changed_images(counts: Baseline, change: Change, folder: str = "s3://b-bucket") -> list[Judged]:
    """The same images as another version judges them."""
    images: list[Judged] = []
    for kind, anomalous, errors, total, lost, won in (
        ("a", True, counts.missed, counts.defects, change.recall_lost, change.recall_won),
        ("n", False, counts.alarms, counts.good, change.alarms_more, change.alarms_fewer),
    ):
        assert won <= errors
        assert lost <= total - errors
        for i in range(total):
            is_right = (won > i) if i < errors else i >= errors + lost
            images.append((f"{folder}/{kind}/{i}.png", anomalous, is_right is anomalous, 0.9))
    return images


def manifest_text(project: str, version: int | str, images: Sequence[Judged]) -> bytes:
    """An evaluation manifest of one version, in the layout of the service."""
    names = {True: "anomaly", False: "normal"}
    kind = "groundtruth/image-classification"
    documents = [
        {
            "source-ref": ref,
            "anomaly-label": int(anomalous),
            "anomaly-label-metadata": {"class-name": names[anomalous], "type": kind},
            "anomaly-label-detected": int(flagged),
            "anomaly-label-detected-metadata": {
                "class-name": names[flagged],
                "confidence": confidence,
                "type": kind,
                "model-arn": ARN.format(project, version),
            },
        }
        for ref, anomalous, flagged, confidence in images
    ]
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


def write_version(folder: Path, project: str, version: int | str, images: Sequence[Judged]) -> None:
    """Add the manifest of one version to an archive."""
    name = f"EvaluationManifest-{project}-{version}.json"
    (folder / name).write_bytes(manifest_text(project, version, images))


def write_case(folder: Path, name: str) -> None:
    """Add all versions of a case to an archive."""
    case = CASES[name]
    write_version(folder, name, 1, baseline_images(case.baseline))
    for version, change in enumerate(case.changes, 2):
        write_version(folder, name, version, changed_images(case.baseline, change))
