"""What other languages' SDKs and scripts saved is the same record as the API's own answer."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lfv_mcp
from lfv_mcp.formats.members import sendable
from lfv_mcp.formats.recognition import Record, recognise, recognise_documents
from tests.support.language_dumps import (
    CAPTURED,
    DUMPS,
    MEMBERS_WITH_TIME,
    NAMES,
    NUMBERS,
    STATUSES,
    TIMES,
    UNZONED_TIMES,
    WRAPPERS,
    renamed,
    renumbered,
    retimed,
)
from tests.support.saved_records import described, listed, project_of, result_of

SAMPLE: Final = Path(lfv_mcp.__file__).parent / "archive" / "_sample" / "describe-model"
SAVED: Final = {
    path.stem: json.loads(path.read_bytes())["ModelDescription"] for path in SAMPLE.glob("*.json")
}


def one(document: object) -> Record:
    """The single record in a document that has nothing wrong with it."""
    (record,), problems = recognise(json.dumps(document).encode())
    assert [str(problem) for problem in problems] == []
    return record


def to_the_second(body: dict[str, Any]) -> dict[str, Any]:
    """The record as a language knows it that prints no milliseconds."""
    times = {name: math.floor(body[name]) for name in MEMBERS_WITH_TIME if name in body}
    return body | times


def test_the_sample_has_records_of_every_kind() -> None:
    assert len(SAVED) >= 10
    assert len({body["Status"] for body in SAVED.values()}) >= 3


@pytest.mark.parametrize("language", DUMPS)
@pytest.mark.parametrize("name", SAVED)
def test_every_record_in_every_language_is_the_same(name: str, language: str) -> None:
    dump, is_dated = DUMPS[language]
    record = one(dump(SAVED[name]))
    assert record.form in ("model", "listing")
    assert record.body in (SAVED[name], to_the_second(SAVED[name]))
    assert record.captured == (CAPTURED if is_dated else None)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("language", DUMPS)
def test_every_dump_in_every_wrapper(language: str, wrapper: str) -> None:
    dump, is_dated = DUMPS[language]
    record = one(WRAPPERS[wrapper](dump(described())))
    assert record.body in (described(), to_the_second(described()))
    assert record.captured == (CAPTURED if is_dated else None)


@settings(deadline=None)
@given(
    wrapper=st.sampled_from(sorted(WRAPPERS)),
    outer=st.sampled_from(sorted(WRAPPERS)),
    names=st.sampled_from(sorted(NAMES)),
    time=st.sampled_from(sorted(TIMES)),
    number=st.sampled_from(sorted(NUMBERS)),
    status=st.sampled_from(sorted(STATUSES)),
    is_bare=st.booleans(),
    version=st.integers(1, 99),
)
def test_any_combination_is_the_same_record(
    wrapper: str,
    outer: str,
    names: str,
    time: str,
    number: str,
    status: str,
    is_bare: bool,
    version: int,
) -> None:
    """Names, times, numbers, statuses and two wrappers, each as some language has them."""
    wire = described(version=version)
    spelled = renumbered(retimed(wire, TIMES[time]), NUMBERS[number])
    spelled["Status"] = STATUSES[status](wire["Status"])
    named = {NAMES[names](name): renamed_but_values(spelled[name], names) for name in spelled}
    document = WRAPPERS[wrapper](named if is_bare else {NAMES[names]("ModelDescription"): named})
    if _texts(wrapper) + _texts(outer) < 2:
        document = WRAPPERS[outer](document)
    record = one(document)
    assert record.form == "model"
    assert record.body in (wire, to_the_second(wire))


def renamed_but_values(value: Any, names: str) -> Any:
    """Structures get other names inside; the objects that stand for one value do not."""
    structures = {"F1Score", "Recall", "Precision", "S3Location", "Bucket", "Prefix", "Key"}
    if isinstance(value, dict) and structures & value.keys():
        return {NAMES[names](name): renamed_but_values(item, names) for name, item in value.items()}
    return value


def _texts(wrapper: str) -> int:
    """How often a wrapper puts JSON in a text; two are read."""
    wrapped = WRAPPERS[wrapper]({"x": 1})
    depth, pending = 0, [wrapped]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str) and value[:1] in "{[":
            depth += 1
            pending.append(json.loads(value))
    return depth


@pytest.mark.parametrize("language", UNZONED_TIMES)
@pytest.mark.parametrize("names", NAMES)
def test_time_that_cannot_be_told_is_named_and_never_wrong(language: str, names: str) -> None:
    printed = UNZONED_TIMES[language](described()["CreationTimestamp"])
    body = renamed(described() | {"CreationTimestamp": printed}, NAMES[names])
    record = one({"model": body})
    assert record.body["CreationTimestamp"] == printed  # an import does not lose it
    sent, left_out = sendable(record.body)
    assert sent == described(CreationTimestamp=...)
    (named,) = left_out
    assert named.member == "CreationTimestamp"
    assert named.why


def test_what_a_language_writes_for_nothing_is_nothing() -> None:
    plain = {
        name: value
        for name, value in described().items()
        if name in ("ModelArn", "ModelVersion", "Status", "CreationTimestamp")
    }
    for language in (".NET, Newtonsoft", "PowerShell 5", "PowerShell 7", "Go"):
        assert one(DUMPS[language][0](plain)).body == plain


@pytest.mark.parametrize("names", NAMES)
def test_projects_and_listings_in_other_spellings(names: str) -> None:
    project = renamed({"ProjectDescription": project_of()}, NAMES[names])
    record = one({"result": project})
    assert (record.form, record.body) == ("project", project_of())
    models = [listed(described(version=version)) for version in (1, 2, 3)]
    found, problems = recognise(json.dumps(renamed({"Models": models}, NAMES[names])).encode())
    assert problems == []
    assert [(each.form, each.body) for each in found] == [("listing", model) for model in models]


# What a wrapper may hold


def test_capture_time_of_the_nearest_answer_holds() -> None:
    def dated(day: int, **members: object) -> dict[str, Any]:
        date = f"{day:02} Oct 2025 09:00:00 GMT"
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}, **members}

    own, other = described(version=1), described(version=2)
    document = dated(
        1, first=dated(2, ModelDescription=own), second={"deep": [{"ModelDescription": other}]}
    )
    found, _ = recognise(json.dumps(document).encode())
    days = {record.body["ModelVersion"]: record.captured for record in found}
    assert days == {"1": 1759395600.0, "2": 1759309200.0}


def test_several_records_of_several_kinds_in_one_document() -> None:
    document = {
        "models": {"1": described(version=1), "2": {"model": described(version=2)}},
        "project": {"ProjectDescription": project_of()},
        "evaluation": {"text": json.dumps(result_of())},
        "predictions": [{"IsAnomalous": True, "Confidence": 0.9}],
    }
    found, problems = recognise(json.dumps(document).encode())
    assert [record.form for record in found] == ["model", "model", "project", "result"]
    assert problems == []  # what holds records is not foreign, whatever lies beside them


def test_a_record_in_a_record_is_found_too() -> None:
    body = described() | {"evaluation": result_of(), "project": project_of()}
    found, problems = recognise(json.dumps({"model": body}).encode())
    assert [record.form for record in found] == ["model", "result", "project"]
    assert problems == []


@pytest.mark.parametrize(
    ("name", "other", "value"),
    [
        ("Status", "status", "HOSTED"),
        ("ModelVersion", "model_version", "4"),
        ("CreationTimestamp", "creationTimestamp", 1754296201.0),
        ("Performance", "performance", {"f1Score": 0.1}),
    ],
)
def test_two_spellings_of_one_member_must_not_contradict(
    name: str, other: str, value: object
) -> None:
    wire = described()
    assert one({"model": wire | {other: wire[name]}}).body == wire
    assert one({"model": wire | {other: None}}).body == wire
    found, problems = recognise(json.dumps({"model": wire | {other: value}}).encode())
    assert found == []
    (problem,) = problems
    assert problem.corrupt
    assert str(problem).startswith(f"its {name} is given twice")


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("trained", "TRAINED"),
        ("Trained", "TRAINED"),
        ("TrainingFailed", "TRAINING_FAILED"),
        ("training-failed", "TRAINING_FAILED"),
        ("STARTING_HOSTING", "STARTING_HOSTING"),
        ({"Value": "HOSTED"}, "HOSTED"),
        ("A_NEW_ONE", "A_NEW_ONE"),
        ("Train", "Train"),
    ],
)
def test_statuses(status: object, read: str) -> None:
    assert one({"model": described(Status=status)}).body["Status"] == read


@pytest.mark.parametrize(
    ("member", "value", "why"),
    [
        ("Status", {"Code": 3}, '{"Code": 3} is not text'),
        ("Performance", "Amazon.Model.ModelPerformance", "is not a structure"),
        ("MinInferenceUnits", "two", "'two' is not a number of units"),
    ],
)
def test_other_unreadable_members_stay_and_are_named(member: str, value: object, why: str) -> None:
    body = one({"model": described() | {member: value}}).body
    assert body[member] == value
    sent, (left_out,) = sendable(body)
    assert sent == {name: held for name, held in described().items() if name != member}
    assert f"{left_out.value} {left_out.why}".endswith(why)


@pytest.mark.parametrize("metric", ["0,93", "93 %", "n/a", "NaN", "1_0", "\u0661"])
def test_metric_in_no_number_is_never_computed_with(metric: str) -> None:
    body = one({"model": described(Performance={"Recall": metric, "Precision": "0.5"})}).body
    sent, (left_out,) = sendable(body)
    assert sent["Performance"] == {"Precision": 0.5}
    assert left_out.member == "Recall"


# What is no record


INNER_RESULT: Final = {"Source": {"Type": "direct"}, "IsAnomalous": True, "Confidence": 0.9}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("member", ["", "DetectAnomalyResult"])
@pytest.mark.parametrize(
    "inner",
    [
        INNER_RESULT,
        {"IsAnomalous": False, "Confidence": 0.8},
        INNER_RESULT | {"Anomalies": [{"Name": "background"}], "AnomalyMask": "iVBORw0KGgo="},
    ],
)
def test_answers_of_detect_anomalies_are_called_so(
    inner: dict[str, Any], member: str, names: str
) -> None:
    """An SDK writes one for each image, beside the records: equal problems count as one."""
    document = renamed({member: inner} if member else inner, NAMES[names])
    for framed in (document, [document]):
        found, problems = recognise(json.dumps(framed).encode())
        assert found == []
        assert [(str(problem), problem.is_unread) for problem in problems] == [
            ("an answer of DetectAnomalies, which says nothing about a model", False)
        ]


def test_manifest_lines_deep_inside_are_no_model() -> None:
    """Their metadata names a model and a version, and says nothing of it."""
    line = {
        "source-ref": "s3://b/a.png",
        "anomaly-label-detected": 1,
        "anomaly-label-detected-metadata": {
            "class-name": "anomaly",
            "confidence": 0.9,
            "model-arn": described()["ModelArn"],
            "model-version": "3",
        },
    }
    metadata = line["anomaly-label-detected-metadata"]
    for document in ({"lines": [line]}, {"metadata": metadata}, {"captures": {"a": metadata}}):
        found, problems = recognise(json.dumps(document).encode())
        assert found == []
        assert [problem.is_unread for problem in problems] == [False]


@pytest.mark.slow
def test_search_is_bounded_and_says_so() -> None:
    deep: Any = {"ModelDescription": described()}
    for _ in range(70):
        deep = {"a": deep}
    found, problems = recognise(json.dumps(deep).encode())
    assert (found, [str(problem) for problem in problems]) == ([], ["nested too deeply"])
    wide: Any = {"items": [{}] * 250_000}
    (problem,) = recognise(json.dumps(wide).encode())[1]
    assert not problem.is_unread  # a file that never names the service holds no record
    wide["model"] = described()
    found, problems = recognise(json.dumps(wide).encode())
    assert len(problems) == 1
    assert problems[0].is_unread
    assert "not searched any further" in str(problems[0])


def test_text_in_text_is_read_twice_and_no_deeper() -> None:
    text = json.dumps({"ModelDescription": described()})
    for level in range(1, 5):
        found, _ = recognise(json.dumps({"body": text}).encode())
        assert len(found) == (1 if level <= 2 else 0)
        text = json.dumps({"body": text})


@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats()
        | st.text(max_size=5)
        | st.just(described()["ModelArn"])
        | st.just(json.dumps({"modelArn": described()["ModelArn"], "status": 5})),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text(max_size=4)
                | st.sampled_from(["ModelArn", "modelArn", "Status", "Models", "ModelDescription"])
                | st.sampled_from(["EvaluationDetails", "AggregatedEvaluationResults", "body"])
                | st.sampled_from(["ResponseMetadata", "HTTPHeaders", "date", "source-ref"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_is_fatal(document: Any) -> None:
    found, problems = recognise(json.dumps(document).encode())
    assert found or problems
    for record in found:
        json.dumps(record.body, allow_nan=False)
        sendable(record.body)


def test_printed_python_has_times_and_numbers_for_names() -> None:
    """Documents need not come from JSON: names may be numbers, times may be `datetime`s."""
    aware = datetime(2025, 8, 4, 8, 30, 0, 412000, UTC)
    naive = datetime(2025, 8, 4, 8, 30)
    body = described(CreationTimestamp=aware, EvaluationEndTimestamp=naive)
    (record,), problems = recognise_documents([{"answers": {3: {"model": body}}, 4: None}])
    assert problems == []
    assert record.body == described(EvaluationEndTimestamp="2025-08-04 08:30:00")
    sent, (left_out,) = sendable(record.body)
    assert sent == described(EvaluationEndTimestamp=...)
    assert (left_out.value, left_out.why) == ("'2025-08-04 08:30:00'", "has no time zone")
