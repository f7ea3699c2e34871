"""docs/thirty_questions.md: thirty questions in three languages, and how far the tools answer them.

`python scripts/thirty_questions.py` makes the calls and writes; `--check` exits 1 if a fact is no
longer in its answer, or the page is not current. How far a question is answered was judged by
readers who saw the tools alone; that the facts are there is what is checked.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mcp import Client

from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

TARGET: Final = Path(__file__).resolve().parents[1] / "docs" / "thirty_questions.md"
FULLY: Final = "fully"
PARTLY: Final = "partly"
RIGHTLY_NOT: Final = "rightly not"

Call = tuple[str, Mapping[str, Any]]
SEAL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
WELD: Final = {"project_name": "sample-weld-bead", "model_version": "3"}
BOTTLE: Final = {"project_name": "sample-bottle-neck"}
PCB: Final = {"project_name": "sample-pcb-top"}
PAINT: Final = {"project_name": "sample-panel-paint", "model_version": "1"}
LABEL: Final = {"project_name": "sample-label-check", "model_version": "1"}
WELD_2_3: Final = {"project_name": "sample-weld-bead", "model_versions": ["2", "3"]}


class Asked(NamedTuple):
    """A question as a person types it.

    Args:
        words: the question.
        calls: the calls that a careful reader of the tools makes, in order.
        facts: what has to stand in the answers, as regular expressions over both halves.
        answered: how far the answers go.
        rest: what is left to do by hand, or why no tool should answer.
    """

    words: str
    calls: tuple[Call, ...]
    facts: tuple[str, ...]
    answered: str = FULLY
    rest: str = ""


QUESTIONS: Final = (
    Asked(
        "Which version has the best F1 in each project?",
        (("list_models", {}),),
        ("sample-bottle-neck 1: .*F1 0.942", "sample-weld-bead 3: .*F1 0.945", "20 models"),
    ),
    Asked(
        "Why did the last cap seal training fail, and what can we use instead?",
        (("describe_model", {**SEAL, "model_version": "4"}),),
        ("images differ in width or height", "Version 3 was HOSTED when captured, not version 4"),
    ),
    Asked(
        "How long did training cap seal 3 take?",
        (("describe_model", SEAL),),
        ('"CreationTimestamp": "2025-08-04T08:30:00', '"evaluated_at": "2025-08-04T09:16:45'),
    ),
    Asked(
        "Can I stop the weld bead model so that it costs nothing?",
        (("describe_model", {**WELD, "model_version": "hosted"}),),
        ("Hosting ended 2025-10-31", "was HOSTED when captured"),
    ),
    Asked(
        "What did hosting weld bead 3 cost us?",
        (("describe_model", WELD),),
        ("2 inference units", "look at the last bills"),
        RIGHTLY_NOT,
        "hours and prices are in no record: the bills say it",
    ),
    Asked(
        "Show all false alarms of cap seal 2 with their scores.",
        (("analyze_evaluation", {**SEAL, "model_version": "2", "max_examples": 20}),),
        (r"False alarms \(15 of 15", "0021.png 0.685"),
    ),
    Asked(
        "Is weld bead 3 really better than 2, and by how much?",
        (("compare_models", WELD_2_3),),
        ("proven better in recall", r"\+16 points \(\+3 to \+30\)"),
    ),
    Asked(
        "How many more images would show that weld bead 3 has a recall of 95 %?",
        (("analyze_evaluation", {**WELD, "recall_at_least": 0.95}),),
        ("97 more defects without a miss", '"verdict": "not_shown"'),
    ),
    Asked(
        "Which threshold of cap seal 3 misses at most 1 defect in 40?",
        (("analyze_evaluation", {**SEAL, "recall_at_least": 0.975}),),
        ("of these defects is 0.217: 1 of 40 defects missed", "27 of 80 good parts rejected"),
    ),
    Asked(
        "Which weld bead test images look wrongly labelled?",
        (("compare_models", {**WELD_2_3, "model_versions": ["1", "2", "3", "4"]}),),
        (
            "Labels to doubt: .*0032.png",
            "re-judged blind",
            "the images of version 4 were judged by no",
        ),
    ),
    Asked(
        "Welche Modelle vom Flaschenhals gibt es noch, und welches ist das beste?",
        (
            ("list_models", BOTTLE),
            ("compare_models", {**BOTTLE, "model_versions": ["1", "2", "3"]}),
        ),
        ("3 models of sample-bottle-neck", "No version is proven the best", "on other images"),
        RIGHTLY_NOT,
        "whether a model still exists is in no record, and the best is undecided; both are said",
    ),
    Asked(
        "War Leiterplatte 2 je im Einsatz? Wenn nein, warum?",
        (("describe_model", {**PCB, "model_version": "2"}),),
        ("was HOSTING_FAILED when captured", "2 inference units were not available"),
    ),
    Asked(
        "Bei 0,5 % Ausschuss: wie viele Fehler lässt die Schweißnaht 3 durch?",
        (("analyze_evaluation", {**WELD, "defect_rate": "0,5 %"}),),
        ("At 0.5 % defects, of a million parts about 220 defects escape",),
    ),
    Asked(
        "Ein Schlupf kostet 20 €, ein Fehlalarm 0,50 €, 2 % sind fehlerhaft: welche Schwelle ist "
        "bei der Dichtkappe 3 am günstigsten?",
        (
            (
                "analyze_evaluation",
                {**SEAL, "defect_rate": 0.02, "cost_of_escape": 20, "cost_of_false_reject": 0.5},
            ),
        ),
        ("no cut is cheaper on these images than the model's own: 0.077", '"indistinguishable"'),
    ),
    Asked(
        "Mit welchem KMS-Schlüssel wurde Lackblende 1 trainiert?",
        (("describe_model", PAINT),),
        ('"KmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c',),
    ),
    Asked(
        "Wo in S3 liegen die Auswertungsdateien von Leiterplatte 1?",
        (("describe_model", {**PCB, "model_version": "1"}),),
        ('"evaluation_manifest": "s3://[^"]*pcb-top', '"evaluation_result": "s3://[^"]*pcb-top'),
    ),
    Asked(
        "Wie gut findet Lackblende 1 Kratzer und Dellen?",
        (("analyze_evaluation", PAINT),),
        ("Label dent: .*average iou 0.61", "Label scratch: .*recall 0.52"),
    ),
    Asked(
        "Darf Flaschenhals 3 die Version 2 ersetzen?",
        (("compare_models", {**BOTTLE, "model_versions": ["2", "3"]}),),
        (
            "not comparable with version 2",
            "tested on other images",
            "can judge no others any more",
        ),
    ),
    Asked(
        "Welche Fehler fand die Schweißnaht 2 noch, die 3 übersieht?",
        (("compare_models", WELD_2_3),),
        (r"Newly missed by version 3 \(1 of 1\): .*0038.png",),
    ),
    Asked(
        "Mit wie vielen Bildern wurde die Dichtkappe 3 trainiert und geprüft?",
        (("analyze_evaluation", SEAL),),
        ('"training_images": [1-9]', '"test_images": 120'),
    ),
    Asked(
        "今あるモデルを全部一覧にして。",
        (("list_models", {}),),
        ("20 models in 6 projects", "sample-weld-bead 1: TRAINED"),
    ),
    Asked(
        "溶接ビードで最後に稼働していたのはどのバージョン?",
        (("describe_model", {**WELD, "model_version": "hosted"}),),
        ("sample-weld-bead version 3 was HOSTED when captured on 2025-10-28",),
    ),
    Asked(
        "ラベル検査バージョン1の満点は信用できる?",
        (("analyze_evaluation", LABEL),),
        ("perfect_on_few", "up to 28 % of defects missed"),
    ),
    Asked(
        "キャップシール3のROC AUCと95%信頼区間は?",
        (("analyze_evaluation", SEAL),),
        (r"ROC AUC 0.928 \(0.856 to 0.965\)",),
    ),
    Asked(
        "しきい値を0.6にするとキャップシール3はどうなる?",
        (("analyze_evaluation", {**SEAL, "threshold": 0.6}),),
        ("At a cut of 0.6 sample-cap-seal version 3", "would have caught 36 of 40 defects"),
    ),
    Asked(
        "この写真は良品か不良品か、判定して。",
        (),
        (),
        RIGHTLY_NOT,
        "no tool takes an image: the service that judged it has ended",
    ),
    Asked(
        "新システムは同じ45個の不良で再現率0.93。溶接ビード3より良い?",
        (
            (
                "compare_models",
                {"project_name": "sample-weld-bead", "model_versions": ["3", "recall 0.93"]},
            ),
        ),
        ("by what it predicts for each test image", "lfv-mcp archive import FILE --predictions"),
        PARTLY,
        "0.93 is set beside the interval by eye; totals do not decide, as the refusal says",
    ),
    Asked(
        "新しいモデルpadimでキャップシール3を置き換えられる?",
        (
            (
                "compare_models",
                {"project_name": "sample-cap-seal", "model_versions": ["3", "padim"]},
            ),
        ),
        ("has no prediction set 'padim'", "lfv-mcp archive import FILE --predictions NAME"),
        RIGHTLY_NOT,
        "no predictions of it are held; the refusal says how to add them",
    ),
    Asked(
        "作業者は10個に1個見逃す。溶接ビード3は人より良い?",
        (("analyze_evaluation", {**WELD, "recall_at_least": 0.9}),),
        ('"requirement": "recall_at_least"', "It is not shown that it has a recall of at least 90"),
    ),
    Asked(
        "見逃し率が一番高いモデルはどれ?",
        (("list_models", {}),),
        ("sample-weld-bead 1: .*recall 0.689", "escapes_high"),
    ),
)


async def answers(client: Client, asked: Asked) -> str:
    """Both halves of every answer to a question, refusals too."""
    parts: list[str] = []
    for tool, arguments in asked.calls:
        answer = await client.call_tool(tool, dict(arguments))
        parts += [getattr(block, "text", "") for block in answer.content]
        parts.append(json.dumps(answer.structured_content, ensure_ascii=False))
    return "\n".join(parts)


async def missing_facts() -> list[str]:
    """The facts that are no longer in their answers, each with its question."""
    async with Client(build_server(open_catalog(Settings()))) as client:
        return await _missing(client)


async def _missing(client: Client) -> list[str]:
    missing: list[str] = []
    for asked in QUESTIONS:
        told = await answers(client, asked)
        missing += [f"{asked.words}: {fact}" for fact in asked.facts if not re.search(fact, told)]
    return missing


def page() -> str:
    """The page as it should be."""
    count = Counter(asked.answered for asked in QUESTIONS)
    calls = sum(len(asked.calls) for asked in QUESTIONS if asked.answered == FULLY)
    rows = [_row(number, asked) for number, asked in enumerate(QUESTIONS, 1)]
    return f"""# Thirty questions, and how far the tools answer them

Asked on 27 November 2026 of the bundled sample, in English, German and Japanese, and answered by
readers who saw nothing but the tools' descriptions and results: one a language, and a fourth for
the six that had been left open, after the answers had been mended. Of thirty,
**{count[FULLY]} are answered fully** ({calls} calls), {count[PARTLY]} partly, and
{count[RIGHTLY_NOT]} should not be answered by any tool.
`python scripts/thirty_questions.py --check` makes the calls again and looks for the facts; a test
does so too. How far an answer goes was judged by the readers, strictly: what a result does not say
in words that can be handed on is no full answer. The names of projects come from `list_models`.

| # | question | calls | answered | left to do by hand, or why not |
|---|---|---|---|---|
{chr(10).join(rows)}
"""


def _row(number: int, asked: Asked) -> str:
    calls = "<br>".join(
        f"`{tool} {json.dumps(arguments, ensure_ascii=False)}`" for tool, arguments in asked.calls
    )
    return f"| {number} | {asked.words} | {calls or 'none'} | {asked.answered} | {asked.rest} |"


def main() -> int:
    """Look for the facts, then write the page, or compare it."""
    missing = anyio.run(missing_facts)
    for fact in missing:
        print(f"not in the answer: {fact}", file=sys.stderr)
    if "--check" in sys.argv[1:]:
        return 1 if missing or TARGET.read_text(encoding="utf-8") != page() else 0
    TARGET.write_text(page(), encoding="utf-8")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
