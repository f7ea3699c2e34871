"""What is listed, read, prompted and completed, over each source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from tests.transcript.cases.archives import (
    ACCOUNT,
    MIXED,
    OTHER_ACCOUNT,
    SAMPLE,
    STATUSES,
    Held,
    arn,
)
from tests.transcript.conversation import Ask

_SCHEME: Final = "lookoutvision://"
_MODEL: Final = _SCHEME + "projects/{project_name}/models/{model_version}"
_TEMPLATES: Final = (_MODEL + "{?region,account}", _MODEL + "/card{?region,account}")
_PROMPTS: Final = (
    *("choose_threshold", "diagnose_training", "explain_performance_metrics", "plan_migration"),
    "compare_model_versions",
)


def _read(uri: str) -> Ask:
    return Ask("resources/read", {"uri": uri})


def _uri(project: str, version: str, more: str = "") -> str:
    return f"{_SCHEME}projects/{quote(project)}/models/{version}{more}"


def resources(held: Held) -> Iterator[Ask]:
    """The lists and every resource but the cards; URIs that name nothing."""
    yield Ask("resources/list")
    yield _read(_SCHEME + "models")
    project, version = held.pair
    yield _read(_uri(project, version))
    yield _read(_uri(project, "latest"))
    yield _read(_uri("no-such-project", "1"))
    yield _read(_uri(project, "77"))
    if held is MIXED:
        for query in (
            *("", "?region=us-east-1", "?region=eu-west-1", f"?account={OTHER_ACCOUNT}"),
            *(f"?region=us-east-1&account={ACCOUNT}", f"?account={ACCOUNT}&region=eu-west-1"),
        ):
            yield _read(_uri("twin", "1", query))
    if held is not SAMPLE:
        return
    yield Ask("resources/templates/list")
    yield Ask("prompts/list")
    yield Ask("tools/list")
    yield _read(_SCHEME + "glossary")
    for uri in (
        *("", "x", "http://example.com/", _SCHEME, _SCHEME + "nothing", _SCHEME + "models/"),
        *("ui://lfv/other.html", _SCHEME + "projects/sample-cap-seal", _SCHEME + "x" * 3000),
        _uri(project, "0"),
        _uri(project, "latest", "?region=mars"),
        _uri(project, "latest", "?region=us-east-1"),
        _uri(project, "latest", "?account=12"),
        _uri(project, "latest", f"?account={OTHER_ACCOUNT}"),
        _uri(project, "latest", "?unknown=1"),
        _uri(project, "latest", "/card/more"),
        f"{_SCHEME}projects/{quote(arn(project, 3), safe='')}/models/latest",
        f"{_SCHEME}projects/{quote(arn(project, 3), safe='')}/models/2",
        f"{_SCHEME}projects/..%2F..%2Fetc/models/1",
        f"{_SCHEME}projects/%FF/models/1",
    ):
        yield _read(uri)
    for cursor in ("0", "3", "23", "99999", "x", "-1"):
        yield Ask("resources/list", {"cursor": cursor})


def cards(held: Held) -> Iterator[Ask]:
    """The model card of every model, or of enough of them."""
    for project, version in held.pairs:
        yield _read(_uri(project, version, "/card"))
    yield _read(_uri("no-such-project", "1", "/card"))


def prompts(held: Held) -> Iterator[Ask]:
    """Every prompt with and without its optional arguments, and refused ones."""

    def get(name: str, **arguments: str) -> Ask:
        return Ask("prompts/get", {"name": name, "arguments": arguments})

    project, version = held.pair
    if held is not SAMPLE:
        yield get("explain_performance_metrics", project_name=project)
        yield get("diagnose_training", project_name=project, model_version=version)
        yield get("plan_migration", project_name="no-such-project")
        return
    model = {"project_name": project, "model_version": version}
    for name in _PROMPTS[:-1]:
        yield get(name, project_name=project)
        yield get(name, project_name=arn(project, 3))
        yield get(name)
    for name in _PROMPTS[:-2]:
        yield get(name, **model)
    costs = {"cost_of_escape": "500 EUR", "cost_of_false_reject": "2 EUR\x1b[31m"}
    yield get("choose_threshold", **model, **costs, defect_rate="0.01")
    yield get("choose_threshold", **model, **costs)
    for audience in ("operator", "manager", "", "x" * 500):
        yield get("explain_performance_metrics", **model, audience=audience)
    yield get("explain_performance_metrics", project_name="{model_version}")
    versions = {"baseline": "1", "candidate": "3"}
    yield get("compare_model_versions", project_name=project, **versions)
    yield get("compare_model_versions", project_name=project, baseline="1")
    yield get("compare_model_versions", project_name=project, baseline="1", candidate="77")
    yield get("compare_model_versions", project_name=project, baseline="x", candidate="3")
    yield get("compare_model_versions", project_name="no-such-project", **versions)
    yield get("accept_successor", project_name=project, baseline="1", successor="3")
    yield get("accept_successor", project_name=project, baseline="1", successor="77")
    yield get("accept_successor", project_name=project, baseline="1")
    yield get("diagnose_training", project_name=project, model_version="77")
    yield get("diagnose_training", project_name=project, version="3")
    yield get("diagnose_training", project_name="no/slash")
    yield get("diagnose_training", project_name=arn(project, 3), model_version="2")
    yield get("diagnose_training", project_name="   ")
    yield get("no_such_prompt", project_name=project)
    yield Ask("prompts/get", {"name": "plan_migration", "arguments": None})


def completions(held: Held) -> Iterator[Ask]:
    """Every argument of every prompt and template, with prefixes."""
    project, _ = held.pair

    def complete(ref: dict[str, str], name: str, typed: str, known: str = "") -> Ask:
        params = {"ref": ref, "argument": {"name": name, "value": typed}}
        return Ask(
            "completion/complete", params | ({"context": {"project_name": known}} if known else {})
        )

    prompt = {"type": "ref/prompt", "name": "explain_performance_metrics"}
    for typed in ("", project[:1], project[:-1], project, "zzz", project.upper()):
        yield complete(prompt, "project_name", typed)
    for known in ("", project, "no-such-project", "no/slash", arn(project, 1)):
        for typed in ("", "l", "1", "zzz"):
            yield complete(prompt, "model_version", typed, known)
    if held is not SAMPLE:
        return
    for name in _PROMPTS:
        for argument in ("project_name", "model_version", "baseline", "candidate", "audience"):
            yield complete({"type": "ref/prompt", "name": name}, argument, "", project)
    yield complete({"type": "ref/prompt", "name": "choose_threshold"}, "cost_of_escape", "5")
    yield complete({"type": "ref/prompt", "name": "no_such_prompt"}, "project_name", "")
    for uri in (*_TEMPLATES, "lookoutvision://no/{such}"):
        for argument in ("project_name", "model_version", "region", "account", "nothing"):
            yield complete({"type": "ref/resource", "uri": uri}, argument, "", project)


def view() -> list[Ask]:
    """The page that shows a result."""
    return [_read("ui://lfv/view.html")]


def areas(held: Held) -> dict[str, list[Ask]]:
    """Every area of what is not a tool, over one source."""
    found = {
        "resources": [*resources(held)],
        "prompts": [*prompts(held)],
        "completions": [*completions(held)],
    }
    if held in (SAMPLE, MIXED, STATUSES):
        found["cards"] = [*cards(held)]
    if held is SAMPLE:
        found["view"] = view()
    return {f"{name}-{held.name}": asks for name, asks in found.items()}
