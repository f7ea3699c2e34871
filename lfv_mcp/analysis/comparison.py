"""`compare`: whether one version of a model is better than another, as far as evidence decides.

Puts the answer of compare_models together: the verdicts come from `verdicts`, the words from
`comparison_text`.
"""

from __future__ import annotations

from collections.abc import Sequence

from lfv_mcp.analysis.comparison_text import (
    comparison_summary,
    incomplete_manifest,
    limitations,
    ranking_in_words,
)
from lfv_mcp.analysis.evaluation_findings import mismatch_findings
from lfv_mcp.analysis.paired_tests import McNemarTest
from lfv_mcp.analysis.recount import metric_values, why_incomplete
from lfv_mcp.analysis.verdicts import (
    Candidate,
    PairVerdict,
    pair_verdicts,
    rank,
    same_test_set,
)
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_comparison import ComparedModel, ModelComparison, PairedTest


def compare(
    candidates: Sequence[Candidate], source: Source, findings: Sequence[Finding] = ()
) -> ModelComparison:
    """Each version against the first, and the best of all if the data decides.

    Args:
        candidates: two or more different versions of one project; the first is the baseline.
        source: what the answer rests on.
        findings: what the caller knows about files that could not be read.
    """
    strays = [_files_of_another_model(candidate) for candidate in candidates]
    trusted = [
        Candidate(candidate.summary) if wrong else candidate
        for candidate, wrong in zip(candidates, strays, strict=True)
    ]
    baseline, *others = trusted
    verdicts = pair_verdicts(trusted)
    against_baseline = [verdicts[baseline.version, other.version] for other in others]
    same = {other.version: same_test_set(baseline, other) for other in others}
    found = [*findings, *(each for wrong in strays for each in wrong)]
    found += limitations(baseline.version, same, verdicts)
    parts = [c for c in trusted if why_incomplete(c.manifest, c.result)]
    found += map(incomplete_manifest, parts)
    ranking = rank(trusted, verdicts)
    return ModelComparison(
        summary=comparison_summary(
            baseline.summary.project_name,
            source.kind,
            len(trusted),
            ranking,
            [verdict.second for verdict in against_baseline if verdict.verdict == "better"],
            baseline.version,
            [part.version for part in parts],
        ),
        baseline=baseline.version,
        models=(
            _baseline_row(baseline),
            *(
                _row(other, baseline, verdict)
                for other, verdict in zip(others, against_baseline, strict=True)
            ),
        ),
        best=ranking.best,
        best_reason=ranking_in_words(ranking),
        same_test_set=_same_for_all(list(same.values())),
        findings=tuple(by_severity(found)),
        source=source,
    )


def _files_of_another_model(candidate: Candidate) -> list[Finding]:
    """What shows that files named as this version's are of another model; they are not used."""
    description = candidate.summary.model_description
    return [
        finding(each.code, f"Version {candidate.version}: {each.message} Its files are not used.")
        for each in mismatch_findings(description, candidate.result, candidate.manifest)
    ]


def _same_for_all(same: Sequence[bool | None]) -> bool | None:
    """False if one version had another test set; True if all had this one; None: not known."""
    if False in same:
        return False
    return None if None in same else True


def _baseline_row(baseline: Candidate) -> ComparedModel:
    return ComparedModel(
        model_version=baseline.version,
        status=baseline.summary.status,
        metrics=baseline.metrics,
    )


def _row(this: Candidate, baseline: Candidate, verdict: PairVerdict) -> ComparedModel:
    ours, theirs = metric_values(this.metrics), metric_values(baseline.metrics)
    # Twelve digits are more than any metric has, and hide the noise of a subtraction.
    deltas = {name: round(ours[name] - theirs[name], 12) for name in ours if name in theirs}
    return ComparedModel(
        model_version=this.version,
        status=this.summary.status,
        metrics=this.metrics,
        deltas=deltas or None,
        verdict=verdict.verdict,
        paired=_paired_test(verdict.test),
    )


def _paired_test(test: McNemarTest | None) -> PairedTest | None:
    if test is None:
        return None
    return PairedTest(
        only_baseline_right=test.first_alone_right,
        only_this_right=test.second_alone_right,
        p_value=test.p_value,
    )
