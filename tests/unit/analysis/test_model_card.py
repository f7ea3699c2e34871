"""The model card: account text as text, and what is unknown."""

from __future__ import annotations

import re
from typing import Any

from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.model_card import model_card
from lfv_mcp.analysis.model_summary import summarise
from lfv_mcp.results.common import Source
from tests.support.summaries import summary_of


def test_card_shows_account_text_as_text() -> None:
    hostile = "![x](https://evil.example/) <img src=x> | `code` # *bold*"
    members: dict[str, Any] = {
        "Status": hostile,
        "StatusMessage": hostile,
        "Description": hostile,
        "EvaluationResult": {"Bucket": "b", "Key": hostile},
    }
    shown = model_card(summary_of(**members))
    for markup in ("![", "](", "<img", " | `", "*bold*"):
        assert not re.search(rf"(?<!\\){re.escape(markup)}", shown), markup


def test_card_of_a_bare_record_says_what_is_unknown() -> None:
    source = Source(kind="archive", basis="evaluation_files")
    shown = model_card(summarise("caps", "3", "", readable_description({}), source))
    for said in (
        "| Status | unknown |",
        "No metrics are recorded.",
        "No S3 location is recorded.",
        "| Captured | not recorded |",
    ):
        assert said in shown


def test_card_names_unit_counts_that_are_known() -> None:
    assert "| Inference units requested | 2 (fixed) |" in model_card(
        summary_of(MinInferenceUnits=2)
    )
    shown = model_card(summary_of(MinInferenceUnits=1, MaxInferenceUnits=4))
    assert "| Inference units requested | 1 to 4 (autoscaling) |" in shown
