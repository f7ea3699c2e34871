"""Datasets in a listing of image files: `.../train/normal/x.jpg`, `.../test/anomaly/y.jpg`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lfv_mcp.formats.containers import IMAGE_NAMES
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.datasets.gathering import Gathering
from lfv_mcp.formats.datasets.image_objects import ImageObject
from lfv_mcp.formats.datasets.labels import class_of_word
from lfv_mcp.formats.datasets.splits import split_of_folder

_SPLITS: Final = ("train", "test")


def datasets_in_listing(name: str, entries: Iterable[tuple[str, ImageObject]]) -> list[Dataset]:
    """The datasets whose labels are the names of folders, one for each train or test folder.

    A folder below it whose name is no class word has unlabelled images. Where none is a class word,
    as in the `train/images/` of AWS's export script, the folder is no dataset.

    Args:
        name: what was listed, as a person knows it.
        entries: the URI or path of each file, and what the listing says of it.

    Raises:
        UnrecognisedError: a folder has too many images.
    """
    found: dict[str, Gathering] = {}
    for image, about in entries:
        if not image.lower().endswith(IMAGE_NAMES):
            continue
        parts = image.replace("\\", "/").split("/")
        # The class is a folder, so there are two parts behind that of the split.
        for place in range(len(parts) - 3, -1, -1):
            if parts[place].lower() in _SPLITS:
                break
        else:
            continue
        word = parts[place + 1]
        line = DatasetLine(
            image, class_of_word(word), word, number=0, size=about.size, etag=about.etag
        )
        folder = "/".join(parts[: place + 1]) + "/"
        found.setdefault(folder, Gathering()).add(line, 0)
    return [
        gathered.dataset(
            folder if folder.startswith(name) else f"{folder} in {name}",
            "folders",
            split_of_folder(folder.rstrip("/").rpartition("/")[2]),
            cut=False,
        )
        for folder, gathered in found.items()
        if any(line.anomalous is not None for line in gathered.lines)
    ]
