"""Packaged models in tests, as a training and a packaging job leave them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

MODEL: Final = "export_artifacts/mochi.pt"
MANIFEST: Final = "export_artifacts/manifest.json"


def edge_manifest(threshold: object = 0.7021560668945312, **members: Any) -> bytes:
    """A manifest.json as a packaging job wrote it; None leaves the threshold out."""
    stage = {"class_normal_ids": [1], "image_width": 1000, "image_height": 800, "type": "mochi"}
    document = {
        "model_graph": {
            "model_graph_type": "single_stage_model_graph",
            "stages": [stage if threshold is None else stage | {"threshold": threshold}],
            "image_level_classes": {"names": ["anomaly", "normal"], "normal_ids": [1]},
        },
        "compilable_models": [{"filename": "mochi.pt", "framework": "PYTORCH"}],
        "dataset": {"image_width": 1000, "image_height": 800},
    }
    return json.dumps(document | members).encode()


def training_members(manifest: bytes, model: bytes = b"weights") -> dict[str, bytes]:
    """What a training left, in the order of its names."""
    return {
        "config.yaml": b"dataset:\n  image_width: 1000\n",
        MANIFEST: manifest,
        MODEL: model,
        "mochi.json": b'{"stages": []}',
    }


def component_members(manifest: bytes, model: bytes = b"weights") -> dict[str, bytes]:
    """What a packaging job made for Greengrass."""
    return {"mochi/compiled.so": model, "mochi/compiled.params": b"p", "manifest.json": manifest}


def tarred(
    members: Mapping[str, bytes], mode: Literal["w", "w:gz", "w:bz2", "w:xz"] = "w:gz"
) -> bytes:
    """A tar archive of these members, in their order; the same bytes each time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    compress: Mapping[str, Callable[[bytes], bytes]] = {
        "w": bytes,
        "w:gz": lambda data: gzip.compress(data, mtime=0),
        "w:bz2": bz2.compress,
        "w:xz": lzma.compress,
    }
    return compress[mode](out.getvalue())


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these members, in their order; the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.writestr(info, data)
    return out.getvalue()
