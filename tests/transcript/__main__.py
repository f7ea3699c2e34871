"""`python -m tests.transcript [--update] [AREA...]`: compare with what is recorded, or record."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection, Mapping
from difflib import unified_diff
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from tests.transcript.areas import names, record, suffix

RECORDED: Final = Path(__file__).with_name("recorded")


def main() -> int:
    """Exit code 1 if anything that users see is another than recorded."""
    parser = argparse.ArgumentParser(prog="python -m tests.transcript", description=__doc__)
    parser.add_argument("areas", nargs="*", metavar="AREA", help="a name or pattern: 'cli-*'")
    parser.add_argument("--update", action="store_true", help="write the recordings")
    parser.add_argument("--list", action="store_true", help="name the areas")
    given = parser.parse_args()
    known = names()
    patterns = given.areas or ["*"]
    if unknown := [p for p in patterns if not any(fnmatchcase(name, p) for name in known)]:
        parser.error(f"no such area: {', '.join(unknown)}; --list names them")
    wanted = [name for name in known if any(fnmatchcase(name, p) for p in patterns)]
    if given.list:
        sys.stdout.writelines(f"{name}\n" for name in wanted)
        return 0
    started = time.monotonic()
    found = record(wanted)
    seconds = time.monotonic() - started
    if given.update:
        _write(found, known)
        _say(f"{len(found)} areas recorded in {seconds:.0f} s")
        return 0
    different = _differences(found, known)
    _say(f"{len(found)} areas compared in {seconds:.0f} s, {different} different")
    return 1 if different else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _file(name: str) -> Path:
    return RECORDED / f"{name}.{suffix(name)}"


def _strays(known: Collection[str]) -> list[Path]:
    """Recordings of no area."""
    expected = {_file(name) for name in known}
    return sorted(path for path in RECORDED.glob("*") if path not in expected)


def _write(found: Mapping[str, str], known: Collection[str]) -> None:
    RECORDED.mkdir(exist_ok=True)
    for stray in _strays(known):
        stray.unlink()
    for name, text in found.items():
        _file(name).write_bytes(text.encode())


def _differences(found: Mapping[str, str], known: Collection[str]) -> int:
    """Print a diff of each area that is another; how many are."""
    different = 0
    for stray in _strays(known):
        _say(f"{stray.name} is no recording of any area")
        different += 1
    for name, text in sorted(found.items()):
        path = _file(name)
        # Bytes, and lines cut at newlines alone: else a lone \r or \x85 would be hidden.
        before = path.read_bytes().decode() if path.exists() else ""
        if text == before:
            continue
        different += 1
        shown = unified_diff(
            before.split("\n"), text.split("\n"), f"recorded/{path.name}", "now", lineterm="", n=4
        )
        _say("\n".join(shown))
    return different


if __name__ == "__main__":
    sys.exit(main())
