"""Every area of the transcript, and how each is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from tests.transcript import commands, conversation, wire
from tests.transcript.cases import archives, cli, http, replay, surface, tools
from tests.transcript.cases import wire as lines
from tests.transcript.form import as_json
from tests.transcript.tokens import AUDIENCE, ISSUER, SCOPE, issuer
from tests.transcript.web import Server, listening, send, send_all
from tests.transcript.world import World, world

Recordings = dict[str, str]
_SERVE: Final = ("serve", "--transport", "http", "--source", "sample")


def _asks(held: archives.Held) -> dict[str, list[conversation.Ask]]:
    return tools.areas(held) | surface.areas(held)


def _mcp(held: archives.Held, wanted: Collection[str], where: World) -> Recordings:
    """One source over stdio."""
    areas = {name: asks for name, asks in _asks(held).items() if name in wanted}
    found = conversation.record(where, held.source, areas)
    found[f"sessions-{held.name}"] = found.pop("sessions")
    return found


def _command_line(name: str, where: World) -> Recordings:
    sequences = cli.areas()[name]
    if name != "cli-live":
        return {name: commands.record(where, sequences)}
    with ExitStack() as running:
        for held in (archives.SAMPLE, archives.MIXED):
            flags = ("replay", "--source", held.source)
            server = running.enter_context(listening(where, *flags, ready="stdout"))
            where.place(f"<replay-{held.name}>", server.url)
        return {name: commands.record(where, sequences)}


def _replay(held: archives.Held, where: World) -> Recordings:
    with listening(where, "replay", "--source", held.source, ready="stdout") as server:
        talk = send_all(server, replay.requests(held))
        for path in replay.PAGED.get(held.name, ()):
            talk += _pages(server, path)
        process = server.end()
    return {f"replay-{held.name}": where.normalise(as_json({"talk": talk, "process": process}))}


def _pages(server: Server, path: str) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    token = ""
    while not pages or token:
        pages.append(send(server, replay.page(path, token)))
        token = pages[-1]["answer"].get("NextToken", "")
    return pages


def _http(name: str, where: World) -> Recordings:
    with ExitStack() as running:
        flags: tuple[str, ...] = ()
        if name == "http-plain":
            asked = http.plain()
        elif name == "http-site":
            flags, asked = http.SITE, http.site()
        else:
            url, tokens = running.enter_context(issuer())
            where.normalise.learn(url, "<keys>")
            if name == "http-keys-unavailable":
                url, tokens = "http://127.0.0.1:9/keys", {"good": tokens["good"]}
            flags = ("--auth-issuer", ISSUER, "--auth-jwks-url", url, "--auth-scope", SCOPE)
            flags = (*flags, "--auth-audience", AUDIENCE)
            asked = http.guarded(tokens)
        server = running.enter_context(listening(where, *_SERVE, *flags, ready="stderr"))
        talk = send_all(server, asked)
        process = server.end()
    return {name: where.normalise(as_json({"flags": flags, "talk": talk, "process": process}))}


def _wire(where: World) -> Recordings:
    return {"wire": wire.record(where, lines.conversations())}


_HTTP: Final = ("http-plain", "http-site", "http-auth", "http-keys-unavailable")


def names() -> list[str]:
    """Every area, in the order of the files."""
    found = ["wire", *_HTTP, *cli.areas()]
    for held in archives.ALL:
        found += [*_asks(held), f"sessions-{held.name}"]
    return sorted([*found, *(f"replay-{held.name}" for held in replay.SOURCES)])


def suffix(name: str) -> str:
    """How the recording's file ends."""
    return "txt" if name.startswith("cli-") else "json"


def record(wanted: Collection[str]) -> Recordings:
    """Record these areas, as many at one time as the machine carries."""
    jobs: list[Callable[[World], Recordings]] = []
    if "wire" in wanted:
        jobs.append(_wire)
    jobs += [partial(_http, name) for name in _HTTP if name in wanted]
    jobs += [partial(_command_line, name) for name in cli.areas() if name in wanted]
    for held in archives.ALL:
        if any(name in wanted for name in (*_asks(held), f"sessions-{held.name}")):
            jobs.append(partial(_mcp, held, wanted))
        if f"replay-{held.name}" in wanted:
            jobs.append(partial(_replay, held))
    with world() as where, ThreadPoolExecutor(len(jobs) or 1, "area") as pool:
        make_more_archives(where)
        found: Recordings = {}
        for done in [pool.submit(job, where) for job in jobs]:
            found |= done.result()
    return {name: text for name, text in found.items() if name in wanted}


def make_more_archives(where: World) -> None:
    """Archives that are better made than kept: a long listing, and links that lead out."""
    many = where.folder / "archives" / "many"
    many.mkdir()
    models = [
        {
            "ModelArn": archives.arn(f"line-{number // 10:02}", number % 10 + 1),
            "ModelVersion": str(number % 10 + 1),
            "CreationTimestamp": 1750000000 + number,
            "Status": "TRAINED",
        }
        for number in range(230)
    ]
    (many / "list-models.json").write_text(json.dumps({"Models": models}), "utf-8")
    linked = where.folder / "archives" / "linked"
    linked.mkdir()
    inside = linked / "list-models.json"
    inside.write_text(json.dumps({"Models": models[:2]}), "utf-8")
    (linked / "to-a-file.json").symlink_to(inside)
    (linked / "leads-out.json").symlink_to(many / "list-models.json")
    (linked / "leads-nowhere.json").symlink_to(linked / "no-such-file.json")
    (linked / "folder-out").symlink_to(many)
