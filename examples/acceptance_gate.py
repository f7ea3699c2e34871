"""An acceptance gate: is the newest model of a project proven better than its baseline?

    .venv/bin/python examples/acceptance_gate.py sample-weld-bead --baseline 1
    .venv/bin/python examples/acceptance_gate.py my-project --source ~/lfv-archive && deploy ...

It lists the project's models, takes the newest whose evaluation files can be read, looks at that
evidence, and compares it with the baseline (by default the next older model). It then decides by
finding codes, severities and the verdict, all of which are stable (docs/codes.md), and never by a
sentence. Prints the decision as JSON; exits 0 to accept and 1 to reject. What cannot be asked is
rejected too: a gate that fails open is none.

It starts the server `lfv-mcp` over stdio, with this process's environment. An agent of any
framework can take the same steps; this one needs no model, so it decides the same way every time.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import anyio
from mcp import Client, MCPError, StdioServerParameters, stdio_client

ERROR: Final = "io.github.lfv-mcp/error"
"""`_meta` key of a failed call; its `code` is stable."""
NO_EVIDENCE: Final = "evidence_unavailable"
BLOCKING: Final = frozenset(
    {
        # Is it the evidence of this model, and whole?
        *("counts_unknown", "description_disagrees", "duplicate_images", "manifest_too_long"),
        *("metrics_disagree", "test_set_size_differs", "unusable_lines"),
        # Does it prove anything?
        *("different_test_sets", "perfect_on_few", "small_test_set", "test_set_unknown"),
        # Is what it proves good enough?
        *("trade_off", "weak_label"),
    }
)
"""Findings that stop a model, beside every critical one."""


@dataclass(frozen=True)
class Decision:
    """What was decided, and for which codes; without reasons it is to accept."""

    project_name: str
    candidate: str = ""
    baseline: str = ""
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    accept: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "accept", not self.reasons)


class RefusedError(Exception):
    """The server answered a call with an error; this is its code."""


async def decide(client: Client, project: str, baseline: str = "") -> Decision:
    """The gate, for whoever has a client already."""
    try:
        newer = await versions(client, project)
        candidate, report = await newest_with_evidence(client, project, newer)
    except RefusedError as refused:
        return Decision(project, reasons=(str(refused),))
    older = newer[newer.index(candidate) + 1 :]
    if not (baseline or older):
        return Decision(project, candidate, reasons=("no_baseline",))
    baseline = baseline or older[0]
    try:
        which = {"project_name": project, "model_versions": [baseline, candidate]}
        compared = await ask(client, "compare_models", **which)
    except RefusedError as refused:
        return Decision(project, candidate, baseline, reasons=(str(refused),))
    verdict = next(
        model["verdict"] for model in compared["models"] if model["model_version"] == candidate
    )
    reasons = {*blocking(report["findings"]), *blocking(compared["findings"])}
    if verdict != "better":
        reasons.add(verdict)
    return Decision(project, candidate, baseline, verdict, tuple(sorted(reasons)))


async def versions(client: Client, project: str) -> list[str]:
    """Every version of the project, newest first as the server lists them."""
    found: list[str] = []
    token = ""
    while True:
        page = await ask(client, "list_models", project_name=project, next_token=token)
        found += [row["model_version"] for row in page["models"]]
        token = page.get("next_token", "")
        if not token:
            return found


async def newest_with_evidence(
    client: Client, project: str, newer: Iterable[str]
) -> tuple[str, Mapping[str, Any]]:
    """The newest version whose evaluation files can be read, and what they prove.

    Raises:
        RefusedError: there is none, or the server could not say.
    """
    for version in newer:
        which = {"project_name": project, "model_version": version}
        try:
            return version, await ask(client, "analyze_evaluation", **which)
        except RefusedError as refused:
            if str(refused) != NO_EVIDENCE:
                raise
    raise RefusedError(NO_EVIDENCE)


async def ask(client: Client, tool: str, **arguments: Any) -> Mapping[str, Any]:
    """The structured result of a tool.

    Raises:
        RefusedError: with the code of its error.
    """
    result = await client.call_tool(tool, arguments)
    if result.is_error or result.structured_content is None:
        raise RefusedError((result.meta or {}).get(ERROR, {}).get("code", "unknown_error"))
    structure: Mapping[str, Any] = result.structured_content
    return structure


def blocking(findings: Iterable[Mapping[str, str]]) -> set[str]:
    """The codes that stop a model."""
    return {f["code"] for f in findings if f["severity"] == "critical" or f["code"] in BLOCKING}


async def run(command: list[str], project: str, baseline: str) -> Decision:
    """The gate at a server that it starts."""
    server = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    async with Client(stdio_client(server)) as client:
        return await decide(client, project, baseline)


def main() -> int:
    """Decide, say so, and exit with it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project")
    parser.add_argument("--baseline", default="", help="version to beat; default: the next older")
    parser.add_argument("--source", default="", help="as LFV_SOURCE: sample, a directory, s3://...")
    parser.add_argument("--server", default="lfv-mcp", help="command that starts the server")
    given = parser.parse_args()
    command = shlex.split(given.server)
    if given.source:
        command += ["serve", "--source", given.source]
    try:
        decision = anyio.run(run, command, given.project, given.baseline)
    except* (OSError, MCPError):
        decision = Decision(given.project, reasons=("server_unavailable",))
    sys.stdout.write(json.dumps(asdict(decision), indent=2) + "\n")
    return 0 if decision.accept else 1


if __name__ == "__main__":
    sys.exit(main())
