"""A prediction set's name in the place of a version: tools, resources, prompts, completions."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import PromptReference, ResourceTemplateReference

from lfv_mcp.archive.store import Directory
from lfv_mcp.catalog.prediction_sets import FoundSet
from lfv_mcp.formats.predictions.prediction_set import PredictedImage, PredictionSet
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.model_query import parse_model_query
from lfv_mcp.server.app import build_server
from tests.support.archives import archive_catalog, saved
from tests.support.clients import run, text
from tests.support.prediction_sets import set_file
from tests.support.saved_records import ONE, manifest_of, write
from tests.support.successors import as_csv, truths, verdicts

pytestmark = pytest.mark.anyio
PROJECT = "cap-seal"


def answers(count: int = 40, *, truth: bool = False) -> list[PredictedImage]:
    """What a set says of the images of `manifest_of`, every one of them right."""
    found = []
    for line in manifest_of(images=count).splitlines():
        item = json.loads(line)
        anomalous = item["anomaly-label-metadata"]["class-name"] == "anomaly"
        label = anomalous if truth else None
        score = 12.5 if anomalous else -3.0
        found.append(PredictedImage(item["source-ref"], label, anomalous, score))
    return found


def put(
    folder: Path,
    name: str,
    images: Sequence[PredictedImage],
    *,
    project: str = PROJECT,
    region: str = "us-east-1",
    account: str = ONE,
    file: str = "",
) -> None:
    key = PredictionSetKey(region, account, project, name)
    (folder / (file or f"{project}-{name}-{region}.jsonl")).write_bytes(set_file(images, key))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive of version 3 with its manifest, of version 4 that is HOSTED, and of a set."""
    write(tmp_path, "3.json", saved(Status="TRAINED"))
    write(tmp_path, "4.json", saved(version=4, Status="HOSTED"))
    (tmp_path / "manifest.json").write_bytes(manifest_of(version=3, images=40))
    put(tmp_path, "padim", answers())
    return tmp_path


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[Client]:
    files = Directory(folder, rescan_after=-1.0)
    async with Client(build_server(archive_catalog(files))) as opened:
        yield opened


async def asked(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(tool, {"project_name": PROJECT, **arguments})
    assert not result.is_error, text(result)
    found: dict[str, Any] | None = result.structured_content
    assert found is not None
    assert text(result)
    return found


async def refused(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, {"project_name": PROJECT, **arguments})
    assert result.is_error
    return text(result)


async def test_describe_says_what_a_set_is_and_claims_no_model(client: Client) -> None:
    found = await asked(client, "describe_model", model_version="PaDiM")
    assert found["model_version"] == "padim"
    assert found["prediction_set"] == {
        "images": 40,
        "truth": 0,
        "scores": "anomaly_score",
        "columns": {"image": "image_path", "prediction": "pred_label"},
        "origin": "p.csv",
    }
    assert found["source"]["basis"] == "predictions"
    for absent in ("status", "model_description", "performance", "hosting", "artifacts"):
        assert absent not in found


async def test_a_listing_has_the_sets_after_the_models_and_loses_none(
    client: Client, folder: Path
) -> None:
    for number in range(5):
        put(folder, f"set-{number}", answers(4))
    put(folder, "alone", answers(4), project="paint", region="", account="")
    models, sets, token = [], [], ""
    for _ in range(20):
        result = await client.call_tool("list_models", {"max_results": 2, "next_token": token})
        assert result.structured_content is not None
        page = result.structured_content
        models += [row["model_version"] for row in page["models"]]
        rows = page.get("prediction_sets", [])
        assert len(page["models"]) + len(rows) <= 2
        sets += [(row["project_name"], row["name"], row["images"]) for row in rows]
        assert page.get("next_token") != token
        token = page.get("next_token", "")
        if not token:
            break
    assert models == ["4", "3"]
    expected = [(PROJECT, "padim", 40), *((PROJECT, f"set-{n}", 4) for n in range(5))]
    assert sets == [*expected, ("paint", "alone", 4)]
    hosted = await asked(client, "list_models", status="HOSTED")
    assert "prediction_sets" not in hosted


async def test_evaluation_has_scores_of_any_range(client: Client) -> None:
    found = await asked(
        client,
        "analyze_evaluation",
        model_version="padim",
        threshold=100,
        defect_rate=0.01,
        cost_of_escape=10,
        cost_of_false_reject=1,
    )
    assert found["test_images"] == 40
    assert found["confusion"] == {
        "true_positives": 20,
        "false_positives": 0,
        "false_negatives": 0,
        "true_negatives": 20,
        "unusable_lines": 0,
    }
    assert found["threshold"]["operating_range"] == {
        "max_normal_score": -3.0,
        "min_anomaly_score": 12.5,
    }
    assert found["threshold"]["at"]["false_negatives"] == 20
    assert found["cost"]["built_in"]["threshold"] == found["threshold"]["operating_range"]
    told = json.dumps(found)
    assert "Lookout" not in found["summary"]
    assert "ersion padim" not in told
    assert "metrics_best_case" not in told
    said = await refused(client, "analyze_evaluation", model_version="3", threshold=100)
    assert "0 to 1" in said


@pytest.mark.parametrize(("version", "reads"), [("padim", 1), ("3", 0)])
async def test_a_set_is_read_once_for_its_images(
    monkeypatch: pytest.MonkeyPatch, folder: Path, version: str, reads: int
) -> None:
    catalog = archive_catalog(Directory(folder))
    read: list[FoundSet] = []
    read_sets = catalog.prediction_sets.read

    def counted(found: Iterable[FoundSet]) -> list[PredictionSet]:
        read.extend(found)
        return read_sets(found)

    monkeypatch.setattr(catalog.prediction_sets, "read", counted)
    listed = await catalog.test_images(parse_model_query(PROJECT, version))
    assert len(listed.images) == 40
    assert len(read) == reads


async def test_a_comparison_of_a_version_and_a_set(client: Client) -> None:
    found = await asked(client, "compare_models", model_versions=["3", "padim"])
    baseline, row = found["models"]
    assert (baseline["model_version"], row["model_version"]) == ("3", "padim")
    assert row["matching"]["by_uri"] == 40
    assert row["recall"]["only_this_right"] == 10
    assert row["recall"]["verdict"] == "better"
    assert "matching" not in baseline


@pytest.mark.parametrize("spelling", ["version_3", "model3", "Version-3"])
async def test_a_word_that_means_a_version_is_one_unless_a_set_has_it(
    client: Client, folder: Path, spelling: str
) -> None:
    assert (await asked(client, "describe_model", model_version=spelling))["model_version"] == "3"
    put(folder, spelling, answers(4))
    assert (await asked(client, "describe_model", model_version=spelling))["prediction_set"]


async def test_hosted_is_the_version_that_was_hosted(client: Client) -> None:
    for spelling in ("hosted", "HOSTED", " Hosted "):
        found = await asked(client, "describe_model", model_version=spelling)
        assert found["model_version"] == "4"


async def test_a_version_without_a_status_is_not_told_to_have_one(tmp_path: Path) -> None:
    write(tmp_path, "3.json", saved(Status=...))
    write(tmp_path, "4.json", saved(version=4, Status="TRAINED"))
    async with Client(build_server(archive_catalog(Directory(tmp_path)))) as client:
        told = await refused(client, "describe_model", model_version="hosted")
    assert "was HOSTED when captured: 3 status not known, 4 TRAINED. Whether one ran" in told


async def test_truth_comes_from_the_place_of_the_set(client: Client, folder: Path) -> None:
    """The project has versions in two regions; the set says itself in which one it is."""
    before = await asked(client, "analyze_evaluation", model_version="padim")
    elsewhere = saved(version=9, Status="TRAINED", region="eu-west-1")
    write(folder, "elsewhere.json", elsewhere)
    after = await asked(client, "analyze_evaluation", model_version="padim")
    assert after["test_images"] == before["test_images"] == 40
    put(folder, "other", answers())
    compared = await asked(client, "compare_models", model_versions=["padim", "other"])
    assert compared["models"][1]["matching"]["by_uri"] == 40


async def test_versions_that_cannot_be_told_are_not_none(client: Client, folder: Path) -> None:
    """A set that nobody placed is of a project that is held for two regions: which one is asked."""
    put(folder, "nowhere", answers(), region="", account="")
    write(folder, "elsewhere.json", saved(version=9, Status="TRAINED", region="eu-west-1"))
    told = await refused(client, "analyze_evaluation", model_version="nowhere")
    assert "is held for several regions or accounts" in told


async def test_an_unknown_name_is_refused_with_what_there_is(client: Client) -> None:
    said = await refused(client, "describe_model", model_version="nope")
    assert "no prediction set 'nope'" in said
    assert "Versions of cap-seal: 3, 4; prediction sets: padim" in said


async def test_a_project_of_sets_alone_says_so(tmp_path: Path) -> None:
    put(tmp_path, "before", answers(truth=True), project="paint", region="", account="")
    put(tmp_path, "after", answers(), project="paint", region="", account="")
    async with Client(build_server(archive_catalog(Directory(tmp_path)))) as client:
        for version in ("latest", "1", "nope"):
            said = await refused(
                client, "describe_model", project_name="paint", model_version=version
            )
            assert "after, before" in said
            assert "model_not_found" in said
        found = await asked(
            client, "compare_models", project_name="paint", model_versions=["before", "after"]
        )
        assert found["models"][1]["matching"]["by_uri"] == 40
        listed = await client.call_tool("list_models", {"project_name": "paint"})
        assert listed.structured_content is not None
        assert [row["name"] for row in listed.structured_content["prediction_sets"]] == [
            "after",
            "before",
        ]


async def test_one_name_in_two_places_is_ambiguous(client: Client, folder: Path) -> None:
    put(folder, "padim", answers(4), region="eu-west-1")
    said = await refused(client, "describe_model", model_version="padim")
    assert "ambiguous_model" in said
    arn = f"arn:aws:lookoutvision:eu-west-1:{ONE}:project/{PROJECT}"
    assert arn in said
    found = await asked(client, "describe_model", project_name=arn, model_version="padim")
    assert found["prediction_set"]["images"] == 4


async def test_two_contents_under_one_name_are_said(client: Client, folder: Path) -> None:
    put(folder, "padim", answers(8), file="copied-by-hand.jsonl")
    found = await asked(client, "describe_model", model_version="padim")
    assert "predictions_disagree" in [each["code"] for each in found["findings"]]


async def test_resources_and_the_card(client: Client) -> None:
    uri = f"lookoutvision://projects/{PROJECT}/models/padim"
    (summary,) = (await client.read_resource(uri)).contents
    assert json.loads(summary.text)["prediction_set"]["images"] == 40  # type: ignore[union-attr]
    (card,) = (await client.read_resource(f"{uri}/card")).contents
    page = card.text  # type: ignore[union-attr]
    assert page.startswith("# Model card: cap-seal padim (predictions)")
    assert "| Origin | p.csv |" in page
    assert "caught 20 of 20 defects" in page
    assert "| Status |" not in page


async def test_completions_and_the_prompt(client: Client) -> None:
    for ref in (
        PromptReference(type="ref/prompt", name="accept_successor"),
        ResourceTemplateReference(
            type="ref/resource",
            uri="lookoutvision://projects/{project_name}/models/{model_version}{?region,account}",
        ),
    ):
        name = "successor" if isinstance(ref, PromptReference) else "model_version"
        found = await client.complete(
            ref, {"name": name, "value": ""}, context_arguments={"project_name": PROJECT}
        )
        assert found.completion.values == ["latest", "hosted", "4", "3", "padim"]
    prompt = await client.get_prompt(
        "accept_successor", {"project_name": PROJECT, "baseline": "3", "successor": "padim"}
    )
    (_, first, second) = prompt.messages
    assert json.loads(second.content.resource.text)["prediction_set"]  # type: ignore[union-attr]
    assert json.loads(first.content.resource.text)["model_version"] == "3"  # type: ignore[union-attr]


@pytest.mark.parametrize("typed", ["pa dim", "PA-DIM", "padmi", "Padim!", "padi", "pa_dim"])
async def test_a_set_as_people_type_it_is_led_on_to(
    client: Client, folder: Path, typed: str
) -> None:
    put(folder, "other", answers(4), project="paint")
    await asked(client, "list_models")
    for tool, argument, given, meant in (
        ("describe_model", "model_version", typed, "padim"),
        ("compare_models", "model_versions", ["3", typed], ["3", "padim"]),
    ):
        said = await refused(client, tool, **{argument: given})
        assert "Did you mean padim?" in said
        call = {"name": tool, "arguments": {"project_name": PROJECT, argument: meant}}
        assert said.endswith(f"\nCall instead: {json.dumps(call)}")
        await asked(client, tool, **{argument: meant})
        wrapped = {"arguments": {"project_name": f" {PROJECT} ", argument: given}}
        assert said == text(await client.call_tool(tool, wrapped))


async def test_what_is_no_set_is_asked_for_and_said(client: Client, folder: Path) -> None:
    put(folder, "patchcore", answers(4), project="paint")
    await asked(client, "list_models")
    said = await refused(client, "compare_models", model_versions=["3", "patchcore"])
    assert "cap-seal has no prediction set 'patchcore'; paint has one." in said
    assert "model_versions=3 patchcore," in said
    assert "Next: To compare: another system" in said
    assert "Call instead" not in said


@pytest.mark.parametrize("name", ["evil", "fresh", "padim_2", "iPhone"])
def test_the_name_of_a_set_stays_as_it_is(tmp_path: Path, name: str) -> None:
    """However a sentence begins: whatever the set is worth, and what it was trained on."""
    good, bad = verdicts(truths()), verdicts(truths(), wrong=0.5)
    training = tmp_path / "train.csv"
    training.write_text("\n".join(("image,label", *(f"{v.uri},normal" for v in good[:20]))))
    for number, predicted in enumerate((good, bad, good[:40])):
        table = tmp_path / f"{number}.csv"
        table.write_bytes(as_csv(predicted))
        for more in ((), ("--trained-on", f"{name}={training}")):
            for versions in (("3",), ("1", "3")):
                line = (
                    "compare",
                    "sample-weld-bead",
                    *versions,
                    "--predictions",
                    f"{name}={table}",
                )
                result = run(*line, *more)
                assert result.exit_code == 0, result.output
                said = re.findall(rf"\b{name}\b", result.stdout, re.IGNORECASE)
                assert {*said} == {name}, result.stdout
