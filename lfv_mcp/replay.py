"""An archive plays the service at the wire: an HTTP request in, the API's own reply out.

boto3 (through its `before-send` event) and `lfv-mcp replay` (through a socket) get the
same answers from here, so requests are built and replies parsed by the real client.
What a reply rests on travels in headers of our own, beside the API's members.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from lfv_mcp.archive import Archive, Held, Index
from lfv_mcp.model import Kind
from lfv_mcp.records import ModelKey, ProjectKey, Recorded, on_the_wire

KIND: Final = "x-lfv-kind"  # archive or sample
BASIS: Final = "x-lfv-basis"
CAPTURED: Final = "x-lfv-captured"  # epoch seconds
LOCATION: Final = "x-lfv-location"  # percent-encoded: a header is ASCII
DISAGREEING: Final = "x-lfv-disagreeing"  # JSON: [[status, captured or null], ...]

_Key = TypeVar("_Key", ModelKey, ProjectKey)
_PAGE: Final = 100
_URL_LIMIT: Final = 16 * 1024
"""Characters of a URL; the longest that the API can mean has a token of 2,048."""
_VERSION: Final = "2020-11-20"
_OPERATIONS: Final = {
    "GET projects": "ListProjects",
    "GET projects/*": "DescribeProject",
    "GET projects/*/models": "ListModels",
    "GET projects/*/models/*": "DescribeModel",
    # What no archive holds. Named all the same, so that a refusal says what was refused.
    "GET projects/*/datasets/*": "DescribeDataset",
    "GET projects/*/datasets/*/entries": "ListDatasetEntries",
    "GET projects/*/modelpackagingjobs": "ListModelPackagingJobs",
    "GET projects/*/modelpackagingjobs/*": "DescribeModelPackagingJob",
    "GET tags/*": "ListTagsForResource",
    "POST projects": "CreateProject",
    "POST projects/*/datasets": "CreateDataset",
    "POST projects/*/models": "CreateModel",
    "POST projects/*/models/*/start": "StartModel",
    "POST projects/*/models/*/stop": "StopModel",
    "POST projects/*/models/*/detect": "DetectAnomalies",
    "POST projects/*/modelpackagingjobs": "StartModelPackagingJob",
    "POST tags/*": "TagResource",
    "PATCH projects/*/datasets/*/entries": "UpdateDatasetEntries",
    "DELETE projects/*": "DeleteProject",
    "DELETE projects/*/datasets/*": "DeleteDataset",
    "DELETE projects/*/models/*": "DeleteModel",
    "DELETE tags/*": "UntagResource",
}
"""Every operation of the API, by its method and its path below the version."""
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATTERNS: Final = {
    "projectName": r"[a-zA-Z0-9][a-zA-Z0-9_\-]{0,254}",
    "modelVersion": r"[1-9][0-9]{0,9}|latest",
    "maxResults": r"[1-9][0-9]?|100",
}


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


def refusal(status: int, code: str, message: str, **members: str) -> Reply:
    """One of the API's modelled errors."""
    return _reply({"Message": message, **members}, status, {"x-amzn-errortype": code})


class _ApiError(Exception):
    """A refusal, on its way out."""

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.reply = refusal(status, code, message, **members)


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
        try:
            operation, names, query = _understood(method, url)
            index = self.archive.index()
            match operation:
                case "ListProjects":
                    return self._list_projects(index, caller, query)
                case "DescribeProject":
                    return self._describe_project(index, _project(index, caller, names[0]))
                case "ListModels":
                    return self._list_models(index, _project(index, caller, names[0]), query)
                case "DescribeModel":
                    project = _project(index, caller, names[0])
                    return self._describe_model(index, project, names[1])
            raise _ApiError(
                403,
                "AccessDeniedException",
                f"{operation} cannot be answered here: this endpoint replays an archive, which is "
                "read-only and holds models and projects; no datasets, packaging jobs or tags.",
            )
        except _ApiError as error:
            return error.reply

    def _describe_model(self, index: Index, project: ProjectKey, version: str) -> Reply:
        _check("modelVersion", version)
        for _ in range(3):
            known = index.versions.get(project, [])
            key = next((k for k in known if version in ("latest", str(k.version))), None)
            if key is None:
                raise _not_found(
                    f"Model version {version} of {project.project} is not in this archive.",
                    version,
                    "MODEL",
                )
            held = index.models[key]
            description = self._description(key, held)
            if description is not None:
                return self._said({"ModelDescription": description}, _provenance(held))
            index = self.archive.index()  # its file has just changed under us, and the index too
        raise _ApiError(
            409,
            "ConflictException",
            "The archive is being changed.",
            ResourceId=version,
            ResourceType="MODEL",
        )

    def _description(self, key: ModelKey, held: Held) -> dict[str, Any] | None:
        """The winning record itself; from evaluation files no more than they prove."""
        if held.model or held.listing:
            record = self.archive.read(held.winner)
            return None if record is None else held.metadata | record.body
        if not held.result:
            return _from_evaluation(key, None)
        result = self.archive.read(held.result[0])
        return None if result is None else _from_evaluation(key, result)

    def _describe_project(self, index: Index, project: ProjectKey) -> Reply:
        captured = index.captured.get(project)
        headers = {} if captured is None else {CAPTURED: repr(captured)}
        return self._said({"ProjectDescription": index.projects[project]}, headers)

    def _list_models(self, index: Index, project: ProjectKey, query: Mapping[str, str]) -> Reply:
        models = index.versions.get(project, [])[::-1]  # lowest first
        page, token = _page(
            models, lambda key: str(key.version), lambda name: ModelKey(*project, int(name)), query
        )
        return self._said({"Models": [index.models[key].metadata for key in page], **_next(token)})

    def _list_projects(self, index: Index, caller: Caller, query: Mapping[str, str]) -> Reply:
        region = _region(index, caller)
        projects = [
            key
            for place, keys in sorted(index.places.items())
            if place[0] == region and caller.account in ("", place[1])
            for key in keys
        ]
        page, token = _page(
            projects,
            lambda key: f"{key.account}/{key.project}",
            lambda name: ProjectKey(region, *name.split("/")),
            query,
        )
        members = ("ProjectArn", "ProjectName", "CreationTimestamp")
        bodies = [
            {name: index.projects[key][name] for name in members if name in index.projects[key]}
            for key in page
        ]
        return self._said({"Projects": bodies, **_next(token)})

    def _said(self, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
        return _reply(body, 200, {KIND: self.kind} | dict(headers or {}))


def _understood(method: str, url: str) -> tuple[str, list[str], dict[str, str]]:
    """The operation that a request means, the names in its path, and its query."""
    if len(url) > _URL_LIMIT:
        raise _invalid("The URL is longer than any of this API.")
    try:
        if _BAD_ESCAPE.search(url):
            raise ValueError
        target = urlsplit(url)
        # Split before it is unquoted: a %2F belongs to a name.
        _, version, *parts = target.path.split("/")
        names = [unquote(part, errors="strict") for part in parts[1::2]]
        query = dict(parse_qsl(target.query, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise _invalid("The URL cannot be read: a bad escape, or not UTF-8.") from None
    shape = "/".join("*" if i % 2 else part for i, part in enumerate(parts))
    operation = _OPERATIONS.get(f"{method} {shape}") if version == _VERSION else None
    if operation is None:
        raise _invalid("Not an operation of the Lookout for Vision API of 2020-11-20.")
    return operation, names, query


def _check(member: str, value: str) -> None:
    pattern = _PATTERNS[member]
    if not re.fullmatch(pattern, value):
        raise _invalid(f"{member} does not match the pattern {pattern}.")


def _invalid(message: str) -> _ApiError:
    return _ApiError(400, "ValidationException", message)


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
    _check("projectName", name)
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
    headers = {BASIS: basis, LOCATION: quote(winner.name, errors="surrogateescape")}
    if winner.captured is not None:
        headers[CAPTURED] = repr(winner.captured)
    if disagreeing := held.disagreeing:
        headers[DISAGREEING] = json.dumps(
            [[s.status and s.status[:100], s.captured] for s in disagreeing[:5]]
        )
    return headers


def _page(
    keys: list[_Key],
    name_of: Callable[[_Key], str],
    key_of: Callable[[str], _Key],
    query: Mapping[str, str],
) -> tuple[list[_Key], str]:
    """One page of sorted keys; the token is the last name on it, so it outlives a restart."""
    _check("maxResults", query.get("maxResults", str(_PAGE)))
    size = int(query.get("maxResults", _PAGE))
    start = 0
    if token := query.get("nextToken"):
        try:
            last = key_of(bytes.fromhex(token).decode())
        except (ValueError, TypeError):
            last = None
        # Looked up, not searched for: a walk through many pages costs no more for each of them.
        start = 0 if last is None else bisect_right(keys, last)
        if start == 0 or keys[start - 1] != last:
            raise _invalid("nextToken is not one of this listing.")
    page = keys[start : start + size]
    return page, _token(name_of(page[-1])) if start + size < len(keys) else ""


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
