"""An S3 on loopback that lists and ranges as the real one does, and fails as each test says."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from tests.support.api_endpoint import Endpoint, Reply, Request
from tests.support.s3 import CREDENTIALS

_XML: Final = {"content-type": "application/xml"}


def s3_fault(status: int, code: str) -> Reply:
    """An error in S3's words."""
    body = f"<Error><Code>{code}</Code><Message>as it was told</Message></Error>"
    return Reply(body.encode(), status, _XML)


DENIED: Final = s3_fault(403, "AccessDenied")
SLOW_DOWN: Final = s3_fault(503, "SlowDown")
LASTING_FAULTS: Final[Mapping[str, tuple[Reply, str]]] = {
    "AccessDenied": (DENIED, "access denied to S3 objects"),
    "a KMS key that is disabled": (
        s3_fault(400, "KMS.DisabledException"),
        "encrypted with a KMS key that cannot be used",
    ),
    "Glacier": (s3_fault(403, "InvalidObjectState"), "in a Glacier storage class"),
    "a request that S3 refuses": (s3_fault(400, "InvalidRequest"), "refused by S3"),
}
"""What does not pass by itself, and the reason that answers give."""
PASSING_FAULTS: Final[Mapping[str, tuple[Reply, str, str]]] = {
    "SlowDown": (SLOW_DOWN, "S3 asked to slow down", "throttled"),
    "500": (s3_fault(500, "InternalError"), "S3 failed inside", "service_error"),
    "a key that is not known": (
        s3_fault(403, "InvalidAccessKeyId"),
        "credentials rejected",
        "credentials_rejected",
    ),
    "a reset": (Reply(b"{" * 500, reset_after=50), "answers cut short or unreadable", "bad_answer"),
}
"""What may soon be over; the reason, and the error's code if nothing at all can be read."""


class FaultyS3:
    """Objects of one bucket, as answers of an `Endpoint`.

    Args:
        objects: what the bucket holds, by key.
    """

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = dict(objects)
        self.fault: Callable[[str], Reply | None] = lambda _: None
        """What a GET of a key is answered with, if not the object."""
        self.list_fault: Reply | None = None
        self.pause = 0.0
        """Seconds before each answer."""
        self.page = 1000
        self.gets: list[str] = []
        self.lists = 0
        self.connections: set[int] = set()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        """The reply to a request."""
        with self._lock:
            self.connections.add(request.connection)
        if "list-type" in request.query:
            with self._lock:
                self.lists += 1
            return self.list_fault or self._listed(request.query)
        key = request.path.split("/", 2)[2]
        with self._lock:
            self.gets.append(key)
        if (fault := self.fault(key)) is not None:
            return fault
        return self._object(key, request.headers.get("range", ""))

    def _object(self, key: str, wanted: str) -> Reply:
        data = self.objects.get(key)
        if data is None:
            return s3_fault(404, "NoSuchKey")
        etag = {"etag": f'"{hash(data):x}"'}
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if found is None:
            return Reply(data, 200, etag, pause=self.pause)
        first = int(found[1])
        last = min(int(found[2] or len(data)), len(data) - 1)
        if first >= len(data):
            return s3_fault(416, "InvalidRange")
        part = {"content-range": f"bytes {first}-{last}/{len(data)}"}
        return Reply(data[first : last + 1], 206, etag | part, pause=self.pause)

    def _listed(self, query: Mapping[str, str]) -> Reply:
        after = query.get("continuation-token") or query.get("start-after", "")
        keys = sorted(
            key for key in self.objects if key.startswith(query.get("prefix", "")) and key > after
        )
        shown = keys[: self.page]
        contents = "".join(
            f"<Contents><Key>{escape(quote(key, safe='/'))}</Key>"
            f"<Size>{len(self.objects[key])}</Size>"
            f'<ETag>"{hash(self.objects[key]):x}"</ETag></Contents>'
            for key in shown
        )
        more = len(keys) > len(shown)
        token = (
            f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        )
        body = (
            "<ListBucketResult><EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        )
        return Reply(body.encode(), 200, _XML, pause=self.pause)


@contextmanager
def served(objects: Mapping[str, bytes]) -> Iterator[FaultyS3]:
    """The bucket `b-1`, to which boto3 is directed by the environment alone."""
    s3 = FaultyS3(objects)
    with Endpoint(s3) as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": endpoint.url}.items():
            patch.setenv(name, value)
        yield s3
