"""What an answer shows of itself: text for `print`, HTML for a notebook, members for `repr`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final

import anyio
import pytest
from IPython.lib.pretty import pretty
from mcp import Client
from mcp.types import TextContent

from lfv_mcp import Lfv, connect
from lfv_mcp.library.words import in_python
from lfv_mcp.results.base import Result
from lfv_mcp.results.image_list import ImageList, JudgedImage
from lfv_mcp.results.model_list import PredictionSetRow
from lfv_mcp.results.shown import Shown
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

CAPS: Final = "sample-cap-seal"
BEAD: Final = "sample-weld-bead"
ANSWERS: Final[dict[str, Callable[[Lfv], Shown]]] = {
    "describe": lambda lfv: lfv.describe(CAPS, 3),
    "models": lambda lfv: lfv.models(),
    "evaluate": lambda lfv: lfv.evaluate(CAPS, 3),
    "compare": lambda lfv: lfv.compare(BEAD, [2, 3]),
    "images": lambda lfv: lfv.images(BEAD, 3),
    "inventory": lambda lfv: lfv.inventory(),
    "inventory of one": lambda lfv: lfv.inventory(CAPS),
}
TAGS: Final = {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "br"}
LISTS: Final = ("models", "images", "inventory")
HOSTILE: Final = "<script>x()</script>\"'&amp;<img src=x onerror=y>"


@pytest.fixture(scope="module")
def sample() -> Iterator[Lfv]:
    with connect("sample", timeout=60) as lfv:
        yield lfv


class Rows(HTMLParser):
    """The cells of a table, row by row, and every tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def told(tool: str, arguments: dict[str, Any]) -> str:
    """The text that a client is sent."""

    async def ask() -> str:
        catalog = open_catalog(Settings(source="sample", timeout=60), waits_for_index=True)
        async with Client(build_server(catalog)) as client:
            content = (await client.call_tool(tool, arguments)).content[0]
            assert isinstance(content, TextContent)
            return content.text

    return anyio.run(ask)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_a_text_a_table_and_html(sample: Lfv, name: str) -> None:
    answer = ANSWERS[name](sample)
    text = str(answer)
    assert len(text) < 5000
    assert "=(" not in text
    assert not re.search("describe_model|compare_models|analyze_evaluation|list_models", text)
    assert pretty(answer) == text  # type: ignore[no-untyped-call]
    assert repr(answer).startswith(f"{type(answer).__name__}(summary=") or "summary=" in repr(
        answer
    )
    assert len(answer.to_frame()) > 0
    assert answer._repr_html_()


@pytest.mark.parametrize(
    ("name", "tool", "arguments"),
    [
        ("models", "list_models", {"max_results": 100}),
        ("evaluate", "analyze_evaluation", {"project_name": CAPS, "model_version": "3"}),
        ("compare", "compare_models", {"project_name": BEAD, "model_versions": ["2", "3"]}),
    ],
)
def test_the_text_is_the_tools(
    sample: Lfv, name: str, tool: str, arguments: dict[str, Any]
) -> None:
    assert str(ANSWERS[name](sample)) == in_python(told(tool, arguments))


def test_the_text_of_images_names_the_first(sample: Lfv) -> None:
    listed = sample.images(BEAD, 3)
    first, *lines = str(listed).splitlines()
    assert first == listed.summary
    named = [line.partition(": ")[0] for line in lines]
    assert named[:20] == [each.image for each in listed.images[:20]]
    assert lines[20] == f"{len(listed.images) - 20} more images: `images` and to_frame() have all."


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_a_table_in_a_notebook(sample: Lfv, name: str) -> None:
    answer = ANSWERS[name](sample)
    html = answer._repr_html_() or ""
    frame = answer.to_frame()
    head, *rows = Rows(html).rows
    assert set(head) <= set(frame.columns)
    assert len(rows) == min(len(frame), 60)
    assert [row[0] for row in rows] == list(frame[head[0]][:60])
    assert (f"{len(frame) - 60} more rows" in html) == (len(frame) > 60)
    assert len(html) < 20_000
    assert in_python(answer.present_members()["summary"]) in unescape(html)


@pytest.mark.parametrize("name", LISTS)
def test_no_text_of_an_archive_is_markup(sample: Lfv, name: str) -> None:
    answer = hostile(ANSWERS[name](sample))
    shown = Rows(answer._repr_html_() or "")
    assert shown.tags <= TAGS
    assert any(HOSTILE in cell for row in shown.rows for cell in row)


def hostile(answer: Any) -> Any:
    """The record with that text for every text in it."""
    if isinstance(answer, Result):
        members = {name: hostile(value) for name, value in answer.present_members().items()}
        return answer.model_copy(update=members)
    if isinstance(answer, tuple):
        return tuple(hostile(item) for item in answer)
    return HOSTILE if isinstance(answer, str) else answer


def test_prediction_sets_are_named_below_the_models(sample: Lfv) -> None:
    listed = sample.models(BEAD)
    row = PredictionSetRow(project_name=BEAD, name="padim<b>", images=1)
    html = listed.model_copy(update={"prediction_sets": (row,)})._repr_html_() or ""
    assert f"<li>{BEAD} padim&lt;b&gt;: prediction set of 1 image</li>" in html


def test_a_list_of_nothing_is_shown_too(sample: Lfv) -> None:
    listed = sample.images(BEAD, 3)
    empty = listed.model_copy(update={"images": (), "findings": ()})
    assert str(empty) == listed.summary
    assert Rows(empty._repr_html_() or "").rows == [[]]
    unnamed = ImageList(
        summary="One.",
        images=(JudgedImage(label="normal", prediction="normal"),),
        findings=(),
        source=listed.source,
    )
    assert str(unnamed) == "One.\n(not named): normal, predicted normal"
