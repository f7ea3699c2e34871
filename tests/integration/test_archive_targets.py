"""Where an archive may be written to: directories and S3 prefixes, together, broken, refused."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import Result

from lfv_mcp.archive.rounds import Rounds
from tests.support.api_endpoint import Endpoint
from tests.support.archives import NEW, imported, replaying
from tests.support.clients import run
from tests.support.loopback_s3 import LoopbackS3
from tests.support.s3 import CREDENTIALS, Buckets, directed, moto_server
from tests.support.saved_records import (
    described,
    lines,
    listed,
    manifest_of,
    project_of,
    response,
    result_of,
    tree,
    write,
)

pytestmark = pytest.mark.usefixtures("no_pauses")

ENVIRONMENT: Final = {**os.environ, **CREDENTIALS}


def saved(folder: Path, models: int = 6) -> Path:
    """A folder of every form of record."""
    for version in range(1, models + 1):
        answer = response("ModelDescription", described(version=version), NEW)
        write(folder, f"{version}.json", answer)
        write(folder, f"{version}-result.json", result_of(version=version))
        write(folder, f"{version}.manifest", manifest_of(version=version, images=8))
    write(folder, "models.json", response("Models", [listed(described(version=models + 1))]))
    write(folder, "project.json", response("ProjectDescription", project_of()))
    return folder


# S3 as a target


@pytest.mark.slow
def test_s3_and_a_directory_get_the_same(tmp_path: Path, s3: LoopbackS3) -> None:
    source = saved(tmp_path / "from")
    big = manifest_of(version=9, images=4000)
    assert len(big) > 2 << 20  # goes by a temporary file
    write(source, "big.manifest", big)
    imported(tmp_path / "to", source)
    result = run("archive", "import", source, "--to", "s3://bkt/a/b")
    assert result.exit_code == 0, result.output
    assert s3.below("bkt/a/b/") == tree(tmp_path / "to")
    written = s3.counts()["PUT"]
    assert written == len(tree(tmp_path / "to"))
    # Once more: what is listed is not even sent.
    again = run("archive", "import", source, "--to", "s3://bkt/a/b/")
    assert "; 0 new files written; 0 problems." in again.stdout.replace(
        again.stdout.split(";")[0], ""
    )
    assert s3.counts()["PUT"] == written
    back = run("archive", "import", "s3://bkt/a/b", "--to", tmp_path / "back")
    assert back.exit_code == 0, back.output
    assert tree(tmp_path / "back") == tree(tmp_path / "to")


@pytest.mark.slow
def test_moto_takes_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another S3 than ours: it checks the checksums, and knows conditional writes."""
    source = saved(tmp_path / "from", 2)
    imported(tmp_path / "to", source)
    with moto_server() as url:
        directed(monkeypatch, url)
        Buckets().make("bkt", {})
        for new in ("8", "0"):
            result = run("archive", "import", source, "--to", "s3://bkt/x")
            assert result.exit_code == 0, result.output
            assert f"; {new} new files written" in result.stdout
        check = run("archive", "import", "s3://bkt/x", "--to", tmp_path / "back")
        assert check.exit_code == 0, check.output
        assert tree(tmp_path / "back") == tree(tmp_path / "to")


def test_an_s3_that_knows_no_conditions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = saved(tmp_path / "from", 2)
    with LoopbackS3(conditional=False) as server:
        server.direct(monkeypatch)
        result = run("archive", "import", source, "--to", "s3://bkt/x")
        assert result.exit_code == 0, result.output
        assert len(server.below("bkt/x/")) == 8


def test_nothing_of_another_content_is_overwritten(tmp_path: Path, s3: LoopbackS3) -> None:
    source = saved(tmp_path / "from", 2)
    imported(tmp_path / "to", source)
    name = next(n for n in tree(tmp_path / "to") if "/model-" in n)
    s3.objects[f"bkt/x/{name}"] = b"mine"
    (tmp_path / "to" / name).write_bytes(b"mine")
    for target in ("s3://bkt/x", tmp_path / "to"):
        result = run("archive", "import", source, "--to", target)
        assert result.exit_code == 1
        assert f"{name} is there already and is another file" in result.stderr
    assert s3.objects[f"bkt/x/{name}"] == tree(tmp_path / "to")[name] == b"mine"
    # All else is there.
    assert len(s3.below("bkt/x/")) == 8


def test_another_run_is_faster(tmp_path: Path, s3: LoopbackS3) -> None:
    """What was put between our look and our write is taken as done, if it is the same."""
    source = saved(tmp_path / "from", 2)
    imported(tmp_path / "to", source)

    def other_run_puts_it(method: str, name: str) -> None:
        if method == "PUT":
            s3.objects[name] = (tmp_path / "to" / name.removeprefix("bkt/x/")).read_bytes()

    s3.fault = other_run_puts_it
    result = run("archive", "import", source, "--to", "s3://bkt/x")
    assert result.exit_code == 0, result.output
    assert "; 0 new files written" in result.stdout
    assert s3.below("bkt/x/") == tree(tmp_path / "to")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDenied", "s3:PutObject"),
        (404, "NoSuchBucket", "there is no such bucket"),
    ],
)
def test_a_bucket_that_may_not_be_written(
    tmp_path: Path, s3: LoopbackS3, status: int, code: str, said: str
) -> None:
    s3.fault = lambda method, _: (status, code) if method == "PUT" else None
    result = run("archive", "import", saved(tmp_path / "from"), "--to", "s3://bkt/x")
    assert result.exit_code == 1
    assert "archive_unwritable" in result.stderr
    assert said in result.stderr
    assert s3.objects == {}


def test_only_allowed_buckets_are_written(tmp_path: Path, s3: LoopbackS3) -> None:
    source = saved(tmp_path / "from", 1)
    command = ("archive", "import", source, "--allowed-bucket", "ours", "--to")
    result = run(*command, "s3://theirs/x")
    assert result.exit_code == 1
    assert "bucket_not_allowed" in result.stderr
    assert s3.requests == []
    assert run(*command, "s3://ours/x").exit_code == 0


def test_export_into_s3(tmp_path: Path, s3: LoopbackS3) -> None:
    """And what is held already, whenever it was taken, is not saved again."""
    source = tmp_path / "from"
    for version in (1, 2):
        write(source, f"{version}.json", response("ModelDescription", described(version=version)))
    imported(tmp_path / "archive", source)
    with Endpoint(replaying(tmp_path / "archive")) as endpoint:
        for new in (3, 0):
            result = run(
                *("archive", "export", "--to", "s3://bkt/x"),
                AWS_ENDPOINT_URL_LOOKOUTVISION=endpoint.url,
            )
            assert result.exit_code == 0, result.output
            assert f"; {new} new files written; 0 problems." in result.stdout
    assert set(tree(tmp_path / "archive")) < set(s3.below("bkt/x/"))


# Failures that pass, and those that stay


def slow_down(rate: float, methods: tuple[str, ...] = ("GET",)) -> Any:
    """Of so many requests out of a hundred S3 asks to come back later; the same ones every time."""
    dice = random.Random(7)
    return lambda method, _: (
        (503, "SlowDown") if method in methods and dice.random() < rate else None
    )


@pytest.mark.slow
@pytest.mark.parametrize("methods", [("GET",), ("PUT",), ("GET", "PUT", "LIST")])
def test_slow_down_of_a_third(tmp_path: Path, s3: LoopbackS3, methods: tuple[str, ...]) -> None:
    source = saved(tmp_path / "from", 100)
    imported(tmp_path / "to", source)
    s3.objects = {f"bkt/from/{name}": data for name, data in tree(source).items()}
    s3.page = 50
    s3.fault = slow_down(0.3, methods)
    result = run("archive", "import", "s3://bkt/from/", "--to", "s3://bkt/to")
    assert result.exit_code == 0, result.output
    assert "302 looked at" in result.stdout
    assert s3.below("bkt/to/") == tree(tmp_path / "to")


@pytest.mark.slow
def test_what_still_failed_is_called_failed_and_a_rerun_completes(
    tmp_path: Path, s3: LoopbackS3
) -> None:
    source = saved(tmp_path / "from", 4)
    s3.objects = {f"bkt/from/{name}": data for name, data in tree(source).items()}
    s3.fault = lambda _, name: (503, "SlowDown") if name.endswith("/3.json") else None
    result = run("archive", "import", "s3://bkt/from/", "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "failed   'from/3.json': " in result.stderr
    assert "corrupt" not in result.output
    assert "1 failed: run it again" in result.stderr
    s3.fault = slow_down(0)
    again = imported_from_s3("s3://bkt/from/", tmp_path / "to")
    assert "; 1 new files written; 0 problems." in again.stdout
    imported(tmp_path / "whole", source)
    assert tree(tmp_path / "to") == tree(tmp_path / "whole")


def imported_from_s3(source: str, target: Path) -> Result:
    result = run("archive", "import", source, "--to", target)
    assert result.exit_code == 0, result.output
    return result


def test_a_denied_object_has_failed_and_is_asked_for_once(tmp_path: Path, s3: LoopbackS3) -> None:
    s3.objects = {f"bkt/{name}": data for name, data in tree(saved(tmp_path / "from")).items()}
    s3.fault = lambda _, name: (403, "AccessDenied") if name.endswith("/2.json") else None
    result = run("archive", "import", "s3://bkt/", "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "failed   '2.json': " in result.stderr
    assert [name for _, name in s3.requests].count("bkt/2.json") == 1


def test_a_file_that_may_not_be_read_has_failed(tmp_path: Path) -> None:
    source = saved(tmp_path / "from", 2)
    (source / "out.json").symlink_to(tmp_path / "elsewhere.json")
    (tmp_path / "elsewhere.json").write_text("{}")
    result = run("archive", "import", source, "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "failed   'out.json': cannot be read: a link that leads out" in result.stderr


def test_each_file_is_fetched_once(tmp_path: Path, s3: LoopbackS3) -> None:
    source = saved(tmp_path / "from", 3)
    write(source, "large.manifest", manifest_of(version=9, images=2000))
    write(source, "film.bin", b"\0" * (4 << 20))
    s3.objects = {f"bkt/{name}": data for name, data in tree(source).items()}
    result = imported_from_s3("s3://bkt/", tmp_path / "to")
    assert "4 manifest" in result.stdout
    assert s3.counts() == {"LIST": 1, "GET": len(s3.objects)}
    assert manifest_of(version=9, images=2000) in tree(tmp_path / "to").values()


def test_rounds_end() -> None:
    """A source that is gone is not tried again and again."""
    from lfv_mcp.archive.store import FileEntry

    entries = [FileEntry(f"{n}", 1, n) for n in range(9)]
    asked: list[str] = []

    def fail(entry: FileEntry) -> bool:
        asked.append(entry.name)
        return False

    outcomes = list(Rounds(1, lambda _: None).run(entries, fail, lambda worked: not worked))
    assert outcomes == [False] * 9
    assert len(asked) == 18


# Two at one time, and killed


COMMAND: Final = (sys.executable, "-m", "lfv_mcp", "archive", "import")


def start(source: Path, target: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, str(source), "--to", str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "models"),
    [("s3", 40), ("s3", 150), ("directory", 150)],
)
def test_two_imports_at_one_time_both_end_well(tmp_path: Path, place: str, models: int) -> None:
    source = saved(tmp_path / "from", models)
    imported(tmp_path / "whole", source)
    with LoopbackS3() as s3:
        target = tmp_path / "to" if place == "directory" else "s3://bkt/to"
        runs = [start(source, target, **s3.environment) for _ in range(3)]
        ends = [process.communicate(timeout=50) for process in runs]
        assert [process.returncode for process in runs] == [0, 0, 0], ends
        written = sum(int(out.split("; ")[2].split()[0]) for out, _ in ends)
        held = tree(tmp_path / "to") if place == "directory" else s3.below("bkt/to/")
    assert held == tree(tmp_path / "whole")
    assert written >= len(held)


def test_a_living_runs_unfinished_file_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop that slept for an hour: another run has swept its file away meanwhile."""
    source = saved(tmp_path / "from", 2)
    imported(tmp_path / "whole", source)
    real, swept = os.replace, [0]

    def sweep_first(old: Any, new: Any, **more: Any) -> None:
        if swept[0] < 4 and not Path(new).name.startswith("manifest"):
            swept[0] += 1
            Path(old).unlink()
        real(old, new, **more)

    monkeypatch.setattr(os, "replace", sweep_first)
    imported(tmp_path / "to", source)
    assert swept == [4]  # more than one file's attempts: it was taken up again after the others
    assert tree(tmp_path / "to") == tree(tmp_path / "whole")


@pytest.mark.slow
def test_killed_while_writing_to_s3(tmp_path: Path) -> None:
    source = saved(tmp_path / "from", 200)
    imported(tmp_path / "whole", source)
    with LoopbackS3() as s3:
        process = start(source, "s3://bkt/to", **s3.environment)
        with process:
            while len(s3.below("bkt/to/")) < 20:
                assert process.poll() is None
                time.sleep(0.002)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        held = s3.below("bkt/to/")
        whole = tree(tmp_path / "whole")
        assert 0 < len(held) < len(whole)
        assert held.items() <= whole.items()
        again = start(source, "s3://bkt/to", **s3.environment)
        assert again.communicate(timeout=50)[0]
        assert s3.below("bkt/to/") == whole


# Refused, and nothing left


@pytest.mark.parametrize(
    "target", ["S3://bkt/x", "s3:/bkt/x", "https://bkt.s3.amazonaws.com/x", "arn:aws:s3:::bkt/x"]
)
@pytest.mark.parametrize("command", ["import", "pack"])
def test_misspelt_targets_make_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, command: str
) -> None:
    source = saved(tmp_path / "from", 1)
    monkeypatch.chdir(tmp_path)
    result = run("archive", command, source, "--to", target)
    assert result.exit_code == 1
    assert "Write it as s3://bkt/x." in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["from"]


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    source = saved(tmp_path / "from", 1)
    assert run("archive", "import", source, "--to", "~/to").exit_code == 0
    assert run("archive", "pack", "~/to", "--to", "~/pack").exit_code == 0
    page = run("describe", "cap-seal", "--source", "~/pack", "--html", "~/x.html")
    assert page.exit_code == 0, page.output
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["pack", "to", "x.html"]
    assert not (tmp_path / "~").exists()
    for odd in ("s3://bkt/x.html", "S3:/bkt/x.html", "file://there/x.html"):
        refused = run("describe", "cap-seal", "--source", "~/to", "--html", odd)
        assert refused.exit_code == 1
        right = (
            "Write the path alone." if odd.startswith("file") else "Name a file on this machine."
        )
        assert right in refused.stderr


@pytest.mark.parametrize("target", [".", "below", "../from", "..", "link", "1.json/../x"])
@pytest.mark.parametrize("command", ["import", "pack"])
def test_the_source_is_no_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, command: str
) -> None:
    source = saved(tmp_path / "from", 1)
    (source / "link").symlink_to(source)
    before = tree(tmp_path)
    monkeypatch.chdir(source)
    result = run("archive", command, source, "--to", target, *(["--replace"] * (command == "pack")))
    assert result.exit_code == 1
    assert "is a part of" in result.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("target", ["s3://bkt/a", "s3://bkt/a/", "s3://bkt/a/b", "s3://bkt"])
def test_the_source_prefix_is_no_target(s3: LoopbackS3, target: str) -> None:
    s3.objects = {"bkt/a/1.json": lines([response("ModelDescription", described())])}
    for command in ("import", "pack"):
        result = run("archive", command, "s3://bkt/a", "--to", target)
        assert result.exit_code == 1
        assert "is a part of" in result.stderr
    assert s3.counts()["PUT"] == 0


@pytest.mark.parametrize("command", ["import", "pack"])
def test_wrong_or_empty_sources_leave_nothing(tmp_path: Path, s3: LoopbackS3, command: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"x")
    for source, said in (
        (tmp_path / "NOPE", "NOPE"),
        (tmp_path / "empty", "empty has no files in it"),
        (tmp_path / "images", "1 passed over as images"),
        ("s3://bkt/nothing", "s3://bkt/nothing has no files in it"),
    ):
        result = run("archive", command, source, "--to", tmp_path / "q")
        assert result.exit_code == 1
        assert said in result.output
        assert not (tmp_path / "q").exists()
    assert s3.counts()["PUT"] == 0


def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    source = saved(tmp_path / "from", 1)
    for place in ("/proc/lfv", "/dev/null/x", "/sys/kernel/x"):
        if Path(place).parent.exists():
            result = run("archive", "import", source, "--to", place)
            assert result.exit_code == 1
            assert "archive_unwritable" in result.stderr
