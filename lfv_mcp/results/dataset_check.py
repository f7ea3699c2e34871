"""`DatasetCheck`, the answer of `lfv-mcp dataset check`."""

from __future__ import annotations

from typing import ClassVar, Literal

from lfv_mcp.results.base import Count, Result
from lfv_mcp.results.common import Finding

Evidence = Literal["uri", "content", "key", "name"]
"""Why two images are taken for one: URI; ETag and size; key; the end of their paths, a hint."""


class CheckedSet(Result):
    """What one dataset holds. Counts are of lines; `images` of different images."""

    schema_description: ClassVar[str] = "One dataset."

    name: str
    images: Count
    anomaly: Count
    normal: Count
    unlabelled: Count
    unreadable_lines: Count
    repeated_images: Count
    contradictory_labels: Count


class SharedImages(Result):
    """How many images two sets have in common by one kind of evidence."""

    schema_description: ClassVar[str] = "Images that two sets share."

    sets: tuple[str, str]
    images: Count
    evidence: Evidence
    examples: tuple[str, ...]


class SuccessorDemands(Result):
    """What each successor would find wrong; empty: nothing."""

    schema_description: ClassVar[str] = "What each successor would find wrong."

    sagemaker: tuple[Finding, ...]
    dda: tuple[Finding, ...]
    anomalib: tuple[Finding, ...]


class DatasetCheck(Result):
    """What `dataset check` answers.

    `missing_images` and `missing_masks` are absent unless images were looked up.
    """

    schema_description: ClassVar[str] = "What dataset check answers."

    summary: str
    sets: tuple[CheckedSet, ...]
    overlaps: tuple[SharedImages, ...]
    missing_images: Count | None = None
    missing_masks: Count | None = None
    for_successor: SuccessorDemands
    findings: tuple[Finding, ...]
