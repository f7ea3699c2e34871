"""The arguments of analyze_evaluation that are numbers: rates, cuts, costs and requirements."""

from __future__ import annotations

from typing import Final

from lfv_mcp.model_query import invalid_argument
from lfv_mcp.server.arguments import Argument
from lfv_mcp.server.number_arguments import fraction_argument, number_check


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


def _fraction(name: str, description: str, example: str) -> Argument:
    rule = f"it is a fraction from 0 to 1 ({100 * float(example):g} % is {example})"
    return fraction_argument(name, description, rule, example, lambda share: 0 <= share <= 1)


def _cost(name: str, description: str, example: str) -> Argument:
    return Argument(
        name,
        {"type": "number", "description": description},
        number_check(name, _COST_RULE, example, lambda cost: 0 <= cost <= _MAX_COST),
    )


DEFECT_RATE: Final = _fraction(
    "defect_rate",
    "Only if the user names one: defective share of the line's parts, 0.01 is 1 %.",
    "0.01",
)
THRESHOLD: Final = Argument(
    "threshold",
    {
        "type": "number",
        "description": "Only if the user names one: anomaly score from which to reject, 0 to 1.",
    },
    number_check("threshold", "it is a finite number, an anomaly score", "0.8", lambda _: True),
)
COST_OF_ESCAPE: Final = _cost(
    "cost_of_escape",
    "Only if the user names both costs: of a defect that passes; needs defect_rate.",
    "10",
)
COST_OF_FALSE_REJECT: Final = _cost(
    "cost_of_false_reject", "Cost of a good part that is rejected.", "1"
)
RECALL_AT_LEAST: Final = _fraction(
    "recall_at_least", "Only if the user requires it: least recall, 0.95 is 95 %.", "0.95"
)
FALSE_ALARMS_AT_MOST: Final = _fraction(
    "false_alarms_at_most",
    "Only if the user requires it: largest false-alarm rate.",
    "0.05",
)
