"""Which saved record answers for a model, and what is said about the others."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from lfv_mcp.errors import SetupError
from lfv_mcp.formats.recognition import recognise
from tests.support.archives import KEY, NEW, OLD, saved
from tests.support.clients import codes, door, run, table
from tests.support.saved_records import (
    ONE,
    OTHER,
    arn,
    described,
    lines,
    listed,
    manifest_of,
    project_of,
    response,
    result_of,
    write,
)

pytestmark = pytest.mark.anyio


captures = st.none() | st.sampled_from([OLD, NEW])
answers = st.tuples(captures, st.sampled_from(["TRAINED", "HOSTED", "TRAINING"]), st.integers(1, 3))


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    held=st.lists(answers, min_size=1, max_size=5), names=st.permutations("abcde"), data=st.data()
)
def test_the_winner_is_a_matter_of_content(
    tmp_path_factory: pytest.TempPathFactory, held: list[Any], names: list[str], data: st.DataObject
) -> None:
    """Dated beats undated, newer beats older; names, order and file times do not matter."""
    folder = tmp_path_factory.mktemp("archive")
    try:
        for name, (captured, status, units) in zip(names, held, strict=False):
            answer = saved(captured, Status=status, MinInferenceUnits=units)
            path = write(folder, f"{name}.json", answer)
            age = data.draw(st.integers(1, 10**9))
            os.utime(path, (age, age))
        model = Archive(Directory(folder)).index().models[KEY]
        (winner, *_), _ = recognise((folder / model.winner.name).read_bytes())
        assert winner.captured == max((c.timestamp() if c else -1.0) for c, _, _ in held) or (
            winner.captured is None and {c for c, _, _ in held} == {None}
        )
        # Turned around, and under other names, the same record wins.
        again = tmp_path_factory.mktemp("archive")
        for number, path in enumerate(sorted(folder.iterdir(), reverse=True)):
            document = json.loads(path.read_bytes())
            write(again, f"{number}/x.json", json.dumps(document, indent=3).encode())
        other = Archive(Directory(again)).index().models[KEY]
        (same, *_), _ = recognise((again / other.winner.name).read_bytes())
        assert same == winner
        shutil.rmtree(again)
    finally:
        shutil.rmtree(folder)


async def test_dated_beats_undated_and_newer_beats_older(tmp_path: Path) -> None:
    write(tmp_path, "1.json", saved(OLD, Status="TRAINED"))
    write(tmp_path, "2.json", saved(NEW, Status="HOSTED"))
    write(tmp_path, "3.json", saved(None, Status="TRAINING"))
    async with door(tmp_path) as ask:
        answer = await ask.describe("cap-seal", "3")
    assert answer["status"] == "HOSTED"
    assert answer["source"] == {
        "kind": "archive",
        "basis": "describe_model",
        "captured_at": "2025-10-28T09:00:00.000Z",
        "location": "2.json",
    }
    (finding,) = [f for f in answer["findings"] if f["code"] == "records_disagree"]
    assert "says HOSTED" in finding["message"]
    assert "TRAINED (2025-03-01)" in finding["message"]
    assert "TRAINING (undated)" in finding["message"]
    assert "TRAINED" in run("archive", "check", tmp_path).output


async def test_agreeing_records_are_no_disagreement(tmp_path: Path) -> None:
    write(tmp_path, "1.json", saved(OLD))
    write(tmp_path, "2.json", saved(NEW))
    write(tmp_path, "3.json", {"Models": [listed(described())]})
    async with door(tmp_path) as ask:
        answer = await ask.describe("cap-seal")
    assert "records_disagree" not in codes(answer)
    assert "disagree" not in run("archive", "check", tmp_path).output


async def test_description_beats_listing_and_both_are_shown(tmp_path: Path) -> None:
    """A listing says less; even a newer one does not answer, but its status is not kept back."""
    write(tmp_path, "a.json", saved(OLD, Status="TRAINED"))
    newer = response("Models", [listed(described(Status="HOSTED"))], NEW)
    write(tmp_path, "b.json", newer)
    async with door(tmp_path) as ask:
        answer = await ask.describe("cap-seal")
    assert (answer["status"], answer["source"]["basis"]) == ("TRAINED", "describe_model")
    (finding,) = [f for f in answer["findings"] if f["code"] == "records_disagree"]
    assert "HOSTED (2025-10-28)" in finding["message"]


async def test_places_stay_apart(tmp_path: Path) -> None:
    """One name in two regions and two accounts: asked for without a place, they are listed."""
    places = [("us-east-1", ONE), ("us-east-1", OTHER), ("eu-west-1", ONE)]
    for number, (region, account) in enumerate(places):
        body = described("cap-seal", 3, region, account, Description=f"{region}_{account}")
        write(tmp_path, f"{number}.json", response("ModelDescription", body))
    only = described("cap-seal", 7, "eu-west-1", ONE)
    write(tmp_path, "7.json", response("ModelDescription", only))
    async with door(tmp_path) as ask:
        for version in ("3", "latest"):
            error = await ask.refused(
                "describe_model", project_name="cap-seal", model_version=version
            )
            assert error["code"] == "ambiguous_model"
            for region, account in places[:2]:
                assert arn("cap-seal", 3, region, account) in error["message"]
        for region, account in places:
            answer = await ask.describe(arn("cap-seal", 3, region, account))
            assert answer["model_description"]["Description"] == f"{region}_{account}"
            assert (answer["region"], answer["model_version"]) == (region, "3")
        # What only one place has is not ambiguous.
        assert (await ask.describe("cap-seal", "7"))["region"] == "eu-west-1"
        rows = (await ask.list())["models"]
        assert len({row["model_arn"] for row in rows}) == len(rows) == 4


async def test_candidates_are_of_the_version_asked_for(tmp_path: Path) -> None:
    for region in ("us-east-1", "eu-west-1"):
        for version in (1, 2):
            body = described("cap-seal", version, region)
            write(tmp_path, f"{region}-{version}.json", response("ModelDescription", body))
    async with door(tmp_path) as ask:
        error = await ask.refused("describe_model", project_name="cap-seal", model_version="1")
        candidate = arn("cap-seal", 1, "eu-west-1")
        assert candidate in error["message"]
        assert (await ask.describe(candidate, "1"))["region"] == "eu-west-1"


async def test_known_only_from_a_listing(tmp_path: Path) -> None:
    body = listed(described(Status="HOSTED"))
    write(tmp_path, "models.json", response("Models", [body], NEW))
    async with door(tmp_path) as ask:
        answer = await ask.describe("cap-seal")
    assert answer["source"]["basis"] == "list_models"
    assert answer["source"]["captured_at"] == "2025-10-28T09:00:00.000Z"
    assert "listing_only" in codes(answer)
    assert answer["status"] == "HOSTED"
    assert not {"artifacts", "hosting"} & answer.keys()
    assert set(answer["model_description"]) == set(body)
    assert table(run("archive", "check", tmp_path).output)["known only from a listing"] == 1


EVALUATION_ONLY: Final[dict[str, tuple[dict[str, bytes], dict[str, Any]]]] = {
    "both": (
        {"EvaluationResult-x.json": lines([result_of()]), "m.json": manifest_of()},
        {"f1_score": 0.878049, "precision": 0.857143, "recall": 0.9},
    ),
    "result": (
        {"r.json": lines([result_of()])},
        {"f1_score": 0.878049, "precision": 0.857143, "recall": 0.9},
    ),
    "result of the preview": (
        {"r.json": lines([result_of(F1Score=...)])},
        {"precision": 0.857143, "recall": 0.9},
    ),
    "manifest": ({"m.json": manifest_of()}, {}),
}


@pytest.mark.parametrize("name", EVALUATION_ONLY)
async def test_known_only_from_evaluation_files(tmp_path: Path, name: str) -> None:
    files, metrics = EVALUATION_ONLY[name]
    for file, content in files.items():
        write(tmp_path, file, content)
    async with door(tmp_path) as ask:
        answer = await ask.describe("cap-seal")
        (row,) = (await ask.list())["models"]
        assert (await ask.list(status="TRAINED"))["models"] == []
    assert answer["source"]["basis"] == "evaluation_files"
    assert "captured_at" not in answer["source"]
    assert "evaluation_files_only" in codes(answer)
    # No status, and nothing else that these files do not prove.
    proven = {"ModelVersion", "ModelArn"}
    if metrics:
        proven |= {"Performance", "EvaluationEndTimestamp"}
    assert set(answer["model_description"]) == proven
    assert not {"status", "status_meaning", "status_message", "hosting"} & answer.keys()
    shown = answer.get("performance", {})
    assert {n: shown[n] for n in ("f1_score", "precision", "recall") if n in shown} == metrics
    of_files = {row.pop(name, None) for name in ("test_images", "finding")}
    assert of_files <= {120, None, answer["findings"][0]["code"]}
    assert row == {
        "project_name": "cap-seal",
        "model_version": "3",
        "model_arn": arn(),
        "held": ["result", "manifest"] if name == "both" else [name.split()[0]],
        **metrics,
    }
    check = run("archive", "check", tmp_path)
    assert f"rebuilt  {arn()}" in check.output
    assert table(check.output)["rebuilt from evaluation files"] == 1


async def test_description_of_a_project_beats_its_line_in_a_listing(tmp_path: Path) -> None:
    short = {k: v for k, v in project_of().items() if k != "Datasets"}
    write(tmp_path, "projects.json", response("Projects", [short], NEW))
    write(tmp_path, "project.json", response("ProjectDescription", project_of(), OLD))
    (project,) = Archive(Directory(tmp_path)).index().projects.values()
    assert project == project_of()


def test_a_single_file_is_an_archive(tmp_path: Path) -> None:
    answers = [response("ModelDescription", described(version=v)) for v in range(1, 6)]
    path = write(tmp_path, "all.jsonl", lines(answers))
    write(tmp_path, "beside.json", saved(Status="HOSTED"))
    assert len(Archive(Directory(path)).index().models) == 5
    assert run("describe", "cap-seal", "5", "--source", path).exit_code == 0
    path.unlink()
    with pytest.raises(SetupError, match="cannot be read"):
        list(Directory(path).entries())


async def test_list_and_describe_agree_on_an_impossible_metric(tmp_path: Path) -> None:
    """Of a model known only from its EvaluationResult both leave it out, and describe names it."""
    write(tmp_path, "result.json", result_of(Precision=1.5))
    async with door(tmp_path) as ask:
        (row,) = (await ask.list())["models"]
        described_model = await ask.describe("cap-seal", "3")
        assert "precision" not in row
        assert "precision" not in described_model["performance"]
        assert row["recall"] == described_model["performance"]["recall"] == 0.9
        assert "member_unusable" in codes(described_model)


async def test_a_comparison_is_as_old_as_its_oldest_record(tmp_path: Path) -> None:
    write(tmp_path, "3.json", saved(NEW))
    write(tmp_path, "2.json", saved(OLD, version=2))
    write(tmp_path, "1.json", saved(version=1))
    sources = []
    async with door(tmp_path) as ask:
        for versions in (["3", "2"], ["3", "1"]):
            compared = {"project_name": "cap-seal", "model_versions": versions}
            result = await ask.client.call_tool("compare_models", compared)
            sources.append(result.structured_content["source"])
    oldest = OLD.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    place = {"kind": "archive", "basis": "describe_model", "location": str(tmp_path)}
    # Of the undated one nobody knows how old it is, so of the whole neither.
    assert sources == [place | {"captured_at": oldest}, place]
