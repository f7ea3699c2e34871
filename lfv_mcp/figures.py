"""Figures in sentences, rounded to what the test set behind them can carry. Pure.

A structure keeps fractions and exact counts; a sentence says percent, whole below 1,000 images, and
two significant digits of what is estimated. Nothing becomes 0, 1 or 100 % by rounding alone.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import floor, inf, log10
from typing import Final

MINUS: Final = "−"
"""The minus sign of sentences: a hyphen before a digit reads as a dash."""
_IMAGES_FOR_DECIMALS: Final = 1000
"""Images from which a percentage has a decimal: below, one image is more than the decimal says."""
_MOST_DECIMALS: Final = 7
"""Decimals of a percentage that tell it from a limit, at most; ends nearer to it are rarer."""
_LEAST_WRITTEN_OUT: Final = 1e-9
"""Numbers below it are said as 1.2e−10: nobody counts three hundred zeros."""
_MOST_WRITTEN_OUT: Final = 1e15
"""Numbers from it on are said as 1.2e+15."""
MANY_IMAGES: Final = 10_000
"""Images above which a number of further images is only bounded: nobody takes so many."""
_NARROW: Final = 0.10
"""Width of an interval, as a share, below which differences are said in tenths of a point."""

_CUT_DECIMALS: Final = 3
"""Decimals of an end of a range of cuts at least, as of a score."""
_MOST_CUT_DECIMALS: Final = 12
"""Decimals of a cut that is made short; scores have no more."""


def count_of(count: int, one: str, many: str) -> str:
    """A count with its noun: 1 → `"1 escape"`, 1204 → `"1,204 escapes"`."""
    return f"{count:,} {one if count == 1 else many}"


def duration(seconds: float) -> str:
    """A time in words, to the minute: 2760 → `"46 min"`, 7578 → `"2 h 6 min"`, 20 → `"<1 min"`."""
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    parts = [*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest else [])]
    return " ".join(parts) or "<1 min"


def two_digits(value: float) -> str:
    """An estimate in two significant digits: 454.545 → `"450"`, 74250 → `"74,000"`, 1.25 → `"1.2"`.

    Below 10 a decimal that says nothing is left out: 2.0 → `"2"`.
    """
    if value == 0:
        return "0"
    if not _LEAST_WRITTEN_OUT <= abs(value) < _MOST_WRITTEN_OUT:
        return f"{value:.1e}".replace("-", MINUS)
    # Formatting rounds first, so that 99.6 takes its place among the hundreds.
    rounded = float(f"{abs(value):.1e}")
    places = max(0, 1 - floor(log10(rounded)))
    text = f"{rounded:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{MINUS}{text}" if value < 0 else text


def percent(share: float, images: int = 0) -> str:
    """A share of so many images in percent: 0.8517 of 45 → `"85 %"`; of 4,000 → `"85.2 %"`.

    A share that would be rounded to nothing or to all is bounded instead: 0.9996 of 45 →
    `"more than 99 %"`. How many images are behind it may be unknown: then it is whole, too.
    """
    return f"{_percentage(share, images)} %"


def percent_range(low: float, high: float, images: int) -> str:
    """Both ends of an interval: `"85 to 99 %"`; the ends are shares of so many images."""
    return f"{_percentage(low, images)} to {_percentage(high, images)} %"


def percent_range_beside(low: float, high: float, limit: float, images: int) -> str:
    """Both ends of an interval, each in decimals enough to see on which side of a limit it lies.

    0.9497 and 0.99 of 45 beside 0.95 → `"94.97 to 99 %"`; beside 0.9 → `"95 to 99 %"`.
    """
    ends = (_percentage_beside(end, limit, images) for end in (low, high))
    return f"{' to '.join(ends)} %"


def percent_beside(share: float, limit: float, images: int = 0) -> str:
    """A share in percent, with a decimal where without one it would be read as the limit itself.

    0.0455 beside 0.05 → `"4.5 %"`, 0.05 → `"5.0 %"`, 0.07 → `"7 %"`.
    """
    near = f"{100 * share:.0f}" == f"{100 * limit:.0f}"
    if near and share == limit:
        return f"{100 * share:.1f} %"
    return f"{_percentage_beside(share, limit, images)} %"


def limit_in_percent(limit: float) -> str:
    """A limit that somebody set, as it was set: 0.95 → `"95 %"`, 0.995 → `"99.5 %"`."""
    return f"{100 * limit:.10g} %"


def interval_of_95(low: float, high: float, images: int, beside: float | None = None) -> str:
    """A 95 % interval by its one name: `"95 % interval 85 to 99 %"`.

    Args:
        low: its lower end.
        high: its upper end.
        images: behind it.
        beside: a limit, on whose side each end has to be seen to lie.
    """
    if beside is None:
        return f"95 % interval {percent_range(low, high, images)}"
    return f"95 % interval {percent_range_beside(low, high, beside, images)}"


def points(difference: float, low: float, high: float) -> str:
    """A difference of two shares with its interval, in points: `"+16 points (+3 to +30)"`.

    In tenths where the interval is narrower than 10 points: `"+2.5 points (+1.4 to +4.5)"`.
    """
    decimals = 1 if high - low < _NARROW else 0
    noun = "point" if _signed(difference, decimals)[1:] == "1" else "points"
    middle, *ends = (_signed(each, decimals) for each in (difference, low, high))
    return f"{middle} {noun} ({' to '.join(ends)})"


def points_upward(margin: float) -> str:
    """A margin in points, rounded up to two significant digits: 0.07836 → `"7.9 points"`."""
    percentage = 100 * margin
    if percentage <= 0:
        return "0 points"
    unit = 10.0 ** (floor(log10(percentage)) - 1)
    # A float's noise is no reason to round up: 3.0 must stay 3.
    up = -floor(-round(percentage / unit, 6)) * unit
    text = two_digits(up)
    return f"{text} point" if text == "1" else f"{text} points"


def fraction(value: float) -> str:
    """A metric from 0 to 1 in three digits; never 0 or 1 by rounding.

    0.857143 → `"0.857"`, 0.99999975 → `"more than 0.9999"`, 0.00002 → `"less than 0.0001"`
    """
    if 0 < value < 1e-4:
        return "less than 0.0001"
    if 0.9999 < value < 1:
        return "more than 0.9999"
    short = f"{value:.3g}"
    return f"{value:.4f}" if short == "1" and value != 1 else short


def plain_number(value: float) -> str:
    """A number as a person gave it, in at most six digits: 0.005 → `"0.005"`, 340.0 → `"340"`."""
    text = f"{value:.6g}"
    if value and not _LEAST_WRITTEN_OUT <= abs(value) < _MOST_WRITTEN_OUT:
        return text.replace("-", MINUS)
    if "e" in text:  # 1e-07 and 2e+08 are no numbers that a person types
        text = f"{value:.14f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:,.0f}"
    return text


def share_of_line(rate: float) -> str:
    """A rate of the line, which was given and not measured, in percent: 0.005 → `"0.5 %"`."""
    return f"{plain_number(100 * rate)} %"


def score(value: float) -> str:
    """An anomaly score or a cut in three digits; never 0 or 1 by rounding: 0.861364 → `"0.861"`."""
    return fraction(value) if 0 <= value <= 1 else plain_number(value)


def exact_score(value: float) -> str:
    """A score or a cut in as many digits as it takes to mean the same when it is typed back.

    0.861364 → `"0.861364"`. Rounded up, a cut would miss the very image whose score it is.
    """
    short = f"{value:.6g}"
    return short if float(short) == value else repr(value)


def number_between(above: float | None, top: float) -> float:
    """The second rounded to the fewest digits above the first and not above itself.

    0.492 and 0.804924 → 0.8: of two scores, so that a cut is easy to type and does not hang on the
    last digit of one. It is above 0 if the second is, for a cut of 0 rejects everything.
    """

    def is_between(cut: float) -> bool:
        return cut <= top and (cut > 0 or top <= 0) and (above is None or cut > above)

    return _shortened(top, is_between)


def range_of_cuts(low: float | None, top: float | None) -> tuple[str, str]:
    """The ends of a range of cuts, above the first and up to the second, each rounded into it.

    0.492 and 0.804924 → `("0.492", "0.8049")`: a cut of 0.805 would miss the image whose score the
    upper end is. An end that there is not is empty; of both `number_between` lies within.
    """
    said_low = said_top = ""
    inner = inf
    if top is not None:
        inner = number_between(low, top)
        said_top = _end(top, lambda cut: inner <= cut <= top)
    if low is not None:
        said_low = _end(low, lambda cut: low <= cut < inner)
    return said_low, said_top


def _shortened(end: float, is_within: Callable[[float], bool], *, least_decimals: int = 1) -> float:
    """The end of a range in the fewest decimals that are both its nearest and within the range."""
    for decimals in range(least_decimals, _MOST_CUT_DECIMALS):
        if is_within(short := round(end, decimals)):
            return short
    return end


def _end(end: float, is_within: Callable[[float], bool]) -> str:
    """An end of a range as it is typed: 1e-05 → `"0.00001"`."""
    short = _shortened(end, is_within, least_decimals=_CUT_DECIMALS)
    return f"{Decimal(repr(short + 0.0)):f}".removesuffix(".0")  # of -0.0 is 0


def estimate_with_interval(value: float, low: float | None, high: float | None) -> str:
    """An estimate in two digits with its interval: `"1,000 (400 to 2,300)"`; without one, alone."""
    if low is None or high is None:
        return two_digits(value)
    return f"{two_digits(value)} ({two_digits(low)} to {two_digits(high)})"


def probability(p_value: float) -> str:
    """A p-value in two significant digits: 0.00195 → `"p = 0.002"`."""
    return "p < 0.0001" if p_value < 1e-4 else f"p = {float(f'{p_value:.1e}'):g}"


def _percentage(share: float, images: int, least_decimals: int = 0) -> str:
    decimals = max(least_decimals, 1 if images >= _IMAGES_FOR_DECIMALS else 0)
    least = 10.0**-decimals
    percentage = 100 * share
    if share in (0, 1):
        return f"{percentage:.0f}"
    if percentage <= least / 2:  # a half would be rounded to the even 0
        return f"less than {least:g}"
    if percentage >= 100 - least / 2:
        return f"more than {100 - least:g}"
    return f"{percentage:.{decimals}f}"


def _percentage_beside(share: float, limit: float, images: int) -> str:
    for decimals in range(1 if images >= _IMAGES_FOR_DECIMALS else 0, _MOST_DECIMALS):
        near = f"{100 * share:.{decimals}f}"
        if share == limit or near != f"{100 * limit:.{decimals}f}":
            return near if decimals > 1 else _percentage(share, images, decimals)
    return f"{100 * share:.12g}"


def _signed(share: float, decimals: int) -> str:
    for places in range(decimals, _MOST_DECIMALS):
        text = f"{abs(100 * share):.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        if text != "0":  # of what is proven worse, an end of ±0 would say that it may be equal
            return f"{MINUS if share < 0 else '+'}{text}"
    return "±0"


def of_hundred(share: float) -> str:
    """A share of a hundred things, whole from 1 on: 0.0547 → `"5"`, 0.0042 → `"0.42"`."""
    count = 100 * share
    if 99.5 <= count < 100:
        return "more than 99"
    return f"{count:.0f}" if count >= 1 else two_digits(count)


def signed_estimate(value: float) -> str:
    """An estimate with its sign in two digits: 0.0045 → `"+0.0045"`, −0.0173 → `"−0.017"`."""
    return two_digits(value) if value <= 0 else f"+{two_digits(value)}"
