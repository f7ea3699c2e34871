"""What a connection is told by its arguments and by the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp import LfvError, connect
from lfv_mcp.cli.environment import variables_of
from lfv_mcp.cli.main import main
from lfv_mcp.library.environment import Asked, settings_of
from lfv_mcp.wiring.settings import Settings

NOTHING = Asked(None, None, None, None, None)


def test_without_anything_the_sample_answers() -> None:
    assert settings_of(NOTHING) == Settings()


def test_what_is_left_out_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LFV_SOURCE": "s3://lines/archive",
        "AWS_REGION": "eu-west-1",
        "AWS_PROFILE": "plant",
        "LFV_TIMEOUT": "7.5",
        "LFV_ALLOWED_BUCKETS": "lines, ,${X},caps",
    }.items():
        monkeypatch.setenv(name, value)
    buckets = frozenset({"lines", "caps"})
    told = Settings("s3://lines/archive", "eu-west-1", "plant", 7.5, buckets)
    assert settings_of(NOTHING) == told
    said = settings_of(Asked(Path("here"), "us-east-1", "mine", 3, "only"))
    assert said == Settings("here", "us-east-1", "mine", 3.0, frozenset({"only"}))
    assert settings_of(NOTHING._replace(allowed_buckets=[])).buckets == frozenset()


def test_an_endpoint_is_asked_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", "http://localhost:1")
    assert settings_of(NOTHING).source == "live"
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", "http://${HOST}:1")
    assert "AWS_ENDPOINT_URL_LOOKOUTVISION" in settings_of(NOTHING).problem


def test_what_a_server_is_told_is_nobodys_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {*variables_of(main)} - {"LFV_SOURCE", "LFV_TIMEOUT", "LFV_ALLOWED_BUCKETS"}:
        monkeypatch.setenv(name, "1")
    assert settings_of(NOTHING).doubt == ""
    monkeypatch.setenv("LFV_TIMOUT", "5")
    monkeypatch.setenv("LFV_ALOWED_HOSTS", "x")
    assert settings_of(NOTHING).doubt == ("LFV_TIMOUT is not a setting: did you mean LFV_TIMEOUT?")


@pytest.mark.parametrize(
    ("name", "value"), [("LFV_SORCE", "/data"), ("LFV_SOURCE", "${user_config.source}")]
)
def test_the_sample_says_that_it_may_not_be_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("LFV_PORT", "8000")  # a server's setting is nobody's mistake
    doubt = settings_of(NOTHING).doubt
    assert "LFV_SOURCE" in doubt
    assert "LFV_PORT" not in doubt
    with connect() as lfv:
        assert doubt in str(lfv.models().findings)
    assert settings_of(NOTHING._replace(source="sample")).doubt == ""


@pytest.mark.slow
@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.text(max_size=5)))
def test_a_time_limit_is_a_number_above_0_or_refused(value: object) -> None:
    asked = NOTHING._replace(timeout=value)  # type: ignore[arg-type]
    if isinstance(value, float | int) and not isinstance(value, bool) and 0 < value <= 3600:
        assert settings_of(asked).timeout == value
        return
    try:
        told = float(value) if isinstance(value, str) else 0
    except ValueError:
        told = 0
    if 0 < told <= 3600:  # as text, which is what a variable would be
        assert settings_of(asked).timeout == told
        return
    with pytest.raises(LfvError, match="timeout") as caught:
        settings_of(asked)
    assert caught.value.code == "invalid_argument"
