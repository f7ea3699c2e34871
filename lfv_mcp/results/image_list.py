"""`ImageList`: every test image of one model, with its label and what was predicted."""

from __future__ import annotations

from typing import Literal

from lfv_mcp.results.base import Number, Result
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.shown import Shown

ImageClass = Literal["anomaly", "normal"]


class JudgedImage(Result):
    """One test image; `image` is absent where its line names none.

    `confidence` belongs to the predicted class. `anomaly_score` is absent where no threshold on
    scores explains the predictions: they would rank nothing.
    """

    image: str | None = None
    label: ImageClass
    prediction: ImageClass
    confidence: Number | None = None
    anomaly_score: Number | None = None


class ImageList(Shown):
    """The test images of one version or prediction set, in the order of its file."""

    summary: str
    images: tuple[JudgedImage, ...]
    findings: tuple[Finding, ...]
    source: Source
