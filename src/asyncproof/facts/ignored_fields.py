"""Whether steps and guidance change pictures: told as observed; distilled models ignore both."""

from collections import defaultdict

from asyncproof.facts.equal_requests import drawn, equal_requests, is_repeatable
from asyncproof.history.history import RECIPE, History

FIELDS = {"num_inference_steps": "steps", "guidance_scale": "guidance"}


def lines(history: History) -> list[str]:
    """A line for each field in which alone two requests of the run differ, if pictures can tell."""
    equal = equal_requests(history)
    if not equal or not all(map(is_repeatable, equal)):
        return []  # another picture would show nothing
    told = []
    for field, name in FIELDS.items():
        pictures = _by_value(history, RECIPE.index(field))
        if not pictures:
            continue
        matters = any(len(set(group.values())) > 1 for group in pictures)
        effect = (
            "another number gives another picture"
            if matters
            else "another number gives the same picture"
        )
        told.append(f"{name.capitalize()}: {effect} ({field}, {len(pictures)} compared)")
    return told


def _by_value(history: History, at: int) -> list[dict[object, str]]:
    """For requests that differ in this place of the recipe alone: a picture for each value."""
    groups = defaultdict[object, dict[object, str]](dict)
    for job in history.accepted:
        if picture := drawn(job):
            rest = (*job.recipe[:at], *job.recipe[at + 1 :])
            groups[rest].setdefault(job.recipe[at], picture)
    return [group for group in groups.values() if len(group) > 1]
