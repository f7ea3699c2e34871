"""Datasets as successors read them: a manifest with fixed attributes, or anomalib's table.

AWS's algorithm for SageMaker, and the Defect Detection Application with it, find their attributes
by name: `source-ref`, `anomaly-label` and `anomaly-mask-ref`, the latter two with `-metadata` whose
`job-name` is the attribute's own name. The integer follows the class: 1 is an anomaly.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from lfv_mcp.formats.datasets.dataset import DatasetLine, MaskColour, Split
from lfv_mcp.formats.datasets.labels import IMAGE
from lfv_mcp.formats.json_values import JsonObject
from lfv_mcp.text import replace_lone_surrogates

LABEL: Final = "anomaly-label"
MASK: Final = "anomaly-mask-ref"
LABEL_ATTRIBUTES: Final = (IMAGE, f"{LABEL}-metadata", LABEL)
"""What a model without masks is trained on, in the order of AWS's notebooks."""
MASK_ATTRIBUTES: Final = (*LABEL_ATTRIBUTES, f"{MASK}-metadata", MASK)
"""What a model with masks is trained on, likewise."""
BACKGROUND: Final = MaskColour("0", "BACKGROUND", "#ffffff")
"""The first entry of every colour map: what no label covers is white."""
_WORDS: Final = {True: "anomaly", False: "normal"}
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")


def canonical_line(line: DatasetLine, created: str) -> JsonObject:
    """The line of a manifest for a labelled image.

    Args:
        line: the image; its mask, if it has one, has the colours of its style.
        created: the time in ISO 8601 that a label gets whose own is not written so.
    """
    if line.anomalous is None:
        raise ValueError("an image without a label")
    when = line.created if _ISO.fullmatch(line.created) else created
    members: JsonObject = {
        IMAGE: line.image,
        LABEL: int(line.anomalous),
        f"{LABEL}-metadata": {
            "class-name": _WORDS[line.anomalous],
            "type": "groundtruth/image-classification",
            "job-name": LABEL,
            "human-annotated": "yes",
            "creation-date": when,
            "confidence": 1,
        },
    }
    if line.mask:
        members |= {
            MASK: line.mask,
            f"{MASK}-metadata": {
                "internal-color-map": colour_map(line.style.colours),
                "type": "groundtruth/semantic-segmentation",
                "job-name": MASK,
                "human-annotated": "yes",
                "creation-date": when,
            },
        }
    return members


def colour_map(colours: Iterable[MaskColour]) -> JsonObject:
    """A colour map whose entry 0 is BACKGROUND; the others follow in their order."""
    held = list(colours)
    first = next((each for each in held if is_background(each)), BACKGROUND)
    others = [each for each in held if not is_background(each)]
    return {
        str(number): {
            "class-name": BACKGROUND.class_name if not number else each.class_name,
            **({"hex-color": each.hex_colour} if each.hex_colour else {}),
            "confidence": 0.0,
        }
        for number, each in enumerate([first, *others])
    }


def is_background(colour: MaskColour) -> bool:
    """Whether an entry of a colour map is what no label covers."""
    return colour.class_name.strip().casefold() == BACKGROUND.class_name.casefold()


def canonical_manifest(lines: Iterable[DatasetLine], created: str) -> Iterator[bytes]:
    """A manifest: a JSON line for each image."""
    for line in lines:
        text = json.dumps(canonical_line(line, created), ensure_ascii=False)
        yield replace_lone_surrogates(text).encode() + b"\n"


def anomalib_table(parts: Iterable[tuple[Split, Iterable[DatasetLine]]]) -> Iterator[bytes]:
    """The table that anomalib's `Tabular.from_file` reads: image_path, label_index, split.

    Args:
        parts: the lines of each split. mask_path is a column only if one of them has a mask: what
            is empty in all rows would make pandas read a column of numbers.
    """
    held = [(split, line) for split, lines in parts for line in lines]
    has_masks = any(line.mask for _, line in held)
    header = ["image_path", "label_index", "split", *(["mask_path"] if has_masks else [])]
    yield _row(header)
    for split, line in held:
        if line.anomalous is None:
            raise ValueError("an image without a label")
        row = [_path(line.image), str(int(line.anomalous)), split]
        yield _row([*row, _path(line.mask)] if has_masks else row)


def _path(name: str) -> str:
    """A path that no spreadsheet takes for a formula, and that is the same file."""
    return f"./{name}" if name.startswith(("=", "+", "-", "@")) else name


def _row(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return replace_lone_surrogates(out.getvalue()).encode()
