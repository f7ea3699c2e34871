"""Authentication over HTTP: an OAuth resource server made of the SDK's parts and PyJWT.

A token is checked and then dropped: it is not logged, not passed on and not kept.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from time import time
from typing import TYPE_CHECKING, Annotated, Any, Final, cast
from urllib.parse import urlsplit

import jwt
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl, TypeAdapter, UrlConstraints
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

from lfv_mcp.http.keys import (
    ALGORITHMS,
    DEFAULT_KEY_CACHE,
    KeyCachePolicy,
    KeysUnavailableError,
    SigningKeys,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


logger = logging.getLogger(__name__)
CLOCK_SKEW: Final = 30.0
"""Seconds by which the issuer's clock may be ahead of this machine's."""
# pydantic would put a slash at the end of a bare host, and then it is another issuer.
_URL: Final = TypeAdapter(Annotated[AnyHttpUrl, UrlConstraints(preserve_empty_path=True)])


@dataclass(frozen=True, slots=True)
class AuthPolicy:
    """Whose tokens are accepted, and which of them.

    Args:
        issuer: the `iss` of a token, to the letter.
        jwks_url: where the issuer publishes its keys.
        audiences: what a token may be issued for; without any, the server's URL alone.
        scopes: what a token must allow, all of them.
        algorithms: of the signature.
        audience_claim: `aud`, or `client_id` for Amazon Cognito.
        scope_claim: `scope`, or `scp` for Microsoft Entra.
        key_cache: how long the issuer's keys are used, and how often they are fetched.

    Raises:
        ValueError: the policy would not protect.
    """

    issuer: str
    jwks_url: str
    audiences: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    audience_claim: str = "aud"
    scope_claim: str = "scope"
    key_cache: KeyCachePolicy = DEFAULT_KEY_CACHE

    def __post_init__(self) -> None:
        """Refuse URLs that others can read or change, and algorithms that do not protect."""
        for url in (self.issuer, self.jwks_url):
            if not is_private_url(url):
                raise ValueError(f"{url!r} is not an https:// URL (http:// only on loopback).")
        if foreign := set(self.algorithms) - ALGORITHMS:
            raise ValueError(
                f"Algorithm {', '.join(sorted(foreign))} would not protect; those that do are "
                f"{', '.join(sorted(ALGORITHMS))}."
            )

    def settings(self, resource: str) -> AuthSettings:
        """The SDK's settings of a resource server; `resource` is the URL that clients use."""
        return AuthSettings(
            issuer_url=_URL.validate_python(self.issuer),
            resource_server_url=_URL.validate_python(resource),
            required_scopes=list(self.scopes) or None,
            validate_token_resource=False,  # the verifier looks at the audience itself
        )


def is_private_url(url: str) -> bool:
    """Whether a URL is https, or http to this machine: nobody can read or change what is sent."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        local = host == "localhost" or (parts.scheme == "http" and ip_address(host).is_loopback)
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and local))


class JwtVerifier:
    """The SDK's `TokenVerifier` for signed tokens (JWT)."""

    def __init__(self, policy: AuthPolicy, resource: str) -> None:
        """Verify tokens by a policy; `resource` is the URL that clients use."""
        self._policy = policy
        # As the operator writes it, and as the metadata does (no port 443, no capitals).
        self._audiences = policy.audiences or {resource, str(_URL.validate_python(resource))}
        self._keys = SigningKeys(policy.jwks_url, policy.algorithms, policy.key_cache)

    async def verify_token(self, token: str) -> AccessToken | None:
        """The caller and the scopes that a token proves; None if the token is not valid.

        Raises:
            KeysUnavailableError: the issuer's keys cannot be fetched, so nothing can be said.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self._policy.algorithms:
                raise jwt.InvalidAlgorithmError
            key = await self._keys.get((header.get("kid"), header["alg"]))
            if key is None:
                raise jwt.InvalidKeyError
            return self._granted(self._claims(token, key))
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            # The kind alone: the text may quote the token.
            logger.info("token refused: %s", type(error).__name__)
            return None

    def _claims(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        claims = jwt.decode(
            token,
            key,
            algorithms=self._policy.algorithms,
            issuer=self._policy.issuer,
            leeway=CLOCK_SKEW,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
        if not self._audiences.intersection(_texts(claims.get(self._policy.audience_claim))):
            raise jwt.InvalidAudienceError
        if claims["exp"] <= time():  # no leeway for what is over
            raise jwt.ExpiredSignatureError
        return claims

    def _granted(self, claims: Mapping[str, Any]) -> AccessToken:
        scopes = claims.get(self._policy.scope_claim)
        return AccessToken(
            token="",  # nothing behind this door needs it
            client_id=str(claims.get("client_id") or claims.get("azp") or claims.get("sub") or ""),
            scopes=scopes.split() if isinstance(scopes, str) else _texts(scopes),
            expires_at=int(claims["exp"]),
            subject=claims.get("sub"),
            claims={"iss": claims["iss"]},
        )


def _texts(claim: object) -> list[str]:
    """The texts of a claim that is one text or a list of them; none if the claim is missing.

    Raises:
        ValueError: the claim is of another kind.
    """
    if claim is None:
        return []
    if isinstance(claim, str):
        return [claim]
    if not isinstance(claim, list):
        raise ValueError("neither text nor list")  # noqa: TRY004 - all that is wrong is one kind
    texts: list[str] = []
    for text in cast(list[object], claim):
        if not isinstance(text, str):
            raise ValueError("not a list of texts")  # noqa: TRY004 - all that is wrong is one kind
        texts.append(text)
    return texts


class AuthResponses:
    """Adds the required scopes to 401/403, answers 503 when the issuer's keys cannot be fetched,
    and drops credentials where nobody is authenticated.

    503 rather than 401, because a client throws its token away at a 401, and the token may be good.
    Credentials are dropped because the SDK would otherwise check those of a health check too.
    """

    def __init__(
        self, app: ASGIApp, paths: frozenset[str], scopes: tuple[str, ...], retry_after: float
    ) -> None:
        """Wrap the SDK's application.

        Args:
            app: the application.
            paths: where callers are authenticated.
            scopes: the scopes that a token must have.
            retry_after: seconds after which the issuer's keys are fetched again.
        """
        self._app = app
        self._paths = paths
        self._scopes = " ".join(scopes)
        self._retry_after = retry_after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_scopes(message: Message) -> None:
            if message["type"] == "http.response.start" and self._scopes:
                headers = MutableHeaders(scope=message)
                if challenge := headers.get("www-authenticate"):
                    headers["www-authenticate"] = f'{challenge}, scope="{self._scopes}"'
            await send(message)

        if scope["type"] == "http" and scope["path"] not in self._paths:
            headers = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
            scope = {**scope, "headers": headers}
        try:
            await self._app(scope, receive, send_with_scopes)
        except KeysUnavailableError:
            response = PlainTextResponse(
                "The keys of the authorization server cannot be had.",
                503,
                {"Retry-After": f"{self._retry_after:.0f}"},
            )
            await response(scope, receive, send)
