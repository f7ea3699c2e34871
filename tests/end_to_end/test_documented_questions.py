"""What to ask: the answers in docs/questions.md are those that the sample gives."""

from __future__ import annotations

import re

import pytest
from mcp import Client
from mcp.types import TextContent

from lfv_mcp.server.tools import TOOLS
from scripts import make_questions

pytestmark = pytest.mark.slow


@pytest.mark.anyio
async def test_the_page_is_current() -> None:
    current = make_questions.TARGET.read_text(encoding="utf-8")
    assert current == await make_questions.page(), "run `python scripts/make_questions.py`"


@pytest.mark.anyio
async def test_both_eras_give_these_answers(client: Client) -> None:
    page = make_questions.TARGET.read_text(encoding="utf-8")
    for question in make_questions.QUESTIONS:
        answer = await client.call_tool(question.tool, dict(question.arguments))
        assert isinstance(answer.content[0], TextContent)
        assert answer.content[0].text in page


def test_there_are_ten_and_every_tool_answers_some() -> None:
    assert len(make_questions.QUESTIONS) == 10
    assert {question.tool for question in make_questions.QUESTIONS} == {t.name for t in TOOLS}
    words = [question.words for question in make_questions.QUESTIONS]
    assert all(re.fullmatch(r"[A-Z].*\?|[A-Z].*\? .*\?", asked) for asked in words)
