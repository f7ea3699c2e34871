"""What became of the files that were looked at: counts, and why some are not in the archive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lfv_mcp.archive.problems import system_error_may_pass
from lfv_mcp.errors import LfvError, ServiceError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import Record

Problem = UnrecognisedError | LfvError | OSError
"""Why a file is not in the archive: it is none of ours, or it could not be read or written."""


@dataclass(slots=True)
class ImportTally:
    """Counts what became of the files (of an export: the models) that were looked at."""

    files: int = 0
    recognised: dict[str, int] = field(default_factory=dict[str, int])  # records, by form
    written: int = 0
    problems: list[tuple[str, Problem]] = field(default_factory=list[tuple[str, Problem]])
    left: list[str] = field(default_factory=list[str])
    """Packaged models: they are held where they are, and are not copied."""

    def count(self, record: Record, name: str = "") -> None:
        """Count one recognised record of a file; a pack's word about a file beside it is none."""
        if record.form == "edge_package":
            self.left.append(name)
        if record.form in ("packed_file", "edge_package"):
            return
        self.recognised[record.form] = self.recognised.get(record.form, 0) + 1

    def add_problems(self, name: str, problems: Iterable[Problem]) -> None:
        """Keep what is wrong with a file."""
        self.problems += ((name, problem) for problem in problems)

    def add(self, part: ImportTally) -> None:
        """Add the counts of a part to these."""
        self.files += part.files
        self.written += part.written
        self.problems += part.problems
        self.left += part.left
        for form, count in part.recognised.items():
            self.recognised[form] = self.recognised.get(form, 0) + count

    def may_still_come(self) -> bool:
        """Whether some of it failed in a way that may be over soon."""
        return any(may_pass(problem) for _, problem in self.problems)

    @property
    def failed(self) -> int:
        """How many files could not be read or written, whatever they hold."""
        return sum(has_failed(problem) for _, problem in self.problems)


def has_failed(problem: Problem) -> bool:
    """Whether a file could not be read or written, so that nobody knows what it holds."""
    return not isinstance(problem, UnrecognisedError)


def may_pass(problem: Problem) -> bool:
    """Whether the same may work a little later: the network's failures, and those of a disk."""
    if isinstance(problem, LfvError):
        return isinstance(problem, ServiceError) or problem.code == "endpoint_unreachable"
    return isinstance(problem, OSError) and system_error_may_pass(problem)
