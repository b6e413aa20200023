"""Jobs that asked for the same picture, and what each of them got."""

from collections import Counter, defaultdict

from asyncproof.facts.damage import beside_each_other, is_damaged_by_itself
from asyncproof.harness.verdict import NotApplicable
from asyncproof.history.events import Compared, File
from asyncproof.history.history import History, JobRecord


def same_but_lora(one: JobRecord, other: JobRecord) -> bool:
    """Whether two requests agree in everything, the LoRA aside."""
    return one.recipe[:-1] == other.recipe[:-1]


def lora(job: JobRecord) -> object:
    return job.submitted.request.get("lora_path")


def drawn(job: JobRecord) -> str | None:
    """The SHA-256 of the job's picture."""
    file = drawn_file(job)
    return file.sha256 if file else None


def drawn_file(job: JobRecord) -> File | None:
    """The job's picture: its result, else what the callback brought."""
    result, sent = job.download(), job.delivery
    return (result.file if result else None) or (sent.image if sent else None)


def equal_requests(history: History) -> list[list[JobRecord]]:
    """Jobs with the same recipe and a picture, in the order of submission; two at least.

    A picture that is damaged by itself, and that no other job of the recipe got, is left out: it
    says nothing of seeds, LoRAs or training.
    """
    groups = defaultdict[tuple[object, ...], list[JobRecord]](list)
    for job in history.accepted:
        if drawn(job):
            groups[job.recipe].append(job)
    sound = (_without_damaged(history, group) for group in groups.values() if len(group) > 1)
    return [group for group in sound if len(group) > 1]


def _without_damaged(history: History, group: list[JobRecord]) -> list[JobRecord]:
    times = Counter(map(drawn, group))
    if len(times) == 1:
        return group
    return [j for j in group if times[drawn(j)] > 1 or not is_damaged_by_itself(history, j)]


def without_reference(history: History) -> list[list[JobRecord]]:
    """The equal requests that were never made in quiet, and that name their seed."""
    return [
        group
        for group in equal_requests(history)
        if group[0].recipe not in history.quiet
        and group[0].submitted.request.get("seed") is not None
    ]


def disagreeing(history: History) -> list[JobRecord]:
    """One job for each of these requests that gave different pictures, so far as they were
    compared: which of them is wrong, the request made again in quiet tells."""
    groups = without_reference(history)
    return [group[0] for group in groups if any(_differ(history, group[0], j) for j in group[1:])]


def _differ(history: History, one: JobRecord, other: JobRecord) -> bool:
    found = beside(history, one, other)
    return found is not None and bool(found.difference)


def in_quiet(group: list[JobRecord]) -> list[JobRecord]:
    return [job for job in group if job.is_idle]


def is_repeatable(group: list[JobRecord]) -> bool:
    return len({drawn(job) for job in group}) == 1


def repeats(history: History, group: list[JobRecord]) -> bool:
    """Whether all got the same picture: to the byte, or beside the first by structure."""
    first = group[0]
    return all(is_same_picture(history, first, job) for job in group[1:])


def is_same_picture(history: History, one: JobRecord, other: JobRecord) -> bool:
    """Whether two jobs got the same picture, so far as it was compared."""
    found = beside(history, one, other)
    quiet = in_quiet([one, other]) == [one, other] and one.recipe == other.recipe
    learned = history.learned
    if found is None and quiet and learned is not None and learned.tolerance is not None:
        return True  # that is what the tolerance was learned from
    return drawn(one) == drawn(other) or (found is not None and not found.difference)


def beside(history: History, one: JobRecord, other: JobRecord) -> Compared | None:
    """The comparison of the pictures of two jobs, whichever of them came first."""
    return beside_each_other(history, drawn(one) or "", drawn(other) or "")


NOT_REPEATABLE = NotApplicable("the miner's pictures are not repeatable to the byte")
