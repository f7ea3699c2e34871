"""No answer is above 40 kB, whatever an account or an archive has to say; nothing is lost by it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from mcp import Client, MCPError
from mcp.types import INVALID_PARAMS
from pydantic import BaseModel

from lfv_mcp.server.app import build_server
from lfv_mcp.server.resources import RESOURCES, VIEW
from lfv_mcp.server.size_limits import MAX_RESULT_BYTES
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.saved_records import described, judged, lines, listed, result_of
from tests.support.tiers import slow_but

pytestmark = pytest.mark.anyio

LETTERS: Final = ["x", '"', "\\", "|", "\N{FACTORY}", "\n"]
QUICK_LETTERS: Final = ["x", "\N{FACTORY}"]
"""Short ones, such as take two bytes within a text, and within a text in a text four; wide ones."""
MODEL: Final = "lookoutvision://projects/cap-seal/models/1"


@asynccontextmanager
async def serving(folder: Path, era: str) -> AsyncIterator[Client]:
    server = build_server(open_catalog(Settings(str(folder))))
    async with Client(server, mode=era) as client:
        yield client


def size_of(answer: BaseModel) -> int:
    return len(answer.model_dump_json(by_alias=True, exclude_none=True).encode())


async def text_of(client: Client, uri: str) -> str:
    answer = await client.read_resource(uri)
    assert size_of(answer) <= MAX_RESULT_BYTES, uri
    (contents,) = answer.contents
    text: str = contents.text  # type: ignore[union-attr]
    return text


@pytest.mark.parametrize("letter", slow_but(QUICK_LETTERS, LETTERS))
async def test_known_models_go_on_in_list_models(tmp_path: Path, era: str, letter: str) -> None:
    models = [listed(described(version=n, Description=letter * 500)) for n in range(1, 101)]
    (tmp_path / "list.json").write_text(json.dumps({"Models": models}))
    async with serving(tmp_path, era) as client:
        page = json.loads(await text_of(client, "lookoutvision://models"))
        found = [row["model_version"] for row in page["models"]]
        assert found
        while token := page.get("next_token"):
            call = await client.call_tool("list_models", {"next_token": token})
            assert call.structured_content
            page = call.structured_content
            found += [row["model_version"] for row in page["models"]]
    assert found == [str(n) for n in range(100, 0, -1)]


async def test_a_long_list_of_resources_has_pages(tmp_path: Path, era: str) -> None:
    names = [f"line-{n:03}-{'x' * 240}" for n in range(100)]
    for name in names:
        body = described(name)
        (tmp_path / f"{name[:8]}.json").write_text(json.dumps({"ModelDescription": body}))
    async with serving(tmp_path, era) as client:
        found: list[str] = []
        cursor: str | None = None
        pages = 0
        while True:
            page = await client.list_resources(cursor=cursor)
            assert size_of(page) <= MAX_RESULT_BYTES
            found += [resource.name for resource in page.resources]
            pages += 1
            cursor = page.next_cursor
            if cursor is None:
                break
        assert pages > 1
        always = [r.name for r in RESOURCES if not r.is_template]
        assert found == always + [f"{name}/3" for name in names]
        for wrong in ("x", "-1", "9999", "1" * 5000, "1.5"):
            with pytest.raises(MCPError) as refused:
                await client.list_resources(cursor=wrong)
            assert refused.value.error.code == INVALID_PARAMS
            assert "nextCursor" in refused.value.error.message


def large(folder: Path, letter: str) -> None:
    """Two models about which everything is as long as it can be."""
    for version in (1, 2):
        labels = [
            {"ClassName": f"{n}{letter * 600}", "Recall": 0.1, "Precision": 0.1, "AIOU": 0.1}
            for n in range(100)
        ]
        document = result_of(version=version, PixelAnomalyClassMetrics=labels)
        (folder / f"result-{version}.json").write_text(json.dumps(document))
        judgements = [
            judged(f"{n}{letter * 980}", *pair, 0.9 - n / 1000 * version)
            for n in range(60)
            for pair in (("anomaly", "normal"), ("normal", "anomaly"))
        ]
        (folder / f"manifest-{version}.json").write_bytes(lines(judgements))
        body = described(
            version=version,
            Description=letter * 500,
            StatusMessage=letter * 500,
            OutputConfig={"S3Location": {"Bucket": letter * 63, "Prefix": letter * 1024}},
            EvaluationManifest={"Bucket": letter * 63, "Key": letter * 1024},
            EvaluationResult={"Bucket": letter * 63, "Key": letter * 1024},
            KmsKeyId=letter * 2048,
        )
        (folder / f"model-{version}.json").write_text(json.dumps({"ModelDescription": body}))


@pytest.mark.parametrize("letter", slow_but(QUICK_LETTERS, LETTERS))
async def test_documents_about_a_model(tmp_path: Path, era: str, letter: str) -> None:
    large(tmp_path, letter)
    async with serving(tmp_path, era) as client:
        record = json.loads(await text_of(client, MODEL))
        assert record["model_description"]["ModelVersion"] == "1"
        card = await text_of(client, f"{MODEL}/card")
        for heading in ("## State", "## Quality", "## Provenance"):
            assert heading in card
        assert "Left out" in card
        versions = {"baseline": "1", "candidate": "2"}
        prompt = await client.get_prompt(
            "compare_model_versions", {"project_name": "cap-seal", **versions}
        )
        assert size_of(prompt) <= MAX_RESULT_BYTES


async def test_a_long_uri_is_not_repeated(tmp_path: Path, era: str) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"ModelDescription": described()}))
    async with serving(tmp_path, era) as client:
        for uri in ("lookoutvision://" + "x" * 100_000, MODEL.replace("cap-seal", "y" * 100_000)):
            with pytest.raises(MCPError) as refused:
                await client.read_resource(uri)
            assert len(str(refused.value.error)) < 10_000


async def test_only_the_page_itself_is_longer(client: Client) -> None:
    """It is a program for hosts, which no model is shown."""
    for resource in RESOURCES:
        if not resource.is_template:
            answer = await client.read_resource(resource.uri)
            assert size_of(answer) <= MAX_RESULT_BYTES or resource.uri == VIEW
