"""What is held of a project and what it still allows: by resource, tool findings and command."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client
from mcp.types import EmbeddedResource, TextResourceContents
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from tests.support.clients import codes, door, run
from tests.support.datasets import labelled
from tests.support.prediction_sets import images_of, set_lines
from tests.support.s3 import CREDENTIALS, Buckets
from tests.support.saved_records import BUCKET, described, judged, lines, response, result_of, write

pytestmark = pytest.mark.anyio

TESTED: Final = [(f"t{n:02}", "anomaly" if n % 3 == 0 else "normal") for n in range(30)]
TRAINED: Final = [(f"images/r{n:02}.png", "anomaly" if n < 8 else "normal") for n in range(24)]
PACKAGE: Final = {"model_graph": {"stages": [{"threshold": 0.62}]}, "image_level_classes": []}


def uri(key: str) -> str:
    return f"s3://{BUCKET}/{key}"


def evaluated() -> bytes:
    """An EvaluationManifest of the thirty test images."""
    return lines(judged(image, truth, truth) for image, truth in TESTED)


def trained(masks: int = 0) -> bytes:
    """A dataset manifest of the 24 training images."""
    return lines(
        labelled(uri(image), word)
        | ({"anomaly-mask-ref": uri(f"masks/{n}.png")} if n < masks else {})
        for n, (image, word) in enumerate(TRAINED)
    )


def zipped(document: object) -> bytes:
    """A Greengrass component as a packaging job left it, in shape."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mochi.json", "{}")
        package.writestr("export_artifacts/manifest.json", json.dumps(document))
    return made.getvalue()


def tarred(document: object) -> bytes:
    """A model.tar.gz in shape."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as package:
        for name, data in (("config.yaml", b"a: 1\n"), ("mochi.json", b"{}")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            package.addfile(member, io.BytesIO(data))
        data = json.dumps(document).encode()
        member = tarfile.TarInfo("export_artifacts/manifest.json")
        member.size = len(data)
        package.addfile(member, io.BytesIO(data))
    return made.getvalue()


def described_archive(folder: Path) -> Path:
    """One model of which all the service's own records are held."""
    write(folder, "cap-seal/model.json", response("ModelDescription", described()))
    write(folder, "cap-seal/result.json", json.dumps(result_of()).encode())
    write(folder, "cap-seal/manifest.json", evaluated())
    return folder


async def inventory(client: Client, project: str = "cap-seal") -> dict[str, Any]:
    """The resource of a project."""
    answer = await client.read_resource(f"lookoutvision://projects/{project}/inventory")
    (contents,) = answer.contents
    assert isinstance(contents, TextResourceContents)
    found: dict[str, Any] = json.loads(contents.text)
    return found


async def test_what_the_service_left_can_be_compared(tmp_path: Path, era: str) -> None:
    async with door(described_archive(tmp_path), mode=era) as ask:
        found = await inventory(ask.client)
    (project,) = found["projects"]
    assert project["can"] == ["describe", "analyze", "compare"]
    assert project["answers"] == 1
    assert project["evaluation_files"] == 2
    assert project["dataset_manifests"] == 0
    assert "images" not in project
    assert found["summary"] == "cap-seal can be described, analysed and compared, not retrained."
    assert codes(found) == {"images_not_looked_up"}
    assert f"--images s3://{BUCKET}/images/" in found["findings"][0]["advice"]
    (predict, retrain) = project["missing"]
    assert "30 images in all" in predict
    assert retrain.startswith("To retrain: a dataset manifest with labels; none is held.")


async def test_an_answer_alone_can_only_be_described(tmp_path: Path) -> None:
    write(tmp_path, "model.json", response("ModelDescription", described()))
    async with door(tmp_path) as ask:
        found = await inventory(ask.client)
    assert found["projects"][0]["can"] == ["describe"]
    assert found["summary"] == "cap-seal can only be described."
    assert any("EvaluationManifest" in each for each in found["projects"][0]["missing"])


@pytest.mark.parametrize("packed", [zipped, tarred])
async def test_datasets_packages_and_sets_are_held(tmp_path: Path, packed: Any) -> None:
    folder = described_archive(tmp_path)
    write(folder, "cap-seal/datasets/train.manifest", trained())
    write(folder, "cap-seal/edge/model.bin", packed(PACKAGE))
    write(folder, "set.jsonl", b"".join(set_lines(images_of(20))))
    async with door(folder) as ask:
        found = await inventory(ask.client)
        listed = await ask.list("cap-seal")
        report = await ask.analyze("cap-seal", "3")
    (project,) = found["projects"]
    assert project["dataset_manifests"] == 1
    assert project["prediction_sets"] == 1
    (package,) = project["edge_packages"]
    assert package["built_in_threshold"] == 0.62
    assert package["location"].endswith("model.bin")
    # What the manifests name is known, whether it is there is not: no claim.
    assert "retrain" not in project["can"]
    assert any("has not been looked up" in each for each in project["missing"])
    for answer in (listed, report):
        (more,) = (each for each in answer["findings"] if each["code"] == "more_is_held")
        assert more["message"] == "1 dataset manifest and 1 edge package are held, too."
        assert "lookoutvision://projects/cap-seal/inventory" in more["advice"]


async def test_a_project_that_is_not_held(tmp_path: Path) -> None:
    async with door(described_archive(tmp_path)) as ask:
        with pytest.raises(Exception, match="nothing of a project 'pcb'"):
            await inventory(ask.client, "pcb")


async def test_the_migration_prompt_begins_with_it(client: Client) -> None:
    prompt = await client.get_prompt("plan_migration", {"project_name": "sample-weld-bead"})
    embedded = [m.content for m in prompt.messages if isinstance(m.content, EmbeddedResource)]
    uris = [str(each.resource.uri) for each in embedded]
    assert uris[0] == "lookoutvision://projects/sample-weld-bead/inventory"
    assert isinstance(embedded[0].resource, TextResourceContents)
    assert json.loads(embedded[0].resource.text)["projects"][0]["can"] == [
        *("describe", "analyze", "compare")
    ]


async def test_whose_a_dataset_is(tmp_path: Path) -> None:
    """By its folder, by its images, by its neighbour; else it is nobody's, and that is said."""
    folder = described_archive(tmp_path)
    write(folder, "other/model.json", response("ModelDescription", described("other", 1)))
    tested = lines(labelled(uri(f"images/{image}.png"), word) for image, word in TESTED)
    write(folder, "export/test.manifest", tested)
    write(folder, "export/train.manifest", trained())
    write(folder, "somewhere/train.manifest", lines([labelled("s3://b/x/1.png", "normal")]))
    async with door(folder) as ask:
        found = await inventory(ask.client)
    assert found["projects"][0]["dataset_manifests"] == 2
    (nobodys,) = (each for each in found["findings"] if each["code"] == "owner_unknown")
    assert "somewhere/train.manifest" in nobodys["message"]


# The command


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> Iterator[Buckets]:
    for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL_S3": endpoint}).items():
        monkeypatch.setenv(name, value)
    s3_backends.reset()
    yield Buckets()
    s3_backends.reset()


def images(*keys: str) -> Mapping[str, bytes]:
    return dict.fromkeys(keys, b"x")


def test_images_that_are_there_or_gone(tmp_path: Path, bucket: Buckets) -> None:
    folder = described_archive(tmp_path)
    write(folder, "cap-seal/datasets/train.manifest", trained(masks=4))
    there = [image for image, _ in TRAINED[:20]]
    bucket.make(BUCKET, images(*there, "masks/0.png", "images/t00.png"))
    asked = ("inventory", "cap-seal", "--source", folder, "--images", f"s3://{BUCKET}/")
    told = json.loads(run(*asked, "--json").stdout)
    (project,) = told["projects"]
    assert project["images"] == {"present": 21, "gone": 33, "archived": 0, "forbidden": 0}
    assert project["masks"] == {"present": 1, "gone": 3, "archived": 0, "forbidden": 0}
    assert project["can"] == ["describe", "analyze", "compare", "retrain"]
    shown = run(*asked).stdout
    assert shown.startswith("cap-seal can be described, analysed, compared and retrained.\n")
    assert "images: 21 present, 33 gone" in shown


def test_images_that_were_copied_are_found_by_their_key(tmp_path: Path, bucket: Buckets) -> None:
    folder = described_archive(tmp_path)
    write(folder, "cap-seal/datasets/train.manifest", trained())
    bucket.make("copy", images(*(f"old/{image}" for image, _ in TRAINED)))
    told = json.loads(
        run("inventory", "--source", folder, "--images", "s3://copy/old/", "--json").stdout
    )
    assert told["projects"][0]["images"]["present"] == 24
    assert "retrain" in told["projects"][0]["can"]


def test_failures_are_json_too(tmp_path: Path) -> None:
    folder = described_archive(tmp_path)
    failed = run("inventory", "pcb", "--source", folder, "--json")
    assert failed.exit_code == 1
    assert json.loads(failed.stdout)["error"]["code"] == "project_not_found"
    live = run("inventory", "--source", "live", "--json", AWS_REGION="us-east-1")
    assert json.loads(live.stdout)["error"]["code"] == "invalid_argument"


def test_the_doctor_counts_what_is_held(tmp_path: Path) -> None:
    folder = described_archive(tmp_path)
    write(folder, "cap-seal/datasets/train.manifest", trained())
    told = run("doctor", "--source", folder).stdout
    assert "held: 1 answer, 2 evaluation files, 1 dataset manifest; " in told
