"""Exports read back by the systems that they are for, equal to the answers they were made of.

`python -m scripts.check_exports` installs, once, into environments of their own below
$LFV_TEST_CACHE (else .cache): pandas, huggingface_hub and MLflow beside `lfv-mcp[mlflow]`, and the
SageMaker SDK (below 3, which has no `model_card`) with boto3. A version and a prediction set of the
sample go through every format, MLflow's over HTTP too. No AWS account. One line per check, then
"N passed, N failed"; exits 1 if any failed.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import textwrap
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from scripts.checks import ROOT, check, environment, finish, must, run, say, venv

READERS: Final = ("mlflow==3.17.2", "huggingface_hub==2.4.0", "pandas==3.1.1")
SAGEMAKER: Final = ("sagemaker==2.257.7", "boto3==1.44.8")
PROJECT: Final = "sample-weld-bead"
_SAMPLE: Final = ROOT / "lfv_mcp" / "archive" / "_sample"
_CSV: Final = """
import json, sys, pandas
kinds = {"model_version": str}
rows = pandas.read_csv(sys.argv[1], dtype=kinds, float_precision="round_trip").astype(object)
print(json.dumps(rows.where(rows.notna(), None).to_dict(orient="records")))
"""
_HUB: Final = """
import json, pathlib, sys
from huggingface_hub import ModelCard
results = ModelCard(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")).data.eval_results
kinds = {(r.task_type, r.dataset_type, r.dataset_name) for r in results}
print(json.dumps([{r.metric_type: r.metric_value for r in results}, sorted(kinds)]))
"""
_MLFLOW: Final = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
found = []
for experiment in client.search_experiments():
    for run in client.search_runs([experiment.experiment_id]):
        names = sorted(each.path for each in client.list_artifacts(run.info.run_id))
        path = client.download_artifacts(run.info.run_id, "answers.json", sys.argv[2])
        found.append({"experiment": experiment.name, "status": run.info.status,
            "metrics": run.data.metrics, "params": run.data.params, "tags": run.data.tags,
            "files": names, "answers": json.load(open(path, encoding="utf-8"))})
print(json.dumps(found))
"""
_CARD: Final = """
import datetime, json, os, pathlib, sys
from unittest.mock import MagicMock
import boto3
from botocore.validate import ParamValidator
from sagemaker.model_card import ModelCard
text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
shape = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
wanted = {"ModelCardName": "card", "Content": text, "ModelCardStatus": "Draft"}
problems = ParamValidator().validate(wanted, shape.operation_model("CreateModelCard").input_shape)
session = MagicMock()
now = datetime.datetime.now(datetime.timezone.utc)
session.sagemaker_client.describe_model_card.return_value = {
    **wanted, "ModelCardVersion": 1, "ModelCardArn": "arn", "CreationTime": now, "CreatedBy": {},
    "LastModifiedTime": now, "LastModifiedBy": {}}
card = ModelCard.load("card", sagemaker_session=session)
metrics = {m.name: m.value for e in card.evaluation_details for g in e.metric_groups
    for m in g.metric_data}
print(json.dumps([problems.generate_report(), metrics, card.model_overview.model_version,
    card.additional_information.custom_details]))
"""


@contextmanager
def _server(python: Path, place: Path, env: Mapping[str, str]) -> Generator[str]:
    """An MLflow server on loopback, with its database and files below `place`: its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    words = [
        *(python / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{place}/server.db"),
        *("--artifacts-destination", str(place / "server-files")),
    ]
    with (place / "server.log").open("wb") as log:
        server = subprocess.Popen(
            list(map(str, words)),
            env=dict(env),
            cwd=place,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(f"{uri}/health", server)
            yield uri
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # its workers, too
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"no MLflow server at {url}")


def main() -> int:
    """Every format."""
    readers = venv("exports-readers", *READERS, "--editable", ROOT)
    sagemaker = venv("exports-sagemaker", *SAGEMAKER)
    with TemporaryDirectory() as scratch:
        place = Path(scratch)
        env = environment(place / "home") | {
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",  # where nothing may go
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        }
        checks = _Checks(place, env, readers, sagemaker)
        checks.take_archive()
        for version in ("3", "successor"):
            checks.csv_of_images(version)
            checks.cards(version)
            checks.runs(version)
        checks.runs_on_server()
        checks.model_without_evaluation()
        checks.csv_of_portfolio()
        checks.page()
    return finish()


class _Checks:
    """Exports of one archive, and their readers."""

    def __init__(self, place: Path, env: Mapping[str, str], readers: Path, sagemaker: Path) -> None:
        self._place = place
        self._env = env
        self._readers = readers
        self._sagemaker = sagemaker
        self._archive = place / "archive"

    def take_archive(self) -> None:
        """The sample, with a prediction set: what version 2 of the project predicted, renamed."""
        shutil.copytree(_SAMPLE, self._archive)
        rows = self._read(_CSV, self._readers, self._export("2", "csv"))
        table = self._place / "successor.csv"
        lines = ["image,label,prediction"]
        lines += [f"{row['image']},{row['label']},{row['prediction']}" for row in rows]
        table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        named = ("--predictions", "successor", "--project", PROJECT)
        must(
            [self._command, "archive", "import", table, *named, "--to", self._archive],
            env=self._env,
        )

    @property
    def _command(self) -> Path:
        return self._readers / "lfv-mcp"

    def _export(self, version: str, form: str, to: str = "") -> str:
        target = to or str(self._place / f"{version or 'all'}.{form}")
        which = [PROJECT, version] if version else [PROJECT]
        source = ("--source", self._archive, "--replace")
        words: list[str | Path] = [
            self._command,
            "export",
            *which,
            "--format",
            form,
            "--to",
            target,
            *source,
        ]
        must(words, env=self._env)
        return target

    def _answer(self, command: str, *words: str) -> dict[str, Any]:
        asked: list[str | Path] = [
            self._command,
            command,
            PROJECT,
            *words,
            "--json",
            "--source",
            self._archive,
        ]
        answer: dict[str, Any] = json.loads(run(asked, env=self._env).stdout)
        return answer

    def _read(self, code: str, python: Path, *words: str) -> Any:
        done = run([python / "python", "-c", textwrap.dedent(code), *words], env=self._env)
        if done.returncode:
            say(done.stderr[-2000:])
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout else None

    def csv_of_images(self, version: str) -> None:
        """A row an image: its verdicts are those that the report counts."""
        rows = self._read(_CSV, self._readers, self._export(version, "csv"))
        counts = self._answer("evaluate", version)["confusion"]
        kinds = [(row["label"], row["prediction"], row["outcome"]) for row in rows]
        found = {
            "true_positives": kinds.count(("anomaly", "anomaly", "right")),
            "false_positives": kinds.count(("normal", "anomaly", "false_alarm")),
            "false_negatives": kinds.count(("anomaly", "normal", "missed")),
            "true_negatives": kinds.count(("normal", "normal", "right")),
        }
        check(f"csv: images of {version}", found, {name: counts[name] for name in found})
        check(f"csv: rows of {version}", len(rows), sum(found.values()))

    def csv_of_portfolio(self) -> None:
        """A row a model: the members of the listing, and measured rates with their intervals."""
        rows = self._read(_CSV, self._readers, self._export("", "csv"))
        listed = self._answer("list")["models"]
        check(
            "csv: models", [r["model_version"] for r in rows], [m["model_version"] for m in listed]
        )
        for row, model in zip(rows, listed, strict=True):
            name = f"csv: version {model['model_version']}"
            plain = {key: value for key, value in model.items() if key != "held"}
            check(f"{name}: members", {key: row[key] for key in plain}, plain)
            if "manifest" not in model["held"]:
                continue
            metrics = self._answer("evaluate", model["model_version"])["metrics"]
            for rate in ("recall", "false_alarm_rate"):
                ends = {"value": "", "low": "_low", "high": "_high"}
                found = {end: row[f"measured_{rate}{suffix}"] for end, suffix in ends.items()}
                check(f"{name}: {rate}", found, {end: metrics[rate].get(end) for end in ends})

    def cards(self, version: str) -> None:
        """Both model cards: every figure of the report, and no more of a set than is known."""
        expected = self._figures(version)
        results, kinds = self._read(_HUB, self._readers, self._export(version, "huggingface"))
        check(f"huggingface: figures of {version}", results, expected)
        dataset = [["image-classification", PROJECT, f"test images of {PROJECT} {version}"]]
        check(f"huggingface: data set of {version}", kinds, dataset)
        card = self._read(_CARD, self._sagemaker, self._export(version, "sagemaker"))
        problems, metrics, number, details = card
        check(f"sagemaker: boto3 takes the card of {version}", problems, "")
        check(f"sagemaker: figures of {version}", {n: metrics.get(n) for n in expected}, expected)
        check(f"sagemaker: number of {version}", number, 3 if version == "3" else None)
        basis = "predictions" if version != "3" else "describe_model"
        check(f"sagemaker: basis of {version}", details["source_basis"], basis)
        counts = [expected[n] for n in ("true_positives", "false_negatives")]
        check(f"sagemaker: matrix of {version}", metrics["confusion_matrix"][0], counts)

    def runs(self, version: str) -> None:
        """A run in SQLite and one in a folder, each once however often it is replaced."""
        expected = self._figures(version)
        folder = self._place / f"runs-{version}"
        other = self._place / f"{version}.db"
        for to, uri in (
            (str(folder), f"sqlite:///{folder}/mlflow.db"),
            (f"sqlite:///{other}", f"sqlite:///{other}"),
        ):
            name = f"mlflow: {'folder' if to == str(folder) else 'sqlite'}, {version}"
            self._one_run(name, version, to, uri, expected)

    def _one_run(
        self, name: str, version: str, to: str, uri: str, expected: Mapping[str, float]
    ) -> None:
        self._export(version, "mlflow", to)
        self._export(version, "mlflow", to)
        runs = self._read(_MLFLOW, self._readers, uri, str(self._place))
        check(f"{name}: one finished run", [each["status"] for each in runs], ["FINISHED"])
        (found,) = runs
        check(f"{name}: experiment", found["experiment"], PROJECT)
        check(f"{name}: figures", found["metrics"], expected)
        check(f"{name}: version", found["params"]["model_version"], version)
        check(f"{name}: source", found["tags"]["lfv.source_kind"], "archive")
        files = ["answers.json", "model-card.html", "model-card.md"]
        check(f"{name}: files", found["files"], files)
        summary = self._answer("describe", version)
        check(f"{name}: answer", found["answers"]["describe_model"], summary)

    def runs_on_server(self) -> None:
        """A run on an MLflow server over HTTP, and what is said of one that is not there."""
        with _server(self._readers, self._place, self._env) as uri:
            self._one_run("mlflow: server", "3", uri, uri, self._figures("3"))
        gone = uri.replace("http://", "http://me:hunter2@")
        words: list[str | Path] = [self._command, "export", PROJECT, "3", "--format", "mlflow"]
        done = run([*words, "--to", gone, "--source", "sample"], env=self._env)
        said = done.stdout + done.stderr
        check("mlflow: a server that is gone", (done.returncode, "refused" in said), (1, True))
        check("mlflow: the password of a server", "hunter2" in said, expected=False)

    def model_without_evaluation(self) -> None:
        """A model that was never evaluated has a run and cards without figures."""
        for form in ("sagemaker", "huggingface", "mlflow"):
            to = self._place / f"never.{form}"
            words: list[str | Path] = [self._command, "export", "sample-cap-seal", "4"]
            words += ["--format", form, "--to", to, "--source", self._archive]
            done = run(words, env=self._env)
            check(f"{form}: without evaluation", (done.returncode, to.exists()), (0, True))
        (found,) = self._read(_MLFLOW, self._readers, f"sqlite:///{to}/mlflow.db", str(self._place))
        check("mlflow: no figures without evaluation", found["metrics"], {})

    def page(self) -> None:
        """The line of docs/export.md that writes a run, where somebody reads it."""
        page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
        lines = [line for line in page.splitlines() if line.startswith("lfv-mcp export")]
        (line,) = (line for line in lines if "--format mlflow" in line)
        words: list[str | Path] = [self._command, *shlex.split(line)[1:]]
        done = run(words, env=self._env, cwd=self._place)
        check("mlflow: the line of the page", (done.returncode, done.stdout), (0, ""))
        runs = self._read(
            _MLFLOW, self._readers, f"sqlite:///{self._place}/runs/mlflow.db", str(self._place)
        )
        check(
            "mlflow: the label of the page's run",
            [r["tags"]["lfv.source_kind"] for r in runs],
            ["sample"],
        )

    def _figures(self, version: str) -> dict[str, float]:
        """Every figure of a report by the flat name that exports give it."""
        report = self._answer("evaluate", version)
        found: dict[str, float] = {}
        for name, metric in report["metrics"].items():
            ends = {"value": "", "low": "_low", "high": "_high"}
            found |= {f"{name}{ends[end]}": metric[end] for end in ends if end in metric}
        found |= {f"reported_{name}": each for name, each in report.get("reported", {}).items()}
        counted = ("true_positives", "false_positives", "false_negatives", "true_negatives")
        found |= {name: report["confusion"][name] for name in counted}
        images = ("test_images", "training_images")
        return found | {name: report[name] for name in images if name in report}


if __name__ == "__main__":
    raise SystemExit(main())
