"""The command `lfv-mcp gate`: passes or fails a model by rules, for a pipeline without people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lfv_mcp.cli.completion import project_argument, version_argument
from lfv_mcp.cli.options import is_source_flag_given, settings_options
from lfv_mcp.cli.output_file import OutputFile
from lfv_mcp.cli.predictions import OnceRead, once_read_options
from lfv_mcp.cli.questions import Questions, ask_all, json_option
from lfv_mcp.cli.values import Share
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.cli.gate_rules import Answers, Rules


@click.command()
@project_argument()
@version_argument(callback=None)  # refused below, where a report is written of it
@click.option(
    "--recall-at-least",
    type=Share(),
    help="Share of the defects that it must be shown to catch: 0.9.",
)
@click.option(
    "--false-alarms-at-most",
    type=Share(),
    help="Share of the good parts that it may reject: 0.05.",
)
@click.option("--baseline", metavar="VERSION", help="The version that it is to replace.")
@click.option(
    "--recall-margin", type=Share(), help="By how much its recall may be lower: 0.02 is 2 points."
)
@click.option(
    "--false-alarm-margin", type=Share(), help="By how much its false-alarm rate may be higher."
)
@click.option("--better", is_flag=True, help="It must be proven better than the baseline.")
@click.option(
    "--junit", type=OutputFile(), metavar="FILE", help="Also write a report in JUnit's XML."
)
@once_read_options
@json_option
@settings_options
def gate(
    *,
    project: str,
    version: str,
    once: OnceRead,
    junit: Path | None,
    as_json: bool,
    settings: Settings,
    **rules_given: Any,
) -> None:
    """Pass or fail model VERSION, or a prediction set, of PROJECT by rules; at least one is needed.

    A rule passes only if the test images show it: what is undecided fails. The bundled sample
    passes only with --source sample. Exit code 0 if the model passed, 1 if it failed or could not
    be judged.
    """
    from lfv_mcp.cli.gate_report import GateReport
    from lfv_mcp.cli.gate_rules import Rules, judge
    from lfv_mcp.errors import LfvError

    rules = Rules(**rules_given)
    _require_rule(rules)
    once.require_asked(filter(None, (version, rules.baseline)))
    candidate = _Candidate(project, version, rules)
    report = GateReport(project, version, rules, junit, as_json=as_json)
    answers: list[Answers] = []

    async def work(questions: Questions) -> None:
        await questions.prepare(once, project, settings)
        answers.append(await candidate.ask_about(questions))

    try:
        candidate.require_two_versions()
        ask_all(settings, work)
        judgement = judge(rules, answers[0], sample_is_meant=is_source_flag_given())
    except LfvError as error:
        raise report.failed(error) from error
    report.judged(judgement)
    if not judgement.passed:
        raise click.exceptions.Exit(1)


def _require_rule(rules: Rules) -> None:
    """Refuse a gate that everything would pass, and flags that mean nothing without another.

    Raises:
        click.UsageError: there is no rule, or a flag lacks `--baseline`.
    """
    if rules.baseline is None:
        for flag, value in (
            ("--better", rules.better or None),
            ("--recall-margin", rules.recall_margin),
            ("--false-alarm-margin", rules.false_alarm_margin),
        ):
            if value is not None:
                raise click.UsageError(
                    f"{flag} compares with a baseline: add --baseline VERSION.",
                    click.get_current_context(),
                )
    if not any(rules.names()):
        raise click.UsageError(
            "A gate needs a rule: --recall-at-least, --false-alarms-at-most or --baseline.",
            click.get_current_context(),
        )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The model that is to pass, and the questions that its rules take."""

    project: str
    version: str
    rules: Rules

    def require_two_versions(self) -> None:
        """Refuse versions that were left out, as by a variable that a pipeline did not fill in.

        A tool takes an empty version for the latest one, and so would judge another model.

        Raises:
            CallerError: a version is empty, or it is its own baseline.
        """
        from lfv_mcp.errors import CallerError
        from lfv_mcp.server.spellings import is_not_given

        for name, version in (("VERSION", self.version), ("--baseline", self.rules.baseline)):
            if version is not None and is_not_given(version):
                raise CallerError(
                    "invalid_argument",
                    f"{name} is empty.",
                    f"Give {name} a version; where it is a variable, it was not set.",
                )
        if self.version == self.rules.baseline:
            raise CallerError(
                "invalid_argument",
                "VERSION and --baseline are the same version.",
                "Name the version that is to be replaced as --baseline.",
            )

    async def ask_about(self, questions: Questions) -> Answers:
        """Everything that the rules are judged by.

        Raises:
            LfvError: a tool failed.
        """
        from lfv_mcp.cli.gate_rules import Answers

        rules = self.rules
        needed = _given(
            recall_at_least=rules.recall_at_least, false_alarms_at_most=rules.false_alarms_at_most
        )
        candidate = await self._evaluation(questions, self.project, self.version, needed)
        if rules.baseline is None:
            return Answers(candidate)
        comparison = await questions.ask(
            "compare_models",
            {
                "project_name": self.project,
                "model_versions": [rules.baseline, self.version],
                "max_examples": 0,
                **_given(
                    recall_margin=rules.recall_margin, false_alarm_margin=rules.false_alarm_margin
                ),
            },
        )
        project = _without_version(self.project)
        baseline = await self._evaluation(questions, project, rules.baseline, {})
        return Answers(candidate, baseline, comparison.structure)

    @staticmethod
    async def _evaluation(
        questions: Questions, project: str, version: str, needed: Mapping[str, object]
    ) -> Mapping[str, Any]:
        which = {"project_name": project, "model_version": version, "max_examples": 0}
        return (await questions.ask("analyze_evaluation", {**which, **needed})).structure


def _given(**arguments: object) -> dict[str, object]:
    """The arguments that are not None."""
    return {name: value for name, value in arguments.items() if value is not None}


def _without_version(project: str) -> str:
    """The project of a model's ARN, for a question about another version; else as it is."""
    from lfv_mcp.identifiers import ProjectKey, parse_arn

    arn = parse_arn(project)
    if arn is None or arn.version is None:
        return project
    return ProjectKey(arn.region, arn.account, arn.project).arn
