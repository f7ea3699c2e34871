"""Asks the API or the archive for one model, and makes a summary of the answer."""

from __future__ import annotations

from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.model_findings import hosted_elsewhere
from lfv_mcp.analysis.model_summary import summarise
from lfv_mcp.catalog.backend import Backend
from lfv_mcp.catalog.evidence_files import EvidenceFiles
from lfv_mcp.catalog.index_findings import with_findings
from lfv_mcp.catalog.lookup import Lookup
from lfv_mcp.catalog.sources import AnswerSources
from lfv_mcp.errors import CallerError, ServiceError
from lfv_mcp.identifiers import model_key
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.provenance import Provenance
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.text import clean


class Describer:
    """Asks for one model and summarises the answer, on a worker thread.

    Args:
        backend: the API client.
        lookup: finds the model that is meant.
        sources: makes the `source` of the summary.
        files: knows whether there are evaluation files.
    """

    def __init__(
        self, backend: Backend, lookup: Lookup, sources: AnswerSources, files: EvidenceFiles
    ) -> None:
        self._backend = backend
        self._lookup = lookup
        self._sources = sources
        self._files = files

    def describe(self, query: ModelQuery) -> ModelSummary:
        """The summary of the model that a query means.

        Raises:
            CallerError: there is no such model, or it is of another account than was asked for.
            LfvError: the model cannot be described, or the answer is about another version.
        """
        scope = self._lookup.scope(query)
        version, hosted = query.model_version, list[str]()
        try:
            if version is None:
                version, hosted = self._lookup.latest_version(scope, query.project_name)
            answer = self._backend.service.describe_model(scope, query.project_name, version)
        except CallerError as error:
            if error.code in ("project_not_found", "model_not_found"):
                raise self._lookup.not_found(error, scope, query) from error
            raise
        readable = readable_description(answer.body)
        key = model_key(readable.description.present_members())
        if query.account and key and key.account != query.account:
            raise CallerError(
                "project_not_found",
                f"The answer is about {key.arn}: these credentials are of another account.",
                "Choose the AWS_PROFILE of the account in the ARN, or leave the account out.",
            )
        answered = readable.description.ModelVersion or version
        if answered != version and query.model_version:
            raise ServiceError(
                "bad_answer",
                f"Asked for version {version}, the reply is about version {clean(answered, 20)}.",
                "Check the endpoint and what stands between.",
            )
        replayed = Provenance.from_headers(answer.headers)
        summary = summarise(
            query.project_name,
            answered,
            key.region if key else scope.region,
            readable,
            self._sources.of_description(scope, answer.headers),
            replayed,
            self._files.where_available(readable.description),
            self._backend.doubt,
        )
        # Of an archive the index tells it, whichever version is asked for: see `AskedModels`.
        is_live = self._backend.archive is None
        return (
            with_findings(summary, list(hosted_elsewhere(summary, hosted))) if is_live else summary
        )
