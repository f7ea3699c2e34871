"""Files of predictions in the order of their names, whole or not at all, several at one time."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.predictions_source import FilesOfSource, read_source, steps_of
from lfv_mcp.archive.reading import may_be_records
from lfv_mcp.archive.store import FileEntry
from lfv_mcp.errors import CallerError, LfvError, ServiceError, SetupError
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions, PredictedImage
from lfv_mcp.identifiers import PredictionSetKey
from tests.support.prediction_sets import PADIM, about_of

THROTTLED = ServiceError("throttled", "Slow down.", "Wait.")
DENIED = SetupError("s3_access_denied", "s3://b/x may not be read.", "Allow it.")


class Lines:
    """A reader of which every line is an image; `damaged` is a file that is cut off."""

    def __init__(self, choice: ColumnChoice | None = None) -> None:
        self.choice = choice
        self.images: list[PredictedImage] = []
        self.names: list[str] = []

    @property
    def problems(self) -> Sequence[object]:
        return ()

    @property
    def training(self) -> Sequence[DatasetLine]:
        return ()

    def read(self, name: str, chunks: Iterable[bytes]) -> Iterator[PredictedImage]:
        self.names.append(name)
        for line in b"".join(chunks).splitlines():
            if line == b"damaged":
                raise UnrecognisedError("truncated or corrupt gzip", corrupt=True)
            image = PredictedImage(f"{name}:{line.decode()}", None, True)
            self.images.append(image)
            yield image

    def about(
        self, key: PredictionSetKey, origin: str, *, same_names: bool = False
    ) -> AboutPredictions:
        assert not same_names
        return about_of(self.images, key, origin)


class Store:
    """Files in memory that fail as told: a name has the failures of its next attempts."""

    rescan_after = 1.0

    def __init__(self, files: dict[str, bytes], location: str, parallel: int) -> None:
        self.files, self.location, self.parallel = files, location, parallel
        self.failures: dict[str, list[Exception]] = {}
        self.opened: list[str] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def entries(self) -> Iterator[FileEntry]:
        for name, data in self.files.items():
            yield FileEntry(name, len(data), 0)

    @contextmanager
    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Iterator[IO[bytes]]:
        assert (start, limit) == (0, None)
        with self.lock:
            self.opened.append(name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            failures = self.failures.get(name)
            failure = failures.pop(0) if failures else None
        try:
            if failure is not None:
                raise failure
            yield io.BytesIO(self.files[name])
        finally:
            with self.lock:
                self.at_once -= 1


def read(store: Store, reader: Lines) -> list[str]:
    """The names of the images of a store."""
    source = FilesOfSource(store, reader, wait=lambda _: None)
    steps: list[None] = []
    images = list(source.read(store.entries(), lambda: steps.append(None)))
    assert len(steps) == sum(map(steps_of, may_be_records(store.entries())))
    return [image.image for image in images]


names = st.text("ab/.é ", min_size=1, max_size=6).filter(lambda name: name != "damaged")


@pytest.mark.slow
@given(
    st.dictionaries(names, st.sampled_from([b"1", b"1\n2", b"", b"x" * (1 << 20) + b"\n1"])),
    st.sampled_from([1, 2, 16]),
    st.data(),
)
def test_files_come_in_the_order_of_their_names(
    files: dict[str, bytes], parallel: int, data: st.DataObject
) -> None:
    store = Store(files, "s3://b/prefix", parallel)
    small = [name for name, content in files.items() if len(content) < 100]
    failing = data.draw(st.lists(st.sampled_from(small), unique=True)) if small else []
    store.failures = {name: [THROTTLED.copy()] for name in failing}
    reader = Lines()
    assert read(store, reader) == [
        f"s3://b/{name}:{line.decode()}"
        for name in sorted(files)
        for line in files[name].splitlines()
    ]
    assert reader.names == [f"s3://b/{name}" for name in sorted(files)]
    assert len(store.opened) == len(files) + len(failing)
    assert store.most_at_once <= parallel


def test_paths_of_a_folder_are_relative_to_it() -> None:
    reader = Lines()
    store = Store({"b/2.csv": b"1", "a.csv": b"1", "a/1.PNG": b"no"}, "/home/x/preds", 1)
    assert read(store, reader) == ["a.csv:1", "b/2.csv:1"]
    assert reader.names == ["a.csv", "b/2.csv"]


@pytest.mark.parametrize(
    ("failure", "code", "text"),
    [
        (DENIED, "s3_access_denied", "s3://b/x may not be read."),
        (THROTTLED, "throttled", "Slow down."),
        (OSError(errno.EACCES, "Permission denied"), "predictions_unread", "2.csv cannot be read"),
        (OSError(errno.EIO, "Input/output error"), "predictions_unread", "Input/output error"),
    ],
)
@pytest.mark.parametrize("size", [1, 2 << 20])
def test_a_file_that_cannot_be_had_makes_no_set(
    failure: Exception, code: str, text: str, size: int
) -> None:
    store = Store({"1.csv": b"1", "2.csv": b"2" * size, "3.csv": b"3"}, "/preds", 1)
    store.failures["2.csv"] = [failure] * 9
    with pytest.raises(LfvError) as caught:
        read(store, Lines())
    assert caught.value.code == code
    assert text in caught.value.message
    assert caught.value.next_step


def test_a_damaged_file_makes_no_set() -> None:
    store = Store({"1.csv": b"1", "2.csv": b"1\ndamaged"}, "/preds", 1)
    with pytest.raises(SetupError, match=r"2\.csv cannot be read: truncated or corrupt gzip"):
        read(store, Lines())


def test_a_file_that_is_too_large_is_not_begun() -> None:
    class Large(Store):
        def entries(self) -> Iterator[FileEntry]:
            yield FileEntry("1.csv", 1, 0)
            yield FileEntry("2.csv", (1 << 30) + 1, 0)

    store = Large({"1.csv": b"1"}, "/preds", 1)
    with pytest.raises(SetupError, match=r"2\.csv cannot be read: larger than 1024 MiB"):
        list(FilesOfSource(store, Lines()).read(store.entries(), lambda: None))
    assert store.opened == []


def test_a_refusal_stays_what_it_is() -> None:
    class Refusing(Lines):
        def read(self, name: str, chunks: Iterable[bytes]) -> Iterator[PredictedImage]:
            yield from super().read(name, chunks)
            raise CallerError("predictions_refused", f"{name} has two scores.", "Say --score.")

    with pytest.raises(CallerError, match=r"1\.csv has two scores"):
        read(Store({"1.csv": b"1"}, "/preds", 1), Refusing())


@pytest.mark.parametrize("keep", [3, 4, 5])
def test_a_source_in_memory(keep: int) -> None:
    store = Store({"1.csv": b"1\n2", "2.csv": b"3\n4"}, "/preds", 1)
    done: list[int] = []
    choice = ColumnChoice(cut=0.5)
    found = read_source(
        store,
        PADIM,
        choice,
        origin="preds",
        advance=lambda: done.append(1),
        reader=Lines,
        keep=keep,
    )
    assert (found.about.images, found.about.origin, found.about.key) == (4, "preds", PADIM)
    assert len(done) == 2
    if keep < 4:
        assert found.images is None
    else:
        assert found.images is not None
        assert [image.image[-1] for image in found.images] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("limit", [4, 5])
def test_a_file_that_has_grown_since_it_was_listed(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """It is read as it is by now, whole; one that is too large by now is refused, not cut off."""

    class Grown(io.BytesIO):
        stamp = 1
        size = 5

    class Growing(Store):
        @contextmanager
        def open(
            self, name: str, *, start: int = 0, limit: int | None = None
        ) -> Iterator[IO[bytes]]:
            with super().open(name, start=start, limit=limit):
                yield Grown(b"1\n2\n3")

    monkeypatch.setattr("lfv_mcp.archive.predictions_source.MANIFEST_LIMIT", limit)
    store = Growing({"a.csv": b"1"}, "/preds", 1)
    if limit == 5:
        assert read(store, Lines()) == ["a.csv:1", "a.csv:2", "a.csv:3"]
    else:
        with pytest.raises(SetupError, match=r"a\.csv cannot be read: ") as refused:
            read(store, Lines())
        assert refused.value.code == "predictions_unread"
