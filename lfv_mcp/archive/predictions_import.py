"""What another system predicted, written into an archive as one file under a name.

The same source makes the same bytes, which appear whole or not at all: a run that was killed can be
run again. A name stands for one set, so another content is written only where it may replace it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Final, Literal, NamedTuple

from lfv_mcp.archive.fetched_file import chunks_of
from lfv_mcp.archive.index import Index, PredictionSetEntry, relative_name
from lfv_mcp.archive.layout import file_name, folder_of
from lfv_mcp.archive.named_sets import holds_set_alone, name_taken
from lfv_mcp.archive.predictions_source import (
    FilesOfSource,
    MakeReader,
    prediction_reader,
)
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.archive.targets import StagedFile, Target
from lfv_mcp.archive.training_source import TrainingImages
from lfv_mcp.errors import CallerError
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.prediction_file import (
    header_line,
    image_line,
    training_line,
)
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    TrainedOn,
    about_as_json,
    about_from,
    same_but_for_origin,
)
from lfv_mcp.formats.record import predictions_record
from lfv_mcp.identifiers import (
    PREDICTION_SET_NAME_RULE,
    PredictionSetKey,
    ProjectKey,
    is_prediction_set_name,
    is_project_name,
    parse_arn,
)
from lfv_mcp.text import clean

_BATCH: Final = 1 << 16
"""Bytes of lines that are handed on together."""


class SourceFiles(NamedTuple):
    """One source as it was listed."""

    files: FileStore
    entries: Sequence[FileEntry]


@dataclass(frozen=True, slots=True)
class ImportQuestion:
    """What is to be imported.

    Args:
        key: whose images, and under which name.
        choice: which column says what.
        origin: where the predictions come from, as a text for people.
        same_names: a person vouches that equal names are the same images.
        may_replace: whether another set of that name may go.
        training: what the model was trained on; None if nobody said it.
    """

    key: PredictionSetKey
    choice: ColumnChoice
    origin: str
    same_names: bool = False
    may_replace: bool = False
    training: TrainingImages | None = None


class ImportedPredictions(NamedTuple):
    """What became of an import.

    Args:
        about: the set, as the archive has it.
        outcome: whether it was written, was there already, or took the place of another.
        problems: the first things of each kind that were left out, with their places.
    """

    about: AboutPredictions
    outcome: Literal["new", "unchanged", "replaced"]
    problems: Sequence[str]


def set_key(project: str, name: str, held: Index | None) -> PredictionSetKey:
    """The key of a set that is going to be imported, or read once.

    Args:
        project: the project's name, or an ARN of it or of one of its models.
        name: the name of the set.
        held: what the archive holds; None for an archive that is not there yet. A project that it
            has in one place alone is that one.

    Raises:
        CallerError: a name that cannot be one.
    """
    if not is_prediction_set_name(name):
        raise CallerError(
            "invalid_argument",
            f"{clean(name, 100)!r} cannot be the name of a prediction set: it "
            f"{PREDICTION_SET_NAME_RULE}.",
            "Choose another name, for example --predictions padim_2.",
        )
    arn = parse_arn(project)
    if arn is not None:
        return PredictionSetKey(arn.region, arn.account, arn.project, name)
    if not is_project_name(project):
        raise CallerError(
            "invalid_argument",
            f"{clean(project, 300)!r} is neither the name of a project nor its ARN: a name begins "
            "with a letter or digit and has at most 255 letters, digits, - and _.",
            "Write it as --project cap-seal.",
        )
    place = held.only_place_of(project) if held is not None else None
    return PredictionSetKey(*(place or ProjectKey("", "", project)), name)


def import_predictions(
    sources: Sequence[SourceFiles],
    target: Target,
    held: Index | None,
    question: ImportQuestion,
    *,
    advance: Callable[[], None] = lambda: None,
    make_reader: MakeReader = prediction_reader,
    wait: Callable[[float], None] = time.sleep,
) -> ImportedPredictions:
    """Write the predictions of some sources into an archive, as one set.

    Args:
        sources: where they are.
        target: the archive.
        held: what it holds; None for one that is not there yet.
        question: what they are, and under which name.
        advance: called as often as `steps_of` says for each file.
        make_reader: makes what reads the files.
        wait: waits a number of seconds before what has failed is tried again.

    Raises:
        PredictionsRefusedError: the files allow two readings, or none.
        CallerError: the archive has another set of that name.
        LfvError: a file could not be read, or the archive cannot be written to.
    """
    target.prepare()
    reader = make_reader(question.choice)
    read = [FilesOfSource(source.files, reader, wait=wait) for source in sources]
    digest = blake2b(digest_size=8)
    training: list[DatasetLine] = []

    def lines() -> Iterator[bytes]:
        for source, files in zip(sources, read, strict=True):
            for image in files.read(source.entries, advance):
                line = image_line(image)
                digest.update(line)
                yield line
        # A set that is imported again keeps what its file says.
        training.extend(reader.training if question.training is None else question.training.lines)
        for line in map(training_line, training):
            digest.update(line)
            yield line

    body = target.stage(_batches(lines()), "")  # its first line says how many follow
    try:
        about = reader.about(question.key, question.origin, same_names=question.same_names)
        about = _with_lines(about, digest.hexdigest(), question, training)
        problems = list(map(str, reader.problems))
        there = _entry_of(held, question.key)
        said = None if there is None or there.disagreeing else about_from(there.about)
        if said is not None and same_but_for_origin(said, about):
            return ImportedPredictions(said, "unchanged", problems)
        old = _require_free(target, there, question)
        _publish(target, about, body, old)
    finally:
        body.discard()
    return ImportedPredictions(about, "replaced" if old else "new", problems)


def _with_lines(
    about: AboutPredictions,
    content: str,
    question: ImportQuestion,
    training: Sequence[DatasetLine],
) -> AboutPredictions:
    """The set with what only its lines tell."""
    if not training:
        return replace(about, content=content)
    origin = question.origin if question.training is None else question.training.origin
    return replace(about, content=content, trained_on=TrainedOn(origin, len(training)))


def _entry_of(held: Index | None, key: PredictionSetKey) -> PredictionSetEntry | None:
    """What an archive has under the name that a set is going to have."""
    if held is None:
        return None
    found = held.find_set(key.project_key, key.name)
    if found is None and not held.places_of(key.project):
        # Once this set is there, one that nobody placed has the same only place.
        found = held.find_set(ProjectKey("", "", key.project), key.name)
    return held.prediction_sets[found] if found is not None else None


def _require_free(
    target: Target, there: PredictionSetEntry | None, question: ImportQuestion
) -> list[str]:
    """The files below the target that make room for a set of that name.

    Raises:
        CallerError: they may not go.
    """
    if there is None:
        return []
    names = sorted({relative_name(ref.name, target.location) for ref in there.files})
    if not question.may_replace:
        raise name_taken(question.key.name, names[0], "Add --replace: that one then goes")
    for name in names:
        if not holds_set_alone(target, name):
            raise name_taken(
                question.key.name, name, "Take it out of that file, which holds other things too"
            )
    return names


def _publish(target: Target, about: AboutPredictions, body: StagedFile, old: Sequence[str]) -> None:
    """Let a set appear; what it replaces goes only then."""
    record = predictions_record(about_as_json(about))
    folder = folder_of(record.key)
    staged = target.stage(chain([header_line(about)], _content(body)), folder)
    try:
        name = f"{folder}/{file_name(record, staged.digest)}"
        target.publish(staged, name)
    finally:
        staged.discard()
    for each in old:
        if each != name:
            target.remove(each)


def _content(staged: StagedFile) -> Iterator[bytes]:
    if staged.data is not None:
        yield staged.data
        return
    with Path(staged.path).open("rb") as file:
        yield from chunks_of(file)


def _batches(lines: Iterable[bytes]) -> Iterator[bytes]:
    batch = bytearray()
    for line in lines:
        batch += line
        if len(batch) >= _BATCH:
            yield bytes(batch)
            batch.clear()
    yield bytes(batch)
