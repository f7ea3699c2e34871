"""Every sentence of the sample's answers: in one file, true to its structure, in one spelling.

`LFV_UPDATE_SNAPSHOTS=1 pytest -n 0 tests/integration/test_sentences.py` writes the file anew; read
its diff as a reader of the answers would.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pytest
from mcp import Client
from mcp.types import TextContent, TextResourceContents

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from tests.support.clients import text
from tests.support.paths import SNAPSHOTS_DIR
from tests.support.sentences import (
    has_number_or_judgement,
    numbers_in,
    reflowed,
    sentences,
    texts_of,
    unproven_numbers,
)

pytestmark = pytest.mark.anyio

FILE: Final = SNAPSHOTS_DIR / "sentences.md"
# Read here, because tests run without the settings of the shell.
UPDATE: Final = bool(os.environ.get("LFV_UPDATE_SNAPSHOTS"))
PREFACE: Final = """# Sentences

Every sentence with a number or a judgement that the server says of its bundled sample, each once,
under the first call that says it. Made by
`LFV_UPDATE_SNAPSHOTS=1 pytest -n 0 tests/integration/test_sentences.py`.
"""
VARIANTS: Final[tuple[Mapping[str, float], ...]] = (
    {},
    {"defect_rate": 0.01, "cost_of_escape": 10, "cost_of_false_reject": 1},
    {
        "threshold": 0.9,
        "defect_rate": 0.002,
        "recall_at_least": 0.9,
        "false_alarms_at_most": 0.05,
    },
)
BANNED: Final[Mapping[str, str]] = {
    r"\d%": "a percent sign without a blank",
    r"\b1 (escapes|defects|images|alarms|rejects|models|projects|points|parts)\b": "many of one",
    r"\b(?!1\b)\d+ (escape|defect|false alarm|image|point)\b(?![- ])": "one of many",
    r"\b(1\.0{2,}|0\.0{4,})\b": "certainty by rounding",
    r"\d\.\d{7,}": "digits that no test set carries",
    r"no proven difference": "reads as equal",
    r"undecided[^.;]*\b(equally|are equal|is equal|the same)\b": "undecided is not equal",
    r"\b(strong|fair|weak)\b(?! labels)": "a grade of a point estimate",
    r"95 ?% (?!interval|\)|of)": "an interval without its name",
    r"\(s\)": "a plural in brackets",
    r"[Cc]heck the labels": "labels are re-judged blind",
    r"billed until stopped|billing (for hosting )?has stopped": "history in the present tense",
    r"to nowhere|not heard|of no use|or no longer\b": "a riddle",
}


_NO_SENTENCES: Final = ("Source:", "Status message:", "Asked:", "next_token:")
_LEFT_OUT: Final = re.compile(r"\(\d+ more in the structured result\)")


class Said(NamedTuple):
    """What one call said: its heading in the file, its texts, and the structure beside them."""

    call: str
    text: str
    structure: Mapping[str, Any]


@pytest.fixture(scope="module")
async def everything(sample: Catalog) -> AsyncIterator[list[Said]]:
    async with Client(build_server(sample)) as client:
        yield await ask_everything(client)


async def ask_everything(client: Client) -> list[Said]:
    """Every tool on every model of the sample, the cards, the prompts and the glossary."""
    listed = await client.call_tool("list_models", {})
    said = [Said("list_models", text(listed), listed.structured_content)]
    models = sorted(
        (row["project_name"], int(row["model_version"]))
        for row in listed.structured_content["models"]
    )
    for project, version in models:
        said += [one async for one in ask_of_model(client, project, str(version))]
    for project in sorted({name for name, _ in models}):
        versions = [str(version) for name, version in models if name == project]
        groups = [versions, *map(list, pairwise(versions))]
        for group in [group for at, group in enumerate(groups) if group not in groups[:at]]:
            asked = {"project_name": project, "model_versions": group}
            said.append(await call(client, "compare_models", asked))
    for prompt in (await client.list_prompts()).prompts:
        given = {"project_name": "sample-cap-seal", "baseline": "2"}
        given |= {"candidate": "3", "successor": "3"}
        asked_for = {a.name: given[a.name] for a in prompt.arguments or () if a.required}
        content = (await client.get_prompt(prompt.name, asked_for)).messages[0].content
        assert isinstance(content, TextContent)
        said.append(Said(f"prompt {prompt.name}", reflowed(content.text), {}))
    said.append(Said("glossary", reflowed(await read(client, "lookoutvision://glossary")), {}))
    return said


async def ask_of_model(client: Client, project: str, version: str) -> AsyncIterator[Said]:
    """What every tool and the card say of one model."""
    asked = {"project_name": project, "model_version": version}
    described = await call(client, "describe_model", asked)
    yield described
    first: Mapping[str, Any] = {}
    for variant in VARIANTS:
        analysed = await call(client, "analyze_evaluation", {**asked, **variant})
        first = first or analysed.structure
        yield analysed
    card = await read(client, f"lookoutvision://projects/{project}/models/{version}/card")
    together = {"summary": described.structure, "report": first}
    yield Said(f"card of {project} {version}", reflowed(card), together)


async def call(client: Client, tool: str, arguments: Mapping[str, Any]) -> Said:
    """One call; an error has no structure, and its words alone count."""
    answer = await client.call_tool(tool, dict(arguments))
    heading = f"{tool} {json.dumps(arguments)}"
    return Said(heading, text(answer), answer.structured_content or {})


async def read(client: Client, uri: str) -> str:
    """The text of a resource."""
    contents = (await client.read_resource(uri)).contents[0]
    assert isinstance(contents, TextResourceContents)
    return contents.text


def told(said: Said) -> Iterator[str]:
    """Every sentence of an answer's two halves; account text and where a record lies are none."""
    lines = [
        line
        for line in said.text.splitlines()
        if not _LEFT_OUT.fullmatch(line) and not line.startswith((*_NO_SENTENCES, "|"))
    ]
    for part in ("\n".join(lines), *texts_of(said.structure)):
        yield from sentences(part)


def document(said: list[Said]) -> str:
    """The file: each sentence once, under the first call that says it."""
    seen: set[str] = set()
    lines = [PREFACE]
    for each in said:
        new = [s for s in dict.fromkeys(told(each)) if s not in seen and has_number_or_judgement(s)]
        seen.update(new)
        if new:
            lines += [f"## {each.call}\n", *(f"- {sentence}" for sentence in new), ""]
    return "\n".join(lines)


async def test_the_file_is_current(everything: list[Said]) -> None:
    shown = document(everything)
    if UPDATE:
        FILE.write_text(shown, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == shown, (
        "LFV_UPDATE_SNAPSHOTS=1 pytest -n 0 tests/integration/test_sentences.py takes it over"
    )


@pytest.mark.slow
async def test_numbers_of_a_text_are_those_of_its_structure(everything: list[Said]) -> None:
    wrong = [
        (each.call, sentence, missing)
        for each in everything
        if each.structure
        for sentence in told(each)
        if (missing := unproven_numbers(sentence, each.structure))
    ]
    assert not wrong, "\n".join(f"{call}\n  {said}\n  {missing}" for call, said, missing in wrong)


@pytest.mark.slow
async def test_a_number_that_is_not_in_the_structure_is_found(everything: list[Said]) -> None:
    checked = 0
    for each in everything:
        if not each.call.startswith(("analyze", "compare")) or not each.structure:
            continue
        for sentence in sentences(each.structure["summary"]):
            for number in numbers_in(sentence):
                after = number.start + len(number.written)
                changed = f"{sentence[: number.start]}87654.321{sentence[after:]}"
                assert unproven_numbers(changed, each.structure), changed
                checked += 1
    assert checked > 300


async def test_a_structure_that_says_otherwise_is_found() -> None:
    counts = {
        "true_positives": 43,
        "false_positives": 3,
        "false_negatives": 2,
        "true_negatives": 52,
    }
    recall = {"value": 0.955556, "low": 0.851725, "high": 0.987726}
    structure = {"confusion": counts, "metrics": {"recall": recall}}
    sentence = "It caught 43 of 45 defects (95 % interval 85 to 99 %)."
    assert not unproven_numbers(sentence, structure)
    for changed in (
        {**structure, "confusion": counts | {"true_positives": 41}},
        {**structure, "metrics": {"recall": recall | {"low": 0.80}}},
        {**structure, "metrics": {"recall": recall | {"high": 0.93}}},
    ):
        assert unproven_numbers(sentence, changed)


@pytest.mark.parametrize("kind", BANNED)
async def test_no_sentence_is_of_a_banned_kind(everything: list[Said], kind: str) -> None:
    found = {
        f"{each.call}: {sentence}"
        for each in everything
        for sentence in told(each)
        if re.search(kind, sentence)
    }
    assert not found, f"{BANNED[kind]}:\n" + "\n".join(sorted(found))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (r"\d%", "95% interval"),
        (r"\(s\)", "1 image(s)"),
        (r"\b(strong|fair|weak)\b(?! labels)", "It was strong on its test set"),
        (r"no proven difference", "Version 3: no proven difference"),
        (r"\b(1\.0{2,}|0\.0{4,})\b", "expected precision 1.0000"),
    ],
)
async def test_the_banned_kinds_are_known(kind: str, text: str) -> None:
    assert re.search(kind, text)
