"""Versions that a caller named by whole model ARNs, as they stand in every listing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from lfv_mcp.identifiers import Arn, ProjectKey, parse_arn
from lfv_mcp.model_query import PREDICTIONS_RULE, invalid_argument
from lfv_mcp.server import spellings

_ONE: Final = "model_version"
_SEVERAL: Final = "model_versions"


class _Named(NamedTuple):
    """An item as it was given, and the model's ARN if it is one."""

    value: object
    arn: Arn | None

    @property
    def version(self) -> object:
        """The version alone; what is no ARN as it was given."""
        return self.value if self.arn is None else str(self.arn.version)


def versions_from_arns(given: Mapping[str, object]) -> Mapping[str, object]:
    """A call's arguments with numbers for versions that are model ARNs, whose project is fixed.

    Raises:
        CallerError: the ARNs are of several projects, or of another one than `project_name`.
    """
    for name, listed in (
        (_ONE, [spellings.only_one(given.get(_ONE))]),
        (_SEVERAL, spellings.items(given.get(_SEVERAL))),
    ):
        if isinstance(listed, list):
            items = [_named(item) for item in cast("list[object]", listed)]
            if any(item.arn for item in items):
                versions = [item.version for item in items]
                return {
                    **given,
                    "project_name": _project(name, given, items),
                    name: versions if name == _SEVERAL else versions[0],
                }
    return given


def _named(value: object) -> _Named:
    bare = spellings.only_one(value)
    arn = parse_arn(bare)
    return _Named(bare, arn if arn and arn.version is not None else None)


def _project(name: str, given: Mapping[str, object], items: list[_Named]) -> str:
    """The ARN of the project that all ARNs are of.

    Raises:
        CallerError: they are not of one, or it is not the one that `project_name` says.
    """
    keys = {ProjectKey(a.region, a.account, a.project) for _, a in items if a is not None}
    key = keys.pop()
    project = spellings.plain(given.get("project_name"))
    said = parse_arn(project)
    agrees = (
        spellings.is_not_given(project)
        or project == key.project
        or (said is not None and ProjectKey(said.region, said.account, said.project) == key)
    )
    if keys or not agrees:
        raise invalid_argument(
            name,
            given[name],
            "it has the ARN of a model of another project, region or account"
            + (f"; {PREDICTIONS_RULE}" if name == _SEVERAL else ""),
            '"3"' if name == _ONE else '["1", "3"]',
        )
    return project if said is not None and isinstance(project, str) else key.arn
