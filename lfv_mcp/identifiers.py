"""Names of models, projects, regions and statuses: their patterns, their ARNs, their order.

Every other module parses and formats an ARN, a project name or a version through this one, so that
what is read from an archive and what a caller may write cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, cast

PROJECT_NAME_PATTERN: Final = r"[a-zA-Z0-9][a-zA-Z0-9_\-]{0,254}"
"""The API's own pattern of ProjectName, as its error texts print it."""
MODEL_VERSION_PATTERN: Final = r"[1-9][0-9]{0,9}"
"""The API's own pattern of ModelVersion, as its error texts print it (without `latest`)."""

PREDICTION_SET_NAME_PATTERN: Final = r"[A-Za-z][A-Za-z0-9_\-]{0,62}"
"""The name of a prediction set; `is_prediction_set_name` knows the words that are none."""
PREDICTION_SET_NAME_RULE: Final = (
    "begins with a letter and has at most 63 letters, digits, - and _, and is not latest, hosted, "
    "or v and digits, which stand for versions; nor null, none or undefined, which name nothing"
)
"""The rule of `is_prediction_set_name`, as refusals say it of a name."""
_NO_SET_NAME: Final = re.compile(r"latest|hosted|v[0-9]+|null|none|undefined", re.IGNORECASE)

_ARN: Final = re.compile(
    # Any partition: the other ones spell themselves aws-cn, aws-us-gov, aws-iso. A region becomes
    # the name of a folder at import, so its length is bounded here.
    r"arn:(?P<partition>[^:]+):lookoutvision:(?P<region>[a-z0-9-]{1,32}):(?P<account>[0-9]{12}):"
    rf"(?P<kind>model|project)/(?P<project>{PROJECT_NAME_PATTERN})"
    rf"(?:/(?P<version>{MODEL_VERSION_PATTERN}))?"
)


class Arn(NamedTuple):
    """An ARN of Lookout for Vision, taken apart.

    Args:
        partition: `aws`, or another partition's name.
        region: for example `eu-west-1`; it need not be a region that the service had.
        account: twelve digits.
        kind: what the ARN names.
        project: the project's name.
        version: the model's version; None if the ARN ends with the project's name.
    """

    partition: str
    region: str
    account: str
    kind: Literal["model", "project"]
    project: str
    version: int | None


def _parse_arn(text: str) -> Arn | None:
    found = _ARN.fullmatch(text)
    if found is None:
        return None
    partition, region, account, kind, project, version = found.groups()
    return Arn(
        partition,
        region,
        account,
        cast("Literal['model', 'project']", kind),
        project,
        None if version is None else int(version),
    )


_parse_arn_again: Final = lru_cache(maxsize=256)(_parse_arn)
_KEPT_LENGTH: Final = 400
"""Characters of a text that is kept with what it was parsed to; an ARN has fewer."""


def parse_arn(text: object) -> Arn | None:
    """Take an ARN of this service apart; None for anything else, also for text around an ARN.

    `arn:aws:lookoutvision:eu-west-1:111122223333:model/caps/3` →
    `Arn("aws", "eu-west-1", "111122223333", "model", "caps", 3)`
    """
    if not isinstance(text, str):
        return None
    # The files of one model lie side by side, each with its ARN.
    return _parse_arn_again(text) if len(text) <= _KEPT_LENGTH else _parse_arn(text)


def _format_arn(region: str, account: str, resource: str) -> str:
    return f"arn:aws:lookoutvision:{region}:{account}:{resource}"


class ProjectKey(NamedTuple):
    """What tells one project from all others."""

    region: str
    account: str
    project: str

    @property
    def arn(self) -> str:
        """The project's ARN, in the partition `aws`."""
        return _format_arn(self.region, self.account, f"project/{self.project}")


class ModelKey(NamedTuple):
    """What tells one model version from all others."""

    region: str
    account: str
    project: str
    version: int

    @property
    def arn(self) -> str:
        """The model's ARN, in the partition `aws`."""
        return _format_arn(self.region, self.account, f"model/{self.project}/{self.version}")

    @property
    def model_version(self) -> str:
        """The version as the API spells it: decimal digits as text."""
        return str(self.version)

    @property
    def project_key(self) -> ProjectKey:
        """The project that this model is a version of."""
        return ProjectKey(self.region, self.account, self.project)


class PredictionSetKey(NamedTuple):
    """What tells one prediction set from all others; names are unique without case.

    Region and account are empty where nobody said of which the project is: such a set belongs to
    the project of that name wherever that is.
    """

    region: str
    account: str
    project: str
    name: str

    @property
    def project_key(self) -> ProjectKey:
        """The project whose images were judged; its region and account may be empty."""
        return ProjectKey(self.region, self.account, self.project)

    @property
    def folded_name(self) -> str:
        """The name without case, as it is looked up."""
        return self.name.casefold()


class FileKey(NamedTuple):
    """What a file is that does not say whose it is: a dataset, an edge package.

    Args:
        form: the form of the record, which is the same for all such files.
    """

    form: Literal["dataset", "edge_package"]


def is_project_name(text: object) -> bool:
    """Whether a text may be the name of a project."""
    return isinstance(text, str) and re.fullmatch(PROJECT_NAME_PATTERN, text) is not None


def with_sets(versions: Sequence[object], names: Iterable[str]) -> list[object]:
    """What is compared: the versions in their order, then the sets that they do not name."""
    named = {str(version).casefold() for version in versions}
    return [*versions, *(name for name in names if name.casefold() not in named)]


def is_prediction_set_name(text: object) -> bool:
    """Whether a text may be the name of a prediction set: `padim_2`, but not `latest` or `v3`."""
    return (
        isinstance(text, str)
        and re.fullmatch(PREDICTION_SET_NAME_PATTERN, text) is not None
        and _NO_SET_NAME.fullmatch(text) is None
    )


def model_key(body: Mapping[str, Any]) -> ModelKey | None:
    """The model that a description or listing entry is about, by its ModelArn; None without one."""
    arn = parse_arn(body.get("ModelArn"))
    if arn is None or arn.kind != "model" or arn.version is None:
        return None
    return ModelKey(arn.region, arn.account, arn.project, arn.version)


def version_number(body: Mapping[str, Any]) -> int:
    """The ModelVersion of a description or listing entry as a number, to sort by; 0 without one.

    Unlike `model_key` this takes the answer's own word, so an entry without an ARN has a place.
    """
    version = body.get("ModelVersion", "")
    if isinstance(version, int) and abs(version) < 10**18:
        version = str(version)
    # Longer ones are no versions, and Python refuses to read numbers of thousands of digits.
    if not isinstance(version, str) or len(version) > 18:
        return 0
    return int(version) if version.isascii() and version.isdigit() else 0


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
"""Every value of ModelStatus, in the order of a model's life."""


class AccountScope(NamedTuple):
    """Region and account whose models are read; empty: any."""

    region: str = ""
    account: str = ""
