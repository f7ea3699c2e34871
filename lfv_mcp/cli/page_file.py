"""`Answer`, what a command got from a tool, and the page that `--html` writes of answers."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lfv_mcp.cli.output_file import write_beside
from lfv_mcp.cli.words import answer_in_words

if TYPE_CHECKING:
    from lfv_mcp.formats.file_digest import FileDigest


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a tool: as readable text, and as a structure that can be JSON."""

    text: str
    structure: Mapping[str, Any]

    def as_json(self) -> str:
        """The structure for pipes."""
        return json.dumps(self.structure, ensure_ascii=False, indent=2)


def write_page(
    path: Path,
    answers: Sequence[tuple[Mapping[str, object], Answer]],
    models: Sequence[str],
    evidence: Collection[FileDigest],
) -> None:
    """Write the page that hosts show, with these arguments and answers inside, and their record.

    Args:
        path: where to.
        answers: the arguments and the answer of each question.
        models: ARNs that the answers are about and do not name.
        evidence: the files that the answers rest on.

    Raises:
        UnwrittenError: `output_failed`, the page cannot be written.
    """
    from lfv_mcp.server.view import PageRecord, page_with

    path = path.expanduser()
    inside = [
        {"arguments": given, "result": answer_in_words(answer.structure)}
        for given, answer in answers
    ]
    page = page_with(inside, PageRecord(datetime.now(UTC), tuple(evidence), tuple(models)))
    write_beside(path, page.encode("utf-8", "replace"), "--html", "page")
    click.echo(f"wrote {path}", err=True)
