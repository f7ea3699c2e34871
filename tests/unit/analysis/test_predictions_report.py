"""A prediction set alone: its own scores, of any range, carry every figure that needs a cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.judged_predictions import judged
from lfv_mcp.analysis.set_findings import JudgedSet
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictedImage,
    PredictionSet,
    Scores,
)
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.metrics import Confusion
from lfv_mcp.results.common import Source
from lfv_mcp.results.evaluation_report import EvaluationReport

SOURCE: Final = Source(kind="archive", basis="predictions")
COSTS: Final = EvaluationQuestion(
    defect_rate=0.02, cost_of_escape=10.0, cost_of_false_reject=1.0, with_cuts=True
)
TRANSFORMS: Final[Mapping[str, Callable[[float], float]]] = {
    "affine": lambda x: 1e6 * x - 3e5,
    "tiny": lambda x: 1e-7 * x,
    "negative": lambda x: x - 1e4,
    "logarithm": lambda x: math.log(x + 1e-3),
    "cubed": lambda x: (x - 0.5) ** 3,
}


def evaluated(
    images: Sequence[tuple[bool, float]], cut: float, question: EvaluationQuestion = COSTS
) -> EvaluationReport:
    """The report on a set of these truths and scores, rejected from a cut on."""
    lines = tuple(
        PredictedImage(f"a/b/{n}.png", truth, score >= cut, score)
        for n, (truth, score) in enumerate(images)
    )
    about = AboutPredictions(
        PredictionSetKey("", "", "caps", "padim"), "p.csv", {}, len(lines), len(lines), len(lines),
        "anomaly_score",
    )  # fmt: skip
    found = judged(PredictionSet(about, lines), [])
    answers = JudgedSet(about, found)
    return report(None, None, found.manifest, SOURCE, question=question, answers=answers)


scored = st.lists(
    st.tuples(st.booleans(), st.integers(0, 1000).map(lambda n: n / 1000)), min_size=4, max_size=40
).filter(lambda images: len({truth for truth, _ in images}) == 2)


@pytest.mark.slow
@given(images=scored, cut=st.integers(1, 999), name=st.sampled_from(sorted(TRANSFORMS)))
def test_a_monotone_change_of_the_scores_changes_no_figure(
    images: list[tuple[bool, float]], cut: int, name: str
) -> None:
    change = TRANSFORMS[name]
    before = evaluated(images, cut / 1000)
    after = evaluated([(truth, change(score)) for truth, score in images], change(cut / 1000))
    for member in ("confusion", "metrics", "line", "requirements"):
        assert getattr(before, member) == getattr(after, member)
    assert before.threshold is not None
    assert after.threshold is not None
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert [
        [getattr(row, each) for each in counts] for row in before.threshold.candidates or ()
    ] == [[getattr(row, each) for each in counts] for row in after.threshold.candidates or ()]
    assert before.cost is not None
    assert after.cost is not None
    assert (before.cost.cheapest is None) is (after.cost.cheapest is None)
    if before.cost.cheapest and after.cost.cheapest:
        assert before.cost.cheapest.cost_per_part == after.cost.cheapest.cost_per_part


@pytest.mark.slow
@given(images=scored, cut=st.integers(1, 999))
def test_rankings_are_those_of_scikit_learn(images: list[tuple[bool, float]], cut: int) -> None:
    found = evaluated([(truth, 40 * score - 7) for truth, score in images], 40 * cut / 1000 - 7)
    truths, scores = zip(*images, strict=True)
    assert found.metrics is not None
    assert found.metrics.roc_auc is not None
    assert found.metrics.average_precision is not None
    assert found.metrics.roc_auc.value == pytest.approx(roc_auc_score(truths, scores))
    assert found.metrics.average_precision.value == pytest.approx(
        average_precision_score(truths, scores)
    )


@pytest.mark.slow
@given(images=scored)
def test_scores_from_confidence_are_those_of_a_version(images: list[tuple[bool, float]]) -> None:
    """The same predictions as a Lookout version has them, by confidence alone."""
    as_set = evaluated(images, 0.5)
    lines = tuple(
        ImagePrediction(f"s3://b/{n}.png", truth, score >= 0.5, max(score, 1 - score))
        for n, (truth, score) in enumerate(images)
    )
    cells = [0, 0, 0, 0]
    for line in lines:
        cells[2 * line.anomalous + line.flagged] += 1
    negatives, alarms, missed, caught = cells
    manifest = EvaluationManifest(Confusion(caught, alarms, missed, negatives), lines, 0, {}, ())
    from lfv_mcp.results.model_description import ModelDescription

    version = report(ModelDescription(), None, manifest, SOURCE, question=COSTS)
    assert as_set.metrics == version.metrics
    assert as_set.line == version.line
    assert as_set.confusion == version.confusion


def test_nothing_is_said_as_of_a_lookout_model() -> None:
    found = evaluated([(True, 9.0), (True, 2.0), (False, 1.0), (False, 3.0)], 2.5)
    told = " ".join([found.summary, *(f.message + (f.advice or "") for f in found.findings)])
    for word in ("Lookout", "DetectAnomalies", "built-in", "version padim", "best on these"):
        assert word not in told
    assert "padim on caps" in found.summary


def why_no_scores(lines: Sequence[PredictedImage], scores: Scores) -> str:
    """Why a set of these lines has no analysis by score."""
    about = AboutPredictions(
        PredictionSetKey("", "", "caps", "padim"), "p.csv", {}, len(lines), len(lines), len(lines),
        scores,
    )  # fmt: skip
    found = judged(PredictionSet(about, tuple(lines)), [])
    answer = report(None, None, found.manifest, SOURCE, answers=JudgedSet(about, found))
    assert answer.metrics is not None
    assert answer.metrics.roc_auc is not None
    why = answer.metrics.roc_auc.undefined
    assert why is not None
    assert any(f.code == "scores_unusable" and why in f.message for f in answer.findings)
    return why


def test_why_a_set_has_no_analysis_by_score_is_said_in_its_own_words() -> None:
    def lines(score: float | None, confidence: float | None) -> list[PredictedImage]:
        last = PredictedImage("a/b/9.png", True, True, score, confidence)
        return [
            *(PredictedImage(f"a/b/{n}.png", n > 3, n > 3, n / 10, 0.9) for n in range(9)),
            last,
        ]

    def without_scores(images: list[PredictedImage]) -> list[PredictedImage]:
        return [image._replace(score=None) for image in images]

    # A confidence is no score: on another scale it would put the image anywhere.
    for confidence in (None, 0.6):
        assert (
            why_no_scores(lines(None, confidence), "anomaly_score")
            == "1 of 10 images has no anomaly score"
        )
    by_confidence = without_scores(lines(None, None))
    assert why_no_scores(by_confidence, "confidence") == "1 of 10 images has no usable confidence"
    bare = [image._replace(confidence=None) for image in by_confidence]
    assert why_no_scores(bare, "none") == "the prediction set has no scores"
    swapped = [image._replace(flagged=not image.flagged) for image in lines(0.95, None)[:5]]
    swapped += lines(0.95, None)[5:]
    assert (
        why_no_scores(swapped, "anomaly_score")
        == "no threshold on its scores explains its predictions"
    )
