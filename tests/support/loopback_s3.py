"""An S3 on loopback that keeps objects in memory, counts what it is asked, and fails as told.

Reads, lists and conditional writes, as far as boto3 asks for them; nothing in here knows `lfv_mcp`.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from tests.support.s3 import CREDENTIALS

Fault = tuple[int, str]
"""Status and error code."""


def etag_of(data: bytes) -> str:
    """What S3 calls a content that was put in one part."""
    return f'"{md5(data).hexdigest()}"'


class LoopbackS3:
    """One server, all buckets; an object's name is `bucket/key`.

    Args:
        objects: what is there at first.
        conditional: whether it knows `If-None-Match` of a write; else it answers NotImplemented.
    """

    def __init__(self, objects: Mapping[str, bytes] = {}, *, conditional: bool = True) -> None:
        self.objects = dict(objects)
        self.conditional = conditional
        self.fault: Callable[[str, str], Fault | None] = lambda _, __: None
        """What goes wrong with a request, by its method (LIST of a listing) and its name."""
        self.requests: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        self.page = 1000
        self.listed_as: dict[str, str] = {}
        """What a listing says of an object beside key, size and ETag, as XML."""

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"store": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environment(self) -> dict[str, str]:
        """What directs boto3 to it."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": self.url}

    def direct(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Direct boto3 of this process to it."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def counts(self) -> Counter[str]:
        """How often each method was asked for."""
        return Counter(method for method, _ in self.requests)

    def below(self, start: str) -> dict[str, bytes]:
        """The objects whose names begin so, by what follows."""
        with self.lock:
            return {
                name.removeprefix(start): data
                for name, data in sorted(self.objects.items())
                if name.startswith(start)
            }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away before it had all of an object.

        The traceback went to the stderr of the command under test, which runs in this process.
        """
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: LoopbackS3

    def _name(self, method: str) -> str | None:
        """The object that is asked for; None if the request has failed by now."""
        name = unquote(urlsplit(self.path).path).removeprefix("/")
        with self.store.lock:
            self.store.requests.append((method, name))
            fault = self.store.fault(method, name)
        if fault is not None:
            self._fail(*fault)
        return name if fault is None else None

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "list-type" in query:
            if (name := self._name("LIST")) is not None:
                self._list(name.strip("/"), {key: values[0] for key, values in query.items()})
            return
        if (name := self._name("GET")) is None:
            return
        with self.store.lock:
            data = self.store.objects.get(name)
        if data is None:
            self._fail(404, "NoSuchKey")
            return
        etag = etag_of(data)
        if asked := self.headers.get("Range"):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            total, data = len(data), data[int(first) : int(last) + 1 if last else None]
            if not data:
                self._fail(416, "InvalidRange")
                return
            end = int(first) + len(data) - 1
            self._reply(206, data, {"ETag": etag, "Content-Range": f"bytes {first}-{end}/{total}"})
            return
        self._reply(200, data, {"ETag": etag})

    def _list(self, bucket: str, query: Mapping[str, str]) -> None:
        prefix = f"{bucket}/{query.get('prefix', '')}"
        with self.store.lock:
            names = sorted(name for name in self.store.objects if name.startswith(prefix))
            after = query.get("continuation-token") or query.get("start-after")
            if after:
                names = [name for name in names if name > f"{bucket}/{after}"]
            names, rest = names[: self.store.page], names[self.store.page :]
            held = {name: self.store.objects[name] for name in names}
        items = "".join(
            f"<Contents><Key>{escape(name.removeprefix(f'{bucket}/'))}</Key>"
            f"<Size>{len(data)}</Size><ETag>{escape(etag_of(data))}</ETag>"
            f"{self.store.listed_as.get(name, '')}</Contents>"
            for name, data in held.items()
        )
        more = ""
        if rest:
            token = escape(names[-1].removeprefix(f"{bucket}/"))
            more = f"<NextContinuationToken>{token}</NextContinuationToken>"
        body = (
            f"<ListBucketResult><IsTruncated>{str(bool(rest)).lower()}</IsTruncated>{more}"
            f"{items}</ListBucketResult>"
        )
        self._reply(200, body.encode(), {"Content-Type": "application/xml"})

    def do_PUT(self) -> None:
        data = self._body()
        if data is None or (name := self._name("PUT")) is None:
            return
        condition = self.headers.get("If-None-Match")
        if condition and not self.store.conditional:
            self._fail(501, "NotImplemented")
            return
        with self.store.lock:
            refused = condition == "*" and name in self.store.objects
            if not refused:
                self.store.objects[name] = data
        if refused:
            self._fail(412, "PreconditionFailed")
        else:
            self._reply(200, b"", {"ETag": etag_of(data)})

    def do_DELETE(self) -> None:
        if (name := self._name("DELETE")) is not None:
            with self.store.lock:
                self.store.objects.pop(name, None)
            self._reply(204, b"", {})

    def _body(self) -> bytes | None:
        """The object that is sent; None if the client went away in the middle of it."""
        length = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(length)
        if len(data) < length:
            self.close_connection = True
            return None
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return data
        whole = b""  # SIZE[;signature]CRLF DATA CRLF ... 0 CRLF trailers
        while True:
            head, _, data = data.partition(b"\r\n")
            size = int(head.partition(b";")[0], 16)
            if not size:
                return whole
            whole, data = whole + data[:size], data[size + 2 :]

    def _fail(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>as it was told</Message></Error>"
        self._reply(status, body.encode(), {"Content-Type": "application/xml"})

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):  # the client has seen enough
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
