"""Records under other names than the API's are never foreign without a word."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from lfv_mcp.formats.json_values import is_array, is_object
from lfv_mcp.formats.recognition import recognise
from tests.support.saved_records import arn, result_of


def snake(value: Any) -> Any:
    if is_array(value):
        return [snake(item) for item in value]
    if not is_object(value):
        return value
    return {
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower(): snake(item)
        for name, item in value.items()
    }


NAMED: Final[dict[str, Any]] = {
    "--query with rows": [[arn(), "TRAINED", "3"]],
    "--query with other names": [{"Arn": arn(), "State": "HOSTED"}],
    "a map by ARN": {arn(): {"Status": "TRAINED", "Performance": {"F1Score": 0.9}}},
    "an EvaluationResult in snake case": snake(result_of()),
    "an EvaluationResult in small letters": json.loads(json.dumps(result_of()).lower()),
}
FOREIGN: Final[dict[str, Any]] = {
    "a policy": {"Statement": [{"Effect": "Allow", "Resource": arn()}], "State": "HOSTED"},
    "settings": {"arn": arn(), "threshold": 0.2},
    "ARNs": [arn()],
}


@pytest.mark.parametrize("name", NAMED)
def test_a_record_under_other_names_is_unread(name: str) -> None:
    records, problems = recognise(json.dumps(NAMED[name]).encode())
    assert records == []
    assert [each.is_unread for each in problems] == [True]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_only_names_a_model_is_foreign(name: str) -> None:
    records, problems = recognise(json.dumps(FOREIGN[name]).encode())
    assert records == []
    assert not any(each.is_unread for each in problems)
