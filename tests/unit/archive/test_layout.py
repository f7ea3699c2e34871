"""Names of folders and files that every system takes; of Windows by its rules, for none is here."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.layout import file_name, folder_name, folder_of
from lfv_mcp.archive.store import is_junction
from lfv_mcp.formats.recognition import Record
from lfv_mcp.identifiers import (
    PROJECT_NAME_PATTERN,
    ModelKey,
    PredictionSetKey,
    ProjectKey,
    parse_arn,
)

DEVICES = ["CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in range(10)), "LPT1", "LPT9"]


@pytest.mark.parametrize("name", [*DEVICES, *map(str.lower, DEVICES), "Con", "nUl"])
def test_devices_of_windows_are_no_folders(name: str) -> None:
    assert folder_name(name) == f"_{name}"
    assert not is_device(folder_name(name))


def is_device(name: str) -> bool:
    """Microsoft's list, in any case and with any ending."""
    return name.partition(".")[0].rstrip().upper() in DEVICES


@pytest.mark.parametrize(
    "name", ["CONSOLE", "nul-1", "com", "com10", "lpt", "a", "cap-seal", "X_1"]
)
def test_other_names_stay(name: str) -> None:
    assert folder_name(name) == name


names = st.from_regex(re.compile(PROJECT_NAME_PATTERN), fullmatch=True)


@given(names)
def test_every_project_has_a_folder_on_windows(name: str) -> None:
    folder = folder_name(name)
    assert not is_device(folder)
    assert re.fullmatch(r"[A-Za-z0-9_~-]+", folder)  # no dot or blank at its end, nothing forbidden
    assert len(folder) <= 64


@given(names, names)
def test_different_projects_have_different_folders(one: str, other: str) -> None:
    """But for their case: there the files in the folder say whose they are."""
    if one != other:
        assert folder_name(one) != folder_name(other)
    common = "p" * 200
    if one != other and len(one + other) < 50:
        assert folder_name(common + one) != folder_name(common + other)


def test_paths_are_short_enough_for_windows() -> None:
    """MAX_PATH is 260 with the last zero byte and the drive."""
    longest = ModelKey("r" * 32, "1" * 12, "p" * 255, 9_999_999_999)
    assert parse_arn(longest.arn)
    record = Record("packed_file", longest, {}, None)  # the longest word for a form
    path = f"{folder_of(longest)}/{file_name(record, '0' * 16)}"
    unfinished = f"{folder_of(longest)}/{'0' * 32}.partial"
    a_set = PredictionSetKey(*longest.project_key, "n" * 63)
    of_set = f"{folder_of(a_set)}/{file_name(Record('predictions', a_set, {}, None), '0' * 16)}"
    assert max(len(path), len(unfinished), len(of_set)) <= 170
    assert len("C:\\Users\\somebody.from-somewhere\\Documents\\lfv-archive\\") + 170 < 260


def test_layout() -> None:
    key = ModelKey("us-east-1", "111122223333", "cap-seal", 3)
    assert folder_of(key) == "us-east-1/111122223333/cap-seal/3"
    assert folder_of(ProjectKey(*key[:3])) == "us-east-1/111122223333/cap-seal"
    assert file_name(Record("model", key, {}, None), "0a" * 8) == "model-0a0a0a0a0a0a0a0a.json"


def test_layout_of_prediction_sets() -> None:
    key = PredictionSetKey("us-east-1", "111122223333", "con", "padim_2")
    name = file_name(Record("predictions", key, {}, None), "0a" * 8)
    assert folder_of(key) == "us-east-1/111122223333/_con"
    assert name == "predictions-padim_2-0a0a0a0a0a0a0a0a.jsonl"
    assert folder_of(key._replace(region="", account="")) == "_con"


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (SimpleNamespace(st_reparse_tag=0xA0000003), True),  # IO_REPARSE_TAG_MOUNT_POINT
        (SimpleNamespace(st_reparse_tag=0xA000000C), False),  # a symbolic link
        (
            SimpleNamespace(st_reparse_tag=0x9000001A),
            False,
        ),  # a file that OneDrive has in the cloud
        (SimpleNamespace(st_reparse_tag=0), False),
        (Path().stat(), False),
    ],
)
def test_junctions_are_known_by_their_tag(found: Any, answer: bool) -> None:
    assert is_junction(found) is answer
