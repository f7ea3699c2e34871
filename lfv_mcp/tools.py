"""The tools: one table, each with its words, its arguments, its result type and its function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lfv_mcp import arguments, model
from lfv_mcp.arguments import MODEL_VERSION, PROJECT_NAME, REGION, Argument
from lfv_mcp.catalog import Catalog
from lfv_mcp.summary import digest

Progress = Callable[[int, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: where to ask, how to say that it goes on, and the checked arguments."""

    catalog: Catalog
    progress: Progress
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `run` returns the readable text and the structured result; each stands alone."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    result: type
    run: Callable[[Call], Awaitable[tuple[str, Mapping[str, Any]]]]


async def describe_model(call: Call) -> tuple[str, model.ModelSummary]:
    """State, quality and next step of one model version."""
    summary = await call.catalog.describe_model(arguments.asked(**call.arguments))
    return digest(summary), summary


TOOLS: Final = (
    Tool(
        "describe_model",
        "Describe a model",
        "State, quality and next step of one Lookout for Vision model version. Says where the "
        "answer comes from; status is history unless source.kind is live.",
        (PROJECT_NAME, MODEL_VERSION, REGION),
        model.ModelSummary,
        describe_model,
    ),
)
