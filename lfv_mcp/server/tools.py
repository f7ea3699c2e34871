"""The tools: one table, each with its words, its arguments, its result type and its function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lfv_mcp import model_query
from lfv_mcp.analysis.listing import listing_digest
from lfv_mcp.analysis.model_summary import summary_digest
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.results import evaluation_report, model_comparison, model_list, model_summary
from lfv_mcp.server.arguments import (
    ANY_PROJECT,
    DEFECT_RATE,
    MAX_EXAMPLES,
    MAX_RESULTS,
    MODEL_VERSION,
    MODEL_VERSIONS,
    NEXT_TOKEN,
    PROJECT_NAME,
    REGION,
    STATUS,
    THRESHOLD,
    Argument,
)

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


async def describe_model(call: Call) -> tuple[str, model_summary.ModelSummary]:
    """State, quality and next step of one model version."""
    summary = await call.catalog.describe_model(model_query.parse_model_query(**call.arguments))
    return summary_digest(summary), summary


async def list_models(call: Call) -> tuple[str, model_list.ModelList]:
    """Every model, or those of one project, a page at a time."""
    page = dict(call.arguments)
    name, region = page.pop("project_name"), page.pop("region")
    asked = model_query.parse_model_query(name, region=region) if name else None
    listed = await call.catalog.list_models(asked, region=region, progress=call.progress, **page)
    return listing_digest(listed), listed


async def analyze_evaluation(call: Call) -> tuple[str, evaluation_report.EvaluationReport]:
    """What the evaluation files of one model prove."""
    from lfv_mcp.analysis.evaluation_text import evaluation_digest

    given = dict(call.arguments)
    named = {name: given.pop(name) for name in ("project_name", "model_version", "region")}
    report = await call.catalog.analyze_evaluation(model_query.parse_model_query(**named), **given)
    return evaluation_digest(report), report


async def compare_models(call: Call) -> tuple[str, model_comparison.ModelComparison]:
    """Whether one version is truly better than another."""
    from lfv_mcp.analysis.comparison import comparison_digest

    given = call.arguments
    asked = model_query.parse_model_query(given["project_name"], region=given["region"])
    versions = given["model_versions"]
    if asked.model_version and asked.model_version not in versions:
        raise model_query.invalid_argument(
            "model_versions",
            versions,
            f"the ARN names version {asked.model_version}, which is not among them",
            f'["{asked.model_version}", "latest"]',
        )
    compared = await call.catalog.compare_models(asked, versions)
    return comparison_digest(compared), compared


TOOLS: Final = (
    Tool(
        "describe_model",
        "Describe a model",
        "State, quality and next step of one Lookout for Vision model version. Says where the "
        "answer comes from; status is history unless source.kind is live.",
        (PROJECT_NAME, MODEL_VERSION, REGION),
        model_summary.ModelSummary,
        describe_model,
    ),
    Tool(
        "list_models",
        "List models",
        "Model versions of one project or of all, newest first within a project, with status and "
        "metrics. Pass next_token to go on.",
        (ANY_PROJECT, STATUS, MAX_RESULTS, NEXT_TOKEN, REGION),
        model_list.ModelList,
        list_models,
    ),
    Tool(
        "analyze_evaluation",
        "Analyze the evaluation",
        "The evidence behind a model's metrics, from its evaluation files: counts, 95 % intervals, "
        "worst misses and false alarms; with defect_rate what the line will see, with threshold "
        "that trade-off.",
        (PROJECT_NAME, MODEL_VERSION, DEFECT_RATE, THRESHOLD, MAX_EXAMPLES, REGION),
        evaluation_report.EvaluationReport,
        analyze_evaluation,
    ),
    Tool(
        "compare_models",
        "Compare model versions",
        "Whether versions of one project are truly better than the first: a paired test on the "
        "same test images, intervals otherwise; no winner that the data does not support.",
        (PROJECT_NAME, MODEL_VERSIONS, REGION),
        model_comparison.ModelComparison,
        compare_models,
    ),
)
