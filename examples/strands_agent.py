"""Ask a Strands agent about models: it reads them through lfv-mcp.

    pip install 'strands-agents[openai]'
    python strands_agent.py "May version 3 of sample-weld-bead replace version 1?"

With `--url http://127.0.0.1:8000/mcp` it asks a server that runs (`lfv-mcp serve --transport
http`), else it starts `lfv-mcp` itself. The model is any that speaks OpenAI's API: OPENAI_API_KEY,
OPENAI_BASE_URL and OPENAI_MODEL name it.
"""

from __future__ import annotations

import argparse
import os

from mcp import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from strands import Agent
from strands.models.openai import OpenAIModel
from strands.tools.mcp import MCPClient

INSTRUCTIONS = """You decide about visual inspection models by what the tools say.
Quote figures with their intervals. Undecided is not equal. Say what you could not find out."""


def tools_of(url: str | None) -> MCPClient:
    """The tools of the server at a URL, or of one that is started here."""
    if url:
        return MCPClient(lambda: streamable_http_client(url))
    # The server inherits nothing but what is named: settings as LFV_SOURCE have to be passed on.
    env = {name: value for name, value in os.environ.items() if name.startswith(("LFV_", "AWS_"))}
    return MCPClient(lambda: stdio_client(StdioServerParameters(command="lfv-mcp", env=env)))


def main() -> None:
    """Ask one question."""
    parser = argparse.ArgumentParser(description="Ask about Lookout for Vision models.")
    parser.add_argument("question")
    parser.add_argument("--url", help="of a server that runs; else one is started")
    given = parser.parse_args()
    model = OpenAIModel(
        client_args={"base_url": os.environ.get("OPENAI_BASE_URL")},
        model_id=os.environ.get("OPENAI_MODEL", "gpt-5.1"),
    )
    with tools_of(given.url) as client:
        agent = Agent(model=model, tools=client.list_tools_sync(), system_prompt=INSTRUCTIONS)
        agent(given.question)  # prints what it says while it says it


if __name__ == "__main__":
    main()
