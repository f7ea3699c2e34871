"""The words of an inventory: what can be done with each project, what is held, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lfv_mcp.figures import count_of
from lfv_mcp.results.inventory import Ability, HeldImages, HeldProject

_ABILITIES: Final[dict[Ability, str]] = {
    "describe": "described",
    "analyze": "analysed",
    "compare": "compared",
    "retrain": "retrained",
}


def can_in_words(project: HeldProject) -> str:
    """One line: what can be done with a project, and what cannot."""
    can = [_ABILITIES[each] for each in project.can]
    cannot = [words for ability, words in _ABILITIES.items() if ability not in project.can]
    if not can:
        return f"{project.project_name}: nothing is held that can be used."
    if project.can == ("describe",):
        return f"{project.project_name} can only be described."
    line = f"{project.project_name} can be {_listed(can)}"
    return f"{line}, not {_listed(cannot, 'or')}." if cannot else f"{line}."


def _listed(words: Sequence[str], last: str = "and") -> str:
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


def summarise_inventory(projects: Sequence[HeldProject], *, all_read: bool = True) -> str:
    """What is held of all projects, in a few sentences."""
    if not projects:
        return (
            "Nothing is held of any project."
            if all_read
            else "Nothing is held of any project among what could be read; see files_unread."
        )
    if len(projects) == 1:
        return can_in_words(projects[0])
    counts: dict[Ability, int] = {
        ability: sum(ability in each.can for each in projects) for ability in _ABILITIES
    }
    told = ", ".join(f"{count} can be {_ABILITIES[each]}" for each, count in counts.items())
    return f"{count_of(len(projects), 'project', 'projects')}: {told}."


def inventory_digest(projects: Sequence[HeldProject]) -> list[str]:
    """Lines for a reader: each project with what is held, what can be done and what is missing."""
    lines: list[str] = []
    for project in projects:
        lines.append(can_in_words(project))
        lines.append(f"  held: {held_in_words(project)}")
        lines += [f"  {each}" for each in project.missing]
    return lines


def held_in_words(project: HeldProject) -> str:
    """What is held of a project, as a list of counts."""
    packages = len(project.edge_packages)
    parts = [
        count_of(project.answers, "answer", "answers"),
        count_of(project.evaluation_files, "evaluation file", "evaluation files"),
        count_of(project.dataset_manifests, "dataset manifest", "dataset manifests"),
        count_of(project.prediction_sets, "prediction set", "prediction sets"),
        count_of(packages, "edge package", "edge packages"),
    ]
    for what, held in (("images", project.images), ("masks", project.masks)):
        if held is not None:
            parts.append(f"{what}: {_presence_in_words(held)}")
    parts += [
        f"built-in cut {package.built_in_threshold:g} ({package.location})"
        for package in project.edge_packages
        if package.built_in_threshold is not None
    ]
    return "; ".join(parts)


def _presence_in_words(held: HeldImages) -> str:
    counts = (
        (held.present, "present"),
        (held.archived, "archived"),
        (held.gone, "gone"),
        (held.forbidden, "not to be listed"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in counts if count) or "none"
