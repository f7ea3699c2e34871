"""The carried API description equals that of botocore 1.40.60, the last release to have one."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.endpoint_provider import EndpointProvider, RuleSetEndpoint
from botocore.exceptions import EndpointResolutionError
from botocore.loaders import Loader
from urllib3 import HTTPResponse

import lfv_mcp
from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.timeout(300)  # whichever test comes first fetches 14 MB

API = Path(lfv_mcp.__file__).parent / "aws" / "_api"
FOLDER = "lookoutvision/2020-11-20"
FILES = ["service-2", "paginators-1", "endpoint-rule-set-1"]
OURS = {name: json.loads((API / FOLDER / f"{name}.json").read_bytes()) for name in FILES}
SERVICE = OURS["service-2"]
OPERATIONS = ["DescribeModel", "DescribeProject", "ListModels", "ListProjects"]
REGIONS = [
    *("ap-northeast-1", "ap-northeast-2", "eu-central-1", "eu-west-1"),
    *("us-east-1", "us-east-2", "us-west-2"),
]
REPLAY = "http://replay.test:8080"


@pytest.fixture(scope="session")
def theirs() -> dict[str, Any]:
    """Their data files, from a wheel that is read but never installed: a newer one is."""
    cache = Path(os.environ.get("LFV_TEST_CACHE") or REPOSITORY / ".cache")
    wheel = cache / "botocore-1.40.60-py3-none-any.whl"
    if not wheel.exists():
        fetch(wheel)
    with zipfile.ZipFile(wheel) as files:
        stored = {path.removesuffix(".gz"): path for path in files.namelist()}

        def read(name: str) -> Any:
            path = stored[f"botocore/data/{name}.json"]
            data = files.read(path)
            return json.loads(gzip.decompress(data) if path.endswith(".gz") else data)

        return {name: read(f"{FOLDER}/{name}") for name in FILES} | {"endpoints": read("endpoints")}


def fetch(wheel: Path) -> None:
    wheel.parent.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    what = ["--no-deps", "--only-binary=:all:", "--retries=1", "botocore==1.40.60"]
    with TemporaryDirectory(dir=wheel.parent) as fresh:  # half a download must not stay
        done = subprocess.run([*pip, *what, "--dest", fresh], capture_output=True, text=True)
        if done.returncode:
            reason = f"cannot fetch botocore 1.40.60: {done.stderr.strip()[-300:]}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        (Path(fresh) / wheel.name).replace(wheel)


def undocumented(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: undocumented(value)
            for key, value in node.items()
            if not (key == "documentation" and isinstance(value, str))
        }
    return [undocumented(item) for item in node] if isinstance(node, list) else node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(name := node.get("shape"), str):
            yield name
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(item)


def reached(service: Any) -> set[str]:
    """Names of all shapes that our operations need, directly or not."""
    found: set[str] = set()
    new = set(references([service["operations"][name] for name in OPERATIONS]))
    while new:
        found |= new
        new = set(references([service["shapes"][name] for name in new])) - found
    return found


def test_carries_four_reads_and_just_what_they_need() -> None:
    assert set(SERVICE) == {"version", "metadata", "operations", "shapes"}
    assert list(SERVICE["operations"]) == OPERATIONS
    assert list(SERVICE["shapes"]) == sorted(reached(SERVICE))


def test_they_need_the_same_shapes_there(theirs: dict[str, Any]) -> None:
    assert set(SERVICE["shapes"]) == reached(theirs["service-2"])


@pytest.mark.parametrize("part", ["version", "metadata"])
def test_metadata(part: str, theirs: dict[str, Any]) -> None:
    assert SERVICE[part] == theirs["service-2"][part]


@pytest.mark.parametrize("name", SERVICE["operations"])
def test_operation(name: str, theirs: dict[str, Any]) -> None:
    ours = SERVICE["operations"][name]
    assert undocumented(ours) == undocumented(theirs["service-2"]["operations"][name])


@pytest.mark.parametrize("name", SERVICE["shapes"])
def test_shape(name: str, theirs: dict[str, Any]) -> None:
    ours = SERVICE["shapes"][name]
    assert undocumented(ours) == undocumented(theirs["service-2"]["shapes"][name])


def test_paginators(theirs: dict[str, Any]) -> None:
    pages = theirs["paginators-1"]["pagination"]
    expected = {"pagination": {name: pages[name] for name in OPERATIONS if name in pages}}
    assert OURS["paginators-1"] == expected


def test_regions(theirs: dict[str, Any]) -> None:
    served = [
        region
        for partition in theirs["endpoints"]["partitions"]
        for region in partition["services"].get("lookoutvision", {"endpoints": []})["endpoints"]
    ]
    assert sorted(served) == REGIONS


def resolve(rules: Any, **parameters: Any) -> RuleSetEndpoint | None:
    """What botocore makes of the rules; None if they refuse."""
    provider = EndpointProvider(rules, Loader().load_data("partitions"))
    try:
        return provider.resolve_endpoint(**parameters)
    except EndpointResolutionError:
        return None


@pytest.mark.parametrize("region", REGIONS)
def test_endpoints(region: str, theirs: dict[str, Any]) -> None:
    for fips, dual_stack, explicit in product([False, True], repeat=3):
        parameters = {"Region": region, "UseFIPS": fips, "UseDualStack": dual_stack}
        if explicit:
            parameters["Endpoint"] = REPLAY
        ours = resolve(OURS["endpoint-rule-set-1"], **parameters)
        assert ours == resolve(theirs["endpoint-rule-set-1"], **parameters), parameters


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Makes a client from our description, blind to the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    def connect(**options: Any) -> Any:
        session = botocore.session.Session()
        session.register_component("data_loader", Loader(extra_search_paths=[str(API)]))
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        client: Any = boto3.Session(botocore_session=session, **keys).client
        return client("lookoutvision", region_name="eu-west-1", **options)

    return connect


def describe(client: Any, reply: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The URL that was asked, and the reply as botocore hands it out."""
    asked = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        asked.append(request.url)
        body = BytesIO(json.dumps({"ModelDescription": reply}).encode())
        raw = HTTPResponse(body, preload_content=False)
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)

    client.meta.events.register("before-send.lookoutvision.DescribeModel", answer)
    parsed = client.describe_model(ProjectName="cap-seal", ModelVersion="3")
    return asked[0], parsed["ModelDescription"]


@pytest.mark.parametrize(
    ("options", "variable", "host"),
    [
        pytest.param({}, "", "https://lookoutvision.eu-west-1.amazonaws.com", id="region"),
        pytest.param({"endpoint_url": REPLAY}, "", REPLAY, id="argument"),
        pytest.param({}, REPLAY, REPLAY, id="variable"),
    ],
)
def test_client_asks_the_right_place(
    options: dict[str, str],
    variable: str,
    host: str,
    connect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", variable)
    url, _ = describe(connect(**options), {})
    assert url == f"{host}/2020-11-20/projects/cap-seal/models/3"


def test_client_turns_pages(connect: Callable[..., Any]) -> None:
    client = connect()
    assert client.can_paginate("list_models")
    assert client.can_paginate("list_projects")


def test_client_reads_all_14_members(connect: Callable[..., Any]) -> None:
    # Names are invented; the set of fields and their forms on the wire are the service's.
    bucket, folder = "lookoutvision-us-east-1-1a2b3c4d5e", "cap-seal/output/"
    reply = {
        "ModelVersion": "3",
        "ModelArn": "arn:aws:lookoutvision:us-east-1:111122223333:model/cap-seal/3",
        "CreationTimestamp": 1754296200.412,
        "Description": "august_relabel",
        "Status": "HOSTED",
        "StatusMessage": "The model is running.",
        "Performance": {"F1Score": 0.878049, "Recall": 0.9, "Precision": 0.857143},
        "OutputConfig": {"S3Location": {"Bucket": bucket, "Prefix": folder}},
        "EvaluationManifest": {
            "Bucket": bucket,
            "Key": f"{folder}EvaluationManifest-cap-seal-3.json",
        },
        "EvaluationResult": {"Bucket": bucket, "Key": f"{folder}EvaluationResult-cap-seal-3.json"},
        "EvaluationEndTimestamp": 1754299005.127,
        "KmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "MinInferenceUnits": 1,
        "MaxInferenceUnits": 4,
    }
    assert list(reply) == list(SERVICE["shapes"]["ModelDescription"]["members"])
    _, description = describe(connect(), reply)
    assert description == reply | {
        "CreationTimestamp": datetime(2025, 8, 4, 8, 30, 0, 412000, UTC),
        "EvaluationEndTimestamp": datetime(2025, 8, 4, 9, 16, 45, 127000, UTC),
    }


def test_client_passes_unknown_status_and_drops_unknown_member(connect: Callable[..., Any]) -> None:
    _, description = describe(connect(), {"Status": "RESTING", "Mood": "good"})
    assert description == {"Status": "RESTING"}
