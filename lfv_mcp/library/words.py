"""Failures in the words of a Python call: the same codes, the names of methods and keywords."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final

from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.model_query import InvalidArgumentError
from lfv_mcp.server.failures import question_of

logger = logging.getLogger(__name__)

_CALLS: Final = {
    "project_name": ("project", 'describe("sample-cap-seal")'),
    "model_version": ("version", 'describe("sample-cap-seal", 3)'),
    "model_versions": ("versions", 'compare("sample-cap-seal", ["1", "3"])'),
    "status": ("status", 'models(status="HOSTED")'),
    "defect_rate": ("defect_rate", "defect_rate=0.01"),
    "threshold": ("threshold", "threshold=0.8"),
    "cost_of_escape": ("cost_of_escape", "cost_of_escape=10, cost_of_false_reject=1"),
    "cost_of_false_reject": ("cost_of_false_reject", "cost_of_escape=10, cost_of_false_reject=1"),
    "recall_at_least": ("recall_at_least", "recall_at_least=0.95"),
    "false_alarms_at_most": ("false_alarms_at_most", "false_alarms_at_most=0.05"),
    "recall_margin": ("recall_margin", "recall_margin=0.02"),
    "false_alarm_margin": ("false_alarm_margin", "false_alarm_margin=0.02"),
    "max_examples": ("max_examples", "max_examples=5"),
}
"""What a method calls an argument of a tool, and a call that would work."""

_EXAMPLES: Final = {
    "predictions": 'predictions={"padim": "predictions.csv"}',
    "trained_on": 'trained_on={"padim": "train.manifest"}',
    "same_names": "same_names=True",
    "cut": 'Predictions("predictions.csv", cut=0.5)',
    "anomaly_values": 'Predictions("predictions.csv", anomaly_values=("bad",))',
    **{
        each: f'Predictions("predictions.csv", {each}="{each}")'
        for each in ("image", "truth", "prediction", "score")
    },
}
"""Good values of what only Python and the command line have."""

_WORD: Final = r"(?<![\w/.-]){}(?![\w/-])(?!\.\w)"
"""A name of MCP's that stands alone: an image may lie in a folder `compare_models`."""
_FLAGS: Final = "image|truth|prediction|score|cut|anomaly-value"
_TERMS: Final[tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]] = (
    # What reads well only as a whole comes before the single words.
    (r", or leave region out\b", ""),
    (r"Pass region, or set AWS_REGION \(--region\)", "Set `region` of connect()"),
    (
        r"Its operator can add the bucket to LFV_ALLOWED_BUCKETS \(--allowed-bucket\)",
        "Add the bucket to `allowed_buckets` of connect()",
    ),
    (r"This server may not", "This connection may not"),
    (r"; the server takes the new credentials without a restart", ""),
    (
        r"Import it without --predictions",
        "Put it into the archive with `lfv-mcp archive import`, without --predictions",
    ),
    (
        r"Choose another name, for example --predictions \w+",
        'Choose another name, for example predictions={"padim_2": place}',
    ),
    (r"Write it as --project cap-seal", 'Write it as "cap-seal"'),
    (r"say so on the command line: --same-names", "say so: same_names=True"),
    (
        rf"--({_FLAGS}) ('[^']*'|\"[^\"]*\"|-?\d[\d.e+-]*\d|\d|confidence\b)",
        lambda found: f"{_keyword(found[1])}={_quoted(found[2])}",
    ),
    (rf"--({_FLAGS})\b", lambda found: f"`{_keyword(found[1])}`"),
    (r"\btwo flags name\b", "two keywords name"),
    (r"--same-names\b", "same_names=True"),
    (
        r"; or import the set again with it, and with --replace",
        "; or import the set again with it: `lfv-mcp archive import ... --trained-on --replace`",
    ),
    (r"--trained-on (?=\w)", "trained_on: "),
    (r"--trained-on\b", "`trained_on`"),
    (r"one of --predictions\b", "one of `predictions`"),
    (r"(?:LFV_SOURCE \(--source\)|LFV_SOURCE\b)", "`source` of connect() (or LFV_SOURCE)"),
    (r"(?:LFV_TIMEOUT \(--timeout\)|LFV_TIMEOUT\b)", "`timeout` of connect()"),
    (
        r"(?:LFV_ALLOWED_BUCKETS \(--allowed-bucket\)|LFV_ALLOWED_BUCKETS\b)",
        "`allowed_buckets` of connect()",
    ),
    (r"AWS_REGION \(--region\)", "`region` of connect()"),
    (r"AWS_PROFILE \(--profile\)", "`profile` of connect()"),
    (r"\(describe_model\)", "(DescribeModel)"),
    (r"\(list_models\)", "(ListModels)"),
    (_WORD.format("describe_model"), "describe()"),
    (_WORD.format("list_models"), "models()"),
    (_WORD.format("analyze_evaluation"), "evaluate()"),
    (_WORD.format("compare_models"), "compare()"),
    (_WORD.format("project_name"), "project"),
    (_WORD.format("model_versions"), "versions"),
    (_WORD.format("model_version"), "version"),
)
_COMPILED: Final = tuple((re.compile(pattern), said) for pattern, said in _TERMS)
_KEPT: Final = re.compile(r"(`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w))")
"""Commands of a shell and values that are quoted, which stay as they are."""


def _keyword(flag: str) -> str:
    return "anomaly_values" if flag == "anomaly-value" else flag


def _quoted(value: str) -> str:
    return repr(value) if value.isalpha() else value


def in_python(text: str) -> str:
    """A failure's sentence, with the names that a Python program uses.

    Values that the sentence quotes stay as they are: a file may be called `project_name`.
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\0{len(kept) - 1}\0"

    # A flag's value is quoted too, and belongs to the flag: flags first.
    for pattern, said in _COMPILED[:_FLAG_TERMS]:
        text = pattern.sub(said, text)
    text = _KEPT.sub(keep, text)
    for pattern, said in _COMPILED[_FLAG_TERMS:]:
        text = pattern.sub(said, text)
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)


_FLAG_TERMS: Final = 1 + next(
    position for position, (pattern, _) in enumerate(_TERMS) if pattern.endswith(r"confidence\b)")
)
"""So many terms come before what is quoted is put aside."""


@contextmanager
def python_failures(given: Mapping[str, object] = {}) -> Generator[None]:
    """Let failures of the work inside out in the words of a Python call.

    They leave without the failures behind them, which the message has told; the log has those.

    Args:
        given: the arguments of the question, for `LfvError.question`.

    Raises:
        LfvError: the work failed, in a way that was designed. A defect keeps its traceback.
    """
    try:
        yield
    except InvalidArgumentError as error:
        raise _refused(error) from None
    except LfvError as error:
        logger.debug("A question failed: %s", error.code, exc_info=True)
        said = error.saying(in_python(error.message), in_python(error.next_step))
        said.question = in_python(question_of(error, given))
        raise said from None


def _refused(error: InvalidArgumentError) -> LfvError:
    """A refused argument by the name that the method gives it."""
    example = _EXAMPLES.get(error.argument.partition("[")[0], "")
    name, call = _CALLS.get(error.argument, (error.argument, example))
    if error.meant:
        call = f"{name}={error.meant}"
    correct = f"Correct it, for example {call}. Nothing was sent." if call else "Correct it."
    refused = f"{name}={error.shown_value} is not accepted: {in_python(error.rule)}."
    return CallerError(
        error.code,
        f"{refused} {error.known}".strip(),
        f"{in_python(error.step)} Nothing was sent." if error.step and not example else correct,
    )
