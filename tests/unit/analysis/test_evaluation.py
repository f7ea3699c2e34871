"""The numbers of a report against oracles: scikit-learn, SciPy, worked examples."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

import lfv_mcp
from lfv_mcp.analysis.evaluation import report
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, read_evaluation_manifest
from lfv_mcp.formats.evaluation_result import EvaluationResult, read_evaluation_result
from lfv_mcp.results.common import Source
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance
from lfv_mcp.times import iso_utc
from tests.support.answers import ARCHIVE, codes, message
from tests.support.evaluation_files import json_lines, line, result_file
from tests.support.reports import (
    FIXTURE,
    FIXTURE_DESCRIPTION,
    analysed,
    interval,
    judged,
    near,
    near_pair,
    read,
    six_digits,
    wilson,
)

relaxed = settings(deadline=None, max_examples=60)


SAMPLE: Final = Path(lfv_mcp.__file__).parent / "archive" / "_sample"


def test_the_four_line_fixture_in_every_detail() -> None:
    answer = analysed(
        read(FIXTURE),
        read_evaluation_result(result_file()),
        description=FIXTURE_DESCRIPTION,
        threshold=0.5,
        defect_rate=0.01,
    )
    assert answer["test_images"] == 4
    assert answer["training_images"] == 30
    assert answer["confusion"] == {
        "true_positives": 1,
        "false_positives": 1,
        "false_negatives": 1,
        "true_negatives": 1,
        "unusable_lines": 0,
    }
    metrics = answer["metrics"]
    for name in ("precision", "recall", "false_alarm_rate"):
        assert metrics[name]["value"] == 0.5
        assert interval(metrics[name]) == near_pair(wilson(1, 2))
    assert metrics["f1_score"]["value"] == 0.5
    # TP / (TP + FP + FN) is the proportion 1 of 3.
    assert interval(metrics["f1_score"]) == near_pair(tuple(2 * j / (1 + j) for j in wilson(1, 3)))
    assert metrics["roc_auc"]["value"] == 0.75
    assert metrics["roc_auc"]["low"] < 0.75 < metrics["roc_auc"]["high"] < 1
    assert metrics["average_precision"]["value"] == six_digits((1 + 2 / 3) / 2)
    assert answer["reported"]["average_precision"] == 0.833333
    assert answer["agrees"] is True
    assert answer["threshold"]["rule_holds"] is True
    assert answer["threshold"]["operating_range"] == {
        "max_normal_score": 0.38,
        "min_anomaly_score": 0.71,
    }
    counts = [
        [row["threshold"], row["false_negatives"], row["false_positives"]]
        for row in answer["threshold"]["candidates"]
    ]
    assert counts == [[0.97, 1, 0], [0.38, 0, 1]]  # 0.71 misses as many for a false alarm more
    at = answer["threshold"]["at"]
    assert (at["threshold"], at["f1_score"]) == (0.5, 0.5)
    for name in ("precision", "recall", "false_alarm_rate"):
        assert at[name] == metrics[name]
    missed = {"image": FIXTURE[1]["source-ref"], "anomaly_score": 0.38, "confidence": 0.62}
    alarm = {"image": FIXTURE[3]["source-ref"], "anomaly_score": 0.71, "confidence": 0.71}
    assert answer["examples"] == {
        "missed_defects": {"count": 1, "images": [missed]},
        "false_alarms": {"count": 1, "images": [alarm]},
    }
    line = answer["line"]
    assert line["defect_rate"] == 0.01
    assert line["expected_precision"]["value"] == six_digits(0.01)
    for name, value, share in (
        ("escapes_per_million", 5000, 0.01),
        ("false_rejects_per_million", 495_000, 0.99),
    ):
        assert line[name]["value"] == six_digits(value)
        assert interval(line[name]) == near_pair(tuple(end * share * 1e6 for end in wilson(1, 2)))
    # The cut is not the best one here, so nothing says that it is.
    assert codes(answer) == {
        "small_test_set",
        "scores_confirmed",
        "threshold_client_side",
        "precision_falls_on_line",
    }


def test_what_the_line_sees_as_worked_in_the_facts() -> None:
    """4.1 and 8.1: 36 of 40 defects, 6 of 80 good parts: precision 0.108 at 1 % defects."""
    manifest = judged(
        *[(True, True, 0.9)] * 36,
        *[(True, False, 0.8)] * 4,
        *[(False, True, 0.85)] * 6,
        *[(False, False, 0.95)] * 74,
    )
    answer = analysed(manifest, defect_rate=0.01)
    line = answer["line"]
    assert line["expected_precision"]["value"] == pytest.approx(0.108, abs=5e-4)
    assert interval(line["expected_precision"]) == (
        pytest.approx(0.055, abs=5e-4),
        pytest.approx(0.207, abs=5e-4),
    )
    assert line["escapes_per_million"]["value"] == 1000
    assert line["false_rejects_per_million"]["value"] == 74_250
    assert message(answer, "precision_falls_on_line") == (
        "On the test set 6 of 42 rejects were good parts; at 1 % defects about 89 of 100 rejects "
        "are."
    )
    assert (
        "At 1 % defects, of a million parts about 1,000 defects escape (400 to 2,300) and about "
        "74,000 good parts are rejected (34,000 to 150,000). Of 100 rejects about 11 are defects "
        "(5 to 21)."
    ) in answer["summary"]
    assert answer["metrics"]["recall"]["low"] == pytest.approx(0.77, abs=5e-3)


def test_segmentation_labels_of_the_facts() -> None:
    """8.6: only the EvaluationResult says that it is a segmentation model."""
    labels = [
        {"Precision": 0.81, "Recall": 0.74, "F1Score": 0.773419, "AIOU": 0.61, "ClassName": "dent"},
        {"Precision": 0.69, "Recall": 0.52, "F1Score": 0.5, "AIOU": 0.38, "ClassName": "scratch"},
    ]
    document = result_file(Precision=0.952381, Recall=0.909091, F1Score=0.930233)
    document["AggregatedEvaluationResults"]["Metrics"]["PixelAnomalyClassMetrics"] = labels
    answer = analysed(None, read_evaluation_result(document), defect_rate=0.01)
    assert answer["labels"][0] == {
        "name": "dent",
        "precision": 0.81,
        "recall": 0.74,
        "f1_score": 0.773419,
        "average_iou": 0.61,
    }
    assert (
        message(answer, "weak_label") == "Weak labels: 'scratch' (recall 0.52, average IoU 0.38)."
    )
    # Without counts: no confusion, no interval, no rate of false alarms, and it is said.
    assert {"confusion", "metrics", "agrees", "threshold", "examples"}.isdisjoint(answer)
    assert answer["line"] == {
        "defect_rate": 0.01,
        "escapes_per_million": {
            "value": six_digits(909.09),
            "no_interval": "the counts behind it are not known",
        },
    }
    assert {"counts_unknown", "line_incomplete"} <= codes(answer)
    assert "no whole numbers of images" in message(answer, "counts_unknown")
    # A cut takes the images one by one: nothing is said of the line at it.
    answer = analysed(None, read_evaluation_result(document), defect_rate=0.01, threshold=0.5)
    assert "line" not in answer
    assert "threshold_unanswerable" in codes(answer)


def random_manifests(sets: int, images: int, seed: int) -> Iterator[list[tuple[bool, bool, float]]]:
    """Manifests that follow the score rule, of any class mix, from all tied to all distinct."""
    rng = random.Random(seed)
    for _ in range(sets):
        levels = rng.choice([2, 4, 20, 10**6])
        shift = rng.choice([0.0, 0.25, 0.5])
        anomalies = rng.randrange(1, images)
        cut = rng.randrange(levels + 1) / levels
        cells = []
        for i in range(images):
            anomalous = i < anomalies
            score = min(1.0, rng.randrange(levels + 1) / levels * (1 - shift) + shift * anomalous)
            score = round(score, 6)
            flagged = score >= cut
            cells.append((anomalous, flagged, score if flagged else round(1 - score, 6)))
        yield cells


@pytest.mark.slow
def test_thousands_of_manifests_are_scikit_learns_and_scipys() -> None:
    sets = list(random_manifests(2000, 30, seed=4))
    truth = np.array([[a for a, _, _ in cells] for cells in sets]).T
    flagged = np.array([[f for _, f, _ in cells] for cells in sets]).T
    score = np.array([[c if f else round(1 - c, 12) for _, f, c in cells] for cells in sets]).T
    p, r, f1, _ = sk.precision_recall_fscore_support(
        truth, flagged, average=None, zero_division=np.nan
    )
    alarms = sk.recall_score(~truth, ~flagged, average=None)
    # Ranks give the area of every set; scikit-learn is slower and confirms it for some.
    anomalies = truth.sum(axis=0)
    ranks = np.where(truth, rankdata(score, axis=0), 0).sum(axis=0)
    auc = (ranks - anomalies * (anomalies + 1) / 2) / (anomalies * (len(truth) - anomalies))
    some = np.s_[:, :300]
    np.testing.assert_allclose(
        auc[:300], sk.roc_auc_score(truth[some], score[some], average=None), rtol=0, atol=1e-12
    )
    ap = sk.average_precision_score(truth[some], score[some], average=None)
    for i, cells in enumerate(sets):
        manifest = judged(*cells)
        metrics = report(ModelDescription(), None, manifest, ARCHIVE).to_json()["metrics"]
        c = manifest.confusion
        tp, fp, fn, tn = c.true_positives, c.false_positives, c.false_negatives, c.true_negatives
        if math.isnan(p[i]):
            assert metrics["precision"] == {"undefined": "no test image is predicted anomalous"}
        else:
            assert metrics["precision"]["value"] == six_digits(p[i])
            assert interval(metrics["precision"]) == near_pair(wilson(tp, tp + fp))
        assert metrics["recall"]["value"] == six_digits(r[i])
        assert interval(metrics["recall"]) == near_pair(wilson(tp, tp + fn))
        assert metrics["false_alarm_rate"]["value"] == six_digits(1 - alarms[i])
        assert interval(metrics["false_alarm_rate"]) == near_pair(wilson(fp, fp + tn))
        assert metrics["f1_score"]["value"] == six_digits(f1[i])
        assert metrics["roc_auc"]["value"] == six_digits(auc[i])
        if i < len(ap):
            assert metrics["average_precision"]["value"] == six_digits(ap[i])


SAMPLES: Final = {
    path.stem: json.loads(path.read_bytes())["ModelDescription"]
    for path in sorted(SAMPLE.glob("describe-model/*.json"))
}


JUDGED: Final = [
    name
    for name, held in SAMPLES.items()
    if "EvaluationManifest" in held
    and (SAMPLE / "evaluation" / held["EvaluationManifest"]["Key"]).exists()
]


def sampled(
    name: str,
) -> tuple[ModelDescription, EvaluationResult | None, EvaluationManifest | None]:
    """A model of the sample archive, read from disk."""
    held = SAMPLES[name]
    paths = [
        SAMPLE / "evaluation" / held[kind]["Key"]
        for kind in ("EvaluationResult", "EvaluationManifest")
    ]
    result = (
        read_evaluation_result(json.loads(paths[0].read_bytes())) if paths[0].exists() else None
    )
    manifest = None
    if paths[1].exists():
        manifest = read_evaluation_manifest(paths[1].read_bytes().splitlines(keepends=True))
    performance = held.get("Performance")
    description = ModelDescription(
        ModelArn=held["ModelArn"],
        EvaluationEndTimestamp=iso_utc(datetime.fromtimestamp(held["EvaluationEndTimestamp"], UTC)),
        Performance=None if performance is None else ModelPerformance(**performance),
    )
    return description, result, manifest


@pytest.mark.parametrize("name", JUDGED)
def test_the_sample_is_recounted_as_scikit_learn_does(name: str) -> None:
    description, result, manifest = sampled(name)
    assert manifest
    assert manifest.images
    answer = analysed(
        manifest,
        result,
        description=description,
        source=Source(kind="sample", basis="describe_model"),
        threshold=0.5,
        defect_rate=0.01,
    )
    truth = [image.anomalous for image in manifest.images]
    flagged = [image.flagged for image in manifest.images]
    tn, fp, fn, tp = sk.confusion_matrix(truth, flagged).ravel().tolist()
    assert list(answer["confusion"].values()) == [tp, fp, fn, tn, 0]
    p, r, f1, _ = sk.precision_recall_fscore_support(truth, flagged, average="binary")
    assert answer["metrics"]["precision"]["value"] == six_digits(p)
    assert answer["metrics"]["recall"]["value"] == six_digits(r)
    assert answer["metrics"]["f1_score"]["value"] == six_digits(f1)
    assert answer.get("agrees", True) is True
    assert "evaluation_mismatch" not in codes(answer)
    assert "(synthetic sample)" in answer["summary"]
    if name == "sample-bottle-neck-2":  # its confidences do not follow the rule
        assert answer["threshold"] == {"rule_holds": False}
        assert {"line", "examples"}.isdisjoint(answer)
        assert "threshold_unanswerable" in codes(answer)
        assert "value" not in answer["metrics"]["roc_auc"]
        assert "value" not in answer["metrics"]["average_precision"]
        assert "scores_unusable" in codes(answer)
        assert answer["reported"]["roc_auc"] > 0.8
        return
    scores = [i.confidence if i.flagged else 1 - (i.confidence or 0) for i in manifest.images]
    assert answer["metrics"]["roc_auc"]["value"] == six_digits(sk.roc_auc_score(truth, scores))
    assert answer["metrics"]["average_precision"]["value"] == six_digits(
        sk.average_precision_score(truth, scores)
    )
    expected = "scores_confirmed" if result else "scores_unconfirmed"
    assert expected in codes(answer)
    assert "metrics_best_case" in codes(answer)  # the script draws until the cut is the best one
    assert ("description_disagrees" in codes(answer)) is (name == "sample-weld-bead-2")


cell = st.tuples(
    st.booleans(), st.booleans(), st.integers(0, 20).map(lambda k: k / 20) | st.just(None)
)


cells = st.lists(cell, max_size=25)


following = st.builds(
    lambda cut, drawn: [(a, s >= cut, round(s if s >= cut else 1 - s, 2)) for a, s in drawn],
    st.integers(0, 20).map(lambda k: k / 20),
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 20).map(lambda k: k / 20)), min_size=1, max_size=25
    ),
)


some_cells = cells | following


@pytest.mark.slow
@relaxed
@given(some_cells, st.randoms(use_true_random=False), st.sampled_from([None, 0.01, 0.0, 1.0]))
def test_what_does_not_matter_does_not_change_the_report(
    drawn: list[tuple[bool, bool, float | None]], rng: random.Random, defect_rate: float | None
) -> None:
    items = [line(f"s3://b/{i // 2}.png", *each) for i, each in enumerate(drawn)]
    items += [{"source-ref": "s3://b/unlabelled.png"}] * len(items[:2])
    options: dict[str, Any] = {"defect_rate": defect_rate, "threshold": 0.55, "max_examples": 3}
    expected = analysed(read(items), **options)

    shuffled = rng.sample(items, len(items))
    assert analysed(read(shuffled), **options) == expected

    def inverted(item: dict[str, Any]) -> dict[str, Any]:
        integers = ("anomaly-label", "anomaly-label-detected")
        return {n: 1 - v if n in integers else v for n, v in item.items()}

    def shouting(item: dict[str, Any]) -> dict[str, Any]:
        return {
            n: v | {"class-name": rng.choice([str.upper, str.title])(v["class-name"])}
            if isinstance(v, dict)
            else v
            for n, v in item.items()
        }

    def crowded(item: dict[str, Any]) -> dict[str, Any]:
        extra = {
            "zone": [1, {"a": None}],
            "anomaly-mask-ref": "s3://b/mask.png",
            "anomaly-mask-ref-metadata": {"type": "groundtruth/semantic-segmentation"},
            "anomaly-mask-ref-detected": "s3://b/mask-detected.png",
            "anomaly-mask-ref-detected-metadata": {"internal-color-map": {}},
            "source-ref-metadata": {"creation-date": "2025-06-03T08:10:11.204000"},
        }
        members = list((item | extra).items())
        rng.shuffle(members)
        return dict(members)

    def renamed(item: dict[str, Any]) -> dict[str, Any]:
        return {n.replace("anomaly-label", "zebra"): v for n, v in item.items()}

    for change in (inverted, shouting, crowded, renamed):
        assert analysed(read(map(change, items)), **options) == expected, change.__name__


@pytest.mark.slow
@relaxed
@given(some_cells)
def test_swapping_the_classes_swaps_what_it_should(
    drawn: list[tuple[bool, bool, float | None]],
) -> None:
    before = analysed(judged(*drawn))
    after = analysed(judged(*[(not a, not f, c) for a, f, c in drawn]))
    pairs = [("true_positives", "true_negatives"), ("false_positives", "false_negatives")]
    for one, other in pairs:
        assert before["confusion"][one] == after["confusion"][other]
        assert before["confusion"][other] == after["confusion"][one]
    assert before.get("threshold", {}).get("rule_holds") == after.get("threshold", {}).get(
        "rule_holds"
    )
    recall, alarms = before["metrics"]["recall"], after["metrics"]["false_alarm_rate"]
    assert ("value" in recall) is ("value" in alarms)
    if "value" in recall:
        assert recall["value"] == pytest.approx(1 - alarms["value"], abs=1e-6)
        assert recall["low"] == pytest.approx(1 - alarms["high"], abs=1e-6)
    if "value" in before["metrics"]["roc_auc"]:
        assert after["metrics"]["roc_auc"] == pytest.approx(before["metrics"]["roc_auc"])
    if "examples" in before:
        missed, alarms = before["examples"]["missed_defects"], after["examples"]["false_alarms"]
        assert missed["count"] == alarms["count"]
        pairs_of_images = zip(missed["images"], alarms["images"], strict=True)
        for one_image, other_image in pairs_of_images:
            assert one_image["image"] == other_image["image"]
            if "anomaly_score" in one_image:
                assert one_image["anomaly_score"] == near(1 - other_image["anomaly_score"])


SHARES: Final = {"precision", "recall", "false_alarm_rate"}


AREAS: Final = {"roc_auc", "average_precision"}


ALL: Final = {*SHARES, "f1_score", *AREAS}


@pytest.mark.parametrize(
    ("drawn", "undefined"),
    [
        ([], ALL),
        ([(False, False, 0.9)] * 3, ALL - {"false_alarm_rate"}),
        ([(False, True, 0.9)] * 3, ALL - {"false_alarm_rate", "precision"}),
        ([(True, False, 0.9)] * 3, {"precision", "false_alarm_rate", "roc_auc"}),
        ([(True, True, 0.9)], {"false_alarm_rate", "roc_auc"}),
        ([(True, False, 0.9), (False, False, 0.9)], {"precision"}),
        ([(True, True, None), (False, False, 0.9)], AREAS),
        # A predicted normal outscores a predicted anomaly.
        ([(True, True, 0.6), (False, False, 0.1)], AREAS),
    ],
)
def test_what_a_set_cannot_tell_is_undefined_with_a_reason(
    drawn: list[tuple[bool, bool, float | None]], undefined: set[str]
) -> None:
    answer = analysed(judged(*drawn), defect_rate=0.01)
    assert set(answer["metrics"]) == ALL
    without = {name for name, metric in answer["metrics"].items() if "undefined" in metric}
    assert without == undefined
    assert all(answer["metrics"][name]["undefined"] for name in without)
    line = {name: each for name, each in answer["line"].items() if name != "defect_rate"}
    assert ("value" in line["escapes_per_million"]) is ("recall" not in undefined)
    assert ("value" in line["false_rejects_per_million"]) is ("false_alarm_rate" not in undefined)
    assert ("line_incomplete" in codes(answer)) is any(
        "undefined" in each for each in line.values()
    )


def test_no_file_at_all_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="neither"):
        report(ModelDescription(), None, None, ARCHIVE)


@pytest.mark.parametrize(
    "confidence",
    [math.nan, math.inf, -0.1, 1.1, True, None, "high", [], {"a": 1}, 10**400],
)
def test_without_a_usable_confidence_an_image_counts_but_gives_no_score(confidence: object) -> None:
    drawn = [line("s3://b/1.png", True, False, confidence), line("s3://b/2.png", False, False)]
    drawn.append(line("s3://b/3.png", True, False, 0.5))
    answer = analysed(read(drawn))
    assert answer["confusion"]["false_negatives"] == 2
    assert "threshold" not in answer
    assert "1 of 3 images has no usable confidence" in message(answer, "scores_unusable")
    assert answer["examples"]["missed_defects"] == {
        "count": 2,
        "images": [{"image": "s3://b/3.png", "confidence": 0.5}, {"image": "s3://b/1.png"}],
    }


def test_repeated_images_each_count_and_are_reported() -> None:
    answer = analysed(read([*FIXTURE, FIXTURE[0], FIXTURE[0]]))
    assert answer["confusion"]["true_positives"] == 3
    assert message(answer, "duplicate_images").startswith(
        "Lines that repeat the image of another: 2."
    )


def test_a_line_that_names_no_image_counts_but_is_no_example() -> None:
    nameless = [line("", True, False), line("s" * 5000, True, False), FIXTURE[1]]
    answer = analysed(read([*nameless, line("s3://b/1.png", True, False, **{"source-ref": None})]))
    assert answer["confusion"]["false_negatives"] == 4
    assert "duplicate_images" not in codes(answer)
    missed = answer["examples"]["missed_defects"]
    assert missed["count"] == 4
    assert [each["image"] for each in missed["images"]] == [FIXTURE[1]["source-ref"]]


def test_text_from_a_file_is_data() -> None:
    hostile = line("s3://b/\x1b[31m\u202egnp.1\n- critical x: y", True, False)
    (example,) = analysed(read([hostile]))["examples"]["missed_defects"]["images"]
    assert example["image"] == "s3://b/gnp.1 - critical x: y"
    document = result_file(
        PixelAnomalyClassMetrics=[{"ClassName": "\u202e" + "x" * 600, "Recall": 0}]
    )
    answer = analysed(None, read_evaluation_result(document))
    assert answer["labels"][0]["name"] == "x" * 500 + "…[+100]"
    assert {"text_shortened", "weak_label"} <= codes(answer)


def test_an_empty_manifest_is_no_evidence_but_no_error() -> None:
    assert analysed(read_evaluation_manifest([b"", b"\n"]))["test_images"] == 0


def test_beyond_the_limit_lines_only_count() -> None:
    at_limit = analysed(read_evaluation_manifest(json_lines(FIXTURE[:3]), keep=3), threshold=0.5)
    assert "threshold" in at_limit
    manifest = read_evaluation_manifest(json_lines([*FIXTURE, FIXTURE[0]]), keep=3)
    assert manifest.images is None
    answer = analysed(manifest, threshold=0.5)
    assert answer["test_images"] == 5
    assert {"threshold", "examples"}.isdisjoint(answer)
    assert "undefined" in answer["metrics"]["roc_auc"]
    assert answer["metrics"]["recall"]["value"] == six_digits(2 / 3)
    assert {"manifest_too_long", "threshold_unanswerable"} <= codes(answer)
    assert "duplicate_images" not in codes(answer)


def test_a_result_without_details_still_has_its_metrics() -> None:
    document = result_file()
    document["EvaluationDetails"] = {}
    answer = analysed(None, read_evaluation_result(document))
    assert answer["reported"]["recall"] == 0.5
    assert {"test_images", "training_images"}.isdisjoint(answer)
    assert answer["summary"].startswith("This model ")


@pytest.mark.parametrize("most", [0, 1, 5])
def test_examples_are_the_worst_and_no_more_than_asked(most: int) -> None:
    missed = [line(f"s3://b/m{i}.png", True, False, 0.6 + i / 100) for i in range(4)]
    alarms = [line(f"s3://b/a{i}.png", False, True, 0.9 + i / 100) for i in range(4)]
    examples = analysed(read(missed + alarms), max_examples=most)["examples"]
    wanted = [f"s3://b/m{i}.png" for i in (3, 2, 1, 0)][:most]
    assert [each["image"] for each in examples["missed_defects"]["images"]] == wanted
    wanted = [f"s3://b/a{i}.png" for i in (3, 2, 1, 0)][:most]
    assert [each["image"] for each in examples["false_alarms"]["images"]] == wanted
    assert examples["missed_defects"]["count"] == examples["false_alarms"]["count"] == 4
