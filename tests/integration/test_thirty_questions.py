"""Thirty questions of people: the facts that answer them are still in the tools' answers."""

from __future__ import annotations

from collections import Counter

import pytest

from lfv_mcp.server.tools import TOOLS
from scripts import thirty_questions
from scripts.thirty_questions import FULLY, QUESTIONS


@pytest.mark.anyio
async def test_the_facts_are_in_the_answers() -> None:
    assert await thirty_questions.missing_facts() == []


def test_the_page_is_current() -> None:
    written = thirty_questions.TARGET.read_text(encoding="utf-8")
    assert written == thirty_questions.page(), "run `python scripts/thirty_questions.py`"


def test_each_question_says_how_far_it_is_answered() -> None:
    assert len(QUESTIONS) == len({asked.words for asked in QUESTIONS}) == 30
    assert Counter(asked.answered for asked in QUESTIONS)[FULLY] >= 22
    assert {tool for asked in QUESTIONS for tool, _ in asked.calls} == {t.name for t in TOOLS}
    for asked in QUESTIONS:
        assert bool(asked.facts) == bool(asked.calls)
        assert asked.rest or asked.answered == FULLY
