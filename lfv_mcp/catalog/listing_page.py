"""One page of a listing: the rows that fit into its limits, and the position it ends at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.listing import HeldOfModel, row_in_words, set_in_words, summarise_listing
from lfv_mcp.analysis.model_summary import gravest_finding
from lfv_mcp.catalog.held_models import HeldModels
from lfv_mcp.catalog.listing_position import AFTER_MODELS, ListingPosition
from lfv_mcp.findings import as_line, finding
from lfv_mcp.identifiers import version_number
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance
from lfv_mcp.results.model_list import ModelList, ModelRow, PredictionSetRow
from lfv_mcp.text import clean

PAGE_BYTES: Final = 37_000
"""Of a page of models, as JSON and as text: a longer one is continued by its `next_token`."""
_PUNCTUATION_BYTES: Final = 8
"""What separates a row from the next one, in JSON and in the text."""


@dataclass(frozen=True, slots=True)
class PageLimits:
    """What a page may hold.

    Args:
        status: only models with this status; empty for all.
        max_rows: models at most.
        max_bytes: of the rows, as JSON and as text together.
    """

    status: str = ""
    max_rows: int = 50
    max_bytes: float = PAGE_BYTES


@dataclass(slots=True)
class ListingPage:
    """One page of a listing while it is being filled.

    Args:
        position: where the page starts; later, how far it has come.
        limits: what it may hold.
        size: bytes of the page that are not rows.
        held: says what is held of each model.
    """

    position: ListingPosition
    limits: PageLimits
    size: int
    held: HeldModels
    rows: list[ModelRow] = field(default_factory=list[ModelRow])
    sets: list[PredictionSetRow] = field(default_factory=list[PredictionSetRow])
    findings: list[Finding] = field(default_factory=list[Finding])
    others: Counter[str] = field(default_factory=Counter[str])
    """The statuses of the models that were passed over, how often each."""
    is_whole: bool = field(init=False)
    """The page starts where the listing does."""
    has_more: bool = False
    """There is a model that did not fit: only said when there really is one."""
    timed_out: bool = False

    def __post_init__(self) -> None:
        """Remember where the page starts."""
        self.is_whole = self.position == ListingPosition()

    @property
    def has_all_rows(self) -> bool:
        """The page has as many rows as it may have; the walk goes on to see if there is more."""
        return len(self.rows) + len(self.sets) == self.limits.max_rows

    def reserve(self, findings: Sequence[Finding]) -> None:
        """Leave room for findings that the answer has beside its rows."""
        for found in findings:
            self.size += len(json.dumps(found.to_json())) + len(as_line(found))

    def wants(self, row: ModelRow) -> bool:
        """Whether the model's status is one that the page is about; else it is counted."""
        if self.limits.status in ("", row.status):
            return True
        self.others[row.status or ""] += 1
        return False

    def add(self, position: ListingPosition, row: ModelRow) -> bool:
        """Add a model, and go on to its position; False if it does not fit any more."""
        self.size += _bytes_of(row)
        # The token is in the JSON and in the text.
        too_long = self.size + 2 * len(self.position.token()) > self.limits.max_bytes
        if self.has_all_rows or (self.rows and too_long):
            self.has_more = True
            return False
        self.rows.append(row)
        self.position = position
        return True

    def add_sets(self, rows: Sequence[PredictionSetRow]) -> None:
        """Add the prediction sets that come after the page's start; they follow all models."""
        done = (self.position.project, self.position.token_of_projects)
        goes_on = self.position.region == AFTER_MODELS
        for row in rows:
            if goes_on and (row.project_name, row.name) <= done:
                continue
            self.size += len(json.dumps(row.to_json())) + len(set_in_words(row)) + 1
            too_long = self.size + 2 * len(self.position.token()) > self.limits.max_bytes
            if self.has_all_rows or ((self.rows or self.sets) and too_long):
                self.has_more = True
                return
            self.sets.append(row)
            self.position = ListingPosition(AFTER_MODELS, "", row.name, row.project_name)

    def answer(self, project_name: str, source: Source, *, all_read: bool = True) -> ModelList:
        """The page as the answer of list_models.

        Args:
            project_name: of the one project that was listed; empty for every project.
            source: what the listing rests on.
            all_read: whether every file of the archive could be read.
        """
        findings = list(self.findings)
        if self.timed_out:
            cut = finding("listing_cut", "The time limit ran out.", "Go on with next_token.")
            findings.append(cut)
        more = self.has_more or self.timed_out
        return ModelList(
            summary=summarise_listing(
                self.rows,
                project_name,
                self.limits.status,
                more=more,
                source=source,
                all_read=all_read,
                sets=len(self.sets),
                others=self.others if self.is_whole and not more else {},
            ),
            models=tuple(self.rows),
            prediction_sets=tuple(self.sets) or None,
            next_token=self.position.token() if more else None,
            findings=tuple(findings) or None,
            source=source,
        )


def model_row(project_name: str, model: Mapping[str, Any], held: HeldOfModel) -> ModelRow:
    """The row of a listing for a model, by its ModelMetadata and by what is held of it."""
    description = readable_description(model).description
    source = Source(kind=held.kind, basis=held.basis, captured_at=held.captured_at)
    gravest = gravest_finding(description, source, held.disagreeing)
    performance = _performance(description, held)
    return ModelRow(
        project_name=clean(project_name),
        model_version=description.ModelVersion or str(version_number(model)),
        model_arn=description.ModelArn,
        status=description.Status,
        created_at=description.CreationTimestamp,
        f1_score=performance.F1Score,
        precision=performance.Precision,
        recall=performance.Recall,
        description=description.Description,
        captured_at=held.captured_at,
        test_images=held.test_images,
        held=held.held or None,
        finding=None if gravest is None else gravest.code,
    )


def _performance(description: ModelDescription, held: HeldOfModel) -> ModelPerformance:
    """What the record reports; if that is nothing, what its EvaluationResult does."""
    sent = description.Performance or ModelPerformance()
    if sent.or_none() or held.reported is None:
        return sent
    f1_score, precision, recall = held.reported
    return ModelPerformance(F1Score=f1_score, Precision=precision, Recall=recall)


def _bytes_of(row: ModelRow) -> int:
    """What a row adds to an answer, as compact JSON and as a line of text."""
    document = json.dumps(row.to_json(), ensure_ascii=False, separators=(",", ":"))
    return len(f"{document}\n{row_in_words(row, with_place=True)}".encode()) + _PUNCTUATION_BYTES
