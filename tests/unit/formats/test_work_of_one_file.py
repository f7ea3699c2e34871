"""The work that one file costs grows as its length does, whatever stands in it."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import pytest

from lfv_mcp.formats import work as work_module
from lfv_mcp.formats.almost_json import LIMIT, without_comments
from lfv_mcp.formats.json_text import Lines
from lfv_mcp.formats.notations import documents_in_text
from lfv_mcp.formats.recognition import recognise
from lfv_mcp.formats.work import Work

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
    for _ in documents_in_text(text, Work(192 * len(text))):
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
def test_places_read_in_vain_are_bounded_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module, "ALLOWED", 10_000_000)
    monkeypatch.setattr(work_module, "ALLOWED_PER_BYTE", 0)
    text = f"a log\n{RECORD}" + 'x [{"\n' * 80_000 + RECORD
    records, problems = recognise(text.encode())
    assert [each.arn for each in records] == [ARN]
    assert any("takes too much work to read: 469 KiB of text" in str(each) for each in problems)
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


ODD_LINES = {
    "printed Python that is cut": "['x\n",
    "printed Python that is not closed": "['x'\n",
    "brackets that do not match": 'INFO {"a": 1, "b": [1,2}\n',
    "a cell without an end": '1,"{""a"":1\n',
    "a comma too many": '{"a": 1,}\n',
    "two braces": '{{"a": 1}}\n',
    "many open brackets": "[ [\n",
    "printed Python that names the service": f"{{'a': '{ARN}', 'b': [1]}}\n",
    "JSON in a text": '{"message": "a {\\"arn\\": \\"' + ARN + '\\"}"}\n',
    "bad JSON in a text": '{"message": "a {\\"arn\\": \\"' + ARN + '\\""}\n',
    "objects that only name the service": f'{{"a": {{"b": "{ARN}"}}}}\n',
    "NaN": '{"a": NaN}\n',
}


@pytest.mark.parametrize("before", ["", "a log\n"], ids=["documents", "prose"])
@pytest.mark.parametrize("name", ODD_LINES)
def test_the_work_of_a_file_is_bounded_whatever_its_lines(
    name: str, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a bound of nothing each kind of line has to be met by it: all of them are counted."""
    monkeypatch.setattr(work_module, "ALLOWED", 100_000)
    monkeypatch.setattr(work_module, "ALLOWED_PER_BYTE", 0)
    text = f"{before}{RECORD}" + ODD_LINES[name] * 20_000 + RECORD
    records, problems = recognise(text.encode())
    assert [each.arn for each in records] in ([ARN], [ARN, ARN])
    if len(records) == 1:
        assert any(each.is_unread for each in problems), problems


def test_a_file_that_takes_too_much_work_keeps_what_came_before_and_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work_module, "ALLOWED", 1_000_000)
    monkeypatch.setattr(work_module, "ALLOWED_PER_BYTE", 0)
    text = RECORD + f'{{"a": "{ARN}"}}\n' * 20_000
    records, problems = recognise(text.encode())
    assert [each.arn for each in records] == [ARN]
    (problem,) = [each for each in problems if each.is_unread]
    assert str(problem).startswith("takes too much work to read: 1 MiB of text")
    assert "save the answers alone" in str(problem)


def test_the_members_of_an_archive_share_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module, "ALLOWED", 3_000_000)
    monkeypatch.setattr(work_module, "ALLOWED_PER_BYTE", 0)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.json", f'{{"a": "{ARN}"}}\n' * 1_000)
        archive.writestr("last.json", RECORD)
    records, problems = recognise(made.getvalue())
    assert records == []
    assert any("takes too much work" in str(each) for each in problems)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("INFO got {}\n", id="braces in a log"),
        pytest.param('INFO {"a": 1, "b": [1, {"c": "d"}]}\n', id="JSON in a log"),
        pytest.param("INFO {'a': 1, 'b': [1, 2]}\n", id="printed Python in a log"),
        pytest.param("[INFO] got [1] {}\n", id="a log whose lines begin by a bracket"),
        pytest.param('{"a": 1, "b": "x"}\n', id="other documents"),
        pytest.param('1,"{""a"":1}"\n', id="cells of a table"),
    ],
)
def test_what_does_not_name_the_service_is_stepped_over(unit: str) -> None:
    """Ten times as much of it takes hardly any more of a file's work."""

    record = RECORD.replace('"', '""') if '""' in unit else RECORD
    last = unit.replace('{""a"":1}', record.strip()) if '""' in unit else RECORD

    def spent(times: int) -> int:
        counted = CountedWork()
        start = "" if unit[0] in "{[" else "a,b\n"
        found = list(documents_in_text(start + unit * times + last, counted))
        assert sum("ModelDescription" in str(each) for each in found) == 1
        return counted.spent

    assert spent(20_000) - spent(10_000) <= 10_000 * 600


class CountedWork(Work):
    """Work that is counted and not bounded."""

    def __init__(self) -> None:
        super().__init__()
        self.spent = 0

    def spend(self, characters: int) -> None:
        self.spent += characters


def read_all(line: str, work: Work) -> None:
    """Read a text with these lines, and then take more than any work."""
    list(documents_in_text("a log\n" + line * 5_000 + RECORD, work))
    work.spend(1_000_000)


def test_nothing_is_read_once_there_is_no_work_left() -> None:
    """The bound was caught as if it were what is wrong with one printed value."""

    class Spent(Work):
        times = 0

        def spend(self, characters: int) -> None:
            self.times += self._left < 0
            super().spend(characters)

    for line in ODD_LINES.values():
        work = Spent()
        work._left = 50_000
        with pytest.raises(work_module.TooMuchWorkError):
            read_all(line, work)
        assert work.times <= 1
