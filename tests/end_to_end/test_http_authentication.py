"""Who may call: tokens of an issuer on loopback, over real HTTP, and what becomes of its keys."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import anyio
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.http.auth import JwtVerifier
from lfv_mcp.http.keys import DEFAULT_KEY_CACHE, KeyCachePolicy, KeysUnavailableError
from lfv_mcp.http.settings import HttpSettings
from tests.support.api_endpoint import Endpoint, Reply, ok, page
from tests.support.http_server import MODEL, call, send, served, started
from tests.support.oauth_issuer import (
    EC,
    ISSUER,
    METADATA,
    OTHER,
    RSA,
    SCOPE,
    URL,
    bearer,
    policy,
    published,
    token,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def issuer() -> Iterator[Endpoint]:
    """The issuer's key set; `requests` are the fetches."""
    with Endpoint(lambda _: published(one=RSA, two=EC)) as endpoint:
        yield endpoint


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def signed_with_the_public_key() -> str:
    """What a server that lets tokens choose their algorithm would take."""
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = part({"alg": "HS256", "kid": "one"}) + "." + token().split(".")[1]
    mac = hmac.digest(public, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def tampered() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{token(sub='root').split('.')[1]}.{signature}"


SOON: Final = int(time.time()) + 3000
UNPROVEN: Final[dict[str, str]] = {
    "garbage": "garbage",
    "expired": token(exp=SOON - 3600),
    "expired just now": token(exp=int(time.time()) - 2),
    "never expires": token(exp=...),
    "not yet valid": token(nbf=SOON),
    "wrong audience": token(aud="https://other.example/mcp"),
    "no audience": token(aud=...),
    "audience of no kind": token(aud={URL: 1}),
    "audience in a list of lists": token(aud=[[URL]]),
    "scopes of no kind": token(scope={SCOPE: 1}),
    "wrong issuer": token(iss="https://evil.example"),
    "issuer with a slash more": token(iss=f"{ISSUER}/"),
    "no issuer": token(iss=...),
    "HS256 with the public key": signed_with_the_public_key(),
    "no signature": jwt.encode({"iss": ISSUER, "aud": URL, "exp": SOON}, "", "none"),
    "algorithm not pinned": token(RSA, "one", "RS512"),
    "algorithm of another key": token(EC, "one", "ES256"),
    "signed by another key": token(OTHER),
    "unknown key": token(OTHER, "three"),
    "no key named": token(RSA, None),
    "tampered with": tampered(),
    "two parts": ".".join(token().split(".")[:2]),
    "deep header": base64.urlsafe_b64encode(b"[" * 20_000).decode() + ".e30.e30",
    "key id of no kind": part({"alg": "RS256", "kid": ["one"]}) + ".e30.e30",
    "not even ASCII": "\xff.\xff.\xff",
}
GOOD: Final[dict[str, str]] = {
    "RS256": token(),
    "ES256": token(EC, "two", "ES256"),
    "several audiences": token(aud=["https://other.example", URL]),
    "scopes in a list": token(scope=["a", SCOPE]),
    "clock ahead": token(iat=int(time.time()) + 20, nbf=int(time.time()) + 20),
}


@pytest.fixture(scope="module")
def guarded(sample: Catalog) -> Iterator[str]:
    """A server that takes tokens of a healthy issuer; its URL."""
    with (
        Endpoint(lambda _: published(one=RSA, two=EC)) as issuer,
        served(sample, HttpSettings(public_url=URL, policy=policy(issuer))) as url,
    ):
        yield url


@pytest.mark.parametrize("value", UNPROVEN.values(), ids=UNPROVEN.keys())
def test_what_proves_nothing(guarded: str, value: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = call(guarded, headers=bearer(value))
    assert reply.status == 401
    challenge = reply.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    for said in ('error="invalid_token"', f'resource_metadata="{METADATA}"', f'scope="{SCOPE}"'):
        assert said in challenge
    assert "token refused: " in caplog.text
    assert_not_told(value, caplog.text)


def assert_not_told(value: str, log: str) -> None:
    for piece in value.split("."):
        assert piece not in log or len(piece) < 8


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic YTpi"}, bearer("")])
def test_without_a_token(guarded: str, era: str, headers: dict[str, str]) -> None:
    for refused in (call(guarded, era=era, headers=headers), send(guarded, "POST", b"x" * 99)):
        assert refused.status == 401
        challenge = refused.headers["www-authenticate"]
        assert f'resource_metadata="{METADATA}"' in challenge
        assert f'scope="{SCOPE}"' in challenge


@pytest.mark.parametrize("scope", [..., "", "openid", "models:readonly", f"{SCOPE}x x{SCOPE}", 7])
def test_a_scope_is_missing(guarded: str, scope: object) -> None:
    if scope == 7:  # of no kind: then the token proves nothing
        assert call(guarded, headers=bearer(token(scope=scope))).status == 401
        return
    reply = call(guarded, headers=bearer(token(scope=scope)))
    assert reply.status == 403
    challenge = reply.headers["www-authenticate"]
    for said in ('error="insufficient_scope"', f'scope="{SCOPE}"', METADATA):
        assert said in challenge


@pytest.mark.parametrize("value", GOOD.values(), ids=GOOD.keys())
def test_what_is_good(guarded: str, era: str, value: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = call(guarded, era=era, headers=bearer(value))
    assert reply.status == 200
    assert reply.message["result"]["structuredContent"]["project_name"] == "sample-cap-seal"
    assert_not_told(value, caplog.text)


@pytest.mark.anyio
async def test_a_client_with_a_token(guarded: str, era: str) -> None:
    async with httpx2.AsyncClient(headers=bearer(token())) as http:
        transport = streamable_http_client(guarded, http_client=http)
        async with Client(transport, mode=era) as client:
            assert not (await client.call_tool("describe_model", MODEL)).is_error


def test_a_token_does_not_open_for_other_hosts(guarded: str) -> None:
    assert call(guarded, headers=bearer(token(), host="mcp.example.com")).status == 200
    assert call(guarded, headers=bearer(token(), host="evil.example")).status == 421
    assert call(guarded, headers=bearer(token(), origin="https://evil.example")).status == 403


def test_where_to_get_a_token(guarded: str) -> None:
    reply = send(guarded.replace("/mcp", "/.well-known/oauth-protected-resource/mcp"), "GET")
    assert reply.status == 200
    told = json.loads(reply.body)
    assert told["resource"] == URL
    assert told["authorization_servers"] == [ISSUER]
    assert told["scopes_supported"] == [SCOPE]


@pytest.mark.parametrize(
    ("public", "resource", "hosts"),
    [
        ("https://mcp.example.com", "https://mcp.example.com", ["mcp.example.com"]),
        (
            "https://MCP.Example.com:443/mcp",
            URL,
            ["mcp.example.com", "mcp.example.com:443", "MCP.EXAMPLE.COM"],
        ),
        ("https://mcp.example.com:8443/mcp", "https://mcp.example.com:8443/mcp", []),
    ],
)
def test_what_is_advertised_is_taken(
    sample: Catalog, issuer: Endpoint, public: str, resource: str, hosts: list[str]
) -> None:
    """Host, audience and issuer, whichever way the operator spells the URL."""
    bare = replace(policy(issuer), issuer="https://issuer.example")  # no slash at the end
    with served(sample, HttpSettings(public_url=public, policy=bare)) as url:
        challenge = call(url).headers["www-authenticate"]
        metadata = challenge.partition('resource_metadata="')[2].partition('"')[0]
        place = metadata.removeprefix(resource.removesuffix("/mcp"))
        told = json.loads(send(url.removesuffix("/mcp") + place, "GET").body)
        assert told["resource"] == resource
        assert told["authorization_servers"] == ["https://issuer.example"]
        for audience in (resource, public):
            good = token(aud=audience, iss="https://issuer.example")
            for host in hosts or ["mcp.example.com:8443"]:
                assert call(url, headers=bearer(good, host=host)).status == 200
            assert call(url, headers=bearer(good, host="mcp.example.org")).status == 421


# Providers differ


@pytest.mark.parametrize(
    ("changed", "claims", "status"),
    [
        # Amazon Cognito: an access token has `client_id` and no `aud`, an ID token the reverse.
        ({"audience_claim": "client_id"}, {"aud": ..., "client_id": "app"}, 200),
        ({"audience_claim": "client_id"}, {"aud": ..., "client_id": "other"}, 401),
        ({"audience_claim": "client_id"}, {"aud": "app", "client_id": ...}, 401),
        # Microsoft Entra: `scp`.
        ({"scope_claim": "scp"}, {"aud": "app", "scope": ..., "scp": SCOPE}, 200),
        ({"scope_claim": "scp"}, {"aud": "app"}, 403),
        ({}, {"aud": URL}, 401),
        ({"audiences": frozenset()}, {"aud": URL}, 200),
        ({"scopes": ()}, {"aud": "app", "scope": ...}, 200),
    ],
)
def test_claims(
    sample: Catalog,
    issuer: Endpoint,
    changed: Mapping[str, Any],
    claims: Mapping[str, Any],
    status: int,
) -> None:
    allowed = policy(issuer, **{"audiences": frozenset({"app", "app2"}), **changed})
    with served(sample, HttpSettings(public_url=URL, policy=allowed)) as url:
        assert call(url, headers=bearer(token(**claims))).status == status


# The issuer's keys


@pytest.mark.anyio
async def test_keys_are_fetched_once_for_all(issuer: Endpoint) -> None:
    verifier = JwtVerifier(policy(issuer), URL)
    good = token()

    async def verify() -> None:
        granted = await verifier.verify_token(good)
        assert granted
        assert (granted.client_id, granted.subject, granted.token) == ("agent", "somebody", "")
        assert granted.scopes == ["openid", SCOPE]

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(verify)
    assert len(issuer.requests) == 1


@pytest.mark.anyio
async def test_who_comes_while_keys_are_fetched_waits_for_them(issuer: Endpoint) -> None:
    issuer.answer = lambda _: replace(published(one=RSA), pause=0.6)
    verifier = JwtVerifier(policy(issuer), URL)
    good = token()

    async def verify(after: float) -> None:
        await anyio.sleep(after)
        assert await verifier.verify_token(good)

    async with anyio.create_task_group() as tasks:
        for after in (0, 0.1, 0.2, 0.4):
            tasks.start_soon(verify, after)
    assert len(issuer.requests) == 1


@pytest.mark.anyio
async def test_keys_that_come_too_late_are_not_taken(issuer: Endpoint) -> None:
    issuer.answer = lambda _: replace(published(one=RSA), drip=0.002)  # a second or more
    impatient = KeyCachePolicy(fetch_seconds=0.4, cooldown=0.0)
    verifier = JwtVerifier(policy(issuer, key_cache=impatient), URL)
    with pytest.raises(KeysUnavailableError):
        await verifier.verify_token(token())
    issuer.answer = lambda _: published(new=OTHER)
    rotated = token(OTHER, "new")
    assert await verifier.verify_token(rotated)
    await anyio.sleep(1.5)  # by now all of the old set has been sent
    assert await verifier.verify_token(rotated)
    assert await verifier.verify_token(token()) is None


@pytest.mark.anyio
async def test_a_caller_who_hangs_up_has_no_other_fetch_begun(issuer: Endpoint) -> None:
    issuer.answer = lambda _: replace(published(one=RSA), pause=30)
    verifier = JwtVerifier(policy(issuer), URL)
    for _ in range(3):
        with anyio.move_on_after(0.2), contextlib.suppress(KeysUnavailableError):
            await verifier.verify_token(token())
    assert len(issuer.requests) == 1


@pytest.mark.anyio
async def test_a_key_set_without_end_is_not_read_to_its_end(issuer: Endpoint) -> None:
    whole = published(one=RSA).body
    limit = DEFAULT_KEY_CACHE.max_bytes
    issuer.answer = lambda _: Reply(
        whole[:-1] + b" " * (DEFAULT_KEY_CACHE.max_bytes - len(whole)) + b"}"
    )
    assert await JwtVerifier(policy(issuer), URL).verify_token(token())
    issuer.answer = lambda _: Reply(whole[:-1] + b" " * limit + b"}")
    with pytest.raises(KeysUnavailableError):
        await JwtVerifier(policy(issuer), URL).verify_token(token())


def key_of(name: str, key: Any, **changed: object) -> dict[str, object]:
    """One key as it is published."""
    (data,) = json.loads(published(**{name: key}).body)["keys"]
    return {**data, **changed}


ODD: Final[dict[str, object]] = {
    **{"null": None, "a number": 7, "a text": "key", "a list": [], "empty": {}},
    "without its numbers": {"kty": "RSA"},
    "numbers of no kind": {"kty": "RSA", "n": 1, "e": 2, "kid": "x"},
    "algorithms in a list": {"kty": "RSA", "alg": ["RS256"]},
    "algorithm of no kind": {"kty": "EC", "alg": {}},
    "id of no kind": key_of("x", RSA, kid=["x"]),
    "for something else": key_of("one", EC, use="enc"),
    "the same id, of another kind": key_of("one", EC),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
@pytest.mark.anyio
async def test_a_key_that_cannot_be_read_spoils_no_other(issuer: Endpoint, odd: object) -> None:
    good = key_of("one", RSA)
    for keys in ([odd, good], [good, odd]):
        issuer.answer = partial(lambda reply, _: reply, ok({"keys": keys}))
        verifier = JwtVerifier(policy(issuer), URL)
        assert await verifier.verify_token(token())
        assert await verifier.verify_token(token(OTHER)) is None


@pytest.mark.anyio
async def test_a_key_without_an_id_is_for_tokens_that_name_none(issuer: Endpoint) -> None:
    key = key_of("one", RSA)
    del key["kid"]
    issuer.answer = lambda _: ok({"keys": [key]})
    verifier = JwtVerifier(policy(issuer), URL)
    assert await verifier.verify_token(token(RSA, None))
    assert await verifier.verify_token(token(OTHER, None)) is None
    assert await verifier.verify_token(token()) is None


@pytest.mark.anyio
async def test_unknown_keys_do_not_hammer_the_issuer(issuer: Endpoint) -> None:
    verifier = JwtVerifier(policy(issuer), URL)
    for number in range(100):
        assert await verifier.verify_token(token(OTHER, f"made-up-{number}")) is None
        assert await verifier.verify_token(token())
    assert len(issuer.requests) == 1


@pytest.mark.anyio
async def test_what_could_not_be_good_asks_for_no_key(issuer: Endpoint) -> None:
    verifier = JwtVerifier(policy(issuer), URL)
    for value in (signed_with_the_public_key(), token(RSA, "one", "RS512"), "a.b.c"):
        assert await verifier.verify_token(value) is None
    assert issuer.requests == []


@pytest.mark.anyio
async def test_a_rotated_key(issuer: Endpoint) -> None:
    verifier = JwtVerifier(policy(issuer, key_cache=KeyCachePolicy(cooldown=0.3)), URL)
    assert await verifier.verify_token(token())
    issuer.answer = lambda _: published(new=OTHER)
    rotated = token(OTHER, "new")
    assert await verifier.verify_token(rotated) is None  # so soon nobody looks again
    await anyio.sleep(0.4)
    assert await verifier.verify_token(rotated)
    assert await verifier.verify_token(token()) is None  # the old key is not kept
    assert len(issuer.requests) == 2


def test_a_rotated_key_over_http(sample: Catalog, issuer: Endpoint) -> None:
    patient = policy(issuer, key_cache=KeyCachePolicy(cooldown=1.0))
    with served(sample, HttpSettings(public_url=URL, policy=patient)) as url:
        assert call(url, headers=bearer(token())).status == 200
        issuer.answer = lambda _: published(new=OTHER)
        rotated = token(OTHER, "new")
        early = call(url, headers=bearer(rotated))
        assert early.status == 401
        assert 'error="invalid_token"' in early.headers["www-authenticate"]
        time.sleep(1.1)
        assert call(url, headers=bearer(rotated)).status == 200
        late = call(url, headers=bearer(token()))
        assert late.status == 401
        assert 'error="invalid_token"' in late.headers["www-authenticate"]


@pytest.mark.anyio
async def test_keys_are_looked_at_again_and_kept_through_an_outage(issuer: Endpoint) -> None:
    never_fresh = KeyCachePolicy(fresh_seconds=0.0, cooldown=0.0)
    verifier = JwtVerifier(policy(issuer, key_cache=never_fresh), URL)
    assert await verifier.verify_token(token())
    issuer.answer = lambda _: page(503)
    assert await verifier.verify_token(token())
    assert len(issuer.requests) == 2
    with pytest.raises(KeysUnavailableError):  # it may be new
        await verifier.verify_token(token(OTHER, "new"))


@pytest.mark.anyio
async def test_keys_are_not_kept_for_ever_through_an_outage(issuer: Endpoint) -> None:
    soon_stale = KeyCachePolicy(fresh_seconds=0.0, stale_seconds=0.2, cooldown=0.0)
    verifier = JwtVerifier(policy(issuer, key_cache=soon_stale), URL)
    assert await verifier.verify_token(token())
    issuer.answer = lambda _: page(503)
    await anyio.sleep(0.3)
    with pytest.raises(KeysUnavailableError):
        await verifier.verify_token(token())


@pytest.mark.parametrize(
    "broken",
    [
        page(500),
        page(200),
        ok([]),
        ok({"keys": []}),
        ok({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one", "alg": "HS256"}]}),
        replace(published(one=RSA), reset_after=40),
        replace(published(one=RSA), drip=0.1),
        replace(published(one=RSA), pause=30),
        Reply(b"", 302, {"location": "http://127.0.0.1:9/"}),
        Reply(b"[" * 100_000),
    ],
    ids=[
        *("500", "no JSON", "no object", "no keys", "a secret", "reset", "drip", "silence"),
        *("redirect", "deep"),
    ],
)
def test_an_issuer_in_trouble(sample: Catalog, issuer: Endpoint, broken: Reply) -> None:
    healthy = issuer.answer
    issuer.answer = lambda _: broken
    impatient = policy(issuer, key_cache=KeyCachePolicy(fetch_seconds=0.5, cooldown=1.0))
    with served(sample, HttpSettings(public_url=URL, policy=impatient)) as url:
        before = time.monotonic()
        reply = call(url, headers=bearer(token()))
        assert time.monotonic() - before < 2
        if b"oct" in broken.body:  # a key that is none of ours
            assert reply.status == 401
        else:
            assert (reply.status, reply.headers["retry-after"]) == (503, "1")
            assert "www-authenticate" not in reply.headers
        # Whoever does not come for answers about models is not kept waiting.
        assert send(url.replace("/mcp", "/healthz"), "GET", headers=bearer("x")).status == 200
        assert len(issuer.requests) == 1
        issuer.answer = healthy
        deadline = time.monotonic() + 10
        while call(url, headers=bearer(token())).status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_the_command(issuer: Endpoint) -> None:
    good, bad = token(), token(aud="https://other.example")
    with started(
        *("--source", "sample", "--host", "0.0.0.0", "--log-level", "DEBUG"),
        LFV_PUBLIC_URL=URL,
        LFV_AUTH_ISSUER=ISSUER,
        LFV_AUTH_JWKS_URL=f"{issuer.url}/keys",
        LFV_AUTH_SCOPES=SCOPE,
    ) as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        host = {"host": "mcp.example.com"}
        assert call(url, headers=bearer(good) | host).status == 200
        assert call(url, headers=bearer(bad) | host).status == 401
        assert call(url, headers=host).status == 401
        assert call(url, headers=bearer(good)).status == 421  # 127.0.0.1 is not its name
        code, said, _ = server.end()
    assert code == 0
    for value in (good, bad):
        assert_not_told(value, said)
