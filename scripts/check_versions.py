"""The quick suite elsewhere than in the development environment: `check_versions.py WHICH`.

WHICH is `newest-python` (Python 3.13, which the Dockerfile has, from pyenv or the PATH; said to be
not run where there is none) or `lowest-dependencies` (the lowest version of each dependency that
pyproject.toml allows). What follows is handed to pytest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.checks import CACHE, ROOT, must, say, venv

NEWEST: Final = "3.13"
UV: Final = "uv==0.13.9"


def main() -> int:
    """Make the environment, and run the suite in it."""
    which, *arguments = sys.argv[1:]
    if which == "lowest-dependencies":
        return _run_suite(sys.executable, which, "--resolution", "lowest-direct", tests=arguments)
    python = find_python(NEWEST)
    if python is None:
        say(f"not run: there is no Python {NEWEST} here")
        return 0
    return _run_suite(python, which, tests=arguments)


def find_python(version: str) -> str | None:
    """A Python of this version that starts: from pyenv, else from the PATH."""
    candidates = [shutil.which(f"python{version}")]
    if pyenv := shutil.which("pyenv"):
        listed = subprocess.run(
            [pyenv, "prefix", version], capture_output=True, text=True, check=False
        )
        if listed.returncode:  # only a full version is a name: the last of those that fit
            names = subprocess.run(
                [pyenv, "versions", "--bare"], capture_output=True, text=True, check=False
            ).stdout.split()
            fitting = [name for name in names if name.startswith(f"{version}.")]
            listed = subprocess.run(
                [pyenv, "prefix", *fitting[-1:]], capture_output=True, text=True, check=False
            )
        candidates.insert(0, str(Path(listed.stdout.strip(), "bin", "python")))
    for candidate in filter(None, candidates):
        # pyenv's shims are found on the PATH for versions that are not chosen, and then fail.
        asked = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            told = subprocess.run(
                [candidate, "-c", asked], capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if told.stdout.strip() == version:
            return candidate
    return None


def _run_suite(python: str, name: str, *how: str, tests: list[str]) -> int:
    """The exit code of the quick suite in an environment made for it."""
    uv, place = venv("uv", UV) / "uv", CACHE / name
    must([uv, "venv", "--quiet", "--clear", "--python", python, place])
    must([uv, "pip", "install", "--quiet", "--python", place, *how, "--editable", f"{ROOT}[dev]"])
    command = [place / "bin" / "python", "-m", "pytest", *tests]
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
