"""Whether a successor can open images where a dataset says they are, as far as their names tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lfv_mcp.analysis.datasets.line_demands import Successor, bucket_of
from lfv_mcp.analysis.datasets.rewriting import is_relative
from lfv_mcp.errors import CallerError
from lfv_mcp.figures import count_of
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.text import clean

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_TITLES: Final[Mapping[Successor, str]] = {
    "sagemaker": "SageMaker",
    "dda": "The Defect Detection Application",
    "anomalib": "anomalib",
}
_BUCKETS: Final = 3


def require_destinations(successor: Successor, lines: Sequence[DatasetLine]) -> None:
    """Refuse names of images and masks that the successor cannot open.

    Raises:
        CallerError: `dataset_refused`, some are such; the text has the first, and what helps.
    """
    title = _TITLES[successor]
    names = list(_names(lines))
    if successor == "anomalib":
        remote = [name for name in names if _URI.match(name)]
        _refuse(
            remote,
            f"{title} opens files, not URIs",
            "Download the images, and say where they are: --rewrite FROM=FOLDER, such as "
            f"--rewrite {_start(remote)}=/data/images/.",
        )
        return
    others = [name for name in names if not name.startswith("s3://")]
    _refuse(
        others,
        f"{title} reads images and masks from S3, not from files",
        "Upload them, and say where they are: --rewrite FROM=s3://bucket/prefix/, such as "
        f"--rewrite {_start(others)}=s3://my-bucket/images/.",
    )
    _refuse(
        [name for name in names if not bucket_of(name) or "//" in name[len("s3://") :]],
        f"{title} cannot open a URI with s3:// twice, with // in its key, or without a key",
        "Correct it with --rewrite FROM=TO; a key that really has // in it must be copied to "
        "another one first.",
    )
    if successor == "dda":
        _refuse(
            [line.mask for line in lines if ":" in line.mask[len("s3://") :]],
            f"{title} takes no mask with a colon in its name",
            "Copy these masks to names without colons, and correct the dataset.",
        )
    _require_one_bucket(names, title)


def _names(lines: Iterable[DatasetLine]) -> Iterator[str]:
    for line in lines:
        yield line.image
        if line.mask:
            yield line.mask


def _require_one_bucket(names: Iterable[str], title: str) -> None:
    buckets = sorted(set(map(bucket_of, names)))
    if len(buckets) > 1:
        shown = ", ".join(buckets[:_BUCKETS])
        more = f" and {len(buckets) - _BUCKETS:,} more" if len(buckets) > _BUCKETS else ""
        raise CallerError(
            "dataset_refused",
            f"{title} takes images and masks from one bucket, and these are in "
            f"{len(buckets):,}: {shown}{more}.",
            "Copy them into one of the buckets, and say so: --rewrite "
            f"s3://{buckets[1]}/=s3://{buckets[0]}/.",
        )


def _start(names: Sequence[str]) -> str:
    """The folder that the first of some names begins with, as an example for --rewrite."""
    name = names[0] if names else ""
    if bucket := bucket_of(name):
        return f"s3://{bucket}/"
    if is_relative(name):
        return ""  # stands for all relative paths
    folder, slash, _ = clean(name, 200).rpartition("/")
    return f"{folder}{slash}"


def _refuse(names: Sequence[str], why: str, next_step: str) -> None:
    """Refuse names that cannot be opened, if there are any."""
    if names:
        concerned = count_of(len(names), "name is such", "names are such, the first")
        raise CallerError(
            "dataset_refused", f"{why}; {concerned}: {clean(names[0], 300)}.", next_step
        )
