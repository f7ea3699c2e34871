"""The checks of `lfv-mcp doctor`: what is configured, what answers, and what to fix."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal, NamedTuple

from anyio import to_thread

from lfv_mcp import __version__, model_query
from lfv_mcp.aws.failures import shown_url
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.catalog.evidence_files import is_not_held
from lfv_mcp.errors import LfvError
from lfv_mcp.figures import count_of
from lfv_mcp.placeholders import is_unset
from lfv_mcp.results.model_list import ModelRow
from lfv_mcp.server import prompts
from lfv_mcp.wiring.environment import misspelt_settings
from lfv_mcp.wiring.source import SPELLINGS

MAX_DESCRIBED: Final = 10
"""Models whose evaluation files are tried."""

_INDEX_FINDINGS: Final = {"files_unread": "files", "index_stale": "listing"}
"""Findings about the archive's index, and the checks that they fail."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check; `fix` says what to do if it is not good."""

    name: str
    good: bool
    found: str
    fix: str = ""

    @classmethod
    def passed(cls, name: str, found: str) -> Check:
        """A check with nothing to fix."""
        return cls(name, good=True, found=found)

    @classmethod
    def failed(cls, name: str, found: str, fix: str) -> Check:
        """A check that found something to fix."""
        return cls(name, good=False, found=found, fix=fix)

    @classmethod
    def of_error(cls, name: str, error: LfvError, about: str = "") -> Check:
        """A check that ended with this error; `about` says of what the error is."""
        return cls.failed(name, f"{about}{error.message} [{error.code}]", error.next_step)


def check_installation(environment: Mapping[str, str], known: Collection[str]) -> Iterator[Check]:
    """The checks that open nothing: versions, command, prompts and settings.

    Args:
        environment: the variables that were meant for this server, as the host passed them.
        known: the names of those that it reads.
    """
    packages = ", ".join(f"{name} {version(name)}" for name in ("mcp", "boto3", "botocore"))
    yield Check.passed(
        "versions", f"lfv-mcp {__version__}, Python {platform.python_version()}, {packages}"
    )
    yield _check_command()
    yield _check_prompts()
    yield _check_settings(environment, known)


def source_problem(problem: LfvError) -> Check:
    """The failed check of a source that cannot be opened; nothing else can be asked then."""
    fix = problem.next_step
    if "LFV_SOURCE" not in fix:
        fix = f"{fix} {SPELLINGS}"
    return Check.failed("source", f"{problem.message} [{problem.code}]", fix)


async def check_source(
    catalog: Catalog, credentials: Callable[[], str] | None, doubt: str = ""
) -> AsyncIterator[Check]:
    """The checks of a catalogue: its source, credentials, answers and evaluation files.

    Args:
        catalog: what the settings open.
        credentials: finds the AWS credentials and says where; None if AWS is never asked.
        doubt: why the source may not be what was meant.
    """
    place = f"{catalog.kind} {catalog.location}".strip()
    yield Check.passed("source", f"{place}. {doubt}" if doubt else place)
    if credentials is not None:
        are_needed = catalog.kind == "live" or catalog.location.startswith("s3://")
        check = partial(_check_credentials, credentials, are_needed=are_needed)
        yield await to_thread.run_sync(check)
    try:
        listed = await catalog.list_models(max_results=100)
    except LfvError as error:
        yield Check.of_error("answers", error)
        return
    models = listed.models
    more = " or more" if listed.next_token is not None else ""
    count = f"{len(models)}{more} {'model' if len(models) == 1 else 'models'}"
    unread = [found for found in listed.findings or () if found.code in _INDEX_FINDINGS]
    for found in unread:
        yield Check.failed(_INDEX_FINDINGS[found.code], found.message, found.advice or "")
    if sets := len(listed.prediction_sets or ()):
        count += f", {sets} prediction {'set' if sets == 1 else 'sets'}"
    if models or sets or unread:
        yield Check.passed(
            "answers", count if models or sets else "no model among what could be read"
        )
    else:
        yield Check.failed(
            "answers",
            count,
            "There is no model in this source: set LFV_SOURCE (--source) to a directory that "
            "holds saved answers or evaluation files.",
        )
    failures = [found for found in listed.findings or () if found.code == "project_failed"]
    if failures:
        first, others = failures[0], len(failures) - 1
        message = first.message + (f" (and {others} more projects)" if others else "")
        yield Check.failed("projects", message, first.advice or "")
    if (held := _held(catalog)) is not None:
        yield held
    if models:
        yield await _check_evidence(catalog, models)


_EVIDENCE_UNREAD: Final = ("evaluation_result_unread", "evaluation_manifest_unread")


def _held(catalog: Catalog) -> Check | None:
    """What an archive holds, in counts; None for nothing, and for a live endpoint."""
    index = None if catalog.archive is None else catalog.archive.held
    if index is None:
        return None
    entries = index.models.values()
    counts = (
        (sum(len(each.answers) for each in entries), "answer", "answers"),
        (
            sum(len(each.evaluation_files) for each in entries),
            "evaluation file",
            "evaluation files",
        ),
        (len(index.datasets), "dataset manifest", "dataset manifests"),
        (len(index.prediction_sets), "prediction set", "prediction sets"),
        (len(index.edge_packages), "edge package", "edge packages"),
    )
    found = ", ".join(count_of(*each) for each in counts if each[0])
    if not found:
        return None
    return Check.passed("held", f"{found}; what can be done with it: lfv-mcp inventory")


def _check_command() -> Check:
    """The command that a host can start, whatever the host's PATH is."""
    beside = Path(sys.executable).with_name("lfv-mcp")
    command = str(beside) if beside.exists() else shutil.which("lfv-mcp")
    return Check.passed("command", command or f"{sys.executable} -m lfv_mcp")


def _check_prompts() -> Check:
    """Whether the prompt files were installed with the package."""
    if names := ", ".join(prompts.prompts()):
        return Check.passed("prompts", names)
    return Check.failed("prompts", f"none in {prompts.folder()}", "Install the package again.")


def _check_settings(environment: Mapping[str, str], known: Collection[str]) -> Check:
    """What the environment sets, and which of its variables have no effect."""
    used: list[str] = []
    unset: list[str] = []
    for name, value in sorted(environment.items()):
        if name not in known:
            continue
        if not is_unset(value):
            used.append(f"{name}={shown_url(value)}")
        else:
            unset.append(f"{name}={value}")
    found = ", ".join(used) or "none in the environment"
    if unset:
        found += f"; empty or not filled in, so they count as unset: {', '.join(unset)}"
    unknown = misspelt_settings(environment, known)
    if not unknown:
        return Check.passed("settings", found)
    return Check.failed(
        "settings",
        f"{found}. {' '.join(map(str, unknown))}",
        "Write the variable as `lfv-mcp serve --help` does, or remove it.",
    )


def _check_credentials(find: Callable[[], str], *, are_needed: bool) -> Check:
    """Whether there are AWS credentials; an archive may answer everything without any."""
    try:
        return Check.passed("credentials", find())
    except LfvError as error:
        if are_needed:
            return Check.of_error("credentials", error)
        return Check.passed("credentials", "none; only evaluation files in S3 would take them")


class _Tried(NamedTuple):
    """How reading the evaluation files of a model went: `unread` with why, and what to do."""

    went: Literal["none", "read", "incomplete", "unread"]
    message: str = ""
    remedy: str = ""


async def _try_evidence(catalog: Catalog, row: ModelRow) -> _Tried:
    query = model_query.parse_model_query(row.model_arn or row.project_name, row.model_version)
    try:
        described = await catalog.describe_model(query)
        if all(found.code != "evidence_at_hand" for found in described.findings):
            return _Tried("none")
        report = await catalog.analyze_evaluation(query)
    except LfvError as refused:
        # What would do for a question, another version, mends no file.
        why = refused.__cause__ if refused.other_version else None
        error = why if isinstance(why, LfvError) else refused
        return _Tried("unread", f"{error.message} [{error.code}]", error.next_step)
    unread = [found for found in report.findings if found.code in _EVIDENCE_UNREAD]
    for found in unread:
        if not is_not_held(found):
            return _Tried("unread", found.message, found.advice or "")
    return _Tried("incomplete" if unread else "read")


async def _check_evidence(catalog: Catalog, models: Sequence[ModelRow]) -> Check:
    """Whether the evaluation files of the first models that have some can be read."""
    looked_at = models[:MAX_DESCRIBED]
    tried = [(row, await _try_evidence(catalog, row)) for row in looked_at]
    tried = [each for each in tried if each[1].went != "none"]
    how_many = f"looked at {len(looked_at)} of {count_of(len(models), 'model', 'models')}"
    if not tried:
        return Check.passed("evidence", f"{how_many}: none of them has evaluation files")
    unread = [each for each in tried if each[1].went == "unread"]
    incomplete = sum(each[1].went == "incomplete" for each in tried)
    count = (
        f"{how_many}: the evaluation files of {len(tried) - len(unread)} of "
        f"{len(tried)} that have some can be read"
    )
    if incomplete:
        count += f"; of {incomplete} of these only one of the two is held"
    if not unread:
        return Check.passed("evidence", count)
    row, why = unread[0]
    others = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
    message = f"{count}. {row.project_name} {row.model_version}{others}: {why.message}"
    return Check.failed("evidence", message, why.remedy)
