"""An endpoint on loopback that costs next to nothing: `python endpoint.py [SECONDS]`.

It answers every DescribeModel after SECONDS, with a model that is the same but for its version.
Models of the project `moving` are STARTING_HOSTING, those of any other TRAINED. The first line on
stdout is its URL; `GET /counts` says how many requests and connections there have been since it
was asked last.
"""

from __future__ import annotations

import asyncio
import json
import sys

BUCKET = "lookoutvision-us-east-1-1a2b3c4d5e"
MODEL = {
    "ModelVersion": "@",
    "ModelArn": "arn:aws:lookoutvision:us-east-1:111122223333:model/cap-seal/@",
    "CreationTimestamp": 1754296200.412,
    "Description": "august_relabel",
    "Status": "TRAINED",
    "StatusMessage": "Training completed successfully.",
    "Performance": {
        "F1Score": 0.8780487804878049,
        "Recall": 0.9,
        "Precision": 0.8571428571428571,
    },
    "OutputConfig": {"S3Location": {"Bucket": BUCKET, "Prefix": "cap-seal/output/"}},
    "EvaluationManifest": {
        "Bucket": BUCKET,
        "Key": "cap-seal/output/EvaluationManifest-cap-seal-@.json",
    },
    "EvaluationResult": {
        "Bucket": BUCKET,
        "Key": "cap-seal/output/EvaluationResult-cap-seal-@.json",
    },
    "EvaluationEndTimestamp": 1754299005.127,
    "MinInferenceUnits": 1,
    "MaxInferenceUnits": 4,
}
MOVING = {**MODEL, "Status": "STARTING_HOSTING", "StatusMessage": "The model is being started."}


def response(content: bytes) -> bytes:
    """A whole HTTP response."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


SETTLED_BODY = json.dumps({"ModelDescription": MODEL}).encode()
MOVING_BODY = json.dumps({"ModelDescription": MOVING}).encode()
counts = {"requests": 0, "connections": 0}


class Connection(asyncio.Protocol):
    """One connection; requests have no body, so each ends with its head."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.pending = b""
        self.counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self.pending = (self.pending + data).split(b"\r\n\r\n")
        for head in heads:
            if head.startswith(b"GET /counts"):
                self.transport.write(response(json.dumps(counts).encode()))
                counts.update(requests=0, connections=0)
                continue
            counts["requests"] += 1
            counts["connections"] += not self.counted
            self.counted = True
            path = head.split(b" ", 2)[1]
            body = MOVING_BODY if b"/projects/moving/" in path else SETTLED_BODY
            reply = response(body.replace(b"@", path.rpartition(b"/")[2]))
            if self.pause:
                asyncio.get_running_loop().call_later(self.pause, self.transport.write, reply)
            else:
                self.transport.write(reply)


async def serve(pause: float) -> None:
    """Answer until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(pause), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
