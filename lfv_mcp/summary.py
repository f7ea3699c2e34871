"""What a reader is told: pure functions from a record to findings and sentences.

Two rules shape every word. From an archive or the sample, status is history, and
advice holds only what can be done today; what needs the service (StartModel, another
training, waiting) is said only when the source is live. And a finding's code and
severity never depend on its wording: `FINDINGS` is the committed list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lfv_mcp.metrics import f1_from
from lfv_mcp.model import (
    Artifacts,
    Finding,
    Hosting,
    ModelDescription,
    ModelList,
    ModelRow,
    ModelSummary,
    Performance,
    Record,
    S3Object,
    Severity,
    Source,
    clean,
)

ESCAPES_HIGH: Final = 0.20
"""Escape rate (1 - recall) from which a model is called weak: 1 defect in 5 passes."""
ESCAPES_NOTABLE: Final = 0.05
"""Escape rate from which escapes are a warning: 1 defect in 20 passes."""
FALSE_REJECTS_HIGH: Final = 0.20
"""False-reject share (1 - precision) from which a model is called weak."""
FALSE_REJECTS_NOTABLE: Final = 0.10
"""False-reject share from which good quality is no longer claimed."""
F1_TOLERANCE: Final = 0.005
"""How far F1 may be from 2PR/(P+R): evaluation files are not rounded, printed values are."""
DIGEST_LIMIT: Final = 1200
"""Characters of the readable text of one answer."""

FINDINGS: Final[dict[str, tuple[Severity, str]]] = {
    # where the answer comes from
    "service_ended": ("warning", "a live answer after the end of the service (31 October 2025)"),
    "sample_data": ("info", "the bundled synthetic sample, not a real model"),
    "archived_record": ("info", "a saved answer: status is history"),
    "undated_record": ("info", "a saved answer without a recorded capture time"),
    "listing_only": ("warning", "known only from a ListModels answer"),
    "evaluation_files_only": ("warning", "rebuilt from evaluation files: no status is known"),
    # status
    "training_in_progress": ("info", "TRAINING"),
    "training_failed": ("critical", "TRAINING_FAILED"),
    "hosting_starting": ("info", "STARTING_HOSTING"),
    "hosted": ("warning", "HOSTED: running, and billed"),
    "hosting_failed": ("critical", "HOSTING_FAILED"),
    "hosting_stopping": ("info", "STOPPING_HOSTING"),
    "system_updating": ("info", "SYSTEM_UPDATING"),
    "deleting": ("warning", "DELETING"),
    "status_unknown": ("warning", "a status this server does not know, or none"),
    "hosting_autoscaling": ("info", "minimum and maximum inference units were requested"),
    "hosting_fixed": ("info", "a fixed number of inference units was requested"),
    # quality
    "metrics_missing": ("warning", "metrics would be expected, but the record has none"),
    "metrics_incomplete": ("warning", "some of precision, recall and F1 are missing"),
    "f1_inconsistent": ("warning", "F1 does not follow from precision and recall"),
    "perfect_score": ("warning", "precision and recall are both exactly 1"),
    "escapes_high": ("critical", f"escape rate of {ESCAPES_HIGH:.0%} or more"),
    "escapes_notable": ("warning", f"escape rate of {ESCAPES_NOTABLE:.0%} or more"),
    "escapes_low": ("info", f"escape rate below {ESCAPES_NOTABLE:.0%}"),
    "false_rejects_high": ("warning", f"false-reject share of {FALSE_REJECTS_HIGH:.0%} or more"),
    "false_rejects_low": ("info", f"false-reject share below {FALSE_REJECTS_HIGH:.0%}"),
    "metrics_best_case": ("info", "reported metrics are likely a best case"),
    "records_disagree": ("warning", "several saved records name different statuses"),
    "answer_shortened": ("info", "too long for one answer: what was left out, and how to get it"),
    # listings
    "project_failed": ("warning", "a project whose models could not be listed"),
    "listing_cut": ("warning", "the time limit ran out before the listing was complete"),
    # what had to be done to the record
    "member_unusable": ("warning", "a member's value was of no use and is left out"),
    "text_shortened": ("info", "a text was longer than 500 characters"),
    # evaluation files
    "evaluation_mismatch": ("critical", "an evaluation file is of another model or training"),
    "evaluation_result_unread": ("warning", "the EvaluationResult could not be read, and why"),
    "evaluation_manifest_unread": ("warning", "the EvaluationManifest could not be read, and why"),
    "counts_unknown": ("info", "no manifest: no counts, no intervals, no single images"),
    "metrics_disagree": ("warning", "the EvaluationResult's metrics are not those recounted"),
    "description_disagrees": ("warning", "DescribeModel's metrics are not the evaluation files'"),
    "test_set_size_differs": ("warning", "the two files count different numbers of test images"),
    "unusable_lines": ("warning", "manifest lines that are left out of every count"),
    "duplicate_images": ("warning", "manifest lines that repeat an image; each is counted"),
    "manifest_too_long": ("warning", "too many images to keep: counted, not analysed one by one"),
    "small_test_set": ("warning", "too few anomalous or normal test images to be sure"),
    "perfect_on_few": ("warning", "no error, but on few test images"),
    "scores_confirmed": ("info", "scores from confidence reproduce the reported ROC AUC and AP"),
    "scores_unconfirmed": ("info", "scores from confidence fit the predictions, no more is known"),
    "scores_unusable": ("warning", "confidence gives no usable scores: no analysis by score"),
    "threshold_client_side": ("info", "another threshold is a rule of the caller, not the service"),
    "precision_falls_on_line": ("warning", "precision at the defect rate is much lower"),
    "line_incomplete": ("info", "a number for the line is not known, and why"),
    "weak_label": ("warning", "an anomaly label with low recall or average IoU"),
    # comparison
    "evidence_at_hand": ("info", "there are evaluation files: in the archive, or named in S3"),
    "evidence_missing": ("warning", "no evaluation file of a version could be read"),
    "different_test_sets": ("warning", "the models were not judged on the same images"),
    "test_set_unknown": ("warning", "whether the test images were the same is not known"),
    "trade_off": ("warning", "fewer escapes for more false alarms, or the reverse"),
    "several_comparisons": ("info", "several pairs were tested, so each must pass a stricter test"),
}


@dataclass(frozen=True, slots=True)
class _Status:
    """One status in words; advice that needs the service is kept apart."""

    meaning: str
    code: str = ""
    live: tuple[str, str] = ("", "")
    history: tuple[str, str] = ("", "")
    metrics_expected: bool = True


_STATUS: Final[dict[str, _Status]] = {
    "TRAINING": _Status(
        "training or evaluation in progress, no metrics yet",
        "training_in_progress",
        ("Training is in progress.", "Wait until TRAINED, then ask again."),
        (
            "Training was still in progress when this was captured.",
            "Look for its evaluation files in S3: they exist if training succeeded later.",
        ),
        metrics_expected=False,
    ),
    "TRAINED": _Status("trained and evaluated, not running (never started, or stopped)"),
    "TRAINING_FAILED": _Status(
        "training failed: no metrics, no evaluation files",
        "training_failed",
        (
            "Training failed.",
            "See status_message, mend the dataset, retrain.",
        ),
        (
            "Training had failed; there was no model to use.",
            "Use another version; the prompt diagnose_training goes through the usual causes.",
        ),
        metrics_expected=False,
    ),
    "STARTING_HOSTING": _Status(
        "being started, not yet able to inspect images",
        "hosting_starting",
        ("Hosting is starting.", "Wait until HOSTED to send images."),
        ("Hosting was starting when captured.", "Check that billing for hosting has stopped."),
    ),
    "HOSTED": _Status(
        "running, able to inspect images, billed until stopped",
        "hosted",
        ("Running, and billed by the hour until StopModel.", "StopModel when idle."),
        (
            "It was running, and billed, when captured.",
            "Check that billing for hosting has stopped.",
        ),
    ),
    "HOSTING_FAILED": _Status(
        "could not be started; the trained model and its metrics stand",
        "hosting_failed",
        (
            "Hosting failed.",
            "See status_message, then StartModel again.",
        ),
        (
            "Hosting had failed; training results are not touched by that.",
            "Judge the model by its metrics; nothing has to be repaired.",
        ),
    ),
    "STOPPING_HOSTING": _Status(
        "being stopped",
        "hosting_stopping",
        ("Hosting is stopping.", "Wait until it is TRAINED: then it is stopped."),
        ("Hosting was stopping when captured.", "Check that billing for hosting has stopped."),
    ),
    "SYSTEM_UPDATING": _Status(
        "hosted, while the service updated it",
        "system_updating",
        ("The service is updating the hosted model.", "Wait until it is HOSTED again."),
        (
            "The service was updating the hosted model when captured.",
            "Check that billing for hosting has stopped.",
        ),
    ),
    "DELETING": _Status(
        "being deleted",
        "deleting",
        ("The model is being deleted.", "Save its evaluation files now if they matter."),
        (
            "The model was being deleted when captured.",
            "Keep this record and the evaluation files: nothing else is left of it.",
        ),
        metrics_expected=False,
    ),
}


def finding(code: str, message: str, advice: str = "") -> Finding:
    """A finding with the severity that the committed list gives its code."""
    result: Finding = {"code": code, "severity": FINDINGS[code][0], "message": message}
    if advice:
        result["advice"] = advice
    return result


def summarise(
    project_name: str,
    model_version: str,
    region: str,
    record: Record,
    source: Source,
    disagreeing: Sequence[tuple[str | None, float | None]] = (),
    evidence: str = "",
) -> ModelSummary:
    """One model's record → the answer of describe_model.

    `disagreeing`: status and capture time (epoch seconds) of records that lost against this one.
    `evidence`: where evaluation files are, `archive` or `s3`; nothing of them is read.
    """
    description = record.description
    live = source["kind"] == "live"
    status = description.get("Status")
    performance = _performance(description)
    order = ("critical", "warning", "info")
    findings = sorted(
        (
            *_quality(description, performance),
            *_state(description, live),
            *_provenance(source),
            *_evidence(evidence),
            *_disagreement(description, disagreeing),
            *_repairs(record),
        ),
        key=lambda f: order.index(f["severity"]),
    )
    result: ModelSummary = {
        "summary": _sentences(project_name, model_version, status, performance, findings, source),
        "project_name": project_name,
        "model_version": model_version,
        "findings": findings,
        "source": source,
        "model_description": description,
    }
    if region:
        result["region"] = region
    if status is not None:
        result["status"] = status
        result["status_meaning"] = (
            _STATUS[status].meaning if status in _STATUS else "not a status this server knows"
        )
    if message := description.get("StatusMessage"):
        result["status_message"] = message
    if performance:
        result["performance"] = performance
    if hosting := _hosting(description):
        result["hosting"] = hosting
    if artifacts := _artifacts(description):
        result["artifacts"] = artifacts
    return result


def digest(model: ModelSummary) -> str:
    """The readable half of the answer: at most `DIGEST_LIMIT` characters, whole lines only."""
    lines = [model["summary"]]
    if performance := model.get("performance"):
        metrics = (
            ("precision", performance.get("precision")),
            ("recall", performance.get("recall")),
            ("F1", performance.get("f1_score")),
        )
        lines.append(
            "Metrics: " + ", ".join(f"{n} {digits(v)}" for n, v in metrics if v is not None)
        )
    if message := model.get("status_message"):
        lines.append(f"Status message: {message}")
    lines += [
        f"- {f['severity']} {f['code']}: {f['message']}"
        + (f" {f['advice']}" if "advice" in f else "")
        for f in model["findings"]
    ]
    lines.append(f"Source: {source_in_words(model['source'])}.")
    return within(lines, DIGEST_LIMIT)


def within(lines: list[str], limit: int) -> str:
    """Whole lines up to `limit` characters; first and last always stay, and a cut is said."""
    first, *body, last = lines
    first, last = clean(first, limit * 2 // 3), clean(last, limit // 4)
    shown = [first]
    room = limit - len(first) - len(last) - 40
    for line in body:
        if len(line) + 1 > room:
            shown.append(f"({len(body) - len(shown) + 1} more in the structured result)")
            break
        shown.append(line)
        room -= len(line) + 1
    return "\n".join([*shown, last])


def share(rate: float, one: str, many: str) -> str:
    """A rate in plain words: 0.1 of defects → 'about 1 defect in 10'."""
    n = round(1 / rate) if rate else 0
    if n > 1 and abs(1 / n - rate) <= 0.06 * rate:
        return f"about 1 {one} in {n:,}"
    return f"about {100 * rate:.0f} of 100 {many}"


def percent(value: float) -> str:
    """A fraction as a percentage; nothing becomes 0 % or 100 % by rounding alone."""
    if 0 < value < 0.001:
        return "less than 0.1%"
    return "more than 99.9%" if 0.999 < value < 1 else f"{value:.1%}"


def digits(value: float) -> str:
    """A metric in three digits; more only where it would be rounded to 1."""
    short = f"{value:.3g}"
    return short if short != "1" or value == 1 else f"{value:.6g}" if value < 0.9999995 else "<1"


def _performance(description: ModelDescription) -> Performance:
    sent = description.get("Performance", {})
    result: Performance = {}
    if "F1Score" in sent:
        result["f1_score"] = sent["F1Score"]
    if "Precision" in sent:
        result["precision"] = sent["Precision"]
        result["false_reject_share"] = complement(sent["Precision"])
    if "Recall" in sent:
        result["recall"] = sent["Recall"]
        result["escape_rate"] = complement(sent["Recall"])
    if result and "EvaluationEndTimestamp" in description:
        result["evaluated_at"] = description["EvaluationEndTimestamp"]
    return result


def complement(value: float) -> float:
    """1 - value, as people count."""
    # 1 - 0.9 is 0.09999999999999998 in binary; twelve digits are more than any metric has.
    return round(1 - value, 12)


def _hosting(description: ModelDescription) -> Hosting | None:
    if not {"MinInferenceUnits", "MaxInferenceUnits"} & description.keys():
        return None
    result: Hosting = {"autoscaling": "MaxInferenceUnits" in description}
    if "MinInferenceUnits" in description:
        result["min_inference_units"] = description["MinInferenceUnits"]
    if "MaxInferenceUnits" in description:
        result["max_inference_units"] = description["MaxInferenceUnits"]
    return result


def _artifacts(description: ModelDescription) -> Artifacts:
    result: Artifacts = {}
    location = description.get("OutputConfig", {}).get("S3Location", {})
    if "Bucket" in location:
        # The prefix is used as it is: the service inserts no slash.
        result["output"] = f"s3://{location['Bucket']}/{location.get('Prefix', '')}"
    if uri := _uri(description.get("EvaluationManifest")):
        result["evaluation_manifest"] = uri
    if uri := _uri(description.get("EvaluationResult")):
        result["evaluation_result"] = uri
    return result


def _uri(at: S3Object | None) -> str:
    return f"s3://{at['Bucket']}/{at['Key']}" if at and "Bucket" in at and "Key" in at else ""


def _quality(description: ModelDescription, performance: Performance) -> Iterator[Finding]:
    status = _STATUS.get(description.get("Status", ""))
    precision, recall = performance.get("precision"), performance.get("recall")
    f1_score = performance.get("f1_score")
    named = [n for n in ("precision", "recall", "f1_score") if n not in performance]
    if len(named) == 3:
        if status is None or status.metrics_expected:
            yield finding(
                "metrics_missing",
                "The record has no precision, recall or F1.",
                "Take them from the evaluation files named in artifacts, if those are held.",
            )
        return
    if named:
        yield finding("metrics_incomplete", f"The record lacks {' and '.join(named)}.")
    if precision is not None and recall is not None and f1_score is not None:
        derived = f1_from(precision, recall)
        if isinstance(derived, float) and abs(derived - f1_score) > F1_TOLERANCE:
            yield finding(
                "f1_inconsistent",
                f"F1 is given as {digits(f1_score)}, but precision {digits(precision)} and recall "
                f"{digits(recall)} make it {digits(derived)}.",
                "Go by precision and recall, and recount from the evaluation manifest.",
            )
    if precision == recall == 1:
        yield finding(
            "perfect_score",
            "No error at all on the test set, whose size this record does not tell.",
            "Find out how many images were tested: 20 without an error prove little.",
        )
    else:
        if recall is not None:
            yield _escapes(recall)
        if precision is not None:
            yield _false_rejects(precision)
    yield finding(
        "metrics_best_case",
        "Measured on its test set, likely at the best-F1 cut.",
        "Confirm on fresh images.",
    )


def _escapes(recall: float) -> Finding:
    rate = complement(recall)
    if rate == 0:
        return finding("escapes_low", "No defect of the test set passed unseen (recall 1).")
    message = (
        f"{share(rate, 'defect', 'defects').capitalize()} passes unseen (recall {digits(recall)})."
    )
    message = message.replace("defects passes", "defects pass")
    if rate < ESCAPES_NOTABLE:
        return finding("escapes_low", message)
    return finding(
        "escapes_high" if rate >= ESCAPES_HIGH else "escapes_notable",
        message,
        "First check the labels of missed defects.",
    )


def _false_rejects(precision: float) -> Finding:
    rate = complement(precision)
    if rate == 0:
        return finding(
            "false_rejects_low", "No good part of the test set was rejected (precision 1)."
        )
    what = share(rate, "reject", "rejects").capitalize()
    verb = "are good parts" if what.endswith("rejects") else "is a good part"
    message = f"{what} {verb} (precision {digits(precision)})."
    if rate < FALSE_REJECTS_HIGH:
        return finding("false_rejects_low", message)
    return finding(
        "false_rejects_high",
        message,
        "Look at the false alarms first: light, pose, natural variation.",
    )


def _state(description: ModelDescription, live: bool) -> Iterator[Finding]:
    status = description.get("Status")
    if status not in _STATUS:
        if status is not None:
            yield finding(
                "status_unknown",
                f"The status {status!r} is none of the nine that the API had.",
                "Take it as unknown; the rest of the record stands.",
            )
    elif (words := _STATUS[status]).code:
        yield finding(words.code, *(words.live if live else words.history))
    low, high = description.get("MinInferenceUnits"), description.get("MaxInferenceUnits")
    if high is not None:
        yield finding(
            "hosting_autoscaling",
            f"Autoscaling requested: {low or '?'} to {high} inference units.",
        )
    elif low is not None:
        yield finding(
            "hosting_fixed",
            f"Fixed size requested: {low} inference unit{'s' if low != 1 else ''}.",
        )


def _provenance(source: Source) -> Iterator[Finding]:
    match source["kind"]:
        case "live":
            yield finding(
                "service_ended",
                "The service ended on 31 October 2025; this endpoint still answers.",
                "Save it now: `lfv-mcp archive export`.",
            )
        case "sample":
            yield finding(
                "sample_data",
                "Synthetic sample, not a real model.",
                "For your own records set LFV_SOURCE.",
            )
        case "archive" if "captured_at" in source:
            yield finding("archived_record", f"A saved answer of {source['captured_at'][:10]}.")
        case "archive":
            yield finding("undated_record", "A saved answer; when it was taken is not recorded.")
    if source["basis"] == "list_models":
        yield finding(
            "listing_only",
            "Known only from a listing: no S3 locations, no inference units.",
            "Add a saved DescribeModel answer if there is one.",
        )
    elif source["basis"] == "evaluation_files":
        yield finding(
            "evaluation_files_only",
            "Rebuilt from evaluation files: what state the model was in is not known.",
            "Add a saved DescribeModel answer if there is one.",
        )


def _evidence(evidence: str) -> Iterator[Finding]:
    if evidence:
        message = "Files in S3: try analyze_evaluation."  # nobody has tried yet
        if evidence == "archive":
            message = "Files in the archive: see analyze_evaluation."
        yield finding("evidence_at_hand", message)


def _disagreement(
    description: ModelDescription, others: Sequence[tuple[str | None, float | None]]
) -> Iterator[Finding]:
    if others:
        listed = ", ".join(
            f"{status or 'no status'} ({_day(seconds)})" for status, seconds in others
        )
        yield finding(
            "records_disagree",
            f"The record used says {description.get('Status', 'no status')}; others say {listed}.",
            "A DescribeModel answer beats a listing; then dated beats undated, newer beats older. "
            "Remove what is wrong from the archive.",
        )


def _day(seconds: float | None) -> str:
    return "undated" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def listing(
    models: Sequence[ModelRow], project_name: str, status: str, more: bool, source: Source
) -> str:
    """What a page of models shows, in one or two sentences."""
    what = f"{status} model" if status else "model"
    projects = len({m["project_name"] for m in models})
    where = f"of {project_name}" if project_name else "in all projects"
    if not models:
        if source["kind"] == "archive" and not (project_name or status or more):
            return "No model is held here; `lfv-mcp archive check DIR` says what is."
        return f"No {what}s {where}{' on this page' if more else ''}."
    if not project_name:
        where = f"in {projects} project{'s' if projects > 1 else ''}"
        where += " on this page" if more else ""
    text = f"{len(models)} {what}{'s' if len(models) > 1 else ''} {where}"
    text += "; there is more: pass next_token" if more else ""
    if source["kind"] == "sample":
        text += "; synthetic sample, so status is history"
    elif source["kind"] == "archive":
        text += "; saved records, so status is history"
    return text + "."


def listing_digest(listed: ModelList) -> str:
    """The readable half of a listing: one line a model."""
    lines = [listed["summary"]]
    for row in listed["models"]:
        numbers = (
            ("precision", row.get("precision")),
            ("recall", row.get("recall")),
            ("F1", row.get("f1_score")),
        )
        metrics = ", ".join(f"{n} {digits(v)}" for n, v in numbers if v is not None)
        lines.append(
            f"{row['project_name']} {row['model_version']}: {row.get('status', 'status unknown')}"
            + (f", {metrics}" if metrics else ", no metrics")
        )
    lines += [f"- {f['severity']} {f['code']}: {f['message']}" for f in listed.get("findings", [])]
    if "next_token" in listed:
        lines.append(f"next_token: {listed['next_token']}")
    return "\n".join(lines)


def _repairs(record: Record) -> Iterator[Finding]:
    if record.unusable:
        names = ", ".join(record.unusable)
        yield finding("member_unusable", f"Left out, because the value is of no use: {names}.")
    if record.shortened:
        names = ", ".join(record.shortened)
        yield finding("text_shortened", f"Cut at 500 characters: {names}.")


def grade(performance: Performance) -> str:
    """Precision and recall in one word, by the named thresholds: strong, fair or weak."""
    escapes, rejects = performance.get("escape_rate"), performance.get("false_reject_share")
    if escapes is None or rejects is None:
        return ""
    if escapes >= ESCAPES_HIGH or rejects >= FALSE_REJECTS_HIGH:
        return "weak"
    return "strong" if escapes < ESCAPES_NOTABLE and rejects < FALSE_REJECTS_NOTABLE else "fair"


def _sentences(
    project_name: str,
    model_version: str,
    status: str | None,
    performance: Performance,
    findings: list[Finding],
    source: Source,
) -> str:
    name = f"{project_name} version {model_version}"
    if status is None:
        state = f"The status of {name} is not known"
    elif source["kind"] == "live":
        state = f"{name} is {clean(status, 40)}"
    else:
        on = f" on {source['captured_at'][:10]}" if "captured_at" in source else ""
        state = f"{name} was {clean(status, 40)} when captured{on}"
    if source["kind"] == "sample":
        state += " (synthetic sample)"
    precision, recall = performance.get("precision"), performance.get("recall")
    if precision is None or recall is None:
        what = "complete metrics" if performance else "metrics"
        quality = f"How good it is cannot be said: no {what}."
    elif precision == recall == 1:
        quality = "It made no error on its test set."
    else:
        quality = (
            f"On its test set it was {grade(performance)}: it caught {percent(recall)} of the "
            f"defects, and {percent(complement(precision))} of its rejects were good parts."
        )
    todo = next((f["advice"] for f in findings if "advice" in f), "")
    return " ".join(part for part in (f"{state}.", quality, todo) if part)


def source_in_words(source: Source) -> str:
    """Kind, basis, capture time and location of an answer's source."""
    kind = {
        "live": "live endpoint",
        "archive": "archive",
        "sample": "bundled synthetic sample",
    }[source["kind"]]
    captured = f", captured {source['captured_at']}" if "captured_at" in source else ""
    location = f", {source['location']}" if "location" in source else ""
    return f"{kind} ({source['basis']}){captured}{location}"
