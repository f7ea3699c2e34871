"""Saved answers and evaluation files as a source: found, indexed, replayed, and written.

May import `aws` (S3, the client that an export reads from, the transport seam), `formats` and the
ground files. Never imports `catalog` or anything above it, and never boto3 itself.
"""
