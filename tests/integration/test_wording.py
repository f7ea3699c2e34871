"""Wording of the texts about the samples: figures spelled one way, nothing claimed too much."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from typing import Final

import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent, TextResourceContents
from statsmodels.stats.proportion import proportion_confint

BANNED: Final[dict[str, re.Pattern[str]]] = {
    "a percent sign without a space": re.compile(r"\d%"),
    "a plural of one": re.compile(
        r"(?<![\d.,])1 (escapes|defects|images|false alarms|parts|units)\b"
    ),
    "a metric made 0 or 1 by zeros": re.compile(r"(?<![\d.])[01]\.0+(?![\d])"),
    "a difference that is said to be none": re.compile(r"no (proven|significant) difference", re.I),
    "a grade of a point estimate": re.compile(r"\b(strong|fair|weak)\b(?! labels)", re.I),
    "undecided as equal": re.compile(
        r"\b(equally good|as good as|no difference|the same quality)\b", re.I
    ),
    "a significant outcome": re.compile(r"\bsignificant(ly)?\b", re.I),
    "labels checked where the model was wrong": re.compile(r"\bcheck (the )?labels\b", re.I),
    "a confidence interval by another name": re.compile(
        r"95 ?% (CI|confidence)|confidence interval", re.I
    ),
}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a percent sign without a space", "it caught 90.0% of the defects"),
        ("a plural of one", "1 escapes"),
        ("a plural of one", "with 1 images"),
        ("a metric made 0 or 1 by zeros", "precision 1.0000"),
        ("a difference that is said to be none", "there is no proven difference"),
        ("a grade of a point estimate", "On its test set it was strong"),
        ("undecided as equal", "version 2 is as good as version 3"),
        ("a significant outcome", "significantly better"),
        ("labels checked where the model was wrong", "First check the labels of misses."),
        ("a confidence interval by another name", "95% CI 85 to 99"),
    ],
)
def test_the_scan_finds_its_kind(kind: str, text: str) -> None:
    assert BANNED[kind].search(text)


@pytest.mark.parametrize(
    "text",
    ["95 % interval 85 to 99 %", "1 escape", "21 images", "0.1 images", "11.0.1", "+1.05 points"],
)
def test_the_scan_lets_the_right_spelling_pass(text: str) -> None:
    assert not [kind for kind, pattern in BANNED.items() if pattern.search(text)]


async def models(client: Client) -> dict[str, list[str]]:
    """The versions of each project of the sample."""
    listed = await client.call_tool("list_models", {})
    rows = json.loads(json.dumps(listed.structured_content))["models"]
    versions: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: int(row["model_version"])):
        versions.setdefault(row["project_name"], []).append(row["model_version"])
    return versions


def sentences(result: CallToolResult) -> list[str]:
    """The readable text of an answer, and the sentences of its structure."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    found = [block.text]
    structure = result.structured_content or {}
    found += [structure[name] for name in ("summary", "best_reason") if name in structure]
    for each in structure.get("findings", ()):
        found += [each["message"], each.get("advice", "")]
    return found


async def texts(client: Client) -> AsyncIterator[tuple[str, str]]:
    """Every text that the samples give, each with what it is."""
    yield "listing", "\n".join(sentences(await client.call_tool("list_models", {})))
    for project, versions in (await models(client)).items():
        for version in versions:
            one = {"project_name": project, "model_version": version}
            asked: Mapping[str, Mapping[str, object]] = {
                "describe_model": one,
                "analyze_evaluation": one | {"defect_rate": 0.01},
            }
            for tool, arguments in asked.items():
                for text in sentences(await client.call_tool(tool, dict(arguments))):
                    yield f"{tool} of {project} {version}", text
            uri = f"lookoutvision://projects/{project}/models/{version}/card"
            (card,) = (await client.read_resource(uri)).contents
            assert isinstance(card, TextResourceContents)
            yield f"card of {project} {version}", card.text
        for pair in pairwise(versions):
            both = {"project_name": project, "model_versions": list(pair)}
            for text in sentences(await client.call_tool("compare_models", both)):
                yield f"compare_models of {project} {pair}", text


@pytest.mark.slow
@pytest.mark.anyio
async def test_no_text_of_the_samples_has_a_banned_kind(client: Client) -> None:
    found = [
        (where, kind, match[0])
        async for where, text in texts(client)
        for kind, pattern in BANNED.items()
        for match in pattern.finditer(text)
    ]
    assert found == []


@pytest.mark.anyio
async def test_a_card_grades_both_error_rates_by_their_intervals(client: Client) -> None:
    graded = 0
    for project, versions in (await models(client)).items():
        for version in versions:
            uri = f"lookoutvision://projects/{project}/models/{version}/card"
            (card,) = (await client.read_resource(uri)).contents
            assert isinstance(card, TextResourceContents)
            for line in re.findall(r"^- On the test set it .*$", card.text, re.MULTILINE):
                counts = re.search(r"(?:missed|rejected) ([\d,]+) of ([\d,]+) ", line)
                assert counts
                errors, images = (int(count.replace(",", "")) for count in counts.groups())
                low, high = proportion_confint(errors, images, method="wilson")
                right = "not shown either way"
                if high < 0.05 or low > 0.05:
                    right = f"shown to be {'below' if high < 0.05 else 'above'} 5 %"
                assert line.endswith(f": against our bar of 5 %, {right}.")
                graded += 1
    assert graded > 20
