"""What an answer rests on: written into headers and read back, and a source in words."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.provenance import LeftOut, OtherStatus, Provenance
from lfv_mcp.results.common import SourceBasis
from lfv_mcp.text import clean

seconds = st.none() | st.integers(0, 10**14).map(lambda micro: micro / 1_000_000)
visible = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=40)
statuses = st.none() | visible.filter(bool)


@pytest.mark.slow
@given(
    st.builds(
        Provenance,
        kind=st.sampled_from(["archive", "sample"]),
        basis=st.none() | st.sampled_from(get_args(SourceBasis)),
        captured=seconds,
        location=visible,
        disagreeing=st.lists(st.builds(OtherStatus, statuses, seconds), max_size=5).map(tuple),
        left_out=st.lists(st.builds(LeftOut, visible, visible, visible), max_size=20).map(tuple),
    )
)
def test_headers_carry_all_of_it(provenance: Provenance) -> None:
    headers = provenance.to_headers()
    for name, value in headers.items():
        assert name.startswith("x-lfv-")
        assert name == name.lower()
        assert value.isascii()
        assert value.isprintable()
    assert Provenance.from_headers(headers) == provenance


def test_five_other_statuses_are_carried() -> None:
    others = tuple(OtherStatus(f"S{n}", float(n)) for n in range(9))
    read = Provenance.from_headers(Provenance("archive", disagreeing=others).to_headers())
    assert read
    assert read.disagreeing == others[:5]


def test_a_live_reply_has_none() -> None:
    assert Provenance.from_headers({"x-amzn-requestid": "1", "content-type": "x"}) is None


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ({"x-lfv-basis": "hearsay"}, Provenance("", "describe_model")),
        ({"x-lfv-basis": "list_models"}, Provenance("", "list_models")),
        ({"x-lfv-kind": "archive", "x-lfv-captured": "soon"}, Provenance("archive")),
        ({"x-lfv-kind": "archive", "x-lfv-disagreeing": "{"}, Provenance("archive")),
        ({"x-lfv-kind": "archive", "x-lfv-disagreeing": "[1]"}, Provenance("archive")),
        ({"x-lfv-kind": "archive", "x-lfv-left-out": "{"}, Provenance("archive")),
        ({"x-lfv-kind": "archive", "x-lfv-left-out": '[["Status"]]'}, Provenance("archive")),
        (
            {"x-lfv-kind": "archive", "x-lfv-left-out": '[["a", "\\u001b[31mb", "c"]]'},
            Provenance("archive", left_out=(LeftOut("a", "b", "c"),)),
        ),
        (
            {"x-lfv-kind": "archive", "x-lfv-location": "a%0A%1B%5B31mb"},
            Provenance("archive", location=clean("a b")),
        ),
    ],
)
def test_what_another_server_wrote_is_read_as_far_as_it_goes(
    headers: dict[str, str], read: Provenance
) -> None:
    assert Provenance.from_headers(headers) == read


def test_a_path_that_is_no_utf8_can_be_carried() -> None:
    headers = Provenance("archive", location="caps/\udcff.json").to_headers()
    assert headers["x-lfv-location"] == "caps/%FF.json"
