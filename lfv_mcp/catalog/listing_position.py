"""How far a listing has come, and the `next_token` that says so."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Final, NamedTuple

from lfv_mcp.model_query import invalid_argument

_CHECK_BYTES: Final = 6
AFTER_MODELS: Final = "~"
"""The region of a position among the prediction sets, which come after the models of all regions:
`project` and `token_of_projects` then name the last one."""


class ListingPosition(NamedTuple):
    """How far a listing has come.

    The position is all that a token holds, so any replica of the server can continue the listing.
    Clients hold tokens across an update of the server: their format must not change.
    """

    region: str = ""
    account: str = ""
    token_of_projects: str = ""
    """The API's own token for the page of ListProjects that the project is on."""
    project: str = ""
    version: int = 0
    """The versions below this one are still to come."""

    def token(self) -> str:
        """The position as opaque text, with check digits against damage."""
        position = json.dumps(self).encode()
        return urlsafe_b64encode(_check_bytes(position) + position).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> ListingPosition:
        """The position of a token that `token` made; the start for an empty one.

        Raises:
            CallerError: `invalid_argument`, the token is damaged or none of ours.
        """
        if not token:
            return cls()
        try:
            data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            position = data[_CHECK_BYTES:]
            if _check_bytes(position) == data[:_CHECK_BYTES]:
                match json.loads(position):
                    case [
                        str(region),
                        str(account),
                        str(token_of_projects),
                        str(project),
                        int(version),
                    ]:
                        return cls(region, account, token_of_projects, project, version)
                    case _:
                        pass
        except (ValueError, TypeError):
            pass  # answered below, as any other damage is
        raise invalid_argument(
            "next_token",
            token,
            "it is the next_token of an earlier answer, unchanged",
            '"" (to start over)',
        )


def _check_bytes(position: bytes) -> bytes:
    return blake2b(position, digest_size=_CHECK_BYTES).digest()
