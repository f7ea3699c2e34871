"""The commands that ask about one model, describe and evaluate, and what asking takes.

They go through the tools' own table, so arguments, rules, texts and size limits are those of the
tools, but they ask the catalogue in this process: no MCP client and server in between.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.completion import project_argument, version_argument
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.output_file import OutputFile
from lfv_mcp.cli.page_file import Answer, write_page
from lfv_mcp.cli.process import ended_at_once_by_ctrl_c
from lfv_mcp.cli.terminal import say
from lfv_mcp.cli.values import Number, Share, WholeNumber
from lfv_mcp.cli.words import answer_in_words, text_in_words
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.catalog.catalog import Catalog
    from lfv_mcp.cli.predictions import OnceRead
    from lfv_mcp.results.base import Result
    from lfv_mcp.results.image_list import ImageList

PAGE_SIZE: Final = 100
"""Models of one page of a listing, the most that list_models gives."""


class Questions:
    """Asks the tools about one catalogue, which is opened once for a whole command."""

    def __init__(self, catalog: Catalog) -> None:
        """Ask this catalogue."""
        self._catalog = catalog
        self._same_names = False

    async def ask(
        self, name: str, arguments: Mapping[str, object], *, for_page: bool = False
    ) -> Answer:
        """Run the tool of that name; for a page, which draws more than is told, if `for_page`.

        Raises:
            LfvError: the tool failed.
        """
        with _failing_with(arguments):
            return await self._run(name, arguments, for_page=for_page)

    async def ask_whole(
        self, name: str, arguments: Mapping[str, object], *, for_page: bool = False
    ) -> Result:
        """The answer of the tool of that name, whatever its size.

        Raises:
            LfvError: as of `ask`.
        """
        with _failing_with(arguments):
            return (await self._result(name, arguments, for_page=for_page))[1]

    async def images(self, project: str, version: str) -> ImageList:
        """Every test image of one model.

        Raises:
            LfvError: as of `ask`.
        """
        from lfv_mcp.model_query import parse_model_query

        with _failing_with({"project_name": project, "model_version": version}):
            return await self._catalog.test_images(parse_model_query(project, version))

    async def ask_for_page(self, name: str, arguments: Mapping[str, object]) -> Answer | None:
        """Run the tool of that name for a page; None if it fails."""
        from lfv_mcp.errors import LfvError

        try:
            return await self._run(name, arguments, for_page=True)
        except LfvError:
            return None

    async def newest_evaluated(self, project: str) -> str:
        """The highest version with evaluation files, said on stderr; empty if `latest` has some.

        Empty, too, if no version has, or if that cannot be told: then `latest` is refused in its
        own words.
        """
        from lfv_mcp.errors import LfvError
        from lfv_mcp.model_query import parse_model_query

        try:
            if parse_model_query(project).model_version is not None:
                return ""  # an ARN says which
            asked = {"project_name": project, "max_results": PAGE_SIZE}
            rows = (await self.ask("list_models", asked)).structure["models"]
        except LfvError:
            return ""
        evaluated = [row for row in rows if {"result", "manifest"} & {*row.get("held", ())}]
        if not evaluated or evaluated[0] == rows[0]:
            return ""
        newest, latest = evaluated[0]["model_version"], rows[0]
        status = latest.get("status", "status not known")
        click.echo(
            f"Version {latest['model_version']} ({status}) has no evaluation files; version "
            f"{newest} is the newest that has.",
            err=True,
        )
        return str(newest)

    async def models(self, arguments: Mapping[str, object]) -> list[str]:
        """The ARNs of the versions that a comparison is of; none for another question."""
        project, versions = arguments["project_name"], arguments.get("model_versions")
        arns: list[str] = []
        for version in cast("list[str]", versions) if isinstance(versions, list) else []:
            asked = {"project_name": project, "model_version": version}
            if described := await self.ask_for_page("describe_model", asked):
                record = described.structure.get("model_description", {})
                arns += [record["ModelArn"]] if "ModelArn" in record else []
        return arns

    async def prepare(self, once: OnceRead, project: str, settings: Settings) -> None:
        """Read the prediction sets that a command names by their place.

        Raises:
            LfvError: one cannot be read, or its name is taken.
        """
        from anyio import to_thread

        self._same_names = once.same_names
        if once.places or once.trained_on:
            await to_thread.run_sync(once.hold, self._catalog, project, settings)

    async def write_changed_images(self, path: Path, arguments: Mapping[str, object]) -> None:
        """Write every image that changed in a comparison, and labels to doubt, as a table.

        Raises:
            LfvError: the comparison fails, or the file cannot be written.
        """
        from lfv_mcp.cli.changed_csv import changed_table
        from lfv_mcp.cli.output_file import write_beside
        from lfv_mcp.results.model_comparison import ModelComparison

        _, comparison = await self._result("compare_models", arguments, names_all=True)
        if not isinstance(comparison, ModelComparison):
            raise TypeError(comparison)
        write_beside(path, changed_table(comparison), "--csv")
        click.echo(f"wrote {path}", err=True)

    async def _run(self, name: str, arguments: Mapping[str, object], *, for_page: bool) -> Answer:
        from lfv_mcp.server.size_limits import truncate_answer

        text, result = await self._result(name, arguments, for_page=for_page)
        text, structure = truncate_answer(text, result.to_json())
        return Answer(text_in_words(text, structure), structure)

    async def _result(
        self,
        name: str,
        arguments: Mapping[str, object],
        *,
        for_page: bool = False,
        names_all: bool = False,
    ) -> tuple[str, Result]:
        """The whole answer of a tool: its text and its structure."""
        from lfv_mcp.server.arguments import parse
        from lfv_mcp.server.failures import guarded
        from lfv_mcp.server.tools import TOOLS, ToolContext

        tool = next(tool for tool in TOOLS if tool.name == name)
        with guarded(name):
            async with self._catalog.suggestions.naming(arguments.get("project_name")):
                parsed = parse(tool.arguments, arguments)
                context = ToolContext(
                    self._catalog,
                    shows_page=for_page,
                    is_terminal=True,
                    same_names=self._same_names,
                    names_all_images=names_all,
                )
                answer = await tool.run(context, **parsed)
            resume_collector()  # a listing may have many pages
            return answer


@contextmanager
def _failing_with(arguments: Mapping[str, object]) -> Generator[None]:
    """Give a failure the question that it is an answer to.

    Raises:
        LfvError: what was asked failed.
    """
    from lfv_mcp.errors import LfvError
    from lfv_mcp.server.failures import question_of

    try:
        yield
    except LfvError as error:
        error.question = question_of(error, arguments)
        raise


def ask_all(settings: Settings, work: Callable[[Questions], Awaitable[None]]) -> None:
    """Do the asking of one command, of the tools."""
    ask_catalog(settings, lambda catalog: work(Questions(catalog)))


def ask_catalog(settings: Settings, work: Callable[[Catalog], Awaitable[None]]) -> None:
    """Do the asking of one command: with one catalogue, in one event loop."""
    import anyio

    from lfv_mcp.cli.progress import with_progress
    from lfv_mcp.wiring.opening import open_catalog

    if settings.doubt:
        click.echo(f"Warning: {settings.doubt}", err=True)
    catalog = open_catalog(settings, waits_for_index=True)
    with ended_at_once_by_ctrl_c():
        anyio.run(
            with_progress,
            partial(work, catalog),
            partial(indexing_in_words, catalog),
        )


def indexing_in_words(catalog: Catalog) -> str:
    """How far the indexing of the catalogue's archive has come; empty if none is going on."""
    progress = catalog.indexing_progress
    return f"Indexing: {progress.in_words()}" if progress is not None else ""


@dataclass(frozen=True, slots=True)
class Output:
    """Where the answer of a command goes: stdout as text or JSON, and a page if one is named."""

    as_json: bool
    html: Path | None
    text: Callable[[Answer], str] = attrgetter("text")

    def show(self, answer: Answer) -> None:
        """Print the answer."""
        if self.as_json:
            click.echo(answer.as_json())
        else:
            say(self.text(answer))


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
        await show_answer(questions, tool, arguments, output, second_tool)

    ask_all(settings, work)


async def show_answer(
    questions: Questions,
    tool: str,
    arguments: Mapping[str, object],
    output: Output,
    second_tool: str = "",
) -> None:
    """Ask a tool, print its answer, and write the page that `output` names."""
    from lfv_mcp.catalog.files_read import noted_files

    answer = await questions.ask(tool, arguments)
    output.show(answer)
    if output.html is None:
        return
    with noted_files() as evidence:
        answers = [(arguments, await questions.ask(tool, arguments, for_page=True))]
        if second_tool:
            model = {name: arguments[name] for name in ("project_name", "model_version")}
            second = await questions.ask_for_page(second_tool, model)
            answers += [(model, second)] if second else []
    write_page(output.html, answers, await questions.models(arguments), evidence)


# Commands

json_option = click.option(
    "--json", "as_json", is_flag=True, help="The structured result, for pipes."
)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--json` and `--html`; it takes them as one `output`."""

    @functools.wraps(command)
    def with_output(*, as_json: bool, html: Path | None, **given: Any) -> Any:
        return command(output=Output(as_json, html), **given)

    decorated: Callable[..., Any] = click.option(
        "--html",
        type=OutputFile(),
        metavar="FILE",
        help="Also write the answer as a page to look at, to mail or to file.",
    )(with_output)
    return json_option(decorated)


@click.command()
@project_argument()
@version_argument(default="latest")
@output_options
@settings_options
def describe(*, project: str, version: str, output: Output, settings: Settings) -> None:
    """Describe model VERSION (default: latest) of PROJECT, which may be a model ARN."""
    arguments = {"project_name": project, "model_version": version}
    output = replace(output, text=_with_description)
    _ask_about_models(settings, "describe_model", arguments, output, "analyze_evaluation")


def _with_description(answer: Answer) -> str:
    """The text with the model's own description, for which a model's context has no room."""
    described = answer.structure.get("model_description", {}).get("Description")
    if not described:
        return answer.text
    *lines, last = answer.text.split("\n")
    return "\n".join([*lines, f"Described as: {described}", last])


@click.command()
@project_argument()
@version_argument(default="")
@click.option(
    "--defect-rate", type=Share(), help="Defective share of the line's parts: 0.01 is 1 %."
)
@click.option("--threshold", type=Number(), help="Anomaly score from which to reject.")
@click.option("--cost-of-escape", type=Number(), help="Cost of a defective part passed as good.")
@click.option("--cost-of-false-reject", type=Number(), help="Cost of a good part rejected.")
@click.option("--recall-at-least", type=Share(), help="Recall that is required: 0.95 is 95 %.")
@click.option(
    "--false-alarms-at-most", type=Share(), help="Share of good parts that may be rejected."
)
@click.option(
    "--examples",
    "max_examples",
    type=WholeNumber(),
    default=5,
    show_default=True,
    help="Wrong images to show.",
)
@output_options
@settings_options
def evaluate(
    *, project: str, version: str, output: Output, settings: Settings, **details: float | None
) -> None:
    """Show the evidence behind the metrics of model VERSION of PROJECT.

    Without VERSION it is the latest that has been evaluated.
    """
    from lfv_mcp.cli.tables import evaluation_tables

    arguments = {"project_name": project, "model_version": version or "latest", **details}

    def tables(answer: Answer) -> str:
        return evaluation_tables(answer_in_words(answer.structure))

    output = replace(output, text=tables)

    async def work(questions: Questions) -> None:
        if not version and (evaluated := await questions.newest_evaluated(project)):
            arguments["model_version"] = evaluated
        await show_answer(questions, "analyze_evaluation", arguments, output, "describe_model")

    ask_all(settings, work)
