"""What a prediction set is, as the answer of describe_model."""

from __future__ import annotations

from collections.abc import Sequence

from lfv_mcp.analysis.set_findings import unusable_lines
from lfv_mcp.figures import count_of, exact_score
from lfv_mcp.findings import by_severity
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_summary import ModelSummary, PredictionSetFacts, TrainedOnFacts
from lfv_mcp.text import clean


def summarise_predictions(
    about: AboutPredictions, source: Source, findings: Sequence[Finding] = ()
) -> ModelSummary:
    """The answer of describe_model about a prediction set.

    Args:
        about: what the set says of itself.
        source: where it is.
        findings: what the caller knows beside it.
    """
    key = about.key
    lines, trained_on = sum(about.unusable.values()), about.trained_on
    return ModelSummary(
        summary=" ".join(_sentences(about)),
        project_name=key.project,
        model_version=key.name,
        region=key.region or None,
        prediction_set=PredictionSetFacts(
            images=about.images,
            truth=about.truth,
            scores=about.scores,
            cut=about.cut,
            columns={clean(role, 100): clean(how, 300) for role, how in about.columns.items()},
            origin=clean(about.origin, 1024),
            unusable_lines=lines or None,
            same_names=about.same_names or None,
            trained_on=trained_on
            and TrainedOnFacts(origin=clean(trained_on.origin, 1024), images=trained_on.images),
        ),
        findings=tuple(by_severity((*findings, *unusable_lines(about)))),
        source=source,
    )


def _sentences(about: AboutPredictions) -> list[str]:
    key, images = about.key, count_of(about.images, "image", "images")
    silent = about.images - about.answered
    said = f"{key.name} is a prediction set of {key.project}: what another system said of {images}"
    said += f", {silent:,} of them without an answer" if silent > 0 else ""
    sentences = [f"{said}. It is no Lookout for Vision model and has no status or ARN."]
    if about.truth == 0:
        sentences.append("It brings no labels: the truth comes from the project's evaluations.")
    elif about.truth < about.images:
        sentences.append(f"It brings the labels of {about.truth:,} images.")
    else:
        sentences.append("It brings a label for every image.")
    ranked = {
        "anomaly_score": "its own anomaly scores",
        "confidence": "the confidence in the predicted class",
    }.get(about.scores)
    if ranked:
        cut = "" if about.cut is None else f", rejecting from {exact_score(about.cut)} on"
        sentences.append(f"Images can be ranked by {ranked}{cut}.")
    else:
        sentences.append("It has no scores, so no other cut can be tried.")
    if about.trained_on is None:
        sentences.append("What it was trained on is not known.")
    else:
        trained_on = count_of(about.trained_on.images, "image", "images")
        sentences.append(
            f"It was trained on {trained_on} ({clean(about.trained_on.origin, 200)}): test images "
            "among them are left out."
        )
    sentences.append("Whether it may replace a version: compare_models, with the version first.")
    return sentences
