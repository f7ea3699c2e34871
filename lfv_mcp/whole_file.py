"""Writing a file whole or not at all; what is no file, as a pipe or a device, is written into."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Literal
from uuid import uuid4

Kind = Literal["nothing", "file", "folder", "stream"]
"""What is at a path, links followed; a stream is what can be written into and not be replaced."""

_STANDARD: Final = {"/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR: Final = re.compile(r"/(?:dev|proc/(?:self|thread-self|(?P<process>[0-9]+)))/fd/(\d+)")
_MOST_LINKS: Final = 40
"""Links that lead to one path, as Linux allows."""


def kind_of(path: Path) -> Kind:
    """What is at a path.

    Raises:
        OSError: that cannot be told: a folder above it may not be read, links lead in a circle, or
            no path can be like this.
    """
    if _descriptor(path) is not None:
        return "stream"
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "nothing"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "stream"


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file; one that is there stays until the new one is complete.

    A link stays a link, and what it leads to is written. A file that is there keeps its mode and,
    where that is allowed, its owner. A pipe, a device and an open descriptor are written into.

    Args:
        path: the file.
        data: all that is to be in it.
        private: whether nobody else may read the file if it is a new one.

    Raises:
        OSError: the file cannot be written; nothing of it is left behind.
    """
    kind = kind_of(path)
    if kind == "folder":
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if kind == "stream":
        _write_into(path, data)
        return
    real = Path(os.path.realpath(path))
    unfinished = real.with_name(f".{uuid4().hex}.unfinished")
    had = real.stat() if kind == "file" else None
    try:
        # What is in a file that only its owner reads is never readable by others, not for a moment.
        with _opened_new(unfinished, private=private or had is not None) as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if had is not None:
            _keep_owner(unfinished, had)
            unfinished.chmod(stat.S_IMODE(had.st_mode))
        unfinished.replace(real)
    finally:
        unfinished.unlink(missing_ok=True)


def _opened_new(path: Path, *, private: bool) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600 if private else 0o666), "wb")


def _keep_owner(path: Path, had: os.stat_result) -> None:
    """Give a file the owner and the group of another, as far as this user may."""
    if sys.platform == "win32":
        return
    for owner, group in ((-1, had.st_gid), (had.st_uid, -1)):
        with suppress(PermissionError):
            os.chown(path, owner, group)


# What is written into


def _write_into(path: Path, data: bytes) -> None:
    """Write into a pipe, a device or a descriptor of this process, where it stands.

    Raises:
        OSError: it cannot be written into, or is a whole disk.
    """
    descriptor = _descriptor(path)
    if descriptor is not None:
        if descriptor == 1 and sys.stdout is not None:
            sys.stdout.flush()  # what was printed before comes before
        opened = os.dup(descriptor)
    else:
        if stat.S_ISBLK(path.stat().st_mode):
            raise OSError(errno.EPERM, "it is a disk", str(path))
        opened = os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
    with os.fdopen(opened, "wb") as out:
        out.write(data)


def _descriptor(path: Path) -> int | None:
    """The open descriptor of this process that a path names, itself or by a link; else None.

    Opened by its path, a file that a shell has sent stdout to would be written from its start.
    """
    text = os.path.abspath(path)  # noqa: PTH100 - not resolved: /dev/stdout leads to a file
    for _ in range(_MOST_LINKS):
        if text in _STANDARD:
            return _STANDARD[text]
        found = _DESCRIPTOR.fullmatch(text)
        if found is not None and found["process"] in (None, str(os.getpid())):
            return int(found[2])
        try:
            led_to = os.readlink(text)  # noqa: PTH115 - beside the other functions of os.path
        except (OSError, ValueError):
            return None
        text = os.path.normpath(os.path.join(os.path.dirname(text), led_to))  # noqa: PTH118, PTH120
    return None
