"""The glossary: Markdown that a reader's program shows whole, and the terms that answers use."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from markdown_it import MarkdownIt

import lfv_mcp
from lfv_mcp.analysis.model_card import model_card
from tests.support.paths import REPOSITORY
from tests.support.summaries import judged

GLOSSARY: Final = Path(lfv_mcp.__file__).parent / "server" / "glossary.md"
PAGES: Final = (GLOSSARY, *sorted((REPOSITORY / "prompts").glob("*.md")))


def broken_tables(text: str) -> list[str]:
    """Lines that look like rows of a table, and are shown as text because no table holds them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return [
        line
        for token in tokens
        if token.type == "inline" and token.level == 1  # a paragraph, and no cell of a table
        for line in token.content.splitlines()
        if re.match(r"\|.*\|$", line.strip())
    ]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    found: list[list[str]] = []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            found.append([])
        if before.type in ("td_open", "th_open"):
            found[-1].append(token.content)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_is_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not broken_tables(text)
    assert sum(line.startswith("|---") for line in text.splitlines()) == text.count("|---|\n")


def test_a_table_that_an_empty_line_cuts_in_two_is_found() -> None:
    assert broken_tables("| a | b |\n|---|---|\n| 1 | 2 |\n\n| 3 | 4 |\n") == ["| 3 | 4 |"]
    assert not broken_tables("| a | b |\n|---|---|\n| 1 | 2 |\n")


def test_every_table_of_a_card_is_one() -> None:
    assert not broken_tables(model_card(judged(0.9, 0.8, 0.85)))


@pytest.mark.parametrize(
    "term",
    [
        "interval (95 % interval)",
        "margin",
        "non-inferiority",
        "smallest margin shown",
        "images needed",
        "better, worse",
        "not worse",
        "undecided",
        "trade-off",
        "not comparable",
        "replacement",
        "optimism of a cut",
        "costs of a cut",
        "blind re-judging",
        "requirement",
        "grade",
    ],
)
def test_a_term_of_the_answers_is_explained(term: str) -> None:
    explained = {cells[0]: cells[-1] for cells in rows(GLOSSARY.read_text(encoding="utf-8"))}
    assert len(explained[term]) > 30


def test_the_glossary_is_one_table_of_metrics_and_grades_nothing_by_a_point() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    terms = [cells[0] for cells in rows(text)]
    assert terms.index("cut (threshold)") == terms.index("true positive (TP)") + 16
    assert not re.search(r"\*(strong|fair|weak)\*", text)
    assert "in 95 of 100 such test sets it holds the true value" in text
    assert "never means that the two are equal" in text
