"""Prefixes of images in the place of others: whole folders, the longest first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.datasets.rewriting import Rewrite, Rewriting, parse_rewrite
from lfv_mcp.errors import CallerError


@pytest.mark.parametrize(
    ("flag", "name", "expected"),
    [
        ("s3://a/=s3://b/", "s3://a/x/1.png", "s3://b/x/1.png"),
        ("s3://a=s3://b", "s3://a/x/1.png", "s3://b/x/1.png"),
        ("s3://a/x=s3://b/y/", "s3://a/x/1.png", "s3://b/y/1.png"),
        ("s3://a/x/=s3://b", "s3://a/x/1.png", "s3://b/1.png"),
        ("s3://a/x=s3://b", "s3://a/xy/1.png", None),
        ("s3://a/=/data", "s3://a/x/1.png", "/data/x/1.png"),
        ("s3://a/=", "s3://a/x/1.png", "x/1.png"),
        ("s3://a=", "s3://a/x/1.png", "x/1.png"),
        ("=s3://b/parts", "x/1.png", "s3://b/parts/x/1.png"),
        ("=s3://b/", "s3://a/1.png", None),
        ("=s3://b/", "/data/1.png", None),
        ("s3://s3://=s3://", "s3://s3://a/1.png", "s3://a/1.png"),
        ("s3://a/k=v/=s3://b/k=v/", "s3://a/k=v/1.png", "s3://b/k=v/1.png"),
        ("images=masks", "images/1.png", "masks/1.png"),
        ("s3://a/1.png=s3://b/2.png", "s3://a/1.png", "s3://b/2.png"),
    ],
)
def test_a_prefix_is_replaced_in_whole_folders(flag: str, name: str, expected: str | None) -> None:
    assert parse_rewrite(flag).applied(name) == expected


@pytest.mark.parametrize(
    ("flag", "message"), [("s3://a/", "has no equals sign"), ("x=x", "changes nothing")]
)
def test_a_flag_that_names_no_rewriting_is_refused(flag: str, message: str) -> None:
    with pytest.raises(CallerError, match=message) as caught:
        parse_rewrite(flag)
    assert caught.value.code == "invalid_argument"


def test_the_longest_prefix_counts_and_the_unused_ones_are_known() -> None:
    flags = [Rewrite("s3://a/", "1/"), Rewrite("s3://a/x/", "2/"), Rewrite("s3://c/", "3/")]
    rewriting = Rewriting(flags)
    assert rewriting.name("s3://a/x/1.png") == "2/1.png"
    assert rewriting.name("s3://a/y/1.png") == "1/y/1.png"
    assert rewriting.name("s3://b/1.png") == "s3://b/1.png"
    assert rewriting.unused == [flags[2]]
    assert rewriting.counts == {flags[0]: 1, flags[1]: 1}


parts = st.text("abc=.", min_size=1, max_size=4).filter(lambda part: part.strip("."))


@pytest.mark.slow
@given(st.lists(parts, min_size=1), parts, parts, st.booleans(), st.booleans())
def test_there_and_back_is_the_same_name(
    key: list[str], first: str, second: str, slash: bool, other_slash: bool
) -> None:
    there = f"s3://one/{first}{'/' * slash}={(back := f's3://two/{second}')}{'/' * other_slash}"
    name = f"s3://one/{first}/{'/'.join(key)}"
    new = parse_rewrite(there).applied(name)
    assert new == f"{back}/{'/'.join(key)}"
    assert Rewrite(back, f"s3://one/{first}").applied(new) == name
