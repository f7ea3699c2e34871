"""Test images that were judged wrongly: how many of each kind, and the worst of them by name."""

from __future__ import annotations

from collections.abc import Sequence

from lfv_mcp import metrics
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT, ImagePrediction
from lfv_mcp.results.evaluation_report import Example, ExampleList, Examples
from lfv_mcp.text import clean


def examples_of(
    images: Sequence[ImagePrediction], threshold: float | None, most: int, *, by_score: bool
) -> Examples:
    """The images that were judged wrongly: by the model, or by a cut of the caller's.

    Args:
        images: the test images.
        threshold: the score from which a part is rejected; None for the model's own verdicts.
        most: images to name, of each kind; the count is of all.
        by_score: whether scores from confidence explain the verdicts; else none is shown.
    """
    wrong = [image for image in images if _is_rejected(image, threshold) is not image.anomalous]
    return Examples(
        missed_defects=_worst([i for i in wrong if i.anomalous], most, by_score=by_score),
        false_alarms=_worst([i for i in wrong if not i.anomalous], most, by_score=by_score),
    )


def _is_rejected(image: ImagePrediction, threshold: float | None) -> bool:
    score = score_of(image)
    return image.flagged if threshold is None or score is None else score >= threshold


def score_of(image: ImagePrediction) -> float | None:
    """The anomaly score behind a prediction; None if there is neither one nor a confidence."""
    if image.score is not None:
        return image.score
    if image.confidence is None:
        return None
    return metrics.anomaly_score(image.flagged, image.confidence)


def _worst(wrong: Sequence[ImagePrediction], most: int, *, by_score: bool) -> ExampleList:
    """Wrong verdicts, the surest first: the score is farthest on the wrong side.

    An image that its line does not name counts, but is no example.
    """

    def order(image: ImagePrediction) -> tuple[bool, float, str]:
        score = score_of(image)
        if score is None:
            return True, 0.0, image.source_ref
        return False, (score if image.anomalous else -score), image.source_ref

    ranked = sorted((image for image in wrong if image.source_ref), key=order)
    return ExampleList(
        count=len(wrong),
        images=tuple(
            Example(
                image=clean(image.source_ref, REF_LIMIT),
                anomaly_score=score_of(image) if by_score else None,
                confidence=image.confidence,
            )
            for image in ranked[:most]
        ),
    )
