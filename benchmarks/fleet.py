"""An archive of any size whose files are made as they are asked for.

`python fleet.py FOLDER MODELS [IMAGES [FOREIGN]]` writes it into a directory; the S3 of
`s3_server.py` has it as a bucket. Every model has three files: an answer of DescribeModel and the
service's own two evaluation files, which agree with each other. Beside them there may be training
images, which no server has to open, and foreign files, which it must look into to know that they
are none of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, overload

VERSIONS: Final = 10
"""Models of one project."""
ACCOUNT: Final = "arn:aws:lookoutvision:us-east-1:111122223333"
BUCKET: Final = "lookoutvision-us-east-1-1a2b3c4d5e"
DEFECTS: Final = 10
"""Defective images in the test set of a model, and as many good ones."""
LARGE: Final = 10
"""The last version of a project has so many times as many: its manifest is above 64 KiB."""
CHANGING: Final = 10
"""Of so many projects one is described anew with every generation."""
IMAGE: Final = b"\x89PNG\r\n\x1a\n" + bytes(992)

_FILES: Final = ("EvaluationManifest.json", "EvaluationResult.json", "model.json")
_VERSIONS: Final = sorted(range(1, VERSIONS + 1), key=lambda version: f"{version}/")
_PROJECT: Final = b"@@@@@@@@@@"
"""Stands for the name of a project, which is as long, in what is made once for all of them."""


def project_of(number: int) -> str:
    """The name of a project."""
    return f"line-{number:05}"


class Fleet(Sequence[str]):
    """The keys of an archive in their order, and the bytes of each.

    Args:
        models: how many models; a multiple of `VERSIONS`, or fewer.
        images: how many training images lie beside them.
        foreign: how many JSON files that no program of this kind ever wrote.
    """

    generation = 0

    def __init__(self, models: int, images: int = 0, foreign: int = 0) -> None:
        """Make nothing yet."""
        self.models = models
        few = [version for version in _VERSIONS if version <= models]
        self.versions = few if models < VERSIONS else _VERSIONS
        self._records = models * len(_FILES)
        self._foreign, self._images = foreign, images

    def __len__(self) -> int:
        return self._records + self._foreign + self._images

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        """The keys come in the order in which S3 lists them."""
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        if at < self._records:
            model, file = divmod(at, len(_FILES))
            project, version = divmod(model, len(self.versions))
            return f"archive/{project_of(project)}/{self.versions[version]}/{_FILES[file]}"
        at -= self._records
        if at < self._foreign:
            return f"foreign/{at // 1000:03}/{at % 1000:03}.json"
        at -= self._foreign
        if at < self._images:
            return f"images/{at // 1000:03}/{at % 1000:03}.png"
        raise IndexError(at)

    def content(self, key: str) -> bytes | None:
        """The bytes of one file; None if there is none of that name."""
        match key.split("/"):
            case ["archive", project, version, file] if file in _FILES and version.isdigit():
                number = int(project[5:] or 0) * len(self.versions)
                if number < self.models and int(version) in self.versions:
                    changing = int(project[5:]) % CHANGING == CHANGING - 1
                    generation = self.generation if changing else 0
                    made = _template(file, int(version), generation)
                    return made.replace(_PROJECT, project.encode())
            case ["foreign", *numbers] if self._foreign:
                name = "".join(numbers).removesuffix(".json")
                return b'{"station":"camera-%s","readings":[21.5,21.7,21.6],"ok":true}\n' % (
                    name.encode()
                )
            case ["images", *_] if self._images:
                return IMAGE
        return None

    def write(self, folder: Path) -> tuple[int, int]:
        """Write every file below a folder: how many, and their bytes."""
        size = 0
        for key in self:
            path = folder / key
            content = self.content(key)
            assert content is not None, key
            try:
                size += path.write_bytes(content)
            except FileNotFoundError:
                path.parent.mkdir(parents=True)
                size += path.write_bytes(content)
        return len(self), size


def describe_answer(project: str, version: int, recall: float) -> dict[str, Any]:
    """A boto3 response with all members that a hosted model has."""
    key = f"{project}/output/Evaluation"
    name = f"{project}-{version}.json"
    return {
        "ModelDescription": {
            "ModelVersion": str(version),
            "ModelArn": f"{ACCOUNT}:model/{project}/{version}",
            "CreationTimestamp": 1754296200.412,
            "Description": "august_relabel",
            "Status": "HOSTED",
            "StatusMessage": "The model is running.",
            "Performance": {"F1Score": 0.8780487804878049, "Recall": recall, "Precision": 0.9},
            "OutputConfig": {"S3Location": {"Bucket": BUCKET, "Prefix": f"{project}/output/"}},
            "EvaluationManifest": {"Bucket": BUCKET, "Key": f"{key}Manifest-{name}"},
            "EvaluationResult": {"Bucket": BUCKET, "Key": f"{key}Result-{name}"},
            "EvaluationEndTimestamp": 1754299005.127,
            "MinInferenceUnits": 1,
            "MaxInferenceUnits": 4,
        },
        "ResponseMetadata": {
            "HTTPStatusCode": 200,
            "HTTPHeaders": {"date": "Tue, 28 Oct 2025 09:00:00 GMT"},
        },
    }


def evaluation_result(project: str, version: int, recall: float) -> dict[str, Any]:
    """The service's own file of metrics."""
    metrics = {"ROCAUC": 0.97, "AveragePrecision": 0.96, "Precision": 0.9, "Recall": recall}
    return {
        "Version": 1,
        "EvaluationDetails": {
            "ModelArn": f"{ACCOUNT}:model/{project}/{version}",
            "EvaluationEndTimestamp": "2025-08-04T09:16:45.127000",
            "NumberOfTrainingImages": 212,
            "NumberOfTestingImages": 120,
        },
        "AggregatedEvaluationResults": {"Metrics": metrics | {"F1Score": 0.8780487804878049}},
    }


def evaluation_manifest(project: str, version: int) -> bytes:
    """The service's own file of judgements; its errors are those that the metrics tell of."""
    times = LARGE if version == VERSIONS else 1
    lines = []
    for number in range(2 * DEFECTS * times):
        actual = number < DEFECTS * times
        wrong = number < _missed(version) * times or 0 <= number - DEFECTS * times < times
        metadata = {"type": "groundtruth/image-classification"}
        line = {
            "source-ref": f"s3://{BUCKET}/{project}/test/{number:05}.png",
            "anomaly-label": int(actual),
            "anomaly-label-metadata": metadata
            | {
                "class-name": _class(anomaly=actual),
                "creation-date": "2025-03-03T00:00:00.000000",
                "human-annotated": "yes",
            },
            "anomaly-label-detected": int(actual != wrong),
            "anomaly-label-detected-metadata": metadata
            | {
                "class-name": _class(anomaly=actual != wrong),
                "confidence": 0.55 if wrong else 0.93,
                "human-annotated": "no",
                "model-arn": f"{ACCOUNT}:model/{project}/{version}",
            },
        }
        lines.append(json.dumps(line, separators=(",", ":")) + "\n")
    return "".join(lines).encode()


def _missed(version: int) -> int:
    return version % 3


def _class(*, anomaly: bool) -> str:
    return "anomaly" if anomaly else "normal"


@lru_cache(maxsize=256)
def _template(file: str, version: int, generation: int) -> bytes:
    """What every project's file of that name holds, but for the project's name."""
    project = _PROJECT.decode()
    if file == _FILES[0]:
        return evaluation_manifest(project, version)
    found = DEFECTS - _missed(version)
    recall, precision = found / DEFECTS, found / (found + 1)
    metrics = {"Recall": recall, "Precision": precision}
    metrics["F1Score"] = 2 * recall * precision / (recall + precision)
    if file == _FILES[1]:
        # Found defects score above all else, missed ones between the false alarm and the rest.
        ranking = {
            "ROCAUC": found / DEFECTS + (1 - recall) * 0.9,
            "AveragePrecision": recall + (1 - recall) * DEFECTS / (DEFECTS + 1),
        }
        answer = evaluation_result(project, version, recall)
        answer["AggregatedEvaluationResults"]["Metrics"] |= metrics | ranking
        images = 2 * DEFECTS * (LARGE if version == VERSIONS else 1)
        answer["EvaluationDetails"]["NumberOfTestingImages"] = images
    else:
        answer = describe_answer(project, version, recall)
        answer["ModelDescription"]["Performance"] |= metrics
        if generation:
            answer["ModelDescription"]["Description"] = f"described anew, generation {generation}"
    return json.dumps(answer, indent=2).encode()


if __name__ == "__main__":
    folder, *counts = sys.argv[1:]
    files, size = Fleet(*(int(count) for count in counts)).write(Path(folder))
    sys.stdout.write(f"{files:,} files, {size / 1e6:.1f} MB\n")
