"""The JUnit report, read back by a parser that is not ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, TestSuite

from lfv_mcp.cli.junit import Case, Problem, Suite, junit_xml

AT: Final = datetime(2026, 3, 1, 12, 30, 5, 900_000, tzinfo=timezone(timedelta(hours=2)))
texts = st.text(max_size=40)
problems = st.builds(
    Problem, st.sampled_from(["failure", "error"]), texts, texts, texts.filter(bool)
)
suites = st.builds(
    Suite,
    package=texts,
    name=texts,
    cases=st.lists(st.builds(Case, texts, st.none() | problems), max_size=4),
    properties=st.lists(st.tuples(texts, texts), max_size=3),
    output=texts,
    started=st.just(AT),
    seconds=st.floats(0, 1e6),
)


def read(suite: Suite) -> TestSuite:
    (only,) = JUnitXml.fromstring(junit_xml(suite))
    return only


def test_what_is_in_it() -> None:
    suite = Suite(
        "lfv-mcp.gate",
        "caps 3",
        [
            Case("recall_at_least 0.9"),
            Case("replacement", Problem("failure", "undecided", "It is open.", "line 1\nline 2")),
            Case("better", Problem("error", "evidence_unavailable", "No manifest.")),
        ],
        [("baseline", "2")],
        "pass  a\nFAIL  b",
        AT,
        1.25,
    )
    found = read(suite)
    assert (found.name, found.tests, found.failures, found.errors) == ("caps 3", 3, 1, 1)
    assert (found.timestamp, found.time, found.hostname) == (
        "2026-03-01T10:30:05",
        1.25,
        "localhost",
    )
    passed, failed, broken = found
    assert (passed.name, passed.classname, passed.result) == (
        "recall_at_least 0.9",
        "lfv-mcp.gate.caps 3",
        [],
    )
    (failure,), (error,) = failed.result, broken.result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message, failure.text) == (
        "undecided",
        "It is open.",
        "line 1\nline 2",
    )
    assert isinstance(error, Error)
    assert (error.type, error.message, error.text) == (
        "evidence_unavailable",
        "No manifest.",
        "No manifest.",
    )
    properties = list(found.properties())  # type: ignore[no-untyped-call]
    assert [(each.name, each.value) for each in properties] == [("baseline", "2")]
    output = ET.fromstring(junit_xml(suite)).findtext("testsuite/system-out")
    assert output == "pass  a\nFAIL  b"


@given(suites)
def test_any_text_makes_a_report_that_can_be_read(suite: Suite) -> None:
    found = read(suite)
    cases = list(found)
    assert [len(case.result) for case in cases] == [int(c.problem is not None) for c in suite.cases]
    assert found.tests == len(cases)
    assert found.failures == sum(isinstance(r, Failure) for case in cases for r in case.result)
    assert found.errors == sum(isinstance(r, Error) for case in cases for r in case.result)


@given(suites)
def test_it_has_the_elements_of_ants_schema_in_their_order(suite: Suite) -> None:
    root = ET.fromstring(junit_xml(suite))
    (element,) = root
    names = [child.tag for child in element]
    assert names == ["properties", *["testcase"] * len(suite.cases), "system-out", "system-err"]
    required = {"id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors"}
    assert required | {"time"} <= set(element.attrib)
    for case in element.iter("testcase"):
        assert set(case.attrib) == {"name", "classname", "time"}
        assert all({"type", "message"} <= set(told.attrib) for told in case)


def test_what_xml_forbids_is_left_out() -> None:
    forbidden = "".join(map(chr, (*range(32), 0xD800, 0xFFFE, 0xFFFF)))
    suite = Suite("p", f"a{forbidden}b", [Case(forbidden)], [], forbidden, AT.astimezone(UTC), 0)
    found = read(suite)
    assert found.name == "a   b"  # tab and the two line ends
