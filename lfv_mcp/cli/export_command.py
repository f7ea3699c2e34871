"""The command `lfv-mcp export`: a model, or a portfolio, in the formats of other systems."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lfv_mcp import __version__
from lfv_mcp.cli.completion import project_argument, version_argument
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.output_file import kind_at, make_folder, write_file
from lfv_mcp.cli.questions import Questions, ask_all, json_option
from lfv_mcp.cli.words import answer_in_words
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.analysis.exports.carried import ExportedModel

_PRODUCT: Final = f"lfv-mcp {__version__}"
_STDOUT: Final = "-"
_SEPARATORS: Final = tuple({"/", os.sep})
"""What a name ends with that is meant for a folder."""
_ENDINGS: Final = {"csv": "csv", "sagemaker": "sagemaker.json", "huggingface": "md"}
"""How a file is called in a folder, by its format."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What an export is made of: the bytes of a file, or the answers for a run."""

    project_name: str
    model_version: str = ""
    data: bytes = b""
    model: ExportedModel | None = None
    notes: list[str] = field(default_factory=list[str])


@click.command()
@project_argument(default="")
@version_argument(default=None, required=False)
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice([*_ENDINGS, "mlflow"], case_sensitive=False),
    help="csv: tables; the others: one model.",
)
@click.option(
    "--to",
    required=True,
    metavar="PLACE",
    help="A file or a folder, - for stdout; of mlflow a folder, or its tracking URI.",
)
@click.option("--replace", is_flag=True, help="Replace the file or the run that is there.")
@click.option(
    "--held-only",
    is_flag=True,
    help="Look in no bucket for evaluation files: what the archive does not hold is absent.",
)
@json_option
@settings_options
def export(
    *,
    project: str,
    version: str | None,
    form: str,
    to: str,
    replace: bool,
    held_only: bool,
    as_json: bool,
    settings: Settings,
) -> None:
    """Export model VERSION, or a prediction set, of PROJECT, in the format of another system.

    Without VERSION csv has a row for each model of PROJECT, or of every project; the other formats
    take the latest version. With VERSION csv has a row for each test image. Nothing is written if
    something that belongs into it cannot be read.
    """
    from lfv_mcp.cli.mlflow_store import require_mlflow, write_run

    _require_sense(project, form, to, as_json=as_json)
    is_run = form == "mlflow"
    if is_run:
        require_mlflow()
    elif to != _STDOUT:
        _free_file(to, None, replace=replace)
    made: list[_Made] = []

    async def work(questions: Questions) -> None:
        made.append(await _make(questions, project, version, form))

    ask_all(dataclasses.replace(settings, held_only=held_only), work)
    (content,) = made
    for note in content.notes:
        click.echo(note, err=True)
    if is_run:
        from lfv_mcp.analysis.exports.mlflow_run import run_content

        if content.model is None:
            raise TypeError(content)
        run = run_content(content.model, _page(content.model))
        where = write_run(run, to, replace=replace)
    elif to == _STDOUT:
        click.echo(content.data, nl=False)
        return
    else:
        path = _free_file(to, _file_name(content, form), replace=replace)
        if to.endswith(_SEPARATORS):
            make_folder(path.parent, "--to")
        write_file(path, content.data, "--to")
        where = str(path)
    _say(content, form, where, as_json=as_json)


def _require_sense(project: str, form: str, to: str, *, as_json: bool) -> None:
    """Refuse what cannot be meant, before anything is asked.

    Raises:
        click.UsageError: an argument is missing, or flags exclude each other.
    """
    context = click.get_current_context()
    if form != "csv" and not project.strip():
        raise click.UsageError(f"--format {form} takes one model: name its PROJECT.", context)
    if to == _STDOUT and (form == "mlflow" or as_json):
        other = "--format mlflow" if form == "mlflow" else "--json"
        raise click.UsageError(f"--to - writes the export to stdout: not with {other}.", context)


def _free_file(to: str, name: str | None, *, replace: bool) -> Path:
    """The file that `--to` names; in a folder one of that name.

    Args:
        to: as it was given.
        name: how a file in a folder is called; None if that is not known yet.
        replace: whether it may exist. What is written into, as a pipe, always may.

    Raises:
        LfvError: it exists, or nobody can tell.
    """
    from lfv_mcp.archive.places import parse_local_path
    from lfv_mcp.errors import CallerError
    from lfv_mcp.text import clean

    path = parse_local_path(to)
    kind = kind_at(path, "--to")
    if kind == "folder" or to.endswith(_SEPARATORS):
        if name is None:
            return path
        path /= name
        kind = kind_at(path, "--to")
    if kind == "folder":
        raise CallerError(
            "invalid_argument", f"--to: {clean(str(path))} is a folder.", "Name a file in it."
        )
    if kind == "file" and not replace:
        raise CallerError(
            "invalid_argument",
            f"--to: {clean(str(path))} exists already.",
            "Add --replace to replace it, or name another file.",
        )
    return path


def _file_name(made: _Made, form: str) -> str:
    what = made.model_version or "models"
    return f"{made.project_name or 'all'}-{what}.{_ENDINGS[form]}"


def _say(made: _Made, form: str, where: str, *, as_json: bool) -> None:
    if as_json:
        answer = {
            "format": form,
            **({"project_name": made.project_name} if made.project_name else {}),
            **({"model_version": made.model_version} if made.model_version else {}),
            "to": where,
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        click.echo(f"wrote {where}", err=True)


async def _make(questions: Questions, project: str, version: str | None, form: str) -> _Made:
    """The export of what is named.

    Raises:
        LfvError: something that belongs into it cannot be read.
    """
    from lfv_mcp.analysis.exports.huggingface import huggingface_card
    from lfv_mcp.analysis.exports.sagemaker import sagemaker_content
    from lfv_mcp.analysis.exports.tables import images_table, portfolio_table
    from lfv_mcp.cli.export_answers import ask_for_images, ask_for_model, ask_for_portfolio
    from lfv_mcp.identifiers import parse_arn

    arn = parse_arn(project)
    if form == "csv" and version is None and (arn is None or arn.version is None):
        listed, models = await ask_for_portfolio(questions, project)
        sets = len(listed.prediction_sets or ())
        notes = (
            [f"Prediction sets are not in the table ({sets}): name one as VERSION."] if sets else []
        )
        name = arn.project if arn else project
        return _Made(name, data=portfolio_table(models, _PRODUCT), notes=notes)
    if form == "csv":
        summary, images = await ask_for_images(questions, project, version or "latest")
        named = summary.project_name, summary.model_version
        return _Made(*named, data=images_table(*named, images, _PRODUCT))
    model = await ask_for_model(questions, project, version or "latest", _PRODUCT)
    named = model.summary.project_name, model.summary.model_version
    notes = [f"Exports version {named[1]} of {named[0]}."] if version is None else []
    if model.report is None:
        notes.append("No evaluation file is held: nothing was recounted.")
    if form == "sagemaker":
        return _Made(*named, data=sagemaker_content(model).encode(), notes=notes)
    if form == "huggingface":
        return _Made(*named, data=huggingface_card(model).encode("utf-8", "replace"), notes=notes)
    return _Made(*named, model=model, notes=notes)


def _page(model: ExportedModel) -> str:
    """The page that shows the model, as `describe --html` writes it."""
    from lfv_mcp.server.view import page_with

    arguments = {
        "project_name": model.summary.project_name,
        "model_version": model.summary.model_version,
    }
    answers = [model.summary, *([model.report] if model.report else [])]
    return page_with(
        [{"arguments": arguments, "result": answer_in_words(each.to_json())} for each in answers]
    )
