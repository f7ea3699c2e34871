"""boto3 clients of the Lookout for Vision API, one for each region and account."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.loaders import Loader

from lfv_mcp import __version__
from lfv_mcp.aws.api_description import API_DESCRIPTION
from lfv_mcp.aws.failures import translated
from lfv_mcp.aws.lenient_parsing import drop_mistyped_members
from lfv_mcp.aws.transport import Transport
from lfv_mcp.errors import LfvError
from lfv_mcp.identifiers import AccountScope

if TYPE_CHECKING:
    from botocore.client import BaseClient

USER_AGENT: Final = f"md/lfv-mcp#{__version__}"
"""What every request of ours adds to boto3's user agent."""
_SERVICE: Final = "lookoutvision"
_DUMMY_SECRET_KEY: Final = "none"  # noqa: S105 - nobody checks the signatures it makes
# A transport must answer whatever the shell holds: no profile, no configuration file is read.
_ISOLATED: Final[Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class _CarriedLoader(Loader):
    """botocore's loader of API descriptions, which knows the one service that is carried here.

    botocore's own looks through the folders of 400 services, twice for every process, to find out
    which there are: a twentieth of the time of a command. It stays where there is a network: to
    log in, a profile may need other services.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        """The services that a client can be made of."""
        return [_SERVICE]


class ClientCache:
    """Opens boto3 clients, keeps one for each scope, and forgets them all. Safe between threads.

    Args:
        profile: an AWS profile; None for boto3's usual chain.
        timeout: seconds one tool call may take; a single attempt gets a quarter of it.
        connections: connections kept open by each client.
        transport: answers every request in the network's place; None for the network.
    """

    def __init__(
        self, profile: str | None, timeout: float, connections: int, transport: Transport | None
    ) -> None:
        """Open nothing yet."""
        self._profile = profile
        self._timeout = timeout
        self._connections = connections
        self._transport = transport
        self._lock = threading.Lock()
        self._clients: dict[AccountScope, BaseClient] = {}
        self._session: boto3.Session | None = None

    def default_region(self) -> str | None:
        """The region of the AWS profile or the environment; None if neither names one.

        Raises:
            LfvError: the AWS configuration cannot be used.
        """
        with self._lock, translated("the AWS configuration"):
            return self._open_session().region_name

    def get(self, scope: AccountScope) -> BaseClient:
        """The client of a scope, opened at the first use.

        Raises:
            LfvError: the AWS configuration cannot be used.
        """
        with self._lock:
            client = self._clients.get(scope)
            if client is None:
                try:
                    with translated("the AWS configuration"):
                        client = self._open_client(scope)
                except LfvError:
                    # The session remembers the configuration that did not work: it would go on
                    # failing after the user has corrected that.
                    self._session = None
                    raise
                client.meta.events.register(f"before-parse.{_SERVICE}", drop_mistyped_members)
                self._clients[scope] = client
            return client

    def forget(self, client: BaseClient) -> None:
        """Drop every client and the session, unless another thread has dropped this one already.

        Those of a transport stay, for what fails there is what the transport reads: made anew for
        every question while S3 fails, they would fill the memory faster than it is freed.
        """
        if self._transport is not None:
            return
        with self._lock:
            if client in self._clients.values():
                self._clients.clear()
                self._session = None

    def _open_client(self, scope: AccountScope) -> BaseClient:
        session: Any = self._open_session()  # boto3's types do not know the service any more
        if self._transport is None:
            client: BaseClient = session.client(
                _SERVICE,
                region_name=scope.region,
                config=client_config(self._timeout, self._connections),
            )
            return client
        # Explicit settings, so that nothing in the environment can disturb a transport's answers.
        isolated: dict[str, Any] = {
            "retries": {"mode": "standard", "total_max_attempts": 1},
            "defaults_mode": "legacy",
            "use_fips_endpoint": False,
            "use_dualstack_endpoint": False,
        }
        client = session.client(
            _SERVICE,
            region_name=scope.region,
            endpoint_url="https://archive.invalid",
            aws_access_key_id=scope.account or "archive",
            aws_secret_access_key=_DUMMY_SECRET_KEY,
            config=client_config(self._timeout, self._connections).merge(Config(**isolated)),
        )
        handler: Any = _answer_with(self._transport, scope)
        client.meta.events.register(f"before-send.{_SERVICE}", handler)
        return client

    def _open_session(self) -> boto3.Session:
        if self._session is None:
            isolated = self._transport is not None
            core = botocore.session.Session(session_vars=_ISOLATED if isolated else None)
            loader = _CarriedLoader() if isolated else core.get_component("data_loader")
            # First, so that no copy in ~/.aws/models is taken for the one we carry.
            loader.search_paths.insert(0, str(API_DESCRIPTION))
            core.register_component("data_loader", loader)
            self._session = boto3.Session(
                botocore_session=core, profile_name=None if isolated else self._profile
            )
        return self._session


def client_config(timeout: float, connections: int, attempts: int = 3) -> Config:
    """boto3 settings for calls that take `timeout` seconds in all, three attempts among them.

    More attempts than three take longer in all: for work that nobody's question waits for.
    """
    return Config(
        connect_timeout=min(3.0, timeout / 4),
        read_timeout=timeout / 4,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        user_agent_extra=USER_AGENT,
    )


class _Body(io.BytesIO):
    """The part of urllib3's response that botocore reads a body through."""

    def stream(self, **_: Any) -> list[bytes]:
        return [self.read()]


def _answer_with(transport: Transport, scope: AccountScope) -> Callable[..., AWSResponse]:
    """A `before-send` handler: botocore takes what it returns for the server's response."""

    def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        reply = transport.answer(request.method, request.url, scope)
        headers: Any = dict(reply.headers)
        return AWSResponse(request.url, reply.status, headers, _Body(reply.body))

    return respond
