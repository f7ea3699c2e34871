"""The benchmark runs; its figures mean something only on an idle machine, so none is judged."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from benchmarks.fleet import Fleet
from benchmarks.s3_process import KEYS, S3Process, s3_process
from tests.support.paths import REPOSITORY

BENCHMARK = REPOSITORY / "benchmarks" / "run.py"
SECTIONS = {
    "start": {"spawn to tools/list"},
    "command": {"lfv-mcp describe sample-cap-seal 3"},
    "calls": {
        "describe_model, HTTP, not cached",
        "  against the bare call, answered as boto3 does",
        "  against a tool that does nothing, ours cached",
    },
    "callers": {"20 identical calls at once, requests", "describe_model, in memory, 10 callers"},
    "manifest": {"analysis of a manifest of 100 lines"},
    "archive": {
        "index of 20 models to reading them",
        "spawn to the first describe_model: 20 models to 10",
    },
    "installed": {"packages beyond mcp and boto3"},
    "context": {"tools/list as a model sees it, to the bare call"},
    "scale": {
        "20 models, disk: first answer",
        "20 models, s3: first answer",
        "20 models + 1,500 images, s3: first answer",
        "20 models + 50 foreign, disk: first answer",
        "  three servers at once, the slowest",
        "  lfv-mcp list, against the first answer",
    },
    "files": {"deep arrays, 10.0 MB", "  seconds to the answer about the honest model"},
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_the_size_of_a_manifest_does_not_matter_to_memory() -> None:
    """From 100,000 images on: both sizes have more."""

    def peak(size: int) -> float:
        command = [sys.executable, str(BENCHMARK.with_name("stream.py")), str(size)]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(told.stdout)

    assert peak(120_000_000) <= 1.1 * peak(60_000_000)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.timeout(300)  # servers are started, many one after another
def test_the_short_form_runs_to_its_end(section: str, tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    command = [sys.executable, str(BENCHMARK), "--short", "--only", section, "--json", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(kept.read_bytes())
    assert {"python", "cores", "versions"} <= set(figures["machine"])
    assert SECTIONS[section] <= {row["name"] for row in figures["rows"]}


def test_no_section_is_left_out() -> None:
    run = ast.parse(BENCHMARK.read_bytes())
    (sections,) = (
        [ast.literal_eval(key) for key in node.value.keys if key]
        for node in run.body
        if isinstance(node, ast.AnnAssign)
        and ast.unparse(node.target) == "SECTIONS"
        and isinstance(node.value, ast.Dict)
    )
    assert sections == list(SECTIONS)


@pytest.mark.slow
def test_the_benchmark_of_archives_alone_runs_to_its_end() -> None:
    command = [sys.executable, str(BENCHMARK.with_name("archive.py")), "--models", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "20 models, 40 files" in done.stdout
    assert "memory of the index" in done.stdout


@pytest.mark.slow
def test_the_benchmark_of_a_command_alone_runs_to_its_end() -> None:
    command = [sys.executable, str(BENCHMARK.with_name("command.py")), "--runs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("describe sample-cap-seal 3: ")
    assert "ratio" in done.stdout


# The S3 that all of it is measured with, by boto3


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Process]:
    with s3_process() as started:
        yield started


@pytest.fixture(scope="module")
def connected(s3: S3Process) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, read_timeout=1, max_pool_connections=16),
    )


@pytest.fixture
def client(s3: S3Process, connected: Any) -> Any:
    """boto3, and an S3 that is well."""
    s3.control(faults=[], latency=0.0, generation=0)
    return connected


def listed(client: Any, bucket: str, **more: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, **more)
    return [item for page in pages for item in page.get("Contents", page.get("CommonPrefixes", ()))]


@pytest.mark.slow
def test_a_bucket_has_what_its_name_says(client: Any) -> None:
    fleet, bucket = Fleet(40, 2_500, 30), "fleet-40-images-2500-foreign-30"
    items = listed(client, bucket)
    assert [item["Key"] for item in items] == list(fleet) == sorted(fleet)
    for item in items[:400:7]:
        content = fleet.content(item["Key"])
        assert content is not None
        assert (item["Size"], item["ETag"]) == (len(content), f'"{md5(content).hexdigest()}"')
        assert client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() == content
    prefixes = [item["Prefix"] for item in listed(client, bucket, Delimiter="/")]
    assert prefixes == ["archive/", "foreign/", "images/"]
    pages = listed(
        client, bucket, Delimiter="/", Prefix="images/", PaginationConfig={"PageSize": 2}
    )
    assert [item["Prefix"] for item in pages] == ["images/000/", "images/001/", "images/002/"]
    one = {"Bucket": bucket, "Key": items[0]["Key"]}
    part = client.get_object(**one, Range="bytes=10-19", IfMatch=items[0]["ETag"])
    assert part["Body"].read() == (fleet.content(items[0]["Key"]) or b"")[10:20]
    assert part["ContentRange"] == f"bytes 10-19/{items[0]['Size']}"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.get_object(**one, IfMatch='"another"')


def test_a_fleet_that_changes_has_other_etags(s3: S3Process, client: Any) -> None:
    before = {item["Key"]: item["ETag"] for item in listed(client, "fleet-200")}
    s3.control(generation=1)
    after = {item["Key"]: item["ETag"] for item in listed(client, "fleet-200")}
    changed = {key for key, etag in after.items() if etag != before[key]}
    assert changed == {key for key in after if key.endswith("model.json") and "00009/" in key} | {
        key for key in after if key.endswith("model.json") and "00019/" in key
    }


def test_what_is_put_is_listed_and_read(client: Any) -> None:
    client.create_bucket(Bucket="written")
    client.put_object(Bucket="written", Key="a b/é&<.json", Body=b"1")
    client.put_object(Bucket="written", Key="once", Body=BytesIO(b"2" * 2_000_000), IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket="written", Key="once", Body=b"3", IfNoneMatch="*")
    client.upload_fileobj(BytesIO(b"4" * 20_000_000), "written", "in parts")
    client.copy_object(Bucket="written", Key="copy", CopySource="written/a b/é&<.json")
    assert {item["Key"]: item["Size"] for item in listed(client, "written")} == {
        "a b/é&<.json": 1,
        "copy": 1,
        "in parts": 20_000_000,
        "once": 2_000_000,
    }
    client.delete_object(Bucket="written", Key="once")
    client.delete_objects(Bucket="written", Delete={"Objects": [{"Key": "in parts"}]})
    assert [item["Key"] for item in listed(client, "written")] == ["a b/é&<.json", "copy"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        client.get_object(Bucket="written", Key="once")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        client.list_objects_v2(Bucket="never-made")


KEY = "archive/line-00000/1/EvaluationManifest.json"


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("SlowDown", "SlowDown"),
        ("InternalError", "InternalError"),
        ("AccessDenied", "AccessDenied"),
        ("KMS.DisabledException", "KMS.DisabledException"),
        ("InvalidObjectState", "InvalidObjectState"),
    ],
)
def test_it_refuses_as_s3_does(s3: S3Process, client: Any, fault: str, seen: str) -> None:
    s3.fail({"fault": fault, "kinds": ["get"]})
    with pytest.raises(ClientError) as refused:
        client.get_object(Bucket="fleet-10", Key=KEY)
    assert refused.value.response["Error"]["Code"] == seen
    assert listed(client, "fleet-10")
    s3.fail({"fault": fault, "kinds": ["list"], "share": 0.5})
    told = []
    for _ in range(4):
        try:
            told.append(len(listed(client, "fleet-10")))
        except ClientError:
            told.append(0)
    assert told == [30, 0, 30, 0]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["hang", "stall", "reset", "cut", "refuse"])
def test_it_breaks_off(s3: S3Process, client: Any, fault: str) -> None:
    s3.fail({"fault": fault, "kinds": ["get"]})
    expected = {
        "hang": ReadTimeoutError,
        "stall": ReadTimeoutError,
        "refuse": ConnectionClosedError,
    }
    with pytest.raises(expected.get(fault, ResponseStreamingError)):
        client.get_object(Bucket="fleet-10", Key=KEY)["Body"].read()
    s3.fail()
    assert client.get_object(Bucket="fleet-10", Key=KEY)["Body"].read()


@pytest.mark.slow
def test_no_request_waits_for_another(s3: S3Process, client: Any) -> None:
    s3.control(latency=0.5, forget=True)
    keys = [key for key in Fleet(10) if "Manifest" not in key][:16]
    start = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(lambda key: client.get_object(Bucket="fleet-10", Key=key)["Body"].read(), keys)
        )
    seconds = time.monotonic() - start
    counted = s3.control()
    assert 0.5 <= seconds < 16 * 0.5 / 2
    assert counted["requests"] == {"get": 16}
    assert counted["objects_read"] == counted["most_connections_at_once"] == 16


@pytest.mark.slow
@pytest.mark.timeout(180)  # every outcome of two small test sets is weighed
def test_verdicts_on_small_test_sets_err_within_their_bounds() -> None:
    command = [sys.executable, str(BENCHMARK.with_name("verdicts.py")), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nmissed: none (" in done.stdout
    for row in (
        "equal models called better or worse",
        "rejected, both questions at the given margins",
        "difference, same images",
        "difference of ROC AUC, same images",
    ):
        assert f"| {row} |" in done.stdout


def test_the_page_shows_the_whole_simulation_with_its_date() -> None:
    page = (REPOSITORY / "docs" / "statistics.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- simulation -->\n")
    shown, _, _ = rest.partition("<!-- /simulation -->")
    assert re.match(
        r"\d\d \w+ 20\d\d; lfv-mcp [\d.]+, .*; seed \d+, \d\d,\d{3} runs a place", shown
    )
    for bound in ("≤ 5.0%", "≤ 3.0%", "≤ 3.3%", "≤ 4.2%", "≤ 6.5%", "≥ 95.0%"):
        assert bound in shown
    means = [float(share) for share in re.findall(r"\| (?:exact|drawn) \| ([\d.]+)% \|", shown)]
    assert len(means) == 14
    assert min(means) >= 94
