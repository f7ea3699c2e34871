"""A prediction set of whose images no truth is known: what it says, and why nothing is judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp.types import TextResourceContents
from statsmodels.stats.proportion import proportion_confint

from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from tests.support.clients import codes, door, run, text
from tests.support.prediction_sets import images_of, set_file
from tests.support.saved_records import described, lines, manifest_of, response, write

pytestmark = pytest.mark.anyio

FLAGS: Final = {
    "threshold": "--threshold",
    "defect_rate": "--defect-rate",
    "recall_at_least": "--recall-at-least",
}


def without_truth(images: list[PredictedImage]) -> list[PredictedImage]:
    """The images without their labels, under names that no version has."""
    return [
        image._replace(anomalous=None, image=image.image.replace("caps/", "caps/x"))
        for image in images
    ]


async def answers(source: Path, **asked: float) -> tuple[str, dict[str, Any], str]:
    """The tool's two halves, and what the command prints; its JSON is the tool's."""
    arguments = {"project_name": "cap-seal", "model_version": "padim", **asked}
    async with door(source) as ask:
        result = await ask.client.call_tool("analyze_evaluation", arguments)
    assert not result.is_error, text(result)
    structure = result.structured_content
    assert structure is not None
    flags = [part for name, value in asked.items() for part in (FLAGS[name], value)]
    command = ("evaluate", "cap-seal", "padim", *flags, "--source", source)
    printed = await anyio.to_thread.run_sync(lambda: run(*command))
    as_json = await anyio.to_thread.run_sync(lambda: run(*command, "--json"))
    assert json.loads(as_json.stdout) == structure
    return text(result), structure, printed.stdout


@pytest.mark.parametrize("with_version", [False, True])
async def test_what_a_set_says_is_answered_without_its_truth(
    tmp_path: Path, with_version: bool
) -> None:
    images = without_truth(images_of(200))
    images[7] = images[7]._replace(flagged=None)
    write(tmp_path, "padim.jsonl", set_file(images))
    if with_version:  # of other images, so it tells nothing of these
        write(tmp_path, "3.json", lines([response("ModelDescription", described())]))
        write(tmp_path, "manifest.json", manifest_of("cap-seal", 3, images=40))
    words, answer, printed = await answers(tmp_path)
    low, high = proportion_confint(40, 199, method="wilson")
    assert answer["unjudged"] == {
        "images": 200,
        "unanswered": 1,
        "rejected": 40,
        "rejected_share": {
            "value": pytest.approx(40 / 199, abs=1e-6),
            "low": pytest.approx(low, abs=1e-6),
            "high": pytest.approx(high, abs=1e-6),
        },
        "lowest_score": 0,
        "highest_score": 0.995,
    }
    assert "truth_missing" in codes(answer)
    assert {"confusion", "metrics", "test_images", "line", "examples"}.isdisjoint(answer)
    assert answer["summary"].startswith(
        "padim on cap-seal rejected 40 of 199 images, 20 %. Its anomaly scores lie between 0 and "
        "0.995. Whether it is right cannot be said: no truth is known of any image that it answered"
    )
    for said in (words, printed):
        assert answer["summary"] in said
        assert "0.201" in said
    card = "lookoutvision://projects/cap-seal/models/padim/card"
    async with door(tmp_path) as ask:
        (read,) = (await ask.client.read_resource(card)).contents
    assert isinstance(read, TextResourceContents)
    assert "| Images, truth not known | 200 |" in read.text
    assert "cannot be said: no truth is known" in read.text


async def test_what_needs_the_truth_is_absent_and_a_cut_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "padim.jsonl", set_file(without_truth(images_of(200))))
    words, answer, _ = await answers(tmp_path, threshold=0.9, defect_rate=0.01, recall_at_least=0.9)
    assert answer["unjudged"]["rejected_at"] == 20
    assert "At a cut of 0.9 it would have rejected 20." in words
    (needed,) = [f["message"] for f in answer["findings"] if f["code"] == "counts_needed"]
    assert needed == "Absent: line, requirements. Which images are defects is not known."


@pytest.mark.parametrize("answered", [False, True])
async def test_a_set_without_scores_or_without_answers(tmp_path: Path, answered: bool) -> None:
    images = [
        image._replace(score=None, flagged=image.flagged if answered else None)
        for image in without_truth(images_of(20))
    ]
    write(tmp_path, "padim.jsonl", set_file(images))
    words, answer, _ = await answers(tmp_path, threshold=0.5)
    assert {"lowest_score", "rejected_at"}.isdisjoint(answer["unjudged"])
    assert ("rejected_share" in answer["unjudged"]) is answered
    assert "threshold_unanswerable" in codes(answer)
    assert ("rejected 4 of 20 images" in words) is answered
    assert ("answered none of its 20 images" in words) is not answered


async def test_a_gate_does_not_pass_what_nobody_can_judge(tmp_path: Path) -> None:
    write(tmp_path, "padim.jsonl", set_file(without_truth(images_of(200))))
    command = ("gate", "cap-seal", "padim", "--recall-at-least", "0.1", "--source", tmp_path)
    result = await anyio.to_thread.run_sync(lambda: run(*command))
    assert result.exit_code == 1
    assert "no truth is known of any image that it answered" in result.output
