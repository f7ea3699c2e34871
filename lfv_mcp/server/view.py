"""The page that shows answers (`view.html`): for hosts with MCP Apps, and written to files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from lfv_mcp import __version__
from lfv_mcp.server.still_page import description_list, still_answers

PAGE: Final = Path(__file__).with_name("view.html")
_WAITING: Final = (
    '<main aria-busy="true"><h1>Lookout for Vision model</h1>'
    '<p class="lead">Waiting for the model …</p></main>'
)
_NO_DATA: Final = '<script type="application/json" id="data">null</script>'


def page() -> str:
    """The page without data: it waits until a host sends a tool's result.

    Comments and indentation are for readers of `view.html`; every host would load them.
    """
    lines = (line.strip() for line in PAGE.read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What makes a page one that can be filed.

    Args:
        written: when the page was made.
        evidence: the evaluation files and prediction sets behind its answers: place and SHA-256.
        models: ARNs of models that the answers are about, beside those that they name.
    """

    written: datetime
    evidence: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ()


def page_with(answers: Sequence[Mapping[str, Any]], record: PageRecord | None = None) -> str:
    """The page with answers inside, each a mapping with `arguments` and `result`.

    The page opens with the first answer. Who runs no scripts reads the answers as plain HTML; at
    the end stands the record, whoever reads.
    """
    # ASCII alone (so no U+2028), and no character that could end or open an element.
    data = json.dumps(answers, separators=(",", ":"))
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    filed = "" if record is None else _filed(answers, record, sha256(data.encode()).hexdigest())
    return _filled(
        page(),
        (_NO_DATA, _NO_DATA.replace("null", data)),
        (_WAITING, f"<main>{still_answers(answers)}</main>{filed}"),
    )


def _filled(text: str, *places: tuple[str, str]) -> str:
    """The page with something in each place; the last place comes first, so data is no place."""
    for place, content in places:
        before, found, after = text.partition(place)
        if not found:
            raise RuntimeError(f"view.html has no place {place!r}")
        text = before + content + after
    return text


def _filed(answers: Sequence[Mapping[str, Any]], record: PageRecord, digest: str) -> str:
    """The record of a page: who wrote it and when, about what, resting on which files."""
    results = [answer["result"] for answer in answers]
    arns = [str(_part(result, "model_description").get("ModelArn") or "") for result in results]
    sources = [_part(result, "source") for result in results]
    rows = [
        ("Written by", f"lfv-mcp {__version__}, {record.written:%Y-%m-%dT%H:%M:%SZ}"),
        *(("Model", arn) for arn in dict.fromkeys([*arns, *record.models]) if arn),
        *(("Source", said) for said in dict.fromkeys(map(_source_in_words, sources)) if said),
        *(("Evidence", f"{place}, SHA-256 {sha}") for place, sha in record.evidence),
        ("Answers", f"SHA-256 {digest}, of the data in this page"),
    ]
    return f'<footer class="filed"><h2>This page</h2>{description_list(rows)}</footer>'


def _part(result: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = result.get(name)
    return cast("Mapping[str, Any]", part) if isinstance(part, Mapping) else {}


def _source_in_words(source: Mapping[str, Any]) -> str:
    parts = (source.get(name) for name in ("kind", "basis", "captured_at", "location"))
    return ", ".join(part for part in parts if isinstance(part, str))
