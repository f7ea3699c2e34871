"""What a gate says: lines or JSON on stdout, a JUnit file, and annotations in a GitHub job."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import click

from lfv_mcp.cli.gate_rules import Judgement, Rules
from lfv_mcp.cli.github_annotations import (
    annotation,
    is_github_job,
    json_without_commands,
    without_commands,
)
from lfv_mcp.cli.junit import Case, Problem, Suite, junit_xml
from lfv_mcp.cli.output_file import write_beside
from lfv_mcp.cli.terminal import say
from lfv_mcp.cli.words import failure_in_words
from lfv_mcp.errors import LfvError
from lfv_mcp.text import clean

_NAME: Final = "lfv-mcp gate"
"""What annotations call themselves."""


class GateReport:
    """Says how one run of the gate ended, wherever that is wanted.

    Args:
        project: as it was given.
        version: as it was given.
        rules: what was asked for.
        junit: the JUnit file to write, if any.
        as_json: whether stdout is for pipes.
    """

    def __init__(
        self, project: str, version: str, rules: Rules, junit: Path | None, *, as_json: bool
    ) -> None:
        self._model = clean(f"{project} {version}")
        self._rules = rules
        self._junit = junit
        self._as_json = as_json
        self._in_github_job = is_github_job()
        self._started, self._start = datetime.now(UTC), time.monotonic()

    def judged(self, judgement: Judgement) -> None:
        """Say what was decided, and then write the JUnit file.

        Raises:
            UnwrittenError: the JUnit file cannot be written.
        """
        lines = [*self._lines(judgement)]
        if self._as_json:
            whole = judgement.to_json()
            click.echo(
                json_without_commands(whole)
                if self._in_github_job
                else json.dumps(whole, ensure_ascii=False, indent=2)
            )
        elif self._in_github_job:
            for line in lines:
                click.echo(without_commands(line))
        else:
            say("\n".join(lines))
        self._annotate(_annotations(judgement))
        self._write_junit([*self._cases(judgement)], lines)

    def failed(self, error: LfvError) -> LfvError:
        """Report that nothing could be decided; returns the error to raise, which says why."""
        error = failure_in_words(error)
        problem = Problem("error", error.code, error.message, str(error))
        cases = [Case(self._rules.title(rule), problem) for rule in self._rules.names()]
        try:
            self._write_junit(cases, str(error).splitlines())
        except LfvError as unwritable:
            say(f"Error: {unwritable}", err=True)  # why there is no decision matters more
        self._annotate([_annotation("error", error.code, f"{error.message} {error.next_step}")])
        return _without_commands(error) if self._in_github_job else error

    def _lines(self, judgement: Judgement) -> Iterator[str]:
        """One line a rule, then the findings that matter, then the decision."""
        for rule in judgement.rules:
            mark = "pass" if rule.passed else "FAIL"
            yield f"{mark}  {self._rules.title(rule.rule)}: {rule.explanation}"
        for each in judgement.findings:
            if each.stops:
                yield f"FAIL  {each.code}: {each.text}"
            elif each.is_warning:
                yield f"note  {each.code}: {each.text}"
        yield f"{'PASSED' if judgement.passed else 'FAILED'}: {self._model}"

    def _cases(self, judgement: Judgement) -> Iterator[Case]:
        """A test case for each rule and one for all findings: names stay from run to run."""
        for rule in judgement.rules:
            yield Case(
                self._rules.title(rule.rule),
                None if rule.passed else Problem("failure", rule.outcome, rule.explanation),
            )
        stopping = judgement.stopping
        if not stopping:
            yield Case("findings")
            return
        codes = ", ".join(dict.fromkeys(each.code for each in stopping))
        details = "\n".join(f"{each.code}: {each.text}" for each in stopping)
        yield Case("findings", Problem("failure", stopping[0].code, codes, details))

    def _annotate(self, annotations: Iterable[str]) -> None:
        if self._in_github_job:
            for line in annotations:
                click.echo(line, err=self._as_json)  # the runner reads both; stdout is for JSON

    def _write_junit(self, cases: list[Case], lines: list[str]) -> None:
        if self._junit is None:
            return
        suite = Suite(
            package="lfv-mcp.gate",
            name=self._model,
            cases=cases,
            properties=[*self._rules.given().items()],
            output="\n".join(lines),
            started=self._started,
            seconds=time.monotonic() - self._start,
        )
        write_beside(self._junit, junit_xml(suite), "--junit")


def _annotations(judgement: Judgement) -> Iterator[str]:
    """What failed as errors, and the other warnings as warnings."""
    for rule in judgement.rules:
        if not rule.passed:
            yield _annotation("error", rule.rule, rule.explanation)
    for each in judgement.findings:
        if each.stops or each.is_warning:
            yield _annotation("error" if each.stops else "warning", each.code, each.text)


def _annotation(level: Literal["error", "warning"], code: str, message: str) -> str:
    return annotation(level, f"{_NAME}: {code}", message)


def _without_commands(error: LfvError) -> LfvError:
    """The same error, with texts in which the runner of a GitHub job finds no command."""
    quiet = error.saying(without_commands(error.message), without_commands(error.next_step))
    quiet.question = without_commands(error.question)
    return quiet
