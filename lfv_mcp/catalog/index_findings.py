"""What the state of an archive's index adds to an answer: unread files, an old index, progress.

Not found is said only of what could be read. A file that could not be read might hold another
record of the model that was asked about, so every answer of that archive says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from lfv_mcp.archive.archive import Staleness
from lfv_mcp.archive.index import Index
from lfv_mcp.archive.problems import Unread
from lfv_mcp.archive.progress import IndexingProgress
from lfv_mcp.errors import LfvError, ServiceError
from lfv_mcp.figures import count_of
from lfv_mcp.findings import finding, has_precedence
from lfv_mcp.results.common import Finding
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.image_list import ImageList
from lfv_mcp.results.inventory import Inventory
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary

_Answer = TypeVar(
    "_Answer", ModelSummary, ModelList, EvaluationReport, ModelComparison, ImageList, Inventory
)
_ABSENCES: Final = (
    "ambiguous_model",
    "evidence_unavailable",
    "model_not_found",
    "project_not_found",
)
"""Errors that a file which could not be read might have made another answer of."""


def index_findings(
    unread: Unread | None, staleness: Staleness | None, *, asks_for_latest: bool = False
) -> list[Finding]:
    """The findings that every answer from an index has.

    Args:
        unread: the files that could not be read; None if there are none.
        staleness: why the index is older than it should be; None if it is not.
        asks_for_latest: the answer depends on which version is the highest.
    """
    found: list[Finding] = []
    if unread is not None:
        message = f"{unread.in_words()}."
        if asks_for_latest:
            message += " The latest version is the highest of those that could be read."
        found.append(finding("files_unread", message, unread.next_step))
    if staleness is not None:
        message = f"{staleness.in_words()} This answer is of what was held then."
        found.append(finding("index_stale", message, staleness.next_step))
    return found


def held_findings(index: Index | None, project_name: str) -> list[Finding]:
    """That an archive holds more than records of models: where to read what can be done with it.

    Args:
        index: of the archive; None for a live endpoint.
        project_name: the project that was asked about; empty for every project.
    """
    if index is None or not (index.datasets or index.edge_packages):
        return []
    held = [
        count_of(count, *words)
        for count, words in (
            (len(index.datasets), ("dataset manifest", "dataset manifests")),
            (len(index.edge_packages), ("edge package", "edge packages")),
        )
        if count
    ]
    where = f"`{f'lfv-mcp inventory {project_name}'.strip()}` in a terminal"
    if project_name:
        where = f"lookoutvision://projects/{project_name}/inventory, or {where}"
    return [
        finding(
            "more_is_held",
            f"The archive holds {' and '.join(held)}, too.",
            f"What can be done with them: {where}.",
        )
    ]


def with_findings(answer: _Answer, found: Sequence[Finding]) -> _Answer:
    """The answer with more findings, each before the others of its severity.

    The first of a severity are the last that a short text or a shortened answer leaves out.
    """
    if not found:
        return answer
    return answer.model_copy(update={"findings": _merged(found, answer.findings or ())})


def _merged(first: Sequence[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    graver = [each for each in others if has_precedence(each, first[0])]
    return (*graver, *first, *(each for each in others if each not in graver))


def with_unread(error: LfvError, unread: Unread | None) -> LfvError:
    """The error; one that claims absence says which files could not be read."""
    if unread is None or error.code not in _ABSENCES:
        return error
    next_step = f"{error.next_step} {unread.next_step}".strip()
    return error.saying(f"{error.message} {unread.in_words()}.", next_step)


def still_indexing(seconds: float, progress: IndexingProgress) -> ServiceError:
    """The error of a question whose time ran out before the first index was there."""
    again = f"in {progress.time_left_in_words()}" if progress.seconds_left is not None else "soon"
    return ServiceError(
        "deadline_exceeded",
        f"No answer within {seconds:g} seconds (LFV_TIMEOUT): the archive is being indexed, "
        f"{progress.in_words()}.",
        f"Indexing goes on in the background and does not start over: ask again {again}.",
    )


def not_advancing(seconds: float, progress: IndexingProgress | None) -> ServiceError:
    """The error of a command that waits while the indexing advances, when it does not."""
    how_far = f": {progress.in_words()}" if progress is not None else ""
    return ServiceError(
        "deadline_exceeded",
        f"Indexing the archive has not advanced for {seconds:g} seconds (LFV_TIMEOUT){how_far}.",
        "Check the network and S3, or raise LFV_TIMEOUT (--timeout).",
    )
