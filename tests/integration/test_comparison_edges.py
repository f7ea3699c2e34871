"""compare_models at the edges of its rules: one image, one class, labels that differ, extras."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.identifiers import PredictionSetKey
from tests.support.clients import codes, door, text
from tests.support.comparisons import (
    Baseline,
    Change,
    Judged,
    baseline_images,
    changed_images,
    write_version,
)
from tests.support.prediction_sets import set_file
from tests.support.saved_records import ONE, lines, result_of, write

pytestmark = pytest.mark.anyio

BASE: Final = Baseline(20, 100, 20, 100)


async def compared(source: Path, *versions: str, **margins: float) -> dict[str, Any]:
    asked = {"project_name": "p", "model_versions": list(versions), **margins}
    async with door(source) as ask:
        result = await ask.client.call_tool("compare_models", asked)
    assert not result.is_error, text(result)
    answer: dict[str, Any] | None = result.structured_content
    assert answer is not None
    return answer


def row(answer: dict[str, Any], version: str) -> dict[str, Any]:
    return next(each for each in answer["models"] if each["model_version"] == version)


def write_set(folder: Path, name: str, images: Sequence[Judged]) -> None:
    """A set with verdicts and labels of its own on these images."""
    answers = [
        PredictedImage(image, label, flagged, None, sure) for image, label, flagged, sure in images
    ]
    key = PredictionSetKey("us-east-1", ONE, "p", name)
    write(folder, f"{name}.jsonl", set_file(answers, key))


def relabelled(images: Sequence[Judged], count: int) -> list[Judged]:
    """The first images with the other label."""
    return [
        (image, label is not (n < count), flagged, sure)
        for n, (image, label, flagged, sure) in enumerate(images)
    ]


async def test_labels_of_images_beyond_the_baseline_s_decide_nothing(tmp_path: Path) -> None:
    """Version 2 was tested on others, which the set answered too, and labels otherwise."""
    folder = "s3://b-bucket/others"
    others = [
        (image.replace(".png", ".jpg"), label, flagged, sure)
        for image, label, flagged, sure in baseline_images(BASE, folder)
    ]
    write_version(tmp_path, "p", 1, baseline_images(BASE))
    write_version(tmp_path, "p", 2, others)
    better = changed_images(BASE, Change(0, 15, 0, 15))
    write_set(tmp_path, "padim", [*better, *relabelled(others[:40], 40)])
    for versions in (("1", "2", "padim"), ("1", "padim", "2")):
        answer = await compared(tmp_path, *versions)
        found = row(answer, "padim")
        assert (found["verdict"], found["replacement"]) == ("better", "accept")
        assert (found["matching"]["extra"], found["matching"]["labels_differ"]) == (40, 0)
        assert "labels_differ" not in codes(answer)
        assert "images_left_out" not in codes(answer)
    async with door(tmp_path) as ask:
        report = await ask.analyze("p", "padim")
    (differ,) = [f["message"] for f in report["findings"] if f["code"] == "labels_differ"]
    assert differ == (
        "padim: of the images that version 1 was not tested on the labels of 40 images are not "
        "those of the project's other evaluations; these are left out."
    )


@pytest.mark.parametrize(("differing", "comparable"), [(10, True), (14, False)])
async def test_what_is_not_comparable_is_not_the_best(
    tmp_path: Path, differing: int, comparable: bool
) -> None:
    """5 % of 200 labels may differ; with more a set is the best of none, however it does."""
    write_version(tmp_path, "p", 1, baseline_images(BASE))
    write_version(tmp_path, "p", 2, changed_images(BASE, Change(0, 1, 0, 1)))
    better = changed_images(BASE, Change(0, 18, 0, 18))
    write_set(tmp_path, "padim", [*relabelled(better[20:], differing), *better[:20]])
    answer = await compared(tmp_path, "1", "2", "padim")
    assert (row(answer, "padim")["verdict"] == "not_comparable") is not comparable
    assert (answer.get("best") == "padim") is comparable


@pytest.mark.parametrize(
    ("counts", "change", "verdict", "replacement"),
    [
        (Baseline(0, 1, 0, 1), Change(), "undecided", "undecided"),
        (Baseline(0, 1, 0, 1), Change(1, 0, 1, 0), "undecided", "undecided"),
        (Baseline(0, 73, 0, 73), Change(), "not_worse", "accept"),  # statistics: 73 at .05
        (Baseline(0, 72, 0, 73), Change(), "undecided", "undecided"),
        (Baseline(0, 0, 3, 50), Change(alarms_more=20), "worse", "reject"),
        (Baseline(0, 0, 0, 100), Change(), "undecided", "undecided"),
        (Baseline(30, 100, 0, 0), Change(0, 20), "undecided", "undecided"),
    ],
)
async def test_few_images_or_one_class(
    tmp_path: Path, counts: Baseline, change: Change, verdict: str, replacement: str
) -> None:
    write_version(tmp_path, "p", 1, baseline_images(counts))
    write_version(tmp_path, "p", 2, changed_images(counts, change))
    answer = await compared(tmp_path, "1", "2", recall_margin=0.05, false_alarm_margin=0.05)
    found = row(answer, "2")
    assert (found["verdict"], found["replacement"]) == (verdict, replacement)
    assert ("undefined" in found["recall"]) is (counts.defects == 0)
    assert ("undefined" in found["false_alarm_rate"]) is (counts.good == 0)


async def test_a_label_is_doubted_by_those_whose_images_are_known(tmp_path: Path) -> None:
    """Version 3 is known from its result alone: it contradicts no label."""
    write_version(tmp_path, "p", 1, baseline_images(BASE))
    write_version(tmp_path, "p", 2, baseline_images(BASE))
    both = await compared(tmp_path, "1", "2")
    (of_all,) = [f["message"] for f in both["findings"] if f["code"] == "labels_to_doubt"]
    assert of_all == "40 images are judged against their label by every model asked."
    write(tmp_path, "3.json", lines([result_of("p", 3)]))
    three = await compared(tmp_path, "1", "2", "3")
    (of_two,) = [f["message"] for f in three["findings"] if f["code"] == "labels_to_doubt"]
    assert of_two == "40 images are judged against their label by versions 1 and 2."
    last = await compared(tmp_path, "3", "1", "2")
    assert of_two in [f["message"] for f in last["findings"]]


async def test_an_image_that_is_left_out_for_its_label_is_not_unanswered_too(
    tmp_path: Path,
) -> None:
    """A line that a person annotated has lost its prediction; its label may not be the known."""
    images = baseline_images(BASE)
    write_version(tmp_path, "p", 1, images)
    answers = [
        PredictedImage(image, label is not (n < 3), None if n < 5 else flagged, None, sure)
        for n, (image, label, flagged, sure) in enumerate(images)
    ]
    key = PredictionSetKey("us-east-1", ONE, "p", "station")
    write(tmp_path, "station.jsonl", set_file(answers, key))
    answer = await compared(tmp_path, "1", "station")
    found = row(answer, "station")
    assert found["matching"]["labels_differ"] == 3
    assert found["matching"]["unanswered"] == 2
    assert found["recall"]["images"] == 97
    (left_out,) = [f["message"] for f in answer["findings"] if f["code"] == "images_left_out"]
    assert left_out.endswith("left out: 3 with labels that differ.")
