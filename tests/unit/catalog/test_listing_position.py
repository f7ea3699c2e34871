"""The token of a listing: its format is fixed, it survives the way there and back, not damage."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lfv_mcp.catalog.listing_position import ListingPosition
from lfv_mcp.errors import CallerError

POSITIONS = st.builds(
    ListingPosition, st.text(), st.text(), st.text(), st.text(), st.integers(0, 10**10)
)
KNOWN = {
    "Sp1e_s-HWyIiLCAiIiwgIiIsICIiLCAwXQ": ListingPosition(),
    "G_g8b6rvWyJ1cy1lYXN0LTEiLCAiMTExMTIyMjIzMzMzIiwgInAyIiwgImNhcC1zZWFsIiwgM10": (
        ListingPosition("us-east-1", "111122223333", "p2", "cap-seal", 3)
    ),
}
"""Tokens that earlier versions gave out: clients may still hold them."""


def outcome(token: str) -> ListingPosition | str:
    """The position in a token, or the code of the error about it."""
    try:
        return ListingPosition.parse(token)
    except CallerError as error:
        return error.code


@pytest.mark.parametrize("token", KNOWN)
def test_the_format_stays(token: str) -> None:
    assert ListingPosition.parse(token) == KNOWN[token]
    assert KNOWN[token].token() == token


def test_no_token_is_the_start() -> None:
    assert ListingPosition.parse("") == ListingPosition()


@given(POSITIONS)
def test_a_position_survives_its_token(position: ListingPosition) -> None:
    token = position.token()
    assert ListingPosition.parse(token) == position
    assert token.isascii()
    assert "=" not in token  # it may be pasted into a URL


@given(POSITIONS, st.data())
def test_a_damaged_token_is_refused(position: ListingPosition, data: st.DataObject) -> None:
    token = position.token()
    place = data.draw(st.integers(0, len(token) - 1))
    damage = data.draw(st.sampled_from("ABCXYZabcxyz019-_"))
    damaged = data.draw(
        st.sampled_from(
            [token[:place], token[:place] + damage + token[place + 1 :], token + damage * 4]
        )
    )
    assume(damaged not in ("", token))
    # The last letter has bits that mean nothing: if only those differ, nothing is lost.
    assert outcome(damaged) in ("invalid_argument", position)


@given(st.text(max_size=200))
def test_any_other_text_is_a_clear_error(token: str) -> None:
    assert outcome(token) == ("invalid_argument" if token else ListingPosition())
