"""A prediction set's verdicts on the images whose truth is known, as an evaluation manifest.

The truth of an image comes from the project's evaluation manifests, in their order, else from the
set itself. Where two of them differ the image is left out, and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lfv_mcp.analysis.image_identity import Matches, match_images
from lfv_mcp.analysis.training_images import (
    UNKNOWN,
    TrainingOverlap,
    matches_without,
    training_overlap,
)
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.formats.predictions.prediction_set import PredictedImage, PredictionSet
from lfv_mcp.metrics import Confusion
from lfv_mcp.results.model_comparison import ImageMatching

NAMES_ALONE: Final = 0.10
"""Share of the matched images from which a match by name alone makes the answer conditional."""
LABELS_MAY_DIFFER: Final = 0.05
"""Share of the matched images on which sources of truth may differ; beyond it nothing is decided,
for the images may not be the same ones."""


class Answer(NamedTuple):
    """What a set says of one image; lines that repeat an image are one answer.

    Args:
        truth: the label that the set brings; None for none, or two different ones.
        lines: those with a prediction.
    """

    truth: bool | None
    lines: tuple[PredictedImage, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A set's verdicts where the truth is known.

    Args:
        manifest: of the images that it answered and whose truth is known, under the reference's
            names where they matched; None where there is none.
        matches: how images were found in the reference; nothing without one.
        unanswered: test images of the reference that the set did not answer, in order.
        extra: images that it answered beyond the reference.
        labels_differ: images of the reference left out, for two sources of truth differ on them.
        extra_labels_differ: images beyond the reference left out for the same reason.
        is_vouched: a person vouched that equal names are the same images.
        why_none: why there is no manifest, as a clause; empty where there is one.
        training: test images that its model was trained on, which are in none of the above.
        trained_on: how many images left the manifest for that.
    """

    manifest: EvaluationManifest | None
    matches: Matches = field(default_factory=Matches)
    unanswered: tuple[str, ...] = ()
    extra: int = 0
    labels_differ: int = 0
    extra_labels_differ: int = 0
    is_vouched: bool = False
    why_none: str = ""
    training: TrainingOverlap = UNKNOWN
    trained_on: int = 0

    @property
    def matched(self) -> int:
        """Images found in the reference, by whichever rule."""
        return len(self.matches.found)

    @property
    def tests(self) -> int:
        """Test images of the reference."""
        return len({*self.matches.found.values(), *self.unanswered})

    @property
    def is_by_name(self) -> bool:
        """Whether so much matched by name alone that all rests on names, and nobody vouched."""
        return not self.is_vouched and self.matches.by_name > NAMES_ALONE * self.matched

    @property
    def has_other_labels(self) -> bool:
        """Whether labels differ on so many images that they may not be the same ones."""
        return self.labels_differ > LABELS_MAY_DIFFER * max(1, self.matched)

    def matching(self) -> ImageMatching:
        """The counts, as an answer has them."""
        return ImageMatching(
            by_uri=self.matches.by_uri,
            by_key=self.matches.by_key,
            by_name=self.matches.by_name,
            unanswered=len(self.unanswered),
            extra=self.extra,
            collisions=len(self.matches.collisions),
            labels_differ=self.labels_differ,
            trained_on=len(self.training.tests) or None,
        )


def overlap(predictions: PredictionSet, truth: EvaluationManifest) -> tuple[int, int]:
    """How many images of a set a manifest has: by URI or key, and by name."""
    images = dict.fromkeys(each.image for each in predictions.images or ())
    matches = match_images(_truth_of(truth), images, names=True)
    return matches.by_uri + matches.by_key, matches.by_name


TOO_MANY: Final = "it has more images than are kept one by one"
NO_TRUTH: Final = "no truth is known of any image that it answered"
ALL_TRAINED: Final = "it was trained on every image whose truth is known"


def judged(
    predictions: PredictionSet,
    truths: Sequence[EvaluationManifest],
    *,
    same_names: bool = False,
    beyond: Sequence[str] = (),
) -> Judged:
    """A set's verdicts on the images whose truth is known.

    Args:
        predictions: the set.
        truths: evaluation manifests of the project; the first is the reference, whose test images
            the set should have answered, the others only tell the truth of further images.
        same_names: a person vouches that equal names are the same images.
        beyond: images that left the reference, for its own model was trained on them.
    """
    same_names = same_names or predictions.about.same_names
    if predictions.images is None:
        return Judged(None, is_vouched=same_names, why_none=TOO_MANY)
    own_scores = predictions.about.scores == "anomaly_score"
    test = _test_of(predictions, _answers(predictions.images), truths, beyond)
    matches, known = test.matches, test.known
    labels = {image: test.reference[found] for image, found in matches.found.items()}
    images: list[ImagePrediction] = []
    answered: set[str] = set()
    differ = extra_differ = extra = 0
    for image, answer in test.answers.items():
        name = matches.found.get(image, image)
        elsewhere = labels[image] if image in labels else known.get(image)
        if image in labels:
            answered.update([name] if answer.lines else [])
        elif answer.lines:
            extra += bool(truths)
        truth = answer.truth if elsewhere is None else elsewhere
        if elsewhere is not None and answer.truth not in (None, elsewhere):
            if image in labels:
                differ += 1
                answered.add(name)  # left out, so it is not missing either
            else:
                extra_differ += 1
        elif truth is not None and answer.lines:
            images += [_line(name, truth, line, own_scores=own_scores) for line in answer.lines]
    return Judged(
        _manifest(images),
        matches,
        tuple(each for each in test.reference if each not in answered),
        extra,
        differ,
        extra_differ,
        same_names,
        "" if images else ALL_TRAINED if test.trained_on else NO_TRUTH,
        test.training,
        test.trained_on,
    )


class _Test(NamedTuple):
    """What a set answered and should have answered, without what its model was trained on.

    Args:
        answers: by the set's names of the images.
        reference: the label of each test image.
        matches: what of the answers is in the reference.
        known: the label of other images that it answered, where an evaluation has one.
        training: what was taken out.
        trained_on: how many answers with a truth were.
    """

    answers: Mapping[str, Answer]
    reference: Mapping[str, bool]
    matches: Matches
    known: Mapping[str, bool]
    training: TrainingOverlap
    trained_on: int


def _test_of(
    predictions: PredictionSet,
    answers: Mapping[str, Answer],
    truths: Sequence[EvaluationManifest],
    beyond: Sequence[str],
) -> _Test:
    reference = _truth_of(truths[0]) if truths else {}
    # What is taken out is matched before: else another image would get its name.
    matches = match_images([*reference, *beyond], answers, names=True)
    known = _truth_elsewhere([a for a in answers if a not in matches.found], truths[1:])
    names = {image: matches.found.get(image, image) for image in answers}
    training = training_overlap(predictions, reference, names)
    trained_on = sum(
        bool(answer.lines)
        and names[image] in training.images
        and (answer.truth is not None or names[image] in reference or image in known)
        for image, answer in answers.items()
    )
    left_out = training.images | frozenset(beyond)
    return _Test(
        {image: answer for image, answer in answers.items() if names[image] not in left_out},
        {image: truth for image, truth in reference.items() if image not in left_out},
        matches_without(matches, left_out),
        known,
        training,
        trained_on,
    )


def _answers(images: Iterable[PredictedImage]) -> dict[str, Answer]:
    """One answer for each image, in the order of the set."""
    lines: dict[str, list[PredictedImage]] = {}
    for each in images:
        lines.setdefault(each.image, []).append(each)
    return {
        image: Answer(
            _only({line.anomalous for line in of_image} - {None}),
            tuple(line for line in of_image if line.flagged is not None),
        )
        for image, of_image in lines.items()
    }


def _only(truths: set[bool | None]) -> bool | None:
    return truths.pop() if len(truths) == 1 else None


def _truth_of(manifest: EvaluationManifest) -> dict[str, bool]:
    """The label of each test image; one that has two is left out."""
    truth: dict[str, bool | None] = {}
    for image in manifest.images or ():
        if image.source_ref:
            known = truth.setdefault(image.source_ref, image.anomalous)
            truth[image.source_ref] = image.anomalous if known is image.anomalous else None
    return {image: label for image, label in truth.items() if label is not None}


def _truth_elsewhere(
    images: Sequence[str], truths: Sequence[EvaluationManifest]
) -> dict[str, bool]:
    """The label of images that the reference does not have, from the first manifest that does.

    Never by name: those manifests are of other images, with names of the same kind.
    """
    known: dict[str, bool] = {}
    for manifest in truths:
        left = [image for image in images if image not in known]
        if not left:
            break
        truth = _truth_of(manifest)
        for image, found in match_images(truth, left, names=False).found.items():
            known[image] = truth[found]
    return known


def _line(
    name: str,
    truth: bool,  # noqa: FBT001 - the label itself, no switch
    line: PredictedImage,
    *,
    own_scores: bool,
) -> ImagePrediction:
    """A line with its truth; where a set has scores of its own no confidence stands in for one.

    The two are on different scales: a ranking of both would be none.
    """
    confidence = None if own_scores and line.score is None else line.confidence
    return ImagePrediction(name, truth, bool(line.flagged), confidence, line.score)


def _manifest(images: Sequence[ImagePrediction]) -> EvaluationManifest | None:
    if not images:
        return None
    cells = [0, 0, 0, 0]
    for image in images:
        cells[2 * image.anomalous + image.flagged] += 1
    negatives, false_positives, false_negatives, positives = cells
    refs = {image.source_ref for image in images}
    return EvaluationManifest(
        Confusion(positives, false_positives, false_negatives, negatives),
        tuple(images),
        len(images) - len(refs),
        {},
        (),
    )
