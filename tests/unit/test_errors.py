"""Designed failures: their codes, who can act on them, and their text."""

from __future__ import annotations

import pytest

from lfv_mcp.errors import ERRORS, CallerError, LfvError, ServiceError, SetupError


def test_every_code_says_who_can_act_and_what_it_means() -> None:
    for who, meaning in ERRORS.values():
        assert who in ("caller", "operator", "service")
        assert meaning


@pytest.mark.parametrize("kind", [CallerError, SetupError, ServiceError])
def test_a_code_that_is_not_listed_is_refused(kind: type[LfvError]) -> None:
    with pytest.raises(KeyError, match="no_such_code"):
        kind("no_such_code", "It failed.", "Wait.")


def test_the_text_has_message_code_question_and_next_step() -> None:
    error = ServiceError("throttled", "Too many requests.", "Ask again in a minute.")
    assert str(error) == "Too many requests. [throttled]\nNext: Ask again in a minute."
    error.question = "project_name=caps"
    assert str(error) == (
        "Too many requests. [throttled]\nAsked: project_name=caps\nNext: Ask again in a minute."
    )
