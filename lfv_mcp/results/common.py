"""results.common."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

Severity = Literal["info", "warning", "critical"]
SourceKind = Literal["live", "archive", "sample"]
SourceBasis = Literal["describe_model", "list_models", "evaluation_files"]


class Finding(TypedDict):
    """One thing worth knowing; `code` is stable, for agents to act on."""

    code: str
    severity: Severity
    message: str
    advice: NotRequired[str]


class Source(TypedDict):
    """Where an answer came from and what it rests on."""

    kind: SourceKind
    basis: SourceBasis
    captured_at: NotRequired[Annotated[str, Field(description="when the record was taken")]]
    location: NotRequired[str]
