"""The findings about a record: its status, its source, its evidence, and what it lacks.

From an archive or the sample, status is history, and advice holds only what can be done today.
What needs the service (StartModel, another training, waiting) is said only of a live answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from lfv_mcp.analysis.description import ReadableDescription
from lfv_mcp.analysis.statuses import STATUS_WORDS
from lfv_mcp.figures import count_of
from lfv_mcp.findings import finding
from lfv_mcp.provenance import LeftOut, OtherStatus
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_summary import ModelSummary

SYNTHETIC: Final = "Synthetic sample, not a real model."


def state_findings(description: ModelDescription, *, live: bool) -> Iterator[Finding]:
    """What follows from the status and from the inference units that were requested."""
    status = description.Status
    if status not in STATUS_WORDS:
        if status is not None:
            yield finding(
                "status_unknown",
                f"The status {status!r} is none of the nine that the API had.",
                "Take it as unknown; the rest of the record stands.",
            )
    elif (words := STATUS_WORDS[status]).code:
        yield finding(words.code, *(words.live if live else words.history))
    low, high = description.MinInferenceUnits, description.MaxInferenceUnits
    if high is not None:
        most = count_of(high, "inference unit", "inference units")
        units = f"up to {most} (the minimum is not recorded)"
        if low is not None:
            units = f"{low} to {count_of(high, 'inference unit', 'inference units')}"
        yield finding("hosting_autoscaling", f"Autoscaling requested: {units}.")
    elif low is not None:
        yield finding(
            "hosting_fixed",
            f"Fixed size requested: {count_of(low, 'inference unit', 'inference units')}.",
        )


def hosted_elsewhere(summary: ModelSummary, hosted: Sequence[str]) -> Iterator[Finding]:
    """That the answer is not about the version in use.

    Args:
        summary: the answer.
        hosted: the versions of its project that are HOSTED, or were when captured, the highest
            first.
    """
    if not hosted or summary.model_version in hosted or summary.status == "HOSTED":
        return
    live = summary.source.kind == "live"
    versions = f"Version{'s' if len(hosted) > 1 else ''} {', '.join(reversed(hosted))}"
    verb = ("are" if live else "were") if len(hosted) > 1 else ("is" if live else "was")
    this = f", not version {summary.model_version}"
    if summary.status is None:
        this = f"; of version {summary.model_version} no status is known"
    yield finding(
        "other_version_hosted",
        f"{versions} {verb} HOSTED{'' if live else ' when captured'}{this}.",
        f"For {'it' if len(hosted) == 1 else 'the highest of them'}: model_version='hosted' "
        "(command line: VERSION hosted).",
    )


def source_findings(source: Source, doubt: str = "") -> Iterator[Finding]:
    """What to know about where the record comes from.

    `doubt` says why the sample may not be what was meant: settings that have no effect.
    """
    match source.kind:
        case "live":
            yield finding(
                "service_ended",
                "The service ended on 31 October 2025; this endpoint still answers.",
                "Save it now: `lfv-mcp archive export`.",
            )
        case "sample":
            yield sample_finding(doubt)
        case "archive" if source.captured_at is not None:
            yield finding("archived_record", f"A saved answer of {source.captured_at[:10]}.")
        case "archive":
            yield finding("undated_record", "A saved answer; when it was taken is not recorded.")
    if source.basis == "list_models":
        yield finding(
            "listing_only",
            "Known only from a listing: no S3 locations, no inference units.",
            "Add a saved DescribeModel answer if there is one.",
        )
    elif source.basis == "evaluation_files":
        yield finding(
            "evaluation_files_only",
            "Rebuilt from evaluation files: which status the model had is not known.",
            "Add a saved DescribeModel answer if there is one.",
        )


def sample_finding(doubt: str = "") -> Finding:
    """That the sample answers; `doubt` says why it may not be what was meant."""
    message = SYNTHETIC
    return finding(
        "sample_data",
        f"{message} {doubt}" if doubt else message,
        "Your own: set LFV_SOURCE.",
    )


def evidence_findings(evidence: str) -> Iterator[Finding]:
    """Where evaluation files are: `archive`, `s3`, or empty for nowhere."""
    if evidence:
        message = "Evaluation files are named in S3: try analyze_evaluation."  # nobody has yet
        if evidence == "archive":
            message = "Files are held: see analyze_evaluation."
        yield finding("evidence_at_hand", message)


def disagreement_findings(
    description: ModelDescription, others: Sequence[OtherStatus]
) -> Iterator[Finding]:
    """The statuses that other saved records of the same model name."""
    if others:
        listed = ", ".join(
            f"{other.status or 'no status'} ({day(other.captured)})" for other in others
        )
        yield finding(
            "records_disagree",
            f"The record used says {_status_in_words(description.Status)}; others say {listed}.",
            "A DescribeModel answer beats a listing; then dated beats undated, newer beats older. "
            "Remove what is wrong from the archive.",
        )


def _status_in_words(status: str | None) -> str:
    return "no status" if status is None else status


def day(seconds: float | None) -> str:
    """The day of a record in UTC, or that it has none: `2025-10-28`."""
    return "undated" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


_LEFT_OUT_QUOTED: Final = 6
"""Members left out that are quoted with the reason; the others are named."""


def repair_findings(
    record: ReadableDescription, left_out: Sequence[LeftOut] = ()
) -> Iterator[Finding]:
    """What had to be left out of the record or cut, to show it.

    Args:
        record: the record, made safe to show.
        left_out: what the archive already left out of its reply.
    """
    unusable = list(dict.fromkeys((*left_out, *record.unusable)))
    if unusable:
        quoted = [f"{each.member} left out: {each.value} {each.why}." for each in unusable]
        if others := unusable[_LEFT_OUT_QUOTED:]:
            names = ", ".join(each.member for each in others)
            quoted[_LEFT_OUT_QUOTED:] = [f"Left out, too: {names}."]
        yield finding("member_unusable", " ".join(quoted))
    if record.shortened:
        names = ", ".join(record.shortened)
        yield finding("text_shortened", f"Cut at 500 characters: {names}.")
