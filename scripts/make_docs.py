"""What the docs say of the code, made from the code: docs/codes.md; in the README the table of
tools and the configuration of Claude Desktop; in docs/performance.md what is installed, and sizes;
in docs/architecture.md the diagram of who imports whom; the tables of docs/statistics.md; and
lfv_mcp/server/output_schemas.json.

`python scripts/make_docs.py` writes them; `--check` exits 1 if one is not current.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lfv_mcp.errors import ERRORS
from lfv_mcp.findings import FINDINGS
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.results.schema import published_schema
from lfv_mcp.server.tools import TOOLS
from scripts.statistics_tables import TABLES
from scripts.structure import arrows

ROOT = Path(__file__).parent.parent
CODES = ROOT / "docs" / "codes.md"
README = ROOT / "README.md"
PERFORMANCE = ROOT / "docs" / "performance.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
STATISTICS = ROOT / "docs" / "statistics.md"
RESULTS = (ModelSummary, ModelList, EvaluationReport, ModelComparison)
SCHEMAS = ROOT / "lfv_mcp" / "server" / "output_schemas.json"
PROJECT = ROOT / "pyproject.toml"
SIZES = ROOT / "tests" / "snapshots" / "sizes.json"
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


def performance() -> str:
    """The page of costs with the tables that are known elsewhere."""
    text = PERFORMANCE.read_text(encoding="utf-8")
    return _between(_between(text, "installed", installed()), "sizes", sizes())


def architecture() -> str:
    """The page of the architecture with the diagram of who imports whom."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    packages = {path.parent.name for path in (ROOT / "lfv_mcp").glob("*/__init__.py")}
    drawn = packages - {"metrics", "results"}  # ground: everything may import them
    lines = [f"  {source} --> {to}" for source, to in sorted(arrows()) if {source, to} <= drawn]
    diagram = "\n".join(["```mermaid", "flowchart TD", *lines, "```"])
    return _between(text, "diagram", diagram)


def statistics() -> str:
    """The page of the statistics with its tables, which the product computes."""
    text = STATISTICS.read_text(encoding="utf-8")
    for name, made in TABLES.items():
        text = _between(text, name, made())
    return text


def schemas() -> str:
    """The published schemas of the tools' results, as pydantic makes them from the models."""
    made = {result.__name__: published_schema(result) for result in RESULTS}
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def installed() -> str:
    """Every package that an installation asks for, and why: as pyproject.toml and the benchmark,
    which counts them, have it."""
    _, _, asked = PROJECT.read_text(encoding="utf-8").partition("\ndependencies = [")
    asked, _, _ = asked.partition("\n]")
    named = re.findall(r'(?m)^  "([\w-]+)[^"]*", *# (.+)$', asked)
    rows = dict(named) | reasons()
    return _table(("package", "why"), ((f"`{name}`", why) for name, why in rows.items()))


def reasons() -> dict[str, str]:
    """What benchmarks/run.py says of packages beyond mcp and boto3."""
    tree = ast.parse((ROOT / "benchmarks" / "run.py").read_bytes())
    (found,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "REASONS" and node.value
    )
    told: dict[str, str] = ast.literal_eval(found)
    return told


def sizes() -> str:
    """What everything costs in a model's context, in bytes."""
    table: dict[str, Any] = json.loads(SIZES.read_bytes())
    tools = [
        ("**all of them**" if name == "all" else f"`{name}`", row["model sees"], row["whole"])
        for name, row in table["tools/list"].items()
    ]
    results = [(name, row["text"], row["structure"]) for name, row in table["results"].items()]
    prompts = [(f"`{name}`", row["text"], row["records"]) for name, row in table["prompts"].items()]
    return "\n\n".join(
        [
            _table(("tool", "the model sees", "whole"), tools),
            f"The server's instructions are {table['instructions']} bytes.",
            _table(("answer", "text", "structure"), results),
            _table(("prompt", "its words", "records in it"), prompts),
        ]
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str | int, ...]]) -> str:
    lines = [
        f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in row)} |"
        for row in (head, *rows)
    ]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


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
    pages = {
        CODES: codes(),
        README: readme(),
        PERFORMANCE: performance(),
        ARCHITECTURE: architecture(),
        STATISTICS: statistics(),
        SCHEMAS: schemas(),
    }
    stale = [
        page
        for page, text in pages.items()
        if not page.exists() or page.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
