"""What the slow checks share: one line per check, environments kept in a cache, a server over HTTP.

The checks that use this run in the development environment; what they install goes below
$LFV_TEST_CACHE (else .cache), into environments of its own, and is made anew when its pins change.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = Path(os.environ.get("LFV_TEST_CACHE") or ROOT / ".cache").resolve()
NODE: Final = "node@22.23.3"
"""Conformance suite and Inspector need Node 22; the npm package brings it, whatever runs npm."""
_RESULTS: Final[list[bool]] = []


def check(name: str, found: object, expected: object) -> None:
    """One line, and what differs if it does."""
    _RESULTS.append(found == expected)
    say(f"{'ok  ' if _RESULTS[-1] else 'FAIL'} {name}")
    if not _RESULTS[-1]:
        say(f"     found    {found!r:.700}\n     expected {expected!r:.700}")


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def finish() -> int:
    """The last line, and the exit code; no checks at all is a failure too."""
    say(f"{sum(_RESULTS)} passed, {len(_RESULTS) - sum(_RESULTS)} failed")
    return 0 if _RESULTS and all(_RESULTS) else 1


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """A command to its end, whatever that is; a hanging one fails by name."""
    return subprocess.run(
        [str(part) for part in command],
        env=None if env is None else dict(env),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )


def must(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
    """A command without which nothing can be checked; what it says is shown only if it fails."""
    words = [str(part) for part in command]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = f"{done.stdout}{done.stderr}"
        raise SystemExit(f"{said}{shlex.join(words)} failed ({done.returncode})")


def npm_prefix(name: str, *packages: str) -> Path:
    """A directory whose node_modules holds exactly these npm packages; made once."""

    def fill(place: Path) -> None:
        (place / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        quiet = ("--silent", "--no-audit", "--no-fund", "--no-package-lock", "--save-exact")
        must(["npm", "install", *quiet, "--prefix", place, *packages])

    return _made(name, packages, fill)


def node() -> Path:
    """Node 22."""
    return npm_prefix("node", NODE) / "node_modules" / "node" / "bin" / "node"


def venv(name: str, *packages: str | Path) -> Path:
    """The `bin` of a virtual environment with exactly these; made once."""

    def fill(place: Path) -> None:
        must([sys.executable, "-m", "venv", place])
        pip = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")
        must([place / "bin" / "python", *pip, *packages])

    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return _made(f"{name}-{python}", [str(package) for package in packages], fill) / "bin"


def _made(name: str, pins: Sequence[str], fill: Callable[[Path], None]) -> Path:
    import fcntl  # POSIX alone, as are these checks; tests that take ROOT from here are not

    place, complete = CACHE / name, CACHE / name / "complete"
    wanted = "\n".join(pins)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two lanes of .ci/run may want the same
        # Written last: half an installation, or one of other versions, is made anew.
        if not complete.exists() or complete.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            fill(place)
            complete.write_text(wanted, encoding="utf-8")
    return place


def environment(home: str | Path) -> dict[str, str]:
    """This one without the developer's AWS and server settings, and with a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_", "FASTMCP_"))}
    return kept | {
        **{"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"},
        **{"MCP_INSPECTOR_SECRET_STORE": "memory"},
    }


def installed_server() -> str:
    """The `lfv-mcp` beside this Python, as a command line."""
    return shlex.quote(str(Path(sys.executable).with_name("lfv-mcp")))


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """`lfv-mcp serve --transport http` on a free loopback port, and its URL."""
    # Told to end, a check would leave its server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with TemporaryDirectory() as home:
        process = subprocess.Popen(
            [*command, "serve", "--transport", "http", "--port", "0", "--source", "sample"],
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                assert process.stderr
                ready = process.stderr.readline()
                _, found, url = ready.partition("listening on ")
                if not found:
                    raise SystemExit(f"the server did not start: {ready}{process.stderr.read()}")
                # Read on, or a full pipe would stop the server.
                Thread(target=process.stderr.read, daemon=True).start()
                yield url.strip()
            finally:
                process.terminate()
