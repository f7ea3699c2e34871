"""The label of each image by all that is said of it; one that has two has none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.judged_predictions import labels_of

SAID = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()))


@given(SAID)
def test_an_image_has_the_one_label_that_all_give_it(said: list[tuple[str, bool]]) -> None:
    for image in "abcd":
        labels = {label for name, label in said if name == image}
        assert labels_of(said).get(image) == (labels.pop() if len(labels) == 1 else None)


@given(SAID)
def test_the_order_does_not_matter(said: list[tuple[str, bool]]) -> None:
    assert labels_of(reversed(said)) == labels_of(said)
