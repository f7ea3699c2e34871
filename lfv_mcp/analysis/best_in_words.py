"""Why the best model of a comparison is the best, or why none is."""

from __future__ import annotations

from collections.abc import Sequence

from lfv_mcp.analysis.alignment import Aligned
from lfv_mcp.analysis.candidate import called
from lfv_mcp.analysis.comparison_text import VERDICTS, sentence, why_undecided
from lfv_mcp.analysis.keeping import question_verdicts
from lfv_mcp.analysis.verdicts import Verdicts


def best_in_words(verdicts: Verdicts, asked: int) -> str:
    """Why the best version is the best, or why none is, as a sentence."""
    everyone = (verdicts.first, *(other.aligned for other in verdicts.others))
    trained = [each.candidate.version for each in everyone if _is_judged(each)]
    if not trained:
        return f"None of the {asked} versions has metrics, so there is nothing to compare."
    if len(trained) == 1:
        only = called(trained[0])
        return f"Only {only} has metrics, so there is nothing to compare."
    baseline = verdicts.baseline.version
    if verdicts.best == baseline:
        worse = called(trained[1]) if len(trained) == 2 else "every other one"
        return sentence(f"{called(baseline)} is the best: {worse} is proven worse")
    if verdicts.best is not None:
        than = called(baseline) if len(trained) == 2 else "every other one"
        return sentence(f"{called(verdicts.best)} is the best: it is proven better than {than}")
    which = "version" if all(version.isdigit() for version in trained) else "model"
    return f"No {which} is proven the best: {_why_none_is_best(verdicts, trained)}."


def _is_judged(each: Aligned) -> bool:
    """Whether it has figures, or would have them without what it was trained on."""
    return bool(each.candidate.metrics or (each.judged and each.judged.trained_on))


def _why_none_is_best(verdicts: Verdicts, trained: Sequence[str]) -> str:
    undecided = [o for o in verdicts.others if _is_judged(o.aligned) and not o.decision]
    if undecided:
        return why_undecided(undecided[0], verdicts.baseline)
    if len(trained) > 2:
        return "none is proven better than every other one"
    (told,) = [o for o in verdicts.others if o.candidate.metrics]
    better = [name for name, verdict in question_verdicts(told.decision) if verdict == "better"]
    if told.verdict == "undecided" and better:
        return f"{called(trained[1])} is proven better in {better[0]} alone"
    return f"{called(trained[1])} is {VERDICTS[told.verdict]}"
