"""Prompt files: what a header has to say, and what is said about one that does not."""

from __future__ import annotations

import pytest

from lfv_mcp.server.prompts import Prompt, PromptArgument, parse

WHOLE = """---
title: Ask: about a model
description: Asks about one model.
argument.project_name: The project. (required)
argument.audience: Who reads the answer.
models: latest
---

What about {project_name}?
"""


def test_a_prompt_file() -> None:
    assert parse("ask", WHOLE) == Prompt(
        "ask",
        "Ask: about a model",
        "Asks about one model.",
        (
            PromptArgument("project_name", "The project.", required=True),
            PromptArgument("audience", "Who reads the answer.", required=False),
        ),
        ("latest",),
        False,
        "What about {project_name}?",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("What about it?\n", "ask.md has no header"),
        (WHOLE.replace("title: Ask: about a model\n", ""), "ask.md has no title"),
        (WHOLE.replace("description: Asks about one model.\n", ""), "ask.md has no description"),
        (WHOLE.replace("models: latest", "models"), "ask.md has a header line .*: models"),
    ],
)
def test_a_prompt_file_that_cannot_be_read(content: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse("ask", content)
