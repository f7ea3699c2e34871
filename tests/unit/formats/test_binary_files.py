"""Files of binary data with a record in them are named with what makes JSON of them."""

from __future__ import annotations

import json
import plistlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from lfv_mcp.formats.recognition import recognise
from tests.support.saved_records import arn, described


def database(folder: Path) -> bytes:
    made = sqlite3.connect(folder / "saved.db")
    made.execute("create table answers (ModelArn text, ModelVersion text, Status text)")
    made.execute("insert into answers values (?, '3', 'TRAINED')", [arn()])
    made.commit()
    made.close()
    return (folder / "saved.db").read_bytes()


def cbor(_: Path) -> bytes:
    text = arn().encode()
    return b"\xa2\x68ModelArn\x78%c%s\x66Status\x67TRAINED" % (len(text), text)


def plist(_: Path) -> bytes:
    return plistlib.dumps(described(), fmt=plistlib.FMT_BINARY)


def array(_: Path) -> bytes:
    return b"\x93NUMPY\x01\0v\0" + json.dumps(described()).encode()


@pytest.mark.parametrize("make", [database, cbor, plist, array])
def test_binary_data_with_a_record_is_named(make: Callable[[Path], bytes], tmp_path: Path) -> None:
    records, problems = recognise(make(tmp_path))
    assert records == []
    assert [each.is_unread for each in problems] == [True]


def test_a_database_of_something_else_is_foreign(tmp_path: Path) -> None:
    data = database(tmp_path).replace(b":lookoutvision:", b":rekognitionxx:")
    _, problems = recognise(data)
    assert [(str(each), each.is_unread) for each in problems] == [("an SQLite database", False)]
