"""Listening sockets, for addresses that the settings allow."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from lfv_mcp.errors import SetupError
from lfv_mcp.http.settings import HttpSettings


def open_listener(host: str, port: int, settings: HttpSettings) -> socket.socket:
    """Listen for the MCP server on an address that the settings allow; port 0 picks a free one.

    Raises:
        ValueError: other machines can reach the address, and nothing authenticates them.
        SetupError: no such host, or the port is taken.
    """
    authenticated = settings.behind_gateway or settings.policy is not None
    try:
        listener = listen(host, port, allow_remote=authenticated)
    except ValueError as error:
        raise ValueError(
            f"{error} All callers share this server's AWS identity, so that takes authentication "
            "(--auth-issuer and its companions), or --behind-gateway if a gateway in front "
            "authenticates every caller."
        ) from error
    if settings.policy and not settings.public_url and not is_loopback(listener):
        listener.close()
        raise ValueError(
            f"{host} can be reached from other machines: that takes --public-url, the URL that "
            "clients use, which tokens and Host headers have to name."
        )
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine can reach a listening socket."""
    return ip_address(listener.getsockname()[0]).is_loopback


def listen(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """Listen on an address; port 0 picks a free one.

    Raises:
        ValueError: other machines can reach the address, and `allow_remote` is false.
        SetupError: no such host, or the port is taken.
    """
    try:
        # IPv4 sorts first: localhost may name ::1 too, where there is no IPv6.
        family, *_, address = min(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        if not (allow_remote or ip_address(address[0]).is_loopback):
            raise ValueError(f"{host} can be reached from other machines.")
        listener = socket.create_server((str(address[0]), port), family=family)
        # Connections inherit this; without it each answer's body waits 40 ms for the receipt of its
        # head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, UnicodeError) as error:
        raise SetupError(
            "setup_invalid",
            f"Cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}.",
            "Choose another --host or --port; port 0 picks a free one.",
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
