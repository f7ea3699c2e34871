"""How each MCP host is told to start this server: its file, the entry, and the merge of the two.

Text in, text out: reading and writing the files is left to the caller. Pure.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from lfv_mcp.formats.json_values import is_object

NAME: Final = "lfv"
"""The server's name in hosts, which put it in front of every tool's name and cap the whole at 64
characters."""


class Host(NamedTuple):
    """An MCP host. `file` is where its user's servers are configured, below the folders that
    `folders` names, and `servers` the key that holds them there."""

    title: str
    file: str
    servers: str = "mcpServers"
    reload: str = "Quit it fully and start it again."


HOSTS: Final[Mapping[str, Host]] = {
    "claude-desktop": Host("Claude Desktop", "{settings}/Claude/claude_desktop_config.json"),
    "claude-code": Host("Claude Code", "{claude}/.claude.json", reload="Start a new session."),
    "vscode": Host(
        "VS Code",
        "{settings}/Code/User/mcp.json",
        "servers",
        "Start it there: MCP: List Servers.",
    ),
    "cursor": Host("Cursor", "{home}/.cursor/mcp.json"),
    "kiro": Host("Kiro", "{home}/.kiro/settings/mcp.json"),
    "gemini-cli": Host("Gemini CLI", "{home}/.gemini/settings.json", reload="Start a new session."),
    "codex": Host("Codex", "{codex}/config.toml", "mcp_servers", "Start a new session."),
    "copilot-cli": Host(
        "Copilot CLI", "{home}/.copilot/mcp-config.json", reload="Start a new session."
    ),
    "qwen-code": Host("Qwen Code", "{home}/.qwen/settings.json", reload="Start a new session."),
    "opencode": Host(
        "opencode", "{home}/.config/opencode/opencode.jsonc", "mcp", "Start a new session."
    ),
}


class UnmergeableError(ValueError):
    """A file that cannot take the entry without losing something; the text is the reason.

    The reason quotes nothing from the file, whose other entries may hold secrets.
    """


class TakenError(ValueError):
    """A file has another entry of our name."""


def usual_file(host: str, environment: Mapping[str, str], home: str, platform: str) -> str:
    """Where a host keeps its user's servers; `platform` is that of `sys.platform`."""
    match platform:
        case "darwin":
            settings = f"{home}/Library/Application Support"
        case "win32":
            settings = environment.get("APPDATA") or f"{home}/AppData/Roaming"
        case _:
            settings = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    return HOSTS[host].file.format(
        home=home,
        settings=settings,
        claude=environment.get("CLAUDE_CONFIG_DIR") or home,
        codex=environment.get("CODEX_HOME") or f"{home}/.codex",
    )


def entry(host: str, command: str, source: str, tools: Sequence[str] = ()) -> dict[str, Any]:
    """How a host starts the server; `tools` are the names that Kiro need not ask about."""
    started: dict[str, Any] = {"command": command, "args": [], "env": {"LFV_SOURCE": source}}
    if host == "vscode":
        return {"type": "stdio", **started}
    if host == "copilot-cli":
        return {"type": "local", **started, "tools": ["*"]}
    if host == "opencode":
        return {"type": "local", "command": [command], "environment": started["env"]}
    if host == "kiro":
        return {**started, "disabled": False, "autoApprove": list(tools)}
    return started


def start_of(entry: Mapping[str, Any]) -> tuple[list[str], Mapping[str, str]]:
    """The words that an entry of any host starts, and the variables that it sets."""
    command = entry["command"]
    words: list[str] = [command, *entry["args"]] if isinstance(command, str) else list(command)
    variables: Mapping[str, str] = entry.get("env") or entry.get("environment") or {}
    return words, variables


def snippet(host: str, entry: Mapping[str, Any]) -> str:
    """What the host's file holds if it holds nothing else, in the host's own format."""
    if host == "codex":
        return _merged_toml("", HOSTS[host].servers, entry)
    return f"{pretty({HOSTS[host].servers: {NAME: entry}})}\n"


def claude_command(entry: Mapping[str, Any], platform: str) -> str:
    """The command line that adds the server to Claude Code for all of the user's projects."""
    # Neither shell of Windows knows single quotes as shlex writes them.
    quoted = _quoted_for_windows if platform == "win32" else shlex.quote
    words, variables = start_of(entry)
    settings = [f"--env {quoted(f'{name}={value}')}" for name, value in variables.items()]
    start = [quoted(word) for word in words]
    return " ".join(["claude mcp add", *settings, f"--scope user {NAME} --", *start])


def _quoted_for_windows(word: str) -> str:
    return f'"{word}"' if re.search(r"[\s&()]", word) else word


def pretty(value: object, unit: str = "  ") -> str:
    """JSON for people: a list of texts that fits into a line stays in it."""

    def joined(found: re.Match[str]) -> str:
        line = re.sub(r"\s*\n\s*", " ", found[0]).replace("[ ", "[").replace(" ]", "]")
        return line if len(line) <= 80 else found[0]

    dumped = json.dumps(value, indent=unit, ensure_ascii=False)
    return re.sub(r'\[\s*\n(\s*"[^"]*",?\n)+\s*\]', joined, dumped)


def decoded(data: bytes) -> tuple[str, str]:
    """The byte order mark of a file, if it has one, and the text behind it.

    Raises:
        UnmergeableError: it is not UTF-8.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnmergeableError("is UTF-16, not UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnmergeableError("is not UTF-8") from None
    return ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)


def merge(host: str, text: str, entry: Mapping[str, Any], *, replace: bool = False) -> str:
    """The text of a host's file with the entry in it; the same text if it has it already.

    All else keeps its every character, so that the user finds their file again.

    Raises:
        TakenError: another entry has our name, and `replace` is not said.
        UnmergeableError: the file cannot be read, or would lose something.
    """
    toml = host == "codex"
    parse, merged = (_parse_toml, _merged_toml) if toml else (_parse_json, _merged_json)
    if not (toml or text.strip()):
        return snippet(host, entry)
    key = HOSTS[host].servers
    before = parse(text)
    servers = before.get(key, {})
    if not is_object(servers):
        raise UnmergeableError(f"has a {key} that holds no entries")
    if servers.get(NAME) == entry:
        return text
    if NAME in servers and not replace:
        raise TakenError(NAME)
    written = merged(text, key, entry)
    if "\r\n" in text and not re.search(r"(?<!\r)\n", text):
        written = re.sub(r"\r?\n", "\r\n", written)
    # Whatever an unusual file made of the merge, nothing of it may be lost.
    comments = Counter(re.findall(r"(?m)^\s*#.*", text))
    expected = {**before, key: {**servers, NAME: entry}}
    if parse(written) != expected or comments - Counter(re.findall(r"(?m)^\s*#.*", written)):
        raise UnmergeableError(f"writes its {key} in a way that cannot be added to")
    return written


# JSON


def _parse_json(text: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise UnmergeableError("has the same key twice")
        return found

    def refuse(_: str) -> None:
        raise UnmergeableError("has a number that is not JSON")

    try:
        found = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        if _has_comments(text):
            raise UnmergeableError(
                "has comments or trailing commas, which would be lost if it were rewritten"
            ) from None
        place = f"line {error.lineno}, column {error.colno}"
        raise UnmergeableError(f"is not JSON ({place})") from None
    except RecursionError:
        raise UnmergeableError("is nested too deeply") from None
    except UnmergeableError:
        raise
    except ValueError:  # a number with more digits than Python takes
        raise UnmergeableError("has a number that is too long") from None
    if not is_object(found):
        raise UnmergeableError("holds no JSON object")
    return found


def _has_comments(text: str) -> bool:
    """Whether there are comments or trailing commas outside of strings."""
    outside = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    return re.search(r"//|/\*|,\s*[}\]]", outside) is not None


def _merged_json(text: str, key: str, entry: Mapping[str, Any]) -> str:
    """The entry put into valid JSON as text, in the indentation that the file has."""
    found = re.search(r"\n([ \t]+)\"", text)
    empty = re.fullmatch(r"\s*\{\s*\}\s*", text)
    unit = found[1] if found else "  " if empty else None
    top = _after_blanks(text, 0)
    members, _ = _members(text, top)
    if key not in members:
        return _with_member(text, top, key, {NAME: entry}, unit, 1)
    at, _ = members[key]
    servers, _ = _members(text, at)
    if NAME in servers:
        start, end = servers[NAME]
        return text[:start] + _indented(entry, unit, 2) + text[end:]
    return _with_member(text, at, NAME, entry, unit, 2)


def _with_member(text: str, at: int, key: str, value: object, unit: str | None, depth: int) -> str:
    """The text with one more member, the last, in the object that starts at `at`."""
    members, brace = _members(text, at)
    margin = "" if unit is None else f"\n{unit * depth}"
    member = f"{json.dumps(key)}: {_indented(value, unit, depth)}"
    if members:
        last = max(end for _, end in members.values())
        return f"{text[:last]},{margin or ' '}{member}{text[last:]}"
    close = "" if unit is None else f"\n{unit * (depth - 1)}"
    return f"{text[: at + 1]}{margin}{member}{close}{text[brace:]}"


def _indented(value: object, unit: str | None, depth: int) -> str:
    if unit is None:
        return json.dumps(value, ensure_ascii=False)
    return pretty(value, unit).replace("\n", f"\n{unit * depth}")


def _members(text: str, at: int) -> tuple[dict[str, tuple[int, int]], int]:
    """The object that starts at `at` in valid JSON: each key with where its value starts and ends,
    and where the closing brace is."""
    decoder = json.JSONDecoder()
    found: dict[str, tuple[int, int]] = {}
    at = _after_blanks(text, at + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        start = _after_blanks(text, _after_blanks(text, at) + 1)
        _, end = decoder.raw_decode(text, start)
        found[key] = start, end
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return found, at


def _after_blanks(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


# TOML


def _parse_toml(text: str) -> dict[str, Any]:
    import tomllib  # not at the top: every other command would wait for it

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The rest of the message may quote what the file holds.
        place = re.search(r"line \d+, column \d+", str(error))
        raise UnmergeableError(f"is not TOML ({place[0] if place else 'at its end'})") from None
    except RecursionError:
        raise UnmergeableError("is nested too deeply") from None


def _merged_toml(text: str, key: str, entry: Mapping[str, Any]) -> str:
    """The entry put into valid TOML, where comments stay as they are."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import InlineTable

    document = tomlkit.parse(text if not text or text.endswith("\n") else f"{text}\n")
    try:
        if key not in document:
            document.add(key, tomlkit.table(is_super_table=True))
        servers: Any = document[key]
        if NAME not in servers:
            inside = isinstance(servers, InlineTable)
            servers[NAME] = tomlkit.inline_table() if inside else tomlkit.table()
            _set(servers[NAME], entry)
            if not inside:
                servers[NAME].add(tomlkit.nl())
        else:
            _set(servers[NAME], entry)
        written = document.as_string()
    except (TOMLKitError, ValueError):
        raise UnmergeableError(f"writes its {key} in a way that cannot be added to") from None
    return f"{written.rstrip()}\n"


def _set(table: Any, values: Mapping[str, Any]) -> None:
    """Make a TOML table hold these values and no others, with the comments that it has."""
    import tomlkit

    for name in set(table) - set(values):
        del table[name]
    for name, value in values.items():
        if not is_object(value):
            table[name] = value
        elif isinstance(table.get(name), Mapping):
            _set(table[name], value)
        else:
            table[name] = tomlkit.inline_table()
            table[name].update(value)
