"""Which version of a project can be used instead of one that was never evaluated."""

from __future__ import annotations

from lfv_mcp.analysis.model_summary import UsableVersion
from lfv_mcp.archive.index import Index, ModelEntry
from lfv_mcp.catalog.lookup import archived_model
from lfv_mcp.identifiers import ModelKey
from lfv_mcp.model_query import ModelQuery


def usable_version(
    index: Index, query: ModelQuery, version: str, *, with_files: bool = False
) -> UsableVersion | None:
    """The version that an archive has results of: HOSTED when captured first, then the newest.

    Args:
        index: what the archive holds.
        query: names the project.
        version: the one that it is to be used instead of.
        with_files: evaluation files must be held; else metrics will do.

    Returns:
        None if there is no other version with results.
    """
    model = archived_model(index, query.of(version))
    if model is None:
        return None
    others = [key for key in index.versions[model.project_key] if key != model]
    found = [
        _usable(key, entry)
        for key in others
        if (entry := index.models[key]).winner.status != "DELETING"
        and (entry.evaluation_files or (not with_files and _has_metrics(entry)))
    ]
    return max(found, key=lambda each: (each.was_hosted, int(each.version)), default=None)


def _usable(key: ModelKey, entry: ModelEntry) -> UsableVersion:
    return UsableVersion(
        key.model_version,
        was_hosted=entry.winner.status == "HOSTED",
        has_files=bool(entry.evaluation_files),
    )


def _has_metrics(entry: ModelEntry) -> bool:
    return bool(entry.metadata.get("Performance"))
