"""What a fleet costs: `python benchmarks/scale.py [--models N]... [--place disk|s3]...`.

Archives of 100, 1,000 and 10,000 models, on disk and in an S3 that takes 25 ms over every request,
as files of their own and in one pack; and beside 1,000 models 300,000 training images or 200,000
foreign files. Of each: how long a fresh server takes to its first answer and what its client is
told meanwhile, what later answers take, also after the files are due to be looked at anew, how
many requests and connections that is, and what is held in memory. `lfv-mcp list` of all models is
held against that one indexing. The floor is plain boto3 that reads the same objects, sixteen at a
time, or `json.loads` of the same files.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import wire
from archive import show
from figures import HEAD, Row, counted, line, machine, row
from fleet import VERSIONS, Fleet, project_of
from s3_process import KEYS, S3Process, s3_process
from talk import HOW_FAR, Reply, Talk, meanwhile, talk

LATENCY: Final = 0.025
PARALLEL: Final = 16
"""Requests of the floor at one time."""
SAMPLE: Final = 1_600
"""Objects that the floor reads at most; its time is taken as many times as there are more."""
LATER: Final = 20
"""Questions after the first answer."""
TOLD: Final = ("answered", "told how far", "told how long")
"""What a question may come to while an archive is being indexed."""
FIRST_ANSWER: Final = 5.0
"""Seconds that a pack of the largest fleet may take."""
FIRST_REQUESTS: Final = 20
FOREIGN_MEMORY: Final = 150.0
"""MiB that foreign files may take above a server of the sample."""
LIST_MORE: Final = 10.0
"""Seconds that a command which lists all models may take beyond one indexing."""
READ_AGAIN: Final = 1.05
"""Objects read, against objects that are there."""
LAUNCH: Final = """
import sys
from lfv_mcp.archive.s3_prefix import S3Prefix
assert hasattr(S3Prefix, "rescan_after"), "the interval has another name"
S3Prefix.rescan_after = float(sys.argv.pop(1))
from lfv_mcp.cli.main import main
main()
"""
"""A program: the command, with another interval after which an S3 prefix is listed anew."""


@dataclass(frozen=True)
class Case:
    """One archive."""

    models: int
    place: str
    images: int = 0
    foreign: int = 0
    packed: bool = False

    def __str__(self) -> str:
        more = f" + {self.images:,} images" if self.images else ""
        more += f" + {self.foreign:,} foreign" if self.foreign else ""
        return f"{self.models:,} models{more}, {self.place}{', packed' if self.packed else ''}"

    @property
    def fleet(self) -> Fleet:
        """Its files, before they are packed."""
        return Fleet(self.models, self.images, self.foreign)

    @property
    def bucket(self) -> str:
        """The bucket that has them."""
        beside = f"-images-{self.images}" if self.images else ""
        beside += f"-foreign-{self.foreign}" if self.foreign else ""
        return f"fleet-{self.models}{beside}"


@dataclass
class Measured:
    """What one archive cost. Seconds, MiB and counts."""

    case: str
    files: int = 0
    floor: float = 0.0
    first: float = 0.0
    asked: int = 0  # times, until there was an answer
    progress: int = 0  # notifications that reached the client before it
    last_progress: str = ""
    meanwhile: dict[str, int] = field(default_factory=dict)  # questions during it, by their fate
    requests: int = 0
    objects_read: int = 0
    gets: int = 0
    connections: int = 0
    later: float = 0.0
    later_requests: float = 0.0
    one_get: float = 0.0
    pause: float = 0.0
    pause_requests: int = 0
    memory: float = 0.0
    baseline: float = 0.0
    list_seconds: float = 0.0
    list_models: int = 0
    list_requests: int = 0
    replicas: dict[str, float] = field(default_factory=dict)


@dataclass
class Lab:
    """Where it is measured.

    Args:
        scratch: a folder for archives on disk.
        s3: the S3.
        latency: seconds that it takes over every request.
        rescan_after: seconds after which a server lists an S3 prefix anew; 0 for as it is shipped.
        patience: seconds after which a first answer or a command is given up.
        shell: environment of every process.
    """

    scratch: Path
    s3: S3Process
    latency: float
    rescan_after: float
    patience: float
    shell: Mapping[str, str]
    _folders: dict[str, Path] = field(default_factory=dict)
    _baseline: float = 0.0

    def environment(self, source: str) -> dict[str, str]:
        """Of a process that answers from there."""
        compiled = {"PYTHONPYCACHEPREFIX": str(self.scratch / "pyc")}
        bare = wire.environment(self.scratch, LFV_SOURCE=source, **compiled)
        return bare | self.s3.environment | dict(self.shell)

    def command(self, place: str) -> list[str]:
        """The command, at work on an archive in that place."""
        if place == "s3" and self.rescan_after:
            return [sys.executable, "-c", LAUNCH, str(self.rescan_after)]
        return wire.OURS

    def pause(self, place: str) -> float:
        """Seconds after which files are due to be looked at anew, and a little more."""
        if place == "disk":
            return 2.5
        return (self.rescan_after or 300.0) + 1.0

    def folder(self, case: Case) -> Path:
        """The files of a case on disk."""
        if case.bucket not in self._folders:
            self._folders[case.bucket] = self.scratch / case.bucket
            case.fleet.write(self._folders[case.bucket])
        return self._folders[case.bucket]

    def source(self, case: Case) -> str:
        """Where the archive is, once it is there."""
        if not case.packed:
            return f"s3://{case.bucket}/" if case.place == "s3" else str(self.folder(case))
        name = f"packed-{case.bucket}"
        if case.place == "disk":
            target = str(self.scratch / name)
        else:
            target = f"s3://{name}/"
            client().create_bucket(Bucket=name)
        self.s3.control(latency=0.0)
        start = time.perf_counter()
        done = subprocess.run(
            [*wire.OURS, "archive", "pack", str(self.folder(case)), "--to", target],
            env=self.environment("sample"),
            capture_output=True,
            text=True,
            check=False,
        )
        self.s3.control(latency=self.latency)
        if done.returncode:
            raise RuntimeError(f"archive pack failed: {done.stdout}{done.stderr}")
        show(f"{'  packed in':58}{time.perf_counter() - start:>10,.2f}")
        return target

    def baseline(self) -> float:
        """MiB of a server that has answered from the sample."""
        if not self._baseline:
            with talk(wire.OURS, self.environment("sample")) as asked:
                assert not asked.describe("sample-cap-seal", "3").code
                self._baseline = asked.peak()
        return self._baseline


def client() -> Any:
    """Plain boto3, directed by this process's environment, with as many connections as are used."""
    import boto3
    from botocore.config import Config

    return boto3.client("s3", config=Config(max_pool_connections=PARALLEL))


def can_pack(lab: Lab) -> bool:
    """Whether the command that is measured knows how to pack an archive."""
    asked = [*wire.OURS, "archive", "pack", "--help"]
    done = subprocess.run(asked, env=lab.environment("sample"), capture_output=True, check=False)
    return done.returncode == 0


def parse(name: str, content: bytes) -> None:
    """The least that anybody does who wants to know what a file says."""
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    elif b'"source-ref"' not in content[:200]:
        json.loads(content)
        return
    for each in content.splitlines():
        json.loads(each)


def read_disk(source: str, wanted: str) -> tuple[int, float]:
    """The floor on disk: how many files, and seconds to read and parse those of that ending."""
    start = time.perf_counter()
    paths = [path for path in Path(source).rglob("*") if path.is_file()]
    for path in paths:
        if path.name.endswith(wanted):
            parse(path.name, path.read_bytes())
    return len(paths), time.perf_counter() - start


def read_s3(source: str, wanted: str) -> tuple[int, float, float]:
    """The floor in S3: how many objects, seconds to list and read them, seconds of one request."""
    bucket, s3 = source[5:].rstrip("/"), client()
    start = time.perf_counter()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    listed = time.perf_counter() - start
    needed = [key for key in keys if key.endswith(wanted)]
    sample = needed[:: max(1, len(needed) // SAMPLE)]

    def get(key: str) -> bytes:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    get(sample[0])
    start = time.perf_counter()
    with ThreadPoolExecutor(PARALLEL) as pool:
        for key, content in zip(sample, pool.map(get, sample), strict=True):
            parse(key, content)
    read = (time.perf_counter() - start) * len(needed) / len(sample)
    singles = []
    for key in (sample * 10)[:10]:
        start = time.perf_counter()
        get(key)
        singles.append(time.perf_counter() - start)
    return len(keys), listed + read, median(singles)


def fate(reply: Reply) -> str:
    """What a question during the indexing came to."""
    if reply.code == "silence":
        return "silence"
    if reply.code:
        if reply.wait is not None:
            return "told how long"
        return "told how far" if HOW_FAR.search(reply.text) else f"neither: {reply.code}"
    if "models" in reply.structure and not reply.structure["models"]:
        return "neither: no models"
    return "answered"


def first_answer(lab: Lab, asked: Talk, seen: Measured) -> None:
    """Ask a fresh server until it answers, and other things beside that."""
    fates: dict[str, int] = {}

    def others(ended: threading.Event) -> None:
        turn = 0
        while not ended.wait(1.0):
            turn += 1
            if turn % 2:
                reply = asked.ask("list_models", {"max_results": 5})
            else:
                reply = asked.describe("line-00000", "2")
            told = fate(reply)
            if told not in TOLD and told not in fates:
                show(f"  {told}: {' '.join(reply.text.split())[:300]}")
            fates[told] = fates.get(told, 0) + 1

    with meanwhile(others):
        while True:
            seen.asked += 1
            reply = asked.describe("line-00000")
            spent = time.perf_counter() - asked.server.spawned
            if not reply.code:
                break
            if spent > lab.patience:
                raise RuntimeError(f"no answer in {spent:.0f} s: {reply.text}")
            time.sleep(min(reply.wait or 1.0, 30.0))
        seen.first = spent
        seen.progress = len(asked.progress)
        seen.last_progress = asked.progress[-1] if asked.progress else ""
    seen.meanwhile = dict(sorted(fates.items()))


def later_answers(lab: Lab, asked: Talk, case: Case, seen: Measured) -> None:
    """Questions about models that nobody has asked for, at once and after a pause."""
    projects = max(1, case.models // VERSIONS)
    wanted = [(project_of(n % projects), str(n // projects % 9 + 1)) for n in range(3, 400, 7)]
    wanted = list(dict.fromkeys(wanted))

    def one() -> float:
        reply = asked.describe(*(wanted.pop() if len(wanted) > 1 else wanted[0]))
        if reply.code:
            raise RuntimeError(f"a later question failed: {reply.text}")
        return reply.seconds

    lab.s3.control(forget=True)
    times = [one() for _ in range(LATER)]
    seen.later = median(times)
    seen.later_requests = requests(lab.s3.control(forget=True)) / LATER
    time.sleep(lab.pause(case.place))
    lab.s3.control(forget=True)
    seen.pause = one()
    seen.pause_requests = settled(lab)
    seen.memory = asked.peak()


def settled(lab: Lab) -> int:
    """Requests of the last question and of what it set going, once there come no more."""
    before = -1
    while (now := requests(lab.s3.control())) != before:
        before = now
        time.sleep(max(1.0, 10 * lab.latency))
    return now


def requests(counts: Mapping[str, Any]) -> int:
    """All requests of what the S3 has counted."""
    return sum(counts["requests"].values())


def list_all(lab: Lab, source: str, seen: Measured) -> None:
    """The command that lists all models."""
    lab.s3.control(forget=True)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [*wire.OURS, "list", "--json"],
            env=lab.environment(source),
            capture_output=True,
            text=True,
            timeout=max(lab.patience, 4 * seen.first),
            check=False,
        )
    except subprocess.TimeoutExpired:
        seen.list_models = -1
    else:
        if done.returncode == 0:
            seen.list_models = len(json.loads(done.stdout)["models"])
        else:
            show(f"  lfv-mcp list: exit code {done.returncode}: {done.stderr[-300:].strip()}")
    seen.list_seconds = time.perf_counter() - start
    seen.list_requests = requests(lab.s3.control(forget=True))


def replicas(lab: Lab, source: str, case: Case, seen: Measured) -> None:
    """Three servers that start at one time."""
    lab.s3.control(forget=True)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(talk(lab.command(case.place), lab.environment(source)))
            for _ in range(3)
        ]

        def first(asked: Talk) -> float:
            told = Measured(str(case))
            first_answer(lab, asked, told)
            return told.first

        with ThreadPoolExecutor(3) as pool:
            slowest = max(pool.map(first, servers))
    counts = lab.s3.control(forget=True)
    seen.replicas = {
        "slowest": slowest,
        "requests": requests(counts),
        "connections": counts["connections"],
    }


def measure(lab: Lab, case: Case, *, three: bool = False) -> Measured:
    """Everything about one archive."""
    seen = Measured(str(case))
    source = lab.source(case)
    # Whoever reads a pack needs no manifest before somebody asks for it, and nobody an image.
    wanted = ".gz" if case.packed else ".json"
    if case.place == "s3":
        seen.files, seen.floor, seen.one_get = read_s3(source, wanted)
    else:
        seen.files, seen.floor = read_disk(source, wanted)
    seen.baseline = lab.baseline()
    lab.s3.control(forget=True)
    with talk(lab.command(case.place), lab.environment(source)) as asked:
        first_answer(lab, asked, seen)
        counts = lab.s3.control()
        seen.requests = requests(counts)
        seen.gets = counts["requests"].get("get", 0)
        seen.objects_read = counts["objects_read"]
        seen.connections = counts["connections"]
        later_answers(lab, asked, case, seen)
    list_all(lab, source, seen)
    if three:
        replicas(lab, source, case, seen)
    return seen


def rows_of(case: Case, seen: Measured, largest: int) -> Iterator[Row]:
    """What is shown of it, with the targets."""
    fleet_packed = case.packed and case.place == "s3" and case.models == largest
    target = {"target": FIRST_ANSWER, "of": "ours"} if fleet_packed else {}
    yield row(f"{case}: first answer", "s", [(seen.first, seen.floor)], **target)
    wrong = sum(number for told, number in seen.meanwhile.items() if told not in TOLD)
    asked = sum(seen.meanwhile.values())
    name = "  questions meanwhile that were neither answered nor told"
    yield counted(name, "", wrong, asked, 0)
    if seen.first > 10:
        name = "  progress that reached the client"
        yield row(name, "", [(seen.progress, 1)], target=1, of="ours", at_least=True)
    if case.place == "s3":
        most = FIRST_REQUESTS if fleet_packed else None
        yield counted("  requests until then", "", seen.requests, seen.files, most)
        there = 3 * case.models + case.foreign
        most = None if case.packed else READ_AGAIN * there
        yield counted("  objects read, and how many there are", "", seen.gets, there, most)
        yield counted("  connections", "", seen.connections, PARALLEL, None)
    yield row("  later answers", "ms", [(1000 * seen.later, 1000 * seen.one_get or 1.0)])
    yield counted("  requests of each", "", seen.later_requests, 1, None)
    yield row("  after a pause", "ms", [(1000 * seen.pause, 1000 * seen.later)])
    yield counted("  requests that this sets going", "", seen.pause_requests, seen.requests, None)
    most = seen.baseline + FOREIGN_MEMORY if case.foreign else None
    yield counted(
        "  peak memory, to a server of the sample", "MiB", seen.memory, seen.baseline, most
    )
    all_listed = case.models if seen.list_models == case.models else 0
    yield row(
        "  lfv-mcp list names all models",
        "",
        [(seen.list_models, case.models)],
        target=case.models,
        of="ours",
        at_least=True,
    )
    yield counted(
        "  lfv-mcp list, against the first answer",
        "s",
        seen.list_seconds if all_listed else max(seen.list_seconds, seen.first + LIST_MORE + 1),
        seen.first,
        seen.first + LIST_MORE,
    )
    if case.place == "s3":
        yield counted("  requests of it", "", seen.list_requests, seen.requests, None)
    if seen.replicas:
        three = seen.replicas
        yield row("  three servers at once, the slowest", "s", [(three["slowest"], seen.first)])
        yield counted("  requests of all three", "", three["requests"], seen.requests, None)


def markdown(results: list[Measured]) -> str:
    """The table of docs/performance.md."""
    head = (
        "archive | floor, s | first answer, s | told meanwhile | requests | connections | "
        "later, ms | requests each | after a pause, ms | memory, MiB | list of all, s"
    )
    lines = [f"| {head} |", "|---|" + "---:|" * 10]
    for seen in results:
        told = ", ".join(f"{count} {name}" for name, count in seen.meanwhile.items()) or "-"
        if seen.progress:
            told += f"; {seen.progress} times progress"
        listed = f"{seen.list_seconds:,.1f}" if seen.list_models > 0 else "did not end"
        cells = (
            seen.case,
            f"{seen.floor:,.1f}",
            f"{seen.first:,.1f}",
            told,
            f"{seen.requests:,}" if seen.requests else "-",
            f"{seen.connections:,}" if seen.connections else "-",
            f"{1000 * seen.later:,.1f}",
            f"{seen.later_requests:.1f}" if seen.requests else "-",
            f"{1000 * seen.pause:,.1f}",
            f"{seen.memory:,.0f} (sample: {seen.baseline:,.0f})",
            listed,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def cases(models: list[int], places: list[str], images: int, foreign: int) -> Iterator[Case]:
    """Every archive that is measured."""
    for count in models:
        for place in places:
            yield Case(count, place)
            yield Case(count, place, packed=True)
    middle = sorted(models)[len(models) // 2]
    for place in places:
        if images:
            yield Case(middle, place, images=images)
        if foreign and place == "disk":  # in S3 they are requests like any others
            yield Case(middle, place, foreign=foreign)


def run(given: argparse.Namespace, keep: list[Measured]) -> Iterator[Row]:
    """The rows of every archive, as they are measured."""
    with tempfile.TemporaryDirectory() as scratch, s3_process(given.latency) as s3:
        os.environ |= s3.environment | KEYS
        shell = {"LFV_TIMEOUT": str(given.timeout)} if given.timeout else {}
        lab = Lab(Path(scratch), s3, given.latency, given.rescan_after, given.patience, shell)
        packs = can_pack(lab)
        if not packs:
            show("  (this lfv-mcp has no `archive pack`: packed archives are not measured)")
        largest = max(given.models)
        for case in cases(given.models, given.place, given.images, given.foreign):
            if (case.packed and not packs) or (given.packed and not case.packed):
                continue
            seen = measure(lab, case, three=case.place == "s3" and case.models == given.replicas)
            keep.append(seen)
            yield from rows_of(case, seen, largest)


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--models", type=int, action="append", help="default: 100, 1000, 10000")
    made.add_argument("--place", choices=["disk", "s3"], action="append", help="default: both")
    made.add_argument("--packed", action="store_true", help="packed archives only")
    made.add_argument("--images", type=int, default=300_000, help="beside the middle fleet")
    made.add_argument("--foreign", type=int, default=200_000, help="beside the middle fleet")
    made.add_argument("--latency", type=float, default=LATENCY, help="seconds of a request to S3")
    made.add_argument("--replicas", type=int, default=1_000, help="fleet of three servers at once")
    made.add_argument("--timeout", type=float, help="LFV_TIMEOUT, if another than the default")
    made.add_argument(
        "--rescan-after",
        type=float,
        default=30.0,
        help="seconds after which a server lists an S3 prefix anew; 0 for as it is shipped",
    )
    made.add_argument("--patience", type=float, default=900.0, help="seconds to a first answer")
    made.add_argument("--markdown", type=Path, metavar="FILE", help="the table for the docs")
    made.add_argument("--json", type=Path, metavar="FILE", help="keep everything in FILE")
    return made


def asked_for(arguments: list[str] | None = None) -> argparse.Namespace:
    """What is asked for, with the defaults that argparse cannot append to."""
    given = parser().parse_args(arguments)
    given.models = given.models or [100, 1_000, 10_000]
    given.place = given.place or ["disk", "s3"]
    return given


def main() -> None:
    """Measure, print, and keep what was measured."""
    given = asked_for()
    about = machine()
    show(json.dumps(about))
    show(HEAD)
    kept: list[Measured] = []
    rows = []
    try:
        for measured in run(given, kept):
            rows.append(measured)
            show(line(measured))
    finally:
        show(f"\n{markdown(kept)}")
        about["load_at_end"] = os.getloadavg()[0]
        if given.markdown:
            given.markdown.write_text(f"{markdown(kept)}\n")
        if given.json:
            results = {"machine": about, "archives": [asdict(each) for each in kept]}
            given.json.write_text(json.dumps(results, indent=2) + "\n")
    missed = [r.name.strip() for r in rows if r.holds is False]
    show("\n  missed: ".join([f"\n{len(missed)} targets are missed.", *missed]))


if __name__ == "__main__":
    main()
