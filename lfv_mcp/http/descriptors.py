"""File descriptors: how many connections the process's limit allows, and what happens without any.

A connection takes a descriptor. macOS allows a process 256 of them unless told otherwise; a server
that accepts more connections than it has descriptors for cannot open the files it answers from.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from lfv_mcp.http.settings import HttpLimits

logger = logging.getLogger(__name__)

OTHER_DESCRIPTORS: Final = 128
"""Kept for all but clients: files of the archive, connections to AWS, connections being closed."""
WARN_SECONDS: Final = 60.0
"""Between two warnings that no descriptor is left."""


def fit_to_descriptors(limits: HttpLimits) -> HttpLimits:
    """The limits with as many connections as this process may open, at most those asked for.

    The soft limit of the process is raised where its hard limit allows that.
    """
    needed = limits.max_connections + limits.max_reserved + OTHER_DESCRIPTORS
    return within_descriptors(limits, _raise_soft_limit(needed))


def within_descriptors(limits: HttpLimits, descriptors: int) -> HttpLimits:
    """The limits of a process that may have so many descriptors open."""
    reserved = min(limits.max_reserved, max(1, descriptors // 8))
    room = descriptors - reserved - min(OTHER_DESCRIPTORS, descriptors // 2)
    connections = min(limits.max_connections, max(1, room))
    return replace(limits, max_connections=connections, max_reserved=reserved)


def _raise_soft_limit(needed: int) -> int:
    """The soft limit on descriptors, raised to what is needed as far as that is allowed."""
    if sys.platform == "win32":  # sockets are no descriptors there
        return needed
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a sandbox, or a limit of the kernel below the hard one
        return soft
    return wanted


def warn_instead_of_tracebacks(
    loop: asyncio.AbstractEventLoop,
) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """An exception handler for a loop: an accept without a descriptor is one line a minute.

    asyncio stops accepting for a second then, and without this logs a traceback for every
    connection that waits: 300 idle clients wrote 3.4 MB.
    """
    warn_at = loop.time()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal warn_at
        if context.get("message") != "socket.accept() out of system resource":
            loop.default_exception_handler(context)
        elif loop.time() >= warn_at:
            warn_at = loop.time() + WARN_SECONDS
            logger.warning("no file descriptor is left: new connections wait (see `ulimit -n`)")

    return handle
