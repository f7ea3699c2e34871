"""The paths of the HTTP server."""

from __future__ import annotations

from typing import Final

MCP: Final = "/mcp"
"""The protocol, by POST."""
HEALTH: Final = "/healthz"
"""Whether the process answers at all."""
READY: Final = "/readyz"
"""Whether the source can be answered from."""
METRICS: Final = "/metrics"
"""Metrics for Prometheus, if they are switched on."""
PROBES: Final = frozenset({HEALTH, READY})
"""What is answered to everybody, also beyond the cap on connections."""
