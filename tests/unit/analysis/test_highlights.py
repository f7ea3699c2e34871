"""What stands out in a whole listing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.highlights import highlights
from lfv_mcp.results.model_list import ModelRow

RATES = st.none() | st.integers(1, 100).map(lambda n: n / 100)


def row(
    project: str, version: int, *, f1: float | None = None, recall: float | None = None
) -> ModelRow:
    return ModelRow(project_name=project, model_version=str(version), f1_score=f1, recall=recall)


@given(st.lists(st.tuples(st.sampled_from("abc"), RATES, RATES), max_size=12))
def test_the_best_and_the_worst_are_those_of_the_rows(
    cells: list[tuple[str, float | None, float | None]],
) -> None:
    rows = [row(name, n, f1=f1, recall=recall) for n, (name, f1, recall) in enumerate(cells, 1)]
    told = " ".join(highlights(rows))
    graded = [each for each in rows if each.f1_score is not None]
    if len(graded) < 2:
        assert told == ""
        return
    head = told.partition(" Lowest")[0]
    named = dict(re.findall(r"([abc]) (\d+) \d", head))
    assert named.keys() == {each.project_name for each in graded}
    for name, version in named.items():
        found = rows[int(version) - 1]
        assert found.project_name == name
        assert found.f1_score == max(e.f1_score or 0 for e in graded if e.project_name == name)
    recalls = [each.recall for each in rows if each.recall is not None]
    assert ("Lowest recorded recall" in told) == bool(recalls)
    if recalls:
        lowest = re.search(r"Lowest recorded recall: [abc] (\d+) ", told)
        assert lowest is not None
        assert rows[int(lowest[1]) - 1].recall == min(recalls)
    assert "only compare_models ranks" in told


def test_an_f1_that_cannot_be_right_is_named_however_many_models_there_are() -> None:
    wrong = ModelRow(
        project_name="caps", model_version="2", precision=0.9, recall=0.8, f1_score=0.8
    )
    many = [row(f"project-{n}", 1, f1=0.9) for n in range(20)]
    assert list(highlights([*many, wrong])) == [
        "An F1 that its precision and recall do not give: caps 2 is recorded as 0.8 and follows as "
        "0.847."
    ]
