"""`PredictionSet`: what another system predicted on a project's images, however it was written.

A set says what it is and where it came from; its `origin` is a text and is never opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, cast, get_args

from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.file_digest import FileDigest
from lfv_mcp.formats.json_values import JsonObject, is_object, number
from lfv_mcp.identifiers import (
    PredictionSetKey,
    ProjectKey,
    is_prediction_set_name,
    is_project_name,
    parse_arn,
)

Role = Literal["image", "truth", "prediction", "score", "confidence"]
"""What a column, or a member of an object, says of an image."""
Scores = Literal["anomaly_score", "confidence", "none"]
"""What a set has to rank its images by."""


class PredictedImage(NamedTuple):
    """One line of a prediction set: an image as its writer names it, and what was said of it.

    Args:
        image: URI, key, path or name, as the source has it; never empty.
        anomalous: the truth that the source itself brings; None if it brings none.
        flagged: whether an anomaly was predicted; None for an image without an answer, such as a
            line of a DDA export that a person has annotated since.
        score: anomaly score of any range, higher is more anomalous; None if there is none.
        confidence: in the predicted class, 0 to 1; None if there is none.
    """

    image: str
    anomalous: bool | None
    flagged: bool | None
    score: float | None = None
    confidence: float | None = None


class TrainedOn(NamedTuple):
    """What the model behind a set was trained on, in short.

    Args:
        origin: where its training images were named, as a text for people.
        images: how many they are.
    """

    origin: str
    images: int


@dataclass(frozen=True, slots=True)
class AboutPredictions:
    """What the first line of a set says of all others.

    Args:
        key: whose images, and the name of the set.
        origin: where the predictions came from, as a text for people.
        columns: by which column or member each role was read, and by which rule scores and classes
            were, for people: {"image": "image_path", "prediction": "pred_label"}.
        images: lines that follow.
        answered: those with a prediction.
        truth: those with a truth of the source's own.
        scores: what the images can be ranked by.
        cut: the score from which an image was flagged, where a cut made the predictions.
        unusable: lines of the source that were left out, by their cause.
        same_names: a person vouched that equal names are the same images.
        content: digest of the lines that follow, which tells two sets of equal counts apart; empty
            for a set that was not written into an archive.
        trained_on: what the model was trained on; None if nobody said it.
    """

    key: PredictionSetKey
    origin: str
    columns: Mapping[str, str]
    images: int
    answered: int
    truth: int
    scores: Scores
    cut: float | None = None
    unusable: Mapping[str, int] = field(default_factory=dict[str, int])
    same_names: bool = False
    content: str = ""
    trained_on: TrainedOn | None = None

    def at(self, key: PredictionSetKey) -> AboutPredictions:
        """The same set under a key that says where its project is."""
        return replace(self, key=key)


@dataclass(frozen=True, slots=True)
class PredictionSet:
    """A prediction set as it was read back.

    Args:
        about: what it is.
        images: its lines in their order; None if they are too many to keep one by one.
        unreadable: lines of the set's own file that could not be read; 0 for a whole file.
        training: the images that its model was trained on, without their labels; None if nobody
            said it.
        training_unread: further training images that could not be read.
        listing: what is known of the sizes and ETags of test images; None for nothing.
        files: what it was read from.
    """

    about: AboutPredictions
    images: tuple[PredictedImage, ...] | None
    unreadable: int = 0
    training: tuple[DatasetLine, ...] | None = None
    training_unread: int = 0
    listing: ImageListing | None = None
    files: tuple[FileDigest, ...] = ()

    @property
    def name(self) -> str:
        """The name under which it is asked for."""
        return self.about.key.name


BROKEN: Final = "a prediction set whose first line does not say what it is"
"""The problem of a set's file that starts as one."""


_WHERE: Final = frozenset({"Origin", "Region", "Account", "Name"})
"""Members of a first line that say where a set came from and where it belongs, not what it is."""


def about_from(body: JsonObject) -> AboutPredictions:
    """What the first line of a set says, from the object that it holds.

    Raises:
        UnrecognisedError: a member is missing, or is of no use.
    """
    try:
        key = PredictionSetKey(
            str(body.get("Region") or ""),
            str(body.get("Account") or ""),
            body["Project"],
            body["Name"],
        )
        columns, unusable = body["Columns"], body.get("Unusable", {})
        counts = [body["Images"], body["Answered"], body["Truth"]]
        scores, origin = body["Scores"], body["Origin"]
    except KeyError as error:
        raise UnrecognisedError(BROKEN, corrupt=True) from error
    if not (
        _is_placed_or_nowhere(key.project_key)
        and is_prediction_set_name(key.name)
        and is_object(columns)
        and is_object(unusable)
        and all(type(count) is int and count >= 0 for count in (*counts, *unusable.values()))
        and scores in get_args(Scores)
        and isinstance(origin, str)
    ):
        raise UnrecognisedError(BROKEN, corrupt=True)
    images, answered, truth = counts
    return AboutPredictions(
        key=key,
        origin=origin,
        columns={str(role): str(column) for role, column in columns.items()},
        images=images,
        answered=answered,
        truth=truth,
        scores=cast("Scores", scores),
        cut=number(body.get("Cut")),
        unusable=unusable,
        same_names=body.get("SameNames") is True,
        content=str(body.get("Content") or ""),
        trained_on=_trained_on_from(body.get("TrainedOn")),
    )


def _trained_on_from(member: object) -> TrainedOn | None:
    """What a first line says of the training.

    Raises:
        UnrecognisedError: something of no use.
    """
    if member is None:
        return None
    origin, images = (
        (member.get("Origin"), member.get("Images")) if is_object(member) else (None, None)
    )
    if not isinstance(origin, str) or type(images) is not int or images < 0:
        raise UnrecognisedError(BROKEN, corrupt=True)
    return TrainedOn(origin, images)


def _is_placed_or_nowhere(project: ProjectKey) -> bool:
    """Whether a project is named as its ARN would, or by its name alone.

    Its parts become names of folders.
    """
    if project.region or project.account:
        return parse_arn(project.arn) is not None
    return is_project_name(project.project)


def about_as_json(about: AboutPredictions) -> JsonObject:
    """The object of a set's first line; `about_from` reads it back."""
    body: JsonObject = {
        "Project": about.key.project,
        "Name": about.key.name,
        "Origin": about.origin,
        "Columns": dict(about.columns),
        "Images": about.images,
        "Answered": about.answered,
        "Truth": about.truth,
        "Scores": about.scores,
    }
    optional = {
        "Region": about.key.region,
        "Account": about.key.account,
        "Cut": about.cut,
        "Unusable": dict(about.unusable),
        "SameNames": about.same_names or None,
        "Content": about.content,
        "TrainedOn": about.trained_on
        and {"Origin": about.trained_on.origin, "Images": about.trained_on.images},
    }
    return body | {name: value for name, value in optional.items() if value not in (None, "", {})}


def same_but_for_origin(one: AboutPredictions, other: AboutPredictions) -> bool:
    """Whether two sets say the same, wherever they were read from and whatever their names are."""
    return content_of(about_as_json(one)) == content_of(about_as_json(other))


def content_of(body: JsonObject) -> JsonObject:
    """What the object of a first line says of the set itself: two with the same are one set."""
    content = {name: value for name, value in body.items() if name not in _WHERE}
    if is_object(training := content.get("TrainedOn")):
        content["TrainedOn"] = training.get("Images")
    return content
