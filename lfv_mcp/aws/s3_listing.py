"""A large listing of S3, taken side by side.

S3 lists a thousand keys a request, in their order, and one request must end before the next: of
300,000 images beside the records that takes a minute. But a listing may begin at any key, so the
range of keys that is still to come is divided, and its parts are listed at one time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from queue import Full, Queue
from typing import Final

from lfv_mcp.aws.s3 import S3, S3Object, S3Page

LISTINGS: Final = 8
"""Ranges of keys that are listed at one time."""
_PAGES_IN_ORDER: Final = 3
"""Pages of a range that are taken before what is left of it is divided: small archives cost no
request more than they have pages."""
_PAGES_BEFORE: Final = 12
"""Pages of the whole listing that are taken before it is divided: the 10,001 files of a pack of ten
thousand models take eleven requests, to divide them would take nineteen."""
_WAITING_PAGES: Final = 64
"""Pages that wait to be taken at most."""
Lists = Callable[..., Iterator[S3Page]]
"""Lists one prefix, `after` a key."""


def list_side_by_side(
    s3: S3, bucket: str, prefix: str, *, restores: bool = False
) -> Iterator[S3Object]:
    """Every object under a prefix; if there are many, in no certain order.

    Args:
        s3: lists.
        bucket: the bucket.
        prefix: what the keys begin with.
        restores: ask for what was restored, too.

    Raises:
        LfvError: the bucket cannot be listed.
    """
    lists = partial(s3.list, bucket, prefix)
    if restores:
        lists = partial(lists, restores=True)
    pages = lists()
    first_key, last_key = "", ""
    for number, page in enumerate(pages, 1):
        yield from page.objects
        if page.objects:
            first_key, last_key = first_key or page.objects[0].key, page.objects[-1].key
        if page.has_more and number >= _PAGES_BEFORE:
            pivots = pivots_after(first_key, last_key, prefix)
            if pivots and _starts_after(lists, pivots[-1]):
                yield from _Division(lists, prefix).objects([last_key, *pivots])
                return


def _starts_after(lists: Lists, key: str) -> bool:
    """Whether this server begins a listing where it is told to."""
    page = next(lists(after=key))
    return all(found.key > key for found in page.objects)


def pivots_after(first: str, last: str, prefix: str) -> list[str]:
    """Keys that divide what comes after the last key of a listing, in their order.

    Keys that are still to come differ from the last one in some character, in which they are
    greater; so the ranges begin at the last key cut behind each of its characters, that one
    replaced by the next. The places in which the keys seen so far differ say how far to the right
    that is worth a request: of `a/0100.png` and `a/0399.png` the keys `a/04`, `a/1` and `a0`.

    Args:
        first: the first key seen.
        last: the last one.
        prefix: that of the listing.
    """
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    folder = last.rfind("/") + 1
    places = [
        *range(min(shared, len(last) - 1), max(folder, len(prefix)) - 1, -1),
        # Of the folders above only their ends: each letter of a long path is not worth a request.
        *(place for place in range(folder - 1, len(prefix) - 1, -1) if last[place] == "/"),
    ]
    return [last[:place] + chr(ord(last[place]) + 1) for place in places if "+" < last[place] < "~"]


class _Division:
    """Ranges of keys that are listed at one time, each divided again where it is long."""

    def __init__(self, lists: Lists, prefix: str) -> None:
        self._lists = lists
        self._prefix = prefix
        self._lock = threading.Lock()
        self._ranges: Queue[tuple[str, str] | None] = Queue()
        self._open_ranges = 0
        self._pages: Queue[Sequence[S3Object] | Exception | None] = Queue(_WAITING_PAGES)
        self._stopped = False

    def objects(self, bounds: Sequence[str]) -> Iterator[S3Object]:
        """The objects beyond the first bound; the ranges begin at the bounds.

        Raises:
            LfvError: a range cannot be listed.
        """
        self._add(bounds, "")
        for _ in range(LISTINGS):
            threading.Thread(target=self._work, name="s3-list", daemon=True).start()
        try:
            while (page := self._pages.get()) is not None:
                if isinstance(page, Exception):
                    raise page
                yield from page
        finally:
            self._stopped = True
            for _ in range(LISTINGS):
                self._ranges.put(None)

    def _add(self, bounds: Sequence[str], end: str) -> None:
        ranges = list(zip(bounds, [*bounds[1:], end], strict=True))
        with self._lock:
            self._open_ranges += len(ranges)
        for each in ranges:
            self._ranges.put(each)

    def _work(self) -> None:
        while (each := self._ranges.get()) is not None:
            try:
                self._list(*each)
            except Exception as error:
                self._put(error)
            with self._lock:
                self._open_ranges -= 1
                if self._open_ranges == 0:
                    self._put(None)

    def _list(self, after: str, end: str) -> None:
        """List the keys after one up to and with another; an empty one is the end of all."""
        first = ""
        for number, page in enumerate(self._lists(after=after), 1):
            if self._stopped:
                return
            inside = [found for found in page.objects if not end or found.key <= end]
            self._put(inside)
            if not page.has_more or len(inside) < len(page.objects):
                return
            if not inside:
                continue
            first, last = first or inside[0].key, inside[-1].key
            if number >= _PAGES_IN_ORDER:
                pivots = pivots_after(first, last, self._prefix)
                pivots = [pivot for pivot in pivots if not end or pivot < end]
                if pivots:
                    self._add([last, *pivots], end)
                    return

    def _put(self, item: Sequence[S3Object] | Exception | None) -> None:
        while not self._stopped:
            with suppress(Full):
                self._pages.put(item, timeout=0.5)  # so that nobody waits for one who has left
                return
