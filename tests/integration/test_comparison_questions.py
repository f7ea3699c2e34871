"""compare_models through the tool and the command: worked answers, margins, sizes and edges."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import EllipsisType
from typing import Any, Final

import anyio
import pytest

from lfv_mcp.cli.words import text_in_words
from lfv_mcp.server.size_limits import MAX_RESULT_BYTES, json_size
from tests.support.clients import door, run, text
from tests.support.comparisons import (
    CASES,
    Baseline,
    Change,
    baseline_images,
    changed_images,
    write_case,
    write_version,
)

pytestmark = pytest.mark.anyio

SAMPLE: Final = "sample"
CUT: Final = re.compile(r"\(\d+ more in the structured result\)")


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of every worked case."""
    folder = tmp_path_factory.mktemp("comparisons")
    for name in CASES:
        write_case(folder, name)
    return folder


async def answers(
    source: Path | str, project: str, versions: Sequence[str], **asked: float
) -> tuple[str, dict[str, Any]]:
    """Both halves of the tool's answer; the command prints the one and, with --json, the other."""
    question = {"project_name": project, "model_versions": list(versions), **asked}
    async with door(source) as ask:
        result = await ask.client.call_tool("compare_models", question)
    assert not result.is_error, text(result)
    structure = result.structured_content
    assert structure is not None
    names = {"max_examples": "--examples"}
    flags = [
        part
        for name, value in asked.items()
        for part in (names.get(name, f"--{name.replace('_', '-')}"), value)
    ]
    command = ("compare", project, *versions, *flags, "--source", source)
    printed = await anyio.to_thread.run_sync(lambda: run(*command))
    as_json = await anyio.to_thread.run_sync(lambda: run(*command, "--json"))
    assert printed.exit_code == as_json.exit_code == 0, printed.output
    told = text_in_words(text(result), structure)
    if CUT.search(told):  # a terminal shows all of it
        assert {*CUT.sub("", told).splitlines()} <= {*printed.stdout.splitlines(), ""}
    else:
        assert printed.stdout.rstrip("\n") == told
    assert json.loads(as_json.stdout) == structure
    return text(result), structure


def as_d(rate: Mapping[str, float], *, is_recall: bool) -> tuple[float, float, float]:
    """A rate's difference and interval with the sign that speaks for the candidate."""
    if is_recall:
        return rate["difference"], rate["low"], rate["high"]
    return -rate["difference"], -rate["high"], -rate["low"]


def near(*values: float) -> object:
    return pytest.approx(values, abs=0.00051)


# The worked answers: verdict and D with its interval of each question, overall, replacement

WORKED: Final = (
    ("hidden", ("worse", -0.2, -0.330, -0.112), ("not_worse", 0, -0.0229, 0.0229), "worse/reject"),
    (
        "falsetrade",
        ("worse", -0.1, -0.1494, -0.0657),
        ("not_worse", 0.005, -0.014, 0.028),
        "worse/reject",
    ),
    ("same", ("not_worse", 0, -0.037, 0.037), ("not_worse", 0, -0.037, 0.037), "not_worse/accept"),
    (
        "tiny",
        ("undecided", -0.3, -0.603, 0.061),
        ("undecided", -0.1, -0.404, 0.205),
        "undecided/undecided",
    ),
    ("holm", ("better", 0.07, 0.030, 0.138), ("not_worse", 0.03, -0.008, 0.085), "better/accept"),
)


@pytest.mark.parametrize(("project", "recall", "alarms", "overall"), WORKED)
async def test_each_worked_answer_of_two_versions(
    worked: Path, project: str, recall: Any, alarms: Any, overall: str
) -> None:
    words, structure = await answers(worked, project, ["1", "2"])
    row = structure["models"][1]
    assert f"{row['verdict']}/{row['replacement']}" == overall
    for rate, expected, is_recall in (
        (row["recall"], recall, True),
        (row["false_alarm_rate"], alarms, False),
    ):
        assert rate["verdict"] == expected[0]
        assert as_d(rate, is_recall=is_recall) == near(*expected[1:])
        assert "decision_low" not in rate
    says = {"accept": " may replace ", "reject": " may not replace ", "undecided": "undecided"}
    assert says[row["replacement"]] in words.splitlines()[0]
    assert "equal" not in words.replace("which is not equal", "").replace("in truth equal", "")
    assert structure["margins_given"] == []
    assert "Margins: 5 points of recall (by default)" in words


async def test_a_recall_that_falls_is_proven_though_accuracy_would_hide_it(worked: Path) -> None:
    words, structure = await answers(worked, "hidden", ["1", "2"])
    recall = structure["models"][1]["recall"]
    assert recall["p_value"] == pytest.approx(0.000977, abs=1e-6)
    assert recall["p_adjusted"] == pytest.approx(0.00195, abs=1e-5)
    assert (recall["images"], recall["only_baseline_right"], recall["only_this_right"]) == (
        50,
        10,
        0,
    )
    assert structure["models"][1]["changed"]["newly_missed"]["count"] == 10
    assert structure["best"] == "1"
    assert "recall is worse: −20 points (−33 to −11)" in words.lower()


@pytest.mark.slow
async def test_holm_among_ten_versions(worked: Path) -> None:
    versions = [str(v) for v in range(1, 11)]
    words, structure = await answers(worked, "holm", versions)
    second, *rest = structure["models"][1:]
    assert second["recall"]["p_adjusted"] == pytest.approx(0.141, abs=0.0005)
    assert second["recall"]["smallest_margin_shown"] == pytest.approx(0.0064, abs=0.00005)
    assert second["false_alarm_rate"]["smallest_margin_shown"] == pytest.approx(0.0435, abs=5e-5)
    assert (second["verdict"], second["replacement"]) == ("not_worse", "accept")
    assert {(row["verdict"], row["replacement"]) for row in rest} == {("undecided", "undecided")}
    assert "best" not in structure
    assert "Nine pairs were compared, so each had to pass a stricter test." in words
    assert "which is not yet proof with so many questions asked" in words
    named = [
        image
        for row in structure["models"][1:]
        for images in row["changed"].values()
        for image in images["images"]
    ]
    assert len(named) + len(structure["labels_to_doubt"]) <= 40


async def test_weld_bead_2_and_3() -> None:
    words, structure = await answers(SAMPLE, "sample-weld-bead", ["2", "3"])
    row = structure["models"][1]
    recall, alarms = row["recall"], row["false_alarm_rate"]
    assert (recall["difference"], recall["low"], recall["high"]) == near(0.1556, 0.0310, 0.2968)
    assert (alarms["difference"], alarms["low"], alarms["high"]) == near(-0.0182, -0.1191, 0.0784)
    assert recall["p_adjusted"] == pytest.approx(0.043, abs=0.0005)
    assert alarms["smallest_margin_shown"] == pytest.approx(0.0784, abs=5e-5)
    assert alarms["images_needed"] == 310
    assert (row["verdict"], row["replacement"]) == ("undecided", "undecided")
    auc = row["roc_auc"]
    assert (auc["difference"], auc["low"], auc["high"]) == near(0.0945, 0.0195, 0.1696)
    assert auc["p_value"] == pytest.approx(0.0136, abs=5e-5)
    assert words.startswith(
        "Version 3 is proven better in recall; false alarms undecided; so not yet shown that it "
        "may replace version 2 of sample-weld-bead"
    )
    assert "Recall is better: +16 points (+3 to +30)" in words
    assert "false alarms are undecided (which is not equal): −2 points (−12 to +8)" in words
    assert "about 310 more good parts would decide, if the two are in truth equal" in words
    assert "Of 45 defects version 3 alone caught 8, version 2 alone 1" in words
    assert "Of 55 good parts version 3 alone passed 3, version 2 alone 2" in words


async def test_weld_bead_1_against_2_and_3() -> None:
    words, structure = await answers(SAMPLE, "sample-weld-bead", ["1", "2", "3"])
    adjusted = [
        (row["recall"]["p_adjusted"], row["false_alarm_rate"]["p_adjusted"])
        for row in structure["models"][1:]
    ]
    assert adjusted == [
        (pytest.approx(0.0313, abs=6e-5), pytest.approx(0.0234, abs=0.0001)),
        (pytest.approx(0.00098, abs=5e-6), pytest.approx(0.0059, abs=0.0001)),
    ]
    for row in structure["models"][1:]:
        assert (row["verdict"], row["replacement"]) == ("better", "accept")
        assert row["recall"]["decision_low"] < row["recall"]["low"]
    assert "Two pairs were compared, so each had to pass a stricter test." in words


# Smallest margins, default margins and images needed


@pytest.mark.parametrize(
    ("won", "lost", "good", "k", "margin", "needed"),
    [
        (3, 3, 200, 1, 0.0302, None),
        (3, 3, 200, 2, 0.0363, None),
        (3, 3, 200, 3, 0.0399, None),
        (3, 3, 200, 5, 0.0443, None),
        (4, 6, 300, 1, 0.0314, None),
        (4, 6, 300, 2, 0.0360, None),
        (4, 6, 300, 3, 0.0387, None),
        (4, 6, 300, 5, 0.0420, None),
        (3, 2, 55, 1, 0.0784, 310),
        (3, 2, 55, 2, 0.0975, 390),
        (3, 2, 55, 3, 0.1083, 430),
        (3, 2, 55, 5, 0.1218, ...),
        (2, 2, 40, 1, 0.1252, 360),
        (2, 2, 40, 2, None, 450),
        (0, 12, 400, 1, None, 450),
        (2, 12, 300, 1, None, 1300),
    ],
)
async def test_smallest_margins_and_images_needed(
    tmp_path: Path,
    won: int,
    lost: int,
    good: int,
    k: int,
    margin: float | None,
    needed: int | EllipsisType | None,
) -> None:
    """The other candidates of several judge as the baseline does."""
    counts = Baseline(5, 60, max(won, 8), good)
    write_version(tmp_path, "p", 1, baseline_images(counts))
    change = Change(alarms_more=lost, alarms_fewer=won)
    for version in range(2, 2 + k):
        write_version(
            tmp_path, "p", version, changed_images(counts, change if version == 2 else Change())
        )
    versions = [str(v) for v in range(1, 2 + k)]
    words, structure = await answers(tmp_path, "p", versions, false_alarm_margin=0.05)
    rate = structure["models"][1]["false_alarm_rate"]
    if margin is not None:
        assert rate["smallest_margin_shown"] == pytest.approx(margin, abs=0.00005)
    if needed is ...:
        needed = rate["images_needed"]
        assert isinstance(needed, int)
    assert rate.get("images_needed") == needed
    if needed:
        what = "tell whether" if rate["verdict"] == "worse" else "decide"
        assert f"about {needed:,} more good parts would {what}" in words
    assert "call again" not in words


@pytest.mark.slow
@pytest.mark.parametrize(("enough", "k"), [(73, 1), (96, 2), (109, 3), (127, 5)])
async def test_images_that_show_equal_models_not_to_be_worse(
    tmp_path: Path, enough: int, k: int
) -> None:
    """Where both judge every image alike, so many good parts hold a margin of 5 points."""
    for good, verdict in ((enough, "not_worse"), (enough - 1, "undecided")):
        folder = tmp_path / str(good)
        folder.mkdir()
        for version in range(1, 2 + k):
            write_version(folder, "p", version, baseline_images(Baseline(5, 60, 3, good)))
        versions = [str(v) for v in range(1, 2 + k)]
        _, structure = await answers(folder, "p", versions, false_alarm_margin=0.05)
        rate = structure["models"][1]["false_alarm_rate"]
        assert rate["verdict"] == verdict
        assert (rate["smallest_margin_shown"] < 0.05) is (verdict == "not_worse")


@pytest.mark.parametrize(
    ("errors", "images", "margin", "said"),
    [
        (5, 1000, 0.014, "1.4 points"),
        (0, 1000, 0.0057, "0.57 points"),
        (20, 1000, 0.032, "3.2 points"),
        (0, 200, 0.028, "2.8 points"),
        (1, 200, 0.036, "3.6 points"),
        (2, 200, 0.044, "4.4 points"),
        (3, 200, 0.05, "5 points"),
        (2, 400, 0.022, "2.2 points"),
        (4, 55, 0.05, "5 points"),
        (10, 100, 0.05, "5 points"),
    ],
)
async def test_default_margins(
    tmp_path: Path, errors: int, images: int, margin: float, said: str
) -> None:
    counts = Baseline(9, 45, errors, images)
    for version in (1, 2):
        write_version(tmp_path, "p", version, baseline_images(counts))
    words, structure = await answers(tmp_path, "p", ["1", "2"])
    assert structure["false_alarm_margin"] == margin
    assert structure["recall_margin"] == 0.05
    assert f"{said} of false alarms (by default" in words


@pytest.mark.slow
async def test_a_margin_wider_than_the_default_is_said_with_what_it_allows(tmp_path: Path) -> None:
    counts = Baseline(50, 1000, 5, 1000)
    for version in (1, 2):
        write_version(tmp_path, "p", version, baseline_images(counts))
    words, structure = await answers(tmp_path, "p", ["1", "2"], false_alarm_margin=0.05)
    (wide,) = [f for f in structure["findings"] if f["code"] == "margin_wide"]
    assert wide["message"] == (
        "5 points would let false alarms rise from 0.5 % to 5.5 %, 11 times as many. The data "
        "show: not worse by more than 0.39 points."
    )
    assert wide["message"] in words
    assert structure["margins_given"] == ["false_alarm"]
    assert structure["recall_margin"] == 0.05  # one never inherits the other
    _, narrow = await answers(tmp_path, "p", ["1", "2"], false_alarm_margin=0.01)
    assert "margin_wide" not in {f["code"] for f in narrow["findings"]}


async def test_a_proven_loss_within_the_margin_leads_with_both(tmp_path: Path) -> None:
    counts = Baseline(30, 1000, 10, 200)
    write_version(tmp_path, "p", 1, baseline_images(counts))
    write_version(tmp_path, "p", 2, changed_images(counts, Change(25, 0)))
    words, structure = await answers(tmp_path, "p", ["1", "2"], recall_margin=0.05)
    row = structure["models"][1]
    assert (row["recall"]["verdict"], row["verdict"]) == ("worse", "worse")
    assert row["replacement"] == "accept"
    assert words.startswith(
        "Accepted within the 5 points you allowed, but proven worse: version 2 misses 2.5 points "
        "more of the defects (1.7 to 3.7); version 2 may replace version 1 of p."
    )


@pytest.mark.parametrize("name", ["recall_margin", "false_alarm_margin"])
async def test_a_margin_that_is_none_is_refused_with_the_rule(name: str) -> None:
    flag = f"--{name.replace('_', '-')}"
    async with door(SAMPLE) as ask:
        for value in (0, -0.1, 0.21, "much", True):
            error = await ask.refused(
                "compare_models",
                project_name="sample-weld-bead",
                model_versions=["2", "3"],
                **{name: value},
            )
            assert error["code"] == "invalid_argument"
            assert "above 0 and at most 0.2" in error["message"]
    refused = await anyio.to_thread.run_sync(
        lambda: run("compare", "sample-weld-bead", "2", "3", flag, 0.3, "--source", SAMPLE)
    )
    assert refused.exit_code == 1
    assert flag in refused.stderr
    assert "above 0 and at most 0.2" in refused.stderr


# Other images, no counts


async def test_other_images_have_differences_and_no_verdict() -> None:
    words, structure = await answers(SAMPLE, "sample-weld-bead", ["3", "4"])
    row = structure["models"][1]
    assert (row["verdict"], row["replacement"]) == ("not_comparable", "undecided")
    recall = row["recall"]
    assert (recall["difference"], recall["low"], recall["high"]) == near(-0.098, -0.253, 0.033)
    for rate in (recall, row["false_alarm_rate"]):
        assert set(rate) == {"difference", "low", "high", "verdict"}
        assert rate["verdict"] == "undecided"
    assert "best" not in structure
    assert "0 of 100 are shared" in words.splitlines()[0]
    other, _ = await answers(SAMPLE, "sample-cap-seal", ["2", "3"])
    assert other.startswith("Nothing is decided about versions 2 and 3")  # one rule for both


async def test_counts_recovered_of_the_sample_are_compared_without_a_verdict() -> None:
    """0 of 10 defects missed and no false alarm, then 2 of 25 and 2 of 35."""
    words, structure = await answers(SAMPLE, "sample-label-check", ["1", "3"])
    assert "the images of version 3 are not known" in words.splitlines()[0]
    row = structure["models"][1]
    assert (row["verdict"], row["replacement"]) == ("not_comparable", "undecided")
    assert row["recall"]["difference"] == pytest.approx(-0.08)
    assert row["false_alarm_rate"]["difference"] == pytest.approx(2 / 35, abs=1e-6)


async def test_one_version_with_metrics_has_nothing_to_be_compared_with() -> None:
    words, structure = await answers(SAMPLE, "sample-cap-seal", ["5", "3"])
    assert words.startswith("Only version 3 has metrics, so there is nothing to compare")
    assert structure["best_reason"].startswith("Only version 3 has metrics")


# Sizes


@pytest.mark.slow
async def test_ten_versions_with_long_names_fit_one_answer(tmp_path: Path) -> None:
    counts = Baseline(30, 100, 30, 100)
    folder = "s3://" + "b" * 60 + "/" + "long/" * 190
    for version in range(1, 11):
        change = Change() if version == 1 else Change(25, 12, 25, 12)
        write_version(tmp_path, "p", version, changed_images(counts, change, folder))
    versions = [str(v) for v in range(1, 11)]
    words, structure = await answers(tmp_path, "p", versions, max_examples=20)
    assert json_size(structure) + json_size(words) <= MAX_RESULT_BYTES
    assert len(structure["models"]) == 10
    assert "answer_shortened" in {f["code"] for f in structure["findings"]}
    assert len(structure["labels_to_doubt"]) == 20
    for row in structure["models"][1:]:
        assert row["changed"]["newly_missed"]["count"] == 25
    assert "cuts_chosen_here" in words


async def test_an_answer_about_two_names_twenty_images_at_most(worked: Path) -> None:
    _, structure = await answers(worked, "hidden", ["1", "2"], max_examples=20)
    lists = structure["models"][1]["changed"]
    named = {name: len(images["images"]) for name, images in lists.items()}
    assert sum(named.values()) + len(structure["labels_to_doubt"]) == 20
    assert named == {
        "newly_missed": 5,
        "newly_caught": 0,
        "newly_rejected": 5,
        "newly_passed": 5,
    }
    assert len(structure["labels_to_doubt"]) == 5  # shortened last
    assert "answer_shortened" in {f["code"] for f in structure["findings"]}
