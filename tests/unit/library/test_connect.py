"""The Python library over each kind of source: the tools' answers, blocking and awaited."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np
import pytest
from mcp import Client

import lfv_mcp
from lfv_mcp import AsyncLfv, Lfv, LfvError, Predictions, connect
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.results.base import Result
from lfv_mcp.server.app import build_server
from lfv_mcp.server.tools import TOOLS
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.s3 import Buckets, directed, moto_server
from tests.support.successors import as_csv, truths, verdicts

CAPS: Final = "sample-cap-seal"
BEAD: Final = "sample-weld-bead"
METHODS: Final = (*("describe", "models", "evaluate", "compare", "images", "inventory", "close"),)
QUESTIONS: Final[dict[str, tuple[str, dict[str, Any], Callable[[Any], Any]]]] = {
    "describe": (
        "describe_model",
        {"project_name": CAPS, "model_version": "3"},
        lambda lfv: lfv.describe(CAPS, 3),
    ),
    "models": ("list_models", {"max_results": 100}, lambda lfv: lfv.models()),
    "models of a project": (
        "list_models",
        {"project_name": CAPS, "status": "HOSTED"},
        lambda lfv: lfv.models(CAPS, "HOSTED"),
    ),
    "evaluate": (
        "analyze_evaluation",
        {"project_name": CAPS, "model_version": "3", "defect_rate": 0.01, "threshold": 0.6},
        lambda lfv: lfv.evaluate(CAPS, "3", defect_rate=0.01, threshold=0.6),
    ),
    "compare": (
        "compare_models",
        {"project_name": BEAD, "model_versions": ["2", "3"], "recall_margin": 0.02},
        lambda lfv: lfv.compare(BEAD, ["2", 3], recall_margin=0.02),
    ),
}
"""A tool's call, and the same question in Python."""


def told(source: str, tool: str, arguments: dict[str, Any]) -> Any:
    """The structured content that a client is sent."""

    async def ask() -> Any:
        catalog = open_catalog(Settings(source=source, timeout=60), waits_for_index=True)
        async with Client(build_server(catalog)) as client:
            return (await client.call_tool(tool, arguments)).structured_content

    return anyio.run(ask)


def awaited(source: str, question: Callable[[Any], Any]) -> Result:
    async def ask() -> Result:
        async with connect(source, timeout=60) as lfv:
            answer: Result = await question(lfv)
            return answer

    return anyio.run(ask)


def refused(question: Callable[[], object]) -> LfvError:
    with pytest.raises(LfvError) as caught:
        question()
    return caught.value


@pytest.fixture(scope="module")
def sample() -> Iterator[Lfv]:
    with connect("sample", timeout=60) as lfv:
        yield lfv


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's own archive: the sample's files in another place."""
    place = tmp_path_factory.mktemp("archive") / "lfv"
    shutil.copytree(SAMPLE, place)
    return place


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_is_the_tools_structured_content(sample: Lfv, name: str) -> None:
    tool, arguments, question = QUESTIONS[name]
    assert question(sample).to_json() == told("sample", tool, arguments)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_directory_answers_as_for_a_tool(directory: Path, name: str) -> None:
    tool, arguments, question = QUESTIONS[name]
    expected = told(str(directory), tool, arguments)
    assert expected["source"]["kind"] == "archive"
    with connect(directory, timeout=60) as lfv:
        assert question(lfv).to_json() == expected
    assert awaited(str(directory), question).to_json() == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_prefix_of_s3_answers_as_for_a_tool(
    name: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto_server() as url:
        directed(monkeypatch, url)
        files = (path for path in directory.rglob("*") if path.is_file())
        objects = {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}
        source = Buckets().make("lfv", objects)
        tool, arguments, question = QUESTIONS[name]
        expected = told(source, tool, arguments)
        assert expected["source"]["kind"] == "archive"
        with connect(source, timeout=60, allowed_buckets=["lfv"]) as lfv:
            assert question(lfv).to_json() == expected
        assert awaited(source, question).to_json() == expected
        with connect(source, timeout=60, allowed_buckets=[]) as lfv:
            error = refused(lambda: question(lfv))
        assert error.code == "bucket_not_allowed"
        assert "`allowed_buckets` of connect()" in error.next_step


def test_awaited_answers_are_the_same(sample: Lfv) -> None:
    _, _, question = QUESTIONS["evaluate"]
    assert awaited("sample", question) == question(sample)


@pytest.mark.parametrize("method", METHODS)
def test_both_forms_have_the_same_methods(method: str) -> None:
    blocking, asynchronous = getattr(Lfv, method), getattr(AsyncLfv, method)
    assert inspect.signature(blocking).replace(return_annotation="") == inspect.signature(
        asynchronous
    ).replace(return_annotation="")
    assert inspect.iscoroutinefunction(asynchronous)
    if method != "close":
        assert blocking.__doc__ == asynchronous.__doc__
    public = {name for name in vars(Lfv) if not name.startswith("_")}
    assert public == set(METHODS)
    assert {name for name in vars(AsyncLfv) if not name.startswith("_")} == set(METHODS)


@pytest.mark.parametrize("method", ["evaluate", "compare"])
def test_examples_are_as_many_as_a_tool_names(method: str) -> None:
    tool = next(tool for tool in TOOLS if tool.name == QUESTIONS[method][0])
    published = next(each.default for each in tool.arguments if each.name == "max_examples")
    assert inspect.signature(getattr(Lfv, method)).parameters["max_examples"].default == published


def test_images_are_the_lines_of_the_manifest(sample: Lfv) -> None:
    listed = sample.images(BEAD, 3)
    assert [(each.image, each.label == "anomaly") for each in listed.images] == truths(3)
    confusion = sample.evaluate(BEAD, 3).confusion
    assert confusion is not None
    cells = [(each.label, each.prediction) for each in listed.images]
    assert cells.count(("anomaly", "anomaly")) == confusion.true_positives
    assert cells.count(("normal", "anomaly")) == confusion.false_positives
    assert cells.count(("anomaly", "normal")) == confusion.false_negatives
    assert all(
        each.anomaly_score
        == pytest.approx(
            each.confidence if each.prediction == "anomaly" else 1 - (each.confidence or 0)
        )
        for each in listed.images
    )


def test_pages_are_joined(monkeypatch: pytest.MonkeyPatch, sample: Lfv) -> None:
    whole = sample.models()
    monkeypatch.setattr("lfv_mcp.library.asking.MAX_PAGE_SIZE", 3)
    paged = sample.models()
    assert paged == whole
    assert paged.next_token is None
    assert len(paged.models) > 3


def test_numbers_of_numpy_are_numbers(sample: Lfv) -> None:
    assert sample.describe(CAPS, np.int64(3)) == sample.describe(CAPS, 3)  # type: ignore[arg-type]
    by_numpy = sample.evaluate(CAPS, 3, defect_rate=np.float32(0.5))  # type: ignore[arg-type]
    assert by_numpy == sample.evaluate(CAPS, 3, defect_rate=0.5)


def test_predictions_are_read_once_for_each_comparison(sample: Lfv, tmp_path: Path) -> None:
    found = verdicts(truths(3))
    file = tmp_path / "new.csv"
    file.write_bytes(as_csv(found))
    worse = tmp_path / "worse.csv"
    worse.write_bytes(as_csv(verdicts(truths(3), wrong=0.4)))
    first = sample.compare(BEAD, [3], predictions={"new": file})
    assert sample.compare(BEAD, [3, "new"], predictions={"new": file}) == first
    again = sample.compare(BEAD, [3], predictions={"new": worse})
    assert [each.model_version for each in first.models] == ["3", "new"]
    assert first.models[1].metrics != again.models[1].metrics
    assert sample.compare(BEAD, [3], predictions={"new": str(file)}) == first
    assert refused(lambda: sample.describe(BEAD, "new")).code == "model_not_found"
    row = first.models[1].metrics
    assert row is not None
    assert row.recall is not None
    caught = sum(each.flagged for each in found if each.anomalous)
    assert row.recall.value == caught / sum(each.anomalous for each in found)


def test_columns_are_named_by_keywords(sample: Lfv, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    lines = [f"{each.uri},{each.score}" for each in verdicts(truths(3))]
    file.write_text("\n".join(["image,anomaly_score", *lines]), encoding="utf-8")
    error = refused(lambda: sample.compare(BEAD, [3], predictions={"new": file}))
    assert error.code == "predictions_refused"
    assert "`cut`" in error.next_step
    assert "--" not in str(error)
    told_how = Predictions(file, cut=0.5)
    assert sample.compare(BEAD, [3], predictions={"new": told_how}).models[1].metrics


# Threads, notebooks and the end


def test_several_threads_may_ask_at_one_time(sample: Lfv) -> None:
    asked = list(QUESTIONS.values()) * 3
    alone = [question(sample) for _, _, question in asked]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda each: each[2](sample), asked)) == alone


def test_threads_that_enter_one_connection_leave_their_own() -> None:
    connection, all_are_in = connect("sample", timeout=60), threading.Barrier(4)

    def entered(number: int) -> str:
        with connection as lfv:
            all_are_in.wait(30)
            with connection as inner:
                inner.describe(CAPS, 3)
            time.sleep(0.05 * number)  # the first to enter is no longer the first to leave
            return lfv.describe(CAPS, 3).model_version

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(entered, range(4))) == ["3"] * 4


def test_tasks_that_enter_one_connection_leave_their_own() -> None:
    connection = connect("sample", timeout=60)

    async def entered(wait: float) -> None:
        async with connection as lfv:
            await anyio.sleep(wait)
            assert (await lfv.describe(CAPS, 3)).model_version == "3"

    async def together() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(entered, 0.05 * number)

    anyio.run(together)


def test_it_works_where_a_loop_is_running() -> None:
    async def in_a_notebook() -> str:
        with connect("sample", timeout=60) as lfv:  # blocks the loop, as a cell does
            return lfv.describe(CAPS, 3).model_version

    assert anyio.run(in_a_notebook) == "3"


def test_a_closed_connection_says_so() -> None:
    connection = connect("sample")
    with connection as lfv:
        lfv.describe(CAPS)
    lfv.close()  # once more does nothing
    assert refused(lambda: lfv.describe(CAPS)).code == "connection_closed"
    with connection as again:
        assert again.describe(CAPS).project_name == CAPS
    by_hand = connect("sample").open()
    by_hand.close()
    assert refused(by_hand.models).code == "connection_closed"
    assert not [each for each in threading.enumerate() if each.name == "lfv-mcp" and each.daemon][
        1:
    ]


def test_an_awaited_connection_says_that_it_is_closed() -> None:
    async def after_the_end() -> None:
        async with connect("sample") as lfv:
            pass
        for question in (
            lambda: lfv.describe(CAPS),
            lambda: lfv.images(CAPS),
            lambda: lfv.compare(CAPS, [3], predictions={"new": "nowhere.csv"}),
        ):
            with pytest.raises(LfvError) as caught:
                await question()
            assert caught.value.code == "connection_closed"

    anyio.run(after_the_end)


def test_a_defect_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), connect("sample") as lfv:
        len(lfv.describe(CAPS).project_name) / 0


# The package's own names


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys; before = set(sys.modules); import lfv_mcp; "
        "print(sorted(set(sys.modules) - before - {'typing', 'lfv_mcp'}))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(lfv_mcp.__file__).parents[1],
        check=True,
    )
    new = eval(run.stdout)  # a list of names that the program printed
    assert not [name for name in new if name.partition(".")[0] in {"lfv_mcp", "pydantic", "anyio"}]


def test_every_public_name_is_there() -> None:
    assert set(lfv_mcp.__all__) <= set(dir(lfv_mcp))
    assert all(getattr(lfv_mcp, name) is not None for name in lfv_mcp.__all__)
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        _ = lfv_mcp.conect  # type: ignore[attr-defined]
