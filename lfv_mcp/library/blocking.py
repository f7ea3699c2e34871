"""`Lfv`: the same questions as methods that return when the answer is there."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TypeVar

from lfv_mcp.errors import LfvError
from lfv_mcp.library.asking import AsyncLfv, closed, of_another_process
from lfv_mcp.library.loops import EndedError, LoopThread
from lfv_mcp.library.opened import OpenSource
from lfv_mcp.library.predictions import Place, TrainingPlaces
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.image_list import ImageList
from lfv_mcp.results.inventory import Inventory
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary

_T = TypeVar("_T")


class Lfv:
    """Asks one source about models; made by `with connect()`, or by `connect().open()`.

    What `open()` returned is closed by `close()`, or at the end of a `with` block of its own; else
    when it is garbage, or the program ends.

    An event loop in a thread of its own does the asking, so it may be used inside a notebook,
    whose own loop is running, and from several threads at one time.

    Every method raises `LfvError` with a code, a message and a next step. Arguments follow the
    rules of the tools of the same subject, and answers are their structured results, whole.

    Args:
        source: what is asked.
    """

    def __init__(self, source: OpenSource) -> None:
        self._lfv = AsyncLfv(source)
        self._loop = LoopThread(self)
        self._closing = threading.Lock()
        self._is_closed = False

    def describe(self, project: str, version: str | int = "latest") -> ModelSummary:
        """State, quality and next step of one version, or what a prediction set is.

        Args:
            project: its name, or a model's ARN.
            version: a number, `latest`, `hosted`, or the name of a prediction set.
        """
        return self._run(partial(self._lfv.describe, project, version))

    def models(self, project: str = "", status: str = "") -> ModelList:
        """Every model of one project, or of all projects, with the prediction sets beside them.

        Args:
            project: its name; empty for all.
            status: only models of this status, such as `HOSTED`.
        """
        return self._run(partial(self._lfv.models, project, status))

    def evaluate(  # noqa: PLR0913 - the arguments of the tool
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
        return self._run(
            partial(
                self._lfv.evaluate,
                project,
                version,
                defect_rate=defect_rate,
                threshold=threshold,
                cost_of_escape=cost_of_escape,
                cost_of_false_reject=cost_of_false_reject,
                recall_at_least=recall_at_least,
                false_alarms_at_most=false_alarms_at_most,
                max_examples=max_examples,
            )
        )

    def compare(
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
        return self._run(
            partial(
                self._lfv.compare,
                project,
                versions,
                recall_margin=recall_margin,
                false_alarm_margin=false_alarm_margin,
                max_examples=max_examples,
                predictions=predictions,
                trained_on=trained_on,
                same_names=same_names,
            )
        )

    def images(self, project: str, version: str | int = "latest") -> ImageList:
        """Every test image of one version: its label, what was predicted, and how sure that was.

        Of a prediction set those images whose truth is known.

        Args:
            project: its name, or a model's ARN.
            version: a number, `latest`, `hosted`, or the name of a prediction set.
        """
        return self._run(partial(self._lfv.images, project, version))

    def inventory(self, project: str = "") -> Inventory:
        """What the archive holds of one project, or of all: what can be done, and what is missing.

        Args:
            project: its name, or an ARN of it; empty for all.
        """
        return self._run(partial(self._lfv.inventory, project))

    def close(self) -> None:
        """Answer no further question; waits for those that other threads are asking."""
        self.__exit__(None, None, None)

    def __enter__(self) -> Lfv:
        if self._is_closed:
            raise closed()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close; after an error, such as Ctrl-C, without waiting for questions."""
        if not self._loop.is_here:  # nor, perhaps, whoever holds the lock
            return
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
        self._loop.close(cancel=kind is not None)

    def _run(self, question: Callable[[], Awaitable[_T]]) -> _T:
        if self._is_closed:
            raise closed()
        if not self._loop.is_here:
            raise of_another_process()
        try:
            return self._loop.call(question)
        except EndedError:  # by another thread, while this one asked, or with the program
            raise closed() from None
        except LfvError as error:  # its way through the loop's thread says nothing to a caller
            raise error.with_traceback(None) from None
