"""http.settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lfv_mcp.http.auth import AuthPolicy, is_private_url

HOST_PATTERN: Final = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?:\d{1,5}|\*))?")
ORIGIN_PATTERN: Final = re.compile(rf"[a-z][a-z0-9+.-]*://{HOST_PATTERN.pattern}")


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where the server stands: the names it goes by, and who looks after it.

    Args:
        allowed_hosts: what a `Host` header may say, beside the host of `public_url`, and loopback
            names on loopback: `name` for any port, `name:port` for one.
        allowed_origins: origins of web pages that may call; `:*` at the end for any port.
        behind_gateway: only a gateway reaches the server, and checks who calls.
        public_url: the URL of `/mcp` as clients know it; None for the one listened on.
        policy: whose tokens are taken; None if nobody is asked who they are.

    Raises:
        ValueError: a setting that cannot be, or would not protect.
    """

    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    behind_gateway: bool = False
    public_url: str | None = None
    policy: AuthPolicy | None = None

    def __post_init__(self) -> None:
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
