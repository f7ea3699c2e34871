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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
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
_CROWD: Final = 400
"""Pairs of one key from which none of its images is looked at: a key of 20 images on either side
names none of them, and 16,000 of one key would make 256 million pairs."""


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
        hints: the images that were found by name.
        same_keys: those of the collisions that have the key of several others.
    """

    found: Mapping[str, str] = field(default_factory=dict[str, str])
    by_uri: int = 0
    by_key: int = 0
    by_name: int = 0
    collisions: tuple[str, ...] = ()
    hints: frozenset[str] = frozenset()
    same_keys: tuple[str, ...] = ()


Differ = Callable[[str, str], bool]
"""Whether an image of the reference and another one are known to be different."""


def match_images(
    reference: Iterable[str],
    others: Iterable[str],
    *,
    names: bool,
    proven: Mapping[str, str] | None = None,
    differ: Differ | None = None,
) -> Matches:
    """Find the images of another side in the reference; each at most once.

    Args:
        reference: images, each once.
        others: images of the other side, each once.
        names: whether a name alone may match; never between versions of a model.
        proven: images of the other side that are known by more than their path, and what each is
            in the reference; they are in `found`, and in no count.
        differ: tells pairs that are different images whatever their key and name are.
    """
    first, second = dict.fromkeys(reference), dict.fromkeys(others)
    found = {image: image for image in second if image in first}
    by_uri = len(found)
    found = {**(proven or {}), **found}
    taken = {*found.values()}
    left = [image for image in first if image not in taken]
    right = [image for image in second if image not in found]
    collisions: dict[str, None] = {}
    by_key = _match_unique(_pairs_by_key(left, right, differ, collisions), found, collisions)
    same_keys = tuple(collisions)
    hints: list[str] = []
    if names:
        taken = {*found.values(), *collisions}
        left = [image for image in left if image not in taken]
        right = [image for image in right if image not in found and image not in collisions]
        ends = _by_end(first), _by_end(second)
        hints = _match_by_name(ends, left, right, differ, found, collisions)
    every = tuple(collisions)
    return Matches(found, by_uri, by_key, len(hints), every, frozenset(hints), same_keys)


def _pairs_by_key(
    left: Sequence[str],
    right: Sequence[str],
    differ: Differ | None,
    collisions: dict[str, None],
) -> list[tuple[str, str]]:
    """Pairs (reference, other) of which one's key is the end of the other's.

    Images of a key that far too many have collide.
    """
    pairs: dict[tuple[str, str], None] = {}
    for references, others in _groups_by_key(left, right):
        if len(references) * len(others) > _CROWD:
            collisions.update(dict.fromkeys((*references, *others)))
            continue
        for pair in product(references, others):
            if differ is None or not differ(*pair):
                pairs[pair] = None
    return [pair for pair in pairs if collisions.keys().isdisjoint(pair)]


def _groups_by_key(
    left: Sequence[str], right: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """References and others that have one key, in each way in which two can have one."""
    yield from _ends(left, right)
    yield from ((longer, anchors) for anchors, longer in _ends(right, left))
    originals, others = _by_original(left), _by_original(right)
    yield from ((originals[key], others[key]) for key in others if key in originals)


def _ends(
    anchors: Iterable[str], longer: Iterable[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Anchors of one path, and the images whose paths end with the whole of it."""
    whole: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for image in anchors:
        path = image_path(image)
        if path.is_anchor:
            whole[path.parts].append(image)
    ending: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for image in longer:
        parts = image_path(image).parts
        for start in range(len(parts)):
            if parts[start:] in whole:
                ending[parts[start:]].append(image)
    return ((whole[end], images) for end, images in ending.items())


def _by_original(images: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
    """The images that AWS's export script wrote, by the original key."""
    originals: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for image in images:
        if original := _original(image_path(image).parts):
            originals[original].append(image)
    return originals


def _original(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The original key within one that AWS's export script wrote; empty for any other."""
    for start in range(len(parts) - 2):
        if parts[start : start + 2] in _EXPORTED:
            return parts[start + 2 :]
    return ()


def _match_unique(
    pairs: Sequence[tuple[str, str]], found: dict[str, str], collisions: dict[str, None]
) -> int:
    """Match what has one partner that has one partner; the others collide. How many matched."""
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


_Ends = Mapping[tuple[str, ...], Sequence[str]]
"""Images by every end of their paths, two of each end at most."""


def _match_by_name(
    ends: tuple[_Ends, _Ends],
    left: Sequence[str],
    right: Sequence[str],
    differ: Differ | None,
    found: dict[str, str],
    collisions: dict[str, None],
) -> list[str]:
    """Match by the longest end of a path that is unique among all images of both sides.

    Which matched; what shares no more than an end that is not unique collides.
    """
    of_first, of_second = ends
    open_left = set(left)
    matched: list[str] = []
    for image in right:
        parts = image_path(image).parts
        shared = False
        for start in range(len(parts)):
            end = parts[start:]
            theirs = of_first.get(end)
            if not theirs:
                continue
            if len(theirs) == len(of_second[end]) == 1 and theirs[0] in open_left:
                shared = False
                if differ is None or not differ(theirs[0], image):
                    found[image] = theirs[0]
                    open_left.discard(theirs[0])
                    matched.append(image)
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
