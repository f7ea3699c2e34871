"""docs/questions.md: what to ask, with the answers that the bundled sample gives.

`python scripts/make_questions.py` asks and writes; `--check` exits 1 if the page is not current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mcp import Client

from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

TARGET: Final = Path(__file__).resolve().parents[1] / "docs" / "questions.md"
PREFACE: Final = """# What to ask

Ten questions, with the tool that answers each and what it says. Made by
`python scripts/make_questions.py` from the bundled sample, whose models are invented; a test asks
again. This is the readable half of an answer; the structured half holds every fact of it, with
[codes](codes.md) to decide by.
"""


class Question(NamedTuple):
    """What a person asks, and the call that answers it."""

    words: str
    tool: str
    arguments: Mapping[str, Any]


QUESTIONS: Final = (
    Question(
        "Which models do we still have of the cap seal, and what state were they in?",
        "list_models",
        {"project_name": "sample-cap-seal"},
    ),
    Question(
        "Which models were HOSTED when captured, and so perhaps billed until the service ended?",
        "list_models",
        {"status": "HOSTED"},
    ),
    Question(
        "Is version 3 of the cap seal any good, and what should I do with it?",
        "describe_model",
        {"project_name": "sample-cap-seal", "model_version": "3"},
    ),
    Question(
        "Why did version 4 of the cap seal fail?",
        "describe_model",
        {"project_name": "sample-cap-seal", "model_version": "4"},
    ),
    Question(
        "The label check has a perfect score. Can I believe it?",
        "analyze_evaluation",
        {"project_name": "sample-label-check", "model_version": "1"},
    ),
    Question(
        "Which defects did the weld bead model miss, and which good parts did it reject?",
        "analyze_evaluation",
        {"project_name": "sample-weld-bead", "model_version": "3", "max_examples": 3},
    ),
    Question(
        "One part in a hundred on the line is bad; an escape costs 10, a false reject 1. What will "
        "cap seal version 3 let through, and which cut costs least?",
        "analyze_evaluation",
        {
            "project_name": "sample-cap-seal",
            "model_version": "3",
            "defect_rate": 0.01,
            "cost_of_escape": 10,
            "cost_of_false_reject": 1,
        },
    ),
    Question(
        "What if we only reject weld beads from a score of 0.85 on? Is it better then than a "
        "person who misses one defect in ten?",
        "analyze_evaluation",
        {
            "project_name": "sample-weld-bead",
            "model_version": "3",
            "threshold": 0.85,
            "recall_at_least": 0.9,
        },
    ),
    Question(
        "May weld bead version 3 replace version 2?",
        "compare_models",
        {"project_name": "sample-weld-bead", "model_versions": ["2", "3"]},
    ),
    Question(
        "Was there a version 9 of the bottle neck?",
        "describe_model",
        {"project_name": "sample-bottle-neck", "model_version": "9"},
    ),
)


async def page() -> str:
    """The page as it should be, asked through the server in memory."""
    parts = [PREFACE]
    async with Client(build_server(open_catalog(Settings()))) as client:
        for number, question in enumerate(QUESTIONS, 1):
            answer = await client.call_tool(question.tool, dict(question.arguments))
            text = "\n".join(getattr(block, "text", "") for block in answer.content)
            call = f"{question.tool} {json.dumps(question.arguments)}"
            parts.append(f"## {number}. {question.words}\n\n`{call}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def main() -> int:
    """Write the page, or compare it."""
    text = anyio.run(page)
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
