"""IDN: each job gets its own picture."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from asyncproof.facts.damage import apart, looks_blank
from asyncproof.facts.equal_requests import (
    NOT_REPEATABLE,
    beside,
    drawn,
    equal_requests,
    in_quiet,
    is_repeatable,
    lora,
    repeats,
    same_but_lora,
)
from asyncproof.facts.pictures import pictures
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import CALLBACK_LINK, STATUS_LINK, File
from asyncproof.history.history import RECIPE, History, JobRecord

LINKS = frozenset({STATUS_LINK, CALLBACK_LINK, "result_url"})
UNLOAD = "unload the LoRA, or set its weight to 0, in every engine before a job without one"
STAYS = "the LoRA of the job before is still loaded: see IDN-5"
NOT_APPLIED = "the LoRA was not applied, or the result was cached without regard to lora_path"
GONE_BY = frozenset({"prompt", "seed", "width", "height"})
NO_LORA = NotApplicable("no job asked for a LoRA (ASYNC_TEST_LORAS names them)")


@check("IDN-1", every_job=True)
def different_requests_different_pictures(history: History) -> Iterator[Ruling]:
    """Two jobs that ask for different pictures never get the same file.

    A callback that names another job has come to the wrong url, which is CBK-3's.
    """
    owners: dict[str, JobRecord] = {}
    seen = defaultdict[str, set[str]](set)
    for job in history.accepted:
        for source, picture, at in _own_pictures(job):
            owner = owners.setdefault(picture.sha256, job)
            if owner.name == job.name or not _must_differ(owner, job):
                yield None
            elif _is_a_default(history, owner, job):
                continue  # a seed that is taken for another, which is IDN-3's and IDN-6's
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
    yield from _prompts_without_effect(history)


def _prompts_without_effect(history: History) -> Iterator[Finding]:
    """Where files are never equal: two prompts whose pictures are no farther apart than those of
    one request."""
    alike_but_for_it = defaultdict[tuple[str, ...], list[JobRecord]](list)
    for job in history.accepted:
        earlier = alike_but_for_it[all_but("prompt", job)]
        for other in earlier:
            if job.recipe == other.recipe or drawn(job) == drawn(other):
                continue
            found = beside(history, job, other)
            if found is not None and not found.difference and not found.drifted:
                yield job.finding(
                    "IDN-1",
                    "its own picture",
                    f"that of {other.shown}, which has another prompt, but for as much as the "
                    "pictures of one request differ",
                    at=job.submitted.at,
                    advice="`prompt` is not used",
                    cause="the picture of another job",
                )
                break
        earlier.append(job)


def _must_differ(one: JobRecord, other: JobRecord) -> bool:
    """Whether they differ in a field that every model goes by. Distilled models ignore steps and
    guidance; whether a LoRA matters is IDN-4's."""
    fields = zip(RECIPE, one.recipe, other.recipe, strict=True)
    return any(mine != its for name, mine, its in fields if name in GONE_BY)


def _own_pictures(job: JobRecord) -> Iterator[tuple[str, File, float]]:
    """What came by the job's own url and id; where links lead is RES-4's, CBK-28's and SUB-7's."""
    misled = {d.at for d in job.deliveries if d not in job.own_deliveries}
    return (
        (what, file, at)
        for what, file, at in pictures(job)
        if at not in misled and what not in LINKS
    )


def _why_the_same(history: History, owner: JobRecord, job: JobRecord, picture: File) -> str:
    if looks_blank(history, job, picture):
        return "they are equal because both are blank: see IMG-2"
    pairs = zip(RECIPE, owner.recipe, job.recipe, strict=True)
    differing = [name for name, one, other in pairs if one != other]
    if len(differing) == 1 and not _matters(history, differing[0]):
        return f"`{differing[0]}` is not used, or the result was cached without regard to it"
    return "a buffer or file name is shared between jobs, or the result is cached"


def _matters(history: History, name: str) -> bool:
    """Whether two requests that agree in all but this field got different pictures."""
    found = defaultdict[tuple[str, ...], set[str | None]](set)
    for job in history.accepted:
        found[all_but(name, job)].add(drawn(job))
    return any(len(files - {None}) > 1 for files in found.values())


def all_but(name: str, job: JobRecord) -> tuple[str, ...]:
    """What a request asks for, this field aside."""
    fields = zip(RECIPE, job.recipe, strict=True)
    return tuple(value for field, value in fields if field != name)


def same_but(name: str, one: JobRecord, other: JobRecord) -> bool:
    """Whether two requests agree in everything, this field aside."""
    return all_but(name, one) == all_but(name, other)


def seed(job: JobRecord) -> object:
    return job.submitted.request.get("seed")


def _is_a_default(history: History, one: JobRecord, other: JobRecord) -> bool:
    """Whether the two differ in the seed only, one has 0 or none, and seeds are used otherwise."""
    unlike = seed(one) != seed(other) and {seed(one), seed(other)} & {0, None}
    if not unlike or not same_but("seed", one, other) or not drawn(one):
        return False
    return any(
        seed(job) not in (0, None) and drawn(job) not in (None, drawn(one))
        for job in history.accepted
        if same_but("seed", one, job)
    )


@check("IDN-2")
def equal_requests_equal_pictures(history: History) -> Iterator[Ruling]:
    """The same request, made twice in quiet, gives the same picture, or nearly so."""
    learned, groups = history.learned, [in_quiet(group) for group in equal_requests(history)]
    if history.lora_before and learned is not None and learned.tolerance is None and any(groups):
        yield NotApplicable(
            f"{history.lora_before} had asked for a LoRA before, which may be loaded still: see "
            f"IDN-5 ({learned.told})"
        )
        return
    if learned is None or learned.distance is None:
        if any(groups) and learned is not None:
            yield NotApplicable(f"equal requests cannot be compared ({learned.told})")
        return
    for one, *others in filter(None, groups):
        for other in others:
            if drawn(one) == drawn(other) or (
                learned.tolerance is not None and not _noisy(learned.distance, other)
            ):
                yield None
                continue
            if learned.tolerance is not None:
                yield _nearly(one, other, learned.distance)
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


# Levels by which pictures differ that are added up in another order (IMG-3).
ROUNDING = 2


def _noisy(distance: int, job: JobRecord) -> bool:
    """Whether equal requests differ by more than rounding, though the miner shows the very seed
    that it was asked for, and so says that it used it."""
    return distance > ROUNDING and any(p.seed == seed(job) for p in job.polls if p.seed is not None)


def _nearly(one: JobRecord, other: JobRecord, distance: int) -> Finding:
    return other.finding(
        "IDN-2",
        f"the picture of {one.name}, which asked for the same when nothing else was done, since "
        f"the status shows the seed {seed(other)}",
        f"one that differs by up to {distance} of 255 levels",
        at=other.submitted.at,
        advice="the seed is used, and something else is drawn at random beside it: noise that a "
        "sampler adds at each step, another generator on the device, or kernels that are not "
        "deterministic; customers compare pictures by their SHA-256",
        cause="equal requests give nearly equal pictures",
    )


@check("IDN-3", every_job=True)
def seed_zero_is_a_seed(history: History) -> Iterator[Ruling]:
    """Requests with seed 0 repeat as well as requests with any other seed, and with none of them do
    they share their picture."""
    yield from _taken_for_another(history)
    groups = equal_requests(history)
    zero = [g for g in groups if g[0].submitted.request.get("seed") == 0]
    others = [g for g in groups if g not in zero]
    for group in zero:
        if repeats(history, group):
            yield None
        elif not others or not all(repeats(history, group) for group in others):
            yield NOT_REPEATABLE
        else:
            yield group[-1].finding(
                "IDN-3",
                f"the picture of {group[0].shown}, which asked for the same with seed 0",
                f"another picture, while another seed repeats{_how(others)}",
                at=group[-1].submitted.at,
                advice="`if seed:` takes 0 for no seed; ask whether it is None",
                cause="seed 0 taken for no seed",
            )


def _how(groups: list[list[JobRecord]]) -> str:
    return " to the byte" if all(map(is_repeatable, groups)) else ", by its structure"


def _taken_for_another(history: History) -> Iterator[Finding]:
    """Seed 0 that gives the picture of a seed that programs have as their default."""
    jobs = [job for job in history.accepted if drawn(job)]
    for zero in (job for job in jobs if seed(job) == 0):
        like = next(
            (j for j in jobs if seed(j) not in (0, None) and _alike(history, zero, j)), None
        )
        if like is not None:
            yield zero.finding(
                "IDN-3",
                f"another picture than that of {like.shown}, which differs in the seed only: "
                f"{seed(like)}",
                "the same picture, while other seeds give others",
                at=zero.submitted.at,
                advice=f"`seed or {seed(like)}` takes 0 for no seed; ask whether it is None",
                cause="seed 0 taken for no seed",
            )
            return


def _alike(history: History, one: JobRecord, other: JobRecord) -> bool:
    return drawn(one) == drawn(other) and _is_a_default(history, one, other)


@check("IDN-6")
def missing_seeds_are_drawn(history: History) -> Iterator[Ruling]:
    """A request without a seed does not get the picture of a fixed one."""
    jobs = [job for job in history.accepted if drawn(job)]
    for bare in (job for job in jobs if seed(job) is None):
        others = [job for job in jobs if seed(job) is not None and same_but("seed", bare, job)]
        like = next((job for job in others if _alike(history, bare, job)), None)
        if like is None:
            yield from (None for _ in others[:1])
        else:
            yield bare.finding(
                "IDN-6",
                "a seed that was drawn, since the request has none",
                f"the picture of {like.shown}, whose seed is {seed(like)}",
                at=bare.submitted.at,
                advice="draw a seed for each job without one: otherwise all customers who leave it "
                "out get one picture for one prompt (where it is that of seed 0, perhaps both are "
                "taken for a third seed: `seed or 1234`)",
                cause="a fixed seed where none was given",
            )


@check("IDN-4")
def loras_matter(history: History) -> Iterator[Ruling]:
    """Two requests that differ in the LoRA only get different pictures."""
    jobs = [job for job in history.accepted if drawn(job)]
    if jobs and not any(map(lora, jobs)):
        yield NO_LORA
        return
    plain = [_before_any_lora(group, jobs) for group in equal_requests(history)]
    differ = None if all(map(is_repeatable, filter(None, plain))) else NOT_REPEATABLE
    for n, job in enumerate(jobs):
        for other in jobs[:n]:
            if not same_but_lora(job, other) or lora(job) == lora(other):
                continue
            found = beside(history, job, other)
            if found is not None and not found.difference and not found.drifted:
                yield _same(job, other, jobs)  # no farther apart than equal requests are
            elif found is not None and found.difference:
                yield None
            elif drawn(job) != drawn(other):
                yield differ  # which proves nothing where the same request differs too
            elif not _leaked(job, other, jobs):
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


def _leaked(job: JobRecord, other: JobRecord, jobs: list[JobRecord]) -> bool:
    """Whether one of the two asked for no LoRA and got the picture of the other's, while the same
    request got another one elsewhere: the LoRA does matter, and it stays, which is IDN-5's."""
    plain, styled = (job, other) if lora(other) else (other, job)
    if lora(plain) or not lora(styled):
        return False
    return any(j.recipe == plain.recipe and drawn(j) != drawn(plain) for j in jobs)


def _drawn_without(first: JobRecord, job: JobRecord, jobs: list[JobRecord]) -> bool:
    """Whether the picture was drawn of the same request before the LoRA was asked for at all."""
    before = (j for j in jobs if j.submitted.at < first.submitted.at and j.recipe == job.recipe)
    return any(drawn(j) == drawn(job) for j in before)


def _styled(job: JobRecord) -> str:
    return f"LoRA {lora(job)}" if lora(job) else "no LoRA"


@check("IDN-5")
def loras_do_not_stay(history: History) -> Iterator[Ruling]:
    """A job without a LoRA is drawn without one, whatever the job before it asked for."""
    jobs = [job for job in history.accepted if drawn(job)]
    if jobs and not any(map(lora, jobs)):
        yield NO_LORA
        return
    for group in equal_requests(history):
        if lora(group[0]):
            continue
        before = _before_any_lora(group, jobs)
        after = group[len(before) :]
        if len(before) > 1 and is_repeatable(before):
            for job in after:
                if not _is_spoilt_alone(history, job, after, jobs):
                    yield from _stayed(job, before[0], jobs)
            continue
        leaks = list(_styled_all_the_same(group, jobs))
        yield from leaks or chain.from_iterable(_moved(history, job, before, jobs) for job in after)


def _is_spoilt_alone(
    history: History, job: JobRecord, after: list[JobRecord], jobs: list[JobRecord]
) -> bool:
    """Whether its picture differs from the idle reference, which IMG-3 tells, and nothing says that
    the LoRA did it: no job with a LoRA got that picture, and all others after this LoRA are right.
    """
    if not apart(history, job) or any(lora(j) and drawn(j) == drawn(job) for j in jobs):
        return False
    last = _last_styled(job, jobs)
    others = [j for j in after if j.name != job.name and _last_styled(j, jobs) == last]
    right = {picture.sha256 for picture in history.quiet.get(job.recipe, ())}
    return bool(others) and all(drawn(j) in right for j in others)


def _styled_all_the_same(plain: list[JobRecord], jobs: list[JobRecord]) -> Iterator[Finding]:
    """Jobs without a LoRA that got the picture of a job with one, while others of them did not.

    They show the leak also where an earlier LoRA had spoilt the first pictures already.
    """
    for job in plain:
        like = next(
            (j for j in jobs if lora(j) and same_but_lora(j, job) and drawn(j) == drawn(job)), None
        )
        clean = next((j for j in plain if drawn(j) != drawn(job)), None)
        if like is not None and clean is not None:
            yield job.finding(
                "IDN-5",
                f"the picture of {clean.shown}, which asked for the same without a LoRA",
                f"the picture of {like.shown}, which had asked for LoRA {lora(like)}",
                at=job.submitted.at,
                advice=UNLOAD,
                cause="a LoRA stays active",
            )


def _before_any_lora(group: list[JobRecord], jobs: list[JobRecord]) -> list[JobRecord]:
    first = min(job.submitted.at for job in jobs if lora(job))
    return [job for job in group if job.submitted.at < first]


def _moved(
    history: History, job: JobRecord, before: list[JobRecord], jobs: list[JobRecord]
) -> Iterator[Ruling]:
    """The same of pictures that repeat within a distance: how far this one is from those before."""
    told = apart(history, job) if before else None
    if not told:
        yield NOT_REPEATABLE if told is None else None
        return
    last = _last_styled(job, jobs)
    yield job.finding(
        "IDN-5",
        f"the picture of {before[0].shown}, which asked for the same, as nearly as it repeats",
        f"{told}, after {last.shown}, which had asked for LoRA {lora(last)}",
        at=job.submitted.at,
        advice=UNLOAD,
        cause="a LoRA stays active",
    )


def _last_styled(job: JobRecord, jobs: list[JobRecord]) -> JobRecord:
    return next(j for j in reversed(jobs) if lora(j) and j.submitted.at < job.submitted.at)


def _stayed(job: JobRecord, plain: JobRecord, jobs: list[JobRecord]) -> Iterator[Ruling]:
    if drawn(job) == drawn(plain):
        yield None
        return
    last = _last_styled(job, jobs)
    got = "the picture of" if drawn(job) == drawn(last) else "another one, after"
    yield job.finding(
        "IDN-5",
        f"the picture of {plain.shown}, which asked for the same",
        f"{got} {last.shown}, which had asked for LoRA {lora(last)}",
        at=job.submitted.at,
        advice=UNLOAD,
        cause="a LoRA stays active",
    )
