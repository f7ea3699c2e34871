"""Manifest lines in every variant, the causes of unusable lines, and streams cut into lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, read_evaluation_manifest
from lfv_mcp.formats.manifest_lines import lines_of
from lfv_mcp.formats.texts import LINE_LIMIT
from tests.support.evaluation_files import ARN, json_lines, line

relaxed = settings(deadline=None, max_examples=60)


def read(items: Iterable[object]) -> EvaluationManifest:
    return read_evaluation_manifest(json_lines(items))


# Lines as they may be

GOOD: Final = line("s3://b/1.png", True, True)
TRUTH, GUESS = GOOD["anomaly-label-metadata"], GOOD["anomaly-label-detected-metadata"]


def truth(**changes: object) -> dict[str, Any]:
    """A good line, but for its truth."""
    changes = {name.replace("_", "-"): value for name, value in changes.items()}
    return GOOD | {"anomaly-label-metadata": TRUTH | changes}


def guess(label: object, **changes: object) -> dict[str, Any]:
    """A good line, but for its prediction."""
    changes = {name.replace("_", "-"): value for name, value in changes.items()}
    return GOOD | {"anomaly-label-detected": label, "anomaly-label-detected-metadata": changes}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"{", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
        (b'{"source-ref": "s3://b/2.png"} x', "not a JSON object"),
        (b'{"source-ref": "\xff"}', "without ground truth"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not a JSON object"),
        (b" " * LINE_LIMIT + b"{}", "longer than 1 MiB"),
        ({"source-ref": "s3://b/2.png"}, "without ground truth"),
        (truth(type="groundtruth/semantic-segmentation"), "without ground truth"),
        (truth(class_name="scratch"), "without ground truth"),
        (truth(class_name=["anomaly"]), "without ground truth"),
        (GOOD | {"anomaly-label-metadata": "anomaly"}, "without ground truth"),
        (guess(1, class_name="scratch"), "without a prediction"),
        (guess(2), "without a prediction"),
        (guess(True), "without a prediction"),
        (guess("1"), "without a prediction"),
    ],
)
def test_an_unusable_line_is_counted_by_its_cause(text: object, cause: str) -> None:
    bad = text if isinstance(text, bytes) else json.dumps(text).encode()
    manifest = read_evaluation_manifest([json.dumps(GOOD).encode(), bad])
    assert manifest.confusion.total == 1
    assert manifest.unusable == {cause: 1}


@pytest.mark.parametrize(
    "item",
    [
        GOOD | {"anomaly-label-metadata": TRUTH | {"class-name": " ANOMALY\t"}},
        GOOD | {"anomaly-label": "?"},
        {n: v for n, v in GOOD.items() if n != "anomaly-label"},
        GOOD | {"anomaly-label-detected-metadata": {"confidence": 0.9, "model-arn": ARN}},
        GOOD | {"anomaly-label-detected-metadata": GUESS | {"confidence": "0.9"}},
        GOOD | {"anomaly-label-detected-metadata": GUESS | {"creation-date": 5, "x": [[]]}},
        # Two attributes could be the truth: the one that has a prediction is.
        GOOD | {"a-label-metadata": TRUTH | {"class-name": "normal"}},
        GOOD | {"a-mask-ref-detected": 1, "a-mask-ref-detected-metadata": {"class-name": "dent"}},
        GOOD | {"a-detected-metadata": {"class-name": "normal", "confidence": 0.1}},
    ],
)
def test_variants_of_a_line_say_the_same(item: dict[str, Any]) -> None:
    plain = read([GOOD])
    for order in (item, dict(reversed(item.items()))):
        assert read([order]) == plain
    assert (
        read_evaluation_manifest([b"\xef\xbb\xbf" + json.dumps(item).encode() + b"\r\n", b" \n"])
        == plain
    )


def test_the_integer_decides_only_where_no_class_name_does() -> None:
    counts = [read([guess(label, confidence=0.9)]).confusion for label in (0, 1)]
    assert [(c.false_negatives, c.true_positives) for c in counts] == [(1, 0), (0, 1)]


@pytest.mark.parametrize(("excess", "named"), [(0, True), (1, False)])
def test_a_reference_is_kept_up_to_the_longest_uri(excess: int, named: bool) -> None:
    ref = "s3://" + "b" * 63 + "/" + "k" * (1024 + excess)
    images = read([line(ref, True, True)]).images
    assert images
    assert images[0].source_ref == (ref if named else "")


@pytest.mark.parametrize(("excess", "total"), [(0, 1), (1, 0)])
def test_a_line_is_read_up_to_one_mebibyte(excess: int, total: int) -> None:
    text = json.dumps(GOOD).encode()
    padded = text + b" " * ((1 << 20) + excess - len(text))
    assert read_evaluation_manifest([padded, text]).confusion.total == total + 1


@pytest.mark.parametrize(
    ("rest", "cut"),
    [
        (b"", False),
        (b"\n\n", False),
        (b'\n{"source-ref": "s3://b/2.p', True),
        (b'\n{"source-ref": "s3://b/2.p\n' + json.dumps(GOOD).encode(), False),
        (b'\n{"source-ref": "s3://b/2.png"}', False),
        (b"\n" + b"[" * (LINE_LIMIT + 1), False),
    ],
)
def test_a_manifest_that_ends_within_a_line_is_cut(rest: bytes, cut: bool) -> None:
    assert read_evaluation_manifest(lines_of([json.dumps(GOOD).encode() + rest])).cut is cut


def test_a_model_arn_that_is_no_text_is_not_known() -> None:
    assert read([guess(1, model_arn=[[ARN]]), guess(1, model_arn=5)]).model_arns == ()


# What is no manifest

FOREIGN: Final = {
    "DefectDetectionApplication": [b'{"deviceGroundTruthData": [{"source-ref": "/a.jpg"}]}'],
    "Rekognition": json_lines(
        [{"source-ref": "s3://b/1.png", "rekognition-custom-labels-evaluation-0": 1}]
    ),
    "not an EvaluationManifest": [b"aws_secret,x\n", b'{"aws_secret": "x"}\n'],
}


@pytest.mark.parametrize(("name", "lines"), FOREIGN.items())
def test_a_foreign_manifest_is_refused_by_name_and_not_echoed(
    name: str, lines: list[bytes]
) -> None:
    with pytest.raises(UnrecognisedError, match=name) as caught:
        read_evaluation_manifest(lines)
    assert "secret" not in str(caught.value)


# Lines cut out of a stream


@relaxed
@given(st.binary(max_size=60).map(lambda b: b.replace(b"\r", b"\n")), st.integers(1, 9))
def test_lines_are_cut_from_a_stream_as_from_the_whole(data: bytes, size: int) -> None:
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    assert list(lines_of(chunks)) == data.split(b"\n")


def test_an_endless_line_is_one_unusable_line_and_takes_no_room() -> None:
    good = json.dumps(GOOD).encode()

    def chunks() -> Iterator[bytes]:
        yield good + b"\n"
        for _ in range(40):
            yield b"[" * (LINE_LIMIT // 4)
        yield b"\n" + good

    assert max(map(len, lines_of(chunks()))) <= LINE_LIMIT + LINE_LIMIT // 4 + 1
    manifest = read_evaluation_manifest(lines_of(chunks()))
    assert manifest.unusable == {"longer than 1 MiB": 1}
    assert manifest.confusion.total == 2
