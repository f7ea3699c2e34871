"""Fixtures of tests that write archives: an S3 on loopback, and no waiting for it or the disk."""

from __future__ import annotations

from tests.support.loopback_s3 import no_pauses, s3

__all__ = ["no_pauses", "s3"]
