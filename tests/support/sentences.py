"""Sentences of answers: split, chosen and held against the numbers of the structure beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import floor, isclose, log10, sqrt
from typing import Any, Final, NamedTuple

_END_OF_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\"])")
_JUDGEMENT: Final = re.compile(
    r"\d|\b(better|worse|best|worst|cheapest|proven|shown|refuted|decided?|undecided|equal|accept|"
    r"reject|replace|reliable|trust|sure|certain|perfect|flatter|rare|few|most|no error|"
    r"comparable)",
    re.IGNORECASE,
)
_NAMES: Final = re.compile(
    r"""
    s3://[^\s;)]+ | \S+/\S+ | [\w-]+\.(?:png|jsonl?|md)\b   # places of files
    | \d{4}-\d\d-\d\d\S*                                    # days and times
    | sample-[\w-]+(?:\ version)?(?:\ \d+(?=[:\s.,]|$))?      # models of the sample
    | \bversions?\ \d+(?:(?:,|\ and|,\ and)\ (?:version\ )?\d+(?!\s*%))*
    | \b\d+\ (?:October)\ \d{4} | \bISO\ 8601 | \bF1\b | \bp\ <\ 0\.0001
    | \b95\ %(?=\ intervals?\b|\)) | \b1\ -\ Confidence\b | \b10\ \+\ 10\b(?!\ images)
    | '[^']*\d[^']*'                                        # names in quotation marks
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"(?<![\w.])[+−±-]?(\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)(?![\w])")
_OPTIMISM: Final = (20.0, 30.0)
"""Points of optimism times the root of the number of defects: statistics of a chosen cut."""
_CONSTANTS: Final[Mapping[str, str]] = {
    r"\bbars? (of|is) \d+ %|\(our bar: \d+ %\)|(below|above) \d+ %": "bars of this project",
    r"\bbars are recall 0\.7 and average IoU 0\.5": "bars of this project for labels",
    r"\bbar for a critical finding is \d+ %": "another bar of this project",
    r"\b1,?000,?000\b|\bof a million\b|\bof 100\b": "what a rate is told of",
    r"10 to 25 % too low": "what simulation says of a cost chosen on the same images",
    r"by 3 to 5 points with 40 defects|after 10 defects without a miss up to 28 %": "examples",
    r"Recorded metrics, 0 to 1|metric, 0 to 1": "the unit",
    r"80 % chance": "the power that images_needed is told for",
    r"3 to 5 points lower if 40 defects were tested, 1 to 1.5 if 400": "examples",
    r"\(0 of [\d,]+ are shared": "images of another test set: the structure has same_test_set",
    r"lose about [\d.]+ points? of recall": "what simulation says of equal rankers",
    r"[\d,]+ images? (is|are) judged against": "labels_to_doubt lists the first of them",
    r"\b\d{2}:\d{2}\b|: (\d+ h )?(\d+ min|<1 min)?(?= for training)": "times, tested apart",
}
_COUNTS: Final = ("true_positives", "false_positives", "false_negatives", "true_negatives")


class Number(NamedTuple):
    """A number of a sentence: where, as written, its size, and how it is to be read."""

    start: int
    written: str
    size: float
    is_percent: bool
    in_hundreds: bool
    """The sentence tells points, or so many of a hundred."""


def reflowed(markdown: str) -> str:
    """Markdown with every paragraph and every item of a list on one line."""
    return re.sub(r"(?<=\S)\n(?!\s*(?:[-|#]|\d+\.\s|$|\n))\s*", " ", markdown)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, line by line."""
    for line in text.splitlines():
        stripped = line.strip().removeprefix("- ")
        yield from filter(None, _END_OF_SENTENCE.split(stripped))


def has_number_or_judgement(sentence: str) -> bool:
    """Whether a sentence says how much, or how good."""
    return bool(_JUDGEMENT.search(sentence))


def texts_of(structure: object) -> Iterator[str]:
    """Every text of a structure that is made of words: summaries, messages, advice, reasons."""
    if isinstance(structure, Mapping):
        for name, value in structure.items():
            if name not in ("source", "artifacts", "model_description", "status_message"):
                yield from texts_of(value)
    elif isinstance(structure, list):
        for value in structure:
            yield from texts_of(value)
    elif isinstance(structure, str) and structure.count(" ") > 1:
        yield structure


def unproven_numbers(sentence: str, structure: Mapping[str, Any]) -> list[str]:
    """The numbers of a sentence that no number of the structure gives, rounded or not."""
    values = list(_derived(structure, sentence))
    return [
        number.written
        for number in numbers_in(sentence)
        if not any(_gives(value, number) for value in values)
    ]


def numbers_in(sentence: str) -> Iterator[Number]:
    """The numbers of a sentence, without names, days and the constants that a text may tell."""
    bare = sentence
    for pattern in _CONSTANTS:
        bare = re.sub(pattern, lambda match: " " * len(match[0]), bare, flags=re.IGNORECASE)
    bare = _NAMES.sub(lambda match: " " * len(match[0]), bare)
    hundreds = bool(re.search(r"(?i)\bpoints?\b|\bof 100\b", sentence))
    for match in _NUMBER.finditer(bare):
        after = bare[match.end() :]
        percent = re.match(r"\s?%|\s?to\s[\d.,]+\s?%", after) is not None
        size = float(match[1].replace(",", ""))
        yield Number(match.start(), match[0], size, percent, hundreds)


def _gives(value: float, number: Number) -> bool:
    if number.is_percent:
        return _rounds_to(100 * value, number)
    return _rounds_to(value, number) or (number.in_hundreds and _rounds_to(100 * value, number))


def _rounds_to(value: float, number: Number) -> bool:
    value, size = abs(value), number.size
    decimals = len(number.written.partition(".")[2])
    if abs(value - size) <= 0.5 * 10.0**-decimals * (1 + 1e-6):
        return decimals > 0 or value == round(value) or number.is_percent or value >= 0.5
    if value == 0:
        return False
    if isclose(float(f"{value:.1e}"), size) or isclose(float(f"{value:.2e}"), size):
        return True
    unit = 10.0 ** (floor(log10(value)) - 1)
    if 0 <= size - value < unit and isclose(size / unit, round(size / unit)):
        return True  # a margin is rounded up
    return size in (1, 99) and (0 < value < 1 or 99 < value < 100)  # less than 1, more than 99


def _derived(structure: Mapping[str, Any], sentence: str) -> Iterator[float]:
    """The numbers of a structure, and what a sentence may say of them: complements and counts."""
    for value in _numbers(structure, sentence):
        yield value
        if 0 <= value <= 1:
            yield 1 - value
    for record in _records(structure, sentence):
        if all(name in record for name in _COUNTS):
            counts = [record[name] for name in _COUNTS]
            yield from (sum(pair) for pair in combinations(counts, 2))
            yield sum(counts)
            defects = record["true_positives"] + record["false_negatives"]
            if defects:
                yield from (points / sqrt(defects) for points in _OPTIMISM)
        if isinstance(precision := record.get("precision"), int | float):
            recall = record.get("recall", 0.0)
            yield 2 * precision * recall / ((precision + recall) or 1)
        yield from (len(value) for value in record.values() if isinstance(value, list))
    if isinstance(models := structure.get("models"), list):
        yield len({model.get("project_name") for model in models})


def _numbers(value: object, sentence: str) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _numbers(inner, sentence)
    elif isinstance(value, list):
        for inner in value:
            if not isinstance(inner, Mapping) or _is_of(inner, sentence):
                yield from _numbers(inner, sentence)


def _records(value: object, sentence: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _records(inner, sentence)
    elif isinstance(value, list):
        for inner in value:
            if not isinstance(inner, Mapping) or _is_of(inner, sentence):
                yield from _records(inner, sentence)


def _is_of(row: Mapping[str, Any], sentence: str) -> bool:
    """Whether a sentence is about a row of a list, which it then names."""
    if "image" in row:
        return str(row["image"]).rpartition("/")[2] in sentence
    if isinstance(threshold := row.get("threshold"), int | float):
        return any(f"{threshold:{digits}}" in sentence for digits in (".6g", ".3g", ".2g"))
    if "project_name" in row:
        named: Sequence[object] = (row["project_name"], row.get("model_version", ""))
        return all(str(name) in sentence for name in named)
    return str(row["name"]) in sentence if "name" in row else True
