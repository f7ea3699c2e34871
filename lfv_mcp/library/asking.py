"""`AsyncLfv`: the questions of the tools as methods that are awaited."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar, cast

from anyio import to_thread

from lfv_mcp.analysis.listing import joined
from lfv_mcp.archive.predictions_import import set_key
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.identifiers import with_sets
from lfv_mcp.library.cards import remember_question
from lfv_mcp.library.latest import call_that_answers
from lfv_mcp.library.opened import OpenSource
from lfv_mcp.library.predictions import (
    Place,
    Predictions,
    TrainingPlaces,
    predictions_of,
    read_predictions,
    read_training,
    training_of,
)
from lfv_mcp.library.values import listed, plain, yes_or_no
from lfv_mcp.library.words import python_failures
from lfv_mcp.model_query import ModelQuery, parse_model_query
from lfv_mcp.results.base import Result
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.image_list import ImageList
from lfv_mcp.results.inventory import Inventory
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.server.arguments import (
    ANY_PROJECT,
    MAX_PAGE_SIZE,
    MODEL_VERSION,
    MODEL_VERSIONS,
    PROJECT_NAME,
    parse,
)
from lfv_mcp.server.tools import TOOLS, ToolContext

_R = TypeVar("_R", bound=Result)
_TOOLS: Final = {tool.name: tool for tool in TOOLS}


def closed() -> CallerError:
    """The error of a question after the end."""
    return CallerError(
        "connection_closed",
        "This connection is closed.",
        "Ask inside the `with` block, or open another: connect(...).",
    )


def of_another_process() -> CallerError:
    """The error of a question in a process that was forked from the one with the connection."""
    return CallerError(
        "connection_closed",
        "This connection was opened by the process that this one was forked from, and its threads "
        "stayed there.",
        "Open one in this process: connect(...).",
    )


class AsyncLfv:
    """Asks one source about models; made by `async with connect()`.

    Every method raises `LfvError` with a code, a message and a next step. Arguments follow the
    rules of the tools of the same subject, and answers are their structured results, whole.

    Args:
        source: what is asked.
    """

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._catalog = source.catalog()
        self._is_closed = False
        self._process = os.getpid()

    async def describe(self, project: str, version: str | int = "latest") -> ModelSummary:
        """State, quality and next step of one version, or what a prediction set is.

        Args:
            project: its name, or a model's ARN.
            version: a number, `latest`, `hosted`, or the name of a prediction set.
        """
        given = {"project_name": project, "model_version": version}
        return await self._ask("describe_model", ModelSummary, given)

    async def models(self, project: str = "", status: str = "") -> ModelList:
        """Every model of one project, or of all projects, with the prediction sets beside them.

        Args:
            project: its name; empty for all.
            status: only models of this status, such as `HOSTED`.
        """
        question = {"project_name": project, "status": status, "max_results": MAX_PAGE_SIZE}
        pages: list[ModelList] = []
        token: str | None = ""
        while token is not None:
            page = await self._ask("list_models", ModelList, {**question, "next_token": token})
            pages.append(page)
            token = page.next_token
        parsed = parse(_TOOLS["list_models"].arguments, question)
        return joined(pages, parsed["project_name"], parsed["status"])

    async def evaluate(  # noqa: PLR0913 - the arguments of the tool
        self,
        project: str,
        version: str | int = "latest",
        *,
        defect_rate: float | None = None,
        threshold: float | None = None,
        cost_of_escape: float | None = None,
        cost_of_false_reject: float | None = None,
        recall_at_least: float | None = None,
        false_alarms_at_most: float | None = None,
        max_examples: int = 5,
    ) -> EvaluationReport:
        """What the evaluation of one version, or of a prediction set, proves.

        Args:
            project: its name, or a model's ARN.
            version: a number, `latest`, `hosted`, or the name of a prediction set.
            defect_rate: defective share of the line's parts, 0 to 1.
            threshold: anomaly score from which to reject.
            cost_of_escape: cost of a defective part that passes; needs the other cost.
            cost_of_false_reject: cost of a good part that is rejected.
            recall_at_least: recall that is required, 0 to 1.
            false_alarms_at_most: share of good parts that may be rejected, 0 to 1.
            max_examples: wrong images to name of each kind, 0 to 20; `images` has all.
        """
        given = {
            "project_name": project,
            "model_version": version,
            "defect_rate": defect_rate,
            "threshold": threshold,
            "cost_of_escape": cost_of_escape,
            "cost_of_false_reject": cost_of_false_reject,
            "recall_at_least": recall_at_least,
            "false_alarms_at_most": false_alarms_at_most,
            "max_examples": max_examples,
        }
        async with self._with_call("evaluate", given):
            return await self._ask("analyze_evaluation", EvaluationReport, given)

    async def compare(
        self,
        project: str,
        versions: Sequence[str | int] = (),
        *,
        recall_margin: float | None = None,
        false_alarm_margin: float | None = None,
        max_examples: int = 3,
        predictions: Mapping[str, Place] | None = None,
        trained_on: Mapping[str, TrainingPlaces] | None = None,
        same_names: bool = False,
    ) -> ModelComparison:
        """Whether versions or prediction sets may replace the first one, on the same images.

        Args:
            project: its name, or an ARN of it.
            versions: the baseline first.
            recall_margin: recall that may be lost, above 0 and at most 0.2.
            false_alarm_margin: rise of the false-alarm rate that is accepted, likewise.
            max_examples: changed images to name of each kind, 0 to 20.
            predictions: what other systems predicted, each name with its place, read once; they
                come after `versions`, where those do not name them.
            trained_on: what the model behind a prediction set was trained on, each name with its
                dataset manifest, CSV, folder or prefix, or several; test images among them are
                left out.
            same_names: vouch that images of equal names are the same ones.
        """
        self._require_open()
        with python_failures():
            sets = predictions_of(predictions)
            training = training_of(trained_on)
            vouched = yes_or_no("same_names", same_names)
            given_versions = listed(versions)
            if not isinstance(given_versions, list):
                given_versions = MODEL_VERSIONS.parse(given_versions)
        given = {
            "project_name": project,
            "model_versions": with_sets(cast("list[object]", given_versions), sets),
            "recall_margin": recall_margin,
            "false_alarm_margin": false_alarm_margin,
            "max_examples": max_examples,
        }
        catalog = None
        if sets or training:
            catalog = await self._catalog_with(sets, training, project, same_names=vouched)
        return await self._ask(
            "compare_models", ModelComparison, given, catalog, same_names=vouched
        )

    async def images(self, project: str, version: str | int = "latest") -> ImageList:
        """Every test image of one version: its label, what was predicted, and how sure that was.

        Of a prediction set those images whose truth is known.

        Args:
            project: its name, or a model's ARN.
            version: a number, `latest`, `hosted`, or the name of a prediction set.
        """
        given = {"project_name": plain(project), "model_version": plain(version)}
        self._require_open()
        async with self._with_call("images", given):
            with python_failures(given):
                async with self._catalog.suggestions.naming(given["project_name"]):
                    parsed = parse((PROJECT_NAME, MODEL_VERSION), given)
                return await self._catalog.test_images(parse_model_query(**parsed))

    async def inventory(self, project: str = "") -> Inventory:
        """What the archive holds of one project, or of all: what can be done, and what is missing.

        Args:
            project: its name, or an ARN of it; empty for all.
        """
        given = {"project_name": plain(project)}
        self._require_open()
        with python_failures(given):
            async with self._catalog.suggestions.naming():
                name = ANY_PROJECT.parse(given["project_name"])
            query = parse_model_query(name) if name else ModelQuery("")
            return await self._catalog.inventory(query)

    async def close(self) -> None:
        """Answer no further question."""
        self._is_closed = True

    def _require_open(self) -> None:
        if self._is_closed:
            raise closed()
        if self._process != os.getpid():
            raise of_another_process()

    @asynccontextmanager
    async def _with_call(self, method: str, given: Mapping[str, object]) -> AsyncGenerator[None]:
        """Let the refusal of a latest version without evidence say the call that has an answer."""
        try:
            yield
        except LfvError as error:
            if call := call_that_answers(error, method, given):
                error.next_step = f"{error.next_step.rstrip('.')}: {call}."
            raise

    async def _ask(
        self,
        name: str,
        kind: type[_R],
        given: Mapping[str, object],
        catalog: Catalog | None = None,
        *,
        same_names: bool = False,
    ) -> _R:
        """The whole structured answer of the tool of that name."""
        self._require_open()
        tool = _TOOLS[name]
        context = ToolContext(catalog or self._catalog, same_names=same_names)
        arguments = {argument: plain(value) for argument, value in given.items()}
        with python_failures(arguments):
            async with self._catalog.suggestions.naming(arguments.get("project_name")):
                parsed = parse(tool.arguments, arguments)
                _, answer = await tool.run(context, **parsed)
        if not isinstance(answer, kind):
            raise TypeError(f"{name} answered {type(answer).__name__}")
        remember_question(answer, parsed)
        return answer

    async def _catalog_with(
        self,
        sets: Mapping[str, Predictions],
        training: Mapping[str, Sequence[str]],
        project: str,
        *,
        same_names: bool,
    ) -> Catalog:
        """A catalogue of its own for one comparison, which forgets the sets with it.

        So two comparisons at one time may each have a set of the same name.
        """
        with python_failures():
            async with self._catalog.suggestions.naming():
                name = PROJECT_NAME.parse(plain(project))
            hold = partial(self._holding, sets, training, name, same_names=same_names)
            return await to_thread.run_sync(hold)

    def _holding(
        self,
        sets: Mapping[str, Predictions],
        training: Mapping[str, Sequence[str]],
        project: str,
        *,
        same_names: bool,
    ) -> Catalog:
        catalog = self._source.catalog()
        settings = self._source.settings
        for each in read_predictions(sets, project, settings, same_names=same_names):
            catalog.prediction_sets.hold(each)
        for name, places in training.items():
            read = read_training(places, settings)
            key = set_key(project, name, None)
            catalog.prediction_sets.hold_training(key, read)
        return catalog
