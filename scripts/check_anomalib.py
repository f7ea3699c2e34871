"""docs/successor.md with anomalib itself: trained, predicted, imported, compared; and its loader.

`python scripts/check_anomalib.py` installs anomalib, once, into an environment of its own below
$LFV_TEST_CACHE (else .cache): 6 GB, some minutes. It draws a few dozen images, runs the Python
lines of the page as they stand there, and compares what `lfv-mcp` counts with what the rows of the
CSV give. Then anomalib's `Tabular` loads what `lfv-mcp dataset convert` made of two manifests, and
of the folders. One line per check, then "N passed, N failed"; exits 1 if any failed.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from scripts.checks import ROOT, check, environment, finish, must, run, say, venv

ANOMALIB: Final = "anomalib==2.7.0"
PAGE: Final = ROOT / "docs" / "successor.md"
ARN: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/weld-bead/3"
DRAWN: Final = {
    "train": {"normal": 24},
    "validation": {"normal": 8, "anomaly": 8},
    "test": {"normal": 20, "anomaly": 16},
}
"""Images of each folder."""
TEST_IMAGES: Final = DRAWN["test"]
_DRAW: Final = textwrap.dedent(
    """
    import json, random, sys
    from pathlib import Path
    from PIL import Image, ImageDraw

    random.seed(7)
    root = Path(sys.argv[1])
    for part, counts in json.loads(sys.argv[2]).items():
        for name, count in counts.items():
            (root / part / name).mkdir(parents=True)
            for number in range(count):
                noise = [random.randint(110, 140) for _ in range(64 * 64)]
                image = Image.new("L", (64, 64))
                image.putdata(noise)
                image = image.resize((128, 128)).convert("RGB")
                if name == "anomaly":
                    x, y = random.randint(10, 80), random.randint(10, 80)
                    size = random.randint(4, 30)
                    ImageDraw.Draw(image).ellipse((x, y, x + size, y + size), fill=(230, 40, 40))
                image.save(root / part / name / f"{number:04}.png")
    """
)

_LOAD: Final = textwrap.dedent(
    """
    import json, sys
    from pathlib import Path
    from anomalib.data import Tabular
    from anomalib.data.utils import read_mask
    from PIL import Image

    table, root = sys.argv[1], sys.argv[2] or None
    data = Tabular.from_file(
        "parts", table, root=root, val_split_mode="none", num_workers=0, eval_batch_size=4
    )
    data.setup()
    counts = {}
    for split, part in (("train", data.train_data), ("test", data.test_data)):
        for index in part.samples["label_index"].to_list():
            name = f"{split} {('normal', 'anomaly')[int(index)]}"
            counts[name] = counts.get(name, 0) + 1
    batch = next(iter(data.test_dataloader()))
    mask = Image.new("RGB", (4, 4), "white")
    mask.putpixel((1, 1), (35, 164, 54))
    mask.save("lookout-mask.png")
    read = read_mask("lookout-mask.png", as_tensor=True)
    print(json.dumps({
        "counts": counts,
        "batch": list(batch.image.shape[:2]),
        "background is a defect": bool(read[0, 0]),
    }))
    """
)
"""What loads a converted table: `python load.py TABLE ROOT`."""


def python_of_the_page() -> str:
    """The lines that the page shows."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"(?s)<!-- anomalib -->\n```python\n(.+?)```\n<!-- /anomalib -->", text)
    if found is None:
        raise SystemExit("docs/successor.md shows no lines for anomalib")
    return found[1]


def manifest_lines() -> Iterator[dict[str, Any]]:
    """The old model's evaluation of the test images: an error in six, drawn once."""
    draw = random.Random(11)
    for name, count in TEST_IMAGES.items():
        for number in range(count):
            seen = name if draw.random() > 1 / 6 else ("normal", "anomaly")[name == "normal"]
            yield {
                "source-ref": f"s3://my-bucket/weld-bead/test/{name}/{number:04}.png",
                "anomaly-label": int(name == "anomaly"),
                "anomaly-label-metadata": {
                    "class-name": name,
                    "type": "groundtruth/image-classification",
                    "human-annotated": "yes",
                },
                "anomaly-label-detected": int(seen == "anomaly"),
                "anomaly-label-detected-metadata": {
                    "class-name": seen,
                    "confidence": round(draw.uniform(0.6, 0.99), 4),
                    "type": "groundtruth/image-classification",
                    "human-annotated": "no",
                    "model-arn": ARN,
                },
            }


def counted(file: Path) -> dict[str, int]:
    """True and false positives and negatives, by the folder that an image lies in."""
    with file.open(newline="", encoding="utf-8") as opened:
        rows = [
            (Path(row["image_path"]).parent.name == "anomaly", row["pred_label"] == "True")
            for row in csv.DictReader(opened)
        ]
    return {
        "true_positives": rows.count((True, True)),
        "false_positives": rows.count((False, True)),
        "false_negatives": rows.count((True, False)),
        "true_negatives": rows.count((False, False)),
    }


def labelled_lines(part: str) -> Iterator[dict[str, Any]]:
    """A manifest of the images drawn for a part, as Lookout for Vision held one."""
    for name, count in DRAWN[part].items():
        for number in range(count):
            yield {
                "source-ref": f"s3://my-bucket/weld-bead/{part}/{name}/{number:04}.png",
                "auto-label": "0",
                "auto-label-metadata": {
                    "class-name": name.capitalize(),
                    "type": "groundtruth/image-classification",
                    "human-annotated": "yes",
                    "job-name": "labeling-job/auto-label",
                    "creation-date": "2022-08-22T20:52:51.851Z",
                },
            }


def check_converted(python: Path, lfv: list[str], place: Path, environ: dict[str, str]) -> None:
    """anomalib's own data module loads what was converted, with the labels that were held."""
    (place / "load.py").write_text(_LOAD, encoding="utf-8")
    for part in ("train", "test"):
        lines = (f"{json.dumps(line)}\n" for line in labelled_lines(part))
        (place / f"{part}.manifest").write_text("".join(lines), encoding="utf-8")
    expected = {
        f"{part} {name}": count for part in ("train", "test") for name, count in DRAWN[part].items()
    }
    manifests = ["train.manifest", "--test", "test.manifest", "--rewrite", "s3://my-bucket/="]
    for source, root, to in (
        (manifests, "images", "of-manifests"),
        (["images/weld-bead"], "", "of-folders"),
    ):
        command = [*lfv, "dataset", "convert", *source, "--format", "anomalib", "--to", to]
        done = run(command, env=environ, cwd=place)
        check(f"dataset convert {source[0]}", done.returncode, 0)
        say(f"{done.stdout}{done.stderr}".rstrip())
        table = f"{to}/dataset.csv"
        loaded = run([python, "load.py", table, root], env=environ, cwd=place)
        check(f"anomalib loads {table}", loaded.returncode, 0)
        if loaded.returncode:
            say(loaded.stderr[-3000:])
            continue
        told = json.loads(loaded.stdout.splitlines()[-1])
        check("each label is the one that was held", told["counts"], expected)
        check("a batch has images", told["batch"], [4, 3])
        # Why convert leaves out the masks of a manifest: there white is the background.
        check("anomalib takes white for the defect", told["background is a defect"], True)


def main() -> int:
    """Install, draw, train, predict, import, compare."""
    say(f"installing {ANOMALIB} where it is not yet")
    python = venv("anomalib", ANOMALIB) / "python"
    with TemporaryDirectory() as folder:
        place = Path(folder)
        must([python, "-c", _DRAW, place / "images" / "weld-bead", json.dumps(DRAWN)])
        (place / "walk.py").write_text(python_of_the_page(), encoding="utf-8")
        environ = environment(place)
        walked = run([python, "walk.py"], env=environ, cwd=place)
        check("the page's lines run", walked.returncode, 0)
        if walked.returncode:
            say(walked.stderr[-3000:])
            return finish()
        predictions = place / "predictions.csv"
        counts = counted(predictions)
        check("every test image is predicted", sum(counts.values()), sum(TEST_IMAGES.values()))
        old = place / "EvaluationManifest.json"
        old.write_text("".join(json.dumps(line) + "\n" for line in manifest_lines()), "utf-8")
        lfv = [sys.executable, "-m", "lfv_mcp"]
        archive = place / "lfv-archive"
        source = ("--source", archive)
        named = ["--predictions", "padim", "--project", "weld-bead"]
        no_flags: list[str] = []
        for file, flags in ((old, no_flags), (predictions, named)):
            command = [*lfv, "archive", "import", str(file), *flags, "--to", str(archive)]
            done = run(command, env=environ, cwd=place)
            check(f"archive import {file.name}", done.returncode, 0)
            say(f"{done.stdout}{done.stderr}".rstrip())
        asked = run([*lfv, "evaluate", "weld-bead", "padim", "--json", *source], env=environ)
        confusion = json.loads(asked.stdout).get("confusion", {}) if asked.stdout else {}
        check("the counts are those of the CSV", {n: confusion.get(n) for n in counts}, counts)
        asked = run([*lfv, "compare", "weld-bead", "3", "padim", "--json", *source], env=environ)
        (_, row) = json.loads(asked.stdout)["models"]
        check("all images match by key", row["matching"]["by_key"], sum(TEST_IMAGES.values()))
        check("a decision", row["replacement"] in {"accept", "reject", "undecided"}, True)
        page = place / "page.html"
        told = run(
            [*lfv, "compare", "weld-bead", "3", "padim", "--html", page, *source], env=environ
        )
        check("the page", (told.returncode, "padim" in page.read_text("utf-8")), (0, True))
        say(told.stdout.rstrip())
        check_converted(python, lfv, place, environ)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
