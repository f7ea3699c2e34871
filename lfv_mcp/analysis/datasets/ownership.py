"""Whose a dataset is: a manifest names images and labels, and no project.

In this order: a folder of the manifest's path is named as the project is; its images are test
images of the project; it lies in the folder of a manifest that is the project's; a folder of its
images' path is named so; or the archive knows of one project alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from lfv_mcp.analysis.image_identity import image_path, match_images
from lfv_mcp.formats.datasets.dataset import Dataset

_LOOKED_AT: Final = 50
"""Images of a dataset whose folders are looked at: they are alike."""


class HeldDataset(NamedTuple):
    """A dataset file of an archive.

    Args:
        name: the file's path in the archive, or its key.
        datasets: what it holds, one for each split.
    """

    name: str
    datasets: tuple[Dataset, ...]

    @property
    def images(self) -> list[str]:
        """Every image that it names, once, in order."""
        named = (line.image for each in self.datasets for line in each.lines)
        return list(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class Ownership:
    """The dataset files of each project.

    Args:
        owned: those of each project, in the order in which they were given.
        nobodys: those of which nothing says whose they are, or several things do.
    """

    owned: Mapping[str, tuple[HeldDataset, ...]]
    nobodys: tuple[HeldDataset, ...]


def assign(held: Sequence[HeldDataset], test_images: Mapping[str, Collection[str]]) -> Ownership:
    """Find out whose each dataset file is.

    Args:
        held: the dataset files of an archive.
        test_images: the test images of every project of the archive, as its evaluation manifests
            have them; none of a project without one.
    """
    owners: dict[str, str] = {}
    rules = (_by_own_path, _by_test_images)
    for file in held:
        for rule in rules:
            if len(found := rule(file, test_images)) == 1:
                owners[file.name] = found.pop()
                break
    folders = _owners_of_folders(owners)
    for file in held:
        if file.name in owners:
            continue
        found = folders.get(_folder(file.name), set()) or _by_image_paths(file, test_images)
        if len(found) == 1:
            owners[file.name] = next(iter(found))
        elif not found and len(test_images) == 1:
            owners[file.name] = next(iter(test_images))
    owned: dict[str, list[HeldDataset]] = {}
    for file in held:
        if file.name in owners:
            owned.setdefault(owners[file.name], []).append(file)
    return Ownership(
        {project: tuple(files) for project, files in owned.items()},
        tuple(file for file in held if file.name not in owners),
    )


def _by_own_path(file: HeldDataset, test_images: Mapping[str, Collection[str]]) -> set[str]:
    return projects_named_in(file.name, test_images)


def _by_test_images(file: HeldDataset, test_images: Mapping[str, Collection[str]]) -> set[str]:
    """The projects that share most of its images, by URI or key."""
    images = file.images
    shared = {
        project: len(match_images(tested, images, names=False).found)
        for project, tested in test_images.items()
        if tested
    }
    most = max(shared.values(), default=0)
    return {project for project, count in shared.items() if count == most} if most else set()


def _by_image_paths(file: HeldDataset, test_images: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    for image in file.images[:_LOOKED_AT]:
        found |= projects_named_in("/".join(image_path(image).parts), test_images)
    return found


def projects_named_in(path: str, projects: Iterable[str]) -> set[str]:
    """The projects that a folder of the path is named after."""
    folders = set(path.replace("\\", "/").split("/")[:-1])
    return {project for project in projects if project in folders}


def _owners_of_folders(owners: Mapping[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, project in owners.items():
        found.setdefault(_folder(name), set()).add(project)
    return found


def _folder(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[0]
