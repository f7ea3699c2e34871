"""The model versions of one comparison, with their evidence; imported at the first comparison."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lfv_mcp.analysis.comparison import Candidate
from lfv_mcp.catalog.evidence import EvidenceLoader
from lfv_mcp.catalog.workers import gather_in_order
from lfv_mcp.errors import LfvError
from lfv_mcp.findings import finding
from lfv_mcp.model_query import invalid_argument
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_summary import ModelSummary


def require_distinct(versions: Sequence[str], described: Sequence[ModelSummary]) -> None:
    """Refuse a comparison of a version with itself, which `latest` may turn out to be.

    Raises:
        CallerError: `invalid_argument`, two of the versions are the same model.
    """
    numbers = [summary["model_version"] for summary in described]
    if len(set(numbers)) < len(numbers):
        raise invalid_argument(
            "model_versions",
            list(versions),
            f"they stand for {', '.join(numbers)}, so one is named twice",
            '["1", "3"]',
        )


async def load_candidates(
    described: Sequence[ModelSummary], evidence: EvidenceLoader
) -> tuple[list[Candidate], list[Finding]]:
    """Each version with what can be read of its evaluation, and findings for what cannot.

    Raises:
        LfvError: something else is wrong than that evidence is missing.
    """
    findings: list[Finding] = []
    candidates = await gather_in_order(
        [partial(_candidate, summary, evidence, findings) for summary in described]
    )
    return candidates, findings


async def _candidate(
    summary: ModelSummary, evidence: EvidenceLoader, findings: list[Finding]
) -> Candidate:
    number = summary["model_version"]
    try:
        loaded = await evidence.load(summary["model_description"])
    except LfvError as error:
        if error.code != "evidence_unavailable":
            raise
        message = f"Version {number}: {error.message}"
        findings.append(finding("evidence_missing", message, error.next_step))
        return Candidate(summary)
    findings.extend({**f, "message": f"Version {number}: {f['message']}"} for f in loaded.findings)
    return Candidate(summary, loaded.result, loaded.manifest)
