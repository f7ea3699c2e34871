"""Commands at the command line, by area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.transcript.cases.archives import ALL, EMPTY, MIXED, SAMPLE, STATUSES, arn
from tests.transcript.commands import Command

Sequences = Sequence[Sequence[Command]]
_CAP: Final = "sample-cap-seal"
_MIXED: Final = MIXED.source
_DAMAGED: Final = "<work>/archives/damaged"
_NOBODY: Final = "http://127.0.0.1:9"
"""An endpoint that does not answer: port 9 is closed everywhere."""
_CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_ENDPOINT_URL_S3": _NOBODY,  # who has credentials asks S3, and no network is to be asked
}
_LIVE: Final = _CREDENTIALS | {"AWS_REGION": "us-east-1"}


def _each(*lines: str) -> list[list[Command]]:
    """Commands that do not know of each other."""
    return [[Command(line)] for line in lines]


def _with(line: str, **environment: str) -> list[Command]:
    return [Command(line, environment)]


def _top() -> Sequences:
    """The page that names the commands: another command changes it and nothing else here."""
    return _each("--help", "-h", "--version", "no-such-command", "--no-such-flag", "")


def _help() -> Sequences:
    commands = ("serve", "describe", "list", "evaluate", "compare", "replay", "doctor", "archive")
    return _each(
        *(f"{name} --help" for name in commands),
        *(f"archive {name} --help" for name in ("import", "export", "check")),
        *("describe", "evaluate", "compare", f"compare {_CAP}", "archive", "archive import"),
        *("archive import x", "archive check", "archive export", "archive no-such-command"),
        *("describe a b c", "list a b", "describe --no-such-flag", "replay x", "doctor x"),
    )


def _describe() -> Sequences:
    return _each(
        f"describe {_CAP}",
        f"describe {_CAP} latest",
        f"describe {_CAP} 1",
        *(
            f"describe {project} --source {held.source}"
            for held in ALL[1:3]
            for project in held.models
        ),
        f"describe {_CAP} 3 --json",
        f"describe {arn(_CAP, 3)}",
        f"describe {arn(_CAP)} 2",
        f"describe {arn(_CAP, 3)} 2",
        f"describe {_CAP} 77",
        f"describe {_CAP} x",
        f"describe {_CAP} 77 --json",
        "describe sample-cap-seel",
        "describe no/slash",
        f"describe {_CAP} --source {EMPTY.source}",
        f"describe twin --json --source {_MIXED}",
        f"describe line-1 5 --json --source {STATUSES.source}",
        *(f"describe line-1 {version} --source {STATUSES.source}" for version in (3, 5)),
    )


def _list() -> Sequences:
    return _each(
        *(f"list --source {held.source}" for held in ALL),
        "list --json",
        f"list --json --source {EMPTY.source}",
        f"list {_CAP}",
        f"list {_CAP} --json",
        f"list {arn(_CAP)}",
        "list --status HOSTED",
        "list --status TRAINING_FAILED --json",
        f"list {_CAP} --status TRAINED",
        f"list --status DELETING --source {STATUSES.source}",
        "list --status hosted",
        "list no-such-project",
        "list no/slash",
        f"list twin --source {_MIXED}",
        f"list --source {_MIXED}/list-models.json",
        # More than fits one page of 100.
        "list --source <work>/archives/many",
        "list --json --source <work>/archives/many",
    )


def _evaluate() -> Sequences:
    return _each(
        *(f"evaluate {project} {versions[-1]}" for project, versions in SAMPLE.models.items()),
        *(f"evaluate {_CAP} {version}" for version in (1, 3)),
        *(
            f"evaluate {project} {version} --source {held.source}"
            for held in ALL[1:]
            for project, version in held.pairs
            if project in ("cap-seal", "files-only", "good", "unusable", "without-result")
            or (project, version) in (("line-1", "3"), ("line-1", "5"))
        ),
        f"evaluate {_CAP} 3 --json",
        f"evaluate {_CAP} 3 --defect-rate 0.01",
        f"evaluate {_CAP} 3 --threshold 0.8 --examples 0",
        f"evaluate {_CAP} 3 --threshold 0.2 --defect-rate 0.001 --examples 20",
        f"evaluate {_CAP} 3 --threshold 0.8 --defect-rate 0.001 --json",
        f"evaluate {_CAP} 3 --defect-rate 0.01 --cost-of-escape 10 --cost-of-false-reject 1",
        f"evaluate {_CAP} 3 --cost-of-escape 10 --cost-of-false-reject 1",
        f"evaluate {_CAP} 3 --cost-of-escape 10",
        f"evaluate {_CAP} 3 --recall-at-least 0.7 --false-alarms-at-most 0.03",
        f"evaluate {_CAP} 3 --recall-at-least 0.9 --threshold 0.4 --json",
        f"evaluate {_CAP} 3 --defect-rate 0.3",
        f"evaluate {_CAP} 3 --defect-rate 2",
        f"evaluate {_CAP} 3 --defect-rate x",
        f"evaluate {_CAP} 3 --threshold -1",
        f"evaluate {_CAP} 3 --examples 21",
        f"evaluate {_CAP} 3 --examples x",
        f"evaluate {arn(_CAP, 3)}",
        f"evaluate {_CAP} 77",
    )


def _gate() -> Sequences:
    weld = "gate sample-weld-bead 3"
    return _each(
        f"{weld} --source sample --recall-at-least 0.8 --false-alarms-at-most 0.2",
        f"{weld} --source sample --recall-at-least 0.9 --json",
        f"{weld} --source sample --baseline 1 --better",
        f"{weld} --source sample --baseline 2",
        f"{weld} --recall-at-least 0.8",
        f"{weld} --source sample",
        f"{weld} --source sample --better",
        "gate sample-weld-bead 77 --source sample --recall-at-least 0.8",
        "gate sample-label-check 3 --source sample --baseline 1 --json",
    )


def _compare() -> Sequences:
    return _each(
        f"compare {_CAP} 1 3",
        f"compare {_CAP} 3 1",
        f"compare {_CAP} 1 2 3 4 5",
        f"compare {_CAP} 1 latest --json",
        f"compare {_CAP} 1",
        f"compare {_CAP} 1 1",
        f"compare {_CAP} 1 77",
        "compare sample-weld-bead 1 2 3 4",
        "compare sample-weld-bead 2 3",
        "compare sample-weld-bead 2 3 --recall-margin 0.02 --false-alarm-margin 0.1 --examples 1",
        "compare sample-weld-bead 2 3 --recall-margin 0.3",
        "compare sample-weld-bead 3 4",
        "compare sample-pcb-top 1 2",
        "compare sample-label-check 1 2 3",
        f"compare cap-seal 1 2 3 4 --source {_MIXED}",
        f"compare {arn(_CAP, 3)} 1 2",
        f"compare {arn(_CAP, 3)} 1 3",
    )


def _html() -> Sequences:
    out = "<work>/out"
    made = [
        (f"describe {_CAP} 3", "describe.html"),
        (f"evaluate {_CAP} 3 --defect-rate 0.01", "evaluate.html"),
        (f"compare {_CAP} 1 3", "compare.html"),
        (f"describe cap-seal 1 --source {_MIXED}", "mixed.html"),
        (f"describe line-1 3 --source {STATUSES.source}", "failed.html"),
        (f"describe sample-panel-paint --html {out}/json.html --json", "json.html"),
    ]
    return [
        *(
            [
                Command(
                    line if "--html" in line else f"{line} --html {out}/{name}",
                    leaves=f"{out}/{name}",
                )
            ]
            for line, name in made
        ),
        *_each(
            f"describe {_CAP} --html <work>/no-such-folder/x.html",
            f"describe {_CAP} --html <work>/out",
            f"describe {_CAP} 77 --html <work>/out/never.html",
        ),
    ]


def _settings() -> Sequences:
    ask = f"describe {_CAP} 1"
    return [
        *_each(
            f"{ask} --timeout 0",
            f"{ask} --timeout 3601",
            f"{ask} --timeout x",
            f"{ask} --log-level LOUD",
            f"{ask} --log-level debug",
            f"{ask} --source <work>/no-such-folder",
            f"{ask} --source s3://",
            f"{ask} --source s3://No_Bucket/prefix",
            f"{ask} --source live",
            f"{ask} --region mars",
            f"{ask} --source live --region mars",
            f"{ask} --source live --region us-east-1",
            f"{ask} --allowed-bucket other",
            f"{ask} --profile no-such-profile",
            "list --source s3://some-bucket/x --allowed-bucket other",
            "list --source s3://some-bucket/x --region us-east-1",
            "list --source live --region us-east-1 --profile no-such-profile",
        ),
        _with(ask, LFV_SOURCE="", LFV_TIMEOUT="", LFV_LOG_LEVEL="", AWS_PROFILE="", AWS_REGION=""),
        _with(
            ask,
            LFV_SOURCE="${LFV_SOURCE}",
            LFV_TIMEOUT="${LFV_TIMEOUT}",
            LFV_LOG_LEVEL="${X:-}",
            LFV_ALLOWED_BUCKETS="${X}",
            AWS_PROFILE="${AWS_PROFILE}",
            AWS_ENDPOINT_URL_LOOKOUTVISION="${X}",
        ),
        _with(ask, LFV_TIMEOUT="soon"),
        _with(ask, LFV_TIMEOUT="-1"),
        _with(ask, LFV_LOG_LEVEL="LOUD"),
        _with(ask, FASTMCP_LOG_LEVEL="LOUD"),
        _with(ask, LFV_LOG_LEVEL="error", FASTMCP_LOG_LEVEL="LOUD"),
        _with(ask, LFV_SOURCE="<work>/no-such-folder"),
        _with(f"{ask} --source sample", LFV_SOURCE="<work>/no-such-folder"),
        _with("list", LFV_SOURCE=_MIXED, LFV_ALLOWED_BUCKETS="a,b"),
        _with("evaluate cap-seal 2", LFV_SOURCE=_MIXED, LFV_ALLOWED_BUCKETS="a, ${b}"),
        _with("evaluate cap-seal 4", LFV_SOURCE=_MIXED, **_LIVE, LFV_ALLOWED_BUCKET="other"),
        _with("list", AWS_ENDPOINT_URL_LOOKOUTVISION="not a URL", **_LIVE),
        _with("list", AWS_ENDPOINT_URL_LOOKOUTVISION=_NOBODY, **_LIVE),
        _with("list", LFV_SOURCE="s3://some-bucket/x", **_LIVE),
        _with("evaluate cap-seal 2", LFV_SOURCE=_MIXED, **_LIVE),
    ]


def _serve() -> Sequences:
    http = "serve --transport http --port 0"
    auth = "--auth-issuer https://issuer.example"
    keys = "--auth-jwks-url https://issuer.example/keys"
    return [
        *_each(
            "serve",
            "serve --transport stdio",
            "serve --transport carrier-pigeon",
            "serve --source <work>/no-such-folder",
            "serve --transport http --port x",
            "serve --transport http --port 65536",
            f"{http} --host 0.0.0.0",
            f"{http} --behind-gateway --host 192.0.2.1",
            f"{http} --allowed-host https://x",
            f"{http} --allowed-origin x",
            f"{http} --behind-gateway --allowed-origin https://app.example",
            f"{http} --public-url http://mcp.example/mcp",
            f"{http} --public-url https://user@mcp.example/mcp",
            f"{http} {auth}",
            f"{http} {keys}",
            f"{http} --auth-scope lfv.read",
            f"{http} {auth} --auth-jwks-url http://issuer.example/keys",
            f"{http} --auth-issuer issuer.example {keys}",
            f"{http} {auth} {keys} --auth-algorithm HS256",
            f"{http} {auth} {keys} --host 0.0.0.0",
            "replay --host 0.0.0.0",
            "replay --port 65536",
            "replay --port x",
            "replay --source live",
            "replay --source <work>/no-such-folder",
            "replay --allow-remote --host 192.0.2.1",
        ),
        _with("serve", LFV_TRANSPORT="carrier-pigeon"),
        _with("serve", LFV_TRANSPORT="http", LFV_PORT="x"),
        _with("serve", LFV_TRANSPORT="http", LFV_PORT="0", LFV_BEHIND_GATEWAY="perhaps"),
        _with("serve", LFV_TRANSPORT="http", LFV_PORT="0", LFV_AUTH_SCOPES="lfv.read"),
        _with("serve", LFV_TRANSPORT="http", LFV_PORT="0", LFV_HOST="0.0.0.0"),
        _with("serve", LFV_TRANSPORT="${X}", LFV_PORT="${X}"),
    ]


def _archive() -> Sequences:
    out = "<work>/out"

    def imported(name: str, *sources: str) -> list[Command]:
        target = f"{out}/{name}"
        line = f"archive import {' '.join(sources)} --to {target}"
        return [
            Command(line, leaves=target),
            Command(line, leaves=target),
            Command(f"archive check {target}"),
            Command(f"list --source {target}"),
        ]

    return [
        *_each(
            *(f"archive check {held.source}" for held in ALL[1:]),
            "archive check <work>/archives/many",
            f"archive check {_DAMAGED}/foreign",
            f"archive check {_DAMAGED}/foreign/notes.txt",
            "archive check <work>/no-such-folder",
            "archive check s3://some-bucket/x",
            "archive check <work>/archives/linked",
        ),
        imported("mixed", _MIXED),
        imported("damaged", _DAMAGED),
        imported("statuses", STATUSES.source),
        imported("several", _DAMAGED, STATUSES.source, f"{_MIXED}/list-models.json"),
        imported("nothing", EMPTY.source),
        imported("foreign", f"{_DAMAGED}/foreign"),
        imported("linked", "<work>/archives/linked"),
        *_each(
            f"archive import <work>/no-such-folder --to {out}/never",
            f"archive import {_MIXED} --to {_MIXED}/list-models.json",
            f"archive import s3://some-bucket/x --to {out}/never-s3",
        ),
    ]


def _datasets() -> Sequences:
    folder, out = "<work>/archives/datasets", "<work>/out"
    train, test = f"{folder}/train.manifest", f"{folder}/test.manifest"

    def converted(successor: str, *flags: str) -> list[Command]:
        target = f"{out}/{successor}"
        line = f"dataset convert {folder}/clean.csv --format {successor} --to {target}"
        return [Command(" ".join((line, *flags)), leaves=target)]

    return [
        *_each(
            "inventory",
            "inventory sample-cap-seal --json",
            "inventory no-such-project",
            f"inventory --source {folder}",
            f"inventory --source {_MIXED} --images <work>/archives",
            f"dataset check {train} --test {test}",
            f"dataset check {train} --test {test} --json",
            f"dataset check {folder}/clean.csv",
            f"dataset check {train} --against sample-cap-seal 3",
            f"dataset check {folder}/none",
            f"archive check {folder}",
            f"dataset convert {train} --format sagemaker --to {out}/never",
        ),
        converted("sagemaker", "--without-masks"),
        converted("dda", "--mask-size", "640x480"),
        converted("anomalib", "--rewrite", "s3://caps-bucket/=/data/", "--leave-out"),
    ]


def _live() -> Sequences:
    """Against `lfv-mcp replay`, which plays the service."""
    out = "<work>/out"
    sample = _LIVE | {"AWS_ENDPOINT_URL_LOOKOUTVISION": "<replay-sample>"}
    mixed = _LIVE | {"AWS_ENDPOINT_URL_LOOKOUTVISION": "<replay-mixed-spellings>"}
    other = mixed | {"AWS_ACCESS_KEY_ID": "444455556666"}
    exported = f"archive export --source live --to {out}/exported"
    return [
        [
            Command(exported, mixed | {"AWS_ACCESS_KEY_ID": "111122223333"}, f"{out}/exported"),
            Command(exported, mixed | {"AWS_ACCESS_KEY_ID": "111122223333"}, f"{out}/exported"),
            Command(f"archive check {out}/exported"),
        ],
        [Command(f"archive export --to {out}/whole", sample, f"{out}/whole")],
        [Command(f"archive export --to {out}/twice", mixed, f"{out}/twice")],
        *_each(f"archive export --to {out}/never-export"),
        [Command("archive export --source sample --to never", sample)],
        [
            Command(
                f"archive export --source live --to {out}/nobody",
                _LIVE | {"AWS_ENDPOINT_URL_LOOKOUTVISION": _NOBODY},
            )
        ],
        [Command("list", sample)],
        [Command("list --json", mixed)],
        [Command("list", other)],
        [Command(f"describe {_CAP} 3 --json", sample)],
        [Command(f"describe {_CAP} 77", sample)],
        [Command("describe twin", mixed)],
        [Command("describe twin", other)],
        [Command("describe files-only 7", mixed)],
        [Command("describe cap-seal 4 --json", mixed)],
        [Command("describe cap-seal --region eu-west-1", mixed)],
        [Command(f"evaluate {_CAP} 3", sample)],
        [Command("list --source sample", sample)],
        [Command("doctor", sample)],
        [Command("doctor", mixed)],
    ]


def _doctor() -> Sequences:
    return [
        *_each(
            *(f"doctor --source {held.source}" for held in ALL),
            "doctor",
            "doctor --source live",
            "doctor --source live --region us-east-1",
            "doctor --source <work>/no-such-folder",
            "doctor --source s3://some-bucket/x",
            "doctor --profile no-such-profile --source <work>/archives/statuses",
        ),
        _with("doctor", LFV_SOURCE="", AWS_PROFILE="${AWS_PROFILE}", LFV_TIMEOUT="30"),
        _with("doctor", LFV_SUORCE="x", LFV_COLOUR="blue", LFV_ALLOWED_BUCKET="one"),
        _with("doctor", LFV_TIMEOUT="x"),
        _with("doctor", LFV_SOURCE=_MIXED, **_CREDENTIALS),
        _with("doctor", AWS_ENDPOINT_URL_LOOKOUTVISION="http://user:secret@127.0.0.1:9/?k=v"),
        _with("doctor", AWS_ENDPOINT_URL_LOOKOUTVISION=_NOBODY, **_LIVE),
    ]


def areas() -> dict[str, Sequences]:
    """Every area of the command line."""
    return {
        "cli-top": _top(),
        "cli-help": _help(),
        "cli-describe": _describe(),
        "cli-list": _list(),
        "cli-evaluate": _evaluate(),
        "cli-compare": _compare(),
        "cli-gate": _gate(),
        "cli-html": _html(),
        "cli-settings": _settings(),
        "cli-serve": _serve(),
        "cli-archive": _archive(),
        "cli-datasets": _datasets(),
        "cli-live": _live(),
        "cli-doctor": _doctor(),
    }
