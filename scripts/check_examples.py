"""The agents of `examples/`, over stdio and over HTTP, with a model that does what a script says.

`python -m scripts.check_examples` installs each agent's framework, with exact pins, below
$LFV_TEST_CACHE (else .cache), and runs the example as its first lines say. By what its model has
seen: it was offered every tool, the comparison's figures and the words of a refused call reached
it. Then "N passed, N failed"; exits 1 if any failed.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
from mcp import Client

from lfv_mcp.server.app import build_server
from lfv_mcp.server.tools import TOOLS
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from scripts.checks import (
    ROOT,
    check,
    environment,
    finish,
    installed_server,
    run,
    say,
    serving,
    venv,
)
from scripts.external_hosts import HOSTS
from scripts.scripted_model import LAST, Call, heard, scripted_model

EXAMPLES: Final = {"strands": "strands_agent.py", "langchain": "langchain_agent.py"}
QUESTION: Final = "May version 3 of sample-weld-bead replace version 1?"
_PAIR: Final = {"project_name": "sample-weld-bead", "model_versions": ["1", "3"]}
SCRIPT: Final = (
    Call("compare_models", _PAIR),
    Call("compare_models", _PAIR | {"recall_margin": 2}),
    Call("describe_model", {"project_name": "sample-weld-bead", "model_version": "3"}),
)


def expected() -> list[str]:
    """A sentence of what each call answers, by the official client."""

    async def ask() -> list[str]:
        async with Client(build_server(open_catalog(Settings())), mode="legacy") as client:
            results = [await client.call_tool(c.tool, dict(c.arguments)) for c in SCRIPT]
        texts = [next(b.text for b in each.content if b.type == "text") for each in results]
        return [text.splitlines()[0] for text in texts]

    return anyio.run(ask)


def asked(name: str, url: str | None, sentences: list[str]) -> None:
    """An example, asked once."""
    python = venv(name, *HOSTS[name].pins) / "python"
    command: list[str | Path] = [python, ROOT / "examples" / EXAMPLES[name], QUESTION]
    command += ["--url", url] if url else []
    server = Path(shlex.split(installed_server())[0])
    with TemporaryDirectory() as home, scripted_model(SCRIPT) as model:
        env = environment(home) | {
            **{"PATH": f"{server.parent}:{os.defpath}", "OPENAI_BASE_URL": f"{model.url}/v1"},
            **{"OPENAI_API_KEY": "none-is-needed", "OTEL_SDK_DISABLED": "true"},
        }
        done = run(command, env=env)
        title = f"{EXAMPLES[name]} over {'HTTP' if url else 'stdio'}"
        ends = (done.returncode, LAST in done.stdout)
        check(f"{title}: ends with the model's last word", ends, (0, True))
        check(f"{title}: offers every tool", model.offered >= {tool.name for tool in TOOLS}, True)
        told = [*model.told, "", "", ""]
        for call, sentence, said in zip(SCRIPT, sentences, told, strict=False):
            check(f"{title}: {call.tool} {dict(call.arguments)}", heard(sentence, said), True)
        if done.returncode:
            say(done.stderr[-2000:])


def main() -> int:
    """Each example, both ways."""
    sentences = expected()
    for name in EXAMPLES:
        asked(name, None, sentences)
    with serving(shlex.split(installed_server())) as url:
        for name in EXAMPLES:
            asked(name, url, sentences)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
