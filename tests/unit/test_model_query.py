"""Which model a caller asks for: names, versions, regions, ARNs, and what is refused."""

from __future__ import annotations

import pytest

from lfv_mcp import identifiers
from lfv_mcp.errors import CallerError
from lfv_mcp.model_query import (
    ModelQuery,
    check_model_version,
    check_project_name,
    check_region,
    parse_model_query,
)

ARN = "arn:aws:lookoutvision:eu-west-1:111122223333:model/line-2_caps/7"


def refused(e: pytest.ExceptionInfo[CallerError]) -> str:
    assert e.value.code == "invalid_argument"
    return str(e.value)


@pytest.mark.parametrize("name", ["a", "7", "Line-2_caps", "a" * 255, ARN])
def test_good_project_names(name: str) -> None:
    assert check_project_name(name) == name


@pytest.mark.parametrize("name", ["", "a" * 256, "-a", "_a", "a/b", "a b", "ä", "a\n", None, 1])
def test_bad_project_names(name: object) -> None:
    with pytest.raises(CallerError, match="1 to 255 letters, digits, '-' or '_'") as e:
        check_project_name(name)
    # No name is an example: it would be read as the one that was meant.
    assert "with one of the names that list_models shows" in refused(e)


@pytest.mark.parametrize(
    "version", ["latest", "hosted", "padim-2", "1", "9999999999", 1, 9_999_999_999]
)
def test_good_versions(version: object) -> None:
    assert check_model_version(version) == str(version)


@pytest.mark.parametrize(
    "version",
    [
        "",
        "0",
        "01",
        "+1",
        "1.0",
        "LATEST",
        "Hosted",
        "v3",
        "-padim",
        "null",
        "None",
        "x" * 64,
        "10000000000",
        "²",
        "1\n",
        0,
        1.0,
        True,
        pytest.param(10**9999, id="huge"),
    ],
)
def test_bad_versions(version: object) -> None:
    with pytest.raises(CallerError, match="a whole number from 1, at most ten digits") as e:
        check_model_version(version)
    assert 'model_version="3"' in refused(e)


@pytest.mark.parametrize("region", ["", *identifiers.REGIONS])
def test_good_regions(region: str) -> None:
    assert check_region(region) == region


@pytest.mark.parametrize("region", ["eu-north-1", "us-east-1 ", "EU-WEST-1", 0, [], {}])
def test_bad_regions(region: object) -> None:
    with pytest.raises(CallerError, match="is not one that Lookout for Vision had") as e:
        check_region(region)
    assert e.value.code == "region_unsupported"
    for real in identifiers.REGIONS:
        assert real in e.value.next_step


# Which model is meant


@pytest.mark.parametrize(
    ("given_arguments", "meant"),
    [
        (("caps",), ModelQuery("caps")),
        (("caps", "latest"), ModelQuery("caps")),
        (("caps", "7", "eu-west-1"), ModelQuery("caps", "7", "eu-west-1")),
        ((ARN,), ModelQuery("line-2_caps", "7", "eu-west-1", "111122223333")),
        ((ARN, "latest"), ModelQuery("line-2_caps", "7", "eu-west-1", "111122223333")),
        ((ARN, "7", "eu-west-1"), ModelQuery("line-2_caps", "7", "eu-west-1", "111122223333")),
        # A project's ARN names no version.
        (
            (ARN.replace(":model/", ":project/")[:-2], "9"),
            ModelQuery("line-2_caps", "9", "eu-west-1", "111122223333"),
        ),
        # The other partitions spell their ARNs with a suffix.
        (
            (ARN.replace("arn:aws:", "arn:aws-us-gov:"),),
            ModelQuery("line-2_caps", "7", "eu-west-1", "111122223333"),
        ),
    ],
)
def test_asked(given_arguments: tuple[str, ...], meant: ModelQuery) -> None:
    assert parse_model_query(*given_arguments) == meant


@pytest.mark.parametrize(
    ("given_arguments", "contradiction"),
    [
        ((ARN, "8"), "model_version='8' contradicts the ARN, which says '7'"),
        ((ARN, "latest", "us-east-1"), "region='us-east-1' contradicts the ARN, which says 'eu-we"),
    ],
)
def test_contradiction_of_the_arn(given_arguments: tuple[str, ...], contradiction: str) -> None:
    with pytest.raises(CallerError) as e:
        parse_model_query(*given_arguments)
    assert contradiction in refused(e)


def test_arn_of_a_region_that_the_service_never_had() -> None:
    with pytest.raises(CallerError) as e:
        parse_model_query(ARN.replace("eu-west-1", "eu-north-1"))
    assert e.value.code == "region_unsupported"


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "AWS"])
def test_an_arn_of_any_partition_is_accepted(partition: str) -> None:
    """An archive keeps such records, so a caller may name them."""
    arn = ARN.replace("arn:aws:", f"arn:{partition}:")
    assert check_project_name(arn) == arn
    assert parse_model_query(arn) == parse_model_query(ARN)


@pytest.mark.parametrize(
    "arn",
    [
        ARN.replace(":lookoutvision:", ":rekognition:"),
        ARN.replace("111122223333", "1111"),
        ARN + "/8",
        ARN + " ",
        ARN[:-1] + "0",
        ARN.replace("eu-west-1", "x" * 33),
    ],
)
def test_what_only_resembles_an_arn_is_refused(arn: str) -> None:
    with pytest.raises(CallerError) as e:
        check_project_name(arn)
    assert "a whole model ARN is accepted too" in refused(e)


# A resource pasted for a project's name

URI = "lookoutvision://projects/line-2_caps"


@pytest.mark.parametrize(
    ("given_arguments", "meant"),
    [
        ((URI,), ModelQuery("line-2_caps")),
        ((f"{URI}/models/7",), ModelQuery("line-2_caps", "7")),
        ((f"{URI}/models/7/card", "7", "us-east-1"), ModelQuery("line-2_caps", "7", "us-east-1")),
        ((f"{URI}/models/latest", "3"), ModelQuery("line-2_caps", "3")),
        (
            (f"{URI}/models/7?region=eu-west-1&account=111122223333",),
            ModelQuery("line-2_caps", "7", "eu-west-1", "111122223333"),
        ),
        (
            (f"{URI}/models/7?account=111122223333",),
            ModelQuery("line-2_caps", "7", None, "111122223333"),
        ),
    ],
)
def test_a_resource_uri_is_taken_apart(given_arguments: tuple[str, ...], meant: ModelQuery) -> None:
    assert check_project_name(given_arguments[0]) == given_arguments[0]
    assert parse_model_query(*given_arguments) == meant


@pytest.mark.parametrize(
    ("given_arguments", "problem"),
    [
        ((f"{URI}/models/7", "8"), "model_version='8' contradicts the URI, which says '7'"),
        (
            (f"{URI}/models/7?region=eu-west-1", "7", "us-east-1"),
            "region='us-east-1' contradicts the URI, which says 'eu-west-1'",
        ),
        ((f"{URI}/models/7?region=mars",), "is not one that Lookout for Vision had"),
    ],
)
def test_a_resource_uri_is_not_contradicted(given_arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(CallerError, match=problem):
        parse_model_query(*given_arguments)
