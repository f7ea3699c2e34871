"""Archives of two models that judged the same images, made from how often each erred."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.support.evaluation_files import line

ACCOUNT: Final = "111122223333"


def verdicts(images: int, wrong: Sequence[int]) -> list[bool]:
    """Whether a model judged each of so many images right: all but the ones named by number."""
    return [number not in set(wrong) for number in range(images)]


def write_manifest(
    folder: Path,
    project: str,
    version: int,
    defects: Sequence[bool],
    good: Sequence[bool],
    *,
    images: str = "a",
    model: str = "",
) -> Path:
    """An EvaluationManifest in which a model judged defects and good parts right or wrong.

    Args:
        folder: the archive.
        project: of the model.
        version: of the model.
        defects: for each defective image whether it was caught.
        good: for each good image whether it was passed.
        images: the folder of the images' keys; equal folders are equal images.
        model: the project and version in the lines; by default the same.
    """
    arn = f"arn:aws:lookoutvision:us-east-1:{ACCOUNT}:model/{model or f'{project}/{version}'}"
    path = folder / f"EvaluationManifest-{project}-{version}.json"
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(each) for each in _lines(project, arn, defects, good, images)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _lines(
    project: str, arn: str, defects: Sequence[bool], good: Sequence[bool], images: str
) -> Iterator[dict[str, Any]]:
    for kind, anomalous, judged in (("defect", True, defects), ("good", False, good)):
        for number, right in enumerate(judged):
            flagged = right is anomalous
            whole = line(f"s3://bucket/{project}/{images}/{kind}-{number}.png", anomalous, flagged)
            whole["anomaly-label-detected-metadata"]["model-arn"] = arn
            yield whole
