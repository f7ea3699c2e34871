"""A check of datasets for a person at a terminal: the verdict, tables, and findings in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from textwrap import wrap
from typing import Final

from lfv_mcp.analysis.datasets.dataset_check import CheckedDatasets
from lfv_mcp.analysis.datasets.dataset_findings import words_in_words
from lfv_mcp.analysis.datasets.line_demands import SUCCESSORS
from lfv_mcp.analysis.datasets.successor_demands import TITLES
from lfv_mcp.cli.tables import table
from lfv_mcp.figures import percent
from lfv_mcp.findings import by_severity
from lfv_mcp.results.common import Finding
from lfv_mcp.results.dataset_check import Evidence, SuccessorDemands
from lfv_mcp.text import clean

_WIDTH: Final = 79
_NAME: Final = 26
"""Characters of a set's name in a table."""
_EVIDENCE: Final[Mapping[Evidence, str]] = {
    "uri": "URI",
    "content": "content",
    "key": "key",
    "name": "name (a hint)",
}
_PRESENCES: Final = ("present", "gone", "archived", "forbidden", None)


def report_lines(checked: CheckedDatasets) -> Iterator[str]:
    """The report, line by line; the first says the verdict."""
    yield from _wrapped(checked.result.summary)
    names = _short_names(checked)
    yield from _sets(checked, names)
    yield from _overlaps(checked, names)
    yield from _files(checked)
    yield from _demands(checked.result.for_successor)
    if checked.result.findings:
        yield "\nFindings"
        yield from _findings(dict.fromkeys(checked.result.findings, ""))


def _sets(checked: CheckedDatasets, names: dict[str, str]) -> Iterator[str]:
    yield "\nSets"
    shares = [
        percent(each.anomaly / labelled, labelled) if labelled else ""
        for each in checked.result.sets
        for labelled in (each.anomaly + each.normal,)
    ]
    yield from table(
        ("", "images", "anomaly", "normal", "unlabelled", "anomalous"),
        (
            (names[each.name], each.images, each.anomaly, each.normal, each.unlabelled, share)
            for each, share in zip(checked.result.sets, shares, strict=True)
        ),
    )
    odd = [
        each
        for each in checked.result.sets
        if each.unreadable_lines or each.repeated_images or each.contradictory_labels
    ]
    if odd:
        yield "\nLines to look at"
        yield from table(
            ("", "unreadable", "repeated", "contradictory"),
            (
                (
                    names[each.name],
                    each.unreadable_lines,
                    each.repeated_images,
                    each.contradictory_labels,
                )
                for each in odd
            ),
        )
    yield "\nClass words, and how many lines have them"
    for contents in checked.contents:
        words = words_in_words(contents.words) or "none"
        yield from _wrapped(f"{names[contents.dataset.name]}: {words}", "  ", "    ")


def _overlaps(checked: CheckedDatasets, names: dict[str, str]) -> Iterator[str]:
    if checked.result.overlaps:
        yield "\nImages of a test set that are in a training set"
        yield from table(
            ("training set", "test set", "by", "images"),
            (
                (
                    names[each.sets[0]],
                    names[each.sets[1]],
                    _EVIDENCE[each.evidence],
                    each.images,
                )
                for each in checked.result.overlaps
            ),
        )


def _files(checked: CheckedDatasets) -> Iterator[str]:
    """How many images and masks are there."""
    presence = checked.presence
    if not presence.is_looked_up:
        return
    yield "\nImage files, by the listing of --images"
    kinds = (("images", presence.images), ("masks", presence.masks))
    yield from table(
        ("", "present", "missing", "archived", "forbidden", "not looked up"),
        (
            (kind, *(sum(known == each for known in held.values()) for each in _PRESENCES))
            for kind, held in kinds
            if held
        ),
    )


def _demands(demands: SuccessorDemands) -> Iterator[str]:
    """What successors would find wrong, each thing once with those who would."""
    who: dict[Finding, list[str]] = {}
    content: list[str] = []
    for successor in SUCCESSORS:
        found: Sequence[Finding] = getattr(demands, successor)
        if not found:
            content.append(TITLES[successor])
        for each in found:
            who.setdefault(each, []).append(TITLES[successor])
    yield "\nWhat successors demand and these sets do not have"
    yield "  (SageMaker: AWS's defect detection algorithm; DDA: AWS's edge application)"
    yield from _findings({each: f" ({', '.join(who[each])})" for each in by_severity(who)})
    if content:
        yield f"  nothing for {' and '.join(content)}"


def _findings(findings: Mapping[Finding, str]) -> Iterator[str]:
    """Findings, each with what is said behind its code, and with advice on lines of its own."""
    for each, note in findings.items():
        yield from _wrapped(f"{each.severity} {each.code}{note}: {each.message}", "  ", "    ")
        if each.advice:
            yield from _wrapped(each.advice, "    ", "    ")


def _wrapped(text: str, first: str = "", others: str = "") -> list[str]:
    """A text in lines of the width; a URI is never broken."""
    return wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _short_names(checked: CheckedDatasets) -> dict[str, str]:
    """Each set's name as tables have it: the end of its path that tells it from the others."""
    question = checked.question
    whole = list(dict.fromkeys(each.name for each in (*question.sets, *question.all_tests)))
    short: dict[str, str] = {}
    for name in whole:
        parts = PurePosixPath(name.rstrip("/")).parts
        for count in range(1, len(parts) + 1):
            end = "/".join(parts[-count:])
            if sum(other.rstrip("/").endswith(end) for other in whole) == 1:
                break
        else:
            end = name
        shown = clean(end, 1000)
        short[name] = shown if len(shown) <= _NAME else f"…{shown[1 - _NAME :]}"
    return short
