"""An agent of pydantic-ai with a scripted model: what a model would do, without one.

Reads the server's command as JSON on stdin; writes the calls it made, what it was told, and its
last words as JSON. Every step is taken from the answer before it, so an answer that an agent cannot
use ends the run. Runs in an environment of its own; here pydantic-ai is not installed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from typing import Any


def script(messages: list[Any], information: Any) -> Any:
    """List the models, describe the newest with metrics, look at the evidence, say the verdict."""
    kit: Any = importlib.import_module("pydantic_ai.messages")
    offered = {tool.name for tool in information.function_tools}
    returned = [p for m in messages for p in m.parts if p.part_kind == "tool-return"]
    answers = [content(part) for part in returned]

    def call(tool: str, **arguments: str) -> Any:
        if tool not in offered:
            raise LookupError(f"{tool} is not offered")
        return kit.ModelResponse(parts=[kit.ToolCallPart(tool, arguments)])

    match answers:
        case []:
            return call("list_models", project_name="sample-weld-bead")
        case [listed]:
            newest = next(row for row in listed["models"] if "f1_score" in row)
            which = {name: newest[name] for name in ("project_name", "model_version")}
            return call("describe_model", **which)
        case [_, described]:
            which = {name: described[name] for name in ("project_name", "model_version")}
            return call("analyze_evaluation", **which)
        case [_, described, report]:
            codes = [finding["code"] for finding in (*described["findings"], *report["findings"])]
            said = {"summaries": [a["summary"] for a in answers], "codes": sorted(set(codes))}
            return kit.ModelResponse(parts=[kit.TextPart(json.dumps(said))])
    raise AssertionError(f"{len(answers)} answers")


def content(part: Any) -> Any:
    """What the framework shows a model of a tool's answer: the structure."""
    return json.loads(part.content) if isinstance(part.content, str) else part.content


async def main() -> None:
    """Run the agent and write what it did."""
    ai, function, mcp = map(
        importlib.import_module,
        ("pydantic_ai", "pydantic_ai.models.function", "pydantic_ai.mcp"),
    )
    command, *args = json.load(sys.stdin)
    toolset = mcp.MCPToolset(mcp.StdioTransport(command=command, args=args))
    agent = ai.Agent(function.FunctionModel(script), toolsets=[toolset])
    async with agent:
        result = await agent.run("Is the newest model of sample-weld-bead any good?")
    calls = [
        (part.tool_name, part.args)
        for message in result.all_messages()
        for part in message.parts
        if part.part_kind == "tool-call"
    ]
    json.dump({"calls": calls, **json.loads(result.output)}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
