"""How external hosts and agent frameworks, at exact pins, are asked a question of our server.

Each is given a home of its own, our server over stdio and a scripted model in place of an account;
`scripts/check_external_hosts.py` runs them; docs/clients.md shows these files and command lines.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from lfv_mcp.cli.host_config import NAME, entry, pretty, snippet

QUESTION: Final = "Is version 3 of sample-cap-seal any good?"
KEY: Final = "none-is-needed"
SCRIPTED: Final = "scripted"


class Scene(NamedTuple):
    """What a host is given: our server's command, and the scripted model's URL, without a path."""

    server: Sequence[str]
    model: str

    def entry(self, host: str) -> dict[str, Any]:
        """Our server, as `lfv-mcp config` writes it for a host."""
        command, *args = self.server
        return {**entry(host, command, "sample"), "args": args}

    def asked(self) -> str:
        """What the scripts of `scripts/foreign` read."""
        model = f"{self.model}/v1"
        return json.dumps({"command": [*self.server], "model": model, "question": QUESTION})


class Start(NamedTuple):
    """How a host is asked the question.

    `command` begins with the name of one of its programs, or is empty: then it is `script`, of
    `scripts/foreign`, that asks. `files` are below its home: text as it is, all else as JSON.
    """

    command: Sequence[str | Path]
    env: Mapping[str, str] = {}
    files: Mapping[str, object] = {}
    script: Sequence[str] = ()
    stdin: str = ""

    def written(self) -> dict[str, str]:
        """Each file's text."""
        return {
            name: value if isinstance(value, str) else f"{pretty(value)}\n"
            for name, value in self.files.items()
        }

    def line(self) -> str:
        """As a person would type it."""
        settings = [f"{name}={shlex.quote(value)}" for name, value in self.env.items()]
        return " ".join([*settings, shlex.join(map(str, self.command))])


class Host(NamedTuple):
    """A host or framework: its pins, of which the first is its own, and how it is asked. `note` is
    what its user has to know, in Markdown."""

    title: str
    pins: Sequence[str]
    start: Callable[[Scene], Start]
    npm: bool = False
    note: str = ""


def claude_code(scene: Scene) -> Start:
    """Claude Code, whose model would else have to search for tools."""
    options = ("--mcp-config", "mcp.json", "--strict-mcp-config", "--allowedTools", f"mcp__{NAME}")
    return Start(
        ("claude", "-p", QUESTION, *options, "--model", "sonnet"),
        {
            **{"ANTHROPIC_BASE_URL": scene.model, "ANTHROPIC_API_KEY": KEY},
            **{"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "ENABLE_TOOL_SEARCH": "false"},
        },
        {"mcp.json": {"mcpServers": {NAME: scene.entry("claude-code")}}},
    )


def codex(scene: Scene) -> Start:
    """Codex, with a provider that speaks Responses."""
    provider = f"""model = "{SCRIPTED}"
model_provider = "{SCRIPTED}"

[model_providers.{SCRIPTED}]
name = "{SCRIPTED}"
base_url = "{scene.model}/v1"
wire_api = "responses"

"""
    return Start(
        ("codex", "exec", "--skip-git-repo-check", "--sandbox", "read-only", QUESTION),
        files={".codex/config.toml": provider + snippet("codex", scene.entry("codex"))},
    )


def gemini_cli(scene: Scene) -> Start:
    """Gemini CLI, in a folder that it trusts."""
    settings = {
        "mcpServers": {NAME: scene.entry("gemini-cli")},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "security": {"auth": {"selectedType": "gemini-api-key"}},
    }
    return Start(
        (
            "gemini",
            "-p",
            QUESTION,
            "--allowed-tools",
            f"mcp_{NAME}_*",
            "--model",
            "gemini-2.5-flash",
        ),
        {
            **{"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": scene.model},
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        },
        {".gemini/settings.json": settings},
    )


def qwen_code(scene: Scene) -> Start:
    """Qwen Code, whose file has Gemini CLI's form; else its model would have to search for tools,
    and the first turn would not wait for servers."""
    settings = {
        "mcpServers": {NAME: scene.entry("gemini-cli")},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "tools": {"toolSearch": {"enabled": False}},
    }
    options = ("--allowed-tools", f"mcp__{NAME}", "--auth-type", "openai", "--model", SCRIPTED)
    return Start(
        ("qwen", "-p", QUESTION, *options),
        {
            **{"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{scene.model}/v1"},
            "QWEN_CODE_LEGACY_MCP_BLOCKING": "1",
        },
        {".qwen/settings.json": settings},
    )


def copilot_cli(scene: Scene) -> Start:
    """Copilot CLI, with a model provider of one's own."""
    server = {"type": "local", **scene.entry("claude-code"), "tools": ["*"]}
    options = ("--disable-builtin-mcps", "--no-auto-update")
    return Start(
        ("copilot", "-p", QUESTION, *options),
        {
            **{"COPILOT_PROVIDER_BASE_URL": f"{scene.model}/v1", "COPILOT_MODEL": SCRIPTED},
            **{"COPILOT_PROVIDER_TYPE": "openai", "COPILOT_PROVIDER_API_KEY": KEY},
            "COPILOT_OFFLINE": "true",
        },
        {".copilot/mcp-config.json": {"mcpServers": {NAME: server}}},
    )


def opencode(scene: Scene) -> Start:
    """opencode, with a provider of its AI SDK."""
    server = scene.entry("claude-code")
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{scene.model}/v1", "apiKey": KEY},
        "models": {SCRIPTED: {"tool_call": True}},
    }
    settings = {
        "mcp": {
            NAME: {
                **{"type": "local", "command": [server["command"], *server["args"]]},
                "environment": server["env"],
            }
        },
        **{"provider": {SCRIPTED: provider}, "model": f"{SCRIPTED}/{SCRIPTED}"},
        **{"autoupdate": False, "share": "disabled"},
    }
    return Start(
        ("opencode", "run", QUESTION),
        {"OPENCODE_DISABLE_MODELS_FETCH": "1"},
        {".config/opencode/opencode.jsonc": settings},
    )


def framework(name: str, scene: Scene) -> Start:
    """A framework of Python."""
    quiet = {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true"}
    quiet |= {"MCP_USE_ANONYMIZED_TELEMETRY": "false", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    return Start((), quiet, script=("frameworks.py", name), stdin=scene.asked())


def node_framework(file: str, scene: Scene) -> Start:
    """A framework of Node."""
    quiet = {"MASTRA_TELEMETRY_DISABLED": "1"}
    return Start((), quiet, script=(file,), stdin=scene.asked())


def _python(name: str, title: str, *pins: str, note: str = "") -> dict[str, Host]:
    return {name: Host(title, pins, partial(framework, name), note=note)}


HOSTS: Final[Mapping[str, Host]] = {
    "claude-code": Host(
        *("Claude Code", ["@anthropic-ai/claude-code@2.1.332"], claude_code, True),
        note="`ENABLE_TOOL_SEARCH=false`, or its model has to search for tools",
    ),
    "codex": Host("Codex", ["@openai/codex@0.169.0"], codex, npm=True),
    "gemini-cli": Host(
        *("Gemini CLI", ["@google/gemini-cli@0.61.0"], gemini_cli, True),
        note="in a folder that it trusts",
    ),
    "qwen-code": Host(
        *("Qwen Code", ["@qwen-code/qwen-code@0.24.4"], qwen_code, True),
        note="`tools.toolSearch.enabled` false, or its model has to search for tools",
    ),
    "copilot-cli": Host("Copilot CLI", ["@github/copilot@1.0.102"], copilot_cli, npm=True),
    "opencode": Host("opencode", ["opencode-ai@1.18.33"], opencode, npm=True),
    "vercel-ai": Host(
        "Vercel AI SDK",
        ["ai@7.0.173", "@ai-sdk/mcp@2.0.99", "@ai-sdk/openai-compatible@3.0.92"],
        partial(node_framework, "vercel_ai.mjs"),
        npm=True,
    ),
    "mastra": Host(
        "Mastra",
        ["@mastra/core@1.71.0", "@mastra/mcp@2.0.0", "@ai-sdk/openai-compatible@3.0.92"],
        partial(node_framework, "mastra.mjs"),
        npm=True,
    ),
    **_python("strands", "Strands Agents", "strands-agents[openai]==1.62.0"),
    **_python(
        *("langchain", "LangChain", "langchain==1.5.2"),
        *("langchain-mcp-adapters==0.3.2", "langchain-openai==1.7.4"),
    ),
    **_python("openai-agents", "OpenAI Agents SDK", "openai-agents==0.24.0"),
    **_python(
        *("smolagents", "smolagents", "smolagents[mcp,openai]==1.26.0", "mcp==1.30.0"),
        note="its adapter cannot be imported with `mcp` 2",
    ),
    **_python("agno", "Agno", "agno==3.1.10", "fastmcp==4.1.4", "openai==3.57.0"),
    **_python(
        *("llama-index", "LlamaIndex", "llama-index-core==0.14.25"),
        *("llama-index-tools-mcp==0.6.0", "llama-index-llms-openai-like==0.8.1"),
    ),
    **_python("haystack", "Haystack", "haystack-ai==3.4.1", "mcp-haystack==2.1.1"),
    **_python(
        *("autogen", "AutoGen", "autogen-agentchat==0.7.5"),
        *("autogen-ext[openai,mcp]==0.7.5", "mcp==1.30.0"),
        note="cannot be imported with `mcp` 2",
    ),
    **_python("mcp-use", "mcp-use", "mcp-use==1.7.1", "langchain-openai==1.7.4"),
    **_python(
        *("crewai", "CrewAI", "crewai==1.15.30"),
        note="puts the path of `lfv-mcp` in front of each tool's name",
    ),
    **_python(
        *("semantic-kernel", "Semantic Kernel", "semantic-kernel[mcp]==1.45.0"),
        note="[needs a workaround](#semantic-kernel)",
    ),
}
