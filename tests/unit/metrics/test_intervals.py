"""Wilson intervals against SciPy."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from lfv_mcp.metrics import Interval, wilson_interval
from tests.support.scores import near


@pytest.mark.parametrize("trials", [*range(1, 16), 40, 120, 1000, 4000])
def test_wilson_is_scipys(trials: int) -> None:
    for successes in {*range(0, trials + 1, max(1, trials // 20)), trials - 1, trials}:
        interval = wilson_interval(successes, trials)
        assert isinstance(interval, Interval)
        expected = binomtest(successes, trials).proportion_ci(method="wilson")
        assert interval.low == near(expected.low)
        assert interval.high == near(expected.high)
        assert 0 <= interval.low <= successes / trials <= interval.high <= 1
        assert (interval.low == 0) == (successes == 0)
        assert (interval.high == 1) == (successes == trials)


def test_wilson_worked() -> None:
    all_of_ten, most_of_forty = wilson_interval(10, 10), wilson_interval(36, 40)
    assert isinstance(all_of_ten, Interval)
    assert isinstance(most_of_forty, Interval)
    assert (all_of_ten.low, all_of_ten.high) == (near(0.72, 0.005), 1.0)
    assert most_of_forty.low == near(0.769, 5e-4)
    assert most_of_forty.high == near(0.960, 5e-4)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 10), (11, 10), (1, 0), (0, -1)])
def test_wilson_refuses_impossible_counts(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes of"):
        wilson_interval(successes, trials)
