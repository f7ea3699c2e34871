"""The normal form of an API answer, so that one answer is the same record in every spelling.

This runs for every file of an archive, ten thousand at a start, so it walks plain objects: a
pydantic model for each answer would add a tenth or more to the time of indexing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object, number
from lfv_mcp.times import epoch_seconds

_DEPTH: Final = 16
"""Levels of nesting in one answer; the API's own answers have four."""
_TIMES: Final = ("CreationTimestamp", "EvaluationEndTimestamp")


def written_performance(result: Mapping[str, Any]) -> dict[str, float]:
    """The ModelPerformance that an EvaluationResult document writes: F1Score, Recall, Precision.

    A metric that the file does not have (the older variant has no F1Score), or that is no number,
    is absent. A number outside 0 to 1, or NaN, stays: whoever shows the record names it unusable.
    """
    aggregated = result.get("AggregatedEvaluationResults")
    metrics = aggregated.get("Metrics") if is_object(aggregated) else None
    if not is_object(metrics):
        return {}
    found = {name: number(metrics.get(name)) for name in ("F1Score", "Recall", "Precision")}
    return {name: value for name, value in found.items() if value is not None}


def proven_performance(result: Mapping[str, Any]) -> dict[str, float]:
    """The ModelPerformance that an EvaluationResult document proves: what it writes from 0 to 1."""
    written = written_performance(result)
    return {name: value for name, value in written.items() if 0 <= value <= 1}


def normalised(body: Mapping[str, Any]) -> JsonObject:
    """A model's or project's body in the API's wire form, whatever spelling it was saved in.

    Times become epoch seconds, whole-number metrics become fractions again, null members are
    absent, and so is what cannot be JSON. Members are sorted.

    Raises:
        UnrecognisedError: nested more deeply than any answer.
    """
    # A time that cannot be read is unknown, not an error.
    times = {name: epoch_seconds(body[name]) for name in _TIMES if name in body}
    result: JsonObject = plain({**body, **times})
    if is_object(numbers := result.get("Performance")):
        for name, value in numbers.items():
            if type(value) is int and value in (0, 1):  # jq writes 1 for 1.0
                numbers[name] = float(value)
    if is_array(datasets := body.get("Datasets")):
        result["Datasets"] = [normalised(d) if is_object(d) else plain(d) for d in datasets]
    return result


def plain(value: Any, levels: int = _DEPTH) -> Any:
    """The value without null members and without what no JSON holds; members sorted.

    Raises:
        UnrecognisedError: nested in more than `levels` levels.
    """
    if is_object(value):
        if not levels:
            raise UnrecognisedError(_TOO_DEEP, corrupt=True)
        kept: JsonObject = {}
        for name in sorted(value):  # for thousands of files, a loop is faster than a comprehension
            item = value[name]
            if type(item) in _SCALARS or (item := plain(item, levels - 1)) is not None:
                kept[name] = item
        return kept
    if is_array(value):
        if not levels:
            raise UnrecognisedError(_TOO_DEEP, corrupt=True)
        return [item if type(item) in _SCALARS else plain(item, levels - 1) for item in value]
    return value if type(value) in _SCALARS else None


_TOO_DEEP: Final = "nested too deeply"
_SCALARS: Final = frozenset({str, int, float, bool})
