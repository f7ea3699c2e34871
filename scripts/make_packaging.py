"""How hosts find and start the server, made from one source.

`python scripts/make_packaging.py` writes packaging/manifest.json, server.json, docs/clients.md,
docs/iam-policy.json and claude_desktop_config.example.json; `--check` exits 1 and names what is
not current. `--bundle DIR` makes the Claude Desktop bundle DIR/lfv-mcp.mcpb, by the mcpb tool that
it installs below $LFV_TEST_CACHE (else .cache).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lfv_mcp import __version__
from lfv_mcp.cli.host_config import HOSTS, claude_command, entry, pretty, snippet
from lfv_mcp.cli.host_config import NAME as SHORT
from lfv_mcp.server.tools import TOOLS
from scripts.check_conformance import SCENARIOS, SUITE, UNCHECKED
from scripts.check_external_hosts import lines, recorded, table
from scripts.checks import ROOT, must, npm_prefix

NAME: Final = "io.github.lfv-mcp/lfv-mcp"
"""In the MCP registry; the README and the image say it too, which proves that they are ours."""
TITLE: Final = "Lookout for Vision models"
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "project"
]
MCPB: Final = "@anthropic-ai/mcpb@2.1.2"
BUNDLED: Final = ("pyproject.toml", "README.md", "LICENSE", "lfv_mcp", "prompts")
"""What uv needs to build and start the server on the user's machine."""


class Setting(NamedTuple):
    """An environment variable of the server that Claude Desktop asks for, by the key `asked`."""

    variable: str
    title: str
    description: str
    asked: str
    default: str = ""


SETTINGS: Final = (
    Setting(
        "LFV_SOURCE",
        "Source",
        "Where answers come from if no folder is chosen: sample, s3://bucket/prefix, or live (an "
        "endpoint that speaks the API).",
        "source",
        "sample",
    ),
    Setting("AWS_REGION", "AWS region", "Region of live calls and of S3.", "region"),
    Setting(
        "AWS_PROFILE",
        "AWS profile",
        "Profile whose credentials read S3 or a live endpoint; else the usual chain.",
        "profile",
    ),
)

FOLDER: Final = "folder"
"""The key by which Claude Desktop asks for a directory, with a picker, in place of a source."""

INSTALLED: Final = "/ABSOLUTE/PATH/TO/lfv-mcp"
"""In place of the command that `lfv-mcp config` writes. Never a program that fetches lfv-mcp by its
name: that name is not ours where such programs look, and hosts pass AWS credentials on."""


def shown(page: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every server that a page configures, by the heading that it stands under."""
    for section in page.split("\n## ")[1:]:
        host = section.partition("\n")[0]
        for language, block in re.findall(r"(?ms)^```(json|toml)\n(.*?)^```$", section):
            parsed = json.loads(block) if language == "json" else tomllib.loads(block)
            for servers in parsed.values():
                yield host, servers[SHORT]


def repository() -> dict[str, Any]:
    """Where the source is; nothing while the project names no place: a guess may be another's."""
    url = PROJECT.get("urls", {}).get("Repository")
    return {"repository": {"type": "git", "url": url}} if url else {}


def manifest() -> dict[str, Any]:
    """The bundle's manifest: what Claude Desktop shows, asks and starts."""
    return {
        "manifest_version": "0.4",
        "name": "lfv-mcp",
        "display_name": TITLE,
        "version": __version__,
        "description": PROJECT["description"],
        "author": {"name": PROJECT["authors"][0]["name"]},
        "license": PROJECT["license"],
        "icon": "icon.png",
        **repository(),
        "keywords": PROJECT["keywords"],
        "server": {
            "type": "uv",
            "entry_point": "lfv_mcp/__main__.py",
            "mcp_config": {
                "command": "uv",
                # What the user leaves empty arrives empty or unexpanded; both count as unset, and
                # then the variable says the source.
                "args": [
                    *("run", "--directory", "${__dirname}", "lfv-mcp"),
                    *("--source", f"${{user_config.{FOLDER}}}"),
                ],
                "env": {s.variable: f"${{user_config.{s.asked}}}" for s in SETTINGS},
            },
        },
        "tools": [{"name": tool.name, "description": tool.description} for tool in TOOLS],
        "prompts_generated": True,
        "user_config": {
            FOLDER: {
                "type": "directory",
                "title": "Folder",
                "description": "A directory of saved answers and evaluation files.",
                "required": False,
                "default": "",
            },
            **{
                setting.asked: {
                    "type": "string",
                    "title": setting.title,
                    "description": setting.description,
                    "required": False,
                    **({"default": setting.default} if setting.default else {}),
                }
                for setting in SETTINGS
            },
        },
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": PROJECT["requires-python"]},
        },
    }


def server_json() -> dict[str, Any]:
    """The entry in the MCP registry, without packages: hosts would run one by its name."""
    return {
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": NAME,
        "title": TITLE,
        "description": PROJECT["description"],
        "version": __version__,
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
            # No server needs these two: only `archive import`, `export` and `pack` write.
            {
                "Sid": "WriteArchivesAndPacks",
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/lfv-archive/*",
            },
            {
                "Sid": "ReplacePacks",
                "Effect": "Allow",
                "Action": "s3:DeleteObject",
                "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/lfv-archive/*",
            },
        ],
    }


def placeholder(host: str) -> dict[str, Any]:
    """A host's entry, with a placeholder where `lfv-mcp config` puts the installed command."""
    return entry(host, INSTALLED, "sample", [tool.name for tool in TOOLS])


def fenced_snippet(host: str) -> str:
    """What `lfv-mcp config` prints for a host, with a placeholder for the installed command."""
    language = "toml" if host == "codex" else "json"
    return f"```{language}\n{snippet(host, placeholder(host))}```"


def docker() -> dict[str, Any]:
    """The image on the user's machine, with an archive and credentials to read."""
    mounts = ["-v", "/path/to/archive:/archive:ro", "-v", "/path/to/.aws:/home/app/.aws:ro"]
    # Without an image of that name Docker would fetch one.
    start = ["run", "--pull=never", "-i", "--rm", "--init"]
    run = [*start, *mounts, "-e", "LFV_SOURCE=/archive", "lfv-mcp"]
    return {"mcpServers": {SHORT: {"command": "docker", "args": run}}}


def fenced(value: object) -> str:
    return f"```json\n{pretty(value)}\n```"


def clients() -> str:
    """docs/clients.md."""
    names = "\n".join(f"| `{name}` | {host.title} |" for name, host in HOSTS.items())
    return f"""# Connect a client

Made by `python scripts/make_packaging.py`. The check `nox -s foreign_clients` has
`lfv-mcp config` write every host's file, parses each of them and of those shown here, and starts
the server that it names, but for Docker's; Claude Code, Gemini CLI and Codex themselves read theirs
there.

Install lfv-mcp first: `uv tool install .` in a clone of the repository. Then

```sh
lfv-mcp config claude-desktop
lfv-mcp config claude-desktop --source ~/lfv-archive --write
```

prints what Claude Desktop has to be told, or merges it into Claude Desktop's own file;
`--write FILE` merges it into another one. All else in the file stays; so does another entry named
`{SHORT}`, unless `--replace` is said. JSON with comments is not rewritten: paste it there by hand.
`lfv-mcp config` alone lists the hosts and their files:

| HOST | |
|---|---|
{names}

All of them start the same server on the bundled sample. For your own models set `LFV_SOURCE`
(`--source` of the command above) to a directory of saved answers and evaluation files, or to
`s3://bucket/prefix`, and `AWS_PROFILE` to a profile that may read it
([iam-policy.json](iam-policy.json) is all that it needs; put your bucket in it). Flags do the same
as variables: `"args": ["--source", "/ABSOLUTE/PATH/TO/archive"]` is all that a host needs, for
without a command `lfv-mcp` takes every flag of `serve`. Write values out: hosts pass
`${{HOME}}/archive` or `$HOME/archive` as it stands, and then every answer says that it was not
filled in.

Hosts start servers with a short PATH and from a directory of their own choice, so the command is an
absolute path: `{INSTALLED}` below stands for the one that `lfv-mcp config`
prints. Nothing here fetches lfv-mcp by its name, for no release is on PyPI yet: whoever takes the
name there could have their program run with your AWS credentials. One-click links return once the
name on PyPI is ours, and so does a package in `server.json`, the entry in the MCP registry.

## Claude Desktop

Open Settings, Developer, Edit Config (macOS: `~/Library/Application Support/Claude/`, Windows:
`%APPDATA%\\Claude\\`, file `claude_desktop_config.json`), merge this, then quit Claude fully and
start it again:

{fenced_snippet("claude-desktop")}

Or make a bundle, `python scripts/make_packaging.py --bundle dist`, and open `dist/lfv-mcp.mcpb`:
Claude Desktop asks for a folder or another source, region and profile. The bundle is not signed. It
runs the code that is in it, by `uv run` in its own folder; only what that code depends on is
fetched.

## Claude Code

```sh
{claude_command(placeholder("claude-code"), "linux")}
```

For a server that runs somewhere else, over HTTP:

```sh
claude mcp add --transport http {SHORT} http://127.0.0.1:8000/mcp
```

For everybody who opens a project and has lfv-mcp at the same place, `.mcp.json` at its root:

{fenced_snippet("claude-code")}

## VS Code

`mcp.json` of the user (command "MCP: Open User Configuration"), or `.vscode/mcp.json` of a project:

{fenced_snippet("vscode")}

## Cursor

`~/.cursor/mcp.json`:

{fenced_snippet("cursor")}

## Kiro

`~/.kiro/settings/mcp.json`; every tool only reads, so none needs approval:

{fenced_snippet("kiro")}

## Gemini CLI

`~/.gemini/settings.json`. It starts servers in folders that you have told it to trust:

{fenced_snippet("gemini-cli")}

## Codex

`~/.codex/config.toml`:

{fenced_snippet("codex")}

## Copilot CLI

`~/.copilot/mcp-config.json`:

{fenced_snippet("copilot-cli")}

## Qwen Code

`~/.qwen/settings.json`:

{fenced_snippet("qwen-code")}

## opencode

`~/.config/opencode/opencode.jsonc`:

{fenced_snippet("opencode")}

## Docker

```sh
docker build --tag lfv-mcp .
docker run --pull=never -i --rm --init lfv-mcp
```

Any of the JSON files above can start it; `--pull=never` keeps Docker from fetching an image of that
name if you have built none. It runs as the user `app`, so that is whose home gets the
credentials:

{fenced(docker())}

The same check runs the image's install steps; it does not build the image itself.

## What hosts may send

A model writes an argument, and its host passes it on in a form of its own. What can mean one value
only is taken as that value, in tools, prompts and resource URIs alike:

- numbers: as text (`"0.01"`, `" 1e-2 "`, `"10"`), `10.0` for a whole number, a decimal comma where
  it can be nothing else (`"0,01"`); not `"1,000"`, `true`, NaN or a list;
- `defect_rate`: also `"1 %"`;
- `model_version`: also `3`, `3.0`, `"v3"`, `"version 3"`, `"LATEST"`; not `"03"`, `"3.5"` or
  `"newest"`;
- `model_versions`: the list as text (`"[\\"2\\", \\"3\\"]"`, `"[2, 3]"`, `"2,3"`), or within
  another list; not `"2-3"` or `"2 3"`;
- `project_name`: with blanks or quotes around it, the ARN of a model or project, or
  `lookoutvision://projects/NAME/models/3`; not several names, nor text around an ARN;
- `project_name` of `list_models`: also what stands for no name (`your-project-name`, `<project>`,
  `*`, `all`), unless a project of that name is held;
- `status` and `region`: in any letter case, `status` with blanks or hyphens for underscores;
- whatever is optional: null, `""`, `"null"`, `"none"` and `"undefined"` are "not given";
- all arguments: as JSON text, or once more within `arguments`.

`toolCallId`, `sessionId`, `chatInput`, `action` and `tool`, which n8n and others add to each call,
are ignored in any letter case, also with `_` or `-` between the words. Every other unknown name is
refused, so that a misspelt argument is not lost. What is answered to odd lines and bodies
stands in [faults.md](faults.md#odd-requests).

## Hosts and frameworks that were run

`nox -s external-hosts` gives each of these this server over stdio, on the bundled sample, and a
model on loopback that does what a script says, in place of an account. On {recorded()["date"]}:

{table()}

"Lists": its model was offered every tool. "Calls": the summary of an answer reached the
model. "Breaks": the model called a tool with a version that cannot be, and the words of the refusal
reached it. "Versions" are all that was pinned; what those need was the newest of that day.

The command lines, with a placeholder for the model's URL; the files beside them are those above, or
hold the same entry. `python -m scripts.check_external_hosts NAME` runs one of them. An account of
your own takes the place of the variables for URL and key:

```sh
{lines(INSTALLED)}
```

`scripts/foreign/frameworks.py` has a few lines for each framework of Python, the files beside it
those for Mastra and the Vercel AI SDK.

### Semantic Kernel

Both limits are in its MCP connector, in 1.45.0:

- It fails on every tool parameter that may also be null (`"type": ["string", "null"]`, which JSON
  Schema permits): "type: Input should be a valid string". `semantic_kernel` in
  `scripts/foreign/frameworks.py` mends its parameters before an agent is made.
- It takes every argument of a prompt as required, whatever the server has published: "Parameter
  audience is required but not provided in the arguments." Pass `""`, which counts as not given.

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
    }
    made = {ROOT / name: pretty(value) + "\n" for name, value in data.items()}
    desktop = snippet("claude-desktop", placeholder("claude-desktop"))
    made[ROOT / "claude_desktop_config.example.json"] = desktop
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
        for name in ("manifest.json", "icon.png", ".mcpbignore"):
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
