"""Image-level metrics of a Lookout for Vision model: pure functions, standard library only.

The positive class is *anomaly*. Rates are fractions from 0 to 1, scores are finite anomaly scores
(higher means more anomalous), counts are test images. What a test set cannot tell is `Undefined`
with a reason: never NaN, and never a zero that nothing measured. This package imports nothing of
`lfv_mcp`, so that it can be read, tested and reused alone.
"""

from lfv_mcp.metrics.cost import (
    Cost,
    Prices,
    cost_difference,
    cost_per_part,
)
from lfv_mcp.metrics.counts import (
    NO_ANOMALOUS,
    NO_NORMAL,
    NONE_FLAGGED,
    ROUNDING_TOLERANCE,
    Confusion,
    Interval,
    Undefined,
    Value,
    counts_from_rates,
    f1_from,
    f1_score,
    false_alarm_rate,
    precision,
    recall,
)
from lfv_mcp.metrics.defect_rate import (
    escapes_per_million,
    expected_precision,
    expected_precision_interval,
    false_rejects_per_million,
)
from lfv_mcp.metrics.delong import (
    AucDifference,
    delong_difference,
)
from lfv_mcp.metrics.intervals import (
    average_precision_interval,
    f1_interval,
    newcombe_difference,
    roc_auc_interval,
    wilson_interval,
)
from lfv_mcp.metrics.margins import (
    MAX_DEFAULT_MARGIN,
    decision_z,
    default_margin,
    images_needed,
    rounded_count,
    smallest_margin_shown,
)
from lfv_mcp.metrics.paired import (
    holm_adjusted,
    mcnemar_exact,
    mcnemar_mid_p,
    tango_interval,
)
from lfv_mcp.metrics.ranking import (
    Separability,
    anomaly_score,
    at_threshold,
    average_precision,
    roc_auc,
    separability,
)
from lfv_mcp.metrics.requirements import (
    Requirement,
    error_requirement,
)

__all__ = [
    "MAX_DEFAULT_MARGIN",
    "NONE_FLAGGED",
    "NO_ANOMALOUS",
    "NO_NORMAL",
    "ROUNDING_TOLERANCE",
    "AucDifference",
    "Confusion",
    "Cost",
    "Interval",
    "Prices",
    "Requirement",
    "Separability",
    "Undefined",
    "Value",
    "anomaly_score",
    "at_threshold",
    "average_precision",
    "average_precision_interval",
    "cost_difference",
    "cost_per_part",
    "counts_from_rates",
    "decision_z",
    "default_margin",
    "delong_difference",
    "error_requirement",
    "escapes_per_million",
    "expected_precision",
    "expected_precision_interval",
    "f1_from",
    "f1_interval",
    "f1_score",
    "false_alarm_rate",
    "false_rejects_per_million",
    "holm_adjusted",
    "images_needed",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "newcombe_difference",
    "precision",
    "recall",
    "roc_auc",
    "roc_auc_interval",
    "rounded_count",
    "separability",
    "smallest_margin_shown",
    "tango_interval",
    "wilson_interval",
]
