"""A prediction set out of a bucket: `python benchmarks/predictions.py [--objects 4000]`.

As many `.out` objects as a large test set has images, on an S3 on loopback that takes 20 ms over
every answer, imported by the command. Prints its seconds, and how they compare with those that
plain boto3 takes to read a sample of the same objects one after another. Exit code 1 if it took
longer than the goal of a minute for 4,000.

`--table 1000000000` imports a CSV of so many bytes instead, and prints the most memory that the
command took, beside that for a table of a hundred lines. Exit code 1 if it is 64 MiB more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import boto3
from s3_process import KEYS, s3_process

BUCKET: Final = "transform-output"
LATENCY: Final = 0.02
SAMPLE: Final = 200
GOAL: Final = 60 / 4000
"""Seconds an object."""


def answers(number: int) -> dict[str, bytes]:
    """So many answers of the Marketplace model, by the key that batch transform gives them."""
    choices = random.Random(7)
    made: dict[str, bytes] = {}
    for n in range(number):
        answer = {
            "Source": {"Type": "direct"},
            "IsAnomalous": choices.random() < 0.3,
            "Confidence": choices.uniform(0.5, 1),
        }
        made[f"run-1/images/test/{n:05}.png.out"] = json.dumps(answer).encode()
    return made


def one_by_one(s3: Any, keys: list[str]) -> float:
    """Seconds an object, without us and one after another."""
    began = time.perf_counter()
    for key in keys:
        s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return (time.perf_counter() - began) / len(keys)


def imported(environment: dict[str, str], number: int) -> float:
    """Seconds that the command takes."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lfv_mcp", "archive", "import", f"s3://{BUCKET}/run-1"]
        command += ["--predictions", "successor", "--project", "cap-seal", "--to", folder]
        began = time.perf_counter()
        done = subprocess.run(
            command, env=bare | environment, check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - began
    assert f"{number:,} images" in done.stdout, done.stdout
    return seconds


def write_table(path: Path, size: int) -> int:
    """A CSV of at least so many bytes; its images."""
    choices = random.Random(7)
    number = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("image_path,pred_label,pred_score\n")
        while file.tell() < size:
            for _ in range(10_000 if size > 1_000_000 else 100):
                score = choices.random()
                file.write(f"caps/images/test/{number:09}.png,{score >= 0.5},{score}\n")
                number += 1
    return number


def peak_of_table(size: int) -> float:
    """MiB that the import of such a CSV takes at most."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "predictions.csv"
        number = write_table(table, size)
        began = time.perf_counter()
        program = "import sys; from lfv_mcp.cli.main import main; main(sys.argv[1:])"
        program = f"try:\n    {program}\nfinally:\n    print(open('/proc/self/status').read())"
        command = [sys.executable, "-c", program, "archive", "import", str(table)]
        command += ["--predictions", "successor", "--project", "cap-seal", "--to", f"{folder}/to"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert f"{number:,} images" in done.stdout, done.stdout
        peak = int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024
        sys.stdout.write(
            f"{table.stat().st_size:,} bytes, {number:,} images: {peak:.0f} MiB, "
            f"{time.perf_counter() - began:.0f} s\n"
        )
        return peak


def main() -> int:
    """Measure, and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=4000)
    parser.add_argument("--table", type=int, metavar="BYTES")
    asked = parser.parse_args()
    if asked.table:
        return int(peak_of_table(asked.table) > peak_of_table(1000) + 64)
    number: int = asked.objects
    objects = answers(number)
    with s3_process() as server:
        s3 = boto3.client(
            "s3",
            endpoint_url=server.url,
            region_name=KEYS["AWS_REGION"],
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        s3.create_bucket(Bucket=BUCKET)
        with ThreadPoolExecutor(8) as pool:
            put = [
                pool.submit(s3.put_object, Bucket=BUCKET, Key=k, Body=b) for k, b in objects.items()
            ]
            for each in put:
                each.result()
        server.control(latency=LATENCY, forget=True)
        seconds = imported(server.environment, number)
        counts = server.control(forget=True)
        plain = one_by_one(s3, random.Random(1).sample([*objects], min(SAMPLE, number)))
    goal = max(GOAL * number, 10.0)  # the command has to start, however few they are
    sys.stdout.write(
        f"{number:,} .out objects at {LATENCY * 1000:.0f} ms a request: {seconds:.1f} s "
        f"({'within' if seconds <= goal else 'above'} the goal of {goal:.0f} s)\n"
        f"one after another by plain boto3: {plain * number:.1f} s, estimated from {SAMPLE}; "
        f"the import took {seconds / (plain * number):.2f} of that\n"
        f"requests: {counts['requests']}, connections: {counts['connections']}\n"
    )
    return int(seconds > goal)


if __name__ == "__main__":
    sys.exit(main())
