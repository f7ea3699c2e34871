"""The version to ask for where the latest one was never evaluated: a refusal that says the call.

The command line asks for that version itself and says so on stderr; a program has nobody who reads
that, and figures of another version than the latest are not what it asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import LATEST, parse_model_query
from lfv_mcp.results.model_list import ModelRow
from lfv_mcp.server.arguments import MODEL_VERSION, PROJECT_NAME, parse


def project_without_evidence(error: LfvError, given: Mapping[str, object]) -> str | None:
    """The project whose latest version has no evidence, as the program named it; else None."""
    if error.code != "evidence_unavailable":
        return None
    asked = {each.name: given[each.name] for each in (PROJECT_NAME, MODEL_VERSION)}
    parsed = parse((PROJECT_NAME, MODEL_VERSION), asked)
    query = parse_model_query(**parsed)
    project: str = parsed["project_name"]
    return project if query.version_or_name == LATEST else None


def call_that_answers(method: str, project: str, rows: Sequence[ModelRow]) -> str | None:
    """The next step: a call about the newest version with evaluation files; None without one.

    Args:
        method: the name of the method that was called.
        project: as the program named it.
        rows: the models of the project, newest first.
    """
    for row in rows:
        if {"result", "manifest"} & {*(row.held or ())}:
            return (
                f"Ask for the newest version with evaluation files: "
                f'{method}("{project}", {row.model_version}).'
            )
    return None
