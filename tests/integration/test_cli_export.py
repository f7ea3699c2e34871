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
from lfv_mcp.errors import CallerError
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


SECRET: Final = "hunter2"
URLS: Final = (
    f"http://me:{SECRET}@host/x",
    f"https://me:a/{SECRET}@b@host/x",
    f"ftp://{SECRET}@host",
    f"https://bucket.s3.amazonaws.com/k?X-Amz-Signature={SECRET}",
    f"https://bucket.s3.amazonaws.com/k?X-Amz-Security-Token={SECRET}&x=1",
    f"https://account.blob/k?sv=1&sig={SECRET}",
    f"http://me:{'x' * 400}{SECRET}@host",
)
PLACES: Final = (
    ("export", PROJECT, "3", "--format", "csv", "--to"),
    ("export", PROJECT, "3", "--format", "csv", "--to", "-", "--source"),
    ("list", "--source"),
    ("archive", "check"),
    ("archive", "import", "--to"),
    ("archive", "pack", "--to"),
    ("dataset", "check"),
    ("inventory", "--images"),
    ("describe", PROJECT, "3", "--html"),
    ("compare", PROJECT, "2", "3", "--csv"),
    ("gate", PROJECT, "3", "--recall-at-least", "0.5", "--junit"),
    ("doctor", "--source"),
)


@pytest.mark.parametrize("command", PLACES, ids=" ".join)
@pytest.mark.parametrize("url", URLS)
def test_no_command_prints_a_password_of_a_place(
    command: tuple[str, ...], url: str, tmp_path: Path
) -> None:
    words = [*command, url]
    if command[:2] in (("archive", "import"), ("archive", "pack")):
        words.append(str(tmp_path))
    for more in ([], ["--json"]):
        if more and (command[0] == "export" or command[-1] == "--junit"):
            continue
        result = run(*words, *more)
        assert result.exit_code, result.output
        assert SECRET not in result.output


@pytest.mark.parametrize("flag", ["--predictions", "--trained-on"])
def test_a_place_of_predictions_prints_no_password(flag: str) -> None:
    for url in URLS:
        result = run("compare", PROJECT, "2", "3", flag, f"new={url}", *SAMPLE)
        assert result.exit_code, result.output
        assert SECRET not in result.output


@pytest.mark.parametrize("form", ["sagemaker", "huggingface"])
@pytest.mark.parametrize("version", ["4", "5"])
def test_a_model_without_evaluation_is_exported_without_figures(form: str, version: str) -> None:
    result = run("export", "sample-cap-seal", version, "--format", form, "--to", "-", *SAMPLE)
    assert result.exit_code == 0, result.output
    assert "No evaluation file is held" in result.stderr
    if form == "huggingface":
        assert "model-index" not in yaml.safe_load(result.stdout.split("---\n")[1])
        return
    card = json.loads(result.stdout)
    jsonschema.validate(card, CONTENT)
    assert metrics_of(card) == {}


def described_alone(folder: Path) -> Path:
    """An archive of descriptions: what a script saved that asked DescribeModel and no more."""
    target = folder / "described"
    shutil.copytree(SAMPLE_FOLDER / "describe-model", target)
    return target


@pytest.mark.parametrize("form", ["sagemaker", "huggingface", "csv"])
def test_figures_of_a_description_are_exported_as_reported(tmp_path: Path, form: str) -> None:
    where = ("--source", described_alone(tmp_path), "--held-only")
    version = [] if form == "csv" else ["3"]
    result = run("export", PROJECT, *version, "--format", form, "--to", "-", *where)
    assert result.exit_code == 0, result.output
    recall = answer("describe", PROJECT, "3", *where[:2])["performance"]["recall"]
    if form == "csv":
        row = next(row for row in rows_of(result.stdout) if row["model_version"] == "3")
        assert (float(row["recall"]), row["measured_recall"]) == (recall, "")
    elif form == "sagemaker":
        card = json.loads(result.stdout)
        jsonschema.validate(card, CONTENT)
        assert metrics_of(card)["reported_recall"] == recall
        assert "recall" not in metrics_of(card)
    else:
        front = yaml.safe_load(result.stdout.split("---\n")[1])
        (found,) = front["model-index"][0]["results"]
        by_name = {each["type"]: each["value"] for each in found["metrics"]}
        assert by_name["reported_recall"] == recall
        assert "recall" not in by_name


def test_unread_evidence_is_named_with_its_model_and_a_way_on(
    archive: Path, tmp_path: Path
) -> None:
    for each in archive.rglob("*anifest-sample-weld-bead-3*"):
        each.unlink()
    to = tmp_path / "all.csv"
    words = ("export", PROJECT, "--format", "csv", "--to", to, "--source", archive)
    refused = run(*words)
    assert refused.exit_code == 1
    assert f"model/{PROJECT}/3" in refused.stderr
    assert "--held-only" in refused.stderr
    assert not to.exists()
    written = run(*words, "--held-only")
    assert written.exit_code == 0, written.output
    row = next(row for row in rows_of(to.read_text()) if row["model_version"] == "3")
    report = answer("evaluate", PROJECT, "3", *SAMPLE)
    assert row["true_positives"] == str(report["confusion"]["true_positives"])  # out of its result


@pytest.mark.parametrize("to", ["new/", "new/deeper/"])
def test_a_name_that_ends_like_a_folder_is_one(tmp_path: Path, to: str) -> None:
    words = ("export", PROJECT, "3", "--format", "csv", "--to", f"{tmp_path}/{to}", *SAMPLE)
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert (tmp_path / to / f"{PROJECT}-3.csv").is_file()
    again = run(*words)
    assert (again.exit_code, "--replace" in again.stderr) == (1, True)


@pytest.mark.parametrize("to", ["S3://b/x", "s3a://b/x", "s3:b", "arn:aws:s3:::b/x", "https://h/x"])
def test_what_is_elsewhere_is_not_spelled_anew(to: str) -> None:
    result = run("export", PROJECT, "3", "--format", "csv", "--to", to, *SAMPLE)
    assert result.exit_code == 1
    assert "not on this machine" in result.stderr
    assert "Write it as" not in result.stderr


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("localhost:5000", "http://localhost:5000"),
        ("mlflow.plant:80/x", "http://mlflow.plant:80/x"),
        (f"me:{SECRET}@host", "http://host"),
        (f"me:{SECRET}@host:5000/x", "http://host:5000/x"),
        ("databricks", "Databricks"),
        ("databricks://profile", "no tracking store"),
        ("sqlite:////nope/never/x.db", "no folder"),
        ("sqlite:y.db", "no tracking store"),
        ("sqlite://y.db", "no tracking store"),
        ("sqlite:///", "sqlite:/// takes a file"),
        ("runs?x", "a path with ?"),
        ("a%20b", "a path with %"),
        (f"sqlite:///x.db?password={SECRET}", "a path with ?"),
    ],
)
def test_a_store_that_is_no_folder_is_not_made_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CallerError) as refused:
        mlflow_store.tracking_store(to)
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


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
