"""`lfv-mcp serve --transport http` before it listens: flags, variables, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from lfv_mcp.errors import CallerError
from lfv_mcp.http.auth import AuthPolicy
from lfv_mcp.http.settings import HttpSettings
from tests.support.clients import run
from tests.support.http_server import Process, started

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Process]:
    """One process over the sample, for all who only ask it."""
    with started("--source", "sample") as process:
        yield process


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--host 0.0.0.0", "can be reached from other machines"),
        ("--host ::", "can be reached from other machines"),
        ("--host 0.0.0.0 --allowed-host mcp.example.com", "--behind-gateway"),
        (
            "--host 0.0.0.0 --auth-issuer https://i.example --auth-jwks-url https://i.example/k",
            "--public-url",
        ),
        ("--port 65536", "65536"),
        ("--port http", "http"),
        ("--transport sse", "sse"),
        ("--allowed-host https://mcp.example.com", "https://mcp.example.com"),
        ("--allowed-origin app.example.com", "app.example.com"),
        ("--allowed-origin https://app.example.com/", "https://app.example.com/"),
        ("--behind-gateway --allowed-origin https://a.example", "--allowed-host"),
        ("--public-url http://mcp.example.com/mcp", "https://"),
        ("--public-url https://user:secret@mcp.example.com/mcp", "no user"),
        ("--public-url https://mcp.example.com/mcp#a", "no fragment"),
        ("--auth-issuer https://i.example", "--auth-jwks-url"),
        ("--auth-scope read", "--auth-issuer"),
        ("--auth-issuer http://i.example --auth-jwks-url https://i.example/k", "https://"),
        ("--auth-issuer https://i.example --auth-jwks-url file:///etc/passwd", "https://"),
        (
            "--auth-issuer https://i --auth-jwks-url https://i/k --auth-algorithm HS256",
            "HS256 would not protect",
        ),
        (
            "--auth-issuer https://i --auth-jwks-url https://i/k --auth-algorithm none",
            "none would not protect",
        ),
    ],
)
def test_what_would_not_be_safe_does_not_start(flags: str, said: str) -> None:
    result = run("serve", "--transport", "http", *flags.split())
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LFV_TRANSPORT", "sse"),
        ("LFV_PORT", "many"),
        ("LFV_BEHIND_GATEWAY", "perhaps"),
        ("LFV_AUTH_SCOPE", "read"),  # a limit without what it limits
    ],
)
def test_settings_that_cannot_be(name: str, value: str) -> None:
    result = run("serve", **{"LFV_TRANSPORT": "http", "LFV_PORT": "0", name: value})
    assert result.exit_code == 1


def test_a_taken_port(server: Process) -> None:
    result = run(
        "serve", "--transport", "http", "--port", server.url.rpartition(":")[2].removesuffix("/mcp")
    )
    assert result.exit_code == 1
    assert "[setup_invalid]" in result.stderr


def test_every_flag_has_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, HttpSettings]] = []

    def stop(*asked: Any) -> None:
        seen.append(asked)
        raise CallerError("invalid_argument", "enough", "")

    monkeypatch.setattr("lfv_mcp.http.listener.open_listener", stop)
    flags = {
        "--host": "0.0.0.0",
        "--port": "9000",
        "--public-url": "https://mcp.example.com/mcp",
        "--allowed-host": "a.example,b.example:1",
        "--allowed-origin": "https://a.example",
        "--behind-gateway": "true",
        "--metrics": "true",
        "--auth-issuer": "https://i.example",
        "--auth-jwks-url": "https://i.example/keys",
        "--auth-audience": "one,two",
        "--auth-scope": "read",
        "--auth-algorithm": "ES384",
        "--auth-audience-claim": "client_id",
        "--auth-scope-claim": "scp",
    }
    several = {
        *("--allowed-host", "--allowed-origin"),
        *("--auth-audience", "--auth-scope", "--auth-algorithm"),
    }
    environment = {
        f"LFV_{flag[2:].upper().replace('-', '_')}{'S' if flag in several else ''}": value
        for flag, value in flags.items()
    }
    arguments = [
        part
        for flag, value in flags.items()
        for item in value.split(",")
        for part in ([flag] if item == "true" else [flag, item])
    ]
    assert run("serve", LFV_TRANSPORT="http", **environment).exit_code == 1
    assert run("serve", "--transport", "http", *arguments).exit_code == 1
    unset = dict.fromkeys(environment, "${user_config.x}") | {"LFV_PORT": ""}
    assert run("serve", "--transport", "http", **unset).exit_code == 1
    assert seen[0] == seen[1]
    assert seen[0] == (
        "0.0.0.0",
        9000,
        HttpSettings(
            ("a.example", "b.example:1"),
            ("https://a.example",),
            True,
            "https://mcp.example.com/mcp",
            AuthPolicy(
                "https://i.example",
                "https://i.example/keys",
                frozenset({"one", "two"}),
                ("read",),
                ("ES384",),
                "client_id",
                "scp",
            ),
        ),
    )
    assert seen[2] == ("127.0.0.1", 8000, HttpSettings())
    help_text = " ".join(run("serve", "--help").stdout.split())
    for name in (*flags, *environment, "--transport", "LFV_TRANSPORT", "LFV_ALLOWED_BUCKETS"):
        assert name in help_text


def test_stdio_starts_without_what_http_needs() -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, lfv_mcp.cli.main, lfv_mcp.server.app, mcp.server.stdio;"
            "print({'jwt', 'lfv_mcp.http.app', 'lfv_mcp.http.auth'} & set(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "set()\n"
