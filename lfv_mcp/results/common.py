"""What every answer has: findings, and the source that the answer rests on."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lfv_mcp.results.base import Result

Severity = Literal["info", "warning", "critical"]
SourceKind = Literal["live", "archive", "sample"]
SourceBasis = Literal["describe_model", "list_models", "evaluation_files", "predictions"]


class Finding(Result):
    """One thing worth knowing about a model; `code` is one of `findings.FINDINGS`."""

    schema_description: ClassVar[str] = (
        "One thing worth knowing; `code` is stable, for agents to act on."
    )

    code: str
    severity: Severity
    message: str
    advice: str | None = None


class Source(Result):
    """Where an answer came from (`kind`, `location`), and which saved record it rests on."""

    schema_description: ClassVar[str] = "Where an answer came from and what it rests on."

    kind: SourceKind
    basis: SourceBasis
    captured_at: Annotated[str | None, Field(description="when the record was taken")] = None
    location: str | None = None
