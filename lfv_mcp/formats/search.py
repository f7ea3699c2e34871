"""Finds the records in a document, whatever they are wrapped in: `find_records`.

An SDK returns `{"status": ..., "model": {...}}`, a script keeps a map by name or by version, a
Lambda function answers with JSON in a text. A record is known by what it says: by its ARN, and by
members that say something of the model. Names of wrappers do not matter, save the API's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.foreign import UNKNOWN_FORM, foreign_name
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.members import MEMBERS, folded
from lfv_mcp.formats.notations import embedded_documents
from lfv_mcp.formats.record import (
    METADATA,
    ModelForm,
    Record,
    RecordForm,
    bare_model_form,
    captured_at,
    has_arn,
    has_two_times,
    manifest_record,
    model_record,
    project_record,
    result_record,
)
from lfv_mcp.formats.repeats import loads, values_given
from lfv_mcp.formats.work import TooMuchWorkError, Work

MAX_VISITED: Final = 200_000
"""Objects and lists of one document that are searched; records are not searched any further."""
MAX_DEPTH: Final = 64
"""Levels of objects in objects that are searched."""
_TEXT_LEVELS: Final = 2
"""How often a text may hold JSON: a log of Step Functions holds the answer of a Lambda so."""
_SHORTEST_TEXT: Final = 60
"""Characters of a text below which it holds no record: an ARN alone has most of them."""
_DOCUMENT_WORK: Final = 800
"""Work of a document, beside what is in it."""
_PLACE_WORK: Final = 300
"""Work of an object or a list that is searched."""
_TEXT_WORK: Final = 3_000
"""Work of a text that is searched, beside its characters."""
SERVICE: Final = ":lookoutvision:"
"""In every ARN of the service, and so in every record."""
_TOO_MANY: Final = f"more than {MAX_VISITED:,} objects in one document: not searched any further"
_FORMS: Final[Mapping[str, ModelForm]] = {
    "modeldescription": "model",
    "modelmetadata": "listing",
    "models": "listing",
}
"""What a model's record is in the members of the API's answers, folded."""
_SAYS_SOMETHING: Final = frozenset(
    folded(name)
    for name in MEMBERS["model"]
    if name not in ("ModelArn", "ModelVersion", "Description", "KmsKeyId")
)
"""Members, folded, one of which a model's record has beside its ARN; a prediction has none."""
_USED_UP: Final[Mapping[RecordForm, frozenset[str]]] = {
    "model": frozenset(map(folded, MEMBERS["model"])),
    "listing": frozenset(map(folded, MEMBERS["model"])),
    "project": frozenset(map(folded, MEMBERS["project"])),
}
"""The members of a record that are not searched for others, folded; what is not here has none."""


class _Place(NamedTuple):
    """A value to be searched, and where it stands.

    Args:
        value: an object, a list, or a text with JSON in it.
        label: the name of the member that holds it, also through lists.
        captured: the capture time of the nearest answer around it.
        depth: objects and texts around it.
        texts: texts around it.
    """

    value: Any
    label: str = ""
    captured: float | None = None
    depth: int = 0
    texts: int = 0


def find_records(
    document: object, work: Work | None = None, *, may_hold: bool = True
) -> tuple[list[Record], list[UnrecognisedError]]:
    """The records in one document, and its problems.

    A document with a record in it is not foreign, whatever else it holds. One without is named.

    Args:
        document: any JSON value.
        work: what the file may still take; None for a document of its own. If it takes more, that
            is the last of the problems.
        may_hold: whether the text of it names the service. Where it does not, the search ends
            soon, for it is only about what to call the document.
    """
    return _Search(MAX_VISITED if may_hold else 200, work or Work()).run(document)


class _Search:
    """One document while it is searched."""

    def __init__(self, most: int, work: Work) -> None:
        self._most = most
        self._work = work
        self._records: list[Record] = []
        self._problems: list[UnrecognisedError] = []
        self._foreign: list[str] = []

    def run(self, document: object) -> tuple[list[Record], list[UnrecognisedError]]:
        """Search the whole document."""
        try:
            self._work.spend(_DOCUMENT_WORK)
            self._search(document)
        except TooMuchWorkError as problem:
            self._problems.append(problem)
        if not self._records and not self._problems:
            name = next(iter(self._foreign), UNKNOWN_FORM)
            self._problems.append(UnrecognisedError(name))
        return self._records, self._problems

    def _search(self, document: object) -> None:
        pending = [_Place(document)]
        visited = 0
        while pending:
            place = pending.pop()
            visited += 1
            self._work.spend(_PLACE_WORK)
            room = self._most - visited - len(pending)
            inside = list(islice(self._visit(place), max(0, room) + 1))
            if len(inside) > room:
                if self._most == MAX_VISITED:
                    self._problems.append(UnrecognisedError(_TOO_MANY, corrupt=True))
                break
            pending += reversed(inside)

    def _visit(self, place: _Place) -> Iterator[_Place]:
        """Take the record that a place is, or go into it."""
        value = place.value
        if is_array(value):
            listed = place.label in _LISTS
            for item in value:
                if _is_worth(item):
                    yield place._replace(value=item)
                elif listed:
                    self._problems.append(UnrecognisedError(UNKNOWN_FORM))
        elif is_object(value):
            if place.depth > MAX_DEPTH:
                self._problems.append(UnrecognisedError("nested too deeply", corrupt=True))
                return
            yield from self._visit_object(value, place)
        elif _may_hold_records(value) and place.texts < _TEXT_LEVELS:
            yield from self._visit_text(value, place)

    def _visit_text(self, text: str, place: _Place) -> Iterator[_Place]:
        """Go into the JSON that a text is, or that stands in it, as in the line of a log."""
        self._work.spend(_TEXT_WORK + len(text))
        within = place._replace(texts=place.texts + 1, depth=place.depth + 1)
        try:
            yield within._replace(value=loads(text))
        except (ValueError, RecursionError):
            for inside in embedded_documents(text, self._work):
                if isinstance(inside, UnrecognisedError):
                    self._problems.append(inside)
                else:
                    yield within._replace(value=inside)

    def _visit_object(self, node: JsonObject, place: _Place) -> Iterator[_Place]:
        names = {folded(str(name)): name for name in node}
        if not METADATA.isdisjoint(names):
            if (captured := captured_at(node)) is not None:
                place = place._replace(captured=captured)
            elif has_two_times(node):
                self._problems.append(_twice("the date of its answer"))
        used_up = self._take_record(node, names, place)
        if used_up is None:
            return
        if not self._foreign and (foreign := foreign_name(node, names)) is not None:
            self._foreign.append(foreign)
        for folded_name, name in names.items():
            value = node[name]
            if folded_name in used_up or folded_name in METADATA or not _is_worth(value):
                continue
            within = _Place(value, str(name), place.captured, place.depth + 1, place.texts)
            if values_given(value) is None:
                yield within
            else:
                yield from self._given_twice(within)

    def _given_twice(self, place: _Place) -> Iterator[_Place]:
        """Each value that a member was given, in the member's place."""
        if folded(place.label) in _MEANT:
            self._problems.append(_twice(f"its {place.label}"))
        for value in values_given(place.value) or ():
            if _is_worth(value):
                yield place._replace(value=value)

    def _take_record(
        self, node: JsonObject, names: Mapping[str, str], place: _Place
    ) -> frozenset[str] | None:
        """Keep the record that an object is, or what is wrong with it.

        Returns:
            The members that need no search any more, folded; None if there is nothing to search.
        """
        try:
            record = _record(node, names, place)
        except UnrecognisedError as problem:
            if problem.is_unread or place.label in _LISTS:
                self._problems.append(problem)
                return None
            self._foreign.append(str(problem))
            return None if "source-ref" in node else frozenset()
        if record is None:
            return frozenset()
        self._records.append(record)
        return _USED_UP.get(record.form)


def _record(node: JsonObject, names: Mapping[str, str], place: _Place) -> Record | None:
    """The record that an object is; None if it is none.

    Raises:
        UnrecognisedError: it is shaped as one, but says nothing that can be used.
    """
    if "EvaluationDetails" in node and "AggregatedEvaluationResults" in node:
        return result_record(node)
    if "evaluationdetails" in names and "aggregatedevaluationresults" in names:
        raise UnrecognisedError(
            "an EvaluationResult with names of another spelling; save the file as it is in S3",
            convertible=True,
        )
    if "source-ref" in node:
        if place.depth:  # its lines are read from the file, so they cannot be deep inside
            raise _wrapped_manifest(node)
        return manifest_record(node)
    if place.label in _LISTS or place.label in _OWN_WRAPPERS:
        return _answered_record(node, place)
    if folded(place.label) in _FORMS and "modelarn" in names and place.label.lower() != "models":
        return _answered_record(node, place)
    return _bare_record(node, names, place)


def _answered_record(node: JsonObject, place: _Place) -> Record:
    """The record in an object that is where the API's answers have one."""
    label = folded(place.label)
    if label in _FORMS:
        return model_record(_FORMS[label], node, place.captured)
    return project_record(node, place.captured)


def _bare_record(node: JsonObject, names: Mapping[str, str], place: _Place) -> Record | None:
    """The record that was cut out of an answer by hand (`--query`), or wrapped by somebody else."""
    if "modelarn" in names and (
        ("ModelArn" in node and "ModelVersion" in node)
        or (has_arn(node[names["modelarn"]], "model") and not _SAYS_SOMETHING.isdisjoint(names))
    ):
        return model_record(bare_model_form(node), node, place.captured)
    if "projectarn" in names and (
        ("ProjectArn" in node and "ProjectName" in node)
        or (has_arn(node[names["projectarn"]], "project") and len(node) > 1)
    ):
        return project_record(node, place.captured)
    return None


_LISTS: Final = ("Models", "Projects")
"""The lists of the API's own answers, each of whose items is meant to be a record."""
_OWN_WRAPPERS: Final = ("ModelDescription", "ModelMetadata", "ProjectDescription")
"""The members of the API's own answers that are meant to be a record."""


def _wrapped_manifest(line: JsonObject) -> UnrecognisedError:
    """The problem of a manifest's line inside another document: a record, if a model judged it."""
    if SERVICE not in str(line):
        return UnrecognisedError("lines of a manifest inside another document")
    return UnrecognisedError(
        "lines of a manifest inside another document; take them out: jq -c '.. | objects, (strings "
        '| split("\\n")[] | fromjson? | objects) | select(has("source-ref"))\' FILE > FILE.jsonl',
        convertible=True,
    )


_MEANT: Final = frozenset(map(folded, (*_LISTS, *_OWN_WRAPPERS)))
"""Members that one answer has once, folded."""


def _twice(what: str) -> UnrecognisedError:
    return UnrecognisedError(f"{what} is given twice, with different values", corrupt=True)


def _is_worth(value: object) -> bool:
    """Whether there may be records in a value."""
    return isinstance(value, dict | list) or _may_hold_records(value)


def _may_hold_records(value: object) -> bool:
    """Whether a value is a text with JSON in it that names this service."""
    return (
        isinstance(value, str)
        and len(value) >= _SHORTEST_TEXT
        and SERVICE in value
        and ("{" in value or "[" in value)
    )
