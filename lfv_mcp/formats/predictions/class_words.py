"""The words by which prediction files name a class, and which of the two classes each means.

Nothing is guessed: a word that is not in the table means nothing until a person says which words
are anomalies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.text import clean

_ANOMALY: Final = "anomaly anomalous abnormal defect defective bad ng nok fail 1 true yes"
_NORMAL: Final = "normal good ok pass 0 false no"
_CLASSES: Final = {
    **dict.fromkeys(_ANOMALY.split(), True),
    **dict.fromkeys(_NORMAL.split(), False),
}
"""Whether a word, folded, means an anomaly."""
_MISSING: Final = frozenset(("", "nan", "null", "<na>", "#n/a", "n/a"))
"""What stands where nothing was predicted: "none" is not among them, for it may mean no defect."""
_WHOLE_NUMBER: Final = re.compile(r"([+-]?[0-9]+)\.0*")
_SHOWN: Final = 60
"""Characters of a class word that a refusal shows."""


def folded_word(word: object) -> str:
    """A class word without what writers change in it: `" NG"`, `1.0` → "ng", "1".

    A word that says nothing (empty, null, NaN) is empty; so is what is no word, such as a list.
    """
    if word is None or not isinstance(word, str | int | float):
        return ""
    text = str(word).strip().casefold()
    if text in _MISSING:
        return ""
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole[1] if whole else text


def class_of(word: object, choice: ColumnChoice) -> bool | None:
    """Whether a class word means an anomaly; None if it says nothing, or is not known.

    Where a person said which words are anomalies, every other word is the other class.
    """
    folded = folded_word(word)
    if not folded:
        return None
    if choice.anomaly_values:
        return folded in _said_to_be_anomalies(choice.anomaly_values)
    return _CLASSES.get(folded)


def is_unknown(word: object, choice: ColumnChoice) -> bool:
    """Whether a word names a class, but nobody knows which."""
    return class_of(word, choice) is None and folded_word(word) != ""


@lru_cache(maxsize=16)
def _said_to_be_anomalies(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(filter(None, map(folded_word, values)))


def unknown_words(words: Iterable[object], column: str, place: str) -> PredictionsRefusedError:
    """The refusal of class words that are not known.

    Args:
        words: some of them, as they stand there.
        column: the column or member they stand in.
        place: the file.
    """
    shown = [clean(str(word), _SHOWN) for word in words]
    listed = ", ".join(repr(word) for word in shown)
    message = f"{place}: column {column!r} has {listed}, and which class that is nobody can know."
    next_step = (
        "Name each word that means a defect with --anomaly-value (it may be repeated, every other "
        f"word then means normal): --anomaly-value {shown[0]!r}"
    )
    if all(_is_number(word) for word in shown):
        next_step = (
            f"If these are anomaly scores: --score {column!r}, and --cut with the score from which "
            f"an image is rejected. {next_step}"
        )
    return PredictionsRefusedError(message, next_step)


def _is_number(word: str) -> bool:
    try:
        float(word.replace(",", "."))
    except ValueError:
        return False
    return True
