"""docs/dataset.md: its commands run in their order, over a bucket as the page describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from scripts.checks import ROOT
from tests.end_to_end.test_documented_commands import COMMANDS, OURS, words
from tests.support.clients import run
from tests.support.datasets import as_lines, labelled
from tests.support.s3 import CREDENTIALS, Buckets
from tests.support.successors import WELD_BEAD, as_csv, truths, verdicts

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "dataset.md"
SAMPLES = "sample-lookoutvision-1a2b3c4d5e"
SHARED = 5
"""Test images that are planted among those to train on."""


def uri(split: str, number: int) -> str:
    return f"s3://my-bucket/weld-bead/images/{split}/{number:03}.png"


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home, and a bucket with the old model's evaluation, its datasets and its images."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    tested = [(image.replace(SAMPLES, "my-bucket"), bad) for image, bad in truths()]
    train = [labelled(uri("train", n), "anomaly" if n % 4 == 0 else "normal") for n in range(60)]
    train += [labelled(image, "anomaly" if bad else "normal") for image, bad in tested[:SHARED]]
    test = [labelled(uri("test", n), "anomaly" if n % 2 else "normal") for n in range(40)]
    manifest = (WELD_BEAD / "EvaluationManifest-sample-weld-bead-3.json").read_text("utf-8")
    manifest = manifest.replace(SAMPLES, "my-bucket").replace("sample-weld-bead", "weld-bead")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
        Buckets().make(
            "my-bucket",
            {
                "weld-bead/output/EvaluationManifest.json": manifest.encode(),
                "datasets/train.manifest": as_lines(train).encode(),
                "datasets/test.manifest": as_lines(test).encode(),
                **{uri("train", n).partition("my-bucket/")[2]: b"x" for n in range(60)},
                **{uri("test", n).partition("my-bucket/")[2]: b"x" for n in range(40)},
            },
        )
        (tmp_path / "predictions.csv").write_bytes(as_csv(verdicts(tested)))
        yield tmp_path
    finally:
        s3_backends.reset()
        server.stop()


def test_the_page_from_its_start_to_its_end(prepared: Path) -> None:
    shown = [c for c in COMMANDS if c.page == PAGE and words(c.text)[0] in OURS]
    assert len(shown) >= 10
    said: dict[str, str] = {}
    for command in shown:
        arguments = [re.sub("^~", str(prepared), word) for word in words(command.text)[1:]]
        if arguments[:2] == ["dataset", "check"]:
            assert run(*arguments).exit_code in {0, 1}, command.text
            continue
        result = run(*arguments)
        assert result.exit_code == 0, f"{command.text}\n{result.output}"
        said[" ".join(arguments[:2])] = result.output
    assert "retrained" in said["inventory weld-bead"]
    assert (prepared / "problems.csv").is_file()
    converted = [
        json.loads(line)
        for line in (prepared / "converted" / "train.manifest").read_text("utf-8").splitlines()
    ]
    assert len(converted) == 60 + SHARED
    assert all(line["source-ref"].startswith("s3://new-bucket/") for line in converted[:60])
    archive = ("--source", prepared / "lfv-archive", "--json")
    compared = json.loads(run("compare", "weld-bead", "3", "padim", *archive).stdout)
    assert "tested_on_training_images" in {found["code"] for found in compared["findings"]}
    against = run(
        "dataset", "check", "s3://my-bucket/datasets/train.manifest",
        *("--against", "weld-bead", "3", *archive),
    )  # fmt: skip
    assert against.exit_code == 1
    shared = [each for each in json.loads(against.stdout)["overlaps"] if each["evidence"] == "uri"]
    assert [each["images"] for each in shared] == [SHARED]
