"""What the SDKs of other languages leave behind when a program saves a DescribeModel answer.

Each dump takes a ModelDescription in the API's wire form and makes of it what that language's SDK
and its usual serialiser print. Invented from their documentation; nothing in here knows `lfv_mcp`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

MEMBERS_WITH_TIME: Final = ("CreationTimestamp", "EvaluationEndTimestamp")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(seconds: float, zone: tzinfo = UTC) -> datetime:
    """Epoch seconds as a time in a zone."""
    return (_EPOCH + timedelta(milliseconds=round(seconds * 1000))).astimezone(zone)


def milliseconds(seconds: float) -> int:
    """Epoch seconds as whole milliseconds."""
    return round(seconds * 1000)


def _iso(seconds: float, zone: tzinfo = UTC) -> str:
    return moment(seconds, zone).isoformat(timespec="milliseconds")


def _z(seconds: float) -> str:
    return _iso(seconds).replace("+00:00", "Z")


def _offset(at: datetime, colon: str = "") -> str:
    return at.strftime("%z")[:3] + colon + at.strftime("%z")[3:5]


def _javascript_date(seconds: float, zone: tzinfo = UTC) -> str:
    at = moment(seconds, zone)
    return f"{at:%a %b %d %Y %H:%M:%S} GMT{_offset(at)} (Somewhere Standard Time)"


def _go(seconds: float, zone: tzinfo = UTC) -> str:
    at = moment(seconds, zone)
    fraction = f"{at.microsecond / 1e6:.3f}"[1:].rstrip("0").rstrip(".")
    name = "UTC" if at.utcoffset() == timedelta(0) else _offset(at)
    return f"{at:%Y-%m-%d %H:%M:%S}{fraction} {_offset(at)} {name}"


def _seconds_and(whole: str, part: str) -> Callable[[float], object]:
    def dump(seconds: float) -> object:
        ms = milliseconds(seconds)
        return {whole: ms // 1000, part: ms % 1000 * 1_000_000}

    return dump


TIMES: Final[dict[str, Callable[[float], object]]] = {
    "wire, CLI v1": lambda s: s,
    "CLI v2": lambda s: _iso(s, timezone(timedelta(hours=9))),
    "boto3, default=str": lambda s: str(moment(s, timezone(timedelta(hours=-5)))),
    "JavaScript toJSON": _z,
    "JavaScript toString": _javascript_date,
    "JavaScript toUTCString": lambda s: f"{moment(s):%a, %d %b %Y %H:%M:%S} GMT",
    "JavaScript getTime": milliseconds,
    "JavaScript getTime as text": lambda s: str(milliseconds(s)),
    "Java Date": lambda s: f"{moment(s):%a %b %d %H:%M:%S} UTC {moment(s):%Y}",
    "Java Instant": _z,
    "Java Instant, Jackson": lambda s: f"{s:.9f}",
    "Java Instant, Gson": _seconds_and("seconds", "nanos"),
    "Java Instant, members": _seconds_and("epochSecond", "nano"),
    "Java ZonedDateTime": lambda s: _iso(s, timezone(timedelta(hours=9))) + "[Asia/Tokyo]",
    "Go String": _go,
    "Go JSON": _z,
    "Go UnixNano": lambda s: milliseconds(s) * 1_000_000,
    "Ruby to_s": lambda s: f"{moment(s):%Y-%m-%d %H:%M:%S} UTC",
    "Ruby to_s, local": lambda s: (
        f"{moment(s, timezone(timedelta(hours=9))):%Y-%m-%d %H:%M:%S} +0900"
    ),
    "PHP DateTimeResult": lambda s: moment(s).isoformat(timespec="seconds"),
    "PHP DateTime": lambda s: {
        "date": f"{moment(s):%Y-%m-%d %H:%M:%S.%f}",
        "timezone_type": 3,
        "timezone": "UTC",
    },
    "PowerShell 5": lambda s: f"/Date({milliseconds(s)})/",
    "PowerShell 5, with a hint": lambda s: {
        "value": f"/Date({milliseconds(s)})/",
        "DisplayHint": 2,
        "DateTime": f"{moment(s):%A, %B %d, %Y %I:%M:%S %p}",
    },
    "WCF": lambda s: f"/Date({milliseconds(s)}+0900)/",
    ".NET round trip": lambda s: f"{moment(s):%Y-%m-%dT%H:%M:%S.%f}0Z",
    "Rust, Smithy": _z,
    "DynamoDB": lambda s: {"N": repr(s)},
    "MongoDB": lambda s: {"$date": {"$numberLong": str(milliseconds(s))}},
}
"""A time as a language prints it; each names its zone, or needs none."""
ZONED_TIMES: Final[dict[str, Callable[[float, tzinfo], object]]] = {
    "ISO 8601": _iso,
    "JavaScript": _javascript_date,
    "Go": _go,
    "Ruby": lambda s, z: f"{moment(s, z):%Y-%m-%d %H:%M:%S} {_offset(moment(s, z))}",
    "HTTP": lambda s, z: f"{moment(s, z):%a, %d %b %Y %H:%M:%S} {_offset(moment(s, z))}",
    "Ruby's asctime": lambda s, z: f"{moment(s, z):%a %b %d %H:%M:%S %z %Y}",
    "PHP DateTime": lambda s, z: {
        "date": f"{moment(s, z):%Y-%m-%d %H:%M:%S.%f}",
        "timezone_type": 1,
        "timezone": _offset(moment(s, z), ":"),
    },
}
"""A time as a language prints it on a machine in that zone."""
UNZONED_TIMES: Final[dict[str, Callable[[float], object]]] = {
    "Python, naive": lambda s: str(moment(s).replace(tzinfo=None)),
    "ISO 8601, local": lambda s: moment(s).replace(tzinfo=None).isoformat(),
    ".NET, American": lambda s: f"{moment(s):%m/%d/%Y %I:%M:%S %p}",
    ".NET, German": lambda s: f"{moment(s):%d.%m.%Y %H:%M:%S}",
    "JavaScript toLocaleString": lambda s: f"{moment(s):%m/%d/%Y, %I:%M:%S %p}",
    "PowerShell, long": lambda s: f"{moment(s):%A, %B %d, %Y %I:%M:%S %p}",
    "C asctime": lambda s: f"{moment(s):%a %b %d %H:%M:%S %Y}",
    "Java Date in Chicago": lambda s: f"{moment(s):%a %b %d %H:%M:%S} CST {moment(s):%Y}",
    "Jackson LocalDateTime": lambda s: list(moment(s).timetuple()[:6]),
}
"""A time as some programs print it, from which nobody can tell when it was."""


# Names


def camel(name: str) -> str:
    """`ModelArn` → `modelArn`, as Java, Kotlin and Rust's JSON have it."""
    return name[:1].lower() + name[1:]


def snake(name: str) -> str:
    """`F1Score` → `f1_score`, as Ruby and Rust have it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


NAMES: Final[dict[str, Callable[[str], str]]] = {
    "as the API has them": lambda name: name,
    "camelCase": camel,
    "snake_case": snake,
    "Ruby's symbols": lambda name: f":{snake(name)}",
    "kebab-case": lambda name: snake(name).replace("_", "-"),
    "lower case": str.lower,
    "UPPER_CASE": lambda name: snake(name).upper(),
}


def renamed(value: Any, name_of: Callable[[str], str]) -> Any:
    """The same value with other names, at any depth."""
    if isinstance(value, list):
        return [renamed(item, name_of) for item in value]
    if not isinstance(value, dict):
        return value
    return {name_of(name): renamed(item, name_of) for name, item in value.items()}


def retimed(value: Any, time_of: Callable[[float], object]) -> Any:
    """The same body, still under the API's names, with its times in another spelling."""
    if isinstance(value, list):
        return [retimed(item, time_of) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: time_of(item) if name in MEMBERS_WITH_TIME else retimed(item, time_of)
        for name, item in value.items()
    }


# Values

NUMBERS: Final[dict[str, Callable[[Any], object]]] = {
    "numbers": lambda number: number,
    "as text": lambda number: repr(number),
    "DynamoDB": lambda number: {"N": repr(number)},
}
STATUSES: Final[dict[str, Callable[[str], object]]] = {
    "as the API has it": lambda status: status,
    ".NET": lambda status: {"Value": status},
    "lower case": str.lower,
    "Rust": lambda status: "".join(part.capitalize() for part in status.split("_")),
    "DynamoDB": lambda status: {"S": status},
}


def renumbered(body: Mapping[str, Any], number_of: Callable[[Any], object]) -> dict[str, Any]:
    """The same body with its metrics and units spelled otherwise."""
    changed = dict(body)
    if "Performance" in body:
        changed["Performance"] = {n: number_of(v) for n, v in body["Performance"].items()}
    for name in ("MinInferenceUnits", "MaxInferenceUnits"):
        if name in body:
            changed[name] = number_of(body[name])
    return changed


# Whole dumps

MODEL_MEMBERS: Final = (
    *("ModelVersion", "ModelArn", "CreationTimestamp", "Description", "Status", "StatusMessage"),
    *("Performance", "OutputConfig", "EvaluationManifest", "EvaluationResult"),
    *("EvaluationEndTimestamp", "KmsKeyId", "MinInferenceUnits", "MaxInferenceUnits"),
)


def _dotnet(body: Mapping[str, Any], time_of: Callable[[float], object], unset: object) -> Any:
    """The properties of Amazon.LookoutforVision.Model.ModelDescription, set or not."""
    held = {name: body.get(name) for name in MODEL_MEMBERS}
    for name in ("MinInferenceUnits", "MaxInferenceUnits"):
        held[name] = body.get(name, 0)
    for name in MEMBERS_WITH_TIME:
        held[name] = time_of(body[name]) if name in body else unset
    if "Status" in body:
        held["Status"] = {"Value": body["Status"]}
    return held


def _dynamodb(value: Any) -> Any:
    if isinstance(value, dict):
        return {"M": {name: _dynamodb(item) for name, item in value.items()}}
    return {"N": repr(value)} if isinstance(value, int | float) else {"S": value}


_HTTP: Final = {"date": "Tue, 28 Oct 2025 09:00:00 GMT", "content-type": "application/json"}
CAPTURED: Final = 1761642000.0
"""The capture time that `_HTTP` records."""
DUMPS: Final[dict[str, tuple[Callable[[Mapping[str, Any]], Any], bool]]] = {
    # name: (the dump, whether it holds the capture time)
    "boto3": (
        lambda body: {
            "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": _HTTP},
            "ModelDescription": retimed(body, TIMES["boto3, default=str"]),
        },
        True,
    ),
    "AWS CLI 1": (lambda body: {"ModelDescription": body}, False),
    "AWS CLI 2": (lambda body: {"ModelDescription": retimed(body, TIMES["CLI v2"])}, False),
    "JavaScript v2": (lambda body: {"ModelDescription": retimed(body, _z)}, False),
    "JavaScript v3": (
        lambda body: {
            "$metadata": {"httpStatusCode": 200, "requestId": "5b1a", "attempts": 1},
            "ModelDescription": retimed(body, _z),
        },
        False,
    ),
    "JavaScript, printed": (
        lambda body: {"ModelDescription": retimed(body, _javascript_date)},
        False,
    ),
    "Java 1, Jackson": (
        lambda body: {
            "sdkResponseMetadata": {"requestId": "5b1a"},
            "sdkHttpMetadata": {
                "httpHeaders": {"Date": _HTTP["date"], "Content-Type": "application/json"},
                "httpStatusCode": 200,
            },
            "modelDescription": renamed(retimed(body, milliseconds), camel),
        },
        True,
    ),
    "Java 2, Gson": (
        lambda body: {
            "modelDescription": renamed(
                retimed(body, TIMES["Java Instant, Gson"]), lambda name: camel(name)
            )
        },
        False,
    ),
    "Kotlin": (lambda body: {"modelDescription": renamed(retimed(body, _z), camel)}, False),
    ".NET, Newtonsoft": (
        lambda body: {
            "ModelDescription": _dotnet(body, TIMES[".NET round trip"], "0001-01-01T00:00:00"),
            "ResponseMetadata": {"RequestId": "5b1a", "Metadata": {}, "ChecksumAlgorithm": 0},
            "ContentLength": 1234,
            "HttpStatusCode": 200,
        },
        False,
    ),
    "PowerShell 5": (
        lambda body: _dotnet(body, TIMES["PowerShell 5"], "/Date(-62135596800000)/"),
        False,
    ),
    "PowerShell 7": (
        lambda body: _dotnet(
            body, lambda s: _iso(s, timezone(timedelta(hours=2))), "0001-01-01T00:00:00"
        ),
        False,
    ),
    "Go": (
        lambda body: {
            "ModelDescription": {
                **dict.fromkeys(MODEL_MEMBERS),
                **retimed(body, _z),
            },
            "ResultMetadata": {},
        },
        False,
    ),
    "Ruby to_h": (
        lambda body: {"model_description": renamed(retimed(body, TIMES["Ruby to_s"]), snake)},
        False,
    ),
    "Ruby, symbols": (
        lambda body: renamed({"ModelDescription": retimed(body, _z)}, NAMES["Ruby's symbols"]),
        False,
    ),
    "PHP toArray": (
        lambda body: {
            "ModelDescription": retimed(body, TIMES["PHP DateTime"]),
            "@metadata": {"statusCode": 200, "headers": _HTTP},
        },
        True,
    ),
    "Rust, serde": (lambda body: {"model_description": renamed(retimed(body, _z), snake)}, False),
    "DynamoDB item": (lambda body: {"Item": _dynamodb(body)["M"]}, False),
    "C#, System.Text.Json": (lambda body: renamed(retimed(body, _z), camel), False),
}


# Wrappers

WRAPPERS: Final[dict[str, Callable[[Any], Any]]] = {
    "none": lambda dump: dump,
    "SDK fit": lambda dump: {"model": dump},
    "SDK deploy": lambda dump: {"status": "HOSTED", "model": dump},
    "by name": lambda dump: {"cap-seal": {"3": dump}},
    "by version": lambda dump: {"1": {"note": "nothing here"}, "3": dump},
    "lists in lists": lambda dump: [[[dump]]],
    "Response": lambda dump: {"Response": dump},
    "result": lambda dump: {"ok": True, "result": dump},
    "JSON-RPC": lambda dump: {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"data": dump}]}},
    "paginator pages": lambda dump: [{"responses": [dump], "NextToken": "x"}],
    "Lambda proxy": lambda dump: {"statusCode": 200, "body": json.dumps(dump)},
    "Step Functions": lambda dump: {"Payload": {"statusCode": 200, "body": json.dumps(dump)}},
    "Step Functions, text": lambda dump: {"output": json.dumps({"Payload": json.dumps(dump)})},
    "SSM parameter": lambda dump: {"Parameter": {"Name": "/m", "Value": json.dumps(dump)}},
    "CloudFormation": lambda dump: {
        "Stacks": [{"Outputs": [{"OutputKey": "Model", "OutputValue": json.dumps(dump)}]}]
    },
    "seven levels": lambda dump: {"a": {"b": [{"c": {"d": {"e": [{"f": dump}]}}}]}},
    "text": json.dumps,
}
