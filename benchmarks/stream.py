"""A manifest of any size, read as a stream: `python stream.py BYTES` prints the peak in MiB."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from lfv_mcp.formats.decoding import read_chunks
from lfv_mcp.formats.evaluation_manifest import read_evaluation_manifest
from lfv_mcp.formats.manifest_lines import manifest_lines

LINE = (
    '{"source-ref":"s3://bucket/cap-seal/images/%07d.png","anomaly-label":1,'
    '"anomaly-label-metadata":{"class-name":"anomaly","type":"groundtruth/image-classification",'
    '"human-annotated":"yes","creation-date":"2025-03-03T00:00:00.000000"},'
    '"anomaly-label-detected":1,"anomaly-label-detected-metadata":{"class-name":"anomaly",'
    '"confidence":0.71,"type":"groundtruth/image-classification","human-annotated":"no",'
    '"model-arn":"arn:aws:lookoutvision:us-east-1:111122223333:model/cap-seal/1"}}\n'
)


class Stream(io.RawIOBase):
    """Lines, made as they are read."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.number = 0
        self.made = bytearray()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = min(size, self.left)
        while len(self.made) < size:
            self.number += 1
            self.made += (LINE % self.number).encode()
        data = bytes(self.made[:size])
        del self.made[:size]
        self.left -= size
        return data


if __name__ == "__main__":
    held = read_evaluation_manifest(manifest_lines(read_chunks(Stream(int(sys.argv[1])))))  # type: ignore[arg-type]
    assert held.confusion.true_positives
    # Not getrusage, whose peak survives exec: it may be that of the process which started us.
    status = Path("/proc/self/status").read_text()
    sys.stdout.write(f"{int(status.split('VmHWM:')[1].split()[0]) / 1024}\n")
