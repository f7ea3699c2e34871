"""deploy/: manifests, alerts and dashboard name only what the server really has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lfv_mcp import __version__
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.cli.environment import variables_of
from lfv_mcp.cli.serving import serve
from lfv_mcp.errors import ERRORS, CallerError
from lfv_mcp.http.connection import ConnectionPool
from lfv_mcp.http.metrics import Metrics
from lfv_mcp.http.observation import RequestRecord
from lfv_mcp.http.paths import HEALTH, METRICS, READY
from lfv_mcp.http.settings import DEFAULT_LIMITS, HttpSettings
from lfv_mcp.server.tools import TOOLS
from tests.support.clients import run

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "deploy"
MANIFESTS: Final[dict[str, dict[str, Any]]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
}
POD: Final[dict[str, Any]] = MANIFESTS["deployment"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
ENVIRONMENT: Final[dict[str, str]] = {item["name"]: item["value"] for item in CONTAINER["env"]}
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ALERTS: Final[list[dict[str, Any]]] = yaml.safe_load(
    (DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
)["groups"][0]["rules"]
DASHBOARD: Final[dict[str, Any]] = json.loads(
    (DEPLOY / "grafana" / "lfv-mcp.json").read_text(encoding="utf-8")
)
NAME: Final = re.compile(r"\b(?:lfv_mcp|process)_[a-z_]+")


# Kubernetes


def test_every_variable_is_a_setting() -> None:
    assert set(ENVIRONMENT) <= set(variables_of(serve))


def test_the_server_listens_where_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The container's own arguments and variables, up to the moment when it would listen."""
    listening: list[tuple[str, int, HttpSettings]] = []

    def stop(*asked: Any) -> None:
        listening.append(asked)
        raise CallerError("invalid_argument", "enough", "")

    monkeypatch.setattr("lfv_mcp.http.listener.open_listener", stop)
    assert run(*CONTAINER["args"], **ENVIRONMENT).exit_code == 1
    ((host, port, settings),) = listening
    assert host == "0.0.0.0"
    assert settings == HttpSettings(behind_gateway=True)
    (named,) = CONTAINER["ports"]
    assert (named["name"], named["containerPort"]) == ("http", port)
    assert f"EXPOSE {port}" in DOCKERFILE
    annotations = MANIFESTS["deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port)
    assert annotations["prometheus.io/path"] == METRICS
    (service,) = MANIFESTS["service"]["spec"]["ports"]
    ((policy,),) = (rule["ports"] for rule in MANIFESTS["networkpolicy"]["spec"]["ingress"])
    assert (service["targetPort"], policy["port"]) == ("http", "http")


@pytest.mark.parametrize(
    ("kind", "path"), [("startup", HEALTH), ("liveness", HEALTH), ("readiness", READY)]
)
def test_probes_ask_what_is_answered(kind: str, path: str) -> None:
    assert CONTAINER[f"{kind}Probe"]["httpGet"] == {"path": path, "port": "http"}


def test_a_pod_may_do_little() -> None:
    assert POD["securityContext"]["runAsNonRoot"]
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not POD["automountServiceAccountToken"]
    allowed = CONTAINER["securityContext"]
    assert allowed["readOnlyRootFilesystem"]
    assert not allowed["allowPrivilegeEscalation"]
    assert allowed["capabilities"] == {"drop": ["ALL"]}
    assert "volumeMounts" not in CONTAINER  # nothing is written
    (uid,) = re.findall(r"useradd .*--uid (\d+)", DOCKERFILE)
    assert POD["securityContext"]["runAsUser"] == int(uid)


def test_the_image_has_what_is_switched_on() -> None:
    assert CONTAINER["image"] == f"lfv-mcp:{__version__}"
    assert ENVIRONMENT["LFV_METRICS"] == "true"
    assert '".[metrics]"' in DOCKERFILE
    assert ENVIRONMENT["LFV_SOURCE"].startswith(f"s3://{ENVIRONMENT['LFV_ALLOWED_BUCKETS']}/")


def test_a_pod_has_time_to_end() -> None:
    pause = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] > pause + DEFAULT_LIMITS.shutdown_seconds + 5


def test_manifests_select_the_same_pods() -> None:
    labels = MANIFESTS["deployment"]["spec"]["template"]["metadata"]["labels"]
    for selected in (
        MANIFESTS["deployment"]["spec"]["selector"]["matchLabels"],
        MANIFESTS["service"]["spec"]["selector"],
        MANIFESTS["poddisruptionbudget"]["spec"]["selector"]["matchLabels"],
        MANIFESTS["networkpolicy"]["spec"]["podSelector"]["matchLabels"],
        *(rule["labelSelector"]["matchLabels"] for rule in POD["topologySpreadConstraints"]),
    ):
        assert selected == labels
    deployment = MANIFESTS["deployment"]["metadata"]["name"]
    assert MANIFESTS["horizontalpodautoscaler"]["spec"]["scaleTargetRef"]["name"] == deployment
    assert MANIFESTS["serviceaccount"]["metadata"]["name"] == POD["serviceAccountName"]
    least = MANIFESTS["horizontalpodautoscaler"]["spec"]["minReplicas"]
    assert least > MANIFESTS["poddisruptionbudget"]["spec"]["maxUnavailable"]
    assert "replicas" not in MANIFESTS["deployment"]["spec"]


# Prometheus and Grafana


@pytest.fixture(scope="module")
def published(sample: Catalog) -> dict[str, dict[str, set[str]]]:
    """The names on the metrics page, and of each its labels with their values."""
    metrics = Metrics(tool.name for tool in TOOLS)
    sample.preload_index()
    metrics.watch(sample, ConnectionPool())
    record = RequestRecord("1", "POST", "/mcp", 200, 0.1, 1, "tools/call", "list_models", "ok")
    metrics.call_started()
    metrics.call_finished(record, 0.1)
    metrics.request_finished(record)
    names: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(metrics.page().decode()):
        names.setdefault(family.name, {})
        for one in family.samples:
            labels = names.setdefault(one.name, {})
            for label, value in one.labels.items():
                labels.setdefault(label, set()).add(value)
    return names


def expressions() -> Mapping[str, str]:
    """Every expression of the alerts and the dashboard, by what it is for."""
    found = {rule["alert"]: rule["expr"] for rule in ALERTS}
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            found[variable["name"]] = variable["query"]["query"]
    return found


@pytest.mark.parametrize("where", expressions())
def test_metrics_and_labels_exist(where: str, published: dict[str, dict[str, set[str]]]) -> None:
    expression = expressions()[where]
    given_by_prometheus = {"job", "instance", "le"}
    assert NAME.search(expression) or expression.startswith("up{")
    for name in NAME.findall(expression):
        assert name in published
    for name, matchers in re.findall(r"\b((?:lfv_mcp|process)_[a-z_]+)\{([^}]*)\}", expression):
        for label, operator, values in re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', matchers):
            if label in given_by_prometheus:
                continue
            assert label in published[name]
            if operator != "!=":
                for value in values.split("|"):
                    assert value in published[name][label] | set(ERRORS)
    grouped = re.findall(r"by \(([^)]*)\)", expression)
    known = {label for name in NAME.findall(expression) for label in published[name]}
    for label in re.findall(r"\w+", " ".join(grouped)):
        assert label in known | given_by_prometheus


def test_every_metric_of_ours_is_shown(published: dict[str, dict[str, set[str]]]) -> None:
    shown = {name for text in expressions().values() for name in NAME.findall(text)}
    ours = {name for name in published if name.startswith("lfv_mcp_") and "_created" not in name}
    families = {re.sub(r"_(?:total|bucket|sum|count)$", "", name) for name in ours}
    assert families <= {re.sub(r"_(?:total|bucket|sum|count)$", "", name) for name in shown}


def test_every_alert_has_a_test_that_fires_and_one_that_does_not() -> None:
    tests = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text(encoding="utf-8"))
    fires: dict[str, set[bool]] = {}
    for test in tests["tests"]:
        for rule in test["alert_rule_test"]:
            fires.setdefault(rule["alertname"], set()).add(bool(rule["exp_alerts"]))
    assert fires == {rule["alert"]: {True, False} for rule in ALERTS}


def test_panels_do_not_overlap() -> None:
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for grid in [panel["gridPos"]]
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
