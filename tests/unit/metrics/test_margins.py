"""Margins, what is shown of them, and the images it takes, against worked figures."""

from __future__ import annotations

import random
from math import ceil

import pytest

from lfv_mcp.metrics import (
    Interval,
    Undefined,
    decision_z,
    default_margin,
    images_needed,
    rounded_count,
    smallest_margin_shown,
    tango_interval,
)
from lfv_mcp.metrics.margins import nam_sample_size
from tests.support.scores import near


def smallest(lost: int, won: int, images: int, candidates: int) -> float:
    decision = tango_interval(lost, won, images, decision_z(candidates))
    assert isinstance(decision, Interval)
    return smallest_margin_shown(decision)


def test_decisions_among_several_candidates_are_stricter() -> None:
    assert [round(decision_z(k), 3) for k in range(1, 10)] == [
        *(1.960, 2.241, 2.394, 2.498, 2.576, 2.638, 2.690, 2.734, 2.773)
    ]


@pytest.mark.parametrize(
    ("won", "lost", "images", "margins"),
    [
        (3, 3, 200, (0.0302, 0.0363, 0.0399, 0.0443)),
        (4, 6, 300, (0.0314, 0.0360, 0.0387, 0.0420)),
        (3, 2, 55, (0.0784, 0.0975, 0.1083, 0.1218)),
    ],
)
def test_the_smallest_margin_shown(
    won: int, lost: int, images: int, margins: tuple[float, ...]
) -> None:
    for candidates, margin in zip((1, 2, 3, 5), margins, strict=True):
        assert smallest(lost, won, images, candidates) == near(margin, 5e-5)


def test_equal_models_take_so_many_images() -> None:
    for candidates, enough in ((1, 73), (2, 96), (3, 109), (5, 127)):
        assert smallest(0, 0, enough, candidates) < 0.05 <= smallest(0, 0, enough - 1, candidates)


@pytest.mark.parametrize(
    ("errors", "images", "margin"),
    [
        *((5, 1000, 0.014), (0, 1000, 0.0057), (20, 1000, 0.032), (2, 400, 0.022)),
        *((0, 200, 0.028), (1, 200, 0.036), (2, 200, 0.044), (3, 200, 0.05)),
        *((9, 45, 0.05), (4, 55, 0.05), (10, 100, 0.05), (7, 7, 0.05)),
    ],
)
def test_the_margin_that_nobody_named(errors: int, images: int, margin: float) -> None:
    assert default_margin(errors, images) == margin


def test_without_images_there_is_no_margin() -> None:
    assert isinstance(default_margin(0, 0), Undefined)


@pytest.mark.parametrize(
    ("margin", "candidates", "sizes"),
    [
        (0.02, 1, (390, 549, 1067, 2005, 3941)),
        (0.05, 1, (114, 140, 215, 350, 644)),
        (0.10, 1, (48, 55, 74, 104, 171)),
        (0.05, 2, (143, 174, 264, 426, 780)),
        (0.05, 3, (161, 194, 292, 470, 860)),
    ],
)
def test_nams_sample_size(margin: float, candidates: int, sizes: tuple[int, ...]) -> None:
    for share, size in zip((0.01, 0.02, 0.05, 0.10, 0.20), sizes, strict=True):
        assert ceil(nam_sample_size(share, 0.0, margin, decision_z(candidates))) == size


def test_the_images_that_are_still_needed() -> None:
    assert [images_needed(2, 3, 55, 0.05, decision_z(k)) for k in (1, 2, 3)] == [310, 390, 430]
    assert [images_needed(2, 2, 40, 0.05, decision_z(k)) for k in (1, 2, 3)] == [360, 450, 500]
    assert images_needed(12, 0, 400, 0.05) == 450
    assert {images_needed(2, 3, 55, 10.0**-n) for n in range(9, 324)} == {10**15}
    assert images_needed(12, 2, 300, 0.05) == 1300
    assert images_needed(40, 0, 400, 0.05) is None  # the estimate lies beyond the margin


def test_so_many_images_decide_in_four_of_five_cases() -> None:
    """Simulated: at Nam's size equal models are shown to be no worse about 80 times in 100."""
    rng = random.Random(7)
    share, margin = 0.10, 0.05
    size = ceil(nam_sample_size(share, 0.0, margin, decision_z(1)))
    shown = 0
    for _ in range(600):
        discordant = sum(rng.random() < share for _ in range(size))
        lost = sum(rng.random() < 0.5 for _ in range(discordant))
        shown += smallest(lost, discordant - lost, size, 1) < margin
    assert 0.75 <= shown / 600 <= 0.86


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, 0), (43, 43), (99, 99), (100, 100), (389, 390), (434, 430), (452, 450), (1249, 1200)],
)
def test_a_number_of_images_is_said_in_two_digits(count: int, said: int) -> None:
    assert rounded_count(count) == said
