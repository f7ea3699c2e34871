"""The answers that an export is made of; what could not be read is an error, not a gap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from lfv_mcp.analysis.exports.carried import ExportedModel
from lfv_mcp.analysis.exports.tables import PortfolioModel
from lfv_mcp.analysis.listing import joined
from lfv_mcp.catalog.evidence_files import is_not_held
from lfv_mcp.cli.questions import Questions
from lfv_mcp.cli.words import answer_in_words
from lfv_mcp.errors import NotHeldError, SetupError
from lfv_mcp.identifiers import parse_arn
from lfv_mcp.results.base import Result
from lfv_mcp.results.common import Finding
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.image_list import ImageList
from lfv_mcp.results.model_list import ModelList, ModelRow
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.server.arguments import MAX_PAGE_SIZE
from lfv_mcp.text import clean

_R = TypeVar("_R", bound=Result)
_Said = TypeVar("_Said", ModelSummary, EvaluationReport)
_UNREAD: Final = (
    "files_unread",
    "project_failed",
    "listing_cut",
    "evaluation_result_unread",
    "evaluation_manifest_unread",
)
"""Findings of what could not be read."""
_HELD_ONLY: Final = " Or add --held-only: then what the archive does not hold counts as absent."
_EVALUATION_FILES: Final = {"result", "manifest"}


async def ask_for_model(
    questions: Questions, project: str, version: str, product: str
) -> ExportedModel:
    """A model's state and evaluation.

    Raises:
        LfvError: one of them cannot be read as a whole.
    """
    summary = await _describe(questions, project, version)
    try:
        report = await _evaluate(questions, project, summary.model_version, for_page=True)
    except NotHeldError:
        report = None
    return ExportedModel(_in_words(summary), report and _in_words(report), product)


def _in_words(answer: _Said) -> _Said:
    """An answer whose sentences are in the words of a command line; its figures stay exact."""
    said = answer_in_words(answer.to_json())
    findings = tuple(map(Finding.model_validate, said.get("findings", ())))
    return answer.model_copy(update={"summary": said["summary"], "findings": findings})


async def ask_for_images(
    questions: Questions, project: str, version: str
) -> tuple[ModelSummary, ImageList]:
    """A model and its test images.

    Raises:
        LfvError: they are not known one by one, or cannot be read as a whole.
    """
    summary = await _describe(questions, project, version)
    images = await questions.images(project, summary.model_version)
    _require_read(images.findings, project, version)
    return summary, images


async def ask_for_portfolio(
    questions: Questions, project: str
) -> tuple[ModelList, list[PortfolioModel]]:
    """The models of a project, or of every project for "", with what their evaluations count.

    Raises:
        LfvError: the listing, or an evaluation that is held, cannot be read as a whole.
    """
    question = {"project_name": project, "max_results": MAX_PAGE_SIZE}
    pages: list[ModelList] = []
    token: str | None = ""
    while token is not None:
        pages.append(
            _as(
                ModelList,
                await questions.ask_whole("list_models", {**question, "next_token": token}),
            )
        )
        token = pages[-1].next_token
    listed = joined(pages, project, "")
    _require_read(listed.findings)
    return listed, [await _portfolio_model(questions, row, listed) for row in listed.models]


async def _portfolio_model(
    questions: Questions, row: ModelRow, listed: ModelList
) -> PortfolioModel:
    captured = row.captured_at or listed.source.captured_at
    source = listed.source.model_copy(update={"captured_at": captured})
    # An endpoint does not say what is held: a model with figures has been evaluated.
    live = row.held is None and row.f1_score is not None
    if not live and not _EVALUATION_FILES & {*(row.held or ())}:
        return PortfolioModel(row, source, None)
    where = row.model_arn or row.project_name
    try:
        report = await _evaluate(questions, where, row.model_version)
    except NotHeldError:
        report = None
    return PortfolioModel(row, source, report)


async def _describe(questions: Questions, project: str, version: str) -> ModelSummary:
    given = {"project_name": project, "model_version": version}
    summary = _as(ModelSummary, await questions.ask_whole("describe_model", given))
    _require_read(summary.findings, project, version)
    return summary


async def _evaluate(
    questions: Questions, project: str, version: str, *, for_page: bool = False
) -> EvaluationReport:
    given = {"project_name": project, "model_version": version}
    answer = await questions.ask_whole("analyze_evaluation", given, for_page=for_page)
    report = _as(EvaluationReport, answer)
    _require_read(report.findings, project, version)
    return report


def _require_read(findings: Iterable[Finding] | None, project: str = "", version: str = "") -> None:
    """Refuse an answer that lacks something; a file that is nowhere was not failed to be read.

    Raises:
        SetupError: `export_incomplete`.
    """
    for each in findings or ():
        if each.code in _UNREAD and not is_not_held(each):
            name = project if parse_arn(project) else f"{project} {version}".strip()
            which = f" of {clean(name)}" if name else ""
            is_evidence = each.code.startswith("evaluation_")
            raise SetupError(
                "export_incomplete",
                f"Nothing is exported, because something{which} could not be read. {each.message}",
                f"{each.advice or 'Mend it, and export again.'}{_HELD_ONLY if is_evidence else ''}",
            )


def _as(kind: type[_R], answer: Result) -> _R:
    if not isinstance(answer, kind):
        raise TypeError(answer)
    return answer
