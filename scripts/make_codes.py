"""docs/codes.md, made from the committed lists of finding and error codes.

`python scripts/make_codes.py` writes it; `--check` exits 1 if it is not current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lfv_mcp.errors import ERRORS
from lfv_mcp.summary import FINDINGS

TARGET = Path(__file__).parent.parent / "docs" / "codes.md"


def page() -> str:
    """The page as it should be."""
    findings = [
        f"| `{code}` | {severity} | {text} |" for code, (severity, text) in FINDINGS.items()
    ]
    errors = [f"| `{code}` | {who} | {text} |" for code, (who, text) in sorted(ERRORS.items())]
    return "\n".join(
        [
            "# Codes",
            "",
            "Made from the code by `python scripts/make_codes.py`. Codes and severities are stable: an",
            "agent decides by them, never by the wording beside them.",
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
    """Write the page, or compare it."""
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text(encoding="utf-8") == page() else 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
