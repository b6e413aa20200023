"""Why a picture counts as damaged: the strongest evidence there is, in words."""

from tests.e2e.async_inference.events import Examined, File
from tests.e2e.async_inference.run_history import JobRecord, RunHistory

# One look at one picture errs now and then. That a tenth of all pictures, of several requests, look
# damaged is no error.
SYSTEMATIC_SHARE = 0.1
SYSTEMATIC_REQUESTS = 2
BLANK = frozenset({"solid", "transparent"})
# Seams are the evidence that errs most often (edges of houses, horizons): they warn, no more.
STRONG_SIGNS = frozenset(
    {"solid", "transparent", "lost channel", "dead edge", "missing tile", "noise", "repeated rows"}
)


def defect(history: RunHistory, job: JobRecord, picture: File) -> str | None:
    """What is wrong with the file, exactly; empty where nothing is, None where nobody looked."""
    examined = history.pictures.get((picture.sha256, *job.size))
    return None if examined is None else next(iter(examined.defects), "")


def suspicion(history: RunHistory, job: JobRecord, picture: File) -> str | None:
    """What looks damaged in the picture alone; empty where nothing does, None if nobody looked.

    Where one of the six simple rules says it too, its words are used: people know them.
    """
    examined = history.pictures.get((picture.sha256, *job.size))
    if examined is None or examined.defects:
        return None
    return _told(examined) if examined.suspicions else ""


def _told(examined: Examined) -> str:
    """The simple rule with what the look adds to it: which rows, or which part."""
    seen = examined.suspicions[0]
    return f"{examined.rule}; {seen.partition(': ')[2] or seen}" if examined.rule else seen


def difference(history: RunHistory, job: JobRecord, picture: File) -> str | None:
    """How the picture differs from its quiet twin; empty where it does not, None without a twin."""
    twins = {twin.sha256 for twin in history.quiet.get(job.recipe, ())}
    if picture.sha256 in twins:
        return ""
    found = (history.compared.get((picture.sha256, twin)) for twin in twins)
    return next((compared.difference for compared in found if compared is not None), None)


def looks_blank(history: RunHistory, job: JobRecord, picture: File) -> bool:
    """Whether all of it has one colour, or none."""
    examined = history.pictures.get((picture.sha256, *job.size))
    return examined is not None and not BLANK.isdisjoint(examined.signs)


def strong_suspicion(history: RunHistory, job: JobRecord, picture: File) -> str | None:
    """The suspicion where its evidence is strong, empty where it is not."""
    examined = history.pictures.get((picture.sha256, *job.size))
    strong = examined is not None and not STRONG_SIGNS.isdisjoint(examined.signs)
    return suspicion(history, job, picture) if strong or examined is None else ""


def looks_damaged_throughout(history: RunHistory) -> bool:
    """Whether so many pictures of so many requests look damaged that it is no accident.

    Pictures that differ from their quiet twin do not count: that is said of each of them.
    """
    looks = [
        (job.recipe, strong_suspicion(history, job, picture))
        for job in history
        for picture in job.pictures()
        if not difference(history, job, picture)
    ]
    suspected = [recipe for recipe, look in looks if look]
    share = len(suspected) / max(1, len(looks))
    return len(set(suspected)) >= SYSTEMATIC_REQUESTS and share >= SYSTEMATIC_SHARE


def broken_rule(history: RunHistory, job: JobRecord, picture: File) -> str | None:
    """Why the picture counts as damaged; empty where it is whole, None where nobody looked.

    The file first, then the quiet twin, then the look: a picture that equals its twin is whole
    whatever it shows, unless the miner's pictures look damaged throughout.
    """
    broken = defect(history, job, picture)
    if broken is None or broken:
        return broken
    differs = difference(history, job, picture)
    if differs:
        return differs
    if differs is None or looks_damaged_throughout(history):
        return suspicion(history, job, picture) or ""
    return ""
