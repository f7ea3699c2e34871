"""The arguments of compare_models beside the versions: margins and examples."""

from __future__ import annotations

from typing import Final

from lfv_mcp.analysis.comparison_question import DEFAULT_CHANGED_IMAGES
from lfv_mcp.server.arguments import Argument, examples_argument
from lfv_mcp.server.number_arguments import fraction_argument

MAX_MARGIN: Final = 0.2
"""The largest margin: a loss of more is no replacement."""


def _margin(name: str, description: str) -> Argument:
    rule = f"it is a fraction above 0 and at most {MAX_MARGIN} (2 points are 0.02)"
    return fraction_argument(name, description, rule, "0.02", lambda m: 0 < m <= MAX_MARGIN)


RECALL_MARGIN: Final = _margin(
    "recall_margin",
    "Only if the user names one: recall that may be lost, at most 0.2 (20 points).",
)
FALSE_ALARM_MARGIN: Final = _margin(
    "false_alarm_margin",
    "Only if the user names one: rise of the false-alarm rate, at most 0.2.",
)
COMPARED_EXAMPLES: Final = examples_argument(
    "Changed images to name of each kind", DEFAULT_CHANGED_IMAGES
)
