"""Wrong values of every argument: each is an `LfvError` in the words of the call."""

from __future__ import annotations

import asyncio
import datetime
import inspect
import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp import Lfv, LfvError, Predictions, connect

CAPS: Final = "sample-cap-seal"
BEAD: Final = "sample-weld-bead"


class Hostile:
    """An object that even its refusal cannot show."""

    def __repr__(self) -> str:
        raise ValueError("no")

    def __eq__(self, _: object) -> bool:
        raise ValueError("no")

    def __hash__(self) -> int:
        raise TypeError("no")

    def __bool__(self) -> bool:
        raise ValueError("no")


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"here"


FOREIGN: Final[tuple[Any, ...]] = (
    *(b"x", bytearray(b"x"), memoryview(b"x"), object(), print, int, 1j, {1, 2}, range(3)),
    *(datetime.date(2020, 1, 1), Decimal("NaN"), Decimal("sNaN"), 10**400, Fraction(10**400, 3)),
    *(float("nan"), float("inf"), -1, 2.5, "x y", "\0", "\ud800", "x" * 300),
    *([None], [[1], [2]], (1, 2), {"a": 1}, {1: 2}, {None: "x"}, {"a b": "x"}),
    *(np.array([1, 2]), np.array([]), np.array(3j), np.bool_(True), np.datetime64("2020-01-01")),
    *(pd.Series([1, 2]), pd.DataFrame({"a": [1]}), pd.NA, pd.NaT, Hostile(), BytesPath()),
)
PLACES: Final[tuple[Any, ...]] = (
    *(5, None, b"x", object(), ["x"], {"y": "z"}, "", "\0", Hostile(), BytesPath()),
    *(Predictions(5), Predictions(BytesPath())),  # type: ignore[arg-type]
    Predictions("x", cut="half"),  # type: ignore[arg-type]
    Predictions("x", cut=True),
    Predictions("x", cut=10**400),
    Predictions("x", score=5),  # type: ignore[arg-type]
    Predictions("x", anomaly_values=5),  # type: ignore[arg-type]
    Predictions("x", anomaly_values=(1,)),  # type: ignore[arg-type]
)
"""None of them is a place; in `trained_on` some are several of them."""
WORKING: Final[dict[str, tuple[Any, ...]]] = {
    "describe": (CAPS, 3),
    "models": (),
    "evaluate": (CAPS, 3),
    "compare": (BEAD, [2, 3]),
    "images": (BEAD, 3),
    "inventory": (),
}
ARGUMENTS: Final = [
    (method, name)
    for method in WORKING
    for name in inspect.signature(getattr(Lfv, method)).parameters
    if name != "self"
]
SETTINGS: Final = ("source", "region", "profile", "timeout", "allowed_buckets")


@pytest.fixture(scope="module")
def sample() -> Iterator[Lfv]:
    with connect("sample", timeout=60) as lfv:
        yield lfv


_WHAT_IS_NOT_THERE: Final = frozenset(
    {"source_unusable", "project_not_found", "model_not_found", "evidence_unavailable"}
)


def answered_or_refused(question: Callable[[], object], name: str) -> None:
    """It has an answer, or an error that names the argument; nothing else comes out."""
    try:
        question()
    except LfvError as failure:
        error = failure
    else:
        return
    assert error.next_step
    if error.code == "invalid_argument":
        assert error.message.startswith((f"{name}=", f"{name}[", f"{name} is required"))
    else:
        assert error.code in _WHAT_IS_NOT_THERE


def asked_with(lfv: Lfv, method: str, name: str, value: object) -> object:
    signature = inspect.signature(getattr(lfv, method))
    call = signature.bind(*WORKING[method])
    call.arguments[name] = value
    return getattr(lfv, method)(*call.args, **call.kwargs)


@pytest.mark.parametrize(("method", "name"), ARGUMENTS)
def test_a_foreign_value_is_refused_in_the_words_of_the_call(
    sample: Lfv, method: str, name: str
) -> None:
    for value in FOREIGN:
        answered_or_refused(lambda: asked_with(sample, method, name, value), name)  # noqa: B023 - called at once


@pytest.mark.slow
@pytest.mark.parametrize(("method", "name"), ARGUMENTS)
def test_whatever_is_given_is_answered_or_refused(sample: Lfv, method: str, name: str) -> None:
    shown = FOREIGN[:-2]  # hypothesis writes out what it draws
    leaves = st.one_of(
        st.sampled_from(shown), st.none(), st.booleans(), st.integers(), st.floats(), st.text()
    )
    nested = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )

    @given(nested)
    def ask(value: object) -> None:
        answered_or_refused(lambda: asked_with(sample, method, name, value), name)

    ask()


@pytest.mark.parametrize("keyword", ["predictions", "trained_on"])
@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
def test_what_is_no_place_is_refused(sample: Lfv, keyword: str, place: object) -> None:
    with pytest.raises(LfvError) as caught:
        asked_with(sample, "compare", keyword, {"padim": place})
    assert caught.value.code in ("invalid_argument", "source_unusable")
    if caught.value.code == "invalid_argument":
        assert "for example" in caught.value.next_step


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", FOREIGN, ids=range(len(FOREIGN)))
def test_a_foreign_setting_is_refused(name: str, value: object) -> None:
    def ask() -> None:
        with connect(**{name: value}) as lfv:  # type: ignore[arg-type]
            lfv.models()

    answered_or_refused(ask, name)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (lambda lfv: lfv.compare(BEAD, 3), "versions=3 is not accepted: it is a list of 2 to 10"),
        (
            lambda lfv: lfv.compare(BEAD, [3], predictions=["f.csv"]),
            "predictions=['f.csv'] is not accepted: it is a mapping of names to places",
        ),
        (
            lambda lfv: lfv.compare(BEAD, [3], predictions={"padim": 5}),
            "predictions['padim']=5 is not accepted: it is a file, a folder or an s3:// prefix",
        ),
        (lambda lfv: lfv.compare(BEAD, {2, 3}), "versions={2, 3} is not accepted"),
        (lambda lfv: lfv.compare(BEAD, [1, 3], same_names=1), "same_names=1 is not accepted"),
        (lambda _: connect(5), "source=5 is not accepted"),  # type: ignore[arg-type]
        (lambda _: connect(timeout="soon"), "timeout='soon' is not accepted"),  # type: ignore[arg-type]
    ],
)
def test_a_refusal_says_the_value_and_the_rule(
    sample: Lfv, question: Callable[[Lfv], object], said: str
) -> None:
    with pytest.raises(LfvError) as caught:
        question(sample)
    assert caught.value.code == "invalid_argument"
    assert caught.value.message.startswith(said)
    assert "for example" in caught.value.next_step


def test_values_of_other_libraries_are_pythons_own(sample: Lfv) -> None:
    expected = sample.compare(BEAD, [2, 3])
    for versions in (
        *((2, 3), range(2, 4), iter(["2", "3"]), np.array([2, 3]), pd.Series([2, 3])),
        itertools.islice(itertools.count(2), 2),
    ):
        assert sample.compare(BEAD, versions) == expected  # type: ignore[arg-type]
    half = sample.evaluate(CAPS, 3, defect_rate=0.5)
    for rate in (Decimal("0.5"), Fraction(1, 2), np.float32(0.5), np.array(0.5)):
        assert sample.evaluate(CAPS, 3, defect_rate=rate) == half  # type: ignore[arg-type]
    with pytest.raises(LfvError) as caught:
        sample.compare(BEAD, itertools.count(1))  # type: ignore[arg-type]
    assert caught.value.code == "invalid_argument"


def test_words_of_a_choice_are_one_or_several(tmp_path: Path) -> None:
    for anomalous in ("bad", ["bad"], {"bad"}, ("bad",)):
        choice = Predictions(tmp_path, anomaly_values=anomalous).columns()  # type: ignore[arg-type]
        assert choice.anomaly_values == ("bad",)


def test_an_awaited_question_refuses_likewise() -> None:
    async def ask() -> None:
        async with connect("sample") as lfv:
            await lfv.compare(BEAD, 3)  # type: ignore[arg-type]

    with pytest.raises(LfvError, match="versions=3 is not accepted"):
        asyncio.run(ask())
