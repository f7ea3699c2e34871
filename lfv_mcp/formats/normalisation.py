"""formats.normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.times import epoch_seconds

_DEPTH: Final = 16
"""Levels of one answer; the API's own have four."""
_TIMES: Final = ("CreationTimestamp", "EvaluationEndTimestamp")


def proven_performance(result: Mapping[str, Any]) -> dict[str, float]:
    """ModelPerformance as an EvaluationResult proves it; what it does not say is absent."""
    aggregated = result.get("AggregatedEvaluationResults")
    metrics = aggregated.get("Metrics") if isinstance(aggregated, dict) else None
    proven: dict[str, float] = {}
    for name in ("F1Score", "Recall", "Precision"):
        try:
            value = float(metrics[name])  # type: ignore[index]
        except (KeyError, TypeError, ValueError, OverflowError):
            continue  # the older variant has no F1Score
        if 0 <= value <= 1:  # refuses NaN
            proven[name] = value
    return proven


def normalised(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as the API would send it, at any depth the API has: so every spelling is the same.

    Times become epoch seconds, null members are absent, and so is what cannot be JSON. Members
    are sorted.

    Raises:
        UnrecognisedError: nested more deeply than any answer.
    """
    # A time that cannot be read is unknown, not an error.
    result = plain({**body, **{name: epoch_seconds(body[name]) for name in _TIMES if name in body}})
    if isinstance(numbers := result.get("Performance"), dict):
        for name, value in numbers.items():
            if type(value) is int and value in (0, 1):  # jq writes 1 for 1.0
                numbers[name] = float(value)
    if isinstance(datasets := body.get("Datasets"), list):
        result["Datasets"] = [normalised(d) if isinstance(d, dict) else plain(d) for d in datasets]
    return result  # type: ignore[no-any-return]


def plain(value: Any, room: int = _DEPTH) -> Any:
    """The value without null members, and without what no JSON holds; members sorted."""
    if not isinstance(value, (dict, list)):
        return value if type(value) in _SCALARS else None
    if not room:
        raise UnrecognisedError("nested too deeply", corrupt=True)
    if isinstance(value, list):
        return [item if type(item) in _SCALARS else plain(item, room - 1) for item in value]
    shown = {}
    for name in sorted(value):  # for thousands of files, a loop is faster than a comprehension
        item = value[name]
        if type(item) in _SCALARS or (item := plain(item, room - 1)) is not None:
            shown[name] = item
    return shown


_SCALARS: Final = frozenset({str, int, float, bool})
