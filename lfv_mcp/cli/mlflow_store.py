"""Runs in MLflow's tracking stores. The only module that imports mlflow, an extra."""

# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import logging
import os
import re
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from lfv_mcp.archive.places import parse_local_path
from lfv_mcp.errors import CallerError, SetupError
from lfv_mcp.text import clean

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from lfv_mcp.analysis.exports.mlflow_run import RunContent

_SERVERS: Final = ("http", "https")
_DATABRICKS: Final = ("databricks", "databricks-uc", "uc")
_HOST: Final = re.compile(r"[^/\\]*@[^/\\]+(/.*)?|[A-Za-z0-9.-]{2,}:[0-9]{1,5}(/.*)?")
"""`user:password@host`, `localhost:5000`: MLflow would make a folder of that name."""
_OURS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
"""MLflow tells its makers of every use, and tries for minutes to reach a server."""


def require_mlflow() -> None:
    """Refuse before anything is asked if the extra is not installed.

    Raises:
        SetupError: `part_not_installed`.
    """
    if find_spec("mlflow") is None:
        raise SetupError(
            "part_not_installed",
            "--format mlflow needs MLflow, which is not installed.",
            "Install it beside lfv-mcp: pip install 'mlflow>=3.10,<4'; or install `.[mlflow]` from "
            "the clone where you would install `.`.",
        )


def write_run(content: RunContent, to: str, *, replace: bool) -> str:
    """Write a run into a tracking store, whole or not at all, and return where it is.

    The environment's MLFLOW_TRACKING_URI is not asked: a run goes where the person says.

    Args:
        content: the run.
        to: the store: `sqlite:///FILE`, a folder, `http://...`.
        replace: whether a run of the same model may be there; it is deleted once this one is whole.

    Raises:
        LfvError: the store cannot be used, or has the model already. It names no password.
    """
    uri, files = tracking_store(to)
    os.environ.update(_OURS | os.environ)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for noisy in ("mlflow", "alembic", "urllib3"):  # after the import, which sets levels
        logging.getLogger(noisy).setLevel(logging.ERROR)

    try:
        if files is not None:
            files.parent.mkdir(parents=True, exist_ok=True)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        experiment = _experiment(client, content.experiment, files)
        old = _runs_of(client, experiment, content)
        if old and not replace:
            raise CallerError(
                "invalid_argument",
                f"--to: the store has a run of {content.name} already.",
                "Add --replace to replace it.",
            )
        run = _written(client, experiment, content)
        for each in old:
            client.delete_run(each)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise SetupError(
            "output_failed",
            f"The run cannot be written to {shown(uri)} (--to): {_why(error, uri)}",
            "Name a folder, sqlite:///FILE, or the URL of an MLflow server that answers.",
        ) from None  # the cause may have the password
    return f"run {run} in {shown(uri)}"


def shown(uri: str) -> str:
    """A URI as it may be printed: without user, password and query, quoted or not."""
    if uri.lower().startswith("sqlite:"):
        return clean(uri, 300)
    scheme, separator, rest = uri.rpartition("://")
    host = re.split(r"[?#]", rest.rpartition("@")[2])[0]
    return clean(f"{scheme}{separator}{host}", 300)


def _why(error: Exception, uri: str) -> str:
    """What a failure says of itself; only its kind if its text may have a password of the URI."""
    if shown(uri) == uri:
        return clean(str(error), 300)
    cause: BaseException | None = error
    while cause is not None:  # as of a connection that is refused
        if isinstance(cause, OSError) and cause.strerror:
            return f"{cause.strerror}."
        cause = cause.__cause__ or cause.__context__ or getattr(cause, "reason", None)
    status = getattr(error, "get_http_status_code", lambda: "")()
    return f"the server answered {status}." if status else f"{type(error).__name__}."


def tracking_store(to: str) -> tuple[str, Path | None]:
    """The tracking URI, and the folder for files where no server decides on it.

    Raises:
        CallerError: it is none.
    """
    scheme = to.partition(":")[0].lower()
    is_file = scheme == "sqlite" and to.lower().startswith("sqlite:///")
    is_other = "://" in to or scheme == "sqlite"
    if is_other and not is_file and scheme not in _SERVERS:
        raise CallerError(
            "invalid_argument",
            f"--to: {shown(to)} is no tracking store that this command writes to.",
            "Name a folder, sqlite:///FILE, or http(s)://HOST.",
        )
    if "://" in to and scheme in _SERVERS:
        return to, None
    if not is_file and (meant := _meant_server(to)):
        raise CallerError(
            "invalid_argument",
            f"--to: {shown(to)} is no folder, but how a server is named.",
            f"{meant} A folder of this name is ./{shown(to)}.",
        )
    if is_file:
        database = Path(to[len("sqlite:///") :]).expanduser().absolute()
        if database.is_dir():
            raise CallerError(
                "invalid_argument",
                f"--to: {clean(str(database))} is a folder, and sqlite:/// takes a file.",
                "Name the folder alone, or a file in it.",
            )
        if not database.parent.is_dir():
            raise CallerError(
                "invalid_argument",
                f"--to: there is no folder {clean(str(database.parent))} for {database.name}.",
                "Make the folder, or name another.",
            )
    else:
        database = parse_local_path(to).absolute() / "mlflow.db"
    if found := set("?%#") & set(str(database)):
        # Read as parts of the URI they lead to another file, and a query may have a password.
        raise CallerError(
            "invalid_argument",
            f"--to: a path with {' or '.join(sorted(found))} is no place for MLflow's database.",
            "Name another folder or file.",
        )
    return f"sqlite:///{database.as_posix()}", database.parent / "mlartifacts"


def _meant_server(to: str) -> str:
    """What to write for a server that was named without `http://`; empty for a folder."""
    if Path(to).exists():
        return ""
    if to.lower().partition(":")[0] in _DATABRICKS:
        return "Databricks is not among the stores that this command writes to."
    if _HOST.fullmatch(to):
        return f"Write a server as http://{shown(to)}."
    return ""


def _experiment(client: MlflowClient, name: str, files: Path | None) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = None if files is None else (files / name).as_uri()
    return str(client.create_experiment(name, artifact_location=place))


def _runs_of(client: MlflowClient, experiment: str, content: RunContent) -> list[str]:
    """The runs that an export of the same model has written."""
    from lfv_mcp.analysis.exports.mlflow_run import PROJECT_TAG, VERSION_TAG

    named = " and ".join(
        f"tags.`{tag}` = '{content.tags[tag]}'" for tag in (PROJECT_TAG, VERSION_TAG)
    )
    arn = content.parameters.get("model_arn")
    return [
        str(run.info.run_id)
        for run in client.search_runs([experiment], named)
        if run.data.params.get("model_arn") == arn
    ]


def _written(client: MlflowClient, experiment: str, content: RunContent) -> str:
    """The id of a run that is complete; of one that could not be written nothing is left."""
    from mlflow.entities import Metric, Param

    run = client.create_run(experiment, run_name=content.name, tags=dict(content.tags))
    run_id = str(run.info.run_id)
    try:
        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, 0) for name, value in content.metrics.items()]
        params = [Param(name, value) for name, value in content.parameters.items()]
        client.log_batch(run_id, metrics=metrics, params=params)
        with TemporaryDirectory() as folder:
            for name, data in content.files.items():
                (Path(folder) / name).write_bytes(data)
            client.log_artifacts(run_id, folder)
        client.set_terminated(run_id)
    except BaseException:
        client.delete_run(run_id)
        raise
    return run_id
