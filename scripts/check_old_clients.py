"""Old clients against a replay: AWS CLI 1.42.60 and boto3 1.40.60, the last that know the service.

`python scripts/check_old_clients.py` installs both, once, into an environment of their own below
$LFV_TEST_CACHE (else .cache), starts `lfv-mcp replay` over the sample, and compares what they say
with the sample's files. One line per check, then "N passed, N failed"; exits 1 if any failed.

Inside that environment it runs itself again (`--boto3 URL`), so nothing above the functions that
need it imports more than the standard library.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
SAMPLE: Final = ROOT / "lfv_mcp" / "archive" / "_sample"
WHAT: Final = ("awscli==1.42.60", "boto3==1.40.60", "botocore==1.40.60")
LISTED: Final = {
    *("ModelVersion", "ModelArn", "CreationTimestamp", "Description", "Status"),
    *("StatusMessage", "Performance"),
}
"""Members of ModelMetadata, which is what ListModels answers."""
REFUSED: Final = "cannot be answered here: this endpoint replays an archive"
RESULTS: list[bool] = []


def on_disk(kind: str, member: str) -> list[dict[str, Any]]:
    """The sample's saved answers."""
    return [json.loads(p.read_bytes())[member] for p in sorted((SAMPLE / kind).glob("*.json"))]


MODELS: Final = on_disk("describe-model", "ModelDescription")
PROJECTS: Final = on_disk("describe-project", "ProjectDescription")
NAMES: Final = [body["ProjectName"] for body in PROJECTS]
SHORT: Final = [{k: v for k, v in body.items() if k != "Datasets"} for body in PROJECTS]
MODEL_ARN: Final = MODELS[0]["ModelArn"]


def models_of(project: str) -> list[dict[str, Any]]:
    """What ListModels has to say of a project."""
    found = [body for body in MODELS if f":model/{project}/" in body["ModelArn"]]
    return [{k: v for k, v in body.items() if k in LISTED} for body in found]


def check(name: str, found: object, expected: object) -> None:
    """One line, and what differs if it does."""
    RESULTS.append(found == expected)
    say(f"{'ok  ' if RESULTS[-1] else 'FAIL'} {name}")
    if not RESULTS[-1]:
        say(f"     found    {found!r:.1500}\n     expected {expected!r:.1500}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """All checks."""
    python = installed()
    with TemporaryDirectory() as home, replaying(SAMPLE) as url:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
        settings = {
            **{"HOME": home, "USERPROFILE": home, "AWS_EC2_METADATA_DISABLED": "true"},
            **{"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"},
            **{"AWS_DEFAULT_REGION": "us-east-1"},
        }
        check_cli(Cli(python, url, clean | settings))
        inside = subprocess.run(
            [python, "-X", "utf8", __file__, "--boto3"],
            env=clean | settings | {"AWS_ENDPOINT_URL_LOOKOUTVISION": url},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        sys.stdout.write(inside.stdout)
        RESULTS.extend(
            line.startswith("ok ")
            for line in inside.stdout.splitlines()
            if line.startswith(("ok ", "FAIL "))
        )
        check("the boto3 checks came to their end", (inside.returncode, inside.stderr), (0, ""))
        check_examples(python, clean | settings)
    say(f"{sum(RESULTS)} passed, {len(RESULTS) - sum(RESULTS)} failed")
    return 0 if all(RESULTS) else 1


def installed() -> str:
    """The Python of an environment that has both; made once."""
    cache = Path(os.environ.get("LFV_TEST_CACHE") or ROOT / ".cache").resolve()
    place = cache / f"awscli-1.42.60-python{sys.version_info[0]}.{sys.version_info[1]}"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    complete = place / "complete"  # written last: half an installation is made anew
    if not complete.exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *WHAT]
        subprocess.run(pip, check=True)
        complete.touch()
    return str(python)


def check_examples(python: str, environment: dict[str, str]) -> None:
    """The walk of the published examples, over what customers hold: it must not lack a member."""
    model = next(body for body in MODELS if body["Status"] == "HOSTED")
    name, version = model["ModelArn"].split("/")[1:]
    result = next((SAMPLE / "evaluation").rglob(f"EvaluationResult-{name}-{version}.json"))
    held = {
        "a description alone": json.dumps({"ModelDescription": model}),
        "a listing alone": json.dumps(
            {"Models": [each for each in models_of(name) if each["ModelVersion"] == version]}
        ),
        "an evaluation result alone": result.read_text(encoding="utf-8"),
    }
    for what, content in held.items():
        with TemporaryDirectory() as folder:
            (Path(folder) / "saved.json").write_text(content, encoding="utf-8")
            with replaying(Path(folder)) as url:
                done = subprocess.run(
                    [python, str(ROOT / "scripts" / "walk_examples.py")],
                    env=environment | {"AWS_ENDPOINT_URL_LOOKOUTVISION": url},
                    capture_output=True,
                    text=True,
                    check=False,
                )
        check(f"the published examples over {what}", (done.returncode, done.stderr), (0, ""))
        check(f"they see the model of {what}", model["ModelArn"] in done.stdout, True)


@contextmanager
def replaying(source: Path) -> Iterator[str]:
    """`lfv-mcp replay` over a directory, and its URL."""
    command = [sys.executable, "-m", "lfv_mcp", "replay", "--source", str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise SystemExit("lfv-mcp replay did not start")
            yield url
        finally:
            process.terminate()


class Cli:
    """`aws lookoutvision` as a script calls it."""

    def __init__(self, python: str, url: str, environment: dict[str, str]) -> None:
        self._python = python
        self._url = url
        self._environment = environment

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self._python, "-m", "awscli", "lookoutvision", *arguments]
        return subprocess.run(
            [*command, "--endpoint-url", self._url, "--output", "json"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def answer(self, *arguments: str) -> Any:
        """The parsed answer; what was printed instead, if it is none."""
        done = self(*arguments)
        return json.loads(done.stdout) if done.returncode == 0 else (done.returncode, done.stderr)

    def pages(self, member: str, *arguments: str) -> list[list[Any]]:
        """The pages that --max-items 2 and --starting-token go through."""
        found, token = [], ""
        while True:
            start = ("--starting-token", token) if token else ()
            page = self.answer(*arguments, "--max-items", "2", *start)
            found.append(page[member])
            token = page.get("NextToken", "")
            if not token:
                return found


def check_cli(aws: Cli) -> None:
    """Every read that is served, by every way of paging, and what is refused."""

    def read(expected: object, *arguments: str) -> Callable[[], tuple[str, object, object]]:
        return lambda: (" ".join(("aws", *arguments)), aws.answer(*arguments), expected)

    def paged(expected: list[Any], member: str, *arguments: str) -> Callable[[], Any]:
        name = f"aws {' '.join(arguments)} --max-items 2 ..."
        twos = [expected[i : i + 2] for i in range(0, len(expected), 2)]
        return lambda: (name, aws.pages(member, *arguments), twos)

    def fails(code: str, text: str, *arguments: str) -> Callable[[], Any]:
        operation = "".join(part.capitalize() for part in arguments[0].split("-"))
        expected = f"An error occurred ({code}) when calling the {operation} operation: {text}"

        def ask() -> tuple[str, object, object]:
            done = aws(*arguments)
            said = done.stderr.strip()
            shown = (done.returncode, done.stdout, said[: len(expected)])
            name = f"aws {' '.join(arguments)} -> {code}"
            return name, shown, (255, "", expected)  # 254 only since CLI version 2

        return ask

    missing, denied, invalid = (
        f"{code}Exception" for code in ("ResourceNotFound", "AccessDenied", "Validation")
    )
    one = ("--project-name", NAMES[0])
    first = (*one, "--model-version", "1")
    train = (*one, "--dataset-type", "train")
    arn = ("--resource-arn", MODEL_ARN)
    questions = [
        *(
            read(
                {"ModelDescription": body},
                *("describe-model", "--project-name", body["ModelArn"].split("/")[1]),
                *("--model-version", body["ModelVersion"]),
            )
            for body in MODELS
        ),
        read(
            {"ModelDescription": [b for b in MODELS if f"/{NAMES[0]}/" in b["ModelArn"]][-1]},
            *("describe-model", *one, "--model-version", "latest"),
        ),
        *(
            read({"ProjectDescription": body}, "describe-project", "--project-name", name)
            for name, body in zip(NAMES, PROJECTS, strict=True)
        ),
        read({"Projects": SHORT}, "list-projects"),
        read({"Projects": SHORT}, "list-projects", "--page-size", "2"),
        read(NAMES, "list-projects", "--query", "Projects[].ProjectName"),
        paged(SHORT, "Projects", "list-projects"),
        *(
            paged(models_of(name), "Models", "list-models", "--project-name", name)
            for name in NAMES
        ),
        *(
            read({"Models": models_of(name)}, "list-models", "--project-name", name, *paging)
            for name in NAMES
            for paging in ((), ("--page-size", "1"))
        ),
        fails(missing, "Model version 99", "describe-model", *one, "--model-version", "99"),
        fails(missing, "Project nobody is", "describe-project", "--project-name", "nobody"),
        fails(missing, "Project nobody is", "list-models", "--project-name", "nobody"),
        fails(invalid, "modelVersion does", "describe-model", *one, "--model-version", "0"),
        fails(invalid, "projectName does", "describe-project", "--project-name", "a/b"),
        fails(invalid, "maxResults does", "list-projects", "--page-size", "101"),
        fails(denied, f"DescribeDataset {REFUSED}", "describe-dataset", *train),
        fails(denied, f"ListDatasetEntries {REFUSED}", "list-dataset-entries", *train),
        fails(denied, f"ListModelPackagingJobs {REFUSED}", "list-model-packaging-jobs", *one),
        fails(denied, f"ListTagsForResource {REFUSED}", "list-tags-for-resource", *arn),
        fails(denied, f"CreateProject {REFUSED}", "create-project", "--project-name", "new"),
        fails(denied, f"DeleteProject {REFUSED}", "delete-project", *one),
        fails(denied, f"DeleteModel {REFUSED}", "delete-model", *first),
        fails(
            *(denied, f"StartModel {REFUSED}", "start-model", *first),
            *("--min-inference-units", "1"),
        ),
        fails(denied, f"StopModel {REFUSED}", "stop-model", *first),
        fails(
            *(denied, f"DetectAnomalies {REFUSED}", "detect-anomalies", *first),
            *("--content-type", "image/jpeg", "--body", __file__),
        ),
        fails(denied, f"TagResource {REFUSED}", "tag-resource", *arn, "--tags", "Key=a,Value=b"),
    ]
    with ThreadPoolExecutor(max(4, os.cpu_count() or 4)) as pool:  # the CLI takes a second to start
        for name, found, expected in pool.map(lambda question: question(), questions):
            check(name, found, expected)


def check_boto3() -> int:
    """With botocore's own description of the service, at AWS_ENDPOINT_URL_LOOKOUTVISION."""
    import boto3
    import botocore

    versions = (boto3.__version__, botocore.__version__)
    check("boto3 and botocore 1.40.60", versions, ("1.40.60", "1.40.60"))
    session: Any = boto3.Session()  # current types do not know the service any more
    check("they know the service", "lookoutvision" in session.get_available_services(), True)
    client = session.client("lookoutvision")
    for body in MODELS:
        name, version = body["ModelArn"].split("/")[1:]
        answer = client.describe_model(ProjectName=name, ModelVersion=version)["ModelDescription"]
        check(f"boto3 describe_model {name} {version}", on_the_wire(answer), body)
        zoned = answer["CreationTimestamp"].tzinfo is not None
        check(f"boto3 describe_model {name} {version}: a time with a zone", zoned, True)
    for name, body in zip(NAMES, PROJECTS, strict=True):
        answer = client.describe_project(ProjectName=name)["ProjectDescription"]
        check(f"boto3 describe_project {name}", on_the_wire(answer), body)

    pages = pages_of_two(client, "list_projects", "Projects")
    check("boto3 list_projects by twos", (flat(pages), sizes(pages)), (SHORT, [2, 2, 2]))
    for name in NAMES:
        pages = pages_of_two(client, "list_models", "Models", ProjectName=name)
        check(f"boto3 list_models {name} by twos", flat(pages), models_of(name))
        check(f"boto3 list_models {name}: full pages", all(s == 2 for s in sizes(pages)[:-1]), True)

    check(
        "boto3 no such model",
        failure(client, "describe_model", ProjectName=NAMES[0], ModelVersion="99"),
        ("ResourceNotFoundException", 404, "99", "MODEL"),
    )
    check(
        "boto3 no such project",
        failure(client, "list_models", ProjectName="nobody"),
        ("ResourceNotFoundException", 404, "nobody", "PROJECT"),
    )
    invalid = ("ValidationException", 400, None, None)
    check("boto3 MaxResults=101", failure(client, "list_projects", MaxResults=101), invalid)
    check("boto3 a made-up NextToken", failure(client, "list_projects", NextToken="x"), invalid)

    model = client.meta.service_model
    served = {"DescribeModel", "DescribeProject", "ListModels", "ListProjects"}
    others = sorted(set(model.operation_names) - served)
    check("operations that are not served", len(others), 18)
    for operation in others:
        method = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
        parameters = filled(model.operation_model(operation).input_shape)
        found = failure(client, method, **parameters)
        check(f"boto3 {method}", found, ("AccessDeniedException", 403, None, None, operation))
    return 0


def failure(client: Any, method: str, **parameters: Any) -> tuple[Any, ...]:
    """Class, HTTP status, ResourceId and ResourceType of the error; a refused operation's name."""
    try:
        getattr(client, method)(**parameters)
    except client.exceptions.ClientError as error:
        response = error.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        modelled = (type(error).__name__, status)
        refused = response["Error"]["Message"].partition(f" {REFUSED}")
        what = (response.get("ResourceId"), response.get("ResourceType"))
        return (*modelled, *what, *([refused[0]] if refused[1] else []))
    return ("no error",)


def filled(shape: Any) -> Any:
    """The least that botocore takes as an input of this shape."""
    match shape.type_name:
        case "structure":
            return {name: filled(shape.members[name]) for name in shape.required_members}
        case "list":
            return [filled(shape.member)]
        case "blob":
            return b"\xff\xd8"
        case "integer":
            return 1
    return "x" * max(1, shape.metadata.get("min", 1))


def pages_of_two(client: Any, method: str, member: str, **parameters: Any) -> list[list[Any]]:
    pages = client.get_paginator(method).paginate(**parameters, PaginationConfig={"PageSize": 2})
    return [on_the_wire(page[member]) for page in pages]


def flat(pages: list[list[Any]]) -> list[Any]:
    return [item for page in pages for item in page]


def sizes(pages: list[list[Any]]) -> list[int]:
    return [len(page) for page in pages]


def on_the_wire(value: Any) -> Any:
    """A parsed answer with its times as epoch seconds again."""
    match value:
        case datetime():
            return value.timestamp()
        case dict():
            return {k: on_the_wire(v) for k, v in value.items()}
        case list():
            return [on_the_wire(v) for v in value]
    return value


if __name__ == "__main__":
    sys.exit(check_boto3() if sys.argv[1:] == ["--boto3"] else main())
