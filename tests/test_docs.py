"""What is written for people agrees with the code."""

from __future__ import annotations

from scripts import make_codes


def test_the_page_of_codes_is_current() -> None:
    assert make_codes.TARGET.read_text(encoding="utf-8") == make_codes.page(), (
        "run `python scripts/make_codes.py`"
    )
