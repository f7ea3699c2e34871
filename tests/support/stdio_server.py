"""What tests of the stdio server share: the command, and calls as they go over its pipes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

_SCRIPT: Final = Path(sys.executable).with_name("lfv-mcp")
COMMAND: Final = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "lfv_mcp"]
"""The command that starts the server."""
MODEL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
"""A model of the sample."""
CALL: Final = {"name": "describe_model", "arguments": MODEL}
"""The parameters of a tool call about that model."""
MODERN: Final = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}
"""What the parameters of every request of the modern era hold."""
