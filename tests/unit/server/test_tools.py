"""The table of tools: every function takes exactly the arguments that its row publishes."""

from __future__ import annotations

import subprocess
import sys
from inspect import Parameter, signature
from typing import get_args, get_type_hints

import pytest

from lfv_mcp.server.tools import TOOLS, Tool
from scripts.make_docs import RESULTS

WITHOUT_THE_SDK = ("tools", "arguments", "prompts", "size_limits", "view")


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_takes_the_arguments_of_its_row(tool: Tool) -> None:
    context, *parameters = signature(tool.run).parameters.values()
    assert context.name == "context"
    assert {p.kind for p in parameters} == {Parameter.KEYWORD_ONLY}
    assert {p.default for p in parameters} == {Parameter.empty}  # the table has the defaults
    assert [p.name for p in parameters] == [a.name for a in tool.arguments]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_arguments_have_the_types_that_the_tool_declares(tool: Tool) -> None:
    declared = get_type_hints(tool.run, localns={result.__name__: result for result in RESULTS})
    assert get_args(declared["return"])[1].__name__ == tool.result
    for argument in tool.arguments:
        assert get_type_hints(argument.parse)["return"] == declared[argument.name], argument.name


def test_the_command_line_needs_no_sdk_for_the_tables() -> None:
    modules = ", ".join(f"lfv_mcp.server.{name}" for name in WITHOUT_THE_SDK)
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; print('mcp' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "False\n"
