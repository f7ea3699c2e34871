"""Versions on the same images and on others, against statsmodels, SciPy and MLstatkit."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from math import isclose
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from lfv_mcp.analysis.candidate import Candidate
from lfv_mcp.analysis.comparison import compare
from lfv_mcp.analysis.comparison_digest import COMPARISON_DIGEST_LIMIT, comparison_digest
from lfv_mcp.analysis.comparison_findings import loss_by_cut
from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.findings import finding
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, read_evaluation_manifest
from lfv_mcp.formats.evaluation_result import EvaluationResult, read_evaluation_result
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_summary import ModelSummary, Performance
from tests.support.answers import ARCHIVE, LIVE, as_json, codes, message
from tests.support.comparisons import ARN, Judged, manifest_text

relaxed = settings(deadline=None, max_examples=60)


def manifest(version: int | str, images: Sequence[Judged]) -> EvaluationManifest:
    return read_evaluation_manifest(manifest_text("cap", version, images).splitlines())


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
        model_description=ModelDescription(ModelArn=ARN.format("cap", version)),
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
        *((f"{folder}/a{i}.png", True, flagged, 0.9) for i, flagged in enumerate(anomalous)),
        *((f"{folder}/n{i}.png", False, flagged, 0.9) for i, flagged in enumerate(normal)),
    ]


def compared(*candidates: Candidate, **options: Any) -> dict[str, Any]:
    """A comparison as a client gets it, checked for what holds of every one."""
    answer = compare(candidates, options.pop("source", ARCHIVE), **options)
    plain = as_json(answer)
    assert plain["baseline"] == candidates[0].version
    assert [row["model_version"] for row in plain["models"]] == [c.version for c in candidates]
    assert {"verdict", "replacement", "recall"}.isdisjoint(plain["models"][0])
    for row in plain["models"][1:]:
        assert "verdict" in row
        assert row["replacement"] != "reject" or row["verdict"] in ("worse", "trade_off")
        questions = [row[name].get("verdict") for name in ("recall", "false_alarm_rate")]
        if None in questions or "undecided" in questions:
            assert row["replacement"] != "accept"
    assert plain["best_reason"].endswith(".")
    digest = comparison_digest(answer)
    text_without_images = [
        line
        for line in digest.splitlines()
        if not line.startswith(("Newly", "Labels to", "Images, below"))
    ]
    assert len("\n".join(text_without_images)) <= COMPARISON_DIGEST_LIMIT
    assert digest.splitlines()[-1].startswith("Source: ")
    return plain


def rates(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return row["recall"], row["false_alarm_rate"]


# Against independent code

flags = st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans())


@pytest.mark.slow
@relaxed
@given(st.lists(flags, min_size=1, max_size=60))
def test_p_values_are_those_of_statsmodels(drawn: list[tuple[bool, bool, bool, bool]]) -> None:
    """McNemar's mid-p of each question, and Holm's correction over all of them."""
    versions = [
        candidate(v, [(f"s3://b/{i}", row[0], row[v], 0.9) for i, row in enumerate(drawn)])
        for v in (1, 2, 3)
    ]
    answer = compared(*versions)
    asked: list[dict[str, Any]] = []
    expected: list[float] = []
    for v in (2, 3):
        for truth, rate in zip((True, False), rates(answer["models"][v - 1]), strict=True):
            of_class = [row for row in drawn if row[0] is truth]
            if not of_class:
                assert set(rate) == {"undefined"}
                continue
            cells = [[0, 0], [0, 0]]
            for row in of_class:
                cells[row[1] is not truth][row[v] is not truth] += 1
            lost, won = cells[0][1], cells[1][0]
            assert (rate["only_baseline_right"], rate["only_this_right"]) == (lost, won)
            assert rate["images"] == len(of_class)
            if lost + won:
                exact = mcnemar(cells, exact=True).pvalue
                both_ends = 2 * _binomial(min(lost, won), lost + won)
                p_value = min(1.0, both_ends - _binomial_at(min(lost, won), lost + won))
                assert p_value <= exact + 1e-12
                expected.append(p_value)
            else:
                expected.append(1.0)
            asked.append(rate)
    for rate, p_value in zip(asked, expected, strict=True):
        assert isclose(rate["p_value"], p_value, rel_tol=1e-5, abs_tol=1e-9)
    adjusted = multipletests(expected, method="holm")[1]
    for rate, p_value in zip(asked, adjusted, strict=True):
        assert isclose(rate["p_adjusted"], p_value, rel_tol=1e-5, abs_tol=1e-9)


def _binomial(successes: int, trials: int) -> float:
    from scipy.stats import binom

    return float(binom.cdf(successes, trials, 0.5))


def _binomial_at(successes: int, trials: int) -> float:
    from scipy.stats import binom

    return float(binom.pmf(successes, trials, 0.5))


counts = st.tuples(*(st.integers(min_value=0, max_value=40),) * 4).filter(
    lambda cells: cells[0] + cells[1] > 0 and cells[2] + cells[3] > 0
)


@pytest.mark.slow
@relaxed
@given(counts, counts)
def test_differences_on_other_images_are_newcombes(
    first: tuple[int, int, int, int], second: tuple[int, int, int, int]
) -> None:
    answer = compared(
        candidate(1, images(*first)), candidate(2, images(*second, folder="s3://other"))
    )
    row = answer["models"][1]
    assert (row["verdict"], row["replacement"]) == ("not_comparable", "undecided")
    assert "best" not in answer
    for rate, (ours, theirs) in zip(rates(row), (((0, 1), (0, 1)), ((2, 3), (2, 3))), strict=True):
        low, high = confint_proportions_2indep(
            second[ours[0]],
            second[ours[0]] + second[ours[1]],
            first[theirs[0]],
            first[theirs[0]] + first[theirs[1]],
            method="newcomb",
            compare="diff",
        )
        assert set(rate) == {"difference", "low", "high", "verdict"}
        assert rate["low"] == pytest.approx(low, abs=2e-6)
        assert rate["high"] == pytest.approx(high, abs=2e-6)
        assert rate["verdict"] == "undecided"


@pytest.mark.slow
@relaxed
@given(st.integers(0, 60), st.integers(1, 400), st.integers(1, 9))
def test_an_interval_without_gains_ends_at_wilsons(lost: int, total: int, k: int) -> None:
    """Where nothing is won Tango's lower limit is Wilson's upper one, at each strictness."""
    lost = min(lost, total)
    base, other = images(total, 0, 0, 5), images(total - lost, lost, 0, 5)
    versions = [candidate(1, base), candidate(2, other)]
    versions += [candidate(v, base) for v in range(3, 2 + k)]
    rate = compared(*versions)["models"][1]["recall"]
    strictness = float(norm.cdf(-norm.ppf(1 - 0.025 / k)) * 2)
    _, plain_end = proportion_confint(lost, total, 0.05, method="wilson")
    _, strict_end = proportion_confint(lost, total, strictness, method="wilson")
    assert rate["low"] == pytest.approx(-plain_end, abs=2e-6)
    assert rate.get("decision_low", rate["low"]) == pytest.approx(-strict_end, abs=2e-6)
    assert ("decision_low" in rate) is (k > 1)
    assert rate["smallest_margin_shown"] == pytest.approx(strict_end, abs=2e-6)


@pytest.mark.slow
@relaxed
@given(st.lists(flags, min_size=1, max_size=60))
def test_swapping_the_baseline_turns_what_is_proven(
    drawn: list[tuple[bool, bool, bool, bool]],
) -> None:
    first = [(f"s3://b/{i}", row[0], row[1], 0.9) for i, row in enumerate(drawn)]
    second = [(f"s3://b/{i}", row[0], row[2], 0.9) for i, row in enumerate(drawn)]
    question = ComparisonQuestion(recall_margin=0.05, false_alarm_margin=0.05)
    one = compared(candidate(1, first), candidate(2, second), question=question)
    other = compared(candidate(2, second), candidate(1, first), question=question)
    turned = {"better": "worse", "worse": "better"}
    for a, b in zip(rates(one["models"][1]), rates(other["models"][1]), strict=True):
        if "difference" in a:
            assert a["difference"] == pytest.approx(-b["difference"], abs=1e-12)
            assert (a["low"], a["high"]) == pytest.approx((-b["high"], -b["low"]), abs=1e-9)
            if a["verdict"] in turned:
                assert b["verdict"] == turned[a["verdict"]]


def test_roc_auc_is_compared_as_delong_does() -> None:
    from MLstatkit import Delong_test

    rng = random.Random(4)
    truth = [i % 3 == 0 for i in range(90)]
    scores = [
        [min(0.999, max(0.001, rng.gauss(0.35 + s * t, 0.2))) for t in truth] for s in (0.2, 0.4)
    ]
    versions = [
        candidate(
            v,
            [
                (f"s3://b/{i}", t, s >= 0.5, round(s if s >= 0.5 else 1 - s, 12))
                for i, (t, s) in enumerate(zip(truth, of_one, strict=True))
            ],
        )
        for v, of_one in enumerate(scores, 1)
    ]
    auc = compared(*versions)["models"][1]["roc_auc"]
    z, p_value = Delong_test([int(t) for t in truth], *scores)[:2]
    assert auc["p_value"] == pytest.approx(float(p_value), rel=1e-4)
    error = (auc["high"] - auc["low"]) / (2 * norm.ppf(0.975))
    assert abs(auc["difference"] / error) == pytest.approx(abs(float(z)), rel=1e-4)


# What is paired


def test_pairing_needs_nine_tenths_of_the_larger_set() -> None:
    base = images(50, 0, 0, 50)
    for kept, is_paired in ((90, True), (89, False)):
        other = [*base[:kept], *images(50, 0, 0, 50, folder="s3://c")[kept:]]
        for pair in ((base, other), (other, base)):
            answer = compared(*(candidate(i, each) for i, each in enumerate(pair, 1)))
            assert ("p_value" in answer["models"][1]["recall"]) is is_paired
            assert answer["same_test_set"] is False
            assert "different_test_sets" in codes(answer)
            if is_paired:
                assert "90 images that both judged" in message(answer, "images_left_out")
                assert "20 in only one of the test sets" in message(answer, "images_left_out")
            else:
                assert "(89 of 100 are shared" in answer["summary"]


def test_repeated_lines_are_one_vote() -> None:
    base, other = images(45, 5, 3, 47), images(40, 10, 3, 47)
    once = compared(candidate(1, base), candidate(2, other))
    twice = compared(candidate(1, base * 2), candidate(2, other * 3))
    for row in (once["models"][1], twice["models"][1]):
        assert (row["recall"]["images"], row["recall"]["only_baseline_right"]) == (50, 5)
    assert rates(once["models"][1]) == rates(twice["models"][1])
    assert once["recall_margin"] == twice["recall_margin"]


def test_labels_that_differ_or_contradict_are_left_out_and_counted() -> None:
    base = images(50, 0, 0, 50)
    relabelled = [(ref, not truth, flagged, c) for ref, truth, flagged, c in base[:5]] + base[5:]
    answer = compared(candidate(1, base), candidate(2, relabelled))
    assert answer["same_test_set"] is False
    assert answer["models"][1]["recall"]["images"] == 45
    assert "5 with labels that differ" in message(answer, "images_left_out")
    both = [*base, *((ref, not truth, flagged, c) for ref, truth, flagged, c in base[:2])]
    answer = compared(candidate(1, both), candidate(2, base))
    assert answer["models"][1]["recall"]["images"] == 48
    assert "2 with contradictory labels" in message(answer, "images_left_out")


def test_a_baseline_that_contradicts_itself_is_left_out_and_a_candidate_is_wrong() -> None:
    base = images(50, 0, 0, 50)
    torn = [*base, *((ref, truth, not flagged, c) for ref, truth, flagged, c in base[:3])]
    answer = compared(candidate(1, torn), candidate(2, base))
    assert answer["models"][1]["recall"]["images"] == 47
    assert answer["models"][1]["recall"]["only_this_right"] == 0
    answer = compared(candidate(1, base), candidate(2, torn))
    recall = answer["models"][1]["recall"]
    assert (recall["images"], recall["only_baseline_right"]) == (50, 3)


def test_without_images_of_a_class_nothing_is_accepted() -> None:
    answer = compared(candidate(1, images(300)), candidate(2, images(300)))
    row = answer["models"][1]
    assert set(row["false_alarm_rate"]) == {"undefined"}
    assert (row["verdict"], row["replacement"]) == ("undecided", "undecided")
    assert "false_alarm_margin" not in answer
    answer = compared(candidate(1, images(300)), candidate(2, images(200, 100)))
    assert (answer["models"][1]["verdict"], answer["models"][1]["replacement"]) == (
        "worse",
        "reject",
    )


# What follows


def test_better_in_one_and_worse_in_the_other_is_a_trade_and_no_version_the_best() -> None:
    for first, second in (
        (images(20, 20, 0, 40), images(40, 0, 20, 20)),
        (images(40, 0, 20, 20), images(20, 20, 0, 40)),
    ):
        answer = compared(candidate(1, first), candidate(2, second))
        assert answer["models"][1]["verdict"] == "trade_off"
        assert answer["models"][1]["replacement"] == "reject"
        assert "best" not in answer
        assert "is a trade: of 40 defects" in message(answer, "trade_off")


def test_a_trade_between_equal_rankers_is_where_the_cut_sits() -> None:
    """The same scores, cut at two places; a little noise, so that the areas are not identical."""
    rng = random.Random(2)
    truth = [i < 200 for i in range(400)]
    base = [min(0.99, max(0.01, rng.gauss(0.65 if t else 0.35, 0.2))) for t in truth]
    other = [min(0.99, max(0.01, s + rng.gauss(0, 0.01))) for s in base]
    versions = []
    for v, (scores, cut) in enumerate(((base, 0.5), (other, 0.3)), 1):
        # A score is confidence, so a cut elsewhere moves the scores, and keeps their order.
        moved = [s + (0.5 - cut) * (1 if s < 1 else 0) for s in scores]
        scaled = [min(0.999, max(0.001, 0.5 + (m - 0.5) * 0.6)) for m in moved]
        versions.append(
            candidate(
                v,
                [
                    (f"s3://b/{i}", t, s >= 0.5, round(s if s >= 0.5 else 1 - s, 12))
                    for i, (t, s) in enumerate(zip(truth, scaled, strict=True))
                ],
            )
        )
    answer = compared(*versions)
    assert answer["models"][1]["verdict"] == "trade_off"
    assert answer["models"][1]["roc_auc"]["p_value"] > 0.05
    assert "the difference is where the cut sits" in message(answer, "trade_off")


def test_the_best_is_better_than_every_other_one() -> None:
    poor, good, best = images(20, 80, 80, 20), images(60, 40, 40, 60), images(100, 0, 0, 100)
    answer = compared(candidate(1, poor), candidate(2, best), candidate(3, good))
    assert answer["best"] == "2"
    assert "better than every other one" in answer["best_reason"]
    tied = compared(candidate(1, poor), candidate(2, best), candidate(3, best))
    assert [row["verdict"] for row in tied["models"][1:]] == ["better"] * 2
    assert "best" not in tied
    first = compared(candidate(1, best), candidate(2, poor), candidate(3, good))
    assert first["best"] == "1"


def test_labels_that_every_version_contradicts_are_doubted() -> None:
    base, other = images(45, 5, 2, 48), images(46, 4, 3, 47)
    answer = compared(
        candidate(1, base), candidate(2, other), question=ComparisonQuestion(max_examples=20)
    )
    doubted = answer["labels_to_doubt"]
    assert len(doubted) == 4 + 2
    assert {(each["image"], each["label"]) for each in doubted} == {
        *((f"s3://b/a{i}.png", "anomaly") for i in range(46, 50)),
        *((f"s3://b/n{i}.png", "normal") for i in range(2)),
    }
    assert message(answer, "labels_to_doubt").startswith("6 images are judged against their label")
    (found,) = [f for f in answer["findings"] if f["code"] == "labels_to_doubt"]
    assert "blind" in found["advice"]


def test_changed_images_are_counted_and_named() -> None:
    base, other = images(45, 5, 2, 48), images(40, 10, 1, 49)
    answer = compared(
        candidate(1, base), candidate(2, other), question=ComparisonQuestion(max_examples=2)
    )
    changed = answer["models"][1]["changed"]
    assert {name: (each["count"], len(each["images"])) for name, each in changed.items()} == {
        "newly_missed": (5, 2),
        "newly_caught": (0, 0),
        "newly_rejected": (0, 0),
        "newly_passed": (1, 1),
    }
    assert changed["newly_missed"]["images"][0] == {
        "image": "s3://b/a40.png",
        "anomaly_score": 0.1,
    }


def test_what_a_cut_chosen_here_adds_follows_the_simulated_sizes() -> None:
    assert [loss_by_cut(n) for n in (20, 45, 100, 300)] == [4, 2, 2, 0.5]
    assert [loss_by_cut(n) for n in (0, 5, 5000)] == [4, 4, 0.5]
    sizes = [loss_by_cut(n) for n in range(1, 1000)]
    assert sizes == sorted(sizes, reverse=True)


def test_identical_files_are_not_worse_and_never_called_equal() -> None:
    same = images(95, 5, 5, 95)
    answer = compare([candidate(1, same), candidate(2, same)], ARCHIVE)
    row = as_json(answer)["models"][1]
    assert (row["verdict"], row["replacement"]) == ("not_worse", "accept")
    assert "roc_auc" not in row  # nothing varies, so nothing can be said
    assert "equal" not in comparison_digest(answer)


def test_the_digest_says_that_a_status_is_history() -> None:
    pair = [candidate(1, images(1, 1, 1, 1)), candidate(2)]
    history = comparison_digest(compare(pair, ARCHIVE))
    assert "Version 1 (TRAINED when captured): the baseline; recall 0.5 (" in history
    assert "Version 2 (TRAINED when captured): not comparable" in history
    assert "Version 1 (TRAINED): the baseline" in comparison_digest(compare(pair, LIVE))


# Without counts

GOOD: Final = Performance(f1_score=0.9, precision=0.9, recall=0.9)
POOR: Final = Performance(f1_score=0.5, precision=0.5, recall=0.5)


def result(version: int, testing_images: int) -> EvaluationResult:
    return read_evaluation_result(
        {
            "EvaluationDetails": {
                "ModelArn": ARN.format("cap", version),
                "NumberOfTestingImages": testing_images,
            },
            "AggregatedEvaluationResults": {"Metrics": {"Recall": 0.7, "Precision": 0.8}},
        }
    )


def test_without_counts_nothing_is_decided() -> None:
    answer = compared(candidate(1, performance=POOR), candidate(2, performance=GOOD))
    row = answer["models"][1]
    assert row["metrics"]["recall"] == {"value": 0.9, "no_interval": "reported without counts"}
    assert row["verdict"] == "not_comparable"
    assert "versions 1 and 2" in row["recall"]["undefined"]
    assert {"best", "same_test_set", "recall_margin"}.isdisjoint(answer)
    assert {"test_set_unknown", "counts_missing"} <= codes(answer)


def test_the_file_is_asked_before_the_description_and_the_manifest_before_both() -> None:
    held = candidate(2, performance=GOOD, result=result(2, 60))
    row = compared(candidate(1, performance=POOR), held)["models"][1]
    assert row["metrics"]["recall"]["value"] == 0.7
    held = candidate(2, images(1, 1, 1, 1), performance=GOOD, result=result(2, 60))
    row = compared(candidate(1, performance=POOR), held)["models"][1]
    assert row["metrics"]["recall"]["value"] == 0.5


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
    more = [*lines, *manifest_text("cap", 2, base).splitlines()]
    partial = Candidate(part.summary, None, read_evaluation_manifest(more))
    assert "same_test_set" not in compared(whole, partial)
    nameless = [("", anomalous, flagged, 0.9) for _, anomalous, flagged, _ in base]
    answer = compared(candidate(1, nameless), candidate(2, nameless))
    assert "same_test_set" not in answer
    assert answer["models"][1]["verdict"] == "not_comparable"


def test_a_version_that_never_finished_training_is_no_rival() -> None:
    failed = candidate(3, status="TRAINING_FAILED")
    pair = candidate(1, images(20, 20, 20, 20)), candidate(2, images(40, 0, 0, 40))
    answer = compared(*pair, failed)
    assert answer["best"] == "2"
    assert answer["models"][2]["verdict"] == "not_comparable"
    assert answer["models"][2]["recall"] == {"undefined": "version 3 has no metrics"}
    answer = compared(pair[0], failed)
    assert "best" not in answer
    assert answer["best_reason"] == "Only version 1 has metrics, so there is nothing to compare."


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


def test_ten_versions_keep_the_gravest_caveats_in_the_text() -> None:
    rng = random.Random(1)
    versions = [
        candidate(v, [(f"s3://b/{i}", i % 2 == 0, rng.random() < 0.5, 0.9) for i in range(60)])
        for v in range(1, 11)
    ]
    question = ComparisonQuestion(recall_margin=0.2, false_alarm_margin=0.2)
    answer = compare(versions, ARCHIVE, question=question)
    digest = comparison_digest(answer)
    for found in answer.findings:
        if found.code in ("margin_wide", "cuts_chosen_here", "several_comparisons"):
            assert found.message in digest
    assert len(answer.models) == 10
