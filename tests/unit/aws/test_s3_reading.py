"""Listings that are divided, and streams that go on from where they broke off."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.aws.object_stream import ObjectPart, ObjectStream
from lfv_mcp.aws.s3 import S3, S3Object, S3Page
from lfv_mcp.aws.s3_listing import list_side_by_side, pivots_after
from lfv_mcp.errors import ServiceError


class Bucket(S3):
    """A bucket that lists as S3 does, a few keys at a time."""

    def __init__(self, keys: list[str], page: int = 3, *, starts_after: bool = True) -> None:
        super().__init__()
        self.keys = sorted(keys)
        self.page = page
        self.starts_after = starts_after
        self.requests = 0

    def list(
        self, bucket: str, prefix: str, *, after: str = "", restores: bool = False
    ) -> Iterator[S3Page]:
        assert not restores
        assert bucket == "b"
        after = after if self.starts_after else ""
        keys = [key for key in self.keys if key.startswith(prefix) and key > after]
        for start in range(0, max(1, len(keys)), self.page):
            self.requests += 1
            objects = [S3Object(key, 1, key) for key in keys[start : start + self.page]]
            yield S3Page(objects, start + self.page < len(keys))


KEYS = st.lists(
    st.one_of(
        st.integers(0, 500).map(lambda n: f"p/images/{n:05}.png"),
        st.integers(0, 10**9).map(lambda n: f"p/{n:x}/record.json"),
        st.text("ab/0-~é\U0001f600", min_size=1, max_size=8).map(lambda name: f"p/{name}"),
    ),
    max_size=200,
    unique=True,
)


@given(keys=KEYS, page=st.integers(1, 7), starts_after=st.booleans())
def test_a_divided_listing_has_every_key_once(
    keys: list[str], page: int, starts_after: bool
) -> None:
    bucket = Bucket([*keys, "other/key"], page, starts_after=starts_after)
    listed = [found.key for found in list_side_by_side(bucket, "b", "p/")]
    assert sorted(listed) == sorted(keys)


def test_a_small_prefix_costs_as_many_requests_as_it_has_pages() -> None:
    bucket = Bucket([f"p/{n:03}.json" for n in range(9)])
    assert len(list(list_side_by_side(bucket, "b", "p/"))) == 9
    assert bucket.requests == 3


def test_a_failure_in_a_part_of_a_listing_is_that_of_the_whole() -> None:
    class Failing(Bucket):
        def list(
            self, bucket: str, prefix: str, *, after: str = "", restores: bool = False
        ) -> Iterator[S3Page]:
            for page in super().list(bucket, prefix, after=after, restores=restores):
                if after and page.objects and page.objects[0].key > "p/5":
                    raise ServiceError("throttled", "Too many requests.", "Ask again later.")
                yield page

    bucket = Failing([f"p/{n:03}.json" for n in range(900)])
    with pytest.raises(ServiceError, match="Too many requests"):
        list(list_side_by_side(bucket, "b", "p/"))


@given(keys=st.lists(st.text("ab/019", min_size=1, max_size=6), min_size=2, unique=True))
def test_pivots_rise_from_the_last_key(keys: list[str]) -> None:
    first, last = min(keys), max(keys)
    pivots = pivots_after(first, last, "")
    assert [last, *pivots] == sorted({last, *pivots})


class Body:
    """A connection that gives so many bytes and then breaks, as urllib3's does."""

    def __init__(self, data: bytes, breaks_after: int | None) -> None:
        self.data, self.left = data, breaks_after

    def read(self, amt: int | None = None) -> bytes:
        size = len(self.data) if amt is None else amt
        if self.left is not None:
            if self.left <= 0 or amt is None:
                raise ConnectionResetError
            size = min(size, self.left)
            self.left -= size
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def close(self) -> None:
        """Nothing to close."""


@given(
    data=st.binary(max_size=200),
    breaks=st.lists(st.integers(0, 60), max_size=2),
    start=st.integers(0, 50),
    size=st.integers(1, 64),
    knows_ranges=st.booleans(),
)
def test_a_stream_goes_on_from_where_it_broke_off(
    data: bytes, breaks: list[int], start: int, size: int, knows_ranges: bool
) -> None:
    start = min(start, len(data))
    waiting = iter([*breaks, None, None, None])
    asked: list[tuple[int, str]] = []

    def request(first: int, etag: str) -> ObjectPart:
        asked.append((first, etag))
        begin = first if knows_ranges else 0
        # Of a server without ranges the part that is skipped must not break again.
        broken = next(waiting)
        broken = broken if broken is None or knows_ranges else broken + first
        return ObjectPart(Body(data[begin:], broken), begin, "tag")

    read = bytearray()
    with ObjectStream(request, start) as stream:
        while piece := stream.read(size):
            read += piece
    assert bytes(read) == data[start:]
    assert asked[0] == (start, "")
    assert all(etag == "tag" for _, etag in asked[1:])


def test_a_stream_that_breaks_off_again_and_again_fails() -> None:
    with (
        ObjectStream(lambda first, _: ObjectPart(Body(b"x" * 9, 1), first, ""), 0) as stream,
        pytest.raises(ConnectionResetError),
    ):
        stream.read(9)


@pytest.fixture
def breaking_off() -> Iterator[str]:
    """The URL of a server that refuses each request, and resets the connection in its refusal."""

    class Refuse(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 5000\r\n\r\n<Error>")
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0" + b"\0" * 4)
            self.request.close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuse) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_refusal_that_breaks_off_is_an_error_of_ours(
    breaking_off: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # urllib3's own exception came out of botocore here, and was `internal_error` to the caller.
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", breaking_off)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(ServiceError) as caught, S3(region="eu-west-1").open("bucket", "key"):
        pass
    assert caught.value.code == "bad_answer"
    assert "broke off" in caught.value.message
