"""compare_models of versions without a manifest, whose counts the reported figures may give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from tests.support.clients import codes, door, run, text
from tests.support.comparisons import Baseline, baseline_images, write_version
from tests.support.saved_records import lines, result_of, write

pytestmark = pytest.mark.anyio

PROJECT: Final = "label-check"
ONE_SOLUTION: Final = {  # 23 of 25 defects, 2 of 35 good parts
    "Precision": 0.92,
    "Recall": 0.92,
    "F1Score": 0.92,
    "ROCAUC": 0.947428571,
    "AveragePrecision": ...,
}
TWO_SOLUTIONS: Final = {  # 40 or 80 defects of 120
    "Precision": 36 / 42,
    "Recall": 0.9,
    "F1Score": 0.8780487804878049,
    "ROCAUC": 0.9284375,
    "AveragePrecision": ...,
}


def reported(version: int, images: int, metrics: Any) -> bytes:
    document = result_of(PROJECT, version, **metrics)
    document["EvaluationDetails"]["NumberOfTestingImages"] = images
    return lines([document])


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 with its manifest, versions 2 and 3 with a result alone."""
    folder = tmp_path_factory.mktemp("recovered")
    write_version(folder, PROJECT, 1, baseline_images(Baseline(4, 40, 8, 100)))
    write(folder, "2.json", reported(2, 60, ONE_SOLUTION))
    write(folder, "3.json", reported(3, 120, TWO_SOLUTIONS))
    return folder


async def compared(source: Path, *versions: str) -> tuple[str, dict[str, Any]]:
    arguments = {"project_name": PROJECT, "model_versions": list(versions)}
    async with door(source) as ask:
        result = await ask.client.call_tool("compare_models", arguments)
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return text(result), result.structured_content


def newcombe(before: tuple[int, int], after: tuple[int, int]) -> tuple[float, float]:
    """statsmodels' interval of after - before."""
    low, high = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff")
    return float(low), float(high)


@pytest.mark.parametrize(("versions", "sign"), [(("1", "2"), 1), (("2", "1"), -1)])
async def test_recovered_counts_are_compared_and_nothing_is_decided(
    held: Path, versions: tuple[str, str], sign: int
) -> None:
    words, answer = await compared(held, *versions)
    row = answer["models"][1]
    for name, first, second in (
        ("recall", (36, 40), (23, 25)),
        ("false_alarm_rate", (8, 100), (2, 35)),
    ):
        before, after = (first, second) if sign > 0 else (second, first)
        rate = row[name]
        assert rate["difference"] == pytest.approx(
            after[0] / after[1] - before[0] / before[1], abs=1e-6
        )
        assert (rate["low"], rate["high"]) == pytest.approx(newcombe(before, after), abs=1e-6)
        assert rate["verdict"] == "undecided"
        assert "p_value" not in rate
    assert (row["verdict"], row["replacement"]) == ("not_comparable", "undecided")
    assert "best" not in answer
    assert "same_test_set" not in answer
    by_version = {each["model_version"]: each["metrics"] for each in answer["models"]}
    assert by_version["2"]["recall"]["low"] == pytest.approx(0.750, abs=0.0005)
    (provenance,) = [f for f in answer["findings"] if f["code"] == "counts_recovered"]
    assert provenance["message"].startswith(
        "Version 2: there is no EvaluationManifest, and its counts are recovered"
    )
    assert "counts_missing" not in codes(answer)
    assert "the counts are recovered from the reported figures" in answer["summary"]
    assert provenance["message"] in words
    command = ("compare", PROJECT, *versions, "--source", held)
    printed = await anyio.to_thread.run_sync(lambda: run(*command))
    as_json = await anyio.to_thread.run_sync(lambda: run(*command, "--json"))
    assert printed.stdout.rstrip("\n") == words
    assert json.loads(as_json.stdout) == answer


async def test_the_default_margin_is_of_the_recovered_baseline(held: Path) -> None:
    """2 errors of 25 and of 35: the upper end for 3 errors lies above 5 points."""
    _, answer = await compared(held, "2", "1")
    assert (answer["recall_margin"], answer["false_alarm_margin"]) == (0.05, 0.05)


async def test_of_several_solutions_none_is_taken(held: Path) -> None:
    words, answer = await compared(held, "1", "3")
    row = answer["models"][1]
    assert "undefined" in row["recall"]
    assert "undefined" in row["false_alarm_rate"]
    assert "low" not in row["metrics"]["recall"]
    assert {"counts_missing", "counts_ambiguous"} <= codes(answer)
    assert "no counts are known of version 3: there is no EvaluationManifest" in answer["summary"]
    assert "of version 1" not in answer["summary"]
    assert "and several sets of counts fit the reported figures" in answer["summary"]
    assert "several sets of counts give the reported figures, so none is taken" in words
