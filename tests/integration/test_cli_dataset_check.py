"""`lfv-mcp dataset check`: its verdict, exit code, JSON and table; and what it asks of S3."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pandas as pd
import pytest
from click.testing import Result

from lfv_mcp.cli.dataset_csv import COLUMNS
from lfv_mcp.findings import FINDINGS
from lfv_mcp.results.dataset_check import DatasetCheck
from lfv_mcp.results.schema import published_schema
from tests.support.clients import run
from tests.support.datasets import (
    as_lines,
    class_example,
    evaluated,
    exported,
    guide_csv,
    labelled,
    masked,
    segmentation_template,
)
from tests.support.loopback_s3 import LoopbackS3
from tests.support.successors import truths

SAMPLE: Final = ("sample-weld-bead", "3")


def write(folder: Path, name: str, items: Iterable[object]) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(as_lines(items))
    return file


def structure(*arguments: object, exit_code: int = 0) -> dict[str, Any]:
    result = run("dataset", "check", *arguments, "--json")
    assert result.exit_code == exit_code, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    jsonschema.validate(answer, published_schema(DatasetCheck))
    assert found_codes(answer) <= FINDINGS.keys()
    return answer


def found_codes(answer: dict[str, Any]) -> set[str]:
    demands = (found for each in answer["for_successor"].values() for found in each)
    return {found["code"] for found in (*answer["findings"], *demands)}


def overlaps(answer: dict[str, Any]) -> dict[str, int]:
    return {each["evidence"]: each["images"] for each in answer["overlaps"]}


def images(bucket: str, numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [
        labelled(f"s3://{bucket}/caps/2024/{number:04}.png", ("anomaly", "normal")[number % 2])
        for number in numbers
    ]


# What a set holds


def test_the_class_example_of_aws(tmp_path: Path) -> None:
    manifest = write(tmp_path, "train_class.manifest", class_example())
    answer = structure(manifest)
    assert answer["sets"] == [
        {
            "name": str(manifest),
            "images": 63,
            "anomaly": 32,
            "normal": 31,
            "unlabelled": 0,
            "unreadable_lines": 0,
            "repeated_images": 0,
            "contradictory_labels": 0,
        }
    ]
    assert answer["overlaps"] == []
    assert list(answer) == ["summary", "sets", "overlaps", "for_successor", "findings"]
    assert {"images_not_looked_up", "test_set_missing"} <= found_codes(answer)
    assert answer["summary"].startswith("Nothing wrong was found in 1 set of 63 images. No test")


def test_the_segmentation_template_of_aws_lacks_31_masks(tmp_path: Path) -> None:
    answer = structure(write(tmp_path, "template.manifest", segmentation_template()))
    for successor in ("sagemaker", "dda"):
        messages = {found["code"]: found["message"] for found in answer["for_successor"][successor]}
        assert messages["masks_missing_normal"].startswith("31 of 63 lines are normal and have no")


def test_counts_are_those_of_pandas_of_the_guides_csv(tmp_path: Path) -> None:
    rows = [(f"s3://b/k/{n // 2:03}.jpg", ("anomaly", "normal")[n % 3 == 0]) for n in range(90)]
    file = tmp_path / "train.csv"
    file.write_text(guide_csv(rows))
    (counted,) = structure(file, exit_code=1)["sets"]
    frame = pd.read_csv(file, header=None, names=["image", "label"])
    labels = frame.groupby("image")["label"].nunique()
    assert counted["images"] == frame["image"].nunique()
    assert counted["anomaly"] == (frame["label"] == "anomaly").sum()
    assert counted["contradictory_labels"] == (labels == 2).sum()
    assert counted["repeated_images"] == (labels == 1).sum()


@pytest.mark.parametrize(
    ("lines", "member"),
    [
        ([*images("b", range(12)), *images("b", [3])], "repeated_images"),
        ([*images("b", range(12)), labelled("s3://b/x.png", None)], "unlabelled"),
        ([*images("b", range(12)), labelled("s3://b/x.png", "scratch")], "unlabelled"),
    ],
)
def test_what_a_person_should_look_at_stops_no_pipeline(
    tmp_path: Path, lines: list[object], member: str
) -> None:
    answer = structure(write(tmp_path, "train.manifest", lines))
    assert answer["sets"][0][member] == 1
    assert answer["summary"].startswith("No error was found in 1 set of 1")


@pytest.mark.parametrize(
    ("line", "member", "code"),
    [
        (labelled("s3://b/caps/2024/0003.png", "anomaly"), "contradictory_labels", ""),
        ({"no": "image"}, "unreadable_lines", "unusable_lines"),
    ],
)
def test_what_is_wrong_ends_with_1(tmp_path: Path, line: object, member: str, code: str) -> None:
    manifest = write(tmp_path, "train.manifest", [*images("b", range(12)), line])
    answer = structure(manifest, exit_code=1)
    assert answer["sets"][0][member] == 1
    assert (code or member) in found_codes(answer)
    result = run("dataset", "check", manifest)
    assert result.exit_code == 1
    assert "13" in result.stdout  # the number of its line


# Shared images


def test_train_and_test_of_one_folder_share_images(tmp_path: Path) -> None:
    write(tmp_path, "train.manifest", images("b", range(20)))
    write(tmp_path, "test.manifest", images("b", range(18, 30)))
    answer = structure(tmp_path, exit_code=1)
    assert overlaps(answer) == {"uri": 2}
    assert answer["overlaps"][0]["sets"] == [
        str(tmp_path / "train.manifest"),
        str(tmp_path / "test.manifest"),
    ]
    assert answer["overlaps"][0]["examples"] == [
        "s3://b/caps/2024/0018.png",
        "s3://b/caps/2024/0019.png",
    ]
    assert answer["summary"].startswith("2 images of the test set are in the training set too.")


def test_files_beside_the_datasets_are_said_to_be_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "train.manifest", images("b", range(12)))
    (tmp_path / "labels.csv").write_text("picture,kind\n1.png,cat\n")
    result = run("dataset", "check", tmp_path)
    assert f"Passed over, because it is no dataset: {tmp_path / 'labels.csv'}." in result.stderr
    assert "labels.csv" not in result.stdout


def test_names_alone_are_a_hint_and_end_with_0(tmp_path: Path) -> None:
    training = write(tmp_path, "train.manifest", [labelled("s3://b/a/0001.png", "normal")])
    test = write(tmp_path, "other.manifest", [labelled("s3://b/c/0001.png", "normal")])
    answer = structure(training, "--test", test)
    assert overlaps(answer) == {"name": 1}
    assert "images_shared_by_name" in found_codes(answer)
    assert "1 image has the name of one to train on" in answer["summary"]


def test_the_old_test_images_are_found_in_what_awss_script_exported(tmp_path: Path) -> None:
    """The script rewrote every URI; the EvaluationManifest of the sample has the old ones."""
    old = truths()[:7]
    rewritten = [
        labelled(
            f"s3://export/set/train/images/{image.removeprefix('s3://').partition('/')[2]}",
            "anomaly" if anomalous else "normal",
        )
        for image, anomalous in old
    ]
    training = write(tmp_path, "train.manifest", [*rewritten, *images("b", range(20))])
    answer = structure(training, "--against", *SAMPLE, "--source", "sample", exit_code=1)
    assert overlaps(answer) == {"key": 7}
    assert answer["overlaps"][0]["sets"] == [str(training), "sample-weld-bead 3"]
    assert "7 images of the old test set are in the training set too" in answer["summary"]
    assert [each["name"] for each in answer["sets"]] == [str(training)]


def test_labels_that_two_sets_give_an_image_are_compared(tmp_path: Path) -> None:
    training = write(tmp_path, "train.manifest", [labelled("s3://b/a/1.png", "normal")])
    test = write(tmp_path, "test.manifest", [labelled("s3://b/a/1.png", "anomaly")])
    answer = structure(training, "--test", test, exit_code=1)
    assert "shared_labels_differ" in found_codes(answer)


def test_an_evaluation_manifest_is_a_test_set(tmp_path: Path) -> None:
    training = write(tmp_path, "train.manifest", images("b", range(5)))
    old = write(tmp_path, "old.json", [evaluated("s3://b/caps/2024/0002.png", "anomaly", "normal")])
    assert overlaps(structure(training, old, exit_code=1)) == {"uri": 1}


def test_what_is_called_a_test_is_to_train_on_where_another_set_is_the_test(tmp_path: Path) -> None:
    training = write(tmp_path, "test.manifest", images("b", range(5)))
    test = write(tmp_path, "other.manifest", images("b", range(4, 9)))
    assert overlaps(structure(training, "--test", test, exit_code=1)) == {"uri": 1}


def test_sets_that_share_nothing(tmp_path: Path) -> None:
    training = write(tmp_path, "train.manifest", exported("train", 20))
    test = write(tmp_path, "test.manifest", images("b", range(20, 40)))
    answer = structure(training, "--test", test)
    assert answer["overlaps"] == []
    assert "test_set_missing" not in found_codes(answer)


def test_a_file_that_is_cut_fails_and_one_class_is_said(tmp_path: Path) -> None:
    """Cut within its last word, which is then a class that nobody knows and no broken line."""
    whole = guide_csv([(f"s3://b/k/{n}.jpg", "normal") for n in range(12)])
    for text, exit_code, start in (
        (whole, 0, "No error was found in 1 set of 12 images, but 1 set has images of one class"),
        (whole[:-3], 1, "1 set ends within a line, so more lines may be missing. 1 set of 12"),
    ):
        (tmp_path / "train.csv").write_text(text)
        answer = structure(tmp_path / "train.csv", exit_code=exit_code)
        assert answer["summary"].startswith(start)
        assert ("dataset_cut" in found_codes(answer)) is bool(exit_code)


def test_another_etag_of_one_key_and_size_is_said_and_proves_nothing(
    store: LoopbackS3, tmp_path: Path
) -> None:
    """The listing of an object that SSE-KMS encrypts has an ETag of 32 digits that is no MD5."""
    store.objects |= {"a/one/k/1.png": b"plain", "b/one/k/1.png": b"under"}
    sets = [
        write(tmp_path, f"{name}.manifest", [labelled(f"s3://{bucket}/one/k/1.png", "normal")])
        for name, bucket in (("train", "a"), ("test", "b"))
    ]
    flags = ("--images", "s3://a", "--images", "s3://b")
    answer = structure(sets[0], "--test", sets[1], *flags, exit_code=1)
    assert overlaps(answer) == {"key": 1}
    (shared,) = (each for each in answer["findings"] if each["code"] == "images_shared")
    assert "One of them has one key and size in both, and another ETag" in shared["message"]


def test_what_may_not_be_listed_was_looked_up(store: LoopbackS3, tmp_path: Path) -> None:
    manifest = write(tmp_path, "train.manifest", images("closed", range(12)))
    store.fault = lambda _, name: (403, "AccessDenied") if name.startswith("closed") else None
    summary = structure(manifest, "--images", "s3://closed/")["summary"]
    assert "12 images could not be looked up" in summary
    assert "no image was looked up" in structure(manifest)["summary"]


# S3: what there is, and what is asked


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackS3]:
    with LoopbackS3() as loopback:
        loopback.direct(monkeypatch)
        yield loopback


def test_missing_archived_and_forbidden_images(store: LoopbackS3, tmp_path: Path) -> None:
    lines = [
        line | masked(f"s3://b/masks/{number}.png", {})
        for number, line in enumerate(images("b", range(4)))
    ]
    manifest = write(tmp_path, "train.manifest", [*lines, labelled("s3://closed/1.png", "normal")])
    store.objects |= {f"b/caps/2024/{number:04}.png": b"image %d" % number for number in (0, 1, 2)}
    store.objects |= {"b/masks/0.png": b"mask"}
    store.listed_as["b/caps/2024/0002.png"] = "<StorageClass>GLACIER</StorageClass>"
    store.fault = lambda _, name: (403, "AccessDenied") if name.startswith("closed") else None
    flags = ("--images", "s3://b/", "--images", "s3://closed/")
    answer = structure(manifest, *flags, exit_code=1)
    assert (answer["missing_images"], answer["missing_masks"]) == (1, 3)
    assert {"images_missing", "masks_missing", "images_archived", "images_forbidden"} <= (
        found_codes(answer)
    )
    assert "images_not_looked_up" not in found_codes(answer)
    assert "1 image and 3 masks do not exist" in answer["summary"]
    assert set(store.counts()) == {"LIST"}
    report = run("dataset", "check", manifest, *flags).stdout
    (row,) = [line.split() for line in report.splitlines() if line.startswith("  images  ")]
    assert row == ["images", "2", "1", "1", "1", "0"]


def test_content_proves_what_was_renamed_and_refutes_equal_keys(
    store: LoopbackS3, tmp_path: Path
) -> None:
    store.objects |= {
        "a/one/k/1.png": b"the same",
        "b/two/renamed.png": b"the same",
        "a/one/k/2.png": b"first",
        "b/other/one/k/2.png": b"another",
    }
    training = write(
        tmp_path, "train.manifest", [labelled(f"s3://a/one/k/{n}.png", "normal") for n in (1, 2)]
    )
    names = ("s3://b/two/renamed.png", "s3://b/other/one/k/2.png")
    test = write(tmp_path, "test.manifest", [labelled(name, "normal") for name in names])
    assert overlaps(structure(training, "--test", test, exit_code=1)) == {"key": 1}
    looked = structure(
        training, "--test", test, "--images", "s3://a", "--images", "s3://b", exit_code=1
    )
    assert overlaps(looked) == {"content": 1}
    assert "other_images_of_one_key" in found_codes(looked)


def test_overlaps_planted_under_rewritten_uris_are_found_by_the_right_evidence(
    store: LoopbackS3, tmp_path: Path
) -> None:
    """Each as some system writes it; beside them 200 images with the names of 200 others."""
    planted = {
        "s3://lines/caps/anomaly/0001.png": "s3://set/test/images/caps/anomaly/0001.png",
        "s3://lines/caps/Gut teil/0002.png": "s3://lines/caps/Gut%20teil/0002.png",
        "s3://lines/caps/\u00dcberlauf/0003.png": "s3://lines/caps/U\u0308berlauf/0003.png",
        "s3://lines/caps/normal/0004.png": "s3://second/caps/normal/0004.png",
        "s3://lines/caps/normal/0005.png": "s3://lines/caps/normal/0005.PNG",
    }
    copies = {"s3://lines/caps/normal/0006.png": "s3://renamed/6/last.png"}
    for image in (*copies, *copies.values()):
        store.objects[image.removeprefix("s3://")] = b"one content"
    for name, folder, images_planted in (
        ("train", "caps/x", [*planted, *copies]),
        ("test", "welds/y", [*planted.values(), *copies.values()]),
    ):
        others = [f"s3://lines/{folder}{n // 50}/normal/{n % 50:04}.png" for n in range(200)]
        lines = [labelled(image, "normal") for image in (*others, *images_planted)]
        write(tmp_path, f"{name}.manifest", lines)
    flags = ("--images", "s3://lines/", "--images", "s3://renamed/")
    answer = structure(tmp_path, *flags, exit_code=1)
    assert overlaps(answer) == {"key": 5, "content": 1}
    by_key = next(each for each in answer["overlaps"] if each["evidence"] == "key")
    assert set(by_key["examples"]) == set(planted.values())


def test_missing_images_under_another_spelling_are_said(store: LoopbackS3, tmp_path: Path) -> None:
    store.objects |= {"b/Gut teil/1.png": b"1"}
    manifest = write(tmp_path, "train.manifest", [labelled("s3://b/Gut%20teil/1.png", "normal")])
    answer = structure(manifest, "--images", "s3://b/", exit_code=1)
    (missing,) = [each for each in answer["findings"] if each["code"] == "images_missing"]
    assert "there under a key that is spelled otherwise" in missing["message"]


@pytest.mark.slow
def test_a_prefix_of_20000_objects_is_listed_once_and_only_manifests_are_read(
    store: LoopbackS3,
) -> None:
    store.objects = {f"b/caps/2024/{n:04}.png": b"image %d" % n for n in range(20_000)}
    for name, numbers in (("train", range(500)), ("test", range(500, 600))):
        store.objects[f"b/caps/{name}.manifest"] = as_lines(images("b", numbers)).encode()
    answer = structure("s3://b/caps/", "--images", "s3://b/caps/")
    assert [each["images"] for each in answer["sets"]] == [500, 100]
    assert answer["missing_images"] == 0
    counts = store.counts()
    assert set(counts) == {"LIST", "GET"}
    assert counts["GET"] == 2
    assert counts["LIST"] <= 2 * 40  # one listing for the manifests, one for --images
    read = {name for method, name in store.requests if method == "GET"}
    assert read == {"b/caps/train.manifest", "b/caps/test.manifest"}


def test_folders_of_images_are_read_from_their_listing(store: LoopbackS3) -> None:
    for split, count in (("train", 12), ("test", 4)):
        for number in range(count):
            word = ("normal", "anomaly")[number % 2]
            content = b"image %d" % (number if split == "train" else number * 3)
            store.objects[f"b/line/{split}/{word}/{split}-{number}.jpg"] = content
    answer = structure("s3://b/line/", exit_code=1)
    assert {each["name"]: each["images"] for each in answer["sets"]} == {
        "s3://b/line/test/": 4,
        "s3://b/line/train/": 12,
    }
    assert overlaps(answer) == {"content": 4}  # of every third image there is a copy
    assert answer["missing_images"] == 0
    assert "images_not_looked_up" not in found_codes(answer)
    assert set(store.counts()) == {"LIST"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("s3://theirs/x/",),
        ("{manifest}", "--test", "s3://theirs/x/"),
        ("{manifest}", "--images", "s3://theirs/x/"),
    ],
)
def test_no_other_bucket_than_those_allowed_is_asked(
    store: LoopbackS3, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    manifest = write(tmp_path, "train.manifest", images("b", range(3)))
    given = [each.format(manifest=manifest) for each in arguments]
    result = run("dataset", "check", *given, "--json", "--allowed-bucket", "ours")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "bucket_not_allowed"
    assert store.counts() == {}


# Failures


def error_of(result: Result) -> dict[str, str]:
    assert result.exit_code == 1, result.output
    error: dict[str, str] = json.loads(result.stdout)["error"]
    assert error["message"]
    assert error["next_step"]
    return error


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("nothing of that kind\n")
    (tmp_path / "empty").mkdir()
    for place in (notes, tmp_path / "empty", tmp_path):
        error = error_of(run("dataset", "check", place, "--json"))
        assert error["code"] == "dataset_refused"
        assert str(place) in error["message"]


@pytest.mark.parametrize(
    ("against", "code"),
    [
        (("sample-weld-bead", "99"), "model_not_found"),
        (("no-such-project", "1"), "project_not_found"),
        (("no/slash", "1"), "invalid_argument"),
        (("sample-weld-bead", "padim"), "invalid_argument"),
        (("sample-weld-bead", "x!"), "invalid_argument"),
    ],
)
def test_an_old_model_that_is_not_there(
    tmp_path: Path, against: tuple[str, str], code: str
) -> None:
    manifest = write(tmp_path, "train.manifest", images("b", range(3)))
    given = (manifest, "--against", *against, "--source", "sample", "--json")
    assert error_of(run("dataset", "check", *given))["code"] == code


def test_an_old_model_without_a_manifest_is_an_error(tmp_path: Path) -> None:
    manifest = write(tmp_path, "train.manifest", images("b", range(3)))
    given = (manifest, "--against", "sample-gear-tooth", "1", "--source", "sample", "--json")
    assert error_of(run("dataset", "check", *given))["code"] in (
        "evidence_unavailable",
        "project_not_found",
    )


# The report and the table


def test_the_report_says_the_verdict_first_and_keeps_to_80_columns(tmp_path: Path) -> None:
    write(tmp_path, "a/train.manifest", [*images("b", range(20)), *images("b", [4])])
    write(tmp_path, "a/test.manifest", [*images("b", range(18, 30)), {"x": 1}])
    result = run("dataset", "check", tmp_path / "a", "--against", *SAMPLE, "--source", "sample")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("2 images of the test set are in the training set too; 1 line")
    for line in lines:
        assert len(line) <= 80 or max(map(len, line.split())) > 60, line
    for heading in (
        "Sets",
        "Lines to look at",
        "Class words",
        "What successors demand",
        "Findings",
    ):
        assert any(line.startswith(heading) for line in lines)


def test_what_an_archive_says_moves_no_terminal(tmp_path: Path) -> None:
    line = labelled("s3://b/k/\x1b[31mred\u202e.png", "anom\x1b[2Jaly")
    manifest = write(tmp_path, "train.manifest", [line])
    result = run("dataset", "check", manifest, "--csv", tmp_path / "o.csv")
    for text in (result.output, (tmp_path / "o.csv").read_text()):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_the_table_has_a_row_an_image_and_no_formula(tmp_path: Path) -> None:
    hostile = labelled("=HYPERLINK(1)", "anomaly")
    training = write(
        tmp_path, "train.manifest", [*images("b", range(6)), *images("b", [2]), hostile]
    )
    test = write(tmp_path, "test.manifest", [*images("b", [5]), labelled("s3://b/z/9.png", None)])
    result = run("dataset", "check", training, "--test", test, "--csv", tmp_path / "o.csv")
    assert result.exit_code == 1
    frame = pd.read_csv(
        io.BytesIO((tmp_path / "o.csv").read_bytes()), dtype=str, keep_default_na=False
    )
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 9
    rows = frame.set_index(["set", "image"])
    assert (str(training), "'=HYPERLINK(1)") in rows.index
    repeated = rows.loc[(str(training), "s3://b/caps/2024/0002.png")]
    assert (repeated["repeated"], repeated["lines"], repeated["label"]) == ("yes", "3 7", "anomaly")
    for a, b in ((training, test), (test, training)):
        shared = rows.loc[(str(a), "s3://b/caps/2024/0005.png")]
        assert (shared["evidence"], shared["shared_set"]) == ("uri", str(b))
    assert "labels_missing" in rows.loc[(str(test), "s3://b/z/9.png")]["dda"].split()
    assert (rows["image_is"] == "").all()


def test_a_table_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    manifest = write(tmp_path, "train.manifest", images("b", range(3)))
    result = run("dataset", "check", manifest, "--csv", tmp_path / "no" / "o.csv", "--json")
    assert result.exit_code == 1
    assert "[output_failed]" in result.stderr
    assert json.loads(result.stdout)["sets"]  # the answer stays, and the only document
