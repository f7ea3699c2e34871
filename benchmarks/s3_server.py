"""An S3 on loopback, as slow and as broken as one wants: `python s3_server.py [LATENCY]`.

boto3 speaks to it as to S3. Every request waits LATENCY seconds and none waits for another. The
bucket `fleet-1000-images-300000-foreign-0` holds `fleet.Fleet(1000, 300000)`, made as it is read;
other buckets are created and filled by who uses them. moto's server is no substitute: 300,000 keys
are 1.2 GB and a second a page there, and its threads share one lock.

The first line on stdout is its URL. `POST /-/control` takes a JSON object and answers with what
was counted: `faults` (a list of `Fault`), `latency`, `generation` (of what changes in a fleet),
`forget` (start to count anew). `s3_process.py` starts it and speaks to that.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import sys
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from hashlib import md5
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape
from zlib import crc32

from fleet import Fleet

PAGE: Final = 1000
"""Keys that S3 lists at most in one answer."""
LAST: Final = "\U0010ffff"
"""Sorts behind every character that a key has."""
WRITTEN: Final = formatdate(1764000000, usegmt=True)
XMLNS: Final = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
ERRORS: Final[dict[str, tuple[int, str]]] = {
    "AccessDenied": (403, "Access Denied"),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "InvalidObjectState": (403, "The operation is not valid for the object's storage class"),
    "InvalidPart": (400, "One or more of the specified parts could not be found."),
    "InvalidRange": (416, "The requested range is not satisfiable"),
    "KMS.DisabledException": (400, "The key that encrypts this object is disabled."),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist."),
    "NoSuchUpload": (404, "The specified multipart upload does not exist."),
    "PreconditionFailed": (412, "At least one of the preconditions you specified did not hold."),
    "RequestTimeout": (400, "Your socket connection to the server was not read from in time."),
    "ServiceUnavailable": (503, "Service is unable to handle request."),
    "SlowDown": (503, "Please reduce your request rate."),
}
"""HTTP status and message of what S3 refuses with, by its code."""


class S3Error(Exception):
    """A refusal, by a code of `ERRORS`."""


class Request(NamedTuple):
    """What a client wants; header names in lower case."""

    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """What is counted and failed as one: list, get, head, put, delete."""
        if self.method == "GET":
            return "get" if self.key else "list"
        return {"POST": "put"}.get(self.method, self.method.lower())


class Answer(NamedTuple):
    """What it gets."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Bucket(Protocol):
    """Keys in their order, and the bytes of each."""

    keys: Sequence[str]

    def content(self, key: str) -> bytes | None: ...

    def etag(self, key: str) -> tuple[str, int]: ...


class FleetBucket:
    """A fleet, which cannot be written to."""

    def __init__(self, fleet: Fleet) -> None:
        self.keys = self.fleet = fleet
        self._etags: dict[str, tuple[str, int]] = {}
        self._generation = 0

    def content(self, key: str) -> bytes | None:
        return self.fleet.content(key)

    def etag(self, key: str) -> tuple[str, int]:
        """ETag and size; of records they are kept, for making them takes longest."""
        if self._generation != self.fleet.generation:
            self._generation = self.fleet.generation
            self._etags.clear()
        if key in self._etags:
            return self._etags[key]
        content = self.content(key)
        assert content is not None
        told = etag_of(content), len(content)
        if key.startswith("archive/"):
            self._etags[key] = told
        return told


class StoredBucket:
    """Objects that were put here."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self._objects: dict[str, tuple[bytes, str]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}

    def content(self, key: str) -> bytes | None:
        return self._objects[key][0] if key in self._objects else None

    def etag(self, key: str) -> tuple[str, int]:
        """ETag and size."""
        content, etag = self._objects[key]
        return etag, len(content)

    def put(self, key: str, content: bytes, etag: str = "") -> str:
        """Keep an object; its ETag."""
        if key not in self._objects:
            insort(self.keys, key)
        etag = etag or etag_of(content)
        self._objects[key] = content, etag
        return etag

    def delete(self, key: str) -> None:
        """Drop an object if it is there."""
        if self._objects.pop(key, None):
            self.keys.remove(key)


@lru_cache(maxsize=16)
def etag_of(content: bytes) -> str:
    """What S3 calls bytes that came in one request."""
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


@dataclass
class Fault:
    """What goes wrong with some requests.

    Args:
        fault: a code of `ERRORS`; or `hang` (silence), `stall` (silence after half of the body),
            `reset` (the connection, after half of the body), `cut` (the same without a reset),
            `refuse` (the connection is reset at once).
        kinds: which requests; none for all.
        share: of these, how many; every second one for 0.5.
        half: only keys of one half, always the same.
    """

    fault: str
    kinds: Sequence[str] = ()
    share: float = 1.0
    half: bool = False
    seen: int = 0

    def hits(self, request: Request) -> bool:
        """Whether this request fails."""
        if self.kinds and request.kind not in self.kinds:
            return False
        if self.half and not (request.key and crc32(request.key.encode()) & 1):
            return False
        self.seen += 1
        return int(self.seen * self.share) > int((self.seen - 1) * self.share)


@dataclass
class S3:
    """Buckets, what goes wrong, and what was counted."""

    latency: float
    buckets: dict[str, Bucket] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    read: Counter[tuple[str, str]] = field(default_factory=Counter)
    connections: int = 0
    open: int = 0
    most_open: int = 0
    bytes: int = 0
    generation: int = 0

    def counts(self) -> dict[str, Any]:
        """What was counted since that was forgotten."""
        return {
            "requests": dict(self.requests),
            "objects_read": len(self.read),
            "most_reads_of_one": max(self.read.values(), default=0),
            "connections": self.connections,
            "most_connections_at_once": self.most_open,
            "bytes": self.bytes,
        }

    def control(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what is asked; the counts, as they were before."""
        told = self.counts()
        if "faults" in asked:
            self.faults = [Fault(**each) for each in asked["faults"]]
        self.latency = asked.get("latency", self.latency)
        self.generation = asked.get("generation", self.generation)
        for bucket in self.buckets.values():
            if isinstance(bucket, FleetBucket):
                bucket.fleet.generation = self.generation
        if asked.get("forget"):
            self.requests, self.read = Counter(), Counter()
            self.connections = self.bytes = 0
            self.most_open = self.open
        return told

    def bucket(self, name: str) -> Bucket:
        """A bucket that is there.

        Raises:
            S3Error: there is none.
        """
        if name not in self.buckets:
            found = re.fullmatch(r"fleet-(\d+)(?:-images-(\d+))?(?:-foreign-(\d+))?", name)
            if not found:
                raise S3Error("NoSuchBucket")
            self.buckets[name] = FleetBucket(Fleet(*(int(n or 0) for n in found.groups())))
            self.control({})
        return self.buckets[name]

    def answer(self, request: Request) -> Answer:
        """What S3 says if all is well.

        Raises:
            S3Error: it refuses.
        """
        if request.method == "PUT" and not request.key:
            self.buckets.setdefault(request.bucket, StoredBucket())
            return Answer(200, {"location": f"/{request.bucket}"}, b"")
        bucket = self.bucket(request.bucket)
        if request.method in ("GET", "HEAD"):
            if request.key:
                return read_object(bucket, request)
            return list_objects(bucket, request)
        if not isinstance(bucket, StoredBucket):
            raise S3Error("AccessDenied")
        if request.method == "PUT":
            return self.put_object(bucket, request)
        if request.method == "POST":
            return post_object(bucket, request)
        return delete_object(bucket, request)

    def put_object(self, bucket: StoredBucket, request: Request) -> Answer:
        """PutObject, CopyObject or UploadPart."""
        body = request.body
        if request.headers.get("if-none-match") == "*" and bucket.content(request.key) is not None:
            raise S3Error("PreconditionFailed")
        if source := request.headers.get("x-amz-copy-source"):
            name, _, key = unquote(source).lstrip("/").partition("/")
            copied = self.bucket(name).content(key)
            if copied is None:
                raise S3Error("NoSuchKey")
            etag = bucket.put(request.key, copied)
            told = f"<ETag>{escape(etag)}</ETag><LastModified>{iso()}</LastModified>"
            return xml(f"<CopyObjectResult {XMLNS}>{told}</CopyObjectResult>")
        if "aws-chunked" in request.headers.get("content-encoding", ""):
            body = unchunked(body)
        if upload := request.query.get("uploadId"):
            if upload not in bucket.uploads:
                raise S3Error("NoSuchUpload")
            bucket.uploads[upload][int(request.query["partNumber"])] = body
            return Answer(200, {"etag": etag_of(body)}, b"")
        return Answer(200, {"etag": bucket.put(request.key, body)}, b"")


def delete_object(bucket: StoredBucket, request: Request) -> Answer:
    """DeleteObject or AbortMultipartUpload."""
    if upload := request.query.get("uploadId"):
        bucket.uploads.pop(upload, None)
    else:
        bucket.delete(request.key)
    return Answer(204, {}, b"")


def post_object(bucket: StoredBucket, request: Request) -> Answer:
    """DeleteObjects, CreateMultipartUpload or CompleteMultipartUpload."""
    if "delete" in request.query:
        keys = re.findall(r"<Key>(.*?)</Key>", request.body.decode())
        for key in keys:
            bucket.delete(key)
        return xml(f"<DeleteResult {XMLNS}></DeleteResult>")
    where = f"<Bucket>{escape(request.bucket)}</Bucket><Key>{escape(request.key)}</Key>"
    if "uploads" in request.query:
        upload = f"upload-{len(bucket.uploads) + 1}-{crc32(request.key.encode())}"
        bucket.uploads[upload] = {}
        name = "InitiateMultipartUploadResult"
        return xml(f"<{name} {XMLNS}>{where}<UploadId>{upload}</UploadId></{name}>")
    parts = bucket.uploads.pop(request.query.get("uploadId", ""), None)
    if parts is None:
        raise S3Error("NoSuchUpload")
    if not parts:
        raise S3Error("InvalidPart")
    ordered = [parts[number] for number in sorted(parts)]
    digests = b"".join(md5(part, usedforsecurity=False).digest() for part in ordered)
    etag = f'"{md5(digests, usedforsecurity=False).hexdigest()}-{len(ordered)}"'
    bucket.put(request.key, b"".join(ordered), etag)
    name = "CompleteMultipartUploadResult"
    return xml(f"<{name} {XMLNS}>{where}<ETag>{escape(etag)}</ETag></{name}>")


def unchunked(body: bytes) -> bytes:
    """The bytes that were sent in chunks of AWS's own kind, without signatures and trailers."""
    parts, at = [], 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].split(b";")[0], 16)
        if not size:
            return b"".join(parts)
        parts.append(body[end + 2 : end + 2 + size])
        at = end + 4 + size


def iso() -> str:
    """When everything here was written."""
    return "2025-11-24T16:00:00.000Z"


def xml(text: str, status: int = 200) -> Answer:
    """A document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Answer(status, {"content-type": "application/xml"}, body)


def read_object(bucket: Bucket, request: Request) -> Answer:
    """GetObject or HeadObject."""
    content = bucket.content(request.key)
    if content is None:
        raise S3Error("NoSuchKey")
    etag, size = bucket.etag(request.key)
    headers = {"etag": etag, "last-modified": WRITTEN, "accept-ranges": "bytes"}
    wanted = request.headers
    if wanted.get("if-match", etag).strip('"') not in (etag.strip('"'), "*"):
        raise S3Error("PreconditionFailed")
    if wanted.get("if-none-match", "").strip('"') == etag.strip('"'):
        return Answer(304, headers, b"")
    if found := re.fullmatch(r"bytes=(\d*)-(\d*)", wanted.get("range", "")):
        first, last = found.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if start >= size:
            raise S3Error("InvalidRange")
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
        return Answer(206, headers, content[start:end])
    return Answer(200, headers, content)


def list_objects(bucket: Bucket, request: Request) -> Answer:
    """ListObjectsV2; its token is the last key or common prefix of the page before."""
    query = request.query
    if "location" in query:
        return xml(f"<LocationConstraint {XMLNS}></LocationConstraint>")
    if request.method == "GET" and query.get("list-type") != "2":
        raise S3Error("MethodNotAllowed")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("continuation-token") or query.get("start-after", "")
    most = min(int(query.get("max-keys", PAGE)), PAGE)
    keys = bucket.keys
    if delimiter and after.endswith(delimiter):
        after += LAST
    at = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
    parts: list[str] = []
    token = ""
    while at < len(keys) and len(parts) < most and (key := keys[at]).startswith(prefix):
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            etag, size = bucket.etag(key)
            parts.append(
                f"<Contents><Key>{quote(key)}</Key><LastModified>{iso()}</LastModified>"
                f"<ETag>&quot;{etag[1:-1]}&quot;</ETag><Size>{size}</Size>"
                "<StorageClass>STANDARD</StorageClass></Contents>"
            )
            token = key
            at += 1
        else:
            token = key[: cut + len(delimiter)]
            parts.append(f"<CommonPrefixes><Prefix>{quote(token)}</Prefix></CommonPrefixes>")
            at = bisect_left(keys, token + LAST)
    more = at < len(keys) and keys[at].startswith(prefix)
    following = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if more else ""
    return xml(
        f"<ListBucketResult {XMLNS}><Name>{request.bucket}</Name><Prefix>{quote(prefix)}</Prefix>"
        f"<KeyCount>{len(parts)}</KeyCount><MaxKeys>{most}</MaxKeys>"
        f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{following}{''.join(parts)}</ListBucketResult>"
    )


def refusal(code: str, request: Request) -> Answer:
    """An error as S3 words it; without a body for HEAD."""
    status, message = ERRORS[code]
    if request.method == "HEAD":
        return Answer(status, {}, b"")
    where = escape(f"/{request.bucket}/{request.key}")
    detail = f"<Code>{code}</Code><Message>{message}</Message><Resource>{where}</Resource>"
    return xml(f"<Error>{detail}<RequestId>4442587FB7D0A2F9</RequestId></Error>", status)


def written(answer: Answer, request: Request) -> tuple[bytes, bytes]:
    """Head and body of an HTTP response."""
    lines = [f"HTTP/1.1 {answer.status} S3", f"content-length: {len(answer.body)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += ["x-amz-request-id: 4442587FB7D0A2F9", "server: s3_server", "\r\n"]
    return "\r\n".join(lines).encode(), b"" if request.method == "HEAD" else answer.body


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    """The next request of a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    if headers.get("expect") == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    path, _, query = target.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    return Request(method, bucket, key, asked, headers, body)


async def hang_up(reader: asyncio.StreamReader) -> None:
    """Say nothing more until the client goes away.

    Raises:
        ConnectionError: it has.
    """
    await reader.read()
    raise ConnectionError


async def break_off(
    fault: str,
    parts: tuple[bytes, bytes],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Half of an answer, or nothing, and then what the fault is.

    Raises:
        ConnectionError: as ever.
    """
    head, body = parts
    if fault in ("stall", "reset", "cut"):
        writer.write(head + body[: len(body) // 2])
        await writer.drain()
    if fault in ("hang", "stall"):
        await hang_up(reader)
    if fault in ("reset", "refuse"):
        # To linger for no second is to reset.
        connected = writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionError


async def respond(
    s3: S3, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One answer, or what goes wrong instead.

    Raises:
        ConnectionError: the connection is to end.
    """
    s3.requests[request.kind] += 1
    if request.kind == "get":
        s3.read[request.bucket, request.key] += 1
    if s3.latency:
        await asyncio.sleep(s3.latency)
    fault = next((each.fault for each in s3.faults if each.hits(request)), "")
    try:
        answer = refusal(fault, request) if fault in ERRORS else s3.answer(request)
    except S3Error as error:
        answer = refusal(str(error), request)
    parts = written(answer, request)
    if fault and fault not in ERRORS:
        await break_off(fault, parts, reader, writer)
    s3.bytes += len(parts[1])
    writer.write(b"".join(parts))
    await writer.drain()


async def converse(s3: S3, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, to its end."""
    counted = False
    try:
        while True:
            request = await read_request(reader, writer)
            if request.bucket == "-":
                told = json.dumps(s3.control(json.loads(request.body or b"{}"))).encode()
                writer.write(b"".join(written(Answer(200, {}, told), request)))
                continue
            if not counted:
                counted = True
                s3.connections += 1
                s3.open += 1
                s3.most_open = max(s3.most_open, s3.open)
            await respond(s3, request, reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        s3.open -= counted
        writer.close()


async def serve(latency: float) -> None:
    """Answer until killed."""
    s3 = S3(latency)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await converse(s3, reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512, limit=1 << 20)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
