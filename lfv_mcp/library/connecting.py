"""`connect`: names a source; the `with` block that follows opens it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Lock, get_ident
from types import TracebackType
from typing import Generic, TypeVar

import anyio

from lfv_mcp.library.asking import AsyncLfv
from lfv_mcp.library.blocking import Lfv
from lfv_mcp.library.environment import Asked, settings_of
from lfv_mcp.library.opened import open_source
from lfv_mcp.wiring.settings import Settings

_Opened = TypeVar("_Opened")


class Connection:
    """A source that is named and not opened yet.

    `with` gives an `Lfv`, `async with` an `AsyncLfv`; `open()` an `Lfv` that is closed by hand, for
    the cells of a notebook. It may be opened more than once, also by several threads or tasks.

    Args:
        settings: name the source.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._blocking = _Entered[Lfv]()
        self._awaited = _Entered[AsyncLfv]()

    def open(self) -> Lfv:
        """Open the source; `close()` of what is returned ends it, or `with` around its use.

        Raises:
            LfvError: the source cannot be opened.
        """
        return Lfv(open_source(self._settings))

    def __enter__(self) -> Lfv:
        return self._blocking.put(get_ident(), self.open())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._blocking.take(get_ident()).__exit__(kind, error, traceback)

    async def __aenter__(self) -> AsyncLfv:
        opened = AsyncLfv(open_source(self._settings))
        return self._awaited.put(anyio.get_current_task().id, opened)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._awaited.take(anyio.get_current_task().id).close()


class _Entered(Generic[_Opened]):
    """What the `with` blocks of one connection have opened, by the thread or task they run in."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._opened: list[tuple[int, _Opened]] = []

    def put(self, where: int, opened: _Opened) -> _Opened:
        """Keep it until its block ends."""
        with self._lock:
            self._opened.append((where, opened))
        return opened

    def take(self, where: int) -> _Opened:
        """What the innermost block here has opened.

        The block of a fixture may end in another task than it began in: then it is the newest.
        """
        with self._lock:
            newest_first = range(len(self._opened) - 1, -1, -1)
            here = (at for at in newest_first if self._opened[at][0] == where)
            return self._opened.pop(next(here, -1))[1]


def connect(
    source: str | os.PathLike[str] | None = None,
    *,
    region: str | None = None,
    profile: str | None = None,
    timeout: float | None = None,
    allowed_buckets: Iterable[str] | None = None,
) -> Connection:
    """Name a source of models: `with connect("~/lfv-archive") as lfv:`.

    What is left out is what the environment says, as for the command line.

    Args:
        source: `sample`, `live`, a directory or file, or `s3://bucket/prefix`; else LFV_SOURCE,
            else an endpoint that AWS_ENDPOINT_URL_LOOKOUTVISION names, else the bundled sample.
        region: AWS region of live calls; else AWS_REGION, else AWS_DEFAULT_REGION.
        profile: AWS profile; else AWS_PROFILE, else boto3's usual chain.
        timeout: seconds that one question may take; else LFV_TIMEOUT, else 20.
        allowed_buckets: the only S3 buckets to read, none if it is empty; else
            LFV_ALLOWED_BUCKETS, else whatever the credentials may read.

    Raises:
        LfvError: a setting cannot be used. A source that cannot be opened is said where it is.
    """
    return Connection(settings_of(Asked(source, region, profile, timeout, allowed_buckets)))
