"""Spellings of a source: those that are taken, and what is said of those that are not."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.placeholders import is_unexpanded, placeholder_in
from lfv_mcp.wiring.source import SETTING, SourceError, open_path, parse_source

TAKEN: Final = {
    "sample": ("sample", "Sample", "SAMPLE", " sample ", '"sample"', "'Sample'"),
    "live": ("live", "LIVE", "Live", '" live "'),
    "/data/lfv": (
        *("/data/lfv", " /data/lfv\n", '"/data/lfv"', "'/data/lfv'", "\u201c/data/lfv\u201d"),
        *("file:///data/lfv", "FILE:///data/lfv", "file://localhost/data/lfv", "file:/data/lfv"),
        "'\"/data/lfv\"'",
    ),
    "/data/two words": ("/data/two words", "file:///data/two%20words"),
    "s3://bucket/a/b": ("s3://bucket/a/b", "S3://bucket/a/b", '"s3://bucket/a/b"'),
    "s3://bucket": ("s3://bucket", "S3://bucket"),
    "s3://b/my$folder$/100%": ("s3://b/my$folder$/100%",),
    "~/lfv": ("~/lfv",),
    r"C:\lfv": (r"C:\lfv", r'"C:\lfv"'),
    "relative/lfv": ("relative/lfv",),
}


@pytest.mark.parametrize(
    ("text", "expected"), [(text, source) for source, texts in TAKEN.items() for text in texts]
)
def test_a_spelling_that_means_one_thing_is_taken(text: str, expected: str) -> None:
    assert parse_source(text) == expected


REFUSED: Final = {
    "Write it as s3://b/p.": (
        *("https://b.s3.amazonaws.com/p", "https://b.s3.eu-west-1.amazonaws.com/p"),
        *("http://s3.amazonaws.com/b/p", "https://s3.us-east-1.amazonaws.com/b/p"),
        *("https://s3-eu-west-1.amazonaws.com/b/p", "HTTPS://B.S3.AMAZONAWS.COM/p"),
        *(
            "https://b.s3.dualstack.us-east-1.amazonaws.com/p",
            "https://b.s3.cn-north-1.amazonaws.com.cn/p",
        ),
        *("arn:aws:s3:::b/p", "arn:aws-cn:s3:::b/p", "arn:aws:s3:::b/p*", "ARN:aws:s3:::b/p"),
        *("s3a://b/p", "s3n://b/p", "s3:/b/p", "s3:b/p", "s3:///b/p", r"s3:\\b\p"),
        "https://us-east-1.console.aws.amazon.com/s3/buckets/b?region=us-east-1&prefix=p",
        "https://s3.console.aws.amazon.com/s3/buckets/b?prefix=p&showversions=false",
    ),
    "AWS_ENDPOINT_URL_LOOKOUTVISION": (
        "http://127.0.0.1:8000",
        "https://example.com/x",
        "http://[::1",
    ),
    "pass it as the project": ("arn:aws:lookoutvision:us-east-1:111122223333:model/cap/3",),
    "file:///absolute/path": ("file:lfv", "file://server/share"),
    "Set LFV_SOURCE (--source) to sample, live, s3://bucket/prefix": (
        *("s3://", "s3:", "gs://b/p", "az://b/p", "''", '""', "' '", "arn:aws:iam::1:role/r"),
    ),
    "Write out what it stands for": (
        *("${HOME}/lfv", "${workspaceFolder}/lfv", "${X:-/data}/x", "${A}${B}", "s3://${B}/x"),
        *("$HOME/lfv", r"%USERPROFILE%\lfv", "{{ x }}", "<path>", "s3://<bucket>/x", '"${X}"'),
        *("$(pwd)/lfv", "file:///${X}/y", "~/${X}", "${X", r"$env:USERPROFILE\lfv"),
    ),
}


@pytest.mark.parametrize(
    ("text", "remedy"), [(text, remedy) for remedy, texts in REFUSED.items() for text in texts]
)
def test_any_other_is_refused_with_the_spelling_that_works(text: str, remedy: str) -> None:
    with pytest.raises(SourceError) as refused:
        parse_source(text)
    error = refused.value
    assert error.code == "source_unusable"
    assert error.message.startswith(f"{SETTING} is '{text}'")
    assert remedy.lower() in error.next_step.lower()
    assert text not in error.reason


@pytest.mark.parametrize("name", ["Sample", "$HOME", "<path>", "a:b", "{{ x }}", "%TEMP%"])
def test_a_directory_of_that_name_is_meant_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert parse_source(name) == name


@given(st.text("ab$%{}<>/~:. 3s", max_size=12))
def test_no_text_is_more_than_taken_or_refused(text: str) -> None:
    source = None
    with contextlib.suppress(SourceError):
        source = parse_source(text)
    assert source != ""
    assert "${" not in (source or "")


@given(st.text("ab:-{}$", max_size=8))
def test_one_placeholder_alone_is_no_part_of_a_value(inside: str) -> None:
    value = f"${{{inside}}}"
    if is_unexpanded(value):
        assert not is_unexpanded(f"{value}x")
        assert not is_unexpanded(f"x{value}")
        assert not is_unexpanded(value * 2)
    assert placeholder_in(f"{value}x")


# What is there


def test_a_path_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for value in ("/no/such/directory", "no-such", "~/no-such", "a\0b", "~no-such-user-9/x"):
        with pytest.raises(SourceError) as refused:
            open_path(value)
        assert refused.value.message.startswith(SETTING)
    with pytest.raises(SourceError, match=f"looked for in {tmp_path}"):
        open_path("no-such")
    with pytest.raises(SourceError) as refused:
        open_path("sampel")
    assert refused.value.next_step.startswith("Did you mean sample?")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_directory_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        with pytest.raises(SourceError, match="Permission denied"):
            open_path(str(tmp_path))
    finally:
        tmp_path.chmod(0o700)


def test_an_unlistable_directory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="Permission denied") as refused:
        open_path(str(tmp_path))
    assert str(tmp_path) not in refused.value.reason
