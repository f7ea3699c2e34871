"""The arguments of analyze_evaluation that are numbers: rates, cuts, costs and requirements."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from lfv_mcp.model_query import invalid_argument
from lfv_mcp.server import spellings
from lfv_mcp.server.arguments import Argument, fraction_check, not_as_text


def number_check(
    name: str, rule: str, example: str, *, low: float = 0.0, high: float = math.inf
) -> Callable[[object], float | None]:
    """A check for an optional finite number from `low` to `high`, both included."""

    def check(value: object) -> float | None:
        if value is None:
            return None
        number = spellings.number(value)
        if isinstance(number, int | float) and not isinstance(number, bool):
            with suppress(OverflowError):  # an integer of hundreds of digits
                finite = float(number)
                if math.isfinite(finite) and low <= finite <= high:
                    return finite
        raise invalid_argument(name, value, rule + not_as_text(value, "number"), example)

    return check


def check_prices(escape: float | None, false_reject: float | None) -> None:
    """Both costs of a line or none, and one of them above 0.

    Raises:
        CallerError: one is given without the other, or both are 0.
    """
    prices = {"cost_of_escape": escape, "cost_of_false_reject": false_reject}
    given = {name: price for name, price in prices.items() if price is not None}
    if len(given) == 1:
        ((name, price),) = given.items()
        rule = "both costs are needed, that of an escape and that of a false reject"
        raise invalid_argument(name, price, rule, _EXAMPLES[name])
    if given and not any(given.values()):
        raise invalid_argument(
            "cost_of_escape", 0, "both costs are 0, and then every cut costs the same", "10"
        )


def check_lookout_threshold(threshold: float | None) -> None:
    """A cut within the scores of a Lookout for Vision model, which are 0 to 1.

    Raises:
        CallerError: it lies outside.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise invalid_argument(
            "threshold", threshold, "the scores of a Lookout for Vision model are 0 to 1", "0.8"
        )


_EXAMPLES: Final = {
    "cost_of_escape": "10 with cost_of_false_reject=1",
    "cost_of_false_reject": "1 with cost_of_escape=10",
}
_MAX_COST: Final = 1e300
"""The largest price; of larger ones the sum may be no finite number."""
_COST_RULE: Final = "it is a finite number, 0 or more (at most 1e300)"
DEFECT_RATE: Final = Argument(
    "defect_rate",
    {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Share of parts on the line that are defective: 0.01 is 1 %.",
    },
    fraction_check(
        "defect_rate", "it is a fraction from 0 to 1 (1 % is 0.01)", "0.01", may_be_percent=True
    ),
)
THRESHOLD: Final = Argument(
    "threshold",
    {"type": "number", "description": "Anomaly score from which a part would be rejected."},
    number_check("threshold", "it is a finite number, an anomaly score", "0.8", low=-math.inf),
)
COST_OF_ESCAPE: Final = Argument(
    "cost_of_escape",
    {"type": "number", "minimum": 0, "description": "Cost of a defective part passed as good."},
    number_check("cost_of_escape", _COST_RULE, "10", high=_MAX_COST),
)
COST_OF_FALSE_REJECT: Final = Argument(
    "cost_of_false_reject",
    {
        "type": "number",
        "minimum": 0,
        "description": "Cost of a good part rejected; give both costs.",
    },
    number_check("cost_of_false_reject", _COST_RULE, "1", high=_MAX_COST),
)
RECALL_AT_LEAST: Final = Argument(
    "recall_at_least",
    {"type": "number", "minimum": 0, "maximum": 1, "description": "Recall that is required."},
    fraction_check(
        "recall_at_least",
        "it is a fraction from 0 to 1 (95 % is 0.95)",
        "0.95",
        may_be_percent=True,
    ),
)
FALSE_ALARMS_AT_MOST: Final = Argument(
    "false_alarms_at_most",
    {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Share of good parts that may be rejected.",
    },
    fraction_check(
        "false_alarms_at_most",
        "it is a fraction from 0 to 1 (5 % is 0.05)",
        "0.05",
        may_be_percent=True,
    ),
)
