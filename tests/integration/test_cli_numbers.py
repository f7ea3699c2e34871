"""Numbers on the command line: every spelling that the tools take, and a next step for others."""

from __future__ import annotations

import json
import math
from typing import Final

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.cli.main import COMMANDS
from lfv_mcp.cli.values import Number, Share, WholeNumber
from lfv_mcp.server import spellings
from tests.support.clients import run

LINES: Final = {
    "evaluate": ("evaluate", "sample-weld-bead", "3"),
    "compare": ("compare", "sample-weld-bead", "1", "3"),
    "gate": ("gate", "sample-weld-bead", "3", "--baseline", "1"),
}
NUMBERS: Final = [
    pytest.param(LINES[str(command.name)], option.opts[0], id=f"{command.name} {option.opts[0]}")
    for command in COMMANDS
    if command.name in LINES
    for option in command.params
    if isinstance(option, click.Option) and isinstance(option.type, Number | WholeNumber)
]


def test_no_number_has_a_rule_of_its_own() -> None:
    flags = {param.values[1] for param in NUMBERS}
    assert {"--defect-rate", "--threshold", "--recall-margin", "--examples", "--cut"} <= flags
    for command in COMMANDS:
        if command.name in LINES:
            assert not any(
                isinstance(param.type, click.types.FloatParamType)
                for param in command.params
                if param.name != "timeout"
            )


@given(st.text("0123456789.,%+-eE \u00a0'\"percent", max_size=12), st.booleans())
def test_the_rule_is_that_of_the_tools(text: str, is_share: bool) -> None:
    spelled = spellings.number(text, may_be_percent=is_share)
    kind = Share() if is_share else Number()
    if isinstance(spelled, float) and math.isfinite(spelled):
        assert kind.convert(text, None, None) == spelled
        return
    with pytest.raises(click.BadParameter, match=r"write it as|was not set"):
        kind.convert(text, None, None)


@pytest.mark.parametrize("spelled", ["1 %", "1%", "0,01", "1e-2", " 0.01 ", "1 percent", "'0.01'"])
def test_a_share_in_any_spelling_has_one_answer(spelled: str) -> None:
    plain = run(*LINES["evaluate"], "--defect-rate", "0.01", "--json")
    assert plain.exit_code == 0
    assert run(*LINES["evaluate"], "--defect-rate", spelled, "--json").stdout == plain.stdout
    (margin,) = {
        json.loads(run(*LINES["compare"], "--recall-margin", each, "--json").stdout)[
            "recall_margin"
        ]
        for each in ("0.01", spelled)
    }
    assert margin == 0.01


@pytest.mark.parametrize(("line", "flag"), NUMBERS)
@pytest.mark.parametrize("spelled", ["x", "", "nan", "inf", "1,000", "1_0", "10 EUR"])
def test_what_is_no_number_has_a_next_step(line: tuple[str, ...], flag: str, spelled: str) -> None:
    result = run(*line, flag, spelled)
    assert result.exit_code == 1
    assert flag in result.stderr
    assert "write it as" in result.stderr or "it was not set" in result.stderr
