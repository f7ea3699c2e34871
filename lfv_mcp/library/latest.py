"""The version to ask for where the latest one was never evaluated: a refusal that says the call.

The command line asks for that version itself and says so on stderr; a program has nobody who reads
that, and figures of another version than the latest are not what it asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import asks_for_latest
from lfv_mcp.server.arguments import MODEL_VERSION, PROJECT_NAME, parse


def call_that_answers(error: LfvError, method: str, given: Mapping[str, object]) -> str:
    """The call about a version with evidence; empty if the latest was not asked, or none has any.

    Args:
        error: the refusal.
        method: the name of the method that was called.
        given: what it was called with.
    """
    if not error.other_version:
        return ""
    asked = {each.name: given[each.name] for each in (PROJECT_NAME, MODEL_VERSION)}
    parsed = parse((PROJECT_NAME, MODEL_VERSION), asked)
    if not asks_for_latest(**parsed):
        return ""
    return f'{method}("{parsed["project_name"]}", {error.other_version})'
