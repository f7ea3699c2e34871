"""Every failure a caller can see, sorted by who can act on it.

    LfvError
    ├── CallerError     the question can be corrected and asked again
    ├── SetupError      the operator of this server has to change something
    └── ServiceError    the other side failed; the same question may work later

`ERRORS` is the committed list of their codes; docs/codes.md is made from it.
"""

from __future__ import annotations

from typing import Any, Final, Self, TypeVar

from lfv_mcp.text import without_passwords

ERRORS: Final[dict[str, tuple[str, str]]] = {
    # code: (who can act, what it means)
    "ambiguous_model": (
        "caller",
        "several models fit the question; the candidates are listed as ARNs",
    ),
    "invalid_argument": ("caller", "an argument breaks a named rule; nothing was sent"),
    "model_not_found": ("caller", "the project has no such version; the known ones are listed"),
    "project_not_found": ("caller", "no such project; the known ones are listed"),
    "predictions_refused": (
        "caller",
        "prediction files that allow two readings, or none; the text names the flag to settle it",
    ),
    "predictions_name_taken": (
        "caller",
        "the archive has another prediction set of that name; it was left as it is",
    ),
    "dataset_refused": (
        "caller",
        "a place that holds no dataset, or one that cannot be converted as asked",
    ),
    "usage_error": (
        "caller",
        "a command line that cannot be parsed: an unknown flag, a missing argument",
    ),
    "connection_closed": (
        "caller",
        "a question of a Python program after its connection was closed, or in a process that was "
        "forked from the one that opened it",
    ),
    "region_unsupported": ("caller", "not one of the seven regions the service had"),
    "request_rejected": ("caller", "the API answered ValidationException"),
    "access_denied": ("operator", "the credentials lack a permission"),
    "archive_unreadable": ("operator", "the archive directory cannot be read"),
    "archive_unwritable": ("operator", "the target of an import or export cannot be written to"),
    "export_incomplete": (
        "operator",
        "something that belongs into an export could not be read; nothing was written",
    ),
    "output_failed": ("operator", "stdout or the file named for the answer cannot be written to"),
    "bucket_not_allowed": ("operator", "LFV_ALLOWED_BUCKETS does not name that S3 bucket"),
    "clock_skewed": ("operator", "this machine's clock is too far from the endpoint's"),
    "credentials_expired": ("operator", "the session token has expired, also after a fresh look"),
    "credentials_missing": ("operator", "no AWS credentials, or no such profile"),
    "credentials_rejected": ("operator", "AWS does not accept the key or the signature"),
    "dataset_unread": ("operator", "a file that may be a dataset is damaged or cannot be read"),
    "endpoint_unreachable": ("operator", "no connection: refused, unresolvable host, TLS failure"),
    "evidence_unavailable": ("operator", "neither evaluation file can be read; the text says why"),
    "part_not_installed": (
        "operator",
        "an optional part of lfv-mcp is needed; the text names the command that installs it",
    ),
    "predictions_unread": (
        "operator",
        "a file of predictions could not be read, so that no set is made of the others",
    ),
    "training_images_unread": (
        "operator",
        "what a successor was trained on cannot be read, or names no training image",
    ),
    "region_required": ("operator", "a live call needs a region and none is configured"),
    "s3_access_denied": ("operator", "the credentials may not read that S3 object or prefix"),
    "s3_key_unusable": (
        "operator",
        "the KMS key of an S3 object is disabled, deleted, or not to be used by these credentials",
    ),
    "s3_not_found": ("operator", "no such bucket or object"),
    "s3_not_restored": ("operator", "an object in Glacier that must be restored first"),
    "s3_refused": ("operator", "S3 refuses to read that object or prefix, for the reason it gives"),
    "setting_invalid": ("operator", "a flag or variable whose value cannot be used"),
    "setup_invalid": ("operator", "AWS configuration that boto3 cannot use"),
    "source_unusable": ("operator", "LFV_SOURCE (--source) names nothing that can be opened"),
    "archive_cannot_answer": (
        "service",
        "no archive holds what was asked (datasets, tags, writes)",
    ),
    "bad_answer": ("service", "the endpoint's reply is not an answer of this API"),
    "conflict": ("service", "the API answered ConflictException: something is being changed"),
    "deadline_exceeded": ("service", "the call's time limit (LFV_TIMEOUT) ran out"),
    "endpoint_timeout": ("service", "connected, but no complete answer in time"),
    "internal_error": ("service", "a defect of this server; details are in its log"),
    "quota_exceeded": ("service", "the API answered ServiceQuotaExceededException"),
    "service_error": ("service", "the API failed inside (5xx) or with an unknown error"),
    "throttled": ("service", "the API answered 429, also after retries"),
}
"""Who can act on a failure and what it means, by its code. A code never changes its meaning."""


ERROR_META: Final = "io.github.lfv-mcp/error"
"""`_meta` key of a failed tool call: an object with code, message, next_step and asked."""


_Kind = TypeVar("_Kind", bound="LfvError")


class LfvError(Exception):
    """A designed failure: what happened, and what to do next.

    Args:
        code: a code of `ERRORS`, stable for programs to act on.
        message: what happened, as whole sentences.
        next_step: what the reader can do now, as whole sentences.

    `question` is filled in by the catalog: the question as understood (project,
    version, region, source), so that the caller can see what was really asked. `other_version` is
    one of the project that has what this one lacks; empty if none is known.
    """

    def __init__(self, code: str, message: str, next_step: str) -> None:
        """Refuse a code that `ERRORS` does not have (KeyError)."""
        if code not in ERRORS:
            raise KeyError(code)
        self.code = code
        # A URL that was given to a command may hold a password; errors are logged and pasted.
        self.message = without_passwords(message)
        self.next_step = without_passwords(next_step)
        super().__init__(self.message)
        self.question = ""
        self.other_version = ""

    def saying(self, message: str, next_step: str) -> Self:
        """The same failure in other words, with all else that it carries."""
        said = LfvError(self.code, message, next_step)
        words = {"message": said.message, "next_step": said.next_step}
        return _made(type(self), vars(self) | words)

    def __reduce__(self) -> tuple[object, ...]:
        """Let a failure come back from another process: a pool waits for ever if it cannot."""
        return _made, (type(self), dict(vars(self)))

    def copy(self) -> Self:
        """The same failure for another caller: raised twice, one error collects tracebacks."""
        return self.saying(self.message, self.next_step)

    def __str__(self) -> str:
        """The whole text for a reader: message and code, the question as understood, next step."""
        lines = [f"{self.message} [{self.code}]"]
        if self.question:
            lines.append(f"Asked: {self.question}")
        lines.append(f"Next: {self.next_step}")
        return "\n".join(lines)


def _made(kind: type[_Kind], carried: dict[str, Any]) -> _Kind:
    """A failure with all that it carries; the constructors of the kinds differ."""
    error = kind.__new__(kind)
    LfvError.__init__(error, carried["code"], carried["message"], carried["next_step"])
    vars(error).update(carried)
    return error


class CallerError(LfvError):
    """The caller can correct the question."""


class SetupError(LfvError):
    """The operator of this server can correct its configuration."""


class NotHeldError(SetupError):
    """What was asked for is nowhere; reading it has not failed."""


class ServiceError(LfvError):
    """Neither caller nor configuration is at fault."""
