"""Evaluation files as training wrote them: manifest lines, and the EvaluationResult of four images.

Invented throughout; nothing in here knows `lfv_mcp`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

ARN: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/fixture/1"
KIND: Final = "groundtruth/image-classification"


def line(
    ref: str, anomalous: bool, flagged: bool, confidence: object = 0.9, **changes: Any
) -> dict[str, Any]:
    """A manifest line as the guide shows it; `changes` replace members (None takes one away)."""
    names = {True: "anomaly", False: "normal"}
    whole = {
        "source-ref": ref,
        "anomaly-label": int(anomalous),
        "anomaly-label-metadata": {
            "class-name": names[anomalous],
            "type": KIND,
            "human-annotated": "yes",
            "creation-date": "Mon Aug 22 2022 13:52:52 GMT-0700 (Pacific Daylight Time)",
            "job-name": "labeling-job/fixture",
        },
        "anomaly-label-detected": int(flagged),
        "anomaly-label-detected-metadata": {
            "class-name": names[flagged],
            "confidence": confidence,
            "type": KIND,
            "human-annotated": "no",
            "creation-date": "2025-06-03T08:10:11.204000",
            "model-arn": ARN,
        },
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def json_lines(items: Iterable[object]) -> list[bytes]:
    return [json.dumps(item).encode() + b"\n" for item in items]


def result_file(**metrics: Any) -> dict[str, Any]:
    """The EvaluationResult of the fixture; `metrics` replace its own."""
    values = {"ROCAUC": 0.75, "AveragePrecision": 0.833333, "Precision": 0.5, "Recall": 0.5}
    values |= {"F1Score": 0.5}
    return {
        "Version": 1,
        "EvaluationDetails": {
            "ModelArn": ARN,
            "EvaluationEndTimestamp": "2025-06-03T08:10:11.204000",
            "NumberOfTrainingImages": 30,
            "NumberOfTestingImages": 4,
        },
        "AggregatedEvaluationResults": {"Metrics": values | metrics},
    }
