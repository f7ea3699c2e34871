"""Where images are now: prefixes of their URIs or paths put in the place of others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from lfv_mcp.errors import CallerError
from lfv_mcp.text import clean

_HELP: Final = "Write --rewrite FROM=TO, such as --rewrite s3://old-bucket/=s3://new-bucket/parts/."
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|/|[A-Za-z]:[\\/]|~")
"""How what is not relative begins."""


class Rewrite(NamedTuple):
    """A prefix, and what stands in its place.

    Args:
        source: whole folders; empty for all that is relative.
        target: likewise; empty for a relative path.
    """

    source: str
    target: str

    def __str__(self) -> str:
        """As the flag has it."""
        return f"{self.source}={self.target}"

    def applied(self, name: str) -> str | None:
        """The name with the prefix replaced; None if it does not begin with it.

        `s3://b/a` is a prefix of `s3://b/a/1.png` and not of `s3://b/ab/1.png`.
        """
        if not self.source:
            return f"{_folder(self.target)}{name}" if is_relative(name) else None
        if not name.startswith(self.source):
            return None
        rest = name[len(self.source) :]
        if not self.source.endswith("/") and not rest.startswith("/"):
            return None if rest else self.target
        return f"{_folder(self.target)}{rest.removeprefix('/')}"


def is_relative(name: str) -> bool:
    """Whether a name is neither a URI nor an absolute path."""
    return _SCHEME.match(name) is None


def _folder(name: str) -> str:
    return name if not name or name.endswith("/") else f"{name}/"


def parse_rewrite(text: str) -> Rewrite:
    """The rewriting that a flag names.

    A key may have an equals sign in it: where a URI or an absolute path follows one, that is it.

    Raises:
        CallerError: it names none.
    """
    found = re.search(r"=(?=[A-Za-z][A-Za-z0-9+.-]+://)", text)
    source, sign, target = (
        (text[: found.start()], "=", text[found.end() :]) if found else text.partition("=")
    )
    if not sign or source == target:
        why = "changes nothing" if sign else "has no equals sign"
        raise CallerError("invalid_argument", f"--rewrite {clean(text, 200)!r} {why}.", _HELP)
    return Rewrite(source, target)


class Rewriting:
    """Several rewritings, of which the longest prefix counts, and how often each did.

    Args:
        rewrites: as they were named.
    """

    def __init__(self, rewrites: Iterable[Rewrite]) -> None:
        self._rewrites = sorted(dict.fromkeys(rewrites), key=lambda each: -len(each.source))
        self.counts: Counter[Rewrite] = Counter()

    def name(self, name: str) -> str:
        """The name, rewritten if a prefix fits."""
        for rewrite in self._rewrites:
            if (new := rewrite.applied(name)) is not None:
                self.counts[rewrite] += 1
                return new
        return name

    @property
    def unused(self) -> list[Rewrite]:
        """Those that fitted nothing."""
        return [rewrite for rewrite in self._rewrites if not self.counts[rewrite]]
