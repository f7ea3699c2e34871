"""Settings of the HTTP server: names and origins, authentication, and limits on requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lfv_mcp.http.auth import AuthPolicy, is_private_url

HOST_PATTERN: Final = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?:\d{1,5}|\*))?")
"""A host in lower case, with a port or `*` for any port if one follows."""
ORIGIN_PATTERN: Final = re.compile(rf"[a-z][a-z0-9+.-]*://{HOST_PATTERN.pattern}")
"""An origin in lower case: a scheme and a host."""


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How much, and for how long, the HTTP server takes from its clients.

    Args:
        max_connections: connections at one time, each with one request; of further ones only probes
            (`/healthz`, `/readyz`) are answered, everything else gets 503.
        max_reserved: further connections at one time; the oldest of them gives way to one more.
        reserved_seconds: seconds after which such a connection is closed, whatever it is doing.
        head_seconds: seconds in which a request's head has to arrive, on a new connection too.
        max_head_bytes: bytes of a request's head; tokens that name many groups are long.
        body_seconds: seconds in which a request's body has to arrive.
        max_body_bytes: bytes of a request's body; the longest sensible question has 5 kB.
        keep_alive_seconds: seconds for which an idle connection stays open, longer than load
            balancers keep theirs: otherwise they send requests into connections just closed.
        shutdown_seconds: seconds that running calls get once the server is told to end.
    """

    max_connections: int = 512
    max_reserved: int = 64
    reserved_seconds: float = 2.0
    head_seconds: float = 10.0
    max_head_bytes: int = 64 * 1024
    body_seconds: float = 10.0
    max_body_bytes: int = 256 * 1024
    keep_alive_seconds: int = 75
    shutdown_seconds: int = 5


DEFAULT_LIMITS: Final = HttpLimits()
"""The limits of a server that is not told others."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Hosts, origins, public URL, authentication and limits of the HTTP server.

    Args:
        allowed_hosts: what a `Host` header may say, beside the host of `public_url`, and loopback
            names on loopback: `name` for any port, `name:port` for one.
        allowed_origins: origins of web pages that may call; `:*` at the end for any port.
        behind_gateway: only a gateway reaches the server, and the gateway checks who calls.
        public_url: the URL of `/mcp` as clients know it; None for the one listened on.
        policy: whose tokens are accepted; None if callers are not authenticated.
        limits: on connections and requests.

    Raises:
        ValueError: a setting is malformed, or would not protect.
    """

    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    behind_gateway: bool = False
    public_url: str | None = None
    policy: AuthPolicy | None = None
    limits: HttpLimits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        """Check the settings, each alone and together."""
        for host in self.allowed_hosts:
            if not HOST_PATTERN.fullmatch(host.lower()):
                raise ValueError(f"{host!r} is not a host like mcp.example.com or localhost:8000.")
        for origin in self.allowed_origins:
            if not ORIGIN_PATTERN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin like https://app.example.com.")
        if self.behind_gateway and self.allowed_origins and not self.allowed_hosts:
            raise ValueError(
                "Behind a gateway Host and Origin are checked both or not at all: "
                "--allowed-origin takes --allowed-host too."
            )
        if self.public_url is None:
            return
        if not is_private_url(self.public_url):
            raise ValueError(f"{self.public_url!r} is not an https:// URL (http:// on loopback).")
        parts = urlsplit(self.public_url)
        if "@" in parts.netloc or parts.query or parts.fragment:  # everybody is told this URL
            raise ValueError("--public-url has no user, no query and no fragment.")
