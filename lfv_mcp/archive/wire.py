"""Requests and replies of the Lookout for Vision API over HTTP, without a word about archives.

A request's URL is read into an operation, the names in its path and its query; replies and the
API's modelled errors are written as the service would write them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from lfv_mcp.aws.transport import Reply
from lfv_mcp.identifiers import MODEL_VERSION_PATTERN, PROJECT_NAME_PATTERN

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
    "projectName": PROJECT_NAME_PATTERN,
    "modelVersion": f"{MODEL_VERSION_PATTERN}|latest",
    "maxResults": r"[1-9][0-9]?|100",
}


def api_error_reply(status: int, code: str, message: str, **members: str) -> Reply:
    """A reply with one of the API's modelled errors.

    Args:
        code: the error's shape name, such as `ValidationException`.
        members: what that shape has beside its message.
    """
    return json_reply({"Message": message, **members}, status, {"x-amzn-errortype": code})


class ApiError(Exception):
    """A refused request; `reply` is what to answer."""

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        """Make the reply; the arguments are those of `api_error_reply`."""
        super().__init__(message)
        self.reply = api_error_reply(status, code, message, **members)


def parse_request(method: str, url: str) -> tuple[str, list[str], dict[str, str]]:
    """The operation that a request means, the names in its path, and its query.

    Raises:
        ApiError: the URL cannot be read, or means no operation of this API.
    """
    if len(url) > _URL_LIMIT:
        raise validation_error("The URL is longer than any of this API.")
    try:
        target = urlsplit(url)
        # Split before it is unquoted: a %2F belongs to a name.
        _, version, *parts = target.path.split("/")
        names = [unquote(part, errors="strict") for part in parts[1::2]]
        query = dict(parse_qsl(target.query, keep_blank_values=True, errors="strict"))
        readable = _BAD_ESCAPE.search(url) is None
    except ValueError:
        readable, version, parts, names, query = False, "", [], [], {}
    if not readable:
        raise validation_error("The URL cannot be read: a bad escape, or not UTF-8.")
    shape = "/".join("*" if i % 2 else part for i, part in enumerate(parts))
    operation = _OPERATIONS.get(f"{method} {shape}") if version == _VERSION else None
    if operation is None:
        raise validation_error("Not an operation of the Lookout for Vision API of 2020-11-20.")
    return operation, names, query


def check_parameter(member: str, value: str) -> None:
    """Hold a parameter against the API's own pattern for it.

    Raises:
        ApiError: it does not match.
    """
    pattern = _PATTERNS[member]
    if not re.fullmatch(pattern, value):
        raise validation_error(f"{member} does not match the pattern {pattern}.")


def validation_error(message: str) -> ApiError:
    """A ValidationException, HTTP 400."""
    return ApiError(400, "ValidationException", message)


def not_found_error(message: str, resource: str, kind: str) -> ApiError:
    """A ResourceNotFoundException, HTTP 404; `kind` is the API's ResourceType, such as MODEL."""
    return ApiError(
        404, "ResourceNotFoundException", message, ResourceId=resource, ResourceType=kind
    )


def json_reply(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """A reply with a JSON body and the headers that the service sends."""
    data = json.dumps(body).encode()
    base = {
        "content-type": "application/json",
        "content-length": str(len(data)),
        "date": formatdate(usegmt=True),
    }
    return Reply(status, data, base | dict(headers or {}))
