"""Image-level metrics of a Lookout for Vision model: pure functions, standard library only.

The positive class is *anomaly*. Rates are fractions from 0 to 1, scores are finite anomaly scores
(higher means more anomalous), counts are test images. What a test set cannot tell is `Undefined`
with a reason: never NaN, and never a zero that nothing measured. This package imports nothing of
`lfv_mcp`, so that it can be read, tested and reused alone.
"""

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
    false_rejects_per_million,
)
from lfv_mcp.metrics.intervals import wilson_interval
from lfv_mcp.metrics.paired import mcnemar_exact
from lfv_mcp.metrics.ranking import (
    Separability,
    anomaly_score,
    at_threshold,
    average_precision,
    roc_auc,
    separability,
)

__all__ = [
    "NONE_FLAGGED",
    "NO_ANOMALOUS",
    "NO_NORMAL",
    "ROUNDING_TOLERANCE",
    "Confusion",
    "Interval",
    "Separability",
    "Undefined",
    "Value",
    "anomaly_score",
    "at_threshold",
    "average_precision",
    "counts_from_rates",
    "escapes_per_million",
    "expected_precision",
    "f1_from",
    "f1_score",
    "false_alarm_rate",
    "false_rejects_per_million",
    "mcnemar_exact",
    "precision",
    "recall",
    "roc_auc",
    "separability",
    "wilson_interval",
]
