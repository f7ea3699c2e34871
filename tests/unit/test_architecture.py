"""What import-linter cannot say: sizes, the one reader of the environment, absolute imports.

The direction of imports and the doors of outside libraries are contracts in pyproject.toml, checked
by `nox -s architecture`.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import Final

import pytest

from scripts import structure

MODULES: Final = {
    ".".join(path.relative_to(structure.PACKAGE).with_suffix("").parts): path
    for path in sorted(structure.PACKAGE.rglob("*.py"))
}


@functools.cache
def nodes(name: str) -> tuple[ast.AST, ...]:
    """All that the syntax tree of a module is made of."""
    return tuple(ast.walk(ast.parse(MODULES[name].read_bytes())))


def test_nothing_is_longer_than_its_limit() -> None:
    assert structure.too_long() == []


def test_every_reason_for_a_long_one_is_still_needed() -> None:
    long = {name for kind, name, lines in structure.lengths() if lines > structure.LIMITS[kind]}
    assert set(structure.REASONED) <= long


def test_type_checkers_overlook_little() -> None:
    assert len(structure.type_exceptions()) <= structure.TYPE_EXCEPTIONS


def test_the_table_counts_every_module() -> None:
    rows = structure.rows()
    assert sum(row.files for row in rows) == len(MODULES) - 2  # __init__ and __main__ of the top
    text = [MODULES[name].read_text(encoding="utf-8") for name in MODULES]
    top = sum(
        len((structure.PACKAGE / f"__{name}__.py").read_text().splitlines())
        for name in ("init", "main")
    )
    assert sum(row.lines for row in rows) == sum(len(t.splitlines()) for t in text) - top


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith("__init__")])
def test_every_package_says_what_is_in_it(name: str) -> None:
    path: Path = MODULES[name]
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert len(said) > 60 or path.parent == structure.PACKAGE, f"{name} says {said!r}"


@pytest.mark.parametrize("name", MODULES)
def test_only_the_command_line_and_connect_read_the_environment(name: str) -> None:
    names = {node.attr for node in nodes(name) if isinstance(node, ast.Attribute)}
    taken = {
        alias.name
        for node in nodes(name)
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for alias in node.names
    }
    reads = (names | taken) & {"environ", "environb", "getenv"}
    assert name.startswith("cli.") or name == "library.environment" or not reads


@pytest.mark.parametrize("name", MODULES)
def test_imports_are_absolute(name: str) -> None:
    assert not [n for n in nodes(name) if isinstance(n, ast.ImportFrom) and n.level]
