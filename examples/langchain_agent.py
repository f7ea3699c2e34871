"""Ask a LangChain agent about models: it reads them through lfv-mcp.

    pip install langchain langchain-mcp-adapters langchain-openai
    python langchain_agent.py "May version 3 of sample-weld-bead replace version 1?"

With `--url http://127.0.0.1:8000/mcp` it asks a server that runs (`lfv-mcp serve --transport
http`), else it starts `lfv-mcp` itself. The model is any that speaks OpenAI's API: OPENAI_API_KEY,
OPENAI_BASE_URL and OPENAI_MODEL name it.
"""

from __future__ import annotations

import argparse
import asyncio
import os

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_openai import ChatOpenAI

INSTRUCTIONS = """You decide about visual inspection models by what the tools say.
Quote figures with their intervals. Undecided is not equal. Say what you could not find out."""


def server(url: str | None) -> MultiServerMCPClient:
    """The server at a URL, or one that is started here."""
    if url:
        return MultiServerMCPClient({"lfv": {"transport": "streamable_http", "url": url}})
    # The server inherits nothing but what is named: settings as LFV_SOURCE have to be passed on.
    env = {name: value for name, value in os.environ.items() if name.startswith(("LFV_", "AWS_"))}
    env["PATH"] = os.environ["PATH"]
    stdio = {"transport": "stdio", "command": "lfv-mcp", "args": [], "env": env}
    return MultiServerMCPClient({"lfv": stdio})


async def answer(question: str, url: str | None) -> str:
    """What the agent says in the end."""
    model = ChatOpenAI(model=os.environ.get("OPENAI_MODEL", "gpt-5.1"))
    agent = create_agent(model, await server(url).get_tools(), system_prompt=INSTRUCTIONS)
    said = await agent.ainvoke({"messages": [("user", question)]})
    return str(said["messages"][-1].text)


def main() -> None:
    """Ask one question."""
    parser = argparse.ArgumentParser(description="Ask about Lookout for Vision models.")
    parser.add_argument("question")
    parser.add_argument("--url", help="of a server that runs; else one is started")
    given = parser.parse_args()
    print(asyncio.run(answer(given.question, given.url)))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
