"""What lfv-mcp costs, held against the least that it could: `python benchmarks/run.py`.

Every figure of ours is measured together with its floor, in turns, in one run: times depend on the
machine and on what else it does, ratios hardly do. Prints a table and says of each target whether
it holds; `--json FILE` keeps all of it. docs/performance.md says what the rows mean.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any, Final

import anyio
import archive
import command as one_command
import floors
import hard_files
import scale
import wire
from archive import show
from boto3_client import open_client
from figures import HEAD, Row, counted, line, machine, row
from fleet import VERSIONS
from mcp import Client, StdioServerParameters, stdio_client

import lfv_mcp
from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.archive.store import Directory
from lfv_mcp.catalog.cache import CachePolicy
from lfv_mcp.formats.decoding import read_chunks
from lfv_mcp.formats.evaluation_manifest import read_evaluation_manifest
from lfv_mcp.formats.manifest_lines import manifest_lines
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.common import Source
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

SLOW: Final = 0.020
"""Seconds in front of the endpoint, where real users live."""
CALLERS: Final = 100
MANIFEST_LINES: Final = 4_000
"""As many test images as the service allows."""


@dataclass(frozen=True)
class Bench:
    """One run: how long it may take, and where its files are."""

    scratch: Path
    short: bool

    @property
    def pairs(self) -> int:
        """Pairs of one comparison."""
        return 1 if self.short else 11

    @property
    def calls(self) -> int:
        """Calls in a row on one side of a pair."""
        return 3 if self.short else 40

    @property
    def rounds(self) -> range:
        """Of starting processes; the first, number 0, compiles and does not count."""
        return range(1 if self.short else 0, self.pairs + 1)

    def environment(self, url: str = "", **more: str) -> dict[str, str]:
        """Of a process to measure.

        Compiled modules are kept aside: an installed package has them, a checkout may not.
        """
        if not self.short:
            more["PYTHONPYCACHEPREFIX"] = str(self.scratch / "pyc")
        return wire.environment(self.scratch, url, **more)


async def in_turns(
    pairs: int, ours: Callable[[], Awaitable[float]], floor: Callable[[], Awaitable[float]]
) -> list[tuple[float, float]]:
    """Both sides of every pair, one after the other; who goes first changes."""
    taken = []
    for number in range(pairs):
        if number % 2:
            other = await floor()
            taken.append((await ours(), other))
        else:
            taken.append((await ours(), await floor()))
    return taken


def milliseconds(work: Callable[[], object]) -> float:
    """Time that something takes; the collector runs before it."""
    gc.collect()
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


# Start-up


def start_up(bench: Bench) -> Iterator[Row]:
    """Processes from nothing: to the list of tools, and to the first answer."""

    def listed(command: list[str], env: dict[str, str]) -> tuple[float, float]:
        with wire.spawned(command, env) as server:
            server.initialize()
            server.ask("tools/list", {})
            return 1000 * (time.perf_counter() - server.spawned), server.resident()

    def described(command: list[str], env: dict[str, str]) -> float:
        with wire.spawned(command, env) as server:
            server.initialize()
            server.call("cap-seal")
            return 1000 * (time.perf_counter() - server.spawned)

    plain, echo, bare = bench.environment(), wire.floor("echo"), wire.floor("bare")
    with wire.endpoint() as url:
        live = bench.environment(url)
        times, sizes, firsts, imports = [], [], [], []
        for number in bench.rounds:
            (ours, size), (least, least_size) = listed(wire.OURS, plain), listed(echo, plain)
            with_boto3, _ = listed(bare, live)
            first = described(wire.OURS, live), described(bare, live)
            if number:
                times.append((ours, least))
                sizes.append((size, least_size))
                imports.append((with_boto3, least))
                firsts.append(first)
    yield row("spawn to tools/list", "ms", times, target=1.10)
    yield row("  resident after it", "MiB", sizes, target=1.15)
    yield row("  (a floor with boto3 imported at start)", "ms", imports)
    yield row("spawn to the first describe_model", "ms", firsts, target=1.15)


def commands(bench: Bench) -> Iterator[Row]:
    """One command at a shell, from nothing to its end."""
    environment = bench.environment()
    taken = [one_command.times(environment) for _ in bench.rounds][-bench.pairs :]
    name = f"lfv-mcp {' '.join(one_command.QUESTION)}"
    yield row(name, "ms", [(ours, floors["uses"]) for ours, floors in taken], target=1.30)
    only = [(ours, floors["imports"]) for ours, floors in taken]
    yield row("  against importing its libraries alone", "ms", only)


# Calls one after another

Connect = Callable[[AsyncExitStack, str, str], Awaitable[Client]]


def warm_calls(bench: Bench) -> Iterator[Row]:
    """describe_model asked again and again, on every transport."""
    with wire.endpoint() as url, wire.endpoint(SLOW) as slow:
        save_answers(bench, url)
        yield from anyio.run(bare_calls, bench, url)
        for transport in ("in memory", "stdio", "HTTP"):
            asked: tuple[tuple[str, str, str, str, float], ...] = (
                ("not cached", "moving", "same", url, 1.20),
                ("cached", "settled", "constant", url, 1.15),
                ("not cached, 20 ms away", "moving", "same", slow, 1.05),
            )
            if bench.short and transport != "in memory":  # starting servers takes longest
                asked = asked[:1]
            for name, project, kind, at, target in asked:
                work = partial(calls_over, bench, transport, project, kind, at)
                pairs = anyio.run(work)
                yield row(f"describe_model, {transport}, {name}", "ms", pairs, target=target)
            if bench.short and transport == "stdio":
                continue
            for kind, name, project in plain_floors(transport):
                pairs = anyio.run(calls_over, bench, transport, project, kind, url)
                yield row(f"  against {name}", "ms", pairs)


def plain_floors(transport: str) -> Iterator[tuple[str, str, str]]:
    """Servers that do less than ours, what they are, and the model that ours is asked for."""
    yield "bare", "the bare call, answered as boto3 does", "moving"
    if transport != "in memory":
        yield "echo", "a tool that does nothing, ours cached", "settled"
        if has_fastmcp():
            yield "fastmcp", "fastmcp's tool that does nothing, ours cached", "settled"


@cache
def has_fastmcp() -> bool:
    """Whether that floor is here; it is said if it is not."""
    found = find_spec("fastmcp") is not None
    if not found:
        show("(fastmcp is not installed: its rows are left out)")
    return found


def save_answers(bench: Bench, url: str) -> None:
    """Our answers, for the floors that return them without our work."""

    async def ask() -> None:
        with_endpoint(bench, url)
        async with Client(build_server(open_catalog(Settings("live", None, None, 20.0)))) as client:
            for project in ("moving", "settled"):
                arguments = wire.call(project)["arguments"]
                answer: Any = await client.call_tool("describe_model", arguments)
                content = json.dumps([answer.content[0].text, answer.structured_content])
                answer_file(bench, project).write_text(content)

    anyio.run(ask)


def answer_file(bench: Bench, project: str) -> Path:
    return bench.scratch / f"answer-{project}.json"


def with_endpoint(bench: Bench, url: str, project: str = "moving") -> dict[str, str]:
    """The settings of a live endpoint, for children and for this process too."""
    env = bench.environment(url, FLOOR_ANSWER=str(answer_file(bench, project)))
    os.environ.update({k: v for k, v in env.items() if k.startswith(("AWS_", "FLOOR_", "NO_"))})
    return env


async def bare_calls(bench: Bench, url: str) -> list[Row]:
    """boto3 alone, in a loop: no server can be faster without knowing the answer."""
    with_endpoint(bench, url)
    client = open_client()

    async def one() -> float:
        times = []
        for _ in range(bench.calls):
            start = time.perf_counter()
            client.describe_model(ProjectName="moving", ModelVersion="1")
            times.append(1000 * (time.perf_counter() - start))
        return median(times)

    await one()
    pairs = await in_turns(bench.pairs, one, one)
    return [row("(bare boto3, no server)", "ms", pairs)]


async def calls_over(
    bench: Bench, transport: str, project: str, kind: str, url: str
) -> list[tuple[float, float]]:
    """Pairs of the median time of a call, ours and the floor's; the SDK's own client asks."""
    async with AsyncExitStack() as stack:
        clients = [
            await connected(bench, stack, transport, who, with_endpoint(bench, url, project))
            for who in ("ours", kind)
        ]
        asked = [
            (client.call_tool, wire.question(who, project))
            for client, who in zip(clients, ("ours", kind), strict=True)
        ]
        for call, question in asked:
            answer = await call(**question)
            assert not answer.is_error, answer
        pairs = []
        for number in range(bench.pairs + 1):
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(bench.calls):  # call by call: what else the machine does meets both
                for (call, question), side in zip(asked, times, strict=True):
                    start = time.perf_counter()
                    await call(**question)
                    side.append(1000 * (time.perf_counter() - start))
            if number:  # the first round warms up
                pairs.append((median(times[0]), median(times[1])))
        return pairs


async def connected(
    bench: Bench, stack: AsyncExitStack, transport: str, kind: str, env: dict[str, str]
) -> Client:
    """A client of ours or of a floor, which has asked once what tools there are."""
    command = wire.OURS if kind == "ours" else wire.floor(kind)
    match transport:
        case "in memory":
            ours = kind == "ours"
            server: Any = (
                build_server(open_catalog(Settings("live", None, None, 20.0)))
                if ours
                else floors.build(kind)
            )
        case "stdio":
            errors = stack.enter_context((bench.scratch / f"{kind}.err").open("w"))
            parameters = StdioServerParameters(command=command[0], args=command[1:], env=env)
            server = stdio_client(parameters, errlog=errors)
        case _:
            server = stack.enter_context(wire.over_http(kind, env))
    client = await stack.enter_async_context(Client(server))
    await client.list_tools()
    return client


# Many callers


def many_callers(bench: Bench) -> Iterator[Row]:
    """A hundred callers at one time, over stdio and in memory."""
    callers, calls = (10, 20) if bench.short else (CALLERS, 1_000)
    ours, bare = wire.OURS, wire.floor("bare")
    with wire.endpoint() as url:
        env = bench.environment(url)
        with wire.spawned(ours, env) as server, wire.spawned(bare, env) as floor:
            for one in (server, floor):
                one.initialize()
                one.together([wire.call("settled")] * callers, callers)
            rates = []
            for _ in range(bench.pairs):
                seconds = [
                    one.together([wire.call("settled")] * calls, callers) for one in (server, floor)
                ]
                rates.append((calls / seconds[0], calls / seconds[1]))
            yield row(
                f"describe_model, stdio, {callers} callers",
                "calls/s",
                rates,
                target=1.7,
                at_least=True,
            )
        pairs = anyio.run(crowds, bench, url, callers, calls)
        yield row(f"describe_model, in memory, {callers} callers", "calls/s", pairs)
    yield from identical(bench, calls)
    with wire.endpoint(SLOW) as url:
        env = bench.environment(url)
        found = []
        for command in (ours, bare):
            with wire.spawned(command, env) as one:
                one.initialize()
                wire.counts(url)
                asked = [wire.call("moving", str(n)) for n in range(1, callers + 1)]
                for _ in range(bench.pairs):
                    one.together(asked, callers)
                full = one.complaints().count("Connection pool is full")
                found.append((full, wire.counts(url)["connections"]))
        (full, opened), (least_full, least_opened) = found
        name = f"{callers} callers of {callers} models, 20 ms away"
        yield counted(f"{name}: pool overflows", "", full, least_full, 0)
        yield counted("  connections that this opens", "", opened, least_opened, None)


async def crowds(bench: Bench, url: str, callers: int, calls: int) -> list[tuple[float, float]]:
    """Pairs of calls in a second, by so many tasks that share a client."""
    # The floor's pool overflows by the thousand in here; that has a row of its own.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    async with AsyncExitStack() as stack:
        env = with_endpoint(bench, url)
        ours, bare = [
            await connected(bench, stack, "in memory", who, env) for who in ("ours", "bare")
        ]

        async def caller(client: Client) -> None:
            for _ in range(calls // callers):
                answer = await client.call_tool(**wire.call("settled"))
                assert not answer.is_error, answer

        async def rate(client: Client) -> float:
            start = time.perf_counter()
            async with anyio.create_task_group() as group:
                for _ in range(callers):
                    group.start_soon(caller, client)
            return calls / (time.perf_counter() - start)

        return await in_turns(bench.pairs, partial(rate, ours), partial(rate, bare))


def identical(bench: Bench, calls: int) -> Iterator[Row]:
    """One question so many times at once, none of them answered before all have been asked.

    The endpoint thinks for longer than the asking takes. A round counts that was over before the
    answer went stale: after that, one more request is right.
    """
    pause = 0.5 if bench.short else 2.0
    kept = CachePolicy().live_summary_seconds
    requests = []
    with wire.endpoint(pause) as url, wire.spawned(wire.OURS, bench.environment(url)) as server:
        server.initialize()
        for number in range(1, 1 + min(bench.pairs, 5)):
            start = time.perf_counter()
            server.send(*[("tools/call", wire.call("settled", str(number)))] * calls)
            asked = time.perf_counter() - start
            server.receive(calls)
            made = wire.counts(url)["requests"]
            if asked < pause and time.perf_counter() - start < pause + kept:
                requests.append(made)
    if not requests:
        raise RuntimeError(f"{calls:,} calls were never under way at once: this machine is busy")
    yield counted(f"{calls:,} identical calls at once, requests", "", max(requests), calls, 1)


# Evaluation manifests


def manifest(count: int) -> bytes:
    """So many lines like those of the sample."""
    saved = next(SAMPLE.glob("evaluation/**/*EvaluationManifest-sample-pcb-top-1.json"))
    lines = [json.loads(line) for line in saved.read_bytes().splitlines()]
    made = []
    for number in range(count):
        line = lines[number % len(lines)]
        ref = line["source-ref"].rpartition("/")[0]
        made.append(json.dumps(line | {"source-ref": f"{ref}/{number:07}.png"}).encode())
    return b"\n".join(made) + b"\n"


def manifests(bench: Bench) -> Iterator[Row]:
    """Reading a manifest and everything that is worked out from it."""
    data = manifest(100 if bench.short else MANIFEST_LINES)
    lines = data.splitlines()

    source = Source(kind="archive", basis="evaluation_files")
    asked = EvaluationQuestion(defect_rate=0.01, threshold=0.5)

    def analyse() -> None:
        held = read_evaluation_manifest(manifest_lines(read_chunks(BytesIO(data))))
        report(ModelDescription(), None, held, source, question=asked)

    async def analysis() -> float:
        return milliseconds(analyse)

    def parse() -> None:
        for each in lines:
            json.loads(each)

    async def loads() -> float:
        return milliseconds(parse)

    pairs = anyio.run(in_turns, bench.pairs, analysis, loads)
    yield row(f"analysis of a manifest of {len(lines):,} lines", "ms", pairs, target=2.0)
    large, small = (2_000_000, 1_000_000) if bench.short else (1_000_000_000, 100_000_000)
    peaks = [big_manifest(bench, size) for size in (large, small)]
    name = f"peak memory, manifest of {large / 1e6:,.0f} MB to {small / 1e6:,.0f} MB"
    yield row(name, "MiB", [(peaks[0], peaks[1])], target=1.05)


def big_manifest(bench: Bench, size: int) -> float:
    """MiB of memory at most, in a process that reads a manifest of so many bytes."""
    command = [sys.executable, str(wire.HERE / "stream.py"), str(size)]
    told = subprocess.run(
        command, env=bench.environment(), check=True, capture_output=True, text=True
    )
    return float(told.stdout)


# Archives


def archives(bench: Bench) -> Iterator[Row]:
    """Archives of 100, 1,000 and 10,000 models."""
    sizes = (10, 20) if bench.short else (100, 1_000, 10_000)
    with tempfile.TemporaryDirectory() as scratch:
        folders = {models: Path(scratch) / str(models) for models in sizes}
        for models, folder in folders.items():
            folder.mkdir()
            archive.make(folder, models)

            async def indexed(folder: Path = folder) -> float:
                return milliseconds(lambda: Archive(Directory(folder)).index())

            async def read(folder: Path = folder) -> float:
                return milliseconds(lambda: archive.read_and_parse(folder))

            pairs = anyio.run(in_turns, min(bench.pairs, 9), indexed, read)
            yield row(f"index of {models:,} models to reading them", "ms", pairs, target=1.5)
        yield from anyio.run(questions_of_size, bench, folders)
        plain = bench.environment()
        held = bench.environment(LFV_SOURCE=str(folder))
        firsts = []
        for number in bench.rounds:
            ours = milliseconds_to_tools(wire.OURS, held)
            least = milliseconds_to_tools(wire.floor("echo"), plain)
            if number:
                firsts.append((ours, least))
        yield row(f"spawn to tools/list, {models:,} models", "ms", firsts, target=1.10)
        answers = []
        for _ in range(min(bench.pairs, 3)):
            large, small = (
                milliseconds_to_answer(bench.environment(LFV_SOURCE=str(held), LFV_TIMEOUT="600"))
                for held in (folder, folders[sizes[0]])
            )
            answers.append((large, small))
        name = f"spawn to the first describe_model: {models:,} models to {sizes[0]}"
        yield row(name, "ms", answers)


async def questions_of_size(bench: Bench, folders: Mapping[int, Path]) -> list[Row]:
    """The same questions of archives of all sizes, in turns; the smallest is the floor."""
    smallest = min(folders)
    catalogs = {
        models: open_catalog(Settings(str(folder), None, None, 600.0))
        for models, folder in folders.items()
    }
    taken: dict[tuple[str, int], list[float]] = {}

    async def ask(label: str, models: int, question: Awaitable[object]) -> None:
        start = time.perf_counter()
        await question
        taken.setdefault((label, models), []).append(1000 * (time.perf_counter() - start))

    def asked(
        models: int, number: int
    ) -> ModelQuery:  # another one each time: nothing is remembered
        projects = models // VERSIONS
        version = number // projects % VERSIONS + 1
        return ModelQuery(f"line-{number % projects:05}", str(version))

    page, one, pause = "list_models, first page of 50", "describe_model", "  after a pause of 2 s"
    # At most as often as the smallest has models: what was asked before is remembered.
    for number in range(bench.pairs if bench.short else min(20 * bench.pairs, smallest)):
        for models, catalog in catalogs.items():
            await ask(page, models, catalog.list_models(max_results=50))
            await ask(one, models, catalog.describe_model(asked(models, number)))
    for number in range(bench.pairs):
        await anyio.sleep(Directory.rescan_after + 0.1)
        for models, catalog in catalogs.items():
            await ask(pause, models, catalog.describe_model(asked(models, number)))
    rows = []
    for label, target in ((page, 1.25), (one, 1.25), (pause, None)):
        least = taken[label, smallest]
        for models in folders:
            if models != smallest:
                pairs = list(zip(taken[label, models], least, strict=True))
                name = f"{label}: {models:,} models to {smallest}"
                rows.append(row(name, "ms", pairs, target=target))
    return rows


def milliseconds_to_answer(env: dict[str, str]) -> float:
    with wire.spawned(wire.OURS, env) as server:
        server.initialize()
        server.call("line-00000")
        return 1000 * (time.perf_counter() - server.spawned)


def milliseconds_to_tools(command: list[str], env: dict[str, str]) -> float:
    with wire.spawned(command, env) as server:
        server.initialize()
        server.ask("tools/list", {})
        return 1000 * (time.perf_counter() - server.spawned)


# What is installed

REASONS: Final = {
    "lfv-mcp": "this server: its code, the API description, the sample archive, the prompts",
    "pyyaml": "output of AWS CLI 2 with `--output yaml`",
    "tomlkit": "Codex's configuration: merged with the comments of its user kept",
}
"""Every package beyond mcp and boto3, and why it is there."""


def needed_by(*names: str) -> set[str]:
    """Installed packages that these need, directly or not, and they themselves."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of another platform or Python
            continue
        if name not in found:
            found.add(name)
            waiting += [
                match[0]
                for line in requires
                if "extra ==" not in line and (match := re.match(r"[\w.-]+", line))
            ]
    return found


def installed(_: Bench) -> Iterator[Row]:
    """Packages and bytes beyond mcp and boto3."""
    floor = needed_by("mcp", "boto3")
    beyond = needed_by("lfv-mcp") - floor
    unexplained = beyond - set(REASONS)
    assert not unexplained, f"no reason is given for {unexplained}"
    files = [p for p in Path(lfv_mcp.__file__).parent.rglob("*") if p.suffix != ".pyc"]
    ours = sum(p.stat().st_size for p in files if p.is_file() and "_cache" not in str(p)) / 1e6
    others, theirs = (
        sum(
            (f.size or 0)
            for name in names
            for f in metadata.files(name) or ()
            if f.suffix != ".pyc"
        )
        for names in (beyond - {"lfv-mcp"}, floor)
    )
    yield counted("packages beyond mcp and boto3", "", len(beyond), len(floor), 3)
    yield counted("  bytes of them", "MB", ours + others / 1e6, theirs / 1e6, None)


# What a model sees


def context(bench: Bench) -> Iterator[Row]:
    """Bytes of tools/list that a host shows a model: names, descriptions, arguments."""
    env = bench.environment("http://127.0.0.1:9")  # nothing is asked of it

    def shown(command: list[str]) -> dict[str, int]:
        with wire.spawned(command, env) as server:
            server.initialize()
            tools = server.ask("tools/list", {})["tools"]
        seen = [{k: tool[k] for k in ("name", "description", "inputSchema")} for tool in tools]
        return {tool["name"]: len(json.dumps(tool, separators=(",", ":"))) for tool in seen}

    ours, bare = shown(wire.OURS), sum(shown(wire.floor("bare")).values())
    yield counted(
        "tools/list as a model sees it, to the bare call", "B", sum(ours.values()), bare, None
    )
    yield counted("  describe_model alone", "B", ours["describe_model"], bare, None)
    for kind in wire.NOTHING if has_fastmcp() else ("echo",):
        floor = sum(shown(wire.floor(kind)).values())
        name = f"  describe_model to {kind}, which does nothing"
        yield counted(name, "B", ours["describe_model"], floor, None)


# Fleets, and files that were made to cost much


def fleets(bench: Bench) -> Iterator[Row]:
    """Archives on disk and in a slow S3; `scale.py` has more to choose from."""
    small = ["--models", "20", "--images", "1500", "--foreign", "50", "--replicas", "20"]
    quick = ["--latency", "0.005", "--rescan-after", "2", "--patience", "60"]
    yield from scale.run(scale.asked_for([*small, *quick] if bench.short else []), [])


def hard(bench: Bench) -> Iterator[Row]:
    """Single files that unpack to much."""
    yield from hard_files.rows(["deep arrays"] if bench.short else None)


# The run

SECTIONS: Final[dict[str, Callable[[Bench], Iterator[Row]]]] = {
    "start": start_up,
    "command": commands,
    "calls": warm_calls,
    "callers": many_callers,
    "manifest": manifests,
    "archive": archives,
    "installed": installed,
    "context": context,
    "scale": fleets,
    "files": hard,
}
LONG: Final = ("scale", "files")
"""Sections that take longer than all others together: they run if they are named."""


def main() -> None:
    """Measure, print, and keep what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="prove that it runs; figures are void")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep everything in FILE")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="these sections")
    given = parser.parse_args()
    about = machine()
    show(json.dumps(about))
    show(HEAD)
    rows: list[Row] = []
    crashed = False
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch), given.short)
        for name in given.only or [name for name in SECTIONS if name not in LONG]:
            try:
                for measured in SECTIONS[name](bench):
                    rows.append(measured)
                    show(line(measured))
            except Exception:
                crashed = True
                traceback.print_exc()
    missed = [r.name.strip() for r in rows if r.holds is False]
    judged = sum(1 for r in rows if r.target is not None)
    if given.short:
        show("The short form proves that the benchmark runs, nothing else.")
    else:
        show("\n  missed: ".join([f"{judged - len(missed)} of {judged} targets hold.", *missed]))
    if given.json:
        kept = [dataclasses.asdict(r) | {"holds": r.holds} for r in rows]
        about |= {"load_at_end": os.getloadavg()[0], "short": given.short}
        given.json.write_text(
            json.dumps({"machine": about, "rows": kept, "reasons": REASONS}, indent=2) + "\n"
        )
    sys.exit(1 if crashed else 0)


if __name__ == "__main__":
    main()
