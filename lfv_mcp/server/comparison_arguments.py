"""The arguments of compare_models beside the versions: margins and examples."""

from __future__ import annotations

from typing import Final

from lfv_mcp.analysis.comparison_question import DEFAULT_CHANGED_IMAGES
from lfv_mcp.server.arguments import (
    MAX_EXAMPLE_IMAGES,
    Argument,
    check_max_examples,
    number_check,
)

MAX_MARGIN: Final = 0.2
"""The largest margin: a loss of more is no replacement."""


def _margin(name: str, description: str) -> Argument:
    rule = f"it is a fraction above 0 and at most {MAX_MARGIN} (2 points are 0.02)"
    return Argument(
        name,
        {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": MAX_MARGIN,
            "description": description,
        },
        number_check(name, rule, "0.02", lambda m: 0 < m <= MAX_MARGIN, may_be_percent=True),
    )


RECALL_MARGIN: Final = _margin(
    "recall_margin", "Only if the user named one: recall that may be lost, 0.02 is 2 points."
)
FALSE_ALARM_MARGIN: Final = _margin(
    "false_alarm_margin", "Only if the user named one: by how much the false-alarm rate may rise."
)
COMPARED_EXAMPLES: Final = Argument(
    "max_examples",
    {
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_EXAMPLE_IMAGES,
        "default": DEFAULT_CHANGED_IMAGES,
    },
    check_max_examples,
)
