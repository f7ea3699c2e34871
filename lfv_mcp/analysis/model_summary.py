"""`summarise`: the record of one model, as the answer of describe_model; and its readable text.

The findings are chosen in `quality` and `model_findings`; here the answer is put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from lfv_mcp.analysis.description import ReadableDescription
from lfv_mcp.analysis.model_findings import (
    SYNTHETIC,
    disagreement_findings,
    evidence_findings,
    repair_findings,
    source_findings,
    state_findings,
)
from lfv_mcp.analysis.quality import quality_findings
from lfv_mcp.analysis.statuses import NOT_USABLE, STATUS_WORDS
from lfv_mcp.figures import count_of, duration, fraction, percent
from lfv_mcp.findings import as_line, by_severity
from lfv_mcp.provenance import OtherStatus, Provenance, source_in_words
from lfv_mcp.results.base import six_digits
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance, S3Object
from lfv_mcp.results.model_summary import Artifacts, Hosting, ModelSummary, Performance
from lfv_mcp.text import clean, complement, truncate_lines
from lfv_mcp.times import epoch_seconds

_SIZE_UNKNOWN: Final = "It made no error on its test set; of how many images is not recorded."
_FEW_SHOW_LITTLE: Final = (
    "After 10 defects without a miss up to 28 % of the defects may still escape; its evaluation "
    "files tell how many were tested"
)
_WITHOUT_RESULTS: Final = ("training_failed", "training_in_progress")
"""Findings on versions that were not evaluated."""
_MAX_REASON: Final = 200
"""Characters of a status message that a summary quotes."""
SUMMARY_DIGEST_LIMIT: Final = 1200
"""Characters of the readable text of a describe_model answer."""
_OF_RECORD, _LIGHT, _LIGHTEST = 1, 2, 3
"""How light a line is that gives way to the limit; those of no rank stay."""
_SAID_AS_FIGURES: Final = ("escapes_high", "escapes_notable", "precision_of_test_set")
"""Findings whose figures the summary has."""
_NEVER_CUT: Final = ("metrics_best_case", "sample_data")
"""Findings that the limit never cuts off: how far metrics flatter, and a doubt about the source."""


class UsableVersion(NamedTuple):
    """Another version of the same project, of which there are results.

    Args:
        version: its number.
        was_hosted: it was HOSTED when captured.
        has_files: its evaluation files are held; else only metrics are known.
    """

    version: str
    was_hosted: bool
    has_files: bool

    @property
    def in_words(self) -> str:
        """What there is of it: `version 3 (HOSTED when captured, evaluation files held)`."""
        results = "evaluation files held" if self.has_files else "metrics known"
        hosted = "HOSTED when captured, " if self.was_hosted else ""
        return f"version {self.version} ({hosted}{results})"


def summarise(
    project_name: str,
    model_version: str,
    region: str,
    record: ReadableDescription,
    source: Source,
    replayed: Provenance | None = None,
    evidence: str = "",
    doubt: str = "",
) -> ModelSummary:
    """The answer of describe_model about one model's record.

    Args:
        project_name: the project's name, as asked for.
        model_version: the version's number.
        region: the AWS region; empty if it is not known.
        record: the record, made safe to show.
        source: where the record comes from.
        replayed: what an archive's reply says of the record beside it; None for a live one.
        evidence: where evaluation files are, `archive` or `s3`; nothing of them is read.
        doubt: why the sample may not be what was meant.
    """
    description = record.description
    status = description.Status
    performance = _performance(description)
    others = replayed.disagreeing if replayed else ()
    has_files = evidence == "archive"
    findings = by_severity(
        (
            *map(partial(_with_files, has_files), _about_model(description, source, others, doubt)),
            *evidence_findings(evidence),
            *repair_findings(record, replayed.left_out if replayed else ()),
        )
    )
    sentences = (
        _state_sentence(f"{project_name} version {model_version}", status, source),
        _quality_sentence(performance, has_files=has_files),
        _reason(description),
        _what_to_do(findings),
    )
    return ModelSummary(
        summary=" ".join(filter(None, sentences)),
        project_name=project_name,
        model_version=model_version,
        region=region or None,
        status=status,
        status_message=description.StatusMessage or None,
        status_meaning=_meaning(status),
        performance=performance.or_none(),
        hosting=_hosting(description),
        artifacts=_artifacts(description).or_none(),
        findings=tuple(findings),
        source=source,
        model_description=description,
    )


def _with_files(has_files: bool, found: Finding) -> Finding:  # noqa: FBT001 - for `partial`
    """The finding; of missing metrics with where they are, if evaluation files are held."""
    if not has_files or found.code != "metrics_missing":
        return found
    return found.model_copy(update={"advice": "See analyze_evaluation, which counts them."})


def naming_usable(summary: ModelSummary, usable: UsableVersion | None) -> ModelSummary:
    """The answer about a version without results, with the version to use instead.

    Args:
        summary: the answer; of a version that was evaluated, or has evaluation files although its
            record is from before that, it is returned as it is.
        usable: the other version; None if there is none.
    """
    words = STATUS_WORDS.get(summary.status or "")
    if summary.source.kind == "live" or words is None or words.code not in _WITHOUT_RESULTS:
        return summary
    if any(each.code == "evidence_at_hand" for each in summary.findings):
        return summary
    said = words.history[1]
    advice = "No other version has results here."
    if usable:
        advice = f"See the results of {usable.in_words}; no version can be started any more."
    if said != NOT_USABLE:
        advice = f"{said} {advice}"
    findings = [
        each.model_copy(update={"advice": advice}) if each.code == words.code else each
        for each in summary.findings
    ]
    text = summary.summary
    if text.endswith(said):
        text = f"{text.removesuffix(said)}{advice}"
    return summary.model_copy(update={"summary": text, "findings": tuple(findings)})


def with_test_images(summary: ModelSummary, images: int | None) -> ModelSummary:
    """The answer with the size of the test set, which a perfect score is judged by.

    Args:
        summary: the answer; one without metrics is returned as it is.
        images: as the EvaluationResult tells; None if none is held, or it does not tell.
    """
    if images is None or summary.performance is None:
        return summary
    performance = summary.performance.model_copy(update={"test_images": images})
    summary = summary.model_copy(update={"performance": performance})
    perfect = next((each for each in summary.findings if each.code == "perfect_score"), None)
    if perfect is None:
        return summary
    counted = count_of(images, "test image", "test images")
    said = perfect.model_copy(
        update={"message": f"No error in {counted}.", "advice": f"{_FEW_SHOW_LITTLE}."}
    )
    advice = perfect.advice or ""
    text = summary.summary.replace(_SIZE_UNKNOWN, f"It made no error in {counted}.")
    return summary.model_copy(
        update={
            "summary": text.replace(advice, said.advice or "") if advice else text,
            "findings": tuple(said if each is perfect else each for each in summary.findings),
        }
    )


def gravest_finding(
    description: ModelDescription, source: Source, others: Sequence[OtherStatus] = ()
) -> Finding | None:
    """The gravest of the findings that `summarise` has of a model, by what a listing tells of it.

    Args:
        description: the members of ModelMetadata.
        source: where the record comes from.
        others: the statuses that other saved records of the model name.
    """
    return next(iter(by_severity(_about_model(description, source, others))), None)


def _about_model(
    description: ModelDescription, source: Source, others: Sequence[OtherStatus], doubt: str = ""
) -> Iterator[Finding]:
    """The findings that need no more of a model than a listing tells."""
    yield from quality_findings(description, _performance(description))
    yield from state_findings(description, live=source.kind == "live")
    yield from source_findings(source, doubt)
    yield from disagreement_findings(description, others)


def summary_digest(model: ModelSummary, limit: int = SUMMARY_DIGEST_LIMIT) -> str:
    """The readable half of an answer: `limit` characters at most, whole lines."""
    lines = [model.summary]
    if performance := model.performance:
        images = performance.test_images
        tested = count_of(images, "test image", "test images") if images is not None else ""
        metrics = (
            ("precision", performance.precision),
            ("recall", performance.recall),
            ("F1", performance.f1_score),
        )
        lines.append(
            "Recorded metrics, 0 to 1: "
            + ", ".join(f"{n} {fraction(v)}" for n, v in metrics if v is not None)
            + (f", of {tested}" if tested else "")
        )
    ranks: dict[str, int] = {}
    lines += _times_in_words(model.model_description)
    shown = sorted(model.findings, key=lambda found: found.severity == "info")
    for found in (each for each in shown if each.severity != "info" or each.code in _NEVER_CUT):
        lines.append(_line(found, model.summary))
        # What the summary says as well gives way to the record.
        ranks[lines[-1]] = _LIGHT if found.code in _SAID_AS_FIGURES else 0
    lines += _record_in_words(model)
    if model.status_message is not None and f'"{model.status_message}"' not in model.summary:
        lines.append(f"Status message: {model.status_message}")
        ranks[lines[-1]] = _LIGHT
    for found in shown:
        if (line := _line(found, model.summary)) not in ranks:
            lines.append(line)
            ranks[line] = _LIGHTEST
    lines.append(f"Source: {source_in_words(model.source)}.")
    for line in _record_in_words(model):
        ranks[line] = _OF_RECORD
    return truncate_lines(lines, limit, lambda line: ranks.get(line, 0))


def _times_in_words(record: ModelDescription | None) -> Iterator[str]:
    """When the model was created and evaluated, and how long that took; nothing if unknown."""
    if record is None:
        return
    created, evaluated = record.CreationTimestamp, record.EvaluationEndTimestamp
    start, end = epoch_seconds(created), epoch_seconds(evaluated)
    if start is not None and end is not None and end >= start:
        same_day = str(created)[:10] == str(evaluated)[:10]
        took = end // 60 - start // 60  # of the minutes that are shown
        yield (
            f"Created {_minute(created)}, evaluated {_minute(evaluated)[11 if same_day else 0 :]} "
            f"UTC: {duration(60 * took)} for training and evaluation, each alone in no record"
        )
        return
    for what, time in (("Created", created), ("Evaluated", evaluated)):
        if time:
            yield f"{what} {_minute(time)} UTC"


def _minute(time: str | None) -> str:
    return str(time)[:16].replace("T", " ")


def _record_in_words(model: ModelSummary) -> Iterator[str]:
    """What else the record tells: the key, the files. A record of another kind tells neither."""
    if model.model_description is None or model.source.basis != "describe_model":
        return
    units = model.hosting
    counts = (units.min_inference_units, units.max_inference_units) if units else ()
    asked = " to ".join(str(count) for count in counts if count is not None)
    yield f"KMS key: {model.model_description.KmsKeyId or 'none recorded'}" + (
        f"; inference units requested: {asked}" if asked else ""
    )
    places = model.artifacts or Artifacts()
    files = [place for place in (places.evaluation_manifest, places.evaluation_result) if place]
    if not files:
        yield from [f"Output: {places.output}"] if places.output else []
        return
    folder = files[0][: files[0].rfind("/") + 1]
    names = [place.removeprefix(folder) for place in files]
    yield f"Files: {folder}{' and '.join(names)}"


def _line(found: Finding, summary: str) -> str:
    """A finding as a line, without the advice or the reason that the summary above it has given."""
    if found.advice is not None and found.advice in summary:
        return as_line(found.model_copy(update={"advice": None}))
    if found.message == SYNTHETIC and found.advice and "(synthetic sample)" in summary:
        return as_line(found.model_copy(update={"message": found.advice, "advice": None}))
    return as_line(found)


def _meaning(status: str | None) -> str | None:
    if status is None:
        return None
    known = STATUS_WORDS.get(status)
    return known.meaning if known else "not a status this server knows"


def _performance(description: ModelDescription) -> Performance:
    sent = description.Performance or ModelPerformance()
    return Performance(
        f1_score=sent.F1Score,
        precision=sent.Precision,
        recall=sent.Recall,
        escape_rate=None if sent.Recall is None else six_digits(complement(sent.Recall)),
        false_reject_share=None
        if sent.Precision is None
        else six_digits(complement(sent.Precision)),
        evaluated_at=description.EvaluationEndTimestamp if sent.or_none() else None,
    )


def _hosting(description: ModelDescription) -> Hosting | None:
    low, high = description.MinInferenceUnits, description.MaxInferenceUnits
    if low is None and high is None:
        return None
    return Hosting(min_inference_units=low, max_inference_units=high, autoscaling=high is not None)


def _artifacts(description: ModelDescription) -> Artifacts:
    location = description.OutputConfig and description.OutputConfig.S3Location
    return Artifacts(
        # The prefix is used as it is: the service inserts no slash.
        output=f"s3://{location.Bucket}/{location.Prefix or ''}"
        if location and location.Bucket is not None
        else None,
        evaluation_manifest=_uri(description.EvaluationManifest),
        evaluation_result=_uri(description.EvaluationResult),
    )


def _uri(at: S3Object | None) -> str | None:
    if at is None or at.Bucket is None or at.Key is None:
        return None
    return f"s3://{at.Bucket}/{at.Key}"


def _state_sentence(name: str, status: str | None, source: Source) -> str:
    if status is None:
        state = f"The status of {name} is not known"
    elif source.kind == "live":
        state = f"{name} is {clean(status, 40)}"
    else:
        on = f" on {source.captured_at[:10]}" if source.captured_at is not None else ""
        state = f"{name} was {clean(status, 40)} when captured{on}"
    return state + (" (synthetic sample)." if source.kind == "sample" else ".")


def _quality_sentence(performance: Performance, *, has_files: bool) -> str:
    precision, recall = performance.precision, performance.recall
    if has_files and performance.or_none() is None:
        return "Its record has no metrics; its evaluation files, which are held, have them."
    if precision is None or recall is None:
        what = "complete metrics" if performance.or_none() else "metrics"
        return f"How good it is cannot be said: no {what}."
    if precision == recall == 1:
        return _SIZE_UNKNOWN
    rejects = complement(precision)
    return (
        f"On its test set it caught {percent(recall)} of the defects; "
        f"{percent(rejects) if rejects else 'none'} of its rejects were good parts."
    )


def _reason(description: ModelDescription) -> str:
    """Why training or hosting failed, as the service said it: a quotation, and no words of ours."""
    words = STATUS_WORDS.get(description.Status or "")
    message = clean((description.StatusMessage or "").strip(), _MAX_REASON).replace('"', "'")
    return f'Reason given: "{message}"' if message and words and words.has_cause else ""


_TOLD: Final = frozenset(
    {"escapes_high", "escapes_notable", "precision_of_test_set", "perfect_score"}
    | {"metrics_missing", "sample_data"}
    | {words.code for words in STATUS_WORDS.values()}
)
"""Findings whose reason the first two sentences of a summary give already."""


def _what_to_do(findings: Sequence[Finding]) -> str:
    """The gravest finding's advice, after its reason where the summary has not given it yet."""
    gravest = next((found for found in findings if found.advice is not None), None)
    if gravest is None or gravest.advice is None:
        return ""
    return gravest.advice if gravest.code in _TOLD else f"{gravest.message} {gravest.advice}"
