"""The tables of an evaluation: aligned, and silent about what a report does not hold."""

from __future__ import annotations

from typing import Any, Final

from lfv_mcp.cli.tables import evaluation_tables, table

BARE: Final[dict[str, Any]] = {
    "summary": "A summary.",
    "findings": [{"severity": "info", "code": "a_code", "message": "A message."}],
    "source": {"kind": "archive", "basis": "evaluation_files"},
}


def test_columns_are_aligned() -> None:
    rows = (("first", 1, ""), ("second one", 1000, "note"))
    assert list(table(("", "count", ""), rows)) == [
        "              count",
        "  first           1",
        "  second one   1000  note",
    ]


def test_a_bare_report_has_summary_findings_and_source() -> None:
    assert evaluation_tables(BARE).splitlines() == [
        "A summary.",
        "",
        "Findings",
        "  info     a_code: A message.",
        "",
        "Source: archive, evaluation_files, captured at an unknown time",
    ]


def test_every_section_of_a_full_report() -> None:
    row = {"threshold": 0.5, "false_negatives": 1, "false_positives": 2, "precision": 0.75}
    report = BARE | {
        "confusion": {
            "true_positives": 9,
            "false_negatives": 1,
            "false_positives": 2,
            "true_negatives": 18,
        },
        "metrics": {
            "recall": {"value": 0.9, "low": 0.6, "high": 0.98},
            "roc_auc": {"undefined": "no scores"},
        },
        "reported": {"recall": 0.9},
        "line": {"missed_per_million": 1234.5, "reject_share": 0.0123},
        "threshold": {
            "candidates": [row, row | {"threshold": 0.25}],
            "at": row | {"threshold": 0.8, "recall": 0.5},
            "operating_range": {"min_anomaly_score": 0.25},
        },
        "labels": [{"name": "scratch", "f1_score": 0.5}],
        "examples": {"missed_defects": [{"image": "a.png", "confidence": 0.98765}], "none": []},
        "findings": [BARE["findings"][0] | {"advice": "Do this."}],
        "source": BARE["source"] | {"captured_at": "2025-01-01T00:00:00.000Z"},
    }
    assert evaluation_tables(report).splitlines() == [
        "A summary.",
        "",
        "Test images, by truth and prediction",
        "           predicted anomaly  predicted normal",
        "  anomaly                  9          1 missed",
        "  normal      2 false alarms                18",
        "",
        "Metrics, with 95 % Wilson intervals",
        "               value        low    high",
        "  recall      0.9000     0.6000  0.9800",
        "  ROC AUC  undefined  no scores",
        "",
        "On the line",
        "                      per part or per million",
        "  missed per million                    1,234",
        "  reject share                         0.0123",
        "",
        "Thresholds: reject when score >= threshold",
        "  threshold  missed  false alarms  precision  recall  F1",
        "  0.5000          1             2     0.7500",
        "  0.2500          1             2     0.7500              <- built in",
        "  0.8000          1             2     0.7500  0.5000         <- asked",
        "",
        "Anomaly labels",
        "           precision  recall      F1  average IoU",
        "  scratch                     0.5000",
        "",
        "Missed defects, worst first",
        "  a.png  confidence 0.988",
        "",
        "Findings",
        "  info     a_code: A message.",
        "           Do this.",
        "",
        "Source: archive, evaluation_files, captured 2025-01-01T00:00:00.000Z",
    ]


def test_metrics_as_reported_stand_where_none_could_be_counted() -> None:
    lines = evaluation_tables(BARE | {"reported": {"f1_score": 0.5}}).splitlines()
    assert "Metrics as reported; without the manifest there are no intervals" in lines
    assert "  F1  0.5000" in lines
