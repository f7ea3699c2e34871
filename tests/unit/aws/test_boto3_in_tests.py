"""What the tests do to boto3 changes its speed alone: where retries draw, what a handler is for."""

from __future__ import annotations

import random
from typing import Any

import botocore.session
import pytest
from botocore import hooks
from botocore.compat import accepts_kwargs
from botocore.exceptions import ConnectionClosedError
from botocore.handlers import BUILTIN_HANDLERS
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.retries.standard import ExponentialBackoff, RetryContext


def test_a_retry_draws_its_pause_from_a_generator_of_its_own() -> None:
    lost = RetryContext(
        attempt_number=3, caught_exception=ConnectionClosedError(endpoint_url="http://s3.test")
    )
    state = random.getstate()
    pauses = {ExponentialBackoff().delay_amount(lost) for _ in range(9)}
    assert len(pauses) == 9  # drawn, and not left out
    assert random.getstate() == state


def test_a_session_takes_each_handler_for_the_event_that_botocore_means() -> None:
    fresh: Any = EventAliaser(HierarchicalEmitter())
    shared: Any = EventAliaser(HierarchicalEmitter())
    for event, handler, *_ in BUILTIN_HANDLERS:
        fresh._alias_name_cache = {}
        meant = fresh._alias_event_name(event)
        assert shared._alias_event_name(event) == meant
        assert bool(accepts_kwargs(handler)) == bool(hooks.accepts_kwargs(handler)), handler
    emitter = botocore.session.Session().get_component("event_emitter")
    with pytest.raises(ValueError, match="must accept keyword"):
        emitter.register("before-send", lambda request: request)
