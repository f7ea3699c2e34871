"""What a caller may say: rules, lengths and refusals, each with literals."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.errors import CallerError
from lfv_mcp.server import arguments
from lfv_mcp.server.arguments import (
    MODEL_VERSION,
    PROJECT_NAME,
    Argument,
    input_schema,
    parse,
)

DESCRIBE = (PROJECT_NAME, MODEL_VERSION)
ARN = "arn:aws:lookoutvision:eu-west-1:111122223333:model/line-2_caps/7"
EVERY = [a for a in vars(arguments).values() if isinstance(a, Argument)]


def refused(e: pytest.ExceptionInfo[CallerError]) -> str:
    assert e.value.code == "invalid_argument"
    return str(e.value)


# Every argument of the table


@pytest.mark.parametrize("argument", EVERY, ids=lambda a: a.name)
def test_default_passes_its_own_rule(argument: Argument) -> None:
    assert "default" not in argument.schema
    if not argument.required:
        assert argument.parse(argument.default) == argument.default


@pytest.mark.parametrize("argument", EVERY, ids=lambda a: a.name)
@pytest.mark.parametrize("bad", [object(), pytest.param(10**9999, id="huge")])
def test_refusal_gives_an_example_that_passes_the_rule(argument: Argument, bad: object) -> None:
    with pytest.raises(CallerError) as e:
        argument.parse(bad)
    if e.value.code == "invalid_argument":
        if argument.name == "project_name":  # an example would be read as the name that is meant
            assert "with one of the names that list_models shows" in e.value.next_step
            return
        example = re.search(rf"for example {argument.name}=(.*?)\. Nothing", e.value.next_step)
        assert example
        argument.parse(json.loads(example[1]))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(_JSON, st.sampled_from(EVERY))
def test_any_value_is_taken_or_refused_in_printable_words(value: Any, argument: Argument) -> None:
    said = ""
    try:
        argument.parse(value)
    except CallerError as refusal:
        said = str(refusal)
    assert said.replace("\n", "").isprintable()
    assert len(said) < 800


# All arguments of a call


def test_defaults_are_filled_in() -> None:
    assert parse(DESCRIBE, {"project_name": "p"}) == {
        "project_name": "p",
        "model_version": "latest",
    }


def test_null_means_not_given() -> None:
    given_null = {"project_name": "p", "model_version": None}
    assert parse(DESCRIBE, given_null) == parse(DESCRIBE, {"project_name": "p"})


@pytest.mark.parametrize("arguments", [{}, {"project_name": None}, {"model_version": "3"}])
def test_what_is_required_must_be_given(arguments: dict[str, object]) -> None:
    with pytest.raises(CallerError, match="project_name is required") as e:
        parse(DESCRIBE, arguments)
    assert 'project_name="sample-cap-seal"' in refused(e)


def test_unknown_argument_names_the_real_ones() -> None:
    # Also beside good ones, and before a bad value is looked at: the name explains it.
    with pytest.raises(CallerError, match="Unknown argument 'project'; arguments are") as e:
        parse(DESCRIBE, {"project": "p", "model_version": "0"})
    assert "project_name, model_version." in refused(e)


def test_input_schema_is_closed() -> None:
    assert input_schema((PROJECT_NAME, MODEL_VERSION)) == {
        "type": "object",
        "properties": {
            "project_name": {"type": "string", "description": "Project name or model ARN."},
            "model_version": {
                "type": ["string", "null"],
                "description": (
                    'Number such as "3", "latest", "hosted" or a prediction set; else latest.'
                ),
            },
        },
        "required": ["project_name"],
        "additionalProperties": False,
    }
