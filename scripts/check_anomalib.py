"""docs/successor.md with anomalib itself: trained, predicted, imported, compared.

`python scripts/check_anomalib.py` installs anomalib, once, into an environment of its own below
$LFV_TEST_CACHE (else .cache): 6 GB, some minutes. It draws a few dozen images, runs the Python
lines of the page as they stand there, and compares what `lfv-mcp` counts with what the rows of the
CSV give. One line per check, then "N passed, N failed"; exits 1 if any failed.
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
TEST_IMAGES: Final = {"normal": 20, "anomaly": 16}
_DRAW: Final = textwrap.dedent(
    """
    import random, sys
    from pathlib import Path
    from PIL import Image, ImageDraw

    random.seed(7)
    root = Path(sys.argv[1])
    for part, counts in {
        "train": {"normal": 24},
        "validation": {"normal": 8, "anomaly": 8},
        "test": {"normal": 20, "anomaly": 16},
    }.items():
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


def main() -> int:
    """Install, draw, train, predict, import, compare."""
    say(f"installing {ANOMALIB} where it is not yet")
    python = venv("anomalib", ANOMALIB) / "python"
    with TemporaryDirectory() as folder:
        place = Path(folder)
        must([python, "-c", _DRAW, place / "images" / "weld-bead"])
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
    return finish()


if __name__ == "__main__":
    sys.exit(main())
