"""The gate: what passes, what fails, what cannot be judged, and how each is said."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import Result
from junitparser import Error, Failure, JUnitXml
from statsmodels.stats.proportion import proportion_confint

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.cli.gate_rules import STOPPING
from lfv_mcp.errors import ERRORS
from lfv_mcp.findings import FINDINGS
from tests.support.clients import run
from tests.support.evaluation_files import result_file
from tests.support.gate_archives import verdicts, write_manifest

PROJECT: Final = "circuit"
NUMBERED: Final = {"recall_at_least": 0.5, "false_alarms_at_most": 0.5}
"""Rules that any model of these tests passes."""


def gate(folder: Path | str, *arguments: object, version: str = "2", **environment: str) -> Result:
    """The command on a model of an archive."""
    return run("gate", PROJECT, version, "--source", folder, *arguments, **environment)


def judged(folder: Path, *arguments: object, version: str = "2") -> dict[str, Any]:
    """The gate's JSON; its exit code says the same."""
    result = gate(folder, *arguments, "--json", version=version)
    whole: dict[str, Any] = json.loads(result.stdout)
    assert set(whole) == {"passed", "rules", "findings"}, whole
    assert result.exit_code == (0 if whole["passed"] else 1)
    stops = [each for each in whole["findings"] if each.get("stops")]
    assert whole["passed"] is (all(rule["passed"] for rule in whole["rules"]) and not stops)
    return whole


def rule(whole: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in whole["rules"] if each["rule"] == name]
    assert set(found) == {"rule", "passed", "seen", "needed"}
    only: dict[str, Any] = found
    return only


def stopping(whole: dict[str, Any]) -> set[str]:
    return {each["code"] for each in whole["findings"] if each.get("stops")}


def wilson(count: int, images: int) -> tuple[float, float]:
    """The 95 % Wilson interval, by a library that is not ours."""
    low, high = proportion_confint(count, images, method="wilson")
    return float(low), float(high)


def archive(
    folder: Path,
    missed: Sequence[Sequence[int]],
    alarms: Sequence[Sequence[int]],
    *,
    defects: int,
    good: int,
) -> Path:
    """Versions 1, 2, ... that judged the same images, by the numbers of those judged wrongly."""
    for version, (lost, flagged) in enumerate(zip(missed, alarms, strict=True), start=1):
        write_manifest(folder, PROJECT, version, verdicts(defects, lost), verdicts(good, flagged))
    return folder


@pytest.fixture
def equal(tmp_path: Path) -> Path:
    """Two versions that err as often, on partly different images; 300 of each class."""
    return archive(
        tmp_path / "equal",
        [range(6), range(2, 8)],
        [range(8), range(3, 11)],
        defects=300,
        good=300,
    )


# Requirements


@pytest.mark.parametrize(("missed", "defects"), [(0, 73), (1, 110), (2, 142), (2, 45), (0, 1)])
@pytest.mark.parametrize(("alarms", "good"), [(3, 55), (0, 10)])
def test_a_requirement_passes_up_to_the_worse_end_of_the_interval(
    tmp_path: Path, missed: int, defects: int, alarms: int, good: int
) -> None:
    write_manifest(
        tmp_path, PROJECT, 2, verdicts(defects, range(missed)), verdicts(good, range(alarms))
    )
    low, high = wilson(defects - missed, defects)[0], wilson(alarms, good)[1]
    for flag, name, end, better in (
        ("--recall-at-least", "recall_at_least", low, -1e-6),
        ("--false-alarms-at-most", "false_alarms_at_most", high, 1e-6),
    ):
        for needed, passes in ((end + better, True), (end - better, False)):
            found = rule(judged(tmp_path, flag, needed), name)
            assert (found["passed"], found["needed"]) == (passes, pytest.approx(needed))
            seen = found["seen"]["low" if name == "recall_at_least" else "high"]
            assert seen == pytest.approx(end, abs=6e-7)  # six decimals


@pytest.mark.parametrize(("missed", "enough"), [(0, 73), (1, 110), (2, 142)])
def test_five_percent_of_escapes_are_shown_by_as_many_defects(
    tmp_path: Path, missed: int, enough: int
) -> None:
    for defects, passes in ((enough, True), (enough - 1, False)):
        write_manifest(tmp_path, PROJECT, 2, verdicts(defects, range(missed)), [True])
        result = gate(tmp_path, "--recall-at-least", "0.95")
        assert result.exit_code == (0 if passes else 1)
        line, *_, decision = result.stdout.splitlines()
        assert line.startswith("pass" if passes else "FAIL")
        assert decision == f"{'PASSED' if passes else 'FAILED'}: {PROJECT} 2"
        # Rounded to whole percents both ends would read 95.
        found = re.search(r"\(95 % interval ([0-9.]+) to ", line)
        assert found
        assert (float(found[1]) >= 95) is passes


def test_a_requirement_that_is_not_shown_says_what_it_would_take(tmp_path: Path) -> None:
    write_manifest(tmp_path, PROJECT, 2, verdicts(45, range(2)), verdicts(80, range(6)))
    line, other, *_ = gate(
        tmp_path, "--recall-at-least", "0.95", "--false-alarms-at-most", "0.03"
    ).stdout.splitlines()
    assert line == (
        "FAIL  recall_at_least 0.95: It caught 43 of 45 defects (95 % interval 85 to 99 %): at "
        "least 95 % is not shown. It would take 97 more defects without an error. If the rate is "
        "in truth as measured, more than 10,000 more defects would show it, with 80 % chance."
    )
    assert other == (
        "FAIL  false_alarms_at_most 0.03: It rejected 6 of 80 good parts (95 % interval 3.5 to "
        "15 %): at most 3 % is refuted."
    )


def test_a_class_without_images_fails_its_rule(tmp_path: Path) -> None:
    write_manifest(tmp_path, PROJECT, 2, verdicts(200, []), [])
    result = gate(tmp_path, "--recall-at-least", "0.9", "--false-alarms-at-most", "0.1", "--json")
    assert result.exit_code == 1
    assert (
        "error" in json.loads(result.stdout)
        or not judged(tmp_path, "--false-alarms-at-most", "0.1")["passed"]
    )


# Replacement


def test_an_equal_successor_passes_with_enough_images(equal: Path) -> None:
    whole = judged(equal, "--baseline", "1")
    assert whole["passed"]
    assert rule(whole, "replacement") == {
        "rule": "replacement",
        "passed": True,
        "seen": "accept",
        "needed": "accept",
    }


def test_an_equal_successor_is_undecided_on_few_images_and_fails(tmp_path: Path) -> None:
    archive(tmp_path, [[0], [1]], [[0], [1]], defects=20, good=20)
    whole = judged(tmp_path, "--baseline", "1")
    assert not whole["passed"]
    assert rule(whole, "replacement")["seen"] == "undecided"
    line, *_ = gate(tmp_path, "--baseline", "1").stdout.splitlines()
    assert line.startswith("FAIL  replacement: Undecided, where accept is needed. ")


def test_better_asks_for_proof(equal: Path, tmp_path: Path) -> None:
    whole = judged(equal, "--baseline", "1", "--better")
    assert (rule(whole, "replacement")["passed"], rule(whole, "better")["passed"]) == (True, False)
    assert (rule(whole, "better")["seen"], rule(whole, "better")["needed"]) == (
        "not_worse",
        "better",
    )
    archive(tmp_path, [range(30), range(5)], [range(5), range(5)], defects=300, good=300)
    whole = judged(tmp_path, "--baseline", "1", "--better")
    assert whole["passed"]
    assert rule(whole, "better")["seen"] == "better"


def test_a_worse_successor_is_rejected(tmp_path: Path) -> None:
    archive(tmp_path, [range(5), range(60)], [range(5), range(5)], defects=300, good=300)
    whole = judged(tmp_path, "--baseline", "1")
    assert rule(whole, "replacement")["seen"] == "reject"
    # The other way round it is accepted: the baseline is the one that is named so.
    assert judged(tmp_path, "--baseline", "2", version="1")["passed"]


def test_margins_are_those_given(equal: Path) -> None:
    passes = judged(
        equal, "--baseline", "1", "--recall-margin", "0.05", "--false-alarm-margin", "0.05"
    )
    fails = judged(equal, "--baseline", "1", "--recall-margin", "0.004")
    assert passes["passed"]
    assert rule(fails, "replacement")["seen"] == "undecided"


def test_a_successor_on_other_images_fails_however_good(tmp_path: Path) -> None:
    write_manifest(tmp_path, PROJECT, 1, verdicts(300, range(90)), verdicts(300, range(90)))
    write_manifest(tmp_path, PROJECT, 2, verdicts(300, []), verdicts(300, []), images="b")
    whole = judged(tmp_path, "--baseline", "1", "--better", "--recall-at-least", "0.9")
    assert [each["passed"] for each in whole["rules"]] == [True, False, False]
    assert rule(whole, "replacement")["seen"] == "undecided"
    assert rule(whole, "better")["seen"] == "not_comparable"
    assert "Not comparable" in gate(tmp_path, "--baseline", "1").stdout


def test_the_model_may_be_named_by_its_arn(equal: Path) -> None:
    arn = f"arn:aws:lookoutvision:us-east-1:111122223333:model/{PROJECT}/2"
    result = run("gate", arn, "2", "--baseline", "1", "--source", equal)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, f"PASSED: {arn} 2")


# Findings that fail the gate


def described(folder: Path, ended: str = "", **performance: float) -> None:
    """A saved DescribeModel answer of version 2."""
    arn = f"arn:aws:lookoutvision:us-east-1:111122223333:model/{PROJECT}/2"
    model = {"ModelVersion": "2", "ModelArn": arn, "Status": "TRAINED"}
    members = {"Performance": performance} if performance else {}
    evaluated = {"EvaluationEndTimestamp": ended} if ended else {}
    answer = {"ModelDescription": {**model, **members, **evaluated}}
    (folder / "described.json").write_text(json.dumps(answer))


def with_result(folder: Path, images: int, **metrics: float) -> None:
    """An EvaluationResult of version 2."""
    whole = result_file(**metrics)
    whole["EvaluationDetails"]["ModelArn"] = (
        f"arn:aws:lookoutvision:us-east-1:111122223333:model/{PROJECT}/2"
    )
    whole["EvaluationDetails"]["NumberOfTestingImages"] = images
    (folder / f"EvaluationResult-{PROJECT}-2.json").write_text(json.dumps(whole))


def spoil(folder: Path, code: str) -> None:
    """Change the files of version 2 so that the finding is there."""
    path = folder / f"EvaluationManifest-{PROJECT}-2.json"
    lines = path.read_text().splitlines()
    right = {"Precision": 0.98, "Recall": 0.98, "F1Score": 0.98}
    match code:
        case "description_disagrees":
            described(folder, F1Score=0.5, Precision=0.5, Recall=0.5)
        case "metrics_disagree":
            with_result(folder, 600, Precision=0.5, Recall=0.5, F1Score=0.5)
        case "test_set_size_differs":
            with_result(folder, 700, **right)
        case "unusable_lines":
            path.write_text("\n".join([*lines, '{"source-ref": "s3://bucket/x.png"}']) + "\n")
        case "duplicate_images":
            path.write_text("\n".join([*lines, lines[-1]]) + "\n")
        case "evaluation_mismatch":
            described(folder, ended="2025-01-01T00:00:00+00:00")
            with_result(folder, 600, **right)
        case "files_unread":
            (folder / "EvaluationManifest-cut.json.gz").write_bytes(b"\x1f\x8b\x08\x00 cut")
        case _:
            raise AssertionError(code)


@pytest.mark.parametrize(
    "code",
    [
        "description_disagrees",
        "evaluation_mismatch",
        "metrics_disagree",
        "test_set_size_differs",
        "unusable_lines",
        "duplicate_images",
        "files_unread",
    ],
)
def test_evidence_that_may_be_wrong_fails_whatever_it_says(equal: Path, code: str) -> None:
    assert judged(equal, "--recall-at-least", "0.5")["passed"]
    spoil(equal, code)
    alone = judged(equal, "--recall-at-least", "0.5")
    assert all(each["passed"] for each in alone["rules"])
    assert code in stopping(alone)
    # As the baseline of another version it fails that one too.
    assert code in stopping(judged(equal, "--baseline", "2", version="1"))
    text = gate(equal, "--recall-at-least", "0.5").stdout
    assert re.search(rf"(?m)^FAIL  {code}: .+$", text)
    assert text.endswith(f"FAILED: {PROJECT} 2\n")


def test_the_stopping_codes_are_those_that_exist() -> None:
    assert set(FINDINGS) >= STOPPING


def test_a_finding_is_told_once_and_says_of_which_version(equal: Path) -> None:
    spoil(equal, "duplicate_images")
    spoil(equal, "files_unread")
    whole = judged(equal, "--baseline", "1")
    said = [(each["code"], each["message"]) for each in whole["findings"]]
    assert len(said) == len(set(said))
    assert [code for code, _ in said].count("files_unread") == 1
    (duplicates,) = [message for code, message in said if code == "duplicate_images"]
    assert duplicates.startswith("Version 2")


# What cannot be judged


def error_of(result: Result) -> dict[str, str]:
    assert result.exit_code == 1
    error: dict[str, str] = json.loads(result.stdout)["error"]
    assert set(error) == {"code", "message", "next_step"}
    assert error["code"] in ERRORS
    return error


@pytest.mark.parametrize(
    ("arguments", "version", "code"),
    [
        (("--baseline", "9"), "2", "model_not_found"),
        (("--recall-at-least", "0.9"), "9", "model_not_found"),
        (("--recall-at-least", "1.5"), "2", "invalid_argument"),
        (("--baseline", "1", "--recall-margin", "0"), "2", "invalid_argument"),
        (("--baseline", "1", "--false-alarm-margin", "0.3"), "2", "invalid_argument"),
        (("--baseline", "2"), "2", "invalid_argument"),
        (("--baseline", ""), "2", "invalid_argument"),
        (("--recall-at-least", "0.9"), "", "invalid_argument"),
        (("--recall-at-least", "0.9"), "null", "invalid_argument"),
    ],
)
def test_what_cannot_be_judged_is_an_error(
    equal: Path, tmp_path: Path, arguments: tuple[str, ...], version: str, code: str
) -> None:
    report = tmp_path / "gate.xml"
    result = gate(equal, *arguments, "--json", "--junit", report, version=version)
    assert error_of(result)["code"] == code
    (suite,) = JUnitXml.fromfile(str(report))
    assert (suite.failures, suite.errors, suite.tests) == (0, 1, 1)
    ((told,),) = [case.result for case in suite]
    assert isinstance(told, Error)
    assert told.type == code


def test_missing_evidence_is_an_error_that_says_which(equal: Path) -> None:
    described(equal)
    (equal / f"EvaluationManifest-{PROJECT}-2.json").unlink()
    for arguments, version in (
        (("--recall-at-least", "0.9"), "2"),
        (("--baseline", "1"), "2"),
        (("--baseline", "2"), "1"),
    ):
        error = error_of(gate(equal, *arguments, "--json", version=version))
        assert error["code"] == "evidence_unavailable"


def test_a_result_without_its_manifest_cannot_replace(equal: Path) -> None:
    (equal / f"EvaluationManifest-{PROJECT}-2.json").unlink()
    with_result(equal, 600, Precision=0.98, Recall=0.98, F1Score=0.98)
    error = error_of(gate(equal, "--baseline", "1", "--json"))
    assert error["code"] == "evidence_unavailable"


def test_a_source_that_is_none_is_an_error(tmp_path: Path) -> None:
    report = tmp_path / "gate.xml"
    result = gate(tmp_path / "nowhere", "--recall-at-least", "0.9", "--junit", report, "--json")
    assert error_of(result)["code"] == "source_unusable"
    (suite,) = JUnitXml.fromfile(str(report))
    assert suite.errors == 1


# What cannot be parsed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "A gate needs a rule"),
        (("--better",), "--better compares with a baseline"),
        (("--recall-margin", "0.05"), "--recall-margin compares"),
        (("--recall-at-least", "0.9", "--false-alarm-margin", "0.05"), "--false-alarm-margin"),
        (("--recall-at-least", "0.9", "--better"), "--better"),
    ],
)
def test_a_gate_without_a_rule_or_a_baseline_is_refused(
    equal: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    report = tmp_path / "gate.xml"
    result = gate(equal, *arguments, "--json", "--junit", report)
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "usage_error"
    assert said in error["message"]
    assert not report.exists()


# The sample


@pytest.fixture
def sample_gate() -> tuple[str, ...]:
    """A gate that the sample passes."""
    return ("gate", "sample-weld-bead", "3", "--recall-at-least", "0.85")


def test_the_sample_passes_only_where_it_is_written(sample_gate: tuple[str, ...]) -> None:
    assert run(*sample_gate, "--source", "sample").exit_code == 0
    for environment in ({}, {"LFV_SOURCE": "sample"}, {"LFV_SOURCE": "${ARCHIVE}"}):
        result = run(*sample_gate, **environment)
        assert result.exit_code == 1
        assert "FAIL  sample_data: The bundled sample answered" in result.stdout
        assert "write --source sample" in result.stdout
    # A pipeline's variable that was not filled in.
    assert run(*sample_gate, "--source", "${ARCHIVE}").exit_code == 1
    assert run(*sample_gate, "--source", "").exit_code == 1


def test_the_sample_says_so_in_json(sample_gate: tuple[str, ...]) -> None:
    whole = json.loads(run(*sample_gate, "--json").stdout)
    assert not whole["passed"]
    assert [each["passed"] for each in whole["rules"]] == [True]
    assert stopping(whole) == {"sample_data"}


def test_a_copy_of_the_sample_is_an_archive(tmp_path: Path, sample_gate: tuple[str, ...]) -> None:
    shutil.copytree(SAMPLE, tmp_path / "copy")
    assert run(*sample_gate, LFV_SOURCE=str(tmp_path / "copy")).exit_code == 0


# JUnit


def test_junit_has_a_case_for_each_rule_and_one_for_findings(equal: Path, tmp_path: Path) -> None:
    report = tmp_path / "gate.xml"
    given = ("--recall-at-least", "0.995", "--baseline", "1", "--better", "--junit", report)
    assert gate(equal, *given).exit_code == 1
    (suite,) = JUnitXml.fromfile(str(report))
    assert suite.name == f"{PROJECT} 2"
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (4, 2, 0, 0)
    results = {case.name: [type(told) for told in case.result] for case in suite}
    assert results == {
        "recall_at_least 0.995": [Failure],
        "replacement": [],
        "better": [Failure],
        "findings": [],
    }
    assert [case.result[0].type for case in suite if case.result] == ["refuted", "not_worse"]
    properties = {each.name: each.value for each in suite.properties()}  # type: ignore[no-untyped-call]
    assert properties == {"recall-at-least": "0.995", "baseline": "1", "better": "True"}
    spoil(equal, "duplicate_images")
    gate(equal, "--recall-at-least", "0.5", "--junit", report)
    (suite,) = JUnitXml.fromfile(str(report))
    assert {case.name: [told.type for told in case.result] for case in suite} == {
        "recall_at_least 0.5": [],
        "findings": ["duplicate_images"],
    }


def test_a_gate_that_could_not_judge_speaks_of_commands_everywhere(
    equal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    report = tmp_path / "gate.xml"
    for given in (("--baseline", "9"), ("--recall-at-least", "4")):
        result = gate(equal, *given, "--junit", report)
        assert result.exit_code == 1
        for said in (result.output, report.read_text("utf-8")):
            assert not re.search(r"_models?\b|_name=|_version|recall_at_least=|call again", said)


def test_stdout_is_no_file_beside_the_answer(
    equal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    for words in (
        ("gate", PROJECT, "2", "--recall-at-least", "0.5", "--junit", "-", "--source", str(equal)),
        ("compare", PROJECT, "1", "2", "--csv", "-", "--source", str(equal)),
        ("evaluate", PROJECT, "--html", "-", "--source", str(equal)),
        ("config", "cursor", "--write", "-"),
    ):
        result = run(*words)
        assert result.exit_code in (1, 2)
        assert "stdout" in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_report_that_cannot_be_written_is_an_error(equal: Path, tmp_path: Path) -> None:
    target = tmp_path / "no" / "gate.xml"
    result = gate(equal, "--recall-at-least", "0.5", "--junit", target, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["passed"]  # the one document, and the error for people
    assert "[output_failed]" in result.stderr
    assert not target.parent.exists()
    # Why there is no decision is said first.
    result = gate(equal, "--baseline", "9", "--junit", target, "--json")
    assert error_of(result)["code"] == "model_not_found"
    assert "output_failed" in result.stderr


def test_an_old_report_is_replaced_whole(equal: Path, tmp_path: Path) -> None:
    target = tmp_path / "gate.xml"
    target.write_text("x" * 100_000)
    gate(equal, "--recall-at-least", "0.5", "--junit", target)
    assert len(JUnitXml.fromfile(str(target))) == 1
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["gate.xml"]


# In a GitHub job

HOSTILE: Final = "x%0A::error::gotcha,y ##[add-mask]circuit ::stop-commands::t.json.gz"


def annotation_lines(output: str, level: str = "") -> list[str]:
    return [line for line in output.splitlines() if line.lstrip().startswith(f"::{level}")]


def test_annotations_say_what_failed_and_what_warns(equal: Path) -> None:
    spoil(equal, "duplicate_images")
    result = gate(equal, "--recall-at-least", "0.995", "--baseline", "1", GITHUB_ACTIONS="true")
    found = annotation_lines(result.stdout)
    assert found[0].startswith(
        "::error title=lfv-mcp gate%3A recall_at_least::It caught 294 of 300"
    )
    assert "(95 %25 interval" in found[0]
    assert any(a.startswith("::error title=lfv-mcp gate%3A duplicate_images::") for a in found)
    assert annotation_lines(gate(equal, "--recall-at-least", "0.995").output) == []


def test_with_json_they_go_to_stderr(equal: Path) -> None:
    result = gate(equal, "--recall-at-least", "0.995", "--json", GITHUB_ACTIONS="true")
    assert not json.loads(result.stdout)["passed"]
    assert annotation_lines(result.stdout) == []
    assert len(annotation_lines(result.stderr, "error")) == 1


def test_an_error_is_annotated(equal: Path) -> None:
    result = gate(equal, "--baseline", "9", GITHUB_ACTIONS="true")
    (found,) = annotation_lines(result.stdout)
    assert found.startswith("::error title=lfv-mcp gate%3A model_not_found::")
    assert "[model_not_found]" in result.stderr


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize("baseline", ["1", "9"])
def test_no_name_of_a_file_becomes_a_command(
    equal: Path, as_json: tuple[str, ...], baseline: str
) -> None:
    (equal / HOSTILE.replace("%0A", "\n")).write_bytes(b"\x1f\x8b\x08\x00 cut")
    (equal / HOSTILE).write_bytes(b"\x1f\x8b\x08\x00 cut")
    result = gate(equal, "--baseline", baseline, *as_json, GITHUB_ACTIONS="true")
    assert result.exit_code == 1
    for line in result.output.splitlines():
        assert "##[" not in line
        if line.lstrip().startswith("::"):
            assert re.match(r"::(?:error|warning) title=lfv-mcp gate%3A \w+::(?!.*::)", line)
    if as_json:
        json.loads(result.stdout)


# As a process


@pytest.mark.slow
def test_as_a_process_in_a_job(equal: Path, tmp_path: Path) -> None:
    report = tmp_path / "gate.xml"
    command = [sys.executable, "-m", "lfv_mcp", "gate", PROJECT, "2", "--source", str(equal)]
    for more, code in ((["--baseline", "1"], 0), (["--baseline", "1", "--better"], 1)):
        done = subprocess.run(
            [*command, *more, "--junit", str(report)],
            capture_output=True,
            text=True,
            check=False,
            env={"GITHUB_ACTIONS": "true", "PATH": "", "HOME": str(tmp_path)},
        )
        assert (done.returncode, done.stderr) == (code, "")
        assert len(annotation_lines(done.stdout, "error")) == code
        (suite,) = JUnitXml.fromfile(str(report))
        assert suite.failures == code


@pytest.mark.parametrize(
    ("margin", "passes"), [(0.2, True), (0.05, True), (0.03, True), (0.006, False)]
)
def test_wider_margins_never_fail_what_narrower_ones_pass(
    equal: Path, margin: float, passes: bool
) -> None:
    given = ("--recall-margin", margin, "--false-alarm-margin", margin)
    assert judged(equal, "--baseline", "1", *given)["passed"] is passes
