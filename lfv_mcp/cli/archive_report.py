"""What `archive import`, `export` and `pack` say when they are done, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from lfv_mcp.cli.terminal import say
from lfv_mcp.errors import LfvError

if TYPE_CHECKING:
    from lfv_mcp.archive.pack import Packer
    from lfv_mcp.archive.tally import ImportTally

_PREDICTED: Final = (
    "What a system predicted on test images is imported with --predictions NAME --project PROJECT."
)
_LEFT_NAMED: Final = 20
"""Packaged models that are named in a text; those beyond are counted."""
_FIRST: Final = 20
"""Files of one reason that are named in JSON; those beyond are counted."""


class _Named(NamedTuple):
    """A file and what is wrong with it.

    Args:
        kind: in a word, as `kind_of` has it.
        reason: a few words to count by.
        file: its name.
        message: one line.
    """

    kind: str
    reason: str
    file: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a command has found and written; a text and JSON are two ways to show it.

    Args:
        looked_at: files; of an export models.
        images_passed_over: files that were not opened, for they are images by their name.
        recognised: records by their form.
        written: new files.
        unchanged: records that were there already.
        failed: files that could not be read or written, whatever they hold.
        problems: each one, in its order.
        next_steps: what can be done about them, each once.
        packaged_models: names of those, which are not copied.
    """

    looked_at: int
    images_passed_over: int
    recognised: Mapping[str, int]
    written: int
    unchanged: int
    failed: int
    problems: tuple[_Named, ...]
    next_steps: tuple[str, ...]
    packaged_models: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same for pipes; problems are counted by reason, with the first files of each."""
        groups: dict[tuple[str, str], list[_Named]] = {}
        for each in self.problems:
            groups.setdefault((each.kind, each.reason), []).append(each)
        return {
            **asdict(self),
            "problems": [
                {
                    "kind": kind,
                    "reason": reason,
                    "count": len(group),
                    "first": [{"file": e.file, "message": e.message} for e in group[:_FIRST]],
                }
                for (kind, reason), group in groups.items()
            ],
        }


def _report(tally: ImportTally, skipped_images: int) -> Report:
    from lfv_mcp.archive.problems import problem_of
    from lfv_mcp.formats.foreign import PREDICTIONS

    next_steps: dict[str, None] = {}  # each once, in their order
    named: list[_Named] = []
    for name, problem in tally.problems:
        reason = problem_of(problem, name).reason
        named.append(_Named(kind_of(problem), reason, name, _text(problem)))
        if isinstance(problem, LfvError):
            next_steps[problem.next_step] = None
        elif str(problem).startswith(PREDICTIONS):
            next_steps[_PREDICTED] = None
    return Report(
        tally.files,
        skipped_images,
        dict(sorted(tally.recognised.items())),
        tally.written,
        tally.unchanged,
        tally.failed,
        tuple(named),
        tuple(next_steps),
        tuple(tally.left),
    )


def echo_json(structure: Mapping[str, Any]) -> None:
    """Print a structured result."""
    click.echo(json.dumps(structure, ensure_ascii=False, indent=2))


def say_nothing_held(what: str) -> None:
    """Say on stderr that no record was recognised, what follows, and what to name instead."""
    say(
        f"Error: {what}: no saved answer, evaluation file, dataset or prediction set was "
        "recognised there.\n"
        "Next: Name the directory or prefix that holds saved answers (`aws lookoutvision "
        "describe-model`, boto3) or the output of trainings (EvaluationResult, "
        "EvaluationManifest). What another system predicted is imported with --predictions NAME "
        "--project PROJECT.",
        err=True,
    )


def show_import(tally: ImportTally, skipped_images: int, *, as_json: bool) -> None:
    """Print what an import has found and written.

    Raises:
        click.exceptions.Exit: exit code 1, if it was nothing or some of it failed.
    """
    if not (tally.recognised or tally.failed):
        say_nothing_held("Nothing was imported")
    show_export(tally, skipped_images, as_json=as_json)
    if tally.failed:
        if not as_json:
            failed = f"{tally.failed:,} failed: run it again, and they are tried again."
            click.echo(failed, err=True)
        raise click.exceptions.Exit(1)


def show_export(tally: ImportTally, skipped_images: int = 0, *, as_json: bool) -> None:
    """Print what an export has found and written.

    Raises:
        click.exceptions.Exit: exit code 1, if it was nothing.
    """
    report = _report(tally, skipped_images)
    if as_json:
        echo_json(report.to_json())
    else:
        _show_problems(report)
        click.echo(
            f"{_looked_at(report)} {report.written:,} new files written; "
            f"{len(report.problems):,} problems."
        )
    if not tally.recognised:
        raise click.exceptions.Exit(1)


def show_pack(packer: Packer, skipped_images: int, *, as_json: bool) -> None:
    """Print what a pack holds, or why there is none.

    Raises:
        click.exceptions.Exit: exit code 1, if there is none.
    """
    report = _report(packer.tally, skipped_images)
    if as_json:
        echo_json(_pack_as_json(packer, report))
    else:
        _show_problems(report)
        click.echo(f"{_looked_at(report)} {_packed(packer)}")
        if packer.result is not None and (others := packer.result.others):
            click.echo(f"{others:,} other files were there already and stay.", err=True)
    if packer.result is None:
        if not packer.unread:
            say_nothing_held("Nothing was packed")
        raise click.exceptions.Exit(1)


def _packed(packer: Packer) -> str:
    if packer.result is None:
        why = f"{len(packer.unread):,} files could not be read" if packer.unread else "no record"
        return f"nothing published: {why}."
    records, copied, _ = packer.result
    return f"{records:,} records packed, {copied:,} files beside them."


def _pack_as_json(packer: Packer, report: Report) -> dict[str, Any]:
    shared = report.to_json()
    del shared["written"], shared["unchanged"]  # a pack is one file, written anew
    result = packer.result
    return {
        "published": result is not None,
        "records": result.records if result else 0,
        "files_beside": result.copied if result else 0,
        "other_files": result.others if result else 0,
        "unread": len(packer.unread),
        **shared,
    }


def _show_problems(report: Report) -> None:
    for each in report.problems:
        click.echo(f"{each.kind:8} {click.unstyle(each.file)!r}: {each.message}", err=True)
    for next_step in report.next_steps:
        click.echo(f"Next: {next_step}", err=True)
    for name in report.packaged_models[:_LEFT_NAMED]:
        click.echo(f"held     {click.unstyle(name)!r}: a packaged model, not copied", err=True)
    if (more := len(report.packaged_models) - _LEFT_NAMED) > 0:
        click.echo(f"held     and {more:,} more packaged models", err=True)


def _looked_at(report: Report) -> str:
    records = ", ".join(f"{count:,} {form}" for form, count in report.recognised.items())
    return (
        f"{report.looked_at:,} looked at, {report.images_passed_over:,} passed over as images; "
        f"recognised: {records or 'nothing'};"
    )


def kind_of(problem: Exception) -> str:
    """A file's problem in one word.

    corrupt, unread (for safety), foreign (something else), read (but not as it was saved), or
    failed to be read.
    """
    from lfv_mcp.formats.decoding import UnrecognisedError

    if isinstance(problem, UnrecognisedError):
        if problem.is_unread:
            return "corrupt" if problem.corrupt else "unread"
        return "read" if problem.read else "foreign"
    return "failed"


def _text(problem: Exception) -> str:
    if isinstance(problem, OSError):
        return f"cannot be read: {problem.strerror or problem}"
    if isinstance(problem, LfvError):
        return f"{problem.message} [{problem.code}]"
    return str(problem)
