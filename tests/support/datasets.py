"""Datasets as systems wrote them: manifests, tables, and the encodings they come in.

Invented throughout; the shapes are those of the facts. Nothing in here knows `lfv_mcp`.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

BUCKET: Final = "s3://lookoutvision-us-east-1-0123456789"
LABEL_TYPE: Final = "groundtruth/image-classification"
MASK_TYPE: Final = "groundtruth/semantic-segmentation"
CREATED: Final = "2022-08-22T20:52:51.851Z"
MODEL: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/caps/2"
BACKGROUND: Final = {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0}}
CRACKED: Final = {"0": {"class-name": "cracked", "hex-color": "#23A436"}}
"""The colour map of AWS's getting-started images: without a background, and without confidence."""


def labelled(
    image: str,
    word: str | None,
    *,
    label: str = "anomaly-label",
    value: object = None,
    job: str | None = None,
    human: str | None = "yes",
    **changes: Any,
) -> dict[str, Any]:
    """A line that a person labelled; `changes` add members, or take them away (None).

    Args:
        image: its `source-ref`.
        word: `class-name`; None for metadata without one.
        label: the name of the label attribute.
        value: the label's integer or text; None for what the guide says: 1 is an anomaly.
        job: `job-name`; None for that of a labelling job.
        human: `human-annotated`; None for none.
    """
    metadata = {
        "class-name": word,
        "type": LABEL_TYPE,
        "human-annotated": human,
        "creation-date": CREATED,
        "job-name": job or f"labeling-job/{label}",
        "confidence": 1,
    }
    whole = {
        "source-ref": image,
        label: int(word == "anomaly") if value is None else value,
        f"{label}-metadata": _without_none(metadata),
    }
    return _without_none(whole | changes)


def masked(mask: str, colours: Mapping[str, Any], name: str = "anomaly-mask-ref") -> dict[str, Any]:
    """The members that give a line a mask."""
    return {
        name: mask,
        f"{name}-metadata": {
            "internal-color-map": dict(colours),
            "type": MASK_TYPE,
            "human-annotated": "yes",
            "creation-date": "Mon Aug 22 2022 13:52:52 GMT-0700 (Pacific Daylight Time)",
            "job-name": "labeling-job/object-mask-ref",
        },
    }


def predicted(image: str, word: str, *, label: str = "anomaly-label") -> dict[str, Any]:
    """A line whose only label a model gave, as a device of AWS's edge application exports it."""
    return labelled(image, word, label=label, human="no")


def evaluated(image: str, truth: str, said: str) -> dict[str, Any]:
    """A line of an EvaluationManifest."""
    detected = {
        "class-name": said,
        "confidence": 0.9,
        "type": LABEL_TYPE,
        "human-annotated": "no",
        "model-arn": MODEL,
    }
    return labelled(image, truth) | {
        "anomaly-label-detected": int(said == "anomaly"),
        "anomaly-label-detected-metadata": detected,
    }


def class_example() -> list[dict[str, Any]]:
    """The shape of AWS's example for classification: 32 anomaly, 31 normal, two job names."""
    folder = f"{BUCKET}/getting-started/training-images"
    return [
        labelled(f"{folder}/anomaly-{number}.jpg", "anomaly", job="anomaly-label")
        for number in range(1, 33)
    ] + [
        labelled(f"{folder}/normal-{number}.jpg", "normal", job="labeling-job/auto-label")
        for number in range(1, 32)
    ]


def segmentation_template() -> list[dict[str, Any]]:
    """AWS's template for segmentation in shape: relative paths, 31 normal lines without a mask.

    The other 32 have masks of one colour.
    """
    return [
        labelled(f"training-images/anomaly-{number}.jpg", "anomaly", job="anomaly-label")
        | masked(f"mask-images/anomaly-{number}.png", CRACKED)
        for number in range(1, 33)
    ] + [
        labelled(f"training-images/normal-{number}.jpg", "normal", job="labeling-job/auto-label")
        for number in range(1, 32)
    ]


def exported(split: str, count: int) -> list[dict[str, Any]]:
    """What AWS's export script writes: the original key behind a folder, and labels as text."""
    words = ("anomaly", "normal")
    return [
        labelled(
            f"s3://export/caps/{split}/images/parts/{number:04}.png",
            words[number % 2],
            value=str(1 - number % 2),
        )
        for number in range(count)
    ]


# Texts


def as_lines(items: Iterable[object]) -> str:
    """JSON Lines."""
    return "".join(f"{json.dumps(item)}\n" for item in items)


def as_array(items: Iterable[object]) -> str:
    """One array, as an editor saves it."""
    return json.dumps(list(items), indent=2)


def as_objects(items: Iterable[object]) -> str:
    """Objects of many lines, one after another, as jq writes them."""
    return "\n".join(json.dumps(item, indent=2) for item in items)


def as_entries(items: Iterable[object]) -> str:
    """The answer of ListDatasetEntries as the AWS CLI prints it."""
    return json.dumps({"DatasetEntries": [json.dumps(item) for item in items]}, indent=4)


LAYOUTS: Final[Mapping[str, Callable[[Iterable[object]], str]]] = {
    "lines": as_lines,
    "array": as_array,
    "objects": as_objects,
    "entries": as_entries,
}
ENCODINGS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "utf-8": str.encode,
    "mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "bzip2": lambda text: bz2.compress(text.encode()),
}
"""How a text comes as bytes."""


def guide_csv(rows: Iterable[tuple[str, str]]) -> str:
    """The guide's CSV: no header, `s3://bucket/image.jpg,anomaly`."""
    return "".join(f"{image},{word}\n" for image, word in rows)


def table(rows: Iterable[Mapping[str, object]], delimiter: str = ",") -> str:
    """A CSV file with a header, as pandas writes it."""
    held = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(held[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(held)
    return out.getvalue()


def anomalib_rows(counts: Mapping[tuple[str, str], int]) -> list[dict[str, object]]:
    """Rows of anomalib's table.

    Args:
        counts: images of a split and a class word: `{("train", "normal"): 20}`.
    """
    return [
        {
            "image_path": f"images/{split}/{word}/{number:03}.png",
            "label": word,
            "label_index": int(word == "abnormal"),
            "mask_path": f"masks/{number:03}.png" if word == "abnormal" else "",
            "split": split,
        }
        for (split, word), count in counts.items()
        for number in range(count)
    ]


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
