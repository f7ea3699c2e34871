"""The sentences of compare_models: one thought for each verdict, never against the structure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from lfv_mcp.analysis.comparison_digest import COMPARISON_DIGEST_LIMIT
from tests.support.clients import Door, door, text
from tests.support.comparisons import (
    Baseline,
    Change,
    baseline_images,
    changed_images,
    write_version,
)

pytestmark = pytest.mark.anyio

SAMPLE: Final = {
    "sample-bottle-neck": 3,
    "sample-cap-seal": 5,
    "sample-label-check": 3,
    "sample-panel-paint": 2,
    "sample-pcb-top": 3,
    "sample-weld-bead": 4,
}
RATES: Final = {"recall": "recall", "false alarms": "false_alarm_rate"}
DRAWN: Final = 60


async def answer(
    ask: Door, project: str, versions: Sequence[str], **asked: float
) -> tuple[str, dict[str, Any]]:
    question = {"project_name": project, "model_versions": list(versions), **asked}
    result = await ask.client.call_tool("compare_models", question)
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return text(result), result.structured_content


def said_of(words: str, structure: dict[str, Any], version: str) -> str:
    """What an answer says of one version: its lines, and the summary if it is about no other."""
    lines = words.splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith(f"Version {version} (")]
    told = [line for n, line in enumerate(lines[at : at + 2]) if not n or line.startswith("  ")]
    # What is kept may be the baseline, of which these sentences say the contrary.
    others = r"[^.]*\bkeep version[^.]*\.|not worse by more than the margins"
    summary = re.sub(others, "", structure["summary"], flags=re.IGNORECASE)
    return "\n".join([*told, summary] if len(structure["models"]) == 2 else told)


def contradictions(words: str, structure: dict[str, Any]) -> Iterator[str]:
    """What is said of a question though its verdict is another one."""
    for row in structure["models"][1:]:
        told = said_of(words, structure, row["model_version"])
        for name, member in RATES.items():
            rate = row[member]
            verdict = rate.get("verdict") if "p_value" in rate else None
            said = {
                "better": rf"{name} (is|are) better|better in (recall and )?{name}",
                "worse": rf"{name} (is|are) worse|worse in (recall and )?{name}",
                "not_worse": rf"{name} (is |are )?not worse",
                "undecided": rf"{name} (is |are )?undecided|{name}[^;.]*[;:][^;.]* would decide",
            }
            for other, pattern in said.items():
                found = re.search(pattern, told, re.IGNORECASE)
                if found and other != verdict:
                    yield f"{name} of version {row['model_version']} is {verdict}: {found[0]}"
            if verdict is None and re.search(rf"{name}[^;.]* points \(.* to ", told):
                yield f"a difference in {name} of images that are not shared"
        replaces = re.search(r"; (may not|may) replace|so not yet shown", told)
        says = {"may": "accept", "may not": "reject", None: "undecided"}
        if replaces and says[replaces[1]] != row["replacement"]:
            yield f"{row['replacement']}: {replaces[0]}"
    yield from kept_without_proof(structure)
    if "equal" in re.sub(r"(in truth|not|is not) equal|equal (names|labels)", "", words):
        yield "equal"


def kept_without_proof(structure: dict[str, Any]) -> Iterator[str]:
    """What the summary says to keep though a verdict, or `best`, does not carry it."""
    summary, baseline = structure["summary"], structure["baseline"]
    kept = re.search(r"keep version (\d+): proven better", summary)
    best = structure.get("best")
    judged = [row for row in structure["models"] if "metrics" in row]
    if best and len(judged) > 1 and not (kept and kept[1] == best):
        yield f"{best} is the best: {summary}"
    if kept is None or len(structure["models"]) > 2:
        return
    row = structure["models"][1]
    verdicts = [row[member].get("verdict") for member in RATES.values()]
    is_better = "better" in verdicts and "worse" not in verdicts
    if not (row["verdict"] == "worse" if kept[1] == baseline else is_better):
        yield f"{verdicts}: {kept[0]}"


def groups(count: int) -> Iterator[tuple[str, ...]]:
    """All ordered pairs, and the triples of each set in every order."""
    versions = [str(number) for number in range(1, count + 1)]
    for size in (2, 3):
        yield from permutations(versions, size)


@pytest.mark.parametrize("project", SAMPLE)
async def test_no_sentence_of_the_sample_contradicts_a_verdict(project: str) -> None:
    async with door("sample") as ask:
        for versions in groups(SAMPLE[project]):
            words, structure = await answer(ask, project, versions)
            assert list(contradictions(words, structure)) == [], words


def drawn(random: Random) -> tuple[Baseline, list[Change]]:
    """A baseline and one or two others, of sizes at which everything occurs."""
    defects, good = random.choice((5, 20, 60, 200, 400)), random.choice((0, 20, 60, 200, 400))
    missed, alarms = random.randrange(defects // 3 + 1), random.randrange(good // 3 + 1)
    changes: list[Change] = []
    for _ in range(random.choice((1, 1, 2))):
        share = random.choice((0.02, 0.1, 0.3))
        changes.append(
            Change(
                random.randrange(int((defects - missed) * share) + 1),
                random.randrange(missed + 1),
                random.randrange(int((good - alarms) * share) + 1),
                random.randrange(alarms + 1),
            )
        )
    return Baseline(missed, defects, alarms, good), changes


async def test_no_sentence_of_drawn_counts_contradicts_a_verdict(tmp_path: Path) -> None:
    random, seen = Random(8), set[str]()
    cases = [drawn(random) for _ in range(DRAWN)]
    for number, (baseline, changes) in enumerate(cases):
        write_version(tmp_path, f"p{number}", 1, baseline_images(baseline))
        for version, change in enumerate(changes, 2):
            write_version(tmp_path, f"p{number}", version, changed_images(baseline, change))
    async with door(tmp_path) as ask:
        for number, (_, changes) in enumerate(cases):
            versions = [str(version) for version in range(1, len(changes) + 2)]
            words, structure = await answer(ask, f"p{number}", versions)
            assert list(contradictions(words, structure)) == [], words
            assert len(words) < COMPARISON_DIGEST_LIMIT + 3000
            seen |= {f"{row['verdict']}/{row['replacement']}" for row in structure["models"][1:]}
    assert {"better/accept", "worse/reject", "worse/undecided", "undecided/undecided"} <= seen


async def test_a_proven_loss_leaves_only_its_size_open() -> None:
    """Equal models are ruled out, so no number of images that equal ones would need is said."""
    async with door("sample") as ask:
        words, structure = await answer(ask, "sample-weld-bead", ["3", "2"])
    assert words.startswith(
        "Version 2 is proven worse in recall; whether by more than the 5 points allowed is open; "
        "false alarms undecided; so not yet shown whether it may replace version 3 of "
    )
    assert "640" not in words
    assert "images_needed" not in structure["models"][1]["recall"]


async def test_a_loss_within_the_margin_says_how_many_images_would_tell(tmp_path: Path) -> None:
    counts = Baseline(5, 60, 2, 400)
    write_version(tmp_path, "p", 1, baseline_images(counts))
    write_version(tmp_path, "p", 2, changed_images(counts, Change(alarms_more=12)))
    async with door(tmp_path) as ask:
        words, structure = await answer(ask, "p", ["1", "2"], false_alarm_margin=0.05)
    assert structure["models"][1]["false_alarm_rate"]["images_needed"] == 450
    assert (
        "false alarms are worse: +3 points (+1.7 to +5.2); about 450 more good parts would tell "
        "whether by more than the 5 points allowed, if it is in truth as measured, with 80 % chance"
    ) in words


async def test_what_is_proven_and_what_is_open_are_one_thought() -> None:
    async with door("sample") as ask:
        words, _ = await answer(ask, "sample-weld-bead", ["2", "3", "4"])
    thought = "better in recall; false alarms undecided; so not yet shown that it may replace"
    assert f"version 3 is proven {thought} version 2. Version 4 is not comparable" in words
    assert f"Version 3 (HOSTED when captured): {thought} version 2; recall 0.956" in words


# Which to keep


@pytest.mark.parametrize(
    ("project", "versions", "said"),
    [
        (
            "weld-bead",
            "34",
            "Nothing is decided about versions 3 and 4 of sample-weld-bead (synthetic sample), nor "
            "which to keep: versions 3 and 4 were tested on other images (0 of 100 are shared",
        ),
        (
            "weld-bead",
            "32",
            "two can stay, keep version 3: proven better in recall; whether they",
        ),
        (
            "weld-bead",
            "23",
            "two can stay, keep version 3: proven better in recall; whether they",
        ),
        (
            "weld-bead",
            "12",
            "two can stay, keep version 2: proven better in both recall and false",
        ),
        (
            "weld-bead",
            "234",
            "If only one of versions 2 and 3 can stay, keep version 3: proven",
        ),
        ("weld-bead", "234", "differ in false alarms is not shown; version 4 cannot be placed."),
        (
            "weld-bead",
            "423",
            "one of versions 2 and 3, which share their images, can stay, keep version 3:",
        ),
        ("weld-bead", "321", "keep version 3: proven better than every other one in recall;"),
        (
            "weld-bead",
            "123",
            "Keep versions 2 and 3 before version 1, which is proven worse; which of versions 2 "
            "and 3 is not shown.",
        ),
        ("bottle-neck", "123", "No two of versions 1, 2 and 3 are known to share their test image"),
        ("label-check", "123", "No two of versions 1, 2 and 3 are known to share their test image"),
        ("panel-paint", "12", "Neither of the two is proven the one to keep."),
    ],
)
async def test_the_summary_says_which_to_keep(project: str, versions: str, said: str) -> None:
    async with door("sample") as ask:
        words, structure = await answer(ask, f"sample-{project}", [*versions])
    assert said in structure["summary"]
    assert said in words
    assert not re.search(r"\b(delete|remove|drop)\b", words, re.IGNORECASE)


async def test_a_trade_is_kept_by_what_errors_cost(tmp_path: Path) -> None:
    counts = Baseline(0, 60, 30, 60)
    write_version(tmp_path, "p", 1, baseline_images(counts))
    write_version(tmp_path, "p", 2, changed_images(counts, Change(15, 0, 0, 25)))
    async with door(tmp_path) as ask:
        words, structure = await answer(ask, "p", ["1", "2"])
    assert structure["models"][1]["verdict"] == "trade_off"
    assert "Which of the two to keep depends on what an escape and a false reject cost." in words


# Other images


async def test_versions_on_other_images_say_whose_images_they_share() -> None:
    async with door("sample") as ask:
        apart, _ = await answer(ask, "sample-bottle-neck", ["1", "2", "3"])
        shared, _ = await answer(ask, "sample-weld-bead", ["4", "2", "3"])
    assert "Versions 2 and 3 were tested on other images than version 1" in apart
    assert "with other labels, each on its own ones." in apart
    assert "with other labels; versions 2 and 3 share theirs with each other." in shared
    for words in (apart, shared):
        assert " points (" not in words.replace("points of", "")


@pytest.mark.parametrize("versions", ["123", "32", "13"])
async def test_images_that_nobody_knows_are_not_called_other_ones(versions: str) -> None:
    """Of label-check 3 there is no manifest; its test set had another size than version 1's."""
    async with door("sample") as ask:
        words, structure = await answer(ask, "sample-label-check", [*versions])
    assert "Which images version 3 was tested on is not known." in words
    assert not re.search(r"ersions? (3|2 and 3|3 and 2) (was|were) tested on other", words)
    assert structure["models"][-1]["verdict"] == "not_comparable"


# Labels to doubt, margins, the version in use, kinds of defects, names of images


async def test_labels_are_doubted_by_those_who_share_the_images() -> None:
    async with door("sample") as ask:
        _, two = await answer(ask, "sample-weld-bead", ["2", "3"])
        for versions in (["2", "3", "4"], ["4", "2", "3"]):
            words, three = await answer(ask, "sample-weld-bead", versions)
            named = {each["image"] for each in three["labels_to_doubt"]}
            assert named == {each["image"] for each in two["labels_to_doubt"]}
            assert "2 images are judged against their label by versions 2 and 3; " in words
            assert "Labels to doubt: " in words


async def test_a_default_margin_below_the_usual_one_says_why() -> None:
    async with door("sample") as ask:
        words, _ = await answer(ask, "sample-bottle-neck", ["1", "2"])
        given, _ = await answer(
            ask, "sample-bottle-neck", ["1", "2"], recall_margin=0.02, false_alarm_margin=0.03
        )
    assert (
        "Margins: 5 points of recall (by default), 4.8 points of false alarms (by default; below "
        "5 points, as the baseline rejects few good parts)."
    ) in words
    assert "Margins: 2 points of recall (given), 3 points of false alarms (given)." in given


@pytest.mark.parametrize(("versions", "is_told"), [("12", True), ("13", False), ("31", False)])
async def test_the_version_in_use_is_named_unless_it_is_compared(
    versions: str, *, is_told: bool
) -> None:
    async with door("sample") as ask:
        words, _ = await answer(ask, "sample-weld-bead", [*versions])
    assert ("other_version_hosted" in words) is is_told


async def test_kinds_of_defects_are_told_side_by_side_and_without_a_verdict() -> None:
    async with door("sample") as ask:
        words, structure = await answer(ask, "sample-panel-paint", ["1", "2"])
        without, _ = await answer(ask, "sample-weld-bead", ["2", "3"])
    assert (
        "Labels, from version 1 to version 2: dent: recall 0.74 to 0.79, IoU 0.61 to 0.66; "
        "scratch: recall 0.52 to 0.64, IoU 0.38 to 0.47. Reported figures without counts"
    ) in words
    assert "nobody can test whether these differ" in words
    labels = [{each["name"] for each in row["labels"]} for row in structure["models"]]
    assert labels[0] == labels[1] >= {"dent", "scratch"}
    assert "Labels, from" not in without


async def test_the_folder_of_all_images_is_said_once() -> None:
    async with door("sample") as ask:
        words, structure = await answer(ask, "sample-weld-bead", ["2", "3"])
    folder = "s3://sample-lookoutvision-1a2b3c4d5e/weld-bead/images/2025-03-10/"
    assert words.count("s3://") == 1
    assert f"Images, below {folder}:" in words
    assert "Newly missed by version 3 (1 of 1): anomaly/0038.png 0.285" in words
    (missed,) = structure["models"][1]["changed"]["newly_missed"]["images"]
    assert missed["image"] == f"{folder}anomaly/0038.png"


# Refusals


async def test_a_refusal_says_which_versions_were_asked() -> None:
    async with door("sample") as ask:
        for versions in (["3", "new_system"], ["hosted", "latest", "9"]):
            question = {"project_name": "sample-weld-bead", "model_versions": versions}
            refused = await ask.client.call_tool("compare_models", question)
            assert refused.is_error
            assert f"model_versions={' '.join(versions)}, region=" in text(refused)
        listed = await ask.client.call_tool("list_models", {"project_name": "nothing"})
        assert listed.is_error
        assert "model_version" not in text(listed)
