"""A report in JUnit's XML, which CI systems show: one suite of test cases.

It has what the strictest of the schemas in use asks for, the one of Ant's JUnitReport: every
attribute, the elements in its order, and the outputs though they may be empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from xml.etree import ElementTree as ET

from lfv_mcp.text import strip_invisible

_HOST: Final = "localhost"
"""What the schema names for a host that is not told: a report may be published."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a test case did not pass.

    Args:
        kind: `failure` for what was judged and is not good enough, `error` for what could not be
            judged.
        code: a stable word for programs.
        message: one sentence.
        details: more lines; may be empty.
    """

    kind: Literal["failure", "error"]
    code: str
    message: str
    details: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One test case; without a problem it passed."""

    name: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The test cases of one run.

    Args:
        package: what was tested with, such as `lfv-mcp.gate`.
        name: what was tested.
        cases: in the order of their reports.
        properties: names and values that were given.
        output: what was printed.
        started: when the run began.
        seconds: how long it took.
    """

    package: str
    name: str
    cases: Sequence[Case]
    properties: Sequence[tuple[str, str]]
    output: str
    started: datetime
    seconds: float


def junit_xml(suite: Suite) -> bytes:
    """The report as a file's content, in UTF-8."""
    root = ET.Element("testsuites")
    element = ET.SubElement(
        root,
        "testsuite",
        {
            "id": "0",
            "package": _text(suite.package),
            "name": _text(suite.name),
            "timestamp": suite.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": _HOST,
            "tests": str(len(suite.cases)),
            "failures": str(_count(suite.cases, "failure")),
            "errors": str(_count(suite.cases, "error")),
            "skipped": "0",
            "time": f"{suite.seconds:.3f}",
        },
    )
    properties = ET.SubElement(element, "properties")
    for name, value in suite.properties:
        ET.SubElement(properties, "property", {"name": _text(name), "value": _text(value)})
    for case in suite.cases:
        _add_case(element, suite, case)
    ET.SubElement(element, "system-out").text = _lines(suite.output)
    ET.SubElement(element, "system-err").text = ""
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _add_case(suite_element: ET.Element, suite: Suite, case: Case) -> None:
    # All were asked at once: no case has a time of its own.
    element = ET.SubElement(
        suite_element,
        "testcase",
        {
            "classname": _text(f"{suite.package}.{suite.name}"),
            "name": _text(case.name),
            "time": "0.000",
        },
    )
    if (problem := case.problem) is not None:
        attributes = {"type": _text(problem.code), "message": _text(problem.message)}
        told = ET.SubElement(element, problem.kind, attributes)
        told.text = _lines(problem.details or problem.message)


def _count(cases: Sequence[Case], kind: str) -> int:
    return sum(case.problem is not None and case.problem.kind == kind for case in cases)


def _lines(text: str) -> str:
    return "\n".join(_text(line) for line in text.splitlines())


def _text(text: str) -> str:
    """Text without the characters that XML forbids, which would make the whole file unreadable."""
    return strip_invisible(text)
