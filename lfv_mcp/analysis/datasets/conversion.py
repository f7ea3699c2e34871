"""`plan_conversion`: what of two datasets a successor is given, and what is left out and why.

Nothing is guessed and nothing is split: an image without a label, or with two, is left out and
named, and what was for training stays for training.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, get_args

from lfv_mcp.analysis.datasets.destinations import require_destinations
from lfv_mcp.analysis.datasets.line_demands import Successor
from lfv_mcp.analysis.datasets.rewriting import Rewrite, Rewriting
from lfv_mcp.analysis.datasets.shared_images import shared_images
from lfv_mcp.errors import CallerError
from lfv_mcp.figures import count_of
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine, Split
from lfv_mcp.text import clean

Reason = Literal[
    "unreadable",
    "cut",
    "predicted",
    "other_word",
    "unlabelled",
    "contradictory",
    "no_mask",
    "no_colours",
    "anomaly_in_training",
]
"""Why a line is left out."""
_NAMED: Final = 5
"""Lines of one reason that are named."""


@dataclass(frozen=True, slots=True)
class ConversionQuestion:
    """What is to be made of datasets.

    Args:
        successor: who reads them.
        training: the sets to train on.
        tests: the sets to test with.
        rewrites: prefixes of images and masks that are replaced.
        without_masks: masks are not taken along.
    """

    successor: Successor
    training: Sequence[Dataset]
    tests: Sequence[Dataset]
    rewrites: tuple[Rewrite, ...] = ()
    without_masks: bool = False


class LeftOut(NamedTuple):
    """Lines that are left out for one reason, and the first of them."""

    reason: Reason
    lines: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class Conversion:
    """What is written, and what is not.

    Args:
        parts: the images of each split, each once, with the names that they now have.
        left_out: what is left out, by reason.
        repeated: lines that repeat an image with the same label; it is written once.
        rewritten: names that each rewriting changed.
        masks_dropped: masks that were not taken along, for the successor reads them otherwise.
        shared: images of the test set that are in the training set, by URI or key.
    """

    parts: Mapping[Split, tuple[DatasetLine, ...]]
    left_out: tuple[LeftOut, ...] = ()
    repeated: int = 0
    rewritten: Mapping[Rewrite, int] = field(default_factory=dict[Rewrite, int])
    masks_dropped: int = 0
    shared: tuple[str, ...] = ()

    @property
    def lines_left_out(self) -> int:
        """Lines that are left out; that a file is cut off is none."""
        return sum(group.lines for group in self.left_out if group.reason != "cut")

    @property
    def images(self) -> int:
        """Images in all splits."""
        return sum(map(len, self.parts.values()))

    @property
    def lines(self) -> Iterator[DatasetLine]:
        """Those of all splits."""
        for lines in self.parts.values():
            yield from lines

    @property
    def first_mask(self) -> str:
        """The first mask; empty if there is none, so that no segmentation is trained."""
        return next((line.mask for line in self.lines if line.mask), "")

    @property
    def without_mask(self) -> int:
        """Normal images that need a white mask."""
        return sum(not line.mask for line in self.lines) if self.first_mask else 0

    def with_masks(self, mask: str) -> Mapping[Split, tuple[DatasetLine, ...]]:
        """The splits, with a mask for each image that has none; it is white all over."""
        if not self.first_mask:
            return self.parts
        return {
            split: tuple(line if line.mask else line._replace(mask=mask) for line in lines)
            for split, lines in self.parts.items()
        }


class _Held(NamedTuple):
    """A line, and the set that has it."""

    dataset: Dataset
    split: Split
    line: DatasetLine

    def __str__(self) -> str:
        """Where it stands."""
        place = f"line {self.line.number:,} of " if self.line.number else ""
        return f"{clean(self.line.image, 300)} ({place}{clean(self.dataset.name, 200)})"


class _LeftOutLines:
    """The lines that are left out so far."""

    def __init__(self) -> None:
        self._counts: dict[Reason, int] = {}
        self._first: dict[Reason, list[str]] = {}

    def add(self, reason: Reason, what: object, count: int = 1) -> None:
        self._counts[reason] = self._counts.get(reason, 0) + count
        first = self._first.setdefault(reason, [])
        if len(first) < _NAMED:
            first.append(str(what))

    def groups(self) -> tuple[LeftOut, ...]:
        return tuple(
            LeftOut(reason, self._counts[reason], tuple(self._first[reason]))
            for reason in get_args(Reason)
            if reason in self._counts
        )


def plan_conversion(question: ConversionQuestion) -> Conversion:
    """What a successor is given of the datasets.

    Args:
        question: the datasets, and for whom they are.

    Raises:
        CallerError: the successor cannot open the images where they are said to be, a rewriting
            fits nothing or makes one image of two, or nothing is left to train on.
    """
    left_out = _LeftOutLines()
    rewriting = Rewriting(question.rewrites)
    held = list(_rewritten(question, rewriting, left_out))
    if unused := rewriting.unused:
        raise _unused(unused[0], held)
    labelled = [each for each in held if _is_labelled(each, left_out)]
    kept, repeated = _once_each(labelled, left_out)
    takes_masks = not question.without_masks and _takes_masks(question)
    dropped = sum(each.line.mask != "" for each in kept)
    if takes_masks:
        has_masks, dropped = dropped > 0, 0
        needs_colours = question.successor != "anomalib"
        kept = [
            each
            for each in kept
            if not has_masks or _is_segmentable(each, left_out, needs_colours=needs_colours)
        ]
    else:
        kept = [each._replace(line=each.line._replace(mask="")) for each in kept]
    if question.successor == "anomalib":
        kept = [each for each in kept if _is_trainable(each, left_out)]
    for split in _splits(question):
        if not any(each.split == split for each in kept):
            raise _nothing_left(split, left_out.groups())
    require_destinations(question.successor, [each.line for each in kept])
    parts: dict[Split, tuple[DatasetLine, ...]] = {
        split: tuple(each.line for each in kept if each.split == split)
        for split in _splits(question)
    }
    shared = shared_images(parts.get("train", ()), parts.get("test", ()))
    return Conversion(
        parts,
        left_out.groups(),
        repeated,
        rewriting.counts,
        dropped,
        tuple(pair.second for pair in shared.same),
    )


def _splits(question: ConversionQuestion) -> list[Split]:
    splits: list[tuple[Split, Sequence[Dataset]]] = [
        ("train", question.training),
        ("test", question.tests),
    ]
    return [split for split, datasets in splits if datasets]


def _takes_masks(question: ConversionQuestion) -> bool:
    """Whether the masks mean to the successor what they mean in the source.

    To anomalib all that is not black is the defect; in all other masks white is the background.
    """
    sets = (*question.training, *question.tests)
    of_anomalib = {
        each.form == "anomalib" for each in sets if any(line.mask for line in each.lines)
    }
    return of_anomalib <= {question.successor == "anomalib"}


def _rewritten(
    question: ConversionQuestion, rewriting: Rewriting, left_out: _LeftOutLines
) -> Iterator[_Held]:
    """Every line with its new names; those of no use are left out.

    Raises:
        CallerError: two images get one name.
    """
    names: dict[str, str] = {}
    for split in _splits(question):
        for dataset in question.training if split == "train" else question.tests:
            _leave_out_unreadable(dataset, left_out)
            for line in dataset.lines:
                image = rewriting.name(line.image)
                if image != line.image and (other := names.setdefault(image, line.image)) != (
                    line.image
                ):
                    raise _one_of_two(line.image, other, image)
                mask = rewriting.name(line.mask) if line.mask else ""
                yield _Held(dataset, split, line._replace(image=image, mask=mask))


def _leave_out_unreadable(dataset: Dataset, left_out: _LeftOutLines) -> None:
    name = clean(dataset.name, 200)
    count = sum(dataset.unreadable.values())
    for each in dataset.first_unreadable:
        left_out.add("unreadable", f"line {each.number:,} of {name}: {each.reason}")
    if (more := count - len(dataset.first_unreadable)) > 0:
        left_out.add("unreadable", f"{more:,} more of {name}", more)
    if dataset.cut:
        left_out.add("cut", name)


def _is_labelled(held: _Held, left_out: _LeftOutLines) -> bool:
    line = held.line
    if line.anomalous is not None:
        return True
    if line.style.human_annotated is False:
        left_out.add("predicted", held)
    elif line.word.strip():
        left_out.add("other_word", f"{clean(line.word, 60)!r}: {held}")
    else:
        left_out.add("unlabelled", held)
    return False


def _once_each(held: Iterable[_Held], left_out: _LeftOutLines) -> tuple[list[_Held], int]:
    """Each image once in its split, and the number of lines that repeat one.

    What is anomaly in one line and normal in another is left out wherever it is.
    """
    labels: dict[str, set[bool | None]] = {}
    for each in (held := list(held)):
        labels.setdefault(each.line.image, set()).add(each.line.anomalous)
    kept: dict[tuple[Split, str], _Held] = {}
    repeated = 0
    for each in held:
        if len(labels[each.line.image]) > 1:
            left_out.add("contradictory", each)
            continue
        key = each.split, each.line.image
        if key in kept:
            repeated += 1
            if kept[key].line.mask or not each.line.mask:
                continue
        kept[key] = each
    return list(kept.values()), repeated


def _is_segmentable(held: _Held, left_out: _LeftOutLines, *, needs_colours: bool) -> bool:
    """Whether an image can be used where others have masks: a white one suits no anomaly."""
    line = held.line
    if line.anomalous and not line.mask:
        left_out.add("no_mask", held)
        return False
    if needs_colours and line.anomalous and not line.style.colours:
        left_out.add("no_colours", held)
        return False
    return True


def _is_trainable(held: _Held, left_out: _LeftOutLines) -> bool:
    """Whether anomalib takes an image: it learns from normal ones alone."""
    if held.split == "train" and held.line.anomalous:
        left_out.add("anomaly_in_training", held)
        return False
    return True


def _nothing_left(split: Split, left_out: Sequence[LeftOut]) -> CallerError:
    """The refusal of a set without an image that can be used."""
    name = {"train": "training set", "test": "test set"}.get(split, "dataset")
    first = next((f" The first: {each.first[0]}." for each in left_out), "")
    return CallerError(
        "dataset_refused",
        f"No image of the {name} can be used.{first}",
        f"lfv-mcp dataset check says what is wrong with it; name another {name}.",
    )


def _unused(rewrite: Rewrite, held: Sequence[_Held]) -> CallerError:
    first = f" The first image is {clean(held[0].line.image, 300)}." if held else ""
    return CallerError(
        "dataset_refused",
        f"--rewrite {clean(str(rewrite), 300)!r} fits no image and no mask.{first}",
        "Write FROM as the images begin, in whole folders; or leave that --rewrite out.",
    )


def _one_of_two(image: str, other: str, new: str) -> CallerError:
    return CallerError(
        "dataset_refused",
        f"--rewrite gives two images one name: {clean(image, 300)} and {clean(other, 300)} would "
        f"both be {clean(new, 300)}.",
        "Copy the images of each FROM to a TO of its own.",
    )


def count_in_words(lines: Sequence[DatasetLine]) -> str:
    """`63 images: 32 anomaly, 31 normal`."""
    anomalies = sum(line.anomalous is True for line in lines)
    told = f"{anomalies:,} anomaly, {len(lines) - anomalies:,} normal"
    return f"{count_of(len(lines), 'image', 'images')}: {told}"
