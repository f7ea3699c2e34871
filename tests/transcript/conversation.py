"""Questions over stdio with the official SDK client, in both protocol eras."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
from mcp import Client, StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference
from pydantic import BaseModel

from tests.transcript.form import as_json
from tests.transcript.world import COMMAND, World

ERAS: Final = {"modern": "auto", "legacy": "legacy"}
"""The eras of the protocol, and the client's mode for each."""
_PATIENCE: Final = 90.0
_SERVER: Final = "io.modelcontextprotocol/serverInfo"
_OF_MODERN: Final = ("resultType", "ttlMs", "cacheScope")
"""What only modern results have; recorded once, in the area `wire`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as method and parameters."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)


def tool(name: str, /, **arguments: Any) -> Ask:
    """A call of a tool."""
    return Ask("tools/call", {"name": name, "arguments": arguments})


async def _call(client: Client, params: Mapping[str, Any]) -> BaseModel:
    return await client.call_tool(params["name"], params["arguments"])


async def _complete(client: Client, params: Mapping[str, Any]) -> BaseModel:
    ref = params["ref"]
    reference: PromptReference | ResourceTemplateReference = (
        PromptReference(type="ref/prompt", name=ref["name"])
        if "name" in ref
        else ResourceTemplateReference(type="ref/resource", uri=ref["uri"])
    )
    return await client.complete(reference, params["argument"], params.get("context"))


_METHODS: Final[Mapping[str, Callable[[Client, Mapping[str, Any]], Awaitable[BaseModel]]]] = {
    "tools/list": lambda client, params: client.list_tools(**params),
    "tools/call": _call,
    "resources/list": lambda client, params: client.list_resources(**params),
    "resources/templates/list": lambda client, params: client.list_resource_templates(**params),
    "resources/read": lambda client, params: client.read_resource(params["uri"]),
    "prompts/list": lambda client, params: client.list_prompts(**params),
    "prompts/get": lambda client, params: client.get_prompt(params["name"], params["arguments"]),
    "completion/complete": _complete,
}


async def _answer(client: Client, ask: Ask) -> dict[str, Any]:
    """The result as it came over the wire; a refusal as its JSON-RPC error."""
    try:
        result = await _METHODS[ask.method](client, ask.params)
    except MCPError as error:
        return {"error": error.error.model_dump(mode="json", by_alias=True, exclude_unset=True)}
    answer = result.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name in _OF_MODERN:
        answer.pop(name, None)
    meta = answer.get("_meta")
    if isinstance(meta, dict):
        meta.pop(_SERVER, None)
        if not meta:
            del answer["_meta"]
    return answer


def _opening(client: Client) -> dict[str, Any]:
    """What the server says of itself when a client connects."""
    server, capabilities = client.server_info, client.server_capabilities
    return {
        "protocolVersion": client.protocol_version,
        "serverInfo": server and server.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "capabilities": capabilities
        and capabilities.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "instructions": client.instructions,
    }


async def _session(
    world: World, source: str, era: str, areas: Mapping[str, Sequence[Ask]]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """One server asked everything: the answers by area; the opening and what stderr said."""
    server = StdioServerParameters(
        command=COMMAND[0],
        args=[*COMMAND[1:], "serve", "--source", world.here(source)],
        env=world.environment(),
        cwd=world.folder,
    )
    place = world.folder / f"stderr-{era}-{Path(source).name}.txt"
    with place.open("w+", encoding="utf-8") as stderr, anyio.fail_after(_PATIENCE):
        async with Client(stdio_client(server, errlog=stderr), mode=ERAS[era]) as client:
            opening = _opening(client)
            answers = {
                area: [await _answer(client, ask) for ask in asks] for area, asks in areas.items()
            }
        stderr.seek(0)
        return answers, {"opening": opening, "stderr": stderr.read()}


def record(world: World, source: str, areas: Mapping[str, Sequence[Ask]]) -> dict[str, str]:
    """The recording of each area, by its name, and `sessions` for the sessions themselves.

    The modern answer is recorded in full; the legacy one where it is another.
    """
    sessions: dict[str, tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]] = {}

    async def both() -> None:
        async def one(era: str) -> None:
            sessions[era] = await _session(world, source, era, areas)

        async with anyio.create_task_group() as tasks:
            for era in ERAS:
                tasks.start_soon(one, era)

    anyio.run(both)
    recordings = {
        area: _compared(asks, sessions["modern"][0][area], sessions["legacy"][0][area])
        for area, asks in areas.items()
    }
    recordings["sessions"] = as_json({era: sessions[era][1] for era in ERAS})
    return {area: world.normalise(text) for area, text in recordings.items()}


def _compared(
    asks: Sequence[Ask], modern: Sequence[dict[str, Any]], legacy: Sequence[dict[str, Any]]
) -> str:
    entries = []
    for ask, new, old in zip(asks, modern, legacy, strict=True):
        entry: dict[str, Any] = {"ask": ask.method, "params": ask.params, "answer": new}
        entries.append(entry if new == old else entry | {"legacy": old})
    return as_json(entries)
