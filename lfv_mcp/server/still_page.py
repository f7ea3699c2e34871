"""What a page says without its scripts: the answers as plain HTML, for mail and SharePoint. Pure.

Scripts that run draw the same answers again, with pictures, in the place of this. What came from an
account is escaped and made visible; a missing or odd member is left out, as `view.html` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any, Final, cast

from lfv_mcp.figures import (
    fraction,
    percent,
    percent_range,
    points,
    score,
    share_of_line,
    two_digits,
)
from lfv_mcp.identifiers import is_prediction_set_name
from lfv_mcp.text import strip_invisible

Answer = Mapping[str, Any]
_MOST_ROWS: Final = 200
"""Images of one list, and cuts, that are written out; an answer rarely holds more."""


def still_answers(answers: Sequence[Answer]) -> str:
    """The answers, each a mapping with `arguments` and `result`, as the content of `<main>`."""
    held = {_kind(each["result"]): each for each in reversed(answers)}
    if comparison := held.get("comparison"):
        return "".join(_comparison(comparison["result"], comparison["arguments"]))
    halves = [held[kind] for kind in ("model", "report") if kind in held]
    return "".join(_card(halves)) if halves else "<h1>Nothing to show</h1>"


def _kind(result: Answer) -> str:
    if "baseline" in result and "models" in result:
        return "comparison"
    if {"model_description", "prediction_set", "status", "project_name"} & set(result):
        return "model"
    named = {"metrics", "reported", "confusion", "test_images", "labels", "examples", "line"}
    return "report" if named & set(result) else ""


# Elements


def _text(value: object) -> str:
    """Text of an account or of ours, with nothing in it that a browser would obey."""
    return escape(strip_invisible(value)) if isinstance(value, str) else ""


def _own(value: object) -> str:
    """Text of the account: its direction stays its own."""
    return f"<bdi>{_text(value)}</bdi>"


def _advice(value: object) -> str:
    """Our own words, in which back-quotes name a command."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(value))


def _section(heading: str, *content: str) -> str:
    body = "".join(content)
    return f'<section class="wide"><h2>{heading}</h2>{body}</section>' if body else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names its rows; empty without rows."""
    body = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{c}</td>" for c in rest) + "</tr>"
        for first, *rest in rows
    )
    columns = "".join(f'<th scope="col">{c}</th>' if c else "<td></td>" for c in head)
    return f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def _object(value: object) -> Answer:
    return cast("Answer", value) if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Answer]:
    items = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else ()
    return [_object(each) for each in items]


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not isfinite(value):
        return None
    return float(value)


def _count(value: object) -> str:
    number = _number(value)
    return "?" if number is None else f"{number:,.0f}"


# One model


def _card(halves: Sequence[Answer]) -> Iterator[str]:
    results = [_object(half["result"]) for half in halves]
    nothing: Answer = {}
    model = next((each for each in results if _kind(each) == "model"), nothing)
    report = next((each for each in results if _kind(each) == "report"), nothing)
    asked = _object(halves[0].get("arguments"))
    project = model.get("project_name") or asked.get("project_name") or "Model"
    version = model.get("model_version") or asked.get("model_version") or ""
    yield _heading(project, version, _object((model or report).get("source")), model.get("status"))
    yield f'<p class="lead">{_own((report or model).get("summary"))}</p>'
    if meaning := _text(model.get("status_meaning")):
        yield f'<p class="hint">Meaning: {meaning}.</p>'
    if message := model.get("status_message"):
        yield f'<p class="hint">The service said: “{_own(message)}”</p>'
    yield '<div class="parts still">'
    yield _section("How good it is", _metrics(model, report))
    yield _section("What it did with the test images", _matrix(_object(report.get("confusion"))))
    yield _section("What you required", _requirements(_list(report.get("requirements"))))
    if report:
        yield _section("On the line", _line(_object(report.get("line"))))
    yield _section("What a cut costs", _cost(_object(report.get("cost"))))
    yield _section("Missed defects against false alarms", _cuts(report))
    yield _section("Each kind of defect", _labels(_list(report.get("labels"))))
    examples = _object(report.get("examples"))
    for name, what in (("missed_defects", "Defects it missed"), ("false_alarms", "False alarms")):
        yield _images(what, _object(examples.get(name)))
    known = [f.get("code") for f in _list(report.get("findings"))]
    if report.get("confusion"):  # what the summary could not know, and the evidence tells
        known += ["evidence_at_hand", "perfect_score", "metrics_missing"]
    rest = [f for f in _list(model.get("findings")) if f.get("code") not in known]
    yield _findings([*_list(report.get("findings")), *rest])
    api = _object(model.get("model_description"))
    yield _section("The record", description_list(_members(api), "record api"))
    yield "</div>"


def _heading(project: object, version: object, source: Answer, status: object) -> str:
    named = version if is_prediction_set_name(str(version)) else f"version {version}"
    kinds = {"live": "Live answer", "archive": "Saved record", "sample": "Synthetic sample"}
    chips = [kinds.get(str(source.get("kind")), "Source unknown")]
    if isinstance(status, str):
        when = "" if source.get("kind") == "live" else " when captured"
        chips.insert(0, _own(status.replace("_", " ")) + when)
    if captured := _text(source.get("captured_at")):
        chips.append(f"Captured {captured}")
    small = f" <small>{_own(named)}</small>" if version else ""
    listed = "".join(f"<li>{chip}</li>" for chip in chips)
    return f'<h1>{_own(str(project))}{small}</h1><ul class="chips">{listed}</ul>'


_METRICS: Final = {
    "recall": ("Recall, of the defects, caught", ("true_positives", "false_negatives")),
    "precision": ("Precision, of the rejects, defective", ("true_positives", "false_positives")),
    "false_alarm_rate": (
        "False alarms, of the good parts, rejected",
        ("false_positives", "true_negatives"),
    ),
    "f1_score": ("F1", ()),
    "roc_auc": ("ROC AUC", ()),
    "average_precision": ("Average precision", ()),
}
"""Name of each metric, and the counts that it is a share of; the others are no shares."""


def _metrics(model: Answer, report: Answer) -> str:
    measured = _object(report.get("metrics"))
    counts = _object(report.get("confusion"))
    reported = {**_object(model.get("performance")), **_object(report.get("reported"))}
    rows: list[tuple[str, str, str]] = []
    for name, (label, of) in _METRICS.items():
        given = _object(measured.get(name)) or {"value": reported.get(name)}
        images = sum(int(_number(counts.get(each)) or 0) for each in of)
        if name in measured or _number(given["value"]) is not None:
            why = "" if name in measured else "as reported, without an interval"
            rows.append((label, *_metric(given, images, is_share=bool(of), why=why)))
    return _table(("", "value", "95 % interval"), rows) or (
        "<p>Not known: there are no metrics in this record.</p>"
    )


def _metric(metric: Answer, images: int, *, is_share: bool, why: str = "") -> tuple[str, str]:
    """A metric's value and its interval, or why there is none."""
    value, low, high = (_number(metric.get(name)) for name in ("value", "low", "high"))
    if value is None:
        return "not known", _text(metric.get("undefined"))
    shown = percent(value, images) if is_share else fraction(value)
    if low is None or high is None:
        return shown, _text(metric.get("no_interval")) or why
    ends = f"{fraction(low)} to {fraction(high)}"
    return shown, percent_range(low, high, images) if is_share else ends


def _matrix(counts: Answer) -> str:
    if _number(counts.get("true_positives")) is None:
        return "<p>Not known without the evaluation manifest.</p>"
    tp, fn, fp, tn = (
        _count(counts.get(name))
        for name in ("true_positives", "false_negatives", "false_positives", "true_negatives")
    )
    rows = (
        ("Defects", f"{tp} caught", f"{fn} escaped"),
        ("Good parts", f"{fp} falsely rejected", f"{tn} passed"),
    )
    return _table(("", "judged anomalous", "judged normal"), rows)


def _requirements(rows: Sequence[Answer]) -> str:
    what = {"recall_at_least": "Recall of at least", "false_alarms_at_most": "False alarms at most"}
    words = {"shown": "shown", "not_shown": "not shown", "refuted": "refuted"}
    return _table(
        ("", "seen", "95 % interval", "answer"),
        (
            (
                f"{what.get(str(r.get('requirement')), '')} {share_of_line(needed)}",
                *_metric(_object(r.get("seen")), 0, is_share=True),
                words.get(str(r.get("verdict")), "not decided"),
            )
            for r in rows
            if (needed := _number(r.get("needed"))) is not None
        ),
    )


def _line(line: Answer) -> str:
    rate = _number(line.get("defect_rate"))
    if rate is None:
        return (
            "<p>Not computed: no defect rate of the line was given. With one: "
            "<code>lfv-mcp evaluate PROJECT VERSION --defect-rate 0.01 --html FILE</code></p>"
        )
    names = {
        "escapes_per_million": "Defects that escape, of a million parts",
        "false_rejects_per_million": "Good parts rejected, of a million parts",
    }
    rows = [(label, *_estimate(_object(line.get(name)))) for name, label in names.items()]
    expected = _metric(_object(line.get("expected_precision")), 0, is_share=True)
    rows.append(("Share of the rejects that is defective", *expected))
    return f"<p>At {share_of_line(rate)} defects.</p>" + _table(
        ("", "value", "95 % interval"), rows
    )


def _estimate(metric: Answer) -> tuple[str, str]:
    value, low, high = (_number(metric.get(name)) for name in ("value", "low", "high"))
    if value is None:
        return "not known", _text(metric.get("undefined"))
    ends = "" if low is None or high is None else f"{two_digits(low)} to {two_digits(high)}"
    return two_digits(value), ends


def _cost(cost: Answer) -> str:
    policies = {
        "cheapest": "Cheapest cut",
        "built_in": "Its own cut",
        "at": "The cut asked for",
        "reject_nothing": "Reject nothing",
        "reject_everything": "Reject everything",
    }
    return _table(
        ("", "cost of a part", "95 % interval", "defects missed", "good parts rejected"),
        (
            (
                label,
                *_estimate(_object(policy.get("cost_per_part"))),
                _count(policy.get("false_negatives")),
                _count(policy.get("false_positives")),
            )
            for name, label in policies.items()
            if (policy := _object(cost.get(name)))
        ),
    )


def _cuts(report: Answer) -> str:
    rows = _list(_object(report.get("threshold")).get("candidates"))[:_MOST_ROWS]
    return _table(
        ("reject from an anomaly score of", "defects missed", "good parts rejected"),
        (
            (score(cut), _count(row.get("false_negatives")), _count(row.get("false_positives")))
            for row in rows
            if (cut := _number(row.get("threshold"))) is not None
        ),
    )


def _labels(rows: Sequence[Answer]) -> str:
    names = ("precision", "recall", "f1_score", "average_iou")
    return _table(
        ("", "Precision", "Recall", "F1", "IoU"),
        (
            (
                _own(row.get("name")),
                *("-" if (v := _number(row.get(n))) is None else fraction(v) for n in names),
            )
            for row in rows
        ),
    )


def _images(what: str, listed: Answer) -> str:
    rows = _list(listed.get("images"))
    if not rows:
        return ""
    total = max(len(rows), int(_number(listed.get("count")) or 0))
    items = "".join(
        f"<li><code>{_own(row.get('image'))}</code><span>{_scored(row)}</span></li>"
        for row in rows[:_MOST_ROWS]
    )
    return _section(f"{what}: {len(rows):,} of {total:,}", f'<ul class="images">{items}</ul>')


def _scored(row: Answer) -> str:
    if (value := _number(row.get("anomaly_score"))) is not None:
        return f"anomaly score {score(value)}"
    if (value := _number(row.get("confidence"))) is not None:
        return f"confidence {fraction(value)}"
    return ""


_SEVERITIES: Final = {"critical": "Critical", "warning": "Warning", "info": "Note"}


def _findings(rows: Sequence[Answer]) -> str:
    order = list(_SEVERITIES)
    ranked = sorted(
        (row for row in rows if row.get("severity") in order),
        key=lambda row: order.index(row["severity"]),
    )
    items = "".join(
        f"<li><b>{_SEVERITIES[row['severity']]}</b><div><p>{_own(row.get('message'))}</p>"
        + (f"<p>{advice}</p>" if (advice := _advice(row.get("advice"))) else "")
        + "</div></li>"
        for row in ranked
    )
    return _section("Worth knowing", f'<ul class="findings">{items}</ul>' if items else "")


def description_list(rows: Iterable[tuple[str, str]], kind: str = "record") -> str:
    """Names and values as a description list of that class; empty without rows."""
    items = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_own(value)}</dd></div>" for name, value in rows
    )
    return f'<dl class="{kind}">{items}</dl>' if items else ""


def _members(members: Answer, path: str = "") -> Iterator[tuple[str, str]]:
    """The API's own record under its own names, one row a member."""
    for name, value in members.items():
        if isinstance(value, Mapping):
            yield from _members(cast("Answer", value), f"{path}{name}.")
        elif value not in ("", None):
            yield f"{path}{name}", str(value)


# Several


def _comparison(data: Answer, asked: Answer) -> Iterator[str]:
    models = _list(data.get("models"))
    names = ", ".join(str(model.get("model_version")) for model in models)
    project = _object(asked).get("project_name") or "Models"
    yield f"<h1>{_own(project)} <small>compared: {_own(names)}</small></h1>"
    yield f'<p class="lead">{_own(data.get("summary"))}</p><div class="parts still">'
    head = ("", "verdict", "replace the baseline?", "recall", "false alarms")
    rows = [_compared(model, str(data.get("baseline"))) for model in models]
    yield _section(f"Against {_own(data.get('baseline'))}, the baseline", _table(head, rows))
    for model in models:
        measured = _metrics({}, model) if model.get("metrics") else ""
        yield _section(f"{_own(model.get('model_version'))}: its own numbers", measured)
        for name, listed in _object(model.get("changed")).items():
            what = f"{_own(model.get('model_version'))}: {_text(name.replace('_', ' '))}"
            yield _images(what, _object(listed))
    doubted = _list(data.get("labels_to_doubt"))
    yield _images("Labels to doubt", {"images": doubted, "count": len(doubted)})
    yield _findings(_list(data.get("findings")))
    yield "</div>"


def _compared(model: Answer, baseline: str) -> tuple[str, ...]:
    name = model.get("model_version")
    if name == baseline:
        return (_own(name), "baseline", "", "", "")
    words = (
        _text(str(model.get(key, "-")).replace("_", " ")) for key in ("verdict", "replacement")
    )
    rates = (_difference(_object(model.get(key))) for key in ("recall", "false_alarm_rate"))
    return (_own(name), *words, *rates)


def _difference(rate: Answer) -> str:
    value, low, high = (_number(rate.get(name)) for name in ("difference", "low", "high"))
    if value is None or low is None or high is None:
        return _text(rate.get("undefined")) or "not known"
    return points(value, low, high)
