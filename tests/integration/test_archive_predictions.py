"""Prediction sets into an archive, out of it, and into another one, by the command line."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import Result

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.archive.store import Directory
from lfv_mcp.errors import SetupError
from lfv_mcp.formats.predictions.prediction_set import PredictedImage, PredictionSet, about_from
from lfv_mcp.identifiers import AccountScope, PredictionSetKey, ProjectKey
from tests.support.archives import NEW, imported
from tests.support.clients import run, table
from tests.support.killing import Killed, killed_at
from tests.support.loopback_s3 import LoopbackS3
from tests.support.prediction_sets import images_of, set_file
from tests.support.saved_records import ONE, OTHER, described, response, tree, write

pytestmark = pytest.mark.usefixtures("no_pauses")

PROJECT_ARN: Final = f"arn:aws:lookoutvision:eu-west-1:{OTHER}:project/cap-seal"
NOWHERE: Final = PredictionSetKey("", "", "cap-seal", "padim")


def rows(number: int, *, flip: int = -1) -> bytes:
    """A table of so many images; of one the prediction may be the other one."""
    lines = ["image_path,gt_label,pred_label,pred_score"]
    for n in range(number):
        flagged = (n % 5 == 0) != (n == flip)
        score = 0.5 + n / (2 * number) if flagged else n / (2 * number) - 0.01
        lines.append(f"caps/test/{n:04}.png,{int(n % 4 == 0)},{int(flagged)},{score:.6f}")
    return "\n".join(lines).encode() + b"\n"


def predicted(
    *sources: object, to: object, name: str = "padim", project: str = "cap-seal", flags: Any = ()
) -> Result:
    """Import predictions by the command."""
    return run(
        *("archive", "import", *sources, "--predictions", name, "--project", project),
        *("--to", to, *flags),
    )


def succeeded(result: Result) -> str:
    """What a command said that had to succeed."""
    assert result.exit_code == 0, result.output
    return result.stdout


def held(archive: Path) -> dict[PredictionSetKey, PredictionSet]:
    """Every prediction set of an archive, read back."""
    opened = Archive(Directory(archive))
    return {key: opened.read_predictions(key) for key in opened.index().prediction_sets}


# In


def test_a_table(tmp_path: Path) -> None:
    source = write(tmp_path, "p.csv", rows(20))
    said = succeeded(predicted(source, to=tmp_path / "to"))
    assert said.splitlines() == [
        "padim of cap-seal: imported.",
        "20 images, 20 with a prediction, 20 with a label of their own; ranked by anomaly score.",
        "  image       image_path",
        "  truth       gt_label",
        "  prediction  pred_label",
        "  score       pred_score",
    ]
    (name,) = files = tree(tmp_path / "to")
    assert name.startswith("cap-seal/predictions-padim-")
    ((key, found),) = held(tmp_path / "to").items()
    assert key == NOWHERE
    assert found.images is not None
    assert found.images[1] == PredictedImage("caps/test/0001.png", False, False, 0.015)
    assert found.images[5] == PredictedImage("caps/test/0005.png", False, True, 0.625)
    assert (found.about.images, found.about.truth, found.unreadable) == (20, 20, 0)

    again = succeeded(predicted(source, to=tmp_path / "to", name="Padim"))
    assert again.startswith("padim of cap-seal: unchanged: it is there already.\n")
    assert tree(tmp_path / "to") == files
    succeeded(predicted(source, to=tmp_path / "other"))
    assert tree(tmp_path / "other") == files


def test_from_where_makes_no_other_content(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(tmp_path / folder, "p.csv", rows(20))
    succeeded(predicted(tmp_path / "a", to=tmp_path / "to"))
    before = tree(tmp_path / "to")
    assert "unchanged" in succeeded(predicted(tmp_path / "b", to=tmp_path / "to"))
    assert tree(tmp_path / "to") == before


def test_a_name_stands_for_one_content(tmp_path: Path) -> None:
    first, second = write(tmp_path, "1.csv", rows(20)), write(tmp_path, "2.csv", rows(20, flip=7))
    target = tmp_path / "to"
    succeeded(predicted(first, to=target))
    before = tree(target)
    refused = predicted(second, to=target, name="PADIM")
    assert refused.exit_code == 1
    assert "predictions_name_taken" in refused.stderr
    assert "--replace" in refused.stderr
    assert tree(target) == before
    said = succeeded(predicted(second, to=target, name="PADIM", flags=["--replace"]))
    assert said.startswith("PADIM of cap-seal: replaced.\n")
    ((key, found),) = held(target).items()
    assert (key.name, len(tree(target))) == ("PADIM", 1)
    assert found.images is not None
    assert found.images[7].flagged
    said = succeeded(predicted(second, to=target, flags=["--replace"]))
    assert "unchanged" in said
    succeeded(predicted(first, to=target, name="stfpm"))
    assert [key.name for key in held(target)] == ["PADIM", "stfpm"]


def test_a_set_amid_other_records_is_not_taken_out(tmp_path: Path) -> None:
    target = tmp_path / "to"
    target.mkdir()
    members = {"s.jsonl": set_file(images_of(5), NOWHERE), "m.json": json.dumps(saved()).encode()}
    with tarfile.open(target / "all.tar.gz", "w:gz") as tar:
        for name, data in members.items():
            tar.add(write(tmp_path, name, data), name)
    before = tree(target)
    result = predicted(write(tmp_path, "p.csv", rows(20)), to=target, flags=["--replace"])
    assert result.exit_code == 1
    assert "all.tar.gz" in result.stderr
    assert tree(target) == before
    assert [key.name for key in held(target)] == ["padim"]


def test_a_packed_set_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "to"
    write(target, "by-hand.gz", gzip.compress(set_file(images_of(500), NOWHERE)))
    succeeded(predicted(write(tmp_path, "p.csv", rows(20)), to=target, flags=["--replace"]))
    (name,) = tree(target)
    assert name.startswith("cap-seal/predictions-padim-")


@pytest.mark.parametrize("name", ["latest", "HOSTED", "v3", "3", "a b", "-a", "é", "a" * 64, ""])
def test_names_that_stand_for_something_else(tmp_path: Path, name: str) -> None:
    source = write(tmp_path, "p.csv", rows(20))
    result = predicted(source, to=tmp_path / "to", name=name)
    assert result.exit_code == 1
    assert "cannot be the name of a prediction set" in result.stderr
    assert "--predictions padim_2" in result.stderr
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("project", ["../x", "arn:aws:s3:::b", "a/b", ""])
def test_no_project(tmp_path: Path, project: str) -> None:
    source = write(tmp_path, "p.csv", rows(20))
    result = predicted(source, to=tmp_path / "to", project=project)
    assert result.exit_code == 1
    assert "neither the name of a project nor its ARN" in result.stderr
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["--project", "cap-seal"],
        ["--cut", "0.5"],
        ["--cut", "0"],
        ["--replace"],
        ["--same-names"],
        ["--anomaly-value", "NG"],
        ["--score", "s"],
        ["--predictions", "padim"],
    ],
)
def test_flags_that_mean_nothing_alone(tmp_path: Path, flags: list[str]) -> None:
    source = write(tmp_path, "p.csv", rows(20))
    result = run("archive", "import", source, "--to", tmp_path / "to", *flags)
    assert result.exit_code == 2
    assert "--predictions" in result.stderr
    assert not (tmp_path / "to").exists()


def test_a_cut_that_is_no_number(tmp_path: Path) -> None:
    source = write(tmp_path, "p.csv", rows(20))
    result = predicted(source, to=tmp_path / "to", flags=["--cut", "nan"])
    assert (result.exit_code, "write it as 0.5" in result.stderr) == (1, True)


def test_what_a_person_says_is_kept(tmp_path: Path) -> None:
    source = write(tmp_path, "p.csv", rows(20))
    flags = ["--cut", "0.8", "--same-names", "--score", "pred_score"]
    said = succeeded(predicted(source, to=tmp_path / "to", flags=flags))
    assert "  cut         0.8" in said
    assert "--same-names" in said
    (found,) = held(tmp_path / "to").values()
    assert (found.about.cut, found.about.same_names) == (0.8, True)
    # What a person says is a part of the content.
    assert predicted(source, to=tmp_path / "to").exit_code == 1


def test_refused_files_leave_nothing(tmp_path: Path) -> None:
    two = b"image,score,anomaly_score\na.png,0.1,0.2\n"
    result = predicted(write(tmp_path, "p.csv", two), to=tmp_path / "to")
    assert result.exit_code == 1
    assert "predictions_refused" in result.stderr
    assert "--score" in result.stderr
    assert not (tmp_path / "to").exists()


def test_unusable_lines_are_counted_and_located(tmp_path: Path) -> None:
    data = rows(20) + b"caps/test/x.png,0\n"
    said = succeeded(predicted(write(tmp_path, "p.csv", data), to=tmp_path / "to"))
    assert said.splitlines()[1].startswith("20 images")
    assert "1 unusable: " in said
    assert "line 22 of p.csv" in said
    (found,) = held(tmp_path / "to").values()
    assert sum(found.about.unusable.values()) == 1


def test_a_file_that_cannot_be_read_makes_no_set(tmp_path: Path) -> None:
    write(tmp_path / "from", "1.csv", rows(20))
    (tmp_path / "from" / "2.csv").symlink_to(tmp_path / "gone.csv")
    result = predicted(tmp_path / "from", to=tmp_path / "to")
    assert result.exit_code == 1
    assert "2.csv cannot be read" in result.stderr
    assert "predictions_unread" in result.stderr
    assert not (tmp_path / "to").exists()


def test_several_sources_and_images_beside_them(tmp_path: Path) -> None:
    whole = rows(20).splitlines(keepends=True)
    write(tmp_path / "a", "1.csv", b"".join(whole[:11]))
    write(tmp_path / "a", "1.png", b"\x89PNG")
    write(tmp_path / "b", "1.csv", b"".join([whole[0], *whole[11:]]))
    said = succeeded(predicted(tmp_path / "a", tmp_path / "b", to=tmp_path / "to"))
    assert "1 passed over as images." in said
    (found,) = held(tmp_path / "to").values()
    succeeded(predicted(write(tmp_path, "all.csv", b"".join(whole)), to=tmp_path / "other"))
    (expected,) = held(tmp_path / "other").values()
    assert found.images == expected.images


# Whose


def saved(region: str = "us-east-1", account: str = ONE) -> dict[str, Any]:
    """A model of cap-seal in some place."""
    return response("ModelDescription", described("cap-seal", 3, region, account), NEW)


@pytest.mark.parametrize(
    ("places", "project", "expected"),
    [
        ([], "cap-seal", ProjectKey("", "", "cap-seal")),
        ([("us-east-1", ONE)], "cap-seal", ProjectKey("us-east-1", ONE, "cap-seal")),
        ([("us-east-1", ONE)], "caps", ProjectKey("", "", "caps")),
        (
            [("us-east-1", ONE), ("eu-west-1", ONE)],
            "cap-seal",
            ProjectKey("", "", "cap-seal"),
        ),
        ([("us-east-1", ONE)], PROJECT_ARN, ProjectKey("eu-west-1", OTHER, "cap-seal")),
        (
            [],
            PROJECT_ARN.replace("project/cap-seal", "model/cap-seal/3"),
            ProjectKey("eu-west-1", OTHER, "cap-seal"),
        ),
    ],
)
def test_region_and_account(
    tmp_path: Path, places: list[tuple[str, str]], project: str, expected: ProjectKey
) -> None:
    target = tmp_path / "to"
    for number, place in enumerate(places):
        write(target, f"{number}.json", saved(*place))
    succeeded(predicted(write(tmp_path, "p.csv", rows(20)), to=target, project=project))
    (key,) = held(target)
    assert key.project_key == expected
    (entry,) = Archive(Directory(target)).index().prediction_sets.values()
    assert about_from(entry.about).key == key
    assert [name for name in tree(target) if name.startswith("/".join(filter(None, expected)))]


def test_a_set_without_a_place_follows_its_project(tmp_path: Path) -> None:
    target = tmp_path / "to"
    source, other = write(tmp_path, "1.csv", rows(20)), write(tmp_path, "2.csv", rows(20, flip=7))
    succeeded(predicted(source, to=target))
    # Were it written, both would have one name in one place.
    assert predicted(other, to=target, project=PROJECT_ARN).exit_code == 1
    write(target, "1.json", saved())
    assert [key.region for key in held(target)] == ["us-east-1"]
    succeeded(predicted(other, to=target, project=PROJECT_ARN))
    assert [key.region for key in held(target)] == ["", "eu-west-1"]
    check = run("archive", "check", target)
    assert "unplaced padim of cap-seal: 2 projects have that name" in check.stdout


def test_the_wire_never_tells_of_a_set(tmp_path: Path) -> None:
    source = write(tmp_path, "p.csv", rows(20))
    succeeded(predicted(source, to=tmp_path / "to", project=PROJECT_ARN))
    replay = Replay(Archive(Directory(tmp_path / "to")))
    url = "http://archive/2020-11-20/projects"
    reply = replay.answer("GET", url, AccountScope("eu-west-1"))
    assert b"cap-seal" not in reply.body
    url += "/cap-seal/models/padim"
    assert replay.answer("GET", url, AccountScope("eu-west-1")).status != 200


# What is there


def test_check_reports_sets(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", set_file(images_of(1500), NOWHERE))
    write(tmp_path, "b.jsonl.gz", gzip.compress(set_file(images_of(1500), NOWHERE, "elsewhere")))
    check = run("archive", "check", tmp_path)
    assert check.exit_code == 0
    assert "set      padim of cap-seal: 1,500 images from p.csv" in check.stdout
    assert "disagree" not in check.stdout
    counts = table(check.stdout)
    assert (counts["prediction sets"], counts["projects"], counts["foreign"]) == (1, 1, 0)

    write(tmp_path, "c.jsonl", set_file(images_of(1501), NOWHERE._replace(name="PADIM")))
    check = run("archive", "check", tmp_path)
    assert "disagree" in check.stdout
    assert table(check.stdout)["prediction sets"] == 1


@pytest.mark.parametrize("number", [3, 1500])
def test_a_cut_set_is_unread(tmp_path: Path, number: int) -> None:
    whole = set_file(images_of(number), NOWHERE)
    write(tmp_path, "a.jsonl", whole[:-9])
    write(tmp_path, "m.json", saved())
    check = run("archive", "check", tmp_path)
    assert check.exit_code == 1
    assert "corrupt" in check.stdout
    assert table(check.stdout)["corrupt"] == 1
    index = Archive(Directory(tmp_path)).index()
    assert index.unread is not None
    assert not index.prediction_sets


def test_a_long_set_that_lacks_whole_lines_is_never_a_smaller_set(tmp_path: Path) -> None:
    lines = set_file(images_of(3000), NOWHERE).splitlines(keepends=True)
    write(tmp_path, "a.jsonl", b"".join(lines[:-1000]))
    archive = Archive(Directory(tmp_path))
    (key,) = archive.index().prediction_sets
    with pytest.raises(SetupError, match="ends early"):
        archive.read_predictions(key)


def test_a_set_that_changes_under_the_index(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", set_file(images_of(5), NOWHERE))
    archive = Archive(Directory(tmp_path))
    (key,) = archive.index().prediction_sets
    write(tmp_path, "a.jsonl", set_file(images_of(7), NOWHERE))
    assert archive.read_predictions(key).about.images == 7
    (tmp_path / "a.jsonl").rename(tmp_path / "b.jsonl")
    assert archive.read_predictions(key).about.images == 7
    (tmp_path / "b.jsonl").unlink()
    with pytest.raises(SetupError, match="not in the archive any more"):
        archive.read_predictions(key)


# Out, and in again


def test_pack_and_unpack(tmp_path: Path) -> None:
    source = tmp_path / "from"
    write(source, "m.json", saved())
    succeeded(predicted(write(tmp_path, "p.csv", rows(20)), to=source))
    succeeded(predicted(write(tmp_path, "q.csv", rows(2000)), to=source, name="stfpm"))
    succeeded(predicted(write(tmp_path, "r.csv", rows(9)), to=source, project="welds"))
    packed = run("archive", "pack", source, "--to", tmp_path / "pack")
    assert "3 predictions" in succeeded(packed)
    assert "1 records packed, 3 files beside them." in packed.stdout
    assert held(tmp_path / "pack") == held(source)
    copied = {name: data for name, data in tree(source).items() if name.endswith(".jsonl")}
    assert copied.items() <= tree(tmp_path / "pack").items()
    imported(tmp_path / "out", tmp_path / "pack")
    assert copied.items() <= tree(tmp_path / "out").items()
    assert held(tmp_path / "out") == held(source)
    # A pack over a pack takes away what the older one had.
    target = ["--to", tmp_path / "pack", "--replace"]
    succeeded(run("archive", "pack", write(tmp_path, "m.json", saved()), *target))
    assert [*tree(tmp_path / "pack")] == ["records.jsonl.gz"]


def test_a_reader_of_a_pack_opens_no_set(tmp_path: Path) -> None:
    source = tmp_path / "from"
    succeeded(predicted(write(tmp_path, "p.csv", rows(2000)), to=source, project=PROJECT_ARN))
    succeeded(run("archive", "pack", source, "--to", tmp_path / "pack"))
    opened: list[str] = []

    class Watched(Directory):
        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
            opened.append(name)
            return super().open(name, start=start, limit=limit)

    archive = Archive(Watched(tmp_path / "pack"))
    (key,) = archive.index().prediction_sets
    assert opened == ["records.jsonl.gz"]
    assert archive.index().prediction_sets[key].about["Images"] == 2000
    assert archive.read_predictions(key) == held(source)[key]


def test_plain_import_copies_sets(tmp_path: Path) -> None:
    one = set_file(images_of(1500), NOWHERE)
    write(tmp_path / "from", "x/a.json", one)
    other = set_file(images_of(3), NOWHERE._replace(name="b"))
    write(tmp_path / "from", "b.gz", gzip.compress(other))
    imported(tmp_path / "to", tmp_path / "from")
    files = tree(tmp_path / "to")
    assert sorted(name.rpartition("-")[0] for name in files) == [
        "cap-seal/predictions-b",
        "cap-seal/predictions-padim",
    ]
    assert {one, other} == set(files.values())
    assert "0 new files written" in imported(tmp_path / "to", tmp_path / "from").stdout

    write(tmp_path / "other", "a.jsonl", set_file(images_of(9), NOWHERE._replace(name="Padim")))
    result = run("archive", "import", tmp_path / "other", "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "predictions_name_taken" in result.stderr
    assert tree(tmp_path / "to") == files


# Killed


def outputs(folder: Path, number: int) -> Path:
    """A folder of so many answers of DetectAnomalies, an image each."""
    choices = random.Random(7)
    for n in range(number):
        confidence = choices.uniform(0.5, 1)
        body = {
            "Source": {"Type": "direct"},
            "IsAnomalous": n % 5 == 0,
            "Confidence": confidence,
        }
        write(folder, f"caps/test/{n:04}.png.out", json.dumps(body).encode())
    return folder


def visible(archive: Path) -> dict[str, bytes]:
    """What a reader of an archive sees, while it is written to and after."""
    files = tree(archive) if archive.exists() else {}
    return {name: data for name, data in files.items() if not name.endswith(".partial")}


@pytest.mark.slow
def test_killed_anywhere_and_run_again(tmp_path: Path) -> None:
    # More than is kept in memory.
    source = write(tmp_path, "p.csv", rows(20_000))
    succeeded(predicted(source, to=tmp_path / "whole"))
    whole = tree(tmp_path / "whole")
    with killed_at(10**9) as calls:
        succeeded(predicted(source, to=tmp_path / "counted"))
    assert calls[0] > 5
    for number in range(1, calls[0] + 1):
        target = tmp_path / f"to-{number}"
        with killed_at(number), pytest.raises(Killed):
            predicted(source, to=target)
        assert visible(target).items() <= whole.items()
        succeeded(predicted(source, to=target))
        assert tree(target) == whole


def test_killed_anywhere_while_it_replaces(tmp_path: Path) -> None:
    first, second = write(tmp_path, "1.csv", rows(20)), write(tmp_path, "2.csv", rows(20, flip=7))
    succeeded(predicted(first, to=tmp_path / "old"))
    succeeded(predicted(second, to=tmp_path / "new"))
    old, new = tree(tmp_path / "old"), tree(tmp_path / "new")

    def replaced(target: Path) -> Result:
        return predicted(second, to=target, flags=["--replace"])

    succeeded(predicted(first, to=tmp_path / "counted"))
    with killed_at(10**9) as calls:
        succeeded(replaced(tmp_path / "counted"))
    for number in range(1, calls[0] + 1):
        target = tmp_path / f"to-{number}"
        succeeded(predicted(first, to=target))
        with killed_at(number), pytest.raises(Killed):
            replaced(target)
        left = visible(target)
        # Never neither: the older one goes last.
        assert left in (old, new, old | new)
        succeeded(replaced(target))
        assert visible(target) == new


@pytest.mark.slow
def test_sigkill_and_run_again(tmp_path: Path) -> None:
    source = outputs(tmp_path / "from", 3000)
    succeeded(predicted(source, to=tmp_path / "whole"))
    whole = tree(tmp_path / "whole")
    target = tmp_path / "to"
    command = [sys.executable, "-m", "lfv_mcp", "archive", "import", str(source)]
    command += ["--predictions", "padim", "--project", "cap-seal", "--to", str(target)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not target.exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert visible(target) in ({}, whole)  # whole where the kill came late, on a busy machine
    succeeded(predicted(source, to=target))
    assert visible(target) == whole
    # A marker that its run was killed over before it said whose it is stays for an hour.
    assert not any(data for name, data in tree(target).items() if name not in whole)


_IMPORT: Final = """
import sys
from pathlib import Path
from lfv_mcp.cli.main import main

try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
status = Path("/proc/self/status").read_text()
print("peak", int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def peak_of(source: Path, target: Path) -> int:
    """MiB that an import takes at most."""
    command = [sys.executable, "-c", _IMPORT, "archive", "import", str(source), "--to", str(target)]
    command += ["--predictions", "padim", "--project", "cap-seal"]
    # Without coverage, whose records are memory too, and which takes ten times as long.
    unmeasured = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=unmeasured)
    return int(done.stdout.split("peak ")[1])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_long_table_takes_bounded_memory(tmp_path: Path) -> None:
    small = peak_of(write(tmp_path, "small.csv", rows(20)), tmp_path / "a")
    head, *lines = rows(20_000).splitlines(keepends=True)
    with (tmp_path / "large.csv").open("wb") as file:
        file.write(head)
        for _ in range(100):
            file.writelines(lines)
    assert (tmp_path / "large.csv").stat().st_size > 60 << 20
    assert peak_of(tmp_path / "large.csv", tmp_path / "b") < small + 48


# S3


@pytest.mark.slow
def test_from_a_bucket_into_a_bucket(tmp_path: Path, s3: LoopbackS3) -> None:
    folder = outputs(tmp_path / "from", 300)
    objects = {f"in/preds/{name}": data for name, data in tree(folder).items()}
    s3.objects.update(objects | {"in/preds-old/1.out": b"{}", "in/preds/1.png": b"\x89PNG"})
    refused: set[str] = set()

    def throttle(method: str, name: str) -> tuple[int, str] | None:
        if method == "GET" and name.endswith("7.png.out") and name not in refused:
            refused.add(name)
            return 503, "SlowDown"
        return None

    s3.fault = throttle
    succeeded(predicted("s3://in/preds", to="s3://out/archive"))
    (name,) = s3.below("out/archive/")
    assert name.startswith("cap-seal/predictions-padim-")
    before = dict(s3.objects)
    assert "unchanged" in succeeded(predicted("s3://in/preds", to="s3://out/archive"))
    assert s3.objects == before
    write(tmp_path / "copy", name, s3.objects[f"out/archive/{name}"])
    (found,) = held(tmp_path / "copy").values()
    assert found.images is not None
    assert [image.image for image in found.images] == [
        f"s3://{key}".removesuffix(".out") for key in sorted(objects)
    ]
    # Another content takes its place, and the older one goes.
    s3.objects.pop(sorted(objects)[0])
    assert predicted("s3://in/preds", to="s3://out/archive").exit_code == 1
    assert s3.below("out/archive/").keys() == {name}
    succeeded(predicted("s3://in/preds", to="s3://out/archive", flags=["--replace"]))
    (new,) = s3.below("out/archive/")
    assert new != name


def test_an_object_that_is_denied_makes_no_set(tmp_path: Path, s3: LoopbackS3) -> None:
    folder = outputs(tmp_path / "from", 30)
    s3.objects.update({f"in/preds/{name}": data for name, data in tree(folder).items()})
    s3.fault = lambda method, name: (
        (403, "AccessDenied") if method == "GET" and name.endswith("0017.png.out") else None
    )
    result = predicted("s3://in/preds/", to=tmp_path / "to")
    assert result.exit_code == 1
    assert "s3_access_denied" in result.stderr
    assert "0017.png.out" in result.stderr
    assert not (tmp_path / "to").exists()


def test_a_project_of_which_nothing_else_is_held_is_said(tmp_path: Path) -> None:
    source, target = write(tmp_path, "p.csv", rows(20)), tmp_path / "to"
    first = predicted(source, to=target)
    assert "Warning" not in first.stderr  # a new archive holds nothing yet
    assert run("archive", "import", SAMPLE, "--to", target).exit_code == 0
    misspelt = predicted(source, to=target, project="sample-weld-baed")
    assert misspelt.exit_code == 0
    assert "nothing else is held of a project sample-weld-baed" in misspelt.stderr
    assert "Held are: sample-weld-bead, " in misspelt.stderr
    right = predicted(source, to=target, project="sample-weld-bead", name="other")
    assert "Warning" not in right.stderr


def test_nothing_at_all_says_why_and_what_to_do(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no record")
    for place in (empty, tmp_path / "notes"):
        for line in (
            ("check", place),
            ("import", place, "--to", tmp_path / "to"),
            ("pack", place, "--to", tmp_path / "to"),
        ):
            for as_json in ((), ("--json",)):
                result = run("archive", *line, *as_json)
                assert result.exit_code == 1
                assert "no saved answer, evaluation file, dataset" in result.stderr
                assert "Next: Name the directory" in result.stderr
