"""archive.export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from lfv_mcp.archive.writer import ArchiveWriter, Tally
from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import recognise_answer
from lfv_mcp.identifiers import AccountScope
from lfv_mcp.provenance import Provenance
from lfv_mcp.times import epoch_seconds

_T = TypeVar("_T")


def export_live(service: LookoutVision, recorder: ArchiveWriter, tally: Tally) -> Iterator[str]:
    """Save every answer of a live endpoint; yields the name of each project when it is done.

    An answer that is there already, whenever it was taken, is not saved again. A model that
    cannot be described is kept as the listing has it, and reported.

    Raises:
        LfvError: the projects cannot be listed.
    """
    caller = AccountScope(service.region())

    def save(member: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        replayed = Provenance.from_headers(headers)  # its date is today's, its basis may be another
        if replayed and replayed.basis == "evaluation_files":
            raise UnrecognisedError("known only from evaluation files: import those instead")
        if replayed and replayed.basis == "list_models":
            member = "ModelMetadata"
        captured = replayed.captured if replayed else epoch_seconds(headers.get("date"))
        record = recognise_answer({member: body}, captured)
        tally.recognised[record.form] = tally.recognised.get(record.form, 0) + 1
        tally.written += not recorder.holds(record) and recorder.keep(record)

    def attempt(name: str, work: Callable[[], _T]) -> _T | None:
        try:
            return work()
        except UnrecognisedError as problem:
            tally.problems.append((name, problem))
        except LfvError as error:
            if error.code == "archive_unwritable":
                raise
            tally.problems.append((name, error))
        return None

    def describe_project(name: str) -> Mapping[str, str]:
        answer = service.describe_project(caller, name)
        save("ProjectDescription", answer.body, answer.headers)
        return answer.headers

    def describe(
        project: str, version: str, listed: Mapping[str, Any], headers: Mapping[str, str]
    ) -> None:
        try:
            answer = service.describe_model(caller, project, version)
        except LfvError:
            save("ModelMetadata", listed, headers)
            raise
        save("ModelDescription", answer.body, answer.headers)

    def one_project(name: str) -> None:
        # Listed in the same moment, so these headers date the listing too.
        headers = attempt(name, partial(describe_project, name)) or {}
        for listed in service.all_models(caller, name):
            version = str(listed.get("ModelVersion"))
            tally.files += 1
            attempt(f"{name} {version}", partial(describe, name, version, listed, headers))

    for project in service.all_projects(caller):
        name = str(project.get("ProjectName"))
        attempt(name, partial(one_project, name))
        yield name
