"""Reports on evaluation files that a test wrote: judged images in, the answer of a client out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import pytest
from scipy.stats import binomtest

from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.evaluation_text import EVALUATION_DIGEST_LIMIT, evaluation_digest
from lfv_mcp.analysis.thresholds import MAX_CANDIDATES
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, read_evaluation_manifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance
from tests.support.answers import ARCHIVE, as_json
from tests.support.evaluation_files import ARN, json_lines, line

NEEDS_THE_SERVICE: Final = re.compile(r"StartModel|StopModel|\bre-?train|wait until", re.IGNORECASE)
FIXTURE: Final = [
    line("s3://lookoutvision-us-east-1-1a2b3c4d5e/fixture/a1.png", True, True, 0.97),
    line("s3://lookoutvision-us-east-1-1a2b3c4d5e/fixture/a2.png", True, False, 0.62),
    line("s3://lookoutvision-us-east-1-1a2b3c4d5e/fixture/n1.png", False, False, 0.91),
    line("s3://lookoutvision-us-east-1-1a2b3c4d5e/fixture/n2.png", False, True, 0.71),
]
"""The worked example of the facts: one image of each outcome."""
FIXTURE_DESCRIPTION: Final = ModelDescription(
    ModelVersion="1",
    ModelArn=ARN,
    Status="TRAINED",
    Performance=ModelPerformance(F1Score=0.5, Recall=0.5, Precision=0.5),
    EvaluationEndTimestamp="2025-06-03T08:10:11.204Z",
)


def read(items: Iterable[object]) -> EvaluationManifest:
    """A manifest of these lines."""
    return read_evaluation_manifest(json_lines(items))


def judged(*cells: tuple[bool, bool, float | None]) -> EvaluationManifest:
    """A manifest of (anomalous, flagged, confidence)."""
    return read(line(f"s3://b/{i}.png", *cell) for i, cell in enumerate(cells))


def analysed(
    manifest: EvaluationManifest | None, result: EvaluationResult | None = None, **options: Any
) -> dict[str, Any]:
    """A report as a client gets it, checked for what holds of every report."""
    description = options.pop("description", ModelDescription())
    source, findings = options.pop("source", ARCHIVE), options.pop("findings", ())
    question = EvaluationQuestion(**options)
    return check(
        report(description, result, manifest, source, question=question, findings=findings)
    )


def scored(anomalous: list[float], normal: list[float], **asked: Any) -> dict[str, Any]:
    """A report about a model that rejects from an anomaly score of 0.5 on."""
    cells = [
        (truth, score >= 0.5, max(score, 1 - score))
        for truth, scores in ((True, anomalous), (False, normal))
        for score in scores
    ]
    return analysed(judged(*cells), **asked)


def check(answer: EvaluationReport) -> dict[str, Any]:
    """The answer as JSON, checked for what holds of every report, whatever the files say."""
    plain = as_json(answer)
    assert answer.summary
    for each in answer.findings:
        if answer.source.kind != "live":
            assert not NEEDS_THE_SERVICE.search(each.message + (each.advice or ""))
    for metric in plain.get("metrics", {}).values():
        assert ("value" in metric) is not ("undefined" in metric)
    if "threshold" in plain:
        assert plain["threshold"]["rule_holds"] or list(plain["threshold"]) == ["rule_holds"]
        thresholds = [row["threshold"] for row in plain["threshold"].get("candidates", [])]
        assert thresholds == sorted(set(thresholds), reverse=True)
        assert len(thresholds) <= MAX_CANDIDATES
    digest = evaluation_digest(answer)
    images = re.findall(r"(?m)^(?:Missed defects|False alarms) \(.*$", digest)
    assert len(digest) - len("\n".join(["", *images])) <= EVALUATION_DIGEST_LIMIT
    assert digest.splitlines()[-1].startswith("Source: ")
    assert "nan" not in digest.lower().replace("finan", "").split()
    return plain


def near(expected: float) -> object:
    """Equal but for the noise of floats."""
    return pytest.approx(expected, rel=0, abs=1e-12)


def six_digits(expected: float) -> object:
    """Equal to a computed figure as an answer has it, in six significant digits."""
    return pytest.approx(expected, rel=5.1e-6, abs=1e-12)


def near_pair(pair: Sequence[float]) -> object:
    """Both ends of a computed interval, in six significant digits."""
    return six_digits(pair[0]), six_digits(pair[1])


@cache
def wilson(successes: int, trials: int) -> tuple[float, float]:
    """SciPy's 95 % Wilson interval."""
    interval = binomtest(successes, trials).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def interval(metric: Mapping[str, float]) -> object:
    """Both ends of a metric's interval."""
    return metric["low"], metric["high"]
