"""Flags and environment variables: which of them counts, and what is refused."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import Any, Final

import click
import pytest

from lfv_mcp.cli.environment import (
    BOTO3_VARIABLES,
    drop_unset_boto3_variables,
    environment_of_this_server,
    variables_of,
)
from lfv_mcp.cli.options import http_options, is_authentication_configured, settings_options
from lfv_mcp.wiring.environment import ENDPOINT_VARIABLES
from lfv_mcp.wiring.settings import Settings

UNSET: Final = ("", "  ", "${X}", "${X:-}", "${user_config.x}", " ${X} ", "${X:-${Y}}")
"""What hosts pass for a setting that their user left out."""
HALF_FILLED: Final = (
    *("${X}b", "a${X}", "${X}${Y}", "${X", "${HOME}/x", "${X:-/data}/x", "'${X}'", "$HOME/x"),
    *("a/$HOME", "$HOME", "%USERPROFILE%\\x", "{{ x }}", "a{{x}}", "<path>", "s3://<bucket>/x"),
    *("$(pwd)/x", "#{X}/x", "https://$TENANT.example", "${{ x }}/y"),
)
"""What hosts pass that filled a setting in by half, or not at all."""
WHOLE: Final = (
    *("a$b", "cost$", "$5", "100%", "%C3%BC/%20", "a<b", "{x}", "a{b}c", "s3://b/my$folder$"),
)
"""Values that look a little like it."""
REFUSED: Final = "refused"


@click.command()
@http_options
@settings_options
def probe(**given: Any) -> dict[str, Any]:
    """A command with every option, which returns what it is given."""
    return given


def read(*flags: str) -> dict[str, Any]:
    """What a command is given for these flags.

    Raises:
        click.UsageError: a value that cannot be.
    """
    given: dict[str, Any] = probe.main(list(flags), standalone_mode=False)
    return given


def settings_of(*flags: str) -> Settings:
    settings: Settings = read(*flags)["settings"]
    return settings


def outcome(name: str, *flags: str) -> object:
    """One setting, or that it is refused as wrong usage."""
    try:
        given = read(*flags)
    except click.UsageError:
        return REFUSED
    settings = given["settings"]
    return getattr(settings, name) if name in Settings.__slots__ else given[name]


def cases(table: dict[object, Iterable[str]]) -> list[Any]:
    """Parameters (value, expected) of a table from what is expected to the values that give it."""
    return [
        pytest.param(value, expected, id=f"{value!r}")
        for expected, values in table.items()
        for value in values
    ]


def test_without_flags_and_variables_there_are_defaults() -> None:
    assert read() == {
        "settings": Settings("sample", None, None, 20.0, None),
        "transport": "stdio",
        **dict.fromkeys(("host", "port", "public_url", "behind_gateway", "metrics")),
        **dict.fromkeys(("allowed_host", "allowed_origin"), ()),
        **dict.fromkeys(("auth_audience", "auth_scope", "auth_algorithm"), ()),
        **dict.fromkeys(("auth_issuer", "auth_jwks_url")),
        **dict.fromkeys(("auth_audience_claim", "auth_scope_claim")),
    }
    http = read("--transport", "http")
    assert (http["host"], http["port"], http["behind_gateway"]) == ("127.0.0.1", 8000, False)


# The time limit

TIMEOUTS: Final[dict[object, Iterable[str]]] = {
    20.0: UNSET,
    REFUSED: ("soon", "0", "-1", "nan", "inf", "3600.1", "1,5", *HALF_FILLED),
    3600.0: ("3600", "3.6e3"),
    5.0: ("5", " 5 "),
    0.001: ("0.001",),
}


@pytest.mark.parametrize(("value", "expected"), cases(TIMEOUTS))
def test_timeout_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: object
) -> None:
    monkeypatch.setenv("LFV_TIMEOUT", value)
    assert outcome("timeout") == expected
    assert outcome("timeout", "--timeout", "7") == 7.0


@pytest.mark.parametrize(
    ("value", "expected"),
    cases(
        {
            REFUSED: ("soon", "0", "-1", "nan", "inf", "3601", *HALF_FILLED),
            20.0: ("20", *UNSET),
        }
    ),
)
def test_timeout_of_a_flag(value: str, expected: object) -> None:
    assert outcome("timeout", "--timeout", value) == expected


# Texts

TEXTS: Final = {
    "source": ("--source", "LFV_SOURCE", "sample"),
    "profile": ("--profile", "AWS_PROFILE", None),
    "region": ("--region", "AWS_REGION", None),
    "public_url": ("--public-url", "LFV_PUBLIC_URL", None),
    "auth_issuer": ("--auth-issuer", "LFV_AUTH_ISSUER", None),
    "auth_jwks_url": ("--auth-jwks-url", "LFV_AUTH_JWKS_URL", None),
    "auth_audience_claim": ("--auth-audience-claim", "LFV_AUTH_AUDIENCE_CLAIM", None),
    "auth_scope_claim": ("--auth-scope-claim", "LFV_AUTH_SCOPE_CLAIM", None),
    "host": ("--host", "LFV_HOST", "127.0.0.1"),
}
HTTP: Final = ("--transport", "http")


@pytest.mark.parametrize("name", TEXTS)
def test_flag_then_variable_then_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    flag, variable, default = TEXTS[name]
    for value in UNSET:
        monkeypatch.setenv(variable, value)
        assert outcome(name, *HTTP) == default
        assert outcome(name, *HTTP, flag, value) == default
    monkeypatch.setenv(variable, " of the environment ")
    assert outcome(name, *HTTP) == "of the environment"
    assert outcome(name, *HTTP, flag, "") == "of the environment"  # an empty flag says nothing
    assert outcome(name, *HTTP, flag, "of a flag") == "of a flag"
    assert outcome(name, *HTTP, flag, "${X}") == "of the environment"  # nor does one unexpanded


@pytest.mark.parametrize("value", HALF_FILLED)
@pytest.mark.parametrize("name", TEXTS)
def test_what_is_filled_in_by_half_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    flag, variable, _ = TEXTS[name]
    # A source is judged when it is opened, so that a server can start and say what is wrong.
    expected = value if name == "source" else REFUSED
    assert outcome(name, *HTTP, flag, value) == expected
    monkeypatch.setenv(variable, value)
    assert outcome(name, *HTTP) == expected


@pytest.mark.parametrize("value", WHOLE)
@pytest.mark.parametrize("name", TEXTS)
def test_what_looks_a_little_like_it_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    flag, variable, _ = TEXTS[name]
    assert outcome(name, *HTTP, flag, value) == value
    monkeypatch.setenv(variable, value)
    assert outcome(name, *HTTP) == value


@pytest.mark.parametrize("value", HALF_FILLED)
@pytest.mark.parametrize("variable", ENDPOINT_VARIABLES)
def test_an_endpoint_filled_in_by_half_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert variable in settings_of().problem


def test_a_source_left_unexpanded_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_of().doubt == ""
    for value in ("", "  "):
        monkeypatch.setenv("LFV_SOURCE", value)
        assert settings_of().doubt == ""
    monkeypatch.setenv("LFV_SOURCE", "${workspaceFolder}")
    assert "LFV_SOURCE (--source) is set, but was not filled in" in settings_of().doubt
    assert settings_of("--source", "/a").doubt == ""
    monkeypatch.setenv("LFV_SOURCE", "")
    assert "--source (LFV_SOURCE)" in settings_of("--source", "${user_config.source}").doubt


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(
            (n, f"{n} is not a setting: did you mean LFV_SOURCE?")
            for n in (
                "LFV_SOUCE",
                "LFV_SOURCES",
                "lfv_source",
                "LVF_SOURCE",
                "LFVSOURCE",
                "LFV-SOURCE",
            )
        ),
        ("LFV_TIMOUT", "LFV_TIMOUT is not a setting: did you mean LFV_TIMEOUT?"),
        ("LFV_COLOUR", "LFV_COLOUR is not a setting."),
        *((n, "") for n in ("LANG", "LESS", "LC_ALL", "LFVX", "LD_LIBRARY_PATH", "LV", "SOURCE")),
    ],
)
def test_a_misspelt_variable_is_doubted(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setenv(name, "/archive")
    assert settings_of().doubt == said


def test_first_variable_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "${AWS_REGION}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", " eu-west-1 ")
    assert settings_of().region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert settings_of().region == "us-east-1"


@pytest.mark.parametrize(
    ("value", "expected"),
    cases({"sample": UNSET, "live": ("http://127.0.0.1:9", "a${X}")}),
)
def test_an_endpoint_in_the_environment_means_live(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", value)
    assert settings_of().source == expected
    assert settings_of("--source", "sample").source == "sample"


@pytest.mark.parametrize(
    ("value", "expected"),
    cases(
        {
            logging.WARNING: (*UNSET, "warn", "Warning"),
            logging.DEBUG: ("debug", "DEBUG"),
            logging.INFO: ("info", " INFO "),
            logging.CRITICAL: ("fatal", "critical"),
            logging.NOTSET: ("notset",),
            REFUSED: ("loud", "10", *HALF_FILLED),
        }
    ),
)
@pytest.mark.parametrize("variable", ["LFV_LOG_LEVEL", "FASTMCP_LOG_LEVEL"])
def test_log_level(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: object
) -> None:
    levels: list[object] = []
    monkeypatch.setattr(
        logging, "basicConfig", lambda **given: levels.append(logging.getLevelName(given["level"]))
    )
    monkeypatch.setenv(variable, value)
    assert outcome("timeout") == (REFUSED if expected == REFUSED else 20.0)
    assert levels == ([] if expected == REFUSED else [expected])


# Lists

LISTS: Final[dict[object, Iterable[str]]] = {
    None: ("", "  ", "${X}", " ${X:-} "),
    (): (",", " , ", "${X},${Y}", "${X}, ${Y}"),
    ("a",): ("a", " a ", "a,", ",a", "${X},a", "a,${X}"),
    ("a", "b"): ("a,b", " a , b ", "a,,b", "a,${X},b"),
}


@pytest.mark.parametrize(("value", "expected"), cases(LISTS))
def test_buckets_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: tuple[str, ...] | None
) -> None:
    wanted = None if expected is None else frozenset(expected)
    for name in ("LFV_ALLOWED_BUCKETS", "LFV_ALLOWED_BUCKET"):  # a misspelt limit is a limit
        with monkeypatch.context() as context:
            context.setenv(name, value)
            assert settings_of().buckets == wanted
            assert settings_of("--allowed-bucket", "c").buckets == frozenset({"c"})
    monkeypatch.setenv("LFV_ALLOWED_BUCKETS", value)
    monkeypatch.setenv("LFV_ALLOWED_BUCKET", "one")
    assert settings_of().buckets == (frozenset({"one"}) if wanted is None else wanted)


def test_buckets_of_flags_are_taken_to_the_letter() -> None:
    flags = ("--allowed-bucket", "a,b", "--allowed-bucket", "${X}")
    assert settings_of(*flags).buckets == frozenset({"a,b"})
    assert settings_of(*flags[2:]).buckets is None
    # A limit that its host did not fill in does not become no limit.
    assert settings_of(*flags[2:], *flags[2:]).buckets == frozenset()
    assert settings_of("--allowed-bucket", "").buckets == frozenset(
        {""}
    )  # which is no bucket's name


@pytest.mark.parametrize(("value", "expected"), cases(LISTS))
@pytest.mark.parametrize(
    "name", ["allowed_host", "allowed_origin", "auth_audience", "auth_scope", "auth_algorithm"]
)
def test_lists_of_http(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: tuple[str, ...] | None
) -> None:
    monkeypatch.setenv(f"LFV_{name.upper()}S", value)
    assert outcome(name, *HTTP) == (expected or ())
    flag = f"--{name.replace('_', '-')}"
    assert outcome(name, *HTTP, flag, "c", flag, "d,e") == ("c", "d,e")


# HTTP


@pytest.mark.parametrize(
    ("value", "expected"),
    cases(
        {
            8000: UNSET,
            0: ("0", "00"),
            65535: ("65535",),
            80: (" 80 ",),
            REFUSED: ("many", "65536", "-1", "+5", "8_0", "8000.0", "\u0663", *HALF_FILLED),
        }
    ),
)
def test_port_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: object
) -> None:
    monkeypatch.setenv("LFV_PORT", value)
    assert outcome("port", *HTTP) == expected
    assert outcome("port", *HTTP, "--port", "9") == 9
    assert outcome("port") is None  # over stdio nobody needs it, right or wrong


@pytest.mark.parametrize("value", ["many", " 80 ", "+5", "${X}5"])
def test_port_of_a_flag(value: str) -> None:
    assert outcome("port", *HTTP, "--port", value) == REFUSED
    assert outcome("port", "--port", value, *HTTP) == REFUSED  # in whatever order
    assert outcome("port", "--port", value) == REFUSED  # a person typed it
    assert outcome("port", "--port", "80") is None  # over stdio it has no effect, which is said


@pytest.mark.parametrize(
    ("value", "expected"),
    cases(
        {
            False: (*UNSET, "false", "0", "no", "off", "FALSE"),
            True: ("true", "1", "yes", "on", "On", " true "),
            REFUSED: ("t", "f", "y", "n", "maybe", "2", *HALF_FILLED),
        }
    ),
)
def test_behind_gateway(monkeypatch: pytest.MonkeyPatch, value: str, expected: object) -> None:
    monkeypatch.setenv("LFV_BEHIND_GATEWAY", value)
    assert outcome("behind_gateway", *HTTP) == expected
    assert outcome("behind_gateway", *HTTP, "--behind-gateway") is True
    assert outcome("behind_gateway") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    cases(
        {
            "stdio": (*UNSET, "stdio", "STDIO"),
            "http": ("http", " http ", "HTTP"),
            REFUSED: ("htp", "sse", *HALF_FILLED),
        }
    ),
)
def test_transport(monkeypatch: pytest.MonkeyPatch, value: str, expected: str) -> None:
    monkeypatch.setenv("LFV_TRANSPORT", value)
    assert outcome("transport") == expected
    assert outcome("transport", "--transport", "") == expected
    assert outcome("transport", *HTTP) == "http"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("LFV_AUTH_ISSUER", "https://i.example", True),
        ("LFV_AUTH_ISSUERS", "https://i.example", True),  # misspelt: somebody meant it
        ("LFV_AUTH_SCOPE", "read", True),
        ("LFV_AUTH_SCOPES", "${X},read", True),
        ("LFV_AUTH_SCOPES", "${X},${Y}", False),
        ("LFV_AUTH_SCOPES", ",", False),
        ("LFV_AUTH_ISSUER", "${user_config.issuer}", False),
        ("LFV_AUTH_ISSUER", " ", False),
        ("LFV_ALLOWED_HOSTS", "a.example", False),
    ],
)
def test_authentication_that_somebody_meant_is_noticed(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: bool
) -> None:
    monkeypatch.setenv(variable, value)
    flags: Any = {k: v for k, v in read(*HTTP).items() if k not in ("settings", "transport")}
    assert is_authentication_configured(flags) is expected
    flags = {k: v for k, v in read(*HTTP, "--auth-issuer", "i").items() if k != "settings"}
    assert is_authentication_configured(flags)


# The environment itself


def test_boto3_never_sees_a_variable_that_is_not_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(BOTO3_VARIABLES, UNSET[:6], strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LFV_SOURCE", "")
    monkeypatch.setenv("AWS_CA_BUNDLE", "")  # not of those that hosts pass
    before = environment_of_this_server()
    assert before == {**dict(zip(BOTO3_VARIABLES, UNSET[:6], strict=True)), "LFV_SOURCE": ""}
    drop_unset_boto3_variables()
    assert not os.environ.keys() & set(BOTO3_VARIABLES)
    assert os.environ["AWS_CA_BUNDLE"] == ""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    drop_unset_boto3_variables()
    assert os.environ["AWS_REGION"] == "us-east-1"


def test_variables_of_a_command() -> None:
    known = [*variables_of(probe)]
    assert len(known) == len({*known})
    assert {"LFV_SOURCE", "FASTMCP_LOG_LEVEL", "AWS_DEFAULT_REGION", "LFV_PORT"} <= {*known}
    assert {"LFV_ALLOWED_BUCKETS", "LFV_ALLOWED_BUCKET", "LFV_AUTH_SCOPES"} <= {*known}
    assert "LFV_AUTH_ISSUERS" not in known
    group = click.Group(commands=[click.Group("inner", commands=[probe])])
    assert [*variables_of(group)] == known
