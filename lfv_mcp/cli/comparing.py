"""The command that compares versions and prediction sets: compare."""

from __future__ import annotations

from pathlib import Path

import click

from lfv_mcp.cli.completion import project_argument, version_argument
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.output_file import OutputFile
from lfv_mcp.cli.predictions import OnceRead, once_read_options
from lfv_mcp.cli.questions import Output, Questions, ask_all, output_options, show_answer
from lfv_mcp.cli.values import Share, WholeNumber
from lfv_mcp.identifiers import with_sets
from lfv_mcp.wiring.settings import Settings


@click.command()
@project_argument()
@version_argument("versions", nargs=-1)
@click.option(
    "--recall-margin", type=Share(), help="Share of defects by which recall may be lower: 0.02."
)
@click.option(
    "--false-alarm-margin", type=Share(), help="Share of good parts by which false alarms may rise."
)
@click.option(
    "--examples",
    "max_examples",
    type=WholeNumber(),
    default=3,
    show_default=True,
    help="Images to show of each kind.",
)
@click.option(
    "--csv",
    "csv_file",
    type=OutputFile(),
    metavar="FILE",
    help="Also write every image that changed, and labels to doubt, as a table.",
)
@once_read_options
@output_options
@settings_options
def compare(
    *,
    project: str,
    versions: tuple[str, ...],
    csv_file: Path | None,
    once: OnceRead,
    output: Output,
    settings: Settings,
    **asked: float | None,
) -> None:
    """Compare VERSIONS or prediction sets of PROJECT; the first is the baseline.

    What --predictions names comes after them, where they do not name it.
    """
    names = [str(name) for name in with_sets(versions, once.names)]
    if not names:
        raise click.UsageError(
            "Missing argument 'VERSIONS...'; or name --predictions NAME=PLACE.",
            click.get_current_context(),
        )
    once.require_asked(names)
    arguments = {"project_name": project, "model_versions": names, **asked}

    async def work(questions: Questions) -> None:
        await questions.prepare(once, project, settings)
        await show_answer(questions, "compare_models", arguments, output)
        if csv_file is not None:
            await questions.write_changed_images(csv_file, arguments)

    ask_all(settings, work)
