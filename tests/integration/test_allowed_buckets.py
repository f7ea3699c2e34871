"""LFV_ALLOWED_BUCKETS and --allowed-bucket: no other bucket is ever asked."""

from __future__ import annotations

import pytest

from lfv_mcp.archive.s3_prefix import S3Prefix
from lfv_mcp.aws.s3 import S3
from lfv_mcp.errors import SetupError
from tests.support.clients import run


def test_only_allowed_buckets_are_read() -> None:
    s3 = S3(allowed=frozenset({"ours"}))
    for attempt in (
        lambda: list(s3.list("theirs", "")),
        lambda: list(S3Prefix("s3://theirs/archive", s3).entries()),
        lambda: s3.open("theirs", "key").__enter__(),
        lambda: s3.open("ours", "a/../../theirs/key").__enter__(),  # where paths name buckets
        lambda: list(S3(allowed=frozenset()).list("ours", "")),
    ):
        with pytest.raises(SetupError) as refused:
            attempt()
        assert refused.value.code == "bucket_not_allowed"


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (("--allowed-bucket", "ours"), {}),
        ((), {"LFV_ALLOWED_BUCKETS": "ours, more"}),
        ((), {"LFV_ALLOWED_BUCKETS": ","}),  # not to be read as: no limit
        ((), {"LFV_ALLOWED_BUCKET": "ours"}),
        ((), {"LFV_ALLOWED_BUCKETS": "${FIRST},ours"}),
        ((), {"LFV_ALLOWED_BUCKETS": "${FIRST},${SECOND}"}),
    ],
)
def test_the_command_line_limits_buckets(
    flags: tuple[str, ...], environment: dict[str, str]
) -> None:
    result = run("describe", "caps", "--source", "s3://theirs/archive", *flags, **environment)
    assert result.exit_code == 1
    assert "[bucket_not_allowed]" in result.stderr
