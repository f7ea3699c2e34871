"""A text into the documents in it, in whatever notation they were saved.

JSON (one document, JSON Lines, arrays, anything between), Python as it is printed, YAML of AWS
CLI 2, the outputs of a notebook, JSON inside a JSON string. What holds records in another notation
is named with the line that converts it. From a log or a notebook nothing but documents is taken.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any, Final

from lfv_mcp.formats import almost_json
from lfv_mcp.formats.decoding import SERVICE, UnrecognisedError
from lfv_mcp.formats.json_text import BadJsonError, JsonText, Lines, may_be_array
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.known_documents import is_notebook, outputs_of, recorded_traffic
from lfv_mcp.formats.mentions import Mentions
from lfv_mcp.formats.printed_elsewhere import LIMIT as NAMING_LIMIT
from lfv_mcp.formats.printed_elsewhere import (
    output_elsewhere,
    printed_record,
    quoted_otherwise,
    stand_in,
)
from lfv_mcp.formats.printed_python import end_of_printed, python_value
from lfv_mcp.formats.work import TooMuchWorkError, Work
from lfv_mcp.formats.yaml_text import looks_like_yaml, yaml_documents

_MAX_BAD_PLACES: Final = 20
"""Places of one file that are no JSON, after which the rest of the file is not read."""
_NEAR: Final = 4096
"""Characters after a place that is no JSON within which the service is named if it was a record."""
_EMBEDDED_DEPTH: Final = 8
"""Levels of nesting in which JSON inside a string is looked for."""

_LARGE: Final = 64 * 1024
"""Characters of a text above which documents that do not name the service are counted only."""
_PASSED_OVER_WORK: Final = 200
"""Work of each document that is read and turns out not to name the service."""
_CELL_WORK: Final = 500
"""Work of each cell of a table that has JSON in it, beside what is read of it."""
_TEXT_WORK: Final = 1_000
"""Work of each text that is looked at, beside what is read of it."""
_NAMING_WORK: Final = 10
"""Work of each character in which the notation of a bad place is looked for."""

_find_start: Final = re.compile(r"\S").search
_opening: Final = re.compile(r"[\[{](?=\s*[\"'{\[\]}])")
_whole_member: Final = re.compile(r'[\[{\s]{0,256}+(?:"(?:[^"\\\n]|\\.)*+"\s*:|\Z)')
"""A document that begins as JSON does, by a name in quotes: it is JSON that is cut or damaged."""
_line_with_opening: Final = re.compile(
    # At the start of a line, or behind what a log puts there; a line that starts with a blank or
    # a quote goes on with the document that could not be read.
    r"^(?:[^\s\"'}\]{][^\n{\[]*?|\[[^\n{\[\"']*?)?(?P<at>[\[{](?=\s*[\"'{\[\]}]))",
    re.MULTILINE,
)
_SCALAR_STARTS: Final = frozenset("-0123456789tfnNI")

_ARN_IN_YAML: Final = re.compile(r"^[ -]*(?:Model|Project)Arn:", re.M)
_NOT_JSON: Final = "not JSON"


def documents_in_text(
    content: str, work: Work, *, first_line: int = 1, everything: bool = False
) -> Iterator[Any]:
    """The documents in a text one by one, with each problem in its place.

    Args:
        content: the text.
        work: what the file may still take.
        first_line: the number of its first line in the file, for messages.
        everything: also the documents of a large text that do not name the service, by the million
            maybe; else these are counted, for none of them can be a record.

    Raises:
        TooMuchWorkError: it takes more.
    """
    work.spend(_TEXT_WORK)
    if SERVICE in content or "\x1b" in content:
        content = almost_json.without_escapes(content)
    found = _find_start(content)
    if found is None:
        yield UnrecognisedError("empty file", corrupt=True)
    elif SERVICE in content and almost_json.has_cells(content):
        yield from _documents_in_cells(content, work, first_line)
    elif _begins_as_document(content, found.start()):
        scan = _Scan(content, work, first_line, everything=everything)
        yield from _or_named(scan.documents(), content, work)
    else:
        yield from _documents_in_prose(content, work, first_line)


def _begins_as_document(content: str, start: int) -> bool:
    """Whether a text may be one document after another; a log is none that starts by `[INFO]`."""
    char = content[start]
    if char in _SCALAR_STARTS:
        return SERVICE not in content
    return char in '{"' or (char == "[" and may_be_array(content, start))


def _documents_in_cells(content: str, work: Work, first_line: int) -> Iterator[Any]:
    """The documents in the cells of a table; of those that do not name the service the first."""
    line_at = Lines(content, first_line).at
    mentions = Mentions(content)
    for start, end, cell in almost_json.cells(content):
        work.spend(_CELL_WORK)
        if mentions.is_wanted(start, end):
            yield from documents_in_text(cell(), work, first_line=line_at(start))
        elif mentions.is_done(end):
            return


def _documents_in_prose(content: str, work: Work, first_line: int) -> Iterator[Any]:
    """The documents in a text that does not begin with one."""
    if SERVICE not in content:
        yield stand_in(content) or UnrecognisedError(_NOT_JSON)
        return
    yaml_problem: UnrecognisedError | None = None
    if looks_like_yaml(content):
        try:
            yield from yaml_documents(content, work)
        except TooMuchWorkError:
            raise
        except UnrecognisedError as problem:
            if problem.convertible or _ARN_IN_YAML.search(content):
                yaml_problem = problem
        else:
            return
    if named := output_elsewhere(content):
        yield UnrecognisedError(named, convertible=True)
        return
    scan = _Scan(content, work, first_line, prose=True)
    yield from _or_named(scan.documents(), content, work, yaml_problem)


def _or_named(
    documents: Iterator[Any],
    content: str,
    work: Work,
    problem: UnrecognisedError | None = None,
) -> Iterator[Any]:
    """The documents; what the text is if there is none."""
    first = next(documents, None)
    if first is None:
        work.spend(_NAMING_WORK * min(len(content), NAMING_LIMIT))
        yield problem or printed_record(content) or UnrecognisedError(_NOT_JSON)
        return
    yield first
    yield from documents


class _Scan:
    """The documents in a text: where each starts, and what is between them.

    Args:
        content: the text.
        work: what the file may still take.
        first_line: the number of its first line in the file.
        everything: also documents of a large text that cannot be records.
        prose: the text is not made of documents, such as a log: what only looks like one is none.
    """

    def __init__(
        self,
        content: str,
        work: Work,
        first_line: int,
        *,
        everything: bool = False,
        prose: bool = False,
    ) -> None:
        self._content = content
        self._work = work
        self._json = JsonText(content, first_line, work)
        self._prose = prose
        is_filtered = prose or (len(content) > _LARGE and not everything)
        self._filter = Mentions(content, prose=prose) if is_filtered else None
        self._is_split = is_filtered and not prose
        self._bad_places = 0
        self._without_comments: JsonText | None = None
        self._is_ours = SERVICE in content
        self._has_strings = self._is_ours and '\\"' in content

    def documents(self) -> Iterator[Any]:
        """Each document, or the problem in its place."""
        content = self._content
        position = 0
        find = _opening.search if self._prose else _find_start
        while found := find(content, position):
            start = found.start()
            if (position := self._beyond(start)) > start:
                continue
            try:
                if content[start] == "[" and self._is_split:
                    position = yield from self._items(start)
                elif content[start] in '{["':
                    value, position = self._json.document(start)
                    if self._is_wanted(start, position):
                        yield from self._prepared(self._json.checked(value, start, position))
                    elif self._is_done(position):
                        break
                else:
                    position = yield from self._between(start)
            except BadJsonError as error:
                resumed = yield from self._not_json(start, error)
                if resumed is None:
                    break
                position = resumed
        yield from self._said_at_the_end()

    def _said_at_the_end(self) -> Iterator[UnrecognisedError]:
        """What is said of the whole text."""
        if self._filter is not None and self._filter.has_passed_over:
            yield UnrecognisedError("more documents, none of which names a model")
        if self._json.constants:
            listed = " and ".join(sorted(self._json.constants))
            yield UnrecognisedError(f"{listed} is not JSON, so unknown", corrupt=True)

    def _prepared(self, value: Any) -> Iterator[Any]:
        """A document as it is looked at: of a notebook its outputs, strings of JSON decoded."""
        if is_object(value):
            if is_notebook(value):
                yield from _notebook_documents(value, self._work)
                return
            if "log" in value or "Records" in value:
                named = recorded_traffic(value, is_ours=self._is_ours)
                if named is not None:
                    yield named
                    return
        if self._has_strings:
            value = _with_strings_decoded(value, self._work, _EMBEDDED_DEPTH)
        yield value

    def _beyond(self, start: int) -> int:
        return start if self._filter is None else self._filter.beyond(start)

    def _is_wanted(self, start: int, end: int) -> bool:
        if self._filter is None or self._filter.is_wanted(start, end):
            return True
        self._work.spend(_PASSED_OVER_WORK)
        return False

    def _is_done(self, position: int) -> bool:
        return self._filter is not None and self._filter.is_done(position)

    def _items(self, start: int) -> Generator[Any, None, int]:
        """The items of an array singly; returns where it ends."""
        beyond = partial(self._filter.beyond, in_array=True) if self._filter is not None else None
        items = self._json.items(start, beyond)
        while True:
            try:
                value, first, end = next(items)
            except StopIteration as stop:
                return int(stop.value)
            if self._is_wanted(first, end):
                yield from self._prepared(self._json.checked(value, first, end))
            elif self._is_done(end):
                return len(self._content)

    def _between(self, start: int) -> Generator[Any, None, int]:
        """A number or the like that is a document of its own, or text; returns where to go on."""
        content = self._content
        if content[start] in _SCALAR_STARTS and self._json.may_be_scalar(start):
            try:
                value, end = self._json.value(start)
            except BadJsonError:
                pass
            else:
                if end == len(content) or content[end].isspace():
                    yield value
                    return end
        found = _opening.search(content, start)
        return found.start() if found else len(content)

    def _not_json(self, start: int, error: BadJsonError) -> Generator[Any, None, int | None]:
        """Read what starts at a place otherwise, or say what is wrong with it.

        Returns where to go on; None if the rest of the file is not to be read.
        """
        content, problem = self._content, error.problem
        if content[start] == "[" and not _opening.match(content, start):  # `[INFO] ...`
            found = _opening.search(content, start)
            return found.start() if found else None
        try:
            end = yield from self._printed_at(start)
        except TooMuchWorkError:
            raise
        except UnrecognisedError as other:
            end, problem = None, other
        if end is not None:
            return end
        if (mended := self._mended(start)) is not None:
            value, end = mended
            yield from self._prepared(value)
            return end
        if content[start] == "[" and self._filter is None and not problem.convertible:
            yield from self._items_before(start, error.position)
        # In JSON Lines another document follows; the lines of a single one are indented.
        found = _line_with_opening.search(content, start + 1)
        end = min(found.start("at") if found else len(content), start + _NEAR)
        if not self._prose or SERVICE in content[start:end]:
            self._bad_places += 1
            yield self._said_of(start, error.position, problem)
        if found is None or self._bad_places == _MAX_BAD_PLACES:
            return None
        return found.start("at")

    def _printed_at(self, start: int) -> Generator[Any, None, int | None]:
        """The printed Python that starts at a place; returns where it ends, None if there is none.

        Raises:
            UnrecognisedError: why it cannot be read.
        """
        end = end_of_printed(self._content, start, self._json.line, self._work)
        if end is None or not self._is_wanted(start, end):
            return end
        printed = python_value(self._content, start, end, self._work)
        if printed is None:
            return None
        yield from self._prepared(printed)
        return end

    def _mended(self, start: int) -> tuple[Any, int] | None:
        """The document that starts at a place once comments and the like are taken out of it."""
        if not self._is_ours or len(self._content) > almost_json.LIMIT:
            return None
        if self._without_comments is None:
            plain = almost_json.without_comments(self._content)
            self._without_comments = JsonText(plain, work=self._work)
        try:
            return self._without_comments.value(start)
        except BadJsonError:
            return None

    def _said_of(self, start: int, position: int, problem: UnrecognisedError) -> UnrecognisedError:
        """The problem of a document that is no JSON: its notation, where that can be told."""
        if problem.convertible or not self._is_ours or "Python" in str(problem):
            return problem
        near = self._content[start : max(position, start) + _NEAR]
        self._work.spend(_NAMING_WORK * len(near))
        if edited := quoted_otherwise(near):
            return UnrecognisedError(edited, convertible=True)
        is_json = _whole_member.match(self._content, start)
        return problem if is_json else printed_record(near) or problem

    def _items_before(self, start: int, position: int) -> Iterator[Any]:
        """The whole items of an array that is broken at some place."""
        try:
            for value, _, end in self._json.items(start):
                if end > position:
                    return
                if is_object(value):
                    yield from self._prepared(value)
        except BadJsonError:
            return


def _notebook_documents(notebook: JsonObject, work: Work) -> Iterator[Any]:
    """The documents in the outputs of a Jupyter notebook; nothing else of it."""
    count = 0
    for shown in outputs_of(notebook):
        for document in embedded_documents(shown, work) if isinstance(shown, str) else (shown,):
            count += 1
            yield document
    if not count:
        yield UnrecognisedError("a notebook without a saved answer in its outputs")


def embedded_documents(text: str, work: Work) -> Iterator[Any]:
    """The documents in a text inside another document, without what is no record there."""
    for document in documents_in_text(text, work):
        is_unread = isinstance(document, UnrecognisedError) and document.is_unread
        if is_unread or is_object(document) or is_array(document):
            yield document


def _with_strings_decoded(value: Any, work: Work, levels: int) -> Any:
    """A document that is a string of JSON about the service, or a list of such, decoded.

    Strings in the members of an object are left to the search for records.
    """
    if type(value) is str:
        is_ours = SERVICE in value and value.lstrip()[:1] in "{["
        return _decoded(value, work) if is_ours else value
    if levels and is_array(value):
        return [_with_strings_decoded(item, work, levels - 1) for item in value]
    return value


def _decoded(text: str, work: Work) -> Any:
    every = embedded_documents(text, work)
    found: list[Any] = [each for each in every if not isinstance(each, UnrecognisedError)]
    if not found:
        return text
    return found[0] if len(found) == 1 else found
