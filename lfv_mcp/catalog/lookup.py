"""Finds the model that a query means: its region and account, its version, or what exists instead.

Everything in here may block, so it runs on worker threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from lfv_mcp.analysis.model_findings import day
from lfv_mcp.analysis.statuses import NEAR_STATUSES, STATUS_WORDS
from lfv_mcp.archive.index import Index
from lfv_mcp.catalog.backend import Backend
from lfv_mcp.catalog.held_names import names_in_words
from lfv_mcp.catalog.near_names import closest_first, did_you_mean
from lfv_mcp.catalog.prediction_sets import PredictionSets
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.identifiers import AccountScope, ModelKey, ProjectKey, version_number
from lfv_mcp.model_query import LATEST, PREDICTIONS_RULE, ModelQuery, asked_in_words
from lfv_mcp.text import clean, first_of

_MAX_NAMES: Final = 10
"""Names that an error lists; those beyond are counted."""
_USE_AN_ARN: Final = "Pass one of these ARNs as project_name."
_CONNECT_OWN_MODELS: Final = (
    "This is the bundled sample; for your own models set LFV_SOURCE (--source) to a directory of "
    "saved answers or evaluation files."
)


class LatestVersion(NamedTuple):
    """The highest version of a project, and what its listing says beside it.

    Args:
        version: the number.
        hosted: the versions that are HOSTED, or were when captured, the highest first.
    """

    version: str
    hosted: list[str]


class Lookup:
    """Finds the model that a query means, in an archive or at a live endpoint.

    An archive holds models of several regions and accounts at once; a live endpoint only those of
    the region that is asked and of the account that the credentials belong to.

    Args:
        backend: the API client, and the archive if there is one.
        sets: the prediction sets, which errors name beside the versions; None for none.
    """

    def __init__(self, backend: Backend, sets: PredictionSets | None = None) -> None:
        self._backend = backend
        self._sets = sets

    def scope(self, query: ModelQuery) -> AccountScope:
        """The region and account of the project that a query names.

        Raises:
            CallerError: `ambiguous_model` or `project_not_found`, with the candidates' ARNs.
            LfvError: no region is configured, or the archive cannot be listed.
        """
        archive = self._backend.archive
        if archive is None:
            return AccountScope(query.region or self._backend.service.region())
        return archived_scope(archive.index(), query)

    def scopes(self, query: ModelQuery) -> list[AccountScope]:
        """The regions and accounts that a listing goes through, in the order of its tokens.

        Raises:
            LfvError: as `scope`, for a query that names a project or a live endpoint.
        """
        archive = self._backend.archive
        if archive is None or query.project_name:
            return [self.scope(query)]
        return [
            AccountScope(region, account)
            for region, account in sorted(archive.index().places)
            if query.region in (None, region)
        ]

    def latest_version(self, scope: AccountScope, project_name: str) -> LatestVersion:
        """The highest version number: no document defines `latest`, so it is resolved here.

        Raises:
            CallerError: `model_not_found`, the project has no models.
            LfvError: the models cannot be listed.
        """
        statuses = self._statuses(scope, project_name)
        if not statuses:
            raise CallerError("model_not_found", f"Project {project_name} has no models.", "")
        return LatestVersion(str(max(statuses)), _hosted(statuses))

    def versions(self, scope: AccountScope, project_name: str) -> list[str]:
        """The versions of a project, the highest first.

        Raises:
            LfvError: they cannot be listed, or there is no such project.
        """
        return [str(number) for number in reversed(self._version_numbers(scope, project_name))]

    def hosted_version(self, scope: AccountScope, project_name: str) -> str:
        """The highest version that is HOSTED, or was when its record was taken.

        Raises:
            CallerError: `model_not_found`, there is none; with the statuses that there are.
            LfvError: the models cannot be listed.
        """
        statuses = self._statuses(scope, project_name)
        hosted = _hosted(statuses)
        if not hosted:
            told = _first(f"{version} {status}" for version, status in sorted(statuses.items()))
            claim = f"No version of {project_name} is HOSTED: {told}."
            if self._backend.archive is not None:
                key = ProjectKey(scope.region, scope.account, project_name)
                when = _when_captured(self._backend.archive.index(), key)
                claim = f"No version of {project_name} was HOSTED when captured{when}: {told}."
                claim += " Whether one ran earlier is in no record."
            near = "".join(
                f" Version {version} ({status}) may be the one: {STATUS_WORDS[status].meaning}."
                for version, status in sorted(statuses.items(), reverse=True)
                if status in NEAR_STATUSES["HOSTED"]
            )
            raise CallerError(
                "model_not_found", claim, f"Ask for one of these by its number.{near}"
            )
        return hosted[0]

    def not_found(self, error: CallerError, scope: AccountScope, query: ModelQuery) -> CallerError:
        """The same `project_not_found` or `model_not_found`, with what exists instead.

        A version that is not found may turn out to be of a project that is not there either.
        """
        code, next_step = error.code, "Ask again with one of these."
        what = self._no_version(query.project_name, query.prediction_set or query.model_version)
        sets = self._names_of_sets(query)
        no_project = self._no_project(query.project_name)
        try:
            versions = None
            if code == "model_not_found":
                versions = self._versions_if_project_exists(scope, query.project_name)
            if versions is None and sets:
                code = "model_not_found"
                what = f"{query.project_name} has no version here, only prediction sets."
                known = f"Its prediction sets: {_first(sets)}."
            elif versions is None:
                code, what = "project_not_found", no_project
                names = self._project_names(scope)
                known = names_in_words("projects", query.project_name, names)
                next_step = next_step if names else self._where_to_look()
            else:
                known = f"Versions of {query.project_name}: {_first(map(str, versions))}"
                known += f"; prediction sets: {_first(sets)}." if sets else "."
                known = did_you_mean(query.prediction_set or "", sets) + known
            if query.prediction_set and code == "model_not_found":
                # Asked again with a version the question would be another one.
                again = f"{next_step} " if did_you_mean(query.prediction_set, sets) else ""
                next_step = f"{again}To compare: {PREDICTIONS_RULE}."
        except LfvError as other:
            known = f"What exists could not be listed [{other.code}]."
            next_step = "Check the name and the version."
        if self._backend.kind == "sample":
            next_step += f" {_CONNECT_OWN_MODELS}"
        return CallerError(code, f"{what} {known}", next_step)

    def _names_of_sets(self, query: ModelQuery) -> list[str]:
        """The prediction sets of the project, the closest name first."""
        archive = self._backend.archive
        if self._sets is None:
            return []
        names = self._sets.names(query, None if archive is None else archive.held)
        return closest_first(query.prediction_set or "", names)

    def _held_by(self, name: str, project_name: str) -> str:
        """Of which other projects there is a prediction set of that name, as a clause."""
        archive = self._backend.archive
        if self._sets is None:
            return ""
        rows = self._sets.rows(ModelQuery(""), None if archive is None else archive.held)
        same = [row.project_name for row in rows if row.name.casefold() == name.casefold()]
        others = [project for project in same if project != project_name]
        return f"; {_first(dict.fromkeys(others))} has one" if others else ""

    def _is_all_read(self) -> bool:
        """Whether what is not found is not there: of a file that was not read nobody knows."""
        archive = self._backend.archive
        index = None if archive is None else archive.held
        return index is None or index.unread is None

    def _no_version(self, project_name: str, version: str | None) -> str:
        if self._is_all_read():
            if version and not version.isdigit():
                others = self._held_by(version, project_name)
                return f"{project_name} has no prediction set {version!r}{others}."
            return f"{project_name} has no version {version or 'yet'}."
        which = "any version"
        if version:
            which = f"version {version}" if version.isdigit() else f"a prediction set {version!r}"
        return f"There is no readable record of {which} of {project_name!r}."

    def _no_project(self, project_name: str) -> str:
        if self._is_all_read():
            return f"There is no project {project_name!r} here."
        return f"There is no readable record of {project_name!r} here."

    def in_words(self, query: ModelQuery) -> str:
        """The question as it was understood, for errors: project, versions, region and source."""
        members = {
            **asked_in_words(query),
            "region": query.region or self._region_in_words(),
            "source": self._backend.kind,
        }
        return ", ".join(f"{name}={value}" for name, value in members.items() if value)

    def _region_in_words(self) -> str:
        try:
            return "(any)" if self._backend.archive is not None else self._backend.service.region()
        except LfvError:
            return "(none)"

    def _statuses(self, scope: AccountScope, project_name: str) -> dict[int, str]:
        """The status of each version of a project, in words for one without."""
        models = self._backend.service.all_models(scope, project_name)
        return {
            version_number(model): str(model.get("Status") or "status not known")
            for model in models
        }

    def _version_numbers(self, scope: AccountScope, project_name: str) -> list[int]:
        return sorted(self._statuses(scope, project_name))

    def _versions_if_project_exists(
        self, scope: AccountScope, project_name: str
    ) -> list[int] | None:
        try:
            return self._version_numbers(scope, project_name)
        except CallerError as error:
            if error.code != "project_not_found":
                raise
            return None

    def _project_names(self, scope: AccountScope) -> list[str]:
        if self._backend.archive is not None:
            index = self._backend.archive.index()
            sets: set[str] = self._sets.projects(index) if self._sets else set()
            return sorted({*index.named, *sets})
        projects = self._backend.service.list_projects(scope).body["Projects"]
        return [clean(str(project.get("ProjectName", ""))) for project in projects]

    def _where_to_look(self) -> str:
        if self._backend.archive is not None:
            return "See what is held: `lfv-mcp archive check DIR`."
        return "Check the region and the account."


def archived_scope(index: Index, query: ModelQuery) -> AccountScope:
    """The one region and account in an archive that a query means.

    Raises:
        CallerError: `ambiguous_model` if there are several, `project_not_found` if the project is
            only there for another region or account. Both list the candidates' ARNs.
    """
    anywhere = index.named.get(query.project_name, [])
    projects = [
        key
        for key in anywhere
        if query.region in (None, key.region) and query.account in (None, key.account)
    ]
    if query.version_or_name.isdigit() and len(projects) > 1:
        version = int(query.version_or_name)
        exact = [key for key in projects if ModelKey(*key, version) in index.models]
        projects = exact or projects
    if len(projects) > 1:
        raise CallerError(
            "ambiguous_model",
            f"{query.project_name} is held for several regions or accounts: "
            f"{_first(_arns(index, projects, query))}.",
            _USE_AN_ARN,
        )
    if projects:
        return AccountScope(projects[0].region, projects[0].account)
    if anywhere:
        raise CallerError(
            "project_not_found",
            f"{query.project_name} is not held for that region or account, only as "
            f"{_first(_arns(index, anywhere, query))}.",
            _USE_AN_ARN,
        )
    scopes = sorted(index.places)
    fallback = scopes[0][0] if scopes else "us-east-1"  # the replay then finds nothing there
    # Without the account that was asked for: a client is made for each scope, and kept, so that
    # made-up accounts would fill the memory.
    return AccountScope(query.region or fallback)


def hosted_in_archive(index: Index, query: ModelQuery) -> list[str]:
    """The versions of a query's project that were HOSTED when captured, the highest first."""
    model = archived_model(index, query)
    if model is None:
        return []
    versions = index.versions[model.project_key]
    return [str(key.version) for key in versions if index.models[key].winner.status == "HOSTED"]


def archived_model(index: Index, query: ModelQuery) -> ModelKey | None:
    """The model in an archive that a query means; None if there is none, or it is ambiguous."""
    try:
        region, account = archived_scope(index, query)
    except CallerError:
        return None
    versions = index.versions.get(ProjectKey(region, account, query.project_name))
    if not versions:
        return None
    if not query.model_version:
        return versions[0]
    key = versions[0]._replace(version=int(query.model_version))
    return key if key in index.models else None


def _when_captured(index: Index, project: ProjectKey) -> str:
    """The days on which a project's statuses were captured, in brackets; empty if one has none."""
    seconds = [index.models[key].winner.captured for key in index.versions.get(project, ())]
    days = sorted({day(each) for each in seconds if each is not None})
    if None in seconds or not days:
        return ""
    return f" ({days[0]})" if len(days) == 1 else f" ({days[0]} to {days[-1]})"


def _arns(index: Index, projects: Sequence[ProjectKey], query: ModelQuery) -> list[str]:
    """ARNs that fit the rest of the question: of the version that was asked for, else the newest.

    Beside `hosted` or a prediction set a version would contradict them: then of the projects.
    """
    version = query.version_or_name
    if version != LATEST and not version.isdigit():
        return [key.arn for key in projects]
    newest = [index.versions[key][0] for key in projects if key in index.versions]
    if version == LATEST:
        return [key.arn for key in newest]
    return [key._replace(version=int(version)).arn for key in newest]


def _hosted(statuses: Mapping[int, str]) -> list[str]:
    """The versions that are HOSTED, the highest first."""
    hosted = sorted((v for v, status in statuses.items() if status == "HOSTED"), reverse=True)
    return [str(version) for version in hosted]


def _first(names: Iterable[str]) -> str:
    """The first names, and how many there are beyond; `none` if there are no names."""
    return first_of(names, _MAX_NAMES) or "none"
