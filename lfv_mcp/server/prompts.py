"""The prompts: the Markdown files of `prompts/`, read, checked and filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lfv_mcp import model_query
from lfv_mcp.errors import CallerError
from lfv_mcp.server import arguments, spellings
from lfv_mcp.text import clean


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """One argument of a prompt. Its values are text, because the protocol has nothing else."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file.

    Args:
        name: the file's name without `.md`.
        title: the name that people read.
        description: what the prompt is for.
        arguments: what to fill in.
        models: the models whose summaries are sent along: each the name of the argument that holds
            the model's version, or `latest`.
        has_inventory: the inventory of the project is sent along.
        text: the prompt with `{name}` where an argument is filled in.
    """

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    models: tuple[str, ...]
    has_inventory: bool
    text: str


DEFAULTS: Final = {"model_version": model_query.LATEST, "audience": "engineer"}
"""Values of arguments that a client left out, by argument."""
_RULES: Final = {
    "project_name": arguments.read_project_name,
    "model_version": arguments.read_model_version,
    "baseline": arguments.read_model_version,
    "candidate": arguments.read_model_version,
    "successor": arguments.read_model_version,
}
"""The rules of arguments that tools have too; the others are text for the reader."""
_REQUIRED: Final = " (required)"
_HEADER: Final = re.compile(r"---\n(?P<header>.*?)\n---\n+(?P<text>.*)", re.DOTALL)


def folder() -> Path:
    """The folder of prompt files: in an installed wheel `_prompts`, in a clone `prompts`."""
    installed = Path(__file__).with_name("_prompts")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "prompts"


@cache
def prompts() -> Mapping[str, Prompt]:
    """Every prompt by its name, in the order of the file names; the files are read once."""
    return {
        path.stem: parse(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder().glob("*.md"))
    }


def parse(name: str, content: str) -> Prompt:
    """Read one prompt file: a header of `key: value` lines between `---` lines, then the text.

    `argument.NAME: text` describes an argument; ` (required)` at the end makes it required.
    `models: ARGUMENT...` and `inventory: yes` say what is sent along.

    Raises:
        ValueError: the file has no header, no title or no description, or a line of the header is
            not `key: value`.
    """
    match = _HEADER.fullmatch(content)
    if match is None:
        raise ValueError(f"{name}.md has no header between --- lines")
    header: dict[str, str] = {}
    for line in match["header"].splitlines():
        key, separator, value = line.partition(": ")
        if not separator:
            raise ValueError(f"{name}.md has a header line that is not `key: value`: {line}")
        header[key] = value
    for key in ("title", "description"):
        if key not in header:
            raise ValueError(f"{name}.md has no {key} in its header")
    return Prompt(
        name,
        header["title"],
        header["description"],
        tuple(
            PromptArgument(
                key.removeprefix("argument."),
                value.removesuffix(_REQUIRED),
                value.endswith(_REQUIRED),
            )
            for key, value in header.items()
            if key.startswith("argument.")
        ),
        tuple(header.get("models", "").split()),
        header.get("inventory") == "yes",
        match["text"].strip(),
    )


def check(prompt: Prompt, given: Mapping[str, str] | None) -> dict[str, str]:
    """Check a prompt's arguments and fill in the defaults; empty values count as not given.

    Raises:
        CallerError: an argument is missing, unknown or breaks its rule; the message names the
            prompt's arguments.
    """
    names = [a.name for a in prompt.arguments]
    required = [a.name for a in prompt.arguments if a.required]
    values = {
        name: value.strip()
        for name, value in (given or {}).items()
        if not (spellings.is_not_given(value) if name not in required else not value.strip())
    }
    missing = [name for name in required if name not in values]
    unknown = [
        clean(name[:60], 60)
        for name in given or {}
        if name not in names and not arguments.is_added_by_host(name)
    ]
    if missing or unknown:
        problem = f"missing {', '.join(missing)}" if missing else f"unknown argument {unknown[0]!r}"
        raise CallerError(
            "invalid_argument",
            f"Prompt {prompt.name}: {problem}; arguments are {', '.join(names)}.",
            "Correct it and ask again.",
        )
    return {
        name: _RULES[name](value) if name in _RULES else clean(value, 200)
        for name in names
        if (value := values.get(name, DEFAULTS.get(name, "")))
    }


def render(prompt: Prompt, values: Mapping[str, str]) -> str:
    """The prompt's text with every `{name}` filled in; without a value it reads "not given"."""
    return re.sub(r"\{([a-z_]+)\}", lambda m: values.get(m[1], "not given"), prompt.text)
