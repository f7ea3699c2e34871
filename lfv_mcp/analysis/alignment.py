"""The candidates of one comparison under the baseline's names of images, with one truth for all.

A version brings its images with their truth. A prediction set brings answers: it becomes a manifest
here, of the images whose truth is known. Then everything downstream pairs by name alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lfv_mcp.analysis.candidate import Candidate
from lfv_mcp.analysis.image_identity import Matches, match_images
from lfv_mcp.analysis.judged_predictions import Judged, judged, overlap
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.metrics import Confusion


@dataclass(frozen=True, slots=True)
class Aligned:
    """A candidate whose manifest names images as the baseline does.

    Args:
        candidate: with that manifest; of a set one of the images whose truth is known.
        matches: how its images were found among the baseline's; nothing for the baseline.
        judged: of a prediction set what was matched, unanswered and left out; None for a version.
    """

    candidate: Candidate
    matches: Matches | None = None
    judged: Judged | None = None

    @property
    def trained_on(self) -> frozenset[str]:
        """The images that it was trained on, by their names in its manifest."""
        return self.judged.training.images if self.judged else frozenset()


def align(
    candidates: Sequence[Candidate],
    truths: Sequence[EvaluationManifest] = (),
    same_names: frozenset[str] = frozenset(),
) -> list[Aligned]:
    """The candidates under the baseline's names; the first is the baseline.

    Args:
        candidates: versions and prediction sets.
        truths: evaluation manifests of the project's other versions, which may know the truth.
        same_names: sets of which a person vouches that equal names are the same images.
    """
    versions = [c.manifest for c in candidates if c.predictions is None and _has_images(c.manifest)]
    known = [manifest for manifest in (*versions, *truths) if manifest is not None]
    baseline, *others = candidates
    first = Aligned(baseline)
    if baseline.predictions is not None:
        brought = [of_set for c in others if (of_set := _labels_of(c.predictions))]
        # The manifest of its own images, and not one of others with names of the same kind.
        set_ = baseline.predictions
        known.sort(key=lambda manifest: overlap(set_, manifest), reverse=True)
        first = _judged_set(baseline, [*known, *brought], same_names)
    reference, beyond = first.candidate.manifest, sorted(first.trained_on)
    rest = [
        _judged_set(
            each, [reference, *known] if _has_images(reference) else known, same_names, beyond
        )
        if each.predictions is not None
        else _renamed(each, reference, beyond)
        for each in others
    ]
    return [first, *rest]


def _has_images(manifest: EvaluationManifest | None) -> bool:
    return manifest is not None and bool(manifest.images)


def _judged_set(
    candidate: Candidate,
    truths: Sequence[EvaluationManifest | None],
    same_names: frozenset[str],
    beyond: Sequence[str] = (),
) -> Aligned:
    predictions = candidate.predictions
    if predictions is None:
        raise ValueError("only a prediction set is judged")
    told = [manifest for manifest in truths if manifest is not None]
    found = judged(predictions, told, same_names=candidate.version in same_names, beyond=beyond)
    return Aligned(replace(candidate, manifest=found.manifest), found.matches, found)


def _renamed(
    candidate: Candidate, reference: EvaluationManifest | None, beyond: Sequence[str]
) -> Aligned:
    """A version whose images have the baseline's names where URI or key say so, never the name."""
    manifest = candidate.manifest
    if manifest is None or reference is None or not manifest.images or not reference.images:
        return Aligned(candidate)
    matches = match_images(
        [*(image.source_ref for image in reference.images if image.source_ref), *beyond],
        (image.source_ref for image in manifest.images if image.source_ref),
        names=False,
    )
    if matches.by_key:
        images = tuple(
            image._replace(source_ref=matches.found.get(image.source_ref, image.source_ref))
            for image in manifest.images
        )
        manifest = replace(manifest, images=images)
    return Aligned(replace(candidate, manifest=manifest), matches)


def _labels_of(predictions: PredictionSet | None) -> EvaluationManifest | None:
    """The labels that a set brings, as a manifest that only tells the truth."""
    if predictions is None or predictions.images is None:
        return None
    images = tuple(
        ImagePrediction(each.image, each.anomalous, each.anomalous, None)
        for each in predictions.images
        if each.anomalous is not None
    )
    return EvaluationManifest(Confusion(0, 0, 0, 0), images, 0, {}, ()) if images else None
