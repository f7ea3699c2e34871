"""Write the bundled sample, `lfv_mcp/archive/_sample`: synthetic models, true to the formats.

The tables below are its documentation: what they do not say is drawn from a generator seeded with
the model's name, so the bytes are the same on every run and every machine. Scores are drawn until
a model's counts sit at the best F1 of its test images, where the service put them too. Metrics
are then computed from the numbers as written, so all files of a model agree.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import click

from lfv_mcp.metrics import (
    Confusion,
    Undefined,
    anomaly_score,
    at_threshold,
    average_precision,
    f1_from,
    f1_score,
    precision,
    recall,
    roc_auc,
)

SAMPLE: Final = Path(__file__).parent.parent / "lfv_mcp" / "archive" / "_sample"
BUCKET: Final = "sample-lookoutvision-1a2b3c4d5e"
ARN: Final = "arn:aws:lookoutvision:us-east-1:111122223333"
KMS: Final = "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
CLASS_NAME: Final = {True: "anomaly", False: "normal"}
NO_IMAGES: Final = Confusion(0, 0, 0, 0)


@dataclass(frozen=True)
class Project:
    """A project, `sample-{name}` to the API. Evaluation files are at `prefix` + file name."""

    name: str
    prefix: str
    created: str
    datasets_created: str
    datasets: tuple[str, ...] = ("train", "test")


@dataclass(frozen=True)
class Model:
    """A model version. Times are UTC; what is special about it comes by keyword."""

    project: str
    version: int
    status: str
    created: str
    evaluated: str = ""  # the end of evaluation; empty: there is none, nor anything below
    training_images: int = 0
    test_set: str = ""  # the day its images were labelled; same project and day, same images
    cut: float = 0  # the model's own threshold
    counts: Confusion = NO_IMAGES  # TP, FP, FN, TN: at the cut, and at the best F1

    captured: str = "2025-10-28 09:00:00"
    description: str = ""
    kms_key: str = ""
    units: tuple[int, ...] = ()  # Min, or Min and Max, inference units
    labels: tuple[tuple[str, float, float, float], ...] = ()  # segmentation: name, P, R, IoU
    ranking: tuple[float, float] | None = None  # ROC AUC and average precision, six digits
    held: tuple[str, ...] = ("EvaluationResult", "EvaluationManifest")
    performance: bool = True  # False: DescribeModel has none, though training succeeded
    described_f1: float | None = None  # DescribeModel's F1Score, where it contradicts P and R
    old_result: bool = False  # EvaluationResult of early 2021: no F1Score, numbers as strings
    raw_confidence: bool = False  # confidence is the score even of a predicted normal

    @property
    def name(self) -> str:
        return f"sample-{self.project}-{self.version}"

    @property
    def arn(self) -> str:
        return f"{ARN}:model/sample-{self.project}/{self.version}"


# fmt: off
PROJECTS: Final = (
    Project("cap-seal",    "cap-seal/output/",    "2025-02-11 08:02:11.3", "2025-07-28 13:31:05.2"),
    Project("pcb-top",     "",                    "2025-03-04 10:15:42.1", "2025-03-04 10:31:20.7"),
    Project("panel-paint", "panel-paint/output/", "2025-06-30 07:44:03.9", "2025-06-30 08:05:36.4"),
    Project("label-check", "label_",              "2025-05-27 12:20:55.5", "2025-08-19 14:02:48.3"),
    Project("weld-bead",   "weld-bead/output/",   "2025-03-12 09:30:27.6", "2025-08-29 15:12:09.8"),
    # One dataset only: the service split off the test images itself.
    Project("bottle-neck", "bottle-neck/",        "2025-04-01 06:58:13.2", "2025-04-01 07:20:00.4",
            datasets=("train",)),
)

MODELS: Final = (
    # Performance is missing; the evaluation files have it.
    Model("cap-seal", 1, "TRAINED", "2025-02-19 21:20:00.000", "2025-02-19 21:56:40.500",
          120, "2025-02-10", 0.55, Confusion(22, 5, 3, 30), performance=False),
    # Weak: a third of the rejects are false alarms, a quarter of the defects escape.
    Model("cap-seal", 2, "STOPPING_HOSTING", "2025-03-03 11:06:40.330", "2025-03-03 11:52:35.020",
          164, "2025-02-24", 0.58, Confusion(30, 15, 10, 45), units=(1,)),
    Model("cap-seal", 3, "HOSTED", "2025-08-04 08:30:00.412", "2025-08-04 09:16:45.127",
          410, "2025-07-28", 0.71, Confusion(36, 6, 4, 74), units=(1, 4),
          description="august_relabel"),
    Model("cap-seal", 4, "TRAINING_FAILED", "2025-08-05 08:45:00.008"),
    # Saved while it was being trained.
    Model("cap-seal", 5, "TRAINING", "2025-08-05 11:02:00.951", captured="2025-08-05 11:20:00"),

    Model("pcb-top", 1, "TRAINED", "2025-03-05 14:10:09.615", "2025-03-05 14:44:51.007",
          66, "2025-03-03", 0.49, Confusion(16, 2, 1, 15), old_result=True),
    # The metrics outlive the failure.
    Model("pcb-top", 2, "HOSTING_FAILED", "2025-05-20 08:40:00.770", "2025-05-20 09:38:31.300",
          380, "2025-05-12", 0.64, Confusion(57, 11, 3, 49), units=(2,)),
    Model("pcb-top", 3, "STARTING_HOSTING", "2025-09-16 07:05:31.284", "2025-09-16 07:49:02.930",
          402, "2025-09-09", 0.6, Confusion(27, 3, 3, 47), units=(1,),
          held=("EvaluationManifest",)),

    # Segmentation; scratches are both missed and badly outlined.
    Model("panel-paint", 1, "TRAINED", "2025-07-07 10:00:00.250", "2025-07-07 12:06:17.640",
          212, "2025-06-27", 0.66, Confusion(20, 1, 2, 27), ranking=(0.967532, 0.963193),
          kms_key=KMS, labels=(("dent", 0.81, 0.74, 0.61), ("scratch", 0.69, 0.52, 0.38))),
    Model("panel-paint", 2, "TRAINED", "2025-09-22 09:12:44.800", "2025-09-22 11:25:08.416",
          268, "2025-06-27", 0.61, Confusion(21, 1, 1, 27),
          kms_key=KMS, labels=(("dent", 0.84, 0.79, 0.66), ("scratch", 0.73, 0.64, 0.47))),

    # Perfect, on the smallest legal test set.
    Model("label-check", 1, "TRAINED", "2025-06-04 09:00:00.100", "2025-06-04 09:30:05.900",
          30, "2025-05-26", 0.5, Confusion(10, 0, 0, 10)),
    Model("label-check", 2, "DELETING", "2025-07-15 13:26:18.530", "2025-07-15 14:01:49.065",
          58, "2025-07-14", 0.44, Confusion(13, 4, 3, 20)),
    Model("label-check", 3, "TRAINED", "2025-08-20 06:50:37.911", "2025-08-20 07:28:20.202",
          150, "2025-08-19", 0.57, Confusion(23, 2, 2, 33), held=("EvaluationResult",)),

    # Three versions on the same images, then one on others.
    Model("weld-bead", 1, "TRAINED", "2025-03-17 12:40:00.675", "2025-03-17 13:22:36.040",
          140, "2025-03-10", 0.52, Confusion(31, 12, 14, 43)),
    # The slip of the developer guide's own example: P 0.9 and R 0.8 with F1 0.8.
    Model("weld-bead", 2, "TRAINED", "2025-04-22 08:16:52.190", "2025-04-22 09:03:14.388",
          220, "2025-03-10", 0.68, Confusion(36, 4, 9, 51), described_f1=0.8),
    Model("weld-bead", 3, "HOSTED", "2025-06-11 10:21:07.043", "2025-06-11 11:12:40.759",
          360, "2025-03-10", 0.63, Confusion(43, 3, 2, 52), units=(2,)),
    Model("weld-bead", 4, "TRAINED", "2025-09-02 07:35:29.866", "2025-09-02 08:30:11.503",
          395, "2025-08-29", 0.65, Confusion(30, 4, 5, 41)),

    # Good, and on enough images to be sure of it.
    Model("bottle-neck", 1, "TRAINED", "2025-04-02 07:11:46.320", "2025-04-02 09:02:30.980",
          900, "2025-03-31", 0.7, Confusion(57, 4, 3, 236)),
    # Confidences here do not follow the score rule: analysis by score must refuse.
    Model("bottle-neck", 2, "TRAINED", "2025-05-13 15:03:20.009", "2025-05-13 16:20:55.471",
          330, "2025-05-09", 0.59, Confusion(27, 5, 3, 55), raw_confidence=True),
    Model("bottle-neck", 3, "SYSTEM_UPDATING", "2025-08-12 06:42:00.737", "2025-08-12 07:55:39.118",
          520, "2025-08-08", 0.67, Confusion(28, 2, 2, 48), units=(2, 3)),
)

# Only three texts of the service are known; ours say that they are not its own.
MESSAGES: Final = {
    "TRAINING": "The model is being trained.",
    "TRAINED": "Training completed successfully.",
    "HOSTED": "The model is running.",
    "TRAINING_FAILED": "Sample: training failed because the images differ in width or height.",
    "STARTING_HOSTING": "Sample: hosting is starting.",
    "HOSTING_FAILED": "Sample: hosting failed, 2 inference units were not available.",
    "STOPPING_HOSTING": "Sample: hosting is stopping.",
    "SYSTEM_UPDATING": "Sample: the hosted model is being updated.",
    "DELETING": "Sample: the model is being deleted.",
}
# fmt: on


class Image(NamedTuple):
    """A judged test image."""

    source_ref: str
    anomalous: bool
    flagged: bool  # predicted anomalous
    confidence: float


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def epoch(text: str) -> float:
    """Seconds, as the service sends times."""
    return moment(text).timestamp()


def local(text: str) -> str:
    """UTC without saying so, as evaluation files write times."""
    return moment(text).replace(tzinfo=None).isoformat(timespec="microseconds")


def number(value: float | Undefined) -> float:
    if isinstance(value, Undefined):
        raise ValueError(value.reason)
    return value


# Test images and their scores


def judged(model: Model) -> list[Image]:
    """The test images, drawn until the counts are at the best F1 and any `ranking` is met."""
    rng = Random(model.name)
    while True:
        images = draw(model, rng)
        anomalous, normal = scores(model, images)
        measures = roc_auc(anomalous, normal), average_precision(anomalous, normal)
        if model.ranking and model.ranking != tuple(round(number(m), 6) for m in measures):
            continue
        matrices = threshold_sweep(anomalous, normal)
        if max(matrices, key=lambda counts: number(f1_score(counts))) == model.counts:
            return images


def threshold_sweep(anomalous: Sequence[float], normal: Sequence[float]) -> Iterator[Confusion]:
    """The counts at every distinct score as the threshold, the highest first."""
    for threshold in sorted({*anomalous, *normal}, reverse=True):
        yield at_threshold(anomalous, normal, threshold)


def draw(model: Model, rng: Random) -> list[Image]:
    """The test images with random scores on the sides of the cut that the counts ask for."""
    cut, counts = model.cut, model.counts

    def lean(count: int, start: float, end: float, power: int) -> list[float]:
        """Scores between start and end that crowd at the start: the least of several draws."""
        draws = ([rng.random() for _ in range(power)] for _ in range(count))
        return [start + (end - start) * min(some) for some in draws]

    found, alarms = lean(counts.true_positives, 1, cut, 4), lean(counts.false_positives, 1, cut, 2)
    passed, missed = lean(counts.true_negatives, 0, cut, 4), lean(counts.false_negatives, 0, cut, 2)

    # What is hard for one version is mostly hard for the next, so ease belongs to the image.
    ease = Random(f"{model.project}/{model.test_set}")

    def deal(hardest_first: list[float], anomalous: bool) -> Iterator[Image]:
        eases = [ease.random() + rng.random() / 2 for _ in hardest_first]
        by_ease = sorted(range(len(eases)), key=eases.__getitem__)
        folder = f"s3://{BUCKET}/{model.project}/images/{model.test_set}/{CLASS_NAME[anomalous]}"
        for i, score in sorted(zip(by_ease, hardest_first, strict=True)):
            flagged = score >= cut
            sure = score if flagged or model.raw_confidence else 1 - score
            yield Image(f"{folder}/{i + 1:04}.png", anomalous, flagged, round(sure, 6))

    return [
        *deal(sorted(found + missed), anomalous=True),
        *deal(sorted(alarms + passed, reverse=True), anomalous=False),
    ]


def scores(model: Model, images: Sequence[Image]) -> tuple[list[float], list[float]]:
    """The scores of the anomalous and of the normal images, from the confidences as written."""

    def of(anomalous: bool) -> list[float]:
        return [
            i.confidence if model.raw_confidence else anomaly_score(i.flagged, i.confidence)
            for i in images
            if i.anomalous is anomalous
        ]

    return of(True), of(False)


# Files


def evaluation_result(model: Model, images: Sequence[Image]) -> dict[str, Any]:
    anomalous, normal = scores(model, images)
    metrics: dict[str, Any] = {
        "ROCAUC": number(roc_auc(anomalous, normal)),
        "AveragePrecision": number(average_precision(anomalous, normal)),
        "Precision": number(precision(model.counts)),
        "Recall": number(recall(model.counts)),
        "F1Score": number(f1_score(model.counts)),
    }
    sizes: dict[str, Any] = {
        "NumberOfTrainingImages": model.training_images,
        "NumberOfTestingImages": len(images),
    }
    if model.old_result:
        del metrics["F1Score"]
        metrics = {name: str(value) for name, value in metrics.items()}
        sizes = {name: str(value) for name, value in sizes.items()}
    if model.labels:
        metrics["PixelAnomalyClassMetrics"] = [
            {"Precision": p, "Recall": r, "F1Score": f1_from(p, r), "AIOU": iou, "ClassName": name}
            for name, p, r, iou in model.labels
        ]
    return {
        "Version": 1,  # of the format
        "EvaluationDetails": {
            "ModelArn": model.arn,
            "EvaluationEndTimestamp": local(model.evaluated),
            **sizes,
        },
        "AggregatedEvaluationResults": {"Metrics": metrics},
    }


def manifest_line(model: Model, image: Image) -> dict[str, Any]:
    kind = "groundtruth/image-classification"
    return {
        "source-ref": image.source_ref,
        "anomaly-label": int(image.anomalous),
        "anomaly-label-metadata": {
            "class-name": CLASS_NAME[image.anomalous],
            "type": kind,
            "human-annotated": "yes",
            "creation-date": local(model.test_set),
            "job-name": f"labeling-job/sample-{model.project}",
        },
        "anomaly-label-detected": int(image.flagged),
        "anomaly-label-detected-metadata": {
            "class-name": CLASS_NAME[image.flagged],
            "confidence": image.confidence,
            "type": kind,
            "human-annotated": "no",
            "creation-date": local(model.evaluated),
            "job-name": "training-job/anomaly-detection",
            "model-arn": model.arn,
            "project-name": f"sample-{model.project}",
            "model-version": str(model.version),
        },
    }


def evaluation_key(project: Project, model: Model, kind: str) -> str:
    return f"{project.prefix}{kind}-{model.name}.json"


def model_description(project: Project, model: Model) -> dict[str, Any]:
    description: dict[str, Any] = {
        "ModelVersion": str(model.version),
        "ModelArn": model.arn,
        "CreationTimestamp": epoch(model.created),
    }
    if model.description:
        description["Description"] = model.description
    description["Status"] = model.status
    description["StatusMessage"] = MESSAGES[model.status]
    if model.evaluated and model.performance:
        f1 = number(f1_score(model.counts)) if model.described_f1 is None else model.described_f1
        description["Performance"] = {
            "F1Score": f1,
            "Recall": number(recall(model.counts)),
            "Precision": number(precision(model.counts)),
        }
    description["OutputConfig"] = {"S3Location": {"Bucket": BUCKET, "Prefix": project.prefix}}
    if model.evaluated:
        for kind in ("EvaluationManifest", "EvaluationResult"):  # both, held or not
            description[kind] = {"Bucket": BUCKET, "Key": evaluation_key(project, model, kind)}
        description["EvaluationEndTimestamp"] = epoch(model.evaluated)
    if model.kms_key:
        description["KmsKeyId"] = model.kms_key
    names = ("MinInferenceUnits", "MaxInferenceUnits")
    return description | dict(zip(names, model.units, strict=False))


def project_description(project: Project) -> dict[str, Any]:
    return {
        "ProjectArn": f"{ARN}:project/sample-{project.name}",
        "ProjectName": f"sample-{project.name}",
        "CreationTimestamp": epoch(project.created),
        "Datasets": [
            {
                "DatasetType": dataset,
                "CreationTimestamp": epoch(project.datasets_created),
                "Status": "CREATE_COMPLETE",
                "StatusMessage": "Dataset created.",
            }
            for dataset in project.datasets
        ],
    }


def saved(member: str, description: dict[str, Any], captured: str) -> bytes:
    """A boto3 response as people save it; its Date header says when."""
    headers = {
        "date": format_datetime(moment(captured), usegmt=True),
        "content-type": "application/json",
    }
    metadata = {"HTTPStatusCode": 200, "HTTPHeaders": headers}
    return indented({member: description, "ResponseMetadata": metadata})


def indented(value: dict[str, Any]) -> bytes:
    return f"{json.dumps(value, indent=2)}\n".encode()


def json_lines(values: Iterator[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(v, separators=(',', ':'))}\n" for v in values).encode()


def sample() -> dict[str, bytes]:
    """The whole archive: path → content."""
    files = {}
    projects = {project.name: project for project in PROJECTS}
    for project in PROJECTS:
        description = project_description(project)
        path = f"describe-project/sample-{project.name}.json"
        files[path] = saved("ProjectDescription", description, Model.captured)
    for model in MODELS:
        project = projects[model.project]
        description = model_description(project, model)
        path = f"describe-model/{model.name}.json"
        files[path] = saved("ModelDescription", description, model.captured)
        if not model.evaluated:
            continue
        images = judged(model)
        contents = {
            "EvaluationResult": indented(evaluation_result(model, images)),
            "EvaluationManifest": json_lines(manifest_line(model, i) for i in images),
        }
        for kind in model.held:
            files[f"evaluation/{evaluation_key(project, model, kind)}"] = contents[kind]
    return files


@click.command(help="Write the sample archive into place.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 and name the files that differ.")
def main(check: bool) -> None:
    wanted = sample()
    there = {
        path.relative_to(SAMPLE).as_posix(): path.read_bytes()
        for path in SAMPLE.rglob("*")
        if path.is_file()
    }
    differing = sorted(p for p in wanted.keys() | there.keys() if wanted.get(p) != there.get(p))
    for name in differing:
        click.echo(name)
        path = SAMPLE / name
        if check:
            continue
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[name])
        else:
            path.unlink()
    if check and differing:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
