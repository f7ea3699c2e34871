"""What a successor was trained on: test images among it leave every figure, and that is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import anyio
import pytest

from tests.support.clients import codes, door, run, text
from tests.support.loopback_s3 import LoopbackS3
from tests.support.successors import WELD_BEAD, Verdict, as_csv, truths, verdicts, write

pytestmark = pytest.mark.anyio

PROJECT: Final = "sample-weld-bead"
MARGINS: Final = ("--recall-margin", "0.2", "--false-alarm-margin", "0.2")
FIGURES: Final = ("recall", "false_alarm_rate", "roc_auc", "metrics", "verdict", "replacement")
MANIFEST: Final = (WELD_BEAD / "EvaluationManifest-sample-weld-bead-3.json").read_text("utf-8")
TAKEN: Final = frozenset(uri for uri, _ in truths()[::5])
"""A fifth of the 100 test images, of both classes."""


def training_manifest(images: Sequence[str]) -> bytes:
    """A dataset manifest of these images."""
    lines = [
        {
            "source-ref": image,
            "anomaly-label": 0,
            "anomaly-label-metadata": {
                "class-name": "normal",
                "confidence": 1,
                "human-annotated": "yes",
                "type": "groundtruth/image-classification",
                "job-name": "anomaly-label",
                "creation-date": "2025-03-01T00:00:00",
            },
        }
        for image in images
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def exported(uri: str) -> str:
    """Where AWS's export script puts an image."""
    return f"s3://successor/weld/train/images/{uri.removeprefix('s3://').partition('/')[2]}"


def succeeded(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def archive_of(
    folder: Path,
    *,
    without: frozenset[str] = frozenset(),
    training: bytes | None = None,
    change: Callable[[str], str] = lambda line: line,
) -> Path:
    """An archive of version 3 and of its successor's predictions, with or without some images."""
    lines = [
        line for line in MANIFEST.splitlines() if json.loads(line)["source-ref"] not in without
    ]
    found = [each for each in verdicts(truths(), wrong=0.02) if each.uri not in without]
    write(folder / "saved", {"3.json": "\n".join(map(change, lines)).encode()})
    write(folder, {"p.csv": as_csv(found)})
    succeeded("archive", "import", folder / "saved", "--to", folder / "archive")
    flags: list[object] = []
    if training is not None:
        write(folder, {"train.manifest": training})
        flags = ["--trained-on", folder / "train.manifest"]
    succeeded(
        *("archive", "import", folder / "p.csv", "--predictions", "new", "--project", PROJECT),
        *("--to", folder / "archive", *flags),
    )
    return folder / "archive"


def compared(archive: Path, *flags: object) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        succeeded(
            *("compare", PROJECT, "3", "new", "--source", archive, *MARGINS, *flags, "--json")
        )
    )
    return answer


def figures(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer["models"][1].get(name) for name in FIGURES}


def told(answer: dict[str, Any], code: str) -> str:
    (found,) = [each for each in answer["findings"] if each["code"] == code]
    message: str = found["message"]
    return message


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 100 test images the successor was trained on 20, and on 60 others."""
    others = [f"s3://successor/weld/train/images/weld-bead/new/{n:04}.png" for n in range(60)]
    training = training_manifest([*map(exported, sorted(TAKEN)), *others])
    return archive_of(tmp_path_factory.mktemp("whole"), training=training)


@pytest.fixture(scope="module")
def eighty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without those 20 images, and nobody said what the successor was trained on."""
    return archive_of(tmp_path_factory.mktemp("eighty"), without=TAKEN)


async def test_the_figures_are_those_of_the_other_images(
    whole: Path, eighty: Path, era: str
) -> None:
    arguments = {
        "project_name": PROJECT,
        "model_versions": ["3", "new"],
        "recall_margin": 0.2,
        "false_alarm_margin": 0.2,
    }
    answers = []
    for archive in (whole, eighty):
        async with door(archive, mode=era) as ask:
            result = await ask.client.call_tool("compare_models", arguments)
        assert not result.is_error, text(result)
        assert result.structured_content is not None
        answers.append(result.structured_content)
    ours, theirs = answers
    assert figures(ours) == figures(theirs)
    assert ours["models"][1]["changed"] == theirs["models"][1]["changed"]
    assert ours["models"][1]["matching"] == theirs["models"][1]["matching"] | {"trained_on": 20}
    assert "new was trained on 20 of the 100 images of the test" in ours["summary"]
    assert "80 stay" in ours["summary"].split(". ")[1]
    assert "20 of the 100" in told(ours, "tested_on_training_images")
    assert codes(theirs) - codes(ours) == {"training_images_unknown"}
    for answer, is_known in ((ours, True), (theirs, False)):
        assert answer["models"][1]["replacement"] == "accept"
        first = answer["summary"].split(". ")[0]
        assert ("if it was not trained on these test images" in first) is not is_known
    printed = await anyio.to_thread.run_sync(lambda: compared(whole))
    assert figures(printed) == figures(ours)


async def test_describe_says_what_it_was_trained_on(whole: Path, eighty: Path) -> None:
    for archive, images in ((whole, 80), (eighty, None)):
        async with door(archive) as ask:
            result = await ask.client.call_tool(
                "describe_model", {"project_name": PROJECT, "model_version": "new"}
            )
        assert result.structured_content is not None
        found = result.structured_content["prediction_set"].get("trained_on")
        assert (found and found["images"]) == images
        if images:
            assert found["origin"].endswith("train.manifest")
            assert "It was trained on 80 images" in text(result)
        else:
            assert "What it was trained on is not known" in text(result)


def test_an_evaluation_of_the_set_leaves_them_out_too(whole: Path, eighty: Path) -> None:
    asked = ("evaluate", PROJECT, "new", "--json", "--source")
    ours = json.loads(succeeded(*asked, whole))
    theirs = json.loads(succeeded(*asked, eighty))
    for name in ("test_images", "confusion", "metrics"):
        assert ours[name] == theirs[name]
    assert "trained on 20 of the 100 images" in ours["summary"].split(". ")[1]
    assert "tested_on_training_images" in codes(ours)
    assert "training_images_unknown" in codes(theirs)


def test_the_gate_judges_the_rest(whole: Path, eighty: Path) -> None:
    rules = ("--baseline", "3", *MARGINS, "--recall-at-least", "0.7", "--json")
    seen = []
    for archive in (whole, eighty):
        result = run("gate", PROJECT, "new", *rules, "--source", archive)
        answer = json.loads(result.stdout)
        assert (result.exit_code == 0) is answer["passed"]
        seen.append([(r["rule"], r["passed"], r["seen"]) for r in answer["rules"]])
        assert answer["passed"]
    assert seen[0] == seen[1]


def test_once_is_as_imported(whole: Path, tmp_path: Path) -> None:
    """NAME of --trained-on is a set of the call, or one of the archive."""
    folder = whole.parent
    plain = archive_of(tmp_path)
    given = ("--trained-on", f"New={folder / 'train.manifest'}")
    assert figures(compared(plain, *given)) == figures(compared(whole))
    assert figures(compared(whole, *given)) == figures(compared(whole))
    quoted = ("--trained-on", f"New='{folder / 'train.manifest'}'")
    assert figures(compared(plain, *quoted)) == figures(compared(whole))
    once = json.loads(
        succeeded(
            *("compare", PROJECT, "3", "--predictions", f"fresh={folder / 'p.csv'}", *MARGINS),
            *("--trained-on", f"fresh={folder / 'train.manifest'}", "--source", plain, "--json"),
        )
    )
    assert figures(once) == figures(compared(whole))
    gate = run(
        *("gate", PROJECT, "new", "--baseline", "3", *MARGINS, *given, "--source", plain, "--json")
    )
    assert "tested_on_training_images" in codes(json.loads(gate.stdout))


def test_a_list_without_labels_is_what_a_model_has_seen(whole: Path, tmp_path: Path) -> None:
    images = sorted(image for image, _ in truths())
    folder = tmp_path / "run"
    write(
        folder,
        {
            "train.txt": "\n".join(images[:3]).encode(),
            "test.txt": "\n".join(images).encode(),
            "out/predictions.csv": as_csv(verdicts(truths())),
        },
    )
    words = ("compare", PROJECT, "3", "new", "--source", whole, "--trained-on")
    places = (folder, folder / "train.txt", folder / "test.txt")
    said = [run(*words, f"new={place}").stderr for place in places]
    assert "new was trained on 3 images" in said[0]
    assert "new was trained on 3 images" in said[1]
    # A file that a person names is what they say it is.
    assert f"new was trained on {len(images)} images" in said[2]


def test_what_cannot_be_meant_is_refused(whole: Path, tmp_path: Path) -> None:
    train = whole.parent / "train.manifest"
    other = tmp_path / "other.manifest"
    other.write_bytes(training_manifest(["s3://b/x/1.png"]))
    base = ("compare", PROJECT, "3", "new", "--source", whole)
    for given, code, said in (
        ("3", 1, "is not NAME=PLACE"),
        (f"3={train}", 1, "the name of a prediction set"),
        (f"old={train}", 2, "not among what is asked about"),
        (f"new={other}", 1, "trained on other images"),
        (f"new={tmp_path / 'none'}", 1, "none"),
        (f"new={whole.parent / 'archive'}", 1, "they are for the test"),
    ):
        result = run(*base, "--trained-on", given)
        assert (result.exit_code, said in result.output) == (code, True), result.output


def test_the_archive_keeps_it(whole: Path, tmp_path: Path) -> None:
    """Another training is another content; packs and copies have it; and so has the import."""
    again = ("--predictions", "new", "--project", PROJECT, "--to", whole)
    table = whole.parent / "p.csv"
    train = ("--trained-on", whole.parent / "train.manifest")
    said = succeeded("archive", "import", table, *again, *train)
    assert "unchanged" in said
    assert "trained on  80 images" in said
    refused = run("archive", "import", table, *again)
    assert refused.exit_code == 1
    assert "--replace" in refused.output
    succeeded("archive", "pack", whole, "--to", tmp_path / "pack")
    succeeded("archive", "import", tmp_path / "pack", "--to", tmp_path / "unpacked")
    succeeded("archive", "import", whole, "--to", tmp_path / "copy")
    for place in ("pack", "unpacked", "copy"):
        assert figures(compared(tmp_path / place)) == figures(compared(whole))
        succeeded("archive", "check", tmp_path / place)
    # The file of a set, imported as predictions, keeps what it says.
    (file,) = whole.rglob("predictions-new-*")
    succeeded("archive", "import", file, *again[:4], "--to", tmp_path / "copy", "--replace")
    assert "tested_on_training_images" in codes(compared(tmp_path / "copy"))


def test_all_of_it_is_no_test(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, training=training_manifest([uri for uri, _ in truths()]))
    answer = compared(archive)
    row = answer["models"][1]
    assert (row["verdict"], row["replacement"]) == ("not_comparable", "undecided")
    assert "no test image is left without those that new was trained on" in answer["summary"]
    assert "truth_missing" not in codes(answer)
    evaluated = json.loads(succeeded("evaluate", PROJECT, "new", "--json", "--source", archive))
    assert "trained on every image whose truth is known" in evaluated["summary"]
    assert "tested_on_training_images" in codes(evaluated)


def test_a_class_without_images_is_undefined(tmp_path: Path) -> None:
    defects = [uri for uri, anomalous in truths() if anomalous]
    answer = compared(archive_of(tmp_path, training=training_manifest(defects)))
    row = answer["models"][1]
    assert "trained on" in row["recall"]["undefined"]
    assert row["false_alarm_rate"]["images"] == len(truths()) - len(defects)
    assert row["replacement"] != "accept"


def test_names_alone_are_said_and_stay(tmp_path: Path) -> None:
    names = [uri.rpartition("/")[2] for uri, _ in truths()]
    unique = [name for name in names if names.count(name) == 1][:5] or names[:1]
    training = training_manifest([f"s3://elsewhere/{name}" for name in unique])
    answer = compared(archive_of(tmp_path, training=training))
    assert "tested_on_training_images" not in codes(answer)
    assert "trained_on" not in answer["models"][1]["matching"]
    assert "training_names_shared" in codes(answer)


def listing_folder(folder: Path, found: Sequence[Verdict]) -> Path:
    """Images in the folder convention; their bytes are not looked at."""
    files = {}
    for number, each in enumerate(found):
        split = "test" if number % 2 else "train"
        files[f"{split}/{'anomaly' if each.anomalous else 'normal'}/{number:04}.png"] = b"x"
    return write(folder, files)


def test_only_the_training_split_of_a_folder_counts(tmp_path: Path) -> None:
    images = listing_folder(tmp_path / "images", verdicts(truths()))
    table = tmp_path / "p.csv"
    table.write_bytes(as_csv(verdicts(truths())))
    said = succeeded(
        *("archive", "import", table, "--predictions", "new", "--project", PROJECT),
        *("--trained-on", images, "--to", tmp_path / "archive"),
    )
    assert "trained on  50 images" in said
    assert "50 images left out of the training: they are for the test." in said


@pytest.mark.slow
def test_content_proves_and_refutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ETag and size an image is the same under any name; by another size it is another one."""
    monkeypatch.setattr("lfv_mcp.archive.rounds.PAUSES", (0.0, 0.0, 0.0))
    uris = [uri for uri, _ in truths()]
    bucket, _, _ = uris[0].removeprefix("s3://").partition("/")
    keys = [uri.removeprefix(f"s3://{bucket}/") for uri in uris]
    local = archive_of(tmp_path)
    with LoopbackS3() as server:
        server.direct(monkeypatch)
        for path in local.rglob("*.json*"):
            server.objects[f"{bucket}/saved/{path.name}"] = path.read_bytes()
        for number, key in enumerate(keys):
            server.objects[f"{bucket}/{key}"] = f"image {number}".encode()
        for number in range(10):  # the same bytes under other names
            server.objects[f"new/train/normal/copy-{number}.png"] = f"image {number}".encode()
        for number in range(20, 30):  # the same keys, other images
            server.objects[f"new/train/normal/x/{keys[number]}"] = b"another image altogether"
        answer = compared(
            Path("unused"),
            *("--source", f"s3://{bucket}/", "--trained-on", "new=s3://new/train/"),
        )
    assert answer["models"][1]["matching"]["trained_on"] == 10
