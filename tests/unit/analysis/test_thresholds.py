"""Thresholds on inferred scores: each row counts as a sweep does, and few rows tell enough."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.analysis.thresholds import MAX_CANDIDATES
from lfv_mcp.metrics import at_threshold, f1_score
from tests.support.reports import (
    analysed,
    judged,
)
from tests.support.scores import threshold_sweep

relaxed = settings(deadline=None, max_examples=60)


following = st.builds(
    lambda cut, drawn: [(a, s >= cut, round(s if s >= cut else 1 - s, 2)) for a, s in drawn],
    st.integers(0, 20).map(lambda k: k / 20),
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 20).map(lambda k: k / 20)), min_size=1, max_size=25
    ),
)


@relaxed
@given(following, st.integers(0, 22).map(lambda k: k / 20 - 0.05))
def test_every_cut_counts_as_the_sweep_does(
    drawn: list[tuple[bool, bool, float]], threshold: float
) -> None:
    answer = analysed(judged(*drawn), threshold=threshold)
    scored = [(a, c if f else round(1 - c, 12)) for a, f, c in drawn]
    anomalous, normal = ([s for a, s in scored if a is side] for side in (True, False))
    analysis = answer["threshold"]
    for row in [*analysis["candidates"], analysis["at"]]:
        c = at_threshold(anomalous, normal, row["threshold"])
        assert [row["true_positives"], row["false_positives"]] == [
            c.true_positives,
            c.false_positives,
        ]
        assert [row["false_negatives"], row["true_negatives"]] == [
            c.false_negatives,
            c.true_negatives,
        ]
        assert ("precision" in row) is (c.true_positives + c.false_positives > 0)
    built_in = analysis["operating_range"].get("min_anomaly_score")
    assert built_in in {None, *(row["threshold"] for row in analysis["candidates"])}
    if anomalous:
        sweep = [c for _, c in threshold_sweep(anomalous, normal)]
        errors = {(c.false_negatives, c.false_positives) for c in sweep if c.true_positives}
        unbeaten = {
            e for e in errors if not any(o != e and o[0] <= e[0] and o[1] <= e[1] for o in errors)
        }
        shown = {(r["false_negatives"], r["false_positives"]) for r in analysis["candidates"]}
        # The ends are always shown, and in a small set every unbeaten cut is.
        assert {min(unbeaten), max(unbeaten)} <= shown
        assert unbeaten <= shown or len(analysis["candidates"]) == MAX_CANDIDATES
        others = [r for r in analysis["candidates"] if r["threshold"] != built_in]
        assert {(r["false_negatives"], r["false_positives"]) for r in others} <= unbeaten
        best = max(f1 for c in sweep if isinstance(f1 := f1_score(c), float))
        assert best == max(row["f1_score"] for row in analysis["candidates"])


def test_many_cuts_are_thinned_evenly() -> None:
    rng = random.Random(7)
    scores = [(i % 2 == 0, rng.random()) for i in range(400)]
    drawn = [(a, s >= 0.6, s if s >= 0.6 else 1 - s) for a, s in scores]
    answer = analysed(judged(*drawn))
    rows = answer["threshold"]["candidates"]
    assert len(rows) == MAX_CANDIDATES
    assert rows[-1]["false_negatives"] == 0
    alarms = [row["false_positives"] for row in rows]
    assert max(b - a for a, b in pairwise(alarms)) < 70  # of 200
    assert rows[0]["false_positives"] == min(row["false_positives"] for row in rows)


def test_nine_rows_at_most() -> None:
    assert MAX_CANDIDATES == 9
