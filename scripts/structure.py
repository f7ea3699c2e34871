"""The packages of lfv_mcp: files, lines, what each imports; and the limits of size that hold.

`python scripts/structure.py` prints the table, and exits 1 if a module, a class or a function is
longer than its limit. `--type-exceptions` counts what type checkers are told to overlook.
"""

from __future__ import annotations

import argparse
import ast
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import grimp

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "lfv_mcp"
LIMITS: Final = {"module": 400, "class": 250, "function": 60}
"""Lines, docstrings and comments counted."""
TYPE_EXCEPTIONS: Final = 20
"""`pyright: ignore` and `type: ignore` comments in the whole package."""
REASONED: Final[dict[str, str]] = {}
"""What is longer than its limit, by name, and why."""


class Row(NamedTuple):
    """One package or ground file: its modules, their lines, and what it imports of ours."""

    name: str
    files: int
    lines: int
    imports: tuple[str, ...]


def rows() -> list[Row]:
    """Every package and ground file, in the order of the alphabet."""
    edges = arrows()
    result = []
    for name in sorted(parts()):
        place = PACKAGE / name
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
        imports = tuple(sorted(to for source, to in edges if source == name))
        result.append(Row(name, len(files), lines, imports))
    return result


def parts() -> set[str]:
    """The names of the packages and of the ground files."""
    found = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    return found | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def arrows() -> set[tuple[str, str]]:
    """Which part imports which, late imports and those for types alone included."""
    graph = grimp.build_graph("lfv_mcp", cache_dir=None)
    found = set()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            source, to = (*importer.split("."), "")[1], (*imported.split("."), "")[1]
            if source and to and source not in (to, "__main__"):
                found.add((source, to))
    return found


@functools.cache
def lengths() -> list[tuple[str, str, int]]:
    """(kind, name, lines) of every module, class and function."""
    return list(_lengths())


def _lengths() -> Iterator[tuple[str, str, int]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        yield "module", name, len(text.splitlines())
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.ClassDef():
                    kind = "class"
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    kind = "function"
                case _:
                    continue
            yield kind, f"{name}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def too_long() -> list[str]:
    """What is longer than its limit without a reason, in words."""
    return [
        f"{kind} {name} has {lines} lines, the limit is {LIMITS[kind]}"
        for kind, name, lines in lengths()
        if lines > LIMITS[kind] and name not in REASONED
    ]


def type_exceptions() -> list[str]:
    """Every place where a type checker is told to overlook something."""
    pattern = re.compile(r"#\s*(?:type|pyright):\s*ignore")
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def table() -> str:
    """The packages and ground files as a Markdown table."""
    lines = ["| package or file | files | lines | imports |", "|---|--:|--:|---|"]
    lines += [f"| {r.name} | {r.files} | {r.lines} | {', '.join(r.imports)} |" for r in rows()]
    total = rows()
    lines.append(f"| in all | {sum(r.files for r in total)} | {sum(r.lines for r in total)} | |")
    return "\n".join(lines)


def main() -> int:
    """Print what was asked for; 1 if a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--type-exceptions", action="store_true")
    if parser.parse_args().type_exceptions:
        found = type_exceptions()
        print(
            "\n".join(
                [*found, f"{len(found)} exceptions for type checkers, at most {TYPE_EXCEPTIONS}"]
            )
        )
        return int(len(found) > TYPE_EXCEPTIONS)
    longest = {kind: max((n, name) for k, name, n in lengths() if k == kind) for kind in LIMITS}
    print(table())
    for kind, (lines, name) in longest.items():
        print(f"longest {kind}: {name}, {lines} lines")
    print("\n".join(too_long()))
    return int(bool(too_long()))


if __name__ == "__main__":
    sys.exit(main())
