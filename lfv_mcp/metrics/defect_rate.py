"""What a model's rates mean on a production line with a known share of defective parts."""

from __future__ import annotations

from lfv_mcp.metrics.counts import Undefined, Value


def expected_precision(recall: float, false_alarm_rate: float, defect_rate: float) -> Value:
    """R d / (R d + FPR (1 - d)): share of the line's rejects that are defective.

    Test sets are rich in defects; d is the share of defective parts on the line. Undefined when
    nothing would be rejected.
    """
    caught = recall * defect_rate
    rejected = caught + false_alarm_rate * (1 - defect_rate)
    return caught / rejected if rejected else Undefined("no part would be rejected")


def escapes_per_million(recall: float, defect_rate: float) -> float:
    """d (1 - R) 10^6: defective parts passed as good, per million parts inspected."""
    return defect_rate * (1 - recall) * 1e6


def false_rejects_per_million(false_alarm_rate: float, defect_rate: float) -> float:
    """(1 - d) FPR 10^6: good parts rejected, per million parts inspected."""
    return (1 - defect_rate) * false_alarm_rate * 1e6
