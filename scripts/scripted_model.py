"""A model on loopback that does what a script says: for hosts and frameworks that need a model.

It speaks the wire forms in which they ask: OpenAI's Chat Completions and Responses, Anthropic's
Messages and Gemini's generateContent, at once or as a stream. In each it calls the tools of a
script one after the other, then says `LAST`; it takes no key. What it was offered and told is kept,
so a check sees what a model would have seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final, NamedTuple

LAST: Final = "That is all."
"""What the model says when its script is over."""


class Call(NamedTuple):
    """One step of a script: a tool, by its name at our server, and its arguments."""

    tool: str
    arguments: Mapping[str, object]


class Tool(NamedTuple):
    """A tool as the host offers it: under a name of its own, perhaps within a namespace."""

    name: str
    namespace: str = ""


@dataclass
class ScriptedModel:
    """The script and what the model has seen. `url` is the server's, without a path."""

    script: Sequence[Call]
    url: str = ""
    offered: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def step(self, tools: Sequence[Tool], results: Sequence[str]) -> Call | None:
        """The next call, under the name that the host gave the tool; None is the last word.

        `results` are what the tools have answered in this conversation.
        """
        with self._lock:
            self.offered |= {tool.name for tool in tools}
            if len(results) > len(self.told):
                self.told = list(results)
        if len(results) < len(self.script):
            step = self.script[len(results)]
            for tool in tools:
                if tool.name.endswith(step.tool):
                    return Call(tool.name, step.arguments)
        # smolagents ends by a tool; to all others the last word is text.
        ended = any(tool.name == "final_answer" for tool in tools)
        return Call("final_answer", {"answer": LAST}) if ended else None


class Turn(NamedTuple):
    """What a request says, in whichever form."""

    tools: list[Tool]
    results: list[str]


def text_of(content: Any) -> str:
    """All text within a tool's answer, whatever it is wrapped in."""
    match content:
        case str():
            return content
        case list():
            return "\n".join(map(text_of, content))
        case {"text": str(text)}:
            return text
        case dict():
            return json.dumps(content, ensure_ascii=False)
    return str(content)


class Chat:
    """OpenAI's Chat Completions."""

    path = "/chat/completions"

    @staticmethod
    def read(asked: Any) -> Turn:
        """Tools and results."""
        tools = [Tool(tool["function"]["name"]) for tool in asked.get("tools") or ()]
        said = [(m["role"], text_of(m.get("content") or "")) for m in asked["messages"]]
        # smolagents tells the model as a user what a tool has answered, in these words.
        quoted = ("Observation:", "Error:")
        results = [t for role, t in said if role == "tool" or t.lstrip().startswith(quoted)]
        return Turn(tools, results)

    @staticmethod
    def said(call: Call | None, number: int, asked: Any) -> tuple[Any, list[tuple[str, Any]]]:
        """The whole answer, and the events of a stream."""
        message: dict[str, Any] = {"role": "assistant", "content": LAST}
        reason = "stop"
        if call:
            function = {"name": call.tool, "arguments": json.dumps(call.arguments)}
            made = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
            message = {"role": "assistant", "content": None, "tool_calls": [made]}
            reason = "tool_calls"
        common = {"id": "chat-1", "created": 1, "model": asked.get("model", "scripted")}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        choice = {"index": 0, "finish_reason": reason}
        whole = common | {
            "object": "chat.completion",
            "choices": [choice | {"message": message}],
            "usage": usage,
        }
        chunk = common | {"object": "chat.completion.chunk"}
        events = [
            chunk | {"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            chunk | {"choices": [choice | {"delta": {}}], "usage": usage},
        ]
        return whole, [("", event) for event in events]


class Responses:
    """OpenAI's Responses."""

    path = "/responses"

    @staticmethod
    def read(asked: Any) -> Turn:
        """Tools and results; a namespace holds tools of its own."""
        tools = []
        for tool in asked.get("tools") or ():
            if tool["type"] == "function":
                tools.append(Tool(tool["name"]))
            elif tool["type"] == "namespace":
                tools += [Tool(inner["name"], tool["name"]) for inner in tool["tools"]]
        given = asked["input"] if isinstance(asked["input"], list) else []
        kept = [item for item in given if item.get("type") == "function_call_output"]
        return Turn(tools, [text_of(item["output"]) for item in kept])

    @staticmethod
    def said(call: Call | None, number: int, asked: Any) -> tuple[Any, list[tuple[str, Any]]]:
        """The whole answer, and the events of a stream."""
        item: dict[str, Any] = {
            **{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"},
            "content": [{"type": "output_text", "text": LAST, "annotations": []}],
        }
        if call:
            (space,) = {t.namespace for t in Responses.read(asked).tools if t.name == call.tool}
            item = {
                **{"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}"},
                **{"name": call.tool, "arguments": json.dumps(call.arguments)},
                **({"namespace": space} if space else {}),
                "status": "completed",
            }
        nothing = {"input_tokens_details": {"cached_tokens": 0}}
        nothing["output_tokens_details"] = {"reasoning_tokens": 0}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, **nothing}
        whole = {
            **{"id": f"resp_{number}", "object": "response", "created_at": 1, "error": None},
            **{"model": asked.get("model", "scripted"), "status": "completed", "output": [item]},
            **{"parallel_tool_calls": False, "tool_choice": "auto", "tools": [], "usage": usage},
        }
        opened = {"response": whole | {"status": "in_progress", "output": []}}
        steps: list[tuple[str, dict[str, Any]]] = [
            ("response.created", opened),
            ("response.output_item.added", {"output_index": 0, "item": item}),
            ("response.output_item.done", {"output_index": 0, "item": item}),
            ("response.completed", {"response": whole}),
        ]
        events = [
            (kind, {"type": kind, "sequence_number": at, **body})
            for at, (kind, body) in enumerate(steps)
        ]
        return whole, [*events]


class Messages:
    """Anthropic's Messages."""

    path = "/messages"

    @staticmethod
    def read(asked: Any) -> Turn:
        """Tools and results."""
        tools = [Tool(tool["name"]) for tool in asked.get("tools") or ()]
        parts = [
            p for m in asked["messages"] if isinstance(m["content"], list) for p in m["content"]
        ]
        results = [text_of(p.get("content", "")) for p in parts if p["type"] == "tool_result"]
        return Turn(tools, results)

    @staticmethod
    def said(call: Call | None, number: int, asked: Any) -> tuple[Any, list[tuple[str, Any]]]:
        """The whole answer, and the events of a stream."""
        block: dict[str, Any] = {"type": "text", "text": LAST}
        opened, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": LAST}
        if call:
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": call.tool}
            opened = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(call.arguments)}
            block = block | {"input": dict(call.arguments)}
        reason = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
        usage = {"input_tokens": 1, "output_tokens": 1}
        whole = {
            **{"id": f"msg_{number}", "type": "message", "role": "assistant"},
            **{"model": asked.get("model", "scripted"), "content": [block], "usage": usage},
            **reason,
        }
        start = whole | {"content": [], "stop_reason": None}
        steps: list[tuple[str, dict[str, Any]]] = [
            ("message_start", {"message": start}),
            ("content_block_start", {"index": 0, "content_block": opened}),
            ("content_block_delta", {"index": 0, "delta": delta}),
            ("content_block_stop", {"index": 0}),
            ("message_delta", {"delta": reason, "usage": usage}),
            ("message_stop", {}),
        ]
        return whole, [(kind, {"type": kind, **body}) for kind, body in steps]


class Gemini:
    """Gemini's generateContent."""

    path = "enerateContent"  # generateContent, streamGenerateContent

    @staticmethod
    def read(asked: Any) -> Turn:
        """Tools and results."""
        declared = [d for t in asked.get("tools") or () for d in t.get("functionDeclarations", ())]
        parts = [part for content in asked["contents"] for part in content.get("parts", ())]
        answers = [p["functionResponse"]["response"] for p in parts if "functionResponse" in p]
        return Turn([Tool(d["name"]) for d in declared], list(map(text_of, answers)))

    @staticmethod
    def said(call: Call | None, number: int, asked: Any) -> tuple[Any, list[tuple[str, Any]]]:
        """The whole answer, and the one event of a stream."""
        del number, asked
        part: dict[str, Any] = {"text": LAST}
        if call:
            part = {"functionCall": {"name": call.tool, "args": dict(call.arguments)}}
        content = {"role": "model", "parts": [part]}
        usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        whole = {
            "candidates": [{"index": 0, "content": content, "finishReason": "STOP"}],
            "usageMetadata": usage,
        }
        return whole, [("", whole)]


FORMS: Final = (Chat, Responses, Messages, Gemini)


@contextmanager
def scripted_model(script: Sequence[Call]) -> Iterator[ScriptedModel]:
    """The model on a free port of loopback, for a while."""
    model = ScriptedModel(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing: what the model has seen is in the model."""

        def do_GET(self) -> None:
            """Which models there are."""
            listed = {"id": "scripted", "object": "model", "created": 1, "owned_by": "nobody"}
            self._answer({"object": "list", "data": [listed]})

        def do_POST(self) -> None:
            """One turn of the model."""
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8")
            path = self.path.partition("?")[0]
            form = next((form for form in FORMS if path.endswith(form.path)), None)
            if form is None:
                self._answer({"error": {"message": f"{path} is not spoken here"}}, 404)
                return
            asked = json.loads(sent)
            turn = form.read(asked)
            call = model.step(turn.tools, turn.results)
            whole, events = form.said(call, len(turn.results), asked)
            if asked.get("stream") or "streamGenerate" in path:
                self._stream(events, done=form is Chat)
            else:
                self._answer(whole)

        def _answer(self, body: object, status: int = 200) -> None:
            self._send(status, "application/json", json.dumps(body))

        def _stream(self, events: Sequence[tuple[str, Any]], *, done: bool) -> None:
            named = [
                f"event: {kind}\ndata: {json.dumps(event)}\n\n"
                if kind
                else f"data: {json.dumps(event)}\n\n"
                for kind, event in events
            ]
            body = "".join(named) + ("data: [DONE]\n\n" if done else "")
            self._send(200, "text/event-stream", body)

        def _send(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def heard(sentence: str, told: str) -> bool:
    """Whether a sentence is in what a model was told, however often it was quoted as JSON or
    Python, and wherever lines were wrapped."""

    def plain(text: str) -> str:
        return "".join(text.replace("\\n", " ").replace("\\", "").split())

    return plain(sentence) in plain(told)
