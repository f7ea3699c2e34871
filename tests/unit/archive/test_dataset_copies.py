"""Where a dataset is put in an archive: by what the path that it came from tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.dataset_copies import dataset_folder, source_folders
from lfv_mcp.archive.layout import folder_name, folder_of
from lfv_mcp.formats.datasets.splits import split_of
from lfv_mcp.identifiers import ProjectKey

CAPS = ProjectKey("us-east-1", "111122223333", "caps")
ELSEWHERE = ProjectKey("eu-west-1", "111122223333", "caps")
LIDS = ProjectKey("us-east-1", "111122223333", "lids")
OURS = "train-0123456789abcdef.manifest"


def known(*projects: ProjectKey) -> Callable[[str], Iterable[str]]:
    """The folders of these projects, by the names that a path may have of them."""

    def places_of(folder: str) -> Iterable[str]:
        return {
            folder_of(key) for key in projects if folder in (key.project, folder_name(key.project))
        }

    return places_of


@pytest.mark.parametrize(
    ("path", "projects", "expected"),
    [
        # Whose it is, where the path says so and it is known.
        ("datasets/caps/train/manifests/output", [CAPS, LIDS], folder_of(CAPS)),
        ("us-east-1/111122223333/caps", [], folder_of(CAPS)),
        ("old/eu-west-1/111122223333/caps/saved", [CAPS], folder_of(ELSEWHERE)),
        # Not where it may be one of two, or nobody knows the project.
        ("caps/train", [CAPS, ELSEWHERE], "datasets/caps/train"),
        ("caps/lids/train", [CAPS, LIDS], "datasets/caps/lids/train"),
        ("caps/train/manifests/output", [], "datasets/caps/train"),
        # The folders that tell something, the last three of them.
        ("a/b/datasets/c/d/Manifests/output", [], "datasets/b/c/d"),
        ("manifests/output", [], "datasets"),
        ("", [], "datasets"),
        ("train", [CAPS._replace(project="train")], "datasets/train"),
        # What no system takes, or a person should not see.
        ("a b/ü:x/CON", [], "datasets/a_b/_x/_CON"),
        ("x\x1b[31m/..x/$(rm)", [], "datasets/x_31m/_x/_rm_"),
    ],
)
def test_a_dataset_is_put_where_its_path_says(
    path: str, projects: list[ProjectKey], expected: str
) -> None:
    folders = tuple(filter(None, path.split("/")))
    assert dataset_folder(folders, "output.manifest", known(*projects)) == expected


@pytest.mark.parametrize(
    ("location", "name", "expected"),
    [
        ("s3://b/datasets/caps", "datasets/caps/train/x.manifest", ("datasets", "caps", "train")),
        ("s3://b", "x.manifest", ()),
        ("/home/me/caps", "train/x.manifest", ("caps", "train")),
        ("caps", "x.manifest", ("caps",)),
        ("/a/b/c/d/x.manifest", "x.manifest", ("b", "c", "d")),
        (".", "train/x.manifest", ("train",)),
    ],
)
def test_a_place_on_this_machine_tells_no_more_than_its_own_name(
    location: str, name: str, expected: tuple[str, ...]
) -> None:
    assert source_folders(location, name) == expected


@pytest.mark.parametrize(
    ("location", "name"),
    [("/x/archive", "old/line/a.csv"), ("s3://b/any/where", "any/where/old/line/a.csv")],
)
def test_of_an_archive_only_its_own_folders_count(location: str, name: str) -> None:
    assert source_folders(location, name, of_archive=True) == ("old", "line")


folders = st.lists(
    st.text(min_size=1, max_size=80).filter(lambda part: "/" not in part), max_size=6
)
projects = st.lists(st.sampled_from([CAPS, ELSEWHERE, LIDS]), max_size=3)


@pytest.mark.slow
@given(folders, projects)
def test_a_copy_of_a_copy_lies_in_the_same_place(parts: list[str], held: list[ProjectKey]) -> None:
    """An archive that is imported, packed or unpacked again keeps its folders."""
    places_of = known(*held)
    folder = dataset_folder(parts, "output.manifest", places_of)
    for above in ([], ["archive"], ["a", "datasets"]):
        again = dataset_folder([*above, *folder.split("/")], OURS, places_of)
        assert again == folder


@pytest.mark.slow
@given(folders)
def test_every_folder_is_one_on_every_system(parts: list[str]) -> None:
    folder = dataset_folder(parts, "x", known())
    assert len(folder) + 1 + len("dataset-0123456789abcdef.manifest.gz") < 170
    for part in folder.split("/"):
        assert part
        assert all(letter.isascii() and (letter.isalnum() or letter in "_~-") for letter in part)
    assert split_of(f"{folder}/dataset-0123456789abcdef.csv") == ""
