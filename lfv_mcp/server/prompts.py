"""The prompts: Markdown files of `prompts/`, filled in and sent with the model's own record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lfv_mcp import model_query
from lfv_mcp.errors import CallerError
from lfv_mcp.text import clean


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """One argument of a prompt. Values are text, as the protocol has it."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file. `models` names the records that go with it: arguments, or `latest`."""

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    models: tuple[str, ...]
    text: str


DEFAULTS: Final = {"model_version": model_query.LATEST, "audience": "engineer"}
_HEADER: Final = re.compile(r"---\n(?P<header>.*?)\n---\n+(?P<text>.*)", re.DOTALL)


def folder() -> Path:
    """Where the prompt files are: inside a wheel, else beside the package (clone, editable)."""
    packed = Path(__file__).with_name("_prompts")
    return packed if packed.is_dir() else Path(__file__).parents[2] / "prompts"


@cache
def prompts() -> Mapping[str, Prompt]:
    """Every prompt, by name, in the order of the file names."""
    found = (
        parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder().glob("*.md"))
    )
    return {prompt.name: prompt for prompt in found if prompt is not None}


def parse(name: str, content: str) -> Prompt:
    """One prompt file: a header of `key: value` lines between `---`, then the text.

    `argument.NAME: text` describes an argument; ` (required)` at its end makes it so.

    Raises:
        ValueError: no header, no title or no description.
    """
    match = _HEADER.fullmatch(content)
    if match is None:
        raise ValueError(f"{name}.md has no header between --- lines")
    header = dict(line.split(": ", 1) for line in match["header"].splitlines())
    required = " (required)"
    return Prompt(
        name,
        header["title"],
        header["description"],
        tuple(
            PromptArgument(
                key.removeprefix("argument."),
                value.removesuffix(required),
                value.endswith(required),
            )
            for key, value in header.items()
            if key.startswith("argument.")
        ),
        tuple(header.get("models", "").split()),
        match["text"].strip(),
    )


def check(prompt: Prompt, given: Mapping[str, str] | None) -> dict[str, str]:
    """A prompt's arguments checked, defaults filled in.

    Raises:
        CallerError: missing, unknown or bad; the message names the real arguments.
    """
    values = {name: value.strip() for name, value in (given or {}).items() if value.strip()}
    names = [a.name for a in prompt.arguments]
    missing = [a.name for a in prompt.arguments if a.required and a.name not in values]
    unknown = [clean(name[:60], 60) for name in given or {} if name not in names]
    if missing or unknown:
        problem = f"missing {', '.join(missing)}" if missing else f"unknown argument {unknown[0]!r}"
        raise CallerError(
            "invalid_argument",
            f"Prompt {prompt.name}: {problem}; arguments are {', '.join(names)}.",
            "Correct it and ask again.",
        )
    checks = {
        "project_name": model_query.check_project_name,
        "model_version": model_query.check_model_version,
        "baseline": model_query.check_model_version,
        "candidate": model_query.check_model_version,
    }
    return {
        name: checks[name](value) if name in checks else clean(value, 200)
        for name in names
        if (value := values.get(name, DEFAULTS.get(name, "")))
    }


def render(prompt: Prompt, values: Mapping[str, str]) -> str:
    """The text with `{name}` filled in; an argument that was not given reads "not given"."""
    return re.sub(r"\{([a-z_]+)\}", lambda m: values.get(m[1], "not given"), prompt.text)
