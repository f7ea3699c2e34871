"""A successor of sample-weld-bead 3: one set of verdicts, in the files that other systems write.

The verdicts are drawn once, and each builder writes the same ones, so whatever a format loses shows
as another count. Nothing in here knows how `lfv_mcp` reads them.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from lfv_mcp.archive.sample import SAMPLE
from tests.support.evaluation_files import line

WELD_BEAD: Final = SAMPLE / "evaluation" / "weld-bead" / "output"
_CLASSES: Final = {True: "anomaly", False: "normal"}


class Verdict(NamedTuple):
    """What the successor says of an image."""

    uri: str
    anomalous: bool
    flagged: bool
    confidence: float

    @property
    def key(self) -> str:
        """The image's key in its bucket."""
        return self.uri.removeprefix("s3://").partition("/")[2]

    @property
    def score(self) -> float:
        """Anomaly score."""
        return round(self.confidence if self.flagged else 1 - self.confidence, 12)


def truths(version: int = 3) -> list[tuple[str, bool]]:
    """Image and label of every test image of a version of the sample."""
    text = (WELD_BEAD / f"EvaluationManifest-sample-weld-bead-{version}.json").read_text("utf-8")
    items = [json.loads(each) for each in text.splitlines()]
    return [(item["source-ref"], bool(item["anomaly-label"])) for item in items]


def verdicts(images: Sequence[tuple[str, bool]], *, wrong: float = 0.08) -> list[Verdict]:
    """The successor's verdicts on these images; so many of them wrong."""
    draw = random.Random(5)
    return [
        Verdict(
            uri, anomalous, anomalous is not (draw.random() < wrong), draw.randint(550, 990) / 1000
        )
        for uri, anomalous in images
    ]


def as_manifest(found: Iterable[Verdict], arn: str) -> bytes:
    """The EvaluationManifest that a version with these verdicts would have."""
    lines = []
    for each in found:
        item = line(each.uri, each.anomalous, each.flagged, each.confidence)
        item["anomaly-label-detected-metadata"]["model-arn"] = arn
        lines.append(json.dumps(item) + "\n")
    return "".join(lines).encode()


def as_out(
    found: Iterable[Verdict], name: Callable[[Verdict], str] = lambda each: each.key
) -> dict[str, bytes]:
    """The objects of a batch transform of the Marketplace model, by key."""
    return {
        f"{name(each)}.out": json.dumps(
            {
                "Source": {"Type": "direct"},
                "IsAnomalous": each.flagged,
                "Confidence": each.confidence,
            }
        ).encode()
        for each in found
    }


def as_captures(found: Iterable[Verdict]) -> dict[str, bytes]:
    """Captures of a station of the Defect Detection Application, by path: a line an image."""
    files = {}
    for number, each in enumerate(found):
        label = _CLASSES[each.flagged].capitalize()
        data = {
            "Inference result": label,
            "Confidence": each.confidence,
            "Anomaly_score": each.score,
            "Anomaly_threshold": 0.5,
        }
        capture = {
            "deviceGroundTruthData": [
                {
                    "source-ref": each.uri,
                    "anomaly-label-detected": int(each.flagged),
                    "anomaly-label-detected-metadata": {
                        "class-name": label,
                        "confidence": each.confidence,
                        "type": "groundtruth/image-classification",
                        "human-annotated": "no",
                    },
                }
            ],
            "deviceFleetAuxiliaryOutputs": [
                {"data": base64.b64encode(json.dumps(data).encode()).decode() + "=="}
            ],
        }
        files[f"line-1/{number:04}.jsonl"] = json.dumps(capture).encode() + b"\n"
    return files


def as_csv(
    found: Iterable[Verdict], *, truth: bool = False, image: Callable[[Verdict], str] | None = None
) -> bytes:
    """The table that anomalib's users write."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["image_path", *(["gt_label"] if truth else []), "pred_label", "pred_score"])
    for each in found:
        name = image(each) if image else each.key
        label = [int(each.anomalous)] if truth else []
        rows.writerow([name, *label, each.flagged, each.score])
    return text.getvalue().encode()


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Files below a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def confusion(found: Sequence[Verdict]) -> dict[str, Any]:
    """The four counts of these verdicts."""
    pairs = [(each.anomalous, each.flagged) for each in found]
    return {
        "true_positives": pairs.count((True, True)),
        "false_positives": pairs.count((False, True)),
        "false_negatives": pairs.count((True, False)),
        "true_negatives": pairs.count((False, False)),
    }
