"""A line of a pack's table: what a listing says of a file beside it, and whose file that is."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import Record
from lfv_mcp.identifiers import ModelKey, ProjectKey


class PackedFile(NamedTuple):
    """A file beside a pack's records.

    Args:
        name: its path relative to the pack, with `/`.
        size: its bytes.
        etag: what S3 calls its content.
        form: what record it is.
        key: whose.
        content: digest of what it was recognised by, as an index has it.
    """

    name: str
    size: int
    etag: str
    form: str
    key: ModelKey | ProjectKey
    content: bytes

    @classmethod
    def of(cls, record: Record) -> PackedFile:
        """The line that was recognised.

        Raises:
            UnrecognisedError: a member is missing, or is of no use.
        """
        body = record.body
        try:
            name, size, etag = body["Key"], body["Size"], body["ETag"]
            form, content = body["Form"], bytes.fromhex(body["Start"])
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable() from error
        if not (isinstance(name, str) and isinstance(size, int) and isinstance(etag, str)):
            raise _unusable()
        if form != "manifest" or name.startswith("/") or ".." in name.split("/"):
            raise _unusable()
        return cls(name, size, etag, form, record.key, content)

    def as_line(self) -> bytes:
        """The line of the table."""
        body = {
            "Key": self.name,
            "Size": self.size,
            "ETag": self.etag,
            "Form": self.form,
            "ModelArn": self.key.arn,
            "Start": self.content.hex(),
        }
        return json.dumps({"PackedFile": body}, separators=(",", ":"), sort_keys=True).encode()


def _unusable() -> UnrecognisedError:
    return UnrecognisedError("a line about a packed file that cannot be used", corrupt=True)


def digest_of(data: bytes) -> bytes:
    """Eight bytes that stand for a content, as an index has them of a manifest."""
    return blake2b(data, digest_size=8).digest()
