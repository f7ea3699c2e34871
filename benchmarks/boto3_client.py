"""A boto3 client as its documentation has it made, which the floors share."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_client() -> Any:
    """boto3 with its defaults, and the API description that it no longer has itself."""
    import boto3
    import botocore.session

    import lfv_mcp

    core = botocore.session.Session()
    api = Path(lfv_mcp.__file__).parent / "aws" / "_api"
    core.get_component("data_loader").search_paths.insert(0, str(api))
    session: Any = boto3.Session(botocore_session=core)
    return session.client("lookoutvision")
