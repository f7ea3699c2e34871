"""A successor against sample-weld-bead 3, in the files that it writes: through the command line."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

import pytest

from tests.support.clients import run
from tests.support.successors import (
    WELD_BEAD,
    Verdict,
    as_csv,
    as_manifest,
    as_out,
    confusion,
    truths,
    verdicts,
    write,
)

PROJECT: Final = "sample-weld-bead"
FORGED: Final = f"arn:aws:lookoutvision:us-east-1:111122223333:model/{PROJECT}/9"


def asked(*arguments: str | Path) -> dict[str, Any]:
    """The answer of a command."""
    result = run(*map(str, arguments), "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def archive_of(folder: Path, found: list[Verdict], old: bytes | None = None) -> Path:
    """An archive of the sample's version 3, and of a version 9 with the successor's verdicts."""
    saved = folder / "saved"
    if old is None:
        old = (WELD_BEAD / "EvaluationManifest-sample-weld-bead-3.json").read_bytes()
    write(saved, {"3.json": old, "9.json": as_manifest(found, FORGED)})
    archive = folder / "archive"
    result = run("archive", "import", str(saved), "--to", str(archive))
    assert result.exit_code == 0, result.output
    return archive


def imported(archive: Path, place: Path, name: str = "new", *flags: str) -> str:
    """What the import of a prediction set says."""
    result = run(
        *("archive", "import", str(place), "--predictions", name, "--project", PROJECT),
        *("--to", str(archive), *flags),
    )
    assert result.exit_code == 0, result.output
    return str(result.output)


def row_of(archive: Path, name: str = "new", *flags: str) -> dict[str, Any]:
    """The successor's row of a comparison with version 3."""
    answer = asked("compare", PROJECT, "3", name, "--source", archive, "--examples", "0", *flags)
    row: dict[str, Any] = answer["models"][1]
    return row | {"summary": answer["summary"], "codes": [f["code"] for f in answer["findings"]]}


def statistics(row: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be the same, however the verdicts were written."""
    names = ("recall", "false_alarm_rate", "verdict", "replacement", "metrics")
    return {name: row[name] for name in names}


Form = Literal["NFC", "NFD"]


def umlaut(key: str, form: Form) -> str:
    return unicodedata.normalize(form, key.replace("weld-bead/", "Schweißnähte/"))


SPELLINGS: Final[Mapping[str, Callable[[Verdict], str]]] = {
    "key": lambda each: each.key,
    "rewritten by the export script": lambda each: f"train/images/{each.key}",
    "below another prefix": lambda each: f"2026/batch/{each.key}",
    "percent-encoded": lambda each: quote(each.key, safe="/").replace("-", "%2D"),
    "upper-case extension": lambda each: each.key.replace(".png", ".PNG"),
    "relative path of three parts": lambda each: "/".join(each.key.split("/")[-3:]),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_out_objects_are_judged_as_the_manifest_of_the_same_verdicts(
    tmp_path: Path, spelling: str
) -> None:
    found = verdicts(truths())
    archive = archive_of(tmp_path, found)
    imported(archive, write(tmp_path / "out", as_out(found, SPELLINGS[spelling])))
    as_set, as_version = row_of(archive), row_of(archive, "9")
    assert statistics(as_set) == statistics(as_version)
    assert as_set["matching"]["by_key"] == 100
    assert as_version["matching"]["by_uri"] == 100
    counts = asked("evaluate", PROJECT, "new", "--source", archive)["confusion"]
    expected = confusion(found)
    assert {name: counts[name] for name in expected} == expected


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_umlauts_and_blanks_in_keys(tmp_path: Path, form: Form) -> None:
    images = [
        (umlaut(uri, "NFC").replace("2025-03-10", "10 März"), label) for uri, label in truths()
    ]
    found = verdicts(images)
    old = as_manifest(verdicts(images, wrong=0.1), FORGED.replace("/9", "/3"))
    archive = archive_of(tmp_path, found, old)
    for number, spelled in enumerate(
        (
            lambda each: unicodedata.normalize(form, each.key),
            lambda each: quote(unicodedata.normalize(form, each.key)),
        )
    ):
        imported(archive, write(tmp_path / f"out{number}", as_out(found, spelled)), f"new{number}")
        as_set = row_of(archive, f"new{number}")
        assert statistics(as_set) == statistics(row_of(archive, "9"))


def test_an_image_whose_name_is_not_unique_is_named_and_the_comparison_goes_on(
    tmp_path: Path,
) -> None:
    found = verdicts(truths())
    archive = archive_of(tmp_path, found)
    twice = as_out(found) | {f"again/{found[0].key}.out": as_out(found[:1])[f"{found[0].key}.out"]}
    imported(archive, write(tmp_path / "out", twice))
    row = row_of(archive)
    assert row["matching"]["collisions"] >= 1
    assert row["matching"]["by_key"] == 99
    answer = asked("compare", PROJECT, "3", "new", "--source", archive)
    assert any(found[0].key in finding["message"] for finding in answer["findings"])


def test_three_unanswered_images_count_as_errors_and_are_said(tmp_path: Path) -> None:
    found = verdicts(truths())
    archive = archive_of(tmp_path, found)
    imported(archive, write(tmp_path / "out", as_out(found[3:])))
    row = row_of(archive)
    wrong = [
        each._replace(flagged=not each.anomalous) if number < 3 else each
        for number, each in enumerate(found)
    ]
    other = archive_of(tmp_path / "wrong", wrong)
    as_version = row_of(other, "9")
    for question in ("recall", "false_alarm_rate"):
        for name in ("images", "only_baseline_right", "only_this_right", "difference"):
            assert row[question][name] == as_version[question][name]
    assert row["matching"]["unanswered"] == 3
    assert "3" in row["summary"] or any("unanswered" in code for code in row["codes"])


def test_fifteen_unanswered_of_a_hundred_are_not_comparable(tmp_path: Path) -> None:
    found = verdicts(truths())
    archive = archive_of(tmp_path, found)
    imported(archive, write(tmp_path / "out", as_out(found[15:])))
    row = row_of(archive)
    assert (row["verdict"], row["replacement"]) == ("not_comparable", "undecided")
    assert "too_few_answered" in row["codes"]


def test_other_data_with_equal_file_names_is_never_accepted(tmp_path: Path) -> None:
    found = verdicts(truths(), wrong=0.0)
    archive = archive_of(tmp_path, found)

    def elsewhere(each: Verdict) -> str:
        return f"other-line/{'/'.join(each.key.split('/')[-2:])}"

    imported(archive, write(tmp_path / "out", as_out(found, elsewhere)))
    row = row_of(archive)
    assert row["replacement"] == "undecided"
    assert row["matching"]["by_key"] == row["matching"]["by_uri"] == 0
    assert "if equal names are the same images" in row["summary"] or (
        row["verdict"] == "not_comparable"
    )


def test_a_person_may_vouch_for_names(tmp_path: Path) -> None:
    found = verdicts(truths(), wrong=0.0)
    archive = archive_of(tmp_path, found)

    def local(each: Verdict) -> str:
        return "/".join(each.key.split("/")[-2:])

    table = tmp_path / "new.csv"
    table.write_bytes(as_csv(found, image=local))
    imported(archive, table)
    hinted = row_of(archive)
    assert hinted["matching"]["by_name"] == 100
    assert hinted["replacement"] != "accept"
    vouched = row_of(archive, "new", "--same-names")
    assert statistics(vouched) == statistics(row_of(archive, "9"))


@pytest.mark.parametrize(
    ("project", "first", "second"),
    [
        ("sample-weld-bead", "3", "4"),
        ("sample-cap-seal", "2", "3"),
        ("sample-bottle-neck", "1", "2"),
    ],
)
def test_versions_on_other_images_stay_so(project: str, first: str, second: str) -> None:
    row = asked("compare", project, first, second, "--source", "sample")["models"][1]
    assert (row["verdict"], row["replacement"]) == ("not_comparable", "undecided")


def test_two_sets_of_a_project_without_any_record(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    before, after = verdicts(truths(), wrong=0.3), verdicts(truths(), wrong=0.0)
    for name, found in (("before", before), ("after", after)):
        table = tmp_path / f"{name}.csv"
        table.write_bytes(as_csv(found, truth=True))
        imported(archive, table, name)
    source = ("--source", archive)
    listed = asked("list", *source)
    assert [(s["name"], s["images"]) for s in listed["prediction_sets"]] == [
        ("after", 100),
        ("before", 100),
    ]
    counts = asked("evaluate", PROJECT, "after", *source)["confusion"]
    expected = confusion(after)
    assert {name: counts[name] for name in expected} == expected
    page = tmp_path / "page.html"
    answer = asked("compare", PROJECT, "before", "after", *source, "--html", page)
    assert answer["models"][1]["replacement"] == "accept"
    assert answer["models"][1]["verdict"] == "better"
    assert "after" in page.read_text(encoding="utf-8")
    refused = run("describe", PROJECT, "--source", str(archive))
    assert refused.exit_code == 1
    assert "after" in refused.output
    assert "before" in refused.output


def test_once_without_an_import(tmp_path: Path) -> None:
    found = verdicts(truths())
    archive = archive_of(tmp_path, found)
    place = write(tmp_path / "out", as_out(found))
    once = asked(
        *("compare", PROJECT, "3", "--predictions", f"fresh={place}", "--source", archive)
    )["models"][1]
    assert statistics(once) == statistics(row_of(archive, "9"))
    assert once["model_version"] == "fresh"
