"""Whoever follows the tokens of a listing arrives, however slow its projects are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.aws.client import Answer, LookoutVision
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.catalog.listing_position import ListingPosition
from lfv_mcp.catalog.workers import WorkerLimits
from lfv_mcp.errors import ServiceError
from lfv_mcp.identifiers import AccountScope

PROJECTS = [f"p{number}" for number in range(6)]
LIMIT = 0.3


class Slow:
    """An API whose projects are slow for their first questions."""

    def __init__(self, slow: Mapping[str, int]) -> None:
        self.slow = dict(slow)
        self.replayed: dict[AccountScope, str] = {}

    def region(self) -> str:
        return "us-east-1"

    def endpoint(self, _: AccountScope) -> str:
        return "http://127.0.0.1"

    def list_projects(self, _: AccountScope, *, token: str = "") -> Answer:
        assert not token
        return Answer({"Projects": [{"ProjectName": name} for name in PROJECTS]})

    def all_models(self, _: AccountScope, name: str) -> Iterator[Mapping[str, Any]]:
        if self.slow.get(name, 0) > 0:
            self.slow[name] -= 1
            time.sleep(1.2 * LIMIT)
        return iter({"ModelVersion": version, "Status": "TRAINED"} for version in "12")


_LISTINGS: Final = given(
    slow=st.dictionaries(st.sampled_from(PROJECTS), st.integers(1, 3), max_size=4),
    together=st.sampled_from([1, 3, 8]),
    max_results=st.sampled_from([1, 5, 100]),
    status=st.sampled_from(["", "HOSTED"]),
)


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@_LISTINGS
def test_a_token_always_moves(
    slow: dict[str, int], together: int, max_results: int, status: str
) -> None:
    _follow_all_tokens(slow, together, max_results, status)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@_LISTINGS
def test_a_token_of_many_listings_always_moves(
    slow: dict[str, int], together: int, max_results: int, status: str
) -> None:
    _follow_all_tokens(slow, together, max_results, status)


def _follow_all_tokens(slow: dict[str, int], together: int, max_results: int, status: str) -> None:
    async def follow() -> list[tuple[str, str]]:
        catalog = Catalog(
            lambda: cast(LookoutVision, Slow(slow)),
            "live",
            timeout=LIMIT,
            worker_limits=WorkerLimits(concurrent_projects=together),
        )
        found: list[tuple[str, str]] = []
        token, errors = "", 0
        while True:
            try:
                page = await catalog.list_models(
                    status=status, max_results=max_results, next_token=token
                )
            except ServiceError as error:
                if error.code != "deadline_exceeded" or errors == 40:
                    raise
                errors += 1
                continue
            found += [(row.project_name, row.model_version) for row in page.models]
            if page.next_token is None:
                return found
            assert order(page.next_token) > order(token)
            token = page.next_token

    every = [(name, version) for name in PROJECTS for version in "21"]
    assert anyio.run(follow) == ([] if status else every)


def order(token: str) -> tuple[str, int]:
    """How far a token is: by project, then from the highest version down."""
    position = ListingPosition.parse(token)
    return position.project, -position.version  # 0 behind the last one
