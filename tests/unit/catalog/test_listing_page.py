"""One page of a listing: which rows it takes, when it is full, and where it says to go on."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest

from lfv_mcp.analysis.listing import HeldOfModel, listing_digest
from lfv_mcp.catalog.held_models import HeldModels
from lfv_mcp.catalog.listing_page import ListingPage, PageLimits, model_row
from lfv_mcp.catalog.listing_position import ListingPosition
from lfv_mcp.results.common import Source
from tests.support.saved_records import described, listed

SOURCE = Source(kind="archive", basis="list_models", location="here")
START = ListingPosition("us-east-1", "111122223333")
NOTHING_HELD = HeldModels("live", None)
LIVE = HeldOfModel("live")


def filled(limits: PageLimits, versions: range) -> tuple[ListingPage, list[int]]:
    """A page that was offered these versions, and those that it did not take."""
    page, refused = ListingPage(START, limits, 0, NOTHING_HELD), []
    for version in versions:
        row = model_row("cap-seal", listed(described(version=version)), LIVE)
        if not page.add(START._replace(project="cap-seal", version=version), row):
            refused.append(version)
            break
    return page, refused


def test_a_page_that_is_not_full_has_no_token() -> None:
    page, refused = filled(PageLimits(max_rows=3), range(3, 0, -1))
    assert refused == []
    answer = page.answer("cap-seal", SOURCE)
    assert [row.model_version for row in answer.models] == ["3", "2", "1"]
    assert answer.next_token is None
    assert answer.findings is None


def test_a_full_page_goes_on_after_its_last_row() -> None:
    page, refused = filled(PageLimits(max_rows=2), range(9, 0, -1))
    assert refused == [7]
    token = page.answer("cap-seal", SOURCE).next_token
    assert token is not None
    assert ListingPosition.parse(token) == START._replace(project="cap-seal", version=8)


@pytest.mark.parametrize("most", [2_000, 5_000])
def test_a_page_is_no_longer_than_it_may_be(most: int) -> None:
    page, refused = filled(PageLimits(max_rows=1_000, max_bytes=most), range(999, 0, -1))
    assert refused
    answer = page.answer("cap-seal", SOURCE)
    rows = json.dumps(answer.to_json()["models"], separators=(",", ":"))
    text = listing_digest(answer).split("\n", 1)[1]
    assert answer.next_token is not None
    size = len(rows) + len(text) + len(answer.next_token)
    assert most - 500 < size <= most


def test_one_row_is_taken_however_long_it_is() -> None:
    page, refused = filled(PageLimits(max_bytes=1), range(3, 0, -1))
    assert (len(page.rows), refused) == (1, [2])


@pytest.mark.parametrize(("status", "wanted"), [("", True), ("TRAINED", True), ("HOSTED", False)])
def test_a_page_may_be_about_one_status(status: str, wanted: bool) -> None:
    page = ListingPage(START, PageLimits(status, 5, math.inf), 0, NOTHING_HELD)
    assert page.wants(model_row("cap-seal", listed(described()), LIVE)) is wanted


def test_a_page_that_ran_out_of_time_says_so_and_can_be_continued() -> None:
    page, _ = filled(PageLimits(), range(1))
    page.timed_out = True
    answer = page.answer("", SOURCE)
    assert ListingPosition.parse(answer.next_token or "") == page.position
    assert [finding.code for finding in answer.findings or ()] == ["listing_cut"]


def test_a_row_leaves_out_what_is_not_known() -> None:
    row = model_row("cap-seal", {"ModelVersion": "2", "Performance": {"F1Score": "x"}}, LIVE)
    assert row.to_json() == {
        "project_name": "cap-seal",
        "model_version": "2",
        "finding": "metrics_missing",
    }
    created = {"CreationTimestamp": datetime(2025, 8, 4, tzinfo=UTC)}  # as botocore parses it
    whole = model_row("cap-seal", listed(described()) | created, LIVE)
    assert list(whole.to_json()) == [
        *("project_name", "model_version", "model_arn", "status", "created_at"),
        *("f1_score", "precision", "recall", "description", "finding"),
    ]
