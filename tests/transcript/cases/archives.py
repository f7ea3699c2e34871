"""What is held in the bundled sample and in the golden archives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACCOUNT: Final = "111122223333"
OTHER_ACCOUNT: Final = "444455556666"


def arn(
    project: str, version: int | str = "", region: str = "us-east-1", account: str = ACCOUNT
) -> str:
    """The ARN of a model, or without a version of a project."""
    kind, name = ("model", f"{project}/{version}") if version else ("project", project)
    return f"arn:aws:lookoutvision:{region}:{account}:{kind}/{name}"


@dataclass(frozen=True, slots=True)
class Held:
    """One source: its name, how a command line names it, and the versions of each project."""

    name: str
    source: str
    models: dict[str, tuple[int, ...]]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every model, as project and version."""
        return [(project, str(v)) for project, held in self.models.items() for v in held]

    @property
    def pair(self) -> tuple[str, str]:
        """One model, for what is asked of one only."""
        project, held = next(iter(self.models.items()), ("no-such-project", (1,)))
        return project, str(held[-1])


def _golden(name: str, **models: tuple[int, ...]) -> Held:
    held = {project.replace("_", "-"): versions for project, versions in models.items()}
    return Held(name, f"<work>/archives/{name}", held)


SAMPLE: Final = Held(
    "sample",
    "sample",
    {
        "sample-cap-seal": (1, 2, 3, 4, 5),
        "sample-bottle-neck": (1, 2, 3),
        "sample-label-check": (1, 2, 3),
        "sample-panel-paint": (1, 2),
        "sample-pcb-top": (1, 2, 3),
        "sample-weld-bead": (1, 2, 3, 4),
    },
)
MIXED: Final = _golden(
    "mixed-spellings",
    cap_seal=(1, 2, 3, 4),
    files_only=(7, 8),
    listed_only=(1, 2),
    packed=(1,),
    powershell=(1,),
    queried=(1, 2),
    twin=(1,),
)
DAMAGED: Final = _golden(
    "damaged",
    good=(1,),
    among_rubbish=(1, 2),
    other=(4,),
    unusable=(1, 2),
    without_result=(1,),
)
STATUSES: Final = _golden("statuses", line_1=(1, 2, 3, 4, 5, 6, 7, 8, 9))
EMPTY: Final = _golden("empty")
ALL: Final = (SAMPLE, MIXED, DAMAGED, STATUSES, EMPTY)
STATUS_NAMES: Final = (
    *("TRAINING", "TRAINED", "TRAINING_FAILED", "STARTING_HOSTING", "HOSTED"),
    *("HOSTING_FAILED", "STOPPING_HOSTING", "SYSTEM_UPDATING", "DELETING"),
)
