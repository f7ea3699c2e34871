"""The process around a command: its standard streams, its signals and how it ends."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C, as shells have it."""


class _Closed(io.TextIOBase):
    """A stdout that was closed from the start; click would drop the answer in silence."""

    def write(self, _: str) -> int:
        """Fail.

        Raises:
            OSError: always.
        """
        raise OSError(errno.EBADF, "it is closed")


class _LenientFile(io.FileIO):
    """A file whose writes never fail: what cannot be written is lost."""

    def write(self, data: Any) -> int:
        """Write, or pretend to."""
        try:
            return super().write(data) or 0
        except OSError:
            return len(memoryview(data).cast("B"))


def prepare_streams() -> None:
    """Let writing to a closed stdout fail, and nothing because stderr is closed or full.

    In a pipe or a file stdout is UTF-8. There Windows would encode it for its old programs, and
    raise at the first minus sign: a gate that had passed ended with a traceback and exit code 1.
    A closed standard stream is replaced by the null device, or else the next file or socket that
    is opened would get its number, and be written to by whatever writes to the stream.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    if sys.stdout is None:
        sys.stdout = cast("TextIO", _Closed())
    stdout: Any = sys.stdout
    if hasattr(stdout, "reconfigure"):
        encoding = stdout.encoding if stdout.isatty() else "utf-8"
        stdout.reconfigure(encoding=encoding, errors="replace")
    stderr = sys.stderr
    if stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
        return
    if sys.__stderr__ is not None and stderr is sys.__stderr__:
        sys.stderr = _lenient(sys.__stderr__)


def _lenient(stream: TextIO) -> TextIO:
    """The same stream, but that its writes never fail; a Windows console's stays as it is."""
    buffer = getattr(stream, "buffer", None)
    if not isinstance(getattr(buffer, "raw", buffer), io.FileIO):  # unbuffered it has no raw
        return stream
    file = _LenientFile(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=True,
    )


def give_up_stdout() -> None:
    """Drop what waits to be written to stdout, so that Python does not try again at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# Signals


def end_at(number: signal.Signals, exit_code: int, last_words: str = "") -> None:
    """End this process at once when that signal arrives, whatever its threads wait for."""

    def end(_: int, __: FrameType | None) -> None:
        if last_words:
            with suppress(OSError):
                os.write(2, f"{last_words}\n".encode())
        os._exit(exit_code)

    signal.signal(number, end)


@contextmanager
def ended_at_once_by_ctrl_c() -> Generator[None]:
    """Let Ctrl-C end the process at once, for work that leaves nothing half done.

    Python would wait for the threads of slow network calls.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    end_at(signal.SIGINT, INTERRUPTED, "\nInterrupted.")
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
