"""Lines out of chunks, and what is written whatever a text holds."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.types import JSONRPCNotification, JSONRPCResponse

from lfv_mcp.json_rpc import Refusal
from lfv_mcp.server.stdio import LineSplitter, encoded, has_hung_up, write_all

LINES = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=8)


@settings(max_examples=100, deadline=None)
@given(LINES, st.lists(st.integers(0, 300), max_size=10))
def test_lines_do_not_depend_on_chunks(lines: Sequence[bytes], cuts: Sequence[int]) -> None:
    data = b"".join(line + b"\n" for line in lines) + b"rest"
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    splitter = LineSplitter(30)
    found = [line for start, end in pairwise(places) for line in splitter.feed(data[start:end])]
    assert found == list(lines)
    assert splitter.rest() == b"rest"
    assert splitter.rest() == b""


@pytest.mark.parametrize("chunk", [1, 7, 1_000, 1 << 20])
@pytest.mark.parametrize("where", ["first", "last"])
def test_a_long_line_keeps_its_id_and_not_its_bytes(chunk: int, where: str) -> None:
    body: dict[str, object] = {"method": "tools/call", "params": {"a": "x" * 20_000, "id": 1}}
    body = {"id": 7} | body if where == "first" else body | {"jsonrpc": "2.0", "id": 7}
    data = json.dumps(body).encode() + b"\nnext\n"
    splitter = LineSplitter(10_000)
    found: list[bytes | Refusal] = []
    for start in range(0, len(data), chunk):
        found += splitter.feed(data[start : start + chunk])
    refusal, following = found
    assert isinstance(refusal, Refusal)
    assert (refusal.id, refusal.code, following) == (7, -32600, b"next")


def test_the_limit_itself_is_kept() -> None:
    splitter = LineSplitter(10)
    assert [*splitter.feed(b"0123456789\n")] == [b"0123456789"]
    (refusal,) = splitter.feed(b"0123456789a\n")
    assert isinstance(refusal, Refusal)


@pytest.mark.parametrize("text", ["\ud83d", "a\ude00b", "\ude00\ud83d"])
def test_half_a_character_does_not_break_what_is_written(text: str) -> None:
    result = {"content": [{"type": "text", "text": text}], text: [text]}
    line = encoded(JSONRPCResponse(jsonrpc="2.0", id=7, result=result))
    whole = text.translate({0xD83D: 0xFFFD, 0xDE00: 0xFFFD})
    answer = json.loads(line.decode())
    assert answer["id"] == 7
    assert answer["result"] == {"content": [{"type": "text", "text": whole}], whole: [whole]}


def test_what_was_not_said_is_not_written() -> None:
    line = encoded(JSONRPCNotification(jsonrpc="2.0", method="\ud83d"))
    assert json.loads(line) == {"jsonrpc": "2.0", "method": "\ufffd"}


@pytest.mark.skipif(os.name == "nt", reason="pipes that do not block are POSIX")
def test_a_pipe_that_does_not_block_takes_all() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    data, taken = os.urandom(300_000), bytearray()
    with ThreadPoolExecutor() as other:
        written = other.submit(write_all, writer, data)  # each end waits for the other
        while len(taken) < len(data):
            taken += os.read(reader, 10_000)
        written.result(10)
    os.close(writer)
    os.close(reader)
    assert bytes(taken) == data


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot tell")
def test_hanging_up_is_seen_before_all_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"unread")
    assert not has_hung_up(reader)
    os.close(writer)
    assert has_hung_up(reader)
    os.close(reader)
