"""The same test images as two versions judged them: one vote an image, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, NamedTuple

from lfv_mcp.analysis.decisions import Pair, PairedCounts
from lfv_mcp.analysis.examples import score_of
from lfv_mcp.analysis.judged_predictions import Judged
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.metrics import Undefined

MATCHED: Final = 0.90
"""Share of the larger test set that both must hold, with one truth, to be the same images."""
NO_SHARED_DEFECT: Final = Undefined("no defect was judged by both versions")
NO_SHARED_GOOD_PART: Final = Undefined("no good part was judged by both versions")
TRAINED_ON_DEFECTS: Final = Undefined(
    "no defect is left without those that one of the two was trained on"
)
TRAINED_ON_GOOD_PARTS: Final = Undefined(
    "no good part is left without those that one of the two was trained on"
)


class Vote(NamedTuple):
    """What one version says of one image; lines that repeat an image are one vote.

    Args:
        anomalous: the truth.
        flagged: whether it is rejected; None if the version contradicts itself.
        score: the anomaly score behind the verdict, if the line has one.
        confidence: in the predicted class, if the line has one.
    """

    anomalous: bool
    flagged: bool | None
    score: float | None
    confidence: float | None

    @property
    def is_right(self) -> bool:
        """Whether the verdict is the truth; two different verdicts on an image are wrong."""
        return self.flagged is self.anomalous


@dataclass(frozen=True, slots=True)
class Votes:
    """The votes of one version on its test images.

    Args:
        by_image: the vote on each image that has one truth, by S3 URI.
        contradictory: images that have both truths; nothing can be said of them.
        nameless: lines that name no image, each an image of its own.
    """

    by_image: Mapping[str, Vote]
    contradictory: frozenset[str]
    nameless: tuple[Vote, ...]

    @property
    def images(self) -> int:
        """Different images of the test set."""
        return len(self.by_image) + len(self.contradictory) + len(self.nameless)

    def without(self, images: Set[str]) -> Votes:
        """The votes on all other images."""
        if images.isdisjoint(self.by_image) and images.isdisjoint(self.contradictory):
            return self
        by_image = {image: vote for image, vote in self.by_image.items() if image not in images}
        return Votes(by_image, self.contradictory - images, self.nameless)

    def errors(self, *, anomalous: bool) -> tuple[int, int]:
        """Wrong verdicts on the images of a class, and how many images it has."""
        judged = [
            vote
            for vote in (*self.by_image.values(), *self.nameless)
            if vote.anomalous is anomalous and vote.flagged is not None
        ]
        return sum(not vote.is_right for vote in judged), len(judged)


def votes_of(manifest: EvaluationManifest | None) -> Votes | None:
    """One vote for each image; None if the images are not known one by one."""
    if manifest is None or not manifest.images:
        return None
    lines: dict[str, list[ImagePrediction]] = {}
    nameless: list[Vote] = []
    for image in manifest.images:
        if image.source_ref:
            lines.setdefault(image.source_ref, []).append(image)
        else:
            nameless.append(_vote([image]))
    contradictory = frozenset(
        ref for ref, of_image in lines.items() if len({i.anomalous for i in of_image}) > 1
    )
    by_image = {ref: _vote(of_image) for ref, of_image in lines.items() if ref not in contradictory}
    return Votes(by_image, contradictory, tuple(nameless))


def _vote(lines: Sequence[ImagePrediction]) -> Vote:
    first = lines[0]
    if len({line.flagged for line in lines}) > 1:
        return Vote(first.anomalous, None, None, None)
    return Vote(first.anomalous, first.flagged, score_of(first), first.confidence)


class PairedImage(NamedTuple):
    """One image as two versions judged it."""

    image: str
    baseline: Vote
    candidate: Vote
    is_unanswered: bool = False

    @property
    def anomalous(self) -> bool:
        """The truth, which is the same for both."""
        return self.baseline.anomalous


def is_enough(images: int, of: int) -> bool:
    """Whether a share of the test images is large enough to stand for all of them."""
    return images >= MATCHED * of


@dataclass(frozen=True, slots=True)
class Pairing:
    """The images that a baseline and a candidate share, and those that are left out.

    Args:
        images: those that both judged, with equal truth.
        of: different images of the larger of the two test sets.
        labels_differ: images of both whose truth differs.
        contradictory: images of both with two truths in one file, or with two verdicts of the
            baseline.
        only_one: images of only one of the two test sets, and lines that name no image.
        unanswered: images among `images` that the candidate did not answer, which is an error of
            a prediction set; between versions there are none.
        trained_on: the images that were taken out, for one of the two was trained on them, as the
            baseline judged them.
    """

    images: tuple[PairedImage, ...]
    of: int
    labels_differ: int
    contradictory: int
    only_one: int
    unanswered: int = 0
    trained_on: tuple[Vote, ...] = ()

    @property
    def is_same_images(self) -> bool:
        """Whether enough is shared to compare the two image by image."""
        return bool(self.images) and is_enough(len(self.images), self.of)

    @property
    def is_answered(self) -> bool:
        """Whether a prediction set answered enough of the test images to be compared on them."""
        tests = len(self.images) + self.labels_differ
        return len(self.images) > self.unanswered and is_enough(tests - self.unanswered, tests)

    @property
    def left_out(self) -> int:
        """Images that are not compared."""
        return self.labels_differ + self.contradictory + self.only_one

    def counts(self, *, answered_alone: bool = False) -> Pair:
        """The discordant images of each class; unanswered ones are errors, or left out."""
        images = [i for i in self.images if not (answered_alone and i.is_unanswered)]
        return Pair(
            recall=_counts(
                (i for i in images if i.anomalous),
                TRAINED_ON_DEFECTS if self._is_trained_on(anomalous=True) else NO_SHARED_DEFECT,
            ),
            false_alarms=_counts(
                (i for i in images if not i.anomalous),
                TRAINED_ON_GOOD_PARTS
                if self._is_trained_on(anomalous=False)
                else NO_SHARED_GOOD_PART,
            ),
        )

    def _is_trained_on(self, *, anomalous: bool) -> bool:
        return any(vote.anomalous is anomalous for vote in self.trained_on)


def _counts(images: Iterable[PairedImage], none: Undefined) -> PairedCounts | Undefined:
    right = [(image.baseline.is_right, image.candidate.is_right) for image in images]
    if not right:
        return none
    return PairedCounts(right.count((True, False)), right.count((False, True)), len(right))


def pair_answers(baseline: Votes, candidate: Votes, judged: Judged) -> Pairing:
    """The baseline's images as a prediction set answered them, in the order of the baseline's file.

    Those that it did not answer are its errors; what it answered beyond them is left out.
    """
    unanswered = frozenset(judged.unanswered)
    both = pair_images(baseline, candidate)
    paired = {each.image: each for each in both.images}
    silent = 0
    for image, vote in baseline.by_image.items():
        if image in unanswered and vote.flagged is not None:
            silence = Vote(vote.anomalous, None, None, None)
            paired[image] = PairedImage(image, vote, silence, is_unanswered=True)
            silent += 1
    return Pairing(
        images=tuple(paired[image] for image in baseline.by_image if image in paired),
        of=baseline.images,
        labels_differ=judged.labels_differ,
        contradictory=baseline.images - len(baseline.nameless) - len(paired) - judged.labels_differ,
        only_one=len(baseline.nameless),
        unanswered=silent,
    )


def pair_images(baseline: Votes, candidate: Votes) -> Pairing:
    """The images of both, in the order of the baseline's file."""
    known = {*candidate.by_image, *candidate.contradictory}
    paired: list[PairedImage] = []
    differ = contradictory = 0
    for image, vote in baseline.by_image.items():
        other = candidate.by_image.get(image)
        if other is None:
            contradictory += image in candidate.contradictory
        elif other.anomalous is not vote.anomalous:
            differ += 1
        elif vote.flagged is None:
            contradictory += 1
        else:
            paired.append(PairedImage(image, vote, other))
    contradictory += len(baseline.contradictory & known)
    shared = len(paired) + differ + contradictory
    return Pairing(
        images=tuple(paired),
        of=max(baseline.images, candidate.images),
        labels_differ=differ,
        contradictory=contradictory,
        only_one=baseline.images + candidate.images - 2 * shared,
    )
