"""The nine statuses in words, as history and live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

import lfv_mcp
from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.model_card import model_card
from lfv_mcp.analysis.model_summary import summarise, summary_digest
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.results.common import Source, SourceKind
from tests.support.answers import as_json
from tests.support.reports import NEEDS_THE_SERVICE
from tests.support.summaries import codes, found, summary_of

STATES: Final[Mapping[str, tuple[str, str, str]]] = {
    # status: finding, its severity, and what only a live answer advises
    "TRAINING": ("training_in_progress", "info", "Wait until"),
    "TRAINED": ("", "", ""),
    "TRAINING_FAILED": ("training_failed", "critical", "retrain"),
    "STARTING_HOSTING": ("hosting_starting", "info", "Wait until"),
    "HOSTED": ("hosted", "warning", "StopModel"),
    "HOSTING_FAILED": ("hosting_failed", "critical", "StartModel"),
    "STOPPING_HOSTING": ("hosting_stopping", "info", "Wait until"),
    "SYSTEM_UPDATING": ("system_updating", "info", "Wait until"),
    "DELETING": ("deleting", "warning", ""),
}


def test_every_status_has_words() -> None:
    assert tuple(STATES) == MODEL_STATUSES


@pytest.mark.parametrize("kind", ["live", "archive", "sample"])
@pytest.mark.parametrize("status", STATES)
def test_status_in_words(status: str, kind: SourceKind) -> None:
    code, severity, needs_the_service = STATES[status]
    model = summary_of(kind, Status=status, Performance={"Precision": 0.99, "Recall": 0.99})
    whole = f"{json.dumps(as_json(model))}\n{summary_digest(model)}\n{model_card(model, None)}"
    state = [c for c in codes(model) if c in {c for c, _, _ in STATES.values()}]
    assert state == ([code] if code else [])
    if code:
        assert found(model, code).severity == severity
    if kind == "live":
        assert model.summary.startswith(f"caps version 3 is {status}.")
        assert needs_the_service in whole
        assert "service_ended" in codes(model)
    else:
        assert model.summary.startswith(f"caps version 3 was {status} when captured on 2025-10")
        assert not NEEDS_THE_SERVICE.search(whole)
        assert "is billed" not in whole
    assert ("synthetic" in whole.lower()) is (kind == "sample")


@pytest.mark.parametrize("status", STATES)
def test_glossary_says_the_same(status: str) -> None:
    glossary = (Path(lfv_mcp.__file__).parent / "server" / "glossary.md").read_text(
        encoding="utf-8"
    )
    assert f"| {status} | {summary_of(Status=status).status_meaning} |" in glossary


def test_unknown_status_stays_unknown() -> None:
    model = summary_of(Status="MOTHBALLED")
    assert model.status == "MOTHBALLED"
    assert model.status_meaning == "not a status this server knows"
    assert found(model, "status_unknown").severity == "warning"


def test_no_status_claims_none() -> None:
    source = Source(kind="archive", basis="evaluation_files")
    model = summarise("caps", "3", "", readable_description({"ModelVersion": "3"}), source)
    assert model.summary.startswith("The status of caps version 3 is not known.")
    assert not {"status", "status_meaning", "region"} & as_json(model).keys()
    assert {"evaluation_files_only", "undated_record"} <= set(codes(model))
