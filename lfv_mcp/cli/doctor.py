"""What is configured, what answers, and what to fix: one line for each part of the path."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from anyio import to_thread

from lfv_mcp import __version__, model_query
from lfv_mcp.aws.failures import shown_url
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import LfvError
from lfv_mcp.results.model_list import ModelRow
from lfv_mcp.server import prompts

TRIED: Final = 10
"""Models described in search of one with evaluation files."""


@dataclass(frozen=True, slots=True)
class Check:
    """One examined part; `fix` says what to do when it is not good."""

    name: str
    good: bool
    found: str
    fix: str = ""


def surroundings(environment: Mapping[str, str], known: Collection[str]) -> Iterator[Check]:
    """What is known before anything is opened.

    Args:
        environment: the variables that were meant for this server, as the host passed them.
        known: the names of those that it reads.
    """
    packages = ", ".join(f"{name} {version(name)}" for name in ("mcp", "boto3", "botocore"))
    versions = f"lfv-mcp {__version__}, Python {platform.python_version()}, {packages}"
    yield Check("versions", True, versions)
    yield _command()
    yield _prompts()
    yield _settings(environment, known)


def no_source(problem: str) -> Check:
    """The settings name nothing that could be opened, so nothing else can be asked."""
    return Check(
        "source",
        False,
        problem,
        "Set LFV_SOURCE (--source) to sample, live, s3://bucket/prefix, or the absolute path of "
        "a directory of saved answers.",
    )


async def examine(catalog: Catalog, identity: Callable[[], str] | None) -> AsyncIterator[Check]:
    """Every check from the source to the records.

    Args:
        catalog: what the settings open.
        identity: finds the AWS credentials and says where; None where nothing is asked of AWS.
    """
    yield Check("source", True, f"{catalog.kind} {catalog.location}".strip())
    if identity is not None:
        needed = catalog.kind == "live" or catalog.location.startswith("s3://")
        yield await to_thread.run_sync(partial(_credentials, identity, needed))
    try:
        listed = await catalog.list_models(max_results=100)
    except LfvError as error:
        yield Check("answers", False, f"{error.message} [{error.code}]", error.next_step)
        return
    models = listed["models"]
    more = " or more" if "next_token" in listed else ""
    yield Check(
        "answers",
        bool(models),
        f"{len(models)}{more} {'model' if len(models) == 1 else 'models'}",
        "There is no model in this source: set LFV_SOURCE (--source) to a directory that "
        "holds saved answers or evaluation files.",
    )
    failures = [found for found in listed.get("findings", []) if found["code"] == "project_failed"]
    for failed in failures[:1]:
        others = f" (and {len(failures) - 1} more projects)" if len(failures) > 1 else ""
        yield Check("projects", False, failed["message"] + others, failed.get("advice", ""))
    if models:
        yield await _evidence(catalog, models)


def _command() -> Check:
    """What a host can start whatever its PATH is."""
    beside = Path(sys.executable).with_name("lfv-mcp")
    command = str(beside) if beside.exists() else shutil.which("lfv-mcp")
    return Check("command", True, command or f"{sys.executable} -m lfv_mcp")


def _settings(environment: Mapping[str, str], known: Collection[str]) -> Check:
    """What the environment says, and what of it is not heard."""
    told, unset, unknown = [], [], []
    for name, value in sorted(environment.items()):
        if name.startswith("LFV_") and name not in known:
            close = get_close_matches(name, known, n=1)
            unknown.append(f"{name} (did you mean {close[0]}?)" if close else name)
        elif not value.strip() or value.strip().startswith("${"):
            unset.append(f"{name}={value}")
        else:
            told.append(f"{name}={shown_url(value)}")
    found = ", ".join(told) or "none in the environment"
    if unset:
        found += f"; empty or not filled in, so they count as unset: {', '.join(unset)}"
    if not unknown:
        return Check("settings", True, found)
    return Check(
        "settings",
        False,
        f"{found}; no settings of this server: {', '.join(unknown)}",
        "Write the variable as `lfv-mcp serve --help` does, or remove it.",
    )


def _prompts() -> Check:
    folder = prompts.folder()
    names = ", ".join(prompts.prompts())
    return Check("prompts", bool(names), names or f"none in {folder}", "Install the package again.")


def _credentials(identity: Callable[[], str], needed: bool) -> Check:
    """Without any a live endpoint answers nothing; an archive may hold all that is asked for."""
    try:
        return Check("credentials", True, identity())
    except LfvError as error:
        if not needed:
            return Check("credentials", True, "none; only evaluation files in S3 would take them")
        return Check("credentials", False, f"{error.message} [{error.code}]", error.next_step)


async def _evidence(catalog: Catalog, models: list[ModelRow]) -> Check:
    """Whether the evaluation files of the first model that has some can be read."""
    for row in models[:TRIED]:
        asked = model_query.parse_model_query(
            row.get("model_arn") or row["project_name"], row["model_version"]
        )
        name = f"{row['project_name']} {row['model_version']}"
        try:
            described = await catalog.describe_model(asked)
            if all(found["code"] != "evidence_at_hand" for found in described["findings"]):
                continue
            report = await catalog.analyze_evaluation(asked)
        except LfvError as error:
            return Check(
                "evidence", False, f"{name}: {error.message} [{error.code}]", error.next_step
            )
        for found in report["findings"]:
            if found["code"] in ("evaluation_result_unread", "evaluation_manifest_unread"):
                return Check(
                    "evidence", False, f"{name}: {found['message']}", found.get("advice", "")
                )
        return Check("evidence", True, f"the evaluation files of {name} can be read")
    return Check("evidence", True, "none of the first models has evaluation files")
