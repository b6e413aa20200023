"""Whether equal requests got equal files: customers compare pictures of miners by their SHA-256.

And whether pictures depend on what else the miner does, which is told and is no fault.
"""

from itertools import pairwise
from statistics import median

from asyncproof.facts.equal_requests import drawn, equal_requests
from asyncproof.history.events import Compared
from asyncproof.history.history import History
from asyncproof.images.reference.structure import LEAST_PAIRS
from asyncproof.text import counted


def lines(history: History) -> list[str]:
    """Lines about a whole run; none where no two jobs asked for the same picture.

    Pictures that differ a little are allowed; the lines say only what was seen.
    """
    pairs = [pair for group in equal_requests(history) for pair in pairwise(group)]
    if not pairs:
        return []
    differ = sum(drawn(one) != drawn(other) for one, other in pairs)
    seen = f"{counted(len(pairs), 'pair')} of equal requests"
    how = f"in {differ} the files differ" if differ else "the same file each time"
    told = [f"Repeatable to the byte: {'no' if differ else 'yes'} ({seen}, {how})"]
    return told + _drift(history)


def _drift(history: History) -> list[str]:
    """How many pictures of jobs that had company drifted, how far, and the first of these jobs."""
    jobs, found = [], dict[str, Compared]()
    for job in history:
        beside = {
            p.sha256: each
            for p in job.pictures()
            for twin in history.quiet.get(job.recipe, [])
            if (each := history.compared.get((p.sha256, twin.sha256))) and each.drifted
        }
        found |= beside
        jobs += [job] if beside else []
    if not jobs:
        return []
    levels = [each.drifted for each in found.values()]
    return [
        f"Pictures depend on load: in {counted(len(jobs), 'job')}, from "
        f"{jobs[0].shown} on, they show the same as in quiet, and their samples differ by "
        f"{median(levels):.1f} levels of 255 in the mean (at most {max(levels):.1f})"
        f"{_too_few(list(found.values()))}"
    ]


def _too_few(found: list[Compared]) -> str:
    few = sum(each.learned_from < LEAST_PAIRS for each in found)
    if not few:
        return ""
    return (
        f"; {few} of them could not be compared closely: it takes {LEAST_PAIRS} pictures to learn "
        "how far this miner's drift"
    )
