"""A line of a pack's table: what a listing says of a file beside it, and whose file that is."""

from __future__ import annotations

import json
import marshal
from hashlib import blake2b
from typing import Final, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import JsonObject, is_object
from lfv_mcp.formats.predictions.prediction_set import content_of
from lfv_mcp.formats.recognition import Record
from lfv_mcp.formats.record import DATASET_KEY, RecordForm, RecordKey, predictions_record
from lfv_mcp.identifiers import ModelKey

COPIED_FORMS: Final = ("manifest", "predictions", "dataset")
"""Forms of records that are read by line, and that a pack copies beside its records."""
_ABOUT_DATASETS: Final = ("Form", "FirstImage")


class PackedFile(NamedTuple):
    """A file beside a pack's records.

    Args:
        name: its path relative to the pack, with `/`.
        size: its bytes.
        etag: what S3 calls its content.
        form: what record it is.
        key: whose.
        content: digest of what it was recognised by, as an index has it.
        about: of a prediction set its first line, of a dataset what its start tells, so that it is
            listed without being opened.
    """

    name: str
    size: int
    etag: str
    form: RecordForm
    key: RecordKey
    content: bytes
    about: JsonObject

    @classmethod
    def of(cls, record: Record) -> PackedFile:
        """The line that was recognised.

        Raises:
            UnrecognisedError: a member is missing, or is of no use.
        """
        body = record.body
        try:
            name, size, etag = body["Key"], body["Size"], body["ETag"]
            form, content = body["Form"], bytes.fromhex(body.get("Start", ""))
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable() from error
        if not (isinstance(name, str) and isinstance(size, int) and isinstance(etag, str)):
            raise _unusable()
        if name.startswith("/") or ".." in name.split("/"):
            raise _unusable()
        about = body.get("PredictionSet")
        if form == "predictions" and about is not None:
            said = predictions_record(about)
            return cls(name, size, etag, "predictions", said.key, record_digest(said), said.body)
        dataset = body.get("Dataset")
        if form == "dataset" and content and is_object(dataset):
            told = {member: dataset.get(member) for member in _ABOUT_DATASETS}
            if all(isinstance(value, str) for value in told.values()):
                return cls(name, size, etag, "dataset", DATASET_KEY, content, told)
        if form != "manifest" or not content or not isinstance(record.key, ModelKey):
            raise _unusable()
        return cls(name, size, etag, "manifest", record.key, content, {})

    def as_line(self) -> bytes:
        """The line of the table."""
        body: JsonObject = {
            "Key": self.name,
            "Size": self.size,
            "ETag": self.etag,
            "Form": self.form,
        }
        if isinstance(self.key, ModelKey):
            body |= {"ModelArn": self.key.arn, "Start": self.content.hex()}
        elif self.form == "dataset":
            body |= {"Dataset": self.about, "Start": self.content.hex()}
        else:
            body |= {"PredictionSet": self.about}
        return json.dumps({"PackedFile": body}, separators=(",", ":"), sort_keys=True).encode()


def _unusable() -> UnrecognisedError:
    return UnrecognisedError("a line about a packed file that cannot be used", corrupt=True)


def digest_of(data: bytes) -> bytes:
    """Eight bytes that stand for a content, as an index has them of a manifest."""
    return blake2b(data, digest_size=8).digest()


def record_digest(record: Record) -> bytes:
    """What a record says, as eight bytes, however it was spelled.

    That of a prediction set has a digest of its lines; a copy from elsewhere is no other content.
    """
    body = record.body
    if record.form == "predictions":
        body = content_of(body)
    return digest_of(marshal.dumps(body, 2))  # from version 3 on equal values may differ
