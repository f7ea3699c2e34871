"""Through the front door: check, evaluate and import agree on whatever a file was saved as."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.archives import imported
from tests.support.clients import run, table
from tests.support.saved_records import described, lines, manifest_of, response, result_of, write
from tests.support.spellings import CONTAINERS, ENCODINGS, NOTATIONS

ANSWER: Final = response("ModelDescription", described(EvaluationManifest=...), None)
RESULT: Final = result_of()
MANIFEST: Final = [json.loads(line) for line in manifest_of().splitlines()]


def evaluated(folder: Path) -> dict[str, Any]:
    """The counts that `evaluate` gives."""
    result = run("evaluate", "cap-seal", "3", "--source", folder, "--json")
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    assert not {"evaluation_manifest_unread", "evaluation_result_unread"} & {
        found["code"] for found in report["findings"]
    }
    return {name: report[name] for name in ("confusion", "metrics", "reported")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("plain")
    write(folder, "answer.json", ANSWER)
    write(folder, "result.json", RESULT)
    write(folder, "manifest.json", manifest_of())
    return evaluated(folder)


@pytest.mark.parametrize(
    ("notation", "encoding", "container"),
    [
        ("JSON Lines", "UTF-8", "zip"),
        ("pretty", "UTF-8", "plain"),
        ("pretty array", "UTF-16", "gzip"),
        ("array", "UTF-8 with a mark", "tar.gz"),
        ("printed", "UTF-8", "xz"),
        ("notebook", "UTF-16 without a mark", "bzip2"),
        ("log", "UTF-8", "zip of gzip"),
        ("strings of JSON", "UTF-32", "tar"),
    ],
)
def test_check_evaluate_and_import_agree(
    notation: str, encoding: str, container: str, tmp_path: Path, plain: dict[str, Any]
) -> None:
    saved = tmp_path / "saved"
    for name, documents in (("a", [ANSWER]), ("b.zip", [RESULT]), ("c.json", MANIFEST)):
        text = NOTATIONS[notation](documents)
        write(saved, name, CONTAINERS[container](ENCODINGS[encoding](text)))
    target = tmp_path / "target"
    imported(target, saved)
    for folder in (saved, target):
        counts = table(run("archive", "check", folder).output)
        assert counts["with a DescribeModel answer"] == 1
        assert counts["with an evaluation result"] == 1
        assert counts["with an evaluation manifest"] == 1
        assert counts["corrupt"] == counts["unread"] == counts["foreign"] == 0
        assert evaluated(folder) == plain


def test_everything_in_one_zip(tmp_path: Path, plain: dict[str, Any]) -> None:
    tmp_path.joinpath("saved").mkdir()
    with zipfile.ZipFile(tmp_path / "saved" / "all.zip", "w") as archive:
        archive.writestr("a.json", json.dumps(ANSWER))
        archive.writestr("output/other.json", manifest_of(version=4))
        archive.writestr("output/manifest.json", manifest_of())
        archive.writestr("output/result.json", json.dumps(RESULT))
    assert evaluated(tmp_path / "saved") == plain
    imported(tmp_path / "target", tmp_path / "saved")
    assert evaluated(tmp_path / "target") == plain


def test_what_is_not_read_is_named_with_what_converts_it(tmp_path: Path) -> None:
    write(tmp_path, "good.json", ANSWER)
    for protocol in range(1, 6):
        write(tmp_path, f"{protocol}.pkl", pickle.dumps(ANSWER, protocol))
    write(tmp_path, "other.pkl", pickle.dumps({"weights": [1, 2]}))
    har = {"log": {"version": "1.2", "entries": [{"response": {"content": {"text": "x"}}}]}}
    write(tmp_path, "a.har", har | {"arn": ANSWER["ModelDescription"]["ModelArn"]})
    event = {"eventSource": "lookoutvision.amazonaws.com", "responseElements": None}
    write(tmp_path, "trail.json", {"Records": [event]})
    write(tmp_path, "trail2.json", {"Records": [event | {"responseElements": {"a": 1}}]})
    write(tmp_path, "nested.zip", CONTAINERS["zip"](CONTAINERS["zip"](lines([ANSWER]))))
    output = run("archive", "check", tmp_path).output
    told = {line.split("'")[1]: line for line in output.splitlines() if "'" in line}
    for name in [f"{protocol}.pkl" for protocol in range(1, 6)]:
        assert told[name].startswith("unread")
        assert "pickle.load" in told[name]
    assert told["other.pkl"].startswith("foreign")
    assert told["a.har"].startswith("unread")
    assert "jq -c '.log.entries" in output
    assert told["trail.json"].startswith("foreign")
    assert told["trail2.json"].startswith("unread")
    assert told["nested.zip"].startswith("unread")
    assert table(output)["models"] == 1
