"""The seam between the boto3 client and whatever answers its requests without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lfv_mcp.identifiers import AccountScope


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply: status, body, and headers with lower-case names."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Transport(Protocol):
    """Answers HTTP requests of the Lookout for Vision API, as the service itself would."""

    def answer(self, method: str, url: str, scope: AccountScope) -> Reply:
        """The reply to one request, an API error among them.

        Args:
            method: the HTTP method, upper case.
            url: the whole URL; its host means nothing.
            scope: region and account of the caller, as the request's signature would say.

        Raises:
            LfvError: nothing can be answered at all.
        """
        ...
