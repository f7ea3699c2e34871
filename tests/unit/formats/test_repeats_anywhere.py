"""No member that was given twice reads as absent, wherever it stands and however it is spelled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.formats.evaluation_result import read_evaluation_result
from lfv_mcp.formats.json_values import is_array, is_object
from lfv_mcp.formats.members import Structure, sendable
from lfv_mcp.formats.normalisation import written_performance
from lfv_mcp.formats.recognition import recognise
from lfv_mcp.formats.record import Record
from tests.support.archives import KEY
from tests.support.saved_records import described, listed, moment, project_of, response, result_of

Path = tuple[str | int, ...]
RECORDS: Final[dict[str, Any]] = {
    "model": response("ModelDescription", described(), moment(1754296200)),
    "model alone": described(),
    "listing": {"Models": [listed(described())]},
    "project": {"ProjectDescription": project_of()},
    "result": result_of(),
    "wrapped": {"note": "ok", "answers": [{"model": described()}]},
}
OTHERS: Final[tuple[Any, ...]] = ("another", 7, 0.5, {"a": 1}, ["b"])


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Where each member stands that an object of a value has."""
    if is_object(value):
        for name, inside in value.items():
            yield (*above, name)
            yield from paths(inside, (*above, name))
    elif is_array(value):
        for number, inside in enumerate(value):
            yield from paths(inside, (*above, number))


def written(value: Any, path: Path, other: Any, quote: Callable[[Any], str]) -> str:
    """A value as JSON has it, or printed Python, with the member at that place given twice."""
    if is_array(value):
        inside = (
            written(item, path[1:], other, quote) if path[:1] == (n,) else quote(item)
            for n, item in enumerate(value)
        )
        return f"[{', '.join(inside)}]"
    parts: list[str] = []
    for name, item in value.items():
        here = path[:1] == (name,)
        text = written(item, path[1:], other, quote) if here and path[1:] else quote(item)
        parts.append(f"{quote(name)}: {text}")
        if here and not path[1:]:
            parts.append(f"{quote(name)}: {quote(other)}")
    return "{" + ", ".join(parts) + "}"


def camel(value: Any) -> Any:
    """A value as JavaScript and Java name its members."""
    if is_array(value):
        return [camel(item) for item in value]
    if not is_object(value):
        return value
    return {name[:1].lower() + name[1:]: camel(item) for name, item in value.items()}


def is_said(record: Record) -> bool:
    """Whether answers from a record name a member that was left out."""
    if record.form == "result":
        return bool(read_evaluation_result(record.body).unusable) or bool(
            sendable({"Performance": written_performance(record.body)})[1]
        )
    structure: Structure = "project" if record.form == "project" else "model"
    return bool(sendable(record.body, structure)[1])


IRRELEVANT: Final = ("version", "httpstatuscode", "note", "retryattempts", "requestid")
"""Members of the records here that no answer has anything of."""

WRAPPERS: Final = ("answers", "model")
"""Members of another's making that records lie in."""
NOTATIONS: Final[dict[str, tuple[Callable[[Any], str], str]]] = {
    "a document": (json.dumps, "%s"),
    "an array": (json.dumps, "[%s]"),
    "a log": (json.dumps, "2025-01-01 INFO answer %s\n"),
    "printed Python": (repr, "%s"),
    "YAML": (json.dumps, "---\nanswer: %s\n"),
}


def check(kind: str, notation: str, path: Path, other: Any, *, camels: bool = False) -> None:
    value = camel(RECORDS[kind]) if camels else RECORDS[kind]
    quote, shape = NOTATIONS[notation]
    text = shape % written(value, path, other, quote)
    records, problems = recognise(text.encode())
    if path[-1] in WRAPPERS:  # the other value holds nothing: all is found that was there
        assert [each.key for each in records] == [KEY], text
    else:
        assert any(p.is_unread for p in problems) or any(map(is_said, records)), text


def relevant(value: Any) -> list[Path]:
    """The members that answers have something of."""
    return [
        path
        for path in paths(value)
        if str(path[-1]).lower() not in IRRELEVANT
        and (str(path[-1]).lower() in ("date", "httpheaders") or "headers" not in str(path).lower())
    ]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("result", ("AggregatedEvaluationResults", "Metrics")),
        ("result", ("AggregatedEvaluationResults", "Metrics", "F1Score")),
        ("result", ("EvaluationDetails", "EvaluationEndTimestamp")),
        ("model", ("ModelDescription",)),
        ("model", ("ModelDescription", "OutputConfig", "S3Location", "Prefix")),
        ("model", ("ResponseMetadata", "HTTPHeaders", "date")),
        ("project", ("ProjectDescription", "Datasets")),
        ("listing", ("Models",)),
    ],
)
def test_a_member_given_twice_is_said(kind: str, path: Path) -> None:
    check(kind, "a document", path, {"F1Score": 0.1} if path[-1] == "Metrics" else "another")


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(st.data())
def test_no_member_given_twice_reads_as_absent(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(RECORDS)))
    notation = data.draw(st.sampled_from(sorted(NOTATIONS)))
    camels = kind != "result" and data.draw(st.booleans())
    value = camel(RECORDS[kind]) if camels else RECORDS[kind]
    path = data.draw(st.sampled_from(relevant(value)))
    check(kind, notation, path, data.draw(st.sampled_from(OTHERS)), camels=camels)
