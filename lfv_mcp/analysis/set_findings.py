"""The findings of an evaluation of a prediction set: what was matched, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lfv_mcp.analysis.answer_findings import matching_findings, named_images
from lfv_mcp.analysis.comparison_text import images_in_words
from lfv_mcp.analysis.judged_predictions import Judged
from lfv_mcp.analysis.optimism import flattery_in_words
from lfv_mcp.analysis.paired_images import is_enough
from lfv_mcp.analysis.recount import EvaluationNumbers, defects_and_good_parts
from lfv_mcp.analysis.training_text import report_findings
from lfv_mcp.findings import finding
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions
from lfv_mcp.results.common import Finding


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """A prediction set that is evaluated.

    Args:
        about: what it is.
        judged: its verdicts where the truth is known.
        reference: whose test images they were found among, in words; empty where there is none.
        unreadable: lines of the set's own file that could not be read.
    """

    about: AboutPredictions
    judged: Judged
    reference: str = ""
    unreadable: int = 0

    @property
    def in_words(self) -> str:
        """What it is called in a sentence: `padim on weld-bead`."""
        return f"{self.about.key.name} on {self.about.key.project}"


def set_findings(answers: JudgedSet, numbers: EvaluationNumbers) -> Iterator[Finding]:
    """What limits what is said of a prediction set alone."""
    about, judged = answers.about, answers.judged
    name = about.key.name
    yield from matching_findings(judged, name, answers.reference)
    if differ := judged.extra_labels_differ:
        yield finding(
            "labels_differ",
            f"{name}: of the images that {answers.reference} was not tested on the labels of "
            f"{images_in_words(differ)} are not those of the project's other evaluations; these "
            "are left out.",
            "Find out which label is right; look whether these are the same images.",
        )
    if judged.matched and judged.unanswered:
        silent = len(judged.unanswered)
        answered = judged.tests - silent
        yield finding(
            "unanswered_images" if is_enough(answered, judged.tests) else "too_few_answered",
            f"{name} did not answer {images_in_words(silent)} of the test set of "
            f"{answers.reference}, which {'is' if silent == 1 else 'are'} in no count: "
            f"{named_images(judged.unanswered)}.",
            "In a comparison they count as errors: have it answer them.",
        )
    yield from report_findings(name, judged)
    yield from unusable_lines(about, answers.unreadable)
    defects, _ = defects_and_good_parts(numbers.confusion) if numbers.confusion else (0, 0)
    if defects:
        yield finding(
            "own_cut_unknown",
            f"Whether the cut of {name} was chosen on these images is not known; if it was, "
            f"{flattery_in_words(defects)}.",
        )


def unusable_lines(about: AboutPredictions, unreadable: int = 0) -> Iterator[Finding]:
    """That lines of the source, or of the set's own file, were left out."""
    causes = [f"{count:,} {cause}" for cause, count in about.unusable.items()]
    causes += [f"{unreadable:,} unreadable in the archive"] if unreadable else []
    if causes:
        yield finding(
            "unusable_lines",
            f"Lines left out of {about.key.name}: {', '.join(causes)}.",
            "Look at the file that it was imported from.",
        )
