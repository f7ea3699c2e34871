"""Hosts and agent frameworks as they are published, with a model that does what a script says.

`python -m scripts.check_external_hosts [NAME ...]` installs them, with exact pins, below
$LFV_TEST_CACHE (else .cache), and lets each ask the bundled sample through `lfv-mcp` over stdio,
without an account: its model is `scripts.scripted_model`. Three lines per host, by what its model
has seen: it was offered every tool, a call's answer reached it, and so did the words of a call that
is refused. Then "N passed, N failed"; exits 1 if any failed. `--record` keeps the outcome of all of
them, with its date, for the table of docs/clients.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import anyio
from mcp import Client

from lfv_mcp.cli.host_config import pretty
from lfv_mcp.server.app import build_server
from lfv_mcp.server.tools import TOOLS
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from scripts.checks import ROOT, check, finish, installed_server, node, npm_prefix, run, say, venv
from scripts.conversation import MODEL
from scripts.external_hosts import HOSTS, Host, Scene
from scripts.scripted_model import Call, ScriptedModel, heard, scripted_model

FOREIGN: Final = ROOT / "scripts" / "foreign"
RECORD: Final = FOREIGN / "external_hosts.json"
PARTS: Final = ("lists", "calls", "breaks")
PLACEHOLDER: Final = "http://127.0.0.1:8080"
"""In place of the scripted model's URL, whose port differs each time."""
REFUSED: Final = MODEL | {"model_version": "3.5"}
SCRIPT: Final = (Call("describe_model", MODEL), Call("describe_model", REFUSED))


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
    if host.npm:
        modules = npm_prefix(name, *host.pins) / "node_modules"
        programs = modules / ".bin"
    else:
        programs = venv(name, *host.pins)
    with TemporaryDirectory() as folder, scripted_model(SCRIPT) as model:
        home = Path(folder)
        start = host.start(Scene(server, model.url))
        for file, text in start.written().items():
            (home / file).parent.mkdir(parents=True, exist_ok=True)
            (home / file).write_text(text, encoding="utf-8")
        if start.script and host.npm:  # Node finds packages beside a script alone
            (home / "node_modules").symlink_to(modules)
            shutil.copy2(FOREIGN / start.script[0], home)
            command: list[str | Path] = [node(), home / start.script[0]]
        elif start.script:
            command = [programs / "python", FOREIGN / start.script[0], *start.script[1:]]
        else:
            command = [programs / start.command[0], *start.command[1:]]
        # Nothing of the developer's own: no keys, no settings, no other servers.
        bare = {"HOME": folder, "PATH": f"{node().parent}:{os.defpath}", "LANG": "C.UTF-8"}
        try:
            done = run(command, env={**bare, **start.env}, cwd=home, stdin=start.stdin)
            said = f"exit {done.returncode}: {done.stdout[-700:]}{done.stderr[-1500:]}"
        except subprocess.TimeoutExpired:
            said = "it did not end"
        return outcome(model, answers, said)


def recorded() -> dict[str, Any]:
    """The last outcome that was kept: its date, and each host's pins and three parts."""
    kept: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return kept


def table() -> str:
    """The last outcome, for docs/clients.md."""
    head = "| host or framework | versions | lists | calls | breaks | to know |"
    rows = [
        f"| {HOSTS[name].title} | {', '.join(f'`{pin}`' for pin in kept['pins'])} "
        f"| {' | '.join('yes' if kept[part] else 'no' for part in PARTS)} | {HOSTS[name].note} |"
        for name, kept in recorded()["hosts"].items()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|", *rows]).replace("|  |", "| |")


def lines(server: str) -> str:
    """The command lines of the hosts that have one, for docs/clients.md."""
    starts = [host.start(Scene([server], PLACEHOLDER)) for host in HOSTS.values()]
    return "\n".join(start.line() for start in starts if start.command)


def main() -> int:
    """Every host, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of: " + ", ".join(HOSTS))
    parser.add_argument("--server", default=installed_server(), help="command that starts it")
    parser.add_argument("--record", action="store_true", help="keep the outcome of all hosts")
    chosen = parser.parse_args()
    if strange := set(chosen.names) - set(HOSTS):
        parser.error(f"no such host: {', '.join(sorted(strange))}")
    answers, kept = expected_answers(), {}
    for name in chosen.names or HOSTS:
        host = HOSTS[name]
        found = asked(name, host, shlex.split(chosen.server), answers)
        parts = {part: getattr(found, part) for part in PARTS}
        for part, seen in parts.items():
            check(f"{host.title}, {host.pins[0]}: {part}", seen, True)
        if not all(parts.values()):
            say(found.said)
        kept[name] = {"pins": [*host.pins], **parts}
    if chosen.record and not chosen.names:
        record = {"date": datetime.now(UTC).date().isoformat(), "hosts": kept}
        RECORD.write_text(f"{pretty(record)}\n", encoding="utf-8")
    return finish()


if __name__ == "__main__":
    sys.exit(main())
