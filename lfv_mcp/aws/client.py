"""Lookout for Vision through boto3: the four reads, with every failure as one of our errors.

A client talks to an endpoint with the user's credentials, or to a `Transport` with fixed dummy
ones, and then never to the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import boto3
from botocore.exceptions import NoCredentialsError

from lfv_mcp.aws.client_cache import ClientCache, client_config
from lfv_mcp.aws.credentials import with_fresh_credentials
from lfv_mcp.aws.failures import ARCHIVE, shown_url, translated
from lfv_mcp.aws.lenient_parsing import MISTYPED_KEY, Mistyped
from lfv_mcp.aws.transport import Transport
from lfv_mcp.errors import CallerError, ServiceError, SetupError
from lfv_mcp.identifiers import REGIONS, AccountScope
from lfv_mcp.provenance import Provenance

MAX_PAGES: Final = 1000
"""Pages of a listing after which it is taken for endless: 100,000 models of one project."""

_FAULTS_OF_CLIENTS: Final = frozenset(
    {
        *("credentials_expired", "credentials_missing", "credentials_rejected"),
        *("clock_skewed", "endpoint_unreachable", "setup_invalid"),
    }
)
"""What a user may have corrected by the next call, where a kept client would go on as before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply: botocore's parsed body, and the headers it came with (lower-case names)."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class LookoutVision:
    """Lookout for Vision through boto3. Safe between threads; nothing is opened before a call.

    Args:
        profile: an AWS profile; None for boto3's usual chain.
        region: the region of calls that name none; None for the profile's own.
        timeout: seconds one tool call may take; a single attempt gets a quarter of it.
        connections: kept open for calls at one time.
        transport: answers every request, so that none goes to the network; None for the network.
        max_pages: pages of a listing after which it is taken for endless.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        timeout: float = 20.0,
        connections: int = 10,
        transport: Transport | None = None,
        max_pages: int = MAX_PAGES,
    ) -> None:
        """Open nothing yet."""
        self._default_region = region
        self._clients = ClientCache(profile, timeout, connections, transport)
        self._max_pages = max_pages
        self.replayed: dict[AccountScope, str] = {}
        """What a replay behind an endpoint said it is: archive or sample."""

    def region(self) -> str:
        """The region of a live call that names none.

        Raises:
            SetupError: none is configured.
            CallerError: the service never was in the configured one.
        """
        region = self._default_region or self._clients.default_region()
        if not region:
            raise SetupError(
                "region_required",
                "A live call needs a region, and none is configured.",
                f"Pass region, or set AWS_REGION (--region) to one of {', '.join(REGIONS)}.",
            )
        if region not in REGIONS:
            raise CallerError(
                "region_unsupported",
                f"The configured region {region[:60]!r} is not one that Lookout for Vision had.",
                f"Use one of {', '.join(REGIONS)}.",
            )
        return region

    def describe_model(self, scope: AccountScope, project_name: str, model_version: str) -> Answer:
        """DescribeModel; the body is the ModelDescription.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        parameters = {"ProjectName": project_name, "ModelVersion": model_version}
        return self._call(scope, "describe_model", "ModelDescription", parameters)

    def list_models(
        self, scope: AccountScope, project_name: str, *, limit: int = 100, token: str = ""
    ) -> Answer:
        """One page of ListModels.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        parameters = {"ProjectName": project_name, **_paging(limit, token)}
        return self._call(scope, "list_models", "Models", parameters)

    def list_projects(self, scope: AccountScope, *, limit: int = 100, token: str = "") -> Answer:
        """One page of ListProjects.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        return self._call(scope, "list_projects", "Projects", _paging(limit, token))

    def all_models(self, scope: AccountScope, project_name: str) -> Iterator[Mapping[str, Any]]:
        """Every ModelMetadata of a project, page after page.

        Raises:
            LfvError: a page cannot be had, or the listing does not end.
        """
        return _all_items(partial(self.list_models, scope, project_name), "Models", self._max_pages)

    def all_projects(self, scope: AccountScope) -> Iterator[Mapping[str, Any]]:
        """Every ProjectMetadata, page after page.

        Raises:
            LfvError: a page cannot be had, or the listing does not end.
        """
        return _all_items(partial(self.list_projects, scope), "Projects", self._max_pages)

    def describe_project(self, scope: AccountScope, project_name: str) -> Answer:
        """DescribeProject; the body is the ProjectDescription.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        parameters = {"ProjectName": project_name}
        return self._call(scope, "describe_project", "ProjectDescription", parameters)

    def endpoint(self, scope: AccountScope) -> str:
        """The URL that calls go to, without a password.

        Raises:
            LfvError: the AWS configuration cannot be used.
        """
        return shown_url(self._clients.get(scope).meta.endpoint_url)

    def _call(
        self, scope: AccountScope, operation: str, member: str, parameters: Mapping[str, Any]
    ) -> Answer:
        """One call of one operation, whose answer is in one member of the response.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        response, url = with_fresh_credentials(partial(self._attempt, scope, operation, parameters))
        _restore_mistyped(response, member, url)
        body = response[member] if member.endswith("Description") else response
        headers = response["ResponseMetadata"].get("HTTPHeaders", {})
        if provenance := Provenance.from_headers(headers):
            self.replayed[scope] = provenance.kind
        return Answer(body, headers)

    def _attempt(
        self, scope: AccountScope, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[dict[str, Any], str]:
        """botocore's response, and the URL that gave it."""
        client = self._clients.get(scope)
        url = shown_url(client.meta.endpoint_url)
        try:
            with translated(url):
                return getattr(client, operation)(**parameters), url
        except SetupError as error:
            if error.code in _FAULTS_OF_CLIENTS:
                self._clients.forget(client)
            raise


def identity(profile: str | None) -> str:
    """Where boto3 finds credentials, and the end of their key id; never the secret.

    Raises:
        LfvError: there are none, or they have expired.
    """
    with translated("the AWS configuration"):
        credentials = boto3.Session(profile_name=profile).get_credentials()
        if credentials is None:
            raise NoCredentialsError
        key_id = credentials.get_frozen_credentials().access_key or ""
    return f"from {credentials.method}, key id ...{key_id[-4:]}"


def s3_client(
    profile: str | None, region: str | None, timeout: float, *, connections: int, attempts: int
) -> Any:
    """An S3 client with the user's own credentials; it finds a bucket's region by itself.

    Raises:
        LfvError: the AWS configuration cannot be used.
    """
    with translated("the AWS configuration"):
        session: Any = boto3.Session(profile_name=profile, region_name=region)
        return session.client("s3", config=client_config(timeout, connections, attempts))


def _paging(limit: int, token: str) -> dict[str, Any]:
    return {"MaxResults": limit} | ({"NextToken": token} if token else {})


def _restore_mistyped(response: dict[str, Any], member: str, url: str) -> None:
    """Put mistyped members back, each in a list, which fits no member of a description.

    The reader of the description leaves such a member out and names it.

    Raises:
        ServiceError: the member that the answer is in is missing or mistyped itself.
    """
    mistyped: list[Mistyped] = response.pop(MISTYPED_KEY, [])
    for (*above, last), value in mistyped:
        parent: Any = response
        for step in above:
            parent = parent[step]
        parent[last] = [value]
    # Any JSON object parses, into a response without the one member that it is for.
    broken = any(len(path) == 1 or isinstance(path[-1], int) for path, _ in mistyped)
    if broken or not isinstance(response.get(member), dict | list):
        raise ServiceError(
            "bad_answer",
            f"The reply of {url} has no {member} that can be read: it is not an answer of "
            "this API (a proxy or login page, or cut short?).",
            f"Check the endpoint and what stands between. {ARCHIVE}",
        )


def _all_items(
    page: Callable[..., Answer], member: str, max_pages: int
) -> Iterator[Mapping[str, Any]]:
    """The items of every page of a listing.

    Raises:
        ServiceError: the listing goes in circles, or does not end.
    """
    seen = {""}
    token = ""
    while True:
        body = page(token=token).body
        yield from body[member]
        token = body.get("NextToken", "")
        if not token:
            return
        # A caller who gave up has left a thread in here: it must come to an end by itself.
        if token in seen or len(seen) >= max_pages:
            raise ServiceError(
                "bad_answer",
                f"The listing of {member} does not end: the endpoint names page after page.",
                f"Check the endpoint. {ARCHIVE}",
            )
        seen.add(token)
