"""Records in a table of one line each: members named by the way to them are read, or said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from lfv_mcp.formats.json_values import is_object
from lfv_mcp.formats.members import sendable
from lfv_mcp.formats.recognition import recognise
from tests.support.saved_records import arn, described, lines, response


def flat(value: dict[str, Any], mark: str, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, inside in value.items():
        if is_object(inside):
            yield from flat(inside, mark, f"{before}{name}{mark}")
        else:
            yield before + name, inside


def in_camel_case(name: str) -> str:
    return name[:1].lower() + name[1:]


@pytest.mark.parametrize("mark", [".", "_", "__", "/", "-", " "])
@pytest.mark.parametrize("spell", [str, str.lower, in_camel_case])
def test_a_flattened_record_is_the_record(mark: str, spell: Callable[[str], str]) -> None:
    (whole,), _ = recognise(lines([response("ModelDescription", described())]))
    line = {spell(name): value for name, value in flat(described(), mark)}
    (record,), problems = recognise(lines([line]))
    assert (record.body, problems) == (whole.body, [])


def test_what_pandas_makes_of_answers_is_read() -> None:
    pandas: Any = pd
    table = pandas.json_normalize([described(version=each) for each in (1, 2)])
    records, problems = recognise(json.dumps(table.to_dict("records")).encode())
    assert [each.arn for each in records] == [arn(version=1), arn(version=2)]
    assert records[0].body["Performance"] == described()["Performance"]
    assert problems == []


@pytest.mark.parametrize("orient", ["columns", "split"])
def test_columns_are_named_and_no_record(orient: str) -> None:
    pandas: Any = pd
    records, problems = recognise(pandas.DataFrame([described()]).to_json(orient=orient).encode())
    assert records == []
    assert [each.is_unread for each in problems] == [True]


def test_two_names_with_different_values_are_said() -> None:
    line: dict[str, Any] = {"ModelArn": arn(), "ModelVersion": "3", "Status": "TRAINED"}
    line |= {"Performance.F1Score": 0.1, "performance_f1_score": 0.2}
    (record,), _ = recognise(json.dumps(line).encode())
    _, left_out = sendable(record.body)
    assert [each.member for each in left_out] == ["F1Score"]


def test_a_flattened_member_that_contradicts_the_record_is_said() -> None:
    records, problems = recognise(lines([{**described(), "Performance.F1Score": 0.1}]))
    assert records == []
    assert [each.corrupt for each in problems] == [True]
