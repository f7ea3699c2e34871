"""How a source may be spelled, and what is wrong with one that cannot be.

A spelling that can mean one thing only is taken (quotes and blanks around it, `S3://`, `Sample`,
`file:///path`). Any other is refused with the reason, and with the spelling that works.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from lfv_mcp.errors import SetupError
from lfv_mcp.placeholders import (
    FILL_IN,
    THIS_COMPUTERS_PATH,
    WINDOWS_PATH,
    is_windows_path,
    not_filled_in,
    placeholder_in,
)
from lfv_mcp.text import clean, without_passwords

WORDS: Final = ("live", "sample")
"""Sources that are neither directories nor prefixes."""
SETTING: Final = "LFV_SOURCE (--source)"
SPELLINGS: Final = (
    f"Set {SETTING} to sample, live, s3://bucket/prefix, or the absolute path of a directory of "
    "saved answers."
)
"""What to do about a source that cannot be one."""
_PLACES: Final = "Name an existing directory or file, or an S3 prefix as s3://bucket/prefix."
"""What to do about an argument of a command that cannot be a place."""
_QUOTES: Final = {
    "'": "'",
    '"': '"',
    "`": "`",
    "\N{LEFT SINGLE QUOTATION MARK}": "\N{RIGHT SINGLE QUOTATION MARK}",
    "\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}",
}
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two characters: C:\ is a drive
_BUCKET_HOST: Final = re.compile(r"(?:(?P<bucket>.+)\.)?s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?")
_CONSOLE: Final = re.compile(r"/s3/(?:buckets|object)/(?P<bucket>[^/]+)")


class SourceError(SetupError):
    """A source that cannot be opened.

    Args:
        code: `source_unusable`.
        message: what is wrong with it, with its value.
        next_step: what to do.
        reason: what is wrong as a clause, without the value: callers over a network may read it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        next_step: str,
        reason: str = "it names nothing that can be opened",
    ) -> None:
        super().__init__(code, message, next_step)
        self.reason = reason


def parse_source(text: str, setting: str = SETTING) -> str:
    """The source as everything else spells it: a word, a path, or `s3://bucket/prefix`.

    Args:
        text: as it was given.
        setting: what it was given for, for the error; empty if the value speaks for itself.

    Raises:
        SourceError: it cannot be a source.
    """
    value = _bare(text)
    if not value:
        raise _unusable(
            f"{_named(setting, text)}: that is empty.", _spellings(setting), "it is empty"
        )
    if value.lower() in WORDS and (value.islower() or not os.path.lexists(value)):
        return value.lower()
    placeholder = placeholder_in(value)
    if placeholder and (placeholder.startswith("${") or not os.path.lexists(value)):
        raise _unusable(
            f"{_named(setting, text)}: {not_filled_in(placeholder)}.",
            FILL_IN,
            "something in it was not replaced by what it stands for",
        )
    scheme = _SCHEME.match(value)
    if scheme is None or os.path.lexists(value):
        return value
    return _of_url(value, scheme[1].lower(), _named(setting, text))


def open_path(value: str, setting: str = SETTING) -> Path:
    """The directory or file at a path, which can be read now.

    Raises:
        SourceError: there is none, or it cannot be read.
    """
    named = _named(setting, value)
    try:
        path = Path(value).expanduser()
        if path.is_dir():
            os.scandir(path).close()
        elif is_windows_path(value):
            raise _unusable(
                f"{named}{', which' if setting else ''} is {WINDOWS_PATH}.",
                THIS_COMPUTERS_PATH,
                "it is a path of Windows",
            )
        elif not path.exists():
            raise _unusable(
                f"{named}{', which' if setting else ''} is neither an existing directory or file, "
                f"nor s3://bucket/prefix{_where(path)}.",
                (setting and _closest_spelling(value)) or _spellings(setting),
                "there is no such directory or file",
            )
        elif path.is_file():  # opening a pipe would wait for a writer
            path.open("rb").close()
    except RuntimeError:  # ~somebody
        raise _unusable(
            f"{named}: {value.partition('/')[0]} is no user of this computer.",
            "Write the absolute path.",
            "it names the home of a user who does not exist",
        ) from None
    except ValueError:
        raise _unusable(
            f"{named}: a path cannot hold a NUL character.", _spellings(setting), "it is no path"
        ) from None
    except OSError as error:
        raise _unusable(
            f"{named}{', which' if setting else ''} cannot be read: {error.strerror}.",
            "Let the user that runs lfv-mcp read it, or "
            + ("set another source." if setting else "name another place."),
            "it cannot be read",
        ) from error
    return path


def _unusable(message: str, next_step: str, reason: str) -> SourceError:
    return SourceError("source_unusable", message, next_step, reason)


def _named(setting: str, value: str) -> str:
    """The start of an error: the setting, and its value."""
    shown = f"'{clean(without_passwords(value), 300)}'"
    return f"{setting} is {shown}" if setting else shown


def _spellings(setting: str) -> str:
    """What to do about a value: another for the setting, or another argument."""
    return SPELLINGS if setting else _PLACES


def _where(path: Path) -> str:
    """Where a relative path was looked for: hosts start servers in a directory of their choice."""
    return "" if path.is_absolute() else f" (looked for in {Path.cwd()})"


def _closest_spelling(value: str) -> str:
    """A remedy for a misspelt word; empty for what is none."""
    from difflib import get_close_matches  # only those who misspell wait for it

    close = get_close_matches(value.lower(), WORDS, n=1, cutoff=0.7)
    return f"Did you mean {close[0]}? {SPELLINGS}" if close else ""


def _bare(text: str) -> str:
    """A value without the blanks and the pairs of quotes around it."""
    bare = text.strip()
    while len(bare) > 1 and _QUOTES.get(bare[0]) == bare[-1]:
        bare = bare[1:-1].strip()
    return bare


# URLs and ARNs


def _of_url(value: str, scheme: str, named: str) -> str:
    """The source that a URL or an ARN means."""
    rest = value.partition(":")[2]
    if scheme == "s3" and rest.startswith("//") and rest[2:3] not in ("", "/"):
        return f"s3:{rest}"
    if scheme == "file" and (path := _of_file_url(rest)):
        return path
    works = _spelling_that_works(scheme, rest, value)
    kind = "an ARN" if scheme == "arn" else f"a URL of the kind {scheme}:"
    raise _unusable(
        f"{named}: {'an S3 prefix names a bucket' if scheme == 's3' else kind + ' is no source'}.",
        f"Write it as {works}." if works else _other_remedy(scheme, value),
        "it is not spelled as a source is",
    )


def _of_file_url(rest: str) -> str:
    """The path of `file:///path`, `file://localhost/path` and `file:/path`; empty for others."""
    host, path = "", rest
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        path = slash + path
    if host.lower() not in ("", "localhost") or not path.startswith("/"):
        return ""
    path = unquote(path)
    return path[1:] if sys.platform == "win32" and re.match(r"/[A-Za-z]:", path) else path


def _spelling_that_works(scheme: str, rest: str, value: str) -> str:
    """The `s3://bucket/prefix` that was meant; empty if that cannot be told."""
    if scheme in ("s3", "s3a", "s3n"):
        place = rest.replace("\\", "/").strip("/")
        return f"s3://{place}" if place else ""
    if scheme == "arn":
        bucket_arn = re.fullmatch(r"arn:aws[a-z-]*:s3:::(.+)", value, re.IGNORECASE)
        return f"s3://{bucket_arn[1].rstrip('*')}" if bucket_arn else ""
    return _of_web_address(value) if scheme in ("http", "https") else ""


def _of_web_address(value: str) -> str:
    """The `s3://bucket/prefix` of an address of S3 or of its console; empty for any other."""
    try:
        parts = urlsplit(value)
    except ValueError:  # an IPv6 address without its end
        return ""
    host, path = (parts.hostname or "").lower(), unquote(parts.path).lstrip("/")
    shown = _CONSOLE.match(parts.path)
    if shown is not None and host.endswith("console.aws.amazon.com"):
        prefix = parse_qs(parts.query).get("prefix", [""])[0]
        return f"s3://{shown['bucket']}/{prefix}"
    found = _BUCKET_HOST.fullmatch(host)
    if found is None or not (found["bucket"] or path):
        return ""
    return f"s3://{found['bucket']}/{path}" if found["bucket"] else f"s3://{path}"


def _other_remedy(scheme: str, value: str) -> str:
    """What to do about a URL or an ARN that no S3 prefix can be made of."""
    if scheme in ("http", "https"):
        return (
            "For an endpoint that speaks the API set AWS_ENDPOINT_URL_LOOKOUTVISION to the URL "
            f"and {SETTING} to live."
        )
    if scheme == "arn" and ":lookoutvision:" in value:
        return f"A model's ARN is what to ask about: pass it as the project. {SPELLINGS}"
    if scheme == "file":
        return "Write the absolute path, or file:///absolute/path."
    return SPELLINGS
