"""Every test image one by one: its label, what was predicted, and how sure that was."""

from __future__ import annotations

from collections.abc import Sequence

from lfv_mcp.analysis.examples import score_of
from lfv_mcp.analysis.thresholds import Scores, scores_of
from lfv_mcp.figures import count_of
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT, EvaluationManifest, ImagePrediction
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.image_list import ImageClass, ImageList, JudgedImage
from lfv_mcp.text import clean


def image_list(
    images: Sequence[ImagePrediction],
    manifest: EvaluationManifest,
    findings: Sequence[Finding],
    source: Source,
) -> ImageList:
    """The images of a manifest as an answer.

    Args:
        images: those of the manifest, which has kept them one by one.
        manifest: counts them.
        findings: what the evaluation of the same model says.
        source: where they come from.
    """
    scores = scores_of(images)
    by_score = isinstance(scores, Scores) and scores.rule.rule_holds
    missed, rejected = manifest.confusion.false_negatives, manifest.confusion.false_positives
    return ImageList(
        summary=f"{count_of(len(images), 'test image', 'test images')}: "
        f"{count_of(missed, 'missed defect', 'missed defects')}, "
        f"{count_of(rejected, 'false alarm', 'false alarms')}.",
        images=tuple(
            JudgedImage(
                image=clean(each.source_ref, REF_LIMIT) or None,
                label=_class(each.anomalous),
                prediction=_class(each.flagged),
                confidence=each.confidence,
                anomaly_score=score_of(each) if by_score else None,
            )
            for each in images
        ),
        findings=tuple(findings),
        source=source,
    )


def _class(anomalous: bool) -> ImageClass:  # noqa: FBT001
    return "anomaly" if anomalous else "normal"
