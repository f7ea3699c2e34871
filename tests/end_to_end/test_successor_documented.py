"""docs/successor.md: its commands run in their order, with the files that its systems write."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from scripts.checks import ROOT
from tests.end_to_end.test_documented_commands import COMMANDS, OURS, ran, words
from tests.support.clients import run
from tests.support.s3 import CREDENTIALS, Buckets
from tests.support.successors import (
    WELD_BEAD,
    as_captures,
    as_csv,
    as_out,
    confusion,
    truths,
    verdicts,
    write,
)

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "successor.md"


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with all that the page takes for granted; the old model's images in a bucket."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = verdicts(truths())
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
        objects = {f"transform-output/{key}": data for key, data in as_out(found).items()}
        Buckets().make("my-bucket", objects)
        write(tmp_path / "inference-results", as_captures(found))
        (tmp_path / "predictions.csv").write_bytes(
            as_csv(found, image=lambda each: f"/data/images/{each.key}")
        )
        (tmp_path / "labelled.csv").write_bytes(as_csv(verdicts(truths(), wrong=0.02), truth=True))
        shared = [{"source-ref": each.uri} for each in found[:2]]
        (tmp_path / "train.manifest").write_text("\n".join(map(json.dumps, shared)), "utf-8")
        manifest = (WELD_BEAD / "EvaluationManifest-sample-weld-bead-3.json").read_text("utf-8")
        saved = tmp_path / "saved" / "EvaluationManifest.json"
        saved.parent.mkdir()
        saved.write_text(manifest.replace("sample-weld-bead", "weld-bead"), encoding="utf-8")
        ran(["archive", "import", str(saved.parent), "--to", str(tmp_path / "lfv-archive")])
        yield tmp_path
    finally:
        s3_backends.reset()
        server.stop()


def test_the_page_from_its_start_to_its_end(prepared: Path) -> None:
    archive = ["--source", str(prepared / "lfv-archive")]
    told: list[str] = []
    shown = [c for c in COMMANDS if c.page == PAGE and words(c.text)[0] in OURS]
    assert len(shown) > 10
    for command in shown:
        arguments = [re.sub("^~", str(prepared), word) for word in words(command.text)[1:]]
        if arguments == ["list"]:
            continue  # named in passing
        if arguments[0] == "gate":
            assert run(*arguments).exit_code in {0, 1}  # it decides; what, the next lines say
        else:
            told.append(ran(arguments))
    asked = run("compare", "weld-bead", "3", "marketplace", "station", "padim", "--json", *archive)
    _, *rows = json.loads(asked.stdout)["models"]
    counts = confusion(verdicts(truths()))
    for row in rows:  # the same verdicts, in three formats
        assert row["matching"]["by_uri"] + row["matching"]["by_key"] == 100
        assert row["recall"] == rows[0]["recall"]
        assert row["false_alarm_rate"] == rows[0]["false_alarm_rate"]
        evaluated = run("evaluate", "weld-bead", row["model_version"], "--json", *archive)
        seen = json.loads(evaluated.stdout)["confusion"]
        assert {name: seen[name] for name in counts} == counts
    trained = run("compare", "weld-bead", "3", "padim_2", "--json", *archive)
    assert json.loads(trained.stdout)["models"][1]["matching"]["trained_on"] == 2
    assert "marketplace" in (prepared / "accepted.html").read_text(encoding="utf-8")
    with (prepared / "changed.csv").open(newline="", encoding="utf-8") as file:
        changed = list(csv.DictReader(file))
    assert changed
    gate = run("gate", "weld-bead", "marketplace", "--baseline", "3", *archive)
    assert (gate.exit_code == 0) is (rows[0]["replacement"] == "accept")
