"""What an archive holds of each model of a listing, by its index alone: no file is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lfv_mcp.analysis.listing import HeldOfModel
from lfv_mcp.archive.index import Index, ModelEntry, RecordRef
from lfv_mcp.catalog.lookup import archived_model
from lfv_mcp.identifiers import model_key
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.provenance import OtherStatus
from lfv_mcp.results.common import SourceBasis, SourceKind
from lfv_mcp.results.model_list import HeldRecord
from lfv_mcp.times import iso_utc


class HeldModels:
    """Says of a listed model which records of it are held, and how old the one that answers is.

    Args:
        kind: where the listing comes from.
        index: of the archive; None for a live endpoint.
    """

    def __init__(self, kind: SourceKind, index: Index | None) -> None:
        self._kind: SourceKind = kind
        self._index = index

    def of(self, metadata: Mapping[str, Any]) -> HeldOfModel:
        """What is held of the model with this ModelMetadata."""
        key = model_key(metadata)
        entry = None if self._index is None or key is None else self._index.models.get(key)
        return HeldOfModel(self._kind) if entry is None else _held(self._kind, entry)


def test_images_of(index: Index, query: ModelQuery, version: str) -> int | None:
    """How many images a version was tested on, as its EvaluationResult tells; None if unknown."""
    asked = ModelQuery(query.project_name, version, query.region, query.account)
    model = archived_model(index, asked)
    entry = None if model is None else index.models.get(model)
    return None if entry is None else next((ref.test_images for ref in entry.result), None)


def _held(kind: SourceKind, entry: ModelEntry) -> HeldOfModel:
    forms: tuple[tuple[HeldRecord, Sequence[RecordRef]], ...] = (
        ("description", entry.model or entry.listing),
        ("result", entry.result),
        ("manifest", entry.manifest),
    )
    captured = entry.winner.captured
    others = (OtherStatus(ref.status, ref.captured) for ref in entry.disagreeing)
    return HeldOfModel(
        kind,
        basis=_basis(entry),
        captured_at=None if captured is None else iso_utc(datetime.fromtimestamp(captured, UTC)),
        test_images=next((ref.test_images for ref in entry.result), None),
        reported=next((ref.reported for ref in entry.result), None),
        held=tuple(name for name, records in forms if records),
        disagreeing=tuple(others) if entry.model or entry.listing else (),
    )


def _basis(entry: ModelEntry) -> SourceBasis:
    if entry.model:
        return "describe_model"
    return "list_models" if entry.listing else "evaluation_files"
