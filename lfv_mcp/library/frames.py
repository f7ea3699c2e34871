"""Answers as tables. pandas is imported at the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from lfv_mcp.errors import SetupError
from lfv_mcp.results.base import Result
from lfv_mcp.results.evaluation_report import EvaluationMetrics, EvaluationReport, Metric
from lfv_mcp.results.image_list import ImageList, JudgedImage
from lfv_mcp.results.inventory import HeldImages, HeldProject, Inventory
from lfv_mcp.results.model_comparison import ComparedRate, ModelComparison
from lfv_mcp.results.model_list import ModelList, ModelRow
from lfv_mcp.results.model_summary import Artifacts, Hosting, ModelSummary, Performance
from lfv_mcp.results.shown import Shown

if TYPE_CHECKING:
    from pandas import DataFrame

Row = Mapping[str, Any]
_QUESTIONS: Final = ("recall", "false_alarm_rate")
_COMPARED: Final = ("model_version", "status", "question", "margin", *ComparedRate.model_fields)


def frame(answer: Shown) -> DataFrame:
    """The answer as a DataFrame; what is not known is missing there too.

    Raises:
        SetupError: `part_not_installed`, there is no pandas.
        TypeError: it is no answer that has a table.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise SetupError(
            "part_not_installed",
            "A table needs pandas, which is not installed.",
            "Install it beside lfv-mcp: pip install 'pandas>=2.2,<4'.",
        ) from error
    columns, rows = table(answer)
    return pd.DataFrame(
        {name: [row.get(name) for row in rows] for name in columns}, columns=list(columns)
    )


def table(answer: Shown) -> tuple[Sequence[str], Sequence[Row]]:
    """The columns and rows of an answer's table; a row lacks what is not known.

    Raises:
        TypeError: it is no answer that has one.
    """
    match answer:
        case ModelList():
            return _names(ModelRow), [row.present_members() for row in answer.models]
        case ImageList():
            return _names(JudgedImage), [row.present_members() for row in answer.images]
        case Inventory():
            return _HELD, [_held_row(each) for each in answer.projects]
        case ModelSummary():
            return _SUMMARY, [_summary_row(answer)]
        case EvaluationReport():
            return _METRICS, _metric_rows(answer)
        case ModelComparison():
            return (*_COMPARED, "model_verdict", "replacement"), _compared_rows(answer)
        case _:
            raise TypeError(f"{type(answer).__name__} has no table")


def _names(record: type[Result]) -> tuple[str, ...]:
    return tuple(record.model_fields)


_IMAGES: Final = ("images", "masks")
_HELD: Final = tuple(
    column
    for name in _names(HeldProject)
    for column in (
        [f"{name}_{presence}" for presence in _names(HeldImages)] if name in _IMAGES else [name]
    )
)
_METRICS: Final = ("metric", *_names(Metric), "reported")
_SUMMARY: Final = (
    "project_name",
    "model_version",
    "region",
    "status",
    "status_message",
    *_names(Performance),
    *_names(Hosting),
    *_names(Artifacts),
    "findings",
    "source_kind",
    "source_basis",
    "captured_at",
)


def _summary_row(answer: ModelSummary) -> Row:
    """One row: the members of the records inside it stand beside its own."""
    parts = (answer.performance, answer.hosting, answer.artifacts)
    row = answer.present_members()
    for part in parts:
        row |= part.present_members() if part else {}
    return row | {
        "findings": tuple(each.code for each in answer.findings),
        "source_kind": answer.source.kind,
        "source_basis": answer.source.basis,
        "captured_at": answer.source.captured_at,
    }


def _held_row(project: HeldProject) -> Row:
    """One row: images and masks by whether they are there, edge packages by their places."""
    row = project.present_members()
    for name in _IMAGES:
        images: HeldImages | None = row.pop(name, None)
        if images is not None:
            row |= {f"{name}_{presence}": count for presence, count in images}
    return row | {"edge_packages": tuple(each.location for each in project.edge_packages)}


def _metric_rows(answer: EvaluationReport) -> list[Row]:
    """A row for each metric that was recounted or reported."""
    recounted = answer.metrics.present_members() if answer.metrics else {}
    reported = answer.reported.present_members() if answer.reported else {}
    return [
        {
            "metric": name,
            **(recounted[name].present_members() if name in recounted else {}),
            "reported": reported.get(name),
        }
        for name in _names(EvaluationMetrics)
        if name in recounted or name in reported
    ]


def _compared_rows(answer: ModelComparison) -> list[Row]:
    """A row for each candidate and question; the baseline is compared with nothing."""
    margins = dict(zip(_QUESTIONS, (answer.recall_margin, answer.false_alarm_margin), strict=True))
    return [
        {
            **each.present_members(),
            "question": question,
            "margin": margins[question],
            **rate.present_members(),
            "verdict": rate.verdict,
            "model_verdict": each.verdict,
        }
        for each in answer.models
        for question in _QUESTIONS
        if (rate := getattr(each, question)) is not None
    ]
