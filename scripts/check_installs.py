"""Every way to install the server answers the same, from a directory of a host's own choice.

`python scripts/check_installs.py`: wheel, sdist, editable install, plain clone, the install steps
of the Dockerfile (in a scratch directory; the image itself is not built), and the Claude Desktop
bundle as Claude Desktop starts it. Each has to find prompts, sample and API description, and to say
what this clone says. The sdist has to hold all that its tests read, and the image not more than
it has to. One line per check, then "N passed, N failed"; exits 1 if any failed.

Installed is what git would track, so that nothing else in this directory can help.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zipfile import ZipFile

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mcp import Client, StdioServerParameters, stdio_client

from lfv_mcp import __version__
from scripts.checks import CACHE, ROOT, check, environment, finish, must, npm_prefix, run, say, venv
from scripts.conversation import converse, expected_answers
from scripts.make_packaging import MCPB, bundle

UV: Final = "uv==0.13.9"
LARGEST_IMAGE: Final = 90
"""MB. 79 when this was written; 8 of them are setuptools, which a venv has up to Python 3.11."""


def main() -> int:
    """Every way."""
    with TemporaryDirectory() as scratch:
        place = Path(scratch)
        source = clone(place / "clone")
        env = environment(place / "home") | {"UV_CACHE_DIR": str(CACHE / "uv-cache")}
        expected = expected_answers()
        uv = venv("uv", UV) / "uv"
        must([uv, "build", "--quiet", "--out-dir", place / "dist", source], env=env)
        (built,) = (place / "dist").glob("*.whl")
        (sdist,) = (place / "dist").glob("*.tar.gz")
        check_contents(built, sdist)
        check_tests(sdist, source)
        installed: tuple[tuple[str, list[str | Path]], ...] = (
            ("wheel", [built]),
            ("sdist", [sdist]),
            ("editable", ["--editable", source]),
            ("clone", ["-r", source / "pyproject.toml"]),  # its dependencies, not itself
        )
        for name, what in installed:
            into = place / f"{name}-environment"
            must([uv, "venv", "--quiet", "--python", sys.executable, into], env=env)
            python = into / "bin" / "python"
            must([uv, "pip", "install", "--quiet", "--python", python, *what], env=env)
            if name == "clone":  # not installed: it is run where it is
                check_server(name, [python, "-m", "lfv_mcp"], env, source, expected)
            else:
                check_server(name, [into / "bin" / "lfv-mcp"], env, place, expected)
        start = docker(source, place / "image", env)
        check_size(place / "image" / "opt" / "lfv-mcp")
        check_server("Dockerfile", start, env, place, expected)
        with_uv = env | {"PATH": f"{uv.parent}:{env['PATH']}"}
        command, settings = desktop(place / "bundle")
        check_server("bundle", command, with_uv | settings, place, expected)
    return finish()


def clone(into: Path) -> Path:
    """The files that a clone of this directory would have."""
    listed = run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"]).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


def check_contents(built: Path, sdist: Path) -> None:
    """A wheel made of the sdist is the wheel, so nothing is missing in either."""
    with TemporaryDirectory() as place:
        pip = ("-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps")
        must([sys.executable, *pip, "--wheel-dir", place, sdist])
        (again,) = Path(place).glob("*.whl")
        check("the sdist's wheel holds what the wheel holds", names(again), names(built))


def check_tests(sdist: Path, source: Path) -> None:
    """The sdist is the whole clone, so its own tests run; all are collected there."""
    with TemporaryDirectory() as place:
        with tarfile.open(sdist) as opened:
            opened.extractall(place, filter="data")
        (unpacked,) = Path(place).iterdir()
        added = {"PKG-INFO"}
        check("the sdist holds what a clone holds", paths(unpacked) - added, paths(source))
        tests = [sys.executable, "-m", "pytest", "--collect-only", "-n", "0", "-m", ""]
        done = run(tests, cwd=unpacked)
        check("the sdist's tests find all that they import", done.returncode, 0)


def paths(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def names(archive: Path) -> list[str]:
    with ZipFile(archive) as opened:
        return sorted(opened.namelist())


def check_server(
    name: str,
    command: Sequence[str | Path],
    env: Mapping[str, str],
    cwd: Path,
    expected: Mapping[str, Any],
) -> None:
    """The server as a host starts it: a line for each part of the conversation."""
    words = [str(word) for word in command]
    server = StdioServerParameters(command=words[0], args=words[1:], env=dict(env), cwd=cwd)

    async def ask() -> dict[str, Any]:
        async with Client(stdio_client(server), mode="legacy") as client:
            return await converse(client)

    try:
        heard = anyio.run(ask)
    except Exception as error:  # whatever it is, the other ways are still to be checked
        say(f"     {error!r}")
        heard = {}
    for part, answer in expected.items():
        if part != "server":
            check(f"{name}: {part}", heard.get(part), answer)


def docker(source: Path, place: Path, env: Mapping[str, str]) -> list[str]:
    """The first stage's COPY and RUN lines, below a directory instead of /; the ENTRYPOINT."""
    lines = (source / "Dockerfile").read_text(encoding="utf-8").splitlines()
    steps = [line.partition(" ")[::2] for line in lines if re.match("[A-Z]+ ", line)]
    stages = [number for number, (word, _) in enumerate(steps) if word == "FROM"]
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    shell = {**env, "PATH": f"{place / 'bin'}:{env['PATH']}"}
    directory = place
    for word, rest in steps[: stages[1]]:
        match word:
            case "WORKDIR":
                directory = place / rest.lstrip("/")
                directory.mkdir(parents=True)
            case "COPY":
                *wanted, target = rest.split()
                for name in wanted:
                    to = directory / target
                    if (source / name).is_dir():
                        shutil.copytree(source / name, to)
                    else:
                        shutil.copy2(source / name, to / name)
            case "RUN":
                moved = rest.replace("/opt/", f"{place}/opt/")
                done = run(["sh", "-ec", moved], env=shell, cwd=directory)
                check(f"Dockerfile: {rest}", (done.returncode, done.stderr), (0, done.stderr))
    (start,) = (rest for word, rest in steps if word == "ENTRYPOINT")
    return [word.replace("/opt/", f"{place}/opt/") for word in json.loads(start)]


def check_size(tree: Path) -> None:
    """What the image has beyond Python's own, compiled modules included."""
    megabytes = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) / 1e6
    say(f"     {megabytes:.1f} MB in /opt/lfv-mcp")
    check(
        f"Dockerfile: at most {LARGEST_IMAGE} MB in /opt/lfv-mcp", megabytes <= LARGEST_IMAGE, True
    )


def desktop(place: Path) -> tuple[list[str], dict[str, str]]:
    """The bundle, unpacked; command and environment as its manifest has them."""
    mcpb = npm_prefix("mcpb", MCPB) / "node_modules" / ".bin" / "mcpb"
    unpacked = place / "unpacked"
    must([mcpb, "unpack", bundle(place), unpacked])
    manifest = json.loads((unpacked / "manifest.json").read_text(encoding="utf-8"))
    check("bundle: version", manifest["version"], __version__)
    stray = [p.name for p in unpacked.rglob("*") if p.name.startswith(".") or p.suffix == ".pyc"]
    check("bundle: nothing that Python or a tool left behind", stray, [])
    start = manifest["server"]["mcp_config"]
    filled = {"${__dirname}": str(unpacked)}
    for key, asked in manifest["user_config"].items():
        # The user has left everything as it was; what has no default arrives as it stands here.
        filled[f"${{user_config.{key}}}"] = asked.get("default", f"${{user_config.{key}}}")
    words = [filled.get(word, word) for word in (start["command"], *start["args"])]
    return words, {name: filled[value] for name, value in start["env"].items()}


if __name__ == "__main__":
    sys.exit(main())
