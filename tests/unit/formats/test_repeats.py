"""Members that an object of JSON has twice: equal ones are harmless, others are said."""

from __future__ import annotations

import json

import pytest

from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.evaluation_manifest import read_evaluation_manifest
from lfv_mcp.formats.members import sendable
from lfv_mcp.formats.recognition import recognise
from tests.support.datasets import exported
from tests.support.saved_records import manifest_of

ARN = "arn:aws:lookoutvision:us-east-1:111122223333:model/cap-seal/3"
BODY = f'"ModelArn": "{ARN}", "ModelVersion": "3", "Status": "TRAINED", "Description": "a:b"'


def wrapped(more: str, shape: str = "%s") -> bytes:
    return (shape % f'{{"ModelDescription": {{{BODY}, {more}}}}}').encode()


SHAPES = ["%s", "[%s]", "INFO %s", "%s\n{}"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_member_that_contradicts_itself_is_left_out_and_said(shape: str) -> None:
    (record,), _ = recognise(wrapped('"Status": "FAILED"', shape))
    kept, left_out = sendable(record.body)
    assert "Status" not in kept
    assert [(each.member, each.value, each.why) for each in left_out] == [
        ("Status", "'TRAINED' and 'FAILED'", "contradict each other")
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_values_are_harmless(shape: str) -> None:
    (record,), _ = recognise(wrapped('"Status": "TRAINED"', shape))
    assert record.body["Status"] == "TRAINED"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["ModelArn", "ModelVersion"])
def test_contradictory_identity_is_corrupt(name: str, shape: str) -> None:
    records, problems = recognise(wrapped(f'"{name}": "4"', shape))
    assert records == []
    (problem,) = [each for each in problems if each.is_unread]
    assert problem.corrupt
    assert str(problem).startswith(f"its {name} is given twice")


def test_a_line_of_a_manifest_that_contradicts_itself_is_left_out() -> None:
    lines = manifest_of(images=3).splitlines(keepends=True)
    metadata = next(name for name in json.loads(lines[1]) if name.endswith("-metadata"))
    other = b', "%s": {"type": "x"}}' % metadata.encode()
    lines[1] = lines[1].rstrip()[:-1] + other
    read = read_evaluation_manifest(lines)
    assert dict(read.unusable) == {"with a member given twice, with different values": 1}


def test_a_structure_that_contradicts_itself_is_left_out() -> None:
    more = '"Performance": {"F1Score": 0.9}, "Performance": {"F1Score": 0.8}'
    (record,), _ = recognise(wrapped(more))
    kept, left_out = sendable(record.body)
    assert "Performance" not in kept
    assert [each.member for each in left_out] == ["Performance"]


@pytest.mark.parametrize("name", ["source-ref", "anomaly-label", "anomaly-label-metadata"])
@pytest.mark.parametrize("as_array", [False, True])
def test_a_line_of_a_dataset_that_contradicts_itself_is_unreadable(
    name: str, as_array: bool
) -> None:
    texts = [json.dumps(item) for item in exported("train", 3)]
    assert name in json.loads(texts[1])
    texts[1] = f'{texts[1][:-1]}, "{name}": "another"}}'
    data = f"[{','.join(texts)}]" if as_array else "\n".join(texts)
    (dataset,) = read_datasets("train.manifest", [data.encode()])
    assert [line.number for line in dataset.lines] == [1, 3]
    why = "with a member given twice, with different values"
    assert [tuple(each) for each in dataset.first_unreadable] == [(2, why)]
