"""Answers that a terminal, an editor, a table or another program has changed.

Each is read, or it is unread with a name and what to do; none is called foreign, and what only
mentions a model is called nothing else.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import tarfile
import zipfile
from typing import Final

import pytest

from lfv_mcp.formats.recognition import recognise
from tests.support.saved_records import arn, described

BODY: Final = described()
TEXT: Final = json.dumps({"ModelDescription": BODY}, indent=4)
LINE: Final = json.dumps({"ModelDescription": BODY})
ARN: Final = arn()


def _cells(delimiter: str) -> str:
    made = io.StringIO()
    rows = (("id", "answer"), ("1", LINE))
    csv.writer(made, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return made.getvalue()


def _self_extracting() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("d.json", TEXT)
    return b"MZ" + b"\x90\0" * 4000 + made.getvalue()


READ: Final[dict[str, str | bytes]] = {
    "colours": re.sub(r'("\w+"):', "\x1b[34;01m\\1\x1b[39;49;00m:", TEXT),
    "bold of a pager": TEXT.replace("Status", "S\x08St\x08ta\x08at\x08tu\x08us\x08s"),
    "comments": "// by hand\n" + TEXT.replace('"Status"', '/* { " */ "Status"'),
    "a comma too many": TEXT.replace("\n    }\n}", ",\n    }\n}"),
    "blanks of a web page": TEXT.replace("    ", "\u00a0\u00a0\u00a0 "),
    "curl -v": f"< HTTP/1.1 200 OK\n{{ [1000 bytes data]\n{LINE}\n* Connection #0",
    "CSV": _cells(","),
    "CSV of Excel": _cells(";"),
    "a table of tabs": _cells("\t"),
    "a line of a log": json.dumps({"events": [{"message": f"INFO got {LINE}"}]}),
    "a self-extracting zip": _self_extracting(),
}


@pytest.mark.parametrize("name", READ)
def test_is_read(name: str) -> None:
    given = READ[name]
    expected, _ = recognise(LINE.encode())
    found, problems = recognise(given if isinstance(given, bytes) else given.encode())
    assert [record.body for record in found] == [record.body for record in expected]
    assert not any(problem.is_unread for problem in problems)


UNREAD: Final[dict[str, str | bytes]] = {
    "Java": f"R(ModelDescription=M(ModelArn={ARN}, Status=TRAINED, F1Score=0.9))",
    "Java 1": f"{{ModelDescription: {{ModelArn: {ARN},Status: TRAINED}}}}",
    "Kotlin": f"R(modelDescription=M(modelArn={ARN},status=Trained))",
    "Go": f'({{\n ModelArn: (*string)((len=62) "{ARN}"),\n Status: (len=7) "TRAINED"\n}})',
    "Rust": f'Output {{ model_arn: Some("{ARN}"), status: Some(Trained) }}',
    "Ruby": f'#<struct Aws::X model_arn="{ARN}", status="TRAINED">',
    "a Ruby hash": f'{{:model_arn=>"{ARN}", :status=>"TRAINED"}}',
    "PHP": f"Array\n(\n    [ModelArn] => {ARN}\n    [Status] => TRAINED\n)\n",
    "JavaScript": f"{{\n  ModelArn: '{ARN}',\n  Status: 'TRAINED',\n  S3Location: [Object]\n}}",
    "PowerShell": f"ModelArn     : {ARN}\r\nStatus       : TRAINED\r\n",
    "CliXml": f'<Objs Version="1.1.0.1"><S N="ModelArn">{ARN}</S><S N="Status">x</S></Objs>',
    "XML": f'<?xml version="1.0"?><M><ModelArn>{ARN}</ModelArn><Status>x</Status></M>',
    "TOML": f'[model]\nModelArn = "{ARN}"\nStatus = "TRAINED"\n',
    "gron": f'json = {{}};\njson.ModelArn = "{ARN}";\njson.Status = "TRAINED";\n',
    "jq --stream": f'[["ModelArn"],"{ARN}"]\n[["Status"],"TRAINED"]\n',
    "text of a query": f"{ARN}\t1\tTRAINED\n",
    "columns": json.dumps({"ModelArn": {"0": ARN}, "Status": {"0": "TRAINED"}}),
    "base64": base64.b64encode(TEXT.encode()).decode(),
    "Firehose": json.dumps({"records": [{"data": base64.b64encode(LINE.encode()).decode()}]}),
    "typographic quotes": TEXT.replace(' "', " “").replace('":', "”:"),
    "conflict markers": TEXT.replace('"Status"', '\n<<<<<<< HEAD\n"Status"', 1),
    "Git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n",
    "an error of S3": '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "zlib": b"\x78\x9c\x01\x02",
    "zeros": b"\0" * 4096,
    "UTF-16 and UTF-8": (f"{TEXT}\n").encode("utf-16") + TEXT.encode(),
}


@pytest.mark.parametrize("name", UNREAD)
def test_is_named_and_unread(name: str) -> None:
    given = UNREAD[name]
    found, problems = recognise(given if isinstance(given, bytes) else given.encode())
    unread = [problem for problem in problems if problem.is_unread]
    assert len(unread) == 1
    assert not str(unread[0]).startswith("not JSON")
    assert not found or name == "UTF-16 and UTF-8"


@pytest.mark.parametrize(
    "text",
    [
        f"call Bob about {ARN}",
        f'import boto3\nMODEL = "{ARN}"\nprint(answer["ModelArn"], answer["Status"])\n',
        json.dumps({"Statement": [{"Effect": "Allow", "Resource": ARN, "ModelArn": "Status"}]}),
        "value, no model\n1,2\n",
    ],
)
def test_what_only_mentions_a_model_is_foreign(text: str) -> None:
    found, problems = recognise(text.encode())
    assert not found
    assert not any(problem.is_unread for problem in problems)


def test_a_tar_archive_without_a_mark_is_read() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("d.json")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT.encode()))
    data = bytearray(made.getvalue())
    data[257:265] = bytes(8)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    found, _ = recognise(bytes(data))
    assert len(found) == 1
