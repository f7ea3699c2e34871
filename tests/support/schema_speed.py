"""What makes the SDK's client slow in tests, taken out of it: one schema is checked once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jsonschema import Draft202012Validator


@contextmanager
def schemas_checked_once() -> Iterator[None]:
    """Each distinct schema is checked against JSON Schema's own once, not by each new client.

    What a client does with a schema stays: every result is validated by it.
    """
    check = Draft202012Validator.check_schema
    sound: set[str] = set()

    def checked(schema: Any, **options: Any) -> None:
        name = json.dumps([schema, repr(options)])
        if name not in sound:
            check(schema, **options)  # one that is not sound fails each time
            sound.add(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draft202012Validator, "check_schema", staticmethod(checked))
        yield
