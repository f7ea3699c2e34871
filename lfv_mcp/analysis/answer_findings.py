"""The findings on a prediction set in a comparison: what it answered, and how it was matched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lfv_mcp.analysis.candidate import Candidate
from lfv_mcp.analysis.comparison_text import images_in_words, sentence, why_undecided
from lfv_mcp.analysis.judged_predictions import ALL_TRAINED, TOO_MANY, Judged
from lfv_mcp.analysis.verdicts import VersionVerdict
from lfv_mcp.figures import percent
from lfv_mcp.findings import finding
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT
from lfv_mcp.results.common import Finding
from lfv_mcp.text import clean

_NAMED: Final = 3
"""Images that a finding names."""


def answer_findings(this: VersionVerdict, baseline: Candidate) -> Iterator[Finding]:
    """What limits the comparison of a prediction set with the baseline; nothing of a version."""
    judged, name = this.judged, this.candidate.in_words
    if this.aligned.matches and judged is None:
        yield from _collisions(name, this.aligned.matches.collisions)
        return
    if judged is None:
        return
    yield from matching_findings(judged, name, baseline.in_words)
    predictions = this.candidate.predictions
    if predictions is not None and predictions.unreadable:
        yield finding(
            "unusable_lines",
            f"Lines of {name} that cannot be read in the archive: {predictions.unreadable:,}. "
            "Their images count as unanswered.",
            "Import the predictions again.",
        )
    silent = len(judged.unanswered)
    if this.basis == "too_few_answered":
        yield finding(
            "too_few_answered",
            sentence(why_undecided(this, baseline)),
            "Have it answer the test images; what it leaves out is not its to choose.",
        )
    elif silent and this.decision:
        yield finding(
            "unanswered_images",
            f"{name} did not answer {images_in_words(silent)} of the test set, which "
            f"{'counts as an error' if silent == 1 else 'count as errors'}: "
            f"{named_images(judged.unanswered)}.",
            "Have it answer them.",
        )


def matching_findings(judged: Judged, name: str, reference: str) -> Iterator[Finding]:
    """What limits what can be said of a set's images, whatever is asked.

    Args:
        judged: the set.
        name: what it is called.
        reference: whose test images they were found among.
    """
    if judged.why_none == TOO_MANY:
        yield finding("manifest_too_long", sentence(f"{name}: {judged.why_none}"))
    elif judged.manifest is None and judged.why_none != ALL_TRAINED:
        yield finding(
            "truth_missing",
            sentence(f"{name}: {judged.why_none}"),
            "Import the project's EvaluationManifest, or predictions with a column of labels.",
        )
    if judged.is_by_name:
        yield finding(
            "matched_by_name",
            f"{images_in_words(judged.matches.by_name)} of {judged.matched:,} were found among "
            f"those of {reference} by name alone, which other images may have too.",
            "Predict under the original keys; or, if a person knows that they are the same images, "
            "say so on the command line: --same-names.",
        )
    if judged.labels_differ:
        share = percent(judged.labels_differ / max(1, judged.matched))
        effect = (
            "so many that they may be other images, and nothing is decided"
            if judged.has_other_labels
            else "these are left out"
        )
        yield finding(
            "labels_differ",
            f"{name}: the labels of {images_in_words(judged.labels_differ)} ({share}) are not "
            f"those of {reference}; {effect}.",
            "Find out which label is right; look whether these are the same images.",
        )
    yield from _collisions(name, judged.matches.collisions)
    if judged.extra:
        verb = "is" if judged.extra == 1 else "are"
        yield finding(
            "extra_answers",
            f"{name} answered {images_in_words(judged.extra)} more than {reference} was tested on; "
            f"{'it' if judged.extra == 1 else 'they'} {verb} not compared.",
        )


def _collisions(name: str, collisions: Iterable[str]) -> Iterator[Finding]:
    images = tuple(collisions)
    if images:
        yield finding(
            "images_not_unique",
            f"{name}: {images_in_words(len(images))} stay unmatched, for their key or name is not "
            f"unique: {named_images(images)}."
            if len(images) > 1
            else f"{name}: an image stays unmatched, for its key or name is not unique: "
            f"{named_images(images)}.",
            "Name images by their whole keys.",
        )


def named_images(images: Iterable[str]) -> str:
    """The first images by name, and how many more there are."""
    listed = list(images)
    told = ", ".join(clean(image, REF_LIMIT) for image in listed[:_NAMED])
    more = len(listed) - _NAMED
    return f"{told} and {more:,} more" if more > 0 else told
