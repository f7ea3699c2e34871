"""Which images of two sides are the same ones: by URI, by key, or by name, which is only a hint.

Systems rewrite where an image is and keep its path's end. An exact URI is the same image. So is a
key: the whole key, or a relative path of at least three parts, of one side is the end of the
other's; or both are equal after the `train/images/` or `test/images/` that AWS's export script put
before them. A shorter common end is a name: `anomaly/0001.png` is on every line.

Percent-encoding, blanks, composed and decomposed umlauts, backslashes and the case of the extension
make no difference. What is not unique on either side stays unmatched.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

_RELATIVE_PARTS: Final = 3
"""Parts of a relative path from which its being the end of a key is no accident."""
_KEY_PARTS: Final = 2
"""Parts of a whole key from which it is more than a file's name."""
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/*")
_DRIVE: Final = re.compile(r"[A-Za-z]:(?=/|$)")
_EXPORTED: Final = frozenset({("train", "images"), ("test", "images")})
"""Folders that AWS's export script puts before the original key."""


class ImagePath(NamedTuple):
    """An image's path without what systems spell differently.

    Args:
        parts: of the key or path, the file's name last.
        is_anchor: it is a whole key, or a relative path long enough to stand for one.
    """

    parts: tuple[str, ...]
    is_anchor: bool


@lru_cache(maxsize=65_536)
def image_path(image: str) -> ImagePath:
    """The path of an image as its system spelled it.

    `s3://bucket/caps/Gut%20teil/1.PNG` → (("caps", "Gut teil", "1.png"), True)
    """
    text = unicodedata.normalize("NFC", unquote(image.strip()).replace("+", " "))
    text = text.replace("\\", "/")
    is_key = False
    if scheme := _SCHEME.match(text):
        rest = text[scheme.end() :]
        if scheme[1].lower() != "file":
            is_key = True
            rest = rest.partition("/")[2].partition("?")[0]
        else:
            rest = f"/{rest}"
        text = rest
    is_absolute = not is_key and (text.startswith(("/", "~")) or _DRIVE.match(text) is not None)
    parts = [part for part in _DRIVE.sub("", text).split("/") if part not in ("", ".")]
    if parts:
        stem, dot, extension = parts[-1].rpartition(".")
        parts[-1] = f"{stem}{dot}{extension.lower()}" if dot else parts[-1]
    least = _KEY_PARTS if is_key else _RELATIVE_PARTS
    return ImagePath(tuple(parts), not is_absolute and len(parts) >= least)


@dataclass(frozen=True, slots=True)
class Matches:
    """Which images of another side are which of the reference.

    Args:
        found: of each image that was found, its name in the reference.
        by_uri: images found by their exact spelling.
        by_key: images found by their key.
        by_name: images found by a shorter end of their path alone.
        collisions: images of either side whose key or name is not unique, in order; unmatched.
    """

    found: Mapping[str, str] = field(default_factory=dict[str, str])
    by_uri: int = 0
    by_key: int = 0
    by_name: int = 0
    collisions: tuple[str, ...] = ()


def match_images(reference: Iterable[str], others: Iterable[str], *, names: bool) -> Matches:
    """Find the images of another side in the reference; each at most once.

    Args:
        reference: images, each once.
        others: images of the other side, each once.
        names: whether a name alone may match; never between versions of a model.
    """
    first, second = dict.fromkeys(reference), dict.fromkeys(others)
    found = {image: image for image in second if image in first}
    by_uri = len(found)
    left = [image for image in first if image not in found]
    right = [image for image in second if image not in found]
    collisions: dict[str, None] = {}
    by_key = _match_unique(_edges_by_key(left, right), found, collisions)
    by_name = 0
    if names:
        taken = {*found.values(), *collisions}
        left = [image for image in left if image not in taken]
        right = [image for image in right if image not in found and image not in collisions]
        by_name = _match_by_name(list(first), list(second), left, right, found, collisions)
    return Matches(found, by_uri, by_key, by_name, tuple(collisions))


def _edges_by_key(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs (reference, other) of which one's key is the end of the other's."""
    pairs: dict[tuple[str, str], None] = {}
    for anchor, longer in _ends(left, right):
        pairs[anchor, longer] = None
    for anchor, longer in _ends(right, left):
        pairs[longer, anchor] = None
    originals: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for image in left:
        if original := _original(image_path(image).parts):
            originals[original].append(image)
    for image in right:
        original = _original(image_path(image).parts)
        for other in originals.get(original, ()) if original else ():
            pairs[other, image] = None
    return iter(pairs)


def _ends(anchors: Iterable[str], longer: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs (anchor, longer) where the whole anchor is the end of the longer path."""
    whole: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for image in anchors:
        path = image_path(image)
        if path.is_anchor:
            whole[path.parts].append(image)
    for image in longer:
        parts = image_path(image).parts
        for start in range(len(parts)):
            for anchor in whole.get(parts[start:], ()):
                yield anchor, image


def _original(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The original key within one that AWS's export script wrote; empty for any other."""
    for start in range(len(parts) - 2):
        if parts[start : start + 2] in _EXPORTED:
            return parts[start + 2 :]
    return ()


def _match_unique(
    edges: Iterable[tuple[str, str]], found: dict[str, str], collisions: dict[str, None]
) -> int:
    """Match what has one partner that has one partner; the others collide. How many matched."""
    pairs = list(edges)
    of_reference = Counter(reference for reference, _ in pairs)
    of_other = Counter(other for _, other in pairs)
    matched = 0
    for reference, other in pairs:
        if of_reference[reference] == of_other[other] == 1:
            found[other] = reference
            matched += 1
        else:
            collisions[reference] = collisions[other] = None
    return matched


def _match_by_name(
    first: Sequence[str],
    second: Sequence[str],
    left: Sequence[str],
    right: Sequence[str],
    found: dict[str, str],
    collisions: dict[str, None],
) -> int:
    """Match by the longest end of a path that is unique among all images of both sides.

    How many matched; what shares no more than an end that is not unique collides.
    """
    by_end_first, by_end_second = _by_end(first), _by_end(second)
    open_left = set(left)
    matched = 0
    for image in right:
        parts = image_path(image).parts
        shared = False
        for start in range(len(parts)):
            end = parts[start:]
            theirs = by_end_first.get(end)
            if not theirs:
                continue
            if len(theirs) == len(by_end_second[end]) == 1 and theirs[0] in open_left:
                found[image] = theirs[0]
                open_left.discard(theirs[0])
                matched += 1
                shared = False
                break
            shared = shared or any(each in open_left for each in theirs)
        if shared and image not in found:
            collisions[image] = None
    return matched


def _by_end(images: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
    """The images by every end of their paths; two of one end are enough to know it not unique."""
    ends: dict[tuple[str, ...], list[str]] = {}
    for image in images:
        parts = image_path(image).parts
        for start in range(len(parts)):
            same = ends.setdefault(parts[start:], [])
            if len(same) < 2:
                same.append(image)
    return ends
