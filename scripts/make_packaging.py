"""How hosts find and start the server, made from one source.

`python scripts/make_packaging.py` writes packaging/manifest.json, server.json, docs/clients.md,
docs/iam-policy.json and claude_desktop_config.example.json; `--check` exits 1 and names what is
not current. `--bundle DIR` makes the Claude Desktop bundle DIR/lfv-mcp.mcpb, by the mcpb tool that
it installs below $LFV_TEST_CACHE (else .cache).
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lfv_mcp import __version__
from lfv_mcp.tools import TOOLS
from scripts.check_conformance import SCENARIOS, SUITE, UNCHECKED
from scripts.checks import ROOT, must, npm_prefix

NAME: Final = "io.github.lfv-mcp/lfv-mcp"
"""In the MCP registry; the README and the image say it too, which proves that they are ours."""
TITLE: Final = "Lookout for Vision models"
SHORT: Final = "lfv"
"""As hosts list it: they put it in front of every tool's name, and some cap the whole at 64."""
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "project"
]
MCPB: Final = "@anthropic-ai/mcpb@2.1.2"
BUNDLED: Final = ("pyproject.toml", "README.md", "LICENSE", "lfv_mcp", "prompts")
"""What uv needs to build and start the server on the user's machine."""


class Setting(NamedTuple):
    """An environment variable of the server. `asked` is its key where a host asks for it."""

    variable: str
    title: str
    description: str
    asked: str = ""
    form: str = "string"
    default: str = ""


SETTINGS: Final = (
    Setting(
        "LFV_SOURCE",
        "Source",
        "Where answers come from: sample, a directory of saved answers and evaluation files, "
        "s3://bucket/prefix, or live (an endpoint that speaks the API).",
        "source",
        default="sample",
    ),
    Setting("AWS_REGION", "AWS region", "Region of live calls and of S3.", "region"),
    Setting(
        "AWS_PROFILE",
        "AWS profile",
        "Profile whose credentials read S3 or a live endpoint; else the usual chain.",
        "profile",
    ),
    Setting(
        "AWS_ENDPOINT_URL_LOOKOUTVISION",
        "Endpoint",
        "URL of an endpoint that speaks the Lookout for Vision API.",
    ),
    Setting(
        "LFV_ALLOWED_BUCKETS", "Buckets", "The only S3 buckets to read, with commas between them."
    ),
    Setting("LFV_TIMEOUT", "Timeout", "Seconds for one question in all.", "", "number", "20"),
    Setting("LFV_LOG_LEVEL", "Log level", "What is logged to stderr.", default="WARNING"),
)

STDIO: Final[dict[str, Any]] = {
    "command": "uvx",
    "args": ["lfv-mcp"],
    "env": {"LFV_SOURCE": "sample"},
}
"""How every host starts the server."""


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


CURSOR: Final = (
    "https://cursor.com/en/install-mcp?"
    f"name={SHORT}&config={quote(base64.b64encode(compact(STDIO).encode()), safe='')}"
)
VS_CODE: Final = (
    "https://insiders.vscode.dev/redirect/mcp/install?"
    f"name={SHORT}&config={quote(compact(STDIO), safe='')}"
)
KIRO: Final = (
    f"https://kiro.dev/launch/mcp/add?name={SHORT}&config={quote(compact(STDIO), safe='')}"
)


def decoded(link: str) -> tuple[str, str, Any]:
    """Where a link goes, the server's name and its configuration."""
    parts = urlsplit(link)
    query = parse_qs(parts.query, strict_parsing=True)
    (name,), (config,) = query.pop("name"), query.pop("config")
    if query:
        raise ValueError(f"no host knows {sorted(query)}")
    if not config.startswith("{"):
        config = base64.b64decode(config, validate=True).decode()
    return f"{parts.netloc}{parts.path}", name, json.loads(config)


def shown(page: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every server that a page configures, by the heading that it stands under and its form."""
    for section in page.split("\n## ")[1:]:
        host = section.partition("\n")[0]
        for link in re.findall(r"\[Install in [^]]+\]\((\S+)\)", section):
            yield f"{host}, link", decoded(link)[2]
        for block in re.findall(r"(?ms)^```json\n(.*?)^```$", section):
            for servers in json.loads(block).values():
                yield f"{host}, file", servers[SHORT]


def manifest() -> dict[str, Any]:
    """The bundle's manifest: what Claude Desktop shows, asks and starts."""
    asked = [setting for setting in SETTINGS if setting.asked]
    return {
        "manifest_version": "0.4",
        "name": "lfv-mcp",
        "display_name": TITLE,
        "version": __version__,
        "description": PROJECT["description"],
        "author": {"name": PROJECT["authors"][0]["name"]},
        "license": PROJECT["license"],
        "keywords": PROJECT["keywords"],
        "server": {
            "type": "uv",
            "entry_point": "lfv_mcp/__main__.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", "lfv-mcp"],
                # What the user leaves empty arrives empty or unexpanded; both count as unset.
                "env": {s.variable: f"${{user_config.{s.asked}}}" for s in asked},
            },
        },
        "tools": [{"name": tool.name, "description": tool.description} for tool in TOOLS],
        "prompts_generated": True,
        "user_config": {
            setting.asked: {
                "type": "string",
                "title": setting.title,
                "description": setting.description,
                "required": False,
                **({"default": setting.default} if setting.default else {}),
            }
            for setting in asked
        },
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": PROJECT["requires-python"]},
        },
    }


def server_json() -> dict[str, Any]:
    """The entry in the MCP registry."""
    return {
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": NAME,
        "title": TITLE,
        "description": PROJECT["description"],
        "version": __version__,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": PROJECT["name"],
                "version": __version__,
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": [
                    {
                        "name": setting.variable,
                        "description": setting.description,
                        "isRequired": False,
                        "isSecret": False,
                        "format": setting.form,
                        **({"default": setting.default} if setting.default else {}),
                    }
                    for setting in SETTINGS
                ],
            }
        ],
    }


def iam_policy() -> dict[str, Any]:
    """Every API operation that the code calls, and no other; a test compares it with the code."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadModelsOnALiveEndpoint",
                "Effect": "Allow",
                "Action": [
                    "lookoutvision:DescribeModel",
                    "lookoutvision:DescribeProject",
                    "lookoutvision:ListModels",
                    "lookoutvision:ListProjects",
                ],
                # Listing takes no resource, and the others are not documented by resource.
                "Resource": "*",
            },
            {
                "Sid": "ReadSavedAnswersAndEvaluationFiles",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*",
            },
            {
                "Sid": "FindSavedAnswers",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::amzn-s3-demo-bucket",
            },
        ],
    }


def claude_desktop() -> dict[str, Any]:
    return {"mcpServers": {SHORT: STDIO}}


def vs_code() -> dict[str, Any]:
    return {"servers": {SHORT: {"type": "stdio", **STDIO}}}


def kiro() -> dict[str, Any]:
    names = [tool.name for tool in TOOLS]
    return {"mcpServers": {SHORT: {**STDIO, "disabled": False, "autoApprove": names}}}


def docker() -> dict[str, Any]:
    """The image on the user's machine, with an archive and credentials to read."""
    mounts = ["-v", "/path/to/archive:/archive:ro", "-v", "/path/to/.aws:/home/app/.aws:ro"]
    run = ["run", "-i", "--rm", "--init", *mounts, "-e", "LFV_SOURCE=/archive", "lfv-mcp"]
    return {"mcpServers": {SHORT: {"command": "docker", "args": run}}}


def pretty(value: object) -> str:
    """JSON for people: a list of texts that fits into a line stays in it."""

    def joined(found: re.Match[str]) -> str:
        line = re.sub(r"\s*\n\s*", " ", found[0]).replace("[ ", "[").replace(" ]", "]")
        return line if len(line) <= 80 else found[0]

    return re.sub(r'\[\s*\n(\s*"[^"]*",?\n)+\s*\]', joined, json.dumps(value, indent=2))


def fenced(value: object) -> str:
    return f"```json\n{pretty(value)}\n```"


def clients() -> str:
    """docs/clients.md."""
    environment = " ".join(f"--env {name}={value}" for name, value in STDIO["env"].items())
    start = " ".join([STDIO["command"], *STDIO["args"]])
    return f"""# Connect a client

Made by `python scripts/make_packaging.py`. The check `.ci/foreign` decodes every link, parses every
file, and starts the server that each names, but for Docker's.

All of them start the same server on the bundled sample. For your own models set `LFV_SOURCE` to a
directory of saved answers and evaluation files, or to `s3://bucket/prefix`, and `AWS_PROFILE` to a
profile that may read it ([iam-policy.json](iam-policy.json) is all that it needs; put your bucket
in it). Hosts start servers with a short PATH and from a directory of their own choice: if `uvx` is
not found, give its absolute path, or that of an installed `lfv-mcp` with empty `args`.

`uvx` runs the `lfv-mcp` that `uv tool install .` in a clone of the repository has installed; no
release is on PyPI yet. Once there is one it looks there when nothing is installed, and to stay with
a version say `lfv-mcp@{__version__}` instead of `lfv-mcp`.

## Claude Desktop

Open Settings, Developer, Edit Config (macOS: `~/Library/Application Support/Claude/`, Windows:
`%APPDATA%\\Claude\\`, file `claude_desktop_config.json`), merge this, then quit Claude fully and
start it again:

{fenced(claude_desktop())}

Or make a bundle, `python scripts/make_packaging.py --bundle dist`, and open `dist/lfv-mcp.mcpb`:
Claude Desktop asks for source, region and profile. The bundle is not signed.

## Claude Code

```sh
claude mcp add {environment} --scope user {SHORT} -- {start}
```

For a server that runs somewhere else, over HTTP:

```sh
claude mcp add --transport http {SHORT} http://127.0.0.1:8000/mcp
```

For everybody who opens a project, `.mcp.json` at its root:

{fenced(claude_desktop())}

## VS Code

[Install in VS Code]({VS_CODE})

Or `.vscode/mcp.json`:

{fenced(vs_code())}

## Cursor

[Install in Cursor]({CURSOR})

Or `~/.cursor/mcp.json`:

{fenced(claude_desktop())}

## Kiro

[Install in Kiro]({KIRO})

Or `~/.kiro/settings/mcp.json`; every tool only reads, so none needs approval:

{fenced(kiro())}

## Docker

```sh
docker build --tag lfv-mcp .
docker run -i --rm --init lfv-mcp
```

Any of the files above can start it. It runs as the user `app`, so that is whose home gets the
credentials:

{fenced(docker())}

The same check runs the image's install steps; it does not build the image itself.

## The protocol

`{SUITE}`, the official suite, asks
`lfv-mcp serve --transport http` in both revisions: `python scripts/check_conformance.py`. Scenarios
that are about nothing but tools of the suite's own are left out. The last column says what a
scenario does not show here:

{conformance()}
"""


def conformance() -> str:
    """What each scenario of the suite checks on this server, and what it does not."""
    rows = [
        f"| {revision} | {scenario} | {outcome.success} | {'yes' if outcome.wire_schema else 'no'} "
        f"| {UNCHECKED.get((revision, scenario), '')} |".replace("|  |", "| |")
        for revision, scenarios in SCENARIOS.items()
        for scenario, outcome in scenarios.items()
    ]
    head = "| revision | scenario | checks passed | every message's form among them | not checked |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def files() -> Mapping[Path, str]:
    """Every generated file, as it should be."""
    data = {
        "packaging/manifest.json": manifest(),
        "server.json": server_json(),
        "docs/iam-policy.json": iam_policy(),
        "claude_desktop_config.example.json": claude_desktop(),
    }
    made = {ROOT / name: pretty(value) + "\n" for name, value in data.items()}
    return made | {ROOT / "docs" / "clients.md": clients()}


def stale() -> list[str]:
    """The generated files that are not as they should be."""
    return [
        str(path.relative_to(ROOT))
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def bundle(into: Path) -> Path:
    """The Claude Desktop bundle, validated and packed."""
    mcpb = npm_prefix("mcpb", MCPB) / "node_modules" / ".bin" / "mcpb"
    packed = into / "lfv-mcp.mcpb"
    into.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        stage = Path(place)
        for name in BUNDLED:
            if (ROOT / name).is_dir():
                left_behind = shutil.ignore_patterns(".*", "__pycache__")
                shutil.copytree(ROOT / name, stage / name, ignore=left_behind)
            else:
                shutil.copy2(ROOT / name, stage / name)
        for name in ("manifest.json", ".mcpbignore"):
            shutil.copy2(ROOT / "packaging" / name, stage / name)
        must([mcpb, "validate", stage / "manifest.json"])
        must([mcpb, "pack", stage, packed])
    return packed


def main() -> int:
    """Write the files, compare them, or make the bundle."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="exit 1 if a file is not current")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="make DIR/lfv-mcp.mcpb")
    chosen = parser.parse_args()
    if chosen.check:
        for name in stale():
            sys.stderr.write(f"{name} is not current: run python scripts/make_packaging.py\n")
        return 1 if stale() else 0
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    if chosen.bundle:
        bundle(chosen.bundle)
    return 0


if __name__ == "__main__":
    sys.exit(main())
