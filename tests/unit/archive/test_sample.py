"""The bundled sample archive, read from disk: true to the formats, and every hard case in it.

scikit-learn recounts each model from its manifest; nothing here asks `lfv_mcp.metrics`.
"""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from scipy.stats import binomtest
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
)

import lfv_mcp

PACKAGE: Final = Path(lfv_mcp.__file__).parent
SAMPLE: Final = PACKAGE / "archive" / "_sample"
SCRIPT: Final = PACKAGE.parent / "scripts" / "make_sample.py"

STATUSES: Final = {
    *("TRAINING", "TRAINED", "TRAINING_FAILED", "STARTING_HOSTING", "HOSTED", "HOSTING_FAILED"),
    *("STOPPING_HOSTING", "SYSTEM_UPDATING", "DELETING"),
}
GENUINE_MESSAGES: Final = {
    "TRAINING": "The model is being trained.",
    "TRAINED": "Training completed successfully.",
    "HOSTED": "The model is running.",
}
S3_KEY: Final = r"([a-zA-Z0-9!_.*'()-][/a-zA-Z0-9!_.*'()-]{0,1023})?"
PATTERNS: Final = {
    "ProjectName": r"[a-zA-Z0-9][a-zA-Z0-9_\-]{0,254}",
    "ProjectArn": r"arn:aws:lookoutvision:us-east-1:111122223333:project/sample-[a-z-]+",
    "ModelArn": r"arn:aws:lookoutvision:us-east-1:111122223333:model/sample-[a-z-]+/[1-9]",
    "ModelVersion": r"[1-9][0-9]{0,9}",
    "Description": r"[0-9A-Za-z._-]{1,500}",
    "Bucket": r"[0-9A-Za-z._-]{3,63}",
    "Prefix": S3_KEY,
    "Key": rf"(?=.){S3_KEY}",
    "KmsKeyId": r"[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2047}",
    "DatasetType": r"train|test",
}


@dataclass(frozen=True)
class Model:
    """One saved DescribeModel answer and the evaluation files that are held for it."""

    path: Path

    @cached_property
    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.path.read_bytes())
        return answer

    @property
    def description(self) -> dict[str, Any]:
        description: dict[str, Any] = self.answer["ModelDescription"]
        return description

    @property
    def project(self) -> str:
        arn: str = self.description["ModelArn"]
        return arn.split("/")[1]

    def file(self, kind: str) -> Path | None:
        """The evaluation file that DescribeModel names, if it is held."""
        if kind not in self.description:
            return None
        path = SAMPLE / "evaluation" / self.description[kind]["Key"]
        return path if path.is_file() else None

    @cached_property
    def result(self) -> dict[str, Any]:
        path = self.file("EvaluationResult")
        return json.loads(path.read_bytes()) if path else {}

    @property
    def reported(self) -> dict[str, Any]:
        metrics: dict[str, Any] = self.result["AggregatedEvaluationResults"]["Metrics"]
        return metrics

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        path = self.file("EvaluationManifest")
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path else []

    @property
    def truths(self) -> list[int]:
        return [
            int(line["anomaly-label-metadata"]["class-name"] == "anomaly") for line in self.lines
        ]

    @property
    def predictions(self) -> list[int]:
        return [int(p["class-name"] == "anomaly") for p in self.detected]

    @property
    def detected(self) -> list[dict[str, Any]]:
        return [line["anomaly-label-detected-metadata"] for line in self.lines]

    @property
    def rule_holds(self) -> bool:
        """Does one threshold explain all predictions, with score = 1 - confidence if normal?"""
        scores = list(zip(self.predictions, self.by_rule, strict=True))
        return max((s for p, s in scores if not p), default=0) <= min(s for p, s in scores if p)

    @property
    def by_rule(self) -> list[float]:
        confidences = [p["confidence"] for p in self.detected]
        return [
            c if flagged else round(1 - c, 12)
            for flagged, c in zip(self.predictions, confidences, strict=True)
        ]

    @property
    def scores(self) -> list[float]:
        """What the model decided on: where the rule fails, the confidence itself."""
        return self.by_rule if self.rule_holds else [p["confidence"] for p in self.detected]

    @property
    def right(self) -> dict[str, bool]:
        """Image → was it judged rightly?"""
        images = [line["source-ref"] for line in self.lines]
        judged = zip(images, self.truths, self.predictions, strict=True)
        return {image: truth == prediction for image, truth, prediction in judged}

    @cached_property
    def recount(self) -> dict[str, float]:
        """EvaluationResult's metrics, from the manifest alone."""
        p, r, f1, _ = precision_recall_fscore_support(
            self.truths, self.predictions, average="binary"
        )
        return {
            "ROCAUC": float(roc_auc_score(self.truths, self.scores)),
            "AveragePrecision": float(average_precision_score(self.truths, self.scores)),
            "Precision": float(p),
            "Recall": float(r),
            "F1Score": float(f1),
        }


MODELS: Final = {p.stem: Model(p) for p in sorted(SAMPLE.glob("describe-model/*.json"))}
PROJECTS: Final = {p.stem: json.loads(p.read_bytes()) for p in SAMPLE.glob("describe-project/*")}
JUDGED: Final = [name for name, model in MODELS.items() if model.file("EvaluationManifest")]
REPORTED: Final = [name for name, model in MODELS.items() if model.file("EvaluationResult")]


def texts(value: Any, member: str = "") -> Iterator[tuple[str, str]]:
    """Every string below `value`, with its member's name."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from texts(inner, name)
        case list():
            for inner in value:
                yield from texts(inner, member)
        case str():
            yield member, value


# The archive as a whole


@pytest.mark.slow
def test_sample_is_what_the_script_writes() -> None:
    assert check(SCRIPT) == (0, [])


@pytest.mark.slow
def test_check_names_what_differs(tmp_path: Path) -> None:
    script = tmp_path / "scripts" / SCRIPT.name
    script.parent.mkdir()
    shutil.copy(SCRIPT, script)
    copy = Path(shutil.copytree(SAMPLE, tmp_path / "lfv_mcp" / "archive" / "_sample"))
    changed, missing, foreign = (
        f"describe-project/sample-{n}.json" for n in ("cap-seal", "pcb-top", "x")
    )
    (copy / changed).write_bytes(b"{}")
    (copy / missing).unlink()
    (copy / foreign).write_bytes(b"{}")
    assert check(script) == (1, [changed, missing, foreign])
    assert (copy / changed).read_bytes() == b"{}"


def check(script: Path) -> tuple[int, list[str]]:
    command = [sys.executable, str(script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_sample_is_small_and_complete() -> None:
    assert sum(p.stat().st_size for p in SAMPLE.rglob("*") if p.is_file()) < 1_500_000
    assert len(PROJECTS) >= 6
    assert len(MODELS) >= 18
    assert {model.project for model in MODELS.values()} == PROJECTS.keys()
    assert {model.description["Status"] for model in MODELS.values()} == STATUSES


def test_every_evaluation_file_belongs_to_a_model() -> None:
    kinds = ("EvaluationResult", "EvaluationManifest")
    named = {model.file(kind) for model in MODELS.values() for kind in kinds}
    assert named - {None} == {p for p in SAMPLE.glob("evaluation/**/*") if p.is_file()}


def test_nothing_is_a_placeholder() -> None:
    for path in SAMPLE.rglob("*.json"):
        assert not re.search(rb"[<>]|TODO|xxx|\\u|[^\x20-\x7e\n]", path.read_bytes()), path


# True to the formats


@pytest.mark.parametrize("name", MODELS)
def test_description_is_wire_format(name: str) -> None:
    model = MODELS[name]
    assert_on_the_wire("DescribeModel", "ModelDescription", model.answer)
    assert name == f"{model.project}-{model.description['ModelVersion']}"
    assert model.description["ModelArn"].endswith(f"/{model.description['ModelVersion']}")


@pytest.mark.parametrize("name", PROJECTS)
def test_project_is_wire_format(name: str) -> None:
    assert_on_the_wire("DescribeProject", "ProjectDescription", PROJECTS[name])
    description = PROJECTS[name]["ProjectDescription"]
    assert description["ProjectName"] == name
    assert description["ProjectArn"].endswith(f"/{name}")
    assert name.startswith("sample-")


def assert_on_the_wire(operation: str, member: str, answer: dict[str, Any]) -> None:
    """botocore's parser keeps every member (it drops unknown ones), and every name fits."""
    api = json.loads((PACKAGE / "aws/_api/lookoutvision/2020-11-20/service-2.json").read_bytes())
    shape = ServiceModel(api, "lookoutvision").operation_model(operation).output_shape
    assert shape
    body = json.dumps({member: answer[member]}).encode()
    response = {"status_code": 200, "headers": {}, "body": body}
    parsed = create_parser("rest-json").parse(response, shape)
    sent = json.loads(json.dumps(parsed[member], default=datetime.timestamp))
    assert sent == answer[member]
    for name, text in texts(answer[member]):
        if pattern := PATTERNS.get(name):
            assert re.fullmatch(pattern, text), (name, text)


@pytest.mark.parametrize("name", MODELS)
def test_members_follow_the_status(name: str) -> None:
    model = MODELS[name]
    description, status = model.description, model.description["Status"]
    evaluated = status not in {"TRAINING", "TRAINING_FAILED"}
    for member in ("EvaluationManifest", "EvaluationResult", "EvaluationEndTimestamp"):
        assert (member in description) is evaluated
    assert evaluated or "Performance" not in description
    assert ("MinInferenceUnits" in description) is ("HOST" in status or "SYSTEM" in status)
    message = description["StatusMessage"]
    assert message == GENUINE_MESSAGES.get(status, message)
    assert status in GENUINE_MESSAGES or message.startswith("Sample: ")
    prefix = description["OutputConfig"]["S3Location"]["Prefix"]
    for kind in {"EvaluationManifest", "EvaluationResult"} & description.keys():
        assert description[kind]["Key"] == f"{prefix}{kind}-{name}.json"


@pytest.mark.parametrize("name", MODELS)
def test_times_are_in_order(name: str) -> None:
    model = MODELS[name]
    captured = parsedate_to_datetime(model.answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    project = PROJECTS[model.project]["ProjectDescription"]
    times = [
        datetime(2025, 2, 1, tzinfo=UTC).timestamp(),
        project["CreationTimestamp"],
        model.description["CreationTimestamp"],
        model.description.get("EvaluationEndTimestamp", captured.timestamp() - 1),
        captured.timestamp(),
        datetime(2025, 11, 1, tzinfo=UTC).timestamp(),
    ]
    assert times == sorted(set(times))
    assert all(d["CreationTimestamp"] > project["CreationTimestamp"] for d in project["Datasets"])


@pytest.mark.parametrize("project", PROJECTS)
def test_versions_count_up_in_time(project: str) -> None:
    models = [m.description for m in MODELS.values() if m.project == project]
    models.sort(key=lambda m: int(m["ModelVersion"]))
    assert [int(m["ModelVersion"]) for m in models] == list(range(1, len(models) + 1))
    created = [m["CreationTimestamp"] for m in models]
    assert created == sorted(set(created))


@pytest.mark.parametrize("name", JUDGED)
def test_manifest_lines_are_as_documented(name: str) -> None:
    model = MODELS[name]
    images = Counter(line["source-ref"] for line in model.lines)
    assert set(images.values()) == {1}
    for line, metadata in zip(model.lines, model.detected, strict=True):
        truth = line["anomaly-label-metadata"]["class-name"]
        assert line["anomaly-label"] == ("normal", "anomaly").index(truth)
        assert line["anomaly-label-detected"] == ("normal", "anomaly").index(metadata["class-name"])
        assert line["source-ref"].startswith("s3://sample-lookoutvision-1a2b3c4d5e/")
        assert metadata["model-arn"] == model.description["ModelArn"]
        assert metadata["project-name"] == model.project
        assert metadata["model-version"] == model.description["ModelVersion"]
        assert 0 <= metadata["confidence"] <= 1
        assert metadata["confidence"] == round(metadata["confidence"], 6)


# All files of a model agree, and scikit-learn with them


@pytest.mark.parametrize("name", JUDGED)
def test_oracle_agrees(name: str) -> None:
    model = MODELS[name]
    if model.result:
        reported = {m: float(model.reported[m]) for m in model.recount if m in model.reported}
        assert reported == pytest.approx({m: model.recount[m] for m in reported}, abs=1e-6)
        images = model.result["EvaluationDetails"]["NumberOfTestingImages"]
        assert int(images) == len(model.lines)
    performance = dict(model.description.get("Performance", {}))
    if contradicts_itself(performance):
        del performance["F1Score"]
    assert performance == pytest.approx({m: model.recount[m] for m in performance}, abs=1e-6)


@pytest.mark.parametrize("name", REPORTED)
def test_result_agrees_with_description(name: str) -> None:
    model = MODELS[name]
    details = model.result["EvaluationDetails"]
    assert details["ModelArn"] == model.description["ModelArn"]
    ended = datetime.fromisoformat(details["EvaluationEndTimestamp"]).replace(tzinfo=UTC)
    assert ended.timestamp() == model.description["EvaluationEndTimestamp"]
    for metric, value in model.description.get("Performance", {}).items():
        if metric == "F1Score" and contradicts_itself(model.description["Performance"]):
            continue
        if metric in model.reported:
            assert float(model.reported[metric]) == value


@pytest.mark.parametrize("name", JUDGED)
def test_operating_point_is_best_f1(name: str) -> None:
    model = MODELS[name]
    p, r, _ = precision_recall_curve(model.truths, model.scores)
    best = max(2 * a * b / (a + b) for a, b in zip(p, r, strict=True) if a + b)
    assert model.recount["F1Score"] == pytest.approx(float(best), abs=1e-12)  # no exception needed


def contradicts_itself(performance: dict[str, float]) -> bool:
    if not performance:
        return False
    p, r = performance["Precision"], performance["Recall"]
    return abs(performance["F1Score"] - 2 * p * r / (p + r)) > 0.005


# The hard cases, found by what they are

HARD_CASES: Final[dict[str, Callable[[Model], object]]] = {
    "trained_without_performance": lambda m: (
        m.description["Status"] == "TRAINED" and "Performance" not in m.description and m.result
    ),
    "f1_contradicts": lambda m: (
        contradicts_itself(m.description.get("Performance", {}))
        and not contradicts_itself(m.reported)
    ),
    "perfect_on_20_images": lambda m: (
        Counter(m.truths) == {0: 10, 1: 10} and m.predictions == m.truths
    ),
    "segmentation_with_weak_label": lambda m: (
        m.result
        and "KmsKeyId" in m.description
        and (labels := m.reported.get("PixelAnomalyClassMetrics"))
        and len(labels) == 2
        and min(label["AIOU"] for label in labels) < 0.4
    ),
    "hosted_with_autoscaling": lambda m: (
        m.description["Status"] == "HOSTED"
        and (m.description["MinInferenceUnits"], m.description.get("MaxInferenceUnits")) == (1, 4)
    ),
    "hosted_at_fixed_size": lambda m: (
        m.description["Status"] == "HOSTED"
        and m.description["MinInferenceUnits"] == 2
        and "MaxInferenceUnits" not in m.description
    ),
    "hosting_failed_at_bucket_root": lambda m: (
        m.description["Status"] == "HOSTING_FAILED"
        and not m.description["OutputConfig"]["S3Location"]["Prefix"]
        and m.file("EvaluationManifest")
    ),
    "prefix_without_slash": lambda m: (
        m.description["OutputConfig"]["S3Location"]["Prefix"] == "label_"
        and m.file("EvaluationManifest")
    ),
    "old_evaluation_result": lambda m: (
        m.result
        and "F1Score" not in m.reported
        and isinstance(m.reported["Precision"], str)
        and isinstance(m.result["EvaluationDetails"]["NumberOfTestingImages"], str)
    ),
    "score_rule_fails": lambda m: m.lines and not m.rule_holds,
    "only_result_held": lambda m: m.result and not m.lines,
    "only_manifest_held": lambda m: m.lines and not m.result,
    "described": lambda m: "Description" in m.description,
    "weak": lambda m: m.lines and m.recount["Precision"] < 0.7,
    "good_on_many_images": lambda m: len(m.lines) == 300 and m.recount["F1Score"] > 0.9,
    "saved_earlier": lambda m: "05 Aug" in m.answer["ResponseMetadata"]["HTTPHeaders"]["date"],
}


@pytest.mark.parametrize("case", HARD_CASES)
def test_hard_case_is_there(case: str) -> None:
    assert any(HARD_CASES[case](model) for model in MODELS.values())


def test_sizes_of_test_sets() -> None:
    sizes = sorted(len(model.lines) for model in MODELS.values() if model.lines)
    assert (sizes[0], sizes[-1]) == (20, 300)
    assert all(34 <= size <= 120 for size in sizes[1:-1])


def test_a_project_has_three_versions_on_the_same_images() -> None:
    def paired(project: str) -> bool:
        first, second, third, *others = (m for m in MODELS.values() if m.project == project)
        old, new = first.right, third.right
        if not old.keys() == second.right.keys() == new.keys() or first.truths != third.truths:
            return False
        lost = sum(old[image] and not new[image] for image in old)
        won = sum(new[image] and not old[image] for image in old)
        assert binomtest(won, won + lost).pvalue < 0.001
        assert won > lost
        return any(other.lines and not other.right.keys() & new.keys() for other in others)

    versions = Counter(model.project for model in MODELS.values())
    assert [p for p, count in versions.items() if count >= 4 and paired(p)] == ["sample-weld-bead"]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("sample-cap-seal-2", (30, 15, 10, 45)),
        ("sample-cap-seal-3", (36, 6, 4, 74)),
        ("sample-pcb-top-2", (57, 11, 3, 49)),
        ("sample-panel-paint-1", (20, 1, 2, 27)),
        ("sample-label-check-1", (10, 0, 0, 10)),
    ],
)
def test_worked_examples_keep_their_counts(name: str, counts: tuple[int, ...]) -> None:
    model = MODELS[name]
    tn, fp, fn, tp = confusion_matrix(model.truths, model.predictions).ravel()
    assert (tp, fp, fn, tn) == counts


def test_worked_example_keeps_its_ranking() -> None:
    reported = MODELS["sample-panel-paint-1"].reported
    assert reported["ROCAUC"] == pytest.approx(0.967532, abs=5e-7)
    assert reported["AveragePrecision"] == pytest.approx(0.963193, abs=5e-7)
