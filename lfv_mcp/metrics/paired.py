"""Tests for two models that were judged on the same images."""

from __future__ import annotations

from math import ulp


def mcnemar_exact(only_first_right: int, only_second_right: int) -> float:
    """Exact two-sided p-value of McNemar's test: do two models differ on the same images?

    The arguments count the discordant images, those one model alone gets right. Under "no
    difference" each falls either way with chance 1/2: p = min(1, 2 P(X <= min)), with X binomial
    (n, 1/2). 1 without a discordant image; never 0, at least the smallest positive float.
    """
    n = only_first_right + only_second_right
    # Exact integers throughout: neither 2^n nor a binomial coefficient need fit into a float.
    tail = coefficient = 1
    for i in range(min(only_first_right, only_second_right)):
        coefficient = coefficient * (n - i) // (i + 1)
        tail += coefficient
    return min(1.0, max(2 * tail / (1 << n), ulp(0.0)))
