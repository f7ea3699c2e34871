"""Reads what the service's published Python examples read, by index, as they do: no `.get`.

`AWS_ENDPOINT_URL_LOOKOUTVISION=URL python scripts/walk_examples.py` walks every project, its
datasets, its models, each model's description, and the models that are hosted. It needs boto3 with
a description of the service: version 1.40.60 together with botocore 1.40.60, or any other with
AWS_DATA_PATH. One line of JSON for each model and project; a member that is not there ends it with
a KeyError.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

EVALUATED: Final = ("TRAINED", "HOSTED")


def main() -> None:
    """Every walk, one after another."""
    import boto3

    session: Any = boto3.Session()
    client = session.client(
        "lookoutvision", endpoint_url=os.environ.get("AWS_ENDPOINT_URL_LOOKOUTVISION")
    )
    for walk in (projects_and_datasets, models_described, models_hosted):
        for seen in walk(client):
            sys.stdout.write(json.dumps({"walk": walk.__name__, **seen}, default=str) + "\n")


def projects_and_datasets(client: Any) -> Iterator[dict[str, Any]]:
    """Each project, when it was made, and its datasets."""
    for project in client.list_projects()["Projects"]:
        name = project["ProjectName"]
        described = client.describe_project(ProjectName=name)["ProjectDescription"]
        yield {
            "project": name,
            "arn": described["ProjectArn"],
            "made": [project["CreationTimestamp"], described["CreationTimestamp"]],
            "datasets": [
                [each["DatasetType"], each["Status"], each["StatusMessage"]]
                for each in described["Datasets"]
            ],
        }


def models_described(client: Any) -> Iterator[dict[str, Any]]:
    """Each model: its state, and of an evaluated one how long training took and how good it is."""
    for project in client.list_projects()["Projects"]:
        name = project["ProjectName"]
        for listed in client.list_models(ProjectName=name)["Models"]:
            version = listed["ModelVersion"]
            asked = {"ProjectName": name, "ModelVersion": version}
            model = client.describe_model(**asked)["ModelDescription"]
            seen = {
                "arn": model["ModelArn"],
                "status": model["Status"],
                "message": model["StatusMessage"],
                "made": model["CreationTimestamp"],
                "listed": [listed["Status"], listed["StatusMessage"], listed["CreationTimestamp"]],
                "output": model["OutputConfig"]["S3Location"],
            }
            if model["Status"] in EVALUATED:
                seen["took"] = model["EvaluationEndTimestamp"] - model["CreationTimestamp"]
                metrics = model["Performance"]
                seen["metrics"] = [metrics[n] for n in ("Recall", "Precision", "F1Score")]
                location = model["OutputConfig"]["S3Location"]
                seen["output"] = f"s3://{location['Bucket']}/{location['Prefix']}"
                manifest = model["EvaluationManifest"]
                seen["manifest"] = f"s3://{manifest['Bucket']}/{manifest['Key']}"
            yield seen


def models_hosted(client: Any) -> Iterator[dict[str, Any]]:
    """The models that are running, by their entries in the listing."""
    for page in client.get_paginator("list_projects").paginate():
        for project in page["Projects"]:
            models = client.get_paginator("list_models")
            for models_page in models.paginate(ProjectName=project["ProjectName"]):
                for model in models_page["Models"]:
                    if model["Status"] == "HOSTED":
                        yield {"arn": model["ModelArn"], "message": model["StatusMessage"]}


if __name__ == "__main__":
    main()
