"""The words of a ModelComparison: reasons, limits, its summary, and the readable text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lfv_mcp.analysis.evaluation_text import metric_in_words
from lfv_mcp.analysis.paired_tests import ALPHA, McNemarTest
from lfv_mcp.analysis.recount import metrics_by_name, why_incomplete
from lfv_mcp.analysis.verdicts import (
    COMPARED_METRICS,
    Candidate,
    PairVerdict,
    PairVerdicts,
    Ranking,
)
from lfv_mcp.findings import as_line, finding
from lfv_mcp.provenance import source_in_words
from lfv_mcp.results.common import Finding, SourceKind
from lfv_mcp.results.model_comparison import ComparedModel, ModelComparison, Verdict
from lfv_mcp.text import truncate_lines

COMPARISON_DIGEST_LIMIT: Final = 1600
"""Characters of the readable text of a compare_models answer."""

_VERDICTS: Final[Mapping[Verdict, str]] = {
    "better": "better",
    "worse": "worse",
    "no_difference": "no proven difference",
    "not_comparable": "not comparable",
}
_NO_EVIDENCE: Final = (
    "metrics of different versions are comparable only if the test set was the same, which "
    "DescribeModel does not record"
)


def reason_in_words(verdict: PairVerdict) -> str:
    """Why a verdict on two versions is what it is, as a clause."""
    if verdict.test is not None:
        return _test_in_words(verdict, verdict.test)
    names = f"versions {verdict.first} and {verdict.second}"
    if verdict.basis == "no_counts":
        return f"{names} lack counts of both classes: {_NO_EVIDENCE}"
    too_few = f"{names} share too few test images for a paired test"
    if verdict.basis == "intervals_overlap":
        return f"{too_few}, and their intervals overlap"
    if verdict.basis == "intervals_apart":
        return f"{too_few}, but their intervals lie apart"
    return f"{too_few}, and their intervals do not both lie apart in one direction"


def _test_in_words(verdict: PairVerdict, test: McNemarTest) -> str:
    return (
        f"of {test.images} shared test images version {verdict.first} alone judges "
        f"{test.first_alone_right} right and version {verdict.second} alone "
        f"{test.second_alone_right} (p = {test.p_value:.2g}); version {verdict.second} has "
        f"{_difference(test.more_escapes)} escapes and "
        f"{_difference(test.more_false_alarms)} false alarms"
    )


def _difference(count: int) -> str:
    return f"{abs(count)} {'fewer' if count < 0 else 'more'}"


def ranking_in_words(ranking: Ranking) -> str:
    """Why the best version is the best, or why none is, as a sentence."""
    if len(ranking.trained) < 2:
        return f"There is nothing to compare: {len(ranking.trained)} of them has metrics."
    reasons = [reason_in_words(verdict) for verdict in ranking.deciding]
    pairs = "pair" if len(reasons) == 3 else "pairs"
    more = f" (and {len(reasons) - 2} more {pairs})" if len(reasons) > 2 else ""
    text = "; ".join(reasons[:2]) + more
    if ranking.best is not None:
        return f"{text[0].upper()}{text[1:]}."
    leaders = ranking.leaders
    among = f" among versions {', '.join(leaders)}" if len(leaders) > 2 else ""
    return f"Undecided{among}: {text}."


def comparison_summary(
    project_name: str,
    kind: SourceKind,
    versions: int,
    ranking: Ranking,
    better_than_baseline: Sequence[str],
    baseline: str,
    incomplete: Sequence[str] = (),
) -> str:
    """How many versions were compared, which is the best, and why.

    `incomplete` are the versions whose manifest is not the whole of their test.
    """
    name = project_name + (" (synthetic sample)" if kind == "sample" else "")
    verdict = "no version is proven the best"
    if ranking.best is not None:
        verdict = f"version {ranking.best} is the best"
    elif better_than_baseline:
        verdict += f"; better than version {baseline}: {_versions(better_than_baseline)}"
    words = f"Of {versions} versions of {name} {verdict}. {ranking_in_words(ranking)}"
    if incomplete:
        words += f" But not the whole test is known of {_versions(incomplete)}."
    return words


def incomplete_manifest(candidate: Candidate) -> Finding:
    """The finding on a version whose manifest is not the whole of its test."""
    manifest = candidate.manifest
    return finding(
        "unusable_lines" if manifest and manifest.unusable else "test_set_size_differs",
        f"Version {candidate.version}: the manifest is not whole "
        f"({why_incomplete(manifest, candidate.result)}), so what is said of this version rests on "
        "a part of its test.",
        "Get the whole manifest before you decide.",
    )


def limitations(
    baseline: str, same_test_set: Mapping[str, bool | None], verdicts: PairVerdicts
) -> Iterator[Finding]:
    """The findings on what limits a comparison.

    Args:
        baseline: the version that the others are compared with.
        same_test_set: for each other version, whether its test set is the baseline's.
        verdicts: the verdict on every pair.
    """
    if differing := [version for version, is_same in same_test_set.items() if is_same is False]:
        yield finding(
            "different_test_sets",
            f"Tested on other images, or with other labels, than version {baseline}: "
            f"{_versions(differing)}.",
            "The images of one version may simply have been harder.",
        )
    if unknown := [version for version, is_same in same_test_set.items() if is_same is None]:
        yield finding(
            "test_set_unknown",
            f"Whether it is the test set of version {baseline} is not known: {_versions(unknown)}.",
            "Add the evaluation manifests of these versions to the archive.",
        )
    for verdict in verdicts.values():
        if verdict.is_trade:
            yield finding(
                "trade_off",
                f"A trade, not a win: {reason_in_words(verdict)}.",
                "Decide by what an escape and a false reject cost.",
            )
    if (tests := sum(verdict.test is not None for verdict in verdicts.values())) > 1:
        yield finding(
            "several_comparisons",
            f"{tests} pairs were tested, so the smallest p-value must be at most "
            f"{ALPHA / tests:.2g} to count (Holm's correction, {ALPHA:.0%} in all).",
        )


def _versions(versions: Sequence[str]) -> str:
    return f"version{'s' if len(versions) > 1 else ''} {', '.join(versions)}"


def comparison_digest(comparison: ModelComparison) -> str:
    """The readable half of an answer: COMPARISON_DIGEST_LIMIT characters at most, whole lines."""
    is_live = comparison.source.kind == "live"
    lines = [comparison.summary]
    lines += [_model_line(model, is_live=is_live) for model in comparison.models]
    lines += map(as_line, comparison.findings)
    lines.append(f"Source: {source_in_words(comparison.source)}.")
    return truncate_lines(lines, COMPARISON_DIGEST_LIMIT)


def _model_line(model: ComparedModel, *, is_live: bool) -> str:
    status = "status unknown" if model.status is None else model.status
    status = status if is_live else f"{status} when captured"
    verdict = "the baseline" if model.verdict is None else _VERDICTS[model.verdict]
    block = metrics_by_name(model.metrics)
    # Without precision, which depends on how rich in defects the test set is.
    numbers = ", ".join(
        metric_in_words(name, block[name]) for name in COMPARED_METRICS[1:] if name in block
    )
    return f"Version {model.model_version} ({status}): {verdict}; {numbers or 'no metrics'}"
