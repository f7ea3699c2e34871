"""JSON values out of a text of any size, one by one and in bounded memory.

A document of millions of values takes a hundred times the room of its text once it is decoded. So a
large text is decoded through a window, the items of a large array singly, and a value with too much
in it is refused before it is decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.repeats import may_repeat, object_of
from lfv_mcp.formats.work import Work

SMALL: Final = 1024 * 1024
"""Characters of a value that is decoded without precautions."""
_WINDOW: Final = 16 * 1024
"""Characters of the first window. Of an error the decoder numbers the line, for which it counts
those before it in the window: with a large one that takes ten times as long as decoding."""
_MAX_WINDOW: Final = 8 * SMALL
"""Characters of the largest value that is decoded; an answer has kilobytes."""
_MAX_STRUCTURE: Final = 1_000_000
"""Members and items of the largest value that is decoded; each may take 80 bytes."""
_EDGE: Final = 16
"""Characters before the end of a window within which an error may come from its being cut."""
_raw_decode: Final = json.JSONDecoder().raw_decode
_SCALAR: Final = r"(?:true|false|null|NaN|-?Infinity|-?[0-9][0-9.eE+-]*+)"
_scalar: Final = re.compile(rf"{_SCALAR}(?=\s|\Z)").match
_array: Final = re.compile(rf"\[\s*+(?:[\"{{\[\]]|{_SCALAR}\s*+[,\]])").match
_in_single_quotes: Final = re.compile(r"[\[{(\s]{0,256}+'").match
_BAD_PLACE_WORK: Final = 3_000
"""Work of a place that is no JSON, beside the characters that were decoded in vain."""
_TOO_DEEP_WORK: Final = 64 * 1024
"""Work of a value that is nested too deeply; where that shows is not known."""
_find_separator: Final = re.compile(r"\s*([,\]])\s*").match
_find_item: Final = re.compile(r"\s*(\]?)").match


class Lines:
    """Numbers of lines, each counted from the place that was asked for last.

    To count from the start of the text every time made a text with a million odd places take hours.

    Args:
        content: the text.
        first: the number of its first line in the file.
    """

    def __init__(self, content: str, first: int = 1) -> None:
        self._content = content
        self._position, self._line = 0, first

    def at(self, position: int) -> int:
        """The number of the line in which a character is."""
        low, high = sorted((self._position, position))
        between = self._content.count("\n", low, high)
        self._line += between if position >= self._position else -between
        self._position = position
        return self._line


def may_be_array(content: str, start: int) -> bool:
    """Whether what starts by a bracket goes on as an array of JSON does."""
    return _array(content, start) is not None


class BadJsonError(Exception):
    """A text is no JSON from some place on.

    Args:
        problem: what is wrong there.
        position: the character where it shows.
    """

    def __init__(self, problem: UnrecognisedError, position: int) -> None:
        """Keep both."""
        super().__init__(str(problem))
        self.problem = problem
        self.position = position


class JsonText:
    """The JSON values in a text.

    NaN and Infinity, which JSON does not have, become text: nobody should compute with them.

    Args:
        content: the text.
        first_line: the number of its first line in the file.
        work: what the file may still take; None if that is not bounded.
    """

    def __init__(self, content: str, first_line: int = 1, work: Work | None = None) -> None:
        self.content = content
        self.constants: set[str] = set()
        self._lines = Lines(content, first_line)
        self._work = work
        self._decode = _raw_decode
        if "NaN" in content or "Infinity" in content:
            decoder = json.JSONDecoder(parse_constant=self._constant_as_text)
            self._decode = decoder.raw_decode
        self._is_small = len(content) <= _WINDOW
        self._base, self._window = 0, "" if not self._is_small else content

    def _constant_as_text(self, name: str) -> str:
        self.constants.add(name)
        return name

    def may_be_scalar(self, start: int) -> bool:
        """Whether a number or the like stands at a character, and nothing more behind it."""
        return _scalar(self.content, start) is not None

    def document(self, start: int) -> tuple[Any, int]:
        """As `value`, without decoding what begins like no JSON.

        An error costs the decoder a look at every line before it, so the words of a log, and
        printed Python, took a time that grew with the square of their length.

        Raises:
            BadJsonError: there is none, or it is too large to be decoded.
            TooMuchWorkError: the file has taken more work than it may.
        """
        if quote := _in_single_quotes(self.content, start):
            raise self._bad(quote.end() - 1)
        self._require_array(start)
        return self.value(start)

    def _require_array(self, start: int) -> None:
        if self.content[start] == "[" and not may_be_array(self.content, start):
            raise self._bad(start + 1)

    def _bad(self, position: int) -> BadJsonError:
        message = f"not JSON (line {self.line(position)})"
        return BadJsonError(UnrecognisedError(message, corrupt=True), position)

    def value(self, start: int) -> tuple[Any, int]:
        """The value that starts at a character, and where it ends.

        Raises:
            BadJsonError: there is none, or it is too large to be decoded.
            TooMuchWorkError: the file has taken more work than it may.
        """
        try:
            if self._is_small:
                return self._decode(self.content, start)
            return self._value_in_window(start)
        except RecursionError as error:
            self._spend(_TOO_DEEP_WORK)
            problem = UnrecognisedError("nested too deeply", corrupt=True)
            raise BadJsonError(problem, start) from error
        except ValueError as error:
            # A number of too many digits is a ValueError without a place.
            position = getattr(error, "pos", None)
            position = start if position is None else position + self._base
            self._spend(_BAD_PLACE_WORK + position - start)
            raise self._bad(position) from error

    def checked(self, value: Any, start: int, end: int) -> Any:
        """A value that was decoded, with what contradicts itself kept whole."""
        if not may_repeat(value, self.content, start, end):
            return value
        read = self._constant_as_text
        decoder = json.JSONDecoder(parse_constant=read, object_pairs_hook=object_of)
        return decoder.decode(self.content[start:end])

    def _spend(self, characters: int) -> None:
        if self._work is not None:
            self._work.spend(characters)

    def line(self, position: int) -> int:
        """The number of the line in which a character is."""
        return self._lines.at(position)

    def _value_in_window(self, start: int) -> tuple[Any, int]:
        size = _WINDOW
        while True:
            offset = start - self._base
            if not 0 <= offset < len(self._window):
                offset = self._move_window(start, size)
            try:
                value, end = self._decode(self._window, offset)
            except ValueError as error:
                if self._base + len(self._window) >= len(self.content) or not _may_be_cut(
                    error, self._window
                ):
                    raise
                if not offset:
                    size = 4 * len(self._window)
                    self._spend(len(self._window))
                self._move_window(start, size)
            else:
                return value, self._base + end

    def _move_window(self, start: int, size: int) -> int:
        if size > _MAX_WINDOW:
            raise BadJsonError(_too_much(), start)
        self._base, self._window = start, ""
        window = self.content[start : start + size]
        if size > SMALL and sum(map(window.count, ",:[{")) > _MAX_STRUCTURE:
            raise BadJsonError(_too_much(), start)
        self._window = window
        return 0

    def items(
        self, start: int, beyond: Callable[[int], int] | None = None
    ) -> Generator[tuple[Any, int, int], None, int]:
        """The items of the array that starts at a character, each with its start and end.

        Returns where the array ends.

        Args:
            start: the character.
            beyond: says at which item to go on, of the start of one.

        Raises:
            BadJsonError: what follows the last item is none, or too large to be decoded.
        """
        self._require_array(start)
        position = start + 1
        found = _find_item(self.content, position)
        while found is not None and found[1] != "]":
            position = found.end() if beyond is None else beyond(found.end())
            value, end = self.value(position)
            yield value, position, end
            found = _find_separator(self.content, position := end)
        if found is None:
            raise self._bad(position)
        return found.end()


def _may_be_cut(error: ValueError, window: str) -> bool:
    """Whether an error may be there only because the window ends."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(window) - _EDGE


def _too_much() -> UnrecognisedError:
    return UnrecognisedError(
        f"a JSON value of more than {_MAX_STRUCTURE:,} members or {_MAX_WINDOW >> 20} MiB; split "
        "it into one answer a line (`jq -c '.[]'`)",
        convertible=True,
    )
