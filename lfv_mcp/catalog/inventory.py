"""What is held of each project, read from the archive alone, and what listings of images add.

An inventory reads the manifests of a project and no image. Which images are there is told by the
archive's own listing, and by the prefixes that a person named on the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from lfv_mcp.analysis.datasets.image_presence import suggested_prefixes
from lfv_mcp.analysis.datasets.inventory import LabelledImages, ProjectHoldings, held_project
from lfv_mcp.analysis.datasets.inventory_text import summarise_inventory
from lfv_mcp.analysis.datasets.ownership import (
    HeldDataset,
    Ownership,
    assign,
    projects_named_in,
)
from lfv_mcp.analysis.datasets.presence import counted, presences
from lfv_mcp.analysis.image_identity import image_path
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import HeldFile, Index, RecordRef
from lfv_mcp.catalog.backend import Backend, IndexLoader
from lfv_mcp.catalog.index_findings import index_findings, with_findings
from lfv_mcp.catalog.workers import Workers
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.findings import finding
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing, Presence
from lfv_mcp.formats.decoding import UnrecognisedError, read_chunks
from lfv_mcp.formats.evaluation_manifest import read_evaluation_manifest
from lfv_mcp.formats.manifest_lines import manifest_lines
from lfv_mcp.formats.predictions.prediction_set import about_from
from lfv_mcp.identifiers import ModelKey
from lfv_mcp.results.base import build_models
from lfv_mcp.results.common import Finding
from lfv_mcp.results.inventory import EdgePackage, Inventory
from lfv_mcp.text import clean

LookUp = Callable[[Callable[[str], bool]], ImageListing]
"""Lists images; keeps those of which a predicate says that they are of use, by their URIs."""
_SHOWN: Final = 3
"""Names that a finding or an error lists."""


@dataclass(frozen=True, slots=True)
class _ReadFiles:
    """What one inventory has read.

    Args:
        tested: the label of each test image, by project.
        datasets: whose each dataset file is.
        packages: the packaged models of each project; those of nobody under the empty name.
        unread: files that could not be read, each with the reason.
    """

    tested: Mapping[str, Mapping[str, bool]]
    datasets: Ownership
    packages: Mapping[str, Sequence[EdgePackage]]
    unread: list[str] = field(default_factory=list[str])


class Inventories:
    """Takes inventories of an archive.

    Args:
        backend: has the archive.
        workers: run what blocks.
        index: waits for the index.
    """

    def __init__(self, backend: Backend, workers: Workers, index: IndexLoader) -> None:
        self._backend = backend
        self._workers = workers
        self._index = index

    async def of(self, project_name: str) -> Inventory:
        """What is held of one project, or of every one if no name is given, within the deadline.

        Raises:
            LfvError: as `take`.
        """
        build_models(Inventory)
        at_hand = await self._index.load()
        taken = await self._workers.run(partial(self.take, project_name, at_hand.index))
        found = index_findings(at_hand.unread, at_hand.staleness)
        return with_findings(taken, [*found, *self._backend.doubts])

    def take(
        self,
        project_name: str,
        index: Index | None,
        look_up: LookUp | None = None,
        advance: Callable[[], None] = lambda: None,
    ) -> Inventory:
        """What is held of one project, or of every one if no name is given.

        Args:
            project_name: the project; empty for all.
            index: of the archive; None for a live endpoint.
            look_up: lists the prefixes that a person named; None if none was.
            advance: called for each file that was read.

        Raises:
            CallerError: the archive has no such project, or there is no archive.
            LfvError: the archive's own files cannot be listed.
        """
        archive = self._backend.archive
        if archive is None or index is None:
            raise CallerError(
                "invalid_argument",
                "An inventory is taken of an archive, and the source is a live endpoint.",
                "Save its answers (lfv-mcp archive export) and name the archive as --source "
                "(LFV_SOURCE).",
            )
        names = sorted({key.project for key in (*index.projects, *index.set_projects)})
        wanted = [name for name in names if project_name in ("", name)]
        if project_name and not wanted:
            known = ", ".join(names[:_SHOWN]) or "none"
            raise CallerError(
                "project_not_found",
                f"The archive holds nothing of a project {clean(project_name, 255)!r}.",
                f"Projects that it holds: {known}{', ...' if len(names) > _SHOWN else ''}.",
            )
        read = self._read(archive, index, names, wanted, advance)
        images = archive.image_listing()
        if look_up is not None:
            images = _joined(images, look_up(_wanted(read, wanted)))
        holdings = [_holdings(name, index, read, images) for name in wanted]
        projects = tuple(map(held_project, holdings))
        return Inventory(
            summary=summarise_inventory(projects, all_read=index.unread is None),
            projects=projects,
            findings=(*_unread(read.unread), *_of_nobody(read), *_not_looked_up(holdings, read)),
        )

    def _read(
        self,
        archive: Archive,
        index: Index,
        names: Sequence[str],
        wanted: Sequence[str],
        advance: Callable[[], None],
    ) -> _ReadFiles:
        unread: list[str] = []
        tested: dict[str, dict[str, bool]] = {name: {} for name in names}
        manifests = [
            (key, entry.manifest[0])
            for key, entry in index.models.items()
            if entry.manifest and key.project in wanted
        ]
        with ThreadPoolExecutor(max(1, archive.files.parallel)) as pool:
            read = pool.map(partial(self._tested, archive, unread), manifests)
            for (key, _), labels in zip(manifests, read, strict=True):
                tested[key.project] |= labels
                advance()
        held: list[HeldDataset] = []
        for file in index.datasets:
            try:
                held.append(HeldDataset(file.ref.name, tuple(archive.read_datasets(file.ref))))
            except (LfvError, UnrecognisedError, OSError) as error:
                unread.append(self._why_unread(file.ref.name, error))
            advance()
        packages: dict[str, list[EdgePackage]] = {}
        for file in index.edge_packages:
            owners = projects_named_in(file.ref.name, names) or set(names if len(names) < 2 else ())
            owner = owners.pop() if len(owners) == 1 else ""
            if owner in ("", *wanted):
                packages.setdefault(owner, []).append(self._package(archive, file, unread))
                advance()
        return _ReadFiles(tested, assign(held, tested), packages, unread)

    def _tested(
        self, archive: Archive, unread: list[str], manifest: tuple[ModelKey, RecordRef]
    ) -> dict[str, bool]:
        """The label of each test image of a version; none if its manifest cannot be read."""
        key, ref = manifest
        try:
            with archive.files.open(ref.name) as stream:
                read = read_evaluation_manifest(manifest_lines(read_chunks(stream), key.arn))
        except (LfvError, UnrecognisedError, OSError) as error:
            unread.append(self._why_unread(ref.name, error))
            return {}
        return {each.source_ref: each.anomalous for each in read.images or () if each.source_ref}

    def _package(self, archive: Archive, file: HeldFile, unread: list[str]) -> EdgePackage:
        location = clean(self._backend.file_name(file.ref.name), 1024)
        try:
            facts = archive.read_edge_package(file.ref)
        except (LfvError, UnrecognisedError, OSError) as error:
            unread.append(self._why_unread(file.ref.name, error))
            return EdgePackage(location=location)
        if facts.built_in_threshold is None:
            unread.append(f"{location}: the built-in cut was not read, {facts.why_not}")
        return EdgePackage(location=location, built_in_threshold=facts.built_in_threshold)

    def _why_unread(self, name: str, error: Exception) -> str:
        return f"{clean(self._backend.file_name(name), 1024)}: {error}"


def _holdings(name: str, index: Index, read: _ReadFiles, images: ImageListing) -> ProjectHoldings:
    entries = [entry for key, entry in index.models.items() if key.project == name]
    sets = [each for key, each in index.prediction_sets.items() if key.project == name]
    files = read.datasets.owned.get(name, ())
    lines = list(_lines_of(files))
    training = {
        line.image: line.anomalous
        for file in files
        for each in file.datasets
        for line in each.lines
        if each.split != "test" and line.anomalous is not None
    }
    tested = read.tested[name]
    presence = presences((*tested, *(line.image for line in lines)), images)
    masks = presences((line.mask for line in lines if line.mask), images)

    def labelled(labels: Mapping[str, bool]) -> LabelledImages:
        there: dict[str, Presence] = {
            image: presence[image] for image in labels if image in presence
        }
        anomalies = sum(labels.values())
        return LabelledImages(anomalies, len(labels) - anomalies, counted(there))

    return ProjectHoldings(
        project_name=name,
        answers=sum(len(entry.model) + len(entry.listing) for entry in entries),
        results=sum(len(entry.result) for entry in entries),
        manifests=sum(len(entry.manifest) for entry in entries),
        tested=labelled(tested),
        training=labelled(training),
        dataset_manifests=len(files),
        prediction_sets=len(sets),
        sets_with_truth=sum(about_from(each.about).truth > 0 for each in sets),
        edge_packages=tuple(read.packages.get(name, ())),
        images=counted(presence),
        masks=counted(masks),
    )


def _wanted(read: _ReadFiles, projects: Iterable[str]) -> Callable[[str], bool]:
    """Whether a listed file may be an image or mask that a manifest names, by its name."""
    named = {image for project in projects for image in read.tested[project]}
    for files in read.datasets.owned.values():
        for line in _lines_of(files):
            named.update((line.image, line.mask))
    names = {image_path(image).parts[-1:] for image in named}
    return lambda uri: image_path(uri).parts[-1:] in names


def _lines_of(files: Iterable[HeldDataset]) -> Iterator[DatasetLine]:
    return (line for file in files for each in file.datasets for line in each.lines)


def _joined(own: ImageListing, named: ImageListing) -> ImageListing:
    """What the archive's own listing and the prefixes that a person named tell together."""
    return ImageListing(
        {**own.objects, **named.objects},
        (*own.prefixes, *named.prefixes),
        named.forbidden,
    )


def _unread(unread: Sequence[str]) -> Iterable[Finding]:
    if unread:
        more = len(unread) - _SHOWN
        named = "; ".join(unread[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        yield finding("inventory_incomplete", f"Not read: {named}.", "Mend or replace these files.")


def _of_nobody(read: _ReadFiles) -> Iterable[Finding]:
    names = [file.name for file in read.datasets.nobodys]
    names += [package.location for package in read.packages.get("", ())]
    if names:
        more = len(names) - _SHOWN
        named = ", ".join(clean(name, 200) for name in names[:_SHOWN])
        yield finding(
            "owner_unknown",
            f"Whose {'they are' if len(names) > 1 else 'it is'} is not known: {named}"
            + (f" and {more} more." if more > 0 else "."),
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
            named += (line.image for line in _lines_of(read.datasets.owned.get(project, ())))
        prefixes = suggested_prefixes(named) or ["s3://bucket/prefix"]
        flags = [part for prefix in prefixes for part in ("--images", prefix)]
        command = " ".join(("lfv-mcp inventory", *(blind if len(blind) == 1 else ()), *flags))
        yield finding(
            "images_not_looked_up",
            "Whether the images that the manifests name are still there has not been looked up.",
            f"Look them up in a terminal: `{command}`.",
        )
