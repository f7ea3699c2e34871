"""Whatever one file is, indexing it takes a bounded amount of memory, and bounded time.

Each file is indexed in a process of its own, whose peak is held against that of an empty archive.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.saved_records import arn, manifest_of, write

pytestmark = pytest.mark.slow

LIMIT: Final = 256
"""Mebibytes over the baseline."""
SECONDS: Final = 300
MIB: Final = 1 << 20

_INDEX: Final = """
import sys
from pathlib import Path
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory

index = Archive(Directory(Path(sys.argv[1]))).index()
problems = [message for group in index.problems for _, message in group.first]
assert len(problems) < 100, len(problems)
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024, len(index.models), *problems, sep="\\n")
"""

RECORD: Final = json.dumps({"ModelDescription": {"ModelArn": arn(), "ModelVersion": "3"}})


def _zip(*members: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"{number}.json", member)
    return made.getvalue()


def _many_members() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(300_000):
            archive.writestr(zipfile.ZipInfo(f"{number}.json"), b"")
    return made.getvalue()


def _tar_with_a_long_header() -> bytes:
    """A header that says it has four gigabytes, of which hundreds of megabytes follow."""
    info = tarfile.TarInfo("./PaxHeaders/x")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    return gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(400 * MIB), 1)


def _xz_that_asks_for_memory() -> bytes:
    """A header with the largest dictionary that there is, four gigabytes."""
    data = bytearray(lzma.compress(bytes(4 * MIB)))
    start, size = 12, 4 * (data[12] + 1)
    place = data.index(b"\x21\x01", start) + 2
    data[place] = 40
    checksum = zlib.crc32(data[start : start + size - 4])
    data[start + size - 4 : start + size] = checksum.to_bytes(4, "little")
    return bytes(data)


def _of(start: str, item: str, end: str, size: int = 62 * MIB) -> bytes:
    return (start + item * ((size - len(start) - len(end)) // len(item)) + end).encode()


def _wide(count: int) -> str:
    return "{" + ",".join(f'"k{n}":{{}}' for n in range(count)) + "}"


def _yaml_bomb() -> bytes:
    lines = [f"ModelArn: {arn()}", "a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 12):
        lines.append(f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]")
    return "\n".join(lines).encode()


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "empty objects": lambda: b"[" + b"{}," * 15_000_000 + b"{}]",
    "empty objects and a record": lambda: b"[" + b"{}," * 2_000_000 + RECORD.encode() + b"]",
    "empty objects, gzipped": lambda: gzip.compress(b"[" + b"{}," * 15_000_000 + b"{}]", 1),
    "empty arrays inside": lambda: _of('{"lookoutvision": [', "[],", "[]]}"),
    "objects of one member": lambda: _of('{"lookoutvision": [', '{"":0},', "{}]}"),
    "a wide object": lambda: _wide(3_000_000).encode(),
    "many wide objects": lambda: b"[" + b",".join([_wide(50_000).encode()] * 80) + b"]",
    "a wide Models list": lambda: _of('{"Models": [', "{},", RECORD + "]}"),
    "deep arrays": lambda: b"[" * (60 * MIB),
    "deep objects": lambda: b'{"a":' * (12 * MIB),
    "a long string": lambda: _of('{"lookoutvision": "', "x", '"}'),
    "a long string with an emoji": lambda: _of('{"lookoutvision": "\U0001f600', "x", '"}'),
    "a long string in Japanese": lambda: _of('{"lookoutvision": "', "検", '"}', 60 * MIB // 3),
    "a long number": lambda: _of('{"lookoutvision": ', "9", "}"),
    "a million documents": lambda: _of("", '{"lookoutvision": 1}\n', "", 20 * MIB),
    "million documents with an emoji": lambda: _of(
        "", '{"lookoutvision": "\U0001f600"}\n', "", 20 * MIB
    ),
    "documents of nothing": lambda: b"{}\n" * (20 * MIB),
    "broken documents": lambda: b'{"lookoutvision": \n' * (3 * MIB),
    "UTF-16": lambda: ("[" + "{}," * 10_000_000 + "{}]").encode("utf-16"),
    "a code page": lambda: _of("[", '{"lookoutvision": "~"},', "1]", 20 * MIB).replace(
        b"~", b"\xfc"
    ),
    "a log": lambda: _of("", "INFO got {}\n", f"INFO got {RECORD}\n", 60 * MIB),
    "printed Python": lambda: _of("{'lookoutvision': [", "{},", "]}"),
    "printed Python, small": lambda: _of("{'lookoutvision': [", "[],", "]}", MIB),
    "minus signs": lambda: b"{'lookoutvision': " + b"-" * MIB + b"1}",
    "a sum": lambda: b"{'lookoutvision': 1" + b"+1" * (MIB // 2) + b"}",
    "YAML": lambda: _of(f"ModelArn: {arn()}\nb:\n", "- {}\n", "", MIB),
    "YAML in one line": lambda: _of(f"ModelArn: {arn()}\nb: ", "- ", "", MIB),
    "YAML of brackets": lambda: _of(f"ModelArn: {arn()}\nb: ", "[", "", MIB),
    "YAML bomb": _yaml_bomb,
    "strings of JSON": lambda: _of(
        '["lookoutvision",', '"{\\"lookoutvision\\": 1}",', "1]", 8 * MIB
    ),
    "gzip bomb": lambda: gzip.compress(b'{"a": "' + bytes(1000 * MIB), 1),
    "gzip bomb of lines": lambda: gzip.compress(b'{"source-ref": "x"}\n' * (30 * MIB), 1),
    "bzip2 bomb": lambda: bz2.compress(b"[" * (500 * MIB)),
    "xz bomb": lambda: lzma.compress(b"[" * (500 * MIB), preset=1),
    "xz with a large dictionary": _xz_that_asks_for_memory,
    "zip bomb": lambda: _zip(b"[" * (700 * MIB)),
    "zip of bombs": lambda: _zip(*[b"[" + b"{}," * 15_000_000] * 5),
    "zip of many members": _many_members,
    "zip in zip": lambda: _zip(_zip(b"[" * (500 * MIB))),
    "tar bomb": _tar_with_a_long_header,
    "a manifest in one array": lambda: _of(
        "[", manifest_of(images=1).decode().strip() + ",", manifest_of(images=1).decode() + "]"
    ),
    "a manifest": lambda: manifest_of(images=100) * 1500,
}


def peak(folder: Path, program: str = _INDEX) -> Iterator[str]:
    """What indexing a folder takes in mebibytes, and what it found."""
    # Without coverage, whose records are memory too, and which takes ten times as long.
    unmeasured = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}
    ran = subprocess.run(
        [sys.executable, "-c", program, folder],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=unmeasured,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return iter(ran.stdout.splitlines())


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The peak of a process that indexes nothing."""
    return int(next(peak(tmp_path_factory.mktemp("empty"))))


@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("name", FILES)
def test_indexing_takes_bounded_memory(name: str, tmp_path: Path, baseline: int) -> None:
    write(tmp_path, "file.json", FILES[name]())
    used, _, *problems = peak(tmp_path)
    assert int(used) - baseline <= LIMIT, problems


@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("name", ["empty objects and a record", "a log", "a wide Models list"])
def test_a_record_amid_much_else_is_found_or_said_to_be_unread(name: str, tmp_path: Path) -> None:
    write(tmp_path, "file.json", FILES[name]())
    _, models, *problems = peak(tmp_path)
    assert models == "1" or any("more than 1,000,000 members" in each for each in problems)


@pytest.mark.timeout(SECONDS * 2)
def test_too_little_memory_is_the_problem_of_the_file_alone(tmp_path: Path) -> None:
    write(tmp_path, "large.json", FILES["many wide objects"]())
    write(tmp_path, "small.json", RECORD.encode())
    limited = (
        "import resource\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (70 << 20),) * 2)"
    )
    program = _INDEX.replace("\nindex =", f"\n{limited}\nindex =")
    _, models, *problems = peak(tmp_path, program)
    assert models == "1"
    assert any("memory" in problem for problem in problems)
