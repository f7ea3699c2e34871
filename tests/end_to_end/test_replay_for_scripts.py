"""A replay under scripts that rely on what the service always sent, with a boto3 of today."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.clients import door
from tests.support.paths import REPOSITORY
from tests.support.saved_records import described, listed, project_of, result_of, write

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

UNKNOWN_TIME: Final = "1970-01-01 00:00:00+00:00"


def environment(**more: str) -> dict[str, str]:
    """The shell's, without settings that a test has not asked for."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
    return {**kept, "TZ": "UTC", **more}


@contextmanager
def replaying(source: Path | str) -> Iterator[tuple[str, str]]:
    """`lfv-mcp replay`: its URL, and the folder that it names for AWS_DATA_PATH."""
    command = [sys.executable, "-m", "lfv_mcp", "replay", "--source", str(source)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=environment()
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            url = process.stdout.readline().strip()
            said = process.stderr.readline() + process.stderr.readline()
            folder = re.search(r"AWS_DATA_PATH=(.+)", said)
            assert folder, said
            yield url, folder[1].strip()
        finally:
            process.terminate()


def script(code: list[str], url: str, folder: str) -> subprocess.CompletedProcess[str]:
    """A Python program of its own, with the settings that the documentation gives a script."""
    settings = {
        "AWS_ENDPOINT_URL_LOOKOUTVISION": url,
        "AWS_DATA_PATH": folder,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return subprocess.run(
        [sys.executable, *code],
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )


def walked(source: Path | str) -> list[dict[str, Any]]:
    """What the walk of the published examples sees; it ends with a KeyError if one is missing."""
    with replaying(source) as (url, folder):
        done = script([str(REPOSITORY / "scripts" / "walk_examples.py")], url, folder)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_examples_run_over_saved_descriptions(tmp_path: Path) -> None:
    """Nobody saved a project, so its datasets are not known: there are none to show."""
    write(tmp_path, "d.json", {"ModelDescription": described(Status="HOSTED")})
    project, model, hosted = walked(tmp_path)
    assert project["datasets"] == []
    assert project["made"] == [UNKNOWN_TIME] * 2
    assert model["status"] == "HOSTED"
    assert model["message"] == "Training completed successfully."
    assert model["took"] == "0:46:44.715000"
    assert hosted["arn"] == described()["ModelArn"]


def test_examples_run_over_models_rebuilt_from_evaluation_files(tmp_path: Path) -> None:
    """No status is made up: what nobody saved is sent as an empty value."""
    write(tmp_path, "r.json", result_of())
    _, model = walked(tmp_path)
    assert (model["status"], model["message"], model["made"]) == ("", "", UNKNOWN_TIME)
    assert model["listed"] == ["", "", UNKNOWN_TIME]
    assert model["output"] == {"Bucket": "", "Prefix": ""}


def test_examples_run_over_a_listing(tmp_path: Path) -> None:
    """What only DescribeModel says is empty, its numbers are those of the listing."""
    write(tmp_path, "l.json", {"Models": [listed(described())], "Projects": [project_of()]})
    _, model = walked(tmp_path)
    assert model["metrics"] == [0.9, 1.0, 0.8780487804878049]
    assert (model["output"], model["manifest"]) == ("s3:///", "s3:///")


def test_no_metric_is_made_up(tmp_path: Path) -> None:
    """Of a trained model without metrics the examples stop, as the documentation says."""
    write(tmp_path, "d.json", {"ModelDescription": described(Performance=...)})
    with replaying(tmp_path) as (url, folder):
        done = script([str(REPOSITORY / "scripts" / "walk_examples.py")], url, folder)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "KeyError: 'Performance'"


async def test_what_a_replay_fills_in_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server before a replay says of each model what one over the archive itself says."""
    saved = tmp_path / "saved"
    write(saved, "r.json", result_of())
    write(saved, "l.json", {"Models": [listed(described(version=4, StatusMessage=...))]})
    write(saved, "d.json", {"ModelDescription": described(version=5, CreationTimestamp="March")})
    answers = []
    for name, value in (("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with replaying(saved) as (url, _):
        for source in (str(saved), "live"):
            monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", url)
            async with door(source, region="us-east-1" if source == "live" else None) as ask:
                models = [await ask.describe("cap-seal", version) for version in "345"]
                rows = (await ask.list("cap-seal"))["models"]
            # What an archive holds, a server before its replay does not see.
            of_archive = ("captured_at", "test_images", "held", "finding")
            rows = [{n: v for n, v in row.items() if n not in of_archive} for row in rows]
            shown = ("status", "model_description", "hosting", "artifacts", "findings")
            unalike = ("evidence_at_hand",)
            for model in models:
                model["findings"] = [f for f in model["findings"] if f["code"] not in unalike]
            answers.append(([{n: m.get(n) for n in shown} for m in models], rows))
    assert answers[0] == answers[1]
    assert "CreationTimestamp left out: 'March'" in json.dumps(answers[1])


def test_todays_aws_cli_library_knows_the_service_by_the_folder() -> None:
    """`AWS_DATA_PATH` is botocore's own setting, which the AWS CLI has too."""
    ask = "import boto3; print(boto3.client('lookoutvision').list_projects()['Projects'][0])"
    with replaying("sample") as (url, folder):
        assert (Path(folder) / "lookoutvision" / "2020-11-20" / "service-2.json").is_file()
        known = script(["-c", ask], url, folder)
        unknown = script(["-c", ask], url, "")
    assert (known.returncode, known.stderr) == (0, "")
    assert "sample-" in known.stdout
    assert "UnknownServiceError" in unknown.stderr
