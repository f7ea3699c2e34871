"""What a successor is given of datasets: labels round-trip, and what is left out is named."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from lfv_mcp.analysis.datasets.conversion import (
    Conversion,
    ConversionQuestion,
    plan_conversion,
)
from lfv_mcp.analysis.datasets.line_demands import SUCCESSORS, Successor
from lfv_mcp.analysis.datasets.rewriting import parse_rewrite
from lfv_mcp.analysis.datasets.roles import training_and_tests
from lfv_mcp.analysis.datasets.successor_demands import TrainingData, demands_of
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.datasets.canonical import (
    LABEL_ATTRIBUTES,
    MASK_ATTRIBUTES,
    anomalib_table,
    canonical_manifest,
)
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.reader import read_datasets
from tests.support.datasets import (
    BACKGROUND,
    BUCKET,
    CRACKED,
    anomalib_rows,
    as_lines,
    class_example,
    evaluated,
    exported,
    guide_csv,
    labelled,
    masked,
    predicted,
    segmentation_template,
    table,
)

NOW: Final = "2026-11-26T17:00:00Z"
WHITE: Final = "s3://parts/masks/white.png"


def dataset(text: str, name: str = "train.manifest") -> Dataset:
    (found,) = read_datasets(name, [text.encode()])
    return found


def asked(
    training: Iterable[dict[str, Any]],
    tests: Iterable[dict[str, Any]] = (),
    *,
    successor: Successor = "sagemaker",
    rewrites: Sequence[str] = (),
    without_masks: bool = False,
) -> ConversionQuestion:
    tests = list(tests)
    return ConversionQuestion(
        successor,
        [dataset(as_lines(training))],
        [dataset(as_lines(tests), "test.manifest")] if tests else [],
        tuple(map(parse_rewrite, rewrites)),
        without_masks=without_masks,
    )


def read_back(conversion: Conversion) -> dict[str, Dataset]:
    """The manifests that are written, read by our own reader."""
    return {
        split: dataset(b"".join(canonical_manifest(lines, NOW)).decode(), f"{split}.manifest")
        for split, lines in conversion.with_masks(WHITE).items()
    }


def left_out(conversion: Conversion) -> dict[str, int]:
    return {group.reason: group.lines for group in conversion.left_out}


def test_awss_example_becomes_canonical_and_keeps_its_labels() -> None:
    conversion = plan_conversion(asked(class_example(), rewrites=[f"{BUCKET}/=s3://parts/caps"]))
    assert (left_out(conversion), conversion.repeated, conversion.without_mask) == ({}, 0, 0)
    written = b"".join(canonical_manifest(conversion.parts["train"], NOW)).splitlines()
    for line, before in zip(map(json.loads, written), class_example(), strict=True):
        word = before["anomaly-label-metadata"]["class-name"]
        assert sorted(line) == sorted(LABEL_ATTRIBUTES)
        assert line["source-ref"] == before["source-ref"].replace(BUCKET, "s3://parts/caps")
        assert line["anomaly-label"] == int(word == "anomaly")
        assert line["anomaly-label-metadata"] == {
            "class-name": word,
            "type": "groundtruth/image-classification",
            "job-name": "anomaly-label",
            "human-annotated": "yes",
            "creation-date": before["anomaly-label-metadata"]["creation-date"],
            "confidence": 1,
        }


def test_awss_template_gets_a_background_and_white_masks() -> None:
    question = asked(segmentation_template(), rewrites=["=s3://parts/cookies"], successor="dda")
    conversion = plan_conversion(question)
    assert conversion.without_mask == 31
    assert conversion.first_mask == "s3://parts/cookies/mask-images/anomaly-1.png"
    lines = [
        json.loads(line) for line in canonical_manifest(conversion.with_masks(WHITE)["train"], NOW)
    ]
    assert all(sorted(line) == sorted(MASK_ATTRIBUTES) for line in lines)
    white = {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.0}
    cracked = {"class-name": "cracked", "hex-color": "#23A436", "confidence": 0.0}
    for line in lines:
        metadata = line["anomaly-mask-ref-metadata"]
        assert (metadata["job-name"], metadata["human-annotated"]) == ("anomaly-mask-ref", "yes")
        assert metadata["type"] == "groundtruth/semantic-segmentation"
        expected = {"0": white, "1": cracked} if line["anomaly-label"] else {"0": white}
        assert metadata["internal-color-map"] == expected
        assert (line["anomaly-mask-ref"] == WHITE) == (line["anomaly-label"] == 0)


def test_a_background_that_is_there_becomes_the_first_entry() -> None:
    colours = CRACKED | {"5": {"class-name": "background", "hex-color": "#fefefe"}}
    lines = [
        labelled("s3://parts/1.png", "anomaly") | masked("s3://parts/m1.png", colours),
        labelled("s3://parts/2.png", "anomaly") | masked("s3://parts/m2.png", BACKGROUND),
        labelled("s3://parts/3.png", "normal") | masked("s3://parts/m3.png", {}),
    ]
    conversion = plan_conversion(asked(lines))
    first, second, third = read_back(conversion)["train"].lines
    assert [tuple(each) for each in first.style.colours] == [
        ("0", "BACKGROUND", "#fefefe"),
        ("1", "cracked", "#23A436"),
    ]
    assert [each.number for each in second.style.colours] == ["0"]
    assert (third.mask, third.style.colours[0].class_name) == ("s3://parts/m3.png", "BACKGROUND")


def test_times_of_another_form_become_that_of_the_conversion() -> None:
    odd = labelled("s3://parts/1.png", "normal")
    odd["anomaly-label-metadata"]["creation-date"] = "Mon Aug 22 2022"
    (line,) = canonical_manifest(plan_conversion(asked([odd])).parts["train"], NOW)
    assert json.loads(line)["anomaly-label-metadata"]["creation-date"] == NOW


def test_what_cannot_be_used_is_left_out_by_reason_and_located() -> None:
    lines = [
        labelled("s3://parts/1.png", "anomaly"),
        labelled("s3://parts/1.png", "anomaly", value="0"),
        labelled("s3://parts/2.png", "scratch"),
        predicted("s3://parts/3.png", "normal"),
        {"source-ref": "s3://parts/4.png"},
        labelled("s3://parts/5.png", "anomaly"),
        labelled("s3://parts/5.png", "normal"),
        labelled("s3://parts/6.png", "normal"),
    ]
    tests = [labelled("s3://parts/6.png", "anomaly"), labelled("s3://parts/7.png", "normal")]
    conversion = plan_conversion(asked(lines, tests))
    assert left_out(conversion) == {
        "predicted": 1,
        "other_word": 1,
        "unlabelled": 1,
        "contradictory": 4,
    }
    assert [line.image for line in conversion.parts["train"]] == ["s3://parts/1.png"]
    assert [line.image for line in conversion.parts["test"]] == ["s3://parts/7.png"]
    assert (conversion.repeated, conversion.lines_left_out) == (1, 7)
    (group,) = (each for each in conversion.left_out if each.reason == "other_word")
    assert group.first == ("'scratch': s3://parts/2.png (line 3 of train.manifest)",)


def test_a_broken_line_and_a_cut_one_are_left_out_too() -> None:
    text = as_lines(class_example())
    broken = dataset(text.replace('"anomaly-label"', '"anomaly-label', 1)[:-30])
    conversion = plan_conversion(ConversionQuestion("sagemaker", [broken], []))
    assert left_out(conversion) == {"unreadable": 2, "cut": 1}
    assert conversion.lines_left_out == 2
    assert conversion.left_out[0].first[0] == "line 1 of train.manifest: not a JSON object"


def test_an_image_is_written_once_with_its_mask() -> None:
    lines = [
        labelled("s3://parts/1.png", "anomaly"),
        labelled("s3://parts/1.png", "anomaly") | masked("s3://parts/m.png", CRACKED),
        labelled("s3://parts/1.png", "anomaly"),
    ]
    conversion = plan_conversion(asked(lines))
    assert [line.mask for line in conversion.parts["train"]] == ["s3://parts/m.png"]
    assert conversion.repeated == 2


def test_where_others_have_masks_an_anomaly_needs_one_with_colours() -> None:
    lines = [
        labelled("s3://parts/1.png", "anomaly") | masked("s3://parts/m1.png", CRACKED),
        labelled("s3://parts/2.png", "anomaly"),
        labelled("s3://parts/3.png", "anomaly") | masked("s3://parts/m3.png", {}),
        labelled("s3://parts/4.png", "normal"),
    ]
    conversion = plan_conversion(asked(lines))
    assert left_out(conversion) == {"no_mask": 1, "no_colours": 1}
    plain = plan_conversion(asked(lines, without_masks=True))
    assert (left_out(plain), plain.images, plain.first_mask) == ({}, 4, "")


def test_images_of_both_sets_are_said_whatever_their_bucket_was() -> None:
    train = [labelled(f"s3://parts/a/b/{n}.png", "normal") for n in range(5)]
    test = [labelled(f"s3://parts/copy/a/b/{n}.png", "normal") for n in (3, 4, 9)]
    conversion = plan_conversion(asked(train, test))
    assert conversion.shared == ("s3://parts/copy/a/b/3.png", "s3://parts/copy/a/b/4.png")
    assert conversion.images == 8


# anomalib


def test_anomalib_gets_a_table_that_pandas_reads() -> None:
    train = [labelled(f"s3://parts/train/{n}.png", ("normal", "anomaly")[n > 5]) for n in range(9)]
    question = asked(
        train, exported("test", 6), successor="anomalib", rewrites=["s3://parts=/d", "s3://export="]
    )
    conversion = plan_conversion(question)
    assert left_out(conversion) == {"anomaly_in_training": 3}
    frame = pd.read_csv(io.BytesIO(b"".join(anomalib_table(conversion.parts.items()))))
    assert list(frame.columns) == ["image_path", "label_index", "split"]
    assert Counter(zip(frame["split"], frame["label_index"], strict=True)) == {
        ("train", 0): 6,
        ("test", 0): 3,
        ("test", 1): 3,
    }
    assert frame["image_path"][0] == "/d/train/0.png"
    assert frame["image_path"][8] == "caps/test/images/parts/0002.png"


def test_masks_go_only_where_white_means_the_same() -> None:
    manifest = [
        labelled("/d/1.png", "normal"),
        labelled("/d/2.png", "anomaly") | masked("/d/m.png", CRACKED),
    ]
    to_anomalib = plan_conversion(asked([manifest[0]], [manifest[1]], successor="anomalib"))
    assert (to_anomalib.masks_dropped, to_anomalib.first_mask) == (1, "")
    rows = table(anomalib_rows({("train", "normal"): 2, ("test", "abnormal"): 2}))
    train, test = read_datasets("a.csv", [rows.encode()])
    kept = plan_conversion(ConversionQuestion("anomalib", [train], [test]))
    assert (kept.masks_dropped, kept.first_mask) == (0, "masks/000.png")
    text = b"".join(anomalib_table(kept.parts.items())).decode()
    assert [row["mask_path"] for row in csv.DictReader(io.StringIO(text))] == [
        "",
        "",
        "masks/000.png",
        "masks/001.png",
    ]
    to_aws = plan_conversion(
        ConversionQuestion("dda", [train], [test], (parse_rewrite("=s3://parts/"),))
    )
    assert (to_aws.masks_dropped, to_aws.first_mask) == (2, "")


def test_a_path_is_no_formula_of_a_spreadsheet() -> None:
    lines = [labelled(name, "normal") for name in ("=1+1.png", "-a.png", "+b.png", "@c.png")]
    conversion = plan_conversion(asked(lines, successor="anomalib"))
    text = b"".join(anomalib_table(conversion.parts.items())).decode()
    assert [row["image_path"] for row in csv.DictReader(io.StringIO(text))] == [
        "./=1+1.png",
        "./-a.png",
        "./+b.png",
        "./@c.png",
    ]


# What is refused


@pytest.mark.parametrize(
    ("successor", "images", "message"),
    [
        ("sagemaker", ["a/1.png", "s3://parts/2.png"], "reads images and masks from S3.*a/1.png"),
        ("dda", ["/d/1.png"], "The Defect Detection Application reads .* 1 name is such"),
        ("sagemaker", ["s3://s3://parts/1.png"], "cannot open a URI with s3:// twice"),
        ("sagemaker", ["s3://parts//1.png"], "cannot open a URI"),
        ("dda", ["s3://parts/"], "cannot open a URI"),
        ("sagemaker", ["s3://one/1.png", "s3://two/1.png"], "in 2: one, two"),
        ("anomalib", ["s3://parts/1.png", "/d/2.png"], "anomalib opens files, not URIs"),
    ],
)
def test_what_the_successor_cannot_open_is_refused(
    successor: Successor, images: list[str], message: str
) -> None:
    with pytest.raises(LfvError, match=message) as caught:
        plan_conversion(asked([labelled(i, "normal") for i in images], successor=successor))
    assert caught.value.code == "dataset_refused"
    assert "--rewrite" in caught.value.next_step


def test_a_mask_with_a_colon_is_refused_by_dda_alone() -> None:
    lines = [
        labelled("s3://parts/1.png", "anomaly")
        | masked("s3://parts/m_2024-01-01T10:00.png", CRACKED)
    ]
    assert plan_conversion(asked(lines)).images == 1
    with pytest.raises(LfvError, match="no mask with a colon in its name"):
        plan_conversion(asked(lines, successor="dda"))


def test_a_rewriting_that_fits_nothing_is_refused() -> None:
    with pytest.raises(LfvError, match=r"fits no image and no mask\. The first image is s3://look"):
        plan_conversion(asked(class_example(), rewrites=["s3://lookout/=s3://parts/"]))


def test_two_images_never_become_one() -> None:
    lines = [labelled("s3://one/1.png", "normal"), labelled("s3://two/1.png", "normal")]
    with pytest.raises(LfvError, match="gives two images one name"):
        plan_conversion(asked(lines, rewrites=["s3://one/=s3://all/", "s3://two/=s3://all/"]))
    # One that was there already is the same image, listed under its old name too.
    conversion = plan_conversion(asked(lines, rewrites=["s3://two/=s3://one/"]))
    assert (conversion.images, conversion.repeated) == (1, 1)


def test_nothing_to_train_on_is_refused() -> None:
    lines = [labelled("/d/1.png", "anomaly")]
    with pytest.raises(LfvError, match=r"No image of the training set can be used\. The first:"):
        plan_conversion(asked(lines, [labelled("/d/2.png", "normal")], successor="anomalib"))
    with pytest.raises(LfvError, match=r"No image of the test set can be used\. The first:"):
        plan_conversion(asked(class_example(), [predicted("s3://parts/2.png", "normal")]))


# What is for training, and what for the test


def test_the_sets_of_a_source_are_for_what_they_say() -> None:
    train, test = (
        dataset(as_lines(class_example())),
        dataset(as_lines(exported("t", 4)), "test.csv"),
    )
    other = dataset(guide_csv([("s3://b/1.png", "normal")]), "parts.csv")
    assert training_and_tests([test, train], None) == ([train], [test])
    assert training_and_tests([other], None) == ([other], [])
    assert training_and_tests([other], [other]) == ([other], [other])
    assert training_and_tests([test], None) == ([], [test])
    assert training_and_tests([test], [other]) == ([test], [other])
    with pytest.raises(LfvError, match=r"Nothing says whether parts\.csv is to train on"):
        training_and_tests([train, other], None)
    with pytest.raises(LfvError, match="has a test set of its own"):
        training_and_tests([train, test], [other])


def test_sets_that_may_be_of_different_projects_are_not_mixed() -> None:
    def held(name: str, *, form: str = "manifest") -> Dataset:
        lines = exported("t", 4) if form == "manifest" else [evaluated("a.png", "normal", "normal")]
        return dataset(as_lines(lines), name)

    parts = [held("s3://b/caps/train-1.manifest"), held("s3://b/caps/train-2.manifest")]
    assert training_and_tests(parts, None) == (parts, [])
    with pytest.raises(LfvError, match="There are 2 training sets, and whether they belong"):
        training_and_tests([parts[0], held("s3://b/lids/train.manifest")], None)
    with pytest.raises(LfvError, match="There are 2 test sets"):
        training_and_tests(parts, [held("s3://b/a/test.csv"), held("s3://b/b/test.csv")])
    # The truth of an evaluation is a test set where there is no other, and only one of them.
    first, second = (held(f"s3://b/caps/Evaluation-{n}.json", form="") for n in (1, 2))
    test = held("s3://b/caps/test.manifest")
    assert training_and_tests([*parts, first, second, test], None) == (parts, [test])
    assert training_and_tests([*parts, first], None) == (parts, [first])
    assert training_and_tests([*parts, first, second], [test]) == (parts, [test])
    with pytest.raises(LfvError, match="There are 2 test sets"):
        training_and_tests([*parts, first, second], None)


# Whatever comes in, what goes out is what the rules ask for


words = st.sampled_from(["anomaly", "normal", "Anomaly", "good", "scratch"])


colour_maps: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [dict(CRACKED), dict(BACKGROUND), {**BACKGROUND, "1": CRACKED["0"]}]
)


@st.composite
def manifests(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [labelled("s3://parts/first.png", "normal")]
    for number in range(draw(st.integers(0, 25))):
        image = f"s3://parts/{draw(st.integers(0, 30))}.png"
        line = labelled(
            image,
            draw(words),
            label=draw(st.sampled_from(["anomaly-label", "aliens-v3"])),
            value=draw(st.sampled_from([0, 1, "0", "1"])),
            human=draw(st.sampled_from(["yes", "yes", "no", None])),
        )
        if draw(st.booleans()):
            line |= masked(f"s3://parts/masks/{number}.png", draw(colour_maps))
        found.append(line)
    return found


@pytest.mark.slow
@given(manifests(), manifests(), st.sampled_from(["sagemaker", "dda"]))
def test_what_is_written_meets_every_demand_and_keeps_every_label(
    train: list[dict[str, Any]], test: list[dict[str, Any]], successor: Successor
) -> None:
    question = asked(train, test, successor=successor)
    try:
        conversion = plan_conversion(question)
    except LfvError:  # nothing is left of a set
        reject()
    written = read_back(conversion)
    demands = demands_of(TrainingData([written["train"]], [written["test"]]))
    codes = {each.code for each in getattr(demands, successor)}
    assert codes <= {"too_few_images"}
    truth: dict[str, set[bool]] = {}
    for source in (*question.training, *question.tests):
        for line in source.lines:
            if line.anomalous is not None:
                truth.setdefault(line.image, set()).add(line.anomalous)
    for line in (*written["train"].lines, *written["test"].lines):
        assert truth[line.image] == {line.anomalous}
    lines = sum(len(each.lines) for each in (*question.training, *question.tests))
    assert conversion.images + conversion.repeated + conversion.lines_left_out == lines
    again = plan_conversion(ConversionQuestion(successor, [written["train"]], [written["test"]]))
    assert (again.left_out, again.repeated, again.without_mask) == ((), 0, 0)
    assert read_back(again) == written


@pytest.mark.slow
@given(manifests(), manifests())
def test_anomalibs_table_round_trips(
    train: list[dict[str, Any]], test: list[dict[str, Any]]
) -> None:
    question = asked(train, test, successor="anomalib", rewrites=["s3://parts/=/d/"])
    try:
        conversion = plan_conversion(question)
    except LfvError:  # nothing is left of a set
        reject()
    text = b"".join(anomalib_table(conversion.parts.items()))
    found = read_datasets("dataset.csv", [text])
    for each in found:
        lines = conversion.parts[each.split]
        assert [(line.image, line.anomalous) for line in each.lines] == [
            (line.image, line.anomalous) for line in lines
        ]
    assert sum(len(each.lines) for each in found) == conversion.images
    assert not any(line.anomalous for line in conversion.parts["train"])
    assert set(SUCCESSORS) == {"sagemaker", "dda", "anomalib"}
