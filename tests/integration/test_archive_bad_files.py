"""No file of an archive is ever fatal: each is reported, and the good ones answer."""

from __future__ import annotations

import gzip
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from tests.support.archives import KEY, NEW, saved, sparse
from tests.support.clients import codes, door, run, table
from tests.support.saved_records import (
    REKOGNITION,
    described,
    lines,
    response,
    write,
)

pytestmark = pytest.mark.anyio


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
    "dangling": (link("nowhere"), "failed 'dangling': cannot be read: No such file or directory"),
    "empty.json": (b"", "corrupt 'empty.json': empty file"),
    "huge.bin": (lambda p: sparse(p, b""), "foreign 'huge.bin': not JSON"),
    "huge.json": (lambda p: sparse(p, b'{"a'), "corrupt 'huge.json': larger than 64 MiB"),
    "latin-1.json": (
        '{"Description": "Prüfung"}'.encode("latin-1"),
        "foreign 'latin-1.json': JSON, but not of a form this service has",
    ),
    "loop": (link("loop"), "failed 'loop': cannot be read: a link that leads out of the archive"),
    "note.txt": (b"call Bob", "foreign 'note.txt': not JSON"),
    "outside": (
        link("../elsewhere/model.json"),
        "failed 'outside': cannot be read: a link that leads out of the archive",
    ),
    "outside-folder": (
        link("../elsewhere"),
        "failed 'outside-folder': cannot be read: a link that leads out of the archive",
    ),
    "pipe.json": (fifo, "foreign 'pipe.json': not a regular file"),
    "rekognition.json": (
        lines([REKOGNITION]),
        "foreign 'rekognition.json': an evaluation summary of Rekognition Custom Labels",
    ),
    "utf-16.json": (
        "{}".encode("utf-16-le"),
        "foreign 'utf-16.json': JSON, but not of a form this service has",
    ),
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
    assert result.exit_code == 1  # a record may be missing because of what could not be read
    return result.output


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_reported(checked: str, name: str) -> None:
    _, expected = BAD[name]
    (line,) = [line for line in checked.splitlines() if repr(name) in line]
    assert " ".join(line.split()).startswith(" ".join(expected.split()))


def test_check_counts(checked: str) -> None:
    kinds = Counter(line.split()[0] for _, line in BAD.values())
    assert table(checked) == {
        "projects": 1,
        "models": 2,
        "with a DescribeModel answer": 2,
        "known only from a listing": 0,
        "rebuilt from evaluation files": 0,
        "with an evaluation result": 0,
        "with an evaluation manifest": 0,
        "corrupt": kinds["corrupt"],
        "unread": kinds["unread"],
        "failed": kinds["failed"],
        "foreign": kinds["foreign"],
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


def test_import_of_all_that_takes_the_good(spoiled: Path, tmp_path: Path) -> None:
    result = run("archive", "import", spoiled, "--to", tmp_path / "to")
    assert result.exit_code == 1  # some have failed: a record may be missing
    assert "recognised: 3 model; 2 new files" in result.stdout  # one of them by a link, too
    for name, (_, expected) in BAD.items():
        (line,) = [line for line in result.stderr.splitlines() if repr(name) in line]
        assert expected.split(": ", 1)[1] in line


def test_nothing_good_is_exit_1(tmp_path: Path) -> None:
    make_bad(tmp_path)
    (tmp_path / "constants.json").unlink()
    assert run("archive", "check", tmp_path).exit_code == 1
    assert run("archive", "import", tmp_path, "--to", tmp_path / "to").exit_code == 1
    assert run("archive", "check", tmp_path / "missing").exit_code == 1


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
    assert "failed   'file.json': cannot be read: Permission denied" in output
    assert "failed   'folder/': cannot be read: Permission denied" in output


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
    assert "failed   'file.json': cannot be read: Permission denied" in output
    assert "failed   'folder/': cannot be read: Permission denied" in output
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
