"""Notations that may hold a record and are not read: what each is called, and what to do about it.

Objects as Java, Go, Rust, Ruby, PHP, .NET or PowerShell print them have no quotes around a text, so
a comma in a Description could pass for the next member: a guess might be a wrong value. They are
named, with the line that saves the same answer as JSON.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final

from lfv_mcp.formats.decoding import SERVICE, UnrecognisedError

LIMIT: Final = 256 * 1024
"""Characters at the start of a text in which its notation is looked for."""
_MODEL_ARN: Final = re.compile(
    rf":{SERVICE}:[a-z0-9-]{{1,30}}:[0-9]{{12}}:(?:model\\?/[A-Za-z0-9][\w-]{{0,254}}\\?/[1-9][0-9]{{0,9}}"
    r"|project\\?/[A-Za-z0-9][\w-]{0,254})(?![\w/.-]|\\[nru])",
    re.ASCII,
)
_ARN_MEMBER: Final = re.compile(r"(?:model|project)[_-]?arn", re.I)
_OTHER_MEMBER: Final = re.compile(
    r"creation[_-]?timestamp|status[_-]?message|f1[_-]?score|project[_-]?name"
    r"|\bstatus\b",
    re.I,
)
_TABLE_ROW: Final = re.compile(
    rf"^(?=[^\n]*\b(?:TRAINED|HOSTED|TRAINING|TRAINING_FAILED)\b)(?:[^\t\n]*\t)*"
    rf"arn:aws[a-z-]*:{SERVICE}:[^\t\n]*:model/[^\t\n]*(?:\t|$)",
    re.M,
)
_STATUS_VALUE: Final = re.compile(r'"(?:TRAINED|HOSTED|TRAINING|TRAINING_FAILED)\\?"')
_SOURCE_CODE: Final = re.compile(
    r"\A#!|^(?:import|from|def|package|using|require|const|let|function|public|class)\b.*[\w;({'\"]$",
    re.M,
)
"""A program, which may speak of a model and its members without holding an answer."""
_JSON: Final = "save the answer as JSON where it was printed"
_NOTATIONS: Final = (
    (re.compile(r"\A\s*<Objs\b"), "a PowerShell CliXml file; Import-Clixml FILE | ConvertTo-Json"),
    (
        re.compile(r"^[A-Z]\w+ +: .*$", re.M),
        "a list as PowerShell shows objects; pipe the answer to ConvertTo-Json -Depth 10 instead",
    ),
    (
        re.compile(r"\A\s*(?:array|Array|object)\s*\(|\bResult Object\s*\(|^a:[0-9]+:\{"),
        "a value printed by PHP",
    ),
    (re.compile(r"#<(?:struct|Aws::)|=>"), "a value printed by Ruby, Perl or Elixir"),
    (re.compile(r"\A\s*--- !|^:\w+:\s|!ruby/|!!python/", re.M), "YAML with a language's own tags"),
    (re.compile(r"\bSome\(|\bOk\("), "a value printed by Rust"),
    (re.compile(r"\(len=[0-9]+\)|\A\s*(?:&|map\[)"), "a value printed by Go"),
    (re.compile(r"\b[Mm]odel[Aa]rn=\S"), "an object printed by Java, Kotlin or Python"),
    (re.compile(r"OrderedDict\(|\bnamespace\("), "a printed Python object"),
    (re.compile(r"^\w+(?:\.\w+)* = .*;$", re.M), "output of gron; gron --ungron FILE > FILE.json"),
    (re.compile(r"^\[+[\w.]+\]+\s*$|^\w+ = ", re.M), "a file of settings (TOML, INI or HCL)"),
    (re.compile(r"\A\s*\{\s*:\w"), "a value printed by Clojure"),
    (
        re.compile(r"\A\s*\{\s*\w+\s*:"),
        "an object whose names have no quotes, as JavaScript, Go, Java and Ruby print it",
    ),
    (re.compile(r"\A\s*<\?xml|\A\s*<\w+[\s>]"), "XML"),
    (re.compile(r"^\s*\[\["), "output of jq --stream; jq -n 'fromstream(inputs)' FILE > FILE.json"),
    (re.compile(r"\A[^\n,;\t]*[,;\t][^\n]*\n"), "a table of members"),
)
"""Patterns in their order: the first that is found names the text."""


_MARKED: Final = (
    (
        re.compile(r"\Aversion https://git-lfs\.github\.com/spec/"),
        "a pointer of Git LFS in place of the file; git lfs pull",
    ),
    (
        re.compile(r"\A(?:\.\./)*/?(?:\.git/)?annex/objects/"),
        "a pointer of git-annex in place of the file; git annex get",
    ),
    (
        re.compile(r"-----BEGIN PGP MESSAGE-----|\Aage-encryption\.org/|\ASalted__|\A\$ANSIBLE_V"),
        "an encrypted file; decrypt it beside the other files",
    ),
    (
        re.compile(
            r"\A\s*(?:<\?xml[^>]*\?>\s*)?<Error>\s*<Code>"
            r"(?:AccessDenied|NoSuchKey|SlowDown|InternalError|ExpiredToken|RequestTimeTooSkewed)<"
        ),
        "an error of S3 in place of the file; download it again",
    ),
)
"""Texts in whose place there was, or should be, another file."""
_CLI_TEXT: Final = re.compile(
    r"^(?:MODELDESCRIPTION|MODELMETADATA|MODELS|PROJECTDESCRIPTION|PROJECTS|PERFORMANCE)\t", re.M
)
_CLI_TABLE: Final = re.compile(r"\A\s*-{8,}\r?\n\|\s+\w+\s+\|\r?\n")
_HTML: Final = re.compile(r"\A\s*<(?:!doctype html|html|head|body)\b", re.I)
_AGAIN: Final = "it has no record that can be read; save the answer with --output json"


def stand_in(content: str) -> UnrecognisedError | None:
    """What a text is that stands where a file should be; None for any other text."""
    for pattern, name in _MARKED:
        if pattern.search(content, 0, 512):
            return UnrecognisedError(name, convertible=True)
    return None


def printed_record(content: str) -> UnrecognisedError | None:
    """The problem of a text that holds members of a record in a notation that is not read.

    None for one that only mentions a model, such as a policy or a script.
    """
    start = content[:LIMIT]
    if _TABLE_ROW.search(start):
        return UnrecognisedError(
            "text output of the AWS CLI or jq, in which members have no names; save the answer "
            "with --output json",
            convertible=True,
        )
    if _SOURCE_CODE.search(start) or not (
        _MODEL_ARN.search(start) and _ARN_MEMBER.search(start) and _OTHER_MEMBER.search(start)
    ):
        return None
    name = next((name for pattern, name in _NOTATIONS if pattern.search(start)), "")
    if not name:
        name = "a record in a notation that is not read"
    return UnrecognisedError(name if ";" in name else f"{name}; {_JSON}", convertible=True)


def unread_record(data: bytes) -> UnrecognisedError | None:
    """The problem of a JSON document in which members of a record stand in an order of their own.

    For example the paths of `jq --stream`, or the columns of a data frame.
    """
    if names_service_in_base64(data):
        return in_base64()
    start = data[:LIMIT].decode("utf-8", "replace")
    if SERVICE not in start or _POLICY.search(start):
        return None
    if (found := printed_record(start)) is None:
        return _named_otherwise(start)
    return (
        UnrecognisedError(
            "JSON with members of a record, but not together in one object; save the answer as the "
            "API or the AWS CLI gives it",
            convertible=True,
        )
        if start.lstrip()[:1] in ("{", "[") and " --" not in str(found)
        else found
    )


def _named_otherwise(start: str) -> UnrecognisedError | None:
    """The problem of JSON with a model and a status, as `--query` leaves them: without names."""
    is_json = start.lstrip()[:1] in ("{", "[")
    if not is_json or not _MODEL_ARN.search(start) or not _STATUS_VALUE.search(start):
        return None
    return UnrecognisedError(
        "JSON with a model and its status under other names than the API's, or none; save the "
        "whole answer, without --query",
        convertible=True,
    )


_NO_TEXT: Final = "not JSON"
"""What texts are called, too, that are none of ours."""
_BINARIES: Final[Mapping[str, tuple[str, str]]] = {
    "an SQLite database": (
        "an SQLite database",
        "sqlite3 -json FILE 'select * from TABLE' > FILE.json",
    ),
    "a Parquet file": (
        "a Parquet file",
        "python -c \"import pandas; pandas.read_parquet('FILE').to_json('FILE.json', "
        "orient='records')\"",
    ),
    "a NumPy file": ("a NumPy file", _JSON),
    "an HDF5 file": ("an HDF5 file", _JSON),
    "an old Office document": ("an old Office document", _JSON),
    _NO_TEXT: ("a file of binary data", _JSON),
}
"""What files with bytes that are no text are called, and what makes JSON of each."""
_ANY_MEMBER: Final = re.compile(_OTHER_MEMBER.pattern.replace(r"\b", ""), re.I)
_ANY_ARN: Final = re.compile(rf":{SERVICE}:[a-z0-9-]{{1,30}}:[0-9]{{12}}:model\\?/")
"""In bytes of a length and without an end, another value may begin at once."""


def _is_utf8(start: bytes) -> bool:
    try:
        start[:-4].decode()  # a character may be cut
    except UnicodeDecodeError:
        return False
    return b"\0" not in start


def unread_binary(data: bytes, kind: str) -> UnrecognisedError | None:
    """The problem of a file that is no text and has the members of a record in it.

    Args:
        data: the file.
        kind: what it was called.
    """
    if kind not in _BINARIES or SERVICE.encode() not in (start := data[:LIMIT]):
        return None
    text = start.decode("latin-1")
    if kind == _NO_TEXT and (_is_utf8(start) or _SOURCE_CODE.search(text)):
        return None
    if not (_ANY_ARN.search(text) and _ARN_MEMBER.search(text) and _ANY_MEMBER.search(text)):
        return None
    name, line = _BINARIES[kind]
    return UnrecognisedError(f"{name} with members of a record; {line}", convertible=True)


_POLICY: Final = re.compile(r'"(?:Effect|eventSource|Statement|source-ref)"\s*:')


def quoted_otherwise(content: str) -> str:
    """What is wrong with a text that would be JSON but for what an editor made of it."""
    if "“" in content or "”" in content:
        return (
            "JSON with typographic quotes, as a word processor makes them; replace them by plain "
            "ones"
        )
    if re.search(r"^(?:<{7}|>{7}) ", content, re.M):
        return "a file with the conflict markers of Git; resolve them"
    return ""


def _aligned(text: bytes) -> tuple[bytes, ...]:
    """What base64 makes of a text at each place where it may begin, without the edges."""
    found: list[bytes] = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text)
        first = -(-before * 4 // 3) + (1 if before else 0)
        found.append(encoded[first : (before + len(text)) // 3 * 4])
    return tuple(found)


_IN_BASE64: Final = _aligned(f":{SERVICE}:".encode())


def names_service_in_base64(data: bytes) -> bool:
    """Whether a text has an ARN of the service in base64, as Firehose and Kinesis records do."""
    return any(each in data for each in _IN_BASE64)


def in_base64() -> UnrecognisedError:
    """The problem of records in base64."""
    return UnrecognisedError(
        "records in base64, which are not read; decode them: base64 -d (of Firehose or Kinesis "
        "records: jq -r '.records[].data' FILE | base64 -d > answers.jsonl)",
        convertible=True,
    )


def output_elsewhere(content: str) -> str:
    """What a text is that holds records in a notation that is not read; empty for none."""
    if _CLI_TEXT.search(content):
        return f"text output of the AWS CLI, in which members have no names; {_AGAIN}"
    if _CLI_TABLE.match(content):
        return f"table output of the AWS CLI; {_AGAIN}"
    if _HTML.match(content):
        return "a saved web page; save the JSON that it shows as a file of its own"
    return ""
