"""Random lives of jobs against the reference miner: hypothesis drives them and shrinks what fails.

The model knows what each job is owed, and after every step the miner's answers are held against it:
a failure is a short list of steps that anybody can repeat by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from asyncproof.driver.miner_client import MinerClient, MinerError
from asyncproof.history.events import Polled
from asyncproof.wire import protocol
from asyncproof.workload.scenario import Job, a_job
from tests.support.miners import forked_miner
from tests.support.shell import a_miner_that_answers

QUICK = ("--job-seconds", "0.02", "--workers", "2")
RANK = {"queued": 0, "processing": 1, "completed": 2, "failed": 2, "timeout": 2}
CHOSEN = ("mine-1", "mine-2", "mine-3")
# What a callback meets: each path of the receiver answers with its own status.
RECEIVERS = {"/ok": (200, b"OK"), "/gone": (410, b"gone"), "/broken": (500, b"oops")}


@dataclass
class Known:
    """What the model knows of one job: where its callback goes, and the answers so far."""

    job: Job
    receiver: str | None
    expired: bool
    seen: list[Polled] = field(default_factory=list)

    @property
    def owed(self) -> set[str]:
        """The outcomes that the miner may tell of its callback."""
        if self.receiver is None:
            return {"skipped"}
        if self.expired:
            return {"expired"}
        return {"delivered"} if self.receiver == "/ok" else {"failed", "error"}


class Lives(RuleBasedStateMachine):
    """Submissions, duplicates, expiries, polls and downloads in any order."""

    miner_url = receiver_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.client = MinerClient(self.miner_url)
        self.known: dict[str, Known] = {}

    def teardown(self) -> None:
        """Every job ends, and its callback went as it was owed."""
        try:
            for job_id, known in self.known.items():
                known.seen.append(self.client.wait(job_id, timeout=20, poll_interval=0.02))
                self.agrees(job_id)
        finally:
            self.client.__exit__()

    @rule(
        seed=st.integers(0, 5),
        chosen=st.none() | st.sampled_from(CHOSEN),
        receiver=st.none() | st.sampled_from(sorted(RECEIVERS)),
        expired=st.booleans(),
    )
    def submit(self, seed: int, chosen: str | None, receiver: str | None, expired: bool) -> None:
        expiry = timedelta(minutes=-5 if expired else 5)
        job = a_job(seed, size=(64, 64), steps=2, expiry=expiry, job_id=chosen)
        callback = None
        if receiver is not None:
            callback = protocol.Callback(self.receiver_url + receiver, "secret")
        try:
            answered = self.client.submit(job, callback)
        except MinerError as error:
            if chosen in self.known and "409" in str(error):
                return
            raise AssertionError(f"a valid job was refused: {error}") from error
        assert answered.job_id is not None
        if chosen is None:
            assert answered.job_id not in self.known, "an id was given twice"
        else:
            assert answered.job_id == chosen
        self.known[answered.job_id] = Known(job, receiver, expired)

    @rule()
    def poll(self) -> None:
        for job_id, known in self.known.items():
            known.seen.append(self.client.status(job_id))
            self.agrees(job_id)

    @rule()
    def ask_for_results(self) -> None:
        for job_id, known in self.known.items():
            if known.seen and known.seen[-1].status == "completed":
                assert self.client.result(job_id).startswith(b"\x89PNG")

    @rule(name=st.sampled_from(("nobody", "00000000-0000-4000-8000-000000000000")))
    def ask_for_a_stranger(self, name: str) -> None:
        assert self.client.status(name).status_code == 404

    @invariant()
    def miner_is_well(self) -> None:
        assert self.client.healthy()

    def agrees(self, job_id: str) -> None:
        """The answers so far are readable, in order, about this job, and true of its callback."""
        known = self.known[job_id]
        last = known.seen[-1]
        assert last.status_code == 200
        assert not last.problems
        assert last.job_id == job_id
        ranks = [RANK[str(polled.status)] for polled in known.seen]
        assert ranks == sorted(ranks), f"{job_id} went back: {[p.status for p in known.seen]}"
        if last.callback is not None:
            assert last.status == "completed"
            assert last.callback.status in known.owed, (known, last.callback)


@pytest.fixture
def receiver() -> Iterator[str]:
    with a_miner_that_answers(RECEIVERS) as url:
        yield url


def test_any_life_of_any_job_is_told_truly(receiver: str) -> None:
    """The correct miner keeps its contract whatever is asked of it, in whatever order."""
    with forked_miner(QUICK) as url:
        Lives.miner_url, Lives.receiver_url = url, receiver
        run_state_machine_as_test(Lives, settings=EXAMPLES)


class Caught(Lives):
    """Remembers what it found: a second try of the same steps meets a miner in another state, and
    hypothesis then calls the failure flaky in one of several ways."""

    found: ClassVar[list[str]] = []

    def agrees(self, job_id: str) -> None:
        try:
            super().agrees(job_id)
        except AssertionError as wrong:
            self.found.append(str(wrong))
            raise


def test_a_miner_that_breaks_its_contract_is_caught(receiver: str) -> None:
    """The machine can fail: a miner that tells `delivered` of what it never sent is found out."""
    with forked_miner([*QUICK, "--fault", "delivered-never-sent"]) as url:
        Caught.miner_url, Caught.receiver_url = url, receiver
        Caught.found.clear()
        with pytest.raises((AssertionError, Flaky)):
            run_state_machine_as_test(Caught, settings=FIRST_FAILURE)
    assert "status='delivered'" in Caught.found[0]


EXAMPLES = settings(
    max_examples=40,
    stateful_step_count=12,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
FIRST_FAILURE = settings(EXAMPLES, phases=[Phase.generate], report_multiple_bugs=False)
