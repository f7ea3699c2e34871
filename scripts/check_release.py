"""What must hold before a version is published; docs/releasing.md is the checklist around it.

`python scripts/check_release.py v1.2.3` checks that the tag is the version of the package, of the
bundle and of the registry entry, that the changelog has a dated section of it, and that whoever
publishes has said that the name on PyPI is this project's (RESERVED in docs/releasing.md).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
RESERVED: Final = "- [x] The name `lfv-mcp` on PyPI is this project's"
"""The first line of the checklist, ticked."""


def problems(tag: str, root: Path = ROOT) -> list[str]:
    """Why this tag may not be published; empty if it may."""
    found: list[str] = []
    match = re.fullmatch(r"v(\d+\.\d+\.\d+)", tag)
    if match is None:
        return [f"{tag!r} is no tag of a release: write it as v1.2.3"]
    version = match[1]
    package = (root / "lfv_mcp" / "__init__.py").read_text(encoding="utf-8")
    declared = {
        "lfv_mcp/__init__.py": re.search(r'__version__\s*=\s*"([^"]+)"', package),
    }
    versions = {name: found_in[1] if found_in else "none" for name, found_in in declared.items()}
    for name in ("packaging/manifest.json", "server.json"):
        versions[name] = json.loads((root / name).read_text(encoding="utf-8"))["version"]
    found += [
        f"{name} says {said}, the tag {version}"
        for name, said in versions.items()
        if said != version
    ]
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}$", changelog, re.M):
        found.append(f"CHANGELOG.md has no line `## [{version}] - YYYY-MM-DD`")
    if RESERVED not in (root / "docs" / "releasing.md").read_text(encoding="utf-8"):
        found.append("docs/releasing.md: its first line is not ticked, so the name is not reserved")
    return found


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    found = problems(sys.argv[1] if len(sys.argv) == 2 else "")
    for problem in found:
        print(f"release: {problem}")
    if not found:
        print(f"{sys.argv[1]} may be published")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
