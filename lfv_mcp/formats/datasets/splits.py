"""What a dataset is for, by the name of its file or folder."""

from __future__ import annotations

import re
from typing import Final

from lfv_mcp.formats.datasets.dataset import Split

_TRAIN: Final = frozenset(("train", "training", "trainset"))
_TEST: Final = frozenset(("test", "testing", "testset"))
_FOLDERS: Final = 4
"""Folders above a file that may say what it is for: train/manifests/output/output.manifest."""
_UNTOLD: Final = re.compile(r"dataset-[0-9a-f]{8,}\b.*")
"""How an archive names a file of which nothing says what it is for."""
_words: Final = re.compile(r"[a-z]+").findall


def split_of(name: str) -> Split:
    """Whether a file is for training or for the test, by its own name, else by its nearest folder.

    `datasets/caps/train/manifests/output/output.manifest` → train, `test_set.csv` → test,
    `train-test.csv` → empty

    Args:
        name: URI or path; a bucket's name says nothing.
    """
    path = re.sub(r"^[a-z][a-z0-9+.-]*://[^/]*/*", "", name.strip().lower()).replace("\\", "/")
    *folders, file = path.split("/")
    if _UNTOLD.fullmatch(file):
        return ""
    if split := _split(set(_words(file))):
        return split
    for folder in folders[-1 : -_FOLDERS - 1 : -1]:
        if split := split_of_folder(folder):
            return split
    return ""


def split_of_folder(name: str) -> Split:
    """What a folder is for whose whole name says so: `Train` → train, `train_old` → empty."""
    return _split({name.strip().lower()})


def _split(words: set[str]) -> Split:
    is_train, is_test = bool(words & _TRAIN), bool(words & _TEST)
    if is_train == is_test:
        return ""
    return "train" if is_train else "test"
