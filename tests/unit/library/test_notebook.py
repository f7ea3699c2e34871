"""A notebook that asks the library, run by Jupyter's own client."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import nbformat
import pytest
from nbclient import NotebookClient

from lfv_mcp import connect
from lfv_mcp.library.cards import card

CELLS: Final = (
    "from lfv_mcp import connect\nlfv = connect('sample', timeout=60).open()",
    "lfv.describe('sample-cap-seal', 3)",
    "lfv.evaluate('sample-cap-seal', 3)",
    "lfv.compare('sample-weld-bead', [3, 2])",
    "await (await connect('sample').__aenter__()).describe('sample-cap-seal', 3)",
    "lfv.models().to_frame()",
    "lfv.close()",
)
ANSWERS: Final = ("describe", "evaluate", "compare", "awaited")


class Frames(HTMLParser):
    """The attributes of every iframe."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.found.append(dict(attrs))
        else:
            self.others.append(tag)


def data_of(html: str) -> tuple[dict[str, str | None], list[dict[str, Any]]]:
    """The one frame of a card, and the data in its page."""
    parser = Frames()
    parser.feed(html)
    (frame,) = parser.found
    assert not parser.others  # the page is an attribute, and nothing of it is in the notebook
    page = frame["srcdoc"]
    assert page is not None
    found = re.search(r'(?s)<script type="application/json" id="data">(.*?)</script>', page)
    assert found is not None
    return frame, json.loads(found[1])


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_notebook_shows_cards_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in CELLS]  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=200, kernel_name="python3").execute()
    shown = [cell["outputs"][-1]["data"] for cell in notebook.cells[1:6]]
    with connect("sample", timeout=60) as lfv:
        expected = [
            lfv.describe("sample-cap-seal", 3),
            lfv.evaluate("sample-cap-seal", 3),
            lfv.compare("sample-weld-bead", [3, 2]),
            lfv.describe("sample-cap-seal", 3),
        ]
    for output, answer in zip(shown, expected, strict=False):
        _, ((held),) = data_of(output["text/html"])
        assert held["result"] == answer.to_json()
        assert held["arguments"]["project_name"].startswith("sample-")
        assert "text/plain" in output  # for readers that show no frames
    assert "<table" in shown[4]["text/html"]


def test_a_card_is_a_frame_that_reaches_nothing() -> None:
    with connect("sample") as lfv:
        answer = lfv.describe("sample-cap-seal", 3)
    hostile = answer.model_copy(update={"summary": "</script><script>x()</script>\"'><b>&amp;"})
    html = answer._repr_html_()
    assert html == card(answer)
    frame, (held,) = data_of(card(hostile))
    assert held["result"]["summary"] == hostile.summary
    assert frame["sandbox"] == "allow-scripts"  # and no origin, form, popup or navigation
    assert "default-src 'none'" in unescape(frame["srcdoc"] or "")
    (_, (asked,)) = data_of(html)
    assert asked["arguments"] == {"project_name": "sample-cap-seal", "model_version": "3"}
