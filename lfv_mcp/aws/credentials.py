"""The one retry that expired AWS credentials are worth, shared by every client."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lfv_mcp.errors import SetupError

_T = TypeVar("_T")


def with_fresh_credentials(call: Callable[[], _T], forget: Callable[[], None] | None = None) -> _T:
    """Make a call, and make it once more if it fails because the credentials have expired.

    Args:
        call: opens its client by itself, so that the second call may get a newer one.
        forget: drops the client with the old credentials; None if a failed call has done so.

    Raises:
        SetupError: `credentials_expired` if the second call fails alike.
        LfvError: whatever else a call raises, at once.
    """
    try:
        return call()
    except SetupError as error:
        if error.code != "credentials_expired":
            raise
    # A login in another window (`aws sso login`) has left newer credentials behind.
    if forget is not None:
        forget()
    return call()
