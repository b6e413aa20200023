"""What a scenario does on purpose that a sound miner may answer in another way than usual."""

from enum import StrEnum


class Provocation(StrEnum):
    """Each excuses some clauses for the jobs that it concerns (``facts/provoked.py``)."""

    RECEIVER_REFUSES = "receiver refuses"  # error answers, redirects, broken connections
    RECEIVER_HOLDS = "receiver holds"  # reads or answers slowly, or not at all
    EXPIRY = "callback expires"
    FAILURE = "job cannot be done"
    REFUSAL = "submission is to be refused"
    UNUSUAL = "unusual submission"  # a clause of its own says what must become of it
    SHARED_ID = "id of another job"
    TRAINING = "training beside it"


Provocations = frozenset[Provocation]
NOTHING: Provocations = frozenset()
