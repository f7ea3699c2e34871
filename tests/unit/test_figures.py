"""Figures in sentences: rounded to what the images carry, never to a certainty."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp import figures

SHARES = st.floats(0, 1, allow_nan=False)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (figures.count_of(1, "escape", "escapes"), "1 escape"),
        (figures.count_of(1204, "escape", "escapes"), "1,204 escapes"),
        (figures.two_digits(454.545), "450"),
        (figures.two_digits(74_250), "74,000"),
        (figures.two_digits(147_045), "150,000"),
        (figures.two_digits(99.6), "100"),
        (figures.two_digits(2.0), "2"),
        (figures.two_digits(0.0123), "0.012"),
        (figures.percent(43 / 45, 45), "96 %"),
        (figures.percent_range(0.8517, 0.9877, 45), "85 to 99 %"),
        (figures.percent(0.99999975, 100), "more than 99 %"),
        (figures.percent(0.00002, 1000), "less than 0.1 %"),
        (figures.percent(0.8517, 4000), "85.2 %"),
        (figures.percent(0.999, 45), "more than 99 %"),
        (figures.percent(0.005, 45), "less than 1 %"),
        (figures.percent(0.995, 45), "more than 99 %"),
        (figures.percent_range_beside(0.9497, 0.99, 0.95, 45), "94.97 to 99 %"),
        (figures.percent_range_beside(0.9497, 0.99, 0.9, 45), "95 to 99 %"),
        (figures.percent_range_beside(0.95, 0.99, 0.95, 45), "95 to 99 %"),
        (figures.percent_range_beside(0.0, 0.0500004, 0.05, 45), "0 to 5.00004 %"),
        (figures.limit_in_percent(0.95), "95 %"),
        (figures.limit_in_percent(0.995), "99.5 %"),
        (figures.limit_in_percent(0.07), "7 %"),
        (figures.interval_of_95(0.8517, 0.9877, 45), "95 % interval 85 to 99 %"),
        (figures.points(0.1556, 0.0310, 0.2968), "+16 points (+3 to +30)"),
        (figures.points(-0.0182, -0.1191, 0.0784), "−2 points (−12 to +8)"),
        (figures.points(0.025, 0.0137, 0.0446), "+2.5 points (+1.4 to +4.5)"),
        (figures.points(0, -0.0229, 0.0229), "±0 points (−2.3 to +2.3)"),
        (figures.points_upward(0.0783542), "7.9 points"),
        (figures.points_upward(0.03), "3 points"),
        (figures.points_upward(0.0064), "0.64 points"),
        (figures.fraction(0.99999975), "more than 0.9999"),
        (figures.fraction(0.857143), "0.857"),
        (figures.fraction(0.9996), "0.9996"),
        (figures.probability(0.001953125), "p = 0.002"),
    ],
)
def test_a_figure_is_said_as_the_images_carry_it(said: str, meant: str) -> None:
    assert said == meant


@given(SHARES, SHARES, st.integers(1, 10_000))
def test_the_side_of_a_limit_on_which_a_share_lies_is_seen(
    share: float, limit: float, images: int
) -> None:
    said = figures.percent_range_beside(share, share, limit, images).partition(" to ")[0]
    if re.fullmatch(r"[0-9.]+", said) and abs(share - limit) > 1e-9:
        assert (float(said) < 100 * limit) is (share < limit)


@given(SHARES, st.integers(1, 10_000))
def test_no_share_becomes_nothing_or_all_by_rounding(share: float, images: int) -> None:
    said = figures.percent(share, images)
    assert (said == "0 %") is (share == 0)
    assert (said == "100 %") is (share == 1)


@given(st.floats(1e-6, 0.999))
def test_a_margin_is_never_said_smaller_than_it_is(margin: float) -> None:
    said = float(figures.points_upward(margin).split()[0])
    assert 100 * margin * (1 - 1e-6) <= said <= 100 * margin * 1.1 + 1e-9


@given(st.floats(1e-6, 1e9))
def test_two_digits_are_within_a_twentieth(value: float) -> None:
    said = float(figures.two_digits(value).replace(",", ""))
    assert abs(said - value) <= 0.05 * value * (1 + 1e-9)


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.05, "5.0 %"), (0.0455, "4.5 %"), (0.0544, "5.4 %"), (0.07, "7 %"), (0.04999, "4.999 %")],
)
def test_a_share_is_told_from_a_bar_that_is_near(share: float, said: str) -> None:
    assert figures.percent_beside(share, 0.05) == said
