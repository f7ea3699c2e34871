"""Where the API's description is: botocore has none any more since version 1.40.61."""

from __future__ import annotations

from pathlib import Path
from typing import Final

API_DESCRIPTION: Final = Path(__file__).with_name("_api")
"""A folder for botocore's AWS_DATA_PATH: with it, today's boto3 and AWS CLI know the service."""
