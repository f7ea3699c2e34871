"""`lfv-mcp dataset convert`: what is written, what is said, and when nothing is."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any, Final

import pandas as pd
import png
import pytest

from lfv_mcp.formats.png import ImageSize, png_size, white_png
from tests.support.clients import run
from tests.support.datasets import (
    BUCKET,
    CRACKED,
    anomalib_rows,
    as_lines,
    class_example,
    exported,
    guide_csv,
    labelled,
    masked,
    predicted,
    segmentation_template,
    table,
)
from tests.support.loopback_s3 import LoopbackS3
from tests.support.saved_records import write_all

pytestmark = pytest.mark.usefixtures("no_pauses")

TO_PARTS: Final = "--rewrite=s3://export/=s3://parts/old/"


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def segmentation(folder: Path, *, mask: bytes | None = None) -> Path:
    """AWS's template beside its masks, of which one is there."""
    write_all(folder, {"manifests/template.manifest": as_lines(segmentation_template())})
    return write_all(folder, {"mask-images/anomaly-1.png": mask}) if mask is not None else folder


def test_a_train_and_a_test_manifest_are_written(tmp_path: Path) -> None:
    source = write_all(
        tmp_path / "datasets",
        {"train.manifest": as_lines(class_example()), "test.manifest": as_lines(exported("t", 12))},
    )
    to = tmp_path / "out"
    rewrites = (f"--rewrite={BUCKET}/=s3://parts/", TO_PARTS)
    done = run("dataset", "convert", source, "--format", "sagemaker", "--to", to, *rewrites)
    assert (done.exit_code, done.stderr) == (0, "")
    written = files_of(to)
    assert list(written) == ["test.manifest", "train.manifest"]
    assert [line["source-ref"] for line in lines_of(written["test.manifest"])] == [
        line["source-ref"].replace("s3://export/", "s3://parts/old/") for line in exported("t", 12)
    ]
    assert done.stdout.splitlines() == [
        f"Written to {to}, for AWS's algorithm for SageMaker:",
        "  train.manifest  63 images: 32 anomaly, 31 normal",
        "  test.manifest   12 images: 6 anomaly, 6 normal",
        f"63 names now begin with s3://parts/, instead of {BUCKET}/.",
        "12 names now begin with s3://parts/old/, instead of s3://export/.",
        "Next:",
        f"  aws s3 cp {to}/train.manifest s3://parts/",
        f"  aws s3 cp {to}/test.manifest s3://parts/",
        f"  lfv-mcp dataset check {to}/train.manifest --test {to}/test.manifest",
        "  Train with ModelType=classification and",
        "  TrainingInputDataAttributeNames=source-ref,anomaly-label-metadata,anomaly-label",
    ]
    checked = run(
        "dataset", "check", to / "train.manifest", "--test", to / "test.manifest", "--json"
    )
    demands = json.loads(checked.stdout)["for_successor"]
    assert (demands["sagemaker"], demands["dda"]) == ([], [])


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, "There is 1 image to train on;"), (2, "There are 2 images to train on;"), (10, None)],
)
def test_too_few_images_to_train_on_are_said(tmp_path: Path, count: int, told: str | None) -> None:
    lines = [labelled(f"s3://b/{n}.png", "normal") for n in range(count)]
    source = write_all(tmp_path / "in", {"train.manifest": as_lines(lines)})
    done = run("dataset", "convert", source, "--format=dda", "--to", tmp_path / "out")
    assert done.exit_code == 0
    assert ("to train on;" in done.stdout) is (told is not None)
    assert told is None or told in done.stdout


def test_the_mask_of_normal_images_has_the_size_of_one_that_is_held(tmp_path: Path) -> None:
    source = segmentation(tmp_path / "cookies", mask=white_png(ImageSize(640, 480)))
    to = tmp_path / "out"
    done = run(
        "dataset", "convert", source, "--format=dda", "--to", to, "--rewrite==s3://parts/cookies/"
    )
    assert done.exit_code == 0
    written = files_of(to)
    assert list(written) == ["masks/normal-white-640x480.png", "train.manifest"]
    mask = written["masks/normal-white-640x480.png"]
    width, height, rows, _ = png.Reader(bytes=mask).asRGB8()
    assert (width, height) == (640, 480)
    assert {value for row in rows for value in row} == {255}
    normal = [line for line in lines_of(written["train.manifest"]) if not line["anomaly-label"]]
    place = "s3://parts/cookies/mask-images/normal-white-640x480.png"
    assert {line["anomaly-mask-ref"] for line in normal} == {place}
    assert f"  aws s3 cp {to}/masks/normal-white-640x480.png {place}" in done.stdout
    assert "  masks/normal-white-640x480.png  the mask of 31 normal images, white all over" in (
        done.stdout
    )
    assert "There is no test set, and none was split off." in done.stdout
    assert "ModelType=segmentation" in done.stdout
    checked = run("dataset", "check", to / "train.manifest", "--json")
    assert json.loads(checked.stdout)["for_successor"]["dda"] == []


def test_a_size_that_is_not_known_is_asked_for(tmp_path: Path) -> None:
    source = segmentation(tmp_path / "cookies")
    to = tmp_path / "out"
    flags = ("--format=dda", "--rewrite==s3://parts/", "--allowed-bucket", "others")
    command: tuple[object, ...] = ("dataset", "convert", source, *flags, "--to", to)
    refused = run(*command)
    assert refused.exit_code == 1
    assert "31 normal images have no mask, and a white one must have the size" in refused.stderr
    assert "This command may not read s3://parts/mask-images/anomaly-1.png" in refused.stderr
    assert "--mask-size WxH" in refused.stderr
    assert not to.exists()
    assert run(*command, "--mask-size", "512x384").exit_code == 0
    assert png_size(files_of(to)["masks/normal-white-512x384.png"]) == ImageSize(512, 384)
    plain = tmp_path / "plain"
    done = run("dataset", "convert", source, *flags, "--to", plain, "--without-masks")
    assert done.exit_code == 0
    assert list(files_of(plain)) == ["train.manifest"]


def test_a_packaged_model_tells_the_size_where_no_mask_does(tmp_path: Path) -> None:
    def packed(width: int) -> bytes:
        made = io.BytesIO()
        told = {
            "model_graph": {"stages": [{"threshold": 0.42}]},
            "dataset": {"image_width": width, "image_height": 384},
        }
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("export_artifacts/manifest.json", json.dumps(told))
            archive.writestr("mochi.json", "{}")
        return made.getvalue()

    source = write_all(segmentation(tmp_path / "cookies"), {"edge/model.zip": packed(512)})
    command = ("dataset", "convert", source, "--format=dda", "--rewrite==s3://parts/")
    flags = ("--allowed-bucket", "others")
    done = run(*command, *flags, "--to", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out/masks/normal-white-512x384.png").is_file()
    assert "The size of the white mask is that of edge/model.zip." in done.stdout
    write_all(source, {"edge/other.zip": packed(640)})
    refused = run(*command, *flags, "--to", tmp_path / "other")
    assert refused.exit_code == 1
    assert "packaged models are of images of more than one size" in refused.stderr
    # An archive that a person names has packages too.
    alone = segmentation(tmp_path / "alone")
    archive = write_all(tmp_path / "archive", {"model.zip": packed(700)})
    named = ("--source", archive, "--to", tmp_path / "third")
    done = run(*command[:2], alone, *command[3:], *flags, *named)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "third/masks/normal-white-700x384.png").is_file()


@pytest.mark.parametrize("size", ["640", "640x", "0x480", "640x99999", "-1x5", "axb", "6 4x4"])
def test_a_size_is_width_and_height(tmp_path: Path, size: str) -> None:
    done = run("dataset", "convert", tmp_path, "--format=dda", "--to=x", "--mask-size", size)
    assert done.exit_code == 1
    assert "write width and height in pixels, such as 640x480" in done.stderr


def test_masks_of_two_sizes_are_refused(tmp_path: Path) -> None:
    source = segmentation(tmp_path / "cookies", mask=white_png(ImageSize(640, 480)))
    write_all(source, {"mask-images/anomaly-2.png": white_png(ImageSize(480, 640))})
    done = run(
        "dataset", "convert", source, "--format=dda", "--to", tmp_path / "x", "--rewrite==s3://p1/"
    )
    assert done.exit_code == 1
    assert "more than one size" in done.stderr
    assert "has 640x480" in done.stderr


@pytest.mark.slow
def test_a_mask_in_s3_costs_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        labelled(f"s3://parts/images/{n}.png", "anomaly")
        | masked(f"s3://parts/masks/{n}.png", CRACKED)
        for n in range(12)
    ]
    lines.append(labelled("s3://parts/images/good.png", "normal"))
    objects = {f"parts/masks/{n}.png": white_png(ImageSize(800, 600)) for n in range(2, 12)}
    objects["parts/train.manifest"] = as_lines(lines).encode()
    with LoopbackS3(objects) as s3:
        s3.direct(monkeypatch)
        done = run(
            *("dataset", "convert", "s3://parts/train.manifest"),
            *("--format=sagemaker", "--to", tmp_path / "out"),
        )
        asked = [name for method, name in s3.requests if method == "GET" and "masks" in name]
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out/masks/normal-white-800x600.png").is_file()
    assert asked == [f"parts/masks/{n}.png" for n in range(5)]  # two are gone, three are read


def test_lines_that_cannot_be_used_are_listed_and_nothing_is_written(tmp_path: Path) -> None:
    lines = [
        *class_example(),
        labelled("s3://parts/kind.png", "scratch"),
        predicted("s3://parts/guess.png", "anomaly"),
        {"source-ref": "s3://parts/new.png"},
        labelled(f"{BUCKET}/getting-started/training-images/anomaly-1.jpg", "normal"),
    ]
    source = write_all(
        tmp_path / "d", {"train.manifest": as_lines(lines) + '{"source-ref": "s3://'}
    )
    to = tmp_path / "out"
    command = ("dataset", "convert", source, "--format=sagemaker", "--to", to)
    refused = run(*command)
    assert refused.exit_code == 1
    file = source / "train.manifest"
    assert refused.stdout.splitlines() == [
        "Nothing is written: 6 lines cannot be used.",
        "  1 line cannot be read:",
        f"    line 68 of {file}: not a JSON object",
        "  1 file ends within a line, so that more may be missing:",
        f"    {file}",
        "  1 line has only what a model predicted (human-annotated: no):",
        f"    s3://parts/guess.png (line 65 of {file})",
        "  1 line has a class word that is neither anomaly nor normal:",
        f"    'scratch': s3://parts/kind.png (line 64 of {file})",
        "  1 line has no label:",
        f"    s3://parts/new.png (line 66 of {file})",
        "  2 lines contradict others about the same image:",
        f"    {BUCKET}/getting-started/training-images/anomaly-1.jpg (line 1 of {file})",
        f"    {BUCKET}/getting-started/training-images/anomaly-1.jpg (line 67 of {file})",
        "Next: correct these lines, or leave them out with --leave-out (62 images would remain).",
    ]
    assert not to.exists()
    done = run(*command, "--leave-out")
    assert done.exit_code == 0
    assert "Left out: 6 lines.\n  1 line cannot be read:" in done.stdout
    assert len(lines_of(files_of(to)["train.manifest"])) == 62


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    source = write_all(tmp_path / "d", {"train.manifest": as_lines(class_example())})
    to = tmp_path / "out"
    command = ("dataset", "convert", source, "--format=dda", "--to", to)
    tried = run(*command, "--dry-run")
    assert tried.exit_code == 0
    assert not to.exists()
    done = run(*command)
    assert tried.stdout.splitlines()[0] == f"Would be written to {to}, for " + (
        "the Defect Detection Application:"
    )
    assert tried.stdout.splitlines()[1:-1] == done.stdout.splitlines()[1:3]
    assert tried.stdout.splitlines()[-1] == "Next: run the same without --dry-run."


def test_a_directory_that_is_not_empty_needs_replace(tmp_path: Path) -> None:
    first = write_all(
        tmp_path / "a",
        {
            "train.manifest": as_lines(class_example()),
            "test.csv": guide_csv([(f"{BUCKET}/1.png", "normal")]),
        },
    )
    second = write_all(tmp_path / "b", {"train.manifest": as_lines(class_example()[:40])})
    to = tmp_path / "out"
    assert run("dataset", "convert", first, "--format=dda", "--to", to).exit_code == 0
    write_all(
        to, {"notes.txt": "mine", "masks/normal-white-1x1.png": "old", "sub/test.manifest": "mine"}
    )
    before = files_of(to)
    command = ("dataset", "convert", second, "--format=sagemaker", "--to", to)
    refused = run(*command)
    assert refused.exit_code == 1
    assert "is not empty" in refused.stderr
    assert "add --replace" in refused.stderr
    assert files_of(to) == before
    assert run(*command, "--replace").exit_code == 0
    after = files_of(to)
    assert sorted(after) == ["notes.txt", "sub/test.manifest", "train.manifest"]
    assert len(lines_of(after["train.manifest"])) == 40
    # What cannot be converted leaves all as it was.
    bad = write_all(
        tmp_path / "c", {"train.manifest": as_lines([predicted("s3://parts/1.png", "x")])}
    )
    refused = run("dataset", "convert", bad, "--format=dda", "--to", to, "--replace")
    assert refused.exit_code == 1
    assert files_of(to) == after


def test_nothing_is_written_where_the_source_is(tmp_path: Path) -> None:
    source = write_all(tmp_path / "d", {"train.manifest": as_lines(class_example())})
    for place in (source, source / "out", source.parent):
        done = run("dataset", "convert", source, "--format=dda", "--to", place, "--replace")
        assert done.exit_code == 1
        assert "Choose a --to beside the source" in done.stderr
    assert list(files_of(source)) == ["train.manifest"]
    file = write_all(tmp_path, {"file": "mine"}) / "file"
    done = run("dataset", "convert", source, "--format=dda", "--to", file, "--replace")
    assert done.exit_code == 1
    assert "is a file, and --to is a directory" in done.stderr
    done = run("dataset", "convert", source, "--format=dda", "--to", "s3://parts/out/")
    assert done.exit_code == 1
    assert "is no directory of this machine" in done.stderr


def test_anomalibs_table_is_read_by_pandas(tmp_path: Path) -> None:
    train = (
        write_all(tmp_path / "d", {"output.manifest": as_lines(class_example())})
        / "output.manifest"
    )
    test = write_all(tmp_path / "t", {"parts.csv": guide_csv([("s3://export/x/1.png", "anomaly")])})
    to = tmp_path / "out"
    command = (
        *("dataset", "convert", train, "--test", test, "--format=anomalib", "--to", to),
        *(f"--rewrite={BUCKET}=/data/caps", "--rewrite=s3://export="),
    )
    refused = run(*command)
    assert refused.exit_code == 1
    assert "32 lines of the training set show an anomaly; anomalib trains on normal" in (
        refused.stdout
    )
    assert refused.stdout.endswith("lfv-mcp dataset check with --csv FILE lists all of them.\n")
    done = run(*command, "--leave-out")
    assert done.exit_code == 0
    frame = pd.read_csv(io.BytesIO(files_of(to)["dataset.csv"]))
    assert frame.groupby(["split", "label_index"]).size().to_dict() == {
        ("test", 1): 1,
        ("train", 0): 31,
    }
    assert frame["image_path"].iloc[-1] == "x/1.png"
    assert re.search(
        r"Next:\n  from anomalib\.data import Tabular\n  Tabular\.from_file\(.*root=", done.stdout
    )


def test_anomalibs_own_table_becomes_manifests(tmp_path: Path) -> None:
    rows = anomalib_rows({("train", "normal"): 12, ("test", "normal"): 3, ("test", "abnormal"): 2})
    source = write_all(tmp_path / "d", {"dataset.csv": table(rows)})
    to = tmp_path / "out"
    done = run("dataset", "convert", source, "--format=dda", "--to", to, "--rewrite==s3://parts/")
    assert done.exit_code == 0
    written = files_of(to)
    assert [len(lines_of(written[name])) for name in ("train.manifest", "test.manifest")] == [12, 5]
    assert (
        "2 masks were not taken along: to anomalib all that is not black is the defect"
        in done.stdout
    )


def test_folders_of_images_become_a_table(tmp_path: Path) -> None:
    images: dict[str, bytes | str] = {f"train/good/{n}.png": b"" for n in range(11)}
    source = write_all(tmp_path / "parts", images | {"test/bad/1.png": b"", "test/good/2.png": b""})
    to = tmp_path / "out"
    done = run("dataset", "convert", source, "--format=anomalib", "--to", to)
    assert done.exit_code == 0
    frame = pd.read_csv(io.BytesIO(files_of(to)["dataset.csv"]))
    assert all(Path(name).is_file() for name in frame["image_path"])
    assert frame["label_index"].sum() == 1
    checked = run("dataset", "check", to / "dataset.csv", "--json")
    assert json.loads(checked.stdout)["for_successor"]["anomalib"] == []


def test_what_is_asked_for_twice_is_refused(tmp_path: Path) -> None:
    source = write_all(
        tmp_path / "d",
        {"train.manifest": as_lines(class_example()), "test.manifest": as_lines(exported("t", 4))},
    )
    done = run(
        *("dataset", "convert", source, "--test", source / "test.manifest"),
        *("--format=dda", "--to", tmp_path / "out"),
    )
    assert done.exit_code == 1
    assert "The first source has a test set of its own" in done.stderr
    done = run("dataset", "convert", source, "--to", tmp_path / "out")
    assert done.exit_code == 2
    done = run("dataset", "convert", source, "--format=dda", "--to=out", "--rewrite=s3://parts/")
    assert done.exit_code == 1
    assert "has no equals sign" in done.stderr
