"""Whatever is asked, the answer is one: no crash, no leaked internals, and it fits its schema.

Sweeps over every tool, resource, prompt and completion, and one client that asks all of them in any
order, pages through listings and calls with what it has been told. Over the sample in both eras,
and over a live endpoint some of whose records are odd. More of it:
`LFV_FUZZ=2000 pytest tests/integration/test_fuzzing.py`, the number being that of examples.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

import anyio.from_thread
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import (
    CallToolResult,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from lfv_mcp.errors import ERRORS
from lfv_mcp.findings import FINDINGS
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.server.app import build_server
from lfv_mcp.server.prompts import prompts
from lfv_mcp.server.protocol import ERROR_META
from lfv_mcp.server.resources import RESOURCES
from lfv_mcp.server.size_limits import MAX_RESULT_BYTES
from lfv_mcp.server.tools import TOOLS
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import API, Endpoint, Reply, Request, description, healthy, ok
from tests.support.saved_records import judged, lines, result_of

pytestmark = [
    pytest.mark.slow,
    # Of the strategy of all arguments of all tools, which hypothesis writes out once.
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]
EXAMPLES: Final = int(os.environ.get("LFV_FUZZ", "30"))
"""Read before any test runs: the tests themselves see no variable of that kind."""
QUICK: Final = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    deadline=None,  # a busy machine is no failure
    derandomize="LFV_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FOREIGN: Final = re.compile(
    r"Traceback|Error executing|internal_error|site-packages|pydantic|input_value|<class|"
    r"validation error|botocore|\b(?:KeyError|TypeError|ValueError|RecursionError)\b"
)
_T = TypeVar("_T")


# What may be asked


def inside(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode("utf-8", "surrogatepass")).decode().rstrip("=")


# Made late, for hypothesis writes its strategies out.
LONG: Final = st.sampled_from('x["').map(lambda letter: letter * 9000)
NAMES: Final = st.sampled_from(
    [
        "sample-cap-seal",
        "sample-pcb-top",
        "sample-weld-bead",
        "sample-no-such",
        "cap-seal",
        "odd",
        "x" * 255,
        "x" * 256,
    ]
)
ARNS: Final = st.builds(
    "arn:aws:lookoutvision:{}:{}:{}/{}{}".format,
    st.sampled_from(["us-east-1", "eu-west-1", "ap-south-1", ""]),
    st.sampled_from(["111122223333", "123456789012", "1"]),
    st.sampled_from(["model", "project", "dataset"]),
    NAMES,
    st.sampled_from(["", "/1", "/3", "/latest", "/0", "/99999999999"]),
)
TOKENS: Final = st.builds(
    inside,
    st.sampled_from([1, 3000]).map("[".__mul__)
    | st.sampled_from(["{}", "[]", "null", '["","","","",NaN]', '["\\ud800","","","",0]'])
    | st.lists(st.text(max_size=5) | st.integers(), min_size=5, max_size=5).map(json.dumps)
    | st.tuples(
        st.sampled_from(["", "us-east-1", "z"]),
        st.sampled_from(["", "111122223333"]),
        st.text(max_size=5),
        NAMES,
        st.integers(-5, 5),
    ).map(json.dumps),
)
ANYTHING: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**400, max_value=10**400 + 9)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["", "latest", "null", "[1]", "../..", "%2e%2e", "\x1b[31m\u202e"])
    | LONG
    | NAMES
    | ARNS
    | TOKENS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=6,
)
VERSIONS: Final = st.sampled_from(["latest", "1", "2", "3", "4", "99", "0", "01", 1, 3, True, 1.5])
LIKELY: Final[dict[str, st.SearchStrategy[Any]]] = {
    "project_name": NAMES | ARNS,
    "model_version": VERSIONS,
    "model_versions": st.lists(VERSIONS, max_size=11),
    "status": st.sampled_from(["", *MODEL_STATUSES, "trained"]),
    "max_results": st.integers(0, 101),
    "max_examples": st.integers(-1, 21),
    "next_token": TOKENS,
    "defect_rate": st.floats(0, 1) | st.sampled_from([0, 1, 5e-324, -0.0]),
    "threshold": st.floats(0, 1) | st.sampled_from([0, 1, 5e-324]),
    "cost_of_escape": st.floats(0, 1e9),
    "cost_of_false_reject": st.floats(0, 1e9),
    "recall_at_least": st.floats(0, 1),
    "false_alarms_at_most": st.floats(0, 1),
    "recall_margin": st.floats(0, 0.2, exclude_min=True),
    "false_alarm_margin": st.floats(0, 0.2, exclude_min=True),
}
ARGUMENTS: Final = {
    tool.name: st.fixed_dictionaries(
        {}, optional={a.name: LIKELY[a.name] | LIKELY[a.name] | ANYTHING for a in tool.arguments}
    )
    | st.dictionaries(st.sampled_from(list(LIKELY)) | st.text(max_size=9), ANYTHING, max_size=4)
    for tool in TOOLS
}
SEGMENT: Final = (
    NAMES | ARNS | st.text(max_size=9) | st.sampled_from(["..", ".", "%", "%2F", "a%00b", "", "3"])
)
URIS: Final = (
    st.sampled_from([r.uri for r in RESOURCES])
    | st.builds(
        "lookoutvision://projects/{}/models/{}{}{}".format,
        SEGMENT,
        SEGMENT | VERSIONS,
        st.sampled_from(["", "/card", "/", "/card/"]),
        st.sampled_from(
            ["", "?region=us-east-1", "?account=1", "?account=123456789012", "?region=&x=%", "#x"]
        ),
    )
    | st.text(max_size=20).map("lookoutvision://{}".format)
)
TEXTS: Final = st.text(max_size=20) | NAMES | ARNS | VERSIONS.map(str)
PROMPTS: Final = {
    p.name: st.fixed_dictionaries({}, optional={a.name: TEXTS for a in p.arguments})
    | st.dictionaries(
        st.sampled_from([a.name for a in p.arguments]) | st.text(max_size=9), TEXTS, max_size=4
    )
    for p in prompts().values()
}
REFERENCES: Final = st.sampled_from(
    [
        *(PromptReference(type="ref/prompt", name=name) for name in (*PROMPTS, "no-such")),
        *(ResourceTemplateReference(type="ref/resource", uri=r.uri) for r in RESOURCES),
    ]
)


# A live endpoint


ODD: Final[dict[str, Any]] = {
    "ModelVersion": "1",
    "ModelArn": "arn:aws:lookoutvision:us-east-1:111122223333:model/odd/1",
    "CreationTimestamp": "yesterday",
    "Description": "\x1b[31m\u202e<script>" + "\U0001f3ed" * 500,
    "Status": "RETIRED",
    "StatusMessage": 7,
    "Performance": {"F1Score": 1e308, "Recall": -1, "Precision": "0.5"},
    "OutputConfig": {"S3Location": None},
    "EvaluationManifest": {"Bucket": "..", "Key": "%"},
    "EvaluationResult": [],
    "EvaluationEndTimestamp": 1e20,
    "MinInferenceUnits": 1.9,
    "MaxInferenceUnits": True,
}


def projects(request: Request) -> Reply:
    """`cap-seal`, and on a page of its own `odd`."""
    match request.path.removeprefix(API).split("/")[1:], request.query.get("nextToken"):
        case ["projects"], None:
            return ok({"Projects": [{"ProjectName": "cap-seal"}], "NextToken": "more"})
        case ["projects"], _:
            return ok({"Projects": [{"ProjectName": "odd"}, {"ProjectName": "../.."}]})
        case ["projects", "cap-seal", "models"], _:
            return ok({"Models": [description(version) for version in "123"]})
        case ["projects", "odd", "models"], _:
            return ok({"Models": [ODD]})
        case ["projects", "odd", "models", "1"], _:
            return ok({"ModelDescription": ODD})
    return healthy(request)


def objects(request: Request) -> Reply:
    """Evaluation files of `cap-seal`; one of version 2 is none."""
    if "Result" in request.path:
        return ok(result_of(version=int(request.path[-6])))
    return Reply(b"{" if "-2.json" in request.path else lines([judged("1", "anomaly", "normal")]))


@pytest.fixture(scope="module")
def endpoints() -> Iterator[dict[str, str]]:
    """What the shell holds of an API and of an S3."""
    with Endpoint(projects) as api, Endpoint(objects) as s3:
        yield {**api.environment, "AWS_ENDPOINT_URL_S3": s3.url}


@pytest.fixture(autouse=True)
def shell(endpoints: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In every test, for a client of another region is made when that is asked for."""
    for name, value in endpoints.items():
        monkeypatch.setenv(name, value)


# What must hold of every answer


class Asker:
    """A client in a thread of its own, and every answer looked at."""

    def __init__(self, source: str, mode: str) -> None:
        self._source, self._mode = source, mode
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        server = build_server(open_catalog(Settings(self._source, "us-east-1")))
        self.client = await self._stack.enter_async_context(Client(server, mode=self._mode))
        tools = (await self.client.list_tools()).tools
        self._schemas = {t.name: Draft202012Validator(t.output_schema or {}) for t in tools}

    async def tool(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        result = await self.client.session.call_tool(name, arguments)
        assert isinstance(result, CallToolResult)
        everything = sound(result.model_dump_json(by_alias=True, exclude_none=True))
        assert len(everything.encode()) <= MAX_RESULT_BYTES
        (block,) = result.content
        assert isinstance(block, TextContent)
        assert block.text
        if result.is_error:
            assert result.meta is not None
            assert result.meta[ERROR_META]["code"] in ERRORS
            assert "Next: " in block.text
            return result
        json.dumps(result.structured_content, allow_nan=False)
        self._schemas[name].validate(result.structured_content)
        assert result.structured_content is not None
        assert {f["code"] for f in result.structured_content.get("findings", [])} <= set(FINDINGS)
        return result

    async def resource(self, uri: str) -> None:
        try:
            (content,) = (await self.client.read_resource(uri)).contents
        except MCPError as error:
            refused(error)
            return
        assert isinstance(content, TextResourceContents)
        sound(content.text)
        if content.mime_type == "application/json":
            json.loads(content.text, parse_constant=lambda name: pytest.fail(name))

    async def prompt(self, name: str, arguments: dict[str, str]) -> None:
        try:
            result = await self.client.get_prompt(name, arguments)
        except MCPError as error:
            refused(error)
            return
        sound(result.model_dump_json())
        assert result.messages

    async def completion(
        self, ref: Any, name: str, typed: str, earlier: dict[str, str]
    ) -> list[str]:
        argument = {"name": name, "value": typed}
        result = await self.client.complete(ref, argument, context_arguments=earlier)
        sound(result.model_dump_json())
        assert len(result.completion.values) <= 100
        assert all(value.startswith(typed) for value in result.completion.values)
        return result.completion.values

    async def close(self) -> None:
        await self._stack.aclose()


def sound(answer: str) -> str:
    assert not FOREIGN.search(answer), answer
    return answer


def refused(error: MCPError) -> None:
    """The caller's mistake, and one that is named."""
    assert error.error.code == -32602, error.error
    assert len(sound(error.error.message)) > 10


Ask = Callable[[Callable[[Asker], Awaitable[_T]]], _T]


@pytest.fixture(
    scope="module",
    params=[("sample", "auto"), ("sample", "legacy"), ("live", "auto")],
    ids=["modern", "legacy", "live"],
)
def ask(request: pytest.FixtureRequest) -> Iterator[Ask[Any]]:
    """hypothesis knows no event loop: one runs beside it, with one client for all examples."""
    with started(*request.param) as asking:
        yield asking


class started:  # noqa: N801
    """An event loop in a thread, and a client in it."""

    def __init__(self, source: str, mode: str) -> None:
        self._portal = anyio.from_thread.start_blocking_portal()
        self._asker = Asker(source, mode)

    def __enter__(self) -> Ask[Any]:
        portal = self._portal.__enter__()
        questions: list[Callable[[Asker], Awaitable[Any]]] = []

        async def one() -> Any:
            return await questions.pop()(self._asker)

        # The client lives in a task of its own, for who opens a task group has to close it.
        self._end, self._task = portal.call(anyio.Event), None
        ready = portal.call(anyio.Event)

        async def live() -> None:
            await self._asker.open()
            ready.set()
            await self._end.wait()
            await self._asker.close()

        self._task = portal.start_task_soon(live)
        portal.call(ready.wait)
        self._call = portal.call

        def asking(question: Callable[[Asker], Awaitable[Any]]) -> Any:
            questions.append(question)
            return portal.call(one)

        return asking

    def __exit__(self, *_: object) -> None:
        self._call(self._end.set)
        assert self._task is not None
        self._task.result(10)
        self._portal.__exit__(None, None, None)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_any_arguments_of_a_tool(ask: Ask[Any], name: str) -> None:
    @QUICK
    @given(ARGUMENTS[name])
    def sweep(arguments: dict[str, Any]) -> None:
        ask(lambda asker: asker.tool(name, arguments))

    sweep()


@pytest.mark.parametrize(
    "token", ["[" * 3000, '["\\ud800","","","",0]', '["","","","",1e999]', "\0"]
)
def test_a_token_that_nobody_was_given(ask: Ask[Any], token: str) -> None:
    result = ask(lambda asker: asker.tool("list_models", {"next_token": inside(token)}))
    assert result.is_error


def test_any_uri(ask: Ask[Any]) -> None:
    @QUICK
    @given(URIS)
    def sweep(uri: str) -> None:
        ask(lambda asker: asker.resource(uri))

    sweep()


@pytest.mark.parametrize("name", PROMPTS)
def test_any_arguments_of_a_prompt(ask: Ask[Any], name: str) -> None:
    @QUICK
    @given(PROMPTS[name])
    def sweep(arguments: dict[str, str]) -> None:
        ask(lambda asker: asker.prompt(name, arguments))

    sweep()


def test_any_completion(ask: Ask[Any]) -> None:
    earlier = st.dictionaries(st.sampled_from(["project_name", "x"]), TEXTS | st.text())

    @QUICK
    @given(REFERENCES, st.sampled_from([*LIKELY, "baseline", "audience"]), TEXTS, earlier)
    def sweep(ref: Any, name: str, typed: str, context: dict[str, str]) -> None:
        ask(lambda asker: asker.completion(ref, name, typed, context))

    sweep()


# In any order


class Conversation(RuleBasedStateMachine):
    """One client that uses what it has been told: names, versions, ARNs, tokens."""

    asking: Ask[Any]
    models: Bundle[tuple[str, str]] = Bundle("models")
    pages: Bundle[tuple[dict[str, Any], str]] = Bundle("pages")

    def ask(self, name: str, arguments: dict[str, Any]) -> Any:
        return type(self).asking(lambda asker: asker.tool(name, arguments))

    def listed(self, arguments: dict[str, Any]) -> Any:
        result = self.ask("list_models", arguments)
        if result.is_error:
            return None
        shown: Any = result.structured_content
        assert len(shown["models"]) <= arguments.get("max_results", 50)
        return shown

    @rule(target=pages, arguments=ARGUMENTS["list_models"], size=st.integers(1, 3))
    def start_to_list(self, arguments: dict[str, Any], size: int) -> Any:
        fitting = {k: v for k, v in arguments.items() if k in ("project_name", "status")}
        shown = self.listed(fitting | {"max_results": size})
        return (fitting, shown["next_token"]) if shown and "next_token" in shown else multiple()

    @rule(target=pages, page=consumes(pages), size=st.integers(1, 3))
    def list_on(self, page: tuple[dict[str, Any], str], size: int) -> Any:
        arguments, token = page
        shown = self.listed(arguments | {"max_results": size, "next_token": token})
        assert shown is not None, "a token that was given is good"
        assert shown.get("next_token") != token
        return (arguments, shown["next_token"]) if "next_token" in shown else multiple()

    @rule(target=models, size=st.integers(1, 5))
    def learn(self, size: int) -> Any:
        shown = self.listed({"max_results": size})
        return multiple(
            *((row[name], row["model_version"]) for row in shown["models"] for name in NAMED)
        )

    @rule(model=models)
    def describe(self, model: tuple[str, str]) -> None:
        asked = {"project_name": model[0], "model_version": model[1]}
        assert not self.ask("describe_model", asked).is_error

    @rule(model=models, rest=ARGUMENTS["analyze_evaluation"])
    def analyze(self, model: tuple[str, str], rest: dict[str, Any]) -> None:
        named = {"project_name": model[0], "model_version": model[1]}
        self.ask("analyze_evaluation", rest | named)

    @rule(models=st.lists(models, min_size=2, max_size=4))
    def compare(self, models: list[tuple[str, str]]) -> None:
        versions = [version for _, version in models]
        self.ask("compare_models", {"project_name": models[0][0], "model_versions": versions})

    @rule(model=models, card=st.sampled_from(["", "/card"]))
    def read(self, model: tuple[str, str], card: str) -> None:
        uri = f"lookoutvision://projects/{model[0]}/models/{model[1]}{card}"
        type(self).asking(lambda asker: asker.resource(uri))

    @rule(model=models, other=models, name=st.sampled_from(list(PROMPTS)))
    def prompt(self, model: tuple[str, str], other: tuple[str, str], name: str) -> None:
        known = {"project_name": model[0], "model_version": model[1]}
        known |= {"baseline": model[1], "candidate": other[1], "successor": other[1]}
        asked = {a.name: known[a.name] for a in prompts()[name].arguments if a.name in known}
        type(self).asking(lambda asker: asker.prompt(name, asked))

    @rule(model=models, ref=REFERENCES, argument=st.sampled_from(["project_name", "model_version"]))
    def complete(self, model: tuple[str, str], ref: Any, argument: str) -> None:
        project, version = model
        typed = "" if argument == "model_version" else project[:3]
        earlier = {"project_name": project}
        offered = type(self).asking(lambda asker: asker.completion(ref, argument, typed, earlier))
        if offered and ":" not in project:  # a name, and an argument that is completed there
            assert (version if argument == "model_version" else project) in offered


NAMED: Final = ("project_name", "model_arn")


def test_any_conversation(ask: Ask[Any]) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    Conversation.asking = staticmethod(ask)
    run_state_machine_as_test(Conversation, settings=settings(QUICK, max_examples=EXAMPLES // 4))
