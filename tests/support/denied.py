"""Places of this machine that may not be looked at; root may look at all, so the calls refuse."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest


def deny(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nobody list a folder, by whatever spelling of its path."""
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
