"""What is held of a project and what it still allows: by resource, tool findings and command."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from mcp import Client, MCPError
from mcp.types import EmbeddedResource, TextResourceContents

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.archive.store import Directory, OpenedFile
from lfv_mcp.errors import SetupError
from lfv_mcp.model_query import ModelQuery
from tests.support.archives import archive_catalog
from tests.support.clients import codes, door, everything, run
from tests.support.datasets import labelled
from tests.support.edge_packages import edge_manifest, tarred, training_members, zipped
from tests.support.loopback_s3 import LoopbackS3
from tests.support.prediction_sets import images_of, set_lines
from tests.support.s3 import Buckets, directed, emptied_buckets, moto_server
from tests.support.saved_records import (
    BUCKET,
    ONE,
    OTHER,
    arn,
    described,
    judged,
    lines,
    project_arn,
    response,
    result_of,
    write,
)

pytestmark = pytest.mark.anyio

TESTED: Final = [(f"t{n:02}", "anomaly" if n % 3 == 0 else "normal") for n in range(30)]
TRAINED: Final = [(f"images/r{n:02}.png", "anomaly" if n < 8 else "normal") for n in range(24)]


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


async def test_one_place_of_several_has_no_inventory_of_its_own(tmp_path: Path) -> None:
    places = [("us-east-1", ONE), ("eu-west-1", OTHER)]
    write(tmp_path, "one.json", response("ModelDescription", described()))
    async with door(tmp_path) as ask:
        for region, account in places:
            named = quote(project_arn("cap-seal", region, account), safe="")
            if (region, account) == places[0]:
                assert await inventory(ask.client, named) == await inventory(ask.client)
            else:
                with pytest.raises(MCPError, match="not held for that region or account"):
                    await inventory(ask.client, named)
    other = response("ModelDescription", described("cap-seal", 1, *places[1]))
    write(tmp_path, "other.json", other)
    async with door(tmp_path) as ask:
        assert (await inventory(ask.client))["projects"][0]["answers"] == 2
        for region, account in places:
            named = quote(project_arn("cap-seal", region, account), safe="")
            with pytest.raises(MCPError, match="several regions or accounts"):
                await inventory(ask.client, named)


@pytest.mark.parametrize("packed", [zipped, tarred])
async def test_datasets_packages_and_sets_are_held(
    tmp_path: Path, packed: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    folder = described_archive(tmp_path)
    write(folder, "cap-seal/datasets/train.manifest", trained())
    write(folder, "cap-seal/edge/model.bin", packed(training_members(edge_manifest(0.62))))
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
        assert more["message"] == "The archive holds 1 dataset manifest and 1 edge package, too."
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


async def dataset_manifests(folder: Path, *projects: str) -> list[dict[str, int]]:
    """How many dataset manifests each project has, by one question after the other."""
    catalog = archive_catalog(Directory(folder))
    asked = [await catalog.inventory(ModelQuery(project)) for project in projects]
    return [{each.project_name: each.dataset_manifests for each in a.projects} for a in asked]


def evaluated_twice(folder: Path, own: int, others: int) -> Path:
    """Two evaluated projects, and a dataset that shares so many test images with each."""
    described_archive(folder)
    write(folder, "other/model.json", response("ModelDescription", described("other", 1)))
    other = [(f"o{n:02}", "normal") for n in range(20)]
    tested = lines(judged(image, word, word, model=arn("other", 1)) for image, word in other)
    write(folder, "other/manifest.json", tested)
    shared = [image for image, _ in TESTED[:own]] + [image for image, _ in other[:others]]
    mixed = lines(labelled(uri(f"images/{image}.png"), "normal") for image in shared)
    write(folder, "export/mixed.manifest", mixed)
    return folder


async def test_whose_a_dataset_is_does_not_depend_on_who_is_asked_about(tmp_path: Path) -> None:
    folder = evaluated_twice(tmp_path, own=1, others=15)
    (one, other) = await dataset_manifests(folder, "cap-seal", "other")
    assert one | other == {"cap-seal": 0, "other": 1}


@pytest.mark.slow
@pytest.mark.parametrize("own", range(4))
@pytest.mark.parametrize("others", range(4))
async def test_each_project_alone_has_what_it_has_among_all(
    tmp_path: Path, own: int, others: int
) -> None:
    folder = evaluated_twice(tmp_path, own, others)
    (of_all, one, other) = await dataset_manifests(folder, "", "cap-seal", "other")
    assert one | other == of_all


async def test_an_image_with_two_labels_counts_under_neither(tmp_path: Path) -> None:
    folder = described_archive(tmp_path)
    image, truth = TESTED[1]
    again = judged(image, "normal" if truth == "anomaly" else "anomaly", truth)
    write(folder, "cap-seal/manifest.json", evaluated() + lines([again]))
    async with door(folder) as ask:
        found = await inventory(ask.client)
    assert any("29 images in all" in each for each in found["projects"][0]["missing"])


class Failing(Directory):
    """A directory whose files cannot be opened any more, once it is told."""

    fails: Callable[[Path], Exception] | None = None

    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> OpenedFile:
        if self.fails is not None:
            raise self.fails(Path(self.location, name))
        return super().open(name, start=start, limit=limit)


def _forbidden(path: Path) -> Exception:
    return PermissionError(errno.EACCES, "Permission denied", str(path))


def _gone(path: Path) -> Exception:
    return FileNotFoundError(str(path))


def _refused(path: Path) -> Exception:
    return SetupError("s3_access_denied", f"{path} may not be read.", "Ask its owner.")


@pytest.mark.parametrize(
    ("fails", "reason"),
    [
        (_forbidden, "Permission denied"),
        (_gone, "it cannot be read"),
        (_refused, "the credentials may not read that S3 object or prefix"),
    ],
)
async def test_why_a_file_is_unread_does_not_tell_where_it_is(
    tmp_path: Path, fails: Callable[[Path], Exception], reason: str
) -> None:
    described_archive(tmp_path)
    write(tmp_path, "cap-seal/train.manifest", trained())
    write(tmp_path, "cap-seal/model.zip", zipped(training_members(edge_manifest(0.62))))
    files = Failing(tmp_path)
    catalog = archive_catalog(files, for_remote=True)
    await catalog.list_models()
    files.fails = fails
    found = (await catalog.inventory(ModelQuery("cap-seal"))).to_json()
    assert str(tmp_path) not in everything(found)
    (unread,) = (each for each in found["findings"] if each["code"] == "inventory_incomplete")
    assert (
        unread["message"]
        == "Not read: "
        + "; ".join(
            f"cap-seal/{name}: {reason}"
            for name in ("manifest.json", "train.manifest", "model.zip")
        )
        + "."
    )


async def test_what_is_nobodys_does_not_tell_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    objects = {
        "b/private/way/cap-seal/model.json": lines([response("ModelDescription", described())]),
        "b/private/way/other/model.json": lines(
            [response("ModelDescription", described("other", 1))]
        ),
        "b/private/way/somewhere/a.manifest": lines([labelled("s3://b/x/1.png", "normal")]),
        "b/private/way/edge/model.zip": zipped(training_members(edge_manifest(0.62))),
    }
    with LoopbackS3(objects) as s3:
        s3.direct(monkeypatch)
        async with door("s3://b/private/way", for_remote=True) as ask:
            found = await inventory(ask.client)
    (nobodys,) = (each for each in found["findings"] if each["code"] == "owner_unknown")
    assert nobodys["message"] == (
        "Whose they are is not known: somewhere/a.manifest, edge/model.zip."
    )
    assert "private" not in everything(found)


def _cut_off(folder: Path) -> Path:
    write(described_archive(folder), "train.manifest", trained()[:-20])
    return folder


async def test_absence_is_claimed_only_of_what_could_be_read(tmp_path: Path) -> None:
    async with door(_cut_off(tmp_path)) as ask:
        with pytest.raises(Exception, match=r"no readable record of 'pcb'.*could not be read"):
            await inventory(ask.client, "pcb")


async def test_that_more_is_held_is_said_on_the_first_page(tmp_path: Path) -> None:
    folder = described_archive(tmp_path)
    write(folder, "other/model.json", response("ModelDescription", described("other", 1)))
    write(folder, "cap-seal/datasets/train.manifest", trained())
    async with door(folder) as ask:
        first = await ask.list(max_results=1)
        second = await ask.list(max_results=1, next_token=first["next_token"])
    (more,) = (each for each in first["findings"] if each["code"] == "more_is_held")
    assert more["message"] == "The archive holds 1 dataset manifest, too."
    assert more["advice"] == ("What can be done with them: `lfv-mcp inventory` in a terminal.")
    assert "more_is_held" not in codes(second)


# The command


def test_the_command_claims_absence_likewise(tmp_path: Path) -> None:
    failed = run("inventory", "pcb", "--source", _cut_off(tmp_path))
    assert "There is no readable record of 'pcb' in the archive." in failed.stderr
    assert "train.manifest" in failed.stderr
    assert "Asked: project=pcb" in failed.stderr


def test_a_doubtful_source_is_said_before_anything(tmp_path: Path) -> None:
    told = run("inventory", LFV_SOURCES=str(described_archive(tmp_path)))
    assert told.exit_code == 0
    assert told.stderr.startswith("Warning: LFV_SOURCES is not a setting")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> Iterator[Buckets]:
    directed(monkeypatch, endpoint)
    with emptied_buckets() as buckets:
        yield buckets


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


def test_nobody_is_sent_to_the_bucket_of_the_sample(tmp_path: Path) -> None:
    copied = tmp_path / "copied"  # a copy of it is as synthetic
    shutil.copytree(SAMPLE, copied)
    (bucket,) = {
        found[0]
        for file in (SAMPLE / "evaluation").glob("EvaluationManifest*")
        for found in re.finditer(r"s3://[^/]+/", file.read_text(encoding="utf-8"))
    }
    for line in (
        ("inventory",),
        ("inventory", "sample-cap-seal"),
        ("inventory", "--source", copied),
        ("dataset", "check", SAMPLE),
    ):
        said = run(*line).output
        assert f"--images {bucket}" not in " ".join(said.split()), said
        assert "were never anywhere" in " ".join(said.split())


def test_a_misspelt_project_is_told_the_nearest_first() -> None:
    result = run("inventory", "sample-weld-baed")
    assert result.exit_code == 1
    assert "Projects that it holds: sample-weld-bead, " in result.stderr
