"""botocore's failures, each made one of ours: cause, what to do next, and no secret in it.

The only room that knows botocore's exceptions; `translated` is its door.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import botocore.exceptions as failures
from botocore.parsers import ResponseParserError
from urllib3.exceptions import LocationValueError, NameResolutionError

from lfv_mcp.errors import CallerError, LfvError, ServiceError, SetupError
from lfv_mcp.text import clean

_ENDED: Final = (
    "AWS ended Lookout for Vision on 31 October 2025 and its endpoints are expected to be gone"
)
ARCHIVE: Final = (
    "Answer from what you still hold instead: set LFV_SOURCE to a directory of saved answers or "
    "evaluation files, or to `sample` to try it."
)
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
    return clean(_SECRET.sub("[removed]", shown_url(clean(text, len(text)))))


def shown_url(text: object) -> str:
    """Text in which no URL has a user or password."""
    return re.sub(r"//[^/@\s]*@", "//", str(text))


def _where(error: Exception, what: str) -> str:
    """Scheme and host that failed; a login asks elsewhere than `what` says."""
    url = getattr(error, "kwargs", {}).get("endpoint_url") or what
    return "/".join(shown_url(url).split("/")[:3])


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
                f"Set AWS_PROFILE, or log in with `aws sso login`. {_instead(what)}",
            )
        case failures.ReadTimeoutError():
            return ServiceError(
                "endpoint_timeout",
                f"{where} took the connection but sent no complete answer in time, in three "
                "attempts.",
                f"Ask again later, or raise LFV_TIMEOUT (--timeout). {ARCHIVE}",
            )
        case (
            failures.ConnectionClosedError()
            | failures.ResponseStreamingError()
            | failures.IncompleteReadError()
        ):
            return ServiceError(
                "bad_answer",
                f"{where} closed the connection before its answer was complete, in three attempts.",
                f"Ask again later; if it stays so, check what stands between. {ARCHIVE}",
            )
        case failures.ConnectionError():  # refused, unresolvable, TLS, proxy
            return _unreachable(error, what, where)
        case failures.HTTPClientError():
            return _unsendable(error.kwargs.get("error"), what)
        case ResponseParserError():
            return ServiceError(
                "bad_answer",
                f"The reply of {what} cannot be read as an answer of this API.",
                f"Check the endpoint and what stands between. {ARCHIVE}",
            )
        case failures.BotoCoreError() | ValueError():
            return _unusable(what, _quoted(error))
        case OSError() if not what.startswith("s3://"):  # a credential process, a token file
            return _unusable(what, _quoted(error))
    return None


def _instead(what: str) -> str:
    """What can be done without asking AWS at all."""
    if what.startswith("s3://"):
        return (
            "Or bring the files into the archive: `lfv-mcp archive import` takes a directory, too."
        )
    return ARCHIVE


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
        next_step = f"Check the URL, and AWS_CA_BUNDLE if a proxy has its own CA. {ARCHIVE}"
    elif what.startswith("s3://"):
        next_step = "Check the network and AWS_ENDPOINT_URL_S3."
    elif not what.startswith(where):
        problem += " It was asked for AWS credentials."
        next_step = f"Check the network, or choose another AWS_PROFILE. {ARCHIVE}"
    elif ".amazonaws.com" in where or ".api.aws" in where:
        problem += f" {_ENDED}."
        next_step = ARCHIVE
    else:
        next_step = f"Check AWS_ENDPOINT_URL_LOOKOUTVISION and that the endpoint runs. {ARCHIVE}"
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
    if code == "InvalidObjectState":
        return SetupError(
            "s3_not_restored",
            f"{what} is in an archive storage class of S3 (Glacier), and cannot be read as it is.",
            "Restore it first (`aws s3api restore-object`); that takes minutes to hours.",
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
            f"Check the endpoint and what stands between. {ARCHIVE}",
        )
    return ServiceError(
        "service_error",
        f"The API failed: HTTP {status}"
        f"{f', {clean(code, 100)}' if code not in ('', str(status)) else ''}.{said}",
        f"Ask again later. {ARCHIVE}",
    )
