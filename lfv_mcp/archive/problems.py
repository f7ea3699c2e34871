"""What is wrong with the files of an archive: counted by reason, with the first names of each.

A bucket may hold two hundred thousand files that are something else, so problems are counted and
not kept: memory for them must not grow with their number.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.text import clean

ProblemKind = Literal["corrupt", "unread", "failed", "foreign", "read"]
"""A damaged record; a spelling that is not read for safety; bytes that could not be had; something
else than a record; a record that was read, but not as it was saved. Because of the first three a
record may be missing."""

_NAMES_KEPT: Final = 5
"""Names of files that are kept of each reason; those beyond are counted."""
_MAX_GROUPS: Final = 200
"""Reasons that are told apart; what is beyond is counted as one."""
_OTHER_REASONS: Final = "other reasons"
_PLACE: Final = "\0"
"""Where a shared message has the name of the file, which each file puts in for itself."""
_LASTING_CODES: Final = frozenset(
    {
        *("s3_access_denied", "s3_not_found", "s3_not_restored", "s3_key_unusable", "s3_refused"),
        *("bucket_not_allowed", "setup_invalid"),
    }
)
"""Failures that stay until somebody changes something; every other one may soon have passed."""
_LASTING_NUMBERS: Final = frozenset(
    {
        None,  # our own: a link that leads out, no regular file
        *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR),
        *(errno.ENXIO, errno.EINVAL, errno.ENAMETOOLONG),
    }
)
"""Numbers of a system's errors that stay until somebody changes something."""
_REASONS: Final = {
    "s3_access_denied": "access denied to S3 objects",
    "s3_not_found": "S3 objects that are gone",
    "s3_not_restored": "in a Glacier storage class",
    "s3_key_unusable": "encrypted with a KMS key that cannot be used",
    "s3_refused": "refused by S3",
    "throttled": "S3 asked to slow down",
    "service_error": "S3 failed inside",
    "endpoint_timeout": "no answer in time",
    "endpoint_unreachable": "no connection",
    "bad_answer": "answers cut short or unreadable",
    "credentials_expired": "credentials expired",
    "credentials_missing": "no credentials",
    "credentials_rejected": "credentials rejected",
}
_CHECK: Final = "`lfv-mcp archive check` names the files and what is wrong with each kind."
_DAMAGED: Final = f"Replace the damaged files by whole copies. {_CHECK}"
_PASSING: Final = "The files are tried again in the background: ask again in a few seconds."


class FileProblem(NamedTuple):
    """What is wrong with a file; one object for all files with the same problem.

    Args:
        kind: whether a record may be missing, and why.
        reason: a few words to count by, the same for many files.
        message: one line; the name of an S3 object is left out of it.
        next_step: what somebody can do about it.
        passing: whether it may soon be over by itself.
    """

    kind: ProblemKind
    reason: str
    message: str
    next_step: str
    passing: bool = False

    @property
    def is_unread(self) -> bool:
        """Whether a record may be missing because of it."""
        return self.kind not in ("foreign", "read")

    def about(self, name: str) -> str:
        """The message for the file of this name."""
        return self.message.replace(_PLACE, clean(name, 1024))


def problem_of(error: Exception, name: str) -> FileProblem:
    """What an error means for the file of this name, which was being read."""
    if isinstance(error, UnrecognisedError):
        return _unrecognised(error)
    if isinstance(error, LfvError):
        lasting = error.code in _LASTING_CODES
        uri = re.escape(clean(name, 1024))
        message = re.sub(rf"(s3://[^/\s]+/){uri}", rf"\1{_PLACE}", error.message)
        return FileProblem(
            "failed",
            _REASONS.get(error.code, error.code.replace("_", " ")),
            f"cannot be read: {message}",
            error.next_step if lasting else f"{_PASSING} If it stays so: {error.next_step}",
            passing=not lasting,
        )
    if isinstance(error, OSError):
        why = error.strerror or str(error)
        passing = system_error_may_pass(error)
        return FileProblem(
            "failed",
            why[:1].lower() + why[1:],
            f"cannot be read: {why}",
            _PASSING if passing else f"Make those files readable for this server. {_CHECK}",
            passing=passing,
        )
    if not isinstance(error, MemoryError):
        return FileProblem(
            "failed",
            "a mistake of this server",
            "cannot be read: this server made a mistake of its own",
            "Look at the server's log (stderr), and report it with the log lines.",
        )
    return FileProblem(
        "failed",
        "more than the memory holds",
        "cannot be read: it takes more memory than there is",
        f"Give this server more memory, or take the file out of the archive. {_CHECK}",
    )


def is_gone(error: OSError | LfvError) -> bool:
    """Whether a place or file could not be read because it is not there any more."""
    if isinstance(error, LfvError):
        return error.code == "s3_not_found" or isinstance(error.__cause__, _GONE)
    return isinstance(error, _GONE)


_GONE: Final = (FileNotFoundError, NotADirectoryError)


def system_error_may_pass(error: OSError) -> bool:
    """Whether the same may work a little later, with nobody having changed anything."""
    return error.errno not in _LASTING_NUMBERS


def _unrecognised(error: UnrecognisedError) -> FileProblem:
    message = str(error)
    if not error.is_unread:
        kind: ProblemKind = "read" if getattr(error, "read", False) else "foreign"
        return FileProblem(kind, _reason(message), message, "")
    if not error.corrupt:
        return FileProblem("unread", _reason(message), message, f"Convert those files. {_CHECK}")
    return FileProblem("corrupt", _reason(message), message, _DAMAGED)


def _reason(message: str) -> str:
    """The message without what differs from file to file: line numbers, counts, quotations."""
    return re.split(r" \(|[:;,]? [\"'`]|: |; ", message, maxsplit=1)[0][:80]


def unreadable_error(problem: FileProblem, name: str) -> LfvError:
    """A problem as an error, for a question that nothing else can answer."""
    return SetupError("archive_unreadable", f"{problem.about(name)}.", problem.next_step)


@dataclass(slots=True)
class ProblemGroup:
    """The files with one reason: how many, and the first of them with their messages."""

    kind: ProblemKind
    reason: str
    next_step: str
    count: int = 0
    first: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class ProblemTally:
    """The problems of an archive's files, by kind and reason."""

    def __init__(self) -> None:
        self._groups: dict[tuple[ProblemKind, str], ProblemGroup] = {}

    def add(self, name: str, problem: FileProblem) -> None:
        """Count a problem of the file of this name."""
        key = (problem.kind, problem.reason)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= _MAX_GROUPS:
                key = (problem.kind, _OTHER_REASONS)
            group = self._groups.setdefault(key, ProblemGroup(*key, problem.next_step))
        group.count += 1
        if len(group.first) < _NAMES_KEPT:
            group.first.append((name, problem.about(name)))

    def __iter__(self) -> Iterator[ProblemGroup]:
        """The groups, in the order in which their first files were found."""
        return iter(self._groups.values())

    def __len__(self) -> int:
        """How many problems there are."""
        return sum(group.count for group in self)

    def count(self, kind: ProblemKind) -> int:
        """How many problems of one kind there are."""
        return sum(group.count for group in self if group.kind == kind)


class Unread(NamedTuple):
    """The files of an archive that could not be read, and because of which a record may be missing.

    Args:
        number: how many.
        total: files that were to be read; images are none of them.
        reasons: why, with the number of files each, the most frequent first.
        first: the name of the first, relative to the archive.
        since: epoch seconds since when there have been unread files.
        next_step: what somebody can do about the most frequent reason.
    """

    number: int
    total: int
    reasons: tuple[tuple[int, str], ...]
    first: str
    since: float
    next_step: str

    def in_words(self) -> str:
        """For example `3 of 300 files could not be read (2 x ..., 1 x ...), first a/d.json`."""
        reasons = ", ".join(
            f"{count:,} × {reason}"  # noqa: RUF001 - a multiplication sign
            for count, reason in self.reasons[:3]
        )
        beyond = len(self.reasons) - 3
        more = f" and {beyond} other reasons" if beyond > 0 else ""
        return (
            f"{self.number:,} of {self.total:,} files could not be read ({reasons}{more}), first "
            f"{self.first}, since {clock_time(self.since)}"
        )


def clock_time(seconds: float) -> str:
    """A moment as `12:03 UTC`, with its date unless that is today."""
    moment = datetime.fromtimestamp(seconds, UTC)
    today = moment.date() == datetime.now(UTC).date()
    return f"{moment:%H:%M} UTC" if today else f"{moment:%Y-%m-%d %H:%M} UTC"
