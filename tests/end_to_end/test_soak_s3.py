"""The soak of a failing S3 in its short form, and what its rules take for broken."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from scripts.s3_questions import Outcome, judged
from tests.support.paths import REPOSITORY


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.skipif(sys.platform != "linux", reason="what is held is read from /proc")
def test_half_a_minute_of_questions_while_s3_fails() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/soak_s3.py", "--minutes", "0.5", "--models", "100"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 times a rule was broken" in done.stdout


def outcome(code: str = "", text: str = "", **structure: Any) -> Outcome:
    return Outcome("list_models", code, text, structure, 0.1)


UNREAD = [{"code": "files_unread", "severity": "warning", "message": "3 files"}]


@pytest.mark.parametrize(
    ("given", "models", "latest", "broken"),
    [
        (outcome("s3_access_denied", "AWS may not read s3://b"), 20, False, ""),
        (outcome("model_not_found", "line-1 has no version 3."), None, False, "model_not_found"),
        (outcome("model_not_found", "No readable record: 3 files unread."), None, False, ""),
        (outcome(models=[]), 20, False, "0 models of 20"),
        (outcome(models=[], findings=UNREAD), 20, False, ""),
        (outcome(models=[{}] * 20), 20, False, ""),
        (outcome(text="No model is held here.", models=[]), None, False, "No model"),
        (outcome(text="There is no project line-1."), None, False, "There is no project"),
        (outcome(model_version="9"), None, True, "version 9 is not the latest"),
        (outcome(model_version="9", findings=UNREAD), None, True, ""),
        (outcome("internal_error", "unread"), None, False, "internal_error"),
    ],
)
def test_what_claims_absence_is_broken(
    given: Outcome, models: int | None, latest: bool, broken: str
) -> None:
    seen = judged(given, models, latest).broken
    assert bool(seen) == bool(broken), seen
    assert broken in seen
