"""The guard around a call, and how its failure reads, inside MCP and at the command line alike."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from lfv_mcp.errors import LfvError, ServiceError
from lfv_mcp.text import clean

logger = logging.getLogger(__name__)


@contextmanager
def guarded(what: str) -> Generator[None]:
    """Log any failure of the work inside, and let it out as an `LfvError`.

    A designed failure keeps its code and is logged at INFO. Anything else is a defect of this
    server: the traceback goes to the log, never to the caller, who gets `internal_error`.

    Args:
        what: names the work in the log; never the account's or the caller's text.

    Raises:
        LfvError: the work failed.
    """
    try:
        yield
    except LfvError as error:
        logger.info("%s failed: %s", what, error.code)
        raise
    except Exception as error:
        logger.exception("%s failed unexpectedly", what)
        raise ServiceError(
            "internal_error",
            "This server made a mistake of its own.",
            "Look at the server's log (stderr), and report it with the log lines.",
        ) from error


def question_of(error: LfvError, given: Mapping[str, object]) -> str:
    """What was asked, in words: as the catalogue understood it, or else the arguments as given.

    Empty for a bad argument, which the error's message quotes itself.
    """
    if error.code == "invalid_argument" and not error.question:
        return ""
    return error.question or ", ".join(
        f"{clean(name, 60)}={clean(value, 60)}"
        for name, value in given.items()
        if isinstance(value, str) and len(value) < 4096  # longer ones take long, and mean nothing
    )


def failure_text(error: LfvError, given: Mapping[str, object]) -> str:
    """A failed call for people: what happened, what to do next, and what was asked."""
    question = "" if error.question else question_of(error, given)
    return f"{error}\nAsked: {question}" if question else str(error)
