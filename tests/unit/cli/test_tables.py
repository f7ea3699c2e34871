"""The tables of an evaluation: aligned, and silent about what a report does not hold."""

# ruff: noqa: E501 (tables are wider than code)
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
    ends = {"value": 0.75, "low": 0.5, "high": 0.875}
    counted = {"false_negatives": 1, "false_positives": 2}
    rates = {"precision": ends, "recall": ends, "false_alarm_rate": ends}
    row = {"threshold": 0.5, **counted, **rates}
    report = BARE | {
        "confusion": {
            "true_positives": 9,
            "false_negatives": 1,
            "false_positives": 2,
            "true_negatives": 18,
        },
        "metrics": {
            "recall": {"value": 0.9, "low": 0.6, "high": 0.98},
            "average_precision": {"value": 1, "no_interval": "no method"},
            "roc_auc": {"undefined": "no scores"},
        },
        "reported": {"recall": 0.9},
        "line": {
            "defect_rate": 0.01,
            "escapes_per_million": {"value": 1234.5, "low": 100, "high": 2000},
        },
        "requirements": [
            {
                "requirement": "recall_at_least",
                "needed": 0.95,
                "seen": {"value": 0.9, "low": 0.6, "high": 0.98},
                "verdict": "not_shown",
                "images_needed": 1234,
            }
        ],
        "threshold": {
            "candidates": [row, row | {"threshold": 0.25}],
            "at": row | {"threshold": 0.8},
            "operating_range": {"min_anomaly_score": 0.25},
        },
        "labels": [{"name": "scratch", "f1_score": 0.5}],
        "examples": {
            "missed_defects": {
                "count": 9,
                "images": [{"image": "a.png", "anomaly_score": 0.227, "confidence": 0.773}],
            },
            "false_alarms": {"count": 0, "images": []},
        },
        "findings": [BARE["findings"][0] | {"advice": "Do this."}],
        "source": BARE["source"] | {"captured_at": "2025-01-01T00:00:00.000Z"},
    }
    assert evaluation_tables(report).splitlines() == [
        "A summary.",
        "",
        "Test images, by truth and the model's own prediction",
        "           predicted anomaly  predicted normal",
        "  anomaly                  9          1 missed",
        "  normal      2 false alarms                18",
        "",
        "Metrics of the model's own predictions, with 95 % intervals",
        "                         value     low    high",
        "  recall                0.9000  0.6000  0.9800",
        "  average precision     1.0000                  no method",
        "  ROC AUC            undefined                  no scores",
        "",
        "On the line at a cut of 0.8, at a defect rate of 0.01",
        "                       value  low   high",
        "  escapes per million  1,200  100  2,000",
        "",
        "Requirements at a cut of 0.8",
        "                   needed    seen     low    high    verdict  images without an error  images as measured",
        "  recall at least  0.9500  0.9000  0.6000  0.9800  not shown               1,234 more",
        "",
        "Thresholds that can be cheapest: reject when score >= threshold",
        "  threshold  missed  false alarms  precision  recall     low    high  false alarm rate     low    high",
        "  0.500000        1             2     0.7500  0.7500  0.5000  0.8750            0.7500  0.5000  0.8750",
        "  0.250000        1             2     0.7500  0.7500  0.5000  0.8750            0.7500  0.5000  0.8750  <- built in",
        "  0.800000        1             2     0.7500  0.7500  0.5000  0.8750            0.7500  0.5000  0.8750     <- asked",
        "",
        "Anomaly labels",
        "           precision  recall      F1  average IoU",
        "  scratch                     0.5000",
        "",
        "Missed defects at a cut of 0.8 (1 of 9), worst first",
        "  a.png  anomaly score 0.227",
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


def test_the_costs_end_with_the_difference_and_whether_it_is_decided() -> None:
    counted = {"false_negatives": 1, "false_positives": 2}
    priced = {**counted, "cost_per_part": {"value": 0.5, "low": 0.25, "high": 0.75}}
    cost: dict[str, Any] = {
        "cheapest": priced | {"threshold": 0.9, "gap": {"low": 0.75, "high": 0.9}},
        "built_in": priced | {"threshold": {"max_normal_score": 0.25, "min_anomaly_score": 0.5}},
        "reject_nothing": priced,
        "reject_everything": priced,
        "difference": {"value": -0.25, "low": -0.5, "high": 0.125},
        "decided": False,
    }
    lines = evaluation_tables(BARE | {"cost": cost}).splitlines()
    start = lines.index("Cost per part, in the unit of the two costs")
    assert lines[start + 1 : start + 8] == [
        "                             cut  missed  alarms   cost   low    high",
        "  cheapest here      0.75 to 0.9       1       2    0.5  0.25    0.75",
        "  model's own cut    0.25 to 0.5       1       2    0.5  0.25    0.75",
        "  reject nothing                       1       2    0.5  0.25    0.75",
        "  reject everything                    1       2    0.5  0.25    0.75",
        "  cheapest - own                                  -0.25  -0.5  +0.125",
        "  The difference (cheapest - own) is undecided: its interval holds 0.",
    ]
    decided = cost | {"difference": {"value": -0.3, "low": -0.5, "high": -0.1}, "decided": True}
    assert "is decided: its interval leaves out 0." in evaluation_tables(BARE | {"cost": decided})
    same = cost | {"difference": {"value": 0, "low": 0, "high": 0}}
    assert "own cut is as cheap as the cheapest." in evaluation_tables(BARE | {"cost": same})
