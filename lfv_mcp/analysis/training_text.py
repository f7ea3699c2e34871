"""What is said of training images among the test images: sentences, conditions and findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lfv_mcp.analysis.answer_findings import named_images
from lfv_mcp.analysis.candidate import all_called
from lfv_mcp.analysis.comparison_text import images_in_words, sentence
from lfv_mcp.analysis.judged_predictions import TOO_MANY, Judged
from lfv_mcp.analysis.verdicts import Verdicts, VersionVerdict
from lfv_mcp.findings import finding
from lfv_mcp.results.common import Finding

CONDITION: Final = "if it was not trained on these test images"
"""What is not known of a successor that is accepted."""
_SAY_IT: Final = (
    "Say it on the command line: archive import --predictions NAME --trained-on PLACE, or compare "
    "--trained-on NAME=PLACE, with the dataset manifest or the folder of its training images."
)


def is_training_unknown(this: VersionVerdict) -> bool:
    """Whether the test images may have been those of the training.

    Never of a version of the service: its test images are no training images of its own.
    """
    return this.judged is not None and not this.judged.training.is_known


def trained_on_in_words(verdicts: Verdicts) -> str:
    """How many test images are left out of the comparisons, as sentences; empty for none."""
    everyone = [verdicts.first, *(each.aligned for each in verdicts.others)]
    told = [
        _left_out(each.candidate.in_words, each.judged)
        for each in everyone
        if each.judged and each.judged.training.tests
    ]
    return " ".join(told)


def _left_out(name: str, judged: Judged) -> str:
    count = len(judged.training.tests)
    left = judged.tests
    which = "it is" if count == 1 else "they are"
    return sentence(
        f"{name} was trained on {count:,} of the {images_in_words(count + left)} of the test: "
        f"{which} left out, and {left:,} stay{'s' if left == 1 else ''}"
    )


def report_in_words(judged: Judged) -> str:
    """The same of a set that is evaluated alone; empty for none."""
    count = judged.trained_on
    if not count:
        return ""
    left = _judged_images(judged)
    which = "it is" if count == 1 else "they are"
    return (
        f"It was trained on {count:,} of the {images_in_words(count + left)} that it was judged "
        f"on: {which} left out, and {left:,} stay{'s' if left == 1 else ''}."
    )


def _judged_images(judged: Judged) -> int:
    images = judged.manifest.images if judged.manifest else None
    return len({image.source_ref for image in images or ()})


def training_findings(verdicts: Verdicts) -> Iterator[Finding]:
    """What is known, and not known, of the training of all sets of a comparison."""
    unknown: list[str] = []
    for each in (verdicts.first, *(other.aligned for other in verdicts.others)):
        if each.judged is None:
            continue
        name, training = each.candidate.in_words, each.judged.training
        if count := len(training.tests):
            yield _tested_on_training_images(
                name, training.tests, count + each.judged.tests, each.judged.tests
            )
        yield from _names_shared(name, each.judged)
        if not training.is_known and each.judged.why_none != TOO_MANY:
            unknown.append(each.candidate.version)
    if unknown:
        yield training_unknown(unknown)


def report_findings(name: str, judged: Judged) -> Iterator[Finding]:
    """The same of a set that is evaluated alone."""
    if count := judged.trained_on:
        left = _judged_images(judged)
        images = (*judged.training.tests, *judged.training.others)
        yield _tested_on_training_images(name, images, count + left, left, count)
    yield from _names_shared(name, judged)
    if not judged.training.is_known:
        yield training_unknown([name])


def training_of_unjudged(name: str, judged: Judged) -> Iterator[Finding]:
    """The same of a set without a figure, where the training is the reason for it."""
    if judged.trained_on:
        yield from report_findings(name, judged)


def _tested_on_training_images(
    name: str, images: Sequence[str], of: int, left: int, count: int | None = None
) -> Finding:
    count = len(images) if count is None else count
    rest = f", which rest on the other {left:,}" if left else ", and none is left"
    return finding(
        "tested_on_training_images",
        sentence(
            f"{name} was trained on {count:,} of the {images_in_words(of)} of the test: "
            f"{named_images(images)}. {'It is' if count == 1 else 'They are'} in none of its "
            f"figures{rest}"
        ),
        "Have it judge images that it was not trained on.",
    )


def _names_shared(name: str, judged: Judged) -> Iterator[Finding]:
    hints = judged.training.hints
    if not hints:
        return
    is_one = len(hints) == 1
    yield finding(
        "training_names_shared",
        f"{images_in_words(len(hints))} of the test {'has' if is_one else 'have'} only the name "
        f"of an image that {name} was trained on, or a key that is not unique: "
        f"{named_images(hints)}. {'It stays' if is_one else 'They stay'} in all figures.",
        "Look whether they are the same images, and name the training images by their whole keys.",
    )


def training_unknown(names: Sequence[str]) -> Finding:
    """That nobody said what sets were trained on, or that not all of it can be read."""
    several = len(names) > 1
    return finding(
        "training_images_unknown",
        f"What {all_called(names)} {'were' if several else 'was'} trained on is not known, or not "
        f"wholly: if on these test images, {'their' if several else 'its'} figures are too good.",
        _SAY_IT,
    )
