"""What is held of each project, read from the archive alone, and what listings of images add.

An inventory reads the manifests of a project and no image. Which images are there is told by the
archive's own listing, and by the prefixes that a person named on the command line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import itemgetter
from typing import TypedDict, TypeVar

from lfv_mcp.analysis.datasets.held_images import counted, presences
from lfv_mcp.analysis.datasets.image_presence import is_synthetic, suggested_prefixes
from lfv_mcp.analysis.datasets.inventory import LabelledImages, ProjectHoldings, held_project
from lfv_mcp.analysis.datasets.inventory_text import summarise_inventory
from lfv_mcp.analysis.datasets.ownership import (
    HeldDataset,
    assign,
    projects_named_in,
)
from lfv_mcp.analysis.image_identity import image_path
from lfv_mcp.analysis.judged_predictions import labels_of, truth_of
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import HeldFile, Index, ModelEntry, PredictionSetEntry, RecordRef
from lfv_mcp.catalog.backend import Backend
from lfv_mcp.catalog.lookup import archived_scope
from lfv_mcp.catalog.near_names import closest_first, did_you_mean
from lfv_mcp.errors import ERRORS, CallerError, LfvError
from lfv_mcp.findings import finding
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing
from lfv_mcp.formats.decoding import UnrecognisedError, read_chunks
from lfv_mcp.formats.evaluation_manifest import read_evaluation_manifest
from lfv_mcp.formats.manifest_lines import manifest_lines
from lfv_mcp.formats.predictions.prediction_set import about_from
from lfv_mcp.identifiers import ModelKey
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.common import Finding
from lfv_mcp.results.inventory import EdgePackage, HeldImages, Inventory
from lfv_mcp.text import clean, first_of

LookUp = Callable[[Callable[[str], bool]], ImageListing]
"""Lists images; keeps those of which a predicate says that they are of use, by their URIs."""
_Labels = Mapping[str, bool | None]
"""The label of each image; None for one that has two."""
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class _ReadFiles:
    """What one inventory has read.

    Args:
        tested: the test images of each project.
        datasets: the dataset files of each project.
        nobodys: the names of those of which nothing says whose they are.
        packages: the packaged models of each project; those of nobody under the empty name.
        unread: files that could not be read, each with the reason.
    """

    tested: Mapping[str, _Labels]
    datasets: Mapping[str, Sequence[HeldDataset]]
    nobodys: Sequence[str]
    packages: Mapping[str, Sequence[EdgePackage]]
    unread: Sequence[str]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a person who waits for an inventory has looked up beside the archive.

    Args:
        look_up: lists the prefixes that a person named; None if none was.
        advance: called for each file that was read.
    """

    look_up: LookUp | None = None
    advance: Callable[[], None] = lambda: None


def take_inventory(
    backend: Backend, query: ModelQuery, index: Index | None, survey: Survey
) -> Inventory:
    """What is held of one project, or of every one if no name is given.

    Args:
        backend: has the archive.
        query: names the project, or all by an empty name.
        index: of the archive; None for a live endpoint.
        survey: what is looked up beside.

    Raises:
        CallerError: the archive has no such project, or there is no archive; or the query is about
            one place of a project that is held for several.
        LfvError: the archive's own files cannot be listed.
    """
    archive = backend.archive
    if archive is None or index is None:
        raise CallerError(
            "invalid_argument",
            "An inventory is taken of an archive, and the source is a live endpoint.",
            "Save its answers (lfv-mcp archive export) and name the archive as LFV_SOURCE "
            "(--source).",
        )
    project_name = query.project_name
    if query.region or query.account:
        _check_is_whole(index, query)
    names = sorted({key.project for key in (*index.projects, *index.set_projects)})
    wanted = [name for name in names if project_name in ("", name)]
    if project_name and not wanted:
        raise CallerError(
            "project_not_found",
            f"The archive holds nothing of a project {clean(project_name, 255)!r}."
            if index.unread is None
            else f"There is no readable record of {clean(project_name, 255)!r} in the archive.",
            f"{did_you_mean(project_name, names)}Projects that it holds: "
            f"{first_of(closest_first(project_name, names)) or 'none'}.",
        )
    read = _Reader(backend, archive, survey.advance).read(index, names, wanted)
    images = archive.image_listing()
    if survey.look_up is not None:
        images = _joined(images, survey.look_up(_wanted(read, wanted)))
    holdings = list(_holdings(wanted, index, read, images))
    projects = tuple(map(held_project, holdings))
    return Inventory(
        summary=summarise_inventory(projects, all_read=index.unread is None),
        projects=projects,
        findings=(*_unread(read.unread), *_of_nobody(read), *_not_looked_up(holdings, read)),
    )


class _Reader:
    """Reads what an inventory needs of an archive's files.

    Args:
        backend: says how callers know a file.
        archive: what is read.
        advance: called for each file that was read.
    """

    def __init__(self, backend: Backend, archive: Archive, advance: Callable[[], None]) -> None:
        self._backend = backend
        self._archive = archive
        self._advance = advance

    def read(self, index: Index, names: Sequence[str], wanted: Sequence[str]) -> _ReadFiles:
        """What the files of an index tell of the projects that are wanted.

        Args:
            index: of the archive.
            names: all projects of the archive.
            wanted: those that are asked about.
        """
        unread: list[str] = []

        def taken(read: tuple[_Read, str]) -> _Read:
            result, why = read
            unread.extend([why] if why else [])
            self._advance()
            return result

        # Whose test images a dataset has is told by the manifests of all projects together.
        are_settled = all(
            len(projects_named_in(file.ref.name, names)) == 1 for file in index.datasets
        )
        tested: dict[str, dict[str, bool | None]] = {name: {} for name in names}
        manifests = [
            (key, entry.manifest[0])
            for key, entry in sorted(index.models.items(), key=itemgetter(0))
            if entry.manifest and (key.project in wanted or not are_settled)
        ]
        with ThreadPoolExecutor(max(1, self._archive.files.parallel)) as pool:
            read = pool.map(self._tested, manifests)
            for (key, _), labels in zip(manifests, read, strict=True):
                tested[key.project] |= taken(labels)  # versions disagree: the newest one holds
        held = [
            HeldDataset(file.ref.name, datasets)
            for file in index.datasets
            if (datasets := taken(self._datasets(file))) is not None
        ]
        packages: dict[str, list[EdgePackage]] = {}
        for file in index.edge_packages:
            owners = projects_named_in(file.ref.name, names) or set(names if len(names) < 2 else ())
            owner = owners.pop() if len(owners) == 1 else ""
            if owner in ("", *wanted):
                packages.setdefault(owner, []).append(taken(self._package(file)))
        ownership = assign(held, tested)
        nobodys = [self._shown(file.name) for file in ownership.nobodys]
        return _ReadFiles(tested, ownership.owned, nobodys, packages, unread)

    def _tested(self, manifest: tuple[ModelKey, RecordRef]) -> tuple[dict[str, bool | None], str]:
        """The test images of a version; none if its manifest cannot be read, and why not."""
        key, ref = manifest
        try:
            with self._archive.files.open(ref.name) as stream:
                read = read_evaluation_manifest(manifest_lines(read_chunks(stream), key.arn))
        except (LfvError, UnrecognisedError, OSError) as error:
            return {}, self._why_unread(ref.name, error)
        images = (image.source_ref for image in read.images or () if image.source_ref)
        return {**dict.fromkeys(images), **truth_of(read)}, ""

    def _datasets(self, file: HeldFile) -> tuple[tuple[Dataset, ...] | None, str]:
        """What a file of datasets holds; None if it cannot be read, and why not."""
        try:
            return tuple(self._archive.read_datasets(file.ref)), ""
        except (LfvError, UnrecognisedError, OSError) as error:
            return None, self._why_unread(file.ref.name, error)

    def _package(self, file: HeldFile) -> tuple[EdgePackage, str]:
        """What a packaged model tells, and why it does not tell its cut; empty if it does."""
        location = self._shown(file.ref.name)
        try:
            facts = self._archive.read_edge_package(file)
        except (LfvError, UnrecognisedError, OSError) as error:
            return EdgePackage(location=location), self._why_unread(file.ref.name, error)
        cut = facts.built_in_threshold
        why = f"{location}: the built-in cut was not read, {facts.why_not}" if cut is None else ""
        return EdgePackage(location=location, built_in_threshold=cut), why

    def _shown(self, name: str) -> str:
        return clean(self._backend.file_name(name), 1024)

    def _why_unread(self, name: str, error: Exception) -> str:
        """Why a file was not read. An operating system names it by its path, which stays here."""
        cause = error.__cause__
        if isinstance(error, LfvError) and isinstance(cause, OSError | UnrecognisedError):
            error = cause  # the archive names the file again
        reason = str(error)
        if isinstance(error, OSError):
            reason = error.strerror or "it cannot be read"
        elif isinstance(error, LfvError):
            reason = ERRORS[error.code][1] if self._backend.for_remote else error.message
        return f"{self._shown(name)}: {reason.rstrip('.')}"


def _holdings(
    projects: Iterable[str], index: Index, read: _ReadFiles, images: ImageListing
) -> Iterator[ProjectHoldings]:
    """What is held of each of these projects."""
    entries: dict[str, list[ModelEntry]] = defaultdict(list)
    for model, entry in index.models.items():
        entries[model.project].append(entry)
    sets: dict[str, list[PredictionSetEntry]] = defaultdict(list)
    for key, found in index.prediction_sets.items():
        sets[key.project].append(found)
    for name in projects:
        yield ProjectHoldings(
            project_name=name,
            answers=sum(len(each.answers) for each in entries[name]),
            results=sum(len(each.result) for each in entries[name]),
            manifests=sum(len(each.manifest) for each in entries[name]),
            prediction_sets=len(sets[name]),
            sets_with_truth=sum(about_from(each.about).truth > 0 for each in sets[name]),
            edge_packages=tuple(read.packages.get(name, ())),
            **_named_images(read.tested[name], read.datasets.get(name, ()), images),
        )


class _NamedImages(TypedDict):
    """What manifests tell of a project's images, as `ProjectHoldings` has it."""

    tested: LabelledImages
    training: LabelledImages
    dataset_manifests: int
    images: HeldImages | None
    masks: HeldImages | None


def _named_images(
    tested: _Labels, files: Sequence[HeldDataset], listing: ImageListing
) -> _NamedImages:
    lines = list(_lines_of(files))
    training = labels_of(
        (line.image, line.anomalous)
        for file in files
        for each in file.datasets
        for line in each.lines
        if each.split != "test" and line.anomalous is not None
    )
    images = dict.fromkeys((*tested, *(line.image for line in lines)))
    masks = dict.fromkeys(line.mask for line in lines if line.mask)
    presence = presences((*images, *masks), listing)

    def held(names: Iterable[str]) -> HeldImages | None:
        return counted({name: presence[name] for name in names if name in presence})

    def labelled(labels: _Labels) -> LabelledImages:
        known = {image: label for image, label in labels.items() if label is not None}
        anomalies = sum(known.values())
        return LabelledImages(anomalies, len(known) - anomalies, held(known))

    return {
        "tested": labelled(tested),
        "training": labelled(training),
        "dataset_manifests": len(files),
        "images": held(images),
        "masks": held(masks),
    }


def _wanted(read: _ReadFiles, projects: Iterable[str]) -> Callable[[str], bool]:
    """Whether a listed file may be an image or mask that a manifest names, by its name."""
    named = {image for project in projects for image in read.tested[project]}
    for files in read.datasets.values():
        for line in _lines_of(files):
            named.update((line.image, line.mask))
    names = {image_path(image).parts[-1:] for image in named}
    return lambda uri: image_path(uri).parts[-1:] in names


def _lines_of(files: Iterable[HeldDataset]) -> Iterator[DatasetLine]:
    return (line for file in files for each in file.datasets for line in each.lines)


def _check_is_whole(index: Index, query: ModelQuery) -> None:
    """Refuse a region or account of which an inventory would tell more, or other things.

    Raises:
        CallerError: the project is not held there, or elsewhere too.
    """
    archived_scope(index, query)
    if len(index.named.get(query.project_name, ())) > 1:
        raise CallerError(
            "invalid_argument",
            f"{query.project_name} is held for several regions or accounts, and an inventory is "
            "taken of all of them together.",
            f"Ask about {query.project_name} by its name alone.",
        )


def _joined(own: ImageListing, named: ImageListing) -> ImageListing:
    """What the archive's own listing and the prefixes that a person named tell together."""
    return ImageListing(
        {**own.objects, **named.objects},
        (*own.prefixes, *named.prefixes),
        named.forbidden,
    )


def _unread(unread: Sequence[str]) -> Iterable[Finding]:
    if unread:
        named = first_of(unread, limit=1500, separator="; ")
        yield finding("inventory_incomplete", f"Not read: {named}.", "Mend or replace these files.")


def _of_nobody(read: _ReadFiles) -> Iterable[Finding]:
    names = [*read.nobodys, *(package.location for package in read.packages.get("", ()))]
    if names:
        yield finding(
            "owner_unknown",
            f"Whose {'they are' if len(names) > 1 else 'it is'} is not known: "
            f"{first_of(names, limit=200)}.",
            "Put each into a folder that is named as its project is.",
        )


def _not_looked_up(holdings: Sequence[ProjectHoldings], read: _ReadFiles) -> Iterable[Finding]:
    """The projects whose images nobody looked for, as far as their manifests name any."""
    blind = [
        held.project_name
        for held in holdings
        if held.images is None and (held.tested.count or held.training.count)
    ]
    if blind:
        named = [image for project in blind for image in read.tested[project]]
        for project in blind:
            named += (line.image for line in _lines_of(read.datasets.get(project, ())))
        prefixes = suggested_prefixes(named) or ["s3://bucket/prefix"]
        nowhere = bool(named) and all(map(is_synthetic, named))
        flags = [part for prefix in prefixes for part in ("--images", prefix)]
        command = " ".join(("lfv-mcp inventory", *(blind if len(blind) == 1 else ()), *flags))
        yield finding(
            "images_not_looked_up",
            "Whether the images that the manifests name are still there has not been looked up.",
            "The images of the sample were never anywhere. Of your own archive: "
            "`lfv-mcp inventory --images s3://bucket/prefix`."
            if nowhere
            else f"Look them up in a terminal: `{command}`.",
        )
