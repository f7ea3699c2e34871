"""What people ask of an evaluation, through the tool and the command: the answer is about that."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import anyio
import pytest
from mcp import Client
from scipy.stats import binomtest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tests.support.clients import door, run, text

pytestmark = pytest.mark.anyio

FLAGS: Final = {
    "defect_rate": "--defect-rate",
    "threshold": "--threshold",
    "cost_of_escape": "--cost-of-escape",
    "cost_of_false_reject": "--cost-of-false-reject",
    "recall_at_least": "--recall-at-least",
    "false_alarms_at_most": "--false-alarms-at-most",
    "max_examples": "--examples",
}
Asked = Mapping[str, float]


async def by_tool(client: Client, project: str, version: str, **asked: float) -> tuple[str, Any]:
    """Both halves of the tool's answer."""
    arguments = {"project_name": project, "model_version": version, **asked}
    result = await client.call_tool("analyze_evaluation", arguments)
    assert not result.is_error, text(result)
    return text(result), result.structured_content


def by_command(project: str, version: str, *more: str, **asked: float) -> str:
    """What `lfv-mcp evaluate` prints."""
    flags = [part for name, value in asked.items() for part in (FLAGS[name], str(value))]
    result = run("evaluate", project, version, *flags, *more, "--source", "sample")
    assert result.exit_code == 0, result.output
    return result.stdout


async def answers(
    client: Client, project: str, version: str, **asked: float
) -> tuple[str, Any, str]:
    """The tool's two halves, and the command's tables; the command's JSON is the tool's."""
    words, structure = await by_tool(client, project, version, **asked)
    printed = await anyio.to_thread.run_sync(lambda: by_command(project, version, **asked))
    as_json = await anyio.to_thread.run_sync(
        lambda: by_command(project, version, "--json", **asked)
    )
    assert json.loads(as_json) == structure
    return words, structure, printed


# The answer is about the cut that was asked for


async def test_with_a_threshold_everything_is_about_that_cut(client: Client) -> None:
    asked = {"threshold": 0.4, "defect_rate": 0.005, "recall_at_least": 0.9}
    words, structure, printed = await answers(client, "sample-weld-bead", "3", **asked)
    assert structure["line"]["false_rejects_per_million"]["value"] == 90_454.5  # not 54,273
    assert structure["threshold"]["at"]["false_positives"] == 5
    assert structure["examples"]["false_alarms"]["count"] == 5
    assert structure["requirements"][0]["seen"]["value"] == pytest.approx(43 / 45, abs=1e-6)
    for said in (words, printed):
        assert said.startswith(
            "At a cut of 0.4 sample-weld-bead version 3 (synthetic sample) would have caught 43 of "
            "45 defects (95 % interval 85 to 99 %) and have rejected 5 of 55 good parts (95 % "
            "interval 4 to 20 %)."
        )
        assert "about 90,000 good parts are rejected" in said
        assert "54,0" not in said


async def test_at_a_cut_that_misses_none_no_missed_defect_is_named(client: Client) -> None:
    words, structure, printed = await answers(client, "sample-weld-bead", "3", threshold=0.2)
    assert structure["examples"]["missed_defects"] == {"count": 0, "images": []}
    assert structure["threshold"]["at"]["false_negatives"] == 0
    for said in (words, printed):
        assert "Missed defects (" not in said
        assert "caught 45 of 45 defects" in said


async def test_a_cut_that_scores_do_not_explain_cannot_be_answered(client: Client) -> None:
    asked = {"threshold": 0.5, "defect_rate": 0.01, "cost_of_escape": 10, "cost_of_false_reject": 1}
    words, structure, printed = await answers(client, "sample-bottle-neck", "2", **asked)
    assert {"line", "examples"}.isdisjoint(structure)
    assert structure["threshold"] == {"rule_holds": False}
    assert {"cheapest", "indistinguishable", "at", "difference"}.isdisjoint(structure["cost"])
    assert {"built_in", "reject_nothing", "reject_everything"} <= set(structure["cost"])
    found = {f["code"] for f in structure["findings"]}
    assert {"threshold_unanswerable", "three_policies_only", "scores_unusable"} <= found
    for said in (words, printed):
        assert said.startswith("What a cut of 0.5 does cannot be said: no threshold on scores")
        assert "three_policies_only" in said


async def test_the_cuts_are_there_only_where_they_are_asked_for_or_drawn(client: Client) -> None:
    _, plain = await by_tool(client, "sample-weld-bead", "3", defect_rate=0.01)
    assert "threshold" not in plain
    priced = {"defect_rate": 0.01, "cost_of_escape": 5, "cost_of_false_reject": 1}
    for asked in ({"threshold": 0.5}, priced):
        _, structure = await by_tool(client, "sample-weld-bead", "3", **asked)
        assert structure["threshold"]["candidates"]


# What a cut costs


async def test_the_cheapest_cut_of_all_is_found(client: Client) -> None:
    """The cheapest is a row: 0.8697, 19 missed and 5 alarms, 0.989 million per million parts."""
    asked = {"defect_rate": 0.005, "cost_of_escape": 340, "cost_of_false_reject": 3}
    words, structure, printed = await answers(client, "sample-weld-bead", "1", **asked)
    cheapest = structure["cost"]["cheapest"]
    assert (cheapest["false_negatives"], cheapest["false_positives"]) == (19, 5)
    assert cheapest["threshold"] == pytest.approx(0.8697, abs=5e-5)
    assert cheapest["cost_per_part"]["value"] == pytest.approx(0.989, abs=5e-4)
    rows = structure["threshold"]["candidates"]
    assert cheapest["threshold"] in [row["threshold"] for row in rows]
    for said in (words, printed):
        assert "(19 missed, 5 alarms): 0.99" in said


COSTS: Final = [
    # model, rate, both costs, cheapest (missed, alarms, cost, ends), built-in, difference
    (
        ("sample-cap-seal", "3", 0.01, 10, 1),
        (7, 4, 0.0670, 0.0357, 0.1394),
        (0.0843, 0.0440, 0.1637),
        (-0.0173, -0.0785, 0.0045),
    ),
    (
        ("sample-weld-bead", "3", 0.01, 500, 1),
        (0, 10, 0.180, 0.101, 0.591),
        (0.276, 0.112, 0.804),
        (-0.096, -0.619, 0.100),
    ),
]


@pytest.mark.parametrize(("given", "cheapest", "built_in", "difference"), COSTS)
async def test_costs_as_worked(
    client: Client,
    given: tuple[str, str, float, float, float],
    cheapest: tuple[int, int, float, float, float],
    built_in: tuple[float, float, float],
    difference: tuple[float, float, float],
) -> None:
    project, version, rate, escape, reject = given
    asked = {"defect_rate": rate, "cost_of_escape": escape, "cost_of_false_reject": reject}
    words, structure, printed = await answers(client, project, version, **asked)
    cost = structure["cost"]
    assert (cost["cheapest"]["false_negatives"], cost["cheapest"]["false_positives"]) == cheapest[
        :2
    ]
    for figure, worked in (
        (cost["cheapest"]["cost_per_part"], cheapest[2:]),
        (cost["built_in"]["cost_per_part"], built_in),
        (cost["difference"], difference),
    ):
        digits = 4 if abs(worked[0]) < 0.1 and project.endswith("seal") else 3
        shown = [figure[part] for part in ("value", "low", "high")]
        assert shown == [pytest.approx(each, abs=0.51 * 10**-digits) for each in worked]
    assert cost["decided"] is False
    assert cost["reject_nothing"]["cost_per_part"]["value"] == pytest.approx(rate * escape)
    assert cost["reject_everything"]["cost_per_part"]["value"] == pytest.approx((1 - rate) * reject)
    gap = cost["cheapest"]["gap"]
    assert gap["low"] < gap["high"] == cost["cheapest"]["threshold"]
    for said in (words, printed):
        assert "is undecided" in said
        assert "which is 10 to 25 % too low because it was chosen here" in said


async def test_inspection_pays_only_above_a_ratio(client: Client) -> None:
    """cap-seal 3 at 1 %: at 5 to 1 no inspection is cheaper, .050 against .079."""
    asked = {"defect_rate": 0.01, "cost_of_escape": 5, "cost_of_false_reject": 1}
    _, structure, _ = await answers(client, "sample-cap-seal", "3", **asked)
    cost = structure["cost"]
    assert cost["built_in"]["cost_per_part"]["value"] == pytest.approx(0.079, abs=5e-4)
    assert cost["reject_nothing"]["cost_per_part"]["value"] == pytest.approx(0.050)
    for ratio, pays in ((8.2, False), (8.3, True)):
        asked["cost_of_escape"] = ratio
        _, structure = await by_tool(client, "sample-cap-seal", "3", **asked)
        cost = structure["cost"]
        cheaper = (
            cost["built_in"]["cost_per_part"]["value"]
            < cost["reject_nothing"]["cost_per_part"]["value"]
        )
        assert cheaper is pays


async def test_costs_without_the_rate_price_nothing(client: Client) -> None:
    asked = {"cost_of_escape": 5, "cost_of_false_reject": 1}
    words, structure, printed = await answers(client, "sample-cap-seal", "3", **asked)
    assert "cost" not in structure
    assert "defect_rate_needed" in {f["code"] for f in structure["findings"]}
    for said in (words, printed):
        assert "Give the defect rate too, as a fraction: 0.01 is 1 %." in said


@pytest.mark.parametrize(
    ("asked", "argument"),
    [
        ({"cost_of_escape": 5}, "cost_of_escape"),
        ({"cost_of_false_reject": 0}, "cost_of_false_reject"),
        ({"cost_of_escape": 0, "cost_of_false_reject": 0}, "cost_of_escape"),
        ({"cost_of_escape": -1, "cost_of_false_reject": 1}, "cost_of_escape"),
        ({"cost_of_escape": 10**400, "cost_of_false_reject": 1}, "cost_of_escape"),
        ({"threshold": 1.01}, "threshold"),
        ({"threshold": -0.01}, "threshold"),
        ({"recall_at_least": 1.5}, "recall_at_least"),
        ({"false_alarms_at_most": -0.1}, "false_alarms_at_most"),
    ],
)
async def test_what_no_call_can_mean_is_refused_by_name(asked: Asked, argument: str) -> None:
    async with door("sample") as sample:
        error = await sample.refused(
            "analyze_evaluation", project_name="sample-cap-seal", model_version="3", **asked
        )
    assert error["code"] == "invalid_argument"
    assert error["message"].startswith(f"{argument}=")
    if not all(math.isfinite(value) for value in asked.values() if value < 1e300):
        return
    flags = [part for name, value in asked.items() for part in (FLAGS[name], str(value))]
    refused = await anyio.to_thread.run_sync(
        lambda: run("evaluate", "sample-cap-seal", "3", *flags, "--source", "sample")
    )
    assert refused.exit_code == 1
    assert FLAGS[argument] in refused.stderr


EXTREMES: Final = (0, 5e-324, 1e-300, 1e-9, 1, 1e15, 1e300)


@pytest.mark.parametrize("escape", EXTREMES)
async def test_every_price_that_is_a_number_is_answered_in_few_digits(
    client: Client, escape: float
) -> None:
    for reject in EXTREMES:
        if not escape and not reject:
            continue
        words, structure = await by_tool(
            client,
            "sample-cap-seal",
            "3",
            defect_rate=1e-12,
            cost_of_escape=escape,
            cost_of_false_reject=reject,
        )
        assert structure["cost"]["cheapest"]
        assert max(map(len, structure["summary"].split())) < 60, words
        assert not re.search(r"\b(?:nan|inf)\b", words)


# Requirements


REQUIRED: Final = [
    # project, requirement, needed -> verdict, low, high, images without an error, as measured
    ("sample-weld-bead", "recall_at_least", 0.95, "not_shown", 0.8517, 0.9877, 97, 11_643),
    ("sample-weld-bead", "recall_at_least", 0.85, "shown", 0.8517, 0.9877, None, None),
    ("sample-weld-bead", "recall_at_least", 0.99, "refuted", 0.8517, 0.9877, ..., None),
    ("sample-cap-seal", "false_alarms_at_most", 0.05, "not_shown", 0.0348, 0.1542, ..., None),
    ("sample-cap-seal", "false_alarms_at_most", 0.03, "refuted", 0.0348, 0.1542, ..., None),
    ("sample-cap-seal", "recall_at_least", 0.9, "not_shown", 0.7694, 0.9604, ..., None),
]


@pytest.mark.parametrize("row", REQUIRED)
async def test_requirements_are_shown_not_shown_or_refuted(client: Client, row: Any) -> None:
    project, name, needed, verdict, low, high, alone, measured = row
    words, structure, printed = await answers(client, project, "3", **{name: needed})
    (requirement,) = structure["requirements"]
    assert (requirement["requirement"], requirement["needed"]) == (name, needed)
    assert requirement["verdict"] == verdict
    assert requirement["seen"]["low"] == pytest.approx(low, abs=1e-4)
    assert requirement["seen"]["high"] == pytest.approx(high, abs=1e-4)
    if alone is not ...:
        assert requirement.get("images_needed") == alone
    assert requirement.get("images_needed_as_measured") == measured
    phrase = {
        "shown": "It is shown that it has",
        "not_shown": "It is not shown that it has",
        "refuted": "It is refuted that it has",
    }[verdict]
    for said in (words, printed):
        assert phrase in said
    if measured and measured > 10_000:
        assert (
            "97 more defects without a miss would show it, or more than 10,000 further defects if"
        ) in words


async def test_both_requirements_and_the_images_they_take(client: Client) -> None:
    """Better than a person who misses 10 %? How many more images would show it?"""
    asked = {"recall_at_least": 0.9, "false_alarms_at_most": 0.1}
    _, structure, _ = await answers(client, "sample-weld-bead", "3", **asked)
    recall, alarms = structure["requirements"]
    assert [recall["requirement"], alarms["requirement"]] == list(asked)
    more = recall["images_needed"]
    # SciPy's Wilson interval: so many more without a miss show it, and one fewer does not.
    shows = [
        binomtest(43 + n, 45 + n).proportion_ci(method="wilson").low >= 0.9
        for n in (more - 1, more)
    ]
    assert shows == [False, True]


# The latest version without evaluation files


@pytest.mark.parametrize("version", [{}, {"model_version": "latest"}, {"model_version": None}])
async def test_a_latest_without_files_gets_the_call_of_the_newest_that_has(
    client: Client, version: Mapping[str, Any]
) -> None:
    asked = {"project_name": "sample-cap-seal", **version, "recall_at_least": 0.9}
    refused = await client.call_tool("analyze_evaluation", asked)
    assert refused.is_error
    assert "Ask about version 3" in text(refused)
    call = json.loads(text(refused).partition("Call instead: ")[2])
    assert call["arguments"] == {**asked, "model_version": "3"}
    answer = await client.call_tool(call["name"], call["arguments"])
    assert not answer.is_error
    for wrapped in ({"arguments": asked}, {"input": json.dumps(asked)}):
        assert text(await client.call_tool("analyze_evaluation", wrapped)) == text(refused)


ARN_OF_5: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/sample-cap-seal/5"


@pytest.mark.parametrize(
    "asked",
    [
        {"project_name": "sample-cap-seal", "model_version": "5"},
        {"project_name": "sample-cap-seal", "model_version": ARN_OF_5},
        {"project_name": f' "{ARN_OF_5}" ', "model_version": "latest"},
        {"model_version": ARN_OF_5},
    ],
)
async def test_a_version_that_is_named_gets_no_call_of_another(
    client: Client, asked: Mapping[str, Any]
) -> None:
    refused = await client.call_tool("analyze_evaluation", dict(asked))
    assert "[evidence_unavailable]" in text(refused)
    assert "Call instead" not in text(refused)


# Examples


@pytest.mark.slow
async def test_examples_are_as_many_as_asked_of_how_many_by_full_name(client: Client) -> None:
    for most in (0, 1, 5, 20):
        words, structure, printed = await answers(
            client, "sample-weld-bead", "2", max_examples=most
        )
        for kind, count in (("missed_defects", 9), ("false_alarms", 4)):
            wrong = structure["examples"][kind]
            assert wrong["count"] == count
            assert len(wrong["images"]) == min(most, count)
            for image in wrong["images"]:
                folder, _, name = image["image"].rpartition("/")
                assert image["image"] in printed
                assert name in words
                assert folder in words
        if most:
            assert f"Missed defects ({min(most, 9)} of 9, worst first" in words
            assert f"Missed defects ({min(most, 9)} of 9), worst first" in printed


async def test_a_missed_defect_has_its_anomaly_score(client: Client) -> None:
    words, structure, printed = await answers(client, "sample-weld-bead", "3")
    worst = structure["examples"]["missed_defects"]["images"][0]
    assert worst["anomaly_score"] == pytest.approx(0.227, abs=5e-4)
    assert worst["confidence"] == pytest.approx(0.773, abs=5e-4)
    for said in (words, printed):
        assert re.search(r"0044\.png +(anomaly score )?0\.227", said)
        assert "0.77" not in said


# The defect rate


@pytest.mark.parametrize(
    ("rate", "is_questioned"), [(0.3, True), (1, True), (0.1, True), (0.03, False)]
)
async def test_a_rate_that_may_be_percent_is_questioned(
    client: Client, rate: float, is_questioned: bool
) -> None:
    words, structure, printed = await answers(client, "sample-weld-bead", "3", defect_rate=rate)
    found = [f for f in structure["findings"] if f["code"] == "defect_rate_high"]
    assert bool(found) is is_questioned
    if rate == 0.3:
        assert found[0]["message"].startswith("A defect rate of 0.3 is 30 %: 300,000 defective")
        assert found[0]["advice"] == "If 0.3 % was meant, give 0.003."
        for said in (words, printed):
            assert found[0]["advice"] in said


# Intervals of the facts' table, against statsmodels


TABLE: Final = {
    # project: version, F1, ROC AUC, average precision
    ("sample-weld-bead", "3"): ((0.8753, 0.9768), (0.9167, 0.9922), (0.8411, 0.9897)),
    ("sample-cap-seal", "3"): ((0.7836, 0.9347), (0.8558, 0.9646), (0.7069, 0.9326)),
    ("sample-label-check", "1"): ((0.8389, 1), (0.8002, 1), None),
}
LINE: Final = {
    ("sample-weld-bead", "3"): ((444, 123, 1483), (54_000, 18_536, 147_045), (0.150, 0.060, 0.340)),
    ("sample-cap-seal", "3"): ((1000, 396, 2305), (74_250, 34_477, 152_579), (0.108, 0.055, 0.207)),
    ("sample-label-check", "1"): ((0, 0, 2775), (0, 0, 274_757), (1, 0.034, 1)),
}


@pytest.mark.parametrize("model", TABLE)
async def test_every_figure_has_its_interval(client: Client, model: tuple[str, str]) -> None:
    _, structure, _ = await answers(client, *model, defect_rate=0.01)
    counts, metrics = structure["confusion"], structure["metrics"]
    tp, fp, fn, tn = (
        counts[f"{side}"]
        for side in ("true_positives", "false_positives", "false_negatives", "true_negatives")
    )
    for name, errors, images in (
        ("precision", tp, tp + fp),
        ("recall", tp, tp + fn),
        ("false_alarm_rate", fp, fp + tn),
    ):
        low, high = proportion_confint(errors, images, method="wilson")
        assert [metrics[name]["low"], metrics[name]["high"]] == [
            pytest.approx(low, abs=1e-6),
            pytest.approx(high, abs=1e-6),
        ]
    f1, auc, ap = TABLE[model]
    for name, ends in (("f1_score", f1), ("roc_auc", auc), ("average_precision", ap)):
        if ends is None:
            assert metrics[name]["no_interval"]
            assert "low" not in metrics[name]
        else:
            shown = metrics[name]["low"], metrics[name]["high"]
            assert shown == pytest.approx(ends, abs=5.1e-5)
    names = ("escapes_per_million", "false_rejects_per_million", "expected_precision")
    for name, worked, digits in zip(names, LINE[model], (1, 600, 5.1e-4), strict=True):
        figure = structure["line"][name]
        assert figure["value"] == pytest.approx(worked[0], abs=digits)
        assert [figure["low"], figure["high"]] == [
            pytest.approx(each, abs=min(digits, 1)) for each in worked[1:]
        ]
    if fp:
        # Koopman's score interval of the ratio lies near.
        low, high = confint_proportions_2indep(
            tp, tp + fn, fp, fp + tn, method="score", compare="ratio", correction=False
        )
        near = [0.01 * each / (0.01 * each + 0.99) for each in (low, high)]
        expected = structure["line"]["expected_precision"]
        assert [expected["low"], expected["high"]] == [
            pytest.approx(each, abs=0.03) for each in near
        ]


# Counts without a manifest


async def test_counts_are_recovered_where_whole_numbers_leave_one_solution(client: Client) -> None:
    words, structure, printed = await answers(client, "sample-label-check", "3", defect_rate=0.01)
    assert structure["confusion"] == {
        "true_positives": 23,
        "false_positives": 2,
        "false_negatives": 2,
        "true_negatives": 33,
        "recovered": True,
    }
    recall = structure["metrics"]["recall"]
    assert (recall["low"], recall["high"]) == pytest.approx((0.750, 0.978), abs=5e-4)
    assert "agrees" not in structure
    for said in (words, printed):
        assert "counts_recovered" in said
        assert "recovered" in said.lower()


# Text and structure agree


NUMBER: Final = re.compile(r"(?<![\w.−-])[−+]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w]*-\d)")


def numbers_of(value: object) -> Iterator[float]:
    """Every number in a structure; of its texts too, which quote what is in no member."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from numbers_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers_of(each)
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float):
        yield float(value)


def is_told(shown: str, known: list[float]) -> bool:
    """Whether a number of a sentence is one of the structure, as such or in percent, rounded."""
    bare = shown.replace(",", "").replace("−", "-")
    value = float(bare)
    mantissa = bare.split("e")[0]
    decimals = len(mantissa.partition(".")[2])
    half = 0.5 * 10**-decimals
    if "." not in mantissa and abs(value) >= 100 and shown.endswith("0"):
        half = 0.51 * 10 ** (len(str(int(abs(value)))) - 2)  # two significant digits
    for each in known:
        for scaled in (each, 100 * each):
            if abs(scaled - value) <= half + 1e-9:
                return True
    return False


SAMPLES: Final = [
    ("sample-weld-bead", "1"),
    ("sample-weld-bead", "3"),
    ("sample-cap-seal", "3"),
    ("sample-bottle-neck", "1"),
    ("sample-label-check", "1"),
    ("sample-panel-paint", "1"),
]
ALL_OF_IT: Final = {
    "defect_rate": 0.004,
    "cost_of_escape": 70,
    "cost_of_false_reject": 3,
    "recall_at_least": 0.93,
    "false_alarms_at_most": 0.06,
}


@pytest.mark.parametrize("threshold", [None, 0.33])
@pytest.mark.parametrize("model", SAMPLES)
async def test_every_number_of_the_text_is_in_the_structure(
    client: Client, model: tuple[str, str], threshold: float | None
) -> None:
    asked = ALL_OF_IT if threshold is None else {**ALL_OF_IT, "threshold": threshold}
    words, structure = await by_tool(client, model[0], model[1], **asked)
    known = [*numbers_of(structure)]
    counts = structure["confusion"]
    defects = counts["true_positives"] + counts["false_negatives"]
    good = counts["false_positives"] + counts["true_negatives"]
    at = structure["threshold"].get("at", counts)
    known += [defects, good, at["true_positives"] + at["false_positives"]]
    known += [100, 1_000_000, 10_000, 5, 10, 25, 95]  # what words mean: percent, our bar, a million
    known += [20 / math.sqrt(defects), 30 / math.sqrt(defects)]
    expected = structure["line"]["expected_precision"]["value"]
    known.append(1 - expected)
    # Names, images by name, where the answer comes from, and the service's own formula.
    spoken = re.sub(r"(?m)^(?:Source|Missed defects|False alarms)\b.*$", "", words)
    spoken = re.sub(r"sample-[\w-]+ version \d+|\(score = [^)]*\)|\bF1\b", "", spoken)
    spoken = re.sub(r"…\[\+\d+\]|\(\d+ more in the structured result\)", "", spoken)
    known += [defects + good, counts["unusable_lines"]]
    unknown = [shown for shown in NUMBER.findall(spoken) if not is_told(shown, known)]
    assert not unknown, (unknown, spoken)
    assert not is_told("0.43217", known)  # and not every number is in it
    assert not is_told("61,700", known)


@pytest.mark.slow
@pytest.mark.parametrize("model", [("sample-weld-bead", "3"), ("sample-cap-seal", "3")])
def test_a_printed_cut_typed_back_rejects_the_same_images(model: tuple[str, str]) -> None:
    asked = ("--source", "sample", "--threshold")
    printed = run("evaluate", *model, *asked, "0.5").stdout
    table = printed.partition("Thresholds that can be cheapest")[2].partition("\n\n")[0]
    rows = [line.split() for line in table.splitlines()[2:] if "asked" not in line]
    assert len(rows) > 3
    for cut, missed, alarms, *_ in rows:
        answer = json.loads(run("evaluate", *model, *asked, cut, "--json").stdout)
        at = answer["threshold"]["at"]
        assert [at["false_negatives"], at["false_positives"]] == [int(missed), int(alarms)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("project", "version"),
    [("sample-weld-bead", v) for v in "1234"] + [("sample-cap-seal", v) for v in "123"],
)
async def test_the_table_of_costs_fits_a_terminal_and_says_what_is_decided(
    client: Client, project: str, version: str
) -> None:
    for escape, more in ((10, {}), (500, {"threshold": 0.4}), (123_456, {"threshold": 0.9})):
        asked = {"defect_rate": 0.01, "cost_of_escape": escape, "cost_of_false_reject": 1, **more}
        _, structure, printed = await answers(client, project, version, **asked)
        table = printed.partition("Cost per part")[2].partition("\n\n")[0].splitlines()
        assert max(map(len, table)) <= 80
        cost = structure["cost"]
        difference = cost["difference"]
        (row,) = [line.split() for line in table if line.startswith("  cheapest - own")]
        shown = [float(cell) for cell in row[3:]]
        expected = [difference[part] for part in ("value", "low", "high")]
        assert shown == pytest.approx(expected, rel=0.006)
        decided = not difference["low"] <= 0 <= difference["high"]
        assert cost["decided"] is decided
        assert ("is decided" in table[-1]) is decided


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (
            0.0,
            "At 0 % defects no part is defective, so nothing escapes and every reject is false: of "
            "a million parts about 75,000 good parts (35,000 to 150,000).",
        ),
        (
            1.0,
            "At 100 % defects every part is defective, so no reject is false: of a million parts "
            "about 100,000 escapes (40,000 to 230,000).",
        ),
    ],
)
async def test_a_line_of_one_kind_of_parts_is_answered_as_one(
    client: Client, rate: float, said: str
) -> None:
    shown, structure = await by_tool(client, "sample-cap-seal", "3", defect_rate=rate)
    for whole in (shown, structure["summary"]):
        assert f"{said} If the rate is not known, leave it out." in whole
    for words in ("Plan with", "rejects about", "rejects are", "escape (0 to 0)"):
        assert words not in shown
    codes = {found["code"] for found in structure["findings"]}
    assert "precision_falls_on_line" not in codes
    assert ("defect_rate_high" in codes) == (rate == 1)
