"""http.keys."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from itertools import product
from math import inf
from time import monotonic
from typing import Any, Final

import anyio
import httpx2
import jwt

logger = logging.getLogger(__name__)

ALGORITHMS: Final = frozenset(
    {f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)} | {"EdDSA"}
)
"""All that may be asked for. With a symmetric one the published keys could sign tokens."""
FRESH_FOR: Final = 300.0
"""Seconds after which the issuer's keys are fetched again."""
KEPT_FOR: Final = 3600.0
"""Seconds for which they are good when they cannot be fetched again."""
FETCH_SECONDS: Final = 4.0
"""Seconds that one fetch may take."""
KEYS_LIMIT: Final = 256 * 1024
"""Bytes of a key set; the largest of the known providers have 20 kB."""
COOLDOWN: Final = 10.0
"""Seconds between two fetches, whatever came of the first: anybody can name unknown keys."""


class KeysUnavailableError(Exception):
    """The issuer's keys cannot be had, so nothing can be said about a token."""


_KeyName = tuple[str | None, str]  # a key's id, if it has one, and its algorithm


class SigningKeys:
    """The issuer's public keys, fetched when they are needed but never often."""

    def __init__(self, url: str, algorithms: tuple[str, ...]) -> None:
        self._url = url
        self._algorithms = algorithms
        self._lock = anyio.Lock()
        self._keys: Mapping[_KeyName, jwt.PyJWK] = {}
        self._tried = self._fetched = -inf

    async def get(self, name: _KeyName) -> jwt.PyJWK | None:
        """The key of that name; a new one is found, because an unknown name lets us look again.

        Raises:
            KeysUnavailableError: it is not known, and the issuer does not answer.
        """
        # Who waits here finds what another has fetched; a key that is known need not wait for it.
        if self._is_wanting(name) and not (self._lock.locked() and self._is_known(name)):
            async with self._lock:
                if self._is_wanting(name):
                    await self._fetch()
        if not self._is_known(name) and self._fetched < self._tried:
            raise KeysUnavailableError
        return self._keys.get(name)

    def _is_known(self, name: _KeyName) -> bool:
        return name in self._keys and monotonic() - self._fetched <= KEPT_FOR

    def _is_wanting(self, name: _KeyName) -> bool:
        now = monotonic()
        fresh = name in self._keys and now - self._fetched < FRESH_FOR
        return not fresh and now - self._tried >= COOLDOWN

    async def _fetch(self) -> None:
        """Replace the keys by those of now; if they cannot be had, the old ones stay."""
        done = False
        try:
            with anyio.fail_after(FETCH_SECONDS):
                document = json.loads(await self._read())
            self._keys = dict(self._usable(document["keys"]))
            done = True
        except TimeoutError:
            logger.warning("the issuer's keys take too long")
        except Exception as error:  # whatever the other side has done, we have no keys
            # The kind alone: the text may quote what was sent, or say where.
            logger.warning("the issuer's keys cannot be had: %s", type(error).__name__)
        finally:  # of a caller who hangs up, too: else anybody could have us fetch without end
            self._tried = monotonic()
            if done:
                self._fetched = self._tried

    async def _read(self) -> bytes:
        """The key set as it is sent: not compressed, without redirects, and not without end."""
        body = bytearray()
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with (
            httpx2.AsyncClient(timeout=FETCH_SECONDS) as client,
            client.stream("GET", self._url, headers=headers) as reply,
        ):
            if reply.status_code != 200:
                raise ValueError
            async for piece in reply.aiter_raw():
                body += piece
                if len(body) > KEYS_LIMIT:
                    raise ValueError
        return bytes(body)

    def _usable(self, keys: Any) -> Iterator[tuple[_KeyName, jwt.PyJWK]]:
        """The keys that can sign, each for every algorithm that it may be used with.

        Raises:
            ValueError: there is no key at all.
        """
        if not keys:
            raise ValueError
        for data, algorithm in product(keys, self._algorithms):
            try:
                key_id = data.get("kid")
                signs = data.get("use", "sig") == "sig" and data.get("alg", algorithm) == algorithm
                if signs and isinstance(key_id, str | None):
                    yield (key_id, algorithm), jwt.PyJWK(data, algorithm)
            except Exception as error:  # one that cannot be read, or is of another kind
                logger.debug("a key of the issuer is passed over: %s", type(error).__name__)
