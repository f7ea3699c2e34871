"""The committed list of findings: severities, order, and one line for a digest."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from lfv_mcp.findings import FINDINGS, as_line, by_severity, finding
from lfv_mcp.results.common import Severity


def test_every_code_has_a_severity_and_a_meaning() -> None:
    for code, (severity, meaning) in FINDINGS.items():
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", code)
        assert severity in get_args(Severity)
        assert meaning


def test_a_code_that_is_not_listed_is_refused() -> None:
    with pytest.raises(KeyError):
        finding("no_such_code", "It is.")


def test_the_gravest_come_first_and_equals_keep_their_order() -> None:
    made = [
        finding(code, "It is.")
        for code in ("archived_record", "hosted", "training_failed", "deleting", "sample_data")
    ]
    lines = [as_line(each) for each in by_severity(made)]
    assert lines == [
        "- critical training_failed: It is.",
        "- warning hosted: It is.",
        "- warning deleting: It is.",
        "- info archived_record: It is.",
        "- info sample_data: It is.",
    ]


def test_advice_follows_the_message() -> None:
    assert (
        as_line(finding("hosted", "It runs.", "Stop it.")) == "- warning hosted: It runs. Stop it."
    )
