"""IDN: each job gets its own picture."""

from collections import defaultdict
from collections.abc import Iterator

from tests.e2e.async_inference.checks.damage import looks_blank
from tests.e2e.async_inference.checks.images import pictures
from tests.e2e.async_inference.events import File
from tests.e2e.async_inference.run_history import QUIET, RECIPE, JobRecord, RunHistory
from tests.harness.verdict import Finding, NotApplicable, Ruling, check


def same_but_lora(one: JobRecord, other: JobRecord) -> bool:
    """Whether two requests agree in everything, the LoRA aside."""
    return one.recipe[:-1] == other.recipe[:-1]


def lora(job: JobRecord) -> object:
    return job.submitted.request.get("lora_path")


def drawn(job: JobRecord) -> str | None:
    """The SHA-256 of the job's picture: its result, else what the callback brought."""
    result, sent = job.download(), job.delivery
    file = (result.file if result else None) or (sent.image if sent else None)
    return file.sha256 if file else None


def twins(history: RunHistory) -> list[list[JobRecord]]:
    """Jobs with the same recipe and a picture, in the order of submission; two at least."""
    groups = defaultdict[tuple[object, ...], list[JobRecord]](list)
    for job in history.accepted:
        if drawn(job):
            groups[job.recipe].append(job)
    return [group for group in groups.values() if len(group) > 1]


def _in_quiet(group: list[JobRecord]) -> list[JobRecord]:
    return [job for job in group if job.tags.get("load") == QUIET]


def is_repeatable(group: list[JobRecord]) -> bool:
    return len({drawn(job) for job in group}) == 1


NOT_REPEATABLE = NotApplicable("the miner's pictures are not repeatable to the byte")
STAYS = "the LoRA of the job before is still loaded: see IDN-5"
NOT_APPLIED = "the LoRA was not applied, or the result was cached without regard to lora_path"
NO_LORA = NotApplicable("no job asked for a LoRA (ASYNC_TEST_LORAS names them)")


@check("IDN-1")
def different_requests_different_pictures(history: RunHistory) -> Iterator[Ruling]:
    """Two jobs that ask for different pictures never get the same file.

    A callback that names another job has come to the wrong url, which is CBK-3's.
    """
    owners: dict[str, JobRecord] = {}
    seen = defaultdict[str, set[str]](set)
    for job in history.accepted:
        for source, picture, at in _own_pictures(job):
            owner = owners.setdefault(picture.sha256, job)
            if owner.name == job.name or same_but_lora(owner, job):
                yield None
            elif owner.name not in seen[job.name]:
                seen[job.name].add(owner.name)
                yield job.finding(
                    "IDN-1",
                    "its own picture",
                    f"the picture of {owner.shown} in the {source}",
                    at=at,
                    advice=_why_the_same(history, owner, job, picture),
                    cause="the picture of another job",
                )


def _own_pictures(job: JobRecord) -> Iterator[tuple[str, File, float]]:
    misled = {d.at for d in job.deliveries if d not in job.own_deliveries}
    return ((what, file, at) for what, file, at in pictures(job) if at not in misled)


def _why_the_same(history: RunHistory, owner: JobRecord, job: JobRecord, picture: File) -> str:
    if looks_blank(history, job, picture):
        return "they are equal because both are blank: see IMG-2"
    pairs = zip(RECIPE, owner.recipe, job.recipe, strict=True)
    differing = [name for name, one, other in pairs if one != other]
    if len(differing) == 1 and not _matters(history, differing[0]):
        return f"`{differing[0]}` is not used, or the result was cached without regard to it"
    return "a buffer or file name is shared between jobs, or the result is cached"


def _matters(history: RunHistory, name: str) -> bool:
    """Whether two requests that agree in all but this field got different pictures."""
    found = defaultdict[tuple[str, ...], set[str | None]](set)
    for job in history.accepted:
        others = (value for field, value in zip(RECIPE, job.recipe, strict=True) if field != name)
        found[tuple(others)].add(drawn(job))
    return any(len(files - {None}) > 1 for files in found.values())


@check("IDN-2")
def equal_requests_equal_pictures(history: RunHistory) -> Iterator[Ruling]:
    """The same request, made twice in quiet, gives the same picture, or nearly so."""
    learned, groups = history.learned, [_in_quiet(group) for group in twins(history)]
    if learned is None or learned.distance is None:
        if any(groups) and learned is not None:
            yield NotApplicable(f"equal requests cannot be compared ({learned.told})")
        return
    for one, *others in filter(None, groups):
        for other in others:
            if drawn(one) == drawn(other) or learned.tolerance is not None:
                yield None
                continue
            yield other.finding(
                "IDN-2",
                f"the picture of {one.name}, which asked for the same when nothing else was done",
                f"another picture: {learned.told}",
                at=other.submitted.at,
                advice="seed the generator of every job with its seed, on the device too; without "
                "that nothing can be reproduced, and pictures made under load cannot be compared",
                cause="the same request gives another picture",
            )


@check("IDN-3")
def seed_zero_is_a_seed(history: RunHistory) -> Iterator[Ruling]:
    """Requests with seed 0 repeat as well as requests with any other seed."""
    groups = twins(history)
    zero = [g for g in groups if g[0].submitted.request.get("seed") == 0]
    others = [g for g in groups if g not in zero]
    for group in zero:
        if is_repeatable(group):
            yield None
        elif not others or not all(map(is_repeatable, others)):
            yield NOT_REPEATABLE
        else:
            yield group[-1].finding(
                "IDN-3",
                f"the picture of {group[0].shown}, which asked for the same with seed 0",
                "another picture, while another seed repeats to the byte",
                at=group[-1].submitted.at,
                advice="`if seed:` takes 0 for no seed; ask whether it is None",
                cause="seed 0 taken for no seed",
            )


@check("IDN-4")
def loras_matter(history: RunHistory) -> Iterator[Ruling]:
    """Two requests that differ in the LoRA only get different pictures."""
    jobs = [job for job in history.accepted if drawn(job)]
    if jobs and not any(map(lora, jobs)):
        yield NO_LORA
        return
    plain = [_before_any_lora(group, jobs) for group in twins(history)]
    differ = None if all(map(is_repeatable, filter(None, plain))) else NOT_REPEATABLE
    for n, job in enumerate(jobs):
        for other in jobs[:n]:
            if not same_but_lora(job, other) or lora(job) == lora(other):
                continue
            if drawn(job) != drawn(other):
                yield differ  # which proves nothing where the same request differs too
            else:
                yield _same(job, other, jobs)


def _same(job: JobRecord, other: JobRecord, jobs: list[JobRecord]) -> Finding:
    stays = bool(lora(other)) and not lora(job) and not _drawn_without(other, job, jobs)
    return job.finding(
        "IDN-4",
        f"another picture than that of {other.shown}: that is of {_styled(other)}, "
        f"this of {_styled(job)}",
        "the same picture",
        at=job.submitted.at,
        advice=STAYS if stays else NOT_APPLIED,
        cause="the LoRA stays" if stays else "the LoRA makes no difference",
    )


def _drawn_without(first: JobRecord, job: JobRecord, jobs: list[JobRecord]) -> bool:
    """Whether the picture was drawn of the same request before the LoRA was asked for at all."""
    before = (j for j in jobs if j.submitted.at < first.submitted.at and j.recipe == job.recipe)
    return any(drawn(j) == drawn(job) for j in before)


def _styled(job: JobRecord) -> str:
    return f"LoRA {lora(job)}" if lora(job) else "no LoRA"


@check("IDN-5")
def loras_do_not_stay(history: RunHistory) -> Iterator[Ruling]:
    """A job without a LoRA is drawn without one, whatever the job before it asked for."""
    jobs = [job for job in history.accepted if drawn(job)]
    if jobs and not any(map(lora, jobs)):
        yield NO_LORA
        return
    for group in twins(history):
        if lora(group[0]):
            continue
        before = _before_any_lora(group, jobs)
        if len(before) < 2 or not is_repeatable(before):
            yield NOT_REPEATABLE
            continue
        for job in group[len(before) :]:
            yield from _stayed(job, before[0], jobs)


def _before_any_lora(group: list[JobRecord], jobs: list[JobRecord]) -> list[JobRecord]:
    first = min(job.submitted.at for job in jobs if lora(job))
    return [job for job in group if job.submitted.at < first]


def _stayed(job: JobRecord, plain: JobRecord, jobs: list[JobRecord]) -> Iterator[Ruling]:
    if drawn(job) == drawn(plain):
        yield None
        return
    last = next(j for j in reversed(jobs) if lora(j) and j.submitted.at < job.submitted.at)
    got = "the picture of" if drawn(job) == drawn(last) else "another one, after"
    yield job.finding(
        "IDN-5",
        f"the picture of {plain.shown}, which asked for the same",
        f"{got} {last.shown}, which had asked for LoRA {lora(last)}",
        at=job.submitted.at,
        advice="unload the LoRA, or set its weight to 0, before a job without one",
        cause="a LoRA stays active",
    )
