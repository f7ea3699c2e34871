"""The one retry after expired credentials."""

from __future__ import annotations

import pytest

from lfv_mcp.aws.credentials import with_fresh_credentials
from lfv_mcp.errors import SetupError


def failing(*codes: str, log: list[str]) -> str:
    """Fail with these codes in turn, one a call; then succeed."""
    log.append("call")
    number = log.count("call") - 1
    if number < len(codes):
        raise SetupError(codes[number], "It failed.", "Correct it.")
    return "answer"


def test_expired_credentials_are_forgotten_before_the_second_call() -> None:
    log: list[str] = []
    answer = with_fresh_credentials(
        lambda: failing("credentials_expired", log=log), lambda: log.append("forget")
    )
    assert (answer, log) == ("answer", ["call", "forget", "call"])


def test_a_call_may_forget_by_itself() -> None:
    log: list[str] = []
    assert with_fresh_credentials(lambda: failing("credentials_expired", log=log)) == "answer"
    assert log == ["call", "call"]


@pytest.mark.parametrize(
    ("codes", "calls"),
    [
        (("credentials_expired", "credentials_expired"), 2),
        (("credentials_expired", "access_denied"), 2),
        (("access_denied",), 1),
        (("credentials_missing",), 1),
    ],
)
def test_there_is_no_third_call_and_no_second_for_other_failures(
    codes: tuple[str, ...], calls: int
) -> None:
    log: list[str] = []
    with pytest.raises(SetupError) as failure:
        with_fresh_credentials(lambda: failing(*codes, log=log))
    assert failure.value.code == codes[-1]
    assert log == ["call"] * calls
