"""The commands that ask about models: describe, list, evaluate and compare.

They go through the tools' own table, so arguments, rules, texts and size limits are those of the
tools, but they ask the catalogue in this process: no MCP client and server in between.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.options import Settings, settings_options

if TYPE_CHECKING:
    from lfv_mcp.catalog.catalog import Catalog

_PAGE_SIZE: Final = 100
"""Models of one page of a listing, the most that list_models gives."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a tool: as readable text, and as a structure that can be JSON."""

    text: str
    structure: Mapping[str, Any]

    def as_json(self) -> str:
        """The structure for pipes."""
        return json.dumps(self.structure, ensure_ascii=False, indent=2)


class Questions:
    """Asks the tools about one catalogue, which is opened once for a whole command."""

    def __init__(self, catalog: Catalog) -> None:
        """Ask this catalogue."""
        self._catalog = catalog

    async def ask(self, name: str, arguments: Mapping[str, object]) -> Answer:
        """Run the tool of that name; a failure is printed on stderr, as a tool words it.

        Raises:
            click.exceptions.Exit: the tool failed; the exit code is 1.
        """
        from lfv_mcp.errors import LfvError
        from lfv_mcp.server.failures import failure_text

        try:
            return await self._run(name, arguments)
        except LfvError as error:
            click.echo(failure_text(error, arguments), err=True)
            raise click.exceptions.Exit(1) from error

    async def ask_if_possible(self, name: str, arguments: Mapping[str, object]) -> Answer | None:
        """Run the tool of that name; None if it fails."""
        from lfv_mcp.errors import LfvError

        try:
            return await self._run(name, arguments)
        except LfvError:
            return None

    async def _run(self, name: str, arguments: Mapping[str, object]) -> Answer:
        from lfv_mcp.server.arguments import parse
        from lfv_mcp.server.failures import guarded
        from lfv_mcp.server.size_limits import truncate_answer
        from lfv_mcp.server.tools import TOOLS, ToolContext

        tool = next(tool for tool in TOOLS if tool.name == name)
        with guarded(name):
            parsed = parse(tool.arguments, arguments)
            text, result = await tool.run(ToolContext(self._catalog), **parsed)
            resume_collector()  # a listing may have many pages
            return Answer(*truncate_answer(text, result.to_json()))


def _ask_all(settings: Settings, work: Callable[[Questions], Awaitable[None]]) -> None:
    """Do the asking of one command: with one catalogue, in one event loop."""
    import anyio

    from lfv_mcp.cli.wiring import open_catalog

    anyio.run(work, Questions(open_catalog(settings)))


@dataclass(frozen=True, slots=True)
class Output:
    """Where the answer of a command goes: stdout as text or JSON, and a page if one is named."""

    as_json: bool
    html: Path | None
    text: Callable[[Answer], str] = attrgetter("text")

    def show(self, answer: Answer) -> None:
        """Print the answer."""
        click.echo(answer.as_json() if self.as_json else self.text(answer))


def _ask_about_models(
    settings: Settings,
    tool: str,
    arguments: Mapping[str, object],
    output: Output,
    second_tool: str = "",
) -> None:
    """Show the answer of a tool.

    The page that `output` names also gets the answer of `second_tool` about the same model, if it
    has one: a card shows the model's state and its evidence.
    """

    async def work(questions: Questions) -> None:
        answer = await questions.ask(tool, arguments)
        output.show(answer)
        if output.html is None:
            return
        answers = [(arguments, answer)]
        if second_tool:
            model = {name: arguments[name] for name in ("project_name", "model_version")}
            second = await questions.ask_if_possible(second_tool, model)
            answers += [(model, second)] if second else []
        _write_page(output.html, answers)

    _ask_all(settings, work)


def _write_page(path: Path, answers: Sequence[tuple[Mapping[str, object], Answer]]) -> None:
    """Write the page that hosts show, with these arguments and answers inside."""
    from lfv_mcp.server.view import write

    try:
        write(path, [{"arguments": given, "result": answer.structure} for given, answer in answers])
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"wrote {path}", err=True)


# Commands

_json_option = click.option(
    "--json", "as_json", is_flag=True, help="The structured result, for pipes."
)


def _output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--json` and `--html`; it takes them as one `output`."""

    @functools.wraps(command)
    def with_output(*, as_json: bool, html: Path | None, **given: Any) -> Any:
        return command(output=Output(as_json, html), **given)

    decorated: Callable[..., Any] = click.option(
        "--html",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Also write the answer as a page to look at, to mail or to file.",
    )(with_output)
    return _json_option(decorated)


@click.command()
@click.argument("project")
@click.argument("version", default="latest")
@_output_options
@settings_options
def describe(*, project: str, version: str, output: Output, settings: Settings) -> None:
    """Describe model VERSION (default: latest) of PROJECT, which may be a model ARN."""
    arguments = {"project_name": project, "model_version": version}
    _ask_about_models(settings, "describe_model", arguments, output, "analyze_evaluation")


@click.command("list")
@click.argument("project", default="")
@click.option("--status", default="", help="Only models of this status.")
@_json_option
@settings_options
def list_(*, project: str, status: str, as_json: bool, settings: Settings) -> None:
    """List the models of PROJECT, or of every project."""
    question = {"project_name": project, "status": status, "max_results": _PAGE_SIZE}

    async def work(questions: Questions) -> None:
        pages: list[Mapping[str, Any]] = []
        token = ""
        while token or not pages:
            answer = await questions.ask("list_models", question | {"next_token": token})
            if not as_json:
                click.echo(answer.text)
            pages.append(answer.structure)
            token = answer.structure.get("next_token", "")
        if as_json:
            click.echo(_joined(pages).as_json())

    _ask_all(settings, work)


def _joined(pages: Sequence[Mapping[str, Any]]) -> Answer:
    """The pages of a listing as one structure: all the models, and the rest of the first page."""
    models = [row for page in pages for row in page["models"]]
    rest = {name: member for name, member in pages[0].items() if name != "next_token"}
    return Answer("", rest | {"models": models})


@click.command()
@click.argument("project")
@click.argument("version", default="latest")
@click.option("--defect-rate", type=float, help="Defective share of the line's parts: 0.01 is 1 %.")
@click.option("--threshold", type=float, help="Anomaly score from which to reject.")
@click.option(
    "--examples",
    "max_examples",
    type=int,
    default=5,
    show_default=True,
    help="Wrong images to show.",
)
@_output_options
@settings_options
def evaluate(
    *, project: str, version: str, output: Output, settings: Settings, **details: float | None
) -> None:
    """Show the evidence behind the metrics of model VERSION (default: latest) of PROJECT."""
    from lfv_mcp.cli.tables import evaluation_tables

    arguments = {"project_name": project, "model_version": version, **details}

    def tables(answer: Answer) -> str:
        return evaluation_tables(answer.structure)

    output = replace(output, text=tables)
    _ask_about_models(settings, "analyze_evaluation", arguments, output, "describe_model")


@click.command()
@click.argument("project")
@click.argument("versions", nargs=-1, required=True)
@_output_options
@settings_options
def compare(*, project: str, versions: tuple[str, ...], output: Output, settings: Settings) -> None:
    """Compare VERSIONS of PROJECT; the first is the baseline."""
    arguments = {"project_name": project, "model_versions": list(versions)}
    _ask_about_models(settings, "compare_models", arguments, output)
