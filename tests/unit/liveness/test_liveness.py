"""Hangs are found in time and healthy jobs left alone, whatever they do; wrong rules are not."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.history.job_health import JobHealth, Stage, shown_percent
from asyncproof.liveness.clocks import ATTEMPTS, Budgets, Clocks
from asyncproof.settings import Settings
from tests.support.stories import (
    BUDGETS,
    HEALTHY,
    HUNG,
    TABLE,
    TICKS,
    Seen,
    Story,
    at,
    hung,
    rising,
)
from tests.unit.liveness.detectors import (
    AnyChangeRule,
    Detector,
    HeartbeatOnlyRule,
    LastGapRule,
    OriginalRule,
    Ours,
    found_after,
    wrong_about,
)


@pytest.mark.parametrize("story", HUNG, ids=str)
def test_a_hang_is_found_within_its_budget_and_two_ticks_and_never_earlier(story: Story) -> None:
    detector = Ours()
    second = found_after(detector, story)
    assert second is not None
    assert story.after < second <= story.after + TICKS
    assert detector.clocks.diagnose(second, BUDGETS).life is story.life


@pytest.mark.parametrize("story", HEALTHY, ids=str)
def test_a_healthy_job_is_never_called_hung(story: Story) -> None:
    assert found_after(Ours(), story) is None


def test_every_hang_is_found_and_there_is_no_false_alarm() -> None:
    wrong = [story for story in TABLE if wrong_about(Ours(), story)]
    assert wrong == []


@pytest.mark.parametrize(
    ("rule", "missed", "accused"),
    [
        (OriginalRule, "answers, stands at 50 %", None),
        (LastGapRule, "silent at 25 %", None),
        (HeartbeatOnlyRule, "answers, stands at 99 %", None),
        (AnyChangeRule, "swings 40-41 %", "no percentage at all"),
    ],
)
def test_each_known_wrong_rule_is_caught_by_the_table(
    rule: Callable[[], Detector], missed: str, accused: str | None
) -> None:
    wrong = {story.name for story in TABLE if wrong_about(rule(), story)}
    assert {missed, accused} - {None} <= wrong


# The table of the document that first described the hang: a limit of 5 seconds, and whether each
# rule calls the job stuck.
LIMIT = replace(BUDGETS, silence=5, step=5, first_step=5, preload=0, download=0)
NO_WORD: list[Seen | None] = [Seen("processing")]


@pytest.mark.parametrize(
    ("story", "original", "ours"),
    [
        (hung("complete hang", NO_WORD, [None] * 60, JobHealth.DEAD, 5), True, True),
        *(
            (hung(f"stalled at {p} %", rising(p), at(p), JobHealth.STALLED, 5), False, True)
            for p in (1, 25, 50, 99)
        ),
        (Story("normal progress", tuple(rising(100, by=1))), False, False),
    ],
    ids=str,
)
def test_the_table_of_the_document_holds(story: Story, original: bool, ours: bool) -> None:
    assert (found_after(OriginalRule(5), story) is not None) is original
    assert (found_after(Ours(LIMIT), story) is not None) is ours


@pytest.mark.parametrize(
    ("second", "percent", "pace"),
    [(1.0, 20.0, None), (3.0, 10.0, None), (3.0, 20.0, 300.0)],
    ids=["at the same moment", "the status rose, not the percentage", "two rises"],
)
def test_a_pace_needs_two_rises_with_time_between(
    second: float, percent: float, pace: float | None
) -> None:
    clocks = Clocks.started(0.0).heard_at(1.0, "queued", 10.0)
    assert clocks.heard_at(second, "processing", percent).pace == pace


LONG = Budgets(silence=600.0, step=50.0, total=300.0, process=40.0)


@pytest.mark.parametrize(
    ("answer", "heard", "second", "life", "over"),
    [
        (("processing", 42.0), 70.0, 71.0, JobHealth.STALLED, 70.0 - 10.0 - 50.0),
        (("processing", 42.0), 59.0, 61.0, JobHealth.STALLED, -1.0),
        (("processing", None), 320.0, 321.0, JobHealth.OVERDUE, 320.0 - 10.0 - 300.0),
        (("processing", 42.0), 20.0, 621.0, JobHealth.DEAD, 1.0),
        (("queued", None), 50.0, 60.0, JobHealth.STARVING, 10.0),
        (("processing", 42.0), 20.0, 30.0, JobHealth.FINE, None),
    ],
)
def test_by_how_much_a_limit_is_exceeded_is_certain_until_the_last_answer(
    answer: tuple[str, float | None],
    heard: float,
    second: float,
    life: JobHealth,
    over: float | None,
) -> None:
    clocks = Clocks.started(0.0)
    for answered in (10.0, heard):
        clocks = clocks.heard_at(answered, *answer)
    found = clocks.diagnose(second, LONG)
    assert (found.life, found.over) == (life, over)


def test_the_line_tells_everything_that_is_needed_to_find_the_job() -> None:
    clocks = Clocks.started(0.0)
    for second, percent in ((1.0, 0.0), (10.0, 42.0), (73.4, 42.0)):
        clocks = clocks.heard_at(second, "processing", percent)
    assert clocks.diagnose(75.7, LIMIT).line("Worker 2", "a1b2c3d4") == (
        "Worker 2 seems to be stuck mid inference - Last heartbeat: 2.3s ago, "
        "Last progress change: 65.7s ago, Progress: 42%, Job: a1b2c3d4"
    )


@pytest.mark.parametrize(
    ("progress", "shown"),
    [(42.0, "42"), (28.571428, "28.5"), (99.97, "99.9"), (0.3, "0.3"), (100.0, "100")],
)
def test_a_percentage_is_told_short_and_never_as_more_than_it_is(
    progress: float, shown: str
) -> None:
    assert shown_percent(progress) == shown


@pytest.mark.parametrize(
    ("seen", "stage", "told"),
    [
        ([Seen("queued")], Stage.QUEUED, "seems to be stuck in the queue - "),
        ([Seen(progress=0)], Stage.STARTING, "seems to be stuck before the first step - "),
        ([Seen(progress=1)], Stage.STEPPING, "seems to be stuck mid inference - "),
        ([Seen(progress=100)], Stage.FINISHING, "seems to be stuck after 100% - "),
        ([Seen()], Stage.UNMEASURED, "seems to be stuck mid inference - "),
    ],
)
def test_the_stage_is_told_as_far_as_it_can_be_seen(
    seen: list[Seen], stage: Stage, told: str
) -> None:
    detector = Ours()
    for one in seen:
        detector.saw(0.0, one)
    diagnosis = detector.clocks.diagnose(500.0, BUDGETS)
    assert diagnosis.stage is stage
    assert told in diagnosis.line("job_001", "x")


def test_a_queue_that_moves_starves_nobody_however_long_it_is() -> None:
    waiting = Clocks.started(0.0).heard_at(999.0, "queued", None)
    assert waiting.diagnose(999.0, BUDGETS, worked=960.0).life is JobHealth.FINE
    assert waiting.diagnose(999.0, BUDGETS, worked=958.0).life is JobHealth.STARVING
    assert waiting.diagnose(1000.1, BUDGETS, worked=999.0).life is JobHealth.FINE


def test_the_total_time_runs_while_the_job_is_worked_on() -> None:
    waiting = Clocks.started(0.0).heard_at(999.0, "queued", None)
    working = waiting.heard_at(1000.0, "processing", None).heard_at(1999.0, "processing", None)
    assert working.diagnose(2000.0, BUDGETS).life is JobHealth.FINE
    assert working.diagnose(2000.1, BUDGETS).life is JobHealth.OVERDUE


def test_a_stalled_job_is_not_excused_by_others_that_move() -> None:
    clocks = (
        Clocks.started(0.0).heard_at(1.0, "processing", 42.0).heard_at(30.0, "processing", 42.0)
    )
    assert clocks.diagnose(30.0, BUDGETS, worked=30.0).life is JobHealth.STALLED


def test_a_second_attempt_has_what_is_left_of_the_whole_time() -> None:
    """Back in the queue, the time that the first attempt was worked on still counts."""
    clocks = Clocks.started(0.0).heard_at(0.5, "processing", 42.0).heard_at(995.0, "queued", None)
    assert clocks.diagnose(1000.0, BUDGETS).life is JobHealth.FINE
    assert clocks.diagnose(1001.0, BUDGETS).life is JobHealth.OVERDUE


def test_a_pause_lowers_no_pace() -> None:
    clocks = Clocks.started(0.0).heard_at(0.0, "processing", 1.0).heard_at(60.0, "processing", 3.0)
    paused = clocks.heard_at(600.0, "processing", 3.0)
    assert paused.pace == clocks.pace == 2.0


@pytest.mark.parametrize(
    ("seen", "worked"),
    [
        (Seen("queued"), float("-inf")),  # a new job in the queue shows nothing
        (Seen(progress=5), 3.0),
        (Seen(progress=None), 7.0),  # work without a percentage: whoever waits behind it may wait
    ],
)
def test_what_a_job_shows_of_its_miner(seen: Seen, worked: float) -> None:
    detector = Ours()
    for second in (3.0, 7.0):
        detector.saw(second, seen)
    assert detector.clocks.miner_worked == worked


@pytest.mark.parametrize(
    ("percent_per_minute", "life"),
    [(0.5, JobHealth.SLOW), (0.9, JobHealth.SLOW), (1.1, JobHealth.FINE)],
)
def test_a_job_under_the_rate_is_slow_and_is_waited_for(
    percent_per_minute: float, life: JobHealth
) -> None:
    detector = Ours(replace(BUDGETS, step=1000, total=10_000))
    for minute in range(1, 60):
        detector.saw(minute * 60.0, Seen(progress=minute * percent_per_minute))
    diagnosis = detector.clocks.diagnose(59 * 60.0 + 1, detector.budgets)
    assert diagnosis.life is life
    assert not diagnosis.life.hung


def test_nobody_is_called_slow_on_little_evidence() -> None:
    clocks = Clocks.started(0.0).heard_at(1.0, "processing", 1.0)
    clocks = clocks.heard_at(40.0, "processing", 1.1)
    assert clocks.pace is not None
    assert clocks.pace < 1
    assert not clocks.slow(1.0)


def test_the_budgets_come_from_the_settings() -> None:
    """The first step has the step's time where that is larger; what looks alike adds up."""
    budgets = Budgets.of(Settings())
    assert {stage: budgets.still(stage) for stage in Stage} == {
        Stage.QUEUED: 300,
        Stage.STARTING: 80 + 121 + 600,
        Stage.STEPPING: 600,
        Stage.FINISHING: 60 + 30,
        Stage.UNMEASURED: float("inf"),
    }
    assert (budgets.silence, budgets.total, budgets.rate) == (60, 240, 1)


STATUS = st.sampled_from(["queued", "processing", "running"])
PROGRESS = st.none() | st.floats(0, 99.9)
ANSWERS = st.lists(st.tuples(st.floats(0.01, 50), STATUS, PROGRESS), min_size=1, max_size=40)


def heard(answers: list[tuple[float, str, float | None]]) -> tuple[Clocks, float]:
    clocks, now = Clocks.started(0.0), 0.0
    for wait, status, progress in answers:
        now += wait
        clocks = clocks.heard_at(now, status, progress)
    return clocks, now


@given(ANSWERS)
def test_without_further_news_a_job_hangs_at_its_deadline_and_not_before(
    answers: list[tuple[float, str, float | None]],
) -> None:
    clocks, now = heard(answers)
    deadline = clocks.deadline(BUDGETS)
    assert clocks.diagnose(deadline + 0.001, BUDGETS).life.hung
    if now < deadline - 0.001:
        assert not clocks.diagnose(deadline - 0.001, BUDGETS).life.hung


@given(ANSWERS, st.integers(1, 30))
def test_the_same_answer_again_is_no_progress(
    answers: list[tuple[float, str, float | None]], times: int
) -> None:
    clocks, now = heard(answers)
    again = clocks
    for n in range(times):
        again = again.heard_at(now + n, clocks.status, answers[-1][2])
    assert (again.moved, again.best) == (clocks.moved, clocks.best)


@given(ANSWERS)
def test_what_was_seen_before_is_no_progress_however_it_swings(
    answers: list[tuple[float, str, float | None]],
) -> None:
    """The same answers over and over: as soon as no new attempt is granted, nothing moves."""
    clocks, _ = heard(answers * (ATTEMPTS + 1))
    again, _ = heard(answers * (ATTEMPTS + 5))
    assert (again.moved, again.best) == (clocks.moved, clocks.best)


RISES = st.lists(st.tuples(st.integers(1, 19), st.floats(0.5, 5)), min_size=1, max_size=20)


@given(RISES)
def test_a_job_that_rises_within_each_budget_is_never_called_hung(
    rises: list[tuple[int, float]],
) -> None:
    seconds: list[Seen | None] = [Seen("queued"), Seen(progress=0.0)]
    percent = 0.0
    for pause, rise in rises:
        seconds += [Seen(progress=percent)] * pause
        percent = min(99.9, percent + rise)
        seconds.append(Seen(progress=percent))
    assert found_after(Ours(), Story("rising", tuple(seconds))) is None
