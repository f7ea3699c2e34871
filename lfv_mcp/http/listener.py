"""http.listener."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from lfv_mcp.errors import SetupError
from lfv_mcp.http.settings import HttpSettings


def open_listener(host: str, port: int, site: HttpSettings) -> socket.socket:
    """A listening socket where the site allows one; port 0 picks a free one.

    Raises:
        ValueError: other machines would reach it, and that is not provided for.
        SetupError: no such host, or the port is taken.
    """
    guarded = site.behind_gateway or site.policy is not None
    try:
        listener = listen(host, port, allow_remote=guarded)
    except ValueError as error:
        raise ValueError(
            f"{error} All callers share this server's AWS identity, so that takes authentication "
            "(--auth-issuer and its companions), or --behind-gateway where nobody gets past a "
            "gateway that authenticates."
        ) from error
    if site.policy and not site.public_url and not is_loopback(listener):
        listener.close()
        raise ValueError(
            f"{host} can be reached from other machines: that takes --public-url, the URL that "
            "clients use, which tokens and Host headers have to name."
        )
    return listener


def is_loopback(listener: socket.socket) -> bool:
    return ip_address(listener.getsockname()[0]).is_loopback


def listen(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """A listening socket; port 0 picks a free one.

    Raises:
        ValueError: other machines can reach the host, and that was not allowed.
        SetupError: no such host, or the port is taken.
    """
    try:
        # IPv4 sorts first: localhost may name ::1 too, where there is no IPv6.
        family, *_, address = min(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        if not (allow_remote or ip_address(address[0]).is_loopback):
            raise ValueError(f"{host} can be reached from other machines.")
        listener = socket.create_server((str(address[0]), port), family=family)
        # For every connection: else each answer's body waits 40 ms for its head's receipt.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, UnicodeError) as error:
        raise SetupError(
            "setup_invalid",
            f"Cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}.",
            "Choose another --host or --port; port 0 picks a free one.",
        ) from error


def url_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
