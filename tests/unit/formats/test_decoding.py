"""Bytes into text and documents: what generates each fault, place by place."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any, Final

import pytest

from lfv_mcp.formats.compression import decompressed, peek
from lfv_mcp.formats.decoding import UnrecognisedError, read_chunks
from lfv_mcp.formats.documents import documents_and_problems
from lfv_mcp.formats.encodings import utf8_chunks
from lfv_mcp.formats.json_text import SMALL
from lfv_mcp.formats.manifest_lines import manifest_as_lines, manifest_lines
from lfv_mcp.formats.texts import is_foreign
from tests.support.saved_records import arn, described, manifest_of

ANSWER: Final[dict[str, Any]] = {"ModelDescription": described()}


def documents(data: bytes) -> list[Any]:
    """What a file has, problems by their text and kind."""
    kinds = {(True, False): "corrupt", (False, True): "convertible", (False, False): "foreign"}
    return [
        f"{'read' if each.read else kinds[each.corrupt, each.convertible]}: {each}"
        if isinstance(each, UnrecognisedError)
        else each
        for each in documents_and_problems(data)
    ]


# Streams


def test_a_manifest_is_unpacked_as_it_was() -> None:
    plain = manifest_of(images=200)
    variants = [
        plain,
        gzip.compress(plain, mtime=0),
        plain.decode().encode("utf-16"),
        plain.decode().encode("utf-16-be"),
        plain.decode().encode("utf-32"),
    ]
    variants.append(gzip.compress(plain.decode().encode("utf-16")))
    variants.append(gzip.compress(plain[:1000], mtime=0) + gzip.compress(plain[1000:], mtime=0))
    for data in variants:
        for size in (4096, len(data)):
            parts = [data[i : i + size] for i in range(0, len(data), size)]
            assert b"".join(manifest_as_lines(parts)) == plain


@pytest.mark.parametrize("cut", [1, 5, 9, 300])
def test_unpacking_what_is_cut(cut: int) -> None:
    with pytest.raises(UnrecognisedError, match="gzip") as raised:
        list(manifest_lines([gzip.compress(manifest_of(), mtime=0)[:-cut]]))
    assert raised.value.corrupt
    for half in (b"\xff\xfe\x00\xd8\x00\xd8", "{}".encode("utf-16")[:-1]):
        with pytest.raises(UnrecognisedError, match="UTF-16"):
            list(utf8_chunks([half]))


def test_unpacking_has_a_limit() -> None:
    with pytest.raises(UnrecognisedError, match="larger than 1 MiB"):
        list(utf8_chunks([bytes(2 << 20)], limit=1 << 20))


@pytest.mark.slow
def test_a_bomb_fills_no_memory() -> None:
    bomb = gzip.compress(b'{"a": "' + b"x" * (80 << 20), mtime=0)
    tracemalloc.start()
    try:
        assert documents(bomb) == ["corrupt: larger than 64 MiB"]
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("padding", [b"", bytes(100)])
def test_several_compressed_streams_follow_one_another(padding: bytes) -> None:
    data = gzip.compress(b"ab") + gzip.compress(b"cd") + padding
    for size in (1, 7, 1000):
        chunks = [data[i : i + size] for i in range(0, len(data), size)]
        head, again = peek(chunks, 10)
        assert b"".join(decompressed(head, again)[1]) == b"abcd"


def test_a_zip_archive_with_a_member_without_a_name_is_damaged() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("nameless", b"{}")
        archive.writestr("a.json", json.dumps(ANSWER))
    data = made.getvalue().replace(b"nameless", b"\0ameless")  # zipfile cuts it at the zero
    assert documents(data) == ["corrupt: truncated or corrupt zip archive"]


def test_a_zip_archive_of_a_later_version_is_unread_and_no_failure() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.json", json.dumps(ANSWER))
    data = bytearray(made.getvalue())
    data[data.index(b"PK\x01\x02") + 6] = 64
    (said,) = documents(bytes(data))
    assert "a zip archive of a version that is not read" in said


def test_a_stream_that_fails_is_unreadable() -> None:
    class Failing:
        def read(self, _: int) -> bytes:
            raise OSError(5, "Input/output error")

    read: Callable[..., Any] = read_chunks
    with pytest.raises(UnrecognisedError, match="cannot be read: Input/output error"):
        list(read(Failing()))


# Several documents in one text


def test_documents_follow_one_another() -> None:
    assert documents(b'{"a": 1}\n[2]\n\n "x" 3') == [{"a": 1}, [2], "x", 3]


def test_a_problem_stands_in_its_place() -> None:
    assert documents(b'{"a": 1}\n{"b": }\n{"c": 2}\n') == [
        {"a": 1},
        "corrupt: not JSON (line 2)",
        {"c": 2},
    ]


@pytest.mark.parametrize("between", ["", "\n", "INFO done in 3 ms\n", "[main] reply: ", "2025 "])
@pytest.mark.parametrize("indent", [None, 2])
def test_of_a_log_only_the_documents_are_kept(between: str, indent: int | None) -> None:
    answer = json.dumps(ANSWER, indent=indent)
    text = f"{between}{answer} {between}\n{between}{answer}\n$ exit {{}}"
    read = [each for each in documents(text.encode()) if each != {}]
    assert read == [ANSWER, ANSWER]


def test_the_items_before_a_cut_are_kept() -> None:
    for indent in (None, 1):
        cut = json.dumps([ANSWER, ANSWER, ANSWER], indent=indent)[:-40]
        *kept, problem = documents(cut.encode())
        assert kept == [ANSWER, ANSWER]
        assert problem.startswith("corrupt: not JSON (line ")


@pytest.mark.slow
@pytest.mark.parametrize("padding", [0, 3, 64 << 10])
def test_a_large_text_is_read_like_a_small_one(padding: int) -> None:
    """Through windows: wherever a document crosses the edge of one."""
    count = 2 * SMALL // 900
    answers = [ANSWER | {"n": n, "p": "x" * padding if n == 7 else ""} for n in range(count)]
    for text in (json.dumps(answers), "\n".join(map(json.dumps, answers))):
        assert len(text) > SMALL
        assert documents(text.encode()) == answers
    cut = json.dumps(answers)[:-30].encode()
    assert documents(cut) == [*answers[:-1], "corrupt: not JSON (line 1)"]


def test_a_broken_item_of_a_large_text_has_its_line() -> None:
    answers = [json.dumps(ANSWER)] * (2 * SMALL // 700)
    answers[-3] = '{"ModelDescription": }'
    read = documents("\n".join(answers).encode())
    assert read[-3:] == [f"corrupt: not JSON (line {len(answers) - 2})", ANSWER, ANSWER]


def test_too_much_structure_is_refused_before_it_is_decoded() -> None:
    read = documents(b'{"lookoutvision": [' + b"{}," * 1_500_000 + b"{}]}")
    assert len(read) == 1
    assert read[0].startswith("convertible: a JSON value of more than 1,000,000 members")


# Encodings


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("indent", [None, 2])
def test_wide_text_needs_no_mark(encoding: str, indent: int | None) -> None:
    assert documents(json.dumps(ANSWER, indent=indent).encode(encoding)) == [ANSWER]


@pytest.mark.parametrize(
    ("codec", "description"),
    [
        ("cp1252", "Prüfung é"),
        ("cp1252", 'caf\u00e9"'),
        ("cp1250", "Řízení"),
        ("cp1251", "Проверка платы"),
        ("cp1253", "Έλεγχος"),
        ("latin-1", "ÿþ"),
        ("cp437", "Größe"),
        ("cp850", "Größe"),
        ("cp932", "外観検査"),
        ("cp932", "表"),  # its second byte is a backslash, and it hides the closing quote
        ("cp932", 'ソ"表"能'),
        ("cp936", "外观检查"),
        ("cp936", "誠"),
        ("cp949", "외관 검사"),
        ("cp950", "功"),
        ("mac-roman", "Größe"),
    ],
)
def test_a_code_page_loses_no_record(codec: str, description: str) -> None:
    answer = {"ModelDescription": described(Description=description)}
    read = documents(json.dumps(answer, ensure_ascii=False).encode(codec))
    assert len(read) == 2
    assert read[0]["ModelDescription"] | {"Description": ""} == described(Description="")
    assert "\ufffd" in read[0]["ModelDescription"]["Description"]
    assert read[1].startswith("read: not UTF-8: ")
    assert read[1].endswith("replaced; save it as UTF-8")


def test_damaged_utf8_keeps_its_letters() -> None:
    answer = {"ModelDescription": described(Description="外観検査ライン")}
    data = json.dumps(answer, ensure_ascii=False).encode().replace("査".encode(), b"\xe6\x9f")
    read = documents(data)
    assert read[0]["ModelDescription"]["Description"] == "外観検\ufffdライン"
    assert read[1] == "read: not UTF-8: 1 character was replaced; save it as UTF-8"


# What is not read, and what it is


@pytest.mark.parametrize(
    ("head", "foreign"),
    [
        (b'{"a": 1}', False),
        (b"  \n[1]", False),
        ("{}".encode("utf-16"), False),
        (gzip.compress(b"{}", mtime=0), False),
        (b"\x1f\x8bbroken", False),  # what is wrong with it is said
        (b"", False),
        (b"# README", False),  # a log may have anything in it
        (b"\x89PNG\r\n\x1a\n", True),
        (b"\xff\xd8\xff\xe0", True),
        (bytes(100), True),
    ],
)
def test_the_first_look(head: bytes, foreign: bool) -> None:
    assert is_foreign(head) is foreign


CUT_PYTHON: Final = repr(ANSWER)[:-40].encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (CUT_PYTHON, "corrupt: a printed Python value that is cut off (line 1)"),
        (b"{'a': " * 100 + b"1" + b"}" * 100, "convertible: a printed Python value, nested too"),
        (b"{'a': [" + b"1," * 200_000 + b"]}", "convertible: a printed Python value, larger"),
        (b"{'a': '" + b"x" * (2 << 20) + b"'}", "convertible: a printed Python value, larger"),
        (b"{'a': __import__('os').system('x')", "corrupt: a printed Python value that is cut"),
        (b"{'a': 1 + 2}", "corrupt: not JSON (line 1)"),
        (f"a: &x {arn()}\nb: *x\n".encode(), "convertible: YAML with aliases"),
        (f"ModelArn: {arn()}\n  b: {{".encode(), "corrupt: not YAML (line 2)"),
        (f"a: {arn()}\nb: !!python/object/apply:os.system [x]".encode(), "foreign: not JSON"),
        (f"ModelArn: {arn()}\nb: ".encode() + b"[" * 500, "convertible: YAML nested too deeply"),
        (f"ModelArn: {arn()}\nb:\n".encode() + b"- {}\n" * 150_000, "convertible: YAML with too"),
        (f"ModelArn: {arn()}\nb:\n".encode() + b"- {}\n" * 250_000, "convertible: YAML larger"),
        (b"MODELDESCRIPTION\t" + arn().encode(), "convertible: text output of the AWS CLI"),
        (
            b"--------------\n|  DescribeModel  |\n" + arn().encode(),
            "convertible: table output of the AWS CLI",
        ),
        (f"<!DOCTYPE html><p>{arn()}".encode(), "convertible: a saved web page"),
        (b"call Bob", "foreign: not JSON"),
        (f"call Bob about {arn()}".encode(), "foreign: not JSON"),
        (f"name,arn\nx,{arn()}\n".encode(), "foreign: not JSON"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, told: str) -> None:
    (problem,) = documents(data)
    assert "\n" not in problem
    assert problem.startswith(told)


def test_nothing_printed_is_called(tmp_path: Any) -> None:
    made = tmp_path / "made"
    for code in (f"open({str(made)!r}, 'w')", f"__import__('os').mkdir({str(made)!r})"):
        (document,) = documents(f"{{'ModelArn': '{arn()}', 'a': {code}}}".encode())
        assert document == {"ModelArn": arn(), "a": code.replace('"', "'")}
    assert not made.exists()
