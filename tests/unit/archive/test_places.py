"""What people write after `--to`: taken as meant, or refused with the spelling that works."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.places import DirectoryPlace, S3Place, parse_place, refuse_overlap
from lfv_mcp.errors import CallerError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://b", S3Place("b", "")),
        ("s3://b/", S3Place("b", "")),
        ("s3://b/p/q", S3Place("b", "p/q")),
        ("s3://b/p/q/", S3Place("b", "p/q/")),
        ("out", DirectoryPlace(Path("out"))),
        ("./s3", DirectoryPlace(Path("s3"))),
        ("s3", DirectoryPlace(Path("s3"))),
        ("./sample", DirectoryPlace(Path("sample"))),
        ("a:b/c", DirectoryPlace(Path("a:b/c"))),
        ("two words/and more", DirectoryPlace(Path("two words/and more"))),
        ("file:///x/y%20z", DirectoryPlace(Path("/x/y z"))),
        ("file://localhost/x", DirectoryPlace(Path("/x"))),
    ],
)
def test_taken(text: str, place: object) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "${HOME}/x",
        "$HOME/x",
        "$HOME",
        "$(pwd)/x",
        "`pwd`/x",
        "%USERPROFILE%\\x",
        "{{DIR}}/x",
        "<PATH>",
        "@{HOME}/x",
        "s3://$BUCKET/x",
        "s3://<bucket>/x",
        "$env:USERPROFILE\\x",
        "<% dir %>/x",
    ],
)
def test_what_nobody_has_filled_in_becomes_no_folder(text: str) -> None:
    with pytest.raises(CallerError, match="which nothing has filled in"):
        parse_place(text)


@pytest.mark.skipif(os.name == "nt", reason="there it is a path like others")
@pytest.mark.parametrize("text", ["C:\\archive", "c:/archive", "\\\\server\\share"])
def test_a_path_of_windows_becomes_no_folder_elsewhere(text: str) -> None:
    with pytest.raises(CallerError, match="a path of Windows") as refused:
        parse_place(text)
    assert "/mnt/c" in refused.value.next_step


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_place("~/x") == DirectoryPlace(tmp_path / "x")
    assert parse_place("~") == DirectoryPlace(tmp_path)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("S3://bkt/x", "s3://bkt/x"),
        ("s3:/bkt/x", "s3://bkt/x"),
        ("s3:bkt/x", "s3://bkt/x"),
        ("s3:///bkt/x", "s3://bkt/x"),
        ("s3:\\\\bkt\\x", "s3://bkt/x"),
        ("s3a://bkt/x", "s3://bkt/x"),
        ("S3N://bkt/x", "s3://bkt/x"),
        ("s3://", "s3://bucket/prefix"),
        ("s3:", "s3://bucket/prefix"),
        ("arn:aws:s3:::bkt/x", "s3://bkt/x"),
        ("arn:aws-cn:s3:::bkt", "s3://bkt"),
        ("https://bkt.s3.amazonaws.com/x/y", "s3://bkt/x/y"),
        ("https://bkt.s3.eu-west-1.amazonaws.com/x%20y/", "s3://bkt/x y"),
        ("https://b.k.t.s3-eu-west-1.amazonaws.com/x", "s3://b.k.t/x"),
        ("https://s3.eu-west-1.amazonaws.com/bkt/x", "s3://bkt/x"),
        ("http://s3.amazonaws.com/bkt", "s3://bkt"),
        ("https://bkt.s3.cn-north-1.amazonaws.com.cn/x", "s3://bkt/x"),
        (
            "https://eu-west-1.console.aws.amazon.com/s3/buckets/bkt?region=x&prefix=saved/a/",
            "s3://bkt/saved/a",
        ),
        ("https://s3.console.aws.amazon.com/s3/buckets/bkt", "s3://bkt"),
        ("https://example.com/x", "s3://bucket/prefix"),
        ("https:/example.com/x", "s3://bucket/prefix"),
        ("http://[::1", "s3://bucket/prefix"),
        ("gs://bkt/x", "s3://bucket/prefix"),
        ("arn:aws:iam::111122223333:role/x", "s3://bucket/prefix"),
        ("file:x", "Write the path alone"),
        ("file://elsewhere/x", "Write the path alone"),
        ("'s3://bkt/x'", "Write it as s3://bkt/x."),
        ('"/tmp/x y"', "Write it as /tmp/x y."),
        (" s3://bkt/x", "Write it as s3://bkt/x."),
        ("x\n", "Write it as x."),
        ("${HOME}/x", "Write the path out"),
        ("%USERPROFILE%\\x", "Write the path out"),
        ("~nobody-of-this-name/x", "Write the path out"),
        ("sample", "./sample"),
        ("live", "./live"),
        ("", "s3://bucket/prefix"),
        ("  ", "s3://bucket/prefix"),
        ("x\0y", "s3://bucket/prefix"),
    ],
)
def test_refused_with_the_spelling_that_works(text: str, right: str) -> None:
    with pytest.raises(CallerError) as raised:
        parse_place(text)
    assert raised.value.code == "invalid_argument"
    assert right in raised.value.next_step


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    with suppress(CallerError):
        place = parse_place(text)
        assert str(place).startswith("s3://") == isinstance(place, S3Place)


@pytest.mark.parametrize(
    ("source", "target", "overlap"),
    [
        ("s3://b/p", "s3://b/p", True),
        ("s3://b/p/", "s3://b/p", True),
        ("s3://b/p", "s3://b/p/q", True),
        ("s3://b/p/q", "s3://b/p", True),
        ("s3://b", "s3://b/p", True),
        ("s3://b/p", "s3://b", True),
        ("s3://b/p", "s3://b/p-old", False),
        ("s3://b/p/", "s3://b/p-old", False),
        ("s3://b/p/one.json", "s3://b/p/", True),
        ("s3://b/p-old/", "s3://b/p", False),
        ("s3://b/p", "s3://c/p", False),
        ("s3://b/p", "s3://b/q", False),
        ("s3://b/p", "p", False),
    ],
)
def test_prefixes_overlap(source: str, target: str, overlap: bool) -> None:
    if overlap:
        with pytest.raises(CallerError, match="is a part of"):
            refuse_overlap(parse_place(source), parse_place(target))
    else:
        refuse_overlap(parse_place(source), parse_place(target))


def test_directories_overlap(tmp_path: Path) -> None:
    for name in ("a/b/c", "ab", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/b")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "a" / "file.json").write_text("{}")
    for source, target, overlap in (
        ("a", "a", True),
        ("a", "a/b", True),
        ("a/b", "a", True),
        ("a", "a/new/deep", True),
        ("a/b", "link", True),
        ("link", "a/b/c", True),
        ("link/c", "a", True),
        ("a/../a", "a", True),
        ("a/file.json", "a", True),
        ("a", "ab", False),
        ("a/b", "a/other", False),
        ("other", "new", False),
        ("a/file.json", "a/out", False),
        ("loop", "other", False),
    ):
        places = DirectoryPlace(tmp_path / source), DirectoryPlace(tmp_path / target)
        if overlap:
            with pytest.raises(CallerError):
                refuse_overlap(*places)
        else:
            refuse_overlap(*places)
