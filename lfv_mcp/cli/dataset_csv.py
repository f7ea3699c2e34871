"""Every image of checked datasets and what is wrong with it, as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from lfv_mcp.analysis.datasets.dataset_check import CheckedDatasets
from lfv_mcp.analysis.datasets.line_demands import SUCCESSORS
from lfv_mcp.analysis.datasets.set_contents import SetContents
from lfv_mcp.analysis.datasets.shared_images import EVIDENCE
from lfv_mcp.analysis.datasets.successor_demands import (
    TrainingData,
    broken_demands,
    codes_for,
)
from lfv_mcp.cli.changed_csv import defused
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.results.dataset_check import Evidence
from lfv_mcp.text import clean

COLUMNS: Final = (
    "set",
    "image",
    "lines",
    "label",
    "class_word",
    "repeated",
    "contradictory",
    "shared_with",
    "shared_set",
    "evidence",
    "image_is",
    "mask",
    "mask_is",
    *SUCCESSORS,
)
"""One row an image of a set. `lines` are numbers of lines, `repeated` and `contradictory` are yes
or empty, `image_is` and `mask_is` are present, gone, archived, forbidden, or empty for not known;
the last columns have the codes of what each successor would find wrong."""
_LONGEST: Final = 2000
"""Characters of a cell; a URI has fewer."""


def problem_table(checked: CheckedDatasets) -> bytes:
    """The table of a check, as CSV in UTF-8."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for contents in checked.contents:
        for row in _rows(contents, checked):
            table.writerow([defused(clean(cell, _LONGEST)) for cell in row])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _rows(contents: SetContents, checked: CheckedDatasets) -> Iterator[Sequence[str]]:
    dataset, question = contents.dataset, checked.question
    shared = _shared_images(contents, checked)
    repeated = {line.image for each in contents.repeated for line in each.lines}
    contradictory = {line.image for each in contents.contradictory for line in each.lines}
    lines: dict[str, list[DatasetLine]] = defaultdict(list)
    codes: dict[str, dict[str, None]] = defaultdict(dict)
    for line, broken in broken_demands(dataset, TrainingData(question.training, question.tests)):
        lines[line.image].append(line)
        codes[line.image].update(dict.fromkeys(broken))
    for image, of_image in lines.items():
        with_what, set_name, evidence = shared.get(image, ("", "", ""))
        mask = next((line.mask for line in of_image if line.mask), "")
        yield (
            dataset.name,
            image,
            " ".join(str(line.number) for line in of_image if line.number),
            _label(of_image),
            next((line.word for line in of_image if line.word), ""),
            "yes" if image in repeated - contradictory else "",
            "yes" if image in contradictory else "",
            with_what,
            set_name,
            evidence,
            checked.presence.images.get(image) or "",
            mask,
            (checked.presence.masks.get(mask) or "") if mask else "",
            *(codes_for(successor, codes[image]) for successor in SUCCESSORS),
        )


def _label(lines: Sequence[DatasetLine]) -> str:
    labels = {line.anomalous for line in lines}
    if {True, False} <= labels:
        return "both"
    return "anomaly" if True in labels else "normal" if False in labels else ""


class _SharedWith(NamedTuple):
    """What an image is in another set."""

    image: str
    set_name: str
    evidence: Evidence


def _shared_images(contents: SetContents, checked: CheckedDatasets) -> dict[str, _SharedWith]:
    """Of each image of a set that another one has: what it is there, by the best evidence."""
    found: dict[str, _SharedWith] = {}
    for overlap in checked.overlaps:
        for pair in overlap.shared.pairs:
            if overlap.training is contents.dataset:
                image = pair.first
                other = _SharedWith(pair.second, overlap.test.name, pair.evidence)
            elif overlap.test is contents.dataset:
                image = pair.second
                other = _SharedWith(pair.first, overlap.training.name, pair.evidence)
            else:
                continue
            known = found.get(image)
            if known is None or _rank(other.evidence) < _rank(known.evidence):
                found[image] = other
    return found


_rank: Final = EVIDENCE.index
