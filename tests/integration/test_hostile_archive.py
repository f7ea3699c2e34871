"""A hostile archive harms nothing but its own models, and stays data wherever it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.archives import NEW, saved
from tests.support.clients import codes, door, everything, run, table
from tests.support.hostile_archive import CONTROLS, MARK, hostile
from tests.support.saved_records import (
    described,
    response,
    write,
)

pytestmark = pytest.mark.anyio


def take_finding(answer: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """Take the findings with a code out of an answer."""
    found = answer.get("findings", [])
    taken = [each for each in found if each["code"] == code]
    if taken:
        answer["findings"] = [each for each in found if each not in taken]
    return taken


@pytest.mark.slow
async def test_hostile_archive_stays_among_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> object:
        raise AssertionError("S3 was asked")

    monkeypatch.setattr("lfv_mcp.aws.client.s3_client", forbidden)
    write(tmp_path, "good/a.json", saved(NEW))
    write(tmp_path, "good/b.json", response("ModelDescription", described("cap-seal", 2), NEW))

    async def good() -> list[Any]:
        async with door(tmp_path) as ask:
            rows: list[Any] = (await ask.list("cap-seal"))["models"]
            return [await ask.describe("cap-seal", v) for v in ("2", "3", "latest")] + rows

    before = await good()
    hostile(tmp_path / "bad")
    after = await good()
    # What is said of the broken files is all that is added; their texts are data there, too.
    said = [taken for answer in after if (taken := take_finding(answer, "files_unread"))]
    assert len(said) == 3
    assert not set(everything(said)) & CONTROLS
    assert MARK * 6 not in everything(said)
    assert after == before
    async with door(tmp_path) as ask:
        rows = (await ask.list())["models"]
        assert {row["project_name"] for row in rows} == {"cap-seal", "hostile"}
        first, second = await ask.describe("hostile", "1"), await ask.describe("hostile", "2")
        assert (await ask.describe("hostile"))["model_version"] == "2"
        texts = [everything(answer) for answer in (first, second, rows)]
        resources = await ask.client.list_resources()
        texts.append(resources.model_dump_json())
    assert first["status_message"].endswith(f"…[+{5000 * len(MARK) - 500}]")
    assert "text_shortened" in codes(first)
    assert "records_disagree" in codes(second)
    for text in texts:
        assert not set(text) & CONTROLS
        assert len(text) < 20_000
    check = run("archive", "check", tmp_path)
    assert check.exit_code == 1
    assert MARK * 6 not in check.output
    assert not set(check.output) & CONTROLS
    wrong = [line for line in check.output.splitlines() if "disagree" not in line]
    assert MARK not in "\n".join(wrong)
    assert table(check.output)["foreign"] >= 20


async def test_descriptions_are_data_in_every_view(tmp_path: Path) -> None:
    """Markup stays text; nothing of it becomes a heading, a link or an instruction."""
    hostile(tmp_path)
    async with door(tmp_path) as ask:
        uri = "lookoutvision://projects/hostile/models/1"
        summary = (await ask.client.read_resource(uri)).contents[0]
        card = (await ask.client.read_resource(f"{uri}/card")).contents[0]
        for text in (summary.model_dump_json(), card.model_dump_json()):
            assert not set(text) & CONTROLS
        prompt = await ask.client.get_prompt(
            "explain_performance_metrics", {"project_name": "hostile", "model_version": "1"}
        )
        told, *_ = prompt.messages
        assert MARK not in told.model_dump_json()
        assert "onerror" not in told.model_dump_json()
