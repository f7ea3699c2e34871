"""Two versions on the same test images: McNemar's exact test, and Holm's correction for several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lfv_mcp.formats.evaluation_manifest import EvaluationManifest, ImagePrediction
from lfv_mcp.metrics import mcnemar_exact

ALPHA: Final = 0.05
"""Chance of calling any pair different that is not: over all paired tests, by Holm's correction."""
MATCHED: Final = 0.90
"""Share of the larger test set to be found in both, once in each and with one truth, to pair."""

MatchedImages: TypeAlias = Sequence[tuple[ImagePrediction, ImagePrediction]]
"""The same images as two versions judged them."""
VersionPair: TypeAlias = tuple[str, str]
"""Two versions, the one that was named earlier first."""


@dataclass(frozen=True, slots=True)
class McNemarTest:
    """McNemar's exact test of two versions, by accuracy (images judged right)."""

    images: int
    """Test images that both versions judged."""
    first_alone_right: int
    second_alone_right: int
    p_value: float
    more_escapes: int
    """Missed defects of the second version, minus those of the first."""
    more_false_alarms: int
    is_trade: bool
    """Fewer escapes for more false alarms, or the reverse, and not by chance alone."""


def mcnemar_test(matched: MatchedImages) -> McNemarTest:
    """The test on matched images; only those that one version alone judges right count in it."""
    # By (is the image anomalous?, is it the first version that is right?).
    discordant = Counter(
        (a.anomalous, a.flagged == a.anomalous) for a, b in matched if a.flagged != b.flagged
    )
    first_alone = discordant[True, True] + discordant[False, True]
    second_alone = discordant[True, False] + discordant[False, False]
    p_value = mcnemar_exact(first_alone, second_alone)
    more_escapes = discordant[True, True] - discordant[True, False]
    more_false_alarms = discordant[False, True] - discordant[False, False]
    # Accuracy can even out what each class shows, so each class may call it a trade.
    by_class = (
        mcnemar_exact(discordant[truth, True], discordant[truth, False]) for truth in (True, False)
    )
    return McNemarTest(
        images=len(matched),
        first_alone_right=first_alone,
        second_alone_right=second_alone,
        p_value=p_value,
        more_escapes=more_escapes,
        more_false_alarms=more_false_alarms,
        is_trade=more_escapes * more_false_alarms < 0 and min(p_value, *by_class) <= ALPHA,
    )


def match_images(
    first: EvaluationManifest | None, second: EvaluationManifest | None
) -> MatchedImages:
    """The same images with the same truth, as both versions judged them; none if too few."""
    in_first, in_second = _named_once(first), _named_once(second)
    both = [(image, in_second[ref]) for ref, image in in_first.items() if ref in in_second]
    both = [(a, b) for a, b in both if a.anomalous == b.anomalous]
    larger = max(_image_count(first), _image_count(second))
    return both if len(both) >= MATCHED * larger else []


def _image_count(manifest: EvaluationManifest | None) -> int:
    return len(manifest.images or ()) if manifest else 0


def _named_once(manifest: EvaluationManifest | None) -> dict[str, ImagePrediction]:
    """The images that one line alone names, by their S3 URI."""
    images = (manifest.images or ()) if manifest else ()
    lines = Counter(image.source_ref for image in images)
    return {i.source_ref: i for i in images if i.source_ref and lines[i.source_ref] == 1}


def significant_pairs(p_values: Mapping[VersionPair, float]) -> set[VersionPair]:
    """The pairs that differ, by Holm's correction.

    The k-th smallest of m p-values must be at most ALPHA / (m - k + 1).
    """
    significant: set[VersionPair] = set()
    for pair in sorted(p_values, key=lambda pair: p_values[pair]):
        if p_values[pair] > ALPHA / (len(p_values) - len(significant)):
            break
        significant.add(pair)
    return significant
