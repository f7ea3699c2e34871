"""Saves every answer of a live endpoint into an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lfv_mcp.archive.tally import ImportTally
from lfv_mcp.archive.writer import ArchiveWriter
from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import recognise_answer
from lfv_mcp.identifiers import AccountScope
from lfv_mcp.provenance import Provenance
from lfv_mcp.times import epoch_seconds

_Headers = Mapping[str, str]


def export_live(service: LookoutVision, writer: ArchiveWriter, tally: ImportTally) -> Iterator[str]:
    """Save every answer of a live endpoint; yields the name of each project when it is done.

    An answer that is there already, whenever it was taken, is not saved again. A model that
    cannot be described is kept as the listing has it, and reported.

    Raises:
        LfvError: the projects cannot be listed, or the archive cannot be written to.
    """
    export = _Export(service, AccountScope(service.region()), writer, tally)
    for project in service.all_projects(export.scope):
        name = str(project.get("ProjectName"))
        export.attempt(name, partial(export.save_project, name))
        yield name


@dataclass(frozen=True, slots=True)
class _Export:
    """One export: where the answers come from, where they go, and what became of them."""

    service: LookoutVision
    scope: AccountScope
    writer: ArchiveWriter
    tally: ImportTally

    def attempt(self, name: str, work: Callable[[], None]) -> None:
        """Do one piece of the work; its failure is a problem of the tally, and the rest goes on.

        Raises:
            LfvError: the archive cannot be written to, so nothing else can be saved either.
        """
        try:
            work()
        except UnrecognisedError as problem:
            self.tally.problems.append((name, problem))
        except LfvError as error:
            if error.code == "archive_unwritable":
                raise
            self.tally.problems.append((name, error))

    def save_project(self, name: str) -> None:
        """Save a project's description and all its models."""
        described: dict[str, str] = {}
        self.attempt(name, partial(self._save_project_description, name, described))
        for listed in self.service.all_models(self.scope, name):
            version = str(listed.get("ModelVersion"))
            self.tally.files += 1
            # Listed in the same moment, so the description's headers date the listing too.
            save = partial(self._save_model, name, version, listed, described)
            self.attempt(f"{name} {version}", save)

    def _save_project_description(self, name: str, described: dict[str, str]) -> None:
        """Save DescribeProject's answer, and put its headers into `described` once it is saved."""
        answer = self.service.describe_project(self.scope, name)
        self._save("ProjectDescription", answer.body, answer.headers)
        described.update(answer.headers)

    def _save_model(
        self, project: str, version: str, listed: Mapping[str, Any], listing_headers: _Headers
    ) -> None:
        try:
            answer = self.service.describe_model(self.scope, project, version)
        except LfvError:
            self._save("ModelMetadata", listed, listing_headers)
            raise
        self._save("ModelDescription", answer.body, answer.headers)

    def _save(self, member: str, body: Mapping[str, Any], headers: _Headers) -> None:
        replayed = Provenance.from_headers(headers)  # its date is today's, its basis may be another
        if replayed and replayed.basis == "evaluation_files":
            raise UnrecognisedError("known only from evaluation files: import those instead")
        if replayed and replayed.basis == "list_models":
            member = "ModelMetadata"
        captured = replayed.captured if replayed else epoch_seconds(headers.get("date"))
        record = recognise_answer({member: body}, captured)
        if not self.writer.contains(record):
            self.tally.written += self.writer.write_record(record)
        self.tally.count(record)
