"""S3 as a place of archives, spoken to by boto3 over HTTP: moto's server, and a bad one."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

import anyio
import pytest
from mcp import Client

import lfv_mcp
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.s3_prefix import PARALLEL, S3Prefix
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.aws.s3 import S3
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import Endpoint, Reply, Request
from tests.support.clients import Door, codes, door, run, table
from tests.support.clock import Clock
from tests.support.s3 import CREDENTIALS, Buckets, directed, emptied_buckets, moto_server
from tests.support.saved_records import (
    described,
    lines,
    manifest_of,
    response,
    result_of,
    tree,
    write,
)

pytestmark = pytest.mark.anyio

SAMPLE: Final = Path(lfv_mcp.__file__).parent / "archive" / "_sample"


def answer(version: int = 3, **members: Any) -> bytes:
    return lines([response("ModelDescription", described(version=version, **members))])


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """moto's server; its URL."""
    with moto_server() as url:
        yield url


@pytest.fixture
def buckets(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """An empty S3, to which boto3 is directed by the environment alone."""
    directed(monkeypatch, moto)
    with emptied_buckets() as empty:
        yield empty


@pytest.mark.slow
async def test_the_same_archive_from_a_directory_and_from_s3(buckets: Buckets) -> None:
    url = buckets.make("results", {f"a/b/{name}": data for name, data in tree(SAMPLE).items()})
    async with door(SAMPLE) as local, door(f"{url}a/b/") as remote:
        rows = (await local.list(max_results=100))["models"]
        assert len(rows) == 20
        listing = await remote.list(max_results=100)
        assert listing["models"] == rows
        assert listing["source"]["location"] == "s3://results/a/b/"
        for row in rows:
            asked = (row["project_name"], row["model_version"])
            here, there = await local.describe(*asked), await remote.describe(*asked)
            source, remote_source = here.pop("source"), there.pop("source")
            assert here == there
            location = remote_source.pop("location")
            assert location == f"a/b/{source.pop('location')}"
            assert source == remote_source


@pytest.mark.parametrize(
    ("prefix", "versions"),
    [
        ("saved", ["4", "1"]),  # the folder, and the object of that very name
        ("saved/", ["1"]),
        ("saved-old", ["2"]),
        ("save", []),
        ("saved/1.json", ["1"]),
        ("saved.json", ["3"]),
        ("", ["4", "3", "2", "1"]),
    ],
)
async def test_a_prefix_is_a_folder_or_one_object(
    buckets: Buckets, prefix: str, versions: list[str]
) -> None:
    places = {"saved/1.json": 1, "saved-old/2.json": 2, "saved.json": 3, "saved": 4}
    url = buckets.make("results", {key: answer(version) for key, version in places.items()})
    async with door(f"{url}{prefix}") as remote:
        rows = (await remote.list())["models"]
        assert [row["model_version"] for row in rows] == versions


async def test_listing_a_prefix_with_nothing_below_it_fails(buckets: Buckets) -> None:
    url = buckets.make("results", {"saved/1.json": answer(1)})
    listed = await anyio.to_thread.run_sync(lambda: run("list", "--source", f"{url}save"))
    assert (listed.exit_code, listed.stdout) == (1, "")
    assert f"LFV_SOURCE (--source) is '{url}save': no saved answer" in listed.stderr
    listed = await anyio.to_thread.run_sync(lambda: run("list", "--source", f"{url}saved"))
    assert listed.exit_code == 0


@pytest.mark.slow
async def test_evaluation_files_amid_thousands_of_images(
    buckets: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket as training left it: nothing was saved, and all that matters is found."""
    objects = {f"images/{n:05}.png": b"\x89PNG" for n in range(2500)}
    objects["images/"] = b""  # the console's "folder"
    for project in ("cap-seal", "pcb-top"):
        for version in (1, 2):
            name = f"{project}-{version}.json"
            objects[f"{project}/output/EvaluationResult-{name}"] = lines(
                [result_of(project, version)]
            )
            objects[f"zz_EvaluationManifest-{name}"] = manifest_of(project, version)
    objects["datasets/cap-seal/train/manifests/output/output.manifest"] = lines(
        [{"source-ref": "s3://b/a.png", "anomaly-label": 1}] * 5
    )
    url = buckets.make("results", objects)
    opened: list[str] = []
    real = S3.open

    def counting(self: S3, bucket: str, key: str, **part: Any) -> Any:
        if bucket in url:  # a retry of another test may still be on its way
            opened.append(key)
        return real(self, bucket, key, **part)

    monkeypatch.setattr(S3, "open", counting)
    async with door(url) as ask:
        rows = (await ask.list())["models"]
        assert [(r["project_name"], r["model_version"]) for r in rows] == [
            *(("cap-seal", "2"), ("cap-seal", "1"), ("pcb-top", "2"), ("pcb-top", "1"))
        ]
        assert {r["recall"] for r in rows} == {0.9}
        described = await ask.describe("pcb-top")
        assert described["source"]["basis"] == "evaluation_files"
    # One request for each file that is not an image, and one more for the answer.
    assert len(opened) == 10
    result = run("archive", "import", url, "--to", tmp_path / "to")
    assert result.exit_code == 0, result.output
    recognised = "recognised: 1 dataset, 4 manifest, 4 result; 9 new"
    assert f"2,500 passed over as images; {recognised}" in result.stdout
    assert result.stderr == ""
    copied = [data for name, data in tree(tmp_path / "to").items() if "manifest-" in name]
    assert sorted(copied) == sorted(v for k, v in objects.items() if "EvaluationManifest" in k)


@pytest.mark.slow
def test_import_from_s3_equals_import_from_a_directory(buckets: Buckets, tmp_path: Path) -> None:
    odd = "a b+c/ü/../\u202e&=%2F.json"
    objects = tree(SAMPLE) | {odd: answer(Status="HOSTED")}
    url = buckets.make("results", objects)
    for number, data in enumerate(objects.values()):
        write(tmp_path / "from", str(number), data)
    for source, target in ((url, "one"), (tmp_path / "from", "two")):
        assert run("archive", "import", source, "--to", tmp_path / target).exit_code == 0
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


@pytest.mark.slow
async def test_nothing_is_written_to_disk(
    buckets: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    url = buckets.make("results", tree(SAMPLE))
    for name in ("cwd", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    before = tree(home)
    async with door(url) as ask:
        for row in (await ask.list())["models"]:
            await ask.describe(row["model_arn"])
    assert tree(tmp_path) == {}
    assert tree(home) == before


async def test_objects_come_change_and_go(buckets: Buckets) -> None:
    url = buckets.make("results", {"a.json": answer(), "b.json": answer(4)})
    clock = Clock()
    async with door(url, clock=clock.read) as ask:
        assert (await ask.describe("cap-seal", "3"))["status"] == "TRAINED"
        # Listing costs requests: for a while the list is taken as current ...
        buckets.put("results", "c.json", answer(5))
        assert len((await ask.list())["models"]) == 2
        # ... but a bucket that is gone is no answer, not even of what is remembered of it.
        buckets.drop("results")
        error = await ask.refused("describe_model", project_name="cap-seal", model_version="4")
        assert error["code"] == "s3_not_found"
        assert "s3://results/ does not exist" in error["message"]
        clock.go_on(S3Prefix.rescan_after + 0.01)
        error = await ask.refused("list_models")
        assert error["code"] == "s3_not_found"
        buckets.make("results", {"c.json": answer(5, Status="HOSTED")})
        assert (await ask.describe("cap-seal"))["status"] == "HOSTED"


def test_an_object_that_is_another_between_listing_and_reading(buckets: Buckets) -> None:
    """Under the ETag that was listed it would be taken for the old one, for ever."""

    class Replacing(S3Prefix):
        replaces = True

        @contextmanager
        def open(
            self, name: str, *, start: int = 0, limit: int | None = None
        ) -> Iterator[IO[bytes]]:
            if self.replaces:
                buckets.put("results", name, answer(Status="TRAINED"))
            with super().open(name, start=start, limit=limit) as stream:
                yield stream
            if self.replaces:
                buckets.put("results", name, answer(Status="HOSTED"))

    url = buckets.make("results", {"a.json": answer(Status="HOSTED")})
    files = Replacing(url, S3(), rescan_after=-1.0)
    archive = Archive(files)

    def statuses() -> list[str | None]:
        return [entry.winner.status for entry in archive.index().models.values()]

    assert statuses() == ["TRAINED"]
    files.replaces = False
    assert statuses() == ["HOSTED"]


@pytest.mark.usefixtures("buckets")
async def test_what_cannot_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with door("s3://no-such-bucket/x") as ask:
        error = await ask.refused("describe_model", project_name="cap-seal")
        assert (error["code"], error["message"]) == (
            "s3_not_found",
            "s3://no-such-bucket/x does not exist.",
        )
    async with door("s3://UPPER CASE/x") as ask:
        error = await ask.refused("describe_model", project_name="cap-seal")
        assert error["code"] == "setup_invalid"
    result = run("archive", "check", "s3://no-such-bucket")
    assert (result.exit_code, "s3_not_found" in result.stderr) == (1, True)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    async with door("s3://no-such-bucket/x") as ask:
        error = await ask.refused("describe_model", project_name="cap-seal")
        assert error["code"] == "credentials_missing"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    async with door("s3://b-1/x") as ask:
        error = await ask.refused("describe_model", project_name="cap-seal")
        assert error["code"] == "endpoint_unreachable"
        assert "AWS_ENDPOINT_URL_S3" in error["next_step"]


# A server that misbehaves


def fault(status: int, code: str) -> Reply:
    """An S3 error."""
    body = f"<Error><Code>{code}</Code><Message>as it was told</Message></Error>"
    return Reply(body.encode(), status, {"content-type": "application/xml"})


def contents(sizes: Mapping[str, int]) -> Reply:
    """A ListObjectsV2 answer."""
    items = "".join(
        f'<Contents><Key>{key}</Key><Size>{size}</Size><ETag>"{key}-{size}"</ETag></Contents>'
        for key, size in sizes.items()
    )
    body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{items}</ListBucketResult>"
    return Reply(body.encode(), 200, {"content-type": "application/xml"})


class Store:
    """Objects and what goes wrong with them, as answers of an endpoint."""

    def __init__(self, objects: Mapping[str, bytes | Reply]) -> None:
        self.objects = dict(objects)
        self.sizes: dict[str, int] = {}
        self.listing: Reply | None = None

    def __call__(self, request: Request) -> Reply:
        if "list-type" in request.query:
            sizes = {k: len(v) if isinstance(v, bytes) else 9 for k, v in self.objects.items()}
            return self.listing or contents(sizes | self.sizes)
        found = self.objects[request.path.split("/", 2)[2]]
        return Reply(found, 200) if isinstance(found, bytes) else found


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """`s3://b-1/`, one good object in it."""
    held = Store({"good.json": answer()})
    with Endpoint(held) as endpoint:
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint.url)
        yield held


async def test_answers_are_as_old_as_the_list_of_objects_and_no_older(store: Store) -> None:
    clock = Clock()
    store.objects |= {"r.json": lines([result_of()]), "m.json": manifest_of(images=8)}
    async with door("s3://b-1/", clock=clock.read) as ask:
        await ask.list()  # the objects are listed
        clock.go_on(S3Prefix.rescan_after)
        assert (await ask.describe("cap-seal", "3"))["status"] == "TRAINED"
        assert (await ask.analyze("cap-seal", "3"))["test_images"] == 8
        store.objects |= {"good.json": answer(Status="HOSTED"), "m.json": manifest_of(images=16)}
        assert (await ask.describe("cap-seal", "3"))["status"] == "TRAINED"
        clock.go_on(0.01)
        assert (await ask.describe("cap-seal", "3"))["status"] == "HOSTED"
        assert (await ask.analyze("cap-seal", "3"))["test_images"] == 16
    assert S3Prefix.rescan_after <= 300


async def test_a_forbidden_bucket_named_in_an_archive_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"Bucket": "somebody-elses", "Key": "cap-seal/result.json"}
    body = described(EvaluationResult=theirs, EvaluationManifest=theirs)
    write(tmp_path, "model.json", response("ModelDescription", body))
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with Endpoint(Store({})) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint.url)
        held = open_catalog(Settings(str(tmp_path), buckets=frozenset({"ours"})))
        async with Client(build_server(held)) as client:
            error = await Door(client).refused("analyze_evaluation", project_name="cap-seal")
        assert error["code"] == "evidence_unavailable"
        assert "This server may not read s3://somebody-elses/" in error["message"]
        assert "LFV_ALLOWED_BUCKETS" in error["next_step"]
        assert endpoint.requests == []


async def test_listing_denied(store: Store) -> None:
    store.listing = fault(403, "AccessDenied")
    async with door("s3://b-1/") as ask:
        error = await ask.refused("list_models")
        assert error["code"] == "s3_access_denied"
        assert "s3://b-1/" in error["message"]
        for needed in ("s3:GetObject", "s3:ListBucket", "kms:Decrypt", "aws:ViaAWSService"):
            assert needed in error["next_step"]
        store.listing = None  # the policy is mended: no restart
        assert (await ask.describe("cap-seal"))["status"] == "TRAINED"


UNREADABLE: Final[dict[str, tuple[Reply | bytes, str]]] = {
    "denied.json": (fault(403, "AccessDenied"), "may not read s3://b-1/denied.json"),
    "gone.json": (fault(404, "NoSuchKey"), "s3://b-1/gone.json does not exist"),
    "cold.json": (fault(403, "InvalidObjectState"), "in an archive storage class"),
    "cut.json": (Reply(answer(), 200, {}, reset_after=50), "closed the connection"),
    "not-json.txt": (b"call Bob", "not JSON"),
}


async def test_single_objects_that_cannot_be_read(store: Store) -> None:
    """Each is reported, none is fatal."""
    store.objects |= {name: reply for name, (reply, _) in UNREADABLE.items()}
    async with door("s3://b-1/") as ask:
        assert (await ask.describe("cap-seal"))["status"] == "TRAINED"
    result = run("archive", "check", "s3://b-1/")
    assert result.exit_code == 1  # a record may be missing
    for name, (_, reason) in UNREADABLE.items():
        (line,) = [line for line in result.output.splitlines() if f"{name!r}:" in line]
        assert reason in line


async def test_an_object_that_becomes_unreadable(store: Store) -> None:
    """Rather an error than an answer that is silently short."""
    async with door("s3://b-1/") as ask:
        assert len((await ask.list())["models"]) == 1
        store.objects["good.json"] = fault(403, "AccessDenied")
        store.sizes["good.json"] = len(answer())
        error = await ask.refused("describe_model", project_name="cap-seal")
        assert error["code"] == "s3_access_denied"


async def test_too_large_is_not_read(store: Store) -> None:
    store.objects["huge.json"] = b'{"a": "' + bytes(200_000)
    store.sizes["huge.json"] = 200 << 20
    result = run("archive", "check", "s3://b-1/")
    assert "corrupt  'huge.json': larger than 64 MiB" in result.output
    assert table(result.output)["models"] == 1


async def test_names_of_objects_are_data(store: Store) -> None:
    name = "\x1b[31m\u202eevil.json"
    store.objects[name] = fault(403, "AccessDenied")
    store.listing = contents({name.replace("\x1b", ""): 5})
    store.objects[name.replace("\x1b", "")] = fault(403, "AccessDenied")
    result = run("archive", "check", "s3://b-1/")
    assert "may not read s3://b-1/[31mevil.json" in result.output
    assert not set(result.output) & set("\x1b\u202e")


@pytest.mark.parametrize("code", ["ExpiredToken", "RequestExpired"])
async def test_expired_credentials_are_renewed_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    seen: list[str] = []

    def expiring(request: Request) -> Reply:
        seen.append(request.credential[0])
        return fault(400, code) if seen[-1] == "OLD" else store(request)

    with Endpoint(expiring) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OLD")
        s3 = S3(region="us-east-1")
        files = S3Prefix("s3://b-1/", s3)
        with pytest.raises(lfv_mcp.errors.SetupError) as raised:
            list(files.entries())
        assert raised.value.code == "credentials_expired"
        assert seen == ["OLD", "OLD"]  # a new client was tried, once
        # `aws sso login` in another window: the next question works, without a restart.
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "NEW")
        assert [entry.name for entry in files.entries()] == ["good.json"]
        assert seen[2:] == ["OLD", "NEW"]
        # And in the middle of work, too.
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "NEWER")
        with files.open("good.json") as stream:
            assert stream.read() == answer()
        assert seen[4:] == ["NEW"]


@pytest.mark.parametrize("url", ["s3://", "s3:///x", "s3:/b/x", "b/x"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(lfv_mcp.errors.CallerError, match="is not an S3 prefix"):
        S3Prefix(url, S3())


async def test_a_finding_says_that_the_bucket_may_be_meant(store: Store) -> None:
    """Evaluation files beside nothing else: what is missing is said."""
    store.objects = {"r.json": lines([result_of()])}
    async with door("s3://b-1/") as ask:
        assert "evaluation_files_only" in codes(await ask.describe("cap-seal"))


def test_reading_is_parallel_and_bounded(tmp_path: Path) -> None:
    lock, now, most = threading.Lock(), [0], [0]
    together = threading.Barrier(PARALLEL)

    class Slow:
        location, parallel, rescan_after = "slow", PARALLEL, 0.0

        def entries(self) -> Iterator[FileEntry]:
            return (FileEntry(f"{n}.json", len(answer(n)), n) for n in range(1, 65))

        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> IO[bytes]:
            assert (start, limit) == (0, None)
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            together.wait(5)  # passes only if as many as allowed are under way
            with lock:
                now[0] -= 1
            return BytesIO(answer(int(re.sub(r"\D", "", name))))

    assert len(Archive(Slow()).index().models) == 64
    assert most == [PARALLEL]
    assert Directory(tmp_path).parallel == 1
