"""An archive plays the service at the wire: an HTTP request in, the API's own reply out.

boto3 (through its `before-send` event) and `lfv-mcp replay` (through a socket) get the
same answers from here, so requests are built and replies parsed by the real client.
What a reply rests on travels in headers of our own, beside the API's members.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from lfv_mcp.archive import Archive, Held, Index
from lfv_mcp.model import Kind
from lfv_mcp.records import ModelKey, ProjectKey, Recorded, on_the_wire

KIND: Final = "x-lfv-kind"  # archive or sample
BASIS: Final = "x-lfv-basis"
CAPTURED: Final = "x-lfv-captured"  # epoch seconds
LOCATION: Final = "x-lfv-location"
DISAGREEING: Final = "x-lfv-disagreeing"  # JSON: [[status, captured or null], ...]

_Key = TypeVar("_Key")
_PAGE: Final = 100
_READ_ONLY: Final = (
    "This endpoint replays an archive: it is read-only and cannot do what was asked."
)


class Caller(NamedTuple):
    """Whose resources are asked for, as the request's signature says; "" means: not said."""

    region: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _ApiError(Exception):
    """One of the API's modelled errors."""

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.reply = _reply({"Message": message, **members}, status, {"x-amzn-errortype": code})


class Replay:
    """The four reads, answered from an archive. `kind` is what every answer says of itself."""

    def __init__(self, archive: Archive, kind: Kind = "archive") -> None:
        self.archive = archive
        self.kind = kind

    def answer(self, method: str, url: str, caller: Caller) -> Reply:
        """The reply to one request. Never raises for what a request says.

        Raises:
            SetupError: the archive cannot be read at all.
        """
        target = urlsplit(url)
        parts = [unquote(part) for part in target.path.split("/")[1:]]
        query = {name: values[-1] for name, values in parse_qs(target.query).items()}
        index = self.archive.index()
        try:
            match method, parts:
                case "GET", ["2020-11-20", "projects"]:
                    return self._list_projects(index, caller, query)
                case "GET", ["2020-11-20", "projects", name]:
                    return self._describe_project(index, _project(index, caller, name))
                case "GET", ["2020-11-20", "projects", name, "models"]:
                    return self._list_models(index, _project(index, caller, name), query)
                case "GET", ["2020-11-20", "projects", name, "models", version]:
                    return self._describe_model(index, _project(index, caller, name), version)
                case "GET", ["2020-11-20", "projects" | "tags", *_]:
                    raise _ApiError(
                        404,
                        "ResourceNotFoundException",
                        "An archive holds models and projects only: no datasets, packaging jobs "
                        "or tags.",
                        ResourceId=parts[-1],
                        ResourceType="DATASET" if "datasets" in parts else "MODEL_PACKAGE_JOB",
                    )
                case "GET" | "HEAD", _:
                    raise _ApiError(400, "ValidationException", "Not a path of this API.")
                case _:
                    raise _ApiError(403, "AccessDeniedException", _READ_ONLY)
        except _ApiError as error:
            return error.reply

    def _describe_model(self, index: Index, project: ProjectKey, version: str) -> Reply:
        known = index.versions.get(project, [])
        key = next((k for k in known if version in ("latest", str(k.version))), None)
        if key is None:
            raise _not_found(
                f"Model version {version} of {project.project} is not in this archive.",
                version,
                "MODEL",
            )
        held = index.models[key]
        headers = {KIND: self.kind} | _provenance(held)
        return _reply({"ModelDescription": self._description(key, held)}, 200, headers)

    def _description(self, key: ModelKey, held: Held) -> dict[str, Any]:
        """The winning record itself; from evaluation files no more than they prove."""
        if not (held.model or held.listing):
            return _from_evaluation(key, self.archive.read(held.result[0]) if held.result else None)
        record = self.archive.read(held.winner)
        if record is None or record.key != key:  # the file has just changed under us
            return held.metadata
        return held.metadata | record.body

    def _describe_project(self, index: Index, project: ProjectKey) -> Reply:
        return _reply({"ProjectDescription": index.projects[project]})

    def _list_models(self, index: Index, project: ProjectKey, query: Mapping[str, str]) -> Reply:
        models = sorted(index.versions.get(project, []))
        page, token = _page(models, lambda key: str(key.version), query)
        return _reply({"Models": [index.models[key].metadata for key in page], **_next(token)})

    def _list_projects(self, index: Index, caller: Caller, query: Mapping[str, str]) -> Reply:
        region = _region(index, caller)
        projects = [
            key
            for place, keys in sorted(index.places.items())
            if place[0] == region and caller.account in ("", place[1])
            for key in keys
        ]
        page, token = _page(projects, lambda key: f"{key.account}/{key.project}", query)
        members = ("ProjectArn", "ProjectName", "CreationTimestamp")
        bodies = [
            {name: index.projects[key][name] for name in members if name in index.projects[key]}
            for key in page
        ]
        return _reply({"Projects": bodies, **_next(token)})


def _region(index: Index, caller: Caller) -> str:
    """The signature's region if models are held there, else the only region there is."""
    held = {region for region, _ in index.places}
    if caller.region in held:
        return caller.region
    if len(held) == 1:
        return held.pop()
    raise _not_found(
        f"This archive holds no model in {caller.region or 'an unnamed region'}; "
        f"it holds {', '.join(sorted(held)) or 'none at all'}.",
        caller.region,
        "PROJECT",
    )


def _project(index: Index, caller: Caller, name: str) -> ProjectKey:
    region = _region(index, caller)
    found = [
        key
        for key in index.named.get(name, [])
        if key.region == region and caller.account in ("", key.account)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _not_found(f"Project {name} is not in this archive.", name, "PROJECT")
    accounts = ", ".join(sorted(key.account for key in found))
    raise _ApiError(
        409,
        "ConflictException",
        f"Project {name} is held for several accounts ({accounts}); sign with one of them "
        "as the access key id.",
        ResourceId=name,
        ResourceType="PROJECT",
    )


def _not_found(message: str, resource: str, kind: str) -> _ApiError:
    return _ApiError(
        404, "ResourceNotFoundException", message, ResourceId=resource, ResourceType=kind
    )


def _from_evaluation(key: ModelKey, result: Recorded | None) -> dict[str, Any]:
    body: dict[str, Any] = {"ModelVersion": str(key.version), "ModelArn": key.arn}
    if result is None:
        return body
    details = result.body.get("EvaluationDetails", {})
    results = result.body.get("AggregatedEvaluationResults")
    metrics = results.get("Metrics") if isinstance(results, dict) else None
    performance = {}
    for name in ("F1Score", "Recall", "Precision"):
        try:
            performance[name] = float(metrics[name])  # type: ignore[index]
        except (KeyError, TypeError, ValueError):
            continue  # the older variant has no F1Score; what is not there is not known
    if performance:
        body["Performance"] = performance
    return on_the_wire(body | {k: details[k] for k in ("EvaluationEndTimestamp",) if k in details})


def _provenance(held: Held) -> dict[str, str]:
    winner = held.winner
    basis = (
        "describe_model" if held.model else "list_models" if held.listing else "evaluation_files"
    )
    headers = {BASIS: basis, LOCATION: winner.name.encode("unicode_escape").decode("ascii")}
    if winner.captured is not None:
        headers[CAPTURED] = repr(winner.captured)
    if disagreeing := held.disagreeing:
        headers[DISAGREEING] = json.dumps([[s.status, s.captured] for s in disagreeing[:5]])
    return headers


def _page(
    keys: list[_Key], name: Callable[[_Key], str], query: Mapping[str, str]
) -> tuple[list[_Key], str]:
    """One page in the order given; the token is the last name on it, so it outlives a restart."""
    try:
        size = int(query.get("maxResults", _PAGE))
    except ValueError:
        size = 0
    if not 1 <= size <= _PAGE:
        raise _ApiError(400, "ValidationException", f"maxResults is a number from 1 to {_PAGE}.")
    start = 0
    if token := query.get("nextToken"):
        names = [_token(name(key)) for key in keys]
        if token not in names:
            raise _ApiError(400, "ValidationException", "nextToken is not one of this listing.")
        start = names.index(token) + 1
    page = keys[start : start + size]
    return page, _token(name(page[-1])) if start + size < len(keys) else ""


def _token(name: str) -> str:
    return name.encode().hex()


def _next(token: str) -> dict[str, str]:
    return {"NextToken": token} if token else {}


def _reply(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    data = json.dumps(body).encode()
    base = {
        "content-type": "application/json",
        "content-length": str(len(data)),
        "date": formatdate(usegmt=True),
    }
    return Reply(status, data, base | dict(headers or {}))
