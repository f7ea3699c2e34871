"""What a check of datasets found, in words: the verdict, and a finding for each kind of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from itertools import chain
from typing import Final

from lfv_mcp.analysis.answer_findings import named_images
from lfv_mcp.analysis.comparison_text import images_in_words, sentence
from lfv_mcp.analysis.datasets.dataset_question import DatasetQuestion, Overlap
from lfv_mcp.analysis.datasets.image_presence import (
    FileKind,
    ImagePresence,
    is_synthetic,
    suggested_prefixes,
)
from lfv_mcp.analysis.datasets.set_contents import RepeatedImage, SetContents
from lfv_mcp.analysis.datasets.shared_images import SharedImage
from lfv_mcp.analysis.datasets.successor_demands import demands_in_words
from lfv_mcp.figures import count_of
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.image_objects import Presence
from lfv_mcp.results.common import Finding
from lfv_mcp.results.dataset_check import SuccessorDemands
from lfv_mcp.text import clean, first_of

_NAME: Final = 200
"""Characters of a set's name that a sentence has."""
_WORD: Final = 40
"""Characters of a class word that a sentence has."""
_WORDS: Final = 6
"""Class words that a sentence has."""
_MISSING: Final[tuple[tuple[FileKind, str], ...]] = (
    ("images", "images_missing"),
    ("masks", "masks_missing"),
)


def summary_of(
    question: DatasetQuestion,
    contents: Sequence[SetContents],
    overlaps: Sequence[Overlap],
    presence: ImagePresence,
    demands: SuccessorDemands,
) -> str:
    """The verdict: what is wrong, or that nothing was found and what that rests on."""
    wrong = [*_wrong(contents, overlaps, presence)]
    doubts = [*_doubts(contents, overlaps, presence)]
    images = len({line.image for each in contents for line in each.dataset.lines})
    of_what = f"{count_of(len(contents), 'set', 'sets')} of {images_in_words(images)}"
    if wrong:
        were = "was" if len(contents) == 1 else "were"
        found = [sentence("; ".join(wrong)), f"{of_what} {were} checked."]
        found += [f"To look at: {'; '.join(doubts)}."] if doubts else []
    elif doubts:
        found = [f"No error was found in {of_what}, but {'; '.join(doubts)}."]
    else:
        found = [f"Nothing wrong was found in {of_what}."]
    found += [*_limits(question, presence), demands_in_words(demands)]
    return " ".join(found)


def _wrong(
    contents: Sequence[SetContents], overlaps: Sequence[Overlap], presence: ImagePresence
) -> Iterator[str]:
    """What is wrong enough to stop a pipeline, as clauses."""
    for is_old, which in ((False, "the test set"), (True, "the old test set")):
        same = {
            pair.second
            for overlap in overlaps
            if overlap.is_old is is_old
            for pair in overlap.shared.same
        }
        if same:
            yield f"{images_in_words(len(same))} of {which} {_are(same)} in the training set too"
    if contradictory := [image for each in contents for image in each.contradictory]:
        yield (
            f"{images_in_words(len(contradictory))} {_are(contradictory)} labelled both anomaly "
            "and normal"
        )
    if unreadable := sum(each.unreadable for each in contents):
        yield f"{count_of(unreadable, 'line', 'lines')} cannot be read"
    if cut := sum(each.dataset.cut for each in contents):
        ends = count_of(cut, "set ends", "sets end")
        yield f"{ends} within a line, so more lines may be missing"
    gone = presence.named("gone", "images"), presence.named("gone", "masks")
    if any(gone):
        does = "does" if sum(map(len, gone)) == 1 else "do"
        yield f"{_files_in_words(*map(len, gone))} {does} not exist"


def _doubts(
    contents: Sequence[SetContents], overlaps: Sequence[Overlap], presence: ImagePresence
) -> Iterator[str]:
    """What a person should look at and no pipeline need stop for, as clauses."""
    if hints := {pair.second for overlap in overlaps for pair in overlap.shared.hints}:
        yield f"{images_in_words(len(hints))} {_have(hints)} the name of one to train on"
    if unclear := {image for overlap in overlaps for image in overlap.shared.same_keys}:
        yield f"whether {images_in_words(len(unclear))} of one key are shared is not known"
    repeated = sum(len(each.repeated) - len(each.contradictory) for each in contents)
    if repeated:
        yield f"{images_in_words(repeated)} {'is' if repeated == 1 else 'are'} listed repeatedly"
    if unlabelled := sum(each.unlabelled for each in contents):
        lines = count_of(unlabelled, "line", "lines")
        yield f"{lines} {'has' if unlabelled == 1 else 'have'} no known label"
    if of_one_class := sum(each.missing_class != "" for each in contents):
        yield f"{count_of(of_one_class, 'set has', 'sets have')} images of one class alone"
    if archived := _both(presence, "archived"):
        yield f"{_named_files(presence, 'archived')} {_are(archived)} archived"


def _limits(question: DatasetQuestion, presence: ImagePresence) -> Iterator[str]:
    """What was not looked at, as sentences."""
    limits: list[str] = []
    if not question.all_tests:
        limits.append("no test set was named")
    elif not question.training:
        limits.append("there is no set to train on")
    unknown, forbidden = presence.named(None, "images"), presence.named("forbidden", "images")
    if unknown and len(unknown) == len(presence.images):
        limits.append("no image was looked up")
    elif count := len(unknown) + len(forbidden):
        limits.append(f"{images_in_words(count)} could not be looked up")
    if limits:
        yield sentence(" and ".join(limits))


def _are(things: Sized) -> str:
    return "is" if len(things) == 1 else "are"


def _have(things: Sized) -> str:
    return "has" if len(things) == 1 else "have"


def _files_in_words(images: int, masks: int) -> str:
    """`3 images and 1 mask`; what there is none of is left out."""
    counts = ((images, "image", "images"), (masks, "mask", "masks"))
    return " and ".join(count_of(*each) for each in counts if each[0])


def _named_files(presence: ImagePresence, known: Presence | None) -> str:
    """How many images and masks of which this is known."""
    images, masks = presence.named(known, "images"), presence.named(known, "masks")
    return _files_in_words(len(images), len(masks))


def check_findings(
    question: DatasetQuestion,
    contents: Sequence[SetContents],
    overlaps: Sequence[Overlap],
    presence: ImagePresence,
) -> list[Finding]:
    """Everything worth knowing, the gravest first."""
    return by_severity(
        chain(
            *(_of_overlap(each) for each in overlaps),
            *(_of_set(each) for each in contents),
            _of_sets_missing(question),
            _of_presence(presence),
        )
    )


# What two sets share


def _of_overlap(overlap: Overlap) -> Iterator[Finding]:
    shared = overlap.shared
    test = "old test set" if overlap.is_old else "test set"
    sets = f"training set {_named(overlap.training)} and the {test} {_named(overlap.test)}"
    if same := shared.same:
        by = ", ".join(
            f"{count:,} by {'URI' if evidence == 'uri' else evidence}"
            for evidence in ("uri", "content", "key")
            if (count := sum(pair.evidence == evidence for pair in same))
        )
        yield finding(
            "images_shared",
            f"The {sets} share {images_in_words(len(same))} ({by}): "
            f"{named_images(pair.second for pair in same)}.{_unproven(same)}",
            "Train without them, or leave them out of the comparison: a model is not tested by "
            "images that it was trained on.",
        )
    if hints := shared.hints:
        yield finding(
            "images_shared_by_name",
            f"Of the {sets} {images_in_words(len(hints))} {_have(hints)} the same name, and "
            f"nothing else in common that is known: {named_images(pair.second for pair in hints)}. "
            "Numbered files of other images have equal names too, so this is a hint.",
            "With --images for the places of both sets, an equal size and ETag prove that two are "
            "the same, and another size that they are not.",
        )
    if shared.refuted:
        yield finding(
            "other_images_of_one_key",
            f"Of the {sets} {images_in_words(shared.refuted)} "
            f"{'has' if shared.refuted == 1 else 'have'} the same key or name, but another size: "
            "these are different images.",
        )
    if unclear := shared.same_keys:
        yield finding(
            "images_not_unique",
            f"Of the {sets} {images_in_words(len(unclear))} {_have(unclear)} a key that several "
            f"have, so whether they are shared is not known: {named_images(unclear)}.",
            "With --images for the places of both sets, sizes and ETags tell which is which.",
        )
    yield from _of_differing_labels(overlap, sets)


def _unproven(same: Iterable[SharedImage]) -> str:
    """That some have one key and another ETag, as a sentence; empty if none has."""
    count = sum(pair.etags_differ for pair in same)
    if not count:
        return ""
    which = "One of them has" if count == 1 else f"{count:,} of them have"
    return (
        f" {which} one key and size in both, and another ETag: S3 gives the same bytes another one "
        "if they are copied in parts or encrypted (SSE-KMS, SSE-C), so compare them."
    )


def _of_differing_labels(overlap: Overlap, sets: str) -> Iterator[Finding]:
    labels = [
        {line.image: line.anomalous for line in each.lines if line.anomalous is not None}
        for each in (overlap.training, overlap.test)
    ]
    differing = [
        pair.second
        for pair in overlap.shared.same
        if None not in (pair_labels := {labels[0].get(pair.first), labels[1].get(pair.second)})
        and len(pair_labels) == 2
    ]
    if differing:
        yield finding(
            "shared_labels_differ",
            f"The {sets} give {images_in_words(len(differing))} different labels: "
            f"{named_images(differing)}.",
            "Look at these images, and decide which label is right.",
        )


def _of_sets_missing(question: DatasetQuestion) -> Iterator[Finding]:
    if not question.all_tests:
        yield finding(
            "test_set_missing",
            "No test set was named, so whether images to train on are in one is not known.",
            "Name it with --test, and the old model with --against PROJECT VERSION.",
        )
    elif not question.training:
        yield finding(
            "training_set_missing",
            "Every set is for testing, so whether images were trained on is not known.",
            "Name what the successor was trained on as SRC.",
        )


# What one set holds


def _of_set(contents: SetContents) -> Iterator[Finding]:
    dataset = contents.dataset
    name = _named(dataset)
    if contradictory := contents.contradictory:
        yield finding(
            "contradictory_labels",
            f"{name} labels {images_in_words(len(contradictory))} both anomaly and normal: "
            f"{_with_lines(contradictory)}.",
            "Decide which label is right, and remove the other line.",
        )
    repeated = [each for each in contents.repeated if not each.is_contradictory]
    if repeated:
        yield finding(
            "repeated_images",
            f"{name} has {images_in_words(len(repeated))} more than once: {_with_lines(repeated)}.",
            "Remove the repeated lines: they weigh more than others.",
        )
    if contents.unreadable:
        reasons = (f"{count:,} {reason}" for reason, count in dataset.unreadable.items())
        first = ", ".join(
            f"{each.number:,}" for each in dataset.first_unreadable[:3] if each.number
        )
        yield finding(
            "unusable_lines",
            f"Lines left out of {name}: {', '.join(reasons)}"
            f"{f' (the first: line {first})' if first else ''}.",
            "Correct these lines, or remove them.",
        )
    if dataset.cut:
        yield finding(
            "dataset_cut",
            f"{name} ends within a line, so more lines may be missing.",
            "Copy the file again from where it was complete.",
        )
    if contents.unlabelled:
        lines = count_of(contents.unlabelled, "line", "lines")
        yield finding(
            "unlabelled_images",
            f"{name} has {lines} without a label that is known: "
            f"{named_images(line.image for line in dataset.lines if line.anomalous is None)}.",
            "Label these images, or leave them out.",
        )
    if contents.unknown_words:
        yield finding(
            "class_words_unknown",
            f"{name} has class words that mean neither anomaly nor normal: "
            f"{words_in_words(contents.unknown_words)}. Their lines count as unlabelled.",
            "Write anomaly or normal as the class, or name the folder so.",
        )
    if missing := contents.missing_class:
        yield finding(
            "one_class_only",
            f"{name} has no {missing}.",
            "A test needs both classes; to train on normal images alone is right for anomalib.",
        )


def words_in_words(words: Mapping[str, int]) -> str:
    """Class words and how many lines have them, the first of them."""
    counted = (f"{clean(word, _WORD)} {count:,}" for word, count in words.items())
    return first_of(counted, most=_WORDS)


def _with_lines(repeated: Sequence[RepeatedImage]) -> str:
    """The first repeated images, with the numbers of their lines."""
    return named_images(f"{each.lines[0].image}{_lines_of(each)}" for each in repeated)


def _lines_of(repeated: RepeatedImage) -> str:
    numbers = [f"{line.number:,}" for line in repeated.lines if line.number]
    return f" (lines {', '.join(numbers[:4])}{' …' if len(numbers) > 4 else ''})" if numbers else ""


def _named(dataset: Dataset) -> str:
    return clean(dataset.name, _NAME)


# Which images and masks there are


def _of_presence(presence: ImagePresence) -> Iterator[Finding]:
    for kind, code in _MISSING:
        if gone := presence.named("gone", kind):
            things = count_of(len(gone), kind.removesuffix("s"), kind)
            yield finding(
                code,
                f"{things} {_are(gone)} not listed where the set says: {named_images(gone)}."
                f"{_other_spellings(gone, presence)}",
                "Copy them back from a backup, or leave their lines out.",
            )
    if archived := _both(presence, "archived"):
        yield finding(
            "images_archived",
            f"{_named_files(presence, 'archived')} {_are(archived)} in an archive class of S3, "
            f"and must be restored before anything reads them: {named_images(archived)}.",
            "Restore them (aws s3api restore-object), or copy them to another class.",
        )
    if forbidden := _both(presence, "forbidden"):
        yield finding(
            "images_forbidden",
            f"{_named_files(presence, 'forbidden')} {_are(forbidden)} in a place that may not be "
            f"listed, so whether they exist is not known: {named_images(forbidden)}.",
            "Allow s3:ListBucket on that prefix, or reading of that folder.",
        )
    if unknown := _both(presence, None):
        yield _of_unknown(unknown, presence)


def _of_unknown(unknown: Sequence[str], presence: ImagePresence) -> Finding:
    things = _named_files(presence, None)
    flags = " ".join(f"--images {clean(each, 300)}" for each in suggested_prefixes(unknown))
    return finding(
        "images_not_looked_up",
        f"{things} {_are(unknown)} below no place that was listed, so whether they exist is not "
        "known."
        if presence.is_looked_up
        else f"Whether {things} exist{'s' if len(unknown) == 1 else ''} was not looked up.",
        "The images of the sample were never anywhere."
        if all(map(is_synthetic, unknown))
        else f"List where they are, which opens none: {flags or '--images PREFIX'}.",
    )


def _both(presence: ImagePresence, known: Presence | None) -> list[str]:
    return [*presence.named(known, "images"), *presence.named(known, "masks")]


def _other_spellings(gone: Iterable[str], presence: ImagePresence) -> str:
    if not (misspelt := set(presence.misspelt).intersection(gone)):
        return ""
    are = "One of them is" if len(misspelt) == 1 else f"{len(misspelt):,} of them are"
    how = "percent-encoding, accents, or the case of the extension"
    return f" {are} there under a key that is spelled otherwise ({how})."
