"""Account text made safe, rates and metrics in words, lines cut to a length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.text import (
    clean,
    common_folder,
    complement,
    digits,
    first_of,
    strip_invisible,
    truncate_lines,
    without_passwords,
)

# Text from an account


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zeile 1 äöü 検査 🙂", "Zeile 1 äöü 検査 🙂"),
        ("a\tb\r\nc", "a b  c"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07shown \x1b]8;;http://x\x1b\\link", "shown link"),
        ("\x1b]0;never closed: kept", "0;never closed: kept"),  # else all that follows is lost
        ("\x9b31m\x00\x07\x7f\x85", "31m"),
        ("in\u202evoice \u2066x\u2069 \u200e\u200f\u061c.", "invoice x ."),  # every bidi control
        ("zero\u200bwidth\ufeff \u2028\u2029\u2060", "zerowidth "),
        ("tags\U000e0041\U000e0042", "tags"),  # invisible letters that a model still reads
        ("lone \ud800", "lone "),
    ],
)
def test_text_is_cleaned(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        (["s3://b/x/anomaly/1.png", "s3://b/x/normal/2.png"], "s3://b/x/"),
        (["s3://b/x/10.png", "s3://b/x/11.png"], "s3://b/x/"),
        (["s3://b/x/1.png", "s3://b/xy/1.png"], "s3://b/"),
        (["s3://bucket/1.png", "s3://bulk/1.png"], ""),
        (["/data/1.png", "/other/1.png"], ""),
        (["1.png", "2.png"], ""),
        (["s3://b/x/1.png"], ""),
        ([], ""),
    ],
)
def test_a_folder_that_all_share(names: list[str], folder: str) -> None:
    assert common_folder(names) == folder


def test_cut_counts_what_is_shown() -> None:
    assert clean("\x1b[31m" + "x" * 500) == "x" * 500
    assert clean("ab\x00cde", 3) == "abc…[+2]"


@given(st.text(max_size=50))
def test_what_is_stripped_is_printable_and_stays(text: str) -> None:
    visible = strip_invisible(text)
    assert all(c.isprintable() or c.isspace() for c in visible)
    assert strip_invisible(visible) == visible


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
        (map(str, range(2004)), "0, 1, 2 and 2,001 more"),
        (["\x1b[31mred", "l" * 600], f"red, {'l' * 500}…[+100]"),
    ],
)
def test_the_first_names_are_shown_and_the_others_counted(names: Iterable[str], shown: str) -> None:
    assert first_of(names) == shown


def test_how_many_names_are_shown_and_how_is_said() -> None:
    assert first_of(["abc", "d", "e"], most=2, limit=1, separator="; ") == "a…[+2]; d and 1 more"


# Numbers in words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.857143, "0.857"),
        (0.99962, "0.99962"),
        (0.9999994, "0.999999"),
        (0.99999996, "<1"),
        (1.0, "1"),
        (0.0, "0"),
    ],
)
def test_a_metric_has_three_digits_or_more_near_one(value: float, text: str) -> None:
    assert digits(value) == text


def test_complement_is_free_of_subtraction_noise() -> None:
    assert (complement(0.9), complement(0.8), complement(1.0)) == (0.1, 0.2, 0.0)


# Lines


def test_within_keeps_whole_lines_and_says_what_is_missing() -> None:
    assert truncate_lines(["one", "two", "end"], 1000) == "one\ntwo\nend"
    cut = truncate_lines(["a" * 10, "b" * 50, "c", "end"], 80)
    assert cut == "a" * 10 + "\n(2 more in the structured result)\nend"


# Passwords

URL_PARTS: Final = st.text(st.sampled_from("aZ3:@/?.%+-_~!"), max_size=12)


@given(st.sampled_from(("http", "svn+ssh", "a" * 40, "HTTPS")), URL_PARTS, URL_PARTS)
def test_no_user_and_no_password_of_a_url_stays(scheme: str, user: str, password: str) -> None:
    text = f"It failed: '{scheme}://{user}:secret{password}@host/x?token=secret&n=1', see b@c."
    assert without_passwords(text) == f"It failed: '{scheme}://host/x?token=…&n=1', see b@c."


@given(st.sampled_from(("s3", "s3a", "S3N", "file")), URL_PARTS)
def test_a_key_stays_as_it_is(scheme: str, key: str) -> None:
    text = f"{scheme}://b-1/{key}@2x.png is gone."
    assert without_passwords(text) == text


def test_a_long_text_takes_no_long_time() -> None:
    for part in ("a", "a.", "a://", "?key", "a@"):
        assert without_passwords(f"{part * 200_000} ://").startswith("a" if part != "?key" else "?")
