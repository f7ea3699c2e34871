"""A prediction set in a comparison: truth, silence, labels, and the decision on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.candidate import Candidate
from lfv_mcp.analysis.comparison import compare
from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.analysis.decisions import Pair, PairedCounts, Question, decide
from lfv_mcp.analysis.verdicts import judge
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictedImage,
    PredictionSet,
)
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.metrics import Confusion
from lfv_mcp.results.common import Source
from lfv_mcp.results.model_comparison import ComparedModel, ModelComparison
from lfv_mcp.results.model_summary import ModelSummary

SOURCE = Source(kind="archive", basis="evaluation_files")


def key_of(number: int, anomalous: bool) -> str:
    return f"caps/images/2025/{'anomaly' if anomalous else 'normal'}/{number:04}.png"


def test_set(defects: int, good: int) -> list[tuple[str, bool]]:
    return [(key_of(n, True), True) for n in range(defects)] + [
        (key_of(n, False), False) for n in range(good)
    ]


test_set.__test__ = False  # type: ignore[attr-defined]


def summary(version: str) -> ModelSummary:
    return ModelSummary(
        summary="", project_name="caps", model_version=version, findings=(), source=SOURCE
    )


def version_of(
    images: Iterable[tuple[str, bool]], wrong: Iterable[str] = (), version: str = "3"
) -> Candidate:
    """A version that judged these images, some wrong."""
    errors = set(wrong)
    judged = tuple(
        ImagePrediction(f"s3://lines/{key}", label, label is not (key in errors), 0.9)
        for key, label in images
    )
    cells = [0, 0, 0, 0]
    for each in judged:
        cells[2 * each.anomalous + each.flagged] += 1
    negatives, alarms, missed, caught = cells
    manifest = EvaluationManifest(Confusion(caught, alarms, missed, negatives), judged, 0, {}, ())
    return Candidate(summary(version), manifest=manifest)


def set_of(
    lines: Sequence[PredictedImage], name: str = "padim", *, same_names: bool = False
) -> Candidate:
    """A prediction set of these lines."""
    about = AboutPredictions(
        key=PredictionSetKey("", "", "caps", name),
        origin="a file",
        columns={},
        images=len(lines),
        answered=sum(line.flagged is not None for line in lines),
        truth=sum(line.anomalous is not None for line in lines),
        scores="none",
        same_names=same_names,
    )
    return Candidate(summary(name), predictions=PredictionSet(about, tuple(lines)))


def answers(
    images: Iterable[tuple[str, bool]], wrong: Iterable[str] = (), *, labelled: bool = False
) -> list[PredictedImage]:
    errors = set(wrong)
    return [
        PredictedImage(key, label if labelled else None, label is not (key in errors))
        for key, label in images
    ]


def compared(*candidates: Candidate, **question: object) -> ModelComparison:
    return compare(candidates, SOURCE, question=ComparisonQuestion(**question))  # type: ignore[arg-type]


def row(comparison: ModelComparison) -> ComparedModel:
    return comparison.models[1]


def codes(comparison: ModelComparison) -> set[str]:
    return {found.code for found in comparison.findings}


@pytest.mark.slow
@given(st.data())
def test_a_set_is_decided_as_a_version_with_the_same_verdicts(data: st.DataObject) -> None:
    images = test_set(data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30)))
    keys = [key for key, _ in images]
    old, new = (data.draw(st.sets(st.sampled_from(keys))) for _ in range(2))
    as_set = row(compared(version_of(images, old), set_of(answers(images, new))))
    as_version = row(compared(version_of(images, old), version_of(images, new, "4")))
    for name in ("recall", "false_alarm_rate", "verdict", "replacement", "changed"):
        ours, theirs = getattr(as_set, name), getattr(as_version, name)
        if name == "changed":  # a version has scores of its confidence
            assert [(n, c.count) for n, c in ours] == [(n, c.count) for n, c in theirs]
        else:
            assert ours == theirs
    assert as_set.matching is not None
    assert as_set.matching.by_key == len(images)


def test_unanswered_images_are_errors() -> None:
    """R8: 3 of 40, else equal: -.075 (-.199, +.019)."""
    images = test_set(40, 40)
    found = row(compared(version_of(images), set_of(answers(images[3:]))))
    assert found.recall is not None
    assert found.recall.difference == pytest.approx(-0.075)
    assert found.recall.low == pytest.approx(-0.199, abs=5e-4)
    assert found.recall.high == pytest.approx(0.019, abs=5e-4)
    assert found.matching is not None
    assert found.matching.unanswered == 3


def test_silence_alone_rejects_nothing() -> None:
    """R8: 20 of 200 unanswered would be proven worse; left out there is no difference at all."""
    images = test_set(200, 200)
    silent = compared(version_of(images), set_of(answers(images[20:])))
    recall = row(silent).recall
    assert recall is not None
    assert recall.low == pytest.approx(-0.149, abs=5e-4)
    assert recall.high == pytest.approx(-0.066, abs=5e-4)
    assert recall.verdict == "undecided"
    assert (row(silent).verdict, row(silent).replacement) == ("undecided", "undecided")
    assert "20 images that it did not answer are counted as errors, and decide it" in silent.summary
    assert "unanswered_images" in codes(silent)
    wrong = [key for key, label in images if label][:20]
    really = row(compared(version_of(images), set_of(answers(images, wrong))))
    assert (really.verdict, really.replacement) == ("worse", "reject")


def test_a_loss_that_holds_without_the_silent_images_stands() -> None:
    images = test_set(200, 200)
    wrong = [key for key, label in images if label][40:80]
    found = row(compared(version_of(images), set_of(answers(images[10:], wrong))))
    assert (found.verdict, found.replacement) == ("worse", "reject")


@pytest.mark.slow
@given(
    lost=st.integers(0, 30), won=st.integers(0, 30), silent=st.integers(0, 10), k=st.integers(1, 3)
)
def test_silence_never_makes_better_and_never_worse(
    lost: int, won: int, silent: int, k: int
) -> None:
    n = 200
    with_silence = Pair(PairedCounts(lost + silent, won, n), PairedCounts(0, 0, n))
    without = Pair(PairedCounts(lost, won, n - silent), PairedCounts(0, 0, n))
    (told, *_) = decide([with_silence] * k, 0.05, 0.05, answered=[without] * k)
    (as_errors, *_) = decide([with_silence] * k, 0.05, 0.05)
    (left_out, *_) = decide([without] * k, 0.05, 0.05)
    assert isinstance(told.recall, Question)
    assert isinstance(as_errors.recall, Question)
    assert isinstance(left_out.recall, Question)
    if told.recall.verdict == "worse":
        assert left_out.recall.verdict == as_errors.recall.verdict == "worse"
    if told.replacement == "reject":
        assert left_out.replacement == as_errors.replacement == "reject"
    if told.recall.verdict == "better":
        assert as_errors.recall.verdict == "better"
    if told.replacement == "accept":
        assert as_errors.recall.is_held or told.recall.rests_on_silence


def test_more_than_a_tenth_unanswered_decides_nothing() -> None:
    images = test_set(50, 50)
    assert row(compared(version_of(images), set_of(answers(images[10:])))).verdict != (
        "not_comparable"
    )
    few = compared(version_of(images), set_of(answers(images[11:])))
    assert (row(few).verdict, row(few).replacement) == ("not_comparable", "undecided")
    assert "too_few_answered" in codes(few)


def test_an_annotated_line_is_unanswered() -> None:
    images = test_set(50, 50)
    lines = [*answers(images[5:]), *(PredictedImage(key, label, None) for key, label in images[:5])]
    found = row(compared(version_of(images), set_of(lines)))
    assert found.matching is not None
    assert found.matching.unanswered == 5


def test_labels_that_differ_are_left_out_and_above_a_twentieth_decide_nothing() -> None:
    images = test_set(50, 50)
    for differing, decided in ((5, True), (6, False)):
        lines = answers(images, labelled=True)
        for number in range(differing):
            line = lines[number]
            lines[number] = line._replace(anomalous=not line.anomalous)
        found = compared(version_of(images), set_of(lines))
        assert row(found).matching is not None
        assert row(found).matching.labels_differ == differing  # type: ignore[union-attr]
        assert (row(found).verdict != "not_comparable") is decided
        assert "labels_differ" in codes(found)


def test_names_alone_are_a_condition_and_never_accepted_unless_vouched_for() -> None:
    images = test_set(400, 400)
    lines = [line._replace(image=line.image.rpartition("2025/")[2]) for line in answers(images)]
    hinted = compared(version_of(images), set_of(lines))
    assert row(hinted).replacement == "undecided"
    assert "if equal names are the same images" in hinted.summary.split(". ")[0]
    assert hinted.best is None
    assert "matched_by_name" in codes(hinted)
    for vouched in (
        compared(version_of(images), set_of(lines), same_names=frozenset({"padim"})),
        compared(version_of(images), set_of(lines, same_names=True)),
    ):
        assert row(vouched).replacement == "accept"
        assert "if equal names" not in vouched.summary
        assert "matched_by_name" not in codes(vouched)


def test_two_sets_take_the_truth_from_whoever_brings_it() -> None:
    images = test_set(90, 90)
    wrong = [key for key, _ in images[:20]]
    before, after = answers(images, wrong), answers(images)
    labelled = answers(images, labelled=True)
    for first, second in ((before, labelled), (answers(images, wrong, labelled=True), after)):
        found = row(compared(set_of(first, "before"), set_of(second, "after")))
        assert (found.verdict, found.replacement) == ("better", "accept")
    nothing = compared(set_of(before, "before"), set_of(after, "after"))
    assert (row(nothing).verdict, row(nothing).replacement) == ("not_comparable", "undecided")
    assert "truth_missing" in codes(nothing)


def test_without_an_image_of_a_class_nothing_is_accepted() -> None:
    images = test_set(300, 0)
    found = row(compared(version_of(images), set_of(answers(images))))
    assert found.false_alarm_rate is not None
    assert found.false_alarm_rate.undefined
    assert found.replacement == "undecided"


def test_a_set_that_contradicts_itself_is_wrong_there() -> None:
    images = test_set(50, 50)
    lines = [*answers(images), *answers(images[:4], [key for key, _ in images[:4]])]
    found = row(compared(version_of(images), set_of(lines)))
    assert found.recall is not None
    assert found.recall.only_baseline_right == 4


def test_a_set_is_never_called_a_version() -> None:
    images = test_set(20, 20)
    wrong = [key for key, _ in images[:3]]
    for found in (
        compared(version_of(images), set_of(answers(images, wrong))),
        compared(set_of(answers(images, labelled=True), "old"), set_of(answers(images), "new")),
        compared(version_of(images), set_of(answers(images)), version_of(images, wrong, "4")),
    ):
        for told in (found.summary, found.best_reason, *(f.message for f in found.findings)):
            for name in ("padim", "old", "new"):
                assert f"ersion {name}" not in told
                assert f"ersions {name}" not in told


def test_the_set_put_first_claims_no_cut_chosen_here() -> None:
    images = test_set(20, 20)
    found = compared(set_of(answers(images, labelled=True), "old"), version_of(images))
    assert "cuts_chosen_here" not in codes(found)
    assert "cuts_chosen_here" in codes(compared(version_of(images), set_of(answers(images))))


def test_versions_under_rewritten_uris_are_the_same_images() -> None:
    images = test_set(20, 20)
    exported = version_of(images, version="4")
    assert exported.manifest is not None
    moved = replace(
        exported.manifest,
        images=tuple(
            each._replace(source_ref=each.source_ref.replace("s3://lines/", "s3://a/train/images/"))
            for each in exported.manifest.images or ()
        ),
    )
    found = row(compared(version_of(images), replace(exported, manifest=moved)))
    assert found.verdict == "undecided"
    assert found.matching is not None
    assert (found.matching.by_uri, found.matching.by_key) == (0, 40)


def test_a_set_of_too_many_images_says_that_and_not_that_it_has_no_labels() -> None:
    images = test_set(20, 20)
    kept = set_of(answers(images))
    assert kept.predictions is not None
    long = replace(kept, predictions=replace(kept.predictions, images=None))
    found = compared(version_of(images), long)
    assert row(found).verdict == "not_comparable"
    assert "manifest_too_long" in codes(found)
    assert "truth_missing" not in codes(found)


def test_lines_that_cannot_be_read_back_are_said() -> None:
    images = test_set(20, 20)
    kept = set_of(answers(images[1:]))
    assert kept.predictions is not None
    torn = replace(kept, predictions=replace(kept.predictions, unreadable=1))
    assert "unusable_lines" in codes(compared(version_of(images), torn))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True))
def test_the_surest_come_first_in_scores_of_any_range(scores: list[float]) -> None:
    images = test_set(0, len(scores) + 1)
    flagged = [
        line._replace(flagged=True, score=score)
        for line, score in zip(answers(images), scores, strict=False)
    ]
    silent = PredictedImage(images[-1][0], None, True)
    found = row(compared(version_of(images), set_of([*flagged, silent]), max_examples=20))
    assert found.changed is not None
    named = [each.image.removeprefix("s3://lines/") for each in found.changed.newly_rejected.images]
    by_score = sorted(flagged, key=lambda line: -(line.score or 0.0))
    assert named == [*(line.image for line in by_score), silent.image]


lines_of_baseline = st.lists(
    st.tuples(st.integers(-1, 6), st.booleans(), st.booleans()), min_size=1, max_size=12
)
lines_of_set = st.lists(
    st.tuples(st.integers(0, 9), st.none() | st.booleans(), st.none() | st.booleans()),
    min_size=1,
    max_size=14,
)


@pytest.mark.slow
@given(lines_of_baseline, lines_of_set, lines_of_baseline)
def test_every_image_of_the_baseline_is_compared_or_left_out_for_one_reason(
    ours: list[tuple[int, bool, bool]],
    theirs: list[tuple[int, bool | None, bool | None]],
    others: list[tuple[int, bool, bool]],
) -> None:
    """Lines repeat images, contradict each other, name none; labels differ, or are missing."""

    def manifest(drawn: list[tuple[int, bool, bool]], first: int) -> EvaluationManifest:
        images = tuple(
            ImagePrediction(f"s3://b/{n + first}.png" if n >= 0 else "", label, flagged, 0.9)
            for n, label, flagged in drawn
        )
        return EvaluationManifest(Confusion(1, 0, 0, 0), images, 0, {}, ())

    answers = [PredictedImage(f"s3://b/{n}.png", label, said) for n, label, said in theirs]
    baseline = Candidate(summary("1"), manifest=manifest(ours, 0))
    second = Candidate(summary("2"), manifest=manifest(others, 4))
    verdicts = judge([baseline, second, set_of(answers)], ComparisonQuestion())
    votes = verdicts.votes["1"]
    for each in verdicts.others:
        pairing = each.pairing
        if pairing is None:
            continue
        left_out = (pairing.labels_differ, pairing.contradictory, pairing.only_one)
        assert min(left_out) >= 0
        assert pairing.unanswered <= len(pairing.images)
        if each.judged:
            assert len(pairing.images) + sum(left_out) == votes.images
            matching = each.judged.matching()
            silent = {*each.judged.unanswered} & {*votes.by_image}
            assert len(silent) == matching.unanswered
            assert pairing.unanswered <= matching.unanswered
