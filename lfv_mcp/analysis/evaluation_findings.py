"""Findings about evaluation files: whose they are, whether they agree, how far to trust them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.quality import F1_TOLERANCE
from lfv_mcp.analysis.recount import (
    EvaluationNumbers,
    defects_and_good_parts,
    metric_values,
    reported_values,
)
from lfv_mcp.analysis.statistics_findings import statistics_findings
from lfv_mcp.figures import count_of
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT, EvaluationManifest
from lfv_mcp.formats.evaluation_result import REPORTED_METRICS, EvaluationResult
from lfv_mcp.metrics import Confusion, f1_from
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import LabelMetrics, ManifestCounts
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance
from lfv_mcp.text import TEXT_LIMIT, clean, digits
from lfv_mcp.times import epoch_seconds, iso_utc

SAME_TIME: Final = 1.0
"""Seconds by which two records of one end of evaluation may differ."""
LABEL_RECALL_LOW: Final = 0.70
"""Recall below which a segmentation label is weak."""
LABEL_IOU_LOW: Final = 0.50
"""Average IoU below which a segmentation label is weak."""
_POSSIBLE_LISTED: Final = 5
"""Sets of counts that are listed, where several give the reported figures."""
COUNT_THE_DEFECTS: Final = (
    "Find out how many of the test images were defects: that tells which it is."
)
"""The advice where several sets of counts give the reported figures."""
_OTHER_TRAINING: Final = "Do not judge the model by it; look for the file of its own training."


def evaluation_findings(
    numbers: EvaluationNumbers,
    description: ModelDescription | None,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
    source: Source,
    others: Sequence[Finding] = (),
    *,
    question: EvaluationQuestion,
) -> list[Finding]:
    """Every finding about the files and their numbers, and `others`; the gravest first."""
    return by_severity(
        (
            *others,
            *(mismatch_findings(description, result, manifest) if description else ()),
            *(_result_findings(result) if result else ()),
            *(_manifest_findings(manifest) if manifest else ()),
            *_agreement_findings(numbers, result),
            *(_description_findings(numbers, description, result) if description else ()),
            *statistics_findings(numbers, question, source),
        )
    )


def mismatch_findings(
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
) -> Iterator[Finding]:
    """What shows that a file is of another model, or of an earlier one of the same name."""
    named = [("EvaluationResult", result.model_arn)] if result and result.model_arn else []
    named += [("EvaluationManifest", arn) for arn in (manifest.model_arns if manifest else ())]
    own = description.ModelArn or (named[0][1] if named else "")
    for file, arn in named:
        if arn != own:
            yield finding("evaluation_mismatch", f"The {file} is of {arn}.", _OTHER_TRAINING)
    ended = epoch_seconds(description.EvaluationEndTimestamp)
    found = result.evaluated_at if result else None
    if ended is not None and found is not None and abs(ended - found) > SAME_TIME:
        yield finding(
            "evaluation_mismatch",
            f"The EvaluationResult is of an evaluation that ended {_time(found)}, but this model's "
            f"ended {_time(ended)}.",
            _OTHER_TRAINING,
        )


def _time(seconds: float) -> str:
    return iso_utc(datetime.fromtimestamp(seconds, UTC))


def _result_findings(result: EvaluationResult) -> Iterator[Finding]:
    """What was left out, and which labels are weak."""
    if result.unusable:
        names = ", ".join(result.unusable[:8])
        yield finding("member_unusable", f"Left out of the EvaluationResult, of no use: {names}.")
    if any(len(label.name) > TEXT_LIMIT for label in result.labels):
        yield finding("text_shortened", "Cut at 500 characters: the name of a label.")
    if weak := [words for label in result.labels if (words := _weakness(label))]:
        more = f", and {len(weak) - 5} more" if len(weak) > 5 else ""
        yield finding(
            "weak_label",
            f"Weak labels: {', '.join(weak[:5])}{more}.",
            f"Our bars are recall {LABEL_RECALL_LOW:g} and average IoU {LABEL_IOU_LOW:g}. Look at "
            "the masks first: thin defects can be found and still overlap badly.",
        )


def _weakness(label: LabelMetrics) -> str:
    measures = (
        ("recall", label.recall, LABEL_RECALL_LOW),
        ("average IoU", label.average_iou, LABEL_IOU_LOW),
    )
    low = [f"{name} {digits(v)}" for name, v, bar in measures if v is not None and v < bar]
    return f"{clean(label.name, 40)!r} ({', '.join(low)})" if low else ""


def _manifest_findings(manifest: EvaluationManifest) -> Iterator[Finding]:
    """What was left out, and what is counted but should be known."""
    if manifest.unusable:
        causes = ", ".join(f"{n} {cause}" for cause, n in manifest.unusable.items())
        yield finding(
            "unusable_lines",
            f"Lines left out of every count: {causes}.",
            "Look whether the manifest is whole, and that of an evaluation.",
        )
    if manifest.repeated:
        yield finding(
            "duplicate_images",
            f"Lines that repeat the image of another: {manifest.repeated}. Each is counted.",
            "Take the intervals for too narrow: a repeated image proves nothing new.",
        )
    if manifest.images is None:
        message = f"More than {LINES_KEPT:,} images: counted, but not analysed one by one."
        yield finding("manifest_too_long", message)


def _agreement_findings(
    numbers: EvaluationNumbers, result: EvaluationResult | None
) -> Iterator[Finding]:
    """Whether the manifest and the EvaluationResult say the same."""
    known, reported = numbers.known_metrics(), reported_values(numbers.reported)
    if numbers.confusion is None:
        yield from _unknown_counts(numbers)
    elif numbers.confusion.recovered:
        yield finding(
            "counts_recovered",
            "No EvaluationManifest, so the counts are recovered: "
            f"{counts_in_words(numbers.confusion)} are "
            f"the only whole numbers of {numbers.test_images} images that give the reported "
            "figures. Single images and thresholds are not known.",
        )
    elif result and result.testing_images not in (None, numbers.test_images):
        yield finding(
            "test_set_size_differs",
            f"Test images: {result.testing_images} by the EvaluationResult, "
            f"{numbers.test_images} by the manifest.",
            "Look whether the manifest is whole.",
        )
    if differing := [name for name, same in numbers.agreement().items() if not same]:
        listed = ", ".join(f"{n} {reported[n]:.6g}, not {known[n]:.6g}" for n in differing)
        yield finding(
            "metrics_disagree",
            f"The EvaluationResult reports other figures than the manifest gives: {listed}.",
            "Go by the EvaluationResult: the manifest is not whole."
            if numbers.incomplete
            else "Find out whether both files are of this training before trusting either.",
        )
    if "precision" in known and "recall" in known and "f1_score" not in known:
        f1 = f1_from(known["precision"], known["recall"])
        if isinstance(f1, float):
            message = f"The file has no F1; from its precision and recall it is {f1:.6g}."
            yield finding("metrics_incomplete", message)


def _unknown_counts(numbers: EvaluationNumbers) -> Iterator[Finding]:
    """Why there are no counts without a manifest, or which there may be."""
    why = f" ({numbers.counts_why_unknown})" if numbers.counts_why_unknown else ""
    yield finding(
        "counts_unknown",
        "No EvaluationManifest, so no counts, intervals, thresholds or images: how many test "
        f"images were anomalous is not in the EvaluationResult{why}.",
    )
    if possible := numbers.possible_counts:
        listed = "; or ".join(map(counts_in_words, possible[:_POSSIBLE_LISTED]))
        more = len(possible) - _POSSIBLE_LISTED
        rest = f"; or one of {more} more" if more > 0 else ""
        yield finding(
            "counts_ambiguous",
            f"{len(possible)} sets of counts give the reported figures: {listed}{rest}.",
            COUNT_THE_DEFECTS,
        )


def counts_in_words(counts: Confusion | ManifestCounts) -> str:
    """Both outcomes of a test: `"36 of 40 defects caught and 6 of 80 good parts rejected"`."""
    defects, good = defects_and_good_parts(counts)
    return (
        f"{counts.true_positives} of {count_of(defects, 'defect', 'defects')} caught and "
        f"{counts.false_positives} of {count_of(good, 'good part', 'good parts')} rejected"
    )


def _description_findings(
    numbers: EvaluationNumbers, description: ModelDescription, result: EvaluationResult | None
) -> Iterator[Finding]:
    """Whether DescribeModel says the same as the evaluation files, and which of them to go by.

    A manifest that is not whole outweighs nothing: it is one part of the test.
    """
    described = (description.Performance or ModelPerformance()).present_members()
    if numbers.incomplete:
        yield from _findings_against_a_part(numbers, described)
        return
    if differing := _differing(described, numbers.known_metrics()):
        proven = numbers.confusion is None or (result and result.testing_images is not None)
        yield finding(
            "description_disagrees",
            f"The evaluation files give other figures than DescribeModel: {differing}.",
            "Go by the evaluation files."
            if proven
            else "Look whether the manifest is whole: the EvaluationResult, which is not at hand, "
            "says how many test images there were.",
        )


def _findings_against_a_part(
    numbers: EvaluationNumbers, described: Mapping[str, float]
) -> Iterator[Finding]:
    """Whether DescribeModel disagrees with the EvaluationResult, else with what is counted."""
    reported = reported_values(numbers.reported)
    if differing := _differing(described, reported):
        yield finding(
            "description_disagrees",
            f"The EvaluationResult gives other figures than DescribeModel: {differing}.",
            f"Get the whole manifest, which tells who is right: {numbers.incomplete}.",
        )
    elif differing := _differing(described, metric_values(numbers.metrics)):
        confirmed = any(REPORTED_METRICS[name] in described for name in reported)
        yield finding(
            "description_disagrees",
            f"The manifest gives other figures than DescribeModel: {differing}. But the manifest "
            f"is not whole: {numbers.incomplete}.",
            "Go by DescribeModel and the EvaluationResult, which agree."
            if confirmed
            else "Go by DescribeModel until the whole manifest is at hand.",
        )


def _differing(described: Mapping[str, float], known: Mapping[str, float]) -> str:
    """The metrics that DescribeModel gives another value than is known: that one, not its own."""
    return ", ".join(
        f"{name} {known[name]:.6g}, not {theirs:.6g}"
        for name in sorted(REPORTED_METRICS.keys() & known)
        if (theirs := described.get(REPORTED_METRICS[name])) is not None
        and abs(theirs - known[name]) > F1_TOLERANCE
    )
