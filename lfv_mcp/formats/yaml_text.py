"""YAML as AWS CLI 2 writes it with `--output yaml`, by PyYAML's safe loader, bounded."""

from __future__ import annotations

import re
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.repeats import object_of
from lfv_mcp.formats.work import Work

LIMIT: Final = 1024 * 1024
"""Characters of a YAML text; its parser is slow."""
_WORK: Final = 5_000
"""Work of a text, for loaders are made anew."""
_WORK_OF_CHARACTER: Final = 150
_DEPTH: Final = 64
_MAX_EVENTS: Final = 200_000
"""Scalars, sequences and mappings, which are objects of some hundred bytes each."""
_CONVERT: Final = "save it as JSON: yq -o=json FILE > FILE.json"
looks_like_yaml: Final = re.compile(
    r"\s*(?:(?:%[^\n]*|#[^\n]*|---[^\n]*)\n\s*)*(?:-\s+)*[\"']?[A-Za-z][\w-]*[\"']?:(?:\s|\Z)"
).match
"""Whether a text begins with a member of a mapping."""


def yaml_documents(content: str, work: Work) -> list[Any]:
    """The documents of a YAML text; times stay the text that they are.

    Raises:
        UnrecognisedError: it is no YAML, or more than is read.
        TooMuchWorkError: the file has taken more work than it may.
    """
    import yaml

    if len(content) > LIMIT:
        raise _refused("larger than 1 MiB")
    work.spend(_WORK + _WORK_OF_CHARACTER * len(content))
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml may be missing
    try:
        parser: Any = yaml
        _require_plain(parser.parse(content, Loader=base))
        return list(parser.load_all(content, Loader=_loader(base)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise UnrecognisedError(f"not YAML (line {line})", corrupt=True) from error
    except (ValueError, RecursionError, TypeError) as error:
        raise UnrecognisedError("not YAML", corrupt=True) from error


def _require_plain(events: Any) -> None:
    """Look at a text's events, of which there may be too many for documents to be made of them.

    Raises:
        UnrecognisedError: it has aliases, by which a small text becomes a huge document, or more
            than is read.
    """
    import yaml

    depth = 0
    for number, event in enumerate(events):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise _refused("with aliases")
        if depth > _DEPTH or number > _MAX_EVENTS:
            raise _refused("nested too deeply" if depth > _DEPTH else "with too many members")


def _refused(why: str) -> UnrecognisedError:
    return UnrecognisedError(f"YAML {why}, which is not read; {_CONVERT}", convertible=True)


def _loader(base: Any) -> Any:
    """The loader, without a rule that makes a date of what looks like one; it keeps what a mapping
    has twice, of which YAML's own keeps the last.
    """
    rules = {
        start: [rule for rule in found if rule[0] != "tag:yaml.org,2002:timestamp"]
        for start, found in base.yaml_implicit_resolvers.items()
    }
    loader: Any = type("_Loader", (base,), {"yaml_implicit_resolvers": rules})
    loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    return loader


def _mapping(loader: Any, node: Any) -> Any:
    loader.flatten_mapping(node)
    return object_of(loader.construct_pairs(node, deep=True))
