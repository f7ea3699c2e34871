"""JSON-RPC messages as bytes: what is one, and what is answered to what is none.

The libraries below answer bytes that they cannot read in their own words, or not at all, and a host
that gets no answer waits for its own time limit. `read_message` therefore looks first, on every
transport. It also mends what a host spelled wrongly but unambiguously: half an emoji, which
JavaScript escapes as `\\ud83d`, and an id that a language without integers made `1.0`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from lfv_mcp.text import replace_lone_surrogates

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
INVALID_PARAMS: Final = -32602
MAX_DEPTH: Final = 100
"""Lists and objects within each other; the deepest sensible request has six."""
_MAX_DIGITS: Final = 400
"""Digits of a whole number that is kept as one; Python refuses to read some thousands."""
_MAX_SAFE_INTEGER: Final = 2**53
"""Up to here a number with a fraction of zero is exactly a whole number."""
_MAX_ID_CHARACTERS: Final = 1_024
"""Characters of an id that is looked for in a message that is not read."""
_ID_AT_THE_START: Final = re.compile(
    r'\s*\{(?:\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*,)*'
    r'\s*"id"\s*:\s*(-?[0-9]{1,100}|"(?:[^"\\]|\\.)*")\s*,'
)
_ID_AT_THE_END: Final = re.compile(
    r'[\]}"0-9el]\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?'
    r'"id"\s*:\s*(-?[0-9]{1,100}|"(?:[^"\\]|\\.)*")\s*'
    r'(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$'
)

RequestId: TypeAlias = str | int | float
"""What an answer repeats of its request; MCP allows text and whole numbers."""


class Refusal(NamedTuple):
    """An error that answers a message which no server can do anything with.

    Args:
        id: the request's; None if it has none that could be repeated.
        code: of JSON-RPC.
        message: the rule that the message breaks.
    """

    id: RequestId | None
    code: int
    message: str

    def to_bytes(self) -> bytes:
        """The answer as one line, in ASCII: an id that is no Unicode is repeated as it was sent."""
        error = {"code": self.code, "message": self.message}
        return json.dumps({"jsonrpc": "2.0", "id": self.id, "error": error}).encode()


def read_message(data: bytes) -> dict[str, Any] | Refusal | None:
    """Read one message: its members, of which unknown ones are kept, or the answer to it.

    None for blanks, and for what is neither readable nor owed an answer.
    """
    text = data.decode("utf-8", "replace").strip("\ufeff \t\r\n")
    try:
        value: object = json.loads(text, parse_int=_bounded_int) if text else None
    except RecursionError:
        return _too_deep(text)
    except ValueError:
        if _opens_too_deep(text):  # how deep Python reads, or finds a mistake, differs
            return _too_deep(text)
        return Refusal(
            None, PARSE_ERROR, "Parse error: a message is one JSON object in UTF-8, on one line."
        )
    if isinstance(value, dict):
        return _checked(cast("dict[str, Any]", value), text)
    if isinstance(value, list):
        rule = "JSON-RPC batches are not supported: send each request as a message of its own."
    else:
        rule = 'A message is a JSON object with the member "method", "result" or "error".'
    return Refusal(None, INVALID_REQUEST, rule) if text else None


def is_request(body: Mapping[str, Any]) -> bool:
    """Whether a message is owed an answer."""
    return "method" in body and "id" in body


def _too_deep(text: str) -> Refusal:
    """The answer to a message with too many lists or objects within each other."""
    return Refusal(
        find_id(text, text),
        INVALID_REQUEST,
        f"Lists and objects may be at most {MAX_DEPTH} deep within each other.",
    )


def too_long(start: bytes, end: bytes, limit: int) -> Refusal:
    """The answer to a message that was not kept because of its length.

    Args:
        start: its first bytes.
        end: its last bytes.
        limit: bytes that it may have.
    """
    found = find_id(start.decode("utf-8", "replace"), end.decode("utf-8", "replace"))
    return Refusal(found, INVALID_REQUEST, f"A message may have at most {limit:,} bytes.")


def find_id(start: str, end: str) -> RequestId | None:
    """The id of a message that is not read as JSON, where clients write it: first or last.

    `'{"jsonrpc":"2.0","id":7,"method":…'` → 7; `'…},"jsonrpc":"2.0","id":7}'` → 7. None if it
    stands elsewhere.
    """
    found = _ID_AT_THE_START.match(start.lstrip("\ufeff")) or _ID_AT_THE_END.search(
        end[-_MAX_ID_CHARACTERS - 100 :]
    )
    if found is None or len(found[1]) > _MAX_ID_CHARACTERS:
        return None
    try:
        value: object = json.loads(found[1])
    except ValueError:
        return None
    return value if isinstance(value, str | int) else None


def _checked(body: dict[str, Any], text: str) -> dict[str, Any] | Refusal | None:
    """The message if its members are what JSON-RPC wants, else the answer to it."""
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth_exceeds(body, MAX_DEPTH):
        return _too_deep(text)
    if re.search(r"\\u[dD][89a-fA-F]", text):  # elsewhere there are no halves of characters
        ids = {"id": body["id"]} if "id" in body else {}  # repeated as it is, or refused
        body = cast("dict[str, Any]", with_whole_characters(body)) | ids
    if "method" not in body and ("result" in body or "error" in body):
        # An answer to an answer would be answered again, for ever.
        return body if is_usable_id(body.get("id")) else None
    request_id, has_id = body.get("id"), "id" in body
    if isinstance(request_id, float) and _is_whole(request_id):
        request_id = int(request_id)
        body = {**body, "id": request_id}
    refused_id = request_id if _can_be_repeated(request_id) else None
    if problem := _problem_of(body):
        return Refusal(refused_id, INVALID_REQUEST, problem)
    if isinstance(body.get("params"), Mapping | None):
        return body
    if not has_id:
        return None  # a notification is never answered
    return Refusal(refused_id, INVALID_PARAMS, 'The member "params" is a JSON object.')


def _problem_of(body: Mapping[str, Any]) -> str:
    """The rule that a request or notification breaks; empty if none."""
    if body.get("jsonrpc") != "2.0":
        return 'A message has the member "jsonrpc" with the value "2.0".'
    if not isinstance(body.get("method"), str):
        return 'A request has the member "method", a text.'
    if "id" in body and not is_usable_id(body["id"]):
        return "The id of a request is a text in Unicode or a whole number."
    return ""


def is_usable_id(value: object) -> bool:
    """Whether a value can be a request's id, and be repeated in every encoding."""
    if isinstance(value, str):
        return replace_lone_surrogates(value) == value
    return isinstance(value, int) and not isinstance(value, bool)


def _can_be_repeated(value: object) -> bool:
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor NaN, which JSON cannot say
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_whole(value: float) -> bool:
    return value.is_integer() and abs(value) <= _MAX_SAFE_INTEGER


def _bounded_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from cast("dict[str, object]", value).values()
    elif isinstance(value, list):
        yield from cast("list[object]", value)


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]')


def _opens_too_deep(text: str) -> bool:
    """Whether a text that is no JSON opens more lists and objects within each other than may be."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _depth_exceeds(value: object, limit: int) -> bool:
    """Whether lists and objects are within each other more than so often, found level by level."""
    level = [value]
    for _ in range(limit):
        level = [part for whole in level for part in _parts(whole)]
        if not level:
            return False
    return any(isinstance(part, dict | list) for part in level)


def with_whole_characters(value: object) -> object:
    """A value whose texts hold U+FFFD in the place of halves of characters."""
    if isinstance(value, str):
        return replace_lone_surrogates(value)
    if isinstance(value, list):
        return [with_whole_characters(part) for part in cast("list[object]", value)]
    if isinstance(value, dict):
        return {
            replace_lone_surrogates(name): with_whole_characters(part)
            for name, part in cast("dict[str, object]", value).items()
        }
    return value
