"""What customers saved: answers in every spelling there is, evaluation files, and archives of them.

Invented throughout; nothing in here knows `lfv_mcp`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

ONE: Final = "111122223333"
OTHER: Final = "444455556666"
BUCKET: Final = "lookoutvision-us-east-1-1a2b3c4d5e"
TIMES: Final = ("CreationTimestamp", "EvaluationEndTimestamp")


def arn(
    project: str = "cap-seal", version: int = 3, region: str = "us-east-1", account: str = ONE
) -> str:
    """A model's ARN."""
    return f"arn:aws:lookoutvision:{region}:{account}:model/{project}/{version}"


def project_arn(project: str = "cap-seal", region: str = "us-east-1", account: str = ONE) -> str:
    """A project's ARN."""
    return f"arn:aws:lookoutvision:{region}:{account}:project/{project}"


def described(
    project: str = "cap-seal",
    version: int = 3,
    region: str = "us-east-1",
    account: str = ONE,
    **members: object,
) -> dict[str, Any]:
    """A ModelDescription on the wire, all 14 members; one given as `...` is left out."""
    files = f"{project}/output/Evaluation"
    body = {
        "ModelVersion": str(version),
        "ModelArn": arn(project, version, region, account),
        "CreationTimestamp": 1754296200.412,
        "Description": "august_relabel",
        "Status": "TRAINED",
        "StatusMessage": "Training completed successfully.",
        "Performance": {"F1Score": 0.8780487804878049, "Recall": 0.9, "Precision": 1.0},
        "OutputConfig": {"S3Location": {"Bucket": BUCKET, "Prefix": f"{project}/output/"}},
        "EvaluationManifest": {
            "Bucket": BUCKET,
            "Key": f"{files}Manifest-{project}-{version}.json",
        },
        "EvaluationResult": {"Bucket": BUCKET, "Key": f"{files}Result-{project}-{version}.json"},
        "EvaluationEndTimestamp": 1754299005.127,
        "KmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "MinInferenceUnits": 1,
        "MaxInferenceUnits": 4,
    }
    return {name: value for name, value in (body | members).items() if value is not ...}


def listed(body: Mapping[str, Any]) -> dict[str, Any]:
    """What ListModels says of the same model."""
    members = ("CreationTimestamp", "ModelVersion", "ModelArn", "Description", "Status")
    return {n: body[n] for n in (*members, "StatusMessage", "Performance") if n in body}


def project_of(project: str = "cap-seal", region: str = "us-east-1", account: str = ONE) -> Any:
    """A ProjectDescription on the wire."""
    return {
        "ProjectArn": f"arn:aws:lookoutvision:{region}:{account}:project/{project}",
        "ProjectName": project,
        "CreationTimestamp": 1739260931.3,
        "Datasets": [
            {
                "DatasetType": "train",
                "CreationTimestamp": 1753709465.2,
                "Status": "CREATE_COMPLETE",
                "StatusMessage": "Dataset created.",
            }
        ],
    }


def result_of(
    project: str = "cap-seal",
    version: int = 3,
    region: str = "us-east-1",
    account: str = ONE,
    **metrics: object,
) -> dict[str, Any]:
    """An EvaluationResult of 2022; a metric given as `...` is left out."""
    held = {"ROCAUC": 0.97, "AveragePrecision": 0.96, "Precision": 0.857143, "Recall": 0.9}
    shown = held | {"F1Score": 0.878049} | metrics
    return {
        "Version": 1,
        "EvaluationDetails": {
            "ModelArn": arn(project, version, region, account),
            "EvaluationEndTimestamp": "2025-08-04T09:16:45.127000",
            "NumberOfTrainingImages": 212,
            "NumberOfTestingImages": 120,
        },
        "AggregatedEvaluationResults": {
            "Metrics": {name: value for name, value in shown.items() if value is not ...}
        },
    }


REKOGNITION: Final = {
    "Version": 1,
    "AggregatedEvaluationResults": {"ConfusionMatrix": [], "F1Score": 0.9},
    "EvaluationDetails": {
        "ProjectVersionArn": "arn:aws:rekognition:us-east-1:111122223333:project/p/version/v/1",
        "NumberOfTestingImages": 5,
    },
}
"""An evaluation summary of Rekognition Custom Labels, which is shaped alike."""


def judged(
    image: str, truth: str, predicted: str, confidence: float = 0.9, model: str = ""
) -> dict[str, Any]:
    """A line of an EvaluationManifest."""
    common = {"type": "groundtruth/image-classification", "job-name": "labeling-job/fixture"}
    return {
        "source-ref": f"s3://{BUCKET}/images/{image}.png",
        "anomaly-label": int(truth == "anomaly"),
        "anomaly-label-metadata": {"class-name": truth, "human-annotated": "yes", **common},
        "anomaly-label-detected": int(predicted == "anomaly"),
        "anomaly-label-detected-metadata": {
            "class-name": predicted,
            "confidence": confidence,
            "human-annotated": "no",
            **common,
            "model-arn": model or arn(),
        },
    }


def lines(documents: Iterable[object]) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(d).encode() + b"\n" for d in documents)


def manifest_of(
    project: str = "cap-seal", version: int = 3, region: str = "us-east-1", images: int = 4
) -> bytes:
    """An EvaluationManifest: every fourth image is a missed defect."""
    model = arn(project, version, region)
    truths = ("normal", "anomaly", "normal", "anomaly")
    return lines(
        judged(f"{n:04}", truths[n % 4], "anomaly" if n % 4 == 1 else "normal", 0.9, model)
        for n in range(images)
    )


# Times, as the tools that printed them spell them


def moment(seconds: float, hours: int = 0) -> datetime:
    """Epoch seconds as boto3 has them, in some zone."""
    milliseconds = round(seconds * 1000)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return at.astimezone(timezone(timedelta(hours=hours)))


SPELLINGS: Final[dict[str, Callable[[float], object]]] = {
    "wire, CLI v1": lambda s: s,
    "numeric text": str,
    "CLI v2": lambda s: moment(s, 2).isoformat(),
    "CLI v2, UTC": lambda s: moment(s).isoformat(),
    "Z": lambda s: moment(s).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    "boto3, default=str": lambda s: str(moment(s, -5)),
}


def spelled(value: Any, spelling: str) -> Any:
    """The same body with its times in another spelling, at any depth."""
    if isinstance(value, list):
        return [spelled(item, spelling) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: SPELLINGS[spelling](item) if name in TIMES else spelled(item, spelling)
        for name, item in value.items()
    }


def response(
    member: str, body: object, captured: datetime | None = None, **more: object
) -> dict[str, Any]:
    """A whole answer; with a capture time as boto3 has it, else as the AWS CLI prints it."""
    answer = {member: body, **more}
    if captured is None:
        return answer
    headers = {
        "date": format_datetime(captured, usegmt=True),
        "content-type": "application/json",
        "x-amzn-requestid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    }
    metadata = {"RequestId": "0f1e2d3c", "HTTPStatusCode": 200, "HTTPHeaders": headers}
    return answer | {"ResponseMetadata": metadata | {"RetryAttempts": 0}}


# Files, as shells and editors leave them

ENCODINGS: Final[dict[str, Callable[[str], bytes]]] = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "PowerShell": lambda text: text.replace("\n", "\r\n").encode("utf-16"),
    "utf-16, big end": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip in two members": lambda text: (
        gzip.compress(text[:9].encode()) + gzip.compress(text[9:].encode())
    ),
}
FRAMINGS: Final[dict[str, Callable[[list[Any]], str]]] = {
    "one after another": lambda docs: "\n".join(json.dumps(d, indent=4) for d in docs),
    "JSON Lines": lambda docs: "".join(json.dumps(d) + "\n" for d in docs),
    "array": lambda docs: json.dumps(docs, indent=2),
    "arrays in an array": lambda docs: json.dumps([docs]),
}


def write(folder: Path, name: str, content: object) -> Path:
    """A file of bytes, or of a document as JSON; folders are made."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def write_all(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Files of bytes or of text below a folder, which is returned."""
    for name, content in files.items():
        write(folder, name, content.encode() if isinstance(content, str) else content)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
