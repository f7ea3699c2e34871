"""An agent of a framework, named by the first argument, with the scripted model and our server.

Reads `command` (the server's, as words), `model` (the model's base URL) and `question` as JSON on
stdin, asks the question and ends; what the model has seen is in the model. Each framework runs in
an environment of its own; here none is installed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple

NAME: Final = "scripted"
KEY: Final = "none-is-needed"


class Asked(NamedTuple):
    """What is asked of a framework."""

    command: str
    args: Sequence[str]
    model: str
    question: str
    env: dict[str, str]


def module(name: str) -> Any:
    """A module that is not installed where types are checked."""
    return import_module(name)


async def strands(asked: Asked) -> None:
    """Strands Agents, its OpenAI model."""
    mcp, tools = module("mcp"), module("strands.tools.mcp")
    parameters = mcp.StdioServerParameters(
        command=asked.command, args=list(asked.args), env=asked.env
    )
    client = tools.MCPClient(lambda: mcp.stdio_client(parameters))
    made = module("strands.models.openai").OpenAIModel(
        client_args={"base_url": asked.model, "api_key": KEY}, model_id=NAME
    )

    def ask() -> None:
        with client:
            module("strands").Agent(model=made, tools=client.list_tools_sync())(asked.question)

    await asyncio.to_thread(ask)


async def langchain(asked: Asked) -> None:
    """LangChain's agent over langchain-mcp-adapters."""
    started = {"command": asked.command, "args": list(asked.args), "env": asked.env}
    client = module("langchain_mcp_adapters.client").MultiServerMCPClient(
        {"lfv": {"transport": "stdio", **started}}
    )
    made = module("langchain_openai").ChatOpenAI(model=NAME, base_url=asked.model, api_key=KEY)
    agent = module("langchain.agents").create_agent(made, await client.get_tools())
    await agent.ainvoke({"messages": [("user", asked.question)]})


async def openai_agents(asked: Asked) -> None:
    """OpenAI Agents SDK over Chat Completions."""
    kit, mcp = module("agents"), module("agents.mcp")
    kit.set_tracing_disabled(True)
    client = module("openai").AsyncOpenAI(base_url=asked.model, api_key=KEY)
    made = kit.OpenAIChatCompletionsModel(model=NAME, openai_client=client)
    started = {"command": asked.command, "args": list(asked.args), "env": asked.env}
    async with mcp.MCPServerStdio(params=started, client_session_timeout_seconds=60) as server:
        agent = kit.Agent(name="inspector", model=made, mcp_servers=[server])
        await kit.Runner.run(agent, asked.question)


async def semantic_kernel(asked: Asked) -> None:
    """Semantic Kernel's agent with its MCP plugin."""
    ai = module("semantic_kernel.connectors.ai.open_ai")
    client = module("openai").AsyncOpenAI(base_url=asked.model, api_key=KEY)
    service = ai.OpenAIChatCompletion(ai_model_id=NAME, async_client=client)
    plugin = module("semantic_kernel.connectors.mcp").MCPStdioPlugin(
        name="lfv", command=asked.command, args=list(asked.args), env=asked.env, request_timeout=60
    )
    async with plugin:
        # 1.45.0 fails on a parameter that may be null: "type: Input should be a valid string".
        for function in vars(plugin).values():
            for parameter in getattr(function, "__kernel_function_parameters__", ()):
                if isinstance(parameter.get("type"), list):
                    parameter["type"] = next(kind for kind in parameter["type"] if kind != "null")
        agent = module("semantic_kernel.agents").ChatCompletionAgent(
            service=service, name="inspector", plugins=[plugin]
        )
        await agent.get_response(messages=asked.question)


async def smolagents(asked: Asked) -> None:
    """smolagents' ToolCallingAgent."""
    mcp, kit = module("mcp"), module("smolagents")
    parameters = mcp.StdioServerParameters(
        command=asked.command, args=list(asked.args), env=asked.env
    )
    made = kit.OpenAIModel(model_id=NAME, api_base=asked.model, api_key=KEY)

    def ask() -> None:
        with kit.MCPClient(parameters, structured_output=False) as tools:
            kit.ToolCallingAgent(tools=tools, model=made, max_steps=6).run(asked.question)

    await asyncio.to_thread(ask)


async def agno(asked: Asked) -> None:
    """Agno's MCPTools."""
    mcp = module("mcp")
    parameters = mcp.StdioServerParameters(
        command=asked.command, args=list(asked.args), env=asked.env
    )
    made = module("agno.models.openai").OpenAIChat(id=NAME, base_url=asked.model, api_key=KEY)
    async with module("agno.tools.mcp").MCPTools(server_params=parameters) as tools:
        agent = module("agno.agent").Agent(model=made, tools=[tools], telemetry=False)
        await agent.arun(asked.question)


async def llama_index(asked: Asked) -> None:
    """LlamaIndex's FunctionAgent over llama-index-tools-mcp."""
    mcp = module("llama_index.tools.mcp")
    client = mcp.BasicMCPClient(asked.command, args=list(asked.args), env=asked.env, timeout=60)
    tools = await mcp.McpToolSpec(client=client).to_tool_list_async()
    made = module("llama_index.llms.openai_like").OpenAILike(
        **{"model": NAME, "api_base": asked.model, "api_key": KEY},
        **{"is_chat_model": True, "is_function_calling_model": True},
    )
    agent = module("llama_index.core.agent.workflow").FunctionAgent(tools=tools, llm=made)
    await agent.run(asked.question)


async def haystack(asked: Asked) -> None:
    """Haystack's Agent with mcp-haystack's toolset."""
    tools = module("haystack_integrations.tools.mcp")
    started = tools.StdioServerInfo(
        command=asked.command, args=list(asked.args), env=dict(asked.env)
    )

    def ask() -> None:
        kit = module("haystack.components.generators.chat")
        secret = module("haystack.utils").Secret.from_token(KEY)
        made = kit.OpenAIChatGenerator(model=NAME, api_base_url=asked.model, api_key=secret)
        toolset = tools.MCPToolset(server_info=started, invocation_timeout=60)
        agent = module("haystack.components.agents").Agent(chat_generator=made, tools=toolset)
        message = module("haystack.dataclasses").ChatMessage.from_user(asked.question)
        agent.run(messages=[message])
        toolset.close()

    await asyncio.to_thread(ask)


async def autogen(asked: Asked) -> None:
    """AutoGen's AssistantAgent with a workbench."""
    mcp, models = module("autogen_ext.tools.mcp"), module("autogen_ext.models.openai")
    parameters = mcp.StdioServerParams(
        command=asked.command, args=list(asked.args), env=asked.env, read_timeout_seconds=60
    )
    about = {"vision": False, "function_calling": True, "json_output": False, "family": "unknown"}
    about["structured_output"] = False
    made = models.OpenAIChatCompletionClient(
        model=NAME,
        base_url=asked.model,
        api_key=KEY,
        model_info=about,
    )
    async with mcp.McpWorkbench(parameters) as workbench:
        agent = module("autogen_agentchat.agents").AssistantAgent(
            "inspector", model_client=made, workbench=workbench, max_tool_iterations=4
        )
        await agent.run(task=asked.question)


async def mcp_use(asked: Asked) -> None:
    """mcp-use's MCPAgent."""
    kit = module("mcp_use")
    started = {"command": asked.command, "args": list(asked.args), "env": asked.env}
    client = kit.MCPClient.from_dict({"mcpServers": {"lfv": started}})
    made = module("langchain_openai").ChatOpenAI(model=NAME, base_url=asked.model, api_key=KEY)
    agent = kit.MCPAgent(llm=made, client=client, max_steps=20)
    try:
        await agent.run(asked.question)
    finally:
        await client.close_all_sessions()


async def crewai(asked: Asked) -> None:
    """CrewAI's Agent with `mcps`."""
    kit, mcp = module("crewai"), module("crewai.mcp")
    made = kit.LLM(model=f"openai/{NAME}", base_url=asked.model, api_key=KEY)
    server = mcp.MCPServerStdio(command=asked.command, args=list(asked.args), env=asked.env)

    def ask() -> None:
        agent = kit.Agent(
            **{"role": "inspector", "goal": asked.question, "backstory": "An inspector."},
            **{"llm": made, "mcps": [server], "max_iter": 5},
        )
        agent.kickoff(asked.question)

    await asyncio.to_thread(ask)


FRAMEWORKS: Final[dict[str, Callable[[Asked], Coroutine[Any, Any, None]]]] = {
    framework.__name__.replace("_", "-"): framework
    for framework in (
        *(strands, langchain, openai_agents, semantic_kernel, smolagents, agno, llama_index),
        *(haystack, autogen, mcp_use, crewai),
    )
}


def main() -> None:
    """Ask the framework that is named."""
    given = json.load(sys.stdin)
    command, *args = given["command"]
    env = dict(os.environ) | {"LFV_SOURCE": "sample"}
    asked = Asked(command, args, given["model"], given["question"], env)
    asyncio.run(FRAMEWORKS[sys.argv[1]](asked))


if __name__ == "__main__":
    main()
