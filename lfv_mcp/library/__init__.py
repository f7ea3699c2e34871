"""The Python library: `connect()`, and an object with the tools' questions as methods.

It goes through the tools' own table, so that arguments, rules and answers are those of the tools;
what it adds are a blocking form, tables, cards for notebooks and words that fit a Python call.
Imported at the first use of one of its names in `lfv_mcp`.
"""

from __future__ import annotations

from lfv_mcp.errors import LfvError
from lfv_mcp.library.asking import AsyncLfv
from lfv_mcp.library.blocking import Lfv
from lfv_mcp.library.connecting import Connection, connect
from lfv_mcp.library.frames import frame
from lfv_mcp.library.listings import html
from lfv_mcp.library.predictions import Predictions
from lfv_mcp.library.texts import text
from lfv_mcp.results.shown import Makers, register

__all__ = ["AsyncLfv", "Connection", "Lfv", "LfvError", "Predictions", "connect"]

register(Makers(frame, html, text))
