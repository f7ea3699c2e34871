"""What is a JSON-RPC message, and what is answered to bytes that are none."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.json_rpc import MAX_DEPTH, Refusal, find_id, is_request, read_message, too_long

ASK: Final = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}


def line(**changes: object) -> bytes:
    return json.dumps(ASK | changes).encode()


def without(name: str) -> bytes:
    return json.dumps({k: v for k, v in ASK.items() if k != name}).encode()


# What is answered, and to which id


@pytest.mark.parametrize(
    ("data", "answered", "code"),
    [
        (b"garbage", None, -32700),
        (b'{"jsonrpc":"2.0","id":7,"method":}', None, -32700),
        (line().decode().encode("utf-16"), None, -32700),
        (b"\x00" + line(), None, -32700),
        (b"[" + line() + b"]", None, -32600),
        (b"[]", None, -32600),
        (b"null", None, -32600),
        (b"7", None, -32600),
        (b"{}", None, -32600),
        (without("jsonrpc"), 7, -32600),
        (line(jsonrpc="1.0"), 7, -32600),
        (without("method"), 7, -32600),
        (line(method=1), 7, -32600),
        (line(params=[]), 7, -32602),
        (line(params="x"), 7, -32602),
        (line(id=None), None, -32600),
        (line(id=True), None, -32600),
        (line(id={}), None, -32600),
        (line(id=float("nan")), None, -32600),
        (line(id=float("inf")), None, -32600),
        (line(id=1.5), 1.5, -32600),
        (line(id="\ud83d"), "\ud83d", -32600),
        (line(params={"a": 1}).replace(b"1}", b"[" * 9_000 + b"]" * 9_000 + b"}"), 7, -32600),
    ],
)
def test_what_no_server_can_answer_is_refused_to_its_id(
    data: bytes, answered: object, code: int
) -> None:
    refusal = read_message(data)
    assert isinstance(refusal, Refusal)
    answer = json.loads(refusal.to_bytes())
    assert refusal.to_bytes().isascii()
    assert b"\n" not in refusal.to_bytes()
    assert (answer["jsonrpc"], answer["id"], answer["error"]["code"]) == ("2.0", answered, code)
    assert answer["error"]["message"].endswith(".")


def test_a_batch_is_refused_in_words_that_help() -> None:
    refusal = read_message(b"[" + line() + b"]")
    assert isinstance(refusal, Refusal)
    assert "send each request as a message of its own" in refusal.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \r",
        b"\xef\xbb\xbf",
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}',
        b'{"jsonrpc":"2.0","id":{},"result":{}}',
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}',
    ],
)
def test_what_is_owed_no_answer_gets_none(data: bytes) -> None:
    assert read_message(data) is None


# What is taken


@pytest.mark.parametrize(
    ("data", "meant"),
    [
        (line(), ASK),
        (b"\xef\xbb\xbf" + line() + b"\r", ASK),
        (line(id=7.0), ASK),
        (line(id="7"), ASK | {"id": "7"}),
        (line(id="ä😀"), ASK | {"id": "ä😀"}),
        (line(id=-(10**30)), ASK | {"id": -(10**30)}),
        (line(params=None), ASK | {"params": None}),
        (line(more=1), ASK | {"more": 1}),
        (b'{"id":1,"id":7,' + line()[1:], ASK),  # the last one of two members counts
        (line(params={"a\ud83d": ["x\ude00"]}), ASK | {"params": {"a\ufffd": ["x\ufffd"]}}),
        (line(method="tools/\ud800"), ASK | {"method": "tools/\ufffd"}),
        (line(params={"a": "\ud83d\ude00"}), ASK | {"params": {"a": "😀"}}),
    ],
)
def test_a_request_in_other_spellings_is_taken(data: bytes, meant: dict[str, object]) -> None:
    taken = read_message(data)
    assert isinstance(taken, dict)
    assert taken == meant
    assert isinstance(taken["id"], type(meant["id"]))
    assert is_request(taken)


def test_numbers_of_thousands_of_digits_are_read() -> None:
    taken = read_message(line(params={"a": 1}).replace(b"1}", b"9" * 5_000 + b"}"))
    assert isinstance(taken, dict)
    assert taken["params"]["a"] == float("inf")


def nested(depth: int) -> bytes:
    # The message itself is one object, and so is `params`.
    value: list[Any] = []
    for _ in range(depth - 3):
        value = [value]
    return line(params={"a": value})


def test_how_deep_a_message_may_be() -> None:
    assert isinstance(read_message(nested(MAX_DEPTH)), dict)
    refusal = read_message(nested(MAX_DEPTH + 1))
    assert isinstance(refusal, Refusal)
    assert refusal.id == 7


# Ids of what is not read


@pytest.mark.parametrize("request_id", [7, -7, "7", 'a"b', "ä", ""])
def test_an_id_is_found_where_clients_write_it(request_id: str | int) -> None:
    text = json.dumps(request_id)
    first = f'{{"jsonrpc":"2.0","id":{text},"method":"x","params":{{"id":1,"a":"'
    after_method = f'{{ "method": "x", "jsonrpc": "2.0", "id" : {text}, "params": {{"id":1}}'
    last = f'…","id":1}},"jsonrpc":"2.0","id":{text}}}'
    before_jsonrpc = f'…","id":1}} , "id": {text} , "jsonrpc" : "2.0" }}\r'
    assert find_id(first, "…") == request_id
    assert find_id(after_method, "…") == request_id
    assert find_id('{"method":"x","params":{"id":1', last) == request_id
    assert find_id('{"method":"x","params":{"id":1', before_jsonrpc) == request_id


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ('{"params":{"id":1,', '"id":1}}'),
        ('[{"jsonrpc":"2.0","id":1,', '"id":1}]'),
        ('{"id":{"id":1},', "}"),
        ('{"id":1.5,', "}"),
        ("", ""),
    ],
)
def test_an_id_that_is_not_the_requests_is_not_found(start: str, end: str) -> None:
    assert find_id(start, end) is None


def test_too_long_says_the_limit() -> None:
    refusal = too_long(b'{"jsonrpc":"2.0","id":7,"method":"\xff', b"\xff", 1_000_000)
    assert (refusal.id, refusal.code) == (7, -32600)
    assert "1,000,000 bytes" in refusal.message


# In general

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=8,
)
_HALVES = st.text(st.characters(codec=None, categories=["Cs", "Ll", "Nd"]))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_taken_refused_or_owed_nothing(data: bytes) -> None:
    message = read_message(data)
    if isinstance(message, Refusal):
        json.loads(message.to_bytes())
    elif message is not None:
        json.dumps(message, ensure_ascii=False).encode()  # writable, whatever was read


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    request_id=st.integers() | st.text(),
    method=_HALVES,
    params=st.none() | st.dictionaries(_HALVES, _JSON | _HALVES),
)
def test_a_request_with_a_usable_id_keeps_it(
    request_id: object, method: str, params: object
) -> None:
    taken = read_message(line(id=request_id, method=method, params=params))
    assert isinstance(taken, dict)
    assert taken["id"] == request_id
    json.dumps(taken, ensure_ascii=False).encode()
