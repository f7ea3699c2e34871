"""What one command costs, against a process that imports its libraries and makes one client.

`python benchmarks/command.py` prints the ratio of the medians of interleaved runs, for both floors
of benchmarks/command_floor.py; with `--command PATH`, of another installation's lfv-mcp.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import wire
from archive import show

QUESTION: Final = ("describe", "sample-cap-seal", "3")
"""A command that answers from the bundled sample: nothing is asked of the network."""
FLOORS: Final = ("uses", "imports")
"""What benchmarks/command_floor.py can do."""
CLIENT: Final = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
}
"""What the floor's client cannot be made without."""


def run_time(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Milliseconds of a process from its start to its end.

    Raises:
        CalledProcessError: the process failed.
    """
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return 1000 * (time.perf_counter() - start)


def times(
    environment: Mapping[str, str], command: Sequence[str] = wire.OURS
) -> tuple[float, dict[str, float]]:
    """Milliseconds of one command and of its floors, one after the other."""
    ours = run_time([*command, *QUESTION], environment)
    script = str(wire.HERE / "command_floor.py")
    floors = {
        kind: run_time([sys.executable, script, kind], {**environment, **CLIENT}) for kind in FLOORS
    }
    return ours, floors


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="of each side, after one to compile")
    parser.add_argument("--command", help="the lfv-mcp to measure")
    given = parser.parse_args()
    command = [given.command] if given.command else wire.OURS
    with tempfile.TemporaryDirectory() as scratch:
        compiled = str(Path(scratch) / "pyc")  # an installed package is compiled, a checkout not
        environment = wire.environment(Path(scratch), PYTHONPYCACHEPREFIX=compiled)
        times(environment, command)
        taken = [times(environment, command) for _ in range(given.runs)]
    ours = median(each for each, _ in taken)
    for kind in FLOORS:
        floor = median(floors[kind] for _, floors in taken)
        ratio = f"floor ({kind}) {floor:.0f} ms, ratio {ours / floor:.2f}"
        show(f"{' '.join(QUESTION)}: {ours:.0f} ms, {ratio}")


if __name__ == "__main__":
    main()
