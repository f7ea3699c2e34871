"""What is configured, what answers, and what to fix: one line for each part of the path."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version

from lfv_mcp import __version__, prompts
from lfv_mcp.catalog import Catalog
from lfv_mcp.errors import LfvError


@dataclass(frozen=True, slots=True)
class Check:
    """One examined part; `fix` says what to do when it is not good."""

    name: str
    good: bool
    found: str
    fix: str = ""


async def examine(catalog: Catalog) -> list[Check]:
    """Every check, in the order of the path from the client to the records."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("mcp", "boto3", "botocore"))
    checks = [
        Check(
            "versions",
            True,
            f"lfv-mcp {__version__}, Python {platform.python_version()}, {packages}",
        ),
        Check("source", True, f"{catalog.kind} {catalog.location}".strip()),
        _prompts(),
    ]
    try:
        listed = await catalog.list_models(max_results=100)
    except LfvError as error:
        checks.append(Check("answers", False, f"{error.message} [{error.code}]", error.next_step))
    else:
        checks.append(
            Check(
                "answers",
                bool(listed["models"]),
                f"{len(listed['models'])}{' or more' if 'next_token' in listed else ''} models",
                "There is no model in this source: set LFV_SOURCE (--source) to a directory that "
                "holds saved answers or evaluation files.",
            )
        )
    return checks


def _prompts() -> Check:
    folder = prompts.folder()
    names = ", ".join(prompts.prompts())
    return Check("prompts", bool(names), names or f"none in {folder}", "Install the package again.")
