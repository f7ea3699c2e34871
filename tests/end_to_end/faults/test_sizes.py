"""The fault table: answers with much to say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from lfv_mcp.server.size_limits import MAX_RESULT_BYTES
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import (
    Endpoint,
    api_error,
    arn,
    healthy,
    ok,
)
from tests.support.clients import describe, text
from tests.support.fault_table import (
    DEFAULT,
    Row,
    always,
    code_of,
    size_of,
)
from tests.support.saved_records import described, judged, lines, listed, result_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WIDE: Final = "\N{FACTORY}"
"""Four bytes."""


@pytest.mark.parametrize("letter", ["x", '"', WIDE])
async def test_a_long_listing(tmp_path: Path, letter: str, row: Row) -> None:
    """100 models with 500 characters of description each: shorter pages, and nothing is lost."""
    models = [listed(described(version=n, Description=letter * 500)) for n in range(1, 101)]
    (tmp_path / "list.json").write_text(json.dumps({"Models": models}))
    found: list[str] = []
    token = ""
    async with Client(
        build_server(open_catalog(Settings(str(tmp_path), None, None, DEFAULT)))
    ) as client:
        for _ in range(100):
            page = {"max_results": 100, "next_token": token}
            with row.in_time():
                result = await client.call_tool("list_models", page)
            assert not code_of(result), text(result)
            assert size_of(result) <= MAX_RESULT_BYTES
            assert result.structured_content is not None
            found += [row["model_version"] for row in result.structured_content["models"]]
            token = result.structured_content.get("next_token", "")
            if not token:
                break
            assert token in text(result)
    assert found == [str(n) for n in range(100, 0, -1)]


async def test_a_listing_of_projects_that_fail(api: Endpoint, unhurried: Client, row: Row) -> None:
    names = [f"cap-seal-{n:03}-{'x' * 200}" for n in range(100)]
    api.answer = lambda r: (
        ok({"Projects": [{"ProjectName": name} for name in names]})
        if r.path.endswith("/projects")
        else api_error(403, "AccessDeniedException", "no " * 200)
    )
    with row.in_time():
        result = await unhurried.call_tool("list_models", {})
    assert not code_of(result)
    assert size_of(result) <= MAX_RESULT_BYTES
    assert re.search(r"Left out.* \d+ of 100 findings", text(result))
    assert result.structured_content is not None
    assert "of 100 findings" in result.structured_content["summary"]
    assert result.structured_content["findings"][-1]["code"] in row.codes


def large(folder: Path, letter: str, versions: int = 1) -> Catalog:
    """Models whose evaluation files have as much to say as can be."""
    for version in range(1, versions + 1):
        labels = [
            {"ClassName": f"{n}{letter * 600}", "Recall": 0.1, "Precision": 0.1, "AIOU": 0.1}
            for n in range(100)
        ]
        document = result_of(version=version, PixelAnomalyClassMetrics=labels)
        (folder / f"result-{version}.json").write_text(json.dumps(document))
        name = arn(version=str(version))
        names = [name] * 58 + [name + letter * 1900, name + letter * 1901]  # of other models
        judgements = [
            judged(f"{n}{letter * 980}", *pair, 0.9 - n / 1000 * version, model=names[n])
            for n in range(60)
            for pair in (("anomaly", "normal"), ("normal", "anomaly"))
        ]
        (folder / f"manifest-{version}.json").write_bytes(lines(judgements))
        body = described(version=version, Description=letter * 500)
        (folder / f"model-{version}.json").write_text(json.dumps({"ModelDescription": body}))
    return open_catalog(Settings(str(folder), None, None, DEFAULT))


@pytest.mark.parametrize("letter", ["x", WIDE])
async def test_a_large_evaluation(tmp_path: Path, letter: str, row: Row) -> None:
    async with Client(build_server(large(tmp_path, letter))) as client:
        with row.in_time():
            result = await client.call_tool(
                "analyze_evaluation", {"project_name": "cap-seal", "max_examples": 20}
            )
        assert not code_of(result), text(result)
        assert size_of(result) <= MAX_RESULT_BYTES
        assert result.structured_content is not None
        for shown in (text(result), result.structured_content["summary"]):
            assert re.search(r"Left out.* \d+ of 100 labels.*max_examples", shown, re.DOTALL)
            assert re.search(r"Left out.* \d+ of 20 examples.missed_defects", shown, re.DOTALL)
        assert result.structured_content["findings"][-1]["code"] in row.codes
        asked = {"project_name": "cap-seal", "max_examples": 0}
        assert not code_of(await client.call_tool("analyze_evaluation", asked))


async def test_a_comparison_of_ten(tmp_path: Path, row: Row) -> None:
    async with Client(build_server(large(tmp_path, "x", 10))) as client:
        versions = [str(n) for n in range(1, 11)]
        with row.in_time():
            result = await client.call_tool(
                "compare_models", {"project_name": "cap-seal", "model_versions": versions}
            )
        assert not code_of(result), text(result)
        assert size_of(result) <= MAX_RESULT_BYTES
        assert result.structured_content is not None
        assert len(result.structured_content["models"]) == 10
        assert result.structured_content["findings"][-1]["code"] in row.codes
        for shown in (text(result), result.structured_content["summary"]):
            assert re.search(r"Left out.* of \d+ findings.*fewer versions", shown, re.DOTALL)


@pytest.mark.parametrize("letter", ["x", '"', WIDE])
async def test_a_record_with_the_longest_texts(
    api: Endpoint, unhurried: Client, letter: str, row: Row
) -> None:
    at = {"Bucket": letter * 63, "Key": letter * 1024}
    body = described(
        ModelArn=letter * 2048,
        Description=letter * 500,
        Status=letter * 500,
        StatusMessage=letter * 500,
        OutputConfig={"S3Location": {"Bucket": letter * 63, "Prefix": letter * 1024}},
        EvaluationManifest=at,
        EvaluationResult=at,
        KmsKeyId=letter * 2048,
    )
    api.answer = always(ok({"ModelDescription": body}))
    with row.in_time():
        result = await describe(unhurried)
    assert not code_of(result), text(result)
    assert size_of(result) <= MAX_RESULT_BYTES
    assert result.structured_content is not None
    if letter == "x":  # what the API can really say is never cut
        assert result.structured_content["model_description"]["ModelArn"] == letter * 2048
    api.answer = healthy
    assert not code_of(await describe(unhurried))
