"""What a packaged model tells: the threshold built into it, which the service itself never told.

A packaging job left a zip for Greengrass, a training of the successor leaves a `model.tar.gz`; both
have a `manifest.json`, of some kilobytes beside a model of up to gigabytes. A zip has a directory,
so that one member is read and nothing else; a tar.gz has none, and is unpacked from its start, as
far as a limit. Nothing is written, and the name of a member is never a path.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.text import clean

EdgePackageForm = Literal["zip", "tar"]
"""What holds the package; a tar archive is compressed, or not."""
ReadAt = Callable[[int, int], bytes]
"""So many bytes of a file from a position on; fewer only at its end. What it raises goes out."""
MEMBER_LIMIT: Final = 1 << 20
"""Bytes of the one member that is read."""
MANIFEST: Final = "export_artifacts/manifest.json"
_LARGEST: Final = 100_000
"""Pixels of an image's side."""
_CLASSES: Final = 100
_NO_THRESHOLD: Final = "its manifest.json has no model_graph.stages[0].threshold"


class EdgePackageFacts(NamedTuple):
    """What is known of a packaged model.

    Args:
        built_in_threshold: the anomaly score from which it rejects a part, 0 to 1; None where that
            is not known.
        image_width: pixels of the images that it was trained on; None where that is not known.
        image_height: likewise.
        image_level_classes: its class words, in its order.
        why_not: why the threshold is not known, and what helps; empty where it is.
    """

    built_in_threshold: float | None = None
    image_width: int | None = None
    image_height: int | None = None
    image_level_classes: tuple[str, ...] = ()
    why_not: str = ""


def parts_of_name(name: str) -> tuple[str, ...]:
    """The folders of a member's name and its own: `./a/b.json` → a, b.json."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def is_manifest(name: str) -> bool:
    """Whether a member may be the manifest of a package, by its name."""
    return parts_of_name(name)[-1:] == ("manifest.json",)


def names_tell(names: Iterable[str]) -> bool:
    """Whether an archive with such members is a packaged model.

    `mochi` is what the service called its models; `export_artifacts` is where a training leaves one
    for the edge.
    """
    has_manifest = has_model = False
    for name in names:
        parts = parts_of_name(name)
        if "export_artifacts" in parts or parts[-1:] == ("mochi.json",):
            return True
        has_manifest = has_manifest or is_manifest(name)
        has_model = has_model or any(part in ("mochi", "mochi.pt") for part in parts)
    return has_manifest and has_model


def is_edge_manifest(data: bytes) -> bool:
    """Whether a manifest.json is that of a packaged model: many programs have one."""
    document = _document(data)
    return document is not None and _first_stage(document) is not None


def command_for(file: str, member: str = MANIFEST) -> str:
    """The command that prints the manifest in a tar.gz, however far in it is."""
    name = file.replace("\\", "/").rpartition("/")[2]
    if name.startswith("-"):
        name = f"./{name}"
    return f"tar -xzOf {shlex.quote(clean(name, 200))} {member}"


def facts_of(data: bytes) -> EdgePackageFacts:
    """What the manifest of a package tells.

    Args:
        data: its bytes; what is of no use in it is left out, and said of the threshold.
    """
    document = _document(data)
    if document is None:
        return EdgePackageFacts(why_not="its manifest.json is not a JSON object")
    dataset = document.get("dataset")
    sides = dataset if is_object(dataset) else {}
    threshold, why_not = _threshold(_first_stage(document))
    return EdgePackageFacts(
        threshold,
        _pixels(sides.get("image_width")),
        _pixels(sides.get("image_height")),
        _classes(document),
        why_not,
    )


def _document(data: bytes) -> JsonObject | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if is_object(document) else None


def _first_stage(document: Mapping[str, Any]) -> JsonObject | None:
    graph = document.get("model_graph")
    stages = graph.get("stages") if is_object(graph) else None
    first = stages[0] if is_array(stages) and stages else None
    return first if is_object(first) else None


def _threshold(stage: JsonObject | None) -> tuple[float | None, str]:
    """The threshold of a stage, or None and why there is none."""
    value = None if stage is None else stage.get("threshold")
    if value is None:
        return None, _NO_THRESHOLD
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, "the threshold in its manifest.json is not a number"
    if not 0 <= value <= 1:  # NaN, too
        shown = "NaN" if isinstance(value, float) and math.isnan(value) else "outside 0 to 1"
        return None, f"the threshold in its manifest.json is {shown}"
    return float(value), ""


def _pixels(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _LARGEST else None


def _classes(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The class words: an object with `names`, or a list of them."""
    graph = document.get("model_graph")
    found = graph.get("image_level_classes") if is_object(graph) else None
    if found is None:
        found = document.get("image_level_classes")
    names = found.get("names") if is_object(found) else found
    if not is_array(names):
        return ()
    return tuple(clean(name, 100) for name in names[:_CLASSES] if isinstance(name, str))
