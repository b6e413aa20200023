"""All slots together, on a clock made by hand: what is replaced, when, and what is left alone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from reference.miner.messages import Report, State
from reference.miner.supervision.clocks import Budgets, Condition
from reference.miner.supervision.fleet import (
    AllSilent,
    Decision,
    Fleet,
    Policy,
    Quarantine,
    Replace,
    Slow,
    Start,
)

BUDGETS = Budgets(
    step=10.0,
    first_step=10.0,
    preload=8.0,
    download=12.0,
    post_process=6.0,
    process=30.0,
    total=500,
)
POLICY = Policy(budgets=BUDGETS, cooldown=5.0, quarantine=100.0)


class Shop:
    """A fleet, a clock and an obedient shell. Launch numbers count up as in the real one."""

    def __init__(self, size: int = 2, policy: Policy = POLICY) -> None:
        self.fleet = Fleet(size, policy)
        self.at = 0.0
        self.launches = 0
        self.seen: list[tuple[float, Decision]] = []
        self.tick(0)

    def tick(self, seconds: int = 1, *, alive: tuple[int, ...] = ()) -> list[Decision]:
        """Let time pass, second by second; these slots keep reporting what they said last."""
        came: list[Decision] = []
        for _ in range(max(seconds, 1)):
            self.at += 1.0 if seconds else 0.0
            for slot in alive:
                process = self.fleet.slots[slot].process
                if process is not None:
                    self.say(slot, process.state, key=process.job, percent=process.mark)
            for decision in self.fleet.tick(self.at):
                came.append(decision)
                self.seen.append((self.at, decision))
                self.obey(decision)
        return came

    def obey(self, decision: Decision) -> None:
        if isinstance(decision, Start):
            self.launches += 1
            self.fleet.launched(decision.slot, self.launches, self.at)
            self.say(decision.slot, State.WAITING)
        if isinstance(decision, Replace):
            self.fleet.freed(decision.slot, self.at)

    def say(
        self,
        slot: int,
        state: State,
        *,
        key: str | None = None,
        percent: float | None = None,
        launch: int | None = None,
    ) -> bool:
        process = self.fleet.slots[slot].process
        number = launch if launch is not None else process.launch if process else 0
        report = Report(launch=number, state=state, key=key, percent=percent)
        return self.fleet.heard(slot, report, self.at)

    def work(self, slot: int, job: str, percent: float | None = None) -> None:
        """Give the process a job and let it begin."""
        self.fleet.assigned(slot, job, "base", self.at)
        self.say(slot, State.INFERRING, key=job, percent=percent)

    def replaced(self) -> list[tuple[float, int, str | None]]:
        return [(at, d.slot, d.why.job) for at, d in self.seen if isinstance(d, Replace)]


def test_every_slot_is_started_once() -> None:
    """The first tick starts all; later ones nothing more."""
    shop = Shop(3)
    assert [d for _, d in shop.seen] == [Start(0), Start(1), Start(2)]
    assert shop.tick(5, alive=(0, 1, 2)) == []


def test_the_job_of_the_stuck_process_is_faulted_and_no_other() -> None:
    """Also when the other one came first."""
    shop = Shop()
    shop.work(0, "healthy")
    shop.work(1, "stuck", 42.0)
    for percent in range(1, 12):
        shop.say(0, State.INFERRING, key="healthy", percent=float(percent))
        shop.tick()
    assert shop.replaced() == [(11.0, 1, "stuck")]


def test_a_late_heartbeat_of_a_replaced_process_does_not_refresh_its_successor() -> None:
    """The successor's stall is found in time although its forerunner still talks."""
    shop = Shop(1)
    shop.work(0, "a", 1.0)
    shop.tick(11)
    shop.tick(5)
    assert shop.launches == 2
    shop.work(0, "b", 1.0)
    for _ in range(11):
        assert not shop.say(0, State.INFERRING, key="a", percent=99.0, launch=1)
        shop.tick()
    assert [job for _, _, job in shop.replaced()] == ["a", "b"]


def test_a_late_result_is_counted_and_refused() -> None:
    """From a replaced process, and for a job that the process does not have any more."""
    shop = Shop(1)
    shop.work(0, "a", 1.0)
    shop.tick(17)
    assert not shop.say(0, State.COMPLETE, key="a", percent=100.0, launch=1)
    assert not shop.say(0, State.COMPLETE, key="a", percent=100.0)
    assert shop.fleet.late == 2


def test_the_cooldown_is_of_one_slot_and_the_others_stay_watched() -> None:
    """A second hang, while the first slot cools down, is found within its own budget."""
    shop = Shop()
    shop.work(0, "a", 1.0)
    shop.tick(3, alive=(1,))
    shop.work(1, "b", 1.0)
    shop.tick(15)
    assert shop.replaced() == [(11.0, 0, "a"), (14.0, 1, "b")]
    starts = [(at, d.slot) for at, d in shop.seen if isinstance(d, Start) and at > 0]
    assert starts == [(16.0, 0)]


def test_a_slot_that_fails_three_times_in_five_minutes_rests() -> None:
    """And starts again after its rest; the other slot is not touched."""
    shop = Shop()
    for _ in range(3):
        shop.work(0, "bad", 1.0)
        shop.tick(16, alive=(1,))
    assert any(isinstance(d, Quarantine) for _, d in shop.seen)
    assert [slot.quarantined for slot in shop.fleet.slots] == [True, False]
    assert shop.fleet.slots[1].process is not None
    assert shop.launches == 4
    shop.tick(101, alive=(1,))
    assert [slot.quarantined for slot in shop.fleet.slots] == [False, False]
    assert shop.launches == 5


def test_failures_that_lie_far_apart_do_not_add_up() -> None:
    """Three in more than five minutes are three accidents."""
    shop = Shop(1)
    for _ in range(3):
        shop.work(0, "bad", 1.0)
        shop.tick(16)
        shop.tick(160, alive=(0,))
    assert not any(isinstance(d, Quarantine) for _, d in shop.seen)


def test_when_all_are_silent_at_once_all_are_replaced() -> None:
    """After `process_timeout`, even where each one's own budget is longer."""
    slow = Budgets(step=1000.0, process=30.0)
    shop = Shop(3, Policy(budgets=slow))
    for slot in range(3):
        shop.work(slot, f"j{slot}", 50.0)
    shop.tick(30)
    assert shop.replaced() == []
    came = shop.tick()
    assert came[0] == AllSilent()
    assert [d.slot for d in came if isinstance(d, Replace)] == [0, 1, 2]


def test_one_voice_is_enough_against_the_all_silent_rule() -> None:
    """The others have their own budgets."""
    shop = Shop(3, Policy(budgets=Budgets(step=1000.0, process=30.0)))
    for slot in range(3):
        shop.work(slot, f"j{slot}", 50.0)
    shop.tick(200, alive=(1,))
    assert shop.replaced() == []


def test_a_process_that_nobody_ended_is_a_failure_and_followed_by_another() -> None:
    """Its slot starts again after the cooldown; an end that was asked for is no failure."""
    shop = Shop(1)
    shop.work(0, "a", 1.0)
    assert shop.fleet.exited(0, 1, shop.at) == (True, [])
    assert shop.fleet.exited(0, 1, shop.at) == (False, [])
    assert shop.fleet.slots[0].replacements == 1
    shop.tick(5)
    assert shop.launches == 2


def test_slow_is_told_once_for_each_job_and_ends_nothing() -> None:
    """A warning of its own."""
    shop = Shop(1, Policy(budgets=Budgets(slow_rate=60.0, slow_after=5.0)))
    shop.work(0, "a", 1.0)
    shop.tick(20, alive=(0,))
    warned = [d for _, d in shop.seen if isinstance(d, Slow)]
    assert len(warned) == 1
    assert warned[0].why.condition is Condition.SLOW
    assert shop.replaced() == []


def test_a_watcher_that_was_stopped_itself_blames_nobody() -> None:
    """After its own absence of an hour it gives everyone the rest of their budget."""
    shop = Shop()
    shop.work(0, "a", 1.0)
    shop.tick(4)
    shop.at += 3600.0
    assert shop.tick(6) == []
    assert [d.slot for d in shop.tick(2) if isinstance(d, Replace)] == [0]


def test_what_came_in_after_the_absence_is_not_dated_into_the_future() -> None:
    """Reports are read before the next tick asks; no age is negative."""
    shop = Shop(1)
    shop.work(0, "a", 1.0)
    shop.at += 60.0
    shop.say(0, State.INFERRING, key="a", percent=2.0)
    shop.tick()
    process = shop.fleet.slots[0].process
    assert process is not None
    assert max(process.heard, process.risen, process.entered, process.given or 0) <= shop.at


def test_what_hangs_most_is_counted_by_model_stage_and_percentage() -> None:
    """One row for each place where work stops."""
    shop = Shop(1)
    for _ in range(2):
        shop.work(0, "a", 42.7)
        shop.tick(16)
    assert shop.fleet.hangs == {("base", "inferring", 42): 2}


moves = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["work", "step", "swing", "complete", "fail", "crash", "late", "wait"]),
    ),
    max_size=150,
)


@given(moves)
@settings(max_examples=200)
def test_no_course_of_events_breaks_the_books(course: list[tuple[int, str]]) -> None:
    """Each assigned job leaves its process exactly once (done, replaced or crashed), no slot ever
    has two processes, and no process is replaced before a budget has passed since its evidence."""
    shop, given_out, back, percent = Shop(3), 0, 0, 0.0
    for slot, move in course:
        place = shop.fleet.slots[slot]
        process = place.process
        job = process.job if process else None
        if move == "work" and place.idle:
            given_out += 1
            shop.work(slot, f"job{given_out}", 0.0)
        elif move == "step" and job:
            percent = min(99.0, (process.mark if process and process.mark else 0.0) + 1)
            shop.say(slot, State.INFERRING, key=job, percent=percent)
        elif move == "swing" and job:
            shop.say(slot, State.INFERRING, key=job, percent=0.0)
        elif move in ("complete", "fail") and job:
            back += shop.say(slot, State.COMPLETE if move == "complete" else State.FAILED, key=job)
            shop.say(slot, State.WAITING)
        elif move == "crash" and process:
            unasked, _ = shop.fleet.exited(slot, process.launch, shop.at)
            back += unasked and job is not None
        elif move == "late":
            assert not shop.say(slot, State.COMPLETE, key="job1", launch=0)
        for decision in shop.tick():
            if isinstance(decision, Replace):
                back += decision.why.job is not None
                assert max(decision.why.silent, decision.why.still) > decision.why.budget
    held = sum(1 for s in shop.fleet.slots if s.process is not None and s.process.job)
    assert given_out == back + held
    launches = [s.process.launch for s in shop.fleet.slots if s.process is not None]
    assert len(set(launches)) == len(launches)
