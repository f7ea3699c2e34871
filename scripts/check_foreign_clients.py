"""Clients that nobody here wrote, through the main path: each hears what our own client hears.

`python scripts/check_foreign_clients.py [--server COMMAND]` installs them, with exact pins, below
$LFV_TEST_CACHE (else .cache) and lets each talk to the sample: the MCP Inspector (stdio, HTTP and
Claude Desktop's configuration, in both eras), the TypeScript SDK 2.x and 1.x, the Python SDK 1.x,
fastmcp, and an agent of pydantic-ai whose model is a script. Every file of docs/clients.md, but for
Docker's, is started once and asked, and so is every file that `lfv-mcp config` writes; Claude Code,
Gemini CLI and Codex then list their own, and each starts the server. One line per check, then "N
passed, N failed"; exits 1 if any failed.

For the configurations this clone is installed as the README says, `uv tool install .`, into a home
of its own, below the user's and not in a temporary folder: `lfv-mcp config` writes the absolute
path of the command, and refuses one that does not last.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any, Final, NamedTuple

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mcp import Client, StdioServerParameters, stdio_client

from lfv_mcp.cli.host_config import HOSTS, entry, start_of, usual_file
from lfv_mcp.server.tools import TOOLS
from scripts.checks import (
    CACHE,
    ROOT,
    check,
    environment,
    finish,
    installed_server,
    node,
    npm_prefix,
    run,
    serving,
    venv,
)
from scripts.conversation import ASKED, CARD, MISSING, MODEL, PROMPT, expected_answers
from scripts.make_packaging import INSTALLED, shown

INSPECTOR: Final = "@modelcontextprotocol/inspector@2.12.0"
TYPESCRIPT: Final = ("@modelcontextprotocol/client@2.4.0", "@modelcontextprotocol/sdk@1.32.2")
PYTHON_SDK_1: Final = "mcp==1.30.0"
FASTMCP: Final = "fastmcp-slim[client]==4.1.4"  # fastmcp without its server
AGENT: Final = "pydantic-ai-slim[mcp]==2.68.0"
CLAUDE_CODE: Final = "@anthropic-ai/claude-code@2.1.332"
GEMINI_CLI: Final = "@google/gemini-cli@0.61.0"
CODEX: Final = "@openai/codex@0.169.0"
UV: Final = "uv==0.13.9"
INSTALL: Final = ("uv", "tool", "install", ".")
"""As the README has it; its test compares the two."""
FOREIGN: Final = ROOT / "scripts" / "foreign"
CLIENTS: Final = ROOT / "docs" / "clients.md"

CLIENT: Final = {"name": "check_foreign_clients", "version": "1"}
CONNECTED: Final = (True, "Connected")
"""As Claude Code and Gemini CLI list a server: the command is in the line, and this at its end."""

REVISIONS: Final = {"legacy": "2025-11-25", "modern": "2026-07-28"}


def main() -> int:
    """Every client."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", default=installed_server(), help="command that starts it")
    command = shlex.split(parser.parse_args().server)
    expected = expected_answers()
    with TemporaryDirectory() as home, serving(command) as url, installed() as installation:
        talk = partial(check_conversation, expected, environment(home))
        typescript = npm_prefix("typescript", *TYPESCRIPT) / "node_modules"
        script = [node(), FOREIGN / "typescript.cjs"]
        for to in (Server(command), Server((), url)):
            for era in REVISIONS:
                settings = {"major": 2, "era": era}
                talk(f"TypeScript SDK 2.x, {era}", script, to, settings, NODE_PATH=str(typescript))
            talk("TypeScript SDK 1.x", script, to, {"major": 1}, NODE_PATH=str(typescript))
            old = [venv("mcp-1", PYTHON_SDK_1) / "python", FOREIGN / "python_sdk1.py"]
            talk("Python SDK 1.x", old, to)
            talk(
                "fastmcp", [venv("fastmcp", FASTMCP) / "python", FOREIGN / "fastmcp_client.py"], to
            )
        check_agent(command, environment(home))
        check_inspector(Inspector(environment(home), *command), expected, "stdio")
        check_inspector(Inspector(environment(home), url, "--transport", "http"), expected, "HTTP")
        check_pages(installation, expected)
        configure(installation)
        desktop = usual_file("claude-desktop", installation.env, installation.home, sys.platform)
        shipped = ("--config", desktop, "--server", "lfv")
        # How it starts is what differs here, so the first questions are enough.
        inspector = Inspector(installation.env, *shipped)
        check_inspector(inspector, expected, "Claude Desktop's file", slice(3))
        check_written(installation, expected)
        check_claude_code(installation)
        check_gemini_cli(installation)
        check_codex(installation, expected)
    return finish()


class Server(NamedTuple):
    """Where to find the server: a command, or a URL."""

    command: Sequence[str]
    url: str = ""


def check_conversation(
    expected: Mapping[str, Any],
    env: Mapping[str, str],
    name: str,
    script: Sequence[str | Path],
    server: Server,
    settings: Mapping[str, object] | None = None,
    **variables: str,
) -> None:
    """One client, one transport: a line for each part of the conversation."""
    asked = ASKED | {"command": server.command, "url": server.url, **(settings or {})}
    done = run(script, env={**env, **variables}, stdin=json.dumps(asked))
    heard = json.loads(done.stdout) if done.returncode == 0 else {"stderr": done.stderr[-1500:]}
    where = "HTTP" if server.url else "stdio"
    for part, answer in expected.items():
        check(f"{name}, {where}: {part}", heard.get(part, heard.get("stderr")), answer)


def check_agent(command: Sequence[str], env: Mapping[str, str]) -> None:
    """The agent gets from the list to the evidence by what it is told."""
    script: list[str | Path] = [venv("pydantic-ai", AGENT) / "python", FOREIGN / "agent.py"]
    done = run(script, env=env, stdin=json.dumps(command))
    heard = json.loads(done.stdout) if done.returncode == 0 else {"calls": done.stderr[-1500:]}
    newest = {"project_name": "sample-weld-bead", "model_version": "4"}
    steps = [
        ["list_models", {"project_name": "sample-weld-bead"}],
        ["describe_model", newest],
        ["analyze_evaluation", newest],
    ]
    check("pydantic-ai: list, describe, analyze", heard["calls"], steps)
    codes = [code for code in heard.get("codes", []) if code.startswith("escapes_")]
    check("pydantic-ai: decides by codes", codes, ["escapes_notable"])


class Inspector:
    """The Inspector's command line at one server, in either era."""

    def __init__(self, env: Mapping[str, str], *target: str) -> None:
        self._env = env
        self._target = target
        prefix = npm_prefix("inspector", INSPECTOR)
        binary = prefix / "node_modules" / ".bin" / "mcp-inspector"
        self._command: list[str | Path] = [node(), binary, "--cli"]

    def __call__(self, era: str, method: str, *options: str) -> tuple[int, Any]:
        """Exit code and result, or what was said instead."""
        patience = ("--connect-timeout", "60000")  # milliseconds; a busy machine is not a failure
        asked = ("--protocol-era", era, "--method", method, *options, *patience)
        machine = ("-q", "--format", "json")
        done = run([*self._command, *self._target, *asked, *machine], env=self._env)
        try:
            return done.returncode, json.loads(done.stdout)["result"]
        except (ValueError, KeyError):
            return done.returncode, done.stderr[-1500:] or done.stdout[-1500:]


class Question(NamedTuple):
    """One call of the Inspector: its exit code, and what is seen in the result."""

    name: str
    method: tuple[str, ...]
    code: int
    seen: Callable[[Any], object]
    expected: object


def questions(expected: Mapping[str, Any], era: str) -> Iterator[Question]:
    """Every method of the Inspector that means something here."""
    call = ("tools/call", "--tool-name", "describe_model", "--tool-args-json")
    get = ("prompts/get", "--prompt-name", PROMPT)
    filled = [f"{name}={value}" for name, value in MODEL.items()]

    def names(member: str) -> Callable[[Any], object]:
        return lambda result: [item["name"] for item in result[member]]

    def read(result: Any) -> object:
        parts = [m["content"] for m in result["messages"]]
        return [part.get("text") or part["resource"]["text"] for part in parts]

    yield Question(
        "opens", ("initialize",), 0, lambda result: result["protocolVersion"], REVISIONS[era]
    )
    yield Question(
        "describes a model",
        (*call, json.dumps(MODEL)),
        0,
        lambda result: result["structuredContent"],
        expected["call"]["structure"],
    )
    yield Question(
        "hears of a missing model",
        (*call, json.dumps(MISSING)),
        5,  # the tool answered that it failed
        lambda result: [block["text"] for block in result["content"]],
        expected["failed"]["text"],
    )
    yield Question("fills a prompt", (*get, "--prompt-args", *filled), 0, read, expected["prompt"])
    yield Question(
        "is told what a prompt needs", get, 1, lambda said: "project_name" in str(said), True
    )
    yield Question(
        "finds schemas portable",
        ("tools/list", "--strict"),
        0,
        names("tools"),
        expected["tools"],
    )
    yield Question("lists prompts", ("prompts/list",), 0, names("prompts"), expected["prompts"])
    yield Question(
        "reads a model card",
        ("resources/read", "--uri", CARD),
        0,
        lambda result: [part["text"] for part in result["contents"]],
        expected["resource"],
    )


def check_inspector(
    inspector: Inspector, expected: Mapping[str, Any], name: str, among: slice = slice(None)
) -> None:
    """These questions, in both eras."""
    asked = [(era, q) for era in REVISIONS for q in list(questions(expected, era))[among]]
    with ThreadPoolExecutor(2) as pool:  # starting Node and Python takes longer than all questions
        answers = pool.map(lambda one: inspector(one[0], *one[1].method), asked)
        for (era, question), (code, result) in zip(asked, answers, strict=True):
            try:
                found = (code, question.seen(result))
            except (KeyError, TypeError, AttributeError):
                found = (code, result)
            check(
                f"Inspector, {name}, {era}: {question.name}",
                found,
                (question.code, question.expected),
            )


class Installation(NamedTuple):
    """This clone as the README installs it: the command, its home, and an environment for hosts."""

    command: str
    home: str
    env: Mapping[str, str]


@contextmanager
def installed() -> Iterator[Installation]:
    """This clone, installed by the README's command below the user's home, for a while."""
    uv = venv("uv", UV)
    with TemporaryDirectory(dir=Path.home(), prefix=".lfv-mcp-check-") as home:
        building = environment(home) | {"UV_CACHE_DIR": str(CACHE / "uv-cache")}
        building |= {"PATH": f"{uv}:{building['PATH']}", "UV_PYTHON": sys.executable}
        done = run(INSTALL, env=building, cwd=ROOT)
        check(shlex.join(INSTALL), (done.returncode, done.stderr), (0, done.stderr))
        # Nothing of the developer's own hosts, and no way to fetch a program by its name.
        env = {"HOME": home, "PATH": f"{node().parent}:{os.defpath}"}
        link = Path(home) / ".local" / "bin" / "lfv-mcp"
        yield Installation(str(link.resolve()), home, env)


def configure(installation: Installation) -> None:
    """Have `lfv-mcp config` write every host's own file."""
    for host in HOSTS:
        done = run([installation.command, "config", host, "--write"], env=installation.env)
        file = usual_file(host, installation.env, installation.home, sys.platform)
        found = (done.returncode, done.stderr, file in done.stdout)
        check(f"lfv-mcp config {host} --write", found, (0, "", True))


def check_started(
    name: str, server: Mapping[str, Any], env: Mapping[str, str], expected: Mapping[str, Any]
) -> None:
    """A host's entry starts a server that answers."""

    async def ask() -> object:
        (command, *more), variables = start_of(server)
        to = StdioServerParameters(command=command, args=more, env={**env, **variables})
        async with Client(stdio_client(to), mode="legacy") as client:
            return (await client.call_tool(**ASKED["call"])).structured_content

    try:
        found = anyio.run(ask)
    except Exception as error:  # whatever it is, the others are still to be checked
        found = error
    check(f"{name}: describes a model", found, expected["call"]["structure"])


def check_pages(installation: Installation, expected: Mapping[str, Any]) -> None:
    """Each host's file as the page shows it, with the installed command in its place. Docker is
    not there."""
    for name, server in shown(CLIENTS.read_text(encoding="utf-8")):
        command = start_of(server)[0][0]
        if command != "docker":
            check(f"{CLIENTS.name}, {name}: command", command, INSTALLED)
            told = installation.command
            filled = {**server, "command": [told] if "environment" in server else told}
            check_started(f"{CLIENTS.name}, {name}", filled, installation.env, expected)


def check_written(installation: Installation, expected: Mapping[str, Any]) -> None:
    """Each host's own file, as `lfv-mcp config` has written it."""
    for name, host in HOSTS.items():
        file = Path(usual_file(name, installation.env, installation.home, sys.platform))
        text = file.read_text(encoding="utf-8")
        parsed = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
        server = parsed[host.servers]["lfv"]
        check(f"{file.name} of {host.title}: command", start_of(server)[0], [installation.command])
        check_started(f"{file.name} of {host.title}", server, installation.env, expected)


def check_claude_code(installation: Installation) -> None:
    """Claude Code reads the file and starts the server; so it does what its own command adds."""
    claude = npm_prefix("claude-code", CLAUDE_CODE) / "node_modules" / ".bin" / "claude"
    env = {**installation.env, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    printed = run([installation.command, "config", "claude-code"], env=installation.env).stdout
    for step in ("file", "command"):
        if step == "command":
            removed = run([claude, "mcp", "remove", "lfv", "--scope", "user"], env=env)
            added = run([claude, *shlex.split(printed)[1:]], env=env)
            check("Claude Code: adds it", (removed.returncode, added.returncode), (0, 0))
        listed = run([claude, "mcp", "list"], env=env).stdout
        line = next((line for line in listed.splitlines() if line.startswith("lfv: ")), listed)
        check(
            f"Claude Code, {step}: lists it", (installation.command in line, line[-9:]), CONNECTED
        )
        got = run([claude, "mcp", "get", "lfv"], env=env).stdout
        said = [word in got for word in ("Scope: User", "Connected", "LFV_SOURCE=sample")]
        check(f"Claude Code, {step}: gets it", said, [True, True, True])


def check_gemini_cli(installation: Installation) -> None:
    """Gemini CLI reads the file and starts the server, in a folder that its user trusts."""
    gemini = npm_prefix("gemini-cli", GEMINI_CLI) / "node_modules" / ".bin" / "gemini"
    env = {**installation.env, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    done = run([gemini, "mcp", "list"], env=env, cwd=Path(installation.home))
    said = done.stdout + done.stderr
    line = next((line for line in said.splitlines() if "lfv: " in line), said)
    check("Gemini CLI: lists it", (installation.command in line, line[-9:]), CONNECTED)


def check_codex(installation: Installation, expected: Mapping[str, Any]) -> None:
    """Codex reads the file, and its app server starts ours and hears of the tools."""
    codex = npm_prefix("codex", CODEX) / "node_modules" / ".bin" / "codex"
    done = run([codex, "mcp", "list", "--json"], env=installation.env)
    listed: Any = json.loads(done.stdout) if done.returncode == 0 else done.stderr[-700:]
    try:
        (server,) = listed
        transport = {name: server["transport"][name] for name in ("type", "command", "args", "env")}
        found: object = (server["name"], server["enabled"], transport)
    except (ValueError, KeyError, TypeError):
        found = listed
    stdio = {"type": "stdio", **entry("codex", installation.command, "sample")}
    check("Codex: lists it", found, ("lfv", True, stdio))
    check("Codex: hears of the tools", _asked_of_codex(codex, installation), expected["tools"])


def _asked_of_codex(codex: Path, installation: Installation) -> object:
    """The tools that Codex knows of our server, in our order."""
    opening = {"id": 1, "method": "initialize", "params": {"clientInfo": CLIENT}}
    status = {"id": 2, "method": "mcpServerStatus/list", "params": {}}
    command = [str(codex), "app-server"]
    with subprocess.Popen(
        command,
        env=dict(installation.env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdin
        assert process.stdout
        patience = Timer(60, process.kill)
        patience.start()
        try:
            for message in (opening, {"method": "initialized"}, status):
                process.stdin.write(json.dumps(message) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if answer.get("id") == 2:
                    ours = [s for s in answer["result"]["data"] if s["name"] == "lfv"]
                    return [tool.name for tool in TOOLS if tool.name in ours[0]["tools"]]
        finally:
            patience.cancel()
            process.terminate()
    return "no answer"


if __name__ == "__main__":
    sys.exit(main())
