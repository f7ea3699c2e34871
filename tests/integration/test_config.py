"""`lfv-mcp config`: what each host is told starts this server, and a merge loses nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

import anyio
import pytest
import tomlkit
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client, StdioServerParameters, stdio_client

from lfv_mcp.cli import config_command
from lfv_mcp.cli.config_command import passing_folder
from lfv_mcp.cli.host_config import (
    HOSTS,
    NAME,
    TakenError,
    UnmergeableError,
    claude_command,
    decoded,
    entry,
    merge,
    snippet,
    start_of,
    usual_file,
)
from lfv_mcp.cli.main import main
from lfv_mcp.server.tools import TOOLS
from scripts import make_packaging
from scripts.checks import ROOT

SECRET: Final = "hunter2-of-another-server"
INSTALLED: Final = Path(sys.executable).with_name("lfv-mcp")


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clone that is tested may itself be in a temporary folder."""
    monkeypatch.setattr(config_command, "passing_folder", lambda *_: None)


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of its own, whatever the developer's shell says of configurations."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("APPDATA", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["config", *arguments], prog_name="lfv-mcp")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def parsed(host: str, text: str) -> dict[str, Any]:
    """A host's file as the host reads it."""
    return tomllib.loads(text) if host == "codex" else json.loads(text)


def own_entry(host: str, text: str) -> dict[str, Any]:
    found: dict[str, Any] = parsed(host, text)[HOSTS[host].servers][NAME]
    return found


# What is printed


@pytest.mark.slow
@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("host", HOSTS)
def test_what_is_written_starts_the_server(host: str, own_home: Path) -> None:
    written = run(host, "--write")
    assert (written.exit_code, written.stderr) == (0, "")
    file = Path(usual_file(host, {}, str(own_home), sys.platform))
    assert str(file) in written.stdout
    told = own_entry(host, file.read_text(encoding="utf-8"))
    (command, *more), variables = start_of(told)
    assert Path(command) == INSTALLED
    server = StdioServerParameters(command=command, args=more, env={**os.environ, **variables})

    async def ask() -> Any:
        async with Client(stdio_client(server), mode="legacy") as client:
            model = {"project_name": "sample-cap-seal", "model_version": "3"}
            return (await client.call_tool("describe_model", model)).structured_content

    answer = anyio.run(ask)
    assert (answer["project_name"], answer["model_version"]) == ("sample-cap-seal", "3")


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("host", HOSTS)
def test_what_is_printed_is_what_is_written(host: str, tmp_path: Path) -> None:
    printed = run(host, "--source", "s3://amzn-s3-demo-bucket/saved")
    assert printed.exit_code == 0
    file = tmp_path / "new" / "file"
    assert (
        run(host, "--source", "s3://amzn-s3-demo-bucket/saved", "--write", str(file)).exit_code == 0
    )
    written = file.read_text(encoding="utf-8")
    told = own_entry(host, written)
    assert start_of(told)[1] == {"LFV_SOURCE": "s3://amzn-s3-demo-bucket/saved"}
    if host == "claude-code":
        *start, command = shlex.split(printed.stdout)
        assert " ".join(start) == (
            "claude mcp add --env LFV_SOURCE=s3://amzn-s3-demo-bucket/saved --scope user lfv --"
        )
        assert command == told["command"]
    else:
        assert printed.stdout == written
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_hosts_are_listed_with_their_files(own_home: Path) -> None:
    result = run()
    assert result.exit_code == 0
    for host, line in zip(HOSTS, result.stdout.splitlines(), strict=True):
        assert line.startswith(f"{host} ")
        assert line.endswith(usual_file(host, {}, str(own_home), sys.platform))


@pytest.mark.parametrize(
    ("host", "environment", "platform", "file"),
    [
        ("claude-desktop", {}, "linux", "/h/.config/Claude/claude_desktop_config.json"),
        ("claude-desktop", {"APPDATA": "C:/R"}, "win32", "C:/R/Claude/claude_desktop_config.json"),
        ("vscode", {}, "darwin", "/h/Library/Application Support/Code/User/mcp.json"),
        ("vscode", {"XDG_CONFIG_HOME": "/c"}, "linux", "/c/Code/User/mcp.json"),
        ("claude-code", {"CLAUDE_CONFIG_DIR": "/c"}, "linux", "/c/.claude.json"),
        ("codex", {}, "win32", "/h/.codex/config.toml"),
        ("codex", {"CODEX_HOME": "/c"}, "linux", "/c/config.toml"),
    ],
)
def test_file_of_each_system(
    host: str, environment: dict[str, str], platform: str, file: str
) -> None:
    assert usual_file(host, environment, "/h", platform) == file


def test_kiro_need_not_ask_about_tools_that_only_read() -> None:
    approved = entry("kiro", "x", "sample", [tool.name for tool in TOOLS])["autoApprove"]
    assert approved == [tool.name for tool in TOOLS]


def test_claude_command_is_quoted_for_its_shell() -> None:
    told = entry("claude-code", "/a b/lfv-mcp", "it's")
    assert shlex.split(claude_command(told, "linux"))[-1] == "/a b/lfv-mcp"
    assert shlex.split(claude_command(told, "linux"))[4] == "LFV_SOURCE=it's"
    windows = claude_command(entry("claude-code", r"C:\a b\lfv-mcp.exe", "sample"), "win32")
    assert windows.endswith(r' lfv -- "C:\a b\lfv-mcp.exe"')


# The source


@pytest.mark.usefixtures("anywhere")
def test_directory_is_absolute(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_home / "archive").mkdir()
    monkeypatch.chdir(own_home)
    for spelling in ("~/archive", "archive", "./archive/", "archive/../archive"):
        told = own_entry("cursor", run("cursor", "--source", spelling).stdout)
        assert told["env"] == {"LFV_SOURCE": str(own_home / "archive")}
    for kept in ("sample", "live", "s3://bucket/prefix"):
        told = own_entry("cursor", run("cursor", "--source", kept).stdout)
        assert told["env"] == {"LFV_SOURCE": kept}


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("source", ["", "Sample", "/no/such/directory", "S3://bucket"])
def test_source_that_cannot_be_is_refused(source: str, own_home: Path) -> None:
    result = run("cursor", "--source", source, "--write")
    assert (result.exit_code, result.stdout) == (1, "")
    assert repr(source) in result.stderr
    assert list(own_home.iterdir()) == []


# Wrong usage


@pytest.mark.parametrize(
    "arguments",
    [("cursor", "--replace"), ("--write",), ("--write", "cursor"), ("cursor", "x")],
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


# Only what is installed is written


HOME: Final = {"HOME": "/home/u"}


@pytest.mark.parametrize(
    ("path", "environment"),
    [
        ("/home/u/.cache/uv/archive-v0/k3/bin/lfv-mcp", HOME),
        ("/srv/c/uv/x/bin/lfv-mcp", {"UV_CACHE_DIR": "/srv/c/uv"}),
        ("/anywhere/environments-v2/lfv-1/bin/lfv-mcp", {}),
        ("/anywhere/builds-v0/.tmp3/bin/lfv-mcp", {}),
        ("/x/c/uv/any/lfv-mcp", {"XDG_CACHE_HOME": "/x/c"}),
        ("/home/u/.cache/pip/x/lfv-mcp", HOME),
        ("/p/lfv-mcp", {"PIP_CACHE_DIR": "/p"}),
        ("/home/u/Library/Caches/pip/x/lfv-mcp", HOME),
        ("/home/u/.cache/pipx/8a/bin/lfv-mcp", HOME),
        ("/home/u/.local/share/pipx/.cache/8a/bin/lfv-mcp", HOME),
        ("/home/u/.local/pipx/.cache/8a/bin/lfv-mcp", HOME),
        ("/opt/pipx/.cache/8a/bin/lfv-mcp", {"PIPX_HOME": "/opt/pipx"}),
        ("/tmp/v/bin/lfv-mcp", {}),
        ("/var/tmp/v/bin/lfv-mcp", {}),
        ("/scratch/v/bin/lfv-mcp", {"TMPDIR": "/scratch"}),
        ("/var/folders/a/T/v/bin/lfv-mcp", {}),
    ],
)
def test_what_does_not_last_is_seen(path: str, environment: dict[str, str]) -> None:
    assert passing_folder(PurePosixPath(path), environment, {"/var/folders/a/T"})


@pytest.mark.parametrize(
    ("path", "environment"),
    [
        ("/home/u/.local/share/uv/tools/lfv-mcp/bin/lfv-mcp", HOME),
        ("/home/u/.local/share/pipx/venvs/lfv-mcp/bin/lfv-mcp", HOME),
        ("/home/u/.local/bin/lfv-mcp", HOME),
        ("/home/u/clone/.venv/bin/lfv-mcp", {**HOME, "TMPDIR": "", "TMP": "/"}),
        ("/home/u/.cachet/uv/lfv-mcp", HOME),
        ("/tmpfiles/lfv-mcp", {}),
        ("/home/u/tmp/lfv-mcp", HOME),
    ],
)
def test_what_is_installed_is_taken(path: str, environment: dict[str, str]) -> None:
    assert passing_folder(PurePosixPath(path), environment, {"/var/folders/a/T"}) is None


@pytest.mark.parametrize(
    ("path", "passing"),
    [
        (r"c:\users\u\appdata\local\uv\cache\x\Scripts\lfv-mcp.exe", True),
        (r"C:\Users\u\AppData\Local\Temp\v\Scripts\lfv-mcp.exe", True),
        (r"C:\Users\u\AppData\Local\pip\Cache\lfv-mcp.exe", True),
        (r"C:\Users\u\AppData\Local\pipx\pipx\Cache\8a\Scripts\lfv-mcp.exe", True),
        (r"C:\Users\u\AppData\Roaming\uv\tools\lfv-mcp\Scripts\lfv-mcp.exe", False),
        (r"C:\Users\u\AppData\Local\Programs\Python\Python311\Scripts\lfv-mcp.exe", False),
    ],
)
def test_windows_too(path: str, passing: bool) -> None:
    local = r"C:\Users\u\AppData\Local"
    environment = {"LOCALAPPDATA": local, "TEMP": rf"{local}\Temp", "USERPROFILE": r"C:\Users\u"}
    assert (passing_folder(PureWindowsPath(path), environment) is not None) == passing


@pytest.mark.parametrize("command", [("cursor",), ("cursor", "--write"), ("claude-code",)])
def test_passing_command_is_not_written(
    monkeypatch: pytest.MonkeyPatch, own_home: Path, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(INSTALLED.parents[1]))
    result = run(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "install it first: `uv tool install .`" in result.stderr
    assert list(own_home.iterdir()) == []


def test_script_in_a_temporary_folder_is_not_written(tmp_path: Path) -> None:
    """The process itself: it goes by the script that runs, not only by its Python."""
    script = tmp_path / "lfv-mcp"
    script.write_bytes(INSTALLED.read_bytes())
    script.chmod(0o755)
    done = subprocess.run(
        [script, "config", "cursor"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"Error: {script} lies in " in done.stderr


# The merge


WORDS: Final = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(WORDS, inside, max_size=3),
    max_leaves=8,
)
OURS: Final = entry("cursor", "/opt/lfv/bin/lfv-mcp", "sample")
BEGINS: Final = "\ufeff"


@st.composite
def json_files(draw: st.DrawFn) -> str:
    """Any JSON object, some with servers, in any of the usual layouts."""
    content = draw(st.dictionaries(WORDS, VALUES, max_size=4))
    if draw(st.booleans()):
        content["mcpServers"] = draw(st.dictionaries(WORDS | st.just(NAME), VALUES, max_size=3))
    indent = draw(st.sampled_from([None, 1, 2, 4, "\t"]))
    compact = draw(st.booleans()) and indent is None
    text = json.dumps(
        content,
        indent=indent,
        ensure_ascii=draw(st.booleans()),
        separators=(",", ":") if compact else None,
    )
    text += draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@pytest.mark.slow
@given(text=json_files())
def test_json_merge_keeps_all_else(text: str) -> None:
    before = json.loads(text)
    servers = before.get("mcpServers", {})
    if servers.get(NAME, OURS) != OURS:
        with pytest.raises(TakenError):
            merge("cursor", text, OURS)
    written = merge("cursor", text, OURS, replace=True)
    after = json.loads(written)
    assert after["mcpServers"].pop(NAME) == OURS
    assert list(after) == list(before | {"mcpServers": {}})
    servers.pop(NAME, None)
    assert after == before | {"mcpServers": servers}
    assert merge("cursor", written, OURS) == written


@pytest.mark.slow
@given(text=json_files())
def test_json_merge_only_adds(text: str) -> None:
    """Every character of the file is there afterwards, in its order."""
    before = json.loads(text)
    if NAME in before.get("mcpServers", {}):
        return
    written = merge("cursor", text, OURS)
    rest = iter(written)
    assert all(character in rest for character in "".join(text.split()))
    if "\n" in text.strip() and "\r\n" in text:
        assert not re.search(r"(?<!\r)\n", written)


TOML_VALUES: Final = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | WORDS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(WORDS, inside, max_size=3),
    max_leaves=5,
)


@pytest.mark.slow
@given(
    top=st.dictionaries(WORDS, TOML_VALUES, max_size=3),
    servers=st.dictionaries(
        WORDS | st.just(NAME), st.dictionaries(WORDS, TOML_VALUES, max_size=3), max_size=3
    ),
    below=st.booleans(),
)
def test_toml_merge_keeps_all_else(
    top: dict[str, Any], servers: dict[str, Any], below: bool
) -> None:
    rest = {"profiles": {"p": {"model": "m"}}} if below else {}
    before = {**top, "mcp_servers": servers, **rest}
    # In an entry that goes it would be lost, and be a reason to refuse.
    end = "" if NAME in servers else "# the end\n"
    text = f"# mine\n{tomlkit.dumps(before)}{end}"
    before = tomllib.loads(text)
    written = merge("codex", text, OURS, replace=True)
    after = tomllib.loads(written)
    assert after["mcp_servers"].pop(NAME) == OURS
    before["mcp_servers"].pop(NAME, None)
    assert after == before
    assert written.startswith("# mine\n")
    assert end in written
    assert merge("codex", written, OURS) == written


def test_toml_keeps_comments_and_order() -> None:
    text = (
        "# top\nmodel = \"m\"  # why\n\n[mcp_servers.other]\ncommand = 'o' # keep\n"
        f'env = {{KEY="{SECRET}"}}\n\n[profiles.p]\n# inside\na = 1_000\n'
    )
    written = merge("codex", text, OURS)
    assert "".join(line for line in text.splitlines(True) if line in written) == text
    assert tomllib.loads(written)["mcp_servers"] == {
        "other": {"command": "o", "env": {"KEY": SECRET}},
        NAME: OURS,
    }


# The file


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("host", ["cursor", "codex"])
def test_file_keeps_its_mode_and_its_link(host: str, tmp_path: Path) -> None:
    target, link = tmp_path / "dotfiles" / "real", tmp_path / "link"
    target.parent.mkdir()
    target.write_text("a = 1\n" if host == "codex" else '{"a": 1}\n', encoding="utf-8")
    target.chmod(0o640)
    link.symlink_to(target)
    assert run(host, "--write", str(link)).exit_code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert parsed(host, target.read_text(encoding="utf-8"))["a"] == 1
    assert own_entry(host, target.read_text(encoding="utf-8"))
    assert [path.name for path in target.parent.iterdir()] == ["real"]


@pytest.mark.usefixtures("anywhere")
def test_own_entry_is_replaced_only_when_told(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    old = json.dumps({"mcpServers": {NAME: {"command": "uvx"}, "other": {"env": {"K": SECRET}}}})
    file.write_text(old, encoding="utf-8")
    refused = run("cursor", "--write", str(file))
    assert (refused.exit_code, file.read_text(encoding="utf-8")) == (1, old)
    assert "--replace" in refused.stderr
    replaced = run("cursor", "--write", str(file), "--replace")
    assert replaced.exit_code == 0
    assert own_entry("cursor", file.read_text(encoding="utf-8"))["command"] == str(INSTALLED)
    before = file.stat()
    again = run("cursor", "--write", str(file))
    assert again.exit_code == 0
    assert "nothing to do" in again.stdout
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert SECRET not in refused.output + replaced.output + again.output


OTHER: Final = f'"other": {{"env": {{"KEY": "{SECRET}"}}}}'


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize(
    ("host", "content"),
    [
        ("cursor", b'{"mcpServers": {%s}' % OTHER.encode()),
        ("cursor", b'{"mcpServers": {%s, "x": %s}}' % (OTHER.encode(), SECRET.encode())),
        ("vscode", b'{\n  // mine\n  "servers": {%s}\n}' % OTHER.encode()),
        ("vscode", b'{"servers": {%s} /* mine */}' % OTHER.encode()),
        ("vscode", b'{"servers": {%s,}}' % OTHER.encode()),
        ("cursor", b'{"mcpServers": {%s}, "mcpServers": {}}' % OTHER.encode()),
        ("cursor", b'{"mcpServers": {%s, %s}}' % (OTHER.encode(), OTHER.encode())),
        ("cursor", b'["%s"]' % SECRET.encode()),
        ("cursor", b'{"mcpServers": ["%s"]}' % SECRET.encode()),
        ("cursor", b'{"mcpServers": null}'),
        ("cursor", b'{"a": NaN}'),
        ("cursor", b'{"a": ' + b"9" * 5000 + b"}"),
        ("cursor", b'{"a": ' + b"[" * 100_000 + b"}"),
        ("cursor", b'{"a": "\xff"}'),
        ("cursor", f'{{"mcpServers": {{{OTHER}}}}}'.encode("utf-16")),
        ("codex", b'[mcp_servers.other]\nenv = {KEY = "%s"\n' % SECRET.encode()),
        ("codex", b"[mcp_servers.other]\nKEY = %s\n" % SECRET.encode()),
        ("codex", b'a = 1\na = "%s"\n' % SECRET.encode()),
        ("codex", b'[mcp_servers.o]\n[mcp_servers.o]\nk = "%s"\n' % SECRET.encode()),
        ("codex", b'[[mcp_servers]]\nKEY = "%s"\n' % SECRET.encode()),
        ("codex", b'mcp_servers = "%s"\n' % SECRET.encode()),
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_not_touched(host: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    for options in ((), ("--replace",)):
        result = run(host, "--write", str(file), *options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert file.read_bytes() == content
        assert SECRET not in result.stderr
        # What to paste is said, and it is the whole snippet.
        _, _, pasted = result.stderr.partition(":\n")
        assert own_entry(host, pasted)["command"] == str(INSTALLED)
    assert list(tmp_path.glob(".file*")) == []


@pytest.mark.usefixtures("anywhere")
def test_comments_are_named_as_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{\n  // mine\n  "servers": {}\n}', encoding="utf-8")
    assert "has comments or" in run("vscode", "--write", str(file)).stderr
    file.write_text('{"url": "http://x"', encoding="utf-8")
    assert "has comments or" not in run("vscode", "--write", str(file)).stderr


@pytest.mark.usefixtures("anywhere")
def test_byte_order_mark_stays(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{"a": 1}', encoding="utf-8-sig")
    assert run("cursor", "--write", str(file)).exit_code == 0
    assert file.read_bytes().startswith(BEGINS.encode())
    assert own_entry("cursor", file.read_text(encoding="utf-8-sig"))
    assert decoded(b"\xef\xbb\xbf{}") == (BEGINS, "{}")


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("content", ["", " \n", "{}", "{ }\n"])
def test_empty_file_is_written_for_people(content: str, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text(content, encoding="utf-8")
    assert run("cursor", "--write", str(file)).exit_code == 0
    assert file.read_text(encoding="utf-8").strip() == run("cursor").stdout.strip()


@pytest.mark.usefixtures("anywhere")
def test_directory_is_no_file(tmp_path: Path) -> None:
    result = run("cursor", "--write", str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "")
    (tmp_path / "file").write_bytes(b"x")
    assert run("cursor", "--write", str(tmp_path / "file" / "below")).exit_code == 1


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mcp.json"
    file.write_bytes(b"{}")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        config_command._put(file, b"{...}")
    assert [(path, path.read_bytes()) for path in tmp_path.glob("*.json*")] == [(file, b"{}")]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mcp.json"]


def test_unusual_toml_is_refused_rather_than_broken() -> None:
    with pytest.raises(UnmergeableError):
        merge("codex", 'mcp_servers.a.command = "x"\nz = 1\n[k]\nb = 1\n', OURS)


# Nothing that people are shown runs what they did not install

FETCHERS: Final = re.compile(
    r"\b(?:uvx|npx|bunx|pipx\s+run|uv\s+tool\s+run|uv\s+run\s+[^`\n]*--(?:with|from))\b"
    r"|\b(?:(?:uv\s+)?pip|pipx|uv\s+tool)\s+install\s+(?:-\S+\s+)*[\"']?lfv-mcp\b"
    r"|\bcommand\W+(?:uvx|npx|bunx|pipx)\b"
    r"|install-mcp\?|mcp/install\?|mcp/add\?"
)
"""Programs that fetch what they run by its name, and links that have a host do so."""
TEXTS: Final = sorted(
    {
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "Dockerfile",
        *ROOT.glob("*.json"),
        *(
            path
            for folder in ("docs", "examples", "packaging", "prompts", "lfv_mcp")
            for path in (ROOT / folder).rglob("*")
            if path.suffix in {".md", ".json", ".toml", ".py", ".sh", ".html", ".txt", ".yml"}
        ),
    }
)
MENTIONS: Final = re.compile(r"where an older snippet has `uvx` as `command` \| `uvx` leaves")
"""Troubleshooting, which tells users to get rid of it."""


def shown() -> Iterator[tuple[str, str]]:
    """Every text that people are shown, and those that the scripts and the command make."""
    for path in TEXTS:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path, text in make_packaging.files().items():
        yield f"made: {path.name}", text
    for host in HOSTS:
        wanted = entry(host, str(INSTALLED), "sample")
        yield f"config {host}", snippet(host, wanted) + claude_command(wanted, "linux")


@pytest.mark.slow
def test_no_snippet_runs_what_the_user_did_not_install() -> None:
    assert {path.parent.name for path in TEXTS} >= {"docs", "examples", "packaging", "prompts"}
    found = {
        name: [match[0] for match in FETCHERS.finditer(MENTIONS.sub("", text))]
        for name, text in shown()
    }
    assert {name: what for name, what in found.items() if what} == {}
    registry = json.loads((ROOT / "server.json").read_bytes())
    assert not {"packages", "remotes"} & set(registry)
    bundle = json.loads((ROOT / "packaging" / "manifest.json").read_bytes())["server"]["mcp_config"]
    # `uv run` of the project in the bundle's own folder, which is the code that the user opened.
    assert [bundle["command"], *bundle["args"]] == (
        ["uv", "run", "--directory", "${__dirname}", "lfv-mcp", "--source", "${user_config.folder}"]
    )
    runs = [line for name, text in shown() for line in text.splitlines() if "docker run" in line]
    assert runs
    assert all("--pull=never" in line for line in runs)


@pytest.mark.parametrize(
    "text",
    [
        '"command": "uvx"',
        "claude mcp add lfv -- uvx lfv-mcp",
        "npx -y lfv-mcp",
        "pipx run lfv-mcp",
        "uv tool run lfv-mcp",
        "uv run --with lfv-mcp lfv-mcp",
        "uv tool install lfv-mcp",
        "pip install --quiet lfv-mcp",
        "https://cursor.com/en/install-mcp?name=lfv&config=eyJ",
        "https://insiders.vscode.dev/redirect/mcp/install?name=lfv",
    ],
)
def test_a_fetching_snippet_would_be_seen(text: str) -> None:
    assert FETCHERS.search(text)


@pytest.mark.parametrize("text", ["uv tool install .", "pip install .", "/opt/bin/lfv-mcp serve"])
def test_an_installed_one_is_not(text: str) -> None:
    assert not FETCHERS.search(text)
