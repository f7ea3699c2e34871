"""Filling an archive from a live endpoint: every answer is saved, and each only once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from lfv_mcp.identifiers import ModelKey
from tests.support.api_endpoint import API, Endpoint, Reply, Request, api_error, ok
from tests.support.archives import NEW, OLD, imported, replaying
from tests.support.clients import door, run
from tests.support.s3 import CREDENTIALS
from tests.support.saved_records import (
    arn,
    described,
    lines,
    listed,
    project_of,
    response,
    result_of,
    tree,
    write,
)


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: what a power failure does is not tested here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def exported(endpoint: Endpoint, target: Path) -> Result:
    environment = {"AWS_ENDPOINT_URL_LOOKOUTVISION": endpoint.url, **CREDENTIALS}
    return run("archive", "export", "--to", target, **environment)


def test_export_equals_the_archive_it_came_from(tmp_path: Path) -> None:
    """Its dates, and what is only known from a listing, too."""
    documents: list[dict[str, Any]] = []
    for number in range(3):
        name = f"line-{number}"
        documents.append(response("ProjectDescription", project_of(name)))
        for version in range(1, 4):
            captured = (None, OLD, NEW)[version - 1]
            documents.append(response("ModelDescription", described(name, version), captured))
        documents.append(response("Models", [listed(described(name, 4, Status="HOSTED"))], NEW))
    write(tmp_path / "from", "all.jsonl", lines(documents))
    imported(tmp_path / "archive", tmp_path / "from")
    held = tree(tmp_path / "archive")
    with Endpoint(replaying(tmp_path / "archive")) as endpoint:
        result = exported(endpoint, tmp_path / "to")
        assert result.exit_code == 0
        assert result.stderr.splitlines() == [f"line-{n} done" for n in range(3)]
        assert tree(tmp_path / "to") == held
        assert "; 0 new files written; 0 problems." in exported(endpoint, tmp_path / "to").stdout
        assert tree(tmp_path / "to") == held


def test_export_keeps_the_date_of_a_project(tmp_path: Path) -> None:
    write(tmp_path / "from", "p.json", response("ProjectDescription", project_of(), OLD))
    imported(tmp_path / "archive", tmp_path / "from")
    with Endpoint(replaying(tmp_path / "archive")) as endpoint:
        assert exported(endpoint, tmp_path / "to").exit_code == 0
    assert tree(tmp_path / "to") == tree(tmp_path / "archive")


def test_export_does_not_make_answers_of_evaluation_files(tmp_path: Path) -> None:
    write(tmp_path / "archive", "r.json", result_of())
    with Endpoint(replaying(tmp_path / "archive")) as endpoint:
        result = exported(endpoint, tmp_path / "to")
    assert "known only from evaluation files: import those instead" in result.stderr
    assert [name for name in tree(tmp_path / "to") if "/model-" in name] == []


def flawed(request: Request) -> Reply:
    """A live endpoint of which some calls fail."""
    now = {"date": "Tue, 28 Oct 2025 09:00:00 GMT"}
    match request.path.removeprefix(API).split("/")[1:]:
        case ["projects"]:
            names = ("cap-seal", "shut", "gone")
            return ok({"Projects": [{"ProjectName": name} for name in names]}, **now)
        case ["projects", "gone", *_]:
            return api_error(404, "ResourceNotFoundException", ResourceType="PROJECT")
        case ["projects", "shut"] | ["projects", "cap-seal", "models", "2"]:
            return api_error(403, "AccessDeniedException", "not you")
        case ["projects", name]:
            return ok({"ProjectDescription": project_of(name)}, **now)
        case ["projects", name, "models"]:
            models = [listed(described(name, version)) for version in (1, 2, 3)]
            return ok({"Models": models}, **now)
        case ["projects", name, "models", "3"]:
            odd = described(name, 3, Performance={"F1Score": "NaN", "Recall": 0.9})
            return ok({"ModelDescription": odd}, **now)
        case ["projects", name, "models", version]:
            return ok({"ModelDescription": described(name, int(version))}, **now)
    return api_error(400, "ValidationException")


@pytest.mark.anyio
async def test_export_keeps_what_it_can(tmp_path: Path) -> None:
    """One model refused, one project refused, one gone: nothing else is lost by it."""
    with Endpoint(flawed) as endpoint:
        result = exported(endpoint, tmp_path)
        assert result.exit_code == 0
        again = exported(endpoint, tmp_path)
    names = sorted(name.rsplit("-", 1)[0].split("/", 2)[2] for name in tree(tmp_path))
    assert names == [
        *("cap-seal/1/model", "cap-seal/2/listing", "cap-seal/3/model", "cap-seal/project"),
        *("shut/1/model", "shut/2/model", "shut/3/model"),
    ]
    assert "; 0 new files written;" in again.stdout
    for what in ("'cap-seal 2'", "'shut'", "'gone'"):
        assert f"failed   {what}: " in result.stderr
    async with door(tmp_path) as ask:
        kept = await ask.describe("cap-seal", "2")
        assert kept["source"]["basis"] == "list_models"
        assert kept["source"]["captured_at"] == "2025-10-28T09:00:00.000Z"
        odd = await ask.describe("cap-seal", "3")
        assert odd["performance"].keys() == {"recall", "escape_rate", "evaluated_at"}


def test_export_twice_keeps_what_changed(tmp_path: Path) -> None:
    """A model that was started in between is another answer; one that was not is the same."""
    status = ["TRAINED"]
    clock = ["Tue, 28 Oct 2025 09:00:00 GMT"]

    def answer(request: Request) -> Reply:
        match request.path.removeprefix(API).split("/")[1:]:
            case ["projects"]:
                return ok({"Projects": [{"ProjectName": "cap-seal"}]})
            case ["projects", _]:
                return ok({"ProjectDescription": project_of()}, date=clock[0])
            case [*_, "models"]:
                models = [listed(described(version=v, Status=status[0])) for v in (1, 2)]
                return ok({"Models": models}, date=clock[0])
            case [*_, version]:
                moved = status[0] if version == "2" else "TRAINED"
                body = described(version=int(version), Status=moved)
                return ok({"ModelDescription": body}, date=clock[0])
        raise AssertionError

    with Endpoint(answer) as endpoint:
        assert "; 3 new files written;" in exported(endpoint, tmp_path).stdout
        # A folder in the way of what is held already is no reason to fail.
        first = tmp_path / "us-east-1" / "111122223333" / "cap-seal" / "1"
        (first / "model-folder.json").mkdir()
        status[0], clock[0] = "HOSTED", "Wed, 29 Oct 2025 09:00:00 GMT"
        assert "; 1 new files written;" in exported(endpoint, tmp_path).stdout
    held = Archive(Directory(tmp_path)).index().models
    newest = held[ModelKey("us-east-1", "111122223333", "cap-seal", 2)]
    assert [s.status for s in newest.model] == ["HOSTED", "TRAINED"]


def test_export_wants_a_live_endpoint(tmp_path: Path) -> None:
    result = run("archive", "export", "--to", tmp_path, "--source", tmp_path)
    assert result.exit_code == 2
    assert "archive import" in result.stderr
    with Endpoint(lambda _: api_error(403, "AccessDeniedException")) as endpoint:
        result = exported(endpoint, tmp_path / "to")
    assert result.exit_code == 1
    assert "access_denied" in result.stderr
    assert arn() not in result.output
