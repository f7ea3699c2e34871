"""What commands write to: files, links, pipes, devices and descriptors, and what cannot be one."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from click.testing import Result

from lfv_mcp.archive.sample import SAMPLE
from tests.support.clients import run

EXPORT: Final = ("export", "sample-weld-bead", "3", "--format", "csv")
GATE: Final = ("gate", "sample-weld-bead", "3", "--recall-at-least", "0.85", "--source", "sample")
LINES: Final = {
    "export --to": (*EXPORT, "--replace", "--to"),
    "describe --html": ("describe", "sample-cap-seal", "3", "--html"),
    "evaluate --html": ("evaluate", "sample-cap-seal", "3", "--html"),
    "compare --html": ("compare", "sample-cap-seal", "1", "3", "--html"),
    "compare --csv": ("compare", "sample-cap-seal", "1", "3", "--csv"),
    "gate --junit": (*GATE, "--junit"),
    "dataset check --csv": ("dataset", "check", str(SAMPLE), "--csv"),
}
"""Command lines that want a file's name."""
WRITES: Final = [pytest.param(line, id=name) for name, line in LINES.items()]
BESIDE: Final = [pytest.param(line, id=name) for name, line in LINES.items() if line[0] != "export"]
"""Those whose file stands beside an answer."""
POSIX: Final = pytest.mark.skipif(os.name != "posix", reason="pipes, modes and links of POSIX")


def assert_written(line: tuple[str, ...], result: Result, data: bytes) -> None:
    """It ended well, and this is what such a command writes."""
    assert result.exit_code == 0, result.output
    begins = b"<?xml" if "--junit" in line else b"<!doctype" if "--html" in line else b""
    assert data.lower().startswith(begins)
    assert len(data) > 20


@POSIX
@pytest.mark.parametrize("line", WRITES)
def test_a_pipe_is_written_into_and_needs_no_leave(tmp_path: Path, line: tuple[str, ...]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    result = run(*(word for word in line if word != "--replace"), pipe)
    reader.join(20)
    assert_written(line, result, b"".join(got))
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root makes devices")
@pytest.mark.parametrize("line", WRITES)
def test_a_device_stays_one(tmp_path: Path, line: tuple[str, ...]) -> None:
    for name, minor in (("null", 3), ("full", 7)):
        device = tmp_path / name
        try:
            os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, minor))
            device.open("rb").close()
        except OSError:
            pytest.skip("no devices may be made here")
        result = run(*(word for word in line if word != "--replace"), device)
        assert stat.S_ISCHR(device.lstat().st_mode)
        if name == "full":
            assert result.exit_code == 1
            assert "No space left on device. [output_failed]" in result.stderr
        else:
            assert "output_failed" not in result.stderr


@POSIX
@pytest.mark.parametrize("line", WRITES)
def test_a_link_stays_and_what_it_leads_to_is_replaced(
    tmp_path: Path, line: tuple[str, ...]
) -> None:
    (tmp_path / "folder").mkdir()
    target, link, chain = (tmp_path / name for name in ("folder/target", "link", "chain"))
    target.write_text("an older one")
    link.symlink_to(Path("folder") / "target")
    chain.symlink_to(link)
    result = run(*line, chain)
    assert (chain.is_symlink(), link.is_symlink(), target.is_symlink()) == (True, True, False)
    assert_written(line, result, target.read_bytes())
    target.unlink()  # a link that leads to nothing is where the file is made
    assert_written(line, run(*line, chain), target.read_bytes())
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o644])
def test_a_file_keeps_its_mode_and_owner(tmp_path: Path, mode: int) -> None:
    old = os.umask(0o022)
    try:
        for name, line in LINES.items():
            target = tmp_path / name.replace(" ", "-")
            target.write_text("an older one")
            target.chmod(mode)
            if os.geteuid() == 0:
                os.chown(target, 12_345, 54_321)
            had = target.stat()
            run(*line, target)
            now = target.stat()
            assert target.read_bytes() != b"an older one"
            assert (now.st_mode, now.st_uid, now.st_gid) == (had.st_mode, had.st_uid, had.st_gid)
        run(*LINES["compare --csv"], tmp_path / "new")
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o644
    finally:
        os.umask(old)


@POSIX
@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("is_pipe", [True, False])
def test_stdout_by_its_name_is_written_where_it_stands(
    tmp_path: Path, place: str, *, is_pipe: bool
) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    named = str(tmp_path / "link") if place == "link" else place
    if not Path(named).exists():
        pytest.skip(f"{named} is not there")
    command = [sys.executable, "-m", "lfv_mcp", "evaluate", "sample-cap-seal", "3", "--html", named]
    file = tmp_path / "out.txt"
    with file.open("wb") as out:
        out.write(b"what was there\n")
        out.flush()
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE if is_pipe else out,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    text = (b"what was there\n" + done.stdout if is_pipe else file.read_bytes()).decode()
    assert text.startswith("what was there\n")
    answer, page = text.split("<!doctype html>", 1)
    assert "sample-cap-seal" in answer
    assert page.rstrip().endswith("</html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "out.txt"]


@pytest.mark.parametrize("line", WRITES)
def test_a_folder_is_none(tmp_path: Path, line: tuple[str, ...]) -> None:
    (tmp_path / "folder" / "sample-weld-bead-3.csv").mkdir(parents=True)
    result = run(*line, tmp_path / "folder")
    assert result.exit_code == 1
    assert "folder" in result.stderr
    assert len([*tmp_path.rglob("*")]) == 2


# Places that cannot be looked at


def long_name(folder: Path) -> Path:
    return folder / ("x" * 300)


def circle(folder: Path) -> Path:
    (folder / "one").symlink_to(folder / "two")
    (folder / "two").symlink_to(folder / "one")
    return folder / "one"


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / "x.csv"


def below_nothing(folder: Path) -> Path:
    return folder / "nowhere" / "x.csv"


@POSIX
@pytest.mark.parametrize("line", WRITES)
@pytest.mark.parametrize("made", [long_name, circle, below_a_file, below_nothing])
def test_what_cannot_be_written_is_said_after_the_answer(
    tmp_path: Path, line: tuple[str, ...], made: Callable[[Path], Path]
) -> None:
    target = made(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result = run(*line, target)
    assert result.exit_code == 1
    assert "[output_failed]" in result.stderr
    assert (result.stdout == "") is (line[0] == "export")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("line", BESIDE)
def test_with_json_the_answer_stays_the_only_document(
    tmp_path: Path, line: tuple[str, ...]
) -> None:
    result = run(*line, below_nothing(tmp_path), "--json")
    assert result.exit_code == 1
    assert "error" not in json.loads(result.stdout)
    assert "[output_failed]" in result.stderr


@pytest.mark.parametrize("number", [errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.EIO])
@pytest.mark.parametrize("line", WRITES)
def test_no_refusal_of_the_system_is_a_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...], number: int
) -> None:
    target = tmp_path / "locked" / "x.csv"
    real_stat = os.stat

    def refusing(path: object, *given: object, **more: object) -> object:
        if isinstance(path, str | os.PathLike) and str(target) in os.fspath(path):
            raise OSError(number, os.strerror(number), str(path))
        return real_stat(path, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", refusing)
    result = run(*line, target)
    assert result.exit_code == 1
    assert f"{os.strerror(number)}. [output_failed]" in result.stderr
