"""An archive plays the service at the wire: an HTTP request in, the API's own reply out.

boto3 (through its `before-send` event) and `lfv-mcp replay` (through a socket) get the
same answers from here, so requests are built and replies parsed by the real client.
What a reply rests on travels in headers of our own, beside the API's members.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from lfv_mcp.archive.always_sent import (
    complete_listed_model,
    complete_listed_project,
    complete_model,
    complete_project,
)
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import Index, ModelEntry
from lfv_mcp.archive.wire import (
    ApiError,
    check_parameter,
    json_reply,
    not_found_error,
    parse_request,
    validation_error,
)
from lfv_mcp.aws.transport import Reply
from lfv_mcp.formats.members import sendable
from lfv_mcp.formats.normalisation import written_performance
from lfv_mcp.formats.recognition import Record
from lfv_mcp.identifiers import AccountScope, ModelKey, ProjectKey
from lfv_mcp.provenance import LeftOut, OtherStatus, Provenance
from lfv_mcp.results.common import SourceKind
from lfv_mcp.times import epoch_seconds_in_utc

_Key = TypeVar("_Key", ModelKey, ProjectKey)
_PAGE: Final = 100


class Replay:
    """Answers the four reads of the API from an archive; an `aws.transport.Transport`.

    Args:
        archive: what is replayed.
        kind: what every answer says of itself.
        complete: send every member that the service never left out, though nobody saved it, for
            scripts that rely on it: see `always_sent`.
    """

    def __init__(
        self, archive: Archive, kind: SourceKind = "archive", *, complete: bool = False
    ) -> None:
        """Read nothing yet."""
        self.archive = archive
        self.kind = kind
        self._complete = complete

    def answer(self, method: str, url: str, scope: AccountScope) -> Reply:
        """The reply to one request. Never raises for what a request says.

        Raises:
            LfvError: the archive cannot be read at all.
        """
        try:
            return self._answer(method, url, scope)
        except ApiError as error:
            return self._qualified(error.reply)

    def _qualified(self, reply: Reply) -> Reply:
        """A refusal; one that claims absence says which files could not be read."""
        index = self.archive.held
        if reply.status != 404 or index is None or index.unread is None:
            return reply
        body = json.loads(reply.body)
        body["Message"] += f" {index.unread.in_words()}."
        return json_reply(body, 404, {"x-amzn-errortype": reply.headers["x-amzn-errortype"]})

    def _answer(self, method: str, url: str, scope: AccountScope) -> Reply:
        operation, names, query = parse_request(method, url)
        index = self.archive.index()
        match operation:
            case "ListProjects":
                return self._list_projects(index, scope, query)
            case "DescribeProject":
                return self._describe_project(index, _project(index, scope, names[0]))
            case "ListModels":
                return self._list_models(index, _project(index, scope, names[0]), query)
            case "DescribeModel":
                project = _project(index, scope, names[0])
                return self._describe_model(index, project, names[1])
            case _:
                raise ApiError(
                    403,
                    "AccessDeniedException",
                    f"{operation} cannot be answered here: this endpoint replays an archive, which "
                    "is read-only and holds models and projects; no datasets, packaging jobs or "
                    "tags.",
                )

    def _describe_model(self, index: Index, project: ProjectKey, version: str) -> Reply:
        check_parameter("modelVersion", version)
        for _ in range(3):
            known = index.versions.get(project, [])
            key = next((k for k in known if version in ("latest", k.model_version)), None)
            if key is None:
                raise not_found_error(
                    f"Model version {version} of {project.project} is not in this archive.",
                    version,
                    "MODEL",
                )
            entry = index.models[key]
            description = self._description(key, entry)
            if description is not None:
                body, left_out = sendable(description)
                about = _provenance(entry, self.kind, left_out)
                body = complete_model(body) if self._complete else body
                return self._reply({"ModelDescription": body}, about)
            index = self.archive.index()  # the file has changed since the index was made
        raise ApiError(
            409,
            "ConflictException",
            "The archive is being changed.",
            ResourceId=version,
            ResourceType="MODEL",
        )

    def _description(self, key: ModelKey, entry: ModelEntry) -> dict[str, Any] | None:
        """The winning record itself; from evaluation files no more than they prove."""
        if entry.model or entry.listing:
            record = self.archive.read(entry.winner)
            return None if record is None else entry.metadata | record.body
        if not entry.result:
            return _from_evaluation(key, None)
        result = self.archive.read(entry.result[0])
        return None if result is None else _from_evaluation(key, result)

    def _describe_project(self, index: Index, project: ProjectKey) -> Reply:
        captured = index.captured.get(project)
        body, left_out = sendable(index.projects[project], "project")
        about = Provenance(self.kind, captured=captured, left_out=tuple(left_out))
        body = complete_project(body) if self._complete else body
        return self._reply({"ProjectDescription": body}, about)

    def _list_models(self, index: Index, project: ProjectKey, query: Mapping[str, str]) -> Reply:
        models = index.versions.get(project, [])[::-1]  # lowest first
        page, token = _page(
            models, lambda key: key.model_version, lambda name: ModelKey(*project, int(name)), query
        )
        bodies = [sendable(index.models[key].metadata)[0] for key in page]
        bodies = [complete_listed_model(body) for body in bodies] if self._complete else bodies
        return self._reply({"Models": bodies, **_next(token)})

    def _list_projects(self, index: Index, scope: AccountScope, query: Mapping[str, str]) -> Reply:
        region = _region(index, scope)
        projects = [
            key
            for place, keys in sorted(index.places.items())
            if place[0] == region and scope.account in ("", place[1])
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
            {name: body[name] for name in members if name in body}
            for body, _ in (sendable(index.projects[key], "project") for key in page)
        ]
        bodies = [complete_listed_project(body) for body in bodies] if self._complete else bodies
        return self._reply({"Projects": bodies, **_next(token)})

    def _reply(self, body: Mapping[str, Any], about: Provenance | None = None) -> Reply:
        return json_reply(body, 200, (about or Provenance(self.kind)).to_headers())


def _region(index: Index, scope: AccountScope) -> str:
    """The signature's region if the archive has models there, else the archive's only region."""
    regions = {region for region, _ in index.places}
    if scope.region in regions:
        return scope.region
    if len(regions) == 1:
        return regions.pop()
    raise not_found_error(
        f"This archive holds no model in {scope.region or 'an unnamed region'}; "
        f"it holds {', '.join(sorted(regions)) or 'none at all'}.",
        scope.region,
        "PROJECT",
    )


def _project(index: Index, scope: AccountScope, name: str) -> ProjectKey:
    check_parameter("projectName", name)
    region = _region(index, scope)
    candidates = [
        key
        for key in index.named.get(name, [])
        if key.region == region and scope.account in ("", key.account)
    ]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise not_found_error(f"Project {name} is not in this archive.", name, "PROJECT")
    accounts = ", ".join(sorted(key.account for key in candidates))
    raise ApiError(
        409,
        "ConflictException",
        f"Project {name} is held for several accounts ({accounts}); sign with one of them "
        "as the access key id.",
        ResourceId=name,
        ResourceType="PROJECT",
    )


def _from_evaluation(key: ModelKey, result: Record | None) -> dict[str, Any]:
    body: dict[str, Any] = {"ModelVersion": key.model_version, "ModelArn": key.arn}
    if result is None:
        return body
    details = result.body.get("EvaluationDetails", {})
    if performance := written_performance(result.body):
        body["Performance"] = performance
    # The service's own file: a time without a zone is UTC in it.
    if (written := details.get("EvaluationEndTimestamp")) is not None:
        ended = epoch_seconds_in_utc(written)
        body["EvaluationEndTimestamp"] = written if ended is None else ended
    return body


def _provenance(entry: ModelEntry, kind: str, left_out: Sequence[LeftOut]) -> Provenance:
    winner = entry.winner
    return Provenance(
        kind,
        "describe_model" if entry.model else "list_models" if entry.listing else "evaluation_files",
        winner.captured,
        winner.name,
        tuple(OtherStatus(other.status, other.captured) for other in entry.disagreeing),
        tuple(left_out),
    )


def _page(
    keys: list[_Key],
    name_of: Callable[[_Key], str],
    key_of: Callable[[str], _Key],
    query: Mapping[str, str],
) -> tuple[list[_Key], str]:
    """One page of sorted keys; the token is the last name on it, so it outlives a restart."""
    check_parameter("maxResults", query.get("maxResults", str(_PAGE)))
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
            raise validation_error("nextToken is not one of this listing.")
    page = keys[start : start + size]
    return page, _token(name_of(page[-1])) if start + size < len(keys) else ""


def _token(name: str) -> str:
    return name.encode().hex()


def _next(token: str) -> dict[str, str]:
    return {"NextToken": token} if token else {}
