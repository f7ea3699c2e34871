"""One name, one content: also where many files are written at one time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.directory_target import DirectoryTarget
from lfv_mcp.archive.named_sets import NamedSets
from lfv_mcp.errors import CallerError
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions, same_but_for_origin
from lfv_mcp.identifiers import PredictionSetKey
from tests.support.prediction_sets import about_of, images_of
from tests.support.saved_records import ONE


def about(name: str, number: int, origin: str = "p.csv") -> AboutPredictions:
    """A set of so many images."""
    return about_of(images_of(number), PredictionSetKey("us-east-1", ONE, "caps", name), origin)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "A", "b"]), st.sampled_from([1, 2])),
        min_size=1,
        max_size=8,
    )
)
def test_the_first_content_has_the_name(sets: list[tuple[str, int]]) -> None:
    named = NamedSets(DirectoryTarget(Path("/nowhere")))
    expected: dict[str, int] = {}
    for name, number in sets:
        first = expected.setdefault(name.lower(), number)
        written: list[bool] = []

        def write(written: list[bool] = written) -> bool:
            written.append(True)
            return True

        if number != first:
            with pytest.raises(CallerError, match="another prediction set"):
                named.write(about(name, number), "caps", write)
        else:
            is_new = named.write(about(name, number, origin=name), "caps", write)
            assert is_new == bool(written)
    assert len(expected) <= 2


def test_one_that_could_not_be_written_leaves_its_name() -> None:
    named = NamedSets(DirectoryTarget(Path("/nowhere")))

    def fail() -> bool:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        named.write(about("a", 1), "caps", fail)
    assert named.write(about("a", 2), "caps", lambda: True)


def test_many_at_one_time_are_written_once() -> None:
    named = NamedSets(DirectoryTarget(Path("/nowhere")))
    written: list[int] = []

    def writes(number: int) -> Callable[[], bool]:
        def write() -> bool:
            written.append(number)
            return True

        return write

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(
            pool.map(lambda n: named.write(about("a", 1), "caps", writes(n)), range(64))
        )
    assert (sum(outcomes), len(written)) == (1, 1)


def test_where_a_set_is_from_is_no_content() -> None:
    elsewhere = about_of(images_of(3), PredictionSetKey("", "", "caps", "A"), "there")
    assert same_but_for_origin(about("a", 3), elsewhere)
    assert not same_but_for_origin(about("a", 3), about("a", 4))
