"""What `dataset convert` says: what was written, what was left out and why, and what comes next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from lfv_mcp.analysis.datasets.conversion import (
    Conversion,
    ConversionQuestion,
    LeftOut,
    Reason,
    count_in_words,
)
from lfv_mcp.analysis.datasets.line_demands import Successor, bucket_of
from lfv_mcp.analysis.datasets.rewriting import is_relative
from lfv_mcp.analysis.datasets.successor_demands import LEAST_IMAGES
from lfv_mcp.archive.conversion_target import MASKS, white_mask_name
from lfv_mcp.errors import CallerError
from lfv_mcp.figures import count_of
from lfv_mcp.formats.datasets.canonical import LABEL_ATTRIBUTES, MASK_ATTRIBUTES
from lfv_mcp.text import clean

if TYPE_CHECKING:
    from lfv_mcp.archive.mask_size import HeldSize
    from lfv_mcp.formats.png import ImageSize

_TITLES: Final[dict[Successor, str]] = {
    "sagemaker": "AWS's algorithm for SageMaker",
    "dda": "the Defect Detection Application",
    "anomalib": "anomalib",
}
_REASONS: Final[dict[Reason, tuple[str, str]]] = {
    "unreadable": ("line cannot be read", "lines cannot be read"),
    "cut": (
        "file ends within a line, so that more may be missing",
        "files end within a line, so that more may be missing",
    ),
    "predicted": (
        "line has only what a model predicted (human-annotated: no)",
        "lines have only what a model predicted (human-annotated: no)",
    ),
    "other_word": (
        "line has a class word that is neither anomaly nor normal",
        "lines have a class word that is neither anomaly nor normal",
    ),
    "unlabelled": ("line has no label", "lines have no label"),
    "contradictory": (
        "line contradicts another one about the same image",
        "lines contradict others about the same image",
    ),
    "no_mask": (
        "line shows an anomaly and has no mask, although others have",
        "lines show an anomaly and have no mask, although others have",
    ),
    "no_colours": (
        "line has a mask without a colour map",
        "lines have a mask without a colour map",
    ),
    "anomaly_in_training": (
        "line of the training set shows an anomaly; anomalib trains on normal images alone",
        "lines of the training set show an anomaly; anomalib trains on normal images alone",
    ),
}


def refusal(conversion: Conversion) -> Iterator[str]:
    """Why nothing is written, as lines."""
    total = count_of(conversion.lines_left_out, "line", "lines")
    why = f"{total} cannot be used" if conversion.lines_left_out else "not all lines are there"
    yield f"Nothing is written: {why}."
    yield from _left_out(conversion.left_out)
    kept = f"{count_of(conversion.images, 'image', 'images')} would remain"
    reasons = {group.reason for group in conversion.left_out}
    masks = ", or write labels alone with --without-masks" if reasons & _OF_MASKS else ""
    yield f"Next: correct these lines, or leave them out with --leave-out ({kept}){masks}."
    if any(group.lines > len(group.first) for group in conversion.left_out):
        yield "lfv-mcp dataset check with --csv FILE lists all of them."


_OF_MASKS: Final[frozenset[Reason]] = frozenset(("no_mask", "no_colours"))


def _left_out(groups: tuple[LeftOut, ...]) -> Iterator[str]:
    for group in groups:
        one, many = _REASONS[group.reason]
        yield f"  {count_of(group.lines, one, many)}:"
        for each in group.first:
            yield f"    {each}"
        if (more := group.lines - len(group.first)) > 0:
            yield f"    and {more:,} more"


def written(
    question: ConversionQuestion,
    conversion: Conversion,
    target: str,
    held: HeldSize,
    *,
    is_dry: bool,
) -> Iterator[str]:
    """What was written, or would be, as lines."""
    size = held.size
    place = clean(target, 300)
    how = "Would be written" if is_dry else "Written"
    yield f"{how} to {place}, for {_TITLES[question.successor]}:"
    yield from _rows(question, conversion, size)
    if size is not None and held.file:
        yield f"The size of the white mask is that of {clean(held.file, 300)}."
    if conversion.left_out:
        yield f"Left out: {count_of(conversion.lines_left_out, 'line', 'lines')}."
        yield from _left_out(conversion.left_out)
    yield from _notes(question, conversion)
    if is_dry:
        yield "Next: run the same without --dry-run."
        return
    yield from _next(question, conversion, target, size)


def _rows(
    question: ConversionQuestion, conversion: Conversion, size: ImageSize | None
) -> Iterator[str]:
    """Each file, and what is in it."""
    rows = [
        (f"{split}.manifest" if question.successor != "anomalib" else split, count_in_words(lines))
        for split, lines in conversion.parts.items()
    ]
    if size is not None:
        images = count_of(conversion.without_mask, "normal image", "normal images")
        rows.append((f"{MASKS}/{white_mask_name(size)}", f"the mask of {images}, white all over"))
    if question.successor == "anomalib":
        yield "  dataset.csv"
    width = max(len(name) for name, _ in rows)
    indent = "    " if question.successor == "anomalib" else "  "
    for name, what in rows:
        yield f"{indent}{name:{width}}  {what}"


def _notes(question: ConversionQuestion, conversion: Conversion) -> Iterator[str]:
    """What else is worth knowing, a line each."""
    for rewrite, count in conversion.rewritten.items():
        was, now = clean(rewrite.source, 200), clean(rewrite.target, 200)
        if not rewrite.target:
            yield f"{count_of(count, 'name is', 'names are')} relative now, without {was}."
            continue
        instead = f"instead of {was}" if was else "and were relative"
        yield f"{count_of(count, 'name now begins', 'names now begin')} with {now}, {instead}."
    if conversion.repeated:
        repeat = count_of(conversion.repeated, "line repeats", "lines repeat")
        yield f"{repeat} an image with the same label; it is written once."
    if conversion.masks_dropped and not question.without_masks:
        masks = count_of(conversion.masks_dropped, "mask was", "masks were")
        yield (
            f"{masks} not taken along: to anomalib all that is not black is the defect, to the "
            "others white is the background."
        )
    if conversion.shared:
        images = count_of(
            len(conversion.shared), "image of the test set is", "images of the test set are"
        )
        yield (
            f"{images} in the training set, the first {clean(conversion.shared[0], 300)}: a test "
            "with them is not fair."
        )
    training = len(conversion.parts.get("train", ()))
    if question.training and training < LEAST_IMAGES and question.successor != "anomalib":
        yield f"There are {training:,} images to train on; it asks for {LEAST_IMAGES} or more."
    if not question.training:
        yield "There is no training set: name it as SRC, and this one with --test."
    if not question.tests:
        yield (
            "There is no test set, and none was split off. Do not judge the successor on images "
            "that it was trained on."
        )


def _next(
    question: ConversionQuestion, conversion: Conversion, target: str, size: ImageSize | None
) -> Iterator[str]:
    """What to do with the files."""
    yield "Next:"
    if question.successor == "anomalib":
        yield from _next_for_anomalib(conversion, target)
        return
    place = target.rstrip("/")
    manifests = [f"{place}/{split}.manifest" for split in conversion.parts]
    if size is not None:
        mask = white_mask_of(conversion, size)
        yield f"  {_command('aws', 's3', 'cp', f'{place}/{MASKS}/{white_mask_name(size)}', mask)}"
    bucket = next((bucket_of(line.image) for line in conversion.lines), "")
    for manifest in manifests:
        yield f"  {_command('aws', 's3', 'cp', manifest, f's3://{bucket}/')}"
    check = [manifests[0], *(("--test", manifests[1]) if len(manifests) > 1 else ())]
    yield f"  {_command('lfv-mcp', 'dataset', 'check', *check)}"
    if not question.training:
        return
    kind = "segmentation" if conversion.first_mask else "classification"
    attributes = MASK_ATTRIBUTES if conversion.first_mask else LABEL_ATTRIBUTES
    yield f"  Train with ModelType={kind} and"
    yield f"  TrainingInputDataAttributeNames={','.join(attributes)}"


def _next_for_anomalib(conversion: Conversion, target: str) -> Iterator[str]:
    place = f"{target.rstrip('/')}/dataset.csv"
    relative = any(is_relative(line.image) for line in conversion.lines)
    root = ', root="FOLDER"' if relative else ""
    yield "  from anomalib.data import Tabular"
    yield f'  Tabular.from_file("NAME", {clean(place, 300)!r}{root})'
    if relative:
        yield "  where FOLDER is what the relative paths of images count from."


def _command(*words: str) -> str:
    return " ".join(shlex.quote(clean(word, 1100)) for word in words)


def white_mask_of(conversion: Conversion, size: ImageSize) -> str:
    """Where the white mask is to be: in the folder of the first mask that is held."""
    folder = conversion.first_mask.rpartition("/")[0]
    return f"{folder}/{white_mask_name(size)}"


def unknown_size(conversion: Conversion, why: str) -> CallerError:
    """The refusal of normal images whose white mask would have an unknown size."""
    images = count_of(conversion.without_mask, "normal image has", "normal images have")
    tried = f" No mask could be read to see its size: {why}" if why else ""
    return CallerError(
        "dataset_refused",
        f"{images} no mask, and a white one must have the size of the images.{tried}",
        "Give the size with --mask-size WxH, such as --mask-size 640x480; or write labels alone "
        "with --without-masks.",
    )
