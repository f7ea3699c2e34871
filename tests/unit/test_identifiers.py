"""ARNs taken apart and put together, versions as numbers, and the service's regions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp import identifiers
from lfv_mcp.archive.wire import ApiError, check_parameter
from lfv_mcp.identifiers import (
    MODEL_VERSION_PATTERN,
    PROJECT_NAME_PATTERN,
    Arn,
    ModelKey,
    ProjectKey,
    model_key,
    parse_arn,
    version_number,
)

MODEL = "arn:aws:lookoutvision:eu-west-1:111122223333:model/caps/3"
PROJECT = "arn:aws:lookoutvision:eu-west-1:111122223333:project/caps"

regions = st.sampled_from(identifiers.REGIONS)
accounts = st.from_regex(r"[0-9]{12}", fullmatch=True)
projects = st.from_regex(PROJECT_NAME_PATTERN, fullmatch=True)
versions = st.integers(1, 10**10 - 1)


@given(regions, accounts, projects, versions)
def test_a_key_is_its_arn(region: str, account: str, project: str, version: int) -> None:
    key = ModelKey(region, account, project, version)
    assert parse_arn(key.arn) == Arn("aws", region, account, "model", project, version)
    assert model_key({"ModelArn": key.arn}) == key
    assert key.project_key == ProjectKey(region, account, project)
    assert parse_arn(key.project_key.arn) == Arn("aws", region, account, "project", project, None)
    assert key.model_version == str(version)


def test_arns_as_the_api_writes_them() -> None:
    key = ModelKey("eu-west-1", "111122223333", "caps", 3)
    assert (key.arn, key.project_key.arn) == (MODEL, PROJECT)
    china = parse_arn(MODEL.replace("arn:aws:", "arn:aws-cn:"))
    assert china
    assert china.partition == "aws-cn"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "caps",
        MODEL + "\n",
        " " + MODEL,
        MODEL + "/4",
        MODEL[:-1] + "0",
        MODEL[:-1] + "03",
        MODEL[:-1] + "\u0663",
        MODEL[:-1] + "1" * 11,
        MODEL.replace("111122223333", "\u0661" * 12),
        MODEL.replace("caps", "-caps"),
        MODEL.replace("caps", "c" * 256),
        MODEL.replace("eu-west-1", "eu/west"),
        MODEL.replace("eu-west-1", "x" * 33),
        MODEL.replace("arn:aws:", "arn::"),
        MODEL.replace(":lookoutvision:", ":rekognition:"),
        PROJECT.replace(":project/", ":dataset/"),
        [MODEL],
        None,
        3,
    ],
)
def test_anything_else_is_no_arn(text: object) -> None:
    assert parse_arn(text) is None


@pytest.mark.parametrize("arn", [PROJECT, MODEL.removesuffix("/3"), None, 5, [MODEL]])
def test_a_body_without_a_models_arn_has_no_key(arn: object) -> None:
    assert model_key({"ModelArn": arn}) is None
    assert model_key({}) is None


@pytest.mark.parametrize(
    ("version", "number"),
    [("3", 3), ("10", 10), (7, 7), ("latest", 0), ("", 0), ("-1", 0), ("\u0663", 0), (None, 0)],
)
def test_a_version_as_a_number(version: object, number: int) -> None:
    assert version_number({"ModelVersion": version}) == number
    assert version_number({}) == 0


@pytest.mark.parametrize(
    ("member", "pattern", "good", "bad"),
    [
        ("projectName", PROJECT_NAME_PATTERN, "caps_2", "_caps"),
        ("modelVersion", f"{MODEL_VERSION_PATTERN}|latest", "3", "03"),
    ],
)
def test_the_replay_prints_the_patterns(member: str, pattern: str, good: str, bad: str) -> None:
    """As the API does, whose spelling of them this is."""
    check_parameter(member, good)
    with pytest.raises(
        ApiError, match=re.escape(f"{member} does not match the pattern {pattern}.")
    ):
        check_parameter(member, bad)
    assert identifiers.PROJECT_NAME_PATTERN == r"[a-zA-Z0-9][a-zA-Z0-9_\-]{0,254}"


def test_the_service_had_seven_regions() -> None:
    assert len(set(identifiers.REGIONS)) == 7


@pytest.mark.parametrize(
    "version",
    ["9" * 5_000, pytest.param(10**5_000, id="huge"), "1" * 19, "", "-1", "²", True, None, [3], {}],
)
def test_what_is_no_version_has_a_place_too(version: object) -> None:
    assert identifiers.version_number({"ModelVersion": version}) == 0
