"""A source that is open: what its catalogues share."""

from __future__ import annotations

from dataclasses import dataclass

from lfv_mcp.archive.archive import Archive
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.library.words import python_failures
from lfv_mcp.results.common import SourceKind
from lfv_mcp.wiring.opening import catalog_over, open_archive, open_s3
from lfv_mcp.wiring.settings import Settings


@dataclass(frozen=True, slots=True)
class OpenSource:
    """The archive or endpoint that settings name; an archive is indexed once for all catalogues.

    Args:
        settings: name it.
        s3: reads evaluation files that the archive does not hold.
        archive: and whether it is the sample; None for a live endpoint.
    """

    settings: Settings
    s3: S3
    archive: tuple[SourceKind, Archive] | None

    def catalog(self) -> Catalog:
        """A catalogue over it, for questions of one event loop."""
        return catalog_over(self.settings, self.archive, self.s3, {"waits_for_index": True})


def open_source(settings: Settings) -> OpenSource:
    """Open what settings name.

    Raises:
        SetupError: it cannot be opened.
    """
    with python_failures():
        s3 = open_s3(settings)
        return OpenSource(settings, s3, open_archive(settings, s3=s3))
