"""docs/faults.md, the rows in tests/support/fault_table.py and the tests are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from lfv_mcp.errors import ERRORS
from lfv_mcp.findings import FINDINGS
from tests.support.fault_table import (
    API,
    AT_ONCE,
    MARGIN,
    OPERATING,
    OVER_HTTP,
    ROWS,
    S3,
    UNREAD_FILES,
    Row,
)
from tests.support.paths import REPOSITORY

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

NO_ROWS: Final = ("test_the_log_of_a_process_names_nothing", "test_the_table_is_of_these_tests")
FAMILIES: Final[Mapping[str, Mapping[str, Row]]] = {
    "test_an_api_that_misbehaves": API,
    "test_an_s3_that_misbehaves": S3,
}
"""Tests whose parameters are the rows."""


def names_of_tests(file: Path) -> list[str]:
    return re.findall(r"(?m)^(?:async )?def (test_\w+)\(", file.read_text(encoding="utf-8"))


def rows() -> Iterator[tuple[str, Row]]:
    """Every row, as the table names its test."""
    for name, faults in FAMILIES.items():
        yield from ((f"{name}[{fault}]", row) for fault, row in faults.items())
    yield from ROWS.items()
    yield from (
        (f"tests/integration/test_unread_files.py::{name}", row)
        for name, row in UNREAD_FILES.items()
    )
    yield from (
        (f"tests/end_to_end/test_http_server.py::{name}", Row(time, ()))
        for name, time in OVER_HTTP.items()
    )
    yield from (
        (f"tests/end_to_end/{file}::{name}", Row(time, ()))
        for file, tests in OPERATING.items()
        for name, time in tests.items()
    )


def test_the_table_is_of_these_tests() -> None:
    document = (REPOSITORY / "docs" / "faults.md").read_text(encoding="utf-8")
    table = re.findall(r"(?m)^\| .+ \| (.+) \| (.+) \| .+ \| `([^`]*test_[^`]+)` \|$", document)
    expected = dict(rows())
    assert sorted(name for *_, name in table) == sorted(expected)
    for seen, within, name in table:
        codes = {word for word in re.findall(r"`([^`]+)`", seen) if word in {*ERRORS, *FINDINGS}}
        assert (name, within) == (name, expected[name].within)
        assert (name, codes) == (name, {*expected[name].codes} - {""})
    assert f"less than {AT_ONCE:g} seconds on an idle machine" in document
    assert f"They allow {MARGIN:g} seconds more" in document
    here = [
        name for file in Path(__file__).parent.glob("test_*.py") for name in names_of_tests(file)
    ]
    assert sorted(here) == sorted((*FAMILIES, *ROWS, *NO_ROWS))
    over_http = names_of_tests(REPOSITORY / "tests" / "end_to_end" / "test_http_server.py")
    assert {*OVER_HTTP} <= {*over_http}
    unread = names_of_tests(REPOSITORY / "tests" / "integration" / "test_unread_files.py")
    assert {*UNREAD_FILES} <= {*unread}
    for file, tests in OPERATING.items():
        assert {*tests} <= {*names_of_tests(REPOSITORY / "tests" / "end_to_end" / file)}
