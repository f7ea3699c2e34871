"""`Result`, the base of every answer and of each record inside one."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self, TypeAlias, get_args

from pydantic import (
    AllowInfNan,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    Strict,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
)

# A union, because pydantic's `float` turns 1 into 1.0 and so changes the text of an answer.
Number: TypeAlias = Annotated[
    Annotated[StrictFloat, AllowInfNan(allow_inf_nan=False)] | StrictInt,
    WithJsonSchema({"type": "number"}),
]
"""A finite number, kept exactly as it was given: an integer stays one."""


def six_digits(value: float) -> float:
    """A computed number in six significant digits; never 0, 1 or -1 by rounding alone.

    43/45 → 0.955556, 54272.727 → 54272.7, 0.99999975 stays as it is.
    """
    rounded = float(f"{value:.6g}")
    return value if abs(rounded) in (0, 1) else rounded


Figure: TypeAlias = Annotated[Number, PlainSerializer(six_digits, when_used="json")]
"""A number that was computed here: exact in this process, six significant digits in JSON."""

Count: TypeAlias = Annotated[int, Strict()]
"""A whole number; text, floats and booleans are refused."""


class Result(BaseModel):
    """An immutable record of an answer; a member that is None is absent from its JSON.

    Docstrings of subclasses are for readers of the code. What MCP clients read stands in
    `schema_description`, because every client pays for each published word in its context.
    """

    # Deferred: the records of tools that are never called need no validators, and a client that
    # starts a server waits for its list of tools.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    schema_description: ClassVar[str] = ""
    """The `description` in the published schema; a subclass that sets none publishes none."""
    schema_lists_required: ClassVar[bool] = True
    """Whether the published schema has `required`: not where a record is always whole or empty."""

    def present_members(self) -> dict[str, Any]:
        """The members that are not None, by name, in the order of their declaration."""
        return {name: value for name, value in self if value is not None}

    def or_none(self) -> Self | None:
        """This record, or None if it has no member: an empty record is left out of an answer."""
        return self if self.present_members() else None

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON object: absent members left out, tuples as lists."""
        return self.model_dump(mode="json", exclude_none=True)


@functools.cache  # once for each answer: every question asks for it, and it looks at every field
def build_models(answer: type[BaseModel]) -> None:
    """Build the validators of a model and of every model in it, if they are not built yet.

    pydantic builds a deferred model at its first use, and that is not safe between threads (its
    issue 13419): of two threads that use one at the same time, one may fail. So whoever starts
    threads calls this before, one at a time.
    """
    pending, seen = [answer], {answer}
    while pending:
        model = pending.pop()
        model.model_rebuild()  # returns at once if the model is built
        for field in model.model_fields.values():
            parts = set(_models_in(field.annotation)) - seen
            seen |= parts
            pending += parts


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The models that an annotation names, at any depth: `tuple[Finding, ...] | None` has one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
