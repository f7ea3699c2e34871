"""What `archive import --predictions` takes, does and says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from lfv_mcp.cli.archive_places import open_place, open_prefix, open_source, open_target
from lfv_mcp.cli.archive_report import echo_json
from lfv_mcp.cli.column_flags import COLUMN_OPTIONS, ColumnFlags, column_choice_of
from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.cli.terminal import say
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.archive.index import Index
    from lfv_mcp.archive.places import Place
    from lfv_mcp.archive.predictions_import import ImportedPredictions
    from lfv_mcp.archive.store import FileEntry, FileStore
    from lfv_mcp.archive.training_source import TrainingImages
    from lfv_mcp.formats.predictions.prediction_set import AboutPredictions

_Command = Callable[..., Any]


class PredictionFlags(ColumnFlags):
    """What the command was told about the predictions; a flag that was not given says None."""

    predictions: str | None
    project: str | None
    trained_on: tuple[str, ...]
    same_names: bool
    replace: bool


_OPTIONS: Final = (
    click.option(
        "--predictions",
        metavar="NAME",
        help="Import what another system predicted, as one prediction set of this name.",
    ),
    click.option("--project", metavar="PROJECT", help="Whose test images: a project, or its ARN."),
    click.option(
        "--trained-on",
        multiple=True,
        metavar="PLACE",
        help="What its model was trained on: a dataset manifest, a CSV, a list, or a folder or "
        "s3:// prefix of them or of images (repeatable).",
    ),
    *COLUMN_OPTIONS,
    click.option("--same-names", is_flag=True, help="Equal file names are the same images."),
    click.option("--replace", is_flag=True, help="Another set of that name may go."),
)


def prediction_options(command: _Command) -> _Command:
    """Give a command the flags of `PredictionFlags`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def is_about_predictions(flags: PredictionFlags) -> bool:
    """Whether predictions are imported, and not saved answers.

    Raises:
        click.UsageError: flags that mean nothing without another one.
    """
    context = click.get_current_context()
    if flags["predictions"] is None:
        for name, value in flags.items():
            if value is not None and value is not False and value != ():  # 0.0 is a cut
                flag = f"--{name.replace('_', '-')}"
                raise click.UsageError(
                    f"{flag} is about predictions: add --predictions NAME.", context
                )
        return False
    if flags["project"] is None:
        raise click.UsageError(
            "--predictions needs --project: whose test images were judged.", context
        )
    return True


def import_predictions_of(
    sources: Sequence[str],
    target: str,
    flags: PredictionFlags,
    settings: Settings,
    *,
    as_json: bool,
) -> None:
    """Import predictions, and say what was read.

    Raises:
        LfvError: they allow two readings, cannot be read or written, or the name is taken.
    """
    from lfv_mcp.archive.places import parse_place
    from lfv_mcp.archive.predictions_import import (
        ImportQuestion,
        SourceFiles,
        import_predictions,
        set_key,
    )
    from lfv_mcp.archive.predictions_source import steps_of
    from lfv_mcp.archive.reading import may_be_records
    from lfv_mcp.text import clean

    choice = column_choice_of(flags)
    project, name = flags["project"] or "", flags["predictions"] or ""
    set_key(project, name, None)  # what cannot be one is said before anything is looked at
    place = parse_place(target)
    opened = [(source, open_source(source, place, settings)) for source in sources]
    trained_on = flags["trained_on"]
    training = training_images(trained_on, settings) if trained_on else None
    held = _held(place, settings)
    question = ImportQuestion(
        set_key(project, name, held),
        choice,
        origin=", ".join(clean(source, 500) for source in sources),
        same_names=flags["same_names"],
        may_replace=flags["replace"],
        training=training,
    )
    _warn_of_new_project(question.key.project, held)
    listed: list[SourceFiles] = []
    skipped_images = 0
    for source, files in opened:
        entries = list(_listed(source, files))
        wanted = may_be_records(entries)
        skipped_images += len(entries) - len(wanted)
        listed.append(SourceFiles(files, wanted))
    steps = [steps_of(entry) for each in listed for entry in each.entries]
    unit = "files" if sum(steps) == len(steps) else "MiB"
    with (
        closing(open_target(place, settings)) as written,
        ProgressLine(" ".join(sources), sum(steps), unit=unit) as progress,
    ):
        imported = import_predictions(listed, written, held, question, advance=progress.advance)
    if as_json:
        echo_json(_as_json(imported, skipped_images, training))
        return
    for line in (*_lines(imported, skipped_images), *training_in_words(training)):
        click.echo(line)


def _warn_of_new_project(project: str, held: Index | None) -> None:
    """Say if nothing else is held of a project: a misspelt name makes one of its own."""
    from lfv_mcp.catalog.near_names import closest_first
    from lfv_mcp.text import clean, first_of

    if held is None:
        return
    known = {key.project for key in (*held.projects, *held.set_projects)}
    if not known or project in known:
        return
    say(
        f"Warning: nothing else is held of a project {clean(project, 255)}. Held are: "
        f"{first_of(closest_first(project, sorted(known)))}. If one of these was meant, import the "
        "set again with --project as it is spelled here, and remove the file of this one.",
        err=True,
    )


def training_images(names: Sequence[str], settings: Settings) -> TrainingImages:
    """What the places of `--trained-on` say that a model was trained on.

    Raises:
        LfvError: one cannot be read, or names no training image.
    """
    from lfv_mcp.archive.training_source import TrainingPlace, read_training_images

    return read_training_images([TrainingPlace(name, open_place(name, settings)) for name in names])


def training_in_words(training: TrainingImages | None) -> Iterator[str]:
    """What of `--trained-on` is not among the training images, for a terminal."""
    if training is None:
        return
    if training.test_images:
        yield f"{training.test_images:,} images left out of the training: they are for the test."
    if training.unreadable:
        yield f"{training.unreadable:,} lines of the training cannot be read."


def _held(place: Place, settings: Settings) -> Index | None:
    """What the archive that is written to holds; None if it is not there yet."""
    from lfv_mcp.archive.archive import Archive
    from lfv_mcp.archive.places import DirectoryPlace
    from lfv_mcp.archive.store import Directory

    files: FileStore
    if isinstance(place, DirectoryPlace):
        if not place.path.is_dir():
            return None
        files = Directory(place.path)
    else:
        files = open_prefix(str(place), settings)
    index = Archive(files).index()
    if index.unread is not None:
        click.echo(f"{click.unstyle(str(place))}: {index.unread.in_words()}.", err=True)
    return index


def _listed(name: str, files: FileStore) -> Iterator[FileEntry]:
    with ProgressLine(name, None) as progress:
        for entry in files.entries():
            yield entry
            progress.advance()


_OUTCOMES: Final = {
    "new": "imported",
    "unchanged": "unchanged: it is there already",
    "replaced": "replaced",
}


_RANKED: Final = {
    "anomaly_score": "ranked by anomaly score",
    "confidence": "ranked by confidence",
    "none": "without scores",
}


def _order(role: str) -> int:
    """Where a role is shown; what is no role of a column comes last."""
    from lfv_mcp.formats.predictions.prediction_set import Role

    roles = get_args(Role)
    return roles.index(role) if role in roles else len(roles)


def _as_json(
    imported: ImportedPredictions, skipped_images: int, training: TrainingImages | None
) -> dict[str, Any]:
    """What was read and by which rule, for pipes."""
    about, outcome, problems = imported
    key, trained_on = about.key, about.trained_on
    return {
        "outcome": outcome,
        "name": key.name,
        "project": key.project,
        "region": key.region or None,
        "account": key.account or None,
        "origin": about.origin,
        "images": about.images,
        "with_prediction": about.answered,
        "with_label": about.truth,
        "ranked_by": None if about.scores == "none" else about.scores,
        "columns": dict(about.columns),
        "cut": about.cut,
        "same_names": about.same_names,
        "trained_on": trained_on and {"origin": trained_on.origin, "images": trained_on.images},
        "training_left_out": training.test_images if training else 0,
        "training_unreadable": training.unreadable if training else 0,
        "unusable": dict(about.unusable),
        "problems": list(map(str, problems)),
        "images_passed_over": skipped_images,
    }


def _lines(imported: ImportedPredictions, skipped_images: int) -> Iterator[str]:
    about, outcome, problems = imported
    key = about.key
    where = f" ({key.region}, {key.account})" if key.region else ""
    yield f"{key.name} of {key.project}{where}: {_OUTCOMES[outcome]}."
    yield from lines_about(about, problems)
    if skipped_images:
        yield f"{skipped_images:,} passed over as images."


def lines_about(about: AboutPredictions, problems: Sequence[object]) -> Iterator[str]:
    """What was read, by which rule, and what was left out, for a terminal."""
    from lfv_mcp.figures import count_of
    from lfv_mcp.text import clean

    yield (
        f"{about.images:,} images, {about.answered:,} with a prediction, {about.truth:,} with a "
        f"label of their own; {_RANKED[about.scores]}."
    )
    for role in sorted(about.columns, key=_order):
        yield f"  {clean(role, 40):11} {clean(about.columns[role], 200)}"
    if about.cut is not None:
        yield f"  {'cut':11} {about.cut:g}"
    if about.trained_on is not None:
        images = count_of(about.trained_on.images, "image", "images")
        yield f"  {'trained on':11} {images} ({clean(about.trained_on.origin, 200)})"
    if about.same_names:
        yield "Equal file names are taken for the same images, as --same-names vouches."
    for cause, count in about.unusable.items():
        yield f"{count:,} unusable: {clean(cause, 200)}"
    for problem in problems:
        yield f"  {clean(str(problem), 500)}"
