"""What is written for people agrees with the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import make_docs


@pytest.mark.parametrize(
    ("page", "text"),
    [(make_docs.CODES, make_docs.codes()), (make_docs.README, make_docs.readme())],
    ids=["codes", "tools"],
)
def test_what_is_made_from_the_code_is_current(page: Path, text: str) -> None:
    assert page.read_text(encoding="utf-8") == text, "run `python scripts/make_docs.py`"
