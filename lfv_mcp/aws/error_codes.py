"""Error codes of AWS, and the error of ours that each becomes."""

from __future__ import annotations

from typing import Final, NamedTuple

from lfv_mcp.errors import CallerError, LfvError, ServiceError, SetupError

LOGINS: Final = {
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "CreateOAuth2Token",
    "CreateToken",
    "GetRoleCredentials",
}
"""What boto3 itself calls to get credentials."""
EXPIRED: Final = {
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
THROTTLED: Final = {
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "SlowDown",
    "RequestLimitExceeded",
}
LOG_IN: Final = (
    "Log in again (`aws sso login`, or new keys) with the profile in AWS_PROFILE; the server "
    "takes the new credentials without a restart."
)


class KnownError(NamedTuple):
    """What becomes of an error code of AWS: one of our classes, its code, and two texts."""

    kind: type[LfvError]
    code: str
    problem: str
    next_step: str


API_ERRORS: Final = {
    **dict.fromkeys(
        ("AccessDeniedException", "AccessDenied"),
        KnownError(
            SetupError,
            "access_denied",
            "These credentials may not do this.",
            "Allow lookoutvision:DescribeModel, ListModels, ListProjects and DescribeProject "
            "to the role in use, or choose another AWS_PROFILE.",
        ),
    ),
    "ValidationException": KnownError(
        CallerError,
        "request_rejected",
        "The API rejected the request (ValidationException).",
        "Correct project_name or model_version and ask again.",
    ),
    "ConflictException": KnownError(
        ServiceError,
        "conflict",
        "The resource is being changed (ConflictException).",
        "Ask again when the change is through.",
    ),
    "ServiceQuotaExceededException": KnownError(
        ServiceError,
        "quota_exceeded",
        "A service quota is exceeded (ServiceQuotaExceededException).",
        "Ask again later, or have the quota raised.",
    ),
}
"""What the Lookout for Vision API itself refuses, by error code."""
CREDENTIAL_ERRORS: Final = {
    **dict.fromkeys(
        EXPIRED,
        KnownError(SetupError, "credentials_expired", "The credentials have expired.", LOG_IN),
    ),
    **dict.fromkeys(
        _SKEWED,
        KnownError(
            SetupError,
            "clock_skewed",
            "This machine's clock is too far from the endpoint's.",
            "Set the clock (NTP), then ask again.",
        ),
    ),
    **dict.fromkeys(
        _REJECTED,
        KnownError(
            SetupError, "credentials_rejected", "AWS does not accept the credentials.", LOG_IN
        ),
    ),
}
"""What AWS refuses before a request reaches a service, by error code."""
S3_ERRORS: Final = {
    **dict.fromkeys(
        ("AccessDenied", "403", "AllAccessDisabled"),
        KnownError(
            SetupError,
            "s3_access_denied",
            "These credentials may not read {what}.",
            "Allow s3:GetObject (and s3:ListBucket) on that bucket and prefix, and kms:Decrypt if "
            "its own encryption key is used. A policy with the condition aws:ViaAWSService lets "
            "only the service read, never a client.",
        ),
    ),
    **dict.fromkeys(
        ("NoSuchKey", "NoSuchBucket", "404"),
        KnownError(
            SetupError,
            "s3_not_found",
            "{what} does not exist.",
            "Check bucket and key; a lifecycle rule or a deleted bucket may have removed it.",
        ),
    ),
    **dict.fromkeys(
        (
            "KMS.DisabledException",
            "KMS.InvalidStateException",
            "KMS.KMSInvalidStateException",
            "KMS.NotFoundException",
            "KMS.InvalidKeyUsageException",
        ),
        KnownError(
            SetupError,
            "s3_key_unusable",
            "The KMS key that {what} is encrypted with cannot be used.",
            "Enable the key, cancel its deletion, or allow kms:Decrypt on it to the role in use.",
        ),
    ),
    "InvalidObjectState": KnownError(
        SetupError,
        "s3_not_restored",
        "{what} is in an archive storage class of S3 (Glacier), and cannot be read as it is.",
        "Restore it first (`aws s3api restore-object`); that takes minutes to hours.",
    ),
}
"""Error codes of S3; `{what}` is the object or bucket."""
