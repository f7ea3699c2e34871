"""`summarise`: the record of one model, as the answer of describe_model; and its readable text.

The findings are chosen in `quality` and `model_findings`; here the answer is put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lfv_mcp.analysis.description import ReadableDescription
from lfv_mcp.analysis.model_findings import (
    disagreement_findings,
    evidence_findings,
    repair_findings,
    source_findings,
    state_findings,
)
from lfv_mcp.analysis.quality import grade, quality_findings
from lfv_mcp.analysis.statuses import STATUS_WORDS
from lfv_mcp.findings import as_line, by_severity
from lfv_mcp.provenance import LeftOut, OtherStatus, source_in_words
from lfv_mcp.results.common import Source
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance, S3Object
from lfv_mcp.results.model_summary import Artifacts, Hosting, ModelSummary, Performance
from lfv_mcp.text import clean, complement, digits, percent, truncate_lines

SUMMARY_DIGEST_LIMIT: Final = 1200
"""Characters of the readable text of a describe_model answer."""


def summarise(
    project_name: str,
    model_version: str,
    region: str,
    record: ReadableDescription,
    source: Source,
    disagreeing: Sequence[OtherStatus] = (),
    evidence: str = "",
    left_out: Sequence[LeftOut] = (),
) -> ModelSummary:
    """The answer of describe_model about one model's record.

    Args:
        project_name: the project's name, as asked for.
        model_version: the version's number.
        region: the AWS region; empty if it is not known.
        record: the record, made safe to show.
        source: where the record comes from.
        disagreeing: what records that lost against this one say.
        evidence: where evaluation files are, `archive` or `s3`; nothing of them is read.
        left_out: members of the record that the archive could not send.
    """
    description = record.description
    status = description.Status
    performance = _performance(description)
    findings = by_severity(
        (
            *quality_findings(description, performance),
            *state_findings(description, live=source.kind == "live"),
            *source_findings(source),
            *evidence_findings(evidence),
            *disagreement_findings(description, disagreeing),
            *repair_findings(record, left_out),
        )
    )
    sentences = (
        _state_sentence(f"{project_name} version {model_version}", status, source),
        _quality_sentence(performance),
        next((f.advice for f in findings if f.advice is not None), ""),
    )
    return ModelSummary(
        summary=" ".join(filter(None, sentences)),
        project_name=project_name,
        model_version=model_version,
        region=region or None,
        status=status,
        status_message=description.StatusMessage or None,
        status_meaning=_meaning(status),
        performance=performance.or_none(),
        hosting=_hosting(description),
        artifacts=_artifacts(description).or_none(),
        findings=tuple(findings),
        source=source,
        model_description=description,
    )


def summary_digest(model: ModelSummary) -> str:
    """The readable half of an answer: SUMMARY_DIGEST_LIMIT characters at most, whole lines."""
    lines = [model.summary]
    if performance := model.performance:
        metrics = (
            ("precision", performance.precision),
            ("recall", performance.recall),
            ("F1", performance.f1_score),
        )
        lines.append(
            "Metrics: " + ", ".join(f"{n} {digits(v)}" for n, v in metrics if v is not None)
        )
    if model.status_message is not None:
        lines.append(f"Status message: {model.status_message}")
    lines += map(as_line, model.findings)
    lines.append(f"Source: {source_in_words(model.source)}.")
    return truncate_lines(lines, SUMMARY_DIGEST_LIMIT)


def _meaning(status: str | None) -> str | None:
    if status is None:
        return None
    known = STATUS_WORDS.get(status)
    return known.meaning if known else "not a status this server knows"


def _performance(description: ModelDescription) -> Performance:
    sent = description.Performance or ModelPerformance()
    return Performance(
        f1_score=sent.F1Score,
        precision=sent.Precision,
        recall=sent.Recall,
        escape_rate=None if sent.Recall is None else complement(sent.Recall),
        false_reject_share=None if sent.Precision is None else complement(sent.Precision),
        evaluated_at=description.EvaluationEndTimestamp if sent.or_none() else None,
    )


def _hosting(description: ModelDescription) -> Hosting | None:
    low, high = description.MinInferenceUnits, description.MaxInferenceUnits
    if low is None and high is None:
        return None
    return Hosting(min_inference_units=low, max_inference_units=high, autoscaling=high is not None)


def _artifacts(description: ModelDescription) -> Artifacts:
    location = description.OutputConfig and description.OutputConfig.S3Location
    return Artifacts(
        # The prefix is used as it is: the service inserts no slash.
        output=f"s3://{location.Bucket}/{location.Prefix or ''}"
        if location and location.Bucket is not None
        else None,
        evaluation_manifest=_uri(description.EvaluationManifest),
        evaluation_result=_uri(description.EvaluationResult),
    )


def _uri(at: S3Object | None) -> str | None:
    if at is None or at.Bucket is None or at.Key is None:
        return None
    return f"s3://{at.Bucket}/{at.Key}"


def _state_sentence(name: str, status: str | None, source: Source) -> str:
    if status is None:
        state = f"The status of {name} is not known"
    elif source.kind == "live":
        state = f"{name} is {clean(status, 40)}"
    else:
        on = f" on {source.captured_at[:10]}" if source.captured_at is not None else ""
        state = f"{name} was {clean(status, 40)} when captured{on}"
    return state + (" (synthetic sample)." if source.kind == "sample" else ".")


def _quality_sentence(performance: Performance) -> str:
    precision, recall = performance.precision, performance.recall
    if precision is None or recall is None:
        what = "complete metrics" if performance.or_none() else "metrics"
        return f"How good it is cannot be said: no {what}."
    if precision == recall == 1:
        return "It made no error on its test set."
    word = grade(performance.escape_rate, performance.false_reject_share)
    return (
        f"On its test set it was {word}: it caught {percent(recall)} of the "
        f"defects, and {percent(complement(precision))} of its rejects were good parts."
    )
