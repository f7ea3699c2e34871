"""The nine statuses of a model in words: `STATUS_WORDS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StatusWords:
    """One status of the API in words: its meaning, and the finding about it if there is one.

    A meaning has no tense, because it stands beside live answers and beside saved ones.

    Advice such as StartModel needs the service, so it is in `live` and never in `history`.
    """

    meaning: str
    code: str = ""
    """The code of the finding; empty for a status that needs none."""
    live: tuple[str, str] = ("", "")
    """Message and advice where a live endpoint answered."""
    history: tuple[str, str] = ("", "")
    """Message and advice where the record is a saved one."""
    has_cause: bool = False
    """Whether the status message says why, so that a summary quotes it."""
    metrics_expected: bool = True
    """Whether a model with this status has been evaluated."""


NOT_USABLE: Final = "Use another version."
"""Advice on a version without a model, as long as it is not known which others there are."""
_NO_HISTORY: Final = "since when and at what cost is in no record."
"""What who asks for costs would else work out from inference units."""
_LAST_BILLS: Final = (
    "Hosting ended 2025-10-31: nothing to stop or start, none billed since; look at the last bills."
)
"""Advice on a record of a model that was being hosted: who asks wants to stop it, or its costs."""

STATUS_WORDS: Final[dict[str, StatusWords]] = {
    "TRAINING": StatusWords(
        "training or evaluation in progress, no metrics yet",
        "training_in_progress",
        ("Training is in progress.", "Wait until TRAINED, then ask again."),
        (
            "Training was still in progress when this was captured.",
            "Look for its evaluation files in S3: they exist if training succeeded later.",
        ),
        metrics_expected=False,
    ),
    "TRAINED": StatusWords("trained and evaluated, not running (never started, or stopped)"),
    "TRAINING_FAILED": StatusWords(
        "training failed: no metrics, no evaluation files",
        "training_failed",
        (
            "Training failed.",
            "Mend the dataset, retrain.",
        ),
        (
            "Training had failed; there was no model to use.",
            NOT_USABLE,
        ),
        has_cause=True,
        metrics_expected=False,
    ),
    "STARTING_HOSTING": StatusWords(
        "being started, not yet able to inspect images",
        "hosting_starting",
        ("Hosting is starting.", "Wait until HOSTED to send images."),
        ("Hosting was starting when captured.", _LAST_BILLS),
    ),
    "HOSTED": StatusWords(
        "running",
        "hosted",
        ("Running, and billed by the hour until StopModel.", "StopModel when idle."),
        (
            f"Running, billed when captured; {_NO_HISTORY}",
            _LAST_BILLS,
        ),
    ),
    "HOSTING_FAILED": StatusWords(
        "its last start failed; the trained model and its metrics stand",
        "hosting_failed",
        (
            "Hosting failed.",
            "Mend the cause, then StartModel again.",
        ),
        (
            "Hosting had failed; the results of training stood.",
            "Judge the model by its metrics: nothing can be started any more. Whether it ran "
            "before is in no record.",
        ),
        has_cause=True,
    ),
    "STOPPING_HOSTING": StatusWords(
        "being stopped",
        "hosting_stopping",
        ("Hosting is stopping.", "Wait until it is TRAINED: then it is stopped."),
        (f"Hosting was stopping when captured; {_NO_HISTORY}", _LAST_BILLS),
    ),
    "SYSTEM_UPDATING": StatusWords(
        "hosted, while the service updated it",
        "system_updating",
        ("The service is updating the hosted model.", "Wait until it is HOSTED again."),
        (
            f"The service was updating the hosted model when captured; {_NO_HISTORY}",
            _LAST_BILLS,
        ),
    ),
    "DELETING": StatusWords(
        "being deleted",
        "deleting",
        ("The model is being deleted.", "Save its evaluation files now if they matter."),
        (
            "The model was being deleted when captured.",
            "Keep this record and the evaluation files: they may be all that is left of it.",
        ),
        metrics_expected=False,
    ),
}

RUNNING_STATUSES: Final = ("STARTING_HOSTING", "HOSTED", "STOPPING_HOSTING", "SYSTEM_UPDATING")
"""Statuses of a model that was being hosted, or nearly: who asks for one means the others too."""
_FAILED_STATUSES: Final = ("TRAINING_FAILED", "HOSTING_FAILED")
NEAR_STATUSES: Final[dict[str, tuple[str, ...]]] = {
    **{
        status: tuple(other for other in group if other != status)
        for group in (RUNNING_STATUSES, _FAILED_STATUSES)
        for status in group
    },
    "TRAINED": (*RUNNING_STATUSES, "HOSTING_FAILED"),
}
"""The statuses that a reader of one may not know to be others: a HOSTED model is trained, too."""
