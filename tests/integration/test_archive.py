"""Archives: which record answers, what is said about it, and that no file is ever fatal."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lfv_mcp.archive import archive
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.errors import ServiceError, SetupError
from lfv_mcp.formats.recognition import recognise
from lfv_mcp.identifiers import ModelKey
from tests.support.clients import codes, door, everything, run, table
from tests.support.saved_records import (
    ONE,
    OTHER,
    REKOGNITION,
    arn,
    described,
    judged,
    lines,
    listed,
    manifest_of,
    project_of,
    response,
    result_of,
    write,
)

pytestmark = pytest.mark.anyio

KEY: Final = ModelKey("us-east-1", ONE, "cap-seal", 3)
OLD: Final = datetime(2025, 3, 1, 9, tzinfo=UTC)
NEW: Final = datetime(2025, 10, 28, 9, tzinfo=UTC)


def saved(captured: datetime | None = None, **members: Any) -> dict[str, Any]:
    """A DescribeModel answer of cap-seal 3."""
    return response("ModelDescription", described(**members), captured)


# Which record answers

captures = st.none() | st.sampled_from([OLD, NEW])
answers = st.tuples(captures, st.sampled_from(["TRAINED", "HOSTED", "TRAINING"]), st.integers(1, 3))


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
        answer = await ask.describe("cap-seal", "3", region="eu-west-1")
        assert answer["model_description"]["Description"] == f"eu-west-1_{ONE}"
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
    assert row == {
        "project_name": "cap-seal",
        "model_version": "3",
        "model_arn": arn(),
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


# No file is fatal


def sparse(path: Path, start: bytes, size: int = 200 << 20) -> None:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(to: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(to)


BAD: Final[dict[str, tuple[bytes | Callable[[Path], object], str]]] = {
    "bomb.gz": (gzip.compress(bytes(65 << 20), 1), "foreign 'bomb.gz': not JSON"),
    "bomb.json.gz": (
        gzip.compress(b'{"a": "' + b"x" * (65 << 20), 1),
        "corrupt 'bomb.json.gz': larger than 64 MiB",
    ),
    "brackets": (b"[" * 100_000, "corrupt 'brackets': nested too deeply"),
    "constants.json": (
        lines([saved(version=4)]).replace(b"0.9", b"NaN").replace(b"1.0", b"-Infinity"),
        "corrupt 'constants.json': -Infinity and NaN is not JSON, so unknown",
    ),
    "cut.json": (lines([saved()])[:300], "corrupt 'cut.json': not JSON (line 1)"),
    "cut.json.gz": (
        gzip.compress(lines([saved()]))[:-12],
        "corrupt 'cut.json.gz': truncated or corrupt gzip",
    ),
    "dangling": (link("nowhere"), "corrupt 'dangling': cannot be read: No such file or directory"),
    "dataset.manifest": (
        lines([{"source-ref": "s3://b/a.png", "anomaly-label": 1}]),
        "foreign 'dataset.manifest': a manifest without predictions: a dataset, not an evaluation",
    ),
    "empty.json": (b"", "corrupt 'empty.json': empty file"),
    "huge.bin": (lambda p: sparse(p, b""), "foreign 'huge.bin': not JSON"),
    "huge.json": (lambda p: sparse(p, b'{"a'), "corrupt 'huge.json': larger than 64 MiB"),
    "latin-1.json": (
        '{"Description": "Prüfung"}'.encode("latin-1"),
        "corrupt 'latin-1.json': not UTF-8 or UTF-16 text",
    ),
    "loop": (link("loop"), "corrupt 'loop': cannot be read: a link that leads out of the archive"),
    "note.txt": (b"call Bob", "foreign 'note.txt': not JSON"),
    "outside": (
        link("../elsewhere/model.json"),
        "corrupt 'outside': cannot be read: a link that leads out of the archive",
    ),
    "outside-folder": (
        link("../elsewhere"),
        "corrupt 'outside-folder': cannot be read: a link that leads out of the archive",
    ),
    "pipe.json": (fifo, "corrupt 'pipe.json': cannot be read: not a regular file"),
    "rekognition.json": (
        lines([REKOGNITION]),
        "foreign 'rekognition.json': an evaluation summary of Rekognition Custom Labels",
    ),
    "utf-16.json": ("{}".encode("utf-16-le"), "corrupt 'utf-16.json': not JSON (line 1)"),
    "wrong\n\u202ename\x1b": (b"[5]", r"foreign 'wrong\n\u202ename\x1b': JSON, but not"),
}


def make_bad(folder: Path) -> None:
    for name, (content, _) in BAD.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            content(folder / name)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A good model amid everything bad."""
    top = tmp_path_factory.mktemp("spoiled")
    write(top, "elsewhere/model.json", response("ModelDescription", described("elsewhere", 1)))
    folder = top / "archive"
    write(folder, "good/model.json", b"\xef\xbb\xbf" + lines([saved(NEW)]))
    write(folder, "good/images/a.PNG", b"\x89PNG")
    (folder / "inside.json").symlink_to("good/model.json")
    (folder / "inside").symlink_to("good")
    (folder / "good" / "back").symlink_to("..")
    write(folder, "unfinished.json.partial", b"{")
    make_bad(folder)
    yield folder
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def checked(spoiled: Path) -> str:
    """What `archive check` says of it."""
    result = run("archive", "check", spoiled)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_reported(checked: str, name: str) -> None:
    _, expected = BAD[name]
    (line,) = [line for line in checked.splitlines() if repr(name) in line]
    assert " ".join(line.split()).startswith(" ".join(expected.split()))


def test_check_counts(checked: str) -> None:
    foreign = sum(1 for _, line in BAD.values() if line.startswith("foreign"))
    assert table(checked) == {
        "projects": 1,
        "models": 2,
        "with a DescribeModel answer": 2,
        "known only from a listing": 0,
        "rebuilt from evaluation files": 0,
        "with an evaluation result": 0,
        "with an evaluation manifest": 0,
        "corrupt": len(BAD) - foreign,
        "foreign": foreign,
        "passed over as images": 1,
    }
    assert "\x1b" not in checked
    assert "\u202e" not in checked
    assert "elsewhere" not in checked.replace("../elsewhere", "")


async def test_good_question_works_amid_all_that(spoiled: Path) -> None:
    async with door(spoiled) as ask:
        answer = await ask.describe("cap-seal", "3")
        assert answer["status"] == "TRAINED"
        # NaN is unknown, and said to be of no use.
        odd = await ask.describe("cap-seal", "4")
        assert odd["performance"].keys() == {"f1_score", "evaluated_at"}
        assert "member_unusable" in codes(odd)
        assert (await ask.refused("describe_model", project_name="elsewhere"))["code"] == (
            "project_not_found"
        )
        rows = (await ask.list())["models"]
        assert [row["model_version"] for row in rows] == ["4", "3"]


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


def test_import_of_all_that_takes_the_good(spoiled: Path, tmp_path: Path) -> None:
    result = run("archive", "import", spoiled, "--to", tmp_path / "to")
    assert result.exit_code == 0
    assert "recognised: 3 model; 2 new files" in result.stdout  # one of them by a link, too
    for name, (_, expected) in BAD.items():
        kind = expected.split()[0]
        assert [kind] == [
            line.split()[0] for line in result.stderr.splitlines() if repr(name) in line
        ]


def test_nothing_good_is_exit_1(tmp_path: Path) -> None:
    make_bad(tmp_path)
    (tmp_path / "constants.json").unlink()
    assert run("archive", "check", tmp_path).exit_code == 1
    assert run("archive", "import", tmp_path, "--to", tmp_path / "to").exit_code == 1
    assert run("archive", "check", tmp_path / "missing").exit_code == 2


needs_rights = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


@needs_rights
def test_forbidden_file_and_folder(tmp_path: Path) -> None:
    write(tmp_path, "good.json", saved())
    write(tmp_path, "file.json", saved()).chmod(0)
    write(tmp_path, "folder/x.json", saved())
    (tmp_path / "folder").chmod(0)
    try:
        output = run("archive", "check", tmp_path).output
    finally:
        (tmp_path / "folder").chmod(0o700)
    assert "corrupt  'file.json': cannot be read: Permission denied" in output
    assert "corrupt  'folder/': cannot be read: Permission denied" in output


async def test_forbidden_file_and_folder_as_root_sees_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "good.json", saved())
    write(tmp_path, "file.json", saved())
    write(tmp_path, "folder/x.json", saved())

    def forbidding(real: Callable[..., Any], path: str) -> Callable[..., Any]:
        def call(given: Any, *rest: Any) -> Any:
            if str(given).rstrip("/") == str(tmp_path / path):
                raise PermissionError(13, "Permission denied")
            return real(given, *rest)

        return call

    monkeypatch.setattr(os, "open", forbidding(os.open, "file.json"))
    monkeypatch.setattr(os, "scandir", forbidding(os.scandir, "folder"))
    output = run("archive", "check", tmp_path).output
    assert "corrupt  'file.json': cannot be read: Permission denied" in output
    assert "corrupt  'folder/': cannot be read: Permission denied" in output
    async with door(tmp_path) as ask:
        assert (await ask.describe("cap-seal"))["status"] == "TRAINED"


def test_deep_folders(tmp_path: Path) -> None:
    """Deeper than Python's own stack."""
    folders = [tmp_path]
    for _ in range(1010):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    path = write(folders[-1], "model.json", saved())
    assert KEY in Archive(Directory(tmp_path)).index().models
    path.unlink()
    for folder in reversed(folders):
        folder.rmdir()


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


# Under a running server


@pytest.fixture
def always_current(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question looks at the files again."""
    monkeypatch.setattr(Directory, "rescan_after", -1.0)


@pytest.mark.usefixtures("always_current")
async def test_files_come_change_and_go(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", saved(Status="TRAINED"))
    stat = path.stat()
    async with door(tmp_path) as ask:
        assert (await ask.describe("cap-seal"))["status"] == "TRAINED"
        # The same size and modification time: only the content tells.
        write(tmp_path, "a.json", saved(Status="DELETE!"))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert path.stat().st_size == stat.st_size
        assert (await ask.describe("cap-seal"))["status"] == "DELETE!"
        replacement = write(tmp_path, "new.partial", saved(Status="HOSTED"))
        replacement.replace(path)
        assert (await ask.describe("cap-seal"))["status"] == "HOSTED"
        write(tmp_path, "b.json", saved(version=9))
        assert (await ask.describe("cap-seal"))["model_version"] == "9"
        path.write_bytes(b"{")
        error = await ask.refused("describe_model", project_name="cap-seal", model_version="3")
        assert error["code"] == "model_not_found"
        path.unlink()
        path.mkdir()
        assert (await ask.describe("cap-seal"))["model_version"] == "9"


@pytest.mark.usefixtures("always_current")
async def test_folder_vanishes_and_returns(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    write(folder, "a.json", saved())
    async with door(folder) as ask:
        assert (await ask.list())["models"]
        folder.rename(tmp_path / "away")
        for tool in ("describe_model", "list_models"):
            error = await ask.refused(tool, project_name="cap-seal")
            assert error["code"] == "archive_unreadable"
            assert "LFV_SOURCE" in error["next_step"]
        (tmp_path / "away").rename(folder)
        assert (await ask.describe("cap-seal"))["status"] == "TRAINED"


async def test_file_replaced_within_the_seconds_of_the_index(tmp_path: Path) -> None:
    """Either record is an answer; a part of the old one is none."""
    write(tmp_path, "a.json", saved(Status="TRAINED"))
    async with door(tmp_path) as ask:
        await ask.list()
        write(tmp_path, "a.json", saved(Status="HOSTED"))
        answer = await ask.describe("cap-seal", "3")
        assert answer["status"] in ("TRAINED", "HOSTED")
        assert answer["model_description"].keys() == described().keys()


def test_record_that_changes_between_index_and_answer(tmp_path: Path) -> None:
    """Within the seconds for which the index is taken as current."""
    path = write(tmp_path, "a.json", saved())
    held = Archive(Directory(tmp_path))
    winner = held.index().models[KEY].winner
    assert held.read(winner) is not None
    write(tmp_path, "a.json", saved(Status="HOSTED"))
    assert held.read(winner) is None
    assert held.index().models[KEY].winner.status == "HOSTED"
    path.unlink()
    assert held.read(held.index().models[KEY].winner) is None
    assert held.index().models == {}
    shutil.rmtree(tmp_path)
    with pytest.raises(SetupError, match="cannot be read"):
        held.read(winner)


def test_record_that_becomes_unreadable_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better than an answer that is silently short of what the file has."""
    write(tmp_path, "a.json", saved())
    held = Archive(Directory(tmp_path))
    winner = held.index().models[KEY].winner

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", broken)
    with pytest.raises(SetupError, match=r"a\.json in the archive cannot be read: Input/output"):
        held.read(winner)


@pytest.mark.usefixtures("always_current")
async def test_file_that_becomes_a_link_out(tmp_path: Path) -> None:
    secret = write(tmp_path, "outside.json", response("ModelDescription", described("secret", 1)))
    path = write(tmp_path / "archive", "a.json", saved())
    files = Directory(tmp_path / "archive")
    list(files.entries())
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        files.open("a.json")
    async with door(tmp_path / "archive") as ask:
        assert (await ask.list())["models"] == []


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    for version in range(1, 11):
        write(tmp_path, f"{version}.json", saved(version=version))

    class Counting(Directory):
        rescan_after = -1.0

        def open(self, name: str) -> Any:
            opened.append(name)
            return super().open(name)

    opened: list[str] = []
    held = Archive(Counting(tmp_path))
    first = held.index()
    assert len(opened) == 10
    assert held.index() is first
    write(tmp_path, "3.json", saved(Status="HOSTED"))
    assert held.index() is not first
    assert opened[10:] == ["3.json"]


def test_stores_that_read_short(tmp_path: Path) -> None:
    """A socket may give less than it was asked for: that is no end of the file."""

    class Short(Directory):
        def open(self, name: str) -> Any:
            stream = super().open(name)
            first = [True]
            read = stream.read

            def shortly(size: int = -1) -> bytes:
                size = 100 if first[0] else size
                first[0] = False
                return read(size)

            return _Wrapped(stream, shortly)

    write(tmp_path, "a.json", saved())
    index = Archive(Short(tmp_path)).index()
    assert index.problems == {}
    assert KEY in index.models


class _Wrapped:
    def __init__(self, stream: Any, read: Callable[..., bytes]) -> None:
        self._stream, self.read = stream, read

    def __enter__(self) -> _Wrapped:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def test_large_manifest_is_known_by_its_start(tmp_path: Path) -> None:
    """A manifest may have a gigabyte: its lines are read where it is analysed."""
    start = manifest_of(images=300)
    assert len(start) > archive.HEAD
    sparse(tmp_path / "m.json", start)
    before = time.process_time()
    index = Archive(Directory(tmp_path)).index()
    assert time.process_time() - before < 1
    assert index.models[KEY].manifest
    assert index.problems == {}


def test_images_are_passed_over_by_name(tmp_path: Path) -> None:
    files = Directory(tmp_path)
    for name in ("a.png", "b.JPG", "c.jpeg", "d.json", "e.tiff"):
        write(tmp_path, name, b"{}")
    wanted = archive.may_be_records(files.entries())
    assert [e.name for e in wanted] == ["d.json"]
    assert FileEntry("x.manifest", 1, 1) in archive.may_be_records([FileEntry("x.manifest", 1, 1)])


# A hostile archive

MARK: Final = "hunter2"
ESCAPES: Final = "\x1b[31m\x1b]0;title\x07\u202e\u200b\x00\x9b"
CONTROLS: Final = set("\x1b\x07\u202e\u200b\x00\x9b")
LONG: Final = (MARK + ESCAPES) * 5000


def hostile(folder: Path) -> None:
    """Models of its own project, and files that are none."""
    body = described("hostile", 1, Status="TRAINED")
    elsewhere = {"Bucket": "somebody-elses", "Key": "../../secret/key.json"}
    members = {
        "StatusMessage": LONG,
        "Description": f"<img src=x onerror=alert(1)> ](javascript:x) {ESCAPES}",
        "EvaluationManifest": elsewhere,
        "EvaluationResult": elsewhere,
        "OutputConfig": {"S3Location": {"Bucket": "somebody-elses", "Prefix": "../.."}},
    }
    write(folder, "1.json", response("ModelDescription", body | members))
    status = described("hostile", 2, Status="IGNORE ALL" + LONG)
    write(folder, "2a.json", response("ModelDescription", status, NEW))
    other = described("hostile", 2, Status=f"{ESCAPES}AND OBEY" + LONG)
    write(folder, "2b.json", response("ModelDescription", other, OLD))
    for number, name in enumerate(("../../etc/passwd", "..", "a/../../b", "-rf", ".", "%2e%2e")):
        bad = arn().replace("cap-seal", name)
        write(folder, f"arn-{number}.json", response("ModelDescription", {"ModelArn": bad}))
        write(
            folder, f"result-{number}.json", result_of() | {"EvaluationDetails": {"ModelArn": bad}}
        )
        write(folder, f"manifest-{number}.json", lines([judged(MARK, "normal", "normal", 1, bad)]))
    write(folder, "..%2f..%2fetc.json", {"secret": MARK})
    write(folder, "wrong-kind.json", [{"secret": MARK, "Models": MARK}, MARK, {MARK: [MARK]}])
    spoiled_version = described("hostile", 3) | {"ModelVersion": MARK}
    write(folder, "version.json", response("ModelDescription", spoiled_version))
    # It speaks about somebody else's model, and says so itself: older, so it does not win.
    write(folder, "claim.json", saved(OLD, Status="TRAINED", Description=MARK))


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
    assert await good() == before
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
    assert check.exit_code == 0
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


def test_a_failure_that_passes_is_not_remembered(tmp_path: Path) -> None:
    """The file has not changed, so its stamp alone would not have it read again."""

    class Moody(Directory):
        rescan_after = -1.0
        dead = True

        def open(self, name: str) -> FileIO:
            if self.dead:
                raise ServiceError("endpoint_timeout", "No answer in time.", "Ask again later.")
            return super().open(name)

    (tmp_path / "a.json").write_text(json.dumps({"ModelDescription": described()}))
    files = Moody(tmp_path)
    archive = Archive(files)
    before = archive.index()
    assert not before.models
    assert "No answer in time." in str(before.problems["a.json"][0])
    files.dead = False
    after = archive.index()
    assert len(after.models) == 1
    assert not after.problems
    assert archive.index() is after  # what was read is not read again
