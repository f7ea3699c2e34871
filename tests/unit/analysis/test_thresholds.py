"""Thresholds on inferred scores: rows count as a sweep does, and are the vertices of the hull."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from lfv_mcp.analysis.thresholds import MAX_CANDIDATES, Cut, Scores, every_cut, hull
from lfv_mcp.cli.tables import evaluation_tables
from lfv_mcp.metrics import Separability, at_threshold
from tests.support.answers import message
from tests.support.reports import (
    analysed,
    interval,
    judged,
    near_pair,
    wilson,
)
from tests.support.scores import random_score_sets, threshold_sweep

relaxed = settings(deadline=None, max_examples=60)


following = st.builds(
    lambda cut, drawn: [(a, s >= cut, round(s if s >= cut else 1 - s, 2)) for a, s in drawn],
    st.integers(0, 20).map(lambda k: k / 20),
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 20).map(lambda k: k / 20)), min_size=1, max_size=25
    ),
)


@relaxed
@given(following, st.integers(0, 20).map(lambda k: k / 20))
def test_every_row_counts_as_the_sweep_does(
    drawn: list[tuple[bool, bool, float]], threshold: float
) -> None:
    answer = analysed(judged(*drawn), threshold=threshold)
    scored = [(a, c if f else round(1 - c, 12)) for a, f, c in drawn]
    anomalous, normal = ([s for a, s in scored if a is side] for side in (True, False))
    analysis = answer["threshold"]
    for row in [*analysis["candidates"], analysis["at"]]:
        c = at_threshold(anomalous, normal, row["threshold"])
        tp, fp, fn, tn = (
            c.true_positives,
            c.false_positives,
            c.false_negatives,
            c.true_negatives,
        )
        counts = [
            f"{side}_{kind}" for side in ("true", "false") for kind in ("positives", "negatives")
        ]
        assert [row[name] for name in counts] == [tp, tn, fp, fn]
        for name, errors, images in (
            ("precision", tp, tp + fp),
            ("recall", tp, tp + fn),
            ("false_alarm_rate", fp, fp + tn),
        ):
            if images:
                assert interval(row[name]) == near_pair(wilson(errors, images))
            else:
                assert set(row[name]) == {"undefined"}


def cheapest_rows(anomalous: Sequence[float], normal: Sequence[float]) -> set[tuple[int, int]]:
    """SciPy's vertices of the hull of (misses, alarms) that some pair of positive prices picks."""
    points = {(len(anomalous), 0)}
    points |= {
        (c.false_negatives, c.false_positives) for _, c in threshold_sweep(anomalous, normal)
    }
    # A corner far away makes the hull of any points two-dimensional.
    far = (len(anomalous) + len(normal)) * 10
    every = [*points, (far, 0), (0, far), (far, far)]
    vertices = {every[i] for i in ConvexHull(np.array(every, float)).vertices} & points
    return {
        v for v in vertices if not any(o != v and o[0] <= v[0] and o[1] <= v[1] for o in points)
    }


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_the_vertices_that_scipy_finds(seed: int) -> None:
    for anomalous, normal in random_score_sets(250, seed):
        if not normal:
            continue
        scores = Scores(anomalous, normal, Separability(True, None, None))
        found = [
            (c.counts.false_negatives, c.counts.false_positives) for c in hull(every_cut(scores))
        ]
        assert len(found) == len(set(found))
        assert set(found) == cheapest_rows(anomalous, normal)


@relaxed
@given(following, st.floats(0.001, 0.999))
def test_whatever_the_prices_a_row_costs_least(
    drawn: list[tuple[bool, bool, float]], weight: float
) -> None:
    scored = [(a, c if f else round(1 - c, 12)) for a, f, c in drawn]
    anomalous, normal = ([s for a, s in scored if a is side] for side in (True, False))
    cuts = every_cut(Scores(anomalous, normal, Separability(True, None, None)))

    def cost(cut: Cut) -> float:
        counts = cut.counts
        return weight * counts.false_negatives + (1 - weight) * counts.false_positives

    assert min(map(cost, hull(cuts))) == pytest.approx(min(map(cost, cuts)), abs=1e-9)


crowded = st.lists(
    st.tuples(st.booleans(), st.floats(0, 1) | st.integers(0, 400).map(lambda k: 1 - k * 1e-9)),
    min_size=2,
    max_size=25,
)
"""Scores of many digits, some of them nearer to each other than six digits tell."""


@pytest.mark.slow
@relaxed
@given(crowded)
def test_a_cut_that_is_told_rejects_the_same_images_when_it_is_typed_back(
    drawn: list[tuple[bool, float]],
) -> None:
    line: dict[str, Any] = {
        "defect_rate": 0.01,
        "cost_of_escape": 10,
        "cost_of_false_reject": 1,
    }
    flagged = [(a, s >= 0.5, s if s >= 0.5 else 1 - s) for a, s in drawn]
    answer = analysed(judged(*flagged), **line)
    scored = [(a, round(c if f else 1 - c, 12)) for a, f, c in flagged]
    anomalous, normal = ([s for a, s in scored if a is side] for side in (True, False))
    printed = evaluation_tables(answer).partition("Thresholds that")[2].partition("\n\n")[0]
    for text in printed.splitlines()[2:]:
        cut, missed, alarms, *_ = text.split()
        counts = at_threshold(anomalous, normal, float(cut))
        assert (counts.false_negatives, counts.false_positives) == (int(missed), int(alarms))
    if "cheapest" in answer.get("cost", {}):
        cheapest, alike = answer["cost"]["cheapest"], answer["cost"]["indistinguishable"]
        scores = {*anomalous, *normal}
        assert {*cheapest.get("gap", {}).values(), *alike.values()} <= scores
        if "threshold" in cheapest:
            assert cheapest["gap"]["high"] == cheapest["threshold"]


@pytest.mark.slow
def test_what_has_no_room_is_said() -> None:
    rng = random.Random(7)
    # Two smooth classes: a hull of hundreds of vertices.
    scores = [
        (i % 2 == 0, rng.betavariate(4, 2) if i % 2 == 0 else rng.betavariate(2, 4))
        for i in range(60_000)
    ]
    drawn = [(a, s >= 0.6, s if s >= 0.6 else 1 - s) for a, s in scores]
    answer = analysed(judged(*drawn), threshold=0.5)
    rows = answer["threshold"]["candidates"]
    assert len(rows) == MAX_CANDIDATES
    said = message(answer, "candidates_left_out")
    anomalous, normal = (
        [s if f else round(1 - s, 12) for a, f, s in drawn if a is side] for side in (True, False)
    )
    every = hull(every_cut(Scores(anomalous, normal, Separability(True, None, None))))
    assert said.startswith(f"{MAX_CANDIDATES} of the ")
    total = int(said.split(" of the ")[1].split()[0])
    assert total > MAX_CANDIDATES
    assert total == sum(cut.threshold is not None for cut in every)
