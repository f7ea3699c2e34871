"""The fault table in code: what misbehaves, what the caller sees of it, and within what time.

`API`, `S3`, `ROWS`, `UNREAD_FILES` and `OVER_HTTP` are the rows of docs/faults.md; a test holds the
two together.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from mcp import Client
from mcp.types import CallToolResult

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.http.settings import DEFAULT_LIMITS
from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META
from tests.support.api_endpoint import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Answer,
    Endpoint,
    Reply,
    Request,
    api_error,
    healthy,
)
from tests.support.boto3_speed import PAUSES
from tests.support.clients import describe, text
from tests.support.saved_records import judged, lines, result_of

LIMIT: Final = 2.0
"""Seconds that a call may take in here (LFV_TIMEOUT)."""
DEFAULT: Final = 20.0
"""The limit that users have, and the table's."""
AT_ONCE: Final = 2.0
"""Seconds that the table calls `at once`; asked for with DEFAULT, so that the limit is far."""
MARGIN: Final = 4.0
"""Seconds more, on a machine that is busy with other things."""
ACCOUNT_DATA: Final = re.compile(
    r"cap-seal|arn:aws|lookoutvision-us-east-1|111122223333|/images/|"
    + "|".join(map(re.escape, (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN[:40])))
)
"""What a log must not hold: names, ARNs and secrets."""


@dataclass(frozen=True)
class Row:
    """One row: within what time the caller sees what.

    Args:
        within: as the table says it.
        codes: of errors or findings, one of which the caller sees; "" for an answer.
    """

    within: str
    codes: tuple[str, ...]

    @property
    def limit(self) -> float:
        """To ask with: short where it is what ends a call, and far away where it must not be."""
        return LIMIT if self.within == "20 s" else DEFAULT

    @contextmanager
    def in_time(self, limit: float = LIMIT) -> Iterator[None]:
        """What is done in here takes no longer than the row says, the limit being this one."""
        PAUSES.clear()
        start = time.monotonic()
        yield
        taken = time.monotonic() - start
        slept = max(PAUSES.values(), default=0.0)
        if self.within == "20 s":  # what botocore would have slept is cut off with the rest
            allowed, slept = limit, 0.0
        else:
            allowed = AT_ONCE if self.within == "at once" else float(self.within.split()[0])
        assert taken + slept < allowed + MARGIN, f"{taken:.1f} s, and {slept:.1f} s of pauses"


@dataclass(frozen=True)
class Fault(Row):
    """What misbehaves, and what is said of it."""

    answer: Answer
    says: str = ""


# What misbehaves


def always(reply: Reply) -> Answer:
    """Every request is answered so."""
    return lambda _: reply


def healthy_after(request: Request, seconds: float) -> Reply:
    """A good answer that comes late."""
    reply = healthy(request)
    return Reply(reply.body, reply.status, reply.headers, pause=seconds)


RESULT: Final = json.dumps(result_of()).encode()
MANIFEST: Final = lines(
    judged(str(n), "normal" if n % 4 else "anomaly", "normal" if n % 5 else "anomaly")
    for n in range(40)
)


def objects(request: Request) -> Reply:
    """The evaluation files of every version of `cap-seal`."""
    return Reply(RESULT if "EvaluationResult" in request.path else MANIFEST)


def but_manifest(reply: Reply) -> Answer:
    """The manifest is answered otherwise."""
    return lambda request: reply if "Manifest" in request.path else objects(request)


def s3_error(status: int, code: str) -> Reply:
    """An error in S3's words."""
    return Reply(f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode(), status)


def once(reply: Reply) -> Answer:
    """The first question is answered so, all others well."""
    first = iter([reply])
    return lambda request: next(first, None) or objects(request)


TIMEOUTS: Final = ("endpoint_timeout", "deadline_exceeded")
API: Final = {
    "latency": Fault("20 s", ("",), lambda r: healthy_after(r, 0.2), "cap-seal"),
    "slow drip": Fault("20 s", TIMEOUTS, always(Reply(b"{" * 1000, drip=0.05)), "LFV_TIMEOUT"),
    "half-open connection": Fault("20 s", TIMEOUTS, always(Reply(pause=60)), "LFV_TIMEOUT"),
    "silence after the headers": Fault(
        "20 s", TIMEOUTS, always(Reply(b"{}", drip=60)), "LFV_TIMEOUT"
    ),
    "reset mid-body": Fault(
        "5 s",
        ("bad_answer",),
        always(Reply(b"{}" * 500, reset_after=7)),
        "closed the connection",
    ),
    "429 storm": Fault(
        "5 s",
        ("throttled",),
        always(api_error(429, "ThrottlingException", Retry_After=7)),
        "after 7 seconds",
    ),
    "500s": Fault(
        "5 s", ("service_error",), always(api_error(500, "InternalServerException")), "500"
    ),
    "RequestTimeTooSkewed": Fault(
        "at once", ("clock_skewed",), always(api_error(403, "RequestTimeTooSkewed")), "NTP"
    ),
    "expired credentials": Fault(
        "at once",
        ("credentials_expired",),
        always(api_error(403, "ExpiredTokenException")),
        "without a restart",
    ),
}


NEITHER: Final = ("evidence_unavailable",)
UNREAD: Final = ("evaluation_manifest_unread",)
S3: Final = {
    "slow": Fault("20 s", NEITHER, always(Reply(pause=60)), "EvaluationResult could not be read"),
    "slow drip": Fault("20 s", NEITHER, always(Reply(b"{" * 1000, drip=0.05)), "time"),
    "one file slow": Fault("20 s", UNREAD, but_manifest(Reply(pause=60))),
    "one file drips": Fault("20 s", UNREAD, but_manifest(Reply(b"{" * 1000, drip=0.05))),
    "reset mid-body": Fault("at once", UNREAD, but_manifest(Reply(MANIFEST, reset_after=99))),
    "503 SlowDown": Fault("5 s", NEITHER, always(s3_error(503, "SlowDown")), "SlowDown"),
    "RequestTimeTooSkewed": Fault(
        "at once", NEITHER, always(s3_error(403, "RequestTimeTooSkewed")), "clock"
    ),
    "no permission": Fault(
        "at once", NEITHER, always(s3_error(403, "AccessDenied")), "s3:GetObject"
    ),
    "expired credentials": Fault(
        "at once", ("",), once(s3_error(400, "ExpiredToken")), "Recounted"
    ),
}


ROWS: Final[Mapping[str, Row]] = {
    "test_a_storm_is_not_fed": Row("5 s", ("throttled",)),
    "test_callers_who_give_up": Row("at once", ()),
    "test_a_follower_takes_over": Row("at once", ()),
    "test_200_callers_at_one_time": Row("20 s", ("",)),
    "test_a_slow_s3_does_not_keep_the_api_waiting": Row("at once", ("",)),
    "test_latest_moves_on": Row("20 s", ("",)),
    "test_a_dead_s3_archive_is_tried_once_for_all_who_wait": Row("20 s", ("endpoint_timeout",)),
    "test_an_archive_replaced_by_rename": Row(
        "at once",
        (
            "",
            "conflict",
        ),
    ),
    "test_an_archive_whose_directory_is_another": Row("at once", ("archive_unreadable",)),
    "test_an_archive_file_rewritten": Row(
        "at once",
        (
            "",
            "evaluation_files_only",
        ),
    ),
    "test_stdin_closed_mid_call": Row("5 s", ()),
    "test_sigterm_mid_call": Row("5 s", ()),
    "test_a_client_that_does_not_read": Row("20 s", ("",)),
    "test_a_client_that_leaves_without_reading": Row("5 s", ()),
    "test_stdout_closed": Row("at once", ()),
    "test_stdout_full": Row("at once", ()),
    "test_streams_closed_from_the_start": Row("at once", ()),
    "test_a_request_of_64_megabytes": Row("5 s", ()),
    "test_10000_malformed_frames": Row("5 s", ()),
    "test_200_callers_over_stdio": Row("20 s", ("",)),
    "test_200_callers_over_http": Row("20 s", ("",)),
    "test_a_long_listing": Row("at once", ("",)),
    "test_a_listing_of_projects_that_fail": Row(
        "at once",
        (
            "",
            "answer_shortened",
        ),
    ),
    "test_a_large_evaluation": Row(
        "at once",
        (
            "",
            "answer_shortened",
        ),
    ),
    "test_a_comparison_of_ten": Row(
        "at once",
        (
            "",
            "answer_shortened",
        ),
    ),
    "test_a_record_with_the_longest_texts": Row("at once", ("",)),
    "test_one_deadline_for_a_resource_and_a_prompt": Row("20 s", ()),
    "test_deadlines_inside_each_other": Row("20 s", ("deadline_exceeded",)),
    "test_a_short_soak": Row("-", ()),
}
"""By test, where a row is one whole test."""
UNREAD_FILES: Final[Mapping[str, Row]] = {
    "test_every_answer_says_what_could_not_be_read": Row(
        "at once", ("files_unread", "project_not_found", "model_not_found")
    ),
    "test_a_passing_failure_is_no_empty_archive": Row(
        "5 s", ("throttled", "service_error", "credentials_rejected", "bad_answer")
    ),
    "test_what_failed_in_passing_is_tried_again_and_nothing_else": Row("5 s", ("files_unread",)),
    "test_a_held_index_answers_while_listing_fails": Row("at once", ("index_stale",)),
    "test_indexing_goes_on_and_says_how_far_it_is": Row("20 s", ("deadline_exceeded",)),
    "test_a_file_that_takes_all_the_memory_is_one_file": Row("at once", ("files_unread",)),
    "test_a_file_that_takes_too_much_work_is_one_file": Row(
        "about ten seconds of one thread at most, when it is indexed", ("files_unread",)
    ),
}
"""By test of tests/integration/test_unread_files.py."""
OVER_HTTP: Final = {
    "test_64_megabytes_are_refused_and_not_kept": f"{DEFAULT_LIMITS.body_seconds:g} s",
    "test_a_body_that_drips_is_not_waited_for": f"{DEFAULT_LIMITS.body_seconds:g} s",
    "test_who_falls_silent_is_not_waited_for": f"{DEFAULT_LIMITS.head_seconds:g} s",
    "test_too_many_connections": "at once",
    "test_a_client_that_hangs_up_is_no_event": "at once",
    "test_a_caller_who_hangs_up_ends_the_work": "at once",
    "test_sigterm_lets_calls_finish_but_not_for_ever": f"{DEFAULT_LIMITS.shutdown_seconds} s",
}
"""What tests/end_to_end/test_http_server.py asserts, and within what time."""
OPERATING: Final = {
    "test_http_operations.py": {
        "test_probes_are_answered_under_flood": f"{DEFAULT_LIMITS.reserved_seconds:g} s",
        "test_few_file_descriptors": f"{DEFAULT_LIMITS.reserved_seconds:g} s",
        "test_it_gets_ready_by_itself": "at once",
    },
    "test_http_observability.py": {"test_nobody_reads_the_log": "at once"},
}
"""What other files of tests/end_to_end assert of the HTTP server, and within what time."""
NO_ROWS: Final = ("test_the_log_of_a_process_names_nothing", "test_the_table_is_of_these_tests")


# Questions


def code_of(result: CallToolResult) -> str:
    """The code of a failure; "" for an answer."""
    if not result.is_error:
        return ""
    assert result.meta is not None
    assert "Next: " in text(result)
    code: str = result.meta[ERROR_META]["code"]
    return code


async def analyze(client: Client, version: str = "3") -> CallToolResult:
    """The whole result of analyze_evaluation."""
    return await client.call_tool(
        "analyze_evaluation", {"project_name": "cap-seal", "model_version": version}
    )


Question = Callable[[Client], Awaitable[CallToolResult]]


async def assert_works(client: Client, question: Question) -> CallToolResult:
    """The next call works; where other things keep the machine busy, it may be out of time once."""
    result = await question(client)
    if code_of(result) in TIMEOUTS:
        result = await question(client)
    assert not code_of(result), text(result)
    return result


def size_of(result: CallToolResult) -> int:
    """Bytes of an answer as compact JSON."""
    return len(result.model_dump_json(by_alias=True, exclude_none=True).encode())


def findings_of(result: CallToolResult) -> list[str]:
    """The codes of an answer's findings."""
    return [f["code"] for f in (result.structured_content or {}).get("findings", [])]


@asynccontextmanager
async def connected(catalog: Catalog, api: Endpoint) -> AsyncIterator[Client]:
    """A client whose server has its boto3 clients open."""
    assert api.answer is healthy
    async with Client(build_server(catalog)) as client:
        await assert_works(client, describe)
        api.requests.clear()
        yield client
