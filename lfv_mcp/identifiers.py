"""identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError


class ModelKey(NamedTuple):
    """What tells one model version from all others."""

    region: str
    account: str
    project: str
    version: int

    @property
    def arn(self) -> str:
        """The model's ARN."""
        return (
            f"arn:aws:lookoutvision:{self.region}:{self.account}"
            f":model/{self.project}/{self.version}"
        )


class ProjectKey(NamedTuple):
    """What tells one project from all others."""

    region: str
    account: str
    project: str


_RECORD_ARN: Final = re.compile(
    r"arn:[^:]+:lookoutvision:([a-z0-9-]{1,32}):(\d{12}):"
    r"(?:model/([a-zA-Z0-9][\w-]{0,254})/([1-9]\d{0,9})|project/([a-zA-Z0-9][\w-]{0,254}))",
    re.ASCII,
)


def require_project_key(body: Mapping[str, Any]) -> ProjectKey:
    arn = _RECORD_ARN.fullmatch(str(body.get("ProjectArn")))
    if arn is None or arn[5] is None:
        raise UnrecognisedError("a project without a ProjectArn of this service")
    return ProjectKey(arn[1], arn[2], arn[5])


def require_model_key(body: Mapping[str, Any], name: str = "ModelArn") -> ModelKey:
    arn = _RECORD_ARN.fullmatch(str(body.get(name)))
    if arn is None or arn[3] is None:
        raise UnrecognisedError("no ModelArn of this service, so whose it is cannot be told")
    return ModelKey(arn[1], arn[2], arn[3], int(arn[4]))


def model_key(body: Mapping[str, Any]) -> ModelKey | None:
    """Whose a description is, by its ModelArn; None if that does not say."""
    try:
        return require_model_key(body)
    except UnrecognisedError:
        return None


REGIONS: Final = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-northeast-1",
    "ap-northeast-2",
)
"""The seven regions the service had (botocore 1.40.60, endpoints.json)."""

MODEL_STATUSES: Final = (
    "TRAINING",
    "TRAINED",
    "TRAINING_FAILED",
    "STARTING_HOSTING",
    "HOSTED",
    "HOSTING_FAILED",
    "STOPPING_HOSTING",
    "SYSTEM_UPDATING",
    "DELETING",
)
"""ModelStatus, in the order of a model's life."""


class AccountScope(NamedTuple):
    """Whose resources are asked for, as the request's signature says; "" means: not said."""

    region: str = ""
    account: str = ""
