"""Versions on the same images and on others: SciPy's exact test, and refusals that must hold."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import lfv_mcp
from lfv_mcp.analysis.comparison import compare
from lfv_mcp.analysis.comparison_text import COMPARISON_DIGEST_LIMIT, comparison_digest
from lfv_mcp.analysis.paired_tests import ALPHA
from lfv_mcp.analysis.verdicts import Candidate
from lfv_mcp.findings import finding
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, read_evaluation_manifest
from lfv_mcp.formats.evaluation_result import EvaluationResult, read_evaluation_result
from lfv_mcp.results.common import Source
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_summary import ModelSummary, Performance
from tests.support.answers import ARCHIVE, LIVE, as_json, codes

SAMPLE: Final = Path(lfv_mcp.__file__).parent / "archive" / "_sample"
ARN: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/cap/{}"
KIND: Final = "groundtruth/image-classification"

Judged = tuple[str, bool, bool]  # image, anomalous, flagged
relaxed = settings(deadline=None, max_examples=60)


# Building blocks


def manifest(version: int | str, images: Sequence[Judged]) -> EvaluationManifest:
    return read_evaluation_manifest(manifest_lines(version, images))


def manifest_lines(version: int | str, images: Sequence[Judged]) -> list[bytes]:
    names = {True: "anomaly", False: "normal"}
    return [
        json.dumps(
            {
                "source-ref": ref,
                "x-metadata": {"class-name": names[anomalous], "type": KIND},
                "x-detected-metadata": {
                    "class-name": names[flagged],
                    "confidence": 0.9,
                    "model-arn": ARN.format(version),
                },
            }
        ).encode()
        for ref, anomalous, flagged in images
    ]


def candidate(
    version: int | str,
    images: Sequence[Judged] | None = None,
    *,
    performance: Performance | None = None,
    status: str = "TRAINED",
    result: EvaluationResult | None = None,
) -> Candidate:
    """A version, with its manifest if `images` are given."""
    summary = ModelSummary(
        summary="",
        project_name="cap",
        model_version=str(version),
        status=status,
        performance=performance,
        findings=(),
        source=ARCHIVE,
        model_description=ModelDescription(ModelArn=ARN.format(version)),
    )
    held = None if images is None else manifest(version, images)
    return Candidate(summary, result, held)


def images(
    found: int = 0, missed: int = 0, alarms: int = 0, passed: int = 0, folder: str = "s3://b"
) -> list[Judged]:
    """Test images by outcome; equal totals of each class give the same images."""
    anomalous = [True] * found + [False] * missed
    normal = [True] * alarms + [False] * passed
    return [
        *((f"{folder}/a{i}.png", True, flagged) for i, flagged in enumerate(anomalous)),
        *((f"{folder}/n{i}.png", False, flagged) for i, flagged in enumerate(normal)),
    ]


def compared(*candidates: Candidate, **options: Any) -> dict[str, Any]:
    """A comparison as a client gets it, checked for what holds of every one."""
    answer = compare(candidates, options.pop("source", ARCHIVE), **options)
    plain = as_json(answer)
    assert plain["baseline"] == candidates[0].version
    assert [row["model_version"] for row in plain["models"]] == [c.version for c in candidates]
    assert {"verdict", "deltas", "paired"}.isdisjoint(plain["models"][0])
    assert all("verdict" in row for row in plain["models"][1:])
    assert plain["best_reason"].endswith(".")
    assert plain["best_reason"] in plain["summary"]
    digest = comparison_digest(answer)
    assert len(digest) <= COMPARISON_DIGEST_LIMIT
    assert digest.splitlines()[-1].startswith("Source: ")
    return plain


# On the same images


def test_a_better_version_on_the_same_images_is_the_best() -> None:
    answer = compared(candidate(1, images(30, 10, 10, 40)), candidate(2, images(39, 1, 2, 48)))
    row = answer["models"][1]
    assert row["verdict"] == "better"
    assert row["paired"] == {
        "only_baseline_right": 0,
        "only_this_right": 17,
        "p_value": pytest.approx(binomtest(0, 17).pvalue, rel=1e-12),
    }
    assert row["deltas"]["recall"] == pytest.approx(9 / 40, abs=1e-12)
    assert row["deltas"]["false_alarm_rate"] == pytest.approx(-8 / 50, abs=1e-12)
    assert answer["best"] == "2"
    assert answer["same_test_set"] is True
    assert "9 fewer escapes and 8 fewer false alarms" in answer["best_reason"]
    assert answer["findings"] == []
    assert answer["summary"].startswith("Of 2 versions of cap version 2 is the best. Of 90 shared ")


def test_the_paired_test_is_scipys_on_many_random_versions() -> None:
    rng = random.Random(11)
    for _ in range(250):
        size = rng.randrange(2, 40)
        truth = [rng.random() < 0.4 for _ in range(size)]
        skill = rng.choice([0.5, 0.8, 0.99]), rng.choice([0.5, 0.8, 0.99])
        first, second = (
            [(f"s3://b/{i}", t, t if rng.random() < s else not t) for i, t in enumerate(truth)]
            for s in skill
        )
        answer = compared(
            candidate(1, first), candidate(2, rng.sample(second, size)), candidate(3, first)
        )
        right = [(f[1] == f[2], s[1] == s[2]) for f, s in zip(first, second, strict=True)]
        alone = right.count((True, False)), right.count((False, True))
        paired = answer["models"][1]["paired"]
        assert (paired["only_baseline_right"], paired["only_this_right"]) == alone
        expected = binomtest(alone[0], sum(alone)).pvalue if sum(alone) else 1
        assert paired["p_value"] == pytest.approx(expected, rel=1e-12)
        if answer["models"][1]["verdict"] in ("better", "worse"):
            assert expected <= ALPHA
        # The third judges as the first does, image by image.
        assert answer["models"][2]["paired"] == {
            "only_baseline_right": 0,
            "only_this_right": 0,
            "p_value": 1,
        }
        assert answer["models"][2]["verdict"] == "no_difference"
        assert answer.get("best") in (None, "2")  # 1 and 3 are always tied


def test_too_little_of_a_difference_is_none() -> None:
    answer = compared(candidate(1, images(30, 5, 0, 30)), candidate(2, images(35, 0, 0, 30)))
    assert answer["models"][1]["paired"]["p_value"] == 0.0625
    assert answer["models"][1]["verdict"] == "no_difference"
    assert "best" not in answer
    assert answer["best_reason"].startswith("Undecided: ")
    assert answer["summary"].startswith("Of 2 versions of cap no version is proven the best. ")


@pytest.mark.parametrize("flip", [False, True])
def test_fewer_escapes_for_more_false_alarms_are_a_trade(flip: bool) -> None:
    """Even where accuracy clearly gains, or evens out and hides a clear difference."""
    for second in (images(40, 0, 5, 35), images(40, 0, 20, 20)):
        pair = [images(20, 20, 0, 40), second]
        answer = compared(*(candidate(i, each) for i, each in enumerate(pair[:: 1 - 2 * flip], 1)))
        assert answer["models"][1]["verdict"] == "not_comparable"
        assert "best" not in answer
        assert "trade_off" in codes(answer)
        assert " escapes and " in answer["best_reason"]


def test_a_clear_gain_in_one_class_alone_is_no_trade() -> None:
    """Fewer escapes and as many false alarms; accuracy decides."""
    answer = compared(candidate(1, images(20, 20, 5, 35)), candidate(2, images(40, 0, 5, 35)))
    assert answer["models"][1]["verdict"] == "better"
    assert answer["findings"] == []


def test_the_digest_says_that_a_status_is_history() -> None:
    pair = [candidate(1, images(1, 1, 1, 1)), candidate(2)]
    lines = comparison_digest(compare(pair, ARCHIVE)).splitlines()
    assert lines[1].startswith("Version 1 (TRAINED when captured): the baseline; recall 0.5 (")
    assert lines[2] == "Version 2 (TRAINED when captured): not comparable; no metrics"
    live = comparison_digest(compare(pair, LIVE))
    assert "Version 1 (TRAINED): the baseline" in live


def test_opposite_changes_by_chance_alone_are_no_trade() -> None:
    answer = compared(candidate(1, images(39, 1, 0, 40)), candidate(2, images(40, 0, 1, 39)))
    assert answer["models"][1]["verdict"] == "no_difference"
    assert answer["findings"] == []


@relaxed
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_swapping_the_baseline_turns_the_verdict(drawn: list[tuple[bool, bool, bool]]) -> None:
    first = [(f"s3://b/{i}", t, f) for i, (t, f, _) in enumerate(drawn)]
    second = [(f"s3://b/{i}", t, f) for i, (t, _, f) in enumerate(drawn)]
    one = compared(candidate(1, first), candidate(2, second))
    other = compared(candidate(2, second), candidate(1, first))
    turned = {"better": "worse", "worse": "better"}
    verdict = one["models"][1]["verdict"]
    assert other["models"][1]["verdict"] == turned.get(verdict, verdict)
    assert one.get("best") == other.get("best")
    assert (one.get("best") == "2") is (verdict == "better")
    for name, delta in one["models"][1]["deltas"].items():
        assert other["models"][1]["deltas"][name] == -delta


def test_pairing_needs_nine_tenths_of_the_larger_set() -> None:
    base = images(50, 0, 0, 50)
    for kept, is_paired in ((90, True), (89, False)):
        other = [*base[:kept], *images(50, 0, 0, 50, folder="s3://c")[kept:]]
        for pair in ((base, other), (other, base)):
            answer = compared(*(candidate(i, each) for i, each in enumerate(pair, 1)))
            assert ("paired" in answer["models"][1]) is is_paired
            assert answer["same_test_set"] is False
            assert "different_test_sets" in codes(answer)
    assert "paired" not in compared(candidate(1, base), candidate(2, base[:89]))["models"][1]


def test_repeated_images_and_changed_truths_are_not_matched() -> None:
    base = images(50, 0, 0, 50)
    repeated = compared(candidate(1, base + base[:1]), candidate(2, base + base[:1]))
    assert repeated["same_test_set"] is True
    assert "paired" in repeated["models"][1]
    twice = compared(candidate(1, base * 2), candidate(2, base * 2))
    assert "paired" not in twice["models"][1]
    relabelled = [(ref, not truth, flagged) for ref, truth, flagged in base[:5]] + base[5:]
    answer = compared(candidate(1, base), candidate(2, relabelled))
    assert answer["same_test_set"] is False
    assert answer["models"][1]["paired"]["only_baseline_right"] == 0


# On different images


def test_on_different_images_only_clear_intervals_decide() -> None:
    weak, strong = images(40, 60, 60, 40), images(95, 5, 5, 95, folder="s3://c")
    answer = compared(candidate(1, weak), candidate(2, strong))
    assert answer["models"][1]["verdict"] == "better"
    assert answer["best"] == "2"
    assert "different_test_sets" in codes(answer)
    answer = compared(candidate(1, strong), candidate(2, weak))
    assert answer["models"][1]["verdict"] == "worse"
    assert answer["best"] == "1"


@pytest.mark.parametrize(
    ("other", "verdict", "is_trade"),
    [
        (images(85, 15, 12, 88, folder="s3://c"), "no_difference", False),
        (images(99, 1, 10, 90, folder="s3://c"), "not_comparable", False),  # recall alone
        (images(99, 1, 60, 40, folder="s3://c"), "not_comparable", True),
        (images(100, 0, folder="s3://c"), "not_comparable", False),  # no normal image
    ],
)
def test_on_different_images_anything_less_crowns_nobody(
    other: list[Judged], verdict: str, is_trade: bool
) -> None:
    answer = compared(candidate(1, images(80, 20, 10, 90)), candidate(2, other))
    assert answer["models"][1]["verdict"] == verdict
    assert "paired" not in answer["models"][1]
    assert "best" not in answer
    assert ("trade_off" in codes(answer)) is is_trade


# Without counts

GOOD: Final = Performance(f1_score=0.9, precision=0.9, recall=0.9)
POOR: Final = Performance(f1_score=0.5, precision=0.5, recall=0.5)


def result(version: int, testing_images: int) -> EvaluationResult:
    return read_evaluation_result(
        {
            "EvaluationDetails": {
                "ModelArn": ARN.format(version),
                "NumberOfTestingImages": testing_images,
            },
            "AggregatedEvaluationResults": {"Metrics": {"Recall": 0.7, "Precision": 0.8}},
        }
    )


def test_without_counts_there_are_differences_but_no_verdict() -> None:
    answer = compared(candidate(1, performance=POOR), candidate(2, performance=GOOD))
    row = answer["models"][1]
    assert row["metrics"]["recall"] == {"value": 0.9}
    assert row["deltas"] == {"precision": 0.4, "recall": 0.4, "f1_score": 0.4}
    assert row["verdict"] == "not_comparable"
    assert "DescribeModel does not record" in answer["best_reason"]
    assert {"best", "same_test_set"}.isdisjoint(answer)
    assert "test_set_unknown" in codes(answer)


def test_the_file_is_asked_before_the_description_and_the_manifest_before_both() -> None:
    held = candidate(2, performance=GOOD, result=result(2, 60))
    row = compared(candidate(1, performance=POOR), held)["models"][1]
    assert row["metrics"]["recall"] == {"value": 0.7}
    held = candidate(2, images(1, 1, 1, 1), performance=GOOD, result=result(2, 60))
    row = compared(candidate(1, performance=POOR), held)["models"][1]
    assert row["metrics"]["recall"]["value"] == 0.5
    assert row["deltas"]["recall"] == 0


def test_test_sets_of_different_sizes_are_known_to_differ() -> None:
    one = candidate(1, performance=GOOD, result=result(1, 60))
    for size, told in ((61, {"same_test_set": False}), (60, {})):
        answer = compared(one, candidate(2, performance=GOOD, result=result(2, size)))
        assert {n: v for n, v in answer.items() if n == "same_test_set"} == told


def test_a_manifest_with_unusable_lines_does_not_prove_the_same_test_set() -> None:
    base = images(5, 0, 0, 5)
    whole = candidate(1, base)
    lines = [json.dumps({"source-ref": "s3://b/x.png"}).encode()]
    part = Candidate(candidate(2).summary, None, read_evaluation_manifest(lines))
    assert part.manifest
    assert "same_test_set" not in compared(whole, part)
    partial = Candidate(
        part.summary, None, read_evaluation_manifest([*lines, *manifest_lines(2, base)])
    )
    assert "same_test_set" not in compared(whole, partial)
    nameless = [("", anomalous, flagged) for _, anomalous, flagged in base]
    assert "same_test_set" not in compared(candidate(1, nameless), candidate(2, nameless))
    assert compared(whole, part)["models"][1]["verdict"] == "not_comparable"


def test_a_version_that_never_finished_training_is_no_rival() -> None:
    failed = candidate(3, status="TRAINING_FAILED")
    pair = candidate(1, images(20, 20, 20, 20)), candidate(2, images(40, 0, 0, 40))
    answer = compared(*pair, failed)
    assert answer["best"] == "2"
    assert answer["models"][2] == {
        "model_version": "3",
        "status": "TRAINING_FAILED",
        "verdict": "not_comparable",
    }
    answer = compared(pair[0], failed)
    assert "best" not in answer
    assert answer["best_reason"].startswith("There is nothing to compare: 1 of them")


def test_files_of_another_model_are_not_used() -> None:
    good, poor = images(40, 0, 0, 40), images(20, 20, 20, 20)
    stray = Candidate(candidate(2).summary, None, manifest(7, good))
    answer = compared(candidate(1, poor), stray)
    (wrong,) = [each for each in answer["findings"] if each["code"] == "evaluation_mismatch"]
    assert wrong["message"].startswith("Version 2: The EvaluationManifest is of arn:")
    assert answer["models"][1]["verdict"] == "not_comparable"
    assert "metrics" not in answer["models"][1]


def test_the_callers_findings_are_kept() -> None:
    unread = finding("evaluation_manifest_unread", "Version 2: AccessDenied.")
    answer = compared(candidate(1, images(1, 0, 0, 1)), candidate(2), findings=[unread])
    assert unread.to_json() in answer["findings"]


# Several versions


def test_the_correction_is_holms() -> None:
    """By its definition: a pair counts if every set of pairs with it passes Bonferroni's test."""
    rng = random.Random(3)
    counted = 0
    for _ in range(120):
        truth = [i % 2 == 0 for i in range(24)]
        versions = [
            candidate(
                v,
                [
                    (f"s3://b/{i}", t, t if rng.random() < skill else not t)
                    for i, t in enumerate(truth)
                ],
            )
            for v, skill in enumerate((0.55, 0.8, 0.97), 1)
        ]
        p_value = {
            (a.version, b.version): compared(a, b)["models"][1]["paired"]["p_value"]
            for a, b in combinations(versions, 2)
        }
        answer = compared(*versions)
        for row in answer["models"][1:]:
            groups = [
                group
                for size in (1, 2, 3)
                for group in combinations(p_value, size)
                if ("1", row["model_version"]) in group
            ]
            holds = all(min(p_value[k] for k in group) <= ALPHA / len(group) for group in groups)
            if row["verdict"] != "not_comparable":
                assert (row["verdict"] in ("better", "worse")) is holds
                counted += 1
        assert "several_comparisons" in codes(answer)
    assert counted > 150


def test_the_best_beats_every_other_and_ties_are_named() -> None:
    poor, good, best = images(20, 30, 30, 20), images(35, 15, 15, 35), images(50, 0, 0, 50)
    answer = compared(candidate(1, poor), candidate(2, best), candidate(3, good))
    assert answer["best"] == "2"
    tied = compared(candidate(1, poor), candidate(2, best), candidate(3, best), candidate(4, best))
    assert [row["verdict"] for row in tied["models"][1:]] == ["better"] * 3
    assert "best" not in tied
    assert tied["best_reason"].startswith("Undecided among versions 2, 3, 4: ")
    assert "(and 1 more pair)" in tied["best_reason"]


def test_ten_versions_fit_the_digest() -> None:
    rng = random.Random(1)
    versions = [
        candidate(v, [(f"s3://b/{i}", i % 2 == 0, rng.random() < 0.5) for i in range(60)])
        for v in range(1, 11)
    ]
    answer = compared(*versions)
    assert len(answer["models"]) == 10


# The sample archive


def held(name: str) -> Candidate:
    description = json.loads((SAMPLE / "describe-model" / f"{name}.json").read_bytes())
    description = description["ModelDescription"]
    paths = [
        SAMPLE / "evaluation" / description[kind]["Key"]
        for kind in ("EvaluationResult", "EvaluationManifest")
    ]
    read = read_evaluation_result(json.loads(paths[0].read_bytes())) if paths[0].exists() else None
    lines = paths[1].read_bytes().splitlines() if paths[1].exists() else None
    arn = description["ModelArn"]
    summary = candidate(description["ModelVersion"]).summary.model_copy(
        update={"model_description": ModelDescription(ModelArn=arn)}
    )
    return Candidate(summary, read, None if lines is None else read_evaluation_manifest(lines))


def test_the_sample_has_versions_on_the_same_images_and_on_others() -> None:
    source = Source(kind="sample", basis="describe_model")
    first, third, fourth = (held(f"sample-weld-bead-{v}") for v in (1, 3, 4))
    answer = compared(first, third, source=source)
    assert (answer["best"], answer["same_test_set"]) == ("3", True)
    assert "(synthetic sample)" in answer["summary"]
    assert answer["models"][1]["paired"]["p_value"] == pytest.approx(binomtest(0, 21).pvalue)
    answer = compared(third, fourth)
    assert answer["same_test_set"] is False
    assert "best" not in answer
    assert answer["models"][1]["verdict"] == "no_difference"


def test_a_version_of_which_only_the_result_is_held_is_not_ranked() -> None:
    answer = compared(held("sample-label-check-1"), held("sample-label-check-3"))
    assert answer["models"][1]["verdict"] == "not_comparable"
    assert answer["models"][1]["deltas"]["recall"] == pytest.approx(-0.08)
