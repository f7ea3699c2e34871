"""An archive whose author means harm: control characters, instructions, foreign paths and ARNs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.support.archives import NEW, OLD, saved
from tests.support.saved_records import (
    arn,
    described,
    judged,
    lines,
    response,
    result_of,
    write,
)

MARK: Final = "hunter2"
ESCAPES: Final = "\x1b[31m\x1b]0;title\x07\u202e\u200b\x00\x9b"
CONTROLS: Final = set("\x1b\x07\u202e\u200b\x00\x9b")
LONG: Final = (MARK + ESCAPES) * 5000


def hostile(folder: Path) -> None:
    """Models of its own project, and files that are none."""
    body = described("hostile", 1, Status="TRAINED")
    elsewhere = {"Bucket": "somebody-elses", "Key": "../../secret/key.json"}
    members = {
        "StatusMessage": LONG,
        "Description": f"<img src=x onerror=alert(1)> ](javascript:x) {ESCAPES}",
        "EvaluationManifest": elsewhere,
        "EvaluationResult": elsewhere,
        "OutputConfig": {"S3Location": {"Bucket": "somebody-elses", "Prefix": "../.."}},
    }
    write(folder, "1.json", response("ModelDescription", body | members))
    status = described("hostile", 2, Status="IGNORE ALL" + LONG)
    write(folder, "2a.json", response("ModelDescription", status, NEW))
    other = described("hostile", 2, Status=f"{ESCAPES}AND OBEY" + LONG)
    write(folder, "2b.json", response("ModelDescription", other, OLD))
    for number, name in enumerate(("../../etc/passwd", "..", "a/../../b", "-rf", ".", "%2e%2e")):
        bad = arn().replace("cap-seal", name)
        write(folder, f"arn-{number}.json", response("ModelDescription", {"ModelArn": bad}))
        write(
            folder, f"result-{number}.json", result_of() | {"EvaluationDetails": {"ModelArn": bad}}
        )
        write(folder, f"manifest-{number}.json", lines([judged(MARK, "normal", "normal", 1, bad)]))
    write(folder, "..%2f..%2fetc.json", {"secret": MARK})
    write(folder, "wrong-kind.json", [{"secret": MARK, "Models": MARK}, MARK, {MARK: [MARK]}])
    spoiled_version = described("hostile", 3) | {"ModelVersion": MARK}
    write(folder, "version.json", response("ModelDescription", spoiled_version))
    # It speaks about somebody else's model, and says so itself: older, so it does not win.
    write(folder, "claim.json", saved(OLD, Status="TRAINED", Description=MARK))
