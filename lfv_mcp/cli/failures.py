"""How a command fails: its exit code, what stands on stderr, and the JSON on stdout.

    0    answered
    1    a value, setting, source or record is wrong, or what was asked for failed
    2    the command line cannot be parsed: an unknown flag, a missing argument, flags that
         exclude each other
    130  Ctrl-C

With `--json` a failure is `{"error": {"code", "message", "next_step"}}` on stdout, and for people
the same text as ever on stderr.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

import click

from lfv_mcp.cli import process
from lfv_mcp.cli.environment import EnvironmentOption, SettingError
from lfv_mcp.cli.output_file import UnwrittenError
from lfv_mcp.cli.terminal import say
from lfv_mcp.cli.words import failure_in_words, on_command_line
from lfv_mcp.errors import LfvError
from lfv_mcp.text import without_passwords

FAILED: Final = 1
_UNWRITABLE: Final = (
    errno.EPIPE,
    errno.ENOSPC,
    errno.EIO,
    errno.EBADF,
    errno.EFBIG,
    getattr(errno, "EDQUOT", errno.ENOSPC),
)
"""What a write to stdout fails with."""


class Failure(NamedTuple):
    """A failed command."""

    code: str
    message: str
    next_step: str
    exit_code: int = FAILED

    def as_json(self) -> str:
        """The failure for pipes."""
        members = {
            "code": self.code,
            "message": without_passwords(self.message),
            "next_step": without_passwords(self.next_step),
        }
        return json.dumps({"error": members}, ensure_ascii=False, indent=2)


def exit_code_of(run: Callable[[], object], *, as_json: bool) -> int:
    """Run a command to its end, say why it failed if it does, and return its exit code."""
    try:
        process.prepare_streams()
        ended = run()
    except click.Abort:
        with suppress(OSError):
            click.echo("Interrupted.", err=True)
        return process.INTERRUPTED
    except click.ClickException as error:
        return _say(_of_click(error), _text_of_click(error), as_json=as_json)
    except LfvError as given:
        said = failure_in_words(given)
        failure = Failure(said.code, said.message, said.next_step)
        return _say(
            failure, f"Error: {said}", as_json=as_json and not isinstance(given, UnwrittenError)
        )
    except OSError as error:
        return _of_output(error)
    return ended if isinstance(ended, int) else 0


def _say(failure: Failure, text: str, *, as_json: bool) -> int:
    say(without_passwords(text), err=True)
    if as_json:
        try:
            click.echo(failure.as_json())
        except OSError as error:
            return max(_of_output(error), failure.exit_code)
    return failure.exit_code


def _of_output(error: OSError) -> int:
    """The exit code when stdout cannot be written; who closed a pipe has read enough.

    Raises:
        OSError: it is about something else, so a defect.
    """
    if error.errno not in _UNWRITABLE or error.filename is not None:
        raise error
    if error.errno != errno.EPIPE:
        click.echo(f"Error: the answer cannot be written to stdout: {error.strerror}.", err=True)
    process.give_up_stdout()
    return FAILED


# Failures of click


def _of_click(error: click.ClickException) -> Failure:
    cause = error.__cause__
    if isinstance(cause, LfvError):
        cause = failure_in_words(cause)
        return Failure(cause.code, cause.message, cause.next_step)
    message = click.unstyle(error.format_message())
    if not isinstance(error, click.UsageError):
        return Failure("invalid_argument", message, "Correct it, and run the command again.")
    where = f"See `{error.ctx.command_path} --help`." if error.ctx else "See `lfv-mcp --help`."
    if not is_about_a_value(error):
        return Failure("usage_error", message, where, click.UsageError.exit_code)
    is_setting = isinstance(getattr(error, "param", None), EnvironmentOption)
    code = "setting_invalid" if is_setting else "invalid_argument"
    return Failure(code, message, getattr(error, "next_step", "") or where)


def _text_of_click(error: click.ClickException) -> str:
    """What click would print, but that a wrong value needs no line on how to call the command."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()  # the help of a group that was called alone
    if isinstance(error, click.UsageError) and not is_about_a_value(error):
        ctx = error.ctx
        usage = f"{ctx.get_usage()}\n" if ctx is not None else ""
        if ctx is not None and ctx.command.get_help_option(ctx) is not None:
            usage += f"Try '{ctx.command_path} {ctx.help_option_names[-1]}' for help.\n\n"
        return f"{usage}Error: {error.format_message()}"
    message = error.format_message()
    if isinstance(error.__cause__, LfvError):
        message = on_command_line(message)
    text = f"Error: {message}"
    if isinstance(error, SettingError) and error.next_step:
        text += f"\nNext: {error.next_step}"
    return text


def is_about_a_value(error: click.UsageError) -> bool:
    """Whether the command line could be parsed, and it is a value in it that is wrong."""
    return isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
