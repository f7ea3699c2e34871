"""Designed failures: their codes, who can act on them, and their text."""

from __future__ import annotations

import copy
import pickle

import pytest

from lfv_mcp.errors import ERRORS, CallerError, LfvError, ServiceError, SetupError
from lfv_mcp.formats.predictions.columns import NoPredictionsError
from lfv_mcp.model_query import invalid_argument
from lfv_mcp.wiring.source import SourceError


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


@pytest.mark.parametrize(
    "error",
    [
        SetupError("s3_not_found", "Gone.", "Look."),
        invalid_argument("threshold", 7, "it is a share", "0.5", meant="0.07"),
        NoPredictionsError("No rows.", "Name another file."),
        SourceError("source_unusable", "/x is none.", "Name one.", reason="it is none"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_said_again_carries_all_but_its_words(error: LfvError) -> None:
    error.question, error.other_version = "project_name=caps", "3"
    said = error.saying("Read https://u:secret@host/x.", "Wait.")
    words = {"message": "Read https://host/x.", "next_step": "Wait."}
    assert type(said) is type(error)
    assert vars(said) == vars(error) | words
    assert said.args == (words["message"],)
    assert vars(error.copy()) == vars(error)
    assert error.copy() is not error
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), vars(again), str(again)) == (type(error), vars(error), str(error))
