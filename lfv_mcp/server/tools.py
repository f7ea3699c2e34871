"""The tools: one function each, and the table `TOOLS` with their words, arguments and results.

The Model Context Protocol is not spoken here. `tool_handlers` publishes the table and calls
`Tool.run` with the arguments that `arguments.parse` returned.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from lfv_mcp.analysis.listing import listing_digest
from lfv_mcp.analysis.model_summary import SUMMARY_DIGEST_LIMIT, summary_digest
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.model_query import invalid_argument, parse_model_query
from lfv_mcp.results.base import Result
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.server.arguments import (
    ANY_PROJECT,
    MAX_EXAMPLES,
    MAX_RESULTS,
    MODEL_VERSION,
    MODEL_VERSIONS,
    NEXT_TOKEN,
    PROJECT_NAME,
    STATUS,
    Argument,
)
from lfv_mcp.server.comparison_arguments import (
    COMPARED_EXAMPLES,
    FALSE_ALARM_MARGIN,
    RECALL_MARGIN,
)
from lfv_mcp.server.evaluation_arguments import (
    COST_OF_ESCAPE,
    COST_OF_FALSE_REJECT,
    DEFECT_RATE,
    FALSE_ALARMS_AT_MOST,
    RECALL_AT_LEAST,
    THRESHOLD,
    check_lookout_threshold,
    check_prices,
)
from lfv_mcp.server.spellings import is_placeholder

if TYPE_CHECKING:  # pydantic takes long to make these two, and most commands need neither
    from lfv_mcp.results.evaluation_report import EvaluationReport
    from lfv_mcp.results.model_comparison import ModelComparison

Progress: TypeAlias = Callable[[int, str], Awaitable[None]]
"""Reports progress: steps done so far, and what was done."""


async def _report_nothing(_: int, __: str) -> None:
    """Progress that nobody waits for."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool works with beside its arguments.

    Args:
        catalog: answers its questions.
        progress: where steps are reported.
        shows_page: whether the result goes to `view.html` too, which draws more than is told.
        is_terminal: whether a person reads the text, who is shown all of it.
        same_names: a person vouches on the command line that equal names of images are the same
            images; no caller of a tool can.
        names_all_images: a comparison names every image that changed, for a table.
    """

    catalog: Catalog
    progress: Progress = _report_nothing
    shows_page: bool = False
    is_terminal: bool = False
    same_names: bool = False
    names_all_images: bool = False

    def text_limit(self, limit: int) -> int:
        """Characters of a text that a model reads in so many; a person is shown all of it."""
        return sys.maxsize if self.is_terminal else limit


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool of the table.

    Args:
        name: the name that clients call.
        title: the name that people read.
        description: what a model reads to choose the tool.
        arguments: the arguments, in the order of the published schema.
        result: the name of the structured result's type, whose JSON Schema is published.
        run: takes a `ToolContext` and every argument by its name, as `arguments.parse` returns
            them; returns the readable text and the structured result. Each stands alone, because
            a host may show only one of them. Raises `LfvError`.
        has_view: whether `view.html` can show the result.
    """

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    result: str
    run: Callable[..., Awaitable[tuple[str, Result]]]
    has_view: bool = False


async def describe_model(
    context: ToolContext, *, project_name: str, model_version: str
) -> tuple[str, ModelSummary]:
    """State, quality and next step of one model version."""
    query = parse_model_query(project_name, model_version)
    summary = await context.catalog.describe_model(query)
    return summary_digest(summary, context.text_limit(SUMMARY_DIGEST_LIMIT)), summary


async def list_models(
    context: ToolContext,
    *,
    project_name: str,
    status: str,
    max_results: int,
    next_token: str,
) -> tuple[str, ModelList]:
    """Models of one project, or of every project, one page of them."""
    if is_placeholder(project_name) and context.catalog.archive is not None:
        held = await context.catalog.suggestions.held()
        if held.projects and project_name not in held.projects:
            project_name = ""
    page = await context.catalog.list_models(
        parse_model_query(project_name) if project_name else None,
        status=status,
        max_results=max_results,
        next_token=next_token,
        progress=context.progress,
    )
    return listing_digest(page), page


async def analyze_evaluation(  # noqa: PLR0913 - the arguments that the tool publishes
    context: ToolContext,
    *,
    project_name: str,
    model_version: str,
    defect_rate: float | None,
    threshold: float | None,
    cost_of_escape: float | None,
    cost_of_false_reject: float | None,
    recall_at_least: float | None,
    false_alarms_at_most: float | None,
    max_examples: int,
) -> tuple[str, EvaluationReport]:
    """What the evaluation files of one model version prove."""
    # Not at the top: a client that starts the server waits for its imports.
    from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
    from lfv_mcp.analysis.evaluation_text import EVALUATION_DIGEST_LIMIT, evaluation_digest

    query = parse_model_query(project_name, model_version)
    check_prices(cost_of_escape, cost_of_false_reject)
    if query.prediction_set is None:  # another system's scores may have any range
        check_lookout_threshold(threshold)
    question = EvaluationQuestion(
        defect_rate,
        threshold,
        cost_of_escape,
        cost_of_false_reject,
        recall_at_least,
        false_alarms_at_most,
        max_examples,
        with_cuts=context.shows_page,
        same_names=context.same_names,
    )
    report = await context.catalog.analyze_evaluation(query, question)
    return evaluation_digest(report, context.text_limit(EVALUATION_DIGEST_LIMIT)), report


async def compare_models(
    context: ToolContext,
    *,
    project_name: str,
    model_versions: list[str],
    recall_margin: float | None,
    false_alarm_margin: float | None,
    max_examples: int,
) -> tuple[str, ModelComparison]:
    """Whether other versions of a project may replace the first one, within margins."""
    # Not at the top: a client that starts the server waits for its imports.
    from lfv_mcp.analysis.comparison_digest import COMPARISON_DIGEST_LIMIT, comparison_digest
    from lfv_mcp.analysis.comparison_question import ComparisonQuestion

    query = parse_model_query(project_name)
    fixed = query.prediction_set or query.model_version
    if fixed and fixed not in model_versions:
        raise invalid_argument(
            "model_versions",
            model_versions,
            f"the ARN or URI names {fixed}, which is not among them",
            f'["{fixed}", "latest"]',
        )
    question = ComparisonQuestion(
        recall_margin,
        false_alarm_margin,
        None if context.names_all_images else max_examples,
        frozenset(model_versions if context.same_names else ()),
    )
    comparison = await context.catalog.compare_models(query, model_versions, question)
    limit = context.text_limit(COMPARISON_DIGEST_LIMIT)
    return comparison_digest(comparison, limit), comparison


TOOLS: Final = (
    Tool(
        "describe_model",
        "Describe a model",
        "Describe one Lookout for Vision model version: status, failure reason, dates, inference "
        "units, KMS key, S3 files, next step. The service has ended: nothing can be started, "
        "deleted or billed, and status is history unless source.kind is live.",
        (PROJECT_NAME, MODEL_VERSION),
        "ModelSummary",
        describe_model,
        has_view=True,
    ),
    Tool(
        "list_models",
        "List models",
        "List models with status, F1, precision, recall, gravest finding: of every project (call "
        "it without arguments), of one, or of one status; and prediction sets.",
        (ANY_PROJECT, STATUS, MAX_RESULTS, NEXT_TOKEN),
        "ModelList",
        list_models,
    ),
    Tool(
        "analyze_evaluation",
        "Analyze the evaluation",
        "Test results of one model version: how good, how sure (95 % intervals), confusion "
        "matrix, ROC AUC, segmentation labels, wrong images (missed defects, false "
        "alarms). With defect_rate: escapes and false rejects per million parts; and both costs: "
        "cheapest threshold. With threshold: another one. With requirements: shown or not, best "
        "threshold.",
        (
            PROJECT_NAME,
            MODEL_VERSION,
            DEFECT_RATE,
            THRESHOLD,
            COST_OF_ESCAPE,
            COST_OF_FALSE_REJECT,
            RECALL_AT_LEAST,
            FALSE_ALARMS_AT_MOST,
            MAX_EXAMPLES,
        ),
        "EvaluationReport",
        analyze_evaluation,
        has_view=True,
    ),
    Tool(
        "compare_models",
        "Compare model versions",
        "Which version is better, worse or best, which to keep, may a new model replace the old "
        "one: versions or prediction sets of one project on the same test images. Recall and "
        "false alarms with interval and verdict; labels to doubt.",
        (
            PROJECT_NAME,
            MODEL_VERSIONS,
            RECALL_MARGIN,
            FALSE_ALARM_MARGIN,
            COMPARED_EXAMPLES,
        ),
        "ModelComparison",
        compare_models,
        has_view=True,
    ),
)
"""Every tool, in the order in which clients list them."""
