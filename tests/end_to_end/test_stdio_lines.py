"""Lines that hosts really write, over the real pipes: each request gets one answer, with its id."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any, Final

import pytest

from lfv_mcp.server.protocol import ERROR_META
from lfv_mcp.server.stdio import StdioLimits
from tests.support.stdio_server import MODEL, call, request, run_with, serving

pytestmark = pytest.mark.slow
ERAS: Final = ("auto", "legacy")
LINE_BYTES: Final = StdioLimits().line_bytes


def code(answer: dict[str, Any]) -> object:
    """An answer in short: "" for a good one, else the code of its failure."""
    if "error" in answer:
        return answer["error"]["code"]
    result = answer["result"]
    return result["_meta"][ERROR_META]["code"] if result.get("isError") else ""


def half(text: bytes) -> bytes:
    """A line in which HALF is half an emoji, as JavaScript escapes it."""
    return text.replace(b"HALF", b"\\ud83d")


def deep(number: object, era: str) -> bytes:
    return call(number, MODEL, era=era).replace(b'"3"', b"[" * 10_000 + b"]" * 10_000)


def odd_requests(era: str) -> dict[object, tuple[bytes, object]]:
    """By id: a line that asks in an odd way, and what is answered."""
    bad, empty = "invalid_argument", {"name": "describe_model"}
    lines: dict[object, tuple[bytes, object]] = {
        "value": (half(call("value", {"project_name": "xHALF"}, era=era)), bad),
        "name": (half(call("name", MODEL | {"HALF": "x"}, era=era)), bad),
        "added": (half(call("added", MODEL | {"sessionId": "HALF"}, era=era)), ""),
        "tool": (half(call("tool", {}, "HALF", era=era)), -32602),
        "method": (half(request("method", "tools/HALF", {}, era)), -32601),
        "prompt": (half(request("prompt", "prompts/get", {"name": "HALF"}, era)), -32602),
        "uri": (
            half(request("uri", "resources/read", {"uri": "lookoutvision://HALF"}, era)),
            -32602,
        ),
        "params": (half(request("params", "tools/list", {"HALF": 1}, era)), ""),
        "\ud83d": (half(call("HALF", MODEL, era=era)), -32600),
        1.5: (call(1.5, MODEL, era=era), -32600),
        7: (call(7.0, MODEL, era=era), ""),
        10**30: (call(10**30, MODEL, era=era), ""),
        "": (call("", MODEL, era=era), ""),
        "text": (call("text", json.dumps(MODEL), era=era), ""),
        "list": (call("list", [MODEL], era=era), bad),
        "number": (call("number", 7, era=era), bad),
        "nested": (call("nested", {"arguments": MODEL}, era=era), ""),
        "nan": (call("nan", MODEL | {"model_version": float("nan")}, era=era), "invalid_argument"),
        "digits": (call("digits", MODEL, era=era).replace(b'"3"', b"9" * 5_000), bad),
        "nul": (call("nul", {"project_name": "a\x00b"}, era=era), bad),
        "bom": (b"\xef\xbb\xbf" + call("bom", MODEL, era=era), ""),
        "crlf": (call("crlf", MODEL, era=era) + b"\r", ""),
        "latin1": (call("latin1", {"project_name": "caf?"}, era=era).replace(b"?", b"\xe9"), bad),
        "twice": (call("twice", MODEL, era=era).replace(b"{", b'{"id":1,', 1), ""),
        "deep": (deep("deep", era), -32600),
        "positional": (request("positional", "tools/call", [], era), -32602),
        "no method": (b'{"jsonrpc":"2.0","id":"no method"}', -32600),
        "old": (b'{"jsonrpc":"1.0","id":"old","method":"tools/list"}', -32600),
        "long": (call("long", {"project_name": "x" * LINE_BYTES}, era=era), -32600),
        "nothing": (request("nothing", "tools/call", empty, era), bad),
    }
    # The official TypeScript client writes the id last.
    last = json.loads(call("last", {"project_name": "x" * LINE_BYTES}, era=era))
    lines["last"] = (
        json.dumps({k: last[k] for k in ("method", "params", "jsonrpc", "id")}).encode(),
        -32600,
    )
    return lines


NO_ID: Final = (
    *(
        (b"garbage", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":', -32700),
        (b"\xff\xfe{\x00", -32700),
    ),
    *((b"[]", -32600), (b"null", -32600), (b"{}", -32600), (b'"text"', -32600)),
    *((b"[" * 9_000, -32600), (b"x" * (LINE_BYTES + 1), -32600)),
    (b'{"jsonrpc":"2.0","id":null,"method":"tools/list"}', -32600),
    (b'{"jsonrpc":"2.0","id":true,"method":"tools/list"}', -32600),
    (b'{"jsonrpc":"2.0","id":NaN,"method":"tools/list"}', -32600),
    (b'[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]', -32600),
)
"""Lines whose sender cannot be named, and the error that is answered to nobody."""
UNANSWERED: Final = (
    *(b"", b"  ", b"\r"),
    b'{"jsonrpc":"2.0","id":1,"result":{}}',
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"none"}}',
    b'{"jsonrpc":"2.0","method":"notifications/no/such"}',
)
"""Lines that are owed nothing."""


@pytest.mark.parametrize("era", ERAS)
def test_every_request_gets_one_answer_with_its_id(era: str) -> None:
    asked = odd_requests(era)
    lines = [line for line, _ in asked.values()] + [line for line, _ in NO_ID] + [*UNANSWERED]
    random.Random(era).shuffle(lines)
    with serving("--source", "sample") as server:
        server.open(era)
        server.send(*lines, call("end", MODEL, era=era))
        expected = Counter[tuple[object, object]]((None, code) for _, code in NO_ID)
        expected.update((request_id, code) for request_id, (_, code) in asked.items())
        expected["end", ""] += 1
        seen = Counter[tuple[object, object]]()
        for answer in server.answers():
            seen[answer["id"], code(answer)] += 1
            if seen.total() == expected.total():
                break
        assert seen == expected
        stdout, stderr = server.process.communicate(timeout=10)
    assert (server.process.returncode, stdout, stderr) == (0, b"", b"")


@pytest.mark.parametrize("era", ERAS)
def test_no_answer_is_in_a_librarys_words(era: str) -> None:
    with serving("--source", "sample") as server:
        server.open(era)
        for line in (
            *(line for line, _ in odd_requests(era).values()),
            *(line for line, _ in NO_ID),
        ):
            server.send(line)
            said = json.dumps(next(server.answers()))
            for word in ("pydantic", "validation error", "input_value", "Traceback", "surrogate"):
                assert word not in said


def test_a_request_piped_in_is_answered_though_stdin_is_closed() -> None:
    lines = [call(number, MODEL) for number in range(20)]
    answers, stderr, exit_code = run_with(lines, "--source", "sample")
    assert {answer["id"]: code(answer) for answer in answers} == dict.fromkeys(range(20), "")
    assert (stderr, exit_code) == (b"", 0)


def test_a_last_line_without_an_end_is_a_line() -> None:
    with serving("--source", "sample") as server:
        stdout, _ = server.process.communicate(call(1, MODEL), timeout=10)
    (answer,) = map(json.loads, stdout.splitlines())
    assert (answer["id"], code(answer)) == (1, "")


@pytest.mark.parametrize("era", ERAS)
def test_prompts_and_resources_take_the_same_spellings(era: str) -> None:
    prompt: dict[str, object] = {"name": "explain_performance_metrics"}
    spellings: dict[str, object] = {
        "plain": MODEL,
        "text": json.dumps(MODEL),
        "number": MODEL | {"model_version": 3},
        "null": MODEL | {"audience": None},
        "added": MODEL | {"toolCallId": "x"},
        "dressed": {"project_name": '" sample-cap-seal"', "model_version": "v3"},
    }
    with serving("--source", "sample") as server:
        server.open(era)
        said = {}
        for name, arguments in spellings.items():
            server.send(request(name, "prompts/get", prompt | {"arguments": arguments}, era))
            said[name] = server.answers_until(name)[-1]["result"]["messages"]
        assert all(messages == said["plain"] for messages in said.values())
        server.send(request("bad", "prompts/get", prompt | {"arguments": [1]}, era))
        refused = server.answers_until("bad")[-1]["error"]
        assert (refused["code"], "a JSON object" in refused["message"]) == (-32602, True)
        uri = "lookoutvision://projects/sample-cap-seal/models/{}"
        for version in ("3", "v3", "V3", "3.0"):
            server.send(request(version, "resources/read", {"uri": uri.format(version)}, era))
            (content,) = server.answers_until(version)[-1]["result"]["contents"]
            assert json.loads(content["text"])["model_version"] == "3"


def test_what_is_cancelled_before_its_turn_is_never_begun() -> None:
    """Only so many requests run at one time; a cancellation does not wait behind them."""
    running = StdioLimits().queue.running
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "no"}}
    with serving("--source", "sample") as server:
        server.open("auto")
        # Few enough to go through the pipe at once, so that all are read before one is begun.
        server.send(
            *(call(number, MODEL) for number in range(running)),
            call("no", MODEL),
            json.dumps(cancel).encode(),
            call("end", MODEL),
        )
        found = server.answers()
        assert Counter(next(found)["id"] for _ in range(running + 1)) == Counter(
            [*range(running), "end"]
        )
        server.send(call("after", MODEL))
        assert next(found)["id"] == "after"
