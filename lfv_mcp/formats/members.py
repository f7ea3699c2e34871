"""The members of the API's records: their names and types, and how other languages write them.

boto3, the AWS CLI and JavaScript keep the API's own names and values. Java, Kotlin, Go, Ruby, PHP,
.NET, PowerShell and DynamoDB do not: `modelArn` and `model_arn`, `{"Value": "TRAINED"}`,
`{"N": "0.9"}`, 0 or the year 1 for what was never set. `read_members` makes one record of them
all. What it cannot read keeps its own spelling, so that nothing is lost at an import, and
`sendable` takes it out, with the reason, wherever the API's own types are expected.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeGuard

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.flattened import agree, nested_again, ways_to_members
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.normalisation import DEPTH, TOO_DEEP, plain, sorted_names
from lfv_mcp.formats.repeats import loads, values_given
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.provenance import LeftOut
from lfv_mcp.text import clean
from lfv_mcp.times import UnreadableTime, UnsetTime, read_time

Structure = Literal["model", "project", "dataset", "performance", "output", "location", "object"]
"""A structure of the API, such as ModelDescription ("model")."""
_Kind = Literal[
    "text",
    "prefix",
    "version",
    "status",
    "dataset_status",
    "dataset_type",
    "time",
    "fraction",
    "count",
]

_SHOWN: Final = 60
"""Characters of a value that is left out which a reader is shown."""

MEMBERS: Final[Mapping[Structure, Mapping[str, _Kind | Structure]]] = {
    "model": {
        "ModelVersion": "version",
        "ModelArn": "text",
        "CreationTimestamp": "time",
        "Description": "text",
        "Status": "status",
        "StatusMessage": "text",
        "Performance": "performance",
        "OutputConfig": "output",
        "EvaluationManifest": "object",
        "EvaluationResult": "object",
        "EvaluationEndTimestamp": "time",
        "KmsKeyId": "text",
        "MinInferenceUnits": "count",
        "MaxInferenceUnits": "count",
    },
    "project": {
        "ProjectArn": "text",
        "ProjectName": "text",
        "CreationTimestamp": "time",
        "Datasets": "dataset",
    },
    "dataset": {
        "DatasetType": "dataset_type",
        "CreationTimestamp": "time",
        "Status": "dataset_status",
        "StatusMessage": "text",
    },
    "performance": {"F1Score": "fraction", "Recall": "fraction", "Precision": "fraction"},
    "output": {"S3Location": "location"},
    "location": {"Bucket": "text", "Prefix": "prefix"},
    "object": {"Bucket": "text", "Key": "text"},
}
"""The members of each structure, and what each one holds. `Datasets` is a list of its structure."""
_DATASET_STATUSES: Final = tuple(
    [f"{what}_{how}" for what in ("CREATE", "DELETE") for how in ("IN_PROGRESS", "COMPLETE")]
    + ["CREATE_FAILED", "DELETE_FAILED", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    + ["UPDATE_FAILED_ROLLBACK_IN_PROGRESS", "UPDATE_FAILED_ROLLBACK_COMPLETE"]
)
_NOISE: Final = frozenset({"resultmetadata", "responsemetadata", "httpstatuscode", "contentlength"})
"""What an SDK adds beside the members of the API; says nothing about a model."""
_BOXES: Final = frozenset(
    {"value", "S", "N", "M", "L", "BOOL", "NULL", "Value"}
    | {"$numberDouble", "$numberDecimal", "$numberInt", "$numberLong"}
)
"""The one member of the object that .NET makes of an enum, DynamoDB of every value, and MongoDB of
every number."""


@lru_cache(maxsize=2048)
def folded(name: str) -> str:
    """A member's name without what languages change in it: `:model_arn`, `modelArn` → modelarn."""
    return name.lower().replace("_", "").replace("-", "").lstrip(":$@")


_BY_FOLDED_NAME: Final[Mapping[Structure, Mapping[str, str]]] = {
    structure: {folded(name): name for name in members} for structure, members in MEMBERS.items()
}


def _is_structure(kind: str) -> TypeGuard[Structure]:
    return kind in MEMBERS


_AS_IT_IS: Final[Mapping[Structure, Mapping[str, type]]] = {
    structure: {
        name: {"fraction": float, "count": int}.get(kind, str)
        for name, kind in members.items()
        if kind in ("text", "prefix", "version", "fraction", "count")
    }
    for structure, members in MEMBERS.items()
}
"""The type in which most members come, and are kept without another look."""


_FLATTENED: Final = {structure: ways_to_members(MEMBERS, structure) for structure in MEMBERS}


def unboxed(value: object) -> object:
    """The value in an object that only says its type: `{"Value": "TRAINED"}`, `{"N": "0.9"}`."""
    if is_object(value) and len(value) == 1:
        (name,) = value
        if name in _BOXES:
            return None if name == "NULL" else value[name]
    return value


# Reading


def read_members(
    body: Mapping[str, Any], structure: Structure = "model", levels: int = DEPTH
) -> JsonObject:
    """A structure in the API's wire form, whatever language wrote it down; members sorted.

    Times become epoch seconds. Absent are null, empty texts, units of 0 and times never set, none
    of which the API sends. A value that cannot be read stays as it was saved.

    Raises:
        UnrecognisedError: nested more deeply than any answer, or one member said in two ways.
    """
    if not levels:
        raise UnrecognisedError(TOO_DEEP, corrupt=True)
    kinds, as_it_is = MEMBERS[structure], _AS_IT_IS[structure]
    kept: JsonObject = {}
    others: list[str] = []
    for name in sorted_names(body):
        value = body[name]
        if value and type(value) is as_it_is.get(name):  # nearly always
            kept[name] = value
        elif (kind := kinds.get(name)) is None:
            others.append(name)
        elif (value := _read(value, kind, levels - 1)) is not None:
            kept[name] = value
    return _with_other_names(kept, others, body, structure, levels) if others else kept


def _with_other_names(
    kept: JsonObject,
    names: list[str],
    body: Mapping[str, Any],
    structure: Structure,
    levels: int,
) -> JsonObject:
    """The members, with those that another language named and those that the API does not have."""
    own_names = _BY_FOLDED_NAME[structure]
    nested, names = nested_again(names, body, _FLATTENED[structure])
    for name, value in (*nested.items(), *((name, body[name]) for name in names)):
        own = own_names.get(folded(str(name)))
        if own is not None:
            value = _read(value, MEMBERS[structure][own], levels - 1)
            if value is not None and not agree(kept.setdefault(own, value), value):
                raise UnrecognisedError(
                    f"its {own} is given twice, as {_shown(kept[own])} and {_shown(value)}",
                    corrupt=True,
                )
        elif folded(str(name)) not in _NOISE:
            value = plain(value, levels - 1)
            if value is not None:
                kept[str(name)] = value
    return dict(sorted(kept.items()))


def _read(value: Any, kind: _Kind | Structure, levels: int) -> Any:
    """The value in the wire form of its kind; None if it says nothing; else as it was saved."""
    if kind == "time":
        return _read_time(value)
    if is_object(value):
        if len(value) > 1 and _is_structure(kind):
            return read_members(value, kind, levels)
        value = unboxed(value)
    if _is_structure(kind):
        return _read_structure(value, kind, levels)
    if value is None or (value == "" and kind != "prefix"):  # no prefix is a prefix, too
        return None
    read = _READERS[kind](value)
    if kind == "count" and read == 0:  # what .NET and Java have where nothing was requested
        return None
    return read if read is not None else plain(value, levels)


def _read_time(value: Any) -> Any:
    read = read_time(value)
    if type(read) is float:
        return read
    if value is None or isinstance(read, UnsetTime):
        return None
    return str(value) if isinstance(value, datetime) else plain(value)


def _read_structure(value: Any, structure: Structure, levels: int) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):  # JSON in a text
        try:
            value = loads(value)
        except (ValueError, RecursionError):
            return value
    if is_object(value):
        return read_members(value, structure, levels)
    if is_array(value) and structure == "dataset":
        items = [unboxed(item) for item in value]
        return [
            read_members(item, structure, levels - 1) if is_object(item) else plain(item, levels)
            for item in items
        ]
    return plain(value, levels) if value != "" else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _version(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else None


def _one_of(values: tuple[str, ...]) -> Callable[[object], str | None]:
    """A reader of an enum: `Training_Failed`, `trainingFailed` → TRAINING_FAILED."""
    own = {folded(value): value for value in values}

    def read(value: object) -> str | None:
        return own.get(folded(value.strip()), value) if isinstance(value, str) else None

    return read


def _fraction(value: object) -> float | None:
    if type(value) is int and value in (0, 1):  # jq writes 1 for 1.0
        return float(value)
    number = _number_in_text(value)
    return value if isinstance(value, float) else number


def _count(value: object) -> int | None:
    """A number of inference units."""
    number = _number_in_text(value) if isinstance(value, str) else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _number_in_text(value: object) -> float | None:
    if not isinstance(value, str) or not value.isascii() or "_" in value:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "text": _text,
    "prefix": _text,
    "version": _version,
    "status": _one_of(MODEL_STATUSES),
    "dataset_status": _one_of(_DATASET_STATUSES),
    "dataset_type": _one_of(("train", "test")),
    "fraction": _fraction,
    "count": _count,
}


# Leaving out


def sendable(
    body: Mapping[str, Any], structure: Structure = "model"
) -> tuple[JsonObject, list[LeftOut]]:
    """A structure without the members that no client of the API could parse, and those members."""
    kinds = MEMBERS[structure]
    kept: JsonObject = {}
    left_out: list[LeftOut] = []
    for name, value in body.items():
        kind = kinds.get(name)
        if kind is None:
            kept[name] = value
        elif not _is_structure(kind):
            if _fits(value, kind):
                kept[name] = value
            else:
                left_out.append(why_left_out(name, value))
        elif is_object(value) and kind != "dataset" and values_given(value) is None:
            kept[name], lost = sendable(value, kind)
            left_out += lost
        elif is_array(value) and kind == "dataset":
            parts = [sendable(item, kind) for item in value if is_object(item)]
            kept[name] = [part for part, _ in parts]
            left_out += (lost for _, losses in parts for lost in losses)
        else:
            left_out.append(why_left_out(name, value))
    return kept, left_out


def _fits(value: object, kind: str) -> bool:
    if kind == "count":
        return type(value) is int
    if kind == "time":
        return type(value) in (int, float) and isinstance(read_time(value), float)
    if kind == "fraction":
        return type(value) in (int, float)
    return type(value) is str


_WHY: Final[Mapping[str, str]] = {
    "fraction": "is not a number from 0 to 1",
    "count": "is not a number of units",
}
_KIND_OF: Final[Mapping[str, str]] = {
    name: kind for members in MEMBERS.values() for name, kind in members.items()
}
"""What the member of a name holds; no two structures differ in that, save for texts."""


def require_once(name: str, value: object) -> None:
    """Check a member without which a record is none.

    Raises:
        UnrecognisedError: it was given more than once, with different values.
    """
    if (values := values_given(value)) is not None:
        shown = " and ".join(map(_shown, values[:2]))
        raise UnrecognisedError(f"its {name} is given twice, as {shown}", corrupt=True)


def why_left_out(name: str, value: object) -> LeftOut:
    """The member of the API with this name, the value it has, and why that is of no use."""
    if (values := values_given(value)) is not None:
        return LeftOut(name, " and ".join(map(_shown, values[:2])), "contradict each other")
    kind = _KIND_OF.get(name, "text")
    if kind == "time":
        read = read_time(value)
        why = read if isinstance(read, UnreadableTime) else "is not a time"
    elif kind in MEMBERS:
        why = "is not a structure"
    else:
        why = _WHY.get(kind, "is not text")
    return LeftOut(name, _shown(value), why)


def _shown(value: object) -> str:
    """A value as a reader finds it in the file, cut."""
    text = (
        json.dumps(value, ensure_ascii=False, default=str)
        if isinstance(value, dict | list)
        else repr(value)
    )
    return clean(text, _SHOWN)
