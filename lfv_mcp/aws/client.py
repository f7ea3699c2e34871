"""The boto3 seam: sessions, clients, and the API description that we carry.

Failures leave as our own errors (see aws_failures). A client either talks to an endpoint with
the user's credentials, or to a replay with fixed dummy ones, and then never to the network.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from lfv_mcp import __version__
from lfv_mcp.archive.replay import Replay
from lfv_mcp.aws.failures import ARCHIVE, shown_url, translated
from lfv_mcp.aws.lenient_parsing import MISTYPED_KEY, Mistyped, drop_mistyped_members
from lfv_mcp.errors import CallerError, LfvError, ServiceError, SetupError
from lfv_mcp.identifiers import REGIONS, AccountScope
from lfv_mcp.provenance import Provenance

if TYPE_CHECKING:
    from botocore.client import BaseClient


SERVICE: Final = "lookoutvision"
PAGES: Final = 1000
"""Pages of a listing after which it is taken for endless: 100,000 models of one project."""
_API: Final = Path(__file__).with_name("_api")


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply: botocore's parsed body, and the headers it came with (lower-case names)."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class LookoutVision:
    """Lookout for Vision through boto3. Safe between threads; nothing is opened before a call.

    Args:
        profile: an AWS profile; None for boto3's usual chain.
        region: the region of calls that name none; None for the profile's own.
        timeout: seconds one tool call may take; a single attempt gets a quarter of it.
        connections: kept open for calls at one time.
        replay: answer from an archive, never from the network.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        timeout: float = 20.0,
        connections: int = 10,
        replay: Replay | None = None,
    ) -> None:
        self._profile = profile
        self._default_region = region
        self._timeout = timeout
        self._connections = connections
        self._replay = replay
        self._lock = threading.Lock()
        self._clients: dict[AccountScope, BaseClient] = {}
        self._session: boto3.Session | None = None
        self.replayed: dict[AccountScope, str] = {}
        """What a replay behind an endpoint said it is: archive or sample."""

    def region(self) -> str:
        """The region of a live call that names none.

        Raises:
            SetupError: none is configured, or the service never was there.
        """
        with self._lock, translated("the AWS configuration"):
            region = self._default_region or self._open_session().region_name
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

    def describe_model(self, caller: AccountScope, project_name: str, model_version: str) -> Answer:
        """DescribeModel; the body is the ModelDescription."""
        return self._call(
            caller,
            "describe_model",
            "ModelDescription",
            ProjectName=project_name,
            ModelVersion=model_version,
        )

    def list_models(
        self, caller: AccountScope, project_name: str, *, limit: int = 100, token: str = ""
    ) -> Answer:
        """One page of ListModels."""
        paging = {"MaxResults": limit} | ({"NextToken": token} if token else {})
        return self._call(caller, "list_models", "Models", ProjectName=project_name, **paging)

    def list_projects(self, caller: AccountScope, *, limit: int = 100, token: str = "") -> Answer:
        """One page of ListProjects."""
        paging = {"MaxResults": limit} | ({"NextToken": token} if token else {})
        return self._call(caller, "list_projects", "Projects", **paging)

    def all_models(self, caller: AccountScope, project_name: str) -> Iterator[Mapping[str, Any]]:
        """Every ModelMetadata of a project, page after page."""
        return _every(partial(self.list_models, caller, project_name), "Models")

    def all_projects(self, caller: AccountScope) -> Iterator[Mapping[str, Any]]:
        """Every ProjectMetadata, page after page."""
        return _every(partial(self.list_projects, caller), "Projects")

    def describe_project(self, caller: AccountScope, project_name: str) -> Answer:
        """DescribeProject; the body is the ProjectDescription."""
        return self._call(
            caller, "describe_project", "ProjectDescription", ProjectName=project_name
        )

    def endpoint(self, caller: AccountScope) -> str:
        """The URL that calls go to, without a password."""
        return shown_url(self._client(caller).meta.endpoint_url)

    def _call(self, caller: AccountScope, operation: str, member: str, **parameters: Any) -> Answer:
        """One call; a session whose credentials have expired is built anew once.

        After another failure of the set-up it is built anew at the next call: whoever was told
        to correct something may have done so by then.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        for attempt in (1, 2):
            client = self._client(caller)
            url = shown_url(client.meta.endpoint_url)
            try:
                with translated(url):
                    response = getattr(client, operation)(**parameters)
            except SetupError as error:
                if error.code != "access_denied":
                    self._forget(client)
                if attempt == 1 and error.code == "credentials_expired":
                    continue
                raise
            unfit: list[Mistyped] = response.pop(MISTYPED_KEY, [])
            for (*above, last), value in unfit:
                # A list fits no member of a record: `model.record` leaves it out and names it.
                reduce(getitem, above, response)[last] = [value]
            # Anything parses, into an answer without the one member it is for.
            broken = any(len(path) == 1 or isinstance(path[-1], int) for path, _ in unfit)
            if broken or not isinstance(response.get(member), dict | list):
                raise ServiceError(
                    "bad_answer",
                    f"The reply of {url} has no {member} that can be read: it is not an answer of "
                    "this API (a proxy or login page, or cut short?).",
                    f"Check the endpoint and what stands between. {ARCHIVE}",
                )
            body = response[member] if member.endswith("Description") else response
            headers = response["ResponseMetadata"].get("HTTPHeaders", {})
            if provenance := Provenance.from_headers(headers):
                self.replayed[caller] = provenance.kind
            return Answer(body, headers)
        raise AssertionError("unreachable")

    def _client(self, caller: AccountScope) -> BaseClient:
        with self._lock:
            client = self._clients.get(caller)
            if client is None:
                try:
                    with translated("the AWS configuration"):
                        client = self._open_client(caller)
                except LfvError:
                    self._session = None  # it remembers the configuration that did not work
                    raise
                client.meta.events.register(f"before-parse.{SERVICE}", drop_mistyped_members)
                self._clients[caller] = client
            return client

    def _forget(self, client: BaseClient) -> None:
        """Drop a client and the session behind it, unless another thread already has."""
        with self._lock:
            if client in self._clients.values():
                self._clients.clear()
                self._session = None

    def _open_client(self, caller: AccountScope) -> BaseClient:
        settings: dict[str, Any] = {
            "connect_timeout": min(3.0, self._timeout / 4),
            "read_timeout": self._timeout / 4,
            "retries": {"mode": "standard", "total_max_attempts": 3},
            "max_pool_connections": self._connections,
            "user_agent_extra": f"md/lfv-mcp#{__version__}",
        }
        session: Any = self._open_session()  # boto3's types do not know the service any more
        if self._replay is None:
            return session.client(  # type: ignore[no-any-return]
                SERVICE, region_name=caller.region, config=Config(**settings)
            )
        # Explicit settings, so that nothing in the environment can disturb a replay.
        settings |= {
            "retries": {"mode": "standard", "total_max_attempts": 1},
            "defaults_mode": "legacy",
            "use_fips_endpoint": False,
            "use_dualstack_endpoint": False,
        }
        client: BaseClient = session.client(
            SERVICE,
            region_name=caller.region,
            endpoint_url="https://archive.invalid",
            aws_access_key_id=caller.account or "archive",
            aws_secret_access_key="none",
            config=Config(**settings),
        )
        wire: Any = _wire(self._replay, caller)
        client.meta.events.register(f"before-send.{SERVICE}", wire)
        return client

    def _open_session(self) -> boto3.Session:
        if self._session is None:
            core = botocore.session.Session(session_vars=_ISOLATED if self._replay else None)
            # First, so that no copy in ~/.aws/models is taken for the one we carry.
            core.get_component("data_loader").search_paths.insert(0, str(_API))
            self._session = boto3.Session(
                botocore_session=core, profile_name=None if self._replay else self._profile
            )
        return self._session


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


def s3_client(profile: str | None, region: str | None, timeout: float, connections: int) -> Any:
    """An S3 client with the user's own credentials; it finds a bucket's region by itself."""
    with translated("the AWS configuration"):
        session = boto3.Session(profile_name=profile, region_name=region)
        return session.client(
            "s3",
            config=Config(
                connect_timeout=min(3.0, timeout / 4),
                read_timeout=timeout / 4,
                retries={"mode": "standard", "total_max_attempts": 3},
                max_pool_connections=connections,
                user_agent_extra=f"md/lfv-mcp#{__version__}",
            ),
        )


# A replay must answer whatever the shell holds: no profile, no configuration file is read.
_ISOLATED: Final[Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> list[bytes]:
        return [self.read()]


def _wire(replay: Replay, caller: AccountScope) -> Callable[..., AWSResponse]:
    """A `before-send` handler: botocore takes what it returns for the server's response."""

    def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        reply = replay.answer(request.method, request.url, caller)
        headers: Any = dict(reply.headers)
        return AWSResponse(request.url, reply.status, headers, _Body(reply.body))

    return respond


def _every(page: Callable[..., Answer], member: str) -> Iterator[Mapping[str, Any]]:
    """The items of every page.

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
        if token in seen or len(seen) >= PAGES:
            raise ServiceError(
                "bad_answer",
                f"The listing of {member} does not end: the endpoint names page after page.",
                f"Check the endpoint. {ARCHIVE}",
            )
        seen.add(token)
