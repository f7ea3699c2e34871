"""Soak: many calls, and then as much memory, threads, sockets and files as after the first ones.

    python scripts/soak.py                # 100,000 calls, client and server in one process
    python scripts/soak.py --http         # over HTTP, measured in the server's process

Every tool, resource and prompt is asked for, and the completions, well and wrongly, in both eras.
In memory three quarters are answered from the bundled sample; the rest, and over HTTP everything,
by boto3 over real sockets from a replay of that sample, and from moto's S3, which holds its
evaluation files; both are processes of their own. Exit code 1 if anything grew beyond `BOUNDS`.
Linux: it reads /proc.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import anyio
import boto3
from mcp import Client, ClientSession
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, PromptReference, ResourceTemplateReference

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

CALLS: Final = 100_000
TOGETHER: Final = 8
"""Calls at one time."""
A_CLIENT: Final = 100
"""Calls of one client; then the next one connects, of the other era."""
BURST: Final = 64
"""Listings at one time before each measurement."""
IDLE: Final = 10.5
"""Seconds of rest before each measurement."""
BOUNDS: Final[Mapping[str, tuple[float, float, float]]] = {
    # what: (most times as much as after the warm-up, and this much more; what full pools hold)
    #
    # Both measurements are taken in the same state. The burst fills the pool of 32 connections,
    # which stay; anyio keeps worker threads for 10 idle seconds and ends them at the next call,
    # so after the rest there is the one that took it. A burst may get by without some of the
    # connections, and a later one fill the pool, which is no growth.
    "memory, MiB": (1.10, 8, 0),
    "threads": (1.0, 2, 0),
    "sockets": (1.0, 4, 40),
    "files": (1.0, 4, 48),  # among them the sockets
}
ENDPOINT: Final = "AWS_ENDPOINT_URL_LOOKOUTVISION"
KEYS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "us-east-1",
}
MOTO: Final = """
import signal
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
signal.pause()
"""
"""A program: moto's server, which tells its URL."""

MODELS: Final = (
    *(("sample-cap-seal", version) for version in ("1", "2", "3", "latest")),
    ("sample-pcb-top", "latest"),
    ("sample-no-such", "1"),
    ("sample-cap-seal", "99"),
    ("not a name", "0"),
)
URI: Final = "lookoutvision://projects/{}/models/{}"


async def ask(client: Client, dice: random.Random) -> None:
    """One question of any kind. Wrong ones may be refused, but nothing may break.

    Raises:
        RuntimeError: the server made a mistake of its own.
    """
    project, version = dice.choice(MODELS)
    model = {"project_name": project, "model_version": version}
    try:
        match dice.randrange(12):
            case 0 | 1 | 2:
                await tool(client, "describe_model", model)
            case 3 | 4:
                size = dice.choice([1, 2, 5, 50, 100, 0])
                await tool(client, "list_models", {"max_results": size})
            case 5 | 6:
                rate = dice.choice([None, 0.01, 0.5, 2])
                await tool(client, "analyze_evaluation", model | {"defect_rate": rate})
            case 7:
                versions = dice.choice([["1", "2"], ["1", "2", "3"], ["3", "latest"], []])
                asked = {"project_name": project, "model_versions": versions}
                await tool(client, "compare_models", asked)
            case 8:
                await client.read_resource(URI.format(project, version))
            case 9:
                await client.read_resource(URI.format(project, version) + "/card")
            case 10:
                await client.get_prompt("explain_performance_metrics", model)
            case _:
                await anything_else(client, project, dice)
    except MCPError as error:
        if error.error.code == INTERNAL_ERROR and "[internal_error]" in error.error.message:
            raise RuntimeError(error.error.message) from error


async def tool(client: Client, name: str, arguments: Mapping[str, Any]) -> None:
    """One call of a tool."""
    result = await client.call_tool(name, dict(arguments))
    if result.is_error and (result.meta or {})[ERROR_META]["code"] == "internal_error":
        raise RuntimeError(f"{name} {arguments}: {result.content}")


async def anything_else(client: Client, project: str, dice: random.Random) -> None:
    """A list, a completion, or another resource or prompt."""
    versions = {"baseline": "1", "candidate": "3"}
    of_model = ResourceTemplateReference(
        type="ref/resource", uri=URI.format("{project_name}", "{model_version}")
    )
    of_prompt = PromptReference(type="ref/prompt", name="diagnose_training")
    match dice.randrange(8):
        case 0:
            await client.list_tools()
        case 1:
            await client.list_resources()
        case 2:
            await client.list_prompts()
        case 3:
            await client.read_resource("lookoutvision://models")
        case 4:
            await client.read_resource("lookoutvision://glossary")
        case 5:
            await client.get_prompt("compare_model_versions", {"project_name": project, **versions})
        case 6:
            await client.complete(of_prompt, {"name": "project_name", "value": "sample"})
        case _:
            typed = {"name": "model_version", "value": ""}
            # Nobody ever asks for the same thing twice here: what is remembered must be bounded.
            earlier = {"project_name": f"{project}-{dice.random()}"}
            await client.complete(of_model, typed, context_arguments=earlier)


async def unchecked(*_: object) -> None:
    """In place of the client's check of every result, which takes most of the time otherwise."""


class Use(NamedTuple):
    """What a process holds."""

    memory: float
    threads: float
    sockets: float
    files: float


def use(process: int) -> Use:
    """What a process holds now."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    files = []
    for file in Path(f"/proc/{process}/fd").iterdir():
        try:
            files.append(str(file.readlink()))
        except FileNotFoundError:  # closed since it was listed
            continue
    held = {name: int(number) for name, number in re.findall(r"(\w+):\s+(\d+)", status)}
    sockets = sum(name.startswith("socket:") for name in files)
    return Use(held["VmRSS"] / 1024, held["Threads"], sockets, len(files))


def at_most(name: str, old: float) -> float:
    """What may be held at the end."""
    factor, more, full = BOUNDS[name]
    return max(old * factor + more, full)


def grown(before: Use, after: Use) -> list[str]:
    """What grew beyond its bounds."""
    return [
        name
        for name, old, new in zip(BOUNDS, before, after, strict=True)
        if new > at_most(name, old)
    ]


def table(before: Use, after: Use) -> str:
    """Both measurements and their ratio, as Markdown."""
    lines = ["| | after warm-up | at the end | ratio | at most |", "|---|---:|---:|---:|---:|"]
    for name, old, new in zip(BOUNDS, before, after, strict=True):
        ratio = f"{new / old:.2f}" if old else "-"
        lines.append(f"| {name} | {old:.0f} | {new:.0f} | {ratio} | {at_most(name, old):.0f} |")
    return "\n".join(lines)


@contextmanager
def started(command: list[str], shell: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """A process of this Python's and the URL that its first line names."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
    program = [sys.executable, *command]
    with subprocess.Popen(
        program, env=bare | dict(shell), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            if found is None:
                raise RuntimeError(f"{command} said {line!r}")
            # Read on: moto logs every request, and with a full pipe it would stop answering.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield process.pid, found[0]
        finally:
            process.terminate()


@contextmanager
def s3() -> Iterator[str]:
    """The URL of moto's S3, with the sample's evaluation files where its records say they are."""
    with started(["-c", MOTO], {}) as (_, url):
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        files = {path.name: path for path in SAMPLE.glob("evaluation/**/*.json")}
        buckets = set()
        for saved in SAMPLE.glob("describe-model/**/*.json"):
            described = json.loads(saved.read_bytes())["ModelDescription"]
            for member in ("EvaluationResult", "EvaluationManifest"):
                at = described.get(member)
                if at is None or (file := files.get(at["Key"].rpartition("/")[2])) is None:
                    continue
                if at["Bucket"] not in buckets:
                    client.create_bucket(Bucket=at["Bucket"])
                    buckets.add(at["Bucket"])
                client.put_object(Bucket=at["Bucket"], Key=at["Key"], Body=file.read_bytes())
        yield url


@asynccontextmanager
async def servers(over_http: bool) -> AsyncIterator[tuple[int, list[Any]]]:
    """What clients connect to: a server over the sample and one over a live endpoint.

    The process to measure comes with them; over HTTP it is that of the live one.
    """
    replay = ["-m", "lfv_mcp", "replay"]
    with started(replay, {"LFV_SOURCE": "sample"}) as (_, endpoint), s3() as bucket:
        shell = {ENDPOINT: endpoint, "AWS_ENDPOINT_URL_S3": bucket, "NO_PROXY": "127.0.0.1", **KEYS}
        if over_http:
            serve = ["-m", "lfv_mcp", "serve", "--transport", "http", "--port", "0"]
            with started(serve, shell) as (process, url):
                yield process, [url]
            return
        os.environ.update(shell)
        kinds = ("live", "sample", "sample", "sample")
        catalogs = [open_catalog(Settings(kind, "us-east-1")) for kind in kinds]
        yield os.getpid(), [build_server(catalog) for catalog in catalogs]


async def soak(calls: int, over_http: bool, warm_up: int) -> tuple[Use, Use]:
    """What is held after the warm-up, and after all calls."""
    setattr(ClientSession, "validate_tool_result", unchecked)  # noqa: B010 - mypy knows its type
    dice = random.Random(20251031)
    numbers = iter(count())
    async with servers(over_http) as (process, served):

        async def some(wanted: int) -> None:
            left = wanted
            while left > 0:
                number = next(numbers)
                if number * A_CLIENT % 5_000 == 0:
                    sys.stderr.write(f"{number * A_CLIENT:,} calls\n")
                era = "legacy" if number % 2 else "auto"
                share = iter(range(min(A_CLIENT, left)))
                left -= A_CLIENT
                async with Client(served[number // 2 % len(served)], mode=era) as client:

                    async def caller(client: Client = client, share: Any = share) -> None:
                        for _ in share:
                            await ask(client, dice)

                    async with anyio.create_task_group() as tasks:
                        for _ in range(TOGETHER):
                            tasks.start_soon(caller)

        async def at_rest() -> Use:
            async with Client(served[0]) as client:
                async with anyio.create_task_group() as tasks:
                    for _ in range(BURST):
                        tasks.start_soon(tool, client, "list_models", {})
                await anyio.sleep(IDLE)
                await tool(client, "list_models", {})
            gc.collect()
            return use(process)

        await some(warm_up)
        before = await at_rest()
        await some(calls - warm_up)
        return before, await at_rest()


def say(text: str) -> None:
    """A line on stdout."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Soak, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--http", action="store_true", help="over HTTP, not in memory")
    given = parser.parse_args()
    warm_up = min(given.calls // 2, max(given.calls // 10, 1_000))
    start = time.monotonic()
    before, after = anyio.run(soak, given.calls, given.http, warm_up)
    seconds = time.monotonic() - start
    where = "over HTTP" if given.http else "in memory"
    say(f"{given.calls:,} calls {where} in {seconds:,.0f} s, {warm_up:,} of them as warm-up\n")
    say(table(before, after))
    if failed := grown(before, after):
        say(f"\nGREW: {', '.join(failed)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
