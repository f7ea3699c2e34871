"""`archive ... --json`: the numbers of the text, for pipes; failures are JSON, too."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import Result

from lfv_mcp.archive.directory_target import DirectoryTarget
from lfv_mcp.cli.archive_check import _LABELS
from tests.support.archives import NEW, OLD, saved
from tests.support.clients import run, table
from tests.support.datasets import as_lines, class_example
from tests.support.edge_packages import edge_manifest, tarred, training_members
from tests.support.saved_records import lines, manifest_of, result_of, write

TRAIN: Final = as_lines(class_example()).encode()
PARTS: Final[dict[str, dict[str, bytes]]] = {
    "good": {"model.json": lines([saved()]), "result.json": lines([result_of()])},
    "manifest": {"EvaluationManifest-3.json": manifest_of()},
    "corrupt": {f"cut{n}.json": lines([saved()])[:300] for n in range(7)},
    "foreign": {"note.txt": b"call Bob", "image.png": b"\x89PNG"},
    "disagreeing": {
        "old.json": lines([saved(OLD, Status="TRAINED")]),
        "new.json": lines([saved(NEW, Status="TRAINING_FAILED")]),
    },
    "datasets": {"d/train.manifest": TRAIN, "e/train.manifest": TRAIN},
    "packages": {"edge/model.tar.gz": tarred(training_members(edge_manifest()))},
}


def archives() -> list[tuple[str, ...]]:
    return [names for size in (1, 2) for names in combinations(PARTS, size)] + [tuple(PARTS)]


def made(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        for path, data in PARTS[name].items():
            write(folder, path, data)
    return folder


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.mark.parametrize("names", archives(), ids="+".join)
def test_a_check_as_json_has_the_numbers_of_its_text(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    folder = made(tmp_path, names)
    text, as_json = run("archive", "check", folder), run("archive", "check", folder, "--json")
    found = parsed(as_json)
    assert (
        as_json.exit_code
        == text.exit_code
        == int(
            not found["complete"]
            or not any(found["counts"][n] for n in ("models", "prediction_sets", "datasets"))
        )
    )
    rows = table(text.stdout)
    for name, label in _LABELS.items():
        if label:
            assert rows.get(label.strip(), 0) == found["counts"][name], name
    assert text.stdout.count("disagree ") == len(found["disagreements"])
    assert len(found["datasets"]) == found["counts"]["datasets"]
    for group in found["problems"]:
        more = group["count"] - len(group["first"])
        assert (f"and {more:,} more: {group['reason']}" in text.stdout) == (more > 0)


@pytest.mark.parametrize("names", archives(), ids="+".join)
def test_an_import_and_a_pack_as_json_have_the_numbers_of_their_text(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    source = made(tmp_path / "source", names)
    for command in ("import", "pack"):
        text = run("archive", command, source, "--to", tmp_path / f"{command}-text")
        as_json = run("archive", command, source, "--to", tmp_path / f"{command}-json", "--json")
        found = parsed(as_json)
        assert as_json.exit_code == text.exit_code
        said = re.match(r"([\d,]+) looked at, ([\d,]+) passed", text.stdout)
        assert said
        assert [int(n) for n in said.groups()] == [found["looked_at"], found["images_passed_over"]]
        forms = ", ".join(f"{n:,} {form}" for form, n in found["recognised"].items())
        assert f"recognised: {forms or 'nothing'};" in text.stdout
        problems = sum(group["count"] for group in found["problems"])
        if command == "import":
            end = f"{found['written']:,} new files written; {problems:,} problems."
            assert text.stdout.rstrip().endswith(end)
            assert sum(found["recognised"].values()) == found["written"] + found["unchanged"]
            again = parsed(
                run("archive", "import", source, "--to", tmp_path / "import-json", "--json")
            )
            assert (again["written"], again["unchanged"]) == (0, sum(found["recognised"].values()))
        elif found["published"]:
            end = f"{found['records']:,} records packed, {found['files_beside']:,} files beside"
            assert end in text.stdout


def test_a_dataset_whose_copy_failed_is_not_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = made(tmp_path / "source", ("good", "datasets"))
    publish = DirectoryTarget.publish

    def failing(self: DirectoryTarget, staged: Any, name: str, **more: Any) -> Any:
        if name.endswith(".manifest"):
            raise OSError(5, "Input/output error")
        return publish(self, staged, name, **more)

    monkeypatch.setattr(DirectoryTarget, "publish", failing)
    result = run("archive", "import", source, "--to", tmp_path / "to", "--json")
    found = parsed(result)
    assert result.exit_code == 1
    assert found["recognised"]["dataset"] == 2
    assert (found["written"], found["unchanged"]) == (2, 0)
    assert found["failed"] >= 1


@pytest.mark.parametrize("command", ["check", "import", "pack"])
def test_a_failure_is_json_on_stdout(command: str, tmp_path: Path) -> None:
    more = () if command == "check" else ("--to", tmp_path / "to")
    result = run("archive", command, tmp_path / "nowhere", *more, "--json")
    assert result.exit_code == 1
    assert set(parsed(result)["error"]) == {"code", "message", "next_step"}
