"""What ListModels says of a model, kept for every record of an archive in packed form."""

from __future__ import annotations

import marshal
from typing import Any, Final, NewType

from lfv_mcp.formats.normalisation import proven_performance
from lfv_mcp.formats.recognition import Record
from lfv_mcp.identifiers import ModelKey

PackedMetadata = NewType("PackedMetadata", bytes)
"""A packed dict of JSON values: a fraction of the memory that its objects would take."""
_METADATA: Final = (
    "ModelVersion",
    "ModelArn",
    "CreationTimestamp",
    "Description",
    "Status",
    "StatusMessage",
    "Performance",
)
"""The members of ModelMetadata: what ListModels says of a model."""


def pack_metadata(record: Record) -> PackedMetadata:
    """What a listing would say of the record's model, packed; of a project everything."""
    return PackedMetadata(marshal.dumps(_listing_metadata(record)))


def unpack_metadata(packed: PackedMetadata) -> dict[str, Any]:
    """A new dict each time, so whoever gets one may change it."""
    # Packed by this process: nothing from a file or a network ever gets here.
    metadata: dict[str, Any] = marshal.loads(packed)  # noqa: S302 - see above
    return metadata


def _listing_metadata(record: Record) -> dict[str, Any]:
    body, key = record.body, record.key
    if not isinstance(key, ModelKey):
        return body
    if record.form in ("model", "listing"):
        return {name: body[name] for name in _METADATA if name in body}
    performance = proven_performance(body)
    proven = {"Performance": performance} if performance else {}
    return {"ModelVersion": key.model_version, "ModelArn": key.arn, **proven}
