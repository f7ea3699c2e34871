"""The readable text of a ModelComparison: the digest that stands beside its structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lfv_mcp.analysis.candidate import called
from lfv_mcp.analysis.comparison_text import (
    VERDICTS,
    AskedRate,
    alone_in_words,
    asked_rates,
    auc_in_words,
    margins_in_words,
    open_replacement,
    question_in_words,
    sentence,
)
from lfv_mcp.analysis.evaluation_text import metric_in_words
from lfv_mcp.analysis.recount import metrics_by_name
from lfv_mcp.analysis.verdicts import Margins
from lfv_mcp.figures import fraction, probability, score
from lfv_mcp.findings import as_line
from lfv_mcp.provenance import source_in_words
from lfv_mcp.results.model_comparison import ComparedModel, ModelComparison
from lfv_mcp.text import clean, common_folder, truncate_lines

COMPARISON_DIGEST_LIMIT: Final = 3500
"""Characters of the readable text of a compare_models answer, without its images."""
IMAGES_LIMIT: Final = 3000
"""Characters of the images that the text names; the structure has all of them."""
_CAVEATS: Final = (
    "evaluation_mismatch",
    "truth_missing",
    "too_few_answered",
    "tested_on_training_images",
    "matched_by_name",
    "labels_differ",
    "different_test_sets",
    "counts_missing",
    "unanswered_images",
    "training_names_shared",
    "training_images_unknown",
    "margin_wide",
    "trade_off",
    "cuts_chosen_here",
    "several_comparisons",
)
"""What a figure must not be taken for: these stand before all that a limit may cut."""


def comparison_digest(comparison: ModelComparison, limit: int = COMPARISON_DIGEST_LIMIT) -> str:
    """The readable half of an answer: `limit` characters, and the images."""
    margins = _margins_of(comparison)
    caveats = sorted(
        (f for f in comparison.findings if f.code in _CAVEATS),
        key=lambda found: _CAVEATS.index(found.code),
    )
    others = [f for f in comparison.findings if f.code not in _CAVEATS]
    told = margins_in_words(margins)
    lines = [comparison.summary, *map(as_line, caveats)]
    lines += [told] if told not in comparison.summary else []
    is_live = comparison.source.kind == "live"
    baseline, *rest = comparison.models
    lines.append(_model_line(baseline, is_live=is_live, verdict="the baseline"))
    for row in rest:
        lines += _row_lines(row, comparison, margins, is_live=is_live)
    lines += map(as_line, others)
    lines.append(f"Source: {source_in_words(comparison.source)}.")
    text = truncate_lines(lines, limit)
    body, _, last = text.rpartition("\n")
    images = truncate_lines(["", *_image_lines(comparison), ""], IMAGES_LIMIT).strip()
    return "\n".join(part for part in (body, images, last) if part)


def _margins_of(comparison: ModelComparison) -> Margins:
    return Margins(
        comparison.recall_margin,
        comparison.false_alarm_margin,
        comparison.margins_given,
        None,
        None,
    )


def _model_line(row: ComparedModel, *, is_live: bool, verdict: str) -> str:
    status = "status not known" if row.status is None else row.status
    status = status if is_live else f"{status} when captured"
    if not row.model_version.isdigit():
        status = "predictions"
    block = metrics_by_name(row.metrics)
    numbers = ", ".join(
        metric_in_words(name, block[name])
        for name in ("recall", "false_alarm_rate")
        if name in block
    )
    name = called(row.model_version)
    name = f"{name[:1].upper()}{name[1:]}" if row.model_version.isdigit() else name
    return f"{name} ({status}): {verdict}; {numbers or 'no metrics'}"


def _row_lines(
    row: ComparedModel, comparison: ModelComparison, margins: Margins, *, is_live: bool
) -> Iterator[str]:
    """A version against the baseline: verdict and rates, then each question."""
    baseline = comparison.baseline
    questions = list(asked_rates(row, margins))
    yield _model_line(row, is_live=is_live, verdict=_verdict(row, questions, called(baseline)))
    told: list[str] = []
    reasons = {each.rate.undefined for each in questions}
    if len(questions) > 1 and len(reasons) == 1 and (reason := reasons.pop()):
        questions = []  # both for one reason, which the summary may give
        if reason not in comparison.summary:
            told.append(f"Recall and false alarms: nothing can be said, for {reason}.")
    for asked in questions:
        if asked.rate.difference is not None and asked.rate.p_value is None:
            continue  # of other images, and a difference may be theirs
        clause = question_in_words(asked)
        is_told = clause.lower() in comparison.summary.lower()
        if asked.rate.images is not None:
            alone = alone_in_words(asked, row.model_version, baseline)
            clause = alone if is_told else f"{clause}; {alone}"
        elif is_told:
            continue
        told.append(sentence(clause))
    if auc := row.roc_auc:
        told.append(
            f"ROC AUC {auc_in_words(auc)}, {probability(auc.p_value)}; no verdict rests on it."
        )
    if told:
        yield f"  {' '.join(told)}"
    yield from _label_lines(comparison.models[0], row)


def _verdict(row: ComparedModel, asked: Sequence[AskedRate], baseline: str) -> str:
    """What differs, and whether the version may replace the baseline."""
    if row.verdict in (None, "not_comparable"):
        return f"not comparable with {baseline}"
    if row.replacement == "undecided":
        return open_replacement(asked, baseline)
    may = "may" if row.replacement == "accept" else "may not"
    return f"{VERDICTS[row.verdict]}; {may} replace {baseline}"


def _label_lines(baseline: ComparedModel, row: ComparedModel) -> Iterator[str]:
    """What was reported of each kind of defect of both, side by side and without a verdict."""
    before = {label.name: label.present_members() for label in baseline.labels or ()}
    told: list[str] = []
    for label in row.labels or ():
        first, second = before.get(label.name, {}), label.present_members()
        figures = [
            f"{words} {fraction(first[name])} to {fraction(second[name])}"
            for name, words in (("recall", "recall"), ("average_iou", "IoU"))
            if name in first and name in second
        ]
        if figures:
            told.append(f"{clean(label.name, 40)}: {', '.join(figures)}")
    if told:
        both = f"{called(baseline.model_version)} to {called(row.model_version)}"
        yield (
            f"  Labels, from {both}: {'; '.join(told)}. Reported figures without counts: nobody "
            "can test whether these differ."
        )


def _image_lines(comparison: ModelComparison) -> Iterator[str]:
    """The images by name; the folder that all share is said once."""
    changed = [
        (kind, row, images)
        for row in comparison.models
        for kind, images in row.changed or ()
        if images.images
    ]
    doubted = comparison.labels_to_doubt or ()
    named = [each.image for _, _, images in changed for each in images.images]
    folder = common_folder([*named, *(each.image for each in doubted)])
    if folder:
        yield f"Images, below {clean(folder, 1200)}:"
    for kind, row, images in changed:
        listed = "; ".join(
            name if each.anomaly_score is None else f"{name} {score(each.anomaly_score)}"
            for each in images.images
            for name in (clean(each.image[len(folder) :], 300),)
        )
        how_many = f"{len(images.images)} of {images.count}"
        words = kind.replace("_", " ").capitalize()
        yield f"{words} by {called(row.model_version)} ({how_many}): {listed}"
    if doubted:
        listed = "; ".join(f"{clean(e.image[len(folder) :], 300)} ({e.label})" for e in doubted)
        yield f"Labels to doubt: {listed}"
