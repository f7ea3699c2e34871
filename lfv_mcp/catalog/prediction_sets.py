"""The prediction sets of a catalogue: those of its archive, and those put beside them once.

A set has a name that stands wherever a version stands. It never passes the wire: the service knew
of none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import Index
from lfv_mcp.catalog.backend import Backend
from lfv_mcp.catalog.files_read import note_files
from lfv_mcp.errors import CallerError
from lfv_mcp.findings import finding
from lfv_mcp.formats.file_digest import shortened
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictionSet,
    TrainedOn,
    about_from,
)
from lfv_mcp.identifiers import PredictionSetKey, ProjectKey
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_list import PredictionSetRow
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.text import clean

if TYPE_CHECKING:
    from lfv_mcp.archive.training_source import TrainingImages


class FoundSet(NamedTuple):
    """A prediction set that a question names.

    Args:
        about: what it is.
        location: the file that holds it; its origin, if it was put beside the archive's.
        disagreeing: other contents that the archive has under its name.
        held: the set itself, if it was put beside the archive's; else it is read when needed.
    """

    about: AboutPredictions
    location: str
    disagreeing: int = 0
    held: PredictionSet | None = None


class PredictionSets:
    """Finds prediction sets by project and name.

    Args:
        backend: has the archive, if there is one.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._held: list[PredictionSet] = []
        self._trained_on: dict[PredictionSetKey, TrainingImages] = {}

    def hold(self, predictions: PredictionSet) -> None:
        """Put a set beside those of the archive, for as long as this catalogue lives.

        Raises:
            CallerError: `invalid_argument`, the name is taken.
        """
        key = predictions.about.key
        query = ModelQuery(key.project, prediction_set=key.name)
        archive = self._archive
        if self.find(query, None if archive is None else archive.index()) is not None:
            raise CallerError(
                "invalid_argument",
                f"{key.project} has a prediction set of the name {key.name} already.",
                "Choose another name.",
            )
        self._held.append(predictions)

    def hold_training(self, key: PredictionSetKey, training: TrainingImages) -> None:
        """Say what the model behind a set was trained on, for as long as this catalogue lives.

        Args:
            key: the set, beside the archive's or in it; its place may be unknown.
            training: the training images, and where they are named.

        Raises:
            CallerError: there is no such set, or it says something else of its training.
        """
        name = key.name
        query = ModelQuery(
            key.project,
            region=key.region or None,
            account=key.account or None,
            prediction_set=name,
        )
        index = None if self._archive is None else self._archive.index()
        found = self.find(query, index)
        if found is None:
            raise CallerError(
                "invalid_argument",
                f"--trained-on {name}: {query.project_name} has no prediction set of that name.",
                "Name a set of the archive, or one of --predictions.",
            )
        if found.about.trained_on is not None and self.read([found])[0].training != training.lines:
            raise CallerError(
                "invalid_argument",
                f"--trained-on {name}: the archive says of it that it was trained on other images.",
                "Leave --trained-on out; or import the set again with it, and with --replace.",
            )
        self._trained_on[found.about.key] = training

    @property
    def _archive(self) -> Archive | None:
        return self._backend.archive

    def find(self, query: ModelQuery, index: Index | None) -> FoundSet | None:
        """The set that a query names; None if there is none.

        Raises:
            CallerError: `ambiguous_model`, several regions or accounts have one of that name.
        """
        name = (query.prediction_set or "").casefold()
        found = [each for each in self._all(query, index) if each.about.key.folded_name == name]
        if len(found) > 1:
            keys = [each.about.key for each in found]
            places = ", ".join(
                ProjectKey(key.region, key.account, key.project).arn
                if key.region
                else "one of no region"
                for key in keys
            )
            raise CallerError(
                "ambiguous_model",
                f"{query.project_name} has a prediction set {query.prediction_set} for several "
                f"regions or accounts: {places}.",
                "Pass one of these ARNs as project_name.",
            )
        return found[0] if found else None

    def names(self, query: ModelQuery, index: Index | None) -> list[str]:
        """The names of the sets of a query's project, sorted."""
        return sorted({each.about.key.name for each in self._all(query, index)})

    def rows(self, query: ModelQuery, index: Index | None) -> list[PredictionSetRow]:
        """The sets of a query's project, or of every project, as a listing has them."""
        found = self._all(query, index)
        return [
            PredictionSetRow(
                project_name=each.about.key.project,
                name=each.about.key.name,
                images=each.about.images,
            )
            for each in sorted(found, key=lambda each: each.about.key[2:])
        ]

    def projects(self, index: Index | None) -> set[str]:
        """The names of the projects that have sets."""
        return {each.about.key.project for each in self._all(ModelQuery(""), index)}

    def _all(self, query: ModelQuery, index: Index | None) -> list[FoundSet]:
        held = [
            FoundSet(each.about, each.about.origin, held=each)
            for each in self._held
            if _is_of(each.about.key, query)
        ]
        found = [*held, *(_archived(index, query) if index is not None else ())]
        return [each._replace(about=self._with_training(each.about)) for each in found]

    def _with_training(self, about: AboutPredictions) -> AboutPredictions:
        if about.key not in self._trained_on:
            return about
        training = self._trained_on[about.key]
        return replace(about, trained_on=TrainedOn(training.origin, len(training.lines)))

    def describe(self, found: FoundSet) -> ModelSummary:
        """What a set is, as the answer of describe_model."""
        from lfv_mcp.analysis.prediction_summary import summarise_predictions  # only sets need it

        kind, location = self._backend.kind, found.location
        if found.held is None:
            location = self._backend.file_name(location)
        elif kind == "sample":
            kind = "archive"  # somebody's own files, read beside the sample
        source = Source(kind=kind, basis="predictions", location=clean(location, 1024) or None)
        findings: list[Finding] = []
        if found.disagreeing:
            files = "another file holds" if found.disagreeing == 1 else "other files hold"
            findings.append(
                finding(
                    "predictions_disagree",
                    f"{files.capitalize()} other predictions under the name of "
                    f"{found.about.key.name}; this is one of them.",
                    "Remove the file that is not meant, or import it under another name.",
                )
            )
        return summarise_predictions(found.about, source, findings)

    def read(self, found: Iterable[FoundSet]) -> list[PredictionSet]:
        """The images of each set, in their order; may block.

        The images beside the archive's records are listed once for all of them, if at all.

        Raises:
            LfvError: a file cannot be read, or the archive cannot be listed.
        """
        sets = list(map(self._read, found))
        if self._archive is None or not any(map(_has_sizes, sets)):
            return sets
        listing = self._archive.image_listing()
        if not listing.objects:
            return sets
        return [replace(each, listing=listing) if _has_sizes(each) else each for each in sets]

    def _read(self, found: FoundSet) -> PredictionSet:
        predictions = found.held
        if predictions is None:
            if self._archive is None:
                raise ValueError("a set that is nowhere")
            predictions = self._archive.read_predictions(found.about.key)
        if found.about.key in self._trained_on:
            training = self._trained_on[found.about.key]
            predictions = replace(
                predictions,
                about=found.about,
                training=training.lines,
            )
            note_files(shortened(training.files))
        note_files(shortened(predictions.files))
        return predictions


def _has_sizes(predictions: PredictionSet) -> bool:
    """Whether sizes and ETags of images that a model was trained on may prove anything."""
    return any(line.size is not None for line in predictions.training or ())


def _archived(index: Index, query: ModelQuery) -> Sequence[FoundSet]:
    return [
        FoundSet(
            about=_with_key(about_from(entry.about), key),
            location=entry.files[0].name,
            disagreeing=len(entry.disagreeing),
        )
        for key, entry in index.prediction_sets.items()
        if _is_of(key, query)
    ]


def _with_key(about: AboutPredictions, key: PredictionSetKey) -> AboutPredictions:
    """The index knows where a project is that the set itself does not place."""
    return about if about.key == key else about.at(key)


def _is_of(key: PredictionSetKey, query: ModelQuery) -> bool:
    """Whether a set is of the project that a query names; one that nobody placed is of any."""
    project: ProjectKey = key.project_key
    return (
        query.project_name in ("", project.project)
        and (not project.region or query.region in (None, project.region))
        and (not project.account or query.account in (None, project.account))
    )
