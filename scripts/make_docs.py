"""What the docs say of the code, made from the code: docs/codes.md, and in the README the table of
tools and the configuration of Claude Desktop.

`python scripts/make_docs.py` writes both; `--check` exits 1 if one is not current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lfv_mcp.errors import ERRORS
from lfv_mcp.summary import FINDINGS
from lfv_mcp.tools import TOOLS

ROOT = Path(__file__).parent.parent
CODES = ROOT / "docs" / "codes.md"
README = ROOT / "README.md"
CONFIGURATION = ROOT / "claude_desktop_config.example.json"


def readme() -> str:
    """The README with its table of tools and its configuration as they should be."""
    rows = [
        f"| `{tool.name}({', '.join(a.name for a in tool.arguments)})` | {tool.description} |"
        for tool in TOOLS
    ]
    table = "\n".join(["| tool | |", "|---|---|", *rows])
    configuration = f"```json\n{CONFIGURATION.read_text(encoding='utf-8')}```"
    text = README.read_text(encoding="utf-8")
    return _between(_between(text, "tools", table), "config", configuration)


def _between(text: str, name: str, content: str) -> str:
    before, rest = text.split(f"<!-- {name} -->")
    _, after = rest.split(f"<!-- /{name} -->")
    return f"{before}<!-- {name} -->\n{content}\n<!-- /{name} -->{after}"


def codes() -> str:
    """The page of codes as it should be."""
    findings = [
        f"| `{code}` | {severity} | {text} |" for code, (severity, text) in FINDINGS.items()
    ]
    errors = [f"| `{code}` | {who} | {text} |" for code, (who, text) in sorted(ERRORS.items())]
    return "\n".join(
        [
            "# Codes",
            "",
            "Made from the code by `python scripts/make_docs.py`. Codes and severities are stable:",
            "an agent decides by them, never by the wording beside them.",
            "",
            "## Findings",
            "",
            "In `findings` of a result.",
            "",
            "| code | severity | meaning |",
            "|---|---|---|",
            *findings,
            "",
            "## Errors",
            "",
            "In square brackets in an error's text, and as `code` in its",
            '`_meta["io.github.lfv-mcp/error"]`.',
            "",
            "| code | who can act | meaning |",
            "|---|---|---|",
            *errors,
            "",
        ]
    )


def main() -> int:
    """Write what is not current, or only say so."""
    pages = {CODES: codes(), README: readme()}
    stale = [p for p, text in pages.items() if p.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
