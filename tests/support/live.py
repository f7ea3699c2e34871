"""A catalogue over a live endpoint that a test runs, and the environment that names it."""

from __future__ import annotations

from typing import Final, Unpack

import pytest

from lfv_mcp.catalog.cache import CachePolicy
from lfv_mcp.catalog.catalog import Catalog, CatalogOptions
from lfv_mcp.catalog.workers import WorkerLimits
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import Endpoint

UNCACHED: Final = CachePolicy(live_summary_seconds=0.0, evidence_seconds=0.0)
"""Every question is sent, none answered from memory."""
MAX_CALLS: Final = WorkerLimits().concurrent_calls


def use(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the endpoint in the environment, with credentials for it."""
    for name, value in endpoint.environment.items():
        monkeypatch.setenv(name, value)


def live(
    region: str | None = "us-east-1",
    timeout: float = 20.0,
    profile: str | None = None,
    **options: Unpack[CatalogOptions],
) -> Catalog:
    """A catalogue over the endpoint in the environment; it caches nothing unless told to."""
    options.setdefault("cache_policy", UNCACHED)
    return open_catalog(Settings("live", region, profile, timeout), **options)
