"""Hook of pre-commit: a commit's subject has at most 72 characters, begins with a capital letter,
and ends without a full stop; the body, if there is one, comes after an empty line.

`python scripts/check_commit_message.py FILE`
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

LONGEST: Final = 72


def problems(message: str) -> list[str]:
    """What is wrong with a message; comments of Git do not count."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0] if lines else ""
    found: list[str] = []
    if not subject.strip():
        return ["the subject is empty: say what the commit does, as in: Retry a listing"]
    if subject.startswith(("Merge ", "Revert ", "fixup! ", "squash! ")):
        return []
    if len(subject) > LONGEST:
        found.append(f"the subject has {len(subject)} characters; at most {LONGEST}")
    if not subject[0].isupper():
        found.append("the subject begins with a small letter")
    if subject.endswith("."):
        found.append("the subject ends with a full stop")
    if len(lines) > 1 and lines[1].strip():
        found.append("an empty line belongs between subject and body")
    return found


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    found = problems(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for problem in found:
        print(f"commit message: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
