"""Files and streams into text and JSON: gzip, UTF-16, marks, several documents, limits."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from lfv_mcp.formats.decoding import (
    UnrecognisedError,
    decode_stream,
    decode_text,
    documents_and_problems,
    json_documents,
    looks_like_json,
    read_chunks,
)
from tests.support.saved_records import manifest_of


def test_unpacked_manifest_is_utf8() -> None:
    plain = manifest_of(images=200)
    variants = [
        plain,
        b"\xef\xbb\xbf" + plain,
        gzip.compress(plain, mtime=0),
        plain.decode().encode("utf-16"),
    ]
    variants.append(gzip.compress(plain.decode().encode("utf-16")))
    variants.append(gzip.compress(plain[:1000], mtime=0) + gzip.compress(plain[1000:], mtime=0))
    for data in variants:
        for size in (4096, len(data)):
            parts = [data[i : i + size] for i in range(0, len(data), size)]
            assert b"".join(decode_stream(parts)) == plain


@pytest.mark.parametrize("cut", [1, 5, 9, 300])
def test_unpacking_what_is_cut(cut: int) -> None:
    with pytest.raises(UnrecognisedError, match="gzip") as raised:
        list(decode_stream([gzip.compress(manifest_of(), mtime=0)[:-cut]]))
    assert raised.value.corrupt
    for half in (b"\xff\xfe\x00\xd8\x00\xd8", "{}".encode("utf-16")[:-1]):
        with pytest.raises(UnrecognisedError, match="UTF-16"):
            list(decode_stream([half]))


def test_unpacking_has_a_limit() -> None:
    for data in (gzip.compress(bytes(2 << 20), mtime=0), bytes(2 << 20)):
        with pytest.raises(UnrecognisedError, match="larger than 1 MiB"):
            list(decode_stream([data], limit=1 << 20))


def test_a_bomb_fills_no_memory() -> None:
    bomb = gzip.compress(bytes(50 << 20), mtime=0)
    tracemalloc.start()
    try:
        with pytest.raises(UnrecognisedError, match=r"^larger than 1 MiB$") as raised:
            decode_text(bomb, limit=1 << 20)
        assert raised.value.corrupt
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


def test_a_file_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(UnrecognisedError, match=r"^larger than 1 MiB$"):
        decode_text(bytes((1 << 20) + 1), limit=1 << 20)
    assert decode_text(b" " * (1 << 20), limit=1 << 20) == " " * (1 << 20)


# Several documents in one text


def test_documents_follow_one_another() -> None:
    assert list(json_documents('{"a": 1}\n[2]\n\n "x" 3')) == [{"a": 1}, [2], "x", 3]


def test_a_problem_stands_in_its_place() -> None:
    read = list(documents_and_problems('{"a": 1}\n{"b": }\n{"c": 2}\n'))
    assert [str(each) for each in read] == ["{'a': 1}", "not JSON (line 2)", "{'c': 2}"]
    with pytest.raises(UnrecognisedError, match="line 2"):
        list(json_documents('{"a": 1}\n{"b": }\n{"c": 2}\n'))


# The first look at a file


@pytest.mark.parametrize(
    ("head", "may_be"),
    [
        (b'{"a": 1}', True),
        (b"  \n[1]", True),
        (b"\xef\xbb\xbf{}", True),
        ("{}".encode("utf-16"), True),
        (gzip.compress(b"{}", mtime=0), True),
        (b"\x1f\x8bbroken", True),  # recognise() says what is wrong with it
        (b"", True),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"\xff\xd8\xff\xe0", False),
        (gzip.compress(b"\x89PNG", mtime=0), False),
        (b"# README", False),
        (bytes(100), False),
    ],
)
def test_peek(head: bytes, may_be: bool) -> None:
    assert (looks_like_json(head) is not None) is may_be


def test_a_stream_that_fails_is_unreadable() -> None:
    class Failing:
        def read(self, _: int) -> bytes:
            raise OSError(5, "Input/output error")

    read: Callable[..., Any] = read_chunks
    with pytest.raises(UnrecognisedError, match="cannot be read: Input/output error"):
        list(read(Failing()))
