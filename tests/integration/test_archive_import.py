"""Filling an archive: whatever is imported, in whatever order and however often, ends up the same;
and a run that was killed anywhere is made good by the next one.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from lfv_mcp.archive.unfinished import UnfinishedFiles
from lfv_mcp.formats.recognition import recognise
from tests.support.archives import KEY, NEW, OLD, imported
from tests.support.clients import run, table
from tests.support.hostile_archive import hostile
from tests.support.killing import Killed, killed_at
from tests.support.saved_records import (
    ENCODINGS,
    FRAMINGS,
    OTHER,
    SPELLINGS,
    described,
    lines,
    listed,
    manifest_of,
    project_of,
    response,
    result_of,
    spelled,
    tree,
    write,
)


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: what a power failure does is not tested here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


# Same answers, same archive

ANSWERS: Final[list[dict[str, Any]]] = [
    response("ModelDescription", described("cap-seal", 3), NEW),
    response("ModelDescription", described("cap-seal", 3, Status="HOSTED"), OLD),
    response("ModelDescription", described("cap-seal", 4, Performance=...)),
    response("ModelDescription", described("cap-seal", 3, "eu-west-1", OTHER)),
    response("Models", [listed(described("cap-seal", v)) for v in (1, 2)], NEW),
    response("Models", [listed(described("pcb-top", 1, StatusMessage="über\ud800\x1b"))]),
    response("ProjectDescription", project_of("cap-seal"), NEW),
    response("Projects", [project_of("pcb-top", "eu-west-1")]),
]
RESULTS: Final = [result_of("cap-seal", 3), result_of("label-check", 1, F1Score=...)]
MANIFESTS: Final = [manifest_of("cap-seal", 3), manifest_of("label-check", 1, images=400)]
FILES: Final = (
    *("eu-west-1/111122223333/pcb-top/project-", "eu-west-1/444455556666/cap-seal/3/model-"),
    *("us-east-1/111122223333/cap-seal/1/listing-", "us-east-1/111122223333/cap-seal/2/listing-"),
    *("us-east-1/111122223333/cap-seal/3/manifest-", "us-east-1/111122223333/cap-seal/3/model-"),
    *("us-east-1/111122223333/cap-seal/3/model-", "us-east-1/111122223333/cap-seal/3/result-"),
    *("us-east-1/111122223333/cap-seal/4/model-", "us-east-1/111122223333/cap-seal/project-"),
    "us-east-1/111122223333/label-check/1/manifest-",
    "us-east-1/111122223333/label-check/1/result-",
    "us-east-1/111122223333/pcb-top/1/listing-",
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The archive of all these, imported from one plain file each."""
    folder = tmp_path_factory.mktemp("plain")
    for number, document in enumerate([*ANSWERS, *RESULTS]):
        write(folder / "from", f"{number}.json", document)
    for number, manifest in enumerate(MANIFESTS):
        write(folder / "from", f"{number}.manifest", manifest)
    imported(folder / "to", folder / "from")
    held = tree(folder / "to")
    assert tuple(name[: name.rindex("-") + 1] for name in held) == tuple(sorted(FILES))
    return held


# json.dumps escapes what UTF-8 cannot hold, so every encoding can carry every answer.
copies = st.lists(
    st.tuples(st.integers(0, len(ANSWERS) + len(RESULTS) - 1), st.sampled_from(sorted(SPELLINGS))),
    max_size=12,
)
groups = st.lists(
    st.tuples(copies, st.sampled_from(sorted(FRAMINGS)), st.sampled_from(sorted(ENCODINGS))),
    max_size=5,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    groups=groups,
    rest=st.tuples(st.sampled_from(sorted(FRAMINGS)), st.sampled_from(sorted(ENCODINGS))),
    manifests=st.lists(
        st.tuples(
            st.integers(0, 1), st.sampled_from(sorted(set(ENCODINGS) - {"PowerShell"}))
        ),  # its line ends are others
        max_size=4,
    ),
    shuffled=st.randoms(use_true_random=False),
)
def test_any_mixture_is_the_same_archive(
    tmp_path_factory: pytest.TempPathFactory,
    plain: dict[str, bytes],
    groups: list[Any],
    rest: tuple[str, str],
    manifests: list[tuple[int, str]],
    shuffled: random.Random,
) -> None:
    """Any spelling of any answer, in any company, order and number, twice: the same bytes."""
    folder = tmp_path_factory.mktemp("mixture")
    documents = [*ANSWERS, *RESULTS]
    seen = {number for copies, *_ in groups for number, _ in copies}
    missing = [(n, "wire, CLI v1") for n in range(len(documents)) if n not in seen]
    files: list[bytes] = []
    for copies, framing, encoding in [*groups, (missing, *rest)]:
        docs = []
        for number, spelling in copies:
            document = documents[number]
            if number < len(ANSWERS):
                document = spelled(document, spelling)
            members = list(document.items())
            shuffled.shuffle(members)
            docs.append(dict(members))
        if docs:
            files.append(ENCODINGS[encoding](FRAMINGS[framing](docs)))
    files += [ENCODINGS[encoding](MANIFESTS[number].decode()) for number, encoding in manifests]
    files += MANIFESTS
    shuffled.shuffle(files)
    for number, data in enumerate(files):
        write(folder, f"{number % 3}/{number}", data)
    sources = sorted(folder.iterdir())
    shuffled.shuffle(sources)
    imported(folder / "to", *sources)
    assert tree(folder / "to") == plain
    again = imported(folder / "to", *reversed(sources), *sources)
    assert "; 0 new files written; 0 problems." in again.stdout
    assert tree(folder / "to") == plain


def test_an_archive_imports_as_it_is(tmp_path: Path, plain: dict[str, bytes]) -> None:
    for name, content in plain.items():
        write(tmp_path / "from", name, content)
    imported(tmp_path / "to", tmp_path / "from")
    assert tree(tmp_path / "to") == plain
    assert "; 0 new files written;" in imported(tmp_path / "to", tmp_path / "from").stdout


def test_imported_records_say_the_same(tmp_path: Path) -> None:
    """What decides between undated records survives the import, too."""
    for number in range(8):
        answer = response("ModelDescription", described(Status=f"S{number}", MinInferenceUnits=2))
        write(tmp_path / "from", f"{number}.json", json.dumps(answer, indent=number).encode())
    imported(tmp_path / "to", tmp_path / "from")
    winners = []
    for name in ("from", "to"):
        held = Archive(Directory(tmp_path / name))
        winners.append(held.read(held.index().models[KEY].winner))
    assert winners[0] == winners[1]


@pytest.mark.parametrize(
    "message",
    ["\ud800 lone surrogate", "\x1b[31m\u202e\x00", "日本語 \u2028", "…" * 50_000],
    ids=["surrogate", "controls", "Japanese", "long"],
)
def test_any_text_survives(tmp_path: Path, message: str) -> None:
    answer = response("ModelDescription", described(StatusMessage=message))
    write(tmp_path / "from", "a.json", answer)
    imported(tmp_path / "to", tmp_path / "from")
    (content,) = tree(tmp_path / "to").values()
    (record,), problems = recognise(content)
    assert problems == []
    assert record.body["StatusMessage"] == message
    assert not set(content) & {0, 0x1B}  # a terminal that shows the file obeys nothing


# Killed anywhere


@pytest.mark.slow
def test_killed_anywhere_and_run_again(tmp_path: Path) -> None:
    source = tmp_path / "from"
    write(source, "a.jsonl", lines(ANSWERS[:5]))
    write(source, "b.json", RESULTS[0])
    write(source, "c.json.gz", gzip.compress(MANIFESTS[0]))
    imported(tmp_path / "whole", source)
    whole = tree(tmp_path / "whole")
    with killed_at(10**9) as calls:
        imported(tmp_path / "counted", source)
    assert calls[0] > 20
    partials = 0
    for number in range(1, calls[0] + 1):
        target = tmp_path / f"to-{number}"
        with killed_at(number), pytest.raises(Killed):
            imported(target, source)
        left = tree(target) if target.exists() else {}
        partials += sum(name.endswith(".partial") for name in left)
        # Whatever is there already is whole.
        assert {
            n: c for n, c in left.items() if not n.endswith(".partial")
        }.items() <= whole.items()
        if left:
            assert not Archive(Directory(target)).index().problems
        imported(target, source)
        assert tree(target) == whole
    assert partials


@pytest.mark.slow
def test_sigkill_and_run_again(tmp_path: Path) -> None:
    source = tmp_path / "from"
    for version in range(1, 801):
        answer = response("ModelDescription", described(version=version))
        write(source, f"{version}.json", answer)
    target = tmp_path / "to"
    command = [sys.executable, "-m", "lfv_mcp", "archive", "import", str(source)]
    command += ["--to", str(target)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (target.exists() and len(list(target.glob("*/*/*/*"))) > 5):
            assert process.poll() is None
            time.sleep(0.002)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert 0 < len([n for n in tree(target) if n.endswith(".json")]) < 800
    imported(target, source)
    assert len(tree(target)) == 800
    imported(tmp_path / "whole", source)
    assert tree(target) == tree(tmp_path / "whole")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    write(tmp_path / "from", "a.jsonl", lines(ANSWERS))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        result = run("archive", "import", tmp_path / "from", "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "archive_unwritable" in result.stderr
    assert "No space left on device" in result.stderr
    assert tree(tmp_path / "to") == {}
    imported(tmp_path / "to", tmp_path / "from")


def test_only_our_own_remains_are_swept(tmp_path: Path) -> None:
    write(tmp_path / "from", "a.json", ANSWERS[0])
    ours = write(tmp_path / "to", f"us-east-1/{'0a' * 16}.partial", b"{")
    others = write(tmp_path / "to", "film.mp4.partial", b"...")
    imported(tmp_path / "to", tmp_path / "from")
    assert not ours.exists()
    assert others.exists()


def test_what_a_living_run_is_writing_is_left_alone(tmp_path: Path) -> None:
    """One on this machine holds its marker locked; of one elsewhere only the time can tell."""
    write(tmp_path / "from", "a.json", ANSWERS[0])
    target = tmp_path / "to"
    target.mkdir()
    living, dead = UnfinishedFiles(target), UnfinishedFiles(target)
    theirs = write(target, f"us-east-1/{living.new_name()}", b"{")
    left = write(target, f"us-east-1/{dead.new_name()}", b"{")
    dead.close()
    elsewhere = [f"{'e' * 16}{end * 16}.partial" for end in ("0", "1")]
    for name in elsewhere:
        write(target, name, b"another machine")
    imported(target, tmp_path / "from")
    assert theirs.exists()
    assert not left.exists()
    assert all((target / name).exists() for name in elsewhere)
    for path in [*(target / name for name in elsewhere), theirs]:
        os.utime(path, (time.time() - 3700, time.time() - 3700))
    imported(target, tmp_path / "from")
    assert theirs.exists()
    assert not any((target / name).exists() for name in elsewhere)
    living.close()
    imported(target, tmp_path / "from")
    assert {name.rpartition("/")[2][:6] for name in tree(target)} == {"model-"}


# Nothing outside


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("way", ["absolute", "relative", "dangling", "loop"])
def test_link_that_leads_out_is_not_followed(tmp_path: Path, depth: int, way: str) -> None:
    write(tmp_path / "from", "a.json", ANSWERS[0])
    outside = tmp_path / "outside"
    outside.mkdir()
    *above, last = ["us-east-1", "111122223333", "cap-seal", "3"][:depth]
    folder = (tmp_path / "to").joinpath(*above)
    folder.mkdir(parents=True)
    to = {
        "absolute": str(outside),
        "relative": "../" * (depth + 0) + "outside",
        "dangling": str(outside / "not-yet"),
        "loop": last,
    }[way]
    (folder / last).symlink_to(to)
    result = run("archive", "import", tmp_path / "from", "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "archive_unwritable" in result.stderr
    assert list(outside.iterdir()) == []
    assert tree(tmp_path / "to") == {}


def test_link_in_place_of_a_file_is_replaced_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "from", "a.json", ANSWERS[0])
    imported(tmp_path / "to", tmp_path / "from")
    ((name, content),) = tree(tmp_path / "to").items()
    outside = write(tmp_path, "outside.json", b"mine")
    (tmp_path / "to" / name).unlink()
    (tmp_path / "to" / name).symlink_to(outside)
    imported(tmp_path / "to", tmp_path / "from")
    assert outside.read_bytes() == b"mine"
    assert not (tmp_path / "to" / name).is_symlink()
    assert tree(tmp_path / "to") == {name: content}


def test_hostile_sources_stay_inside(tmp_path: Path) -> None:
    hostile(tmp_path / "from")
    before = tree(tmp_path / "from")
    imported(tmp_path / "deep" / "to", tmp_path / "from")
    after = tree(tmp_path)
    outside = {
        n: c for n, c in after.items() if not n.startswith("deep/to/us-east-1/111122223333/")
    }
    assert outside == {f"from/{name}": content for name, content in before.items()}
    assert {n.split("/")[4] for n in after if n.startswith("deep/")} == {"hostile", "cap-seal"}


@pytest.mark.parametrize("blocked", ["to", "to/us-east-1", "to/us-east-1/111122223333/cap-seal/3"])
def test_target_that_is_no_folder(tmp_path: Path, blocked: str) -> None:
    write(tmp_path / "from", "a.json", ANSWERS[0])
    write(tmp_path, blocked, b"mine")
    result = run("archive", "import", tmp_path / "from", "--to", tmp_path / "to")
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert (tmp_path / blocked).read_bytes() == b"mine"


def test_projects_of_one_folder_are_kept_apart(tmp_path: Path) -> None:
    """On Windows and macOS `Cap` and `cap` are one folder; a link makes them one here."""
    for name in ("Cap", "cap"):
        write(tmp_path / "from", f"{name}-m.json", response("ModelDescription", described(name)))
        write(tmp_path / "from", f"{name}-p.json", response("ProjectDescription", project_of(name)))
    account = tmp_path / "to" / "us-east-1" / "111122223333"
    (account / "Cap").mkdir(parents=True)
    (account / "cap").symlink_to("Cap")
    for new in (4, 0):
        assert (
            f"; {new} new files written; 0 problems"
            in imported(tmp_path / "to", tmp_path / "from").stdout
        )
    held = Archive(Directory(tmp_path / "to")).index()
    assert sorted(key.project for key in held.models) == ["Cap", "cap"]
    assert sorted(key.project for key in held.projects) == ["Cap", "cap"]


def test_names_of_devices_and_long_names(tmp_path: Path) -> None:
    """Imported, packed and unpacked as all others, in folders that Windows takes."""
    names = ["CON", "nul", "AUX", "COM1", "lpt9", "x" * 255, "x" * 254 + "y"]
    for number, name in enumerate(names):
        write(tmp_path / "from", f"{number}.json", response("ModelDescription", described(name)))
        write(tmp_path / "from", f"{number}.manifest", manifest_of(name))
    imported(tmp_path / "to", tmp_path / "from")
    assert run("archive", "pack", tmp_path / "to", "--to", tmp_path / "pack").exit_code == 0
    imported(tmp_path / "back", tmp_path / "pack")
    assert tree(tmp_path / "back") == tree(tmp_path / "to")
    for place in ("to", "pack"):
        folders = {path.split("/")[2] for path in tree(tmp_path / place) if "/" in path}
        assert {"_CON", "_nul", "_AUX", "_COM1", "_lpt9"} < folders
        assert max(map(len, folders)) <= 64
        index = Archive(Directory(tmp_path / place)).index()
        assert sorted(key.project for key in index.models) == sorted(names)


# What is said


def test_report_and_exit_codes(tmp_path: Path) -> None:
    source = tmp_path / "from"
    for number, document in enumerate([*ANSWERS, *RESULTS]):
        write(source, f"{number}.json", document)
    write(source, "m.manifest", MANIFESTS[0])
    for name in ("a.png", "b.JPG"):
        write(source, name, b"x")
    write(source, "cut.json", b"{")
    write(source, "note.txt", b"call Bob")
    result = imported(tmp_path / "to", source)
    assert result.stdout == (
        "13 looked at, 2 passed over as images; recognised: 3 listing, 1 manifest, 4 model, "
        "2 project, 2 result; 12 new files written; 2 problems.\n"
    )
    assert result.stderr.splitlines() == [
        "corrupt  'cut.json': not JSON (line 1)",
        "foreign  'note.txt': not JSON",
    ]
    assert table(run("archive", "check", tmp_path / "to").output) == {
        "projects": 5,
        "models": 7,
        "with a DescribeModel answer": 3,
        "known only from a listing": 3,
        "rebuilt from evaluation files": 1,
        "with an evaluation result": 2,
        "with an evaluation manifest": 1,
        "corrupt": 0,
        "unread": 0,
        "failed": 0,
        "foreign": 0,
        "passed over as images": 0,
    }
    (tmp_path / "empty").mkdir()
    for sources, code in (
        ([tmp_path / "empty"], 1),
        ([source / "note.txt"], 1),
        ([source / "0.json"], 0),
        ([tmp_path / "empty", source], 0),
        ([tmp_path / "missing"], 1),
        ([tmp_path / "missing", source], 1),
        ([], 2),
    ):
        result = run("archive", "import", *sources, "--to", tmp_path / "again")
        assert result.exit_code == code, result.output
    assert run("archive", "import", source).exit_code == 2


def test_manifest_too_large_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb begins like a manifest; the disk must not be filled by it."""
    monkeypatch.setattr("lfv_mcp.formats.decoding.MANIFEST_LIMIT", 1 << 20)
    bomb = gzip.compress(manifest_of(images=200) + bytes(5 << 20))
    write(tmp_path / "from", "m.json.gz", bomb)
    result = run("archive", "import", tmp_path / "from", "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "corrupt  'm.json.gz': larger than 1 MiB" in result.stderr
    assert tree(tmp_path / "to") == {}
