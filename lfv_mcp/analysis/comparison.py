"""Is one version truly better than another? Only as far as the evidence decides. Pure.

On the same test images an exact McNemar test decides, by accuracy (images judged right). On others
a version wins only if the 95 % intervals of recall and of the false-alarm rate both lie clear of
the other's. Fewer escapes for more false alarms, or the reverse, is a trade and never a win.
Versions whose counts are not held are not ranked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias, cast

from lfv_mcp.analysis.evaluation import measured
from lfv_mcp.analysis.evaluation_findings import mismatches
from lfv_mcp.analysis.evaluation_text import metric_in_words
from lfv_mcp.analysis.recount import metric_values
from lfv_mcp.findings import as_line, by_severity, finding
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import mcnemar_exact
from lfv_mcp.provenance import source_in_words
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationMetrics, Metric
from lfv_mcp.results.model_comparison import ComparedModel, ModelComparison, PairedTest, Verdict
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.text import truncate_lines

ALPHA: Final = 0.05
"""Chance of calling any pair different that is not: over all paired tests, by Holm's correction."""
MATCHED: Final = 0.90
"""Share of the larger test set to be found in both, once in each and with one truth, to pair."""
DIGEST_LIMIT: Final = 1600
"""Characters of the readable text."""

_COMPARED: Final = ("precision", "recall", "false_alarm_rate", "f1_score")
_NO_EVIDENCE: Final = (
    "metrics of different versions are comparable only if the test set was the same, which "
    "DescribeModel does not record"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version, with what is held of its evaluation files."""

    summary: ModelSummary
    result: EvaluationResult | None = None
    manifest: EvaluationManifest | None = None

    @property
    def version(self) -> str:
        """Its number, as text."""
        return self.summary["model_version"]

    @property
    def metrics(self) -> EvaluationMetrics:
        """Recounted, with intervals; else as reported (the file before DescribeModel)."""
        if self.manifest and self.manifest.confusion.total:
            return measured(self.manifest.confusion)
        reported = {
            **self.summary.get("performance", {}),
            **(self.result.reported if self.result else {}),
        }
        block = {name: {"value": reported[name]} for name in _COMPARED if name in reported}
        return cast(EvaluationMetrics, block)


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What the evidence says of a later version against an earlier one, and why."""

    verdict: Verdict
    reason: str
    paired: PairedTest | None = None
    is_trade: bool = False


_Rulings: TypeAlias = Mapping[tuple[str, str], _Ruling]


def compare(
    candidates: Sequence[Candidate], source: Source, findings: Sequence[Finding] = ()
) -> ModelComparison:
    """Each version against the first, and the best of all if the data decides.

    Args:
        candidates: two or more different versions of one project; the first is the baseline.
        findings: what the caller knows about files that could not be read.
    """
    found, trusted = list(findings), []
    for c in candidates:
        wrong = list(mismatches(c.summary["model_description"], c.result, c.manifest))
        for each in wrong:
            message = f"Version {c.version}: {each['message']} Its files are not used."
            found.append(finding(each["code"], message))
        trusted.append(Candidate(c.summary) if wrong else c)
    baseline, *others = trusted
    rulings = _rulings(trusted)
    same = {c.version: _same_test_set(baseline, c) for c in others}
    found += _about(baseline.version, same, rulings)
    best, reason = _best(trusted, rulings)
    name = baseline.summary["project_name"]
    name += " (synthetic sample)" if source["kind"] == "sample" else ""
    verdict = f"version {best} is the best" if best else "no version is proven the best"
    better = [c.version for c in others if rulings[baseline.version, c.version].verdict == "better"]
    if better and not best:
        verdict += f"; better than version {baseline.version}: {_listed(better)}"
    result: ModelComparison = {
        "summary": f"Of {len(trusted)} versions of {name} {verdict}. {reason}",
        "baseline": baseline.version,
        "models": [
            _row(baseline),
            *(_row(c, baseline, rulings[baseline.version, c.version]) for c in others),
        ],
        "best_reason": reason,
        "findings": by_severity(found),
        "source": source,
    }
    if best:
        result["best"] = best
    if False in same.values() or None not in same.values():
        result["same_test_set"] = all(same.values())
    return result


def _row(
    this: Candidate, baseline: Candidate | None = None, ruling: _Ruling | None = None
) -> ComparedModel:
    row: ComparedModel = {"model_version": this.version}
    if "status" in this.summary:
        row["status"] = this.summary["status"]
    if this.metrics:
        row["metrics"] = this.metrics
    if baseline and ruling:
        ours, theirs = metric_values(this.metrics), metric_values(baseline.metrics)
        # Twelve digits are more than any metric has, and hide the noise of a subtraction.
        if deltas := {n: round(ours[n] - theirs[n], 12) for n in ours if n in theirs}:
            row["deltas"] = deltas
        row["verdict"] = ruling.verdict
        if ruling.paired:
            row["paired"] = ruling.paired
    return row


# Evidence


def _rulings(candidates: Sequence[Candidate]) -> _Rulings:
    """The ruling on every pair, earlier before later."""
    pairs = {(a.version, b.version): (a, b) for a, b in combinations(candidates, 2)}
    images = {c.version: _unique(c.manifest) for c in candidates}
    matches = {(a, b): _matched(images[a], images[b]) for a, b in pairs}
    tests = {key: _Test(matched) for key, matched in matches.items() if matched}
    clear = _holm({key: test.p_value for key, test in tests.items()})
    return {
        key: tests[key].ruling(*key, key in clear) if key in tests else _by_intervals(*pair)
        for key, pair in pairs.items()
    }


_Images: TypeAlias = dict[str, ImagePrediction]


def _unique(manifest: EvaluationManifest | None) -> tuple[int, _Images]:
    """How many images there are, and those that are named once."""
    images = (manifest and manifest.images) or ()
    times = Counter(image.source_ref for image in images)
    return len(images), {
        i.source_ref: i for i in images if i.source_ref and times[i.source_ref] == 1
    }


def _matched(
    first: tuple[int, _Images], second: tuple[int, _Images]
) -> list[tuple[ImagePrediction, ImagePrediction]]:
    """The same images with the same truth, as both versions judged them; none if too few."""
    both = [(image, second[1][ref]) for ref, image in first[1].items() if ref in second[1]]
    both = [(a, b) for a, b in both if a.anomalous == b.anomalous]
    return both if len(both) >= MATCHED * max(first[0], second[0]) else []


class _Test:
    """McNemar's test of two versions on matched images."""

    def __init__(self, matched: Sequence[tuple[ImagePrediction, ImagePrediction]]) -> None:
        self.images = len(matched)
        # (anomalous?, is it the first that is right?) → images that only one judges right
        lone = Counter(
            (a.anomalous, a.flagged == a.anomalous) for a, b in matched if a.flagged != b.flagged
        )
        self.first_alone = lone[True, True] + lone[False, True]
        self.second_alone = lone[True, False] + lone[False, False]
        self.p_value = mcnemar_exact(self.first_alone, self.second_alone)
        self.more_escapes = lone[True, True] - lone[True, False]
        self.more_alarms = lone[False, True] - lone[False, False]
        by_class = (mcnemar_exact(lone[truth, True], lone[truth, False]) for truth in (True, False))
        self._some_difference = min(self.p_value, *by_class) <= ALPHA

    def ruling(self, first: str, second: str, is_clear: bool) -> _Ruling:
        """`is_clear`: the p-value passes, among all those tested."""
        # Accuracy can even out what each class shows, so each class may call it a trade.
        is_trade = self.more_escapes * self.more_alarms < 0 and self._some_difference
        verdict: Verdict = "no_difference"
        if is_trade:
            verdict = "not_comparable"
        elif is_clear:
            verdict = "better" if self.second_alone > self.first_alone else "worse"
        reason = (
            f"of {self.images} shared test images version {first} alone judges "
            f"{self.first_alone} right and version {second} alone {self.second_alone} "
            f"(p = {self.p_value:.2g}); version {second} has "
            f"{_more(self.more_escapes)} escapes and {_more(self.more_alarms)} false alarms"
        )
        paired = PairedTest(
            only_baseline_right=self.first_alone,
            only_this_right=self.second_alone,
            p_value=self.p_value,
        )
        return _Ruling(verdict, reason, paired, is_trade)


def _more(count: int) -> str:
    return f"{abs(count)} {'fewer' if count < 0 else 'more'}"


def _holm(p_values: Mapping[tuple[str, str], float]) -> set[tuple[str, str]]:
    """The pairs that differ: the k-th smallest of m must be at most ALPHA / (m - k + 1)."""
    clear: set[tuple[str, str]] = set()
    for key in sorted(p_values, key=lambda key: p_values[key]):
        if p_values[key] > ALPHA / (len(p_values) - len(clear)):
            break
        clear.add(key)
    return clear


def _by_intervals(first: Candidate, second: Candidate) -> _Ruling:
    """The ruling on versions that share too few test images to be paired, or are not counted."""
    ours, theirs = second.metrics, first.metrics
    recall = _side(ours.get("recall", {}), theirs.get("recall", {}))
    alarms = _side(theirs.get("false_alarm_rate", {}), ours.get("false_alarm_rate", {}))
    names = f"versions {first.version} and {second.version}"
    apart = "share too few test images for a paired test"
    if recall is None or alarms is None:
        return _Ruling("not_comparable", f"{names} lack counts of both classes: {_NO_EVIDENCE}")
    if recall == alarms == 0:
        return _Ruling("no_difference", f"{names} {apart}, and their intervals overlap")
    if recall == alarms:
        verdict: Verdict = "better" if recall > 0 else "worse"
        return _Ruling(verdict, f"{names} {apart}, but their intervals lie apart")
    reason = f"{names} {apart}, and their intervals do not both lie apart in one direction"
    return _Ruling("not_comparable", reason, is_trade=recall == -alarms)


def _side(a: Metric, b: Metric) -> int | None:
    """1 if the interval of `a` is clear above that of `b`, -1 below, 0 neither; None: unknown."""
    if "low" not in a or "low" not in b:
        return None
    return (a["low"] > b["high"]) - (a["high"] < b["low"])


def _same_test_set(a: Candidate, b: Candidate) -> bool | None:
    """Were both judged on the same images with the same truth? None: the files do not tell."""
    if a.manifest and b.manifest and a.manifest.images and b.manifest.images:
        sets = [sorted(i[:2] for i in m.images or ()) for m in (a.manifest, b.manifest)]
        named = all(ref for images in sets for ref, _ in images)
        whole = not (a.manifest.unusable or b.manifest.unusable)
        if named and whole:
            return sets[0] == sets[1]
    sizes = {c.result.testing_images for c in (a, b) if c.result}
    return False if len(sizes - {None}) == 2 else None


# Words

_VERDICTS: Final[Mapping[Verdict, str]] = {
    "better": "better",
    "worse": "worse",
    "no_difference": "no proven difference",
    "not_comparable": "not comparable",
}


def _best(candidates: Sequence[Candidate], rulings: _Rulings) -> tuple[str, str]:
    """The version that beats every other that was trained, if there is one; and why, or why not."""
    trained = [c.version for c in candidates if c.metrics]
    if len(trained) < 2:
        return "", f"There is nothing to compare: {len(trained)} of them has metrics."
    won: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for a, b in combinations(trained, 2):
        verdict = rulings[a, b].verdict
        if verdict in ("better", "worse"):
            winner, loser = (b, a) if verdict == "better" else (a, b)
            won[winner] += 1
            lost[loser] += 1
    best = next((version for version in trained if won[version] == len(trained) - 1), "")
    # Without a winner, what tells is why those that nothing beats do not beat each other.
    leaders = [best] if best else [version for version in trained if not lost[version]]
    telling = [
        rulings[key].reason
        for key in combinations(trained, 2)
        if (best in key if best else len(leaders) < 2 or set(key) <= set(leaders))
    ]
    among = f" among versions {', '.join(leaders)}" if len(leaders) > 2 else ""
    pairs = "pair" if len(telling) == 3 else "pairs"
    more = f" (and {len(telling) - 2} more {pairs})" if len(telling) > 2 else ""
    text = "; ".join(telling[:2]) + more
    return best, f"{text[0].upper()}{text[1:]}." if best else f"Undecided{among}: {text}."


def _about(baseline: str, same: Mapping[str, bool | None], rulings: _Rulings) -> Iterator[Finding]:
    """What limits the comparison."""
    if differing := [version for version, is_same in same.items() if is_same is False]:
        yield finding(
            "different_test_sets",
            f"Tested on other images, or with other labels, than version {baseline}: "
            f"{_listed(differing)}.",
            "The images of one version may simply have been harder.",
        )
    if unknown := [version for version, is_same in same.items() if is_same is None]:
        yield finding(
            "test_set_unknown",
            f"Whether it is the test set of version {baseline} is not known: {_listed(unknown)}.",
            "Add the evaluation manifests of these versions to the archive.",
        )
    for ruling in rulings.values():
        if ruling.is_trade:
            yield finding(
                "trade_off",
                f"A trade, not a win: {ruling.reason}.",
                "Decide by what an escape and a false reject cost.",
            )
    if (tests := sum(ruling.paired is not None for ruling in rulings.values())) > 1:
        yield finding(
            "several_comparisons",
            f"{tests} pairs were tested, so the smallest p-value must be at most "
            f"{ALPHA / tests:.2g} to count (Holm's correction, {ALPHA:.0%} in all).",
        )


def _listed(versions: Sequence[str]) -> str:
    return f"version{'s' if len(versions) > 1 else ''} {', '.join(versions)}"


def comparison_digest(comparison: ModelComparison) -> str:
    """The readable half of the answer: at most DIGEST_LIMIT characters, whole lines only."""
    source = comparison["source"]
    lines = [comparison["summary"]]
    for row in comparison["models"]:
        was = row.get("status", "status unknown")
        was = was if source["kind"] == "live" else f"{was} when captured"
        verdict = _VERDICTS[row["verdict"]] if "verdict" in row else "the baseline"
        block = cast(Mapping[str, Metric], row.get("metrics", {}))
        numbers = ", ".join(
            metric_in_words(name, block[name]) for name in _COMPARED[1:] if name in block
        )
        lines.append(
            f"Version {row['model_version']} ({was}): {verdict}; {numbers or 'no metrics'}"
        )
    lines += map(as_line, comparison["findings"])
    lines.append(f"Source: {source_in_words(source)}.")
    return truncate_lines(lines, DIGEST_LIMIT)
