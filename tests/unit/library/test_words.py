"""Failures in the words of a Python call: no flag, no variable and no tool is left in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from lfv_mcp import LfvError, connect
from lfv_mcp.library.words import _CALLS, in_python
from lfv_mcp.server.tools import TOOLS
from tests.support.sentences_of_code import sentences_of_code

_ELSEWHERE: Final = re.compile(
    r"--(?!output|ungron|stream|replace|to\b|predictions|project|source\b|metrics|all)[a-z][a-z-]+"
    r"|LFV_(?!SOURCE\))[A-Z_]+"
    r"|\b(?:describe_model|list_models|analyze_evaluation|compare_models|project_name"
    r"|model_versions?)\b"
)
"""What a Python program does not have; flags of other programs and of `archive import` aside."""
_REACHED: Final = ("aws", "catalog", "wiring", "formats/predictions")
"""Where the failures of questions are made."""
SENTENCES: Final = [(where, text) for where, text in sentences_of_code(*_REACHED) if " " in text]


def test_no_sentence_keeps_a_word_of_another_front_door() -> None:
    assert len([text for _, text in SENTENCES if _ELSEWHERE.search(text)]) > 20
    left = {
        where: in_python(text)
        for where, text in SENTENCES
        if _ELSEWHERE.search(re.sub(r"`[^`]*`", "", in_python(text)))
    }
    assert left == {}


@pytest.mark.parametrize("name", ["project_name", "LFV_SOURCE", "describe_model", "--cut"])
def test_a_quoted_value_stays_as_it_is(name: str) -> None:
    assert in_python(f"There is no file 'a/{name}/b'.") == f"There is no file 'a/{name}/b'."
    assert in_python(f"Run `lfv-mcp {name}`.") == f"Run `lfv-mcp {name}`."


@pytest.mark.parametrize("name", ["project_name", "model_version", "describe_model"])
def test_a_folder_or_an_image_keeps_its_name(name: str) -> None:
    for path in (f"s3://b/{name}/000.png", f"caps/{name}-000.png", f"{name}.png", f"a/{name}"):
        assert in_python(f"Worst miss: {path}, 0.3.") == f"Worst miss: {path}, 0.3."
    assert in_python("Source: archive (describe_model), a.json.") == (
        "Source: archive (DescribeModel), a.json."
    )


def test_flags_become_keywords() -> None:
    assert in_python("Say which: --truth 'label' or --prediction 'label'.") == (
        "Say which: truth='label' or prediction='label'."
    )
    assert in_python("for example --cut 0.5.") == "for example cut=0.5."
    assert in_python("Name it with --image.") == "Name it with `image`."


def test_every_argument_of_a_tool_has_a_call() -> None:
    arguments = {each.name for tool in TOOLS for each in tool.arguments}
    assert set(_CALLS) == arguments - {"max_results", "next_token"}


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda lfv: lfv.describe("a b"), "project"),
        (lambda lfv: lfv.describe("sample-cap-seal", "x y"), "version"),
        (lambda lfv: lfv.images("sample-cap-seal", -1), "version"),
        (lambda lfv: lfv.models(status="UP"), "status"),
        (lambda lfv: lfv.compare("sample-cap-seal", "3"), "versions"),
        (lambda lfv: lfv.evaluate("sample-cap-seal", defect_rate=3), "defect_rate"),
        (lambda lfv: lfv.evaluate("sample-cap-seal", cost_of_escape=3), "cost_of_escape"),
        (lambda lfv: lfv.evaluate("sample-cap-seal", max_examples=21), "max_examples"),
        (lambda lfv: lfv.evaluate("sample-cap-seal", threshold=float("nan")), "threshold"),
        (lambda lfv: lfv.compare("sample-cap-seal", [1, 3], recall_margin=1), "recall_margin"),
        (lambda lfv: lfv.compare("p", [1], predictions={"v1": "x"}), "predictions"),
    ],
)
def test_a_refused_argument_has_the_name_of_the_keyword(call: object, name: str) -> None:
    with connect("sample") as lfv, pytest.raises(LfvError) as caught:
        call(lfv)  # type: ignore[operator]
    assert caught.value.code == "invalid_argument"
    assert caught.value.message.startswith(f"{name}=")
    assert "_name" not in str(caught.value)


@pytest.mark.parametrize("call", sorted({call for _, call in _CALLS.values()}))
def test_the_call_that_a_refusal_shows_works(call: str) -> None:
    method = "compare('sample-cap-seal', [1, 3], " if "margin" in call else "evaluate(CAPS, 3, "
    with connect("sample", timeout=60) as lfv:
        text = call if "(" in call else f"{method}{call})"
        assert eval(f"lfv.{text}", {"lfv": lfv, "CAPS": "sample-cap-seal"})


def test_a_source_that_cannot_be_opened_is_said_by_its_keyword(tmp_path: Path) -> None:
    with pytest.raises(LfvError) as caught, connect(tmp_path / "none"):
        pass
    assert caught.value.code == "source_unusable"
    assert "`source` of connect()" in caught.value.message
    assert "--source" not in str(caught.value)


def test_what_exists_instead_is_named() -> None:
    with connect("sample") as lfv, pytest.raises(LfvError) as caught:
        lfv.describe("nothing")
    assert caught.value.code == "project_not_found"
    assert "sample-cap-seal" in caught.value.message
    assert "nothing" in caught.value.question
