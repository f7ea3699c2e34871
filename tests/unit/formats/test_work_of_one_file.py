"""The work that one file costs grows as its length does, whatever stands in it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lfv_mcp.formats.almost_json import LIMIT, without_comments
from lfv_mcp.formats.json_text import Lines
from lfv_mcp.formats.notations import documents_in_text
from lfv_mcp.formats.recognition import recognise

ARN = "arn:aws:lookoutvision:us-east-1:111122223333:model/cap-seal/3"
RECORD = f'{{"ModelDescription":{{"ModelArn":"{ARN}","Status":"HOSTED"}}}}\n'


class CountedText(str):
    """A text that counts the characters which are looked through to number a line.

    The JSON decoder does that too, with every error that it raises.
    """

    __slots__ = ("looked_through",)
    looked_through: int

    def count(self, what: str, *where: Any) -> int:
        start, end, _ = slice(*where or (None,)).indices(len(self))
        self.looked_through = getattr(self, "looked_through", 0) + max(0, end - start)
        return super().count(what, *where)


def looked_through(unit: str, times: int) -> int:
    text = CountedText(unit * times + f'"{ARN}"')
    for _ in documents_in_text(text):
        pass
    return getattr(text, "looked_through", 0)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("{} t ", id="words between objects"),
        pytest.param("{}\nt\n", id="words in lines of their own"),
        pytest.param("{}\n-\n", id="signs in lines of their own"),
        pytest.param("[INFO] started\n{}\n", id="lines of a log"),
        pytest.param("[1, 2]\n", id="short arrays"),
        pytest.param(',"{""a"":1}"', id="cells of a table"),
        pytest.param('"{""a"":1}",1\n', id="rows of a table"),
        pytest.param("{'a': 1}\n", id="printed Python"),
    ],
)
def test_lines_are_counted_once(unit: str) -> None:
    few, many = (looked_through(unit, times) for times in (500, 2_000))
    length = 2_000 * len(unit)
    assert many <= 4.5 * few + length
    assert many <= 4 * length


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a":1,' + "/**/" * (LIMIT // 4) + "x}", id="comments behind a comma"),
        pytest.param('"\\' * (LIMIT // 2), id="quotes that are escaped"),
        pytest.param("{" + ",//" * (LIMIT // 3) + "x}", id="a comment in each comment"),
        pytest.param(
            "{" + ",/*" * (LIMIT // 3) + "x}", id="comments without an end", marks=pytest.mark.slow
        ),
        pytest.param("{," + " " * LIMIT + "x}", id="blanks behind a comma"),
    ],
)
def test_comments_are_looked_for_in_one_way(text: str) -> None:
    """Each took from minutes to longer than anybody waits; a second is a hundred times too long."""
    start = time.process_time()
    assert len(without_comments(text)) == len(text)
    assert time.process_time() - start < 5


@pytest.mark.slow
def test_places_read_in_vain_are_bounded_and_said() -> None:
    text = f"a log\n{RECORD}" + 'x [{"\n' * 80_000 + RECORD
    records, problems = recognise(text.encode())
    assert [each.arn for each in records] == [ARN]
    assert any("too many places that are no JSON" in str(each) for each in problems)
    assert all(each.is_unread for each in problems)


@pytest.mark.slow
def test_odd_places_of_an_ordinary_log_cost_no_record() -> None:
    text = "a log\n" + 'x [{"\n' * 5_000 + RECORD
    records, problems = recognise(text.encode())
    assert [each.arn for each in records] == [ARN]
    assert problems == []


def test_line_numbers_are_those_of_a_count_from_the_start() -> None:
    text = "a\n\nb\nc\n" * 20
    lines = Lines(text, 7)
    for position in (0, 5, 80, 3, 4, 160, 0, 159):
        assert lines.at(position) == text.count("\n", 0, position) + 7
