"""Requests to `lfv-mcp replay`: the API's reads, its refusals, and what is no request of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.transcript.cases.archives import DAMAGED, EMPTY, MIXED, SAMPLE, STATUSES, Held
from tests.transcript.web import Request

SOURCES: Final = (SAMPLE, MIXED, DAMAGED, STATUSES, EMPTY)
_API: Final = "/2020-11-20"


def signed(region: str, key: str = "any") -> dict[str, str]:
    """A signature of a region, with an access key id."""
    scope = f"{key}/20251101/{region}/lookoutvision/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    }


def _get(path: str, headers: dict[str, str] | None = None) -> Request:
    return Request("GET", f"{_API}{path}", headers or {})


def _reads(held: Held) -> Iterator[Request]:
    region = signed("us-east-1", "111122223333") if held is MIXED else signed("us-east-1")
    yield _get("/projects", region)
    for project in (*held.models, "no-models" if held is MIXED else "no-such-project"):
        yield _get(f"/projects/{project}", region)
        yield _get(f"/projects/{project}/models", region)
        yield _get(f"/projects/{project}/models/latest", region)
    for project, version in held.pairs:
        yield _get(f"/projects/{project}/models/{version}", region)
    project, _ = held.pair
    yield _get("/projects")
    yield _get(f"/projects/{project}/models/77", region)


def _twins() -> Iterator[Request]:
    signatures: tuple[dict[str, str], ...] = (
        {},
        signed("us-east-1"),
        signed("us-east-1", "111122223333"),
        signed("us-east-1", "444455556666"),
        signed("us-east-1", "999999999999"),
        signed("eu-west-1"),
        signed("us-west-2"),
        {"Authorization": "Bearer x"},
    )
    for headers in signatures:
        yield _get("/projects", headers)
        for path in ("/projects/twin", "/projects/twin/models", "/projects/twin/models/1"):
            yield _get(path, headers)


def _refused() -> Iterator[Request]:
    cap = "/projects/sample-cap-seal"
    for path in (
        *("/projects/", "/projects/-x", f"/projects/{'x' * 256}", "/projects/a%2Fb", "/projects/%"),
        *("/projects/%FF", f"{cap}/models/0", f"{cap}/models/03", f"{cap}/models/x", f"{cap}/x"),
        *(f"{cap}/models?maxResults={n}" for n in ("0", "101", "x", "", "-1", "3")),
        *("/projects?maxResults=0", "/projects?nextToken=zz", "/projects?nextToken=6162"),
        *(f"{cap}/models?nextToken={t}" for t in ("zz", "31", "3737", "")),
        *("", "/", "/nothing", f"/projects/{'x' * 17000}"),
        *(f"{cap}/datasets/train", f"{cap}/datasets/train/entries", f"{cap}/modelpackagingjobs"),
        *(f"{cap}/modelpackagingjobs/x", "/tags/arn"),
    ):
        yield _get(path)
    for method, path in (
        *(("POST", "/projects"), ("POST", f"{cap}/models"), ("POST", f"{cap}/datasets")),
        *(("POST", f"{cap}/models/3/{verb}") for verb in ("start", "stop", "detect")),
        *(("POST", f"{cap}/modelpackagingjobs"), ("POST", "/tags/arn"), ("DELETE", "/tags/arn")),
        *(("DELETE", cap), ("DELETE", f"{cap}/models/3"), ("DELETE", f"{cap}/datasets/train")),
        *(("PATCH", f"{cap}/datasets/train/entries"), ("PUT", cap), ("HEAD", f"{cap}/models/3")),
        ("OPTIONS", "/projects"),
    ):
        yield Request(method, f"{_API}{path}", signed("us-east-1"), b"{}" * (method == "POST"))
    yield Request("GET", "/")
    yield Request("GET", "/2019-01-01/projects")
    yield Request("GET", f"http://127.0.0.1{_API}/projects")
    yield _get("/projects", {"Host": "evil.example"})
    yield _get("/projects", {"Host": "localhost:1"})
    yield _get("/projects", {"Host": ""})


def requests(held: Held) -> list[Request]:
    """Every request to the replay of one source."""
    found = [*_reads(held)]
    if held is MIXED:
        found += _twins()
    if held is SAMPLE:
        found += _refused()
    return found


PAGED: Final = {
    SAMPLE.name: ("/projects", "/projects/sample-cap-seal/models"),
    STATUSES.name: ("/projects/line-1/models",),
    MIXED.name: ("/projects",),
}
"""Listings to walk through with maxResults 2."""


def page(path: str, token: str) -> Request:
    """The page of a listing that a token asks for."""
    more = f"&nextToken={token}" if token else ""
    return _get(f"{path}?maxResults=2{more}", signed("us-east-1"))
