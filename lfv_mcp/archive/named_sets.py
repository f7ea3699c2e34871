"""The names of prediction sets in a place that is written to: one name stands for one content."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from threading import Lock

from lfv_mcp.archive.targets import Target
from lfv_mcp.errors import CallerError, ServiceError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.predictions.prediction_file import about_in, starts_as_prediction_set
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions, same_but_for_origin
from lfv_mcp.formats.texts import HEAD, LINE_LIMIT
from lfv_mcp.text import clean


def name_taken(name: str, place: str, next_step: str) -> CallerError:
    """The error of a name that another set has."""
    return CallerError(
        "predictions_name_taken",
        f"There is another prediction set named {name} (without regard to case): "
        f"{clean(place, 1024)}. It was left as it is.",
        f"{next_step}, or choose another name.",
    )


def holds_set_alone(target: Target, name: str) -> bool:
    """Whether a file of the target is that of a prediction set, and holds nothing else.

    Raises:
        LfvError: it cannot be read.
    """
    try:
        data = target.read(name, HEAD)
        if data.startswith(b"\x1f\x8b"):
            data = zlib.decompressobj(wbits=31).decompress(data, HEAD)
    except (OSError, zlib.error):
        return False
    return starts_as_prediction_set(data)


class NamedSets:
    """The sets that a target has in a folder, and those that a run writes there.

    Args:
        target: where they are written to.
    """

    def __init__(self, target: Target) -> None:
        """Look at nothing yet."""
        self._target = target
        self._lock = Lock()
        self._folders: dict[str, list[tuple[str, AboutPredictions]]] = {}

    def write(self, about: AboutPredictions, folder: str, write: Callable[[], bool]) -> bool:
        """Write a set unless it is there; one at a time, for two may have one name.

        Args:
            about: the set.
            folder: where it belongs.
            write: writes it; whether it was new.

        Raises:
            CallerError: another set has its name.
            LfvError: it cannot be written, or read what is there.
        """
        with self._lock:
            if folder not in self._folders:
                self._folders[folder] = list(self._held(folder))
            for name, said in self._folders[folder]:
                if said.key.folded_name != about.key.folded_name:
                    continue
                if same_but_for_origin(said, about):
                    return False
                raise name_taken(
                    about.key.name, name, "Remove the one that is not wanted, and run this again"
                )
            is_new = write()
            self._folders[folder].append((folder, about))
            return is_new

    def _held(self, folder: str) -> Iterator[tuple[str, AboutPredictions]]:
        for name in self._target.names(folder):
            if not name.startswith(f"{folder}/predictions-"):
                continue
            try:
                data = self._target.read(name, LINE_LIMIT)
                yield name, about_in(data.partition(b"\n")[0])
            except (OSError, ServiceError, UnrecognisedError):
                continue  # what it is, `archive check` says
