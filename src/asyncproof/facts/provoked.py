"""What was provoked on purpose, and which clauses that excuses: less than this nothing is judged.

Clauses of a provocation itself (a hostile receiver, an expiry) are judged in their own scenarios.
"""

from collections.abc import Callable, Iterator, Mapping

from asyncproof.facts.delivery_outcome import is_surely_taken
from asyncproof.history.events import ScenarioStarted
from asyncproof.history.history import History, JobRecord
from asyncproof.vocabulary import STATUSES
from asyncproof.workload.expiries import EXPIRY, Expiry
from asyncproof.workload.provocation import Provocation, Provocations
from asyncproof.workload.special_cases import MEANT, NO_SUCH_LORA, PROVOKES, Meant

EVERY_CLAUSE = "every clause"
_TAKEN = {"SUB-1"}
_ENDS = {"SCH-1", "SCH-2", "SCH-8", "LIV"}
# Clause ids, or families of them.
EXCUSED: dict[Provocation, frozenset[str]] = {
    # Whether its job stays completed, as its callback says, is CBK-20's.
    Provocation.RECEIVER_REFUSES: frozenset({"SCH-2", "CBK-7", "CBK-14"}),
    # Who waits for a receiver that holds is CBK-21's; the section comes when it lets go.
    Provocation.RECEIVER_HOLDS: frozenset({"SCH-2", "CBK-7", "CBK-14", "CBK-16"}),
    # Whether they are taken and completed is of the EXP clauses.
    Provocation.EXPIRY: frozenset({*_TAKEN, "SCH-2", "CBK-1"}),
    Provocation.FAILURE: frozenset({*_TAKEN, "SCH-2"}),
    Provocation.REFUSAL: frozenset({EVERY_CLAUSE}),
    # Whether they are taken and end is of SUB-15 to SUB-17 and SEC-3.
    Provocation.UNUSUAL: frozenset(
        {*_TAKEN, *_ENDS, "IDN", "IMG-1", "POL-11", "POL-12", "SUB-6", "SUB-7"}
    ),
    # What is asked about one id may be told of another job: SUB-5, SUB-14.
    Provocation.SHARED_ID: frozenset(
        {"SUB", "POL", "RES", "IDN", "SCH-2", "SCH-7", "CBK-7", *(f"CBK-{n}" for n in range(9, 20))}
        | {"CBK-27", "CBK-30"}
    ),
    # Whether it harms jobs beside it is TRN-2's.
    Provocation.TRAINING: frozenset({*_ENDS}),
}


_OF_RECEIVERS = {Provocation.RECEIVER_REFUSES, Provocation.RECEIVER_HOLDS}
# What no answer may tell, whatever it answers.
NEVER_EXCUSED = frozenset({"SEC-1", "SEC-5", "SEC-6"})


def excused(job: JobRecord, clauses: tuple[str, ...]) -> bool:
    """Whether what was provoked may make a sound miner break one of these clauses for this job."""
    if NEVER_EXCUSED.issuperset(clauses):
        return False
    names = {EVERY_CLAUSE, *clauses, *(clause.partition("-")[0] for clause in clauses)}
    met = _met(job)
    not_of_receivers = NOT_OF_RECEIVERS.get(clauses)
    if not_of_receivers is not None and not_of_receivers(job):
        met -= _OF_RECEIVERS
    return any(not names.isdisjoint(EXCUSED[each]) for each in met)


# Where the receiver of a job is not to blame: its first callback told a failure already, or another
# end than a completion; or the job has completed all the same.
NOT_OF_RECEIVERS: Mapping[tuple[str, ...], Callable[[JobRecord], bool]] = {
    ("SCH-2",): lambda job: told_before(job) == "failed",
    ("CBK-7",): lambda job: told_before(job) in STATUSES - {"completed"},
    ("CBK-14",): lambda job: job.completed,
}


def told_before(job: JobRecord) -> str | None:
    """The status in the first callback of the job, as far as it was read."""
    first = next(iter(job.own_deliveries), None)
    return first.fields.get("status") if first is not None else None


def _met(job: JobRecord) -> Provocations:
    """What the job itself met: of a scenario with a hostile receiver, the jobs whose callbacks were
    all received as by a kind one met nothing."""
    kindly = bool(job.deliveries) and all(map(is_surely_taken, job.deliveries))
    return provocations(job) - _OF_RECEIVERS if kindly else provocations(job)


def provocations(job: JobRecord) -> Provocations:
    """Of the job itself and of its scenario."""
    started = job.scenario
    if started is None or started.provokes is None:
        return frozenset(_as_the_tags_say(job))
    return frozenset(map(Provocation, (*job.submitted.provokes, *started.provokes)))


def _as_the_tags_say(job: JobRecord) -> Iterator[Provocation]:
    """For histories that do not say what they provoke."""
    tags, request = job.tags, job.submitted.request
    if tags.get(MEANT) in set(Meant):
        yield from PROVOKES[Meant(tags[MEANT])]
    if tags.get(MEANT) == Meant.CHOSEN_ID:
        yield Provocation.SHARED_ID
    if EXPIRY in tags:
        yield Provocation.EXPIRY
    if tags.get(EXPIRY) == Expiry.MALFORMED:
        yield Provocation.REFUSAL
    if request.get("lora_path") == NO_SUCH_LORA:
        yield Provocation.FAILURE
    yield from _by_the_scenario(job.scenario)


def _by_the_scenario(started: ScenarioStarted | None) -> Iterator[Provocation]:
    if started is None:
        return
    if not started.nemesis.lower().startswith(("quiet", "longanswer")):
        yield Provocation.RECEIVER_REFUSES
        yield Provocation.RECEIVER_HOLDS
    if "train" in started.name:
        yield Provocation.TRAINING


def unprovoked(history: History, clauses: tuple[str, ...]) -> History:
    """The history with those jobs alone that nothing excuses from these clauses."""
    return history.only(job for job in history if not excused(job, clauses))


def lines(history: History) -> list[str]:
    """On how many jobs of the run the clauses were judged that hold for every job."""
    jobs = len(history.jobs)
    if not jobs:
        return []
    special = sum(bool(provocations(job)) for job in history)
    less = (
        f"; of these, {special} met trouble that the suite made on purpose, and only what that may "
        "break was left out for them"
    )
    told = f"What holds for every job was judged on all {jobs} jobs of the run"
    return [told + less if special else told]
