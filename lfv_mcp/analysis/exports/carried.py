"""What every export carries: figures with interval ends, where they come from, what limits them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lfv_mcp.findings import by_severity
from lfv_mcp.results.common import Source
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.text import strip_invisible

SYNTHETIC: Final = "Synthetic sample data, not a real model."
HISTORY: Final = (
    "From saved records: status is history. Amazon Lookout for Vision ended on 31 October 2025."
)
ENDED: Final = "Amazon Lookout for Vision ended on 31 October 2025."
INTERVALS: Final = (
    "Names that end in _low and _high are the ends of 95 % intervals; they cover sampling error "
    "only, and hold if the test images are drawn like the parts of the line."
)
NO_COUNTS: Final = (
    "No evaluation file is held: nothing could be recounted, and no figure has an interval."
)
TEST_SET: Final = (
    "All figures are of the test images, most likely at the threshold with the best F1 on those "
    "very images; they do not tell how often defects occur on a line."
)
TEST_SET_OF_PREDICTIONS: Final = (
    "All figures are of the images that were answered and whose truth is known; whether the "
    "threshold was chosen on these images is not known."
)
COUNTS: Final = ("true_positives", "false_positives", "false_negatives", "true_negatives")


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """One model as it goes into an export.

    Args:
        summary: what describe_model answers.
        report: what analyze_evaluation answers, with the trade-off cut by cut; None if no
            evaluation file is held.
        product: this program and its version.
    """

    summary: ModelSummary
    report: EvaluationReport | None
    product: str

    @property
    def name(self) -> str:
        """Project and version, or prediction set."""
        return f"{self.summary.project_name} {self.summary.model_version}"


@dataclass(frozen=True, slots=True)
class ExportedFigure:
    """A figure by a flat name: `recall`, `recall_low`, `reported_recall`, `true_positives`."""

    name: str
    value: float
    notes: str = ""


def figures_of(model: ExportedModel) -> list[ExportedFigure]:
    """Every figure of a report as its JSON has it; a metric without a value has none.

    Without a report these are the record's own.
    """
    if model.report is None:
        recorded = model.summary.performance
        plain = {} if recorded is None else recorded.to_json()
        return [
            ExportedFigure(f"reported_{name}", plain[name], "as DescribeModel reported it")
            for name in ("precision", "recall", "f1_score")
            if name in plain
        ]
    plain = model.report.to_json()
    found: list[ExportedFigure] = []
    for name, metric in plain.get("metrics", {}).items():
        if "value" not in metric:
            continue
        found.append(ExportedFigure(name, metric["value"], metric.get("no_interval", "")))
        for end in ("low", "high"):
            if end in metric:
                notes = f"{'lower' if end == 'low' else 'upper'} end of the 95 % interval"
                found.append(ExportedFigure(f"{name}_{end}", metric[end], notes))
    found += [
        ExportedFigure(f"reported_{name}", value, "as training wrote it into its EvaluationResult")
        for name, value in plain.get("reported", {}).items()
    ]
    counts = plain.get("confusion", {})
    notes = "recovered from the reported figures" if counts.get("recovered") else ""
    found += [ExportedFigure(name, counts[name], notes) for name in COUNTS if name in counts]
    for name in ("test_images", "training_images"):
        if name in plain:
            found.append(ExportedFigure(name, plain[name]))
    return found


def undefined_of(model: ExportedModel) -> dict[str, str]:
    """Why a metric has no value, by its name."""
    if model.report is None:
        return {}
    metrics = model.report.to_json().get("metrics", {})
    return {name: each["undefined"] for name, each in metrics.items() if "undefined" in each}


def provenance_of(source: Source, product: str) -> dict[str, str]:
    """Where an export comes from, by flat names; what is unknown is absent."""
    known = {
        "source_kind": source.kind,
        "source_basis": source.basis,
        "source_captured_at": source.captured_at,
        "source_location": source.location,
        "exported_by": product,
    }
    return {name: value for name, value in known.items() if value is not None}


def label_of(source: Source) -> str:
    """The sentence that no copy of a figure may lose: synthetic, or history."""
    if source.kind == "sample":
        return f"{SYNTHETIC} {HISTORY}"
    return ENDED if source.kind == "live" else HISTORY


def caveats_of(model: ExportedModel) -> list[str]:
    """What limits the figures, a sentence or two each, the weightiest first."""
    of_set = model.summary.prediction_set is not None
    findings = {
        each.message: each
        for each in (*(model.report.findings if model.report else ()), *model.summary.findings)
        if each.severity != "info"
    }
    return [
        label_of(model.summary.source),
        *([TEST_SET_OF_PREDICTIONS if of_set else TEST_SET] if figures_of(model) else []),
        NO_COUNTS if model.report is None else INTERVALS,
        *(f"{each.message} {each.advice or ''}".strip() for each in by_severity(findings.values())),
    ]


def fitting(text: str, limit: int) -> str:
    """Text in one line of at most so many UTF-16 units, which no counting of characters exceeds."""
    visible = strip_invisible(text)
    if _units(visible) <= limit:
        return visible
    room, kept = limit - 1, 0
    for character in visible:
        room -= _units(character)
        if room < 0:
            break
        kept += 1
    return f"{visible[:kept]}…"


def whole_sentences(sentences: list[str], limit: int) -> str:
    """As many of the texts as fit; a note says how many do not."""
    kept = list(map(strip_invisible, sentences))
    left = 0
    while len(kept) > 1 and _units(_joined(kept, left)) > limit:
        kept.pop()
        left += 1
    return fitting(_joined(kept, left), limit)


def _joined(kept: list[str], left: int) -> str:
    return " ".join([*kept, *([f"({left} more findings are left out.)"] if left else [])])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
