"""What a change does to the MCP surface: tools, arguments, resources, prompts and their schemas.

`python scripts/surface.py BASE` compares the committed snapshots of the surface at a Git revision
with those of the working tree, and prints the differences as Markdown. A test holds the snapshots
to what the server publishes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
KINDS: Final = {"tools": "name", "resources": "uri", "resource_templates": "uriTemplate"} | {
    "prompts": "name"
}
"""The snapshots, and the member that names an item of each."""
_SHOWN: Final = 120


def main() -> int:
    """Print the differences; 0 whether or not there are any."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python scripts/surface.py BASE\n")
        return 2
    lines = [
        line
        for kind, member in KINDS.items()
        for line in differences(kind, _named(_at(sys.argv[1], kind), member), load_snapshot(kind))
    ]
    print("## MCP surface\n")
    print("\n".join(lines) if lines else "No difference.")
    return 0


def differences(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The differences between two versions of a list, as lines of Markdown."""
    what = kind.removesuffix("s").replace("_", " ")
    for name in before.keys() - after.keys():
        yield f"- **removed** {what} `{name}`"
    for name in sorted(after.keys() - before.keys()):
        yield f"- added {what} `{name}`"
    for name in sorted(before.keys() & after.keys()):
        old, new = dict(_leaves(before[name])), dict(_leaves(after[name]))
        for path in sorted(old.keys() | new.keys()):
            if old.get(path) != new.get(path):
                change = f"{_shown(old, path)} → {_shown(new, path)}"
                yield f"- changed {what} `{name}`, `{path}`: {change}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document that holds no others, with the way to it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{inner.get('name', number)}]")
    else:
        yield path, value


def _shown(leaves: Mapping[str, Any], path: str) -> str:
    if path not in leaves:
        return "(none)"
    text = json.dumps(leaves[path], ensure_ascii=False)
    return f"`{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}`"


def _named(items: list[dict[str, Any]], member: str) -> dict[str, Any]:
    return {item[member]: item for item in items}


def load_snapshot(kind: str) -> dict[str, Any]:
    """The items of a snapshot of the working tree, by name."""
    path = ROOT / "tests" / "snapshots" / f"{kind}.json"
    return _named(json.loads(path.read_text(encoding="utf-8")), KINDS[kind])


def _at(revision: str, kind: str) -> Any:
    shown = subprocess.run(
        ["git", "show", f"{revision}:tests/snapshots/{kind}.json"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return json.loads(shown.stdout)


if __name__ == "__main__":
    sys.exit(main())
