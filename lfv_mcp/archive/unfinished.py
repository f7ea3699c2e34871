"""Files that are still being written: whose they are, and when they are nobody's any more.

Each run has a marker in the directory, which it holds locked. The name of an unfinished file begins
like that of its run's marker, so another run can tell what is being written to from what a killed
run has left, and removes only that.
"""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Final
from uuid import uuid4

from lfv_mcp.archive.store import PARTIAL_SUFFIX, is_real_folder

LEFTOVER_AFTER: Final = 3600.0
"""Seconds without a write after which a file of a run on another machine counts as left behind.

A lock is known to its own machine alone on many network file systems, and process numbers repeat in
containers. So there the time decides that the file system itself gave to the file. A run that slept
for an hour, with its laptop, finds its file gone and writes it again.
"""
_TOUCH_AFTER: Final = 60.0
"""Seconds after which a run that goes on says so by the time of its marker."""
_UNFINISHED: Final = re.compile(rf"[0-9a-f]{{32}}{re.escape(PARTIAL_SUFFIX)}")
"""Names of our own files that are still being written."""
_RUN: Final = 16
"""Characters of a name that say which run it is of."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class UnfinishedFiles:
    """The unfinished files of one run, in one directory.

    Args:
        top: the directory.

    Raises:
        OSError: it cannot be written to.
    """

    def __init__(self, top: Path) -> None:
        """Make the marker, and remove what killed runs have left."""
        self._run = uuid4().hex[:_RUN]
        self._marker = _marker(top, self._run)
        self._touched = time.monotonic()
        self._held = self._marker.open("xb")
        try:
            # Locked before it says whose it is: a marker that is still empty is nobody's to judge.
            if _lock(self._held):
                self._held.write(_this_machine())
                self._held.flush()
            _remove_leftovers(top, self._run, os.fstat(self._held.fileno()).st_mtime)
        except BaseException:
            self.close()
            raise

    def new_name(self) -> str:
        """A name for a file that is going to be written."""
        if time.monotonic() - self._touched > _TOUCH_AFTER:
            self._touched = time.monotonic()
            with suppress(OSError):
                os.utime(self._marker)
        return f"{self._run}{uuid4().hex[_RUN:]}{PARTIAL_SUFFIX}"

    def close(self) -> None:
        """Remove the marker: nothing is being written to any more."""
        self._held.close()
        with suppress(OSError):
            self._marker.unlink()


def _marker(top: Path, run: str) -> Path:
    return top / f"{run}{'0' * _RUN}{PARTIAL_SUFFIX}"


def _this_machine() -> bytes:
    """What tells this machine from others; of Linux it is the same in all containers."""
    try:
        return _BOOT.read_bytes()
    except OSError:
        return platform.node().encode()


def _locking() -> ModuleType | None:
    try:
        import fcntl
    except ImportError:  # Windows, where a file that is open cannot be removed
        return None
    return fcntl


def _lock(file: BinaryIO) -> bool:
    """Lock a file, if nobody else has; whether it is locked now."""
    fcntl = _locking()
    if fcntl is not None:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # somebody has, or this file system knows no locks
            return False
    return True


def _remove_leftovers(top: Path, this_run: str, now: float) -> None:
    """Remove what runs that are no more have left.

    Args:
        top: the directory.
        this_run: whose files stay.
        now: what time it is for whoever keeps the files: on a network another clock than ours.
    """
    runs: dict[str, list[Path]] = {}
    for path in _unfinished_files(top):
        runs.setdefault(path.name[:_RUN], []).append(path)
    runs.pop(this_run, None)
    for run, files in runs.items():
        is_known_dead = _is_over(_marker(top, run))
        for path in files:
            with suppress(FileNotFoundError, PermissionError):  # another sweep; open, on Windows
                age = now - path.stat().st_mtime
                if is_known_dead or (is_known_dead is None and age > LEFTOVER_AFTER):
                    path.unlink()


def _is_over(marker: Path) -> bool | None:
    """Whether the run with this marker is no more; None if that cannot be told."""
    try:
        with marker.open("rb") as file:
            if file.read() != _this_machine():
                return None
            return _lock(file)
    except FileNotFoundError:
        return True
    except OSError:
        return None


def _unfinished_files(top: Path) -> Iterator[Path]:
    folders = [str(top)]
    for folder in folders:  # grows on the way
        with os.scandir(folder) as listed:
            for item in listed:
                if is_real_folder(item):
                    folders.append(item.path)
                elif _UNFINISHED.fullmatch(item.name):
                    yield Path(item.path)
