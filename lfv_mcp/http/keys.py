"""The public keys by which the tokens of an OAuth issuer are verified."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
"""Signature algorithms that a policy may allow. None is symmetric: with a symmetric one, anybody
could sign tokens with the published key."""


@dataclass(frozen=True, slots=True)
class KeyCachePolicy:
    """How long an issuer's keys are used, and how often they are fetched.

    Args:
        fresh_seconds: seconds after which the keys are fetched again.
        stale_seconds: seconds for which the keys stay valid while they cannot be fetched again.
        fetch_seconds: seconds that one fetch may take.
        max_bytes: bytes of a key set; the largest of the known providers have 20 kB.
        cooldown: seconds between two fetches, whether the first one succeeded or not, because
            anybody can send a token that names an unknown key.
    """

    fresh_seconds: float = 300.0
    stale_seconds: float = 3600.0
    fetch_seconds: float = 4.0
    max_bytes: int = 256 * 1024
    cooldown: float = 10.0


DEFAULT_KEY_CACHE: Final = KeyCachePolicy()
"""The policy for an issuer of whom nothing else is said."""


class KeysUnavailableError(Exception):
    """The issuer's keys cannot be fetched, so nothing can be said about a token."""


_KeyName = tuple[str | None, str]  # a key's id, if it has one, and its algorithm


class SigningKeys:
    """An issuer's public keys, fetched at the first token, then rarely, and kept through outages.

    PyJWT's own `PyJWKClient` blocks the event loop, has no pause between fetches, and loses its
    keys while the issuer is down.
    """

    def __init__(
        self, url: str, algorithms: tuple[str, ...], policy: KeyCachePolicy = DEFAULT_KEY_CACHE
    ) -> None:
        """Use the keys published at a URL, for these signature algorithms."""
        self._url = url
        self._algorithms = algorithms
        self._policy = policy
        self._lock = anyio.Lock()
        self._keys: Mapping[_KeyName, jwt.PyJWK] = {}
        self._tried = self._fetched = -inf

    async def get(self, key_name: _KeyName) -> jwt.PyJWK | None:
        """The key of that id and algorithm; None if the issuer does not publish one.

        An unknown name leads to a fetch, so that a rotated key is found.

        Raises:
            KeysUnavailableError: the key is not known, and the issuer's keys cannot be fetched.
        """
        # A token whose key is known does not wait for a fetch that another token has begun.
        fetching = self._lock.locked()
        if self._should_refetch(key_name) and not (fetching and self._is_usable(key_name)):
            async with self._lock:
                if self._should_refetch(key_name):  # not if another token has just had it done
                    await self._fetch()
        if not self._is_usable(key_name) and self._fetched < self._tried:
            raise KeysUnavailableError
        return self._keys.get(key_name)

    def _is_usable(self, key_name: _KeyName) -> bool:
        age = monotonic() - self._fetched
        return key_name in self._keys and age <= self._policy.stale_seconds

    def _should_refetch(self, key_name: _KeyName) -> bool:
        now = monotonic()
        fresh = key_name in self._keys and now - self._fetched < self._policy.fresh_seconds
        return not fresh and now - self._tried >= self._policy.cooldown

    async def _fetch(self) -> None:
        """Replace the keys by those published now; if the fetch fails, the old ones stay."""
        done = False
        try:
            with anyio.fail_after(self._policy.fetch_seconds):
                document = json.loads(await self._read())
            self._keys = dict(self._usable(document["keys"]))
            done = True
        except TimeoutError:
            logger.warning("the issuer's keys take too long")
        except Exception as error:  # whatever the issuer sent, there are no keys in it
            # The kind alone: the text may quote what was sent, or say where.
            logger.warning("the issuer's keys cannot be had: %s", type(error).__name__)
        finally:
            # After a cancellation too: otherwise callers who hang up early could cause fetch after
            # fetch, without a pause between them.
            self._tried = monotonic()
            if done:
                self._fetched = self._tried

    async def _read(self) -> bytes:
        """Fetch the key set: uncompressed, without redirects, up to the largest size allowed."""
        body = bytearray()
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with (
            httpx2.AsyncClient(timeout=self._policy.fetch_seconds) as client,
            client.stream("GET", self._url, headers=headers) as reply,
        ):
            if reply.status_code != 200:
                raise ValueError
            async for piece in reply.aiter_raw():
                body += piece
                if len(body) > self._policy.max_bytes:
                    raise ValueError
        return bytes(body)

    def _usable(self, keys: Any) -> Iterator[tuple[_KeyName, jwt.PyJWK]]:
        """The published keys for signatures, each under every algorithm it may be used with.

        Raises:
            ValueError: no key is published.
        """
        if not keys:
            raise ValueError
        for data, algorithm in product(keys, self._algorithms):
            try:
                key_id = data.get("kid")
                signs = data.get("use", "sig") == "sig" and data.get("alg", algorithm) == algorithm
                if signs and isinstance(key_id, str | None):
                    yield (key_id, algorithm), jwt.PyJWK(data, algorithm)
            except Exception as error:  # a malformed key, or one of another kind
                logger.debug("a key of the issuer is passed over: %s", type(error).__name__)
