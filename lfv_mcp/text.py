"""Texts and numbers for readers: account text made safe to show, rates and metrics in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import Final
from unicodedata import category

TEXT_LIMIT: Final = 500
"""Characters of one text from an account that an answer shows."""
_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?", re.DOTALL
)
_INVISIBLE: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of characters that show nothing, or change how their neighbours show."""
_WORD: Final = re.compile(r"[^\s\"'<>]+")
"""What a URL may be, with all that nobody quoted."""
_AUTHORITY: Final = re.compile(
    r"(?<!\bs3)(?<!\bs3a)(?<!\bs3n)(?<!\bfile)(?<=[a-z0-9+.-])://", re.IGNORECASE
)
"""Where a user and a password may begin. A key of S3 may have an `@` of its own."""
_SECRET_PARAMETER: Final = re.compile(
    r"([?&#;](?:[\w.-]*(?:signature|token|secret|password|passwd|pwd|credential|key)[\w.-]*|sig)=)"
    r"[^\s&#\"'<>]+",
    re.IGNORECASE,
)
"""What lets anybody in who has it, as of a presigned URL of S3."""
_NOTE_LENGTH: Final = 40
"""Characters that `truncate_lines` keeps free for its note on how many lines are missing."""


def strip_invisible(text: str) -> str:
    """Remove ANSI sequences, control, bidi and other invisible characters; line ends become blanks.

    `"\\x1b[31mred\\x1b[0m\\nline"` → `"red line"`
    """
    if text.isprintable():
        return text
    text = _ANSI.sub("", text)  # first, so that its letters go with the escape character
    return "".join(
        " " if c in "\t\n\r" else c for c in text if c in "\t\n\r" or category(c) not in _INVISIBLE
    )


def replace_lone_surrogates(text: str) -> str:
    """Put U+FFFD in the place of every half of a surrogate pair, which no encoding can write.

    Two halves that belong together become the character that they mean.
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text from an account or an archive as plain data: without invisible characters, and cut.

    Longer than `limit` characters it is cut, and `…[+N]` says how many are missing:
    `clean("abcde", 3)` → `"abc…[+2]"`.
    """
    visible = strip_invisible(text)
    if len(visible) <= limit:
        return visible
    return f"{visible[:limit]}…[+{len(visible) - limit}]"


def without_passwords(text: str) -> str:
    """Text without the user, the password and the secret parameters of the URLs in it.

    `"http://me:s3/cr@t@host/x?token=abc"` → `"http://host/x?token=…"`; keys of S3 stay as they are.
    """
    if "://" not in text:
        return text
    return _SECRET_PARAMETER.sub(r"\1…", _WORD.sub(_without_user, text))


def _without_user(word: re.Match[str]) -> str:
    """A word without all up to its last `@`: a password may have a `/` or an `@` itself."""
    text = word[0]
    begins = _AUTHORITY.search(text)
    ends = text.rfind("@")
    return f"{text[: begins.end()]}{text[ends + 1 :]}" if begins and begins.end() <= ends else text


def first_of(
    names: Iterable[str], most: int = 3, limit: int = TEXT_LIMIT, separator: str = ", "
) -> str:
    """The first names, and how many more there are: `first_of("abcde")` → `"a, b, c and 2 more"`.

    Args:
        names: made safe to show here.
        most: how many of them are shown.
        limit: characters of each.
        separator: stands between them.
    """
    listed = list(names)
    shown = separator.join(clean(name, limit) for name in listed[:most])
    more = len(listed) - most
    return f"{shown} and {more:,} more" if more > 0 else shown


def truncate_lines(lines: list[str], limit: int, rank: Callable[[str], int] = lambda _: 0) -> str:
    """Join whole lines up to `limit` characters; the first and the last line always stay.

    A note before the last line says how many are missing. `lines` are at least two.

    Args:
        lines: in their order.
        limit: characters of the whole.
        rank: of a line, the weightiest 0: lighter ones give way. Without it the later ones do.
    """
    first, *body, last = lines
    first, last = clean(first, limit * 2 // 3), clean(last, limit // 4)
    left = limit - len(first) - len(last) - _NOTE_LENGTH
    kept: set[int] = set()
    for at in sorted(range(len(body)), key=lambda at: rank(body[at])):
        left -= len(body[at]) + 1
        if left < 0:
            break
        kept.add(at)
    missing = len(body) - len(kept)
    note = [f"({missing} more in the structured result)"] if missing else []
    return "\n".join([first, *(body[at] for at in sorted(kept)), *note, last])


def common_folder(names: Sequence[str]) -> str:
    """The folder, with its slash, that two names or more have in common; empty for none.

    `["s3://b/x/anomaly/1.png", "s3://b/x/normal/2.png"]` → `"s3://b/x/"`
    """
    if len(names) < 2:
        return ""
    first, last = min(names).split("/"), max(names).split("/")  # all others lie between them
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(first[:-1], last[:-1], strict=False))
    folder = "".join(f"{part}/" for part, _ in shared)
    return "" if folder == "/" or folder.endswith("//") else folder


def digits(value: float) -> str:
    """A metric in three digits, and in more only where three would round it to 1.

    0.857143 → `"0.857"`, 0.99962 → `"0.99962"`, 0.99999996 → `"<1"`, 1.0 → `"1"`
    """
    short = f"{value:.3g}"
    if short != "1" or value == 1:
        return short
    return f"{value:.6g}" if value < 0.9999995 else "<1"


def complement(value: float) -> float:
    """1 - value, without the noise of binary subtraction: 0.9 → 0.1."""
    # 1 - 0.9 is 0.09999999999999998 in binary; twelve digits are more than any metric has.
    return round(1 - value, 12)
