"""Requirements against worked figures and statsmodels' intervals."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from lfv_mcp.metrics import Requirement, Undefined, error_requirement
from tests.support.scores import near, relaxed


def requirement(errors: int, images: int, at_most: float) -> Requirement:
    found = error_requirement(errors, images, at_most)
    assert isinstance(found, Requirement)
    return found


def test_a_recall_of_95_percent_is_not_shown_by_43_of_45() -> None:
    found = requirement(2, 45, 0.05)
    assert found.verdict == "not_shown"
    assert (1 - found.interval.high, 1 - found.interval.low) == (
        near(0.8517, 5e-5),
        near(0.9877, 5e-5),
    )
    assert found.images_needed == 97
    assert found.images_needed_as_measured == 11_643


def test_the_measured_rate_may_miss_it_or_refute_it() -> None:
    assert requirement(6, 80, 0.05).images_needed_as_measured is None
    assert requirement(6, 80, 0.05).verdict == "not_shown"
    assert requirement(6, 80, 0.03).verdict == "refuted"
    assert isinstance(error_requirement(0, 0, 0.05), Undefined)
    assert requirement(0, 10, 0.0).images_needed is None


def test_so_many_defects_show_it() -> None:
    for at_most, enough in ((0.05, (73, 110, 142)), (0.02, (189, 280, 361))):
        for errors, images in enumerate(enough):
            assert requirement(errors, images, at_most).verdict == "shown"
            assert requirement(errors, images - 1, at_most).images_needed == 1


shares = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(shares, st.floats(0.01, 0.5))
@relaxed
def test_images_needed_are_the_fewest_by_statsmodels(
    share: tuple[int, int], at_most: float
) -> None:
    errors, images = share
    found = requirement(errors, images, at_most)
    low, high = proportion_confint(errors, images, method="wilson")
    expected = "shown" if high <= at_most else "refuted" if low > at_most else "not_shown"
    assert found.verdict == expected
    if found.images_needed is not None:
        total = images + found.images_needed
        assert proportion_confint(errors, total, method="wilson")[1] <= at_most + 1e-9
        assert proportion_confint(errors, total - 1, method="wilson")[1] > at_most - 1e-9
