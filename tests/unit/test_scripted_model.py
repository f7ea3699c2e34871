"""The model that the check of external hosts gives them, and what that check makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.server.tools import TOOLS
from scripts.check_external_hosts import PARTS, outcome, recorded
from scripts.external_hosts import HOSTS
from scripts.scripted_model import LAST, Call, ScriptedModel, heard, scripted_model

# Our texts have no control characters, and no backslashes.
_PRINTED: Final = st.characters(exclude_categories=["C", "Z"], exclude_characters="\\")
SENTENCES: Final = st.text(_PRINTED | st.sampled_from(" \n"), min_size=1)
SCRIPT: Final = (Call("look", {"at": "3"}), Call("look", {"at": "3.5"}))
OFFERED: Final = "mcp__lfv__look"
ASKED: Final = {"role": "user", "content": "How is it?"}


def chat(answers: list[str]) -> tuple[str, dict[str, Any]]:
    told = [{"role": "tool", "tool_call_id": "1", "content": answer} for answer in answers]
    tools = [{"type": "function", "function": {"name": OFFERED}}]
    return "/v1/chat/completions", {"messages": [ASKED, *told], "tools": tools}


def responses(answers: list[str]) -> tuple[str, dict[str, Any]]:
    told = [{"type": "function_call_output", "call_id": "1", "output": text} for text in answers]
    inner = {"type": "function", "name": OFFERED}
    tools = [{"type": "namespace", "name": "lfv", "tools": [inner]}]
    return "/v1/responses", {"input": [{"type": "message"} | ASKED, *told], "tools": tools}


def messages(answers: list[str]) -> tuple[str, dict[str, Any]]:
    told = [
        {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": answer}]}
        for answer in answers
    ]
    said = [ASKED, {"role": "user", "content": told}]
    return "/v1/messages?beta=true", {"messages": said, "tools": [{"name": OFFERED}]}


def gemini(answers: list[str]) -> tuple[str, dict[str, Any]]:
    told = [
        {"functionResponse": {"name": OFFERED, "response": {"output": answer}}}
        for answer in answers
    ]
    contents = [{"role": "user", "parts": [{"text": "How is it?"}]}, {"parts": told}]
    tools = [{"functionDeclarations": [{"name": OFFERED}]}]
    return "/v1beta/models/any:generateContent", {"contents": contents, "tools": tools}


def ask(url: str, asked: dict[str, Any]) -> str:
    wanted = Request(url, json.dumps(asked).encode(), {"Content-Type": "application/json"})
    with urlopen(wanted, timeout=30) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("form", [chat, responses, messages, gemini])
def test_each_form_is_led_through_the_script(
    form: Callable[[list[str]], tuple[str, dict[str, Any]]], *, stream: bool
) -> None:
    answers = ['caught "90 %"', "3.5 is not accepted"]
    with scripted_model(SCRIPT) as model:
        said = []
        for count in range(3):
            path, asked = form(answers[:count])
            if form is gemini and stream:
                path = path.replace(":generate", ":streamGenerate") + "?alt=sse"
            said.append(ask(model.url + path, {**asked, "stream": stream}))
    assert model.offered == {OFFERED}
    assert [heard(a, t) for a, t in zip(answers, model.told, strict=True)] == [True, True]
    calls = [Call(OFFERED, step.arguments) for step in SCRIPT]
    for text, call in zip(said, [*calls, None], strict=True):
        for step in calls:
            at = heard(json.dumps(step.arguments), text)
            assert (heard(f'"name": "{step.tool}"', text) and at) == (step == call)
        assert heard(LAST, text) == (call is None)
        assert text.startswith(("data: ", "event: ")) == stream


@given(SENTENCES, st.integers(0, 3))
def test_a_quoted_sentence_is_heard_and_another_is_not(sentence: str, depth: int) -> None:
    quoted = f"before {sentence} after"
    for _ in range(depth):
        quoted = json.dumps({"text": quoted}, ensure_ascii=False)
    assert heard(sentence, quoted)
    assert not heard(f"{sentence}?!", quoted.replace("?!", ""))


def test_a_host_whose_model_sees_nothing_has_failed() -> None:
    nothing = outcome(ScriptedModel(SCRIPT), ("caught 90 %", "not accepted"), "")
    assert nothing[:3] == (False, False, False)
    offered = {f"lfv_{tool.name}" for tool in TOOLS}
    half = ScriptedModel(SCRIPT, offered=offered, told=["it caught 90 %", "an error occurred"])
    assert outcome(half, ("caught 90 %", "not accepted"), "")[:3] == (True, True, False)
    assert (
        outcome(ScriptedModel(SCRIPT, offered={*list(offered)[1:]}), ("a", "b"), "").lists is False
    )


def test_the_recorded_outcome_is_of_the_pinned_versions() -> None:
    kept = recorded()["hosts"]
    assert {name: row["pins"] for name, row in kept.items()} == {
        name: [*host.pins] for name, host in HOSTS.items()
    }, "run `nox -s external-hosts -- --record`"
    assert all(isinstance(row[part], bool) for row in kept.values() for part in PARTS)
