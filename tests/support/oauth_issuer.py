"""An OAuth issuer under test: its keys, its tokens, and a policy that accepts them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from lfv_mcp.http.auth import AuthPolicy
from tests.support.api_endpoint import Endpoint, Reply, ok

URL: Final = "https://mcp.example.com/mcp"
METADATA: Final = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
ISSUER: Final = "https://issuer.example/pool"
SCOPE: Final = "models:read"
"""The scope that the server under test asks for."""

RSA: Final = rsa.generate_private_key(65537, 2048)
OTHER: Final = rsa.generate_private_key(65537, 2048)
EC: Final = ec.generate_private_key(ec.SECP256R1())


def published(**keys: Any) -> Reply:
    """A key set with the public halves of these, by id."""
    made = []
    for name, key in keys.items():
        kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        made.append({**kind.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"})
    return ok({"keys": made})


def policy(issuer: Endpoint, **changed: Any) -> AuthPolicy:
    """A policy that accepts tokens of this issuer, but for what is changed."""
    return replace(AuthPolicy(ISSUER, f"{issuer.url}/keys", scopes=(SCOPE,)), **changed)


def token(
    key: Any = RSA, kid: str | None = "one", algorithm: str = "RS256", /, **claims: Any
) -> str:
    """A token that is good but for what is said; a claim given as `...` is left out."""
    now = int(time.time())
    body = {
        **{"iss": ISSUER, "aud": URL, "sub": "somebody", "client_id": "agent"},
        **{"iat": now, "exp": now + 3600, "scope": f"openid {SCOPE}"},
        **claims,
    }
    kept = {name: value for name, value in body.items() if value is not ...}
    return jwt.encode(kept, key, algorithm, headers={"kid": kid} if kid else None)


def bearer(value: str, **more: str) -> dict[str, str]:
    """The headers of a request with a token."""
    return {"authorization": f"Bearer {value}", **more}
