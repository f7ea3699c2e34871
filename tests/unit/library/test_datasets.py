"""Inventories and training images through the library: what the resource and the command answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lfv_mcp import LfvError, connect
from tests.support.clients import run
from tests.support.datasets import as_lines, labelled
from tests.support.successors import as_csv, truths, verdicts


def test_an_inventory_is_that_of_the_command() -> None:
    with connect("sample") as lfv:
        one, every = lfv.inventory("sample-cap-seal"), lfv.inventory()
    told = json.loads(run("inventory", "sample-cap-seal", "--source", "sample", "--json").stdout)
    assert [p.to_json() for p in one.projects] == told["projects"]
    assert len(every.projects) == 6
    with connect("sample") as lfv, pytest.raises(LfvError, match="nothing of a project 'pcb'"):
        lfv.inventory("pcb")


@pytest.mark.anyio
async def test_images_that_a_successor_was_trained_on_are_left_out(tmp_path: Path) -> None:
    tested = truths()
    answers, train = tmp_path / "predictions.csv", tmp_path / "train.manifest"
    answers.write_bytes(as_csv(verdicts(tested)))
    shared = [labelled(image, "anomaly" if bad else "normal") for image, bad in tested[:20]]
    train.write_text(as_lines(shared), encoding="utf-8")
    async with connect("sample") as lfv:
        whole = await lfv.compare("sample-weld-bead", [3], predictions={"new": answers})
        fair = await lfv.compare(
            "sample-weld-bead", [3], predictions={"new": answers}, trained_on={"new": train}
        )
        with pytest.raises(LfvError, match="trained_on: old"):
            await lfv.compare("sample-weld-bead", [3, 1], trained_on={"old": train})
    matching = [comparison.models[1].matching for comparison in (whole, fair)]
    assert [each.trained_on if each else None for each in matching] == [None, 20]
    codes = {found.code for found in fair.findings or ()}
    assert "tested_on_training_images" in codes
