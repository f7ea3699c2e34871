"""Documents with records in parts of their own, notebooks, and recorded traffic, by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lfv_mcp.formats.decoding import SERVICE, UnrecognisedError
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.repeats import alternatives


def recorded_traffic(value: JsonObject, *, is_ours: bool) -> UnrecognisedError | None:
    """What a HAR file or CloudTrail events are named; None for another document."""
    log, records = value.get("log"), value.get("Records")
    if is_object(log) and is_array(log.get("entries")):
        return UnrecognisedError(
            "a HAR file, recorded by a browser; take the answers out of it: jq -c "
            "'.log.entries[].response.content.text | fromjson?' FILE > answers.jsonl",
            convertible=is_ours,
        )
    if is_array(records) and any(is_object(r) and "eventSource" in r for r in records):
        ours = [r for r in records if is_object(r) and SERVICE in str(r.get("eventSource"))]
        return UnrecognisedError(
            "CloudTrail events, which hold what was asked and hardly an answer; take out what is "
            "there: jq -c '.Records[].responseElements | select(.)' FILE > answers.jsonl",
            convertible=any(r.get("responseElements") for r in ours),
        )
    return None


def is_notebook(value: JsonObject) -> bool:
    """Whether a document is a Jupyter notebook."""
    return "cells" in value and "nbformat" in value


def outputs_of(notebook: JsonObject) -> Iterator[Any]:
    """What the outputs show that names the service: texts, and JSON that is decoded already."""
    for cell in _objects(notebook.get("cells")):
        for output in _objects(cell.get("outputs")):
            for data in alternatives(output.get("data")):
                yield from _shown(output, data if is_object(data) else {})


def _shown(output: JsonObject, data: JsonObject) -> Iterator[Any]:
    if is_object(value := data.get("application/json")) or is_array(value):
        if SERVICE in str(value):
            yield value
        return
    for text in (*alternatives(output.get("text")), *alternatives(data.get("text/plain"))):
        joined = "".join(map(str, text)) if is_array(text) else text
        if isinstance(joined, str) and SERVICE in joined:
            yield joined


def _objects(value: object) -> Iterable[JsonObject]:
    lists = (each for each in alternatives(value) if is_array(each))
    return [item for items in lists for item in items if is_object(item)]
