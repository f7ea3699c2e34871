"""Which column of a table, or member of a row, says what: recognised by its name, never guessed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from lfv_mcp.formats.predictions.class_words import class_of
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.prediction_set import Role
from lfv_mcp.text import clean

Columns = Mapping[str, str]
"""The column of each role that a table has, by its name in the file."""


class NoPredictionsError(PredictionsRefusedError):
    """A file that is something else than predictions: left out of a folder, refused alone."""


_NAMES: Final[Mapping[Role, str]] = {
    "image": "image image_path filename file path source-ref image_name id",
    "truth": "truth gt_label gt ground_truth actual target y_true label_index human_classification",
    "prediction": "prediction pred pred_label predicted y_pred is_anomalous top class",
    "score": "anomaly_score pred_score score y_score probability p_anomaly",
    "confidence": "confidence",
}
ROLES: Final[tuple[str, ...]] = tuple(_NAMES)
"""The roles in the order in which people read them."""
_LABEL: Final = "label"
"""The truth beside a prediction; alone it may be either."""
_AGGREGATES: Final = (
    "accuracy auc auroc average_precision f1 f1_score f1score precision recall roc_auc "
    "image_accuracy image_auc image_aupr image_auroc image_f1 image_f1max image_f1score "
    "image_precision image_recall pixel_aupimo pixel_aupr pixel_aupro pixel_auroc pixel_f1 "
    "pixel_f1max pixel_f1score pro"
)
"""Columns of results that have a line for each model, such as anomalib's results.csv."""
_IMAGE_NAME: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://|.*\.(?:png|jpe?g|bmp|tiff?|webp|gif)\Z", re.I | re.S
)
_SHOWN: Final = 20
"""Columns that a refusal lists."""
_ALONE: Final = "lfv-mcp needs a line for each image, with its name and what was predicted for it"


def folded_name(name: str) -> str:
    """A column's name without case, blanks, underscores and hyphens: `Pred_Label` → predlabel."""
    return re.sub(r"[\s_\-]+", "", name).casefold()


_ROLES: Final[Mapping[str, Role]] = {
    folded_name(name): role for role, names in _NAMES.items() for name in names.split()
}
_AGGREGATE_NAMES: Final = frozenset(map(folded_name, _AGGREGATES.split()))


def role_of(name: str) -> Role | None:
    """What a column of a name says; None if that is not known, or depends on other columns."""
    return _ROLES.get(folded_name(name))


def is_aggregate(name: str) -> bool:
    """Whether a folded name is that of a metric of a whole model."""
    return name in _AGGREGATE_NAMES


def recognise_image(item: Mapping[str, object]) -> str:
    """The image that an object names by a member of a known name; empty if it names none."""
    for name, value in item.items():
        if _ROLES.get(folded_name(str(name))) == "image" and isinstance(value, str) and value:
            return value
    return ""


_FLAGS: Final[tuple[Role, ...]] = ("image", "truth", "prediction", "score")
"""Roles whose column a person can name, by a flag of the same name."""


def named_by_flags(choice: ColumnChoice) -> dict[Role, str]:
    """The columns that a person named."""
    named: dict[Role, str | None] = {
        "image": choice.image,
        "truth": choice.truth,
        "prediction": choice.prediction,
        "score": choice.score,
    }
    return {role: column for role, column in named.items() if column is not None}


def known_names(names: Sequence[str], choice: ColumnChoice) -> int:
    """How many of a line's cells are names of columns that are known, or named by a flag."""
    wanted = {folded_name(column) for column in named_by_flags(choice).values()}
    known = {_LABEL, *_ROLES, *_AGGREGATE_NAMES, *wanted}
    return sum(folded_name(name) in known for name in names)


def listed(names: Sequence[str]) -> str:
    """Columns for a refusal, as the file has them."""
    shown = ", ".join(repr(clean(name, 60)) for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown


def recognise(
    names: Sequence[str], choice: ColumnChoice, place: str, *, partial: bool = False
) -> Columns:
    """The column of each role, by the flags and else by the header.

    Args:
        names: the columns as the file has them.
        choice: what a person says of them.
        place: the file, for messages.
        partial: the names are those of one row of JSON, which may leave out what it does not know.

    Raises:
        PredictionsRefusedError: it allows two readings, or (of a whole header) none.
        NoPredictionsError: it is something else than predictions.
    """
    _require_predictions(names, choice, place)
    flagged = _flagged(names, choice, place, partial=partial)
    rest = [name for name in names if name not in flagged.values()]
    found: dict[str, str] = dict(flagged)
    for role in _NAMES:
        if role in named_by_flags(choice):
            continue
        fitting = [name for name in rest if _ROLES.get(folded_name(name)) == role]
        if len(fitting) > 1:
            raise _two_columns(fitting, role, place)
        if fitting:
            found[role] = fitting[0]
    labels = [name for name in rest if folded_name(name) == _LABEL]
    if labels and "prediction" in found and choice.truth is None:
        if len(labels) > 1 or "truth" in found:
            truths = [found["truth"]] if "truth" in found else []
            raise _two_columns([*truths, *labels], "truth", place)
        found["truth"] = labels[0]
    if not partial:
        require_complete(found, names, choice, place)
    return found


def _require_predictions(names: Sequence[str], choice: ColumnChoice, place: str) -> None:
    """Refuse results without images, and what lists files and predicts nothing."""
    if named_by_flags(choice):
        return
    roles = [_ROLES.get(folded_name(name)) for name in names]
    aggregates = [name for name in names if folded_name(name) in _AGGREGATE_NAMES]
    if aggregates and "image" not in roles:
        raise NoPredictionsError(
            f"{place} has results of whole models ({listed(aggregates)}) and no images: they "
            "cannot be paired with another model's, image by image.",
            f"Save the predictions themselves: {_ALONE}.",
        )
    is_label = any(folded_name(name) == _LABEL for name in names)
    if roles.count("image") > 1 and not is_label and set(roles) <= {"image", None}:
        raise NoPredictionsError(
            f"{place} names files and predicts nothing; its columns are {listed(names)}.",
            f"Name a file with the predictions themselves: {_ALONE}.",
        )


def require_header(cells: Sequence[str], choice: ColumnChoice, place: str) -> None:
    """Refuse a table whose first line has values in the place of names.

    Raises:
        NoPredictionsError: it has labels alone, as a dataset in CSV has them.
        PredictionsRefusedError: it has no header.
    """
    if known_names(cells, choice):
        return
    if len(cells) < 2:
        raise NoPredictionsError(
            f"{place} is no table of predictions: its first line is {listed(cells)}.",
            f"Name a file with the predictions themselves: {_ALONE}.",
        )
    if not any(map(_IMAGE_NAME.match, cells)):
        return
    is_labels = len(cells) == 2 and class_of(cells[1], ColumnChoice()) is not None
    if is_labels and cells[0].lower().startswith("s3://"):
        raise NoPredictionsError(
            f"{place} has labels, no predictions: it is a dataset.",
            f"Take the predictions that another system made for these images: {_ALONE}.",
        )
    raise PredictionsRefusedError(
        f"{place} has no header: its first line is {listed(cells)}.",
        "Put the names of the columns in its first line, such as image,truth,prediction,score.",
    )


def _flagged(
    names: Sequence[str], choice: ColumnChoice, place: str, *, partial: bool
) -> dict[str, str]:
    """The columns that a person named, as the file has them."""
    found: dict[str, str] = {}
    for role, wanted in named_by_flags(choice).items():
        fitting = [name for name in names if name == wanted]
        if not fitting:
            fitting = [name for name in names if folded_name(name) == folded_name(wanted)]
        if len(fitting) > 1:
            raise PredictionsRefusedError(
                f"{place} has {len(fitting)} columns that --{role} {wanted!r} may mean: "
                f"{listed(fitting)}.",
                f"Name one of them as the file has it with --{role}, or rename the other.",
            )
        if not fitting and not partial:
            raise no_such_column(role, wanted, names, place)
        if fitting:
            if fitting[0] in found.values():
                raise PredictionsRefusedError(
                    f"{place}: two flags name the column {fitting[0]!r}.",
                    "Give each of --image, --truth, --prediction and --score its own column.",
                )
            found[role] = fitting[0]
    return found


def no_such_column(
    role: Role, wanted: str, names: Sequence[str], place: str
) -> PredictionsRefusedError:
    """The refusal of a flag that names no column of the file."""
    return PredictionsRefusedError(
        f"{place} has no column {wanted!r}; its columns are {listed(names)}.",
        f"Name one of them with --{role}.",
    )


def _two_columns(fitting: Sequence[str], role: Role, place: str) -> PredictionsRefusedError:
    settle = f"Name the right one: --{role} {fitting[0]!r} or --{role} {fitting[-1]!r}."
    if role not in _FLAGS or len(set(fitting)) == 1:
        settle = "Rename or take out the one that is not meant."
    return PredictionsRefusedError(
        f"{place} has {len(fitting)} columns for the {_SAYS[role]}: {listed(fitting)}.", settle
    )


_SAYS: Final[Mapping[Role, str]] = {
    "image": "image",
    "truth": "truth",
    "prediction": "prediction",
    "score": "anomaly score",
    "confidence": "confidence",
}


def require_complete(
    found: Collection[str], names: Sequence[str], choice: ColumnChoice, place: str
) -> None:
    """Refuse columns that do not say which image has which prediction.

    Raises:
        PredictionsRefusedError: the image, or what makes a prediction, is missing.
        NoPredictionsError: it has no predictions at all, or nothing that is known.
    """
    label = next((name for name in names if folded_name(name) == _LABEL), None)
    columns = f"its columns are {listed(names)}"
    if "image" not in found:
        raise without_image(found, names, place)
    if "prediction" not in found and "score" not in found:
        raise _without_prediction(found, label, f"{place} has", columns)
    if "prediction" not in found and choice.cut is None:
        raise PredictionsRefusedError(
            f"{place} has anomaly scores, but neither a prediction nor the cut that makes one; "
            f"{columns}.",
            "Say from which score an image is rejected with --cut (for anomalib's normalised "
            "scores that is 0.5; scores that are not normalised have another cut), or name the "
            "column of the predicted class with --prediction.",
        )
    if "prediction" not in found and "truth" not in found and label is not None:
        raise PredictionsRefusedError(
            f"{place} has a column {label!r} that may be the truth or the prediction; {columns}.",
            f"Say which: --truth {label!r} or --prediction {label!r}.",
        )
    if choice.cut is not None and not {"score", "confidence"} & set(found):
        raise PredictionsRefusedError(
            f"{place} has no anomaly score to hold against --cut {choice.cut:g}; {columns}.",
            "Name the column of the score with --score, or leave --cut out.",
        )


def without_image(
    found: Collection[str], names: Sequence[str], place: str
) -> PredictionsRefusedError:
    """The refusal of columns of which none names the image."""
    columns = f"its columns are {listed(names)}"
    if not found:
        return NoPredictionsError(
            f"{place} has no column that is known; {columns}.",
            "Name the columns: --image, and --prediction or --score with --cut.",
        )
    return PredictionsRefusedError(
        f"{place} has no column that names the image; {columns}.", "Name it with --image."
    )


def _without_prediction(
    found: Collection[str], label: str | None, place_has: str, columns: str
) -> PredictionsRefusedError:
    """The refusal of columns with neither a prediction nor a score."""
    if "confidence" in found:
        return PredictionsRefusedError(
            f"{place_has} a confidence, but no prediction that it belongs to; {columns}.",
            "Name the column of the predicted class with --prediction; if the confidence is an "
            "anomaly score: --score confidence, and --cut with the score from which an image is "
            "rejected.",
        )
    if "truth" in found or label is not None:
        settle = "Name the column of the predicted class with --prediction."
        if label is not None and "truth" not in found:
            settle = f"If {label!r} is what was predicted: --prediction {label!r}."
        return NoPredictionsError(
            f"{place_has} labels, no predictions: it is a dataset; {columns}.", settle
        )
    return names_alone(place_has, columns)


def names_alone(place_has: str, columns: str) -> NoPredictionsError:
    """The refusal of columns that name images and nothing else."""
    return NoPredictionsError(
        f"{place_has} neither a prediction nor an anomaly score; {columns}.",
        "Name the column: --prediction, or --score with --cut.",
    )
