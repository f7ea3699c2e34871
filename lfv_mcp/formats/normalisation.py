"""What of a saved document is kept: plain JSON, and the metrics that an EvaluationResult proves.

This runs for every file of an archive, ten thousand at a start, so it walks plain objects: a
pydantic model for each answer would add a tenth or more to the time of indexing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import JsonObject, image_count, is_array, is_object, number
from lfv_mcp.formats.repeats import values_given

DEPTH: Final = 16
"""Levels of nesting in one answer; the API's own answers have four."""
TOO_DEEP: Final = "nested too deeply"
"""The problem of a document that has more of them."""
_SCALARS: Final = frozenset({str, int, float, bool})


def written_performance(result: Mapping[str, Any]) -> JsonObject:
    """The ModelPerformance that an EvaluationResult document writes: F1Score, Recall, Precision.

    A metric that the file does not have (the older variant has no F1Score) is absent. What is no
    number from 0 to 1, or was given twice, stays: whoever shows the record names it unusable.
    """
    aggregated = result.get("AggregatedEvaluationResults")
    metrics = aggregated.get("Metrics") if is_object(aggregated) else None
    if not is_object(metrics):
        return {}
    if values_given(metrics) is not None:
        return metrics
    found: JsonObject = {}
    for name in ("F1Score", "Recall", "Precision"):
        if (value := metrics.get(name)) is not None:
            read = number(value)
            found[name] = value if read is None else read
    return found


def proven_performance(result: Mapping[str, Any]) -> dict[str, float]:
    """The ModelPerformance that an EvaluationResult document proves: what it writes from 0 to 1."""
    written = written_performance(result)
    return {name: v for name, v in written.items() if type(v) is float and 0 <= v <= 1}


def tested_images(result: Mapping[str, Any]) -> int | None:
    """How many images an EvaluationResult document says were tested; None if it does not say."""
    details = result.get("EvaluationDetails")
    return image_count(details.get("NumberOfTestingImages")) if is_object(details) else None


def sorted_names(value: Mapping[Any, Any]) -> list[Any]:
    """The names of an object in their order; printed Python and YAML may have numbers for names."""
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=str)


def plain(value: Any, levels: int = DEPTH) -> Any:
    """The value without null members and without what no JSON holds; members sorted.

    Raises:
        UnrecognisedError: nested in more than `levels` levels.
    """
    if is_object(value):
        if levels < 1:
            raise UnrecognisedError(TOO_DEEP, corrupt=True)
        kept: JsonObject = {}
        for name in sorted_names(value):  # for many files, a loop is faster than a comprehension
            item = value[name]
            if type(item) in _SCALARS or (item := plain(item, levels - 1)) is not None:
                kept[name if type(name) is str else str(name)] = item
        return kept
    if is_array(value):
        if levels < 1:
            raise UnrecognisedError(TOO_DEEP, corrupt=True)
        return [item if type(item) in _SCALARS else plain(item, levels - 1) for item in value]
    return value if type(value) in _SCALARS else None
