"""Where a record lies in an archive that we write, and how it is spelled there.

`us-east-1/111122223333/caps/3/model-0123456789abcdef.json`: region, account, project, version, and
what it is with a digest of its content; `caps/predictions-padim-0123456789abcdef.jsonl` for a
prediction set of a project that nobody placed. Readers go by content alone, so the layout is for
people; it is the same on every system, because an archive is copied from one to another.
"""

from __future__ import annotations

import re
from email.utils import formatdate
from hashlib import blake2b
from typing import Any, Final

from lfv_mcp.formats.recognition import Record
from lfv_mcp.formats.record import RecordKey
from lfv_mcp.identifiers import PredictionSetKey

_MEMBERS: Final = {
    "model": "ModelDescription",
    "listing": "Models",
    "project": "ProjectDescription",
}
"""Members of the API's answers that records are written back into, by form."""
_DEVICE: Final = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)
"""Names that Windows takes for a device, in any folder and any case."""
_LONGEST: Final = 64
"""Characters of a folder's name. Windows takes paths of 260 in all: with the rest of a path below
an archive, at most 98, this leaves more than 90 for where the archive is."""
_SET_NAME: Final = 24
"""Characters of a prediction set's name that the name of its file has, for the same reason."""


def folder_of(key: RecordKey) -> str:
    """The folder of what is about a model or a project, below the archive, with `/`.

    Prediction sets lie in that of their project; where nobody said in which region and account that
    is, in a folder of its name alone.
    """
    parts = key.project_key if isinstance(key, PredictionSetKey) else key
    # Every part has passed the pattern of an ARN: no separator in it, never dots alone.
    return "/".join(folder_name(str(part)) for part in parts if part != "")


def folder_name(part: str) -> str:
    """A part of an ARN as a folder's name that every system takes.

    `CON` → `_CON`; a name that is too long is cut, and a digest of it tells it from others. Two
    names may still be one folder, where `Cap` and `cap` are the same: no harm, for the files in it
    say themselves whose they are.
    """
    if _DEVICE.fullmatch(part):
        return f"_{part}"  # no name of the service begins so
    if len(part) <= _LONGEST:
        return part
    digest = blake2b(part.encode(), digest_size=4).hexdigest()
    return f"{part[: _LONGEST - 9]}~{digest}"  # no name of the service has a ~ in it


def file_name(record: Record, digest: str) -> str:
    """The name of a record's file, by the digest of the file's content.

    That of a prediction set begins with its name, which its file has whole.
    """
    if isinstance(record.key, PredictionSetKey):
        return f"{record.form}-{record.key.name[:_SET_NAME]}-{digest}.jsonl"
    return f"{record.form}-{digest}.json"


def answer_of(record: Record) -> dict[str, Any]:
    """A record as the API's answer on the wire, or as the evaluation result that it is.

    The capture time goes where boto3 saves it too: into the response's date header.
    """
    answer = dict(record.body)
    if member := _MEMBERS.get(record.form):
        answer = {member: [record.body] if member == "Models" else record.body}
    if record.captured is not None:
        date = formatdate(record.captured, usegmt=True)
        answer["ResponseMetadata"] = {"HTTPHeaders": {"date": date}}
    return answer
