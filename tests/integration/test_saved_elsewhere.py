"""Answers that other languages' SDKs and scripts saved, asked about at the front door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from tests.support.answers import message
from tests.support.clients import codes, door, run, table
from tests.support.language_dumps import DUMPS, UNZONED_TIMES
from tests.support.saved_records import described, lines, listed, manifest_of, result_of, write

pytestmark = pytest.mark.anyio

CIRCUIT: Final = "arn:aws:lookoutvision:us-east-1:123456789012:model/circuit/1"


def circuit(**members: object) -> dict[str, Any]:
    """A model of 2021 as boto3's `default=str` and Python's isoformat have it."""
    body = {
        "ModelVersion": "1",
        "ModelArn": CIRCUIT,
        "CreationTimestamp": "2021-03-09T10:11:12.345000+00:00",
        "Description": "first",
        "Status": "TRAINED",
        "StatusMessage": "Training completed successfully.",
        "Performance": {"F1Score": 0.9, "Recall": 0.9, "Precision": 0.9},
        "EvaluationEndTimestamp": "2021-03-09T11:11:12.345000+00:00",
    }
    return body | members


def described_by(*arguments: object) -> dict[str, Any]:
    """What `lfv-mcp describe ... --json` prints."""
    answer: dict[str, Any] = json.loads(run("describe", *arguments, "--json").stdout)
    return answer


def test_what_an_sdk_returns_is_a_record(tmp_path: Path) -> None:
    """`{"model": ...}` of fit() and `{"status": ..., "model": ...}` of deploy() are no wrappers
    of the API, and were called foreign."""
    write(tmp_path, "fit.json", {"model": circuit(Status="TRAINING")})
    write(tmp_path, "deploy.json", {"status": "HOSTED", "model": circuit(Status="HOSTED")})
    check = run("archive", "check", tmp_path)
    assert (table(check.output)["models"], table(check.output)["foreign"]) == (1, 0)
    assert f"disagree {CIRCUIT}" in check.output
    assert "circuit 1: " in run("list", "--source", tmp_path).output
    answer = described_by("circuit", "1", "--source", tmp_path)
    statuses = {answer["status"], *(s for s in ("HOSTED", "TRAINING") if s in disagreement(answer))}
    assert statuses == {"HOSTED", "TRAINING"}


def disagreement(answer: dict[str, Any]) -> str:
    return message(answer, "records_disagree")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("Mon Aug 22 2022 13:52:52 GMT-0700 (Pacific Daylight Time)", "2022-08-22T20:52:52.000Z"),
        ("Mon Aug 22 2022 13:52:52 GMT+0900 (Japan Standard Time)", "2022-08-22T04:52:52.000Z"),
        ("Tue Mar 09 19:11:12 JST 2021", "2021-03-09T10:11:12.000Z"),
        (1615284672345, "2021-03-09T10:11:12.345Z"),
        ("/Date(1615284672345)/", "2021-03-09T10:11:12.345Z"),
        ("2021-03-09 10:11:12 UTC", "2021-03-09T10:11:12.000Z"),
        ("2021-03-09 10:11:12 +0000 UTC", "2021-03-09T10:11:12.000Z"),
    ],
)
def test_times_in_every_spelling_are_shown(tmp_path: Path, printed: object, shown: str) -> None:
    body = circuit(EvaluationEndTimestamp=printed)
    write(tmp_path, "m.json", {"ModelDescription": body})
    answer = described_by("circuit", "1", "--source", tmp_path)
    assert answer["model_description"]["EvaluationEndTimestamp"] == shown
    assert answer["model_description"]["CreationTimestamp"] == "2021-03-09T10:11:12.345Z"
    assert "member_unusable" not in codes(answer)


@pytest.mark.parametrize("language", UNZONED_TIMES)
async def test_a_time_that_cannot_be_told_is_named_everywhere_and_lost_nowhere(
    tmp_path: Path, language: str
) -> None:
    printed = UNZONED_TIMES[language](1615284672.0)
    source, copy = tmp_path / "saved", tmp_path / "copy"
    write(source, "m.json", {"ModelDescription": circuit(CreationTimestamp=printed)})
    assert run("archive", "import", source, "--to", copy).exit_code == 0
    for place in (source, copy):
        async with door(place) as ask:
            answer = await ask.describe("circuit", "1")
            (row,) = (await ask.list())["models"]
        assert "CreationTimestamp" not in answer["model_description"]
        assert "created_at" not in row
        named = message(answer, "member_unusable")
        assert named.startswith("CreationTimestamp left out: ")
        quoted = json.dumps(printed) if isinstance(printed, list) else repr(printed)
        assert quoted in named
        assert "time zone" in named


def test_a_time_of_capture_without_a_zone_does_not_date_a_record(tmp_path: Path) -> None:
    headers = {"HTTPHeaders": {"date": "Tue, 28 Oct 2025 09:00:00"}}
    write(tmp_path, "m.json", {"ModelDescription": circuit(), "ResponseMetadata": headers})
    answer = described_by("circuit", "1", "--source", tmp_path)
    assert "captured_at" not in answer["source"]
    assert "undated_record" in codes(answer)


def test_powershell(tmp_path: Path) -> None:
    """Enums as objects, ticks as text, 0 units for none; in UTF-16, as its `>` writes."""
    body = circuit(
        Status={"Value": "TRAINED"},
        CreationTimestamp="/Date(1615284672345)/",
        EvaluationEndTimestamp="/Date(1615288272345)/",
        KmsKeyId=None,
        MinInferenceUnits=0,
        MaxInferenceUnits=0,
    )
    text = json.dumps(body, indent=4).replace("\n", "\r\n")
    write(tmp_path, "powershell.json", b"\xff\xfe" + text.encode("utf-16-le"))
    answer = described_by("circuit", "1", "--source", tmp_path)
    assert answer["status"] == "TRAINED"
    assert answer["model_description"]["CreationTimestamp"] == "2021-03-09T10:11:12.345Z"
    assert "hosting" not in answer
    assert not {"hosting_autoscaling", "hosting_fixed", "member_unusable"} & codes(answer)
    assert "?" not in run("describe", "circuit", "1", "--source", tmp_path).output


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 0, None),
        (None, 0, None),
        (0, None, None),
        (1, 0, "Fixed size requested: 1 inference unit."),
        (2, None, "Fixed size requested: 2 inference units."),
        (1, 4, "Autoscaling requested: 1 to 4 inference units."),
        (
            *(0, 4),
            "Autoscaling requested: up to 4 inference units (the minimum is not recorded).",
        ),
    ],
)
def test_units_that_nobody_requested_are_no_hosting(
    tmp_path: Path, low: int | None, high: int | None, words: str | None
) -> None:
    body = circuit(Status="HOSTED", MinInferenceUnits=low, MaxInferenceUnits=high)
    write(tmp_path, "m.json", {"ModelDescription": body})
    answer = described_by("circuit", "1", "--source", tmp_path)
    said = [f["message"] for f in answer["findings"] if f["code"].startswith("hosting_")]
    assert said == ([] if words is None else [words])
    assert ("hosting" in answer) is (words is not None)


@pytest.mark.parametrize("language", DUMPS)
async def test_every_language_gives_the_same_answer(tmp_path: Path, language: str) -> None:
    """To the second, and apart from where the answer comes from and when it was captured."""
    answers = []
    for name in ("AWS CLI 1", language):
        place = tmp_path / name.replace("#", "sharp")
        body = described(CreationTimestamp=1754296200.0, EvaluationEndTimestamp=1754299005.0)
        write(place, "m.json", DUMPS[name][0](body))
        async with door(place) as ask:
            answer = await ask.describe("cap-seal", "3")
            listing = await ask.list()
        rows = [{n: v for n, v in row.items() if n != "captured_at"} for row in listing["models"]]
        answers.append((answer["model_description"], answer["hosting"], rows))
    assert answers[0] == answers[1]


def test_predictions_beside_the_records_are_named_and_nothing_is_missing(tmp_path: Path) -> None:
    """`batch_predict` writes one file for each image."""
    write(tmp_path, "d.json", {"ModelDescription": circuit()})
    for number in range(3):
        inner = {"Source": {"Type": "direct"}, "IsAnomalous": number == 1, "Confidence": 0.9}
        write(tmp_path, f"part{number:03}.jpg.json", inner)
    problems = Archive(Directory(tmp_path)).index().problems
    assert [(group.kind, group.count, group.first[0][1]) for group in problems] == [
        ("foreign", 3, "an answer of DetectAnomalies, which says nothing about a model")
    ]
    assert "circuit 1" in run("list", "--source", tmp_path).output


# A manifest that is not whole outweighs nothing


def evaluated(tmp_path: Path, manifest: bytes, *, tested: int | None = None) -> str:
    """`lfv-mcp evaluate` of cap-seal 3, whose DescribeModel answer gives every metric 0.9."""
    performance = {"F1Score": 0.9, "Recall": 0.9, "Precision": 0.9}
    write(tmp_path, "d.json", {"ModelDescription": described(Performance=performance)})
    write(tmp_path, "EvaluationManifest-cap-seal-3.json", manifest)
    if tested is not None:
        result = result_of(F1Score=0.9, Recall=0.9, Precision=0.9)
        result["EvaluationDetails"]["NumberOfTestingImages"] = tested
        result["EvaluationDetails"]["EvaluationEndTimestamp"] = "2025-08-04T09:16:45.127000"
        write(tmp_path, "result.json", result)
    return run("evaluate", "cap-seal", "3", "--source", tmp_path, "--allowed-bucket", "none").output


WHOLE: Final = manifest_of(images=20)
CUT: Final = WHOLE[: WHOLE.find(b"\n", len(WHOLE) // 2) - 40]


@pytest.mark.parametrize(
    ("manifest", "tested"),
    [
        pytest.param(CUT, None, id="cut in a line"),
        pytest.param(CUT, 20, id="cut in a line, and the result says so"),
        pytest.param(CUT[: CUT.rfind(b"\n") + 1], 20, id="cut between two lines"),
        pytest.param(WHOLE + b'{"source-ref": "s3://b/x.png"}\n', None, id="a line without truth"),
        pytest.param(WHOLE + b"\x00\x01\n", None, id="a line of rubbish"),
    ],
)
def test_the_advice_follows_what_is_complete(
    tmp_path: Path, manifest: bytes, tested: int | None
) -> None:
    output = evaluated(tmp_path, manifest, tested=tested)
    assert "description_disagrees" in output
    assert "Go by the evaluation files" not in output
    assert "Go by DescribeModel" in output
    assert "Its manifest is not whole (" in output


def test_a_whole_manifest_outweighs_the_description(tmp_path: Path) -> None:
    output = evaluated(tmp_path, WHOLE, tested=20)
    assert "Go by the evaluation files." in output
    assert "not whole" not in output


def test_without_the_result_nobody_knows_whether_the_manifest_is_whole(tmp_path: Path) -> None:
    output = evaluated(tmp_path, CUT[: CUT.rfind(b"\n") + 1])
    assert "Go by the evaluation files" not in output
    assert "Look whether the manifest is whole" in output


def test_a_comparison_says_that_it_rests_on_a_part(tmp_path: Path) -> None:
    for version in (2, 3):
        write(tmp_path, f"{version}.json", {"ModelDescription": described(version=version)})
        write(tmp_path, f"manifest-{version}.json", manifest_of(version=version, images=40))
    whole = run("compare", "cap-seal", "2", "3", "--source", tmp_path, "--json").stdout
    assert "not whole" not in whole
    manifest = manifest_of(version=3, images=40)
    write(tmp_path, "manifest-3.json", manifest[: len(manifest) // 2 - 40])
    answer = json.loads(run("compare", "cap-seal", "2", "3", "--source", tmp_path, "--json").stdout)
    assert "not the whole test is known of version 3" in answer["summary"]
    assert message(answer, "unusable_lines").startswith("Version 3: the manifest is not whole (")


def test_records_of_a_script_in_json_lines(tmp_path: Path) -> None:
    """One wrapped record a line; a line that is none is named, and loses no other."""
    wrapped = [{"when": n, "answer": {"models": [listed(described(version=n))]}} for n in (1, 2)]
    write(tmp_path, "log.jsonl", lines([*wrapped, {"when": 3, "answer": None}]))
    check = run("archive", "check", tmp_path)
    assert table(check.output)["models"] == 2
    assert table(check.output)["foreign"] == 1
