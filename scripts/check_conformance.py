"""The official conformance suite against `lfv-mcp serve --transport http`, in both revisions.

`python scripts/check_conformance.py [--server COMMAND]` installs the suite and the Node 22 that it
needs below $LFV_TEST_CACHE (else .cache), and runs every scenario that needs no fixture tools of
the suite's own. One line per scenario, then "N passed, N failed"; exits 1 if any failed.

A scenario passes only with exactly the checks it had when this was written: the suite also exits
with 0 for a scenario that it skipped or that found nothing to check. Two of 2025-11-25,
server-sse-multiple-streams and server-session-lifecycle, have nothing to check on a server without
sessions; input-required-result-ignore-extra-params has checked the wire alone. UNCHECKED says what
each leaves out, and docs/clients.md shows all of it as a table.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.checks import check, finish, installed_server, node, npm_prefix, run, serving

SUITE: Final = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
NOT_TESTABLE: Final = "Not testable: "
"""How the suite begins the error of a check that needs a fixture tool."""


class Outcome(NamedTuple):
    """How the checks of a scenario ended, and whether the wire schema was among them."""

    success: int
    wire_schema: bool = True
    other: tuple[str, ...] = ()


SCENARIOS: Final[dict[str, dict[str, Outcome]]] = {
    "2025-11-25": {
        "server-initialize": Outcome(2, other=("INFO",)),
        "ping": Outcome(2),
        "tools-list": Outcome(3),
        "resources-list": Outcome(2),
        "prompts-list": Outcome(2),
        "completion-complete": Outcome(2),
        "dns-rebinding-protection": Outcome(2, wire_schema=False),
        "server-sse-multiple-streams": Outcome(0, False, ("WARNING",)),
        "server-session-lifecycle": Outcome(0, False, ("INFO",)),
    },
    "2026-07-28": {
        "tools-list": Outcome(4),
        "resources-list": Outcome(2),
        "prompts-list": Outcome(2),
        "completion-complete": Outcome(2),
        "sep-2164-resource-not-found": Outcome(4),
        "caching": Outcome(8),
        "http-header-validation": Outcome(14),
        "dns-rebinding-protection": Outcome(2, wire_schema=False),
        "server-sse-multiple-streams": Outcome(1, False, ("INFO",)),
        "input-required-result-unsupported-methods": Outcome(2),
        "input-required-result-ignore-extra-params": Outcome(1, other=("WARNING",)),
        "server-stateless": Outcome(21, False, (*(NOT_TESTABLE,) * 4, *("SKIPPED",) * 5)),
    },
}
UNCHECKED: Final = {
    ("2025-11-25", "server-initialize"): "the form of a session id: there are no sessions",
    ("2025-11-25", "server-sse-multiple-streams"): "all of it: there are no sessions",
    ("2025-11-25", "server-session-lifecycle"): "all of it: there are no sessions",
    ("2026-07-28", "server-sse-multiple-streams"): "streams of events: the answers are plain JSON",
    ("2026-07-28", "input-required-result-ignore-extra-params"): "all but the wire: it takes a "
    "tool of the suite's own",
    ("2026-07-28", "server-stateless"): "four that take tools of the suite's own, five that take a "
    "list that changes",
}
"""What a scenario did not find on this server, and why: whatever ended in other than success."""


def main() -> int:
    """All scenarios of both revisions."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", default=installed_server(), help="command that starts it")
    command = shlex.split(parser.parse_args().server)
    binary = npm_prefix("conformance", SUITE) / "node_modules" / ".bin" / "conformance"
    with serving(command) as url:
        for revision, scenarios in SCENARIOS.items():
            for scenario, expected in scenarios.items():
                found = outcome(binary, url, revision, scenario)
                what = f"{expected.success} checks" if expected.success else "nothing to check"
                wire = ", the wire schema among them" if expected.wire_schema else ""
                left = UNCHECKED.get((revision, scenario))
                unchecked = f" (not checked: {left})" if left else ""
                check(f"{revision} {scenario}: {what}{wire}{unchecked}", found, expected)
    return finish()


def outcome(binary: Path, url: str, revision: str, scenario: str) -> Outcome | str:
    """How a scenario ended, by the suite's own record; what it said instead if there is none."""
    with TemporaryDirectory() as place:
        which = ("--url", url, "--scenario", scenario, "--spec-version", revision)
        done = run([node(), binary, "server", *which, "--output-dir", place])
        records = list(Path(place).rglob("checks.json"))
        if len(records) != 1:
            return done.stdout + done.stderr
        checks: list[dict[str, Any]] = json.loads(records[0].read_text(encoding="utf-8"))
    ends = Counter(map(end, checks))
    success = ends.pop("SUCCESS", 0)
    wire = any(c["id"] == "wire-schema-valid" and c["status"] == "SUCCESS" for c in checks)
    return Outcome(success, wire, tuple(sorted(ends.elements())))


def end(one: dict[str, Any]) -> str:
    """The status of one check; of a failure its reason."""
    if one["status"] != "FAILURE":
        return str(one["status"])
    reason = f"{one['id']}: {one.get('errorMessage')}"
    return NOT_TESTABLE if NOT_TESTABLE in reason else reason


if __name__ == "__main__":
    sys.exit(main())
