"""The catalogue: questions about models, answered within a deadline. Knows no MCP.

Everything blocking runs on a worker thread; a caller who gives up is free at once, and the
thread ends with its own, shorter, network timeouts. boto3, and what only evaluations need, is
imported at the first question: a client that starts a server waits for its list of tools.
"""

from __future__ import annotations

import json
import logging
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

import anyio.to_thread

from lfv_mcp import model_query
from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.listing import listing_digest, summarise_listing
from lfv_mcp.analysis.model_summary import summarise
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import Index
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.cache import Cache
from lfv_mcp.errors import CallerError, LfvError, ServiceError
from lfv_mcp.findings import finding
from lfv_mcp.identifiers import AccountScope, ModelKey, model_key
from lfv_mcp.model_query import LATEST, ModelQuery, check_project_name, invalid_argument
from lfv_mcp.provenance import Provenance
from lfv_mcp.results.common import Finding, Source, SourceKind
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_list import ModelList, ModelRow
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.text import clean
from lfv_mcp.times import epoch_seconds, iso_utc

if TYPE_CHECKING:
    from lfv_mcp.analysis.comparison import Candidate
    from lfv_mcp.aws.client import LookoutVision
    from lfv_mcp.catalog.evidence import Evidence, EvidenceReader, FileResult
    from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
    from lfv_mcp.formats.evaluation_result import EvaluationResult


logger = logging.getLogger(__name__)
_T = TypeVar("_T")
CONCURRENCY: Final = 32
"""Questions towards AWS at one time; the clients keep as many connections."""
THREADS: Final = 96
"""Worker threads at work from which no more are started: those that callers who gave up have left
behind end with their own timeouts."""
FAN_OUT: Final = 8
"""Projects whose models are listed at one time."""
KNOWN_FOR: Final = 15.0
"""Seconds for which names offered in lists and completions may be old."""
SETTLED: Final = ("TRAINED", "TRAINING_FAILED", "HOSTED", "HOSTING_FAILED")
"""Statuses that do not change by themselves."""
SETTLED_FOR: Final = 5.0
"""Seconds for which a live answer with such a status is good."""
EVIDENCE_FOR: Final = 10.0
"""Seconds for which evaluation files, once read, are not read again (a slider asks often), unless
the archive has changed."""
EVIDENCE_KEPT: Final = 8
KEPT: Final = 500
"""Answers kept in memory."""
READERS: Final = 16
"""Evaluation files read at one time; their own number, so that S3 cannot keep others waiting."""
PAGE_BYTES: Final = 37_000
"""Of a page of models, as JSON and as text: a longer one is continued by its `next_token`."""
_SHOWN: Final = 10
"""Names that an error lists; more are counted."""
_CONNECT: Final = (
    "This is the bundled sample; for your own models set LFV_SOURCE (--source) to a directory of "
    "saved answers or evaluation files."
)


class Catalog:
    """What is known about models, from one source.

    Args:
        open_service: makes the boto3 seam, at the first question and not before.
        kind: what `source.kind` says.
        archive: the archive behind the seam, if there is one: it knows every place
            (region and account) at once, where a live endpoint has only the asked one.
        timeout: seconds one question may take in all.
        s3: where evaluation files are read that the archive does not hold; None for nowhere.
    """

    def __init__(
        self,
        open_service: Callable[[], LookoutVision],
        kind: SourceKind,
        archive: Archive | None = None,
        timeout: float = 20.0,
        s3: S3 | None = None,
    ) -> None:
        self.kind = kind
        self.location = (
            "" if archive is None else archive.files.location if kind == "archive" else "bundled"
        )
        self._open_service = open_service
        self._archive = archive
        self._timeout = timeout
        self._limiter = anyio.CapacityLimiter(CONCURRENCY)
        self._readers = anyio.CapacityLimiter(READERS)
        self._unlimited = anyio.CapacityLimiter(math.inf)
        self._working: set[object] = set()  # one for each worker thread that is at work
        self._s3 = s3
        # What an archive says is remembered with the number of the index that it was made from.
        self._described: Cache[tuple[int, ModelQuery], ModelSummary] = Cache(self._good_for, KEPT)
        # By record, not by question: `latest` may be another model a moment later.
        self._read: Cache[tuple[int, str], Evidence] = Cache(
            lambda evidence: EVIDENCE_FOR if evidence.settled else 0.0, EVIDENCE_KEPT
        )
        self._known: Cache[tuple[int, ModelQuery | None], list[ModelRow]] = Cache(
            lambda _: KNOWN_FOR, KEPT
        )
        self._looking: Cache[str, Index] = Cache(lambda _: 0.0, 0)  # for its single flight

    @cached_property
    def _service(self) -> LookoutVision:
        return self._open_service()

    @cached_property
    def _evidence(self) -> EvidenceReader:
        from lfv_mcp.catalog.evidence import EvidenceReader

        return EvidenceReader(self._archive, self._s3)

    def warm(self) -> None:
        """Index the archive now, on the calling thread: of thousands of files it takes seconds.

        boto3 is left to the first question. It takes a fifth of a second, once, and a quarter of
        the memory that a server holds which is never asked anything.
        """
        try:
            if self._archive is not None:
                self._archive.index()
        except LfvError as error:  # the first question will say so properly
            logger.info("warming up failed: %s", error.code)

    async def describe_model(self, asked: ModelQuery) -> ModelSummary:
        """One model's state, quality and findings.

        Raises:
            LfvError: with `asked` filled in.
        """
        with self._deadline(asked):
            return await self._describe_once(asked)

    async def analyze_evaluation(
        self,
        asked: ModelQuery,
        *,
        defect_rate: float | None = None,
        threshold: float | None = None,
        max_examples: int = 5,
    ) -> EvaluationReport:
        """What the evaluation files of one model prove.

        Raises:
            LfvError: with `asked` filled in; `evidence_unavailable` if neither file can be read.
        """
        from lfv_mcp.analysis.evaluation import report

        with self._deadline(asked):
            described = await self._describe_once(asked)
            evidence = await self._evidence_of(described)
            source: Source = {**described["source"], "basis": "evaluation_files"}
            return await self._on_thread(
                partial(
                    report,
                    described["model_description"],
                    evidence.result,
                    evidence.manifest,
                    source,
                    defect_rate=defect_rate,
                    threshold=threshold,
                    max_examples=max_examples,
                    findings=evidence.findings,
                )
            )

    async def compare_models(self, asked: ModelQuery, versions: Sequence[str]) -> ModelComparison:
        """Each version against the first, by what is held of their evaluations.

        Raises:
            LfvError: a version cannot be described. Evidence that cannot be read is a finding.
        """
        from lfv_mcp.analysis.comparison import Candidate, compare

        with self._deadline(asked):
            questions = [replace(asked, model_version=None if v == LATEST else v) for v in versions]
            described = await _together([partial(self._describe_once, q) for q in questions])
            numbers = [d["model_version"] for d in described]
            if len(set(numbers)) < len(numbers):
                raise invalid_argument(
                    "model_versions",
                    list(versions),
                    f"they stand for {', '.join(numbers)}, so one is named twice",
                    '["1", "3"]',
                )
            findings: list[Finding] = []

            async def candidate(summary: ModelSummary) -> Candidate:
                number = summary["model_version"]
                try:
                    evidence = await self._evidence_of(summary)
                except LfvError as error:
                    if error.code != "evidence_unavailable":
                        raise
                    message = f"Version {number}: {error.message}"
                    findings.append(finding("evidence_missing", message, error.next_step))
                    return Candidate(summary)
                findings.extend(
                    {**f, "message": f"Version {number}: {f['message']}"} for f in evidence.findings
                )
                return Candidate(summary, evidence.result, evidence.manifest)

            candidates = await _together([partial(candidate, d) for d in described])
            has_evidence = any(c.result or c.manifest for c in candidates)
            sources = [d["source"] for d in described]
            source: Source = {
                "kind": sources[0]["kind"],
                "basis": "evaluation_files" if has_evidence else "describe_model",
                "location": await self._on_thread(partial(self._where, asked)),
            }
            captured = [s["captured_at"] for s in sources if "captured_at" in s]
            if len(captured) == len(sources):  # else how old the oldest is is not known
                source["captured_at"] = min(captured)
            return await self._on_thread(partial(compare, candidates, source, findings))

    async def _describe_once(self, asked: ModelQuery) -> ModelSummary:
        key = (await self._number(), asked)
        return await self._described.get(
            key, lambda: self._on_thread(partial(self._describe, asked))
        )

    async def _evidence_of(self, described: ModelSummary) -> Evidence:
        description = described["model_description"]
        key = (await self._number(), json.dumps(description))
        return await self._read.get(key, lambda: self._evidence_now(description))

    async def _number(self) -> int:
        """Of the archive's index: with another one, other answers. 0 without an archive."""
        return 0 if self._archive is None else (await self._index(self._archive)).number

    async def _index(self, archive: Archive) -> Index:
        """The index; on a thread, and once for all who ask, if the files are to be looked at."""
        return archive.current or await self._looking.get(
            "index", lambda: self._on_thread(archive.index)
        )

    async def _evidence_now(self, description: ModelDescription) -> Evidence:
        """Both files, read at one time; shortly before the deadline what is there by then."""
        from lfv_mcp.catalog.evidence import combine, timed_out

        result: FileResult[EvaluationResult] = timed_out("result")
        manifest: FileResult[EvaluationManifest] = timed_out("manifest")

        async def read_result() -> None:
            nonlocal result
            work = partial(self._evidence.result, description)
            result = await self._on_thread(work, self._readers)

        async def read_manifest() -> None:
            nonlocal manifest
            work = partial(self._evidence.manifest, description)
            manifest = await self._on_thread(work, self._readers)

        with anyio.move_on_after(0.9 * _seconds_left()):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read_result)
                tasks.start_soon(read_manifest)
        return combine(result, manifest, description)

    async def list_models(
        self,
        asked: ModelQuery | None = None,
        *,
        region: str = "",
        status: str = "",
        max_results: int = 50,
        next_token: str = "",
        page_bytes: float = PAGE_BYTES,
        progress: Callable[[int, str], Awaitable[None]] | None = None,
    ) -> ModelList:
        """Models of one project, or of every project, newest version first within each.

        At the deadline it answers with what is complete and a `next_token`, and so it does when the
        page has as many bytes as one answer may have. A project whose
        models cannot be listed is reported in `findings`; the others are not lost.
        """
        question = asked or ModelQuery("", region=region or None)
        start = _Position.parse(next_token)
        rows: list[ModelRow] = []
        findings: list[Finding] = []
        last, more, size = start, False, len(self.location)
        with self._deadline(question):
            with anyio.move_on_after(0.9 * _seconds_left()) as scope:
                async with aclosing(self._walk(question, start, findings)) as walk:
                    async for position, row in walk:
                        wanted = row is not None and status in ("", row.get("status", ""))
                        if len(rows) == max_results and not wanted:
                            continue
                        if wanted and row is not None:
                            size += _bytes(row)
                            full = size + 2 * len(last.token()) > page_bytes
                            if len(rows) == max_results or (rows and full):
                                more = True  # only said when there really is another one
                                break
                            rows.append(row)
                        elif progress and row is None:
                            await progress(len(rows), position.project)
                        last = position
            source = await self._on_thread(partial(self._list_source, question))
        result: ModelList = {"summary": "", "models": rows, "source": source}
        if more or scope.cancelled_caught:
            result["next_token"] = last.token()
        if scope.cancelled_caught:
            findings.append(
                finding("listing_cut", "The time limit ran out.", "Go on with next_token.")
            )
        if findings:
            result["findings"] = findings
        name = asked.project_name if asked else ""
        result["summary"] = summarise_listing(rows, name, status, "next_token" in result, source)
        return result

    async def known_models(self) -> list[ModelRow]:
        """Up to a hundred models, for lists and completions; nothing when they cannot be had."""
        return await self._offered(lambda: self._rows(None))

    async def known_versions(self, project_name: str) -> list[str]:
        """The versions of one project, newest first; nothing when they cannot be had."""
        try:
            asked = model_query.parse_model_query(check_project_name(project_name))
        except CallerError:
            return []
        rows = await self._offered(lambda: self._rows(asked))
        return [row["model_version"] for row in rows]

    async def known_projects(self) -> list[str]:
        """The names of the projects, sorted; nothing when they cannot be had."""
        archive = self._archive
        if archive is None:
            return sorted({row["project_name"] for row in await self.known_models()})

        async def named() -> list[str]:
            return sorted((await self._index(archive)).named)

        return await self._offered(named)

    async def _rows(self, asked: ModelQuery | None) -> list[ModelRow]:
        async def listed() -> list[ModelRow]:
            page = await self.list_models(asked, max_results=100, page_bytes=math.inf)
            return page["models"]

        key = (await self._number(), asked)
        # A failure is remembered too: else every key that is pressed would try again.
        return await self._known.get(key, lambda: self._offered(listed))

    async def _offered(self, ask: Callable[[], Awaitable[list[_T]]]) -> list[_T]:
        """What lists and completions offer; nothing when it cannot be had in time."""
        try:
            with self.deadline():
                return await ask()
        except LfvError as error:
            logger.info("nothing can be offered: %s", error.code)
            return []

    def _good_for(self, summary: ModelSummary) -> float:
        """Seconds for which an answer is good: a status on the move is never kept."""
        if self._archive is not None:
            return math.inf  # that of an older index is not asked for any more
        return SETTLED_FOR if summary.get("status") in SETTLED else 0.0

    # Blocking, on a worker thread

    def _describe(self, asked: ModelQuery) -> ModelSummary:
        caller = self._caller(asked)
        try:
            version = asked.model_version or self._latest(caller, asked.project_name)
            answer = self._service.describe_model(caller, asked.project_name, version)
        except CallerError as error:
            if error.code in ("project_not_found", "model_not_found"):
                raise self._unknown(error, caller, asked) from error
            raise
        shown = readable_description(answer.body)
        key = model_key(shown.description)
        if asked.account and key and key.account != asked.account:
            raise CallerError(
                "project_not_found",
                f"The answer is about {key.arn}: these credentials are of another account.",
                "Choose the AWS_PROFILE of the account in the ARN, or leave the account out.",
            )
        answered = shown.description.get("ModelVersion", version)
        if answered != version and asked.model_version:
            raise ServiceError(
                "bad_answer",
                f"Asked for version {version}, the reply is about version {clean(answered, 20)}.",
                "Check the endpoint and what stands between.",
            )
        headers = answer.headers
        replayed = Provenance.from_headers(headers)
        return summarise(
            asked.project_name,
            shown.description.get("ModelVersion", version),
            key.region if key else caller.region,
            shown,
            self._source(caller, headers),
            replayed.disagreeing if replayed else (),
            self._evidence.at_hand(shown.description),
        )

    def _latest(self, caller: AccountScope, project_name: str) -> str:
        """The highest version number: no document defines `latest`, so it is resolved here."""
        listed = (_number(m) for m in self._service.all_models(caller, project_name))
        versions = [number for number in listed if number]
        if not versions:
            raise CallerError("model_not_found", f"Project {project_name} has no models.", "")
        return str(max(versions))

    def _caller(self, asked: ModelQuery) -> AccountScope:
        """Whose model is meant: one place, or an error that lists the candidates."""
        if self._archive is None:
            return AccountScope(asked.region or self._service.region())
        index = self._archive.index()
        projects = [
            key
            for key in index.named.get(asked.project_name, [])
            if asked.region in (None, key.region) and asked.account in (None, key.account)
        ]
        if asked.model_version and len(projects) > 1:
            version = int(asked.model_version)
            exact = [key for key in projects if ModelKey(*key, version) in index.models]
            projects = exact or projects
        if len(projects) > 1:
            newest = [index.versions[p][0] for p in projects if p in index.versions]
            wanted = [k._replace(version=int(asked.model_version or k.version)) for k in newest]
            arns = [key.arn for key in wanted]
            raise CallerError(
                "ambiguous_model",
                f"{asked.project_name} is held for several regions or accounts: {_some(arns)}.",
                "Pass one of these ARNs as project_name, or pass region.",
            )
        if projects:
            return AccountScope(projects[0].region, projects[0].account)
        if elsewhere := index.named.get(asked.project_name):
            newest = [index.versions[p][0] for p in elsewhere if p in index.versions]
            arns = [k._replace(version=int(asked.model_version or k.version)).arn for k in newest]
            raise CallerError(
                "project_not_found",
                f"{asked.project_name} is not held for that region or account, only as "
                f"{_some(arns)}.",
                "Pass one of these ARNs as project_name, or leave region out.",
            )
        held = sorted(index.places)
        fallback = held[0][0] if held else "us-east-1"  # the wire then says that nothing is there
        # Not the account that was asked for: each caller has a client, and that is kept.
        return AccountScope(asked.region or fallback)

    def _unknown(self, error: CallerError, caller: AccountScope, asked: ModelQuery) -> CallerError:
        """The same error, with what exists instead."""
        code, known, next_step = error.code, "", "Ask again with one of these."
        try:
            if code == "model_not_found":
                try:
                    versions = sorted(
                        _number(m) for m in self._service.all_models(caller, asked.project_name)
                    )
                    known = f"Versions of {asked.project_name}: {_some(map(str, versions))}."
                except CallerError as other:
                    if other.code != "project_not_found":
                        raise
                    code = "project_not_found"
            if code == "project_not_found":
                names = self._project_names(caller)
                close = get_close_matches(asked.project_name, names, n=3)
                known = f"Known projects: {_some([*close, *(n for n in names if n not in close)])}."
                if not names:
                    next_step = "Check the region and the account."
                    if self._archive is not None:
                        next_step = "See what is held: `lfv-mcp archive check DIR`."
        except LfvError as other:
            known = f"What exists could not be listed [{other.code}]."
            next_step = "Check the name and the version."
        what = (
            f"There is no project {asked.project_name!r} here."
            if code == "project_not_found"
            else f"{asked.project_name} has no version {asked.model_version or 'yet'}."
        )
        if self.kind == "sample":
            next_step += f" {_CONNECT}"
        return CallerError(code, f"{what} {known}", next_step)

    def _project_names(self, caller: AccountScope) -> list[str]:
        if self._archive is not None:
            return list(self._archive.index().named)
        projects = self._service.list_projects(caller).body["Projects"]
        return [clean(str(p.get("ProjectName", ""))) for p in projects]

    def _source(self, caller: AccountScope, headers: Any) -> Source:
        """What an answer rests on; a reply that a replay recorded says so itself."""
        replayed = Provenance.from_headers(headers)
        if replayed is None or replayed.basis is None:
            captured = epoch_seconds(headers.get("date", "")) or datetime.now(UTC).timestamp()
            return {
                "kind": "live",
                "basis": "describe_model",
                "captured_at": iso_utc(datetime.fromtimestamp(captured, UTC)),
                "location": self._service.endpoint(caller),
            }
        source: Source = {"kind": self._kind(replayed.kind), "basis": replayed.basis}
        if replayed.captured:
            source["captured_at"] = iso_utc(datetime.fromtimestamp(replayed.captured, UTC))
        if replayed.location:
            source["location"] = replayed.location
        return source

    def _kind(self, said: str | None) -> SourceKind:
        return cast(SourceKind, said) if said in ("archive", "sample") else self.kind

    def _list_source(self, asked: ModelQuery) -> Source:
        """Of a listing; a replay behind a live endpoint has said what it is."""
        if self._archive is None:
            kind = self._kind(self._service.replayed.get(self._caller(asked)))
            source: Source = {"kind": kind, "basis": "list_models"}
            if kind == "live":
                source["captured_at"] = iso_utc(datetime.now(UTC).replace(microsecond=0))
            source["location"] = self._where(asked)
            return source
        return {"kind": self.kind, "basis": "list_models", "location": self.location}

    def _where(self, asked: ModelQuery) -> str:
        """The archive, or else the endpoint that is asked."""
        return self.location or self._service.endpoint(self._caller(asked))

    # Walking a portfolio

    async def _walk(
        self, asked: ModelQuery, start: _Position, findings: list[Finding]
    ) -> AsyncGenerator[tuple[_Position, ModelRow | None]]:
        """Every model from a position on, in a fixed order; None marks a project passed."""
        for caller in await self._on_thread(partial(self._places, asked)):
            place = (caller.region, caller.account)
            if place < (start.region, start.account):
                continue
            here = start if place == (start.region, start.account) else _Position()
            token, resumed = here.token_of_projects, here.project
            seen: set[str] = set()
            while token not in seen:  # an endpoint that goes in circles must not hold us
                seen.add(token)
                if asked.project_name:
                    names, following = [asked.project_name], ""
                else:
                    page = await self._on_thread(
                        partial(self._service.list_projects, caller, token=token)
                    )
                    names = _project_names(page.body["Projects"], findings)
                    following = page.body.get("NextToken", "")
                if resumed in names:
                    names = names[names.index(resumed) :]
                for group in (names[i : i + FAN_OUT] for i in range(0, len(names), FAN_OUT)):
                    listed = await self._list_group(caller, group, asked, findings)
                    for name, models in zip(group, listed, strict=True):
                        at = _Position(*place, token, name, 0)
                        for model in models:
                            number = _number(model)
                            if name != resumed or number < here.version:
                                yield at._replace(version=number), _row(name, model)
                        yield at, None
                token = following
                if not token:
                    break

    def _places(self, asked: ModelQuery) -> list[AccountScope]:
        if self._archive is None:
            return [AccountScope(asked.region or self._service.region())]
        if asked.project_name:
            return [self._caller(asked)]
        return [
            AccountScope(region, account)
            for region, account in sorted(self._archive.index().places)
            if asked.region in (None, region)
        ]

    async def _list_group(
        self, caller: AccountScope, names: list[str], asked: ModelQuery, findings: list[Finding]
    ) -> list[list[Mapping[str, Any]]]:
        """The models of several projects at one time, highest version first."""
        listed: list[list[Mapping[str, Any]]] = [[] for _ in names]

        async def one(slot: int, name: str) -> None:
            try:
                models = await self._on_thread(lambda: [*self._service.all_models(caller, name)])
            except LfvError as error:
                if asked.project_name:
                    if error.code == "project_not_found" and isinstance(error, CallerError):
                        raise await self._on_thread(
                            partial(self._unknown, error, caller, asked)
                        ) from error
                    raise
                findings.append(
                    finding(
                        "project_failed",
                        f"{clean(name)} is left out: {error.message}",
                        error.next_step,
                    )
                )
                return
            listed[slot] = sorted(models, key=_number, reverse=True)

        if len(names) == 1:  # no task group, so that an error stays what it is
            await one(0, names[0])
            return listed
        async with anyio.create_task_group() as tasks:
            for slot, name in enumerate(names):
                tasks.start_soon(one, slot, name)
        return listed

    # Deadlines

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """One time limit for all questions inside; each of them ends a little before it.

        Raises:
            ServiceError: `deadline_exceeded`.
        """
        seconds = min(self._timeout, 0.9 * _seconds_left())
        before = _ends.set(anyio.current_time() + seconds)
        try:
            with anyio.fail_after(seconds):
                yield
        except TimeoutError:
            raise ServiceError(
                "deadline_exceeded",
                f"No answer within {self._timeout:g} seconds (LFV_TIMEOUT).",
                "Ask again later, or raise LFV_TIMEOUT (--timeout).",
            ) from None
        finally:
            _ends.reset(before)

    @contextmanager
    def _deadline(self, asked: ModelQuery) -> Iterator[None]:
        """One time limit for a whole question; failures leave with the question on them."""
        try:
            with self.deadline():
                yield
        except LfvError as error:
            error.asked = self._in_words(asked)
            raise

    def _in_words(self, asked: ModelQuery) -> str:
        said = {
            "project_name": asked.project_name or "(every project)",
            "model_version": asked.model_version or "latest",
            "region": asked.region or self._region_in_words(),
            "source": self.kind,
        }
        return ", ".join(f"{name}={value}" for name, value in said.items())

    def _region_in_words(self) -> str:
        try:
            return self._service.region() if self._archive is None else "(any)"
        except LfvError:
            return "(none)"

    async def _on_thread(
        self, work: Callable[[], _T], limiter: anyio.CapacityLimiter | None = None
    ) -> _T:
        """Blocking work on a worker thread, which a caller who gives up leaves behind."""

        def counted() -> _T:
            me = object()
            self._working.add(me)
            try:
                return work()
            finally:
                self._working.discard(me)

        async with limiter or self._limiter:
            # Looked at again and again, for a thread that nobody waits for can tell nobody.
            while len(self._working) >= THREADS:  # noqa: ASYNC110
                await anyio.sleep(0.05)
            return await anyio.to_thread.run_sync(
                counted, abandon_on_cancel=True, limiter=self._unlimited
            )


_ends: Final[ContextVar[float]] = ContextVar("ends", default=math.inf)
"""When the time limit ends that this task is in. Not anyio's own word for it, which in memory
knows of the client's limits too."""


def _seconds_left() -> float:
    return _ends.get() - anyio.current_time()


async def _together(works: Sequence[Callable[[], Awaitable[_T]]]) -> list[_T]:
    """All at one time, their answers in order; the first failure in order is raised."""
    answers: dict[int, _T] = {}
    errors: dict[int, LfvError] = {}

    async def one(slot: int, work: Callable[[], Awaitable[_T]]) -> None:
        try:
            answers[slot] = await work()
        except LfvError as error:
            errors[slot] = error

    async with anyio.create_task_group() as tasks:
        for slot, work in enumerate(works):
            tasks.start_soon(one, slot, work)
    if errors:
        raise errors[min(errors)]
    return [answers[slot] for slot in range(len(works))]


class _Position(NamedTuple):
    """How far a listing has come. It is all that a token holds, so any replica can go on."""

    region: str = ""
    account: str = ""
    token_of_projects: str = ""
    project: str = ""
    version: int = 0  # versions below this one are still to come

    def token(self) -> str:
        """The position as opaque text; check digits tell a damaged one."""
        position = json.dumps(self).encode()
        return urlsafe_b64encode(_check_digits(position) + position).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> _Position:
        """The position of a token that `token` made.

        Raises:
            CallerError: it is none.
        """
        if not token:
            return cls()
        try:
            data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            position = data[_CHECK_DIGITS:]
            if _check_digits(position) == data[:_CHECK_DIGITS]:
                match json.loads(position):
                    case [str(), str(), str(), str(), int()] as parts:
                        return cls(*parts)
        except (ValueError, TypeError):
            pass
        raise invalid_argument(
            "next_token",
            token,
            "it is the next_token of an earlier answer, unchanged",
            '"" (to start over)',
        )


def _project_names(listed: Sequence[Mapping[str, Any]], findings: list[Finding]) -> list[str]:
    """The names of a listing's projects; one that breaks the API's own rule is never sent."""
    names = []
    for project in listed:
        name = project.get("ProjectName")
        try:
            names.append(check_project_name(name))
        except CallerError as error:
            findings.append(finding("project_failed", "A project is left out: " + error.message))
    return names


_CHECK_DIGITS: Final = 6


def _check_digits(position: bytes) -> bytes:
    return blake2b(position, digest_size=_CHECK_DIGITS).digest()


def _number(model: Mapping[str, Any]) -> int:
    version = str(model.get("ModelVersion", ""))
    return int(version) if version.isascii() and version.isdigit() else 0


def _row(project_name: str, model: Mapping[str, Any]) -> ModelRow:
    shown = readable_description(model).description
    row: ModelRow = {
        "project_name": clean(project_name),
        "model_version": shown.get("ModelVersion", str(_number(model))),
    }
    performance = shown.get("Performance", {})
    optional = {
        "model_arn": shown.get("ModelArn"),
        "status": shown.get("Status"),
        "created_at": shown.get("CreationTimestamp"),
        "f1_score": performance.get("F1Score"),
        "precision": performance.get("Precision"),
        "recall": performance.get("Recall"),
        "description": shown.get("Description"),
    }
    row.update({k: v for k, v in optional.items() if v is not None})  # type: ignore[typeddict-item]
    return row


def _bytes(row: ModelRow) -> int:
    """What a row adds to an answer, as compact JSON and as a line of text."""
    line = listing_digest({"summary": "", "models": [row], "source": {}})  # type: ignore[typeddict-item]
    return len((json.dumps(row, ensure_ascii=False, separators=(",", ":")) + line).encode()) + 8


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f", and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more if listed else "none"
