"""Prediction sets in tests, and the files of the archive that they are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

from hypothesis import strategies as st

from lfv_mcp.formats.predictions.prediction_file import header_line, image_line
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions, PredictedImage
from lfv_mcp.identifiers import PredictionSetKey
from tests.support.saved_records import ONE

PADIM = PredictionSetKey("us-east-1", ONE, "cap-seal", "padim")


def images_of(number: int) -> list[PredictedImage]:
    """So many images, every fourth of which is defective and every fifth rejected."""
    return [
        PredictedImage(f"s3://lines/caps/{n:04}.png", n % 4 == 0, n % 5 == 0, n / number)
        for n in range(number)
    ]


def about_of(
    images: Sequence[PredictedImage], key: PredictionSetKey = PADIM, origin: str = "p.csv"
) -> AboutPredictions:
    """What the first line of a set of these images says."""
    about = AboutPredictions(
        key=key,
        origin=origin,
        columns={"image": "image_path", "prediction": "pred_label"},
        images=len(images),
        answered=sum(image.flagged is not None for image in images),
        truth=sum(image.anomalous is not None for image in images),
        scores="anomaly_score",
    )
    lines = b"".join(map(image_line, images))
    return replace(about, content=blake2b(lines, digest_size=8).hexdigest())


def set_lines(
    images: Sequence[PredictedImage], key: PredictionSetKey = PADIM, origin: str = "p.csv"
) -> Iterator[bytes]:
    """The lines of such a set's file."""
    yield header_line(about_of(images, key, origin))
    yield from map(image_line, images)


def set_file(
    images: Sequence[PredictedImage], key: PredictionSetKey = PADIM, origin: str = "p.csv"
) -> bytes:
    """Such a set's file."""
    return b"".join(set_lines(images, key, origin))


finite = st.floats(allow_nan=False, allow_infinity=False)
predicted_images = st.builds(
    PredictedImage,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
    st.none() | finite,
    st.none() | st.floats(0, 1),
)
"""Any image that a reader may give."""
