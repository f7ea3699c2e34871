"""A model card for the Hugging Face Hub: our card in Markdown below a front matter in YAML.

The front matter has a `model-index`, from which the Hub's library reads evaluation results. Its
texts are written as JSON strings, which YAML takes too, so that no text can end one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from lfv_mcp.analysis.exports.carried import (
    NO_COUNTS,
    ExportedModel,
    caveats_of,
    figures_of,
    label_of,
    provenance_of,
)
from lfv_mcp.analysis.model_card import as_text, model_card
from lfv_mcp.text import strip_invisible

TASK: str = "image-classification"


def huggingface_card(model: ExportedModel) -> str:
    """The card: front matter and Markdown."""
    carried = provenance_of(model.summary.source, model.product)
    lines = (
        *_front_matter(model),
        "",
        f"> {as_text(label_of(model.summary.source))}",
        "",
        model_card(model.summary, model.report, NO_COUNTS).rstrip("\n"),
        "",
        "## Caveats",
        "",
        *(f"- {as_text(strip_invisible(each))}" for each in caveats_of(model)),
        "",
        f"Made by {as_text(carried['exported_by'])}.",
        "",
    )
    return "\n".join(lines)


def _front_matter(model: ExportedModel) -> Iterator[str]:
    summary = model.summary
    yield "---"
    yield "tags:"
    tags = ["visual-inspection", "anomaly-detection"]
    tags += [] if summary.prediction_set else ["amazon-lookout-for-vision"]
    tags += ["synthetic-sample"] if summary.source.kind == "sample" else []
    yield from (f"- {tag}" for tag in tags)
    yield f"pipeline_tag: {TASK}"
    yield "lfv_mcp:"
    for name, value in provenance_of(summary.source, model.product).items():
        yield f"  {name}: {_text(value)}"
    yield f"  note: {_text(label_of(summary.source))}"
    figures = figures_of(model)
    if figures:
        yield "model-index:"
        yield f"- name: {_text(model.name)}"
        yield "  results:"
        yield "  - task:"
        yield f"      type: {TASK}"
        yield "      name: Visual anomaly detection"
        yield "    dataset:"
        yield f"      type: {_text(summary.project_name)}"
        yield f"      name: {_text(f'test images of {model.name}')}"
        yield "      split: test"
        yield "    metrics:"
    for each in figures:
        yield f"    - type: {each.name}"
        yield f"      value: {_number(each.value)}"
        yield f"      name: {_text(each.name.replace('_', ' '))}"
    yield "---"


def _text(value: str) -> str:
    return json.dumps(strip_invisible(value), ensure_ascii=False)


def _number(value: float) -> str:
    """A number that YAML 1.1 takes for one: it reads 1e-07 as text, and 1.0e-07 as a number."""
    text = json.dumps(value, allow_nan=False)
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else text
