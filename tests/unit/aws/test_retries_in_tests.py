"""What the tests do to boto3: its retries must not draw from the global random generator."""

from __future__ import annotations

import random

from botocore.exceptions import ConnectionClosedError
from botocore.retries.standard import ExponentialBackoff, RetryContext


def test_a_retry_draws_its_pause_from_a_generator_of_its_own() -> None:
    lost = RetryContext(
        attempt_number=3, caught_exception=ConnectionClosedError(endpoint_url="http://s3.test")
    )
    state = random.getstate()
    pauses = {ExponentialBackoff().delay_amount(lost) for _ in range(9)}
    assert len(pauses) == 9  # drawn, and not left out
    assert random.getstate() == state
