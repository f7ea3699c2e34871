"""What a reader is told: pure functions from a record to findings and sentences.

Two rules shape every word. From an archive or the sample, status is history, and
advice holds only what can be done today; what needs the service (StartModel, another
training, waiting) is said only when the source is live. And a finding's code and
severity never depend on its wording: `FINDINGS` is the committed list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from lfv_mcp.analysis.description import ReadableDescription
from lfv_mcp.analysis.quality import grade, quality_findings
from lfv_mcp.analysis.statuses import STATUS_WORDS
from lfv_mcp.findings import as_line, by_severity, finding
from lfv_mcp.provenance import OtherStatus, source_in_words
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_description import ModelDescription, S3Object
from lfv_mcp.results.model_summary import Artifacts, Hosting, ModelSummary, Performance
from lfv_mcp.text import clean, complement, digits, percent, truncate_lines

DIGEST_LIMIT: Final = 1200
"""Characters of the readable text of one answer."""


def summarise(
    project_name: str,
    model_version: str,
    region: str,
    record: ReadableDescription,
    source: Source,
    disagreeing: Sequence[OtherStatus] = (),
    evidence: str = "",
) -> ModelSummary:
    """One model's record → the answer of describe_model.

    `disagreeing`: what records that lost against this one say.
    `evidence`: where evaluation files are, `archive` or `s3`; nothing of them is read.
    """
    description = record.description
    live = source["kind"] == "live"
    status = description.get("Status")
    performance = _performance(description)
    findings = by_severity(
        (
            *quality_findings(description, performance),
            *_state(description, live),
            *_provenance(source),
            *_evidence(evidence),
            *_disagreement(description, disagreeing),
            *_repairs(record),
        )
    )
    result: ModelSummary = {
        "summary": _sentences(project_name, model_version, status, performance, findings, source),
        "project_name": project_name,
        "model_version": model_version,
        "findings": findings,
        "source": source,
        "model_description": description,
    }
    if region:
        result["region"] = region
    if status is not None:
        result["status"] = status
        result["status_meaning"] = (
            STATUS_WORDS[status].meaning
            if status in STATUS_WORDS
            else "not a status this server knows"
        )
    if message := description.get("StatusMessage"):
        result["status_message"] = message
    if performance:
        result["performance"] = performance
    if hosting := _hosting(description):
        result["hosting"] = hosting
    if artifacts := _artifacts(description):
        result["artifacts"] = artifacts
    return result


def summary_digest(model: ModelSummary) -> str:
    """The readable half of the answer: at most `DIGEST_LIMIT` characters, whole lines only."""
    lines = [model["summary"]]
    if performance := model.get("performance"):
        metrics = (
            ("precision", performance.get("precision")),
            ("recall", performance.get("recall")),
            ("F1", performance.get("f1_score")),
        )
        lines.append(
            "Metrics: " + ", ".join(f"{n} {digits(v)}" for n, v in metrics if v is not None)
        )
    if message := model.get("status_message"):
        lines.append(f"Status message: {message}")
    lines += map(as_line, model["findings"])
    lines.append(f"Source: {source_in_words(model['source'])}.")
    return truncate_lines(lines, DIGEST_LIMIT)


def _performance(description: ModelDescription) -> Performance:
    sent = description.get("Performance", {})
    result: Performance = {}
    if "F1Score" in sent:
        result["f1_score"] = sent["F1Score"]
    if "Precision" in sent:
        result["precision"] = sent["Precision"]
        result["false_reject_share"] = complement(sent["Precision"])
    if "Recall" in sent:
        result["recall"] = sent["Recall"]
        result["escape_rate"] = complement(sent["Recall"])
    if result and "EvaluationEndTimestamp" in description:
        result["evaluated_at"] = description["EvaluationEndTimestamp"]
    return result


def _hosting(description: ModelDescription) -> Hosting | None:
    if not {"MinInferenceUnits", "MaxInferenceUnits"} & description.keys():
        return None
    result: Hosting = {"autoscaling": "MaxInferenceUnits" in description}
    if "MinInferenceUnits" in description:
        result["min_inference_units"] = description["MinInferenceUnits"]
    if "MaxInferenceUnits" in description:
        result["max_inference_units"] = description["MaxInferenceUnits"]
    return result


def _artifacts(description: ModelDescription) -> Artifacts:
    result: Artifacts = {}
    location = description.get("OutputConfig", {}).get("S3Location", {})
    if "Bucket" in location:
        # The prefix is used as it is: the service inserts no slash.
        result["output"] = f"s3://{location['Bucket']}/{location.get('Prefix', '')}"
    if uri := _uri(description.get("EvaluationManifest")):
        result["evaluation_manifest"] = uri
    if uri := _uri(description.get("EvaluationResult")):
        result["evaluation_result"] = uri
    return result


def _uri(at: S3Object | None) -> str:
    return f"s3://{at['Bucket']}/{at['Key']}" if at and "Bucket" in at and "Key" in at else ""


def _state(description: ModelDescription, live: bool) -> Iterator[Finding]:
    status = description.get("Status")
    if status not in STATUS_WORDS:
        if status is not None:
            yield finding(
                "status_unknown",
                f"The status {status!r} is none of the nine that the API had.",
                "Take it as unknown; the rest of the record stands.",
            )
    elif (words := STATUS_WORDS[status]).code:
        yield finding(words.code, *(words.live if live else words.history))
    low, high = description.get("MinInferenceUnits"), description.get("MaxInferenceUnits")
    if high is not None:
        yield finding(
            "hosting_autoscaling",
            f"Autoscaling requested: {low or '?'} to {high} inference units.",
        )
    elif low is not None:
        yield finding(
            "hosting_fixed",
            f"Fixed size requested: {low} inference unit{'s' if low != 1 else ''}.",
        )


def _provenance(source: Source) -> Iterator[Finding]:
    match source["kind"]:
        case "live":
            yield finding(
                "service_ended",
                "The service ended on 31 October 2025; this endpoint still answers.",
                "Save it now: `lfv-mcp archive export`.",
            )
        case "sample":
            yield finding(
                "sample_data",
                "Synthetic sample, not a real model.",
                "For your own records set LFV_SOURCE.",
            )
        case "archive" if "captured_at" in source:
            yield finding("archived_record", f"A saved answer of {source['captured_at'][:10]}.")
        case "archive":
            yield finding("undated_record", "A saved answer; when it was taken is not recorded.")
    if source["basis"] == "list_models":
        yield finding(
            "listing_only",
            "Known only from a listing: no S3 locations, no inference units.",
            "Add a saved DescribeModel answer if there is one.",
        )
    elif source["basis"] == "evaluation_files":
        yield finding(
            "evaluation_files_only",
            "Rebuilt from evaluation files: what state the model was in is not known.",
            "Add a saved DescribeModel answer if there is one.",
        )


def _evidence(evidence: str) -> Iterator[Finding]:
    if evidence:
        message = "Files in S3: try analyze_evaluation."  # nobody has tried yet
        if evidence == "archive":
            message = "Files in the archive: see analyze_evaluation."
        yield finding("evidence_at_hand", message)


def _disagreement(
    description: ModelDescription, others: Sequence[OtherStatus]
) -> Iterator[Finding]:
    if others:
        listed = ", ".join(
            f"{other.status or 'no status'} ({_day(other.captured)})" for other in others
        )
        yield finding(
            "records_disagree",
            f"The record used says {description.get('Status', 'no status')}; others say {listed}.",
            "A DescribeModel answer beats a listing; then dated beats undated, newer beats older. "
            "Remove what is wrong from the archive.",
        )


def _day(seconds: float | None) -> str:
    return "undated" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _repairs(record: ReadableDescription) -> Iterator[Finding]:
    if record.unusable:
        names = ", ".join(record.unusable)
        yield finding("member_unusable", f"Left out, because the value is of no use: {names}.")
    if record.shortened:
        names = ", ".join(record.shortened)
        yield finding("text_shortened", f"Cut at 500 characters: {names}.")


def _sentences(
    project_name: str,
    model_version: str,
    status: str | None,
    performance: Performance,
    findings: list[Finding],
    source: Source,
) -> str:
    name = f"{project_name} version {model_version}"
    if status is None:
        state = f"The status of {name} is not known"
    elif source["kind"] == "live":
        state = f"{name} is {clean(status, 40)}"
    else:
        on = f" on {source['captured_at'][:10]}" if "captured_at" in source else ""
        state = f"{name} was {clean(status, 40)} when captured{on}"
    if source["kind"] == "sample":
        state += " (synthetic sample)"
    precision, recall = performance.get("precision"), performance.get("recall")
    if precision is None or recall is None:
        what = "complete metrics" if performance else "metrics"
        quality = f"How good it is cannot be said: no {what}."
    elif precision == recall == 1:
        quality = "It made no error on its test set."
    else:
        quality = (
            f"On its test set it was {grade(performance)}: it caught {percent(recall)} of the "
            f"defects, and {percent(complement(precision))} of its rejects were good parts."
        )
    todo = next((f["advice"] for f in findings if "advice" in f), "")
    return " ".join(part for part in (f"{state}.", quality, todo) if part)
