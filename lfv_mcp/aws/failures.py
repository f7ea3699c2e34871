"""botocore's failures, each made one of ours: cause, what to do next, and no secret in it.

The only module that knows botocore's exceptions. Everything that calls boto3 does so inside
`translated`; a table at the end says what becomes of each exception type, and `error_codes` what
becomes of each error code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import botocore.exceptions as failures
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError, LocationValueError, NameResolutionError

from lfv_mcp.aws.error_codes import (
    API_ERRORS,
    CREDENTIAL_ERRORS,
    EXPIRED,
    LOG_IN,
    LOGINS,
    S3_ERRORS,
    THROTTLED,
)
from lfv_mcp.errors import CallerError, LfvError, ServiceError, SetupError
from lfv_mcp.text import clean

_ENDED: Final = (
    "AWS ended Lookout for Vision on 31 October 2025 and its endpoints are expected to be gone"
)
ARCHIVE: Final = (
    "Answer from what you still hold instead: set LFV_SOURCE to a directory of saved answers or "
    "evaluation files, or to `sample` to try it."
)
# `aws login` is younger than the oldest boto3 that we take.
_LoginError: Any = getattr(failures, "LoginError", failures.SSOError)
_S3_PASSING: Final = {"RequestTimeout", "OperationAborted", "ConditionalRequestConflict"}
"""Error codes of S3 with which it asks to try again, although their status is 4xx."""
# Key ids and tokens that a message might quote.
_SECRET: Final = re.compile(r"\b(?:A[KS]IA[A-Z0-9]{12,}|[A-Za-z0-9/+=]{40,})")


@contextmanager
def translated(what: str) -> Generator[None]:
    """Every botocore failure inside becomes one of our errors.

    Args:
        what: what the error is about: the endpoint's URL, an s3:// URI, or a few words.

    Raises:
        LfvError: botocore, or what it calls, failed.
    """
    try:
        yield
    except LfvError:
        raise
    except Exception as error:
        ours = _translate(error, what)
        if ours is None:
            raise
        raise ours from error


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
    """One of our errors for a failure of botocore; None for a failure that is not botocore's."""
    for kinds, translate in _BY_TYPE:
        if isinstance(error, kinds):
            return translate(error, what)
    return None


def _client_error(error: failures.ClientError, what: str) -> LfvError:
    if error.operation_name in LOGINS:
        return _login_error(error)
    return _s3_error(error, what) if what.startswith("s3://") else _api_error(error)


def _login_ended(error: Exception, _: str) -> SetupError:
    return SetupError("credentials_expired", f"The AWS login has ended: {_quoted(error)}", LOG_IN)


def _profile_missing(error: Exception, _: str) -> SetupError:
    return SetupError(
        "credentials_missing",
        f"{_quoted(error)}.",
        "Set AWS_PROFILE (--profile) to a profile of ~/.aws/config, or leave it empty.",
    )


def _credentials_missing(error: Exception, what: str) -> SetupError:
    return SetupError(
        "credentials_missing",
        f"No usable AWS credentials: {_quoted(error)}.",
        f"Set AWS_PROFILE, or log in with `aws sso login`. {_instead(what)}",
    )


def _timed_out(error: Exception, what: str) -> ServiceError:
    return ServiceError(
        "endpoint_timeout",
        f"{_where(error, what)} took the connection but sent no complete answer in time, in three "
        "attempts.",
        f"Ask again later, or raise LFV_TIMEOUT (--timeout). {ARCHIVE}",
    )


def _cut_short(error: Exception, what: str) -> ServiceError:
    return ServiceError(
        "bad_answer",
        f"{_where(error, what)} closed the connection before its answer was complete, in three "
        "attempts.",
        f"Ask again later; if it stays so, check what stands between. {ARCHIVE}",
    )


def _broken_off(error: Exception, what: str) -> ServiceError:
    return ServiceError(
        "bad_answer",
        f"{_where(error, what)} broke off its answer.",
        f"Ask again later; if it stays so, check what stands between. {ARCHIVE}",
    )


def _unparsable(_: Exception, what: str) -> ServiceError:
    return ServiceError(
        "bad_answer",
        f"The reply of {what} cannot be read as an answer of this API.",
        f"Check the endpoint and what stands between. {ARCHIVE}",
    )


def _local_file_error(error: OSError, what: str) -> SetupError | None:
    """A credential process or a token file; of S3 it is the caller's own reading that failed."""
    return None if what.startswith("s3://") else _unusable(what, error)


def _instead(what: str) -> str:
    """What can be done without asking AWS at all."""
    if what.startswith("s3://"):
        return (
            "Or bring the files into the archive: `lfv-mcp archive import` takes a directory, too."
        )
    return ARCHIVE


def _unusable(what: str, error: object) -> SetupError:
    return _setup_invalid(what, _quoted(error))


def _setup_invalid(what: str, problem: str) -> SetupError:
    return SetupError(
        "setup_invalid",
        f"boto3 cannot work with {what}: {problem}",
        "Correct that setting (environment or ~/.aws/config); `lfv-mcp doctor` shows what "
        "is in force.",
    )


def _unsendable(error: failures.HTTPClientError, what: str) -> SetupError:
    """A request that could not be written as HTTP."""
    cause = error.kwargs.get("error")
    if isinstance(cause, OSError | LocationValueError):  # a CA bundle, the URL
        return _unusable(what, cause)
    # Not quoted: it may show a header, and in it the signature or the session token.
    problem = "its URL, or a key or token, has a character that HTTP cannot carry."
    return _setup_invalid(what, problem)


def _unreachable(error: failures.ConnectionError, what: str) -> SetupError:
    """A connection that was refused, or failed for want of an address, of TLS or of a proxy."""
    where = _where(error, what)
    problem = _why_unreachable(error, where)
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


def _why_unreachable(error: failures.ConnectionError, where: str) -> str:
    cause: Any = error.kwargs.get("error")
    if isinstance(getattr(cause, "reason", cause), NameResolutionError) or "resolve" in str(cause):
        return f"The host of {where} cannot be resolved."
    if isinstance(error, failures.ConnectTimeoutError):
        return f"{where} did not take the connection in time."
    if isinstance(error, failures.SSLError):
        return f"No trusted TLS connection to {where}: {_quoted(cause)}."
    if isinstance(error, failures.ProxyConnectionError):
        return f"The proxy on the way to {where} cannot be reached."
    return f"{where} refused the connection."


def _login_error(error: failures.ClientError) -> SetupError:
    code = _code(error)
    return SetupError(
        "credentials_expired" if code in EXPIRED else "credentials_rejected",
        f"AWS gave no credentials for this profile ({error.operation_name}: {clean(code, 100)})."
        f"{_its_message(error)}",
        f"Check that profile in ~/.aws/config. {LOG_IN}",
    )


def _s3_error(error: failures.ClientError, what: str) -> LfvError:
    code, status = _code(error), _status(error)
    known = S3_ERRORS.get(code)
    if known is not None:
        return known.kind(known.code, known.problem.format(what=what), known.next_step)
    is_passing = code in THROTTLED or code in _S3_PASSING or code in CREDENTIAL_ERRORS
    if is_passing or code == str(status) or not 400 <= status < 500 or status == 429:
        return _api_error(error)
    return SetupError(
        "s3_refused",
        f"S3 refuses {what}: {clean(code, 100)}.{_its_message(error)}",
        "Correct what S3 names there; the same request would be refused again.",
    )


def _api_error(error: failures.ClientError) -> LfvError:
    code, message = _code(error), _its_message(error)
    status = _status(error)
    if code == "ResourceNotFoundException":
        if _response(error).get("ResourceType") == "PROJECT":
            return CallerError("project_not_found", f"No such project.{message}", "")
        return CallerError("model_not_found", f"No such model version.{message}", "")
    known = API_ERRORS.get(code)
    if known is None and (code in THROTTLED or status == 429):
        named = f" ({code})" if code == "SlowDown" else ""
        return ServiceError(
            "throttled",
            f"Too many requests{named}, also after retries.{message}",
            f"Ask again {_when_to_ask_again(error)}, with fewer calls at one time.",
        )
    if known := known or CREDENTIAL_ERRORS.get(code):
        return known.kind(known.code, f"{known.problem}{message}", known.next_step)
    if code == str(status) and status < 500:
        return ServiceError(
            "bad_answer",
            f"The reply, HTTP {status}, is no error of this API (a proxy or login page?).",
            f"Check the endpoint and what stands between. {ARCHIVE}",
        )
    named = f", {clean(code, 100)}" if code not in ("", str(status)) else ""
    return ServiceError(
        "service_error",
        f"The API failed: HTTP {status}{named}.{message}",
        f"Ask again later. {ARCHIVE}",
    )


def _response(error: failures.ClientError) -> dict[str, Any]:
    """The parsed error reply: botocore's types know no members but the common ones."""
    response: Any = error.response
    return response  # type: ignore[no-any-return]


def _code(error: failures.ClientError) -> str:
    return str(_response(error).get("Error", {}).get("Code", ""))


def _status(error: failures.ClientError) -> Any:
    return _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode")


def _its_message(error: failures.ClientError) -> str:
    """The server's own message as a sentence to append; empty if there is none."""
    response = _response(error)
    message = _quoted(response.get("Error", {}).get("Message") or response.get("Message") or "")
    return f' It said: "{message}"' if message else ""


def _when_to_ask_again(error: failures.ClientError) -> str:
    response = _response(error)
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    seconds = response.get("RetryAfterSeconds") or headers.get("retry-after")
    return f"after {seconds} seconds" if seconds else "in a minute"


_BY_TYPE: Final[tuple[tuple[Any, Callable[[Any, str], LfvError | None]], ...]] = (
    (failures.ClientError, _client_error),
    (
        (
            failures.UnauthorizedSSOTokenError,
            failures.SSOTokenLoadError,
            failures.TokenRetrievalError,
            _LoginError,
        ),
        _login_ended,
    ),
    (failures.ProfileNotFound, _profile_missing),
    (
        (
            failures.NoCredentialsError,
            failures.PartialCredentialsError,
            failures.CredentialRetrievalError,
        ),
        _credentials_missing,
    ),
    (failures.ReadTimeoutError, _timed_out),
    (
        (
            failures.ConnectionClosedError,
            failures.ResponseStreamingError,
            failures.IncompleteReadError,
        ),
        _cut_short,
    ),
    (failures.ConnectionError, _unreachable),
    (failures.HTTPClientError, _unsendable),
    (ResponseParserError, _unparsable),
    ((failures.BotoCoreError, ValueError), lambda error, what: _unusable(what, error)),
    # botocore reads the body of a refusal outside of its retries, and lets out what urllib3 raises.
    (HTTPError, _broken_off),
    (OSError, _local_file_error),
)
"""Exception types and what translates each; subclasses stand before their base class."""
