"""How hosts find the server: what is generated is current, follows their rules, and agrees."""

from __future__ import annotations

import ast
import copy
import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

import lfv_mcp
from lfv_mcp.cli.environment import variables_of
from lfv_mcp.cli.host_config import HOSTS, start_of
from lfv_mcp.cli.main import main
from lfv_mcp.server.tools import TOOLS
from scripts import make_packaging
from scripts.check_conformance import SCENARIOS, UNCHECKED
from scripts.checks import ROOT
from scripts.make_packaging import NAME, SETTINGS, placeholder

pytestmark = pytest.mark.slow
CLIENTS: Final = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
CHANGELOG: Final = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
POLICY: Final = json.loads((ROOT / "docs" / "iam-policy.json").read_bytes())


def test_generated_files_are_current() -> None:
    assert make_packaging.stale() == [], "run `python scripts/make_packaging.py`"


def test_all_versions_agree() -> None:
    manifest = json.loads((ROOT / "packaging" / "manifest.json").read_bytes())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    said = {
        ENTRY["version"],
        manifest["version"],
    }
    newest, *_ = re.findall(r"(?m)^## (.+)$", CHANGELOG)
    assert newest == f"[{lfv_mcp.__version__}]"
    assert said == {lfv_mcp.__version__}
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"] == {"path": "lfv_mcp/__init__.py"}
    assert "LABEL version" not in DOCKERFILE


# The registry's entry, by the rules of its schema 2025-12-11, written down for this test


REGISTRY: Final = Draft202012Validator(
    json.loads((ROOT / "tests" / "data" / "registry.schema.json").read_bytes())
)
ENTRY: Final[dict[str, Any]] = json.loads((ROOT / "server.json").read_bytes())


def test_registry_entry_follows_the_rules() -> None:
    Draft202012Validator.check_schema(REGISTRY.schema)
    assert [error.message for error in REGISTRY.iter_errors(ENTRY)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(((name,), None) for name in ("$schema", "name", "description", "version")),
        (("name",), "lfv-mcp"),
        (("name",), "io.github.lfv-mcp/lfv/mcp"),
        (("title",), "x" * 101),
        (("description",), "x" * 101),
        *((("version",), v) for v in ("^0.1.0", ">=0.1.0", "0.1", "0.1.x", "0.1.0 - 2", "latest")),
        (("packages",), [{"registryType": "pypi", "identifier": "lfv-mcp"}]),  # not ours there
        (("icons",), [{"src": "http://example.com/icon.png"}]),
        (("licence",), "Apache-2.0"),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_seen(path: tuple[str | int, ...], value: object) -> None:
    """Each of these in the entry's place; None leaves it out."""
    entry = copy.deepcopy(ENTRY)
    inside: Any = entry
    for step in path[:-1]:
        inside = inside[step]
    if value is None:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    assert not REGISTRY.is_valid(entry)


def test_package_and_image_say_whose_they_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"<!-- mcp-name: {re.escape(NAME)} -->", readme)
    assert f'LABEL io.modelcontextprotocol.server.name="{NAME}"' in DOCKERFILE


def test_every_setting_is_one_that_the_server_has() -> None:
    read = {
        variable
        for command in ("serve", "describe")
        for variable in variables_of(main.commands[command])
    }
    assert {setting.variable for setting in SETTINGS} <= read


# The bundle; `mcpb validate` and `pack` are run by scripts/check_installs.py


def test_what_the_validator_does_not_check() -> None:
    manifest = json.loads((ROOT / "packaging" / "manifest.json").read_bytes())
    assert manifest["manifest_version"] == "0.4"
    assert manifest["server"]["type"] == "uv"
    asked = manifest["user_config"]
    used = re.findall(r"\$\{user_config\.(\w+)\}", json.dumps(manifest["server"]))
    assert set(used) == set(asked) == {"folder", "source", "region", "profile"}
    # A folder has a picker. One that is not chosen arrives empty, and leaves the source as it is.
    assert (asked["folder"]["type"], asked["folder"]["default"]) == ("directory", "")
    icon = (ROOT / "packaging" / manifest["icon"]).read_bytes()
    assert icon.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(icon) < 20_000
    assert (ROOT / manifest["server"]["entry_point"]).is_file()
    for option in asked.values():
        assert option["title"]
        assert option["description"]
        assert option["required"] is False
    assert [tool["name"] for tool in manifest["tools"]] == [tool.name for tool in TOOLS]
    assert manifest["prompts_generated"] is True
    assert "prompts" not in manifest
    for name in make_packaging.BUNDLED:
        assert (ROOT / name).exists()


def test_bundle_and_image_get_what_a_build_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *wheel["packages"],
        *wheel["force-include"],
        *(project["project"]["license-files"]),
        project["project"]["readme"],
        "pyproject.toml",
    }
    admitted = set(re.findall(r"(?m)^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8")))
    copied = {
        name
        for line in re.findall(r"(?m)^COPY (?!--)(.+)$", DOCKERFILE)
        for name in line.split()[:-1]
    }
    assert set(make_packaging.BUNDLED) == needed == admitted == copied


def test_image_runs_as_a_user_of_its_own() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    assert len(stages) == 3  # the comment, and two
    last = stages[-1]
    user = re.search(r"(?m)^USER (\S+)$", last)
    assert user
    assert user[1] not in {"root", "0"}
    assert re.search(rf"(?m)^RUN useradd --create-home .*\b{user[1]}$", last)
    assert last.index("RUN useradd") < last.index("USER ")
    (start,) = re.findall(r"(?m)^ENTRYPOINT (.+)$", last)
    assert isinstance(json.loads(start), list)
    assert f"/home/{user[1]}/.aws:ro" in CLIENTS


# Snippets


def test_every_snippet_starts_the_same_server() -> None:
    found = list(make_packaging.shown(CLIENTS))
    titles = [host.title for host in HOSTS.values()]
    assert [title for title, _ in found] == [*titles, "Docker"]
    for host, (_, server) in zip(HOSTS, found, strict=False):
        assert server == placeholder(host)
        assert start_of(server)[0] == ["/ABSOLUTE/PATH/TO/lfv-mcp"]
    assert not any(server.get("disabled") for _, server in found)
    shipped = json.loads((ROOT / "claude_desktop_config.example.json").read_bytes())
    assert shipped == {"mcpServers": {"lfv": placeholder("claude-desktop")}}


def test_every_snippet_is_in_the_form_of_its_host() -> None:
    for block in re.findall(r"```json\n(.*?)```", CLIENTS, re.DOTALL):
        ((container, servers),) = json.loads(block).items()
        assert container in {"mcpServers", "servers", "mcp"}
        assert list(servers) == ["lfv"]


def test_every_host_is_named_as_the_command_takes_it() -> None:
    for name, host in HOSTS.items():
        assert f"| `{name}` | {host.title} |" in CLIENTS
        assert f"\n## {host.title}\n" in CLIENTS


def test_no_scenario_is_claimed_to_show_more_than_it_does() -> None:
    partly = {
        (revision, scenario)
        for revision, scenarios in SCENARIOS.items()
        for scenario, outcome in scenarios.items()
        if outcome.other
    }
    assert partly == set(UNCHECKED)
    for revision, scenario in partly:
        outcome = SCENARIOS[revision][scenario]
        nothing = outcome.success == outcome.wire_schema
        assert UNCHECKED[revision, scenario].startswith("all ") == nothing


def test_prefixed_tool_names_fit_every_host() -> None:
    for tool in TOOLS:
        assert len(f"mcp__lfv__{tool.name}") <= 64


# The policy


def called(module: str) -> set[str]:
    """The operations that a module names as literals in its calls of `_call`."""
    tree = ast.parse((Path(lfv_mcp.__file__).parent / module).read_bytes())
    found = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "_call"
        ):
            operation = node.args[1]
            # Anything else than a literal would have to be looked at by a person.
            assert isinstance(operation, ast.Constant), f"{module}:{node.lineno}"
            found.add(str(operation.value))
    assert found
    return found


def by_name(module: str) -> set[str]:
    """Methods of a client that a module calls or fetches by their names."""
    tree = ast.parse((Path(lfv_mcp.__file__).parent / module).read_bytes())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"client", "s3", "sts"}
        and node.attr not in {"meta", "close", "exceptions"}
    }


def test_policy_allows_what_the_code_calls_and_no_more() -> None:
    allowed = [
        action
        for statement in POLICY["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    ]
    # ListObjectsV2 is the one operation here whose permission has another name.
    permissions = {"list_objects_v2": "ListBucket"}
    calls = [
        *(f"lookoutvision:{camel(name)}" for name in called("aws/client.py")),
        *(f"s3:{permissions.get(name) or camel(name)}" for name in by_name("aws/s3.py")),
    ]
    assert sorted(allowed) == sorted(calls)
    assert by_name("aws/client.py") | by_name("aws/client_cache.py") == set()
    assert not [action for action in allowed if "*" in action]


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def test_policy_opens_one_bucket_and_of_it_one_prefix_for_writing() -> None:
    assert POLICY["Version"] == "2012-10-17"
    for statement in POLICY["Statement"]:
        if statement["Action"] in ("s3:PutObject", "s3:DeleteObject"):
            assert statement["Resource"] == "arn:aws:s3:::amzn-s3-demo-bucket/lfv-archive/*"
    for statement in POLICY["Statement"]:
        assert statement["Effect"] == "Allow"
        if "s3:" in json.dumps(statement["Action"]):
            assert statement["Resource"].startswith("arn:aws:s3:::amzn-s3-demo-bucket")


@pytest.mark.parametrize("name", ["packaging/manifest.json", "server.json", "Dockerfile"])
def test_nothing_of_this_machine_is_in_it(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"/(?:root|work|tmp)/|localhost|AKIA|aws_secret", text)
