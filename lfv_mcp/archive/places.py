"""Where an archive is to be written, as a person spells it: a directory, or an S3 prefix.

What looks like a URL or a misspelt one is refused with the spelling that works: taken as it is, it
would become a folder named `s3:` or `~`, and nobody would look for the archive there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import url2pathname

from lfv_mcp.errors import CallerError
from lfv_mcp.placeholders import (
    THIS_COMPUTERS_PATH,
    WINDOWS_PATH,
    is_windows_path,
    placeholder_in,
)
from lfv_mcp.text import clean, without_passwords

_HELP: Final = "Name a directory, or an S3 prefix as s3://bucket/prefix."
LOCAL_PLACE: Final = "Name a file or a folder on this machine."
_S3_LIKE: Final = re.compile(r"s3[an]?:[/\\]*(.*)", re.IGNORECASE | re.DOTALL)
"""`S3://`, `s3:/`, `s3a://` and the like, with what follows."""
_S3_ARN: Final = re.compile(r"arn:[^:]*:s3:[^:]*:[^:]*:(.+)", re.IGNORECASE | re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""Two letters and more before a colon: one alone is a drive of Windows."""
_AMAZON: Final = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]+)\.)?s3[.-](?:[a-z0-9.-]+\.)?amazonaws\.com(?:\.cn)?"
)
_CONSOLE: Final = re.compile(r"(?:[a-z0-9-]+\.)*console\.aws\.amazon\.com")
_SOURCES: Final = ("sample", "live")
"""Words that `--source` takes for something else than a directory."""


class DirectoryPlace(NamedTuple):
    """A directory, which need not exist yet."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


class S3Place(NamedTuple):
    """The objects below a prefix of a bucket; an empty prefix is the whole bucket."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def folder(self) -> str:
        """What the keys of all objects below the prefix begin with: it ends with `/`, or is empty.

        Without the `/` a prefix `saved` would be a part of `saved-old`.
        """
        return f"{self.prefix.rstrip('/')}/" if self.prefix.strip("/") else ""


Place = DirectoryPlace | S3Place


def parse_place(text: str) -> Place:
    """The place that a person means, with `~` expanded.

    Raises:
        CallerError: it is neither a directory nor an S3 prefix; the text has the right spelling.
    """
    if not text.strip():
        raise _refused(text, "names no place", _HELP)
    stripped = text.strip()
    if stripped[0] == stripped[-1] and stripped[0] in "\"'" and len(stripped) > 1:
        stripped = stripped[1:-1].strip()
    if stripped != text:
        raise _refused(
            text, "has blanks or quotation marks around it", f"Write it as {clean(stripped, 200)}."
        )
    placeholder = placeholder_in(text)
    if placeholder and (placeholder.startswith("${") or not os.path.lexists(text)):
        raise _refused(
            text,
            f"still has {placeholder} in it, which nothing has filled in",
            "Write the path out.",
        )
    if is_windows_path(text):
        raise _refused(text, f"is {WINDOWS_PATH}", THIS_COMPUTERS_PATH)
    if "\0" in text:
        raise _refused(text, "has a character in it that no path can have", _HELP)
    if text in _SOURCES:
        raise _refused(
            text,
            f"as a source is no directory, so `--source {text}` would not read it",
            f"Name a directory of this name as ./{text}.",
        )
    return _parse_url(text) or DirectoryPlace(_expanded(text))


def parse_local_path(text: str, next_step: str = LOCAL_PLACE) -> Path:
    """The file or folder on this machine that a person means, with `~` expanded.

    Args:
        text: as it was given.
        next_step: what to do if it is none.

    Raises:
        CallerError: it is none, or in S3, or elsewhere.
    """
    try:
        place = parse_place(text)
    except CallerError as error:
        if _is_elsewhere(text.strip().strip("\"'")):
            raise _refused(text, "is not on this machine", next_step) from error
        if error.next_step == _HELP:
            raise error.saying(error.message, next_step) from error
        raise
    if isinstance(place, S3Place):
        raise _refused(text, "is not on this machine", next_step)
    return place.path


def _is_elsewhere(text: str) -> bool:
    """Whether it is meant for S3 or another machine, however it is spelled."""
    low = text.lower()
    is_url = bool(_SCHEME.match(text)) and "://" in text and not low.startswith("file:")
    return is_url or bool(_S3_LIKE.fullmatch(text)) or low.startswith(("arn:", "http:", "https:"))


def _parse_url(text: str) -> Place | None:
    """The place that a URL, or what looks like one, names; None for a path.

    Raises:
        CallerError: it is not one of ours.
    """
    if text.startswith("s3://"):
        return _s3_place(text)
    if found := _S3_LIKE.fullmatch(text):
        raise _misspelt(text, found[1].replace("\\", "/"))
    if found := _S3_ARN.fullmatch(text):
        raise _misspelt(text, found[1])
    if text.lower().startswith("file:"):
        return DirectoryPlace(_path_of_file_url(text))
    if _SCHEME.match(text) and ("://" in text or text.lower().startswith(("http:", "https:"))):
        if meant := _bucket_of_web_address(text):
            raise _misspelt(text, meant)
        raise _refused(text, "is a URL of a kind that nothing can be written to", _HELP)
    if text.lower().startswith("arn:"):
        raise _refused(text, "is an ARN, and not one of S3", _HELP)
    return None


def _s3_place(text: str) -> S3Place:
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise _misspelt(text, prefix)
    return S3Place(bucket, prefix)


def _path_of_file_url(text: str) -> Path:
    parts = urlsplit(text)
    if not text[len("file:") :].startswith("/") or parts.netloc not in ("", "localhost"):
        raise _refused(text, "is no URL of a directory on this machine", "Write the path alone.")
    return Path(url2pathname(parts.path))


def _bucket_of_web_address(text: str) -> str:
    """Bucket and key that an address of S3 or of its console names; empty if it is none."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return ""
    path = unquote(parts.path).lstrip("/")
    if _CONSOLE.fullmatch(host) and path.startswith("s3/"):
        bucket = path.split("/")[2] if path.count("/") >= 2 else ""
        return f"{bucket}/{parse_qs(parts.query).get('prefix', [''])[0]}" if bucket else ""
    found = _AMAZON.fullmatch(host)
    if found is None:
        return ""
    return f"{found['bucket']}/{path}" if found["bucket"] else path


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise _refused(
            text, "begins with ~ and the name of nobody on this machine", "Write the path out."
        ) from error


def _misspelt(text: str, bucket_and_key: str) -> CallerError:
    meant = bucket_and_key.strip("/") or "bucket/prefix"
    return _refused(
        text, "is not how an S3 prefix is written", f"Write it as s3://{clean(meant, 200)}."
    )


def _refused(text: str, why: str, next_step: str) -> CallerError:
    shown = clean(without_passwords(text), 200)  # first: half a password has no `@` after it
    return CallerError("invalid_argument", f"{shown!r} {why}.", next_step)


def refuse_overlap(source: Place, target: Place) -> None:
    """Refuse a target that is the source, or lies below or above it.

    What is written would be read again as a part of the source, at the latest by the next run.

    Raises:
        CallerError: they overlap, perhaps through a link.
    """
    if isinstance(source, S3Place) and isinstance(target, S3Place):
        overlap = _prefixes_overlap(source, target)
    elif isinstance(source, DirectoryPlace) and isinstance(target, DirectoryPlace):
        overlap = _directories_overlap(source.path, target.path)
    else:
        overlap = False
    if overlap:
        raise CallerError(
            "invalid_argument",
            f"{clean(str(target), 200)} is a part of the source {clean(str(source), 200)}, or the "
            "source is a part of it.",
            "Choose a --to beside the source.",
        )


def _prefixes_overlap(source: S3Place, target: S3Place) -> bool:
    if source.bucket != target.bucket:
        return False
    return target.folder.startswith(source.folder) or source.folder.startswith(target.folder)


def _directories_overlap(source: Path, target: Path) -> bool:
    """By what the file system says they are: names differ in case, or lead through links."""
    source, target = _resolved(source), _resolved(target)
    if source == target or source in target.parents or target in source.parents:
        return True
    at_source, at_target = _identity(source), _identity(target)
    return bool(
        (at_source and at_source in map(_identity, target.parents))
        or (at_target and at_target in map(_identity, source.parents))
        or (at_source and at_source == at_target)
    )


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a link to itself
        return path.absolute()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - the numbers alone are wanted
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
