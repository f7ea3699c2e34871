"""Whatever the sample's records were saved as, they are the same records."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, read_evaluation_manifest
from lfv_mcp.formats.manifest_lines import manifest_as_lines, manifest_lines
from lfv_mcp.formats.recognition import Record, recognise
from tests.support.spellings import CODE_PAGES, CONTAINERS, ENCODINGS, NOTATIONS
from tests.support.tiers import slow_but

FILES: Final = sorted(SAMPLE.rglob("*.json"))
MANIFESTS: Final = [path for path in FILES if "EvaluationManifest" in path.name]
OTHERS: Final = [path for path in FILES if path not in MANIFESTS]
MANIFEST_NOTATIONS: Final = [name for name in NOTATIONS if name not in ("YAML", "YAML list")]
"""YAML of a thousand lines takes PyYAML seconds, and nobody has a manifest in it."""


def decoded(path: Path) -> list[Any]:
    """The documents in a file of the sample."""
    if path in MANIFESTS:
        return [json.loads(line) for line in path.read_bytes().splitlines()]
    return [json.loads(path.read_bytes())]


QUICK_NOTATIONS: Final = ("JSON Lines", "array", "YAML")
"""Those that the quick suite packs into every container; the others are slow."""
DOCUMENTS: Final = {path: decoded(path) for path in FILES}
PLAIN: Final = {path: recognise(path.read_bytes())[0] for path in FILES}


def said(records: Iterable[Record]) -> list[str]:
    """What records say, to be compared in any order."""
    return sorted(repr((r.form, r.key, sorted(r.body.items()), r.captured)) for r in records)


def manifest_in(chunks: Iterable[bytes], arn: str = "") -> EvaluationManifest:
    return read_evaluation_manifest(manifest_lines(chunks, arn))


def test_the_sample_is_whole() -> None:
    assert len(OTHERS) > 30
    assert len(MANIFESTS) > 10
    assert all(len(records) == 1 for records in PLAIN.values())


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("notation", slow_but(QUICK_NOTATIONS, NOTATIONS))
def test_all_records_in_one_file(notation: str, container: str) -> None:
    documents = [each for path in OTHERS for each in DOCUMENTS[path]]
    found, problems = recognise(CONTAINERS[container](NOTATIONS[notation](documents).encode()))
    assert [str(p) for p in problems if p.is_unread or p.read] == []
    assert said(found) == said(r for path in OTHERS for r in PLAIN[path])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("path", slow_but(OTHERS[::10], OTHERS), ids=lambda path: path.stem)
def test_every_record_in_every_encoding_and_notation(path: Path, encoding: str) -> None:
    for notation in NOTATIONS.values():
        found, problems = recognise(ENCODINGS[encoding](notation(DOCUMENTS[path])))
        assert [str(p) for p in problems if p.is_unread or p.read] == []
        assert said(found) == said(PLAIN[path])


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("notation", slow_but(QUICK_NOTATIONS, MANIFEST_NOTATIONS))
def test_a_manifest_is_read_alike_by_check_and_evaluation(notation: str, container: str) -> None:
    path = min(MANIFESTS, key=lambda path: path.stat().st_size)
    data = CONTAINERS[container](NOTATIONS[notation](DOCUMENTS[path]).encode())
    found, problems = recognise(data)
    assert [str(p) for p in problems if p.is_unread or p.read] == []
    assert said(found) == said(PLAIN[path])
    plain = manifest_in([path.read_bytes()])
    for size in (1000, len(data)):
        chunks = [data[i : i + size] for i in range(0, len(data), size)]
        assert manifest_in(chunks, found[0].arn) == plain
    lines = b"".join(manifest_as_lines([data], found[0].arn))
    assert [json.loads(line) for line in lines.splitlines()] == DOCUMENTS[path]


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(
    path=st.sampled_from(FILES),
    notation=st.sampled_from(MANIFEST_NOTATIONS),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    container=st.sampled_from(sorted(CONTAINERS)),
)
def test_any_combination(path: Path, notation: str, encoding: str, container: str) -> None:
    text = NOTATIONS[notation](DOCUMENTS[path][:40])
    data = CONTAINERS[container](ENCODINGS[encoding](text))
    found, problems = recognise(data)
    assert [str(p) for p in problems if p.is_unread or p.read] == []
    assert said(found) == said(PLAIN[path])
    if path in MANIFESTS:
        plain = read_evaluation_manifest(path.read_bytes().splitlines()[:40])
        assert manifest_in([data], found[0].arn) == plain


@settings(deadline=None, max_examples=80)
@given(
    path=st.sampled_from(OTHERS),
    notation=st.sampled_from(["JSON Lines", "array", "YAML"]),
    page=st.sampled_from(sorted(CODE_PAGES)),
    container=st.sampled_from(sorted(CONTAINERS)),
)
def test_a_code_page_costs_its_letters_alone(
    path: Path, notation: str, page: str, container: str
) -> None:
    (document,) = DOCUMENTS[path]
    marked = json.loads(json.dumps(document))
    marked["ModelDescription" if "ModelDescription" in document else "Note"] = {
        **document.get("ModelDescription", {}),
        "Description": CODE_PAGES[page],
    }
    found, problems = recognise(CONTAINERS[container](NOTATIONS[notation]([marked]).encode(page)))
    assert [(r.form, r.key) for r in found] == [(r.form, r.key) for r in PLAIN[path]]
    assert [p.is_unread for p in problems] == [False]
    assert "replaced; save it as UTF-8" in str(problems[0])
    assert found[0].form == "project" or "\ufffd" in str(found[0].body)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(
    path=st.sampled_from(FILES),
    notation=st.sampled_from(MANIFEST_NOTATIONS),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    container=st.sampled_from(sorted(CONTAINERS)),
    part=st.floats(0.05, 0.95),
)
def test_whatever_is_cut_off_is_said_to_be(
    path: Path, notation: str, encoding: str, container: str, part: float
) -> None:
    """A record is missing only where that is said; a cut between two whole ones does not show."""
    text = NOTATIONS[notation](DOCUMENTS[path][:40])
    data = CONTAINERS[container](ENCODINGS[encoding](text))
    found, problems = recognise(data[: int(part * len(data))])
    told = any(p.is_unread for p in problems)
    assert told or found or _is_before_any_record(notation, container)


def _is_before_any_record(notation: str, container: str) -> bool:
    """Whether the start of such a file may be without any trace of a record."""
    return container == "plain" and notation in ("log", "printed amid text")


def test_two_manifests_in_one_archive_stay_apart() -> None:
    first, second = sorted(MANIFESTS, key=lambda path: path.stat().st_size)[:2]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in (first, second):
            archive.write(path, path.name)
    found, problems = recognise(made.getvalue())
    assert problems == []
    assert said(found) == said([*PLAIN[first], *PLAIN[second]])
    for path in (first, second):
        read = manifest_in([made.getvalue()], PLAIN[path][0].arn)
        assert read == manifest_in([path.read_bytes()])
