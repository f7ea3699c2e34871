"""`Inventory`, the answer of `lfv-mcp inventory` and of a project's inventory resource."""

from __future__ import annotations

from typing import ClassVar, Literal

from lfv_mcp.results.base import Count, Figure, Result
from lfv_mcp.results.common import Finding
from lfv_mcp.results.shown import Shown

Ability = Literal["describe", "analyze", "compare", "retrain"]


class HeldImages(Result):
    """Images that a project's manifests name, by whether they are there; absent: not looked up."""

    schema_description: ClassVar[str] = "Images by whether they are there."

    present: Count
    gone: Count
    archived: Count
    forbidden: Count


class EdgePackage(Result):
    """A packaged model, and the cut built into it, which Lookout never told."""

    schema_description: ClassVar[str] = "A packaged model."

    location: str
    built_in_threshold: Figure | None = None


class HeldProject(Result):
    """What is held of one project, and what can be done with it."""

    schema_description: ClassVar[str] = "What is held of one project."

    project_name: str
    answers: Count
    evaluation_files: Count
    dataset_manifests: Count
    images: HeldImages | None = None
    masks: HeldImages | None = None
    prediction_sets: Count
    edge_packages: tuple[EdgePackage, ...]
    can: tuple[Ability, ...]
    missing: tuple[str, ...]


class Inventory(Shown):
    """What `inventory` answers."""

    schema_description: ClassVar[str] = "What is held of each project."

    summary: str
    projects: tuple[HeldProject, ...]
    findings: tuple[Finding, ...]
