"""Clients that nobody here wrote, through the main path: each hears what our own client hears.

`python scripts/check_foreign_clients.py [--server COMMAND]` installs them, with exact pins, below
$LFV_TEST_CACHE (else .cache) and lets each talk to the sample: the MCP Inspector (stdio, HTTP and
the shipped Claude Desktop configuration, in both eras), the TypeScript SDK 2.x and 1.x, the Python
SDK 1.x, fastmcp, and an agent of pydantic-ai whose model is a script. Every file and every link of
docs/clients.md, but for Docker's, is started once and asked. One line per check, then "N passed, N
failed"; exits 1 if any failed.

The configurations say `uvx lfv-mcp`. To run this clone and nothing that some index may call
lfv-mcp, it is installed as the README says, `uv tool install .`, into a home of its own, where uv
is then set to be offline: uvx runs an installed tool before it looks for one.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mcp import Client, StdioServerParameters, stdio_client

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
from scripts.make_packaging import shown

INSPECTOR: Final = "@modelcontextprotocol/inspector@2.12.0"
TYPESCRIPT: Final = ("@modelcontextprotocol/client@2.4.0", "@modelcontextprotocol/sdk@1.32.2")
PYTHON_SDK_1: Final = "mcp==1.30.0"
FASTMCP: Final = "fastmcp-slim[client]==4.1.4"  # fastmcp without its server
AGENT: Final = "pydantic-ai-slim[mcp]==2.68.0"
UV: Final = "uv==0.13.9"
INSTALL: Final = ("uv", "tool", "install", ".")
"""As the README has it; its test compares the two."""
FOREIGN: Final = ROOT / "scripts" / "foreign"
CONFIGURATION: Final = ROOT / "claude_desktop_config.example.json"
CLIENTS: Final = ROOT / "docs" / "clients.md"

REVISIONS: Final = {"legacy": "2025-11-25", "modern": "2026-07-28"}


def main() -> int:
    """Every client."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", default=installed_server(), help="command that starts it")
    command = shlex.split(parser.parse_args().server)
    expected = expected_answers()
    with TemporaryDirectory() as home, serving(command) as url, uvx() as uvx_home:
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
        shipped = ("--config", str(CONFIGURATION), "--server", "lfv")
        # How it starts is what differs here, so the first questions are enough.
        check_inspector(Inspector(uvx_home, *shipped), expected, CONFIGURATION.name, slice(3))
        check_pages(uvx_home, expected)
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


def check_pages(env: Mapping[str, str], expected: Mapping[str, Any]) -> None:
    """What each host's file or link says starts a server that answers. Docker is not there."""

    async def ask(server: StdioServerParameters) -> object:
        async with Client(stdio_client(server), mode="legacy") as client:
            return (await client.call_tool(**ASKED["call"])).structured_content

    for name, shown_server in shown(CLIENTS.read_text(encoding="utf-8")):
        command, args = shown_server["command"], shown_server["args"]
        if command == "docker":
            continue
        settings = {**env, **shown_server["env"]}
        try:
            found = anyio.run(ask, StdioServerParameters(command=command, args=args, env=settings))
        except Exception as error:  # whatever it is, the others are still to be checked
            found = error
        check(f"{CLIENTS.name}, {name}: describes a model", found, expected["call"]["structure"])


@contextmanager
def uvx() -> Iterator[dict[str, str]]:
    """An environment in which `uvx lfv-mcp` is this clone, installed by the README's command."""
    uv = venv("uv", UV)
    with TemporaryDirectory() as home:
        env = environment(home) | {"UV_CACHE_DIR": str(CACHE / "uv-cache")}
        env["PATH"] = f"{uv}:{env['PATH']}"
        done = run(INSTALL, env={**env, "UV_PYTHON": sys.executable}, cwd=ROOT)
        check(shlex.join(INSTALL), (done.returncode, done.stderr), (0, done.stderr))
        # In a file: the Inspector, like hosts, passes on little more than HOME and PATH.
        settings = Path(home) / ".config" / "uv" / "uv.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text("offline = true\n", encoding="utf-8")
        yield env


if __name__ == "__main__":
    sys.exit(main())
