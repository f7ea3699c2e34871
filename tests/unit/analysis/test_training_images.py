"""Test images that a set's model was trained on leave all figures, as if they had never been."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.candidate import Candidate
from lfv_mcp.analysis.comparison import compare
from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.analysis.training_images import training_overlap
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictedImage,
    PredictionSet,
)
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.metrics import Confusion
from lfv_mcp.results.common import Source
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_summary import ModelSummary

SOURCE = Source(kind="archive", basis="evaluation_files")
MARGINS = ComparisonQuestion(recall_margin=0.1, false_alarm_margin=0.1)
MD5 = "0123456789abcdef" * 2

images = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["", "", "uri", "key"])),
    min_size=1,
    max_size=30,
)
"""Of each image: the label, whether the old and the new model are right, and how it was trained."""


def uri(number: int) -> str:
    return f"s3://lines/caps/images/{number:04}.png"


def key(number: int) -> str:
    return f"caps/images/{number:04}.png"


def summary(version: str) -> ModelSummary:
    return ModelSummary(
        summary="", project_name="caps", model_version=version, findings=(), source=SOURCE
    )


def version_of(judged: dict[int, tuple[bool, bool]]) -> Candidate:
    found = tuple(
        ImagePrediction(uri(n), label, label is right, 0.9) for n, (label, right) in judged.items()
    )
    cells = [0, 0, 0, 0]
    for each in found:
        cells[2 * each.anomalous + each.flagged] += 1
    negatives, alarms, missed, caught = cells
    manifest = EvaluationManifest(Confusion(caught, alarms, missed, negatives), found, 0, {}, ())
    return Candidate(summary("3"), manifest=manifest)


def set_of(
    judged: dict[int, tuple[bool, bool]], training: list[str] | None, *, truth: bool = False
) -> Candidate:
    lines = tuple(
        PredictedImage(key(n), label if truth else None, label is right)
        for n, (label, right) in judged.items()
    )
    about = AboutPredictions(
        key=PredictionSetKey("", "", "caps", "new"),
        origin="a file",
        columns={},
        images=len(lines),
        answered=len(lines),
        truth=len(lines) if truth else 0,
        scores="none",
    )
    trained = None if training is None else tuple(DatasetLine(each, None) for each in training)
    found = PredictionSet(about, lines, training=trained)
    return Candidate(summary("new"), predictions=found)


def compared(*candidates: Candidate) -> ModelComparison:
    return compare(candidates, SOURCE, question=MARGINS)


def spelled(number: int, how: str) -> str:
    return uri(number) if how == "uri" else f"s3://new/ds/train/images/{key(number)}"


@pytest.mark.slow
@given(images, st.booleans())
def test_the_rest_is_decided_as_if_it_were_all(
    drawn: list[tuple[bool, bool, bool, str]], named: bool
) -> None:
    old = {n: (label, first) for n, (label, first, _, _) in enumerate(drawn)}
    new = {n: (label, second) for n, (label, _, second, _) in enumerate(drawn)}
    training = [spelled(n, how) for n, (*_, how) in enumerate(drawn) if how]
    training += ["s3://new/ds/train/images/else/where/1.png"]
    rest = [n for n, (*_, how) in enumerate(drawn) if not how]
    ours = compared(version_of(old), set_of(new, training, truth=named))
    taken = len(drawn) - len(rest)
    assert ours.models[1].matching is not None
    assert (ours.models[1].matching.trained_on or 0) == taken
    codes = {found.code for found in ours.findings}
    assert ("tested_on_training_images" in codes) is (taken > 0)
    assert "training_images_unknown" not in codes
    if not rest:
        assert ours.models[1].verdict == "not_comparable"
        return
    theirs = compared(
        version_of({n: old[n] for n in rest}), set_of({n: new[n] for n in rest}, None, truth=named)
    )
    for name in ("recall", "false_alarm_rate"):
        mine, other = getattr(ours.models[1], name), getattr(theirs.models[1], name)
        if other.undefined is None:
            assert mine == other
        else:
            assert mine.undefined is not None
    for name in ("verdict", "replacement", "metrics", "changed"):
        assert getattr(ours.models[1], name) == getattr(theirs.models[1], name)


@pytest.mark.slow
@given(images)
def test_a_baseline_that_was_trained_on_them_is_judged_on_the_rest_too(
    drawn: list[tuple[bool, bool, bool, str]],
) -> None:
    old = {n: (label, first) for n, (label, first, _, _) in enumerate(drawn)}
    new = {n: (label, second) for n, (label, _, second, _) in enumerate(drawn)}
    training = [spelled(n, how) for n, (*_, how) in enumerate(drawn) if how]
    rest = [n for n, (*_, how) in enumerate(drawn) if not how]
    if not rest:
        return
    version = version_of(new)
    ours = compared(set_of(old, training or None), replace(version, summary=summary("4")))
    theirs = compared(
        set_of({n: old[n] for n in rest}, None),
        replace(version_of({n: new[n] for n in rest}), summary=summary("4")),
    )
    for name in ("verdict", "replacement"):
        assert getattr(ours.models[1], name) == getattr(theirs.models[1], name)
    for name in ("recall", "false_alarm_rate"):
        mine, other = getattr(ours.models[1], name), getattr(theirs.models[1], name)
        assert (mine.difference, mine.p_value, mine.images) == (
            other.difference,
            other.p_value,
            other.images,
        )


@pytest.mark.parametrize(
    ("trained_on", "answered", "is_test", "is_hint"),
    [
        (DatasetLine(uri(1), None), "1.png", True, False),
        (DatasetLine(f"s3://b/train/images/{key(1)}", None), "1.png", True, False),
        (DatasetLine(f"s3://b/{key(1)}", None, size=9), "1.png", False, False),  # another size
        (DatasetLine(f"s3://b/{key(1)}", None, size=10, etag="f" * 32), "1.png", False, False),
        (DatasetLine(f"s3://b/{key(1)}", None, size=10, etag="f" * 32 + "-2"), "1", True, False),
        (DatasetLine("s3://b/copy.png", None, size=10, etag=MD5), "1.png", True, False),
        (DatasetLine("0001.png", None), "0001.png", False, True),  # both spell a name alone
        (DatasetLine("/data/test/0001.png", None), "/data/test/0001.png", True, False),
        (DatasetLine("s3://b/normal/0001.png", None), "1.png", False, True),
    ],
)
def test_what_is_the_same_image(
    trained_on: DatasetLine, answered: str, is_test: bool, is_hint: bool
) -> None:
    about = set_of({}, []).predictions
    assert about is not None
    listing = ImageListing({uri(1): ImageObject(10, MD5)})
    found = training_overlap(
        replace(about, training=(trained_on,), listing=listing), {uri(1): True}, {answered: uri(1)}
    )
    assert (found.tests, found.hints) == (
        (uri(1),) if is_test else (),
        (uri(1),) if is_hint else (),
    )
    assert found.is_known
