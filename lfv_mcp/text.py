"""text."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category

TEXT_LIMIT: Final = 500
_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?", re.DOTALL
)


def strip_invisible(text: str) -> str:
    """Text without ANSI sequences, control, bidi and other invisible characters."""
    if text.isprintable():
        return text
    text = _ANSI.sub("", text)  # first, so that its letters go with the escape character
    return "".join(
        " " if c in "\t\n\r" else c
        for c in text
        if c in "\t\n\r" or category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text from an account or an archive, as data: no control, bidi or ANSI characters.

    Longer than `limit` characters it is cut, and `…[+N]` says how many are missing.
    """
    shown = strip_invisible(text)
    return shown if len(shown) <= limit else f"{shown[:limit]}…[+{len(shown) - limit}]"


def truncate_lines(lines: list[str], limit: int) -> str:
    """Whole lines up to `limit` characters; first and last always stay, and a cut is said."""
    first, *body, last = lines
    first, last = clean(first, limit * 2 // 3), clean(last, limit // 4)
    shown = [first]
    room = limit - len(first) - len(last) - 40
    for line in body:
        if len(line) + 1 > room:
            shown.append(f"({len(body) - len(shown) + 1} more in the structured result)")
            break
        shown.append(line)
        room -= len(line) + 1
    return "\n".join([*shown, last])


def rate_in_words(rate: float, one: str, many: str) -> str:
    """A rate in plain words: 0.1 of defects → 'about 1 defect in 10'."""
    n = round(1 / rate) if rate else 0
    if n > 1 and abs(1 / n - rate) <= 0.06 * rate:
        return f"about 1 {one} in {n:,}"
    return f"about {100 * rate:.0f} of 100 {many}"


def percent(value: float) -> str:
    """A fraction as a percentage; nothing becomes 0 % or 100 % by rounding alone."""
    if 0 < value < 0.001:
        return "less than 0.1%"
    return "more than 99.9%" if 0.999 < value < 1 else f"{value:.1%}"


def digits(value: float) -> str:
    """A metric in three digits; more only where it would be rounded to 1."""
    short = f"{value:.3g}"
    return short if short != "1" or value == 1 else f"{value:.6g}" if value < 0.9999995 else "<1"


def complement(value: float) -> float:
    """1 - value, as people count."""
    # 1 - 0.9 is 0.09999999999999998 in binary; twelve digits are more than any metric has.
    return round(1 - value, 12)
