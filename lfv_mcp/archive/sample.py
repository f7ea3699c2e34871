"""Where the bundled sample archive is: synthetic answers and evaluation files to try the server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SAMPLE: Final = Path(__file__).with_name("_sample")
"""The directory of the sample archive, inside the package."""
