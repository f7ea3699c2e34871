"""An OAuth issuer on loopback: it publishes a key, and signs tokens good and bad."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER: Final = "https://issuer.example"
SCOPE: Final = "lfv.read"
AUDIENCE: Final = "transcript"


@contextmanager
def issuer() -> Iterator[tuple[str, dict[str, str]]]:
    """The URL of the issuer's keys; tokens by what is the matter with them."""
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    public: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    keys = json.dumps({"keys": [public | {"kid": "1", "use": "sig", "alg": "ES256"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, format: str, *_: object) -> None:
            """Nobody reads it."""

    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "somebody",
        "exp": int(time.time()) + 3600,
        "scope": f"openid {SCOPE}",
    }

    def token(signer: Any = key, kid: str = "1", **claims: object) -> str:
        body = {name: value for name, value in (good | claims).items() if value is not None}
        return jwt.encode(body, signer, "ES256", {"kid": kid})

    tokens = {
        "good": token(),
        "without the scope": token(scope="openid"),
        "expired": token(exp=int(time.time()) - 60),
        "without an end": token(exp=None),
        "for another audience": token(aud="another"),
        "of another issuer": token(iss="https://other.example"),
        "signed with another key": token(other),
        "of an unknown key": token(other, "2"),
        "not signed": jwt.encode(good, None, "none"),  # type: ignore[arg-type]
        "no token at all": "rubbish",
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/keys", tokens
        finally:
            server.shutdown()
            thread.join()
