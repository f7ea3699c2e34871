"""Spellings of hosts: each that can mean one value only is that value, and no other is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.catalog.held_names import HeldNames
from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import MODEL_STATUSES, REGIONS
from lfv_mcp.server.arguments import (
    ANY_PROJECT,
    MAX_EXAMPLES,
    MAX_RESULTS,
    MODEL_VERSION,
    MODEL_VERSIONS,
    NEXT_TOKEN,
    PROJECT_NAME,
    REGION,
    STATUS,
    Argument,
    parse,
)
from lfv_mcp.server.corrections import corrected_call
from lfv_mcp.server.evaluation_arguments import DEFECT_RATE, THRESHOLD
from lfv_mcp.server.tools import TOOLS

MANY: Final = settings(max_examples=80, deadline=None)
ARN: Final = "arn:aws:lookoutvision:eu-west-1:111122223333:model/line-2_caps/7"
PROJECT_ARN: Final = "arn:aws:lookoutvision:eu-west-1:111122223333:project/line-2_caps"
URI: Final = "lookoutvision://projects/line-2_caps/models/7?region=eu-west-1&account=111122223333"


def read(argument: Argument, value: object) -> Any:
    """One argument of a call; what is required beside it is given."""
    return parse((argument,), {argument.name: value})[argument.name]


def refused(argument: Argument, value: object) -> str:
    with pytest.raises(CallerError) as e:
        read(argument, value)
    return str(e.value)


# How hosts dress a text

_DRESSES: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: text,
    lambda text: f" {text}\n",
    lambda text: f"\ufeff{text}\u00a0",
    json.dumps,
    lambda text: json.dumps(json.dumps(text)),
    lambda text: f" '{text}' ",
    lambda text: f"`{text}`",
    lambda text: f"“{text}”",
)
DRESSES: Final = st.sampled_from(_DRESSES)
NAMES: Final = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_\-]{0,40}", fullmatch=True)


@MANY
@given(NAMES | st.sampled_from([ARN, PROJECT_ARN, URI]), DRESSES)
def test_a_name_in_any_dress(name: str, dress: Callable[[str], str]) -> None:
    assert read(PROJECT_NAME, dress(name)) == name


@MANY
@given(st.sampled_from(MODEL_STATUSES), DRESSES, st.sampled_from("_- "), st.booleans())
def test_a_status_in_any_case(
    status: str, dress: Callable[[str], str], between: str, lower: bool
) -> None:
    spelled = status.replace("_", between)
    assert read(STATUS, dress(spelled.lower() if lower else spelled.title())) == status


@MANY
@given(st.sampled_from(REGIONS), DRESSES)
def test_a_region_in_any_case(region: str, dress: Callable[[str], str]) -> None:
    assert read(REGION, dress(region.upper())) == region


# Numbers

_NUMBER_DRESSES: Final[tuple[Callable[[float], object], ...]] = (
    lambda value: value,
    repr,
    lambda value: f" {value!r} ",
    lambda value: json.dumps(repr(value)),
    lambda value: f"+{value!r}",
    lambda value: f"{value:.17e}",
    lambda value: f"{value:.17E}",
)


@MANY
@given(st.floats(0, 1).map(abs), st.sampled_from(_NUMBER_DRESSES))
def test_a_fraction_as_text(value: float, dress: Callable[[float], object]) -> None:
    for argument in (DEFECT_RATE, THRESHOLD):
        assert read(argument, dress(value)) == value


FRACTIONS: Final = tuple(
    argument for tool in TOOLS for argument in tool.arguments if argument.as_meant
)
_PERCENT_FORMS: Final = (
    *("{}%", "{} %", " {}\u00a0% ", "{} percent", "{} per cent", "{} Prozent", "{}pct", '"{}%"'),
    *("{}\uff05", "{} \u30d1\u30fc\u30bb\u30f3\u30c8"),
)


def accepts(argument: Argument, value: float) -> bool:
    try:
        read(argument, value)
    except CallerError:
        return False
    return True


@MANY
@given(
    st.sampled_from(FRACTIONS),
    st.integers(0, 100_000),
    st.sampled_from(_PERCENT_FORMS),
    st.booleans(),
)
def test_a_fraction_in_percent(
    argument: Argument, thousandths: int, form: str, comma: bool
) -> None:
    percent = f"{thousandths // 1000}.{thousandths % 1000:03}".rstrip("0").rstrip(".")
    dot, _, decimals = percent.partition(".")
    if comma and len(decimals) in (1, 2):  # three may be a thousand
        percent = f"{dot},{decimals}"
    meant = thousandths / 100_000
    if accepts(argument, meant):
        assert read(argument, form.format(percent)) == meant
    else:
        assert "a fraction" in refused(argument, form.format(percent))
    assert "anomaly score" in refused(THRESHOLD, form.format(percent))


@MANY
@given(st.sampled_from(FRACTIONS), st.integers(0, 120_000), st.sampled_from([float, str, repr]))
def test_a_bare_percentage_is_refused_with_the_fraction_that_it_means(
    argument: Argument, thousandths: int, form: Callable[[float], object]
) -> None:
    value = thousandths / 1000
    if accepts(argument, value):
        return
    error = refused(argument, form(value))
    tool = next(tool for tool in TOOLS if argument in tool.arguments)
    others: dict[str, object] = {"project_name": "caps"}
    others |= {"model_versions": ["1", "2"]} if tool.name == "compare_models" else {}
    given_arguments = {**others, argument.name: form(value)}
    call = corrected_call(tool.name, tool.arguments, given_arguments, HeldNames(["caps"]))
    fraction = round(value / 100, 12)
    if 1 < value <= 100 and accepts(argument, fraction):
        assert call is not None
        assert call.arguments == {**others, argument.name: fraction}
        assert f"for example {argument.name}={fraction:.12g}." in error
    else:  # two readings, or none
        assert call is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("0,01", 0.01), ("0,8", 0.8), ("0,125", 0.125), ("1,0", 1.0), (".5", 0.5), ("1.", 1.0)],
)
def test_a_decimal_comma_where_it_can_be_nothing_else(text: str, value: float) -> None:
    assert read(DEFECT_RATE, text) == value
    assert read(THRESHOLD, text) == value


@MANY
@given(
    st.integers(0, 20),
    st.sampled_from(["{}", " {} ", "{}.0", "{}.00", "{}e0", '"{}"', "+{}", "'{}'"]),
)
def test_a_whole_number_as_text(value: int, form: str) -> None:
    assert read(MAX_EXAMPLES, form.format(value)) == value
    assert read(MAX_EXAMPLES, float(value)) == value
    assert isinstance(read(MAX_EXAMPLES, form.format(value)), int)
    if value:
        assert read(MAX_RESULTS, form.format(value)) == value


# Versions

VERSIONS: Final = st.integers(1, 9_999_999_999)
_VERSION_FORMS: Final = (
    *("{}", " {}\n", "{}.0", "v{}", "V{}", "v {}", "v.{}", "v. {}", "version {}", "Version  {}"),
    *("ver. {}", '"{}"', "'v{}'", '"\\"{}\\""'),
)


@MANY
@given(VERSIONS, st.sampled_from(_VERSION_FORMS))
def test_a_version_in_any_form(version: int, form: str) -> None:
    for value in (version, float(version), form.format(version)):
        assert read(MODEL_VERSION, value) == str(version)


@pytest.mark.parametrize("latest", ["latest", "LATEST", " Latest ", '"latest"'])
def test_the_latest_version_in_any_case(latest: str) -> None:
    assert read(MODEL_VERSION, latest) == "latest"
    assert read(MODEL_VERSIONS, f"3,{latest}") == ["3", "latest"]


_LIST_FORMS: Final[tuple[Callable[[list[int]], object], ...]] = (
    lambda given: given,
    lambda given: [str(v) for v in given],
    lambda given: [float(v) for v in given],
    lambda given: [f"v{v}" for v in given],
    lambda given: [[str(v) for v in given]],
    json.dumps,
    lambda given: json.dumps([str(v) for v in given]),
    lambda given: json.dumps(json.dumps([str(v) for v in given])),
    lambda given: [json.dumps([str(v) for v in given])],
    lambda given: repr([str(v) for v in given]),
    lambda given: repr(tuple(given)),
    lambda given: ",".join(map(str, given)),
    lambda given: " " + ", ".join(f"v{v}" for v in given) + "\n",
    lambda given: ";".join(f'"{v}"' for v in given),
    lambda given: "[" + ", ".join(f"v{v}" for v in given) + "]",
)


@MANY
@given(st.lists(VERSIONS, min_size=2, max_size=10, unique=True), st.sampled_from(_LIST_FORMS))
def test_a_list_of_versions_in_any_form(
    versions: list[int], form: Callable[[list[int]], object]
) -> None:
    assert read(MODEL_VERSIONS, form(versions)) == [str(v) for v in versions]


# What is not given


@pytest.mark.parametrize(
    "nothing", [None, "", " ", "null", "None", "NONE", "undefined", '"null"', '""']
)
@pytest.mark.parametrize(
    "argument",
    [ANY_PROJECT, MODEL_VERSION, STATUS, MAX_RESULTS, NEXT_TOKEN, DEFECT_RATE, THRESHOLD, REGION],
    ids=lambda a: a.name,
)
def test_no_value_in_any_spelling_is_not_given(argument: Argument, nothing: object) -> None:
    assert parse((argument,), {argument.name: nothing}) == parse((argument,), {})


@pytest.mark.parametrize("name", ["none", "null", "undefined"])
def test_what_is_required_may_be_a_name_like_any_other(name: str) -> None:
    assert read(PROJECT_NAME, name) == name


# What is refused

AMBIGUOUS: Final[tuple[tuple[Argument, tuple[object, ...]], ...]] = (
    (
        DEFECT_RATE,
        ("1,000", "1,5 %%", "1/100", "0.1 0.2", "0..1", "1e", "0x1", "\u0660", "1_0", "%"),
    ),
    (DEFECT_RATE, ("150 %", "-1 %", "1.5", "nan", "inf", "-inf", float("nan"), float("inf"))),
    (
        DEFECT_RATE,
        (True, False, [], [0.01], {}, {"value": 0.01}, "true", "[0.01, 0.02]", "1,234 %"),
    ),
    (DEFECT_RATE, ("9" * 5_000, "0." + "0" * 5_000 + "1", "1e99999", 10**5000)),
    (DEFECT_RATE, ("0.5²", "0.\u2462", "0.\u2075", "0.0\U0001d7cf")),
    (THRESHOLD, ("1,000", "80 %", "high", True, [], {}, "nan")),
    (
        MAX_RESULTS,
        ("ten", "2.5", 2.5, "1,5", "1 000", True, [10], {}, "9" * 5_000, 10**5000, "1e300"),
    ),
    (MAX_EXAMPLES, ("few", -1, "-1", "21", True, "0x5", float("inf"), float("nan"))),
    (MODEL_VERSION, ("0", "01", "v0", "v01", "3.5", 3.5, "-3", "+3", "1 3", "1,3", "3rd", "v v3")),
    (
        MODEL_VERSION,
        (
            "3-",
            "3²",
            "1\u2462",
            "new est",
            True,
            [2, 3],
            {},
            "1e1",
            "\u0663",
            "9" * 5_000,
            10**5000,
        ),
    ),
    (MODEL_VERSIONS, ("2", ["2"], "2 3", "2-3", "2,2", ["2", "v2"], "2,,3", "2.5,3", [2.5, 3])),
    (MODEL_VERSIONS, (True, {}, {"0": "2"}, '{"a": "2"}', '["2", "3"', [True, "3"])),
    (MODEL_VERSIONS, ("[" * 4_000, "1," * 4_000, [[[[[["2", "3"]]]]]], ",".join("123456789ab"))),
    (PROJECT_NAME, ("", " ", "a b", "a,b", "a/3", ["a"], {"name": "a"}, True, 3, '"', f"{ARN} ok")),
    (PROJECT_NAME, ("lookoutvision://models", "lookoutvision://projects/a/models/0", URI + "&x=1")),
    (STATUS, ("running", "HOSTED,TRAINED", ["HOSTED"], {}, True, "TRAINING  FAILED!")),
    (NEXT_TOKEN, (True, 7, [], {}, "x" * 5_000)),
)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        pytest.param(argument, value, id=f"{argument.name}-{number}-{place}")
        for number, (argument, values) in enumerate(AMBIGUOUS)
        for place, value in enumerate(values)
    ],
)
def test_what_may_mean_something_else_is_refused(argument: Argument, value: object) -> None:
    said = refused(argument, value)
    assert argument.name in said
    assert "Nothing was sent" in said
    assert len(said) < 600


@pytest.mark.parametrize(
    ("argument", "value", "kind"),
    [
        (MODEL_VERSIONS, '["2"', "a JSON list, not text"),
        (MODEL_VERSIONS, '{"baseline": "2"}', "a JSON list, not text"),
        (DEFECT_RATE, "[0.01]", "a JSON number, not text"),
        (THRESHOLD, '{"value": 0.8}', "a JSON number, not text"),
    ],
)
def test_text_that_looks_like_json_is_called_text(
    argument: Argument, value: str, kind: str
) -> None:
    assert kind in refused(argument, value)


# A whole call

BOTH: Final = (PROJECT_NAME, MODEL_VERSION)
HOST_NAMES: Final = ("toolCallId", "sessionId", "chatInput", "action", "tool")


@pytest.mark.parametrize("name", HOST_NAMES)
@pytest.mark.parametrize(
    "spelled",
    [
        lambda name: name,
        str.lower,
        str.upper,
        lambda name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name),
        lambda name: "".join(f"-{c.lower()}" if c.isupper() else c for c in name),
    ],
)
@pytest.mark.parametrize("value", ["x", None, {"a": [1]}, 7])
def test_what_hosts_add_is_ignored(name: str, spelled: Callable[[str], str], value: object) -> None:
    given = {"project_name": "p", spelled(name): value}
    assert parse(BOTH, given) == parse(BOTH, {"project_name": "p"})


@pytest.mark.parametrize("name", ["toolCall", "session", "tools", "actions", "metadata", "id", "_"])
def test_what_resembles_it_is_not(name: str) -> None:
    with pytest.raises(CallerError, match=f"Unknown argument '{name}'; arguments are project_name"):
        parse(BOTH, {"project_name": "p", name: "x"})


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("beside", [{}, {"toolCallId": "x"}])
def test_arguments_wrapped_once_more(as_text: bool, beside: dict[str, object]) -> None:
    inner: dict[str, object] = {"project_name": "p", "model_version": "3", "tool": "describe_model"}
    given = {"arguments": json.dumps(inner) if as_text else inner, **beside}
    assert parse(BOTH, given) == {"project_name": "p", "model_version": "3"}


@pytest.mark.parametrize("whole", ["", " ", None, {}, "{}"])
def test_no_arguments_wrapped_once_more(whole: object) -> None:
    assert parse((MODEL_VERSION,), {"arguments": whole}) == {"model_version": "latest"}


@pytest.mark.parametrize("whole", ["[]", "7", "{", [], 7, True, "project_name=p", "[" * 9_000])
def test_arguments_that_are_no_object(whole: object) -> None:
    with pytest.raises(CallerError, match="arguments are a JSON object with the members") as e:
        parse(BOTH, {"arguments": whole})
    assert 'arguments={"project_name": "sample-cap-seal"}' in str(e.value)


def test_wrapped_several_times_is_unwrapped() -> None:
    wrapped: dict[str, object] = {"project_name": "p"}
    for wrapper in ("arguments", "input", "kwargs"):
        wrapped = {wrapper: wrapped}
        assert parse(BOTH, wrapped)["project_name"] == "p"


def test_wrapped_beside_others_is_an_unknown_argument() -> None:
    call = {"arguments": {"project_name": "p"}, "model_version": "3"}
    with pytest.raises(CallerError, match="Unknown argument 'arguments'"):
        parse(BOTH, call)
