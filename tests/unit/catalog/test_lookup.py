"""Which model is meant: the region and account in an archive, `latest`, and what exists instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.store import Directory
from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.catalog.backend import Backend
from lfv_mcp.catalog.lookup import Lookup, archived_scope
from lfv_mcp.errors import CallerError, SetupError
from lfv_mcp.identifiers import AccountScope, version_number
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.common import SourceKind
from tests.support.saved_records import ONE, OTHER, arn, described, lines, response, write

MODELS = (
    ("us-east-1", ONE, "cap-seal", 1),
    ("us-east-1", ONE, "cap-seal", 2),
    ("us-east-1", OTHER, "cap-seal", 7),
    ("eu-west-1", ONE, "pcb-top", 10),
    ("eu-west-1", ONE, "pcb-top", 9),
)


def opened(folder: Path, kind: SourceKind = "archive") -> tuple[Lookup, Archive]:
    models = [
        response("ModelDescription", described(project, version, region, account))
        for region, account, project, version in MODELS
    ]
    write(folder, "models.jsonl", lines(models))
    archive = Archive(Directory(folder))
    service = LookoutVision(transport=Replay(archive, kind))
    return Lookup(Backend(lambda: service, kind, archive)), archive


@pytest.mark.parametrize(
    ("query", "scope"),
    [
        (ModelQuery("pcb-top"), ("eu-west-1", ONE)),
        (ModelQuery("pcb-top", region="eu-west-1"), ("eu-west-1", ONE)),
        (ModelQuery("cap-seal", account=OTHER), ("us-east-1", OTHER)),
        (ModelQuery("cap-seal", "7"), ("us-east-1", OTHER)),  # only one of both has that version
        (ModelQuery("nowhere"), ("eu-west-1", "")),  # whoever asks there hears that it is not found
        (ModelQuery("nowhere", region="us-west-2", account=OTHER), ("us-west-2", "")),
    ],
)
def test_one_region_and_account_is_meant(
    tmp_path: Path, query: ModelQuery, scope: tuple[str, str]
) -> None:
    lookup, archive = opened(tmp_path)
    assert lookup.scope(query) == archived_scope(archive.index(), query) == AccountScope(*scope)


def test_several_candidates_are_an_error_that_lists_them(tmp_path: Path) -> None:
    lookup, _ = opened(tmp_path)
    with pytest.raises(CallerError) as caught:
        lookup.scope(ModelQuery("cap-seal"))
    assert caught.value.code == "ambiguous_model"
    for version, account in ((2, ONE), (7, OTHER)):
        assert arn("cap-seal", version, account=account) in caught.value.message


def test_a_project_of_another_region_is_an_error_that_lists_it(tmp_path: Path) -> None:
    lookup, _ = opened(tmp_path)
    with pytest.raises(CallerError) as caught:
        lookup.scope(ModelQuery("pcb-top", "9", region="us-east-1"))
    assert caught.value.code == "project_not_found"
    assert arn("pcb-top", 9, "eu-west-1") in caught.value.message


def test_a_listing_goes_through_every_region_and_account_in_order(tmp_path: Path) -> None:
    lookup, _ = opened(tmp_path)
    every = [("eu-west-1", ONE), ("us-east-1", ONE), ("us-east-1", OTHER)]
    assert lookup.scopes(ModelQuery("")) == every
    assert lookup.scopes(ModelQuery("", region="us-east-1")) == every[1:]
    assert lookup.scopes(ModelQuery("pcb-top")) == every[:1]


def test_latest_is_the_highest_number(tmp_path: Path) -> None:
    lookup, _ = opened(tmp_path)
    assert lookup.latest_version(AccountScope("eu-west-1", ONE), "pcb-top").version == "10"


def missing(lookup: Lookup, query: ModelQuery, code: str, scope: AccountScope) -> CallerError:
    return lookup.not_found(CallerError(code, "", ""), scope, query)


def test_what_exists_is_named_instead(tmp_path: Path) -> None:
    lookup, _ = opened(tmp_path)
    scope = AccountScope("eu-west-1", ONE)
    error = missing(lookup, ModelQuery("pcb-top", "3"), "model_not_found", scope)
    assert error.code == "model_not_found"
    assert error.message == "pcb-top has no version 3. Versions of pcb-top: 9, 10."
    # A version that is not found, of a project that is not there either.
    error = missing(lookup, ModelQuery("pcb-tpo", "3"), "model_not_found", scope)
    assert error.code == "project_not_found"
    assert "'pcb-tpo'" in error.message
    assert "Known projects: pcb-top, cap-seal." in error.message  # the closest first
    assert error.next_step == "Ask again with one of these."


def test_the_sample_says_how_to_connect_ones_own_models(tmp_path: Path) -> None:
    lookup, _ = opened(tmp_path, "sample")
    error = missing(lookup, ModelQuery("x"), "project_not_found", AccountScope("eu-west-1", ONE))
    assert "LFV_SOURCE" in error.next_step


def test_what_cannot_be_listed_is_said() -> None:
    def no_credentials() -> LookoutVision:
        raise SetupError("credentials_missing", "none", "log in")

    lookup = Lookup(Backend(no_credentials, "live", None))
    error = missing(lookup, ModelQuery("x", "3"), "model_not_found", AccountScope("eu-west-1"))
    assert error.code == "model_not_found"
    assert error.message == (
        "x has no version 3. What exists could not be listed [credentials_missing]."
    )
    assert lookup.in_words(ModelQuery("x", "3")) == (
        "project_name=x, model_version=3, region=(none), source=live"
    )


@pytest.mark.parametrize(
    ("model", "number"),
    [
        ({"ModelVersion": "12"}, 12),
        ({"ModelVersion": 12}, 12),
        ({"ModelVersion": "x"}, 0),
        ({"ModelVersion": "\N{SUPERSCRIPT TWO}"}, 0),  # a digit to Python, but no number
        ({}, 0),
    ],
)
def test_a_version_as_number(model: Mapping[str, Any], number: int) -> None:
    assert version_number(model) == number
