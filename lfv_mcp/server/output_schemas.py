"""The published JSON Schemas of the tools' results, read from output_schemas.json.

pydantic takes longer to make them than everything else that a client waits for when it starts the
server, so `python scripts/make_docs.py` makes them from the models in `results` beforehand.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


def output_schema(result: str) -> dict[str, Any]:
    """The JSON Schema of the tools' result of that name.

    Raises:
        KeyError: the file has none for this name: make it anew.
    """
    return _schemas()[result]


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    )
    return schemas
