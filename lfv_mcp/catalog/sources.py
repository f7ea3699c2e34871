"""The `source` of an answer: what it rests on, where that is, and when it was captured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lfv_mcp.catalog.backend import Backend
from lfv_mcp.catalog.lookup import Lookup
from lfv_mcp.identifiers import AccountScope
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.provenance import Provenance
from lfv_mcp.results.common import Source, SourceBasis, SourceKind
from lfv_mcp.times import epoch_seconds, iso_utc


class AnswerSources:
    """Makes the `source` of an answer, on a worker thread.

    A live endpoint may be a replay of an archive, in another process. Its replies say so in their
    headers, and then the answer must not call itself live.

    Args:
        backend: the API client, and the archive if there is one.
        lookup: resolves the scope of a query, for the URL of its endpoint.
    """

    def __init__(self, backend: Backend, lookup: Lookup) -> None:
        self._backend = backend
        self._lookup = lookup

    def of_description(self, scope: AccountScope, headers: Mapping[str, str]) -> Source:
        """The source of a DescribeModel reply, by its headers (lower-case names)."""
        replayed = Provenance.from_headers(headers)
        if replayed is None or replayed.basis is None:
            captured = epoch_seconds(headers.get("date", "")) or datetime.now(UTC).timestamp()
            return _source(
                "live", "describe_model", _iso(captured), self._backend.service.endpoint(scope)
            )
        captured_at = _iso(replayed.captured) if replayed.captured else ""
        location = self._backend.file_name(replayed.location)
        return _source(self._kind(replayed.kind), replayed.basis, captured_at, location)

    def of_listing(self, query: ModelQuery) -> Source:
        """The source of a listing that has been made.

        Raises:
            LfvError: the endpoint of the query cannot be told.
        """
        if self._backend.archive is not None:
            return _source(self._backend.kind, "list_models", "", self._backend.location)
        scope = self._lookup.scope(query)
        kind = self._kind(self._backend.service.replayed.get(scope))
        now = iso_utc(datetime.now(UTC).replace(microsecond=0)) if kind == "live" else ""
        return _source(kind, "list_models", now, self._backend.service.endpoint(scope))

    def of_comparison(
        self, sources: Sequence[Source], query: ModelQuery, *, has_evidence: bool
    ) -> Source:
        """The source of a comparison of models with these sources: as old as the oldest.

        Raises:
            LfvError: the endpoint of the query cannot be told.
        """
        if all(source.basis == "predictions" for source in sources):
            return sources[0]
        captured = [source.captured_at for source in sources if source.captured_at is not None]
        versions = [source for source in sources if source.basis != "predictions"]
        all_dated = len(captured) == len(versions)  # else how old the oldest is is not known
        return Source(
            kind=sources[0].kind,
            basis="evaluation_files" if has_evidence else "describe_model",
            captured_at=min(captured) if all_dated else None,
            location=self._backend.location
            or self._backend.service.endpoint(self._lookup.scope(query)),
        )

    def _kind(self, replayed: str | None) -> SourceKind:
        """What a replay says it is, if that is a kind; else the kind of this catalogue."""
        if replayed == "archive":
            return "archive"
        return "sample" if replayed == "sample" else self._backend.kind


def of_evaluation(described: Source) -> Source:
    """The source of a report on the evaluation files of a model with this source."""
    return described.model_copy(update={"basis": "evaluation_files"})


def _source(kind: SourceKind, basis: SourceBasis, captured_at: str, location: str) -> Source:
    return Source(
        kind=kind, basis=basis, captured_at=captured_at or None, location=location or None
    )


def _iso(seconds: float) -> str:
    return iso_utc(datetime.fromtimestamp(seconds, UTC))
