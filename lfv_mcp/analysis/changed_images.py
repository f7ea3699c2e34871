"""Images that two versions judge differently, and labels that every version contradicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import Final, NamedTuple

from lfv_mcp.analysis.paired_images import PairedImage, Vote, Votes
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT
from lfv_mcp.results.model_comparison import (
    ChangedImage,
    ChangedImages,
    ChangedVerdicts,
    DoubtedLabel,
)
from lfv_mcp.text import clean

MAX_IMAGES: Final = {True: 20, False: 40}
"""Images that an answer names in all: about two versions, and about more."""


def changed_verdicts(
    images: Sequence[PairedImage],
    most: int | None,
    *,
    by_score: bool,
    baseline_by_score: bool = False,
) -> ChangedVerdicts:
    """The images that the two judge differently; of each kind `most`, the surest verdicts first.

    Args:
        images: the images of both.
        most: images to name, of each kind, None for all; the counts are of all.
        by_score: whether scores explain this version's verdicts; else none is shown.
        baseline_by_score: the same of the baseline.
    """

    def changed(*, anomalous: bool, is_right: bool) -> ChangedImages:
        found = [
            image
            for image in images
            if image.anomalous is anomalous
            and image.candidate.is_right is is_right
            and image.baseline.is_right is not is_right
        ]
        # A rejected part is the surer the higher its score, a passed one the lower.
        rejected = anomalous is is_right
        ranked = _ranked(found, rejected=rejected)
        return ChangedImages(
            count=len(ranked),
            images=tuple(
                ChangedImage(
                    image=clean(image.image, REF_LIMIT),
                    anomaly_score=image.candidate.score if by_score else None,
                    baseline_score=image.baseline.score if baseline_by_score else None,
                )
                for image in ranked[:most]
            ),
        )

    return ChangedVerdicts(
        newly_missed=changed(anomalous=True, is_right=False),
        newly_caught=changed(anomalous=True, is_right=True),
        newly_rejected=changed(anomalous=False, is_right=False),
        newly_passed=changed(anomalous=False, is_right=True),
    )


def _ranked(found: Iterable[PairedImage], *, rejected: bool) -> list[PairedImage]:
    """The images, this version's surest verdicts first."""

    def order(image: PairedImage) -> tuple[bool, float, str]:
        score = image.candidate.score
        if score is None:
            return True, 0.0, image.image
        return False, (-score if rejected else score), image.image

    return sorted(found, key=order)


class Doubt(NamedTuple):
    """A label that all contradict who were tested on its image, and who they are."""

    label: DoubtedLabel
    judges: tuple[str, ...]


def doubted_labels(
    votes: Mapping[str, Votes],
    unanswered: Mapping[str, Set[str]],
    *,
    scored: str | None = None,
) -> list[Doubt]:
    """The images whose label all contradict who were tested on them, at least two; surest first.

    Who contradicts itself, or should have judged the image and did not, does not contradict the
    label.

    Args:
        votes: of each version or prediction set, the baseline's first.
        unanswered: the test images that prediction sets did not answer.
        scored: the baseline, if scores explain its verdicts; else no score is kept.
    """
    everyone: dict[str, dict[str, Vote]] = {}
    for version, of_one in votes.items():
        for image, vote in of_one.by_image.items():
            everyone.setdefault(image, {})[version] = vote
    for image in {*chain(*unanswered.values(), *(each.contradictory for each in votes.values()))}:
        everyone.pop(image, None)
    doubted = [
        Doubt(_doubted(image, judges, scored), tuple(judges))
        for image, judges in everyone.items()
        if len(judges) > 1
        for label in (next(iter(judges.values())).anomalous,)
        if all(_contradicts(vote, label) for vote in judges.values())
    ]
    return sorted(doubted, key=lambda each: (-(each.label.confidence or 0), each.label.image))


def _doubted(image: str, judges: Mapping[str, Vote], scored: str | None) -> DoubtedLabel:
    sure = [vote.confidence for vote in judges.values() if vote.confidence is not None]
    baseline = judges.get(scored) if scored else None
    return DoubtedLabel(
        image=clean(image, REF_LIMIT),
        label="anomaly" if next(iter(judges.values())).anomalous else "normal",
        confidence=min(sure) if len(sure) == len(judges) else None,
        baseline_score=baseline.score if baseline else None,
    )


def _contradicts(vote: Vote, label: bool) -> bool:  # noqa: FBT001 - the label itself, no switch
    return vote.anomalous is label and vote.flagged is (not label)


class NamedImages(NamedTuple):
    """The images that an answer has room for."""

    changed: tuple[ChangedVerdicts | None, ...]
    doubted: tuple[DoubtedLabel, ...]
    left_out: int


def within_limit(
    changed: Sequence[ChangedVerdicts | None],
    doubted: Sequence[DoubtedLabel],
    *,
    room: int | None,
) -> NamedImages:
    """As many images as there is room for: the longest lists lose first, the doubts last.

    `room` None: all of them.
    """
    if room is None:
        return NamedImages(tuple(changed), tuple(doubted), 0)
    lengths = [[len(images.images) for _, images in each] if each else [] for each in changed]
    places = [(row, kind) for row, kinds in enumerate(lengths) for kind in range(len(kinds))]
    before = sum(map(sum, lengths)) + len(doubted)
    kept_doubts = min(len(doubted), room)
    for _ in range(sum(map(sum, lengths)) - (room - kept_doubts)):
        row, kind = max(places, key=lambda place: lengths[place[0]][place[1]])
        lengths[row][kind] -= 1
    shorter = [
        each
        and ChangedVerdicts(
            **{
                name: ChangedImages(count=images.count, images=images.images[:length])
                for (name, images), length in zip(each, kept, strict=True)
            }
        )
        for each, kept in zip(changed, lengths, strict=True)
    ]
    after = sum(map(sum, lengths)) + kept_doubts
    return NamedImages(tuple(shorter), tuple(doubted[:kept_doubts]), before - after)
