"""Failures of tools in the words of the command line, which names arguments as its help does."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lfv_mcp.errors import LfvError
    from lfv_mcp.model_query import InvalidArgumentError

_BOTH_COSTS: Final = "--cost-of-escape 10 --cost-of-false-reject 1"
_PLACES: Final = {
    "project_name": ("PROJECT", "sample-cap-seal"),
    "model_version": ("VERSION", "3"),
    "model_versions": ("VERSIONS", "1 3"),
    "status": ("--status", "--status HOSTED"),
    "defect_rate": ("--defect-rate", "--defect-rate 0.01"),
    "threshold": ("--threshold", "--threshold 0.8"),
    "cost_of_escape": ("--cost-of-escape", _BOTH_COSTS),
    "cost_of_false_reject": ("--cost-of-false-reject", _BOTH_COSTS),
    "recall_at_least": ("--recall-at-least", "--recall-at-least 0.95"),
    "false_alarms_at_most": ("--false-alarms-at-most", "--false-alarms-at-most 0.05"),
    "recall_margin": ("--recall-margin", "--recall-margin 0.02"),
    "false_alarm_margin": ("--false-alarm-margin", "--false-alarm-margin 0.02"),
    "max_examples": ("--examples", "--examples 5"),
}
"""What the command line calls an argument of a tool, and a good value of it."""


@contextmanager
def failing_in_words(arguments: Mapping[str, object]) -> Generator[None]:
    """Failures in the words of a command line.

    Raises:
        LfvError: what was asked failed.
    """
    from lfv_mcp.errors import LfvError
    from lfv_mcp.model_query import InvalidArgumentError
    from lfv_mcp.server.failures import question_of

    try:
        yield
    except InvalidArgumentError as error:
        raise _in_words_of_the_command_line(error) from error
    except LfvError as error:
        error.question = question_of(error, arguments)
        raise


def _in_words_of_the_command_line(error: InvalidArgumentError) -> LfvError:
    """A refused argument by the name that stands in the command's help."""
    from lfv_mcp.errors import CallerError

    name, example = _PLACES.get(error.argument, (error.argument, ""))
    return CallerError(
        error.code,
        f"{name}: {error.shown_value} is not accepted: {error.rule}.",
        f"Correct it, for example: {example}." if example else "Correct it.",
    )
