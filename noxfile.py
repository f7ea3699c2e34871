"""The checks that are more than pytest: `nox -s NAME`, in the environment that runs nox."""

from __future__ import annotations

import sys

import nox

nox.options.default_venv_backend = "none"


@nox.session
def transcript(session: nox.Session) -> None:
    """Compare everything that users see with its recording; `-- --update` records it anew."""
    session.run(sys.executable, "-m", "tests.transcript", *session.posargs)
