"""The rooms of the package: imports point down, and each outside thing has one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import lfv_mcp

# From top to bottom: a room imports only from rooms below it. A new room is put in its place here.
ORDER: Final = (
    *("__main__", "cli", "config_command", "terminal", "doctor", "server", "tools", "resources"),
    *("prompts", "card", "view", "limits"),
    *(
        "http",
        "auth",
        "replay_http",
        "catalog",
        "memory",
        "evidence",
        "recorder",
        "s3",
        "aws",
        "aws_failures",
    ),
    *("replay", "archive", "comparison", "evaluation", "evaluation_summary", "evaluation_files"),
    *("host_config", "records", "summary", "model", "metrics", "arguments", "errors", "__init__"),
)
# Outside thing → the rooms that know it.
DOORS: Final = {
    "boto3": {"aws"},
    "botocore": {"aws", "aws_failures"},
    "mcp": {"server", "resources", "cli", "http", "auth"},
    "click": {"cli", "config_command"},
    "tomlkit": {"host_config"},
}
PURE: Final = {
    *("arguments", "card", "comparison", "errors"),
    *("evaluation", "evaluation_files", "evaluation_summary"),
    *("host_config", "limits", "metrics", "model", "records", "summary"),
}
IMPURE: Final = {
    *("anyio", "asyncio", "boto3", "botocore", "glob", "io", "logging", "mcp", "os", "pathlib"),
    *("shutil", "socket", "subprocess", "sys", "tempfile", "threading", "time", "urllib3"),
}
IN_MEMORY: Final = {("records", "io")}  # BytesIO

ROOMS: Final = {
    path.stem: ast.parse(path.read_bytes())
    for path in sorted(Path(lfv_mcp.__file__).parent.glob("*.py"))
}


def imports(room: str) -> Iterator[tuple[str, str]]:
    """Every import of a room, late ones too: top package, and the room if it is one of ours."""
    for node in ast.walk(ROOMS[room]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package, _, below = alias.name.partition(".")
                yield package, below
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{room} imports relatively"
            package, _, below = (node.module or "").partition(".")
            if package == "lfv_mcp" and not below:
                for alias in node.names:
                    yield package, alias.name if alias.name in ROOMS else "__init__"
            else:
                yield package, below


def test_every_room_has_its_place() -> None:
    assert set(ROOMS) == set(ORDER)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_down(room: str) -> None:
    ours = {name for package, name in imports(room) if package == "lfv_mcp"}
    for other in ours:
        assert ORDER.index(room) < ORDER.index(other), f"{room} imports {other}"


@pytest.mark.parametrize("room", ROOMS)
def test_outside_things_have_one_door(room: str) -> None:
    for package, _ in imports(room):
        assert room in DOORS.get(package, {room}), f"{room} imports {package}"


@pytest.mark.parametrize("room", ROOMS)
def test_only_the_command_line_reads_the_environment(room: str) -> None:
    names = {node.attr for node in ast.walk(ROOMS[room]) if isinstance(node, ast.Attribute)}
    taken = {
        alias.name
        for node in ast.walk(ROOMS[room])
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for alias in node.names
    }
    assert room in {"cli", "config_command"} or not (names | taken) & {
        "environ",
        "environb",
        "getenv",
    }


@pytest.mark.parametrize("room", sorted(PURE))
def test_pure_rooms_touch_nothing(room: str) -> None:
    outside = {package for package, _ in imports(room)} & IMPURE
    assert {package for package in outside if (room, package) not in IN_MEMORY} == set()
