"""`Settings`: what is opened, with which credentials, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What is told by flags and the environment, or by a program.

    Args:
        source: `sample`, `live`, a directory or file, or `s3://bucket/prefix`.
        region: AWS region of live calls; None for the profile's own.
        profile: AWS profile; None for boto3's usual chain.
        timeout: seconds one question may take in all.
        buckets: the only S3 buckets that may be read; None for any, an empty set for none.
        held_only: whether evaluation files come from the archive alone, never from the bucket that
            a record names.
        doubt: what was meant for this server and had no effect, as sentences; empty if nothing
            was. The sample says it in its answers, which may be meant for somebody's archive.
        problem: why nothing can be opened, as a sentence; empty if something can.
    """

    source: str = "sample"
    region: str | None = None
    profile: str | None = None
    timeout: float = 20.0
    buckets: frozenset[str] | None = None
    held_only: bool = False
    doubt: str = ""
    problem: str = ""
