"""The command export: what it writes, equal to the answers, and what it refuses to write."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from lfv_mcp.archive.sample import SAMPLE as SAMPLE_FOLDER
from lfv_mcp.cli import mlflow_store
from scripts.checks import ROOT
from tests.support.clients import run
from tests.support.sagemaker_schema import CONTENT
from tests.support.successors import as_csv, truths, verdicts

PROJECT: Final = "sample-weld-bead"
SAMPLE: Final = ("--source", "sample")
PAGE: Final = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")


def exported(*words: object) -> str:
    result = run("export", *words, "--to", "-")
    assert result.exit_code == 0, result.output
    return result.stdout


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def answer(command: str, *words: object) -> dict[str, Any]:
    result = run(command, *words, "--json")
    assert result.exit_code == 0, result.output
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The sample as an archive, with the prediction set `new`."""
    folder = tmp_path / "archive"
    shutil.copytree(SAMPLE_FOLDER, folder)
    table = tmp_path / "new.csv"
    table.write_bytes(as_csv(verdicts(truths())))
    named = ("--predictions", "new", "--project", PROJECT)
    imported = run("archive", "import", table, *named, "--to", folder)
    assert imported.exit_code == 0, imported.output
    return folder


def test_a_portfolio_has_the_listing_and_measured_rates() -> None:
    rows = rows_of(exported(PROJECT, "--format", "csv", *SAMPLE))
    models = answer("list", PROJECT, *SAMPLE)["models"]
    assert [row["model_version"] for row in rows] == [each["model_version"] for each in models]
    report = answer("evaluate", PROJECT, "3", *SAMPLE)
    row = next(row for row in rows if row["model_version"] == "3")
    rates = report["metrics"]
    assert float(row["measured_recall_low"]) == rates["recall"]["low"]
    assert float(row["measured_false_alarm_rate"]) == rates["false_alarm_rate"]["value"]
    assert int(row["true_positives"]) == report["confusion"]["true_positives"]
    assert "ynthetic" in row["note"]
    assert "31 October 2025" in row["note"]


def test_a_project_that_is_left_out_means_every_project() -> None:
    rows = rows_of(exported("--format", "csv", *SAMPLE))
    assert len(rows) == len(answer("list", *SAMPLE)["models"])
    assert len({row["project_name"] for row in rows}) > 1


def test_images_are_those_that_are_counted() -> None:
    rows = rows_of(exported(PROJECT, "3", "--format", "csv", *SAMPLE))
    counts = answer("evaluate", PROJECT, "3", *SAMPLE)["confusion"]
    outcomes = [row["outcome"] for row in rows]
    assert outcomes.count("missed") == counts["false_negatives"]
    assert outcomes.count("false_alarm") == counts["false_positives"]
    assert outcomes.count("right") == counts["true_positives"] + counts["true_negatives"]


def metrics_of(card: dict[str, Any]) -> dict[str, Any]:
    (evaluation,) = card["evaluation_details"]
    groups = evaluation["metric_groups"]
    return {each["name"]: each["value"] for group in groups for each in group["metric_data"]}


@pytest.mark.parametrize("version", ["3", "new"])
def test_cards_have_the_figures_of_the_report(archive: Path, version: str) -> None:
    where = (PROJECT, version, "--source", archive)
    recall = answer("evaluate", *where)["metrics"]["recall"]
    card = json.loads(exported(*where, "--format", "sagemaker"))
    jsonschema.validate(card, CONTENT)
    metrics = metrics_of(card)
    found = {end: metrics[f"recall{name}"] for end, name in NAMES.items()}
    assert found == {end: recall[end] for end in NAMES}
    assert card["model_overview"].get("model_version") == (3 if version == "3" else None)
    assert "thresholds" in str(card).lower()
    front = yaml.safe_load(exported(*where, "--format", "huggingface").split("---\n")[1])
    (result,) = front["model-index"][0]["results"]
    on_hub = {each["type"]: each["value"] for each in result["metrics"]}
    assert {end: on_hub[f"recall{name}"] for end, name in NAMES.items()} == found
    kind = "describe_model" if version == "3" else "predictions"
    assert front["lfv_mcp"]["source_basis"] == kind


NAMES: Final = {"value": "", "low": "_low", "high": "_high"}


def test_the_images_of_a_prediction_set_are_exported(archive: Path) -> None:
    rows = rows_of(exported(PROJECT, "new", "--format", "csv", "--source", archive))
    assert {row["model_version"] for row in rows} == {"new"}
    assert len(rows) == answer("evaluate", PROJECT, "new", "--source", archive)["test_images"]


def test_a_file_in_a_folder_is_named_after_the_model(tmp_path: Path) -> None:
    words = ("export", PROJECT, "--format", "huggingface", "--to", tmp_path, *SAMPLE)
    result = run(*words)
    (file,) = tmp_path.iterdir()
    assert file.name == f"{PROJECT}-4.md"
    assert f"version 4 of {PROJECT}" in result.stderr
    before = file.read_bytes()
    file.write_bytes(b"mine")
    refused = run(*words)
    assert (refused.exit_code, file.read_bytes()) == (1, b"mine")
    assert "--replace" in refused.stderr
    replaced = run(*words, "--replace", "--json")
    assert (replaced.exit_code, file.read_bytes()) == (0, before)
    assert json.loads(replaced.stdout)["to"] == str(file)


@pytest.mark.parametrize("form", ["csv", "sagemaker", "huggingface"])
def test_unread_evidence_writes_nothing(archive: Path, tmp_path: Path, form: str) -> None:
    manifests = [f for f in archive.rglob("*anifest*") if PROJECT in f.name and "-3" in f.name]
    assert manifests
    for each in manifests:
        each.write_bytes(b'{"source-ref": "s3://')
    out = tmp_path / "out"
    words = ("export", PROJECT, "3", "--format", form, "--to", out, "--source", archive)
    result = run(*words)
    assert result.exit_code == 1, result.output
    assert "[export_incomplete]" in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        ((PROJECT, "3", "--format", "csv", "--to", "s3://bucket/x"), 1, "not on this machine"),
        ((PROJECT, "", "--format", "csv", "--to", "-"), 1, "VERSION is empty"),
        (("--format", "sagemaker", "--to", "-"), 2, "PROJECT"),
        ((PROJECT, "--format", "csv", "--to", "-", "--json"), 2, "--json"),
        ((PROJECT, "99", "--format", "sagemaker", "--to", "-"), 1, "99"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], exit_code: int, said: str) -> None:
    result = run("export", *words, *SAMPLE)
    assert result.exit_code == exit_code, result.output
    assert said in result.stderr


def test_mlflow_names_its_install_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mlflow_store, "find_spec", lambda _: None)
    to = tmp_path / "runs"
    result = run("export", PROJECT, "3", "--format", "mlflow", "--to", to, *SAMPLE)
    assert result.exit_code == 1
    assert "pip install 'mlflow>=3.10,<4'" in result.stderr
    assert not to.exists()


@pytest.mark.parametrize("password", ["s3cret", "s3/cret", "s3?cret", "s3#cret", "s3@cret"])
@pytest.mark.parametrize("scheme", ["http", "https", "postgresql"])
def test_a_password_of_a_store_is_not_shown(scheme: str, password: str) -> None:
    shown = mlflow_store.shown(f"{scheme}://someone:{password}@host:5000/path?token=s3cret")
    assert shown == f"{scheme}://host:5000/path"


@pytest.mark.slow
def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for line in PAGE.splitlines() if line.startswith("lfv-mcp export")]
    assert len(lines) == 5
    for line in lines:
        if "mlflow" not in line:  # which `nox -s external-exports` runs
            result = run(*shlex.split(line)[1:])
            assert result.exit_code == 0, result.output
    written = {each.name for each in tmp_path.iterdir()}
    assert written == {"portfolio.csv", "images.csv", "card.json", "README.md"}
