"""`--against PROJECT VERSION`: the test images of an old model, out of its EvaluationManifest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from lfv_mcp.cli.process import ended_at_once_by_ctrl_c
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.formats.datasets.dataset import Dataset
    from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
    from lfv_mcp.model_query import ModelQuery

against_option = click.option(
    "--against",
    nargs=2,
    metavar="PROJECT VERSION",
    help="Also compare with the test images of an old model, from --source.",
)
"""Gives a command `against`, two texts or None; `old_test_set` reads what they name."""


def old_test_set(project: str, version: str, settings: Settings) -> Dataset:
    """The test images of a version, and what their labels were.

    Raises:
        LfvError: the version, or its EvaluationManifest, cannot be found or read.
    """
    import anyio

    from lfv_mcp.cli.progress import with_progress
    from lfv_mcp.cli.questions import indexing_in_words
    from lfv_mcp.wiring.opening import open_catalog

    query = _query(project, version)
    if settings.doubt:
        click.echo(f"Warning: {settings.doubt}", err=True)
    catalog = open_catalog(settings, waits_for_index=True)
    manifests: list[EvaluationManifest] = []

    async def work() -> None:
        manifests.append(await catalog.test_manifest(query))

    with ended_at_once_by_ctrl_c():
        anyio.run(with_progress, work, partial(indexing_in_words, catalog))
    return _dataset(f"{project} {version}", manifests[0])


def _query(project: str, version: str) -> ModelQuery:
    from lfv_mcp.errors import CallerError
    from lfv_mcp.model_query import (
        InvalidArgumentError,
        check_model_version,
        check_project_name,
        parse_model_query,
    )

    example = "Write it as --against sample-cap-seal 3, with the --source that has the model."
    try:
        query = parse_model_query(check_project_name(project), check_model_version(version))
    except InvalidArgumentError as error:
        what = "PROJECT" if error.argument == "project_name" else "VERSION"
        raise CallerError(
            error.code,
            f"--against: {error.shown_value} is not accepted as {what}: {error.rule}.",
            example,
        ) from error
    if query.prediction_set:
        raise CallerError(
            "invalid_argument",
            f"--against: {query.prediction_set} is the name of a prediction set, which has no "
            "test images of its own.",
            example,
        )
    return query


def _dataset(name: str, manifest: EvaluationManifest) -> Dataset:
    """The test images of a manifest as a dataset.

    Raises:
        SetupError: it names no image, or more than are kept.
    """
    from lfv_mcp.errors import SetupError
    from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine

    lines = tuple(
        DatasetLine(image.source_ref, image.anomalous, number=0)
        for image in manifest.images or ()
        if image.source_ref
    )
    if not lines:
        why = "has too many images to keep" if manifest.images is None else "names no image"
        raise SetupError(
            "evidence_unavailable",
            f"The EvaluationManifest of {name} {why}, so nothing can be found in it.",
            "Name another version, or its test set as a file with --test.",
        )
    return Dataset(name, "evaluation", "test", lines)
