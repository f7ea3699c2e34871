"""Soak: questions for ten minutes while S3 fails in every way it has, one after the other.

    python scripts/soak_s3.py                # 17 failures, one after the other, in ten minutes
    python scripts/soak_s3.py --minutes 0.5  # some of them

A fleet lies in the S3 of `benchmarks/s3_server.py`. One server, over HTTP, has read all of it; for
every failure a second one is started, over stdio, which has read nothing yet. A part of the fleet
is described anew with each failure, so that there is something to read. Clients of both eras ask
for every tool, resource, prompt and completion. Exit code 1 if a rule is broken:

- no answer claims that something is absent which could not be read
- nothing fails that is held in memory
- every question is answered within its time limit, by no mistake of the server's own
- after each failure all is answered again within `RECOVERED` seconds of the next look at the files
- memory, threads and sockets stay within `BOUNDS`

Linux: it reads /proc.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import anyio
from mcp import Client, ClientSession, StdioServerParameters

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fleet import VERSIONS, project_of
from benchmarks.s3_process import S3Process, s3_process
from scripts.s3_questions import Fleet, Outcome, ask_in_time, call, every_page, whole
from scripts.soak import Use, say, started, unchecked, use

MODELS: Final = 200
LATENCY: Final = 0.005
LIMIT: Final = 5.0
"""LFV_TIMEOUT: S3 is silent for as long as that in some failures."""
LATE: Final = 4.0
"""Seconds more that an answer may take, as in docs/faults.md."""
RESCAN: Final = 3.0
"""Seconds after which the prefix is listed anew; 300 as it is shipped."""
RECOVERED: Final = 15.0
"""Seconds from the end of a failure, beside RESCAN, until all is answered again."""
CLIENTS: Final = 4
"""Of the server over HTTP; half as many ask the fresh one."""
REST: Final = 11.0
"""Seconds without a question before each measurement: anyio keeps idle threads for 10."""
BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    # what: (most times as much as after the warm-up, and this much more)
    "memory, MiB": (1.2, 0),
    "threads": (1.0, 8),
    "sockets": (1.0, 40),
    "files": (1.0, 40),
}
MOST_THREADS: Final = 200
"""At any moment: 160 workers, those who read objects, and the rest."""
LAUNCH: Final = """
import sys
from lfv_mcp.archive.s3_prefix import S3Prefix
assert hasattr(S3Prefix, "rescan_after"), "the interval has another name"
S3Prefix.rescan_after = float(sys.argv.pop(1))
from lfv_mcp.cli.main import main
main()
"""
"""A program: the command, with another interval after which an S3 prefix is listed anew."""

_READ: Final = {"kinds": ["get"]}
_HALF: Final = {"kinds": ["get"], "half": True}
FAILURES: Final[Mapping[str, Sequence[Mapping[str, Any]]]] = {
    "SlowDown for everything": [{"fault": "SlowDown"}],
    "LIST denied": [{"fault": "AccessDenied", "kinds": ["list"]}],
    "GET denied for half of the keys": [{"fault": "AccessDenied", **_HALF}],
    "GET throttled": [{"fault": "SlowDown", **_READ}],
    "silence": [{"fault": "hang"}],
    "GET denied": [{"fault": "AccessDenied", **_READ}],
    "SlowDown for a third": [{"fault": "SlowDown", "share": 0.34}],
    "connections reset half-way": [{"fault": "reset", **_READ}],
    "everything denied": [{"fault": "AccessDenied"}],
    "LIST throttled": [{"fault": "SlowDown", "kinds": ["list"]}],
    "silence half-way": [{"fault": "stall", **_READ}],
    "KMS key disabled for half": [{"fault": "KMS.DisabledException", **_HALF}],
    "Glacier for half": [{"fault": "InvalidObjectState", **_HALF}],
    "500 for half of the requests": [{"fault": "InternalError", "share": 0.5}],
    "bodies cut off": [{"fault": "cut", **_READ}],
    "connections refused": [{"fault": "refuse"}],
    "all of it at one time": [
        {"fault": "hang", "share": 0.02},
        {"fault": "SlowDown", "share": 0.2},
        {"fault": "reset", "kinds": ["get"], "share": 0.2},
        {"fault": "AccessDenied", **_HALF},
        {"fault": "ServiceUnavailable", "kinds": ["list"], "share": 0.5},
    ],
}
"""What fails, in an order in which the first few are of many kinds."""
LAST: Final = "all of it at one time"
"""The failure that is part of the warm-up too, for what is imported and kept then only."""


class Tally(NamedTuple):
    """What came of the questions during one failure."""

    outcomes: list[Outcome]
    fresh: list[Outcome]

    @property
    def all(self) -> list[Outcome]:
        return [*self.outcomes, *self.fresh]


@dataclass
class Soak:
    """One run, and what is known of it so far."""

    s3: S3Process
    url: str
    process: int
    shell: Mapping[str, str]
    fleet: Fleet
    dice: random.Random
    broken: Counter[str] = field(default_factory=Counter)
    most: Use = field(default_factory=lambda: Use(0, 0, 0, 0))
    eras: Any = field(default_factory=lambda: count(1))

    def note(self, where: str, outcomes: Sequence[Outcome], *, reads: bool) -> None:
        """Keep every rule that an outcome breaks.

        Args:
            where: the failure and the server.
            outcomes: what was answered.
            reads: whether the server had read everything, so that what is held cannot fail.
        """
        for each in outcomes:
            if each.broken:
                self.broken[f"{where}: {each.kind}: {each.broken}"] += 1
            elif each.seconds > LIMIT + LATE and each.kind != "list_models":
                self.broken[f"{where}: {each.kind}: an answer came too late"] += 1
            if reads and each.held and each.code:
                self.broken[f"{where}: {each.kind}: held in memory, and {each.code}"] += 1

    async def ask_for(self, seconds: float, server: Any, clients: int) -> list[Outcome]:
        """Questions of so many clients at one time; each reconnects now and then, in either era."""
        until = time.monotonic() + seconds
        outcomes: list[Outcome] = []

        async def one() -> None:
            while time.monotonic() < until:
                era = "legacy" if next(self.eras) % 2 else "auto"
                async with Client(server, mode=era) as client:
                    for _ in range(50):
                        if time.monotonic() >= until:
                            break
                        outcomes.append(
                            await ask_in_time(client, self.fleet, self.dice, 4 * LIMIT + LATE)
                        )

        async with anyio.create_task_group() as tasks:
            for _ in range(clients):
                tasks.start_soon(one)
        return outcomes

    async def watch(self) -> None:
        """Note the most that the server holds, until cancelled."""
        while True:
            self.most = Use(*map(max, self.most, use(self.process)))
            await anyio.sleep(0.5)

    async def fail(self, name: str, seconds: float) -> Tally:
        """One failure: both servers are asked all the while."""
        self.fleet = self.fleet._replace(generation=self.fleet.generation + 1)
        self.s3.control(generation=self.fleet.generation, faults=FAILURES[name])
        fresh = StdioServerParameters(
            command=sys.executable, args=["-c", LAUNCH, str(RESCAN), "serve"], env=dict(self.shell)
        )
        tally = Tally([], [])

        async def ask(server: Any, clients: int, outcomes: list[Outcome]) -> None:
            outcomes += await self.ask_for(seconds, server, clients)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, self.url, CLIENTS, tally.outcomes)
            tasks.start_soon(ask, fresh, 1, tally.fresh)
        self.note(f"{name}, server that had read all", tally.outcomes, reads=True)
        self.note(f"{name}, fresh server", tally.fresh, reads=False)
        return tally

    async def recover(self, name: str) -> float:
        """Let S3 be well: seconds until the server answers everything as it is now."""
        self.s3.fail()
        start = time.monotonic()
        async with Client(self.url) as client:
            while time.monotonic() - start < 3 * RECOVERED:
                if await whole(client, self.fleet):
                    break
                await anyio.sleep(0.2)
        seconds = time.monotonic() - start
        if seconds > RESCAN + RECOVERED:
            self.broken[f"{name}: not recovered within {RESCAN + RECOVERED:g} s"] += 1
        return seconds

    async def warm_up(self) -> None:
        """Every model is described and every list read, and some of everything is asked."""
        async with Client(self.url) as client:
            listed = await every_page(client, {"max_results": 100})
            assert len(listed.structure.get("models", ())) == self.fleet.models, listed.text
            for number in range(self.fleet.models):
                project, version = project_of(number // VERSIONS), str(number % VERSIONS + 1)
                model = {"project_name": project, "model_version": version}
                outcome = await call(client, "describe_model", model)
                assert not outcome.code, outcome.text
            for number in range(self.fleet.projects):
                await call(client, "describe_model", {"project_name": project_of(number)})
        self.note("warm-up", await self.ask_for(10.0, self.url, CLIENTS), reads=True)
        self.s3.control(faults=FAILURES[LAST])
        await self.ask_for(LIMIT, self.url, CLIENTS)
        await self.recover("warm-up")

    async def at_rest(self) -> Use:
        """What the server holds when nobody has asked anything for a while."""
        await anyio.sleep(REST)
        async with Client(self.url) as client:
            await every_page(client, {})
        return use(self.process)


def told(outcomes: Sequence[Outcome]) -> str:
    """How many answers, and the errors by their codes."""
    codes = Counter(each.code for each in outcomes)
    errors = ", ".join(f"{number} {code}" for code, number in codes.most_common() if code)
    return f"{codes['']} answers" + (f"; {errors}" if errors else "")


def row(name: str, tally: Tally, seconds: float, recovered: float, memory: float) -> str:
    """A line of the table of failures."""
    slowest = max((each.seconds for each in tally.all), default=0)
    absent = sum(bool(each.broken) for each in tally.all)
    failed = sum(bool(each.held and each.code) for each in tally.outcomes)
    cells = (
        name,
        f"{len(tally.all) / seconds:.0f}",
        told(tally.outcomes),
        told(tally.fresh),
        str(absent),
        str(failed),
        f"{slowest:.1f}",
        f"{recovered:.1f}",
        f"{memory:.0f}",
    )
    return f"| {' | '.join(cells)} |"


HEAD: Final = (
    "| S3 | questions/s | had read all | fresh server | absence claimed | held, and failed "
    "| slowest, s | recovered, s | memory, MiB |\n|---|---:|---|---|---:|---:|---:|---:|---:|"
)


async def soak(minutes: float, models: int) -> Counter[str]:
    """Every failure in turn, or as many as there is time for; the rules that were broken."""
    setattr(ClientSession, "validate_tool_result", unchecked)  # noqa: B010 - mypy knows its type
    number = max(3, min(len(FAILURES), round(minutes * 60 / 30)))
    seconds = max(2.0, minutes * 60 / number - RESCAN - 4)
    with s3_process(LATENCY) as s3:
        source = {"LFV_SOURCE": f"s3://fleet-{models}/", "LFV_TIMEOUT": str(LIMIT)}
        shell = {**s3.environment, **source}
        serve = ["-c", LAUNCH, str(RESCAN), "serve", "--transport", "http", "--port", "0"]
        with started(serve, shell) as (process, url):
            run = Soak(s3, url, process, shell, Fleet(models), random.Random(20251031))
            await run.warm_up()
            before = await run.at_rest()
            say(HEAD)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run.watch)
                for name in list(FAILURES)[:number]:
                    tally = await run.fail(name, seconds)
                    recovered = await run.recover(name)
                    say(row(name, tally, seconds, recovered, use(process).memory))
                tasks.cancel_scope.cancel()
            after = await run.at_rest()
    say(f"\n{table(before, run.most, after)}")
    for name, old, new in zip(BOUNDS, before, after, strict=True):
        if new > at_most(name, old):
            run.broken[f"{name}: {new:.0f}, after {old:.0f}"] += 1
    if run.most.threads > MOST_THREADS:
        run.broken[f"{run.most.threads:.0f} threads at one time"] += 1
    return run.broken


def at_most(name: str, old: float) -> float:
    """What may be held at the end."""
    factor, more = BOUNDS[name]
    return old * factor + more


def table(before: Use, most: Use, after: Use) -> str:
    """What the server that had read all held, as Markdown."""
    lines = ["| | after warm-up | at most meanwhile | at the end | ratio | bound |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for name, old, peak, new in zip(BOUNDS, before, most, after, strict=True):
        cells = f"{old:.0f} | {peak:.0f} | {new:.0f} | {new / old:.2f} | {at_most(name, old):.0f}"
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main() -> int:
    """Soak, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--models", type=int, default=MODELS)
    given = parser.parse_args()
    start = time.monotonic()
    broken = anyio.run(partial(soak, given.minutes, given.models))
    say(f"\n{time.monotonic() - start:,.0f} s; {sum(broken.values())} times a rule was broken.")
    for rule, times in broken.most_common():
        say(f"BROKEN {times:,} times: {rule}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
