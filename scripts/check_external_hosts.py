"""Hosts and agent frameworks as they are published, with a model that does what a script says.

`python -m scripts.check_external_hosts [NAME ...]` installs them, with exact pins, below
$LFV_TEST_CACHE (else .cache), and lets each ask the bundled sample through `lfv-mcp` over stdio,
without an account: its model is `scripts.scripted_model`. Three lines per host, by what its model
has seen: it was offered every tool, a call's answer reached it, and so did the words of a call that
is refused. Then "N passed, N failed"; exits 1 if any failed. `--record` keeps the outcome, with its
date, for docs/clients.md, if every host was asked and none failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import anyio
from mcp import Client

from lfv_mcp.cli.host_config import NAME, entry, pretty, snippet
from lfv_mcp.server.app import build_server
from lfv_mcp.server.tools import TOOLS
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from scripts.checks import ROOT, check, finish, installed_server, node, npm_prefix, run, say, venv
from scripts.conversation import MODEL
from scripts.scripted_model import Call, ScriptedModel, heard, scripted_model

FOREIGN: Final = ROOT / "scripts" / "foreign"
RECORD: Final = FOREIGN / "external_hosts.json"
QUESTION: Final = "Is version 3 of sample-cap-seal any good?"
REFUSED: Final = MODEL | {"model_version": "3.5"}
SCRIPT: Final = (Call("describe_model", MODEL), Call("describe_model", REFUSED))
KEY: Final = "none-is-needed"
SCRIPTED: Final = "scripted"


class Scene(NamedTuple):
    """What a host is given: a home of its own, where it was installed, our server's command, and the
    scripted model's URL, without a path."""

    home: Path
    place: Path
    server: Sequence[str]
    model: str

    def write(self, file: str, value: object) -> None:
        """A file of the host, below its home; text as it is, all else as JSON."""
        path = self.home / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else pretty(value), encoding="utf-8")

    def entry(self, host: str) -> dict[str, Any]:
        """Our server, as `lfv-mcp config` writes it for a host."""
        command, *args = self.server
        return {**entry(host, command, "sample"), "args": args}

    def asked(self, path: str) -> str:
        """What the scripts of `scripts/foreign` read; `path` is the API's, at the model."""
        model = f"{self.model}{path}"
        return json.dumps({"command": [*self.server], "model": model, "question": QUESTION})


class Start(NamedTuple):
    """How a host is asked the question."""

    command: Sequence[str | Path]
    env: Mapping[str, str] = {}
    stdin: str = ""


class Host(NamedTuple):
    """A host or framework: its pins, of which the first is its own, and how it is asked."""

    title: str
    pins: Sequence[str]
    start: Callable[[Scene], Start]
    npm: bool = False
    note: str = ""


def claude_code(scene: Scene) -> Start:
    """Claude Code; without ENABLE_TOOL_SEARCH=false its model has to search for tools first."""
    scene.write("mcp.json", {"mcpServers": {NAME: scene.entry("claude-code")}})
    options = ("--mcp-config", scene.home / "mcp.json", "--strict-mcp-config")
    allowed = ("--allowedTools", f"mcp__{NAME}", "--model", "claude-sonnet-4-5")
    return Start(
        [scene.place / ".bin" / "claude", "-p", QUESTION, *options, *allowed],
        {
            **{"ANTHROPIC_BASE_URL": scene.model, "ANTHROPIC_API_KEY": KEY},
            **{"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "ENABLE_TOOL_SEARCH": "false"},
        },
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
    scene.write(".codex/config.toml", provider + snippet("codex", scene.entry("codex")))
    where = ("--skip-git-repo-check", "--sandbox", "read-only")
    return Start([scene.place / ".bin" / "codex", "exec", *where, QUESTION])


def gemini_cli(scene: Scene) -> Start:
    """Gemini CLI, in a folder that it trusts."""
    servers = {"mcpServers": {NAME: scene.entry("gemini-cli")}}
    private = {"privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False}}
    auth = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    scene.write(".gemini/settings.json", servers | private | auth)
    options = ("--approval-mode", "yolo", "--model", "gemini-2.5-flash")
    return Start(
        [scene.place / ".bin" / "gemini", "-p", QUESTION, *options],
        {
            **{"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": scene.model},
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        },
    )


def qwen_code(scene: Scene) -> Start:
    """Qwen Code, whose file has Gemini CLI's form; else its model would have to search for tools,
    and the first turn would not wait for servers."""
    servers = {"mcpServers": {NAME: scene.entry("gemini-cli")}}
    quiet = {"privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False}}
    offered = {"tools": {"toolSearch": {"enabled": False}}}
    scene.write(".qwen/settings.json", servers | quiet | offered)
    options = ("--approval-mode", "yolo", "--auth-type", "openai", "--model", SCRIPTED)
    return Start(
        [scene.place / ".bin" / "qwen", "-p", QUESTION, *options],
        {
            **{"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{scene.model}/v1"},
            **{"OPENAI_MODEL": SCRIPTED, "QWEN_CODE_LEGACY_MCP_BLOCKING": "1"},
        },
    )


def copilot_cli(scene: Scene) -> Start:
    """Copilot CLI with a model provider of one's own."""
    server = {"type": "local", "tools": ["*"], **scene.entry("claude-code")}
    scene.write(".copilot/mcp-config.json", {"mcpServers": {NAME: server}})
    options = ("--allow-all-tools", "--disable-builtin-mcps", "--no-auto-update")
    return Start(
        [scene.place / ".bin" / "copilot", "-p", QUESTION, *options],
        {
            **{"COPILOT_PROVIDER_BASE_URL": f"{scene.model}/v1", "COPILOT_MODEL": SCRIPTED},
            **{"COPILOT_PROVIDER_TYPE": "openai", "COPILOT_PROVIDER_API_KEY": KEY},
            "COPILOT_OFFLINE": "true",
        },
    )


def opencode(scene: Scene) -> Start:
    """opencode with a provider of its AI SDK."""
    server = scene.entry("claude-code")
    local = {"type": "local", "command": [server["command"], *server["args"]], "enabled": True}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{scene.model}/v1", "apiKey": KEY},
        "models": {SCRIPTED: {"tool_call": True}},
    }
    settings = {
        **{"provider": {SCRIPTED: provider}, "model": f"{SCRIPTED}/{SCRIPTED}"},
        **{"mcp": {NAME: local | {"environment": server["env"]}}, "autoupdate": False},
        **{"share": "disabled", "permission": {"*": "allow"}},
    }
    scene.write(".config/opencode/opencode.json", settings)
    return Start(
        [scene.place / ".bin" / "opencode", "run", QUESTION],
        {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    )


def framework(name: str, scene: Scene) -> Start:
    """A framework of Python."""
    quiet = {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true"}
    quiet |= {"MCP_USE_ANONYMIZED_TELEMETRY": "false", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    command = [scene.place / "python", FOREIGN / "frameworks.py", name]
    return Start(command, quiet, scene.asked("/v1"))


def script(name: str, scene: Scene) -> Start:
    """A framework of Node; a script finds packages beside itself alone."""
    (scene.home / "node_modules").symlink_to(scene.place)
    shutil.copy2(FOREIGN / name, scene.home / name)
    quiet = {"MASTRA_TELEMETRY_DISABLED": "1", "AI_SDK_LOG_WARNINGS": "false"}
    return Start([node(), scene.home / name], quiet, scene.asked("/v1"))


def _python(name: str, title: str, *pins: str, note: str = "") -> dict[str, Host]:
    return {name: Host(title, pins, partial(framework, name), note=note)}


HOSTS: Final[Mapping[str, Host]] = {
    "claude-code": Host(
        "Claude Code", ("@anthropic-ai/claude-code@2.1.332",), claude_code, npm=True
    ),
    "codex": Host("Codex", ("@openai/codex@0.169.0",), codex, npm=True),
    "gemini-cli": Host("Gemini CLI", ("@google/gemini-cli@0.61.0",), gemini_cli, npm=True),
    "qwen-code": Host("Qwen Code", ("@qwen-code/qwen-code@0.24.4",), qwen_code, npm=True),
    "copilot-cli": Host("Copilot CLI", ("@github/copilot@1.0.102",), copilot_cli, npm=True),
    "opencode": Host("opencode", ("opencode-ai@1.18.33",), opencode, npm=True),
    "vercel-ai": Host(
        "Vercel AI SDK",
        ("ai@7.0.173", "@ai-sdk/mcp@2.0.99", "@ai-sdk/openai-compatible@3.0.92"),
        partial(script, "vercel_ai.mjs"),
        npm=True,
    ),
    "mastra": Host(
        "Mastra",
        ("@mastra/core@1.71.0", "@mastra/mcp@2.0.0", "@ai-sdk/openai-compatible@3.0.92"),
        partial(script, "mastra.mjs"),
        npm=True,
    ),
    **_python("strands", "Strands Agents", "strands-agents[openai]==1.62.0"),
    **_python(
        *("langchain", "LangChain", "langchain==1.5.2"),
        *("langchain-mcp-adapters==0.3.2", "langchain-openai==1.7.4"),
    ),
    **_python("openai-agents", "OpenAI Agents SDK", "openai-agents==0.24.0"),
    **_python("smolagents", "smolagents", "smolagents[mcp,openai]==1.26.0", "mcp==1.30.0"),
    **_python("agno", "Agno", "agno==3.1.10", "fastmcp==4.1.4", "openai==3.57.0"),
    **_python(
        *("llama-index", "LlamaIndex", "llama-index-core==0.14.25"),
        *("llama-index-tools-mcp==0.6.0", "llama-index-llms-openai-like==0.8.1"),
    ),
    **_python("haystack", "Haystack", "haystack-ai==3.4.1", "mcp-haystack==2.1.1"),
    **_python(
        *("autogen", "AutoGen", "autogen-agentchat==0.7.5"),
        *("autogen-ext[openai,mcp]==0.7.5", "mcp==1.30.0"),
    ),
    **_python("mcp-use", "mcp-use", "mcp-use==1.7.1", "langchain-openai==1.7.4"),
    **_python("crewai", "CrewAI", "crewai==1.15.30"),
    **_python("semantic-kernel", "Semantic Kernel", "semantic-kernel[mcp]==1.45.0"),
}


class Outcome(NamedTuple):
    """What a host's model has seen, and what the host said, if that is of use."""

    lists: bool
    calls: bool
    breaks: bool
    said: str


def outcome(model: ScriptedModel, answers: tuple[str, str], said: str) -> Outcome:
    """By what the model has seen: every tool, the answer, and the refusal."""
    told = [*model.told, "", ""]
    return Outcome(
        all(any(name.endswith(tool.name) for name in model.offered) for tool in TOOLS),
        heard(answers[0], told[0]),
        heard(answers[1], told[1]),
        said,
    )


def expected_answers() -> tuple[str, str]:
    """The summary of the call, and the first line of the refusal, by the official client."""

    async def ask() -> tuple[str, str]:
        async with Client(build_server(open_catalog(Settings())), mode="legacy") as client:
            called, refused = [await client.call_tool(c.tool, dict(c.arguments)) for c in SCRIPT]
            (block,) = (block for block in refused.content if block.type == "text")
            assert called.structured_content
            return called.structured_content["summary"], block.text.splitlines()[0]

    return anyio.run(ask)


def asked(name: str, host: Host, server: Sequence[str], answers: tuple[str, str]) -> Outcome:
    """A host, installed, asked and ended."""
    place = npm_prefix(name, *host.pins) / "node_modules" if host.npm else venv(name, *host.pins)
    with TemporaryDirectory() as home, scripted_model(SCRIPT) as model:
        start = host.start(Scene(Path(home), place, server, model.url))
        # Nothing of the developer's own: no keys, no settings, no other servers.
        bare = {"HOME": home, "PATH": f"{node().parent}:{os.defpath}", "LANG": "C.UTF-8"}
        try:
            env = {**bare, **start.env}
            done = run(start.command, env=env, cwd=Path(home), stdin=start.stdin)
            said = f"exit {done.returncode}: {done.stdout[-700:]}{done.stderr[-1500:]}"
        except subprocess.TimeoutExpired:
            said = "it did not end"
        return outcome(model, answers, said)


def main() -> int:
    """Every host, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *HOSTS])
    parser.add_argument("--server", default=installed_server(), help="command that starts it")
    parser.add_argument("--record", action="store_true", help="keep the outcome")
    chosen = parser.parse_args()
    answers = expected_answers()
    for name in chosen.names or HOSTS:
        host = HOSTS[name]
        found = asked(name, host, shlex.split(chosen.server), answers)
        for part in ("lists", "calls", "breaks"):
            check(f"{host.title} {host.pins[0]}: {part}", getattr(found, part), True)
        if not all(found[:3]):
            say(found.said)
    code = finish()
    if chosen.record and not chosen.names and code == 0:
        record = {"date": datetime.now(UTC).date().isoformat()}
        pins = {name: [*host.pins] for name, host in HOSTS.items()}
        RECORD.write_text(pretty(record | {"pins": pins}) + "\n", encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
