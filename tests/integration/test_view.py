"""The page to look at: as a resource of the server, and as a file with its data inside.

How it looks and behaves is tested in a browser: tests/browser.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from mcp import Client
from mcp.client.extension import advertise
from mcp.types import ListToolsResult, TextResourceContents

import lfv_mcp
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.cli.main import main
from lfv_mcp.cli.words import answer_in_words
from lfv_mcp.server import view
from lfv_mcp.server.app import build_server
from lfv_mcp.server.tools import TOOLS

VIEW: Final = "ui://lfv/view.html"
MIME: Final = "text/html;profile=mcp-app"
HOSTILE: Final = "</script><!--<script>]]>&lt;\u2028\u2029\u202e\"'\\\x00\ud800é"


class Scripts(HTMLParser):
    """The text of every script, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        self.attributes += attrs
        if self._inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


def inside(page: str) -> Any:
    """The data in a page."""
    data, _ = Scripts(page).texts
    return json.loads(data)


# The server's


@pytest.mark.anyio
async def test_hosts_find_the_view_by_the_tools(client: Client, era: str) -> None:
    tools = (await client.list_tools()).tools
    shown = {tool.name: tool.meta for tool in tools if tool.meta}
    named = ("describe_model", "analyze_evaluation", "compare_models")
    assert shown == {name: {"ui": {"resourceUri": VIEW}} for name in named}
    (listed,) = (r for r in (await client.list_resources()).resources if r.uri == VIEW)
    (contents,) = (await client.read_resource(VIEW)).contents
    assert isinstance(contents, TextResourceContents)
    assert contents.text == view.page()
    assert contents.mime_type == listed.mime_type == MIME
    assert contents.meta == listed.meta == {"ui": {"prefersBorder": True}}
    # The old protocol has no place for extensions in what a server says of itself.
    extensions: object = {"io.modelcontextprotocol/ui": {}} if era == "auto" else None
    assert client.server_capabilities is not None
    assert client.server_capabilities.extensions == extensions


CALLS: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    ("describe_model", {"project_name": "sample-cap-seal", "model_version": "3"}),
    ("list_models", {}),
    (
        "analyze_evaluation",
        {"project_name": "sample-cap-seal", "model_version": "3", "defect_rate": 0.02},
    ),
    ("analyze_evaluation", {"project_name": "sample-panel-paint", "model_version": "1"}),
    ("compare_models", {"project_name": "sample-weld-bead", "model_versions": ["1", "2", "3"]}),
    ("describe_model", {"project_name": "sample-unheard-of"}),  # an error
)


@pytest.mark.anyio
async def test_hosts_with_and_without_apps_get_the_same(
    client: Client, sample: Catalog, era: str
) -> None:
    apps = [advertise("io.modelcontextprotocol/ui", {"mimeTypes": [MIME]})]
    async with Client(build_server(sample), mode=era, extensions=apps) as shows:
        assert await shows.list_tools() == await client.list_tools()
        assert await shows.list_resources() == await client.list_resources()
        for name, arguments in CALLS:
            plain = await client.call_tool(name, arguments)
            shown = await shows.call_tool(name, arguments)
            assert shown.content == plain.content, name
            assert shown.meta == plain.meta, name
            drawn = dict(shown.structured_content or {})
            if name == "analyze_evaluation":
                # The page draws the cuts; who did not ask for them is spared half of an answer.
                assert drawn.pop("threshold")["rule_holds"]
            assert drawn == (plain.structured_content or {}), name


@pytest.mark.anyio
async def test_tools_grow_by_the_link_alone(client: Client, sample: Catalog, era: str) -> None:
    def listed(tools: ListToolsResult) -> list[dict[str, Any]]:
        return [tool.model_dump(by_alias=True, exclude_none=True) for tool in tools.tools]

    linked = listed(await client.list_tools())
    bare_tools = [replace(tool, has_view=False) for tool in TOOLS]
    async with Client(build_server(sample, bare_tools), mode=era) as bare:
        without = listed(await bare.list_tools())
    assert [tool for tool in without if "_meta" in tool] == []
    links = [tool.pop("_meta", None) for tool in linked]
    assert linked == without
    assert all(len(json.dumps(link)) < 60 for link in links)


# The page


def test_page_is_one_small_file_that_needs_nothing_else() -> None:
    page = view.page()
    assert len(page.encode()) < 70_000
    assert inside(page) is None
    names = {name for name, _ in Scripts(page).attributes}
    assert not names & {"src", "srcset", "action"}
    assert not [name for name in names if name.startswith("on")]
    assert "default-src 'none'" in page
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert word not in page, word
    for word in ("fetch(", "XMLHttpRequest", "import(", "localStorage", "@import", "url("):
        assert word not in page, word


# The file


def test_data_in_a_file_is_data() -> None:
    answers = [{"arguments": {HOSTILE: HOSTILE}, "result": {"summary": HOSTILE, "n": 0.1}}]
    page = view.page_with(answers)
    assert inside(page) == answers
    data = page.partition('id="data">')[2].partition("</script>")[0]
    assert data.isascii()
    assert not set(data) & set("<>&")
    before, _, after = page.replace(data, "null").partition("<main>")
    waiting = view.page().partition('<main aria-busy="true">')[0]
    assert before == waiting
    assert after.partition("</main>")[2] == view.page().partition("</main>")[2]


# The page without scripts, and its record


class Still(HTMLParser):
    """What a browser without scripts shows, and the elements that carry it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self._skipped = False
        self.feed(page.partition("</head>")[2])
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped = tag == "script"
        if not self._skipped:
            self.elements.add(tag)
            self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        self._skipped = self._skipped and tag != "script"

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def leaves(data: Any) -> list[Any]:
    """Every text of an answer."""
    if isinstance(data, dict):
        return [leaf for each in data.values() for leaf in leaves(each)]
    if isinstance(data, list):
        return [leaf for each in data for leaf in leaves(each)]
    return [data] if isinstance(data, str) else []


def hostile(data: Any) -> Any:
    """The same answer with markup in the place of every text but the words of ours."""
    if isinstance(data, dict):
        return {key: hostile(value) for key, value in data.items()}
    if isinstance(data, list):
        return [hostile(each) for each in data]
    codes = ("info", "warning", "critical", "sample", "recall_at_least")
    return HOSTILE + "<b onclick=x>" if isinstance(data, str) and data not in codes else data


STILL: Final = (
    ("describe", "sample-panel-paint", "1"),
    (
        *("evaluate", "sample-cap-seal", "3", "--defect-rate", "0.02", "--cost-of-escape", "10"),
        *("--cost-of-false-reject", "1", "--recall-at-least", "0.95"),
    ),
    ("compare", "sample-weld-bead", "1", "2", "3"),
    ("describe", "sample-cap-seal", "4"),
)


@pytest.mark.parametrize("command", STILL)
def test_facts_are_in_the_html_without_scripts(tmp_path: Path, command: tuple[str, ...]) -> None:
    target = tmp_path / "card.html"
    run(*command, "--html", str(target))
    page = target.read_text(encoding="utf-8")
    shown = Still(page).text
    assert "Waiting" not in shown
    results = [answer["result"] for answer in inside(page)]
    report = next((each for each in results if "metrics" in each), results[0])
    for finding in report["findings"]:
        assert finding["message"] in shown
    assert report["summary"] in shown
    first = results[0]
    if command[0] == "evaluate":
        for words in ("36 caught", "4 escaped", "77 to 96 %", "At 2 % defects", "Cheapest cut"):
            assert words in shown, words
        for image in first["examples"]["missed_defects"]["images"]:
            assert image["image"] in shown
    if command[0] == "compare":
        assert "replace the baseline?" in shown
        assert "points (" in shown


@pytest.mark.parametrize("command", STILL)
def test_hostile_text_adds_no_element_without_scripts(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    target = tmp_path / "card.html"
    run(*command, "--html", str(target))
    answers = inside(target.read_text(encoding="utf-8"))
    harmless, tricked = Still(view.page_with(answers)), Still(view.page_with(hostile(answers)))
    assert tricked.elements <= harmless.elements | {"code"}
    assert tricked.attributes <= harmless.attributes
    assert not set("\u202e\x00\u2028") & set(tricked.text)


def test_page_can_be_filed(tmp_path: Path) -> None:
    archive = Path(lfv_mcp.__file__).parent / "archive" / "_sample"
    target = tmp_path / "card.html"
    run("evaluate", "sample-pcb-top", "3", "--html", str(target))
    page = target.read_text(encoding="utf-8")
    filed = Still(page[page.index('<footer class="filed">') :].replace("<footer", "</head><footer"))
    assert f"lfv-mcp {lfv_mcp.__version__}, {datetime.now(UTC):%Y-%m-%d}" in filed.text
    assert "arn:aws:lookoutvision:us-east-1:111122223333:model/sample-pcb-top/3" in filed.text
    name = "evaluation/EvaluationManifest-sample-pcb-top-3.json"
    digest = sha256((archive / name).read_bytes()).hexdigest()
    assert f"{name}, SHA-256 {digest}" in filed.text
    data = page.partition('id="data">')[2].partition("</script>")[0]
    assert f"SHA-256 {sha256(data.encode()).hexdigest()}" in filed.text
    assert "2025-10-28T09:00:00.000Z" in filed.text


def test_page_of_a_comparison_names_each_model(tmp_path: Path) -> None:
    target = tmp_path / "comparison.html"
    run("compare", "sample-weld-bead", "1", "2", "--html", str(target))
    filed = target.read_text(encoding="utf-8").partition('<footer class="filed">')[2]
    for version in ("1", "2"):
        name = f"arn:aws:lookoutvision:us-east-1:111122223333:model/sample-weld-bead/{version}"
        assert name in filed
    assert filed.count("EvaluationManifest-sample-weld-bead-") == 2


def filed_rows(page: Path) -> str:
    return html.unescape(page.read_text("utf-8").partition('<footer class="filed">')[2])


@pytest.mark.parametrize("kept", [False, True], ids=["read once", "in the archive"])
def test_page_names_the_files_of_a_prediction_set(tmp_path: Path, *, kept: bool) -> None:
    rows = json.loads(run("evaluate", "sample-weld-bead", "2", "--examples", "20", "--json"))
    wrong = [each["image"] for each in rows["examples"]["missed_defects"]["images"]]
    place, seen, target = tmp_path / "out.csv", tmp_path / "train.csv", tmp_path / "page.html"
    place.write_text("image,prediction\n" + "".join(f"{each},anomaly\n" for each in wrong))
    seen.write_text("image,label\nelsewhere/1.png,normal\n")
    told: tuple[str, ...] = ("--predictions", f"new={place}", "--trained-on", f"new={seen}")
    files, archive = [place, seen], tmp_path / "archive"
    if kept:
        shutil.copytree(Path(lfv_mcp.__file__).parent / "archive" / "_sample", archive)
        named = ("--predictions", "new", "--project", "sample-weld-bead", "--trained-on", str(seen))
        run("archive", "import", str(place), *named, "--to", str(archive))
        told = ("new", "--source", str(archive))
        files = list(archive.rglob("predictions-new-*"))
        assert len(files) == 1
    run("compare", "sample-weld-bead", "3", *told, "--html", str(target))
    filed = filed_rows(target)
    for file in files:
        assert f"{file.name}, SHA-256 {sha256(file.read_bytes()).hexdigest()}" in filed


def test_page_of_very_many_files_gives_the_digest_of_their_list(tmp_path: Path) -> None:
    folder, target = tmp_path / "out", tmp_path / "page.html"
    folder.mkdir()
    for number in range(30):
        row = f"image,prediction\ncaps/{number}.png,normal\n"
        (folder / f"{number:02}.csv").write_text(row)
    told = ("--predictions", f"new={folder}")
    run("compare", "sample-weld-bead", "3", *told, "--html", str(target))
    names = sorted(each.name for each in folder.iterdir())
    listed = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True)
    filed = filed_rows(target)
    digest = sha256(listed.stdout).hexdigest()
    assert f"of 30 files, sorted by name, from 00.csv to 29.csv, SHA-256 {digest}" in filed


def test_headline_is_the_escapes_and_not_a_missing_file() -> None:
    summary = json.loads(run("evaluate", "sample-pcb-top", "3", "--json"))["summary"]
    assert summary.endswith(
        "3 of 30 defects passed unseen (10 %). "
        "Re-judge misses blind, mixed with caught defects and good parts. "
        "Blind: nobody is told label or verdict, as a label may be wrong; misses alone would "
        "flatter."
    )


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, prog_name="lfv-mcp")
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("command", "tools"),
    [
        (("describe", "sample-cap-seal", "3"), ("describe", "evaluate")),
        (("evaluate", "sample-cap-seal", "3"), ("evaluate", "describe")),
        (("describe", "sample-cap-seal", "4"), ("describe",)),  # without evidence
    ],
)
def test_file_holds_what_was_asked_and_the_other_half(
    tmp_path: Path, command: tuple[str, str, str], tools: tuple[str, ...]
) -> None:
    target = tmp_path / "card.html"
    shown = run(*command, "--html", str(target))
    assert shown == run(*command)
    held = [answer["result"] for answer in inside(target.read_text(encoding="utf-8"))]
    cuts = [answer.pop("threshold") for answer in held if "confusion" in answer]
    assert all(drawn["candidates"] for drawn in cuts)  # drawn, and not printed unless asked for
    asked = [json.loads(run(tool, *command[1:], "--json")) for tool in tools]
    assert held == [answer_in_words(answer) for answer in asked]
    assert [path.name for path in tmp_path.iterdir()] == ["card.html"]


def test_comparison_is_a_file_too(tmp_path: Path) -> None:
    target = tmp_path / "comparison.html"
    target.write_text("an older one")
    command = ("compare", "sample-weld-bead", "1", "2")
    run(*command, "--html", str(target))
    (answer,) = inside(target.read_text(encoding="utf-8"))
    assert answer["result"] == answer_in_words(json.loads(run(*command, "--json")))
    assert answer["arguments"]["project_name"] == "sample-weld-bead"


def test_file_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "card.html"
    command = ["describe", "sample-cap-seal", "3", "--html", str(target)]
    result = CliRunner().invoke(main, command, prog_name="lfv-mcp")
    assert result.exit_code == 1
    assert "card.html (--html) cannot be written: No such file or directory." in result.stderr


def test_older_file_stays_whole_when_a_new_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "card.html"
    target.write_text("an older one")

    def fail(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    command = ["describe", "sample-cap-seal", "3", "--html", str(target)]
    result = CliRunner().invoke(main, command, prog_name="lfv-mcp")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ["an older one"]
