"""Receivers that refuse, break, move, hang or never stop talking: a correct miner survives."""

from dataclasses import replace

import pytest

from asyncproof.checks import (
    addressing,
    arrival,
    delivery,
    receivers,
    retrying,
    scheduling,
    secrecy,
    settling,
    statements,
    submission,
)
from asyncproof.nemesis import (
    CODES,
    AnswersError,
    ConnectionRefused,
    DownAndUp,
    EndlessAnswer,
    HoldsFirst,
    Nemesis,
    NoAnswer,
    RedirectsInTurn,
    Resets,
    SlowAnswer,
    SlowCallbacks,
    To,
    When,
)
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload.scenario import Job, Scenario, burst, mingling

pytestmark = pytest.mark.families("CBK", "SEC", "SCH")

WHATEVER_THE_RECEIVER_DOES = [
    submission.every_submission_accepted,
    scheduling.every_job_ends,
    delivery.callback_section_settles,
    arrival.claimed_deliveries_arrived,
    delivery.one_delivery_per_job,
    delivery.failed_delivery_leaves_the_job_alone,
    addressing.no_callback_is_an_orphan,
    statements.error_answers_are_told,
    statements.failed_deliveries_are_told,
    retrying.no_retry_storm,
    retrying.retries_carry_the_same,
    retrying.promised_retries_come,
    secrecy.secrets_are_told_to_nobody,
]
REFUSES = [
    AnswersError(500),
    AnswersError(500, first=1),
    AnswersError(503, retry_after=1),
    AnswersError(404),
    AnswersError(410),
]
BREAKS = [
    ConnectionRefused(),
    DownAndUp(seconds=1),
    Resets(When.BEFORE),
    Resets(When.DURING),
    Resets(When.AFTER),
]
HESITATES = [
    SlowCallbacks(kib_per_s=512),
    SlowAnswer(seconds=1.2),
    EndlessAnswer(seconds=1.2),
    NoAnswer(seconds=1.2),
]
# Where the secret cannot get away, one code shows how redirects are told.
FEW_CODES = 1
MOVES = [RedirectsInTurn(to) for to in To]
# Longer than the 30 seconds for which miners usually wait.
OUTLASTS = [SlowAnswer(45), EndlessAnswer(seconds=45), NoAnswer(45)]
# Time for all attempts of a miner that tries several times with pauses of its own.
PATIENCE = 180.0


def for_a_hostile_receiver(jobs: list[Job]) -> Scenario:
    return replace(mingling(jobs), patience=PATIENCE)


@pytest.mark.parametrize("nemesis", [*REFUSES, *BREAKS, *HESITATES], ids=str)
def test_a_hostile_receiver(
    testbed: BoundTestbed, draw: Draw, judge: Judge, nemesis: Nemesis
) -> None:
    """Whatever becomes of its callback, the job ends well and the miner tells what happened."""
    history = testbed.run(for_a_hostile_receiver(draw.jobs(1)), nemesis)

    verdict = judge(history, WHATEVER_THE_RECEIVER_DOES)
    assert verdict.passed, verdict.explain()


@pytest.mark.full
@pytest.mark.parametrize("nemesis", OUTLASTS, ids=str)
def test_a_receiver_that_outlasts_the_miner(
    testbed: BoundTestbed, draw: Draw, judge: Judge, nemesis: Nemesis
) -> None:
    """A miner whose own time is up ends the delivery, says so, and has the result all the same."""
    history = testbed.run(for_a_hostile_receiver(draw.jobs(1)), nemesis)

    verdict = judge(history, [*WHATEVER_THE_RECEIVER_DOES, settling.deliveries_end])
    assert verdict.passed, verdict.explain()


@pytest.mark.parametrize("nemesis", MOVES, ids=str)
def test_a_receiver_that_moved(
    testbed: BoundTestbed, draw: Draw, judge: Judge, nemesis: RedirectsInTurn
) -> None:
    """Followed or not, a redirect is told as what it was, and never takes the secret along."""
    jobs = draw.jobs(len(CODES) if nemesis.to is To.OTHER_HOST else FEW_CODES)

    history = testbed.run(for_a_hostile_receiver(jobs), nemesis)

    verdict = judge(
        history,
        [*WHATEVER_THE_RECEIVER_DOES, receivers.redirects_do_not_carry_the_secret_away],
    )
    assert verdict.passed, verdict.explain()


def test_a_slow_receiver_among_others(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """One receiver that hangs delays neither the callbacks nor the work of other jobs."""
    history = testbed.run(replace(burst(draw.jobs(2)), patience=PATIENCE), HoldsFirst())

    verdict = judge(
        history,
        [
            scheduling.every_job_completes,
            receivers.slow_receivers_hold_up_nobody_else,
            arrival.every_job_is_delivered,
            delivery.one_delivery_per_job,
        ],
    )
    assert verdict.passed, verdict.explain()
