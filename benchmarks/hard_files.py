"""What one file costs that was made to cost much: `python benchmarks/hard_files.py [--only NAME]`.

Each lies beside one honest model in an archive. A server is started over it and asked for that
model; its peak in memory is held against that of a server over the honest model alone. No server
may have more than 3 GiB of addresses, so that a bad one fails and the machine goes on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import wire
from archive import show
from figures import HEAD, Row, counted, line
from fleet import Fleet
from talk import Reply, talk

MOST: Final = 256.0
"""MiB that a single file may take."""
ADDRESSES: Final = 3 << 20
"""KiB of address space of a server."""
PATIENCE: Final = 120.0
MILLION: Final = 1_000_000


def many(start: bytes, unit: bytes, times: int, end: bytes) -> Iterator[bytes]:
    """A text that repeats itself, in pieces."""
    yield start
    block = max(1, MILLION // len(unit))
    for done in range(0, times, block):
        yield unit * min(block, times - done)
    yield end


def wide(keys: int) -> Iterator[bytes]:
    """An object of so many members, each with a name of its own."""
    yield b"{"
    for start in range(0, keys, 100_000):
        yield b"".join(b'"k%d":%d,' % (n, n) for n in range(start, min(start + 100_000, keys)))
    yield b'"end":0}'


FILES: Final[dict[str, Callable[[], Iterator[bytes]]]] = {
    "empty objects in an array": lambda: many(b"[", b"{},", 15 * MILLION, b"{}]"),
    "empty arrays in an array": lambda: many(b"[", b"[],", 15 * MILLION, b"[]]"),
    "numbers in an array": lambda: many(b"[", b"1,", 30 * MILLION, b"1]"),
    "short texts in an array": lambda: many(b"[", b'"a",', 15 * MILLION, b'"a"]'),
    "fractions in an array": lambda: many(b"[", b"0.1,", 15 * MILLION, b"0.1]"),
    "a wide object": lambda: wide(3 * MILLION),
    "deep arrays": lambda: many(b"", b"[", 10 * MILLION, b""),
    "deep objects": lambda: many(b"", b'{"a":', 5 * MILLION, b""),
    "small lines": lambda: many(b"", b"{}\n", 15 * MILLION, b""),
    "models in an array": lambda: many(
        b'{"Models":[', b'{"ModelVersion":"1","Status":"TRAINED"},', MILLION, b"{}]}"
    ),
    "one long text": lambda: many(b'{"ModelDescription":"', b"x", 500 * MILLION, b'"}'),
    "one long escaped text": lambda: many(b'["', b"\\ud83c\\udfed", 4 * MILLION, b'"]'),
    "zeros": lambda: many(b"", b"\0", 2000 * MILLION, b""),
    "blanks": lambda: many(b"{", b" ", 2000 * MILLION, b"}"),
}
"""What stands in each file, before it is packed by gzip."""
AS_THEY_ARE: Final = 30 * MILLION
"""Bytes up to which a file is also tried without gzip: what is larger is refused by its size."""


def write(path: Path, made: Iterator[bytes], most: float = float("inf")) -> int:
    """Write a file, of no more bytes than that; how many there are."""
    size = 0
    pack = zlib.compressobj(6, wbits=31) if path.suffix == ".gz" else None
    with path.open("wb") as file:
        for piece in made:
            size += len(piece)
            if size > most:
                break
            file.write(pack.compress(piece) if pack else piece)
        file.write(pack.flush() if pack else b"")
    return path.stat().st_size


def peak(folder: Path, scratch: Path) -> tuple[float, float, Reply]:
    """MiB at most and seconds of a server that is asked for the honest model; its answer."""
    limited = ["sh", "-c", f'ulimit -v {ADDRESSES}; exec "$@"', "sh", *wire.OURS]
    compiled = {"PYTHONPYCACHEPREFIX": str(scratch / "pyc")}
    env = wire.environment(scratch, LFV_SOURCE=str(folder), LFV_TIMEOUT="60", **compiled)
    with talk(limited, env) as asked:
        start = time.perf_counter()
        while (reply := asked.describe("line-00000")).code:
            if reply.code == "silence" or time.perf_counter() - start > PATIENCE:
                break
            time.sleep(0.5)
        return asked.peak(), time.perf_counter() - start, reply


def rows(only: list[str] | None = None) -> Iterator[Row]:
    """Every file, in an archive of its own."""
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        folder = scratch / "archive"
        Fleet(1).write(folder)
        peak(folder, scratch)  # compiles
        least, _, _ = peak(folder, scratch)
        for name in only or FILES:
            for ending in (".json.gz", ".json"):
                hard = folder / f"hard{ending}"
                most = AS_THEY_ARE if ending == ".json" else float("inf")
                size = write(hard, FILES[name](), most)
                most_memory, seconds, reply = peak(folder, scratch)
                hard.unlink()
                label = f"{name}, {size / 1e6:,.1f} MB{' of gzip' if ending != '.json' else ''}"
                yield counted(label, "MiB", most_memory, least, least + MOST)
                yield counted(
                    "  seconds to the answer about the honest model", "s", seconds, 0, None
                )
                yield counted("  questions not answered", "", bool(reply.code), 0, 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=FILES, action="append")
    given = parser.parse_args()
    show(HEAD)
    measured = []
    for each in rows(given.only):
        measured.append(each)
        show(line(each))
    missed = [each.name.strip() for each in measured if each.holds is False]
    show("\n  missed: ".join([f"\n{len(missed)} targets are missed.", *missed]))
    sys.exit(0)


if __name__ == "__main__":
    main()
