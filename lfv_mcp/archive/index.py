"""The index of an archive: which record of which file speaks about which model, and which one wins.

Pure: it is merged from what each file was found to hold, and knows nothing of how files are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, NamedTuple

from lfv_mcp.archive.about_file import AboutFile
from lfv_mcp.archive.metadata import PackedMetadata, unpack_metadata
from lfv_mcp.archive.pack_reading import PackContents
from lfv_mcp.archive.problems import FileProblem, ProblemTally, Unread
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.datasets.splits import split_of
from lfv_mcp.formats.record import RecordForm, RecordKey
from lfv_mcp.identifiers import FileKey, ModelKey, PredictionSetKey, ProjectKey
from lfv_mcp.text import clean

_Rank = tuple[bool, float, bytes]
_MAX_NAME: Final = 200
"""Characters of a file's name that an answer shows."""


class RecordRef(NamedTuple):
    """Points at one record in a file, with what ranks it against others about the same model.

    `captured` is in epoch seconds, None if the record does not say when it was taken; `content` is
    a digest of what the record says, however that was spelled. Of an EvaluationResult `test_images`
    is their number, and `reported` its F1, precision and recall; None for what it does not tell.
    """

    name: str
    ordinal: int
    captured: float | None
    status: str | None
    content: bytes
    test_images: int | None = None
    reported: tuple[float | None, float | None, float | None] | None = None

    @property
    def rank(self) -> _Rank:
        """Dated beats undated, newer beats older, undated ties break by content."""
        return (self.captured is not None, self.captured or 0.0, self.content)


@dataclass(slots=True)
class ModelEntry:
    """Everything an archive has about one model version; every sequence has its winner first."""

    packed_metadata: PackedMetadata  # of the winning record
    model: Sequence[RecordRef] = ()
    listing: Sequence[RecordRef] = ()
    result: Sequence[RecordRef] = ()
    manifest: Sequence[RecordRef] = ()

    @property
    def winner(self) -> RecordRef:
        """The record that answers for this model."""
        return (self.model or self.listing or self.result or self.manifest)[0]

    @property
    def metadata(self) -> dict[str, Any]:
        """What ListModels says of this model."""
        return unpack_metadata(self.packed_metadata)

    @property
    def answers(self) -> Sequence[RecordRef]:
        """The saved answers of the service."""
        return (*self.model, *self.listing)

    @property
    def evaluation_files(self) -> Sequence[RecordRef]:
        """What training left in S3."""
        return (*self.result, *self.manifest)

    @property
    def disagreeing(self) -> list[RecordRef]:
        """Records that name another status than the winner does."""
        winner = self.winner
        return [ref for ref in self.answers if ref.status != winner.status]


@dataclass(slots=True)
class PredictionSetEntry:
    """Everything an archive has under the name of one prediction set, the winner first.

    More than one file are different contents under one name, which only a copy by hand can bring.
    """

    packed_about: PackedMetadata  # the first line of the winner
    files: Sequence[RecordRef]

    @property
    def about(self) -> dict[str, Any]:
        """What the set's first line says of it; `prediction_set.about_from` reads it."""
        return unpack_metadata(self.packed_about)

    @property
    def disagreeing(self) -> list[RecordRef]:
        """Files that say something else than the winner does."""
        return [ref for ref in self.files if ref.content != self.files[0].content]


class HeldFile(NamedTuple):
    """A file that does not say whose it is: a dataset, or an edge package."""

    ref: RecordRef
    about: AboutFile


@dataclass(slots=True)
class Index:
    """What an archive holds.

    Args:
        models: everything about each model version.
        projects: the record of each project.
        captured: when that record was taken, in epoch seconds; None if it is not recorded.
        problems: what is wrong with files, counted by reason.
        versions: the model versions of each project, the highest first.
        named: the projects of one name.
        places: the projects of a region and account.
        prediction_sets: everything under the name of each set. A set that does not say where its
            project is has the region and account of the only place that holds one of that name.
        sets: the prediction sets of each project, by name; `sets_of` asks for them.
        set_projects: projects that are known from prediction sets alone, which `projects`, `named`
            and `versions` do not know; one that nobody placed has no region and no account.
        datasets: files with datasets, by name; whose they are only their paths or images tell.
        edge_packages: packaged models, by name; no more than their starts has been read.
        skipped_images: how many files are images by their name, and were not read.
        number: of one archive's indexes another one only if some file came, changed or went.
        unread: the files that could not be read; None if there are none. A record may be missing
            because of them, so every answer from this index says so.
        passing: why a file could not be read that may be readable soon; None if there is none.
    """

    models: dict[ModelKey, ModelEntry]
    projects: dict[ProjectKey, dict[str, Any]]
    captured: dict[ProjectKey, float | None]
    problems: ProblemTally
    versions: dict[ProjectKey, list[ModelKey]]
    named: dict[str, list[ProjectKey]]
    places: dict[tuple[str, str], list[ProjectKey]]
    prediction_sets: dict[PredictionSetKey, PredictionSetEntry] = field(
        default_factory=dict[PredictionSetKey, PredictionSetEntry]
    )
    sets: dict[ProjectKey, list[PredictionSetKey]] = field(
        default_factory=dict[ProjectKey, list[PredictionSetKey]]
    )
    set_projects: list[ProjectKey] = field(default_factory=list[ProjectKey])
    datasets: list[HeldFile] = field(default_factory=list[HeldFile])
    edge_packages: list[HeldFile] = field(default_factory=list[HeldFile])
    skipped_images: int = 0
    number: int = 0
    unread: Unread | None = None
    passing: LfvError | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recognised at all."""
        return not (self.models or self.projects or self.prediction_sets)

    def sets_of(self, project: ProjectKey) -> list[PredictionSetKey]:
        """The prediction sets of a project, by name; none if there are none."""
        return list(self.sets.get(project, ()))

    def find_set(self, project: ProjectKey, name: str) -> PredictionSetKey | None:
        """The prediction set of a project that has a name, whatever its case; None for none."""
        folded = name.casefold()
        return next((key for key in self.sets_of(project) if key.folded_name == folded), None)

    def only_place_of(self, project: str) -> ProjectKey | None:
        """The only region and account that hold a project of this name; None for none or several.

        What nobody placed is held nowhere in particular.
        """
        found = self.places_of(project)
        return found[0] if len(found) == 1 else None

    def places_of(self, project: str) -> list[ProjectKey]:
        """The regions and accounts that hold a project of this name, in any record."""
        placed = [key for key in self.set_projects if key.project == project and key.region]
        return [*self.named.get(project, ()), *placed]


class IndexedRecord(NamedTuple):
    """One record of a file, as far as an index needs it."""

    form: RecordForm
    key: RecordKey
    packed_metadata: PackedMetadata
    ref: RecordRef


class IndexedFile(NamedTuple):
    """What one file was found to hold; its `stamp` tells whether it has to be read again."""

    stamp: int | str | None  # None: to be read again, whether or not it changes
    records: tuple[IndexedRecord, ...]
    problems: tuple[FileProblem, ...]
    failure: LfvError | None = None  # that of its only problem, if that may soon be over
    pack: PackContents | None = None  # of a pack: where its records are, and its table
    kept_version: Hashable = None  # without a stamp: that of the bytes that `records` are of
    is_withheld: bool = False  # it is there, but its bytes could not be had

    @property
    def version(self) -> Hashable:
        """Another one if its records were read from other bytes; of a file that could not be read
        again that of the bytes before."""
        return self.kept_version if self.stamp is None else self.stamp

    def is_changed_to(self, other: IndexedFile) -> bool:
        """Whether an index that has this file has to be made anew for the other.

        A file with another stamp has changed even if what the index keeps of it has not: of a
        manifest that is only its start. Without a stamp it was only read again.
        """
        if self.stamp is not None and self.stamp != other.stamp:
            return True
        return (self.records, self.problems, self.pack) != (
            other.records,
            other.problems,
            other.pack,
        )


class _UnreadFiles:
    """Counts the files because of which a record may be missing."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""
        self._reasons: Counter[str] = Counter()
        self._next_steps: dict[str, str] = {}

    def add(self, name: str, problems: Sequence[FileProblem]) -> None:
        """Count a file with these problems, once and by the first that matters."""
        problem = next((found for found in problems if found.is_unread), None)
        if problem is None:
            return
        self._first = self._first or name
        self._count += 1
        self._reasons[problem.reason] += 1
        self._next_steps.setdefault(problem.reason, problem.next_step)

    def summary(self, total: int, location: str, since: float) -> Unread | None:
        """What is said of them; None if there are none."""
        if not self._count:
            return None
        reasons = tuple((count, reason) for reason, count in self._reasons.most_common())
        first = clean(relative_name(self._first, location), _MAX_NAME)
        next_step = self._next_steps[reasons[0][1]]
        return Unread(self._count, total, reasons, first, since, next_step)


def relative_name(name: str, location: str) -> str:
    """The name of a file without the prefix of its archive, which an S3 object has in its key."""
    _, _, prefix = location.removeprefix("s3://").partition("/")
    if location.startswith("s3://") and prefix and name.startswith(prefix):
        return name.removeprefix(prefix).removeprefix("/") or name
    return name


def merge(files: Mapping[str, IndexedFile], location: str = "", since: float = 0.0) -> Index:
    """The index over all files of an archive, by name.

    Args:
        files: what each was found to hold.
        location: where the archive is.
        since: epoch seconds since when files have been unread, if some are.
    """
    index = Index({}, {}, {}, ProblemTally(), {}, {}, {})
    unread = _UnreadFiles()
    by_model: dict[ModelKey, list[IndexedRecord]] = {}
    sets: list[tuple[PredictionSetKey, IndexedRecord]] = []
    ranks: dict[ProjectKey, tuple[bool, _Rank]] = {}
    for name, file in files.items():
        if file.problems:
            _add_problems(index, name, file)
            unread.add(name, file.problems)
        for record in file.records:
            if isinstance(record.key, ModelKey):
                by_model.setdefault(record.key, []).append(record)
            elif isinstance(record.key, PredictionSetKey):
                sets.append((record.key, record))
            elif isinstance(record.key, FileKey):
                _add_file(index, record.key, record)
            else:
                _add_project(index, record.key, record, ranks)
    index.unread = unread.summary(len(files), location, since)
    for key, records in by_model.items():
        index.models[key] = _model_entry(records)
        index.versions.setdefault(key.project_key, []).append(key)
    for project, versions in index.versions.items():
        versions.sort(reverse=True)
        index.projects.setdefault(
            project,
            {"ProjectName": project.project, "ProjectArn": project.arn},
        )
    for project in sorted(index.projects):
        index.named.setdefault(project.project, []).append(project)
        index.places.setdefault((project.region, project.account), []).append(project)
    _add_sets(index, sets)
    index.datasets.sort(key=lambda held: held.ref.name)
    index.edge_packages.sort(key=lambda held: held.ref.name)
    return index


def _add_problems(index: Index, name: str, file: IndexedFile) -> None:
    for problem in file.problems:
        index.problems.add(name, problem)
    index.passing = index.passing or file.failure


def _add_file(index: Index, key: FileKey, record: IndexedRecord) -> None:
    """Take a file that does not say whose it is into the index."""
    body = unpack_metadata(record.packed_metadata)
    if key.form == "dataset":
        about = AboutFile(body["Form"], body["FirstImage"], split_of(record.ref.name))
        index.datasets.append(HeldFile(record.ref, about))
    else:
        about = AboutFile(body["Form"], size=body["Size"])
        index.edge_packages.append(HeldFile(record.ref, about))


def _add_project(
    index: Index,
    key: ProjectKey,
    record: IndexedRecord,
    ranks: dict[ProjectKey, tuple[bool, _Rank]],
) -> None:
    """Take a record about a project into the index if it outranks the one that is there."""
    body = unpack_metadata(record.packed_metadata)
    # DescribeProject says more than ListProjects, whichever is newer.
    rank = ("Datasets" in body, record.ref.rank)
    if key not in ranks or rank > ranks[key]:
        ranks[key] = rank
        index.projects[key] = body
        index.captured[key] = record.ref.captured


def _add_sets(index: Index, found: Sequence[tuple[PredictionSetKey, IndexedRecord]]) -> None:
    """Take the prediction sets into an index that has all projects of other records."""
    placed = {key.project_key for key, _ in found if key.region}
    index.set_projects = sorted(placed - index.projects.keys())
    by_name: dict[tuple[ProjectKey, str], list[tuple[PredictionSetKey, IndexedRecord]]] = {}
    for key, record in found:
        project = key.project_key
        if not key.region:
            project = index.only_place_of(key.project) or project
        by_name.setdefault((project, key.folded_name), []).append((key, record))
    for (project, _), said in sorted(by_name.items(), key=itemgetter(0)):
        said.sort(key=lambda each: each[1].ref.rank, reverse=True)
        first, winner = said[0]
        key = PredictionSetKey(*project, first.name)
        index.prediction_sets[key] = PredictionSetEntry(
            winner.packed_metadata, tuple(record.ref for _, record in said)
        )
        index.sets.setdefault(project, []).append(key)
    index.set_projects = sorted(index.sets.keys() - index.projects.keys())


def _model_entry(records: list[IndexedRecord]) -> ModelEntry:
    """Everything about one model; the records are sorted in place, the winner of a form first."""
    if len(records) > 1:
        records.sort(key=lambda record: record.ref.rank, reverse=True)
    by_form: dict[RecordForm, list[RecordRef]] = {}
    for record in records:
        by_form.setdefault(record.form, []).append(record.ref)
    # The first in rank among those of the form that says most; `ModelEntry.winner` is the same one.
    best = min(records, key=lambda record: _PRECEDENCE[record.form])
    return ModelEntry(
        best.packed_metadata,
        model=tuple(by_form.get("model", ())),
        listing=tuple(by_form.get("listing", ())),
        result=tuple(by_form.get("result", ())),
        manifest=tuple(by_form.get("manifest", ())),
    )


_PRECEDENCE: Final[dict[RecordForm, int]] = {
    "model": 0,
    "listing": 1,
    "result": 2,
    "manifest": 3,
    "project": 4,
    "predictions": 5,
    "dataset": 6,
    "edge_package": 7,
    "packed_file": 8,
}
"""Which form of record answers for a model; the lowest, for it says most."""
