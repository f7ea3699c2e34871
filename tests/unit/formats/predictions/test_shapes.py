"""Each format of other systems: the same images as an oracle reads out of the same file."""

from __future__ import annotations

import base64
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import is_object
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions, PredictedImage
from lfv_mcp.formats.predictions.reader import PredictionReader
from lfv_mcp.formats.predictions.shapes import refusal_of, shape_of
from lfv_mcp.identifiers import PredictionSetKey

KEY: Final = PredictionSetKey("", "", "caps", "new")
CLASSES: Final = {True: "anomaly", False: "normal"}


class Truth(NamedTuple):
    """What an image is, and what is said of it."""

    image: str
    anomalous: bool
    flagged: bool
    confidence: float


def drawn(count: int = 40) -> list[Truth]:
    draw = random.Random(3)
    return [
        Truth(
            f"caps/images/{n:03}.png",
            n % 3 == 0,
            draw.random() < 0.4,
            draw.randint(500, 999) / 1000,
        )
        for n in range(count)
    ]


def read(
    files: Mapping[str, bytes],
    choice: ColumnChoice = ColumnChoice(),  # noqa: B008
) -> tuple[list[PredictedImage], AboutPredictions, PredictionReader]:
    reader = PredictionReader(choice)
    images = [image for name, data in files.items() for image in reader.read(name, [data])]
    return images, reader.about(KEY, "a source"), reader


def lines(items: Sequence[object]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()


# Files as the facts show them


def outs(truths: Sequence[Truth]) -> dict[str, bytes]:
    return {
        f"{t.image}.out": json.dumps(
            {
                "Source": {"Type": "direct"},
                "IsAnomalous": t.flagged,
                "Confidence": t.confidence,
                "Anomalies": [{"Name": "background", "PixelAnomaly": {"TotalPercentageArea": 0.9}}],
                "AnomalyMask": "aGVsbG8=",
            }
        ).encode()
        for t in truths
    }


def answers(truths: Sequence[Truth]) -> dict[str, bytes]:
    return {
        f"{t.image}.json": json.dumps(
            {
                "ResponseMetadata": {"HTTPStatusCode": 200},
                "DetectAnomalyResult": {
                    "Source": {"Type": "direct"},
                    "IsAnomalous": t.flagged,
                    "Confidence": t.confidence,
                },
            }
        ).encode()
        for t in truths
    }


def capture(t: Truth, padding: str = "==", **output: object) -> dict[str, Any]:
    data = {
        "Inference result": CLASSES[t.flagged].capitalize(),
        "Confidence": t.confidence,
        **output,
    }
    encoded = base64.b64encode(json.dumps(data).encode()).decode().rstrip("=") + padding
    return {
        "deviceGroundTruthData": [
            {
                "source-ref": f"s3://lines/{t.image}",
                "anomaly-label-detected": int(t.flagged),
                "anomaly-label-detected-metadata": {
                    "class-name": CLASSES[t.flagged].capitalize(),
                    "confidence": t.confidence,
                    "human-annotated": "no",
                },
            }
        ],
        "deviceFleetAuxiliaryOutputs": [{"name": "x", "data": encoded}],
    }


def captures(truths: Sequence[Truth]) -> dict[str, bytes]:
    return {f"line/{n}.jsonl": lines([capture(t)]) for n, t in enumerate(truths)}


def dda_export(truths: Sequence[Truth]) -> dict[str, bytes]:
    items = [
        {
            "source-ref": t.image.rpartition("/")[2],
            "anomaly-label": int(t.flagged),
            "anomaly-label-metadata": {
                "class-name": CLASSES[t.flagged],
                "confidence": t.confidence,
                "human-annotated": "no",
            },
        }
        for t in truths
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("manifest", json.dumps(items))
    return {"export.zip": packed.getvalue()}


def ground_truth(truths: Sequence[Truth]) -> dict[str, bytes]:
    items = [
        {
            "source-ref": f"s3://lines/{t.image}",
            "audit": 1 - int(t.anomalous),  # Ground Truth numbers classes as it likes
            "audit-metadata": {"class-name": CLASSES[t.anomalous], "human-annotated": "yes"},
            "my-job": 1 - int(t.flagged),
            "my-job-metadata": {
                "class-name": CLASSES[t.flagged],
                "confidence": t.confidence,
                "human-annotated": "no",
            },
        }
        for t in truths
    ]
    return {"output.manifest": lines(items)}


def lookout(truths: Sequence[Truth]) -> dict[str, bytes]:
    items = [
        {
            "source-ref": f"s3://lines/{t.image}",
            "anomaly-label": int(t.anomalous),
            "anomaly-label-metadata": {
                "class-name": CLASSES[t.anomalous],
                "human-annotated": "yes",
                "type": "groundtruth/image-classification",
            },
            "anomaly-label-detected": int(t.flagged),
            "anomaly-label-detected-metadata": {
                "class-name": CLASSES[t.flagged],
                "confidence": t.confidence,
                "human-annotated": "no",
                "model-arn": "arn:aws:lookoutvision:us-east-1:111122223333:model/caps/1",
            },
        }
        for t in truths
    ]
    return {"EvaluationManifest.json": lines(items)}


def rekognition(truths: Sequence[Truth]) -> dict[str, bytes]:
    prefix = "rekognition-custom-labels"
    items = [
        {
            "source-ref": f"s3://lines/{t.image}",
            f"{prefix}-training-0": 1,
            f"{prefix}-training-0-metadata": {
                "class-name": CLASSES[t.anomalous],
                "confidence": 1.0,
                "human-annotated": "yes",
            },
            **{
                key: value
                for number, (flagged, sure) in enumerate(
                    ((t.flagged, t.confidence), (not t.flagged, round(1 - t.confidence, 3)))
                )
                for key, value in (
                    (f"{prefix}-evaluation-{number}", 1),
                    (
                        f"{prefix}-evaluation-{number}-metadata",
                        {
                            "class-name": CLASSES[flagged],
                            "confidence": sure,
                            "human-annotated": "no",
                            f"{prefix}-evaluation-details": {"version": "1"},
                        },
                    ),
                )
            },
        }
        for t in truths
    ]
    return {"evaluation.manifest": lines(items)}


def roboflow(truths: Sequence[Truth]) -> dict[str, bytes]:
    items = [
        {
            "image": {"width": 640, "height": 480},
            "predictions": [{"class": CLASSES[t.flagged], "confidence": t.confidence}],
            "top": CLASSES[t.flagged],
            "confidence": t.confidence,
            "image_path": t.image,
        }
        for t in truths
    ]
    return {"results.jsonl": lines(items)}


FORMATS: Final[Mapping[str, tuple[Callable[[Sequence[Truth]], dict[str, bytes]], bool]]] = {
    "batch transform": (outs, False),
    "saved DetectAnomalies answers": (answers, False),
    "DDA captures": (captures, False),
    "DDA export": (dda_export, False),
    "Ground Truth output": (ground_truth, True),
    "Lookout evaluation manifest": (lookout, True),
    "Rekognition evaluation manifest": (rekognition, True),
    "Roboflow classification": (roboflow, False),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_gives_the_counts_of_the_oracle(name: str) -> None:
    write, has_truth = FORMATS[name]
    truths = drawn()
    images, about, reader = read(write(truths))
    assert not reader.problems
    found = pd.DataFrame(images)
    expected = pd.DataFrame(truths)
    names = [image.rpartition("/")[2] for image in expected["image"]]
    assert [image.rpartition("/")[2] for image in found["image"]] == names
    ours = confusion_matrix(expected["anomalous"], found["flagged"].astype(bool))
    theirs = confusion_matrix(expected["anomalous"], expected["flagged"])
    assert (ours == theirs).all()
    assert [*found["confidence"]] == [*expected["confidence"]]
    assert about.images == about.answered == len(truths)
    assert about.truth == (len(truths) if has_truth else 0)
    if has_truth:
        assert [*found["anomalous"].astype(bool)] == [*expected["anomalous"]]
    else:
        assert found["anomalous"].isna().all()
    assert about.scores == "confidence"


def test_a_capture_has_its_own_score_unless_that_is_a_placeholder() -> None:
    truth = drawn(1)[0]
    scored = capture(truth, "====", Anomaly_score=7.25, Anomaly_threshold=3.0)
    placeholder = capture(truth, "", Anomaly_score=0.0, Anomaly_threshold=0.0)
    real_zero = capture(truth, Anomaly_score=0.0, Anomaly_threshold=0.4)
    broken = capture(truth) | {"deviceFleetAuxiliaryOutputs": [{"data": "%%%"}, 7]}
    for item, score in ((scored, 7.25), (placeholder, None), (real_zero, 0.0), (broken, None)):
        ((image,), _, _) = read({"a.jsonl": lines([item])})
        assert image.score == score
        assert image.flagged is truth.flagged


def test_a_person_s_label_in_an_export_has_lost_its_prediction() -> None:
    item = {
        "source-ref": "1.png",
        "anomaly-label": 1,
        "anomaly-label-metadata": {"class-name": "anomaly", "human-annotated": "yes"},
    }
    predicted = json.loads(json.dumps(item).replace("yes", "no").replace("1.png", "2.png"))
    images, about, _ = read({"manifest": json.dumps([item, predicted]).encode()})
    assert images[0] == PredictedImage("1.png", True, None)
    assert (images[1].anomalous, images[1].flagged) == (None, True)
    assert (about.images, about.answered, about.truth) == (2, 1, 1)


def test_what_no_person_labelled_is_no_truth() -> None:
    prefix = "rekognition-custom-labels"
    item = {"source-ref": "1.png"}
    for name, word, human in (("training-0", "anomaly", "no"), ("evaluation-0", "normal", "no")):
        item[f"{prefix}-{name}"] = 1  # type: ignore[assignment]
        item[f"{prefix}-{name}-metadata"] = {"class-name": word, "human-annotated": human}  # type: ignore[assignment]
    ((image,), _, _) = read({"m": lines([item])})
    assert (image.anomalous, image.flagged) == (None, False)


@pytest.mark.parametrize("name", ["DDA captures", "Ground Truth output"])
def test_a_confidence_that_is_none_is_said(name: str) -> None:
    truths = [t._replace(confidence=9.5) if n == 3 else t for n, t in enumerate(drawn(8))]
    images, _, reader = read(FORMATS[name][0](truths))
    assert len(images) == 7
    assert reader.unusable.total() == 1


def test_the_class_name_goes_before_the_number() -> None:
    item = {
        "source-ref": "1.png",
        "a": 1,
        "a-metadata": {"class-name": "normal", "human-annotated": "no"},
    }
    ((image,), _, _) = read({"m": lines([item, item])[: len(lines([item]))]})
    assert image.flagged is False
    del item["a-metadata"]["class-name"]  # type: ignore[attr-defined]
    ((image,), _, _) = read({"m": lines([item])})
    assert image.flagged is True


def test_roboflow_s_anomaly_block_has_scores_of_any_range() -> None:
    items = [
        {"image": "1.png", "is_anomalous": True, "anomaly_score": 37.5, "anomaly_threshold": 20},
        {"image": "2.png", "is_anomalous": False, "anomaly_score": -4, "anomaly_threshold": 20},
    ]
    images, about, _ = read({"a.jsonl": lines(items)})
    assert images == [
        PredictedImage("1.png", None, True, 37.5),
        PredictedImage("2.png", None, False, -4),
    ]
    assert about.scores == "anomaly_score"


@pytest.mark.parametrize(
    ("file", "image"),
    [
        ("a/1.png.out", "a/1.png"),
        ("a/1.PNG.OUT", "a/1.PNG"),
        ("a/1.png.json", "a/1.png"),
        ("a/1.json", "a/1"),
        ("a/Gut%20teil ä.jpg.out", "a/Gut%20teil ä.jpg"),
    ],
)
def test_an_answer_is_about_the_image_that_its_file_is_named_for(file: str, image: str) -> None:
    ((found,), _, _) = read({file: b'{"IsAnomalous": true, "Confidence": 0.9}'})
    assert found.image == image


# Refusals


def refused(files: Mapping[str, bytes], choice: ColumnChoice = ColumnChoice()) -> str:  # noqa: B008
    with pytest.raises(PredictionsRefusedError) as caught:
        read(files, choice)
    return f"{caught.value.message} {caught.value.next_step}"


def gt(**labels: tuple[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {"source-ref": "s3://b/1.png"}
    for name, (word, human) in labels.items():
        item[name] = 1
        item[f"{name}-metadata"] = {"class-name": word, "human-annotated": human}
    return item


@pytest.mark.parametrize(
    ("files", "seen", "flag"),
    [
        ({"m": lines([gt(a=("scratch", "no"))])}, "'scratch'", "--anomaly-value"),
        ({"m": lines([gt(a=("ng", "no"), b=("ok", "no"))])}, "'a', 'b'", "--prediction"),
        (
            {"m": lines([gt(a=("ng", "yes"), b=("ok", "yes"), c=("ok", "no"))])},
            "'a', 'b'",
            "--truth",
        ),
        (
            {
                "r": json.dumps(
                    {"AggregatedEvaluationResults": {}, "EvaluationDetails": {}}
                ).encode()
            },
            "evaluation result",
            "without --predictions",
        ),
        (
            {"b.json": json.dumps({"image_AUROC": 0.98, "image_F1Score": 0.9}).encode()},
            "cannot be paired",
            "each image",
        ),
        (
            {
                "r": json.dumps(
                    {
                        "AggregatedEvaluationResults": {},
                        "EvaluationDetails": {"ProjectVersionArn": "arn:aws:rekognition:x"},
                    }
                ).encode()
            },
            "Rekognition",
            "evaluation manifest",
        ),
        (
            {
                "g": lines(
                    [
                        {
                            "source-ref": "s3://b/1.png",
                            "boxes": {"annotations": [{"class_id": 0}], "image_size": []},
                            "boxes-metadata": {"human-annotated": "no", "objects": []},
                        }
                    ]
                )
            },
            "boxes",
            "each image",
        ),
        (
            {
                "d.json": json.dumps(
                    {"predictions": [{"x": 1, "y": 2, "width": 3, "height": 4, "class": "ng"}]}
                ).encode()
            },
            "boxes",
            "each image",
        ),
    ],
)
def test_a_refusal_names_what_was_seen_and_what_settles_it(
    files: Mapping[str, bytes], seen: str, flag: str
) -> None:
    said = refused(files)
    assert seen in said
    assert flag in said


def test_a_refusal_is_settled_by_its_flag() -> None:
    item = gt(a=("ng", "no"), b=("ok", "no"))
    ((image,), about, _) = read({"m": lines([item])}, ColumnChoice(prediction="b"))
    assert image.flagged is False
    assert about.columns["prediction"] == "b"
    word = {"m": lines([gt(a=("scratch", "no"))])}
    ((image,), _, _) = read(word, ColumnChoice(anomaly_values=("scratch",)))
    assert image.flagged is True


def test_what_is_of_no_use_is_counted_and_located() -> None:
    good = {"IsAnomalous": True, "Confidence": 0.9}
    files = {
        "1.png.out": json.dumps(good).encode(),
        "2.png.out": json.dumps(good | {"Confidence": 1.7}).encode(),
        "3.png.out": json.dumps(good | {"IsAnomalous": None}).encode(),
        "4.png.out": b"{",
    }
    reader = PredictionReader(ColumnChoice())
    images: list[PredictedImage] = []
    damaged = 0
    for name, data in files.items():
        try:
            images += reader.read(name, [data])
        except UnrecognisedError:
            damaged += 1
    assert [image.image for image in images] == ["1.png"]
    assert sum(reader.unusable.values()) + damaged == 3
    assert {"2.png.out", "3.png.out"} <= {
        str(p).partition(":")[0].split(" of ")[-1] for p in reader.problems
    }


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(data=st.data())
def test_mutated_objects_give_images_or_reasons(data: st.DataObject) -> None:
    """Any member of any format may be anything: no crash, and each object says something."""
    write, _ = FORMATS[data.draw(st.sampled_from(sorted(set(FORMATS) - {"DDA export"})))]
    (content, *_) = write(drawn(1)).values()
    item = json.loads(content)
    paths: list[tuple[dict[str, Any], str]] = []
    open_objects = [item]
    for each in open_objects:
        for name, value in each.items():
            paths.append((each, name))
            if is_object(value):
                open_objects.append(value)
            elif isinstance(value, list):
                open_objects += [inner for inner in value if is_object(inner)]
    holder, name = data.draw(st.sampled_from(range(len(paths))).map(paths.__getitem__))
    if data.draw(st.booleans()):
        holder[name] = data.draw(JSON)
    else:
        del holder[name]
    try:
        shape = shape_of(item, "a/1.png.out", ColumnChoice())
        if shape is None:
            refusal_of(item, "a/1.png.out")
            return
        found = list(shape.read(item, "a/1.png.out"))
    except PredictionsRefusedError:
        return
    assert found
    for each in found:
        if isinstance(each, PredictedImage):
            assert each.image
            assert each.confidence is None or 0 <= each.confidence <= 1
        else:
            assert each
