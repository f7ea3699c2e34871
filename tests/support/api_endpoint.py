"""An HTTP endpoint on loopback that answers as each test says: well, badly, or not at all.

A real socket, so that what is tested is what users run: boto3, its signing, its connection
pool and its parser. Nothing in here knows botocore.
"""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

API: Final = "/2020-11-20"
ACCESS_KEY: Final = "AKIAQ3EGRIEVOUSLYNOT"
SECRET_KEY: Final = "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"
SESSION_TOKEN: Final = "IQoJb3JpZ2luX2VjE" + "Hk/9zNotARealSessionToken+w" * 12 + "=="
_CREDENTIAL: Final = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    connection: int  # the client's port: the same number is the same connection

    @property
    def credential(self) -> tuple[str, str, str]:
        """Access key, region and service of the SigV4 signature."""
        found = _CREDENTIAL.search(self.headers.get("authorization", ""))
        assert found, f"unsigned request: {self.headers}"
        return found[1], found[2], found[3]


@dataclass(frozen=True)
class Reply:
    """One reply, and what goes wrong with it."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    pause: float = 0.0  # seconds of silence before the first byte
    drip: float = 0.0  # seconds before each byte of the body
    reset_after: int | None = None  # bytes of the body before the connection is reset


Answer = Callable[[Request], Reply]


def ok(body: object, **headers: str) -> Reply:
    """A JSON body; `_` in a header's name stands for `-`."""
    return Reply(
        json.dumps(body).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def api_error(
    status: int, code: str, message: str = "as it was told", /, **members: str | int
) -> Reply:
    """An error as rest-json has them; `Retry_After` goes where the API puts it, in a header."""
    headers = {"x-amzn-errortype": code}
    if "Retry_After" in members:
        headers["retry-after"] = str(members.pop("Retry_After"))
    return Reply(json.dumps({"Message": message} | members).encode(), status, headers)


def page(status: int, body: str = "<html><body>Please log in</body></html>") -> Reply:
    """What a proxy or gateway answers in the API's place."""
    return Reply(body.encode(), status, {"content-type": "text/html"})


def arn(project: str = "cap-seal", version: str = "3", region: str = "us-east-1") -> str:
    """A model's ARN."""
    return f"arn:aws:lookoutvision:{region}:111122223333:model/{project}/{version}"


def description(version: str = "3", /, **members: object) -> dict[str, Any]:
    """A TRAINED model of `cap-seal`, all 14 members; a member given as `...` is left out."""
    bucket, output = "lookoutvision-us-east-1-1a2b3c4d5e", "cap-seal/output/"
    body = {
        "ModelVersion": version,
        "ModelArn": arn(version=version),
        "CreationTimestamp": 1754296200.412,
        "Description": "august_relabel",
        "Status": "TRAINED",
        "StatusMessage": "Training completed successfully.",
        "Performance": {
            "F1Score": 0.8780487804878049,
            "Recall": 0.9,
            "Precision": 0.8571428571428571,
        },
        "OutputConfig": {"S3Location": {"Bucket": bucket, "Prefix": output}},
        "EvaluationManifest": {
            "Bucket": bucket,
            "Key": f"{output}EvaluationManifest-cap-seal-{version}.json",
        },
        "EvaluationResult": {
            "Bucket": bucket,
            "Key": f"{output}EvaluationResult-cap-seal-{version}.json",
        },
        "EvaluationEndTimestamp": 1754299005.127,
        "KmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "MinInferenceUnits": 1,
        "MaxInferenceUnits": 4,
    }
    return {k: v for k, v in (body | members).items() if v is not ...}


def healthy(request: Request) -> Reply:
    """`cap-seal` with versions 1 to 3, and no other project."""
    match request.path.removeprefix(API).split("/")[1:]:
        case ["projects"]:
            return ok({"Projects": [{"ProjectName": "cap-seal"}]})
        case ["projects", "cap-seal", "models"]:
            return ok({"Models": [{"ModelVersion": v, "Status": "TRAINED"} for v in "123"]})
        case ["projects", "cap-seal", "models", ("1" | "2" | "3") as version]:
            return ok({"ModelDescription": description(version)})
        case ["projects", "cap-seal", "models", version]:
            return api_error(
                404, "ResourceNotFoundException", ResourceId=version, ResourceType="MODEL"
            )
        case ["projects", name, *_]:
            return api_error(
                404, "ResourceNotFoundException", ResourceId=name, ResourceType="PROJECT"
            )
    return api_error(400, "ValidationException")


class Endpoint:
    """The endpoint. Set `answer` to script it; `requests` is what came in.

    Leaving it ends every connection and every thread, so that a test which made the client
    wait leaves nothing behind.
    """

    def __init__(self, answer: Answer = healthy) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="endpoint"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        for connection in list(self._sockets):
            _hang_up(connection)
        self._server.server_close()  # joins the threads of all connections

    @property
    def environment(self) -> dict[str, str]:
        """What somebody sets who has this endpoint, and credentials for it."""
        return {
            "AWS_ENDPOINT_URL_LOOKOUTVISION": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_SESSION_TOKEN": SESSION_TOKEN,
            "NO_PROXY": "127.0.0.1",
        }

    @property
    def paths(self) -> list[str]:
        """The path of every request so far, without the API's date."""
        return [r.path.removeprefix(API) for r in self.requests]

    def opened(self, connection: socket.socket) -> None:
        """A connection to end on leaving."""
        self._sockets.add(connection)
        if self.closing.is_set():
            _hang_up(connection)

    def closed(self, connection: socket.socket) -> None:
        """A connection that is no more."""
        self._sockets.discard(connection)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client may have been faster
        connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close joins them
    request_queue_size = 128

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what many of these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each small answer waits 40 ms for an acknowledgement
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.endpoint.opened(self.connection)

    def finish(self) -> None:
        self.server.endpoint.closed(self.connection)
        super().finish()

    def do_GET(self) -> None:
        endpoint = self.server.endpoint
        target = urlsplit(self.path)
        self.rfile.read(int(self.headers.get("content-length", "0")))
        request = Request(
            self.command,
            unquote(target.path),
            {name: values[-1] for name, values in parse_qs(target.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            self.client_address[1],
        )
        endpoint.requests.append(request)
        self._send(endpoint.answer(request), endpoint.closing)

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply, closing: threading.Event) -> None:
        if closing.wait(reply.pause):
            return
        self.send_response_only(reply.status)  # a date comes only from the reply
        length = str(len(reply.body))
        usual = {"content-type": "application/json", "content-length": length}
        for name, value in (usual | dict(reply.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        if reply.reset_after is not None:
            self.wfile.write(reply.body[: reply.reset_after])
            # Lingering for zero seconds turns a close into a reset; detached, it is a close now.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())
            self.close_connection = True
        elif reply.drip:
            for byte in reply.body:
                if closing.wait(reply.drip):
                    return
                self.wfile.write(bytes([byte]))
        else:
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: stderr belongs to pytest."""
