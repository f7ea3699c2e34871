"""Metrics for Prometheus: what is counted, and the page that has it.

The only module that imports prometheus_client, an extra; imported only with `--metrics`. The
registry is this object's own. Every label is one of a fixed set (see `RequestRecord`), so that no
request can make a new time series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lfv_mcp import __version__
from lfv_mcp.errors import ERRORS
from lfv_mcp.http.observation import OTHER

if TYPE_CHECKING:
    from lfv_mcp.catalog.catalog import Catalog
    from lfv_mcp.catalog.readiness import SourceState
    from lfv_mcp.http.connection import ConnectionPool
    from lfv_mcp.http.observation import RequestRecord

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""Of the page that `Metrics.page` makes: the text format that every scraper reads."""
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
_REFUSALS: Final = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    408: "slow_body",
    413: "large_body",
    421: "foreign_host",
    431: "large_head",
    503: "unavailable",
}
"""Why a request was refused, by its status."""
_CONNECTION_REFUSALS: Final = ("connections", "slow_head", "malformed_head")


class Metrics:
    """Counts requests and calls, and reads the gauges when it is scraped; an `Observer`.

    Args:
        tools: the names of the tools that the server has.
    """

    def __init__(self, tools: Iterable[str]) -> None:
        self._registry = registry = CollectorRegistry(auto_describe=False)
        self._http = Counter(
            "lfv_mcp_http_requests",
            "HTTP requests answered.",
            ("path", "status"),
            registry=registry,
        )
        self._requests = Counter(
            "lfv_mcp_requests",
            "JSON-RPC messages handled.",
            ("method", "code"),
            registry=registry,
        )
        self._calls = Counter(
            "lfv_mcp_tool_calls", "Tool calls answered.", ("tool", "code"), registry=registry
        )
        self._abandoned = Counter(
            "lfv_mcp_requests_abandoned",
            "JSON-RPC messages whose caller hung up before the answer.",
            registry=registry,
        )
        self._seconds = Histogram(
            "lfv_mcp_tool_call_seconds",
            "Seconds that a tool call took.",
            ("tool",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "lfv_mcp_requests_in_flight", "JSON-RPC messages being handled.", registry=registry
        )
        self._refused = Counter(
            "lfv_mcp_refused",
            "Requests and connections that were refused.",
            ("reason",),
            registry=registry,
        )
        ProcessCollector(registry=registry)
        self._begin_at_zero(tools)

    def _begin_at_zero(self, tools: Iterable[str]) -> None:
        """Make the series that alerts watch: a first failure is no increase of nothing."""
        for reason in (*_REFUSALS.values(), *_CONNECTION_REFUSALS):
            self._refused.labels(reason)
        for method in ("tools/call", "resources/read", "prompts/get"):
            self._requests.labels(method, "internal_error")
        failures = [code for code, (who_can_act, _) in ERRORS.items() if who_can_act != "caller"]
        for tool in tools:
            for code in ("ok", *failures):
                self._calls.labels(tool, code)

    def watch(self, catalog: Catalog, pool: ConnectionPool) -> None:
        """Add the gauges of a catalogue and of the connections of a server."""
        self._registry.register(_StateCollector(catalog, pool))

    def page(self) -> bytes:
        """All metrics, in Prometheus' text format."""
        return generate_latest(self._registry)

    def request_finished(self, record: RequestRecord) -> None:
        """Count an HTTP request."""
        self._http.labels(record.path or OTHER, str(record.status)).inc()
        if reason := _REFUSALS.get(record.status):
            self._refused.labels(reason).inc()

    def call_started(self) -> None:
        """Count a message that is being handled."""
        self._in_flight.inc()

    def call_finished(self, record: RequestRecord, seconds: float) -> None:
        """Count a message that has been handled, and the time of a tool call."""
        self._in_flight.dec()
        if not record.code:
            self._abandoned.inc()
            return
        self._requests.labels(record.rpc, record.code).inc()
        if record.tool:
            self._calls.labels(record.tool, record.code).inc()
            self._seconds.labels(record.tool).observe(seconds)

    def connection_refused(self, reason: str) -> None:
        """Count a connection that was closed before there was a request on it."""
        self._refused.labels(reason).inc()


class _StateCollector(Collector):
    """Gauges that are read when somebody scrapes: the source, threads and connections."""

    def __init__(self, catalog: Catalog, pool: ConnectionPool) -> None:
        self._catalog = catalog
        self._pool = pool

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are told by the first scrape."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The gauges as they are now; those of an index only once there is one."""
        state = self._catalog.readiness.state()
        build = GaugeMetricFamily(
            "lfv_mcp_build_info", "The version, as a label.", labels=["version"]
        )
        build.add_metric([__version__], 1)
        yield build
        for name, text, value in (*self._server_gauges(), *_source_gauges(state)):
            family = GaugeMetricFamily(name, text)
            if value is not None:
                family.add_metric([], value)
            yield family

    def _server_gauges(self) -> Iterator[tuple[str, str, float]]:
        pool = self._pool
        busy, limit = self._catalog.threads
        yield "lfv_mcp_connections", "Open connections.", pool.open_connections
        yield "lfv_mcp_connections_limit", "Connections allowed.", pool.limits.max_connections
        yield "lfv_mcp_busy_threads", "Worker threads at work.", busy
        yield "lfv_mcp_busy_threads_limit", "Worker threads allowed.", limit


def _source_gauges(state: SourceState) -> Iterator[tuple[str, str, float | None]]:
    yield "lfv_mcp_ready", "1 if the source can be answered from, else 0.", float(state.is_ready)
    yield (
        "lfv_mcp_index_age_seconds",
        "Seconds since files and index were compared.",
        state.index_age,
    )
    yield "lfv_mcp_index_models", "Model versions in the index.", state.models
    yield (
        "lfv_mcp_files_unread",
        "Files that may hold records and were not read.",
        state.files_unread,
    )
    yield "lfv_mcp_index_progress_ratio", "Share of the first index that is made.", state.progress
