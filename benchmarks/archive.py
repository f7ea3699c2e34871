"""What an archive costs: `python benchmarks/archive.py [--models 10000]`.

Makes archives of DescribeModel answers and evaluation results in a temporary directory and
measures them against reading and `json.loads`-ing the very same files. Prints tables, judges
nothing: times depend on the machine, ratios hardly do.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import anyio
from fleet import VERSIONS, describe_answer, evaluation_result

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

RUNS: Final = 5


def make(folder: Path, models: int) -> tuple[int, int]:
    """Write an archive as `archive export` would; how many files, and their bytes."""
    files = size = 0
    for number in range(models):
        project, version = f"line-{number // VERSIONS:05}", number % VERSIONS + 1
        recall = 0.8 + number % 20 / 100
        for name, answer in (
            ("model", describe_answer(project, version, recall)),
            ("result", evaluation_result(project, version, recall)),
        ):
            path = folder / project / str(version) / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            files += 1
            size += path.write_text(json.dumps(answer, indent=2), encoding="utf-8")
    return files, size


def show(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def medians(*works: Callable[[], object]) -> list[float]:
    """Seconds of each, the median of several runs; in turns, so that a busy minute is shared.

    The collector runs between them, not in them.
    """
    times: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS):
        for taken, work in zip(times, works, strict=True):
            gc.collect()
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def read_and_parse(folder: Path) -> None:
    """The yardstick: every file read and parsed, nothing kept."""
    for path in folder.rglob("*.json"):
        json.loads(path.read_bytes())


async def questions(folder: Path, models: int) -> list[tuple[str, float]]:
    """Seconds of each question over an index that is there already."""
    asked = open_catalog(Settings(str(folder), timeout=600.0))
    await asked.list_models(max_results=1)
    projects = [f"line-{n:05}" for n in range(0, models // VERSIONS, max(1, models // 500))]

    async def timed(question: Awaitable[object]) -> float:
        start = time.perf_counter()
        await question
        return time.perf_counter() - start

    first = await timed(asked.list_models(max_results=50))
    listed = [await timed(asked.list_models(max_results=50)) for _ in range(RUNS)]
    filtered = await timed(asked.list_models(status="TRAINING", max_results=50))
    # Every question about another model, so that no answer comes from memory.
    described = [await timed(asked.describe_model(ModelQuery(name, "3"))) for name in projects]
    return [
        ("list_models, first page of 50, first time", first),
        ("list_models, first page of 50", statistics.median(listed)),
        ("list_models, a status nothing has", filtered),
        ("describe_model", statistics.median(described)),
    ]


def memory(folder: Path) -> int:
    """Bytes that an index keeps."""
    archive = Archive(Directory(folder))
    gc.collect()
    tracemalloc.start()
    archive.index()
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept


def measure(models: int) -> None:
    """One archive, every number."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files, size = make(folder, models)
        show(f"\n{models:,} models, {files:,} files, {size / 1e6:.1f} MB")
        archive = Archive(Directory(folder))
        archive.index()
        archive.files.rescan_after = -1
        yardstick, indexing, rescan = medians(
            lambda: read_and_parse(folder),
            lambda: Archive(Directory(folder)).index(),
            archive.index,
        )
        kept = memory(folder)
        rows = [
            ("read and json.loads every file", yardstick),
            ("index, from nothing", indexing),
            ("index, nothing changed", rescan),
            *anyio.run(questions, folder, models),
        ]
        for label, seconds in rows:
            show(f"  {label:44}{1000 * seconds:>10.2f} ms{seconds / yardstick:>9.3f} x")
        show(f"  {'memory of the index':44}{kept / 1e6:>10.2f} MB{kept / size:>9.3f} x")


def main() -> None:
    """Archives of 100, 1,000, ... up to the asked size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=10_000, help="size of the largest archive")
    largest = parser.parse_args().models
    show(f"Python {sys.version.split()[0]}; median of {RUNS} runs; x is against json.loads")
    for models in sorted({m for m in (100, 1_000, 10_000) if m < largest} | {largest}):
        measure(models)


if __name__ == "__main__":
    main()
