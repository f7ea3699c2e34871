"""Commands at the command line: what they print, how they end, and the files that they leave."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.transcript.form import indented
from tests.transcript.world import COMMAND, World

_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Command:
    """One `lfv-mcp` command; `<work>` in it is the temporary folder, `<replay-...>` a URL.

    `leaves` names a file or folder that it writes: files are recorded by size and SHA-256, those
    of a folder all of them.
    """

    line: str
    environment: Mapping[str, str] = field(default_factory=dict)
    leaves: str = ""
    stdin: str = ""


def run(world: World, command: Command) -> str:
    """Run one command: its recording."""
    done = subprocess.run(
        [*COMMAND, *map(world.here, shlex.split(command.line))],
        env=world.environment(command.environment),
        cwd=world.folder,
        input=command.stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=_PATIENCE,
        check=False,
    )
    given = command.environment
    variables = "".join(f"{name}={shlex.quote(v)} " for name, v in given.items())
    parts = [f"$ {variables}lfv-mcp {command.line}".rstrip() + "\n", f"exit {done.returncode}\n"]
    for name, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        if text:
            parts.append(f"{name}:\n{indented(world.normalise(text))}")
    if command.leaves:
        parts.append(f"leaves:\n{indented(_left(world, Path(world.here(command.leaves))))}")
    return world.normalise("".join(parts))


def _left(world: World, place: Path) -> str:
    """The files of a place, with size and hash of what they say once it is normalised."""
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    shown = []
    for path in files:
        if path.is_file():
            name = path.relative_to(place).as_posix() if path != place else path.name
            content = path.read_bytes()
            with suppress(UnicodeDecodeError):  # no text, so nothing of this machine is in it
                content = world.normalise(content.decode()).encode()
            digest = hashlib.sha256(content).hexdigest()
            shown.append(f"{digest[:32]} {len(content):>8} {name}\n")
    return "".join(shown) or "nothing\n"


def record(world: World, sequences: Sequence[Sequence[Command]]) -> str:
    """The recording of an area: sequences at one time, the commands of each one after another."""

    def all_of(sequence: Sequence[Command]) -> list[str]:
        return [run(world, command) for command in sequence]

    pending = [world.pool.submit(all_of, sequence) for sequence in sequences]
    return "\n".join(text for done in pending for text in done.result())
