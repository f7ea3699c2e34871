"""The words of a listing: its summary, and one line for each model."""

from __future__ import annotations

from typing import Final, get_args

import pytest

from lfv_mcp.analysis.listing import listing_digest, row_in_words, summarise_listing
from lfv_mcp.findings import finding
from lfv_mcp.results.common import Source, SourceKind
from lfv_mcp.results.model_list import ModelList, ModelRow
from tests.support.answers import as_json

ROW: Final = ModelRow(
    project_name="caps", model_version="3", status="TRAINED", precision=0.9, recall=1, f1_score=0.5
)
SOURCES: Final = {kind: Source(kind=kind, basis="list_models") for kind in get_args(SourceKind)}


@pytest.mark.parametrize(
    ("rows", "project", "status", "more", "kind", "words"),
    [
        (0, "", "", False, "live", "No model in any project."),
        (0, "caps", "", False, "archive", "No model of caps."),
        (0, "", "HOSTED", True, "archive", "No HOSTED model in any project on this page."),
        (
            0,
            "",
            "",
            False,
            "archive",
            "No model is held here; `lfv-mcp archive check DIR` says what is.",
        ),
        (
            1,
            "caps",
            "",
            False,
            "live",
            "1 model of caps. An F1 that its precision and recall do not give: caps 3 is recorded "
            "as 0.5 and follows as 0.947.",
        ),
        (
            2,
            "",
            "TRAINED",
            True,
            "sample",
            "2 TRAINED models in 1 project on this page; there is more: pass next_token; synthetic "
            "sample, so status is history.",
        ),
        (
            2,
            "caps",
            "",
            True,
            "archive",
            "2 models of caps; there is more: pass next_token; saved "
            "records, so status is history.",
        ),
    ],
)
def test_a_page_says_what_it_shows(
    rows: int, project: str, status: str, more: bool, kind: SourceKind, words: str
) -> None:
    page = [ROW] * rows
    assert summarise_listing(page, project, status, more=more, source=SOURCES[kind]) == words


def test_a_row_is_one_line_and_says_what_is_unknown() -> None:
    assert row_in_words(ROW) == "caps 3: TRAINED, precision 0.9, recall 1, F1 0.5"
    bare = ModelRow(project_name="caps", model_version="4")
    assert row_in_words(bare) == "caps 4: status not known, no metrics"


def test_the_digest_has_rows_findings_and_token_in_this_order() -> None:
    cut = finding("listing_cut", "The time limit ran out.", "Go on with next_token.")
    listed = ModelList(
        summary="1 model.",
        models=(ROW,),
        next_token="abc",
        findings=(cut,),
        source=SOURCES["live"],
    )
    as_json(listed)
    assert listing_digest(listed).splitlines() == [
        "1 model.",
        row_in_words(ROW),
        "- warning listing_cut: The time limit ran out. Go on with next_token.",
        "next_token: abc",
    ]


def test_twins_in_two_regions_are_told_apart() -> None:
    arn = "arn:aws:lookoutvision:{}:111122223333:model/caps/3"
    twins = tuple(
        ROW.model_copy(update={"model_arn": arn.format(region)})
        for region in ("us-east-1", "eu-west-1")
    )
    rows = listing_digest(ModelList(summary="2.", models=twins, source=SOURCES["live"])).split("\n")
    assert [row.partition(":")[0] for row in rows[1:]] == [
        "caps 3 (us-east-1, 111122223333)",
        "caps 3 (eu-west-1, 111122223333)",
    ]
    alone = listing_digest(ModelList(summary="1.", models=twins[:1], source=SOURCES["live"]))
    assert "us-east-1" not in alone
    described = ROW.model_copy(update={"description": "august relabel"})
    assert "described as 'august relabel'" in row_in_words(described)
