"""Why a picture counts as damaged: the strongest evidence there is, in words."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from asyncproof.history.events import Compared, Examined, File
from asyncproof.history.history import History, JobRecord, Recipe

# One look at one picture errs now and then. That a tenth of all pictures, of several requests, look
# damaged is no error.
SYSTEMATIC_SHARE = 0.1
SYSTEMATIC_REQUESTS = 2
BLANK = frozenset({"solid", "transparent"})
# Seams are the evidence that errs most often (edges of houses, horizons): they warn, no more.
STRONG_SIGNS = frozenset(
    {"solid", "transparent", "lost channel", "dead edge", "missing tile", "noise", "repeated rows"}
)


def defect(history: History, job: JobRecord, picture: File) -> str | None:
    """What is wrong with the file, exactly; empty where nothing is, None where nobody looked."""
    examined = history.pictures.get((picture.sha256, *job.size))
    return None if examined is None else next(iter(examined.defects), "")


def suspicion(history: History, job: JobRecord, picture: File) -> str | None:
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


def idle_references(history: History, recipe: Recipe) -> list[File]:
    """The pictures that this request gave in quiet; those that look damaged are left out where
    others do not, and where they differ those that fewer pictures of the request agree with."""
    references = history.quiet.get(recipe, [])
    sound = [
        reference for reference in references if not _looks_damaged(history, recipe, reference)
    ]
    return _most_agreed(history, recipe, sound or references)


def in_dispute(history: History, references: Sequence[File]) -> bool:
    """Whether one of these pictures, all made in quiet for one request, is wrong."""
    return any(
        _agree(history, one.sha256, other.sha256) is False
        for one, other in combinations(references, 2)
    )


def _agree(history: History, one: str, other: str) -> bool | None:
    """Whether two pictures are the same; None where they differ and nobody compared them."""
    if one == other:
        return True
    found = beside_each_other(history, one, other)
    return None if found is None else not found.difference


def difference_between(history: History, one: File, other: File) -> str:
    """How two pictures differ; empty where they do not, and where nobody compared them."""
    found = beside_each_other(history, one.sha256, other.sha256)
    return found.difference if found else ""


def beside_each_other(history: History, one: str, other: str) -> Compared | None:
    """The comparison of two pictures, by their SHA-256, whichever of them came first."""
    return history.compared.get((one, other)) or history.compared.get((other, one))


def _most_agreed(history: History, recipe: Recipe, references: list[File]) -> list[File]:
    if len(references) < 2 or not in_dispute(history, references):
        return references
    jobs = (job for job in (history.known or history.jobs).values() if job.recipe == recipe)
    made = [{picture.sha256 for picture in job.pictures()} for job in jobs]
    votes = [
        sum(any(_agree(history, sha256, each.sha256) for sha256 in pictures) for pictures in made)
        for each in references
    ]
    return [each for each, count in zip(references, votes, strict=True) if count == max(votes)]


def _looks_damaged(history: History, recipe: Recipe, reference: File) -> bool:
    job = history.quiet_jobs[recipe]
    return bool(defect(history, job, reference) or strong_suspicion(history, job, reference))


def difference(history: History, job: JobRecord, picture: File) -> str | None:
    """How the picture differs from its idle reference; empty if it does not, None without one."""
    references = {reference.sha256 for reference in idle_references(history, job.recipe)}
    if picture.sha256 in references:
        return ""
    compared = _compared(history, picture, references)
    return None if compared is None else compared.difference


def _compared(history: History, picture: File, references: Iterable[str]) -> Compared | None:
    """The comparison of a picture with one of these, by their hashes."""
    found = (history.compared.get((picture.sha256, reference)) for reference in references)
    return next((compared for compared in found if compared is not None), None)


def is_confirmed(history: History, job: JobRecord, picture: File) -> bool:
    """Whether the picture looks damaged, and what the same request gave in quiet does not."""
    references = history.quiet.get(job.recipe, [])
    if picture.sha256 in {reference.sha256 for reference in idle_references(history, job.recipe)}:
        return False
    sound = any(not _looks_damaged(history, job.recipe, reference) for reference in references)
    return sound and bool(strong_suspicion(history, job, picture))


def doubtful_jobs(history: History) -> list[JobRecord]:
    """One job for each request whose picture looks damaged, and was never drawn in quiet."""
    found = dict[Recipe, JobRecord]()
    for job in history.accepted:
        if job.recipe in history.quiet or job.submitted.request.get("seed") is None:
            continue
        if job.completed and any(strong_suspicion(history, job, p) for p in job.pictures()):
            found.setdefault(job.recipe, job)
    return list(found.values())


def apart(history: History, job: JobRecord) -> str | None:
    """How a picture of the job differs from its idle reference; empty where all agree with it, None
    where none was compared."""
    found = [difference(history, job, picture) for picture in job.pictures()]
    return next((told for told in found if told), "" if "" in found else None)


def differs_in_a_part(history: History, job: JobRecord) -> bool:
    """Whether the rest of the job's picture is that of its idle reference."""
    references = {reference.sha256 for reference in idle_references(history, job.recipe)}
    pictures = [picture for picture in job.pictures() if picture.sha256 not in references]
    found = [_compared(history, picture, references) for picture in pictures]
    differing = (compared for compared in found if compared is not None and compared.difference)
    first = next(differing, None)
    return first is not None and first.in_a_part is True


def looks_blank(history: History, job: JobRecord, picture: File) -> bool:
    """Whether all of it has one colour, or none."""
    examined = history.pictures.get((picture.sha256, *job.size))
    return examined is not None and not BLANK.isdisjoint(examined.signs)


def strong_suspicion(history: History, job: JobRecord, picture: File) -> str | None:
    """The suspicion where its evidence is strong, empty where it is not."""
    examined = history.pictures.get((picture.sha256, *job.size))
    strong = examined is not None and not STRONG_SIGNS.isdisjoint(examined.signs)
    return suspicion(history, job, picture) if strong or examined is None else ""


def is_damaged_by_itself(history: History, job: JobRecord) -> bool:
    """Whether one of its pictures is broken, or looks so, whatever other pictures are like."""
    return any(
        defect(history, job, picture) or strong_suspicion(history, job, picture)
        for picture in job.pictures()
    )


def looks_damaged_throughout(history: History) -> bool:
    """Whether so many pictures of so many requests look damaged that it is no accident.

    Pictures that differ from their idle reference do not count: that is said of each of them.
    """
    looks = [
        (job.recipe, strong_suspicion(history, job, picture))
        for job in history
        for picture in job.pictures()
        if not difference(history, job, picture)
    ]
    suspected = [recipe for recipe, look in looks if look]
    share = len(suspected) / max(1, len(looks) + history.sound_pictures)
    return len(set(suspected)) >= SYSTEMATIC_REQUESTS and share >= SYSTEMATIC_SHARE


def broken_rule(history: History, job: JobRecord, picture: File) -> str | None:
    """Why the picture counts as damaged; empty where it does not, None where nobody looked.

    The file first, then the idle reference, then the look: a picture that equals its reference is
    whole whatever it shows, unless the miner's pictures look damaged throughout; and one look alone
    proves nothing.
    """
    broken = defect(history, job, picture)
    if broken is None or broken:
        return broken
    if differs := difference(history, job, picture):
        return differs
    told = suspicion(history, job, picture)
    if not told:  # the rest looks at every picture of the history
        return ""
    sure = is_confirmed(history, job, picture) or looks_damaged_throughout(history)
    return told if sure else ""


def doubt(history: History, job: JobRecord, picture: File) -> str:
    """What looks damaged in a picture without a reference, and that nothing else proves damaged."""
    if broken_rule(history, job, picture) or difference(history, job, picture) is not None:
        return ""
    return suspicion(history, job, picture) or ""
