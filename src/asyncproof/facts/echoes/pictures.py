"""What a picture that is damaged, foreign or of another model makes of other clauses."""

from collections.abc import Iterable, Iterator
from functools import partial
from math import inf

from asyncproof.facts.damage import (
    broken_rule,
    difference,
    differs_in_a_part,
    is_damaged_by_itself,
    looks_blank,
)
from asyncproof.facts.equal_requests import drawn, is_same_picture, lora
from asyncproof.facts.failures import foreign_lora
from asyncproof.facts.judged_run import (
    PICTURES,
    JudgedRun,
    Pair,
)
from asyncproof.facts.pictures import pictures
from asyncproof.facts.provoked import provocations
from asyncproof.harness.verdict import Finding
from asyncproof.history.events import CALLBACK_LINK
from asyncproof.history.history import JobRecord
from asyncproof.workload.provocation import Provocation

TRAIN = "train"
IMAGE_URL = "image_url"  # where a picture was downloaded from


def a_lora_that_stays(seen: JudgedRun) -> Iterator[Pair]:
    """A picture that has the LoRA of the job before equals that of a job with it; and where that
    LoRA cannot be loaded, the next job fails too."""
    yield from seen.each(("IDN-4",), ("IDN-5",), lambda job: not lora(job))
    yield from seen.each(("SCH-2",), ("IDN-5",), lambda job: foreign_lora(seen.history, job))


def a_picture_of_another_job(seen: JudgedRun) -> Iterator[Pair]:
    """It is not what equal requests, sizes and files are compared by."""
    foreign = [f for f in seen.of("IDN-1") if (job := seen.job(f)) and not _blank(seen, job)]
    yield from _of_the_same_request(seen, foreign)
    jobs = {finding.job: finding for finding in foreign}
    for echo in seen.of("SUB-17", "IMG-1", "IMG-3", "CBK-9", "RES-3", "RES-4"):
        if echo.job in jobs:
            yield echo, jobs[echo.job]
    shared = {
        picture.sha256: finding
        for finding in foreign
        if (job := seen.job(finding))
        for picture in job.pictures()
    }
    for echo in seen.of("IMG-3"):  # of the two that have one picture, it is the other's
        other = seen.job(echo)
        held = other.pictures() if other else ()
        yield from ((echo, shared[p.sha256]) for p in held if p.sha256 in shared)


def _of_the_same_request(seen: JudgedRun, causes: Iterable[Finding]) -> Iterator[Pair]:
    """What was concluded from comparing pictures of one request, of which one is no witness."""
    spoilt = seen.by_request(causes)
    for echo in seen.of("IDN-2", "IDN-3", "IDN-4", "IDN-5", "TRN-3"):
        job = seen.job(echo)
        if job is not None and job.recipe[:-1] in spoilt and echo != spoilt[job.recipe[:-1]]:
            yield echo, spoilt[job.recipe[:-1]]


def a_picture_of_which_a_part_is_right(seen: JudgedRun) -> Iterator[Pair]:
    """Another LoRA, seed or model draws all of a picture anew; here something got into one."""
    damaged = [f for f in seen.of("IMG-3") if (job := seen.job(f)) and _is_partly_right(seen, job)]
    by_job = {finding.job: finding for finding in damaged}
    for echo in seen.of("IDN-2", "IDN-3", "IDN-4", "IDN-5", "TRN-3"):
        if echo.job in by_job:
            yield echo, by_job[echo.job]


def _is_partly_right(seen: JudgedRun, job: JobRecord) -> bool:
    return differs_in_a_part(seen.history, job)


def pictures_that_are_wrong_anyway(seen: JudgedRun) -> Iterator[Pair]:
    """With an ordinary seed, before any LoRA or training, pictures were wrong already."""
    styled = [job.submitted.at for job in seen.history if lora(job)]
    begun = min([*styled, *(probe.at for probe in seen.history.probed(TRAIN))], default=inf)
    for cause in seen.of("IMG-3"):
        job = seen.job(cause)
        if job is not None and _has_a_seed(job) and job.submitted.at < begun:
            yield from ((echo, cause) for echo in seen.of("IDN-2", "IDN-3", "IDN-5", "TRN-3"))
            return


def _has_a_seed(job: JobRecord) -> bool:
    return job.submitted.request.get("seed") not in (0, None)


def one_wrong_picture_after_a_training(seen: JudgedRun) -> Iterator[Pair]:
    """The model is no other where the same request gave the picture from before once more."""
    if _is_the_model_as_before(seen):
        yield from seen.same_job(("TRN-3",), ("IMG-3",))


def _is_the_model_as_before(seen: JudgedRun) -> bool:
    changed = seen.of("TRN-3")
    job = seen.job(changed[0]) if len(changed) == 1 else None
    if job is None:
        return False
    begun = min((probe.at for probe in seen.history.probed(TRAIN)), default=inf)
    equal = [other for other in seen.history.accepted if other.recipe == job.recipe]
    before = [other for other in equal if other.submitted.at < begun]
    later = [other for other in equal if other.submitted.at > job.submitted.at]
    return bool(before) and any(is_same_picture(seen.history, before[0], o) for o in later)


def a_model_that_is_no_longer_the_same(seen: JudgedRun) -> Iterator[Pair]:
    """A LoRA that stays, or a training, changes pictures that are whole by themselves."""
    for cause in seen.of("IDN-5", "TRN-3")[:1]:
        if cause.clause == "TRN-3" and _is_the_model_as_before(seen):
            continue
        if (job := seen.job(cause)) and _is_damaged(seen, job):
            continue
        for echo in seen.of("IMG-3"):
            other = seen.job(echo)
            if other is None or _is_damaged(seen, other) or _is_partly_right(seen, other):
                continue
            yield echo, cause


LEAST_AT_RANDOM = 3  # of two pictures that differ, one may be spoilt


def a_seed_that_is_taken_for_none(seen: JudgedRun) -> Iterator[Pair]:
    """Where no two pictures of a request with seed 0 are the same, each was drawn at random, and
    none was spoilt: so are those of other requests with seed 0."""
    random = [cause for cause in seen.of("IDN-3") if _is_drawn_at_random(seen, cause)]
    for cause in random[:1]:
        for echo in seen.of("IMG-3"):
            job = seen.job(echo)
            if job is None or job.submitted.request.get("seed") != 0:
                continue
            if not _is_damaged(seen, job) and not _is_partly_right(seen, job):
                yield echo, cause


def _is_drawn_at_random(seen: JudgedRun, finding: Finding) -> bool:
    job = seen.job(finding)
    if job is None:
        return False
    files = [drawn(other) for other in seen.history.accepted if other.recipe == job.recipe]
    made = list(filter(None, files))
    return len(made) >= LEAST_AT_RANDOM and len(set(made)) == len(made)


def a_callback_of_another_job(seen: JudgedRun) -> Iterator[Pair]:
    """A callback that names another job has that one's picture; the job's own are sound."""
    for echo, cause in seen.same_job(PICTURES, ("CBK-3",)):
        job = seen.job(echo)
        if job is not None and _is_sound_but_for_callbacks(seen, job):
            yield echo, cause


def _is_sound_but_for_callbacks(seen: JudgedRun, job: JobRecord) -> bool:
    """Whether all its pictures are, those aside that came in such callbacks, or by their links."""
    misled = {d.at for d in job.deliveries if d not in job.own_deliveries}
    if not misled:
        return False
    own = [file for what, file, at in pictures(job) if at not in misled and what != CALLBACK_LINK]
    return bool(own) and all(broken_rule(seen.history, job, file) == "" for file in own)


def a_right_result_with_another_picture_beside_it(seen: JudgedRun) -> Iterator[Pair]:
    """The job was drawn well; its callback, or a link, gives another picture."""
    beside = ("CBK-9", "CBK-28", "RES-4", "SUB-7")
    for echo, cause in seen.same_job(("IDN-1", "IMG-2", "IMG-3", "IMG-4"), beside):
        if (job := seen.job(echo)) and _has_the_right_result(seen, job):
            yield echo, cause
    changes = partial(_has_the_right_result, seen)  # at first
    yield from seen.each(("IMG-3", "IMG-4"), ("RES-3",), changes)
    # Of a job whose own link is not judged, as other jobs have its id.
    yield from seen.each(("IMG-3", "IMG-4"), ("RES-4",), partial(_is_wrong_by_its_link, seen))


def _is_wrong_by_its_link(seen: JudgedRun, job: JobRecord) -> bool:
    wrong = {source for source, file, _ in pictures(job) if difference(seen.history, job, file)}
    return wrong == {IMAGE_URL} and _has_the_right_result(seen, job)


def _has_the_right_result(seen: JudgedRun, job: JobRecord) -> bool:
    result = job.download()
    file = result.file if result else None
    return file is not None and difference(seen.history, job, file) == ""


def a_picture_of_another_format(seen: JudgedRun) -> Iterator[Pair]:
    """Its name and type are wrong in the result and in the callback alike, or in the callback."""
    typed = [cause for cause in seen.of("IMG-1") if cause.cause == "type"]
    jobs = {cause.job: cause for cause in typed}
    everywhere = {finding.job for finding in seen.of("RES-2")}
    for echo in seen.of("RES-2", "CBK-26") if typed else ():
        if echo.job in everywhere:
            yield echo, jobs.get(echo.job, typed[0])
    for echo, cause in seen.same_job(("IMG-1",), ("CBK-26",)):
        if echo in typed and echo.job not in everywhere:
            yield echo, cause


def a_callback_that_contradicts_itself(seen: JudgedRun) -> Iterator[Pair]:
    """Nobody asked for the picture of a job that failed."""
    yield from seen.same_job(PICTURES, ("CBK-29",))


def _blank(seen: JudgedRun, job: JobRecord) -> bool:
    return any(looks_blank(seen.history, job, picture) for picture in job.pictures())


def a_damaged_picture(seen: JudgedRun) -> Iterator[Pair]:
    """What is damaged by itself accuses neither seeds nor LoRAs, training or load."""
    yield from seen.each(("IDN-1",), ("IMG-2", "IMG-3", "IMG-4"), lambda job: _blank(seen, job))
    yield from _of_the_same_request(seen, seen.of(*PICTURES))
    yield from seen.same_job(("IMG-3", "CBK-9", "RES-3", "RES-4"), ("IMG-1",))
    yield from seen.same_job(("IMG-4",), ("IMG-3", "IMG-2"))


def damage_without_training(seen: JudgedRun) -> Iterator[Pair]:
    """A picture damaged beside a training is the training's only where no other is damaged."""
    harmed = [f for f in seen.of("TRN-2") if (job := seen.job(f)) and _is_damaged(seen, job)]
    others = [f for f in seen.of(*PICTURES) if (job := seen.job(f)) and not _beside_training(job)]
    yield from ((echo, cause) for echo in harmed for cause in others[:1])
    if not others:
        yield from seen.same_job(PICTURES, ("TRN-2",))


def _is_damaged(seen: JudgedRun, job: JobRecord) -> bool:
    return is_damaged_by_itself(seen.history, job)


def _beside_training(job: JobRecord) -> bool:
    return Provocation.TRAINING in provocations(job)


def damage_elsewhere(seen: JudgedRun) -> Iterator[Pair]:
    """Where damage is proven of some pictures, others that look like it are no matter of doubt."""
    yield from seen.each(("IMG-4",), ("IMG-3", "IMG-2"), lambda _: True)
    yield from ((echo, cause) for echo in seen.of("IMG-5") for cause in seen.of("IMG-2")[:1])
    sizes = [cause for cause in seen.of("IMG-1") if cause.cause == "dimensions"]
    yield from ((echo, cause) for echo in seen.of("SUB-17") for cause in sizes[:1])
