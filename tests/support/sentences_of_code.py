"""The sentences that stand in the code of the package, wherever they are said."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scripts import structure


def sentences_of_code(*packages: str) -> Iterator[tuple[str, str]]:
    """(place, text) of every text in these packages that is no docstring."""
    for package in packages:
        for path in sorted((structure.PACKAGE / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            plain = {
                id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
            }  # docstrings
            for node in ast.walk(tree):
                if id(node) in plain:
                    continue
                if isinstance(node, ast.JoinedStr):
                    parts = (p.value if isinstance(p, ast.Constant) else "x" for p in node.values)
                    yield f"{path.name}:{node.lineno}", "".join(map(str, parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{path.name}:{node.lineno}", node.value
