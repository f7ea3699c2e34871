"""Where an index puts prediction sets: one name is one set, and a project is held somewhere."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.index import Index, IndexedFile, merge
from lfv_mcp.archive.loading import FileLoader
from lfv_mcp.archive.store import Directory
from lfv_mcp.identifiers import PredictionSetKey, ProjectKey
from tests.support.prediction_sets import images_of, set_file
from tests.support.saved_records import ONE, OTHER, described, lines, response

LOADER = FileLoader(Directory.__new__(Directory))
"""Parses bytes; opens nothing."""
PLACES = [("us-east-1", ONE), ("us-east-1", OTHER), ("eu-west-1", ONE)]
projects = st.sampled_from(["caps", "welds"])
names = st.sampled_from(["padim", "Padim", "stfpm"])
keys = st.builds(
    lambda place, project, name: PredictionSetKey(place[0], place[1], project, name),
    st.sampled_from([("", ""), *PLACES]),
    projects,
    names,
)
models = st.builds(lambda place, project: (*place, project), st.sampled_from(PLACES), projects)


def parsed(name: str, data: bytes) -> IndexedFile:
    """What an index keeps of a file of these bytes."""
    return LOADER.parsed(name, data)


def index_of(sets: list[tuple[PredictionSetKey, int]], held: list[tuple[str, str, str]]) -> Index:
    """The index of an archive of these sets, each with so many images, and of these models."""
    files = {
        f"{number}.jsonl": parsed(f"{number}.jsonl", set_file(images_of(size), key))
        for number, (key, size) in enumerate(sets)
    }
    for number, (region, account, project) in enumerate(held):
        answer = response("ModelDescription", described(project, 1, region, account))
        files[f"{number}.json"] = parsed(f"{number}.json", lines([answer]))
    return merge(files)


@given(st.lists(st.tuples(keys, st.integers(1, 2)), max_size=6), st.lists(models, max_size=3))
def test_every_set_has_one_place_and_one_name(
    sets: list[tuple[PredictionSetKey, int]], held: list[tuple[str, str, str]]
) -> None:
    index = index_of(sets, held)

    placed = {ProjectKey(*each) for each in held}
    placed |= {key.project_key for key, _ in sets if key.region}
    expected: dict[tuple[ProjectKey, str], set[int]] = defaultdict(set)
    number_of_files: dict[tuple[ProjectKey, str], int] = defaultdict(int)
    for key, size in sets:
        places = [place for place in placed if place.project == key.project]
        project = key.project_key
        if not key.region and len(places) == 1:
            (project,) = places
        expected[project, key.name.lower()].add(size)
        number_of_files[project, key.name.lower()] += 1

    found = {
        (key.project_key, key.name.lower()): entry for key, entry in index.prediction_sets.items()
    }
    assert found.keys() == expected.keys()
    assert len(found) == len(index.prediction_sets)
    for each, entry in found.items():
        assert len(entry.files) == number_of_files[each]
        assert bool(entry.disagreeing) == (len(expected[each]) > 1)
    assert {project for project, _ in expected} == index.sets.keys()
    for project, keys_of in index.sets.items():
        assert keys_of == index.sets_of(project)
        assert all(index.find_set(project, key.name.swapcase()) == key for key in keys_of)
    known = {ProjectKey(*each) for each in held}
    assert set(index.set_projects) == index.sets.keys() - known
    assert index.projects.keys() == known  # the wire never tells of a set
    assert {place for places in index.places.values() for place in places} == known
    for project_name in ("caps", "welds"):
        places = [place for place in placed if place.project == project_name]
        assert sorted(index.places_of(project_name)) == sorted(places)
        assert index.only_place_of(project_name) == (places[0] if len(places) == 1 else None)


def test_an_index_of_sets_alone_is_not_empty() -> None:
    key = PredictionSetKey("", "", "caps", "padim")
    index = index_of([(key, 3)], [])
    assert not index.is_empty
    assert index.set_projects == [ProjectKey("", "", "caps")]
    assert index.sets_of(ProjectKey("", "", "caps")) == [key]
    assert index.sets_of(ProjectKey("us-east-1", ONE, "caps")) == []
    assert index.find_set(ProjectKey("", "", "caps"), "stfpm") is None


def test_a_copy_of_a_set_does_not_disagree() -> None:
    key = PredictionSetKey("", "", "caps", "padim")
    index = index_of([(key, 3), (key, 3)], [])
    (entry,) = index.prediction_sets.values()
    assert (len(entry.files), entry.disagreeing) == (2, [])
