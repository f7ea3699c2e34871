"""Arguments that are numbers: their rules, and what a number against its rule was meant for."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from lfv_mcp.model_query import invalid_argument
from lfv_mcp.server import spellings
from lfv_mcp.server.arguments import Argument, not_as_text


def number_check(
    name: str,
    rule: str,
    example: str,
    accepts: Callable[[float], bool],
    *,
    may_be_percent: bool = False,
) -> Callable[[object], float | None]:
    """A check for an optional finite number.

    Args:
        name: of the argument.
        rule: what it has to be, for the error.
        example: a good value of it.
        accepts: whether a finite number is one.
        may_be_percent: whether `"2 %"` is taken for 0.02.
    """

    def check(value: object) -> float | None:
        if value is None:
            return None
        number = spellings.number(value, may_be_percent=may_be_percent)
        if isinstance(number, int | float) and not isinstance(number, bool):
            with suppress(OverflowError):  # an integer of hundreds of digits
                finite = float(number)
                if math.isfinite(finite) and accepts(finite):
                    return finite
        reading = percentage(value, accepts) if may_be_percent else None
        raise invalid_argument(
            name,
            value,
            rule + not_as_text(value, "number"),
            example,
            meant="" if reading is None else f"{reading:.12g}",
        )

    return check


def percentage(value: object, accepts: Callable[[float], bool]) -> float | None:
    """The fraction that a number above 1 means as a percentage: 95 → 0.95; None if it means none.

    A 1 may be 1 % or all, so it means none.
    """
    number = spellings.number(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 1 < number <= 100:
        return None
    fraction = float(Decimal(str(number)).scaleb(-2))
    return fraction if accepts(fraction) else None


def fraction_argument(
    name: str, description: str, rule: str, example: str, accepts: Callable[[float], bool]
) -> Argument:
    """An optional argument that is a fraction; `"2 %"` is taken for 0.02.

    Args:
        name: of the argument.
        description: for its schema.
        rule: what it has to be, for the error.
        example: a good value of it.
        accepts: whether a finite number is one.
    """
    return Argument(
        name,
        {"type": "number", "description": description},
        number_check(name, rule, example, accepts, may_be_percent=True),
        as_meant=lambda value: percentage(value, accepts),
    )
