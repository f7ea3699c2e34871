"""The command that lists models: list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from lfv_mcp.cli.completion import project_argument
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.page_file import Answer
from lfv_mcp.cli.questions import PAGE_SIZE, Questions, ask_all, json_option
from lfv_mcp.cli.terminal import say
from lfv_mcp.wiring.settings import Settings


@click.command("list")
@project_argument(default="")
@click.option("--status", default="", help="Only models of this status.")
@json_option
@settings_options
def list_(*, project: str, status: str, as_json: bool, settings: Settings) -> None:
    """List the models of PROJECT, or of every project."""
    question = {"project_name": project, "status": status, "max_results": PAGE_SIZE}

    async def work(questions: Questions) -> None:
        from lfv_mcp.analysis.listing import without_next_token

        pages: list[Mapping[str, Any]] = []
        token = ""
        while token or not pages:
            answer = await questions.ask("list_models", question | {"next_token": token})
            if settings.source.lower().startswith("s3://") and not (project or status):
                _require_held(answer.structure, settings.source)
            if not as_json:
                say(without_next_token(answer.text))
            pages.append(answer.structure)
            token = answer.structure.get("next_token", "")
        if as_json:
            click.echo(_joined(pages, project, status).as_json())

    ask_all(settings, work)


def _require_held(listing: Mapping[str, Any], source: str) -> None:
    """That there is something below a prefix: an empty directory is new, a prefix is misspelt.

    Raises:
        SetupError: nothing at all was found there.
    """
    from lfv_mcp.errors import SetupError

    if not any(listing.get(name) for name in ("models", "prediction_sets", "findings")):
        raise SetupError(
            "source_unusable",
            f"LFV_SOURCE (--source) is {source!r}: no saved answer or evaluation file is there.",
            "Look for the spelling of the prefix: `aws s3 ls` lists it.",
        )


def _joined(pages: Sequence[Mapping[str, Any]], project: str, status: str) -> Answer:
    """The pages of a listing as one structure, with a summary of all of them."""
    from lfv_mcp.analysis.listing import joined
    from lfv_mcp.results.model_list import ModelList

    listed = joined([ModelList.model_validate(page) for page in pages], project, status)
    return Answer("", listed.to_json())
