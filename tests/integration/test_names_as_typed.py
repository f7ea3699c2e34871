"""Names as people type them: refused, and led on to the name that is held, at every front door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client, MCPError
from mcp.types import TextContent

from lfv_mcp import LfvError, connect
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.catalog.near_names import did_you_mean, meant, meant_with_version
from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META
from tests.support.api_endpoint import Endpoint, Reply, Request
from tests.support.clients import run, text
from tests.support.live import live, use

pytestmark = pytest.mark.anyio

HELD: Final = (
    "sample-bottle-neck",
    "sample-cap-seal",
    "sample-label-check",
    "sample-panel-paint",
    "sample-pcb-top",
    "sample-weld-bead",
)
TYPED: Final = {
    "cap seal": "sample-cap-seal",
    "weld bead": "sample-weld-bead",
    "lable chek": "sample-label-check",
    "Cap-Seal": "sample-cap-seal",
    "panel paint": "sample-panel-paint",
    "CAP_SEAL": "sample-cap-seal",
    "sample cap seal": "sample-cap-seal",
    "weldbead": "sample-weld-bead",
    "sample-lable-chek": "sample-label-check",
    "\uff43\uff41\uff50\u3000\uff53\uff45\uff41\uff4c": "sample-cap-seal",
    "bottel-neck": "sample-bottle-neck",
    "pcb": "sample-pcb-top",
}
"""What people typed, and the name that they meant."""
OTHERS: Final = ("溶接ビード", "Schweißnaht", "Flaschenhals", "sample", "x", "your-project-name")
"""What stands for no held name, though a person may know which is meant."""

_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    str.upper,
    str.title,
    lambda name: name.replace("-", " "),
    lambda name: name.replace("-", "_"),
    lambda name: name.replace("-", ""),
    lambda name: name.replace("-", " - "),
    lambda name: name.replace("-", "."),
    lambda name: name.partition("-")[2],
)
SPELLINGS: Final = st.lists(st.sampled_from(_SPELLINGS), min_size=1, max_size=3)
VERSIONS_AFTER: Final = (
    *(" {}", "-{}", " v{}", " V.{}", " version {}", ", version {}", " (Version {})", " versión {}"),
    *("/models/{}", "/model/{}", " model {}", " #{}", ":{}", " Version_{}", " [v{}]", " model v{}"),
)
"""How a version stands after a name that people type."""
CALLS: Final[tuple[tuple[str, Mapping[str, object]], ...]] = (
    ("describe_model", {"model_version": "1"}),
    ("list_models", {"status": "TRAINED", "max_results": 7}),
    ("analyze_evaluation", {"model_version": "1", "defect_rate": 0.25, "max_examples": 1}),
    ("compare_models", {"model_versions": ["1", "2"], "recall_margin": 0.03}),
)
"""A call of each tool without its project."""


def mangled(name: str, spellings: list[Callable[[str], str]]) -> str:
    for spelling in spellings:
        name = spelling(name) or name
    return name


def swapped(name: str, at: int) -> str:
    """The name with two neighbouring letters in each other's place."""
    at %= len(name) - 1
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


@given(st.sampled_from(HELD), SPELLINGS)
def test_any_spelling_of_a_held_name_means_it(name: str, spellings: list[Any]) -> None:
    assert meant(mangled(name, spellings), HELD) == name


@given(st.sampled_from(HELD), st.integers(0, 30))
def test_a_slip_of_the_keyboard_names_it_first(name: str, at: int) -> None:
    assert meant(swapped(name.partition("-")[2], at), HELD) in (name, None)
    assert f"Did you mean {name}" in did_you_mean(swapped(name, at), HELD)


@given(st.integers(1, 999), st.integers(1, 999))
def test_another_number_is_no_slip(one: int, other: int) -> None:
    expected = f"line-{one}" if one == other else None
    assert meant(f"line {other}", [f"line-{one}", "press-7"]) == expected


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=5))
def test_no_text_is_too_much(name: str, held: list[str]) -> None:
    found = meant(name, held)
    assert found is None or found in held


@given(
    st.sampled_from(HELD),
    st.sampled_from(_SPELLINGS),
    st.sampled_from(VERSIONS_AFTER),
    st.integers(1, 9_999_999_999),
)
def test_a_version_after_a_name_is_kept(
    name: str, spelling: Callable[[str], str], after: str, version: int
) -> None:
    typed = spelling(name) + after.format(version)
    assert meant_with_version(typed, HELD) == (name, str(version))


async def refused(client: Client, tool: str, arguments: Mapping[str, object]) -> Mapping[str, Any]:
    """What a refusal says in its `_meta`, with its text."""
    answer = await client.call_tool(tool, dict(arguments))
    assert answer.is_error, (arguments, text(answer))
    assert answer.meta
    details: dict[str, Any] = answer.meta[ERROR_META]
    return details | {"text": text(answer)}


@pytest.mark.parametrize("typed", TYPED)
async def test_the_call_to_make_instead_has_every_other_argument(
    client: Client, typed: str
) -> None:
    await client.call_tool("list_models", {})  # the names are known once the index is read
    name = TYPED[typed]
    for tool, others in CALLS:
        details = await refused(client, tool, {"project_name": typed, **others})
        assert f"Did you mean {name}? Known projects: {name}, " in details["message"]
        assert details["call"] == {"name": tool, "arguments": {"project_name": name, **others}}
        answer = await client.call_tool(tool, details["call"]["arguments"])
        assert not answer.is_error, text(answer)


@pytest.mark.parametrize("typed", OTHERS)
async def test_a_name_that_means_none_is_answered_with_all(client: Client, typed: str) -> None:
    await client.call_tool("list_models", {})
    details = await refused(client, "describe_model", {"project_name": typed})
    assert f"Known projects: {', '.join(HELD)}." in details["message"]
    assert "Did you mean" not in details["text"]
    assert details["call"] == {"name": "list_models", "arguments": {}}


async def test_resources_and_prompts_name_it(client: Client) -> None:
    await client.call_tool("list_models", {})
    expected = "Did you mean sample-weld-bead?"
    for uri in (
        "lookoutvision://projects/weld%20bead/models/3",
        "lookoutvision://projects/weld%20bead/models/3/card",
        "lookoutvision://projects/weldbead/models/3",
        "lookoutvision://projects/weld%20bead/inventory",
        "lookoutvision://projects/weldbead/inventory",
    ):
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        assert expected in caught.value.message, uri
    with pytest.raises(MCPError) as caught:
        await client.get_prompt("diagnose_training", {"project_name": "weld bead"})
    assert expected in caught.value.message
    rendered = await client.get_prompt("diagnose_training", {"project_name": "weldbead"})
    content = rendered.messages[-1].content
    assert isinstance(content, TextContent)
    assert expected in content.text


@pytest.mark.parametrize("command", ["describe", "list", "evaluate", "compare", "inventory"])
@pytest.mark.parametrize("typed", ["weld bead", "weldbead"])
def test_commands_name_it(command: str, typed: str) -> None:
    result = run(command, typed, *(("1", "2") if command == "compare" else ()))
    assert result.exit_code == 1
    assert "Did you mean sample-weld-bead?" in result.stderr
    assert "model_" not in result.stderr.replace("model_version", "") or typed == "weldbead"


def test_a_python_program_is_told() -> None:
    with connect("sample") as lfv:
        calls: tuple[Callable[[], object], ...] = (
            lambda: lfv.describe("weld bead"),
            lambda: lfv.models("weld bead"),
            lambda: lfv.images("weld bead"),
            lambda: lfv.inventory("weld bead"),
            lambda: lfv.compare("weld bead", [1, 2]),
            lambda: lfv.evaluate("weldbead"),
        )
        for call in calls:
            with pytest.raises(LfvError, match=r"Did you mean sample-weld-bead\?"):
                call()


# A live service is not asked for a hint


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Any:
    def answer(request: Request) -> Reply:
        raise AssertionError(request.path)

    with Endpoint() as running:
        use(running, monkeypatch)
        running.answer = answer
        yield live()
        assert not running.requests


async def test_a_live_service_is_not_asked_for_a_hint(catalog: Catalog) -> None:
    async with Client(build_server(catalog)) as client:
        details = await refused(client, "describe_model", {"project_name": "cap seal"})
    assert "one of the names that list_models shows" in details["next_step"]
    assert "sample" not in details["text"]
    assert details["call"] == {"name": "list_models", "arguments": {}}
