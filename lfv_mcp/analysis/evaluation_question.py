"""What is asked of evaluation files, beside which model: rates, cuts, prices and requirements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lfv_mcp.metrics import Prices

MAX_EXAMPLES: Final = 5
"""Wrong images of each kind that are named, if the caller does not say."""


@dataclass(frozen=True, slots=True)
class EvaluationQuestion:
    """What is asked of evaluation files; every part but the last two is optional.

    Args:
        defect_rate: share of the line's parts that are defective, 0 to 1.
        threshold: an anomaly score from which to reject.
        cost_of_escape: what a defective part costs that is passed as good.
        cost_of_false_reject: what a good part costs that is rejected; both costs or none.
        recall_at_least: a recall that the model has to reach.
        false_alarms_at_most: a share of the good parts that it may reject.
        max_examples: wrong images to name, of each kind.
        with_cuts: whether the answer has the trade-off cut by cut, for a page that draws it.
        same_names: of a prediction set, a person vouches that equal names of images are the same.
    """

    defect_rate: float | None = None
    threshold: float | None = None
    cost_of_escape: float | None = None
    cost_of_false_reject: float | None = None
    recall_at_least: float | None = None
    false_alarms_at_most: float | None = None
    max_examples: int = MAX_EXAMPLES
    with_cuts: bool = False
    same_names: bool = False

    @property
    def asks_for_cost(self) -> bool:
        """Whether both costs are given."""
        return self.cost_of_escape is not None and self.cost_of_false_reject is not None

    @property
    def has_requirements(self) -> bool:
        """Whether a rate is required."""
        return self.recall_at_least is not None or self.false_alarms_at_most is not None

    @property
    def asks_for_cuts(self) -> bool:
        """Whether the answer has the block `threshold`."""
        return self.with_cuts or self.threshold is not None or self.asks_for_cost

    @property
    def prices(self) -> Prices | None:
        """The prices of the line; None unless both costs and the defect rate are given."""
        if self.cost_of_escape is None or self.cost_of_false_reject is None:
            return None
        if self.defect_rate is None:
            return None
        return Prices(self.cost_of_escape, self.cost_of_false_reject, self.defect_rate)
