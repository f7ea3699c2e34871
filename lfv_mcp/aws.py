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
from functools import partial, reduce
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.exceptions as failures
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.parsers import ResponseParserError
from urllib3.exceptions import LocationValueError, NameResolutionError

from lfv_mcp import __version__
from lfv_mcp.arguments import REGIONS
from lfv_mcp.errors import CallerError, LfvError, ServiceError, SetupError
from lfv_mcp.model import clean
from lfv_mcp.records import epoch
from lfv_mcp.replay import KIND, Caller, Replay

if TYPE_CHECKING:
    from botocore.client import BaseClient

SERVICE: Final = "lookoutvision"
PAGES: Final = 1000
"""Pages of a listing after which it is taken for endless: 100,000 models of one project."""
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
        self._clients: dict[Caller, BaseClient] = {}
        self._session: boto3.Session | None = None
        self.replayed: dict[Caller, str] = {}
        """What a replay behind an endpoint said it is: archive or sample."""

    def warm(self) -> None:
        """Open the client that the first call will need, without calling anything.

        Raises:
            LfvError: the configuration does not allow it.
        """
        self._client(Caller("us-east-1") if self._replay else Caller(self.region()))

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

    def all_models(self, caller: Caller, project_name: str) -> Iterator[Mapping[str, Any]]:
        """Every ModelMetadata of a project, page after page."""
        return _every(partial(self.list_models, caller, project_name), "Models")

    def all_projects(self, caller: Caller) -> Iterator[Mapping[str, Any]]:
        """Every ProjectMetadata, page after page."""
        return _every(partial(self.list_projects, caller), "Projects")

    def describe_project(self, caller: Caller, project_name: str) -> Answer:
        """DescribeProject; the body is the ProjectDescription."""
        return self._call(
            caller, "describe_project", "ProjectDescription", ProjectName=project_name
        )

    def endpoint(self, caller: Caller) -> str:
        """The URL that calls go to, without a password."""
        return _shown(self._client(caller).meta.endpoint_url)

    def _call(self, caller: Caller, operation: str, member: str, **parameters: Any) -> Answer:
        """One call; a session whose credentials have expired is built anew once.

        After another failure of the set-up it is built anew at the next call: whoever was told
        to correct something may have done so by then.

        Raises:
            LfvError: whatever went wrong, as one of our errors.
        """
        for attempt in (1, 2):
            client = self._client(caller)
            url = _shown(client.meta.endpoint_url)
            try:
                with translated(url):
                    response = getattr(client, operation)(**parameters)
            except SetupError as error:
                if error.code != "access_denied":
                    self._forget(client)
                if attempt == 1 and error.code == "credentials_expired":
                    continue
                raise
            unfit: list[_Unfit] = response.pop(_UNFIT, [])
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
                    f"Check the endpoint and what stands between. {_ARCHIVE}",
                )
            body = response[member] if member.endswith("Description") else response
            headers = response["ResponseMetadata"].get("HTTPHeaders", {})
            if KIND in headers:
                self.replayed[caller] = headers[KIND]
            return Answer(body, headers)
        raise AssertionError("unreachable")

    def _client(self, caller: Caller) -> BaseClient:
        with self._lock:
            client = self._clients.get(caller)
            if client is None:
                try:
                    with translated("the AWS configuration"):
                        client = self._open_client(caller)
                except LfvError:
                    self._session = None  # it remembers the configuration that did not work
                    raise
                client.meta.events.register(f"before-parse.{SERVICE}", _keep_what_fits)
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


def _wire(replay: Replay, caller: Caller) -> Callable[..., AWSResponse]:
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
                f"Check the endpoint. {_ARCHIVE}",
            )
        seen.add(token)


_Path = tuple[str | int, ...]
_Unfit = tuple[_Path, Any]
_UNFIT: Final = "lfv-unfit"


def _keep_what_fits(
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """A `before-parse` handler: takes out of a reply what has not the type that the API gives it.

    botocore's parser makes a number of a text that looks like one and cuts 1.9 units to 1, and
    one bad value makes it drop the whole reply. What is left is parsed as ever.
    """
    headers = response_dict["headers"]
    if not headers.get("Retry-After", "0").isdecimal():  # HTTP allows a date there
        del headers["Retry-After"]
    try:
        body = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        body = None
    unfit: list[_Unfit] = []
    if not isinstance(body, dict):
        response_dict["body"] = b""
        return
    if response_dict["status_code"] < 300:
        body = _fitting(body, operation_model.output_shape, (), unfit)
    else:  # of an error only texts are read: its code, its message, the resource
        body = {name: value for name, value in body.items() if isinstance(value, str)}
    response_dict["body"] = json.dumps(body).encode()
    customized_response_dict[_UNFIT] = unfit


def _fitting(value: Any, shape: Any, path: _Path, unfit: list[_Unfit]) -> Any:
    """The value as its shape says; or None, and then it is in `unfit` with its path."""
    match shape.type_name, value:
        case "structure", dict():
            members = {
                name: _fitting(value[name], member, (*path, name), unfit)
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
            return {name: kept for name, kept in members.items() if kept is not None}
        case "list", list():
            return [_fitting(item, shape.member, (*path, i), unfit) for i, item in enumerate(value)]
        case ("string", str()) | ("float", float()):
            return value
        case "integer", float() if value.is_integer():
            return int(value)
        case "float" | "integer", int() if not isinstance(value, bool) and abs(value) < 2**63:
            return value
        case "timestamp", _ if (seconds := epoch(value)) is not None:
            return seconds
    unfit.append((path, value))
    return None


_LOGINS: Final = {
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "CreateOAuth2Token",
    "CreateToken",
    "GetRoleCredentials",
}
"""What boto3 itself calls to get credentials."""
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
# `aws login` is younger than the oldest boto3 that we take.
_LoginError: Any = getattr(failures, "LoginError", failures.SSOError)
# Key ids and tokens that a message might quote.
_SECRET: Final = re.compile(r"\b(?:A[KS]IA[A-Z0-9]{12,}|[A-Za-z0-9/+=]{40,})")


@contextmanager
def translated(what: str) -> Iterator[None]:
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
    """Somebody else's message without secrets. It is cut last: half a secret is not recognised."""
    text = str(error).strip()
    return clean(_SECRET.sub("[removed]", _shown(clean(text, len(text)))))


def _shown(text: object) -> str:
    """Text in which no URL has a user or password."""
    return re.sub(r"//[^/@\s]*@", "//", str(text))


def _where(error: Exception, what: str) -> str:
    """Scheme and host that failed; a login asks elsewhere than `what` says."""
    url = getattr(error, "kwargs", {}).get("endpoint_url") or what
    return "/".join(_shown(url).split("/")[:3])


def _translate(error: Exception, what: str) -> LfvError | None:
    where = _where(error, what)
    match error:
        case failures.ClientError() if error.operation_name in _LOGINS:
            return _login_error(error)
        case failures.ClientError() if what.startswith("s3://"):
            return _s3_error(error, what)
        case failures.ClientError():
            return _api_error(error)
        case (
            failures.UnauthorizedSSOTokenError()
            | failures.SSOTokenLoadError()
            | failures.TokenRetrievalError()
            | _LoginError()
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
                f"{where} took the connection but sent no complete answer in time, in three "
                "attempts.",
                f"Ask again later, or raise LFV_TIMEOUT (--timeout). {_ARCHIVE}",
            )
        case (
            failures.ConnectionClosedError()
            | failures.ResponseStreamingError()
            | failures.IncompleteReadError()
        ):
            return ServiceError(
                "bad_answer",
                f"{where} closed the connection before its answer was complete, in three attempts.",
                f"Ask again later; if it stays so, check what stands between. {_ARCHIVE}",
            )
        case failures.ConnectionError():  # refused, unresolvable, TLS, proxy
            return _unreachable(error, what, where)
        case failures.HTTPClientError():
            return _unsendable(error.kwargs.get("error"), what)
        case ResponseParserError():
            return ServiceError(
                "bad_answer",
                f"The reply of {what} cannot be read as an answer of this API.",
                f"Check the endpoint and what stands between. {_ARCHIVE}",
            )
        case failures.BotoCoreError() | ValueError():
            return _unusable(what, _quoted(error))
        case OSError() if not what.startswith("s3://"):  # a credential process, a token file
            return _unusable(what, _quoted(error))
    return None


def _unusable(what: str, problem: str) -> SetupError:
    return SetupError(
        "setup_invalid",
        f"boto3 cannot work with {what}: {problem}",
        "Correct that setting (environment or ~/.aws/config); `lfv-mcp doctor` shows what "
        "is in force.",
    )


def _unsendable(cause: object, what: str) -> SetupError:
    """A request that never became one."""
    if isinstance(cause, OSError | LocationValueError):  # a CA bundle, the URL
        return _unusable(what, _quoted(cause))
    # Not quoted: it may show a header, and in it the signature or the session token.
    return _unusable(what, "its URL, or a key or token, has a character that HTTP cannot carry.")


def _unreachable(error: failures.ConnectionError, what: str, where: str) -> SetupError:
    cause: Any = error.kwargs.get("error")
    if isinstance(getattr(cause, "reason", cause), NameResolutionError) or "resolve" in str(cause):
        problem = f"The host of {where} cannot be resolved."
    elif isinstance(error, failures.ConnectTimeoutError):
        problem = f"{where} did not take the connection in time."
    elif isinstance(error, failures.SSLError):
        problem = f"No trusted TLS connection to {where}: {_quoted(cause)}."
    elif isinstance(error, failures.ProxyConnectionError):
        problem = f"The proxy on the way to {where} cannot be reached."
    else:
        problem = f"{where} refused the connection."
    if isinstance(error, failures.ProxyConnectionError):
        next_step = "Check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY."
    elif isinstance(error, failures.SSLError):
        next_step = f"Check the URL, and AWS_CA_BUNDLE if a proxy has its own CA. {_ARCHIVE}"
    elif what.startswith("s3://"):
        next_step = "Check the network and AWS_ENDPOINT_URL_S3."
    elif not what.startswith(where):
        problem += " It was asked for AWS credentials."
        next_step = f"Check the network, or choose another AWS_PROFILE. {_ARCHIVE}"
    elif ".amazonaws.com" in where or ".api.aws" in where:
        problem += f" {_ENDED}."
        next_step = _ARCHIVE
    else:
        next_step = f"Check AWS_ENDPOINT_URL_LOOKOUTVISION and that the endpoint runs. {_ARCHIVE}"
    return SetupError("endpoint_unreachable", problem, next_step)


def _login_error(error: failures.ClientError) -> SetupError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = _quoted(error.response.get("Error", {}).get("Message", ""))
    said = f' It said: "{said}"' if said else ""
    return SetupError(
        "credentials_expired" if code in _EXPIRED else "credentials_rejected",
        f"AWS gave no credentials for this profile ({error.operation_name}: {clean(code, 100)})."
        f"{said}",
        f"Check that profile in ~/.aws/config. {_LOG_IN}",
    )


def _s3_error(error: failures.ClientError, what: str) -> LfvError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in ("AccessDenied", "403", "AllAccessDisabled"):
        return SetupError(
            "s3_access_denied",
            f"These credentials may not read {what}.",
            "Allow s3:GetObject (and s3:ListBucket) on that bucket and prefix, and kms:Decrypt if "
            "its own encryption key is used. A policy with the condition aws:ViaAWSService lets "
            "only the service read, never a client.",
        )
    if code in ("NoSuchKey", "NoSuchBucket", "404"):
        return SetupError(
            "s3_not_found",
            f"{what} does not exist, or no longer.",
            "Check bucket and key; a lifecycle rule or a deleted bucket may have removed it.",
        )
    return _api_error(error)


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
    if code == str(status) and status < 500:
        return ServiceError(
            "bad_answer",
            f"The reply, HTTP {status}, is no error of this API (a proxy or login page?).",
            f"Check the endpoint and what stands between. {_ARCHIVE}",
        )
    return ServiceError(
        "service_error",
        f"The API failed: HTTP {status}"
        f"{f', {clean(code, 100)}' if code not in ('', str(status)) else ''}.{said}",
        f"Ask again later. {_ARCHIVE}",
    )
