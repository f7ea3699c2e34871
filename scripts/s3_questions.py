"""Questions to a server over a fleet in S3 while that S3 fails, and what no answer may say then.

`benchmarks/fleet.py` knows what the fleet holds, so that each answer can be judged: whether it
claims that something is absent which is there. Part of the soak of `soak_s3.py`.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import (
    CallToolResult,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from benchmarks.fleet import CHANGING, VERSIONS, project_of
from lfv_mcp.server.protocol import ERROR_META

URI: Final = "lookoutvision://projects/{}/models/{}"
NOT_FOUND: Final = ("project_not_found", "model_not_found")
ABSENCE: Final = re.compile(
    r"[Tt]here (?:is|are) no (?:project|model|such)|has no version|\b0 models"
    r"|[Nn]o (?:such )?(?:project|model)s?\b|holds? (?:nothing|no\b)"
)
"""How an answer says that something is not there."""
UNREAD: Final = re.compile(r"unread|not (?:be )?read|no readable record|cannot be (?:read|listed)")
"""How it says that something was not read, so that what it says may be wrong."""


class Outcome(NamedTuple):
    """What came of one question: an error's code, or a structure; `silence` if nothing did."""

    kind: str
    code: str
    text: str
    structure: Mapping[str, Any]
    seconds: float
    held: bool = False
    """Whether nothing that the answer takes has to be read anew."""
    broken: str = ""
    """What it may not say, in a few words."""


class Fleet(NamedTuple):
    """What is there, and how much of it is described anew at the moment."""

    models: int
    generation: int = 0

    @property
    def projects(self) -> int:
        return self.models // VERSIONS

    def changes(self, project: int) -> bool:
        """Whether a project's descriptions are others after a while."""
        return self.generation > 0 and project % CHANGING == CHANGING - 1


async def call(client: Client, name: str, arguments: Mapping[str, Any]) -> Outcome:
    """One call of a tool."""
    start = time.monotonic()
    result = await client.call_tool(name, dict(arguments))
    assert isinstance(result, CallToolResult)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    code = str((result.meta or {})[ERROR_META]["code"]) if result.is_error else ""
    return Outcome(name, code, text, result.structured_content or {}, time.monotonic() - start)


async def answered(
    kind: str, question: Callable[[], Awaitable[tuple[str, Mapping[str, Any]]]]
) -> Outcome:
    """A question that is no call of a tool; its error is one of JSON-RPC."""
    start = time.monotonic()
    try:
        text, structure = await question()
    except MCPError as error:
        data = error.error.data
        found = re.search(r"\[(\w+)\]", error.error.message)
        code = data["code"] if isinstance(data, dict) and "code" in data else found and found[1]
        said = str(code or error.error.code)
        return Outcome(kind, said, error.error.message, {}, time.monotonic() - start)
    return Outcome(kind, "", text, structure, time.monotonic() - start)


async def resource(client: Client, kind: str, uri: str) -> Outcome:
    """One resource."""

    async def read() -> tuple[str, Mapping[str, Any]]:
        result = await client.read_resource(uri, cache_mode="bypass")
        contents = result.contents[0]
        assert isinstance(contents, TextResourceContents)
        text = contents.text
        return text, json.loads(text) if text.startswith("{") else {}

    return await answered(kind, read)


async def prompt(client: Client, name: str, arguments: Mapping[str, str]) -> Outcome:
    """One prompt, with what is embedded in it."""

    async def read() -> tuple[str, Mapping[str, Any]]:
        result = await client.get_prompt(name, dict(arguments))
        return json.dumps([message.model_dump(mode="json") for message in result.messages]), {}

    return await answered("prompt", read)


async def completion(client: Client, project: str) -> Outcome:
    """One completion. It has no room for a word about what was not read."""

    async def read() -> tuple[str, Mapping[str, Any]]:
        of_model = ResourceTemplateReference(
            type="ref/resource", uri=URI.format("{project_name}", "{model_version}")
        )
        typed = {"name": "model_version", "value": ""}
        earlier = {"project_name": project}
        result = await client.complete(of_model, typed, context_arguments=earlier)
        of_prompt = PromptReference(type="ref/prompt", name="plan_migration")
        await client.complete(of_prompt, {"name": "project_name", "value": "line"})
        return "", {"values": result.completion.values}

    return await answered("completion", read)


async def every_page(client: Client, arguments: Mapping[str, Any]) -> Outcome:
    """A listing to its end, as an obedient agent reads it; its findings are those of all pages."""
    start = time.monotonic()
    models: list[Any] = []
    findings: list[Any] = []
    token = ""
    while True:
        page = await call(client, "list_models", {**arguments, "next_token": token})
        took = time.monotonic() - start
        if page.code:
            return page._replace(seconds=took)
        models += page.structure["models"]
        findings += page.structure.get("findings", [])
        following = page.structure.get("next_token", "")
        structure = {"models": models, "findings": findings}
        if not following:
            return Outcome("list_models", "", page.text, structure, took)
        if following == token:
            return Outcome("list_models", "", page.text, structure, took, broken="a token stays")
        token = following


def says_unread(outcome: Outcome) -> bool:
    """Whether an answer or error tells that something was not read."""
    findings = outcome.structure.get("findings", ())
    return any(each["code"] == "files_unread" for each in findings) or bool(
        UNREAD.search(outcome.text)
    )


def judged(outcome: Outcome, expected_models: int | None = None, latest: bool = False) -> Outcome:
    """An outcome with what is wrong about it: whether it claims that something is absent."""
    if outcome.broken:
        return outcome
    unread = says_unread(outcome)
    broken = ""
    if outcome.code == "internal_error":
        broken = "internal_error"
    elif unread:
        pass
    elif outcome.code in NOT_FOUND:
        broken = f"{outcome.code} for what is there"
    elif found := ABSENCE.search(outcome.text):
        broken = f"{found[0]!r} of what is there"
    elif not outcome.code and expected_models is not None:
        listed = len(outcome.structure.get("models", ()))
        if listed < expected_models:
            broken = f"{listed} models of {expected_models}"
    elif latest and not outcome.code and outcome.structure["model_version"] != str(VERSIONS):
        broken = f"version {outcome.structure['model_version']} is not the latest"
    return outcome._replace(broken=broken)


class Model(NamedTuple):
    """One model of the fleet, and whether its description stays what it was."""

    project: str
    version: str
    stays: bool
    fleet: Fleet

    @property
    def arguments(self) -> dict[str, str]:
        return {"project_name": self.project, "model_version": self.version}

    @property
    def uri(self) -> str:
        return URI.format(self.project, self.version)


async def _describe(client: Client, model: Model) -> Outcome:
    outcome = await call(client, "describe_model", model.arguments)
    return judged(outcome)._replace(held=model.stays)


async def _describe_latest(client: Client, model: Model) -> Outcome:
    outcome = await call(client, "describe_model", {"project_name": model.project})
    return judged(outcome, latest=True)._replace(kind="latest", held=model.stays)


async def _list_all(client: Client, model: Model) -> Outcome:
    outcome = await every_page(client, {"max_results": 100})
    return judged(outcome, model.fleet.models)._replace(held=True)


async def _list_one(client: Client, model: Model) -> Outcome:
    outcome = await every_page(client, {"project_name": model.project})
    return judged(outcome, VERSIONS)._replace(held=True)


async def _analyze(client: Client, model: Model) -> Outcome:
    return judged(await call(client, "analyze_evaluation", model.arguments))


async def _compare(client: Client, model: Model) -> Outcome:
    versions = {"project_name": model.project, "model_versions": ["1", "2"]}
    return judged(await call(client, "compare_models", versions))


async def _read(client: Client, model: Model) -> Outcome:
    return judged(await resource(client, "resource", model.uri))._replace(held=model.stays)


async def _read_card(client: Client, model: Model) -> Outcome:
    return judged(await resource(client, "card", f"{model.uri}/card"))


async def _read_list(client: Client, _: Model) -> Outcome:
    return judged(await resource(client, "resource", "lookoutvision://models"))._replace(held=True)


async def _prompt(client: Client, model: Model) -> Outcome:
    name = "explain_performance_metrics" if int(model.version) % 2 else "diagnose_training"
    return judged(await prompt(client, name, model.arguments))._replace(held=model.stays)


async def _complete(client: Client, model: Model) -> Outcome:
    return judged(await completion(client, model.project))._replace(held=True)


QUESTIONS: Final[tuple[Callable[[Client, Model], Awaitable[Outcome]], ...]] = (
    *(_describe, _describe, _describe, _describe_latest, _list_all, _list_one, _list_one),
    *(_analyze, _compare, _read, _read_card, _read_list, _prompt, _complete),
)
"""Evaluation files are read when they are asked for, so that these answers are not held."""


async def ask(client: Client, fleet: Fleet, dice: random.Random) -> Outcome:
    """One question of any kind, about what is there; its outcome, judged."""
    number = dice.randrange(fleet.projects)
    version = str(dice.randint(1, VERSIONS))
    model = Model(project_of(number), version, not fleet.changes(number), fleet)
    return await dice.choice(QUESTIONS)(client, model)


async def ask_in_time(client: Client, fleet: Fleet, dice: random.Random, most: float) -> Outcome:
    """The same, or silence after so many seconds."""
    with anyio.move_on_after(most):
        return await ask(client, fleet, dice)
    return Outcome("any", "silence", "", {}, most, broken="no answer at all")


async def whole(client: Client, fleet: Fleet) -> bool:
    """Whether everything is answered again, as it is now, and nothing is said to be unread."""
    listed = await every_page(client, {"max_results": 100})
    if listed.code or len(listed.structure["models"]) != fleet.models or says_unread(listed):
        return False
    changing = project_of(CHANGING - 1)
    described = await call(
        client, "describe_model", {"project_name": changing, "model_version": "1"}
    )
    now = described.structure.get("model_description", {}).get("Description", "")
    expected = f"generation {fleet.generation}" if fleet.generation else "august_relabel"
    return not described.code and now.endswith(expected)
