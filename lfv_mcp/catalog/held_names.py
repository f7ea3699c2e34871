"""The names that an archive holds, and refusals that lead on to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lfv_mcp.catalog.near_names import closest_first, did_you_mean
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.model_query import InvalidArgumentError, check_project_name, parse_model_query
from lfv_mcp.text import first_of

_MAX_NAMES: Final = 10
"""Names that a refusal lists; those beyond are counted."""


@dataclass(frozen=True, slots=True)
class HeldNames:
    """Names of an archive; none of a live endpoint, which is not asked for a hint.

    Args:
        projects: the projects, sorted.
        sets: the prediction sets of each project that has some, sorted.
    """

    projects: Sequence[str] = ()
    sets: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    def named_in(self, error: LfvError, project: object = None) -> LfvError:
        """The error; one about a name that breaks its rule says which names there are.

        Args:
            error: why a question was refused.
            project: the `project_name` of the question as it was given, for its prediction sets.
        """
        if not isinstance(error, InvalidArgumentError):
            return error
        if error.argument == "project_name" and self.projects:
            known = names_in_words("projects", error.value, self.projects)
            return error.naming(known, "Ask again with one of these.")
        if error.argument in ("model_version", "model_versions"):
            name = name_of(project)
            if sets := self.sets.get(name, ()):
                return error.naming(names_in_words(f"prediction sets of {name}", error.value, sets))
        return error


def names_in_words(kind: str, asked: object, held: Sequence[str]) -> str:
    """Which names there are, those that are near to what was asked first.

    `"Did you mean cap-seal? Known projects: cap-seal, weld-bead."`

    Args:
        kind: what they are names of, as a plural.
        asked: as it was given.
        held: the names.
    """
    name = asked if isinstance(asked, str) else ""
    listed = first_of(closest_first(name, held), _MAX_NAMES) or "none"
    return f"{did_you_mean(name, held)}Known {kind}: {listed}."


def name_of(project: object) -> str:
    """The project's name in a name, an ARN or a resource URI; empty if it is none of them."""
    try:
        return parse_model_query(check_project_name(project)).project_name
    except CallerError:
        return ""
