"""What the whole pictures of a history have in common, one for each request."""

from dataclasses import dataclass

from asyncproof.history.events import File
from asyncproof.history.history import TOGETHER, History, Recipe
from asyncproof.images.together.common import Common, Shown, common
from asyncproof.images.together.measure import Measures
from asyncproof.workload.scenario import Job


@dataclass(frozen=True, slots=True)
class InCommon:
    """What was found in so many ``pictures``, None where nothing was, and one of them, if any."""

    common: Common | None
    pictures: int
    example: File | None


def to_be_judged_together(jobs: list[Job]) -> list[Job]:
    """The jobs, marked as those whose pictures are measured."""
    return [job.tagged(**{TOGETHER: "yes"}) for job in jobs]


def in_common(history: History) -> InCommon:
    """The verdict on pictures that were measured. Broken and blank ones do not count: of these
    there is nothing more to say."""
    found = dict[Recipe, tuple[Shown, File]]()
    for job in history.accepted:
        for picture in job.pictures():
            examined = history.pictures.get((picture.sha256, *job.size))
            if examined is None or not examined.measures or "solid" in examined.signs:
                continue
            shown = Shown(
                str(job.submitted.request.get("prompt")), Measures.from_fields(examined.measures)
            )
            found.setdefault(job.recipe, (shown, picture))
    example = next((picture for _, picture in found.values()), None)
    return InCommon(common([shown for shown, _ in found.values()]), len(found), example)
