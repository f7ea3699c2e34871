"""Any `Transport` can answer in AWS's place: asked through boto3, and never over the network."""

from __future__ import annotations

import json

import pytest

from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.aws.transport import Reply
from lfv_mcp.errors import CallerError, ServiceError
from lfv_mcp.identifiers import AccountScope
from tests.support.api_endpoint import description

SCOPE = AccountScope("eu-west-1", "111122223333")


class Scripted:
    """Gives the same reply to every request, and keeps what was asked."""

    def __init__(self, status: int, body: object, **headers: str) -> None:
        self.reply = Reply(status, json.dumps(body).encode(), headers)
        self.requests: list[tuple[str, str, AccountScope]] = []

    def answer(self, method: str, url: str, scope: AccountScope) -> Reply:
        self.requests.append((method, url, scope))
        return self.reply


def test_a_transport_answers_a_call() -> None:
    transport = Scripted(200, {"ModelDescription": description()})
    answer = LookoutVision(transport=transport).describe_model(SCOPE, "cap-seal", "3")
    assert answer.body["Status"] == "TRAINED"
    ((method, url, scope),) = transport.requests
    assert (method, scope) == ("GET", SCOPE)
    assert url.endswith("/2020-11-20/projects/cap-seal/models/3")


def test_an_api_error_of_a_transport_is_an_error_of_ours() -> None:
    code = {"x-amzn-errortype": "ResourceNotFoundException"}
    transport = Scripted(404, {"Message": "gone", "ResourceType": "PROJECT"}, **code)
    with pytest.raises(CallerError, match="gone") as failure:
        LookoutVision(transport=transport).describe_project(SCOPE, "cap-seal")
    assert failure.value.code == "project_not_found"
    assert len(transport.requests) == 1


def test_a_listing_in_circles_ends() -> None:
    transport = Scripted(200, {"Models": [], "NextToken": "again"})
    with pytest.raises(ServiceError, match="does not end"):
        list(LookoutVision(transport=transport).all_models(SCOPE, "cap-seal"))
    assert len(transport.requests) == 2
