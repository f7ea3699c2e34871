"""Every way in which people have saved one and the same document: containers, encodings, notations.

A notation makes a text of documents, an encoding bytes of a text, a container a file of bytes. Any
of each can be combined. Nothing in here knows `lfv_mcp`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pprint
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import yaml

Documents = Sequence[Any]
Notation = Callable[[Documents], str]


def _json_lines(documents: Documents) -> str:
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in documents)


def _log(documents: Documents) -> str:
    lines = [
        f"2025-08-04 10:30:00,412 INFO [main] describe_model({n}) gave {json.dumps(each)} in 3 ms"
        for n, each in enumerate(documents)
    ]
    return "\n".join(["Starting up, don't panic.", *lines, "Done: {0} errors", ""])


def _notebook(documents: Documents) -> str:
    outputs: list[Any] = []
    for number, each in enumerate(documents):
        text = pprint.pformat(each) if number % 2 else json.dumps(each, indent=1)
        lines = text.splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": ["answer:\n", *lines]})
        if number % 3 == 1:
            outputs[-1] = {"output_type": "execute_result", "data": {"text/plain": lines}}
        if number % 3 == 2:
            outputs[-1] = {"output_type": "display_data", "data": {"application/json": each}}
    code = "client.describe_model(ProjectName='x', ModelVersion='1')"
    cells = [
        {"cell_type": "markdown", "source": ["# Lookout for Vision"]},
        {"cell_type": "code", "source": [code], "outputs": outputs},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _yaml(documents: Documents) -> str:
    texts = [yaml.safe_dump(each, allow_unicode=True, sort_keys=True) for each in documents]
    return "---\n".join(texts)


NOTATIONS: Final[Mapping[str, Notation]] = {
    "JSON Lines": _json_lines,
    "pretty": lambda docs: "\n".join(json.dumps(d, indent=4) for d in docs),
    "indented by tabs": lambda docs: "\n".join(json.dumps(d, indent="\t") for d in docs),
    "CRLF": lambda docs: "".join(json.dumps(d, indent=2) + "\n" for d in docs).replace(
        "\n", "\r\n"
    ),
    "one after another": lambda docs: "".join(json.dumps(d, separators=(",", ":")) for d in docs),
    "array": lambda docs: json.dumps(list(docs), ensure_ascii=False),
    "pretty array": lambda docs: json.dumps(list(docs), indent=2),
    "array, an item a line": lambda docs: "[" + ",\n".join(map(json.dumps, docs)) + "]\n",
    "log": _log,
    "notebook": _notebook,
    "printed": lambda docs: "".join(f"{d!r}\n" for d in docs),
    "pretty-printed": lambda docs: "".join(f"{pprint.pformat(d)}\n" for d in docs),
    "printed list": lambda docs: f"{list(docs)!r}\n",
    "printed amid text": lambda docs: "".join(f"Describing model:\n{d!r}\nDone!\n" for d in docs),
    "YAML": _yaml,
    "YAML list": lambda docs: yaml.safe_dump(list(docs), sort_keys=False),
    "strings of JSON": lambda docs: json.dumps([json.dumps(d) for d in docs]),
    "a string of JSON": lambda docs: json.dumps(json.dumps(list(docs))),
    "answers of a function": lambda docs: "".join(
        json.dumps(json.dumps(d, indent=1)) + "\n" for d in docs
    ),
}
"""Texts of documents, by what makes such a one."""

ENCODINGS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, big end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 without a mark, big end first": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "UTF-32 without a mark": lambda text: text.encode("utf-32-le"),
}
"""Bytes of a text in which nothing is lost."""

CODE_PAGES: Final[Mapping[str, str]] = {
    "cp1252": "Prüfung “é”",
    "cp1250": "Řízení",
    "cp1251": "Проверка",
    "cp932": "外観検査 表",
    "cp936": "外观检查 誠",
    "cp949": "외관 검사",
    "cp950": "功 許",
    "latin-1": "Größe",
    "cp437": "Größe",
}
"""Code pages of Windows, and a text that is written in each."""


def _zipped(data: bytes, *, method: int = zipfile.ZIP_DEFLATED, name: str = "a/d.json") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("images/1.png", b"\x89PNG\r\n\x1a\n")
        archive.writestr("readme.txt", "nothing")
        archive.writestr(name, data)
    return made.getvalue()


def _tarred(data: bytes, mode: Any = "w") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, content in (("a/1.jpg", b"\xff\xd8\xff"), ("a/d.json", data), ("b.txt", b"x")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


CONTAINERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "plain": lambda data: data,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "gzip, two members": lambda data: gzip.compress(data[:99]) + gzip.compress(data[99:]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": _zipped,
    "zip, stored": lambda data: _zipped(data, method=zipfile.ZIP_STORED),
    "zip of gzip": lambda data: _zipped(gzip.compress(data), name="d.json.gz"),
    "tar": _tarred,
    "tar.gz": lambda data: _tarred(data, "w:gz"),
    "tar.bz2": lambda data: _tarred(data, "w:bz2"),
    "tar.xz": lambda data: _tarred(data, "w:xz"),
    "tar of gzip": lambda data: _tarred(gzip.compress(data)),
}
"""Files of bytes."""
