"""Saved answers are recognised by content: every spelling of one answer is the same record."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.formats.members import sendable
from lfv_mcp.formats.normalisation import proven_performance
from lfv_mcp.formats.recognition import Record, recognise, recognise_answer
from lfv_mcp.identifiers import ModelKey, ProjectKey
from tests.support.saved_records import (
    ENCODINGS,
    FRAMINGS,
    REKOGNITION,
    SPELLINGS,
    arn,
    described,
    judged,
    lines,
    listed,
    manifest_of,
    moment,
    project_of,
    response,
    result_of,
    spelled,
)

KEY: Final = ModelKey("us-east-1", "111122223333", "cap-seal", 3)
DATED: Final = datetime(2025, 10, 28, 9, tzinfo=UTC)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def one(data: bytes) -> Record:
    """The single record in a file that has nothing wrong with it."""
    (record,), problems = recognise(data)
    assert problems == []
    return record


def problems_of(data: bytes) -> list[str]:
    """What is wrong with a file that holds no record."""
    found, problems = recognise(data)
    assert found == []
    return [f"{'corrupt' if p.corrupt else 'foreign'}: {p}" for p in problems]


# One answer, many spellings

times = st.integers(1_500_000_000_000, 1_800_000_000_000).map(lambda ms: ms / 1000)
metric = st.floats(0, 1)
texts = st.text(min_size=1, max_size=60)  # the API has no empty ones
optional: Final[dict[str, st.SearchStrategy[Any]]] = {
    "CreationTimestamp": times,
    "EvaluationEndTimestamp": times,
    "Description": texts,
    "Status": st.sampled_from(["TRAINED", "HOSTED", "TRAINING_FAILED", "A_NEW_ONE"]),
    "StatusMessage": texts,
    "Performance": st.fixed_dictionaries(
        {}, optional={"F1Score": metric, "Recall": metric, "Precision": metric}
    ),
    "MinInferenceUnits": st.integers(1, 100),
    "MaxInferenceUnits": st.integers(1, 100),
}
bodies = st.tuples(st.integers(1, 10**10 - 1), st.fixed_dictionaries({}, optional=optional)).map(
    lambda t: {k: v for k, v in described(version=t[0]).items() if k not in optional} | t[1]
)


@pytest.mark.slow
@settings(deadline=None)
@given(
    saved=st.lists(bodies, min_size=1, max_size=4),
    spellings=st.lists(st.sampled_from(sorted(SPELLINGS)), min_size=4, max_size=4),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    framing=st.sampled_from(sorted(FRAMINGS)),
    captured=st.none() | st.just(DATED),
    shuffled=st.randoms(use_true_random=False),
)
def test_every_spelling_is_the_same_record(
    saved: list[dict[str, Any]],
    spellings: list[str],
    encoding: str,
    framing: str,
    captured: datetime | None,
    shuffled: random.Random,
) -> None:
    answers = []
    for body, spelling in zip(saved, spellings, strict=False):
        members = list(spelled(body, spelling).items())
        shuffled.shuffle(members)
        answers.append(response("ModelDescription", dict(members), captured))
    found, problems = recognise(ENCODINGS[encoding](FRAMINGS[framing](answers)))
    assert problems == []
    assert [(r.form, r.body, r.captured) for r in found] == [
        ("model", body, captured and captured.timestamp()) for body in saved
    ]
    assert [r.key.version for r in found if isinstance(r.key, ModelKey)] == [
        int(body["ModelVersion"]) for body in saved
    ]
    # To the byte, too: what is equal is written equally.
    canonical = [one(encoded(response("ModelDescription", body, captured))) for body in saved]
    assert json.dumps([r.body for r in found]) == json.dumps([r.body for r in canonical])


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_listing_is_taken_apart(spelling: str, encoding: str) -> None:
    models = [listed(described(version=v)) for v in (1, 2, 3)]
    answer = response("Models", spelled(models, spelling), DATED, NextToken="abc")
    found, problems = recognise(ENCODINGS[encoding](json.dumps(answer)))
    assert problems == []
    assert [(r.form, r.body) for r in found] == [("listing", m) for m in models]
    assert {r.captured for r in found} == {DATED.timestamp()}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_projects_with_their_datasets(spelling: str) -> None:
    answer = response("ProjectDescription", spelled(project_of(), spelling), DATED)
    record = one(encoded(answer))
    assert (record.form, record.body) == ("project", project_of())
    assert record.key == ProjectKey("us-east-1", "111122223333", "cap-seal")
    first, second = project_of("a"), project_of("b")
    found, _ = recognise(encoded({"Projects": [first, second]}))
    assert [r.body for r in found] == [first, second]


def test_boto3_response_pickled_by_its_own_hand() -> None:
    """`print(json.dumps(client.describe_model(...), default=str))`, literally."""
    record = one(
        b"""{
  "ResponseMetadata": {
    "RequestId": "5b1a",
    "HTTPStatusCode": 200,
    "HTTPHeaders": {
      "x-amzn-requestid": "5b1a",
      "date": "Tue, 28 Oct 2025 09:00:00 GMT",
      "content-type": "application/json"
    },
    "RetryAttempts": 0
  },
  "ModelDescription": {
    "ModelVersion": "3",
    "ModelArn": "arn:aws:lookoutvision:us-east-1:111122223333:model/cap-seal/3",
    "CreationTimestamp": "2025-08-04 10:30:00.412000+02:00",
    "Status": "TRAINED",
    "OutputConfig": {"S3Location": {"Bucket": "b-1", "Prefix": "p/"}}
  }
}"""
    )
    assert record == Record(
        "model",
        KEY,
        {
            "CreationTimestamp": 1754296200.412,
            "ModelArn": arn(),
            "ModelVersion": "3",
            "OutputConfig": {"S3Location": {"Bucket": "b-1", "Prefix": "p/"}},
            "Status": "TRAINED",
        },
        DATED.timestamp(),
    )


def test_what_tools_did_to_an_answer_is_undone() -> None:
    """jq writes 1 for 1.0 and keeps nulls; a version may have become a number."""
    plain = described(
        Description=..., Performance={"F1Score": 1.0, "Recall": 1.0, "Precision": 0.5}
    )
    odd = plain | {
        "ModelVersion": 3,
        "Description": None,
        "Performance": {"F1Score": 1, "Recall": 1, "Precision": 0.5, "Future": None},
    }
    assert encoded(one(encoded({"ModelDescription": odd})).body) == encoded(
        one(encoded({"ModelDescription": plain})).body
    )
    without = {k: v for k, v in plain.items() if k != "ModelVersion"}
    assert one(encoded({"ModelDescription": without})).body == plain


def test_cut_out_by_hand() -> None:
    """`--query ModelDescription`, `--query 'Models[]'`, `--query ProjectDescription`."""
    assert one(encoded(described())).form == "model"
    assert one(encoded(project_of())).form == "project"
    # No more than a listing says is no more than a listing.
    found, _ = recognise(encoded([listed(described(version=v)) for v in (1, 2)]))
    assert [r.form for r in found] == ["listing", "listing"]


def test_answer_as_botocore_parsed_it() -> None:
    class Unfit:
        """What `aws` puts in place of a value of the wrong type."""

    parsed = described() | {
        "CreationTimestamp": moment(1754296200.412, 9),
        "EvaluationEndTimestamp": moment(1754299005.127, 9),
        "Performance": {"F1Score": Unfit(), "Recall": 0.9},
    }
    record = recognise_answer({"ModelDescription": parsed}, 5.0)
    assert record.captured == 5.0
    assert record.body == described(Performance={"Recall": 0.9})


@pytest.mark.parametrize("unread", ["yesterday", "2021-03-09T10:11:12", 10**400, {"at": 1}, -1])
def test_unreadable_time_stays_as_it_was_saved_and_is_not_sent(unread: object) -> None:
    """An import must not lose it, and no client of the API could parse it."""
    record = one(encoded({"ModelDescription": described(CreationTimestamp=unread)}))
    assert record.body == described(CreationTimestamp=unread)
    sent, left_out = sendable(record.body)
    assert sent == described(CreationTimestamp=...)
    assert [each.member for each in left_out] == ["CreationTimestamp"]


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", 5, None, ["Tue"], {"a": 1}, "Tue, 28 Oct 2025 09:00:00", "2025-10-28"],
)
def test_unreadable_response_date_is_no_date(date: object) -> None:
    answer = {"ModelDescription": described()}
    for metadata in ({"HTTPHeaders": {"date": date}}, {"HTTPHeaders": date}, date):
        assert one(encoded(answer | {"ResponseMetadata": metadata})).captured is None


# Evaluation files


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("metrics", "proven"),
    [
        pytest.param(
            {}, {"F1Score": 0.878049, "Recall": 0.9, "Precision": 0.857143}, id="docs of 2022"
        ),
        pytest.param({"F1Score": ...}, {"Recall": 0.9, "Precision": 0.857143}, id="preview"),
        pytest.param(
            {"Recall": "0.9", "Precision": "0.857143", "F1Score": ...},
            {"Recall": 0.9, "Precision": 0.857143},
            id="quoted",
        ),
        pytest.param(
            {"PixelAnomalyClassMetrics": [{"Precision": 0.81, "AIOU": 0.6, "ClassName": "dent"}]},
            {"F1Score": 0.878049, "Recall": 0.9, "Precision": 0.857143},
            id="segmentation",
        ),
        pytest.param(
            {"Precision": "undefined", "F1Score": None, "Recall": 1.5}, {}, id="of no use"
        ),
    ],
)
def test_result_in_every_variant(
    encoding: str, metrics: dict[str, Any], proven: dict[str, float]
) -> None:
    record = one(ENCODINGS[encoding](json.dumps(result_of(**metrics), indent=1)))
    assert (record.form, record.key, record.captured) == ("result", KEY, None)
    assert proven_performance(record.body) == proven


MANIFESTS: Final[dict[str, bytes]] = {
    "as documented": manifest_of(),
    "gzip": gzip.compress(manifest_of(), mtime=0),
    "with a mark": b"\xef\xbb\xbf" + manifest_of(),
    "PowerShell": manifest_of().decode().replace("\n", "\r\n").encode("utf-16"),
    "one line, no line end": manifest_of(images=1).rstrip(),
    "first line broken": b'{"source-ref": "s3://b/\n' + manifest_of(),
    "first line without prediction": lines([{"source-ref": "s3://b/a.png"}]) + manifest_of(),
    "first line without label": lines(
        [{k: v for k, v in judged("a", "normal", "normal").items() if k != "anomaly-label"}]
    ),
    "another label attribute": manifest_of().replace(b"anomaly-label", b"auto-label"),
    "mask before label": lines(
        [
            {"source-ref": "s3://b/a.png", "anomaly-mask-ref-detected-metadata": {"x": 1}}
            | judged("a", "anomaly", "anomaly")
        ]
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifest_is_one_record(name: str) -> None:
    """However many lines, and whatever is wrong with single ones: that is judged in analysis."""
    assert one(MANIFESTS[name]) == Record("manifest", KEY, {}, None)


# What is no record, and what it is instead

_EDGE: Final = {"model_component": "m", "lookout_vision_model_arn": arn(), "status": "RUNNING"}
_NO_ARN: Final = "foreign: no ModelArn of this service, so whose it is cannot be told"
_OF: Final = "foreign: an answer of {}, which says nothing about a model"
FOREIGN: Final[dict[str, tuple[object, str]]] = {
    "Rekognition's summary": (
        REKOGNITION,
        "foreign: an evaluation summary of Rekognition Custom Labels",
    ),
    "Rekognition's summary under our name": (
        result_of() | {"EvaluationDetails": {"ModelArn": "arn:aws:rekognition:us-east-1:1:p/v"}},
        "foreign: an evaluation summary of Rekognition Custom Labels",
    ),
    "Rekognition's answer": (
        {"ProjectVersionDescriptions": [{"ProjectVersionArn": "arn:aws:rekognition:..."}]},
        "foreign: an answer of Rekognition Custom Labels",
    ),
    "Edge Agent": (_EDGE, "foreign: an answer of the Lookout for Vision Edge Agent"),
    "Edge Agent, wrapped": (
        {"model_description": _EDGE},
        "foreign: an answer of the Lookout for Vision Edge Agent",
    ),
    "Edge Agent, as protobuf writes JSON": (
        {"models": [{"lookoutVisionModelArn": arn()}]},
        "foreign: an answer of the Lookout for Vision Edge Agent",
    ),
    "edge capture": (
        {"deviceGroundTruthData": [{"source-ref": "/aws_dda/a.jpg"}]},
        "foreign: a capture record of an edge device (DefectDetectionApplication)",
    ),
    "DescribeDataset": (
        {"DatasetDescription": {"ProjectName": "cap-seal"}},
        _OF.format("DescribeDataset"),
    ),
    "ListDatasetEntries": ({"DatasetEntries": ["{}"]}, _OF.format("ListDatasetEntries")),
    "DetectAnomalies": (
        {"DetectAnomalyResult": {"IsAnomalous": True}},
        _OF.format("DetectAnomalies"),
    ),
    "empty object": ({}, "foreign: JSON, but not of a form this service has"),
    "package.json": (
        {"name": "x", "version": "1"},
        "foreign: JSON, but not of a form this service has",
    ),
    "a number in a list": ([5], "foreign: JSON, but not of a form this service has"),
    "an empty answer": (
        {"ModelDescription": None},
        "foreign: JSON, but not of a form this service has",
    ),
    "no ARN": ({"ModelDescription": {"ModelVersion": "1"}}, _NO_ARN),
    "an ARN in a list": ({"ModelDescription": {"ModelArn": [arn()]}}, _NO_ARN),
    "a project's ARN": (
        {"ModelDescription": {"ModelArn": project_of()["ProjectArn"]}},
        _NO_ARN,
    ),
    "a model's ARN": (
        {"ProjectDescription": {"ProjectArn": arn()}},
        "foreign: a project without a ProjectArn of this service",
    ),
    "another version than its ARN": (
        {"ModelDescription": described() | {"ModelVersion": "7"}},
        "corrupt: its ModelVersion contradicts its ModelArn",
    ),
    "another name than its ARN": (
        {"ProjectDescription": project_of() | {"ProjectName": "other"}},
        "corrupt: its ProjectName contradicts its ProjectArn",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_is_called_what_it_is(name: str) -> None:
    document, problem = FOREIGN[name]
    assert problems_of(encoded(document)) == [problem]


_BAD_ARNS: Final = (
    "arn:aws:lookoutvision:us-east-1:111122223333:model/../../etc/1",
    "arn:aws:lookoutvision:us-east-1:111122223333:model/../1",
    "arn:aws:lookoutvision:us-east-1:111122223333:model/a/b/1",
    "arn:aws:lookoutvision:../x:111122223333:model/a/1",
    f"arn:aws:lookoutvision:{'x' * 300}:111122223333:model/a/1",
    "arn:aws:lookoutvision:us-east-1:../3:model/a/1",
    "arn:aws:lookoutvision:us-east-1:111122223333:model/a/0",
    "arn:aws:lookoutvision:us-east-1:111122223333:model/a/latest",
    "arn:aws:lookoutvision:us-east-1:111122223333:model/a/1\n",
    "arn:aws:lookoutvision:us-east-1:111122223333:model/a/\u0661",  # a digit, but not ours
    f"arn:aws:lookoutvision:us-east-1:111122223333:model/{'a' * 256}/1",
    "arn:aws:rekognition:us-east-1:111122223333:model/a/1",
)


@pytest.mark.parametrize("bad", _BAD_ARNS)
def test_arn_is_matched_whole(bad: str) -> None:
    """A key becomes a folder's name at import."""
    body = described() | {"ModelArn": bad}
    details = result_of() | {"EvaluationDetails": {"ModelArn": bad}}
    line = judged("a", "normal", "normal", model=bad)
    for document in ({"ModelDescription": body}, details, line):
        (problem,) = problems_of(encoded(document))
        assert problem in (_NO_ARN, "foreign: an evaluation summary of Rekognition Custom Labels")


CORRUPT: Final[dict[str, tuple[bytes, str]]] = {
    "empty": (b"", "empty file"),
    "blank": (b" \n\n", "empty file"),
    "mark alone": (b"\xef\xbb\xbf", "empty file"),
    "cut": (encoded({"ModelDescription": described()})[:-20], "not JSON (line 1)"),
    "cut, pretty": (b'{\n "ModelDescription": {\n  "Status": \n }\n}', "not JSON (line 4)"),
    "cut gzip": (gzip.compress(encoded(described()))[:-9], "truncated or corrupt gzip"),
    "no gzip": (b"\x1f\x8bnot gzip at all", "truncated or corrupt gzip"),
    "binary": (b'{"a": "\x00\xff\xfe"}', "not JSON (line 1)"),
    "100,000 brackets": (b"[" * 100_000, "nested too deeply"),
    "100,000 braces": (b'{"Models":' * 100_000, "nested too deeply"),
    "deep, but JSON": (
        encoded(described())[:-1] + b', "X": ' + b"[" * 200 + b"]" * 200 + b"}",
        "nested too deeply",
    ),
    "a number of 5,000 digits": (b'{"ModelVersion": ' + b"9" * 5000 + b"}", "not JSON (line 1)"),
}


@pytest.mark.parametrize("name", CORRUPT)
def test_corrupt_is_said_to_be(name: str) -> None:
    data, problem = CORRUPT[name]
    assert problems_of(data) == [f"corrupt: {problem}"]


@pytest.mark.parametrize("depth", [15, 50, 300, 900, 980, 990, 1000])
def test_no_depth_is_fatal(depth: int) -> None:
    nested = b"[" * depth + encoded({"ModelDescription": described()}) + b"]" * depth
    found, problems = recognise(nested)
    assert len(found) + len(problems) == 1
    body = (
        encoded({"ModelDescription": described()})[:-2] + b', "X": ' + b"[" * depth + b"]" * depth
    )
    found, problems = recognise(body + b"}}")
    assert len(found) + len(problems) == 1
    assert [str(p) for p in problems] in ([], ["nested too deeply"])


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_have_is_reported_and_unknown(constant: str) -> None:
    data = encoded({"ModelDescription": described()}).replace(b"0.9", constant.encode())
    (record,), (problem,) = recognise(data)
    assert str(problem) == f"{constant} is not JSON, so unknown"
    assert problem.corrupt
    assert record.body["Performance"] == {
        "F1Score": 0.8780487804878049,
        "Precision": 1.0,
        "Recall": constant,
    }
    (record,), _ = recognise(encoded(result_of()).replace(b"0.9,", constant.encode() + b","))
    assert proven_performance(record.body) == {"F1Score": 0.878049, "Precision": 0.857143}


def test_one_bad_item_does_not_lose_the_others() -> None:
    good = [{"ModelDescription": described(version=v)} for v in (1, 2, 3)]
    broken = lines(good[:1]) + b'{"ModelDescription": {\n' + lines(good[1:])
    found, problems = recognise(broken)
    assert [r.key.version for r in found if isinstance(r.key, ModelKey)] == [1, 2, 3]
    assert [str(p) for p in problems] == ["not JSON (line 3)"]
    mixed = [good[0], 5, None, "x", REKOGNITION, {"Models": [5]}, *good[1:]]
    for data in (encoded(mixed), lines(mixed)):
        found, problems = recognise(data)
        assert len(found) == 3
        assert sorted(str(p) for p in problems) == [
            "JSON, but not of a form this service has (4 times)",
            "an evaluation summary of Rekognition Custom Labels",
        ]


def test_a_thousand_bad_lines_are_a_few_problems() -> None:
    predicted = {"anomaly-label-detected-metadata": {"class-name": "anomaly"}}
    unnamed = lines([{"source-ref": f"s3://b/{n}.png"} | predicted for n in range(1000)])
    assert problems_of(unnamed) == [_NO_ARN]
    assert len(problems_of(b'{"a\n' * 100_000)) == 20


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
MEMBERS: Final = sorted(described())


@pytest.mark.slow
@settings(deadline=None)
@given(
    member=st.sampled_from(["ModelDescription", "Models", "ProjectDescription", "Projects", ""]),
    spoiled=st.dictionaries(
        st.sampled_from([*MEMBERS, "ProjectArn", "ProjectName", "Datasets"]),
        json_values,
        max_size=4,
    ),
    wrapped=st.booleans(),
)
def test_no_value_is_fatal(member: str, spoiled: dict[str, Any], wrapped: bool) -> None:
    """Any JSON in place of any member: a record or a problem, never an exception."""
    body: Any = described() | project_of() | spoiled
    document = {member: [body] if wrapped else body} if member else body
    found, problems = recognise(encoded(document))
    assert found or problems
    for record in found:
        json.dumps(record.body, allow_nan=False)


@given(st.binary(max_size=200))
def test_no_bytes_are_fatal(data: bytes) -> None:
    for start in (b"", b"{", b"\x1f\x8b", b"\xff\xfe"):
        recognise(start + data)
