"""The boto3 seam: clients, the carried API description, and botocore's failures made ours.

No botocore exception is seen outside this room. A client either talks to an endpoint with
the user's credentials, or to a replay with fixed dummy ones, and then never to the network.
"""

from __future__ import annotations

import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.exceptions as failures
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.parsers import ResponseParserError
from urllib3.exceptions import NameResolutionError

from lfv_mcp import __version__
from lfv_mcp.arguments import REGIONS
from lfv_mcp.errors import CallerError, LfvError, ServiceError, SetupError
from lfv_mcp.model import clean
from lfv_mcp.replay import Caller, Replay

if TYPE_CHECKING:
    from botocore.client import BaseClient

SERVICE: Final = "lookoutvision"
CONCURRENCY: Final = 32
"""Calls towards AWS at one time, and connections kept for them."""
_API: Final = Path(__file__).with_name("_api")
_ENDED: Final = (
    "AWS ended Lookout for Vision on 31 October 2025 and its endpoints are expected to be gone"
)
_ARCHIVE: Final = (
    "Answer from what you still hold instead: set LFV_SOURCE to a directory of saved answers or "
    "evaluation files, or to `sample` to try it."
)


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
        replay: answer from an archive, never from the network.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        timeout: float = 20.0,
        replay: Replay | None = None,
    ) -> None:
        self._profile = profile
        self._default_region = region
        self._timeout = timeout
        self._replay = replay
        self._lock = threading.Lock()
        self._clients: dict[Caller, BaseClient] = {}
        self._session: boto3.Session | None = None

    def region(self) -> str:
        """The region of a live call that names none.

        Raises:
            SetupError: none is configured, or the service never was there.
        """
        with self._lock, _translated("the AWS configuration"):
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

    def describe_model(self, caller: Caller, project_name: str, model_version: str) -> Answer:
        """DescribeModel; the body is the ModelDescription."""
        return self._call(
            caller,
            "describe_model",
            "ModelDescription",
            ProjectName=project_name,
            ModelVersion=model_version,
        )

    def list_models(
        self, caller: Caller, project_name: str, *, limit: int = 100, token: str = ""
    ) -> Answer:
        """One page of ListModels."""
        paging = {"MaxResults": limit} | ({"NextToken": token} if token else {})
        return self._call(caller, "list_models", "Models", ProjectName=project_name, **paging)

    def list_projects(self, caller: Caller, *, limit: int = 100, token: str = "") -> Answer:
        """One page of ListProjects."""
        paging = {"MaxResults": limit} | ({"NextToken": token} if token else {})
        return self._call(caller, "list_projects", "Projects", **paging)

    def endpoint(self, caller: Caller) -> str:
        """The URL that calls go to."""
        return str(self._client(caller).meta.endpoint_url)

    def _call(self, caller: Caller, operation: str, member: str, **parameters: Any) -> Answer:
        """One call; a session whose credentials have expired is built anew once.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        for attempt in (1, 2):
            client = self._client(caller)
            try:
                with _translated(client.meta.endpoint_url):
                    response = getattr(client, operation)(**parameters)
            except SetupError as error:
                if attempt == 1 and error.code == "credentials_expired":
                    self._forget(client)
                    continue
                raise
            # Anything that is JSON parses, into an answer without the one member it is for.
            if not isinstance(response.get(member), dict | list):
                raise ServiceError(
                    "bad_answer",
                    f"The reply of {client.meta.endpoint_url} has no {member}: it is not an "
                    "answer of this API (a proxy or login page, or cut short?).",
                    f"Check the endpoint and what stands between. {_ARCHIVE}",
                )
            body = response[member] if member == "ModelDescription" else response
            return Answer(body, response["ResponseMetadata"].get("HTTPHeaders", {}))
        raise AssertionError("unreachable")

    def _client(self, caller: Caller) -> BaseClient:
        with self._lock:
            client = self._clients.get(caller)
            if client is None:
                with _translated("the AWS configuration"):
                    client = self._open_client(caller)
                self._clients[caller] = client
            return client

    def _forget(self, client: BaseClient) -> None:
        """Drop a client and the session behind it, unless another thread already has."""
        with self._lock:
            if client in self._clients.values():
                self._clients.clear()
                self._session = None

    def _open_client(self, caller: Caller) -> BaseClient:
        settings: dict[str, Any] = {
            "connect_timeout": min(3.0, self._timeout / 4),
            "read_timeout": self._timeout / 4,
            "retries": {"mode": "standard", "total_max_attempts": 3},
            "max_pool_connections": CONCURRENCY,
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


# A replay must answer whatever the shell holds: no profile, no configuration file is read.
_ISOLATED: Final[Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> list[bytes]:
        return [self.read()]


def _wire(replay: Replay, caller: Caller) -> Callable[..., AWSResponse]:
    """A `before-send` handler: botocore takes what it returns for the server's response."""

    def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        reply = replay.answer(request.method, request.url, caller)
        headers: Any = dict(reply.headers)
        return AWSResponse(request.url, reply.status, headers, _Body(reply.body))

    return respond


_EXPIRED: Final = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRefreshRequired",
}
_REJECTED: Final = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "InvalidAccessKeyId",
}
_SKEWED: Final = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_LOG_IN: Final = (
    "Log in again (`aws sso login`, or new keys) with the profile in AWS_PROFILE; the server "
    "takes the new credentials without a restart."
)
# Key ids and tokens that a message might quote.
_SECRET: Final = re.compile(r"\b(?:A[KS]IA[A-Z0-9]{12,}|[A-Za-z0-9/+=]{40,})")


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Every botocore failure inside becomes one of our errors, about `what`."""
    try:
        yield
    except LfvError:
        raise
    except Exception as error:
        translated = _translate(error, what)
        if translated is None:
            raise
        raise translated from error


def _quoted(error: object) -> str:
    return _SECRET.sub("[removed]", clean(str(error).strip()))


def _translate(error: Exception, what: str) -> LfvError | None:
    match error:
        case failures.ClientError():
            return _api_error(error)
        case (
            failures.UnauthorizedSSOTokenError()
            | failures.SSOTokenLoadError()
            | failures.TokenRetrievalError()
        ):
            return SetupError(
                "credentials_expired", f"The AWS login has ended: {_quoted(error)}", _LOG_IN
            )
        case failures.ProfileNotFound():
            return SetupError(
                "credentials_missing",
                f"{_quoted(error)}.",
                "Set AWS_PROFILE (--profile) to a profile of ~/.aws/config, or leave it empty.",
            )
        case (
            failures.NoCredentialsError()
            | failures.PartialCredentialsError()
            | failures.CredentialRetrievalError()
        ):
            return SetupError(
                "credentials_missing",
                f"No usable AWS credentials: {_quoted(error)}.",
                f"Set AWS_PROFILE, or log in with `aws sso login`. {_ARCHIVE}",
            )
        case failures.ReadTimeoutError():
            return ServiceError(
                "endpoint_timeout",
                f"{what} took the connection but sent no complete answer in time (three attempts).",
                f"Ask again later, or raise LFV_TIMEOUT (--timeout). {_ARCHIVE}",
            )
        case (
            failures.ConnectionClosedError()
            | failures.ResponseStreamingError()
            | failures.IncompleteReadError()
        ):
            return ServiceError(
                "bad_answer",
                f"{what} closed the connection before its answer was complete, in three attempts.",
                f"Ask again later; if it stays so, check what stands between. {_ARCHIVE}",
            )
        case failures.HTTPClientError():  # refused, unresolvable, TLS, proxy
            return _unreachable(error, what)
        case ResponseParserError() | json.JSONDecodeError() | UnicodeDecodeError():
            return ServiceError(
                "bad_answer",
                f"The reply of {what} cannot be read as an answer of this API.",
                f"Check the endpoint and what stands between. {_ARCHIVE}",
            )
        case failures.BotoCoreError() | ValueError():
            return SetupError(
                "setup_invalid",
                f"boto3 cannot work with {what}: {_quoted(error)}",
                "Correct that setting (environment or ~/.aws/config); `lfv-mcp doctor` shows what "
                "is in force.",
            )
    return None


def _unreachable(error: failures.HTTPClientError, what: str) -> SetupError:
    cause: Any = error.kwargs.get("error")
    if isinstance(getattr(cause, "reason", cause), NameResolutionError) or "resolve" in str(cause):
        problem = f"The host of {what} cannot be resolved."
    elif isinstance(error, failures.ConnectTimeoutError):
        problem = f"{what} did not take the connection in time."
    elif isinstance(error, failures.SSLError):
        problem = f"No trusted TLS connection to {what}."
    elif isinstance(error, failures.ProxyConnectionError):
        problem = f"The proxy on the way to {what} cannot be reached."
    else:
        problem = f"{what} refused the connection."
    if ".amazonaws.com" in what or ".api.aws" in what:
        return SetupError("endpoint_unreachable", f"{problem} {_ENDED}.", _ARCHIVE)
    return SetupError(
        "endpoint_unreachable",
        problem,
        f"Check AWS_ENDPOINT_URL_LOOKOUTVISION and that the endpoint runs. {_ARCHIVE}",
    )


def _api_error(error: failures.ClientError) -> LfvError:
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = _quoted(response.get("Error", {}).get("Message") or response.get("Message") or "")
    said = f' It said: "{said}"' if said else ""
    match code:
        case "ResourceNotFoundException":
            if response.get("ResourceType") == "PROJECT":
                return CallerError("project_not_found", f"No such project.{said}", "")
            return CallerError("model_not_found", f"No such model version.{said}", "")
        case "AccessDeniedException" | "AccessDenied":
            return SetupError(
                "access_denied",
                f"These credentials may not do this.{said}",
                "Allow lookoutvision:DescribeModel, ListModels, ListProjects and DescribeProject "
                "to the role in use, or choose another AWS_PROFILE.",
            )
        case "ValidationException":
            return CallerError(
                "request_rejected",
                f"The API rejected the request (ValidationException).{said}",
                "Correct project_name or model_version and ask again.",
            )
        case "ConflictException":
            return ServiceError(
                "conflict",
                f"The resource is being changed (ConflictException).{said}",
                "Ask again when the change is through.",
            )
        case "ServiceQuotaExceededException":
            return ServiceError(
                "quota_exceeded",
                f"A service quota is exceeded (ServiceQuotaExceededException).{said}",
                "Ask again later, or have the quota raised.",
            )
    if code in ("ThrottlingException", "Throttling", "TooManyRequestsException") or status == 429:
        after = response.get("RetryAfterSeconds") or response.get("ResponseMetadata", {}).get(
            "HTTPHeaders", {}
        ).get("retry-after")
        wait = f"after {after} seconds" if after else "in a minute"
        return ServiceError(
            "throttled",
            f"Too many requests, also after retries.{said}",
            f"Ask again {wait}, with fewer calls at one time.",
        )
    if code in _EXPIRED:
        return SetupError("credentials_expired", f"The credentials have expired.{said}", _LOG_IN)
    if code in _SKEWED:
        return SetupError(
            "clock_skewed",
            f"This machine's clock is too far from the endpoint's.{said}",
            "Set the clock (NTP), then ask again.",
        )
    if code in _REJECTED:
        return SetupError(
            "credentials_rejected", f"AWS does not accept the credentials.{said}", _LOG_IN
        )
    return ServiceError(
        "service_error",
        f"The API failed: HTTP {status}, {clean(code, 100) or 'no error code'}.{said}",
        f"Ask again later. {_ARCHIVE}",
    )
