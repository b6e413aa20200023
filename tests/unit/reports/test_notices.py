"""What is told while a run goes on is certain, told once, and never what was provoked."""

from asyncproof.history.events import (
    AsyncEvent,
    CallbackSection,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    GaveUp,
    Polled,
    ScenarioStarted,
    Submitted,
)
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.reports.notices import MOST, Notices
from tests.support.histories import a_picture, good_job, scenario, spoiled, without

STALLED = Diagnosis(
    life=JobHealth.STALLED, stage=Stage.STEPPING, progress=40, silent=0.1, still=30.0, total=60.0
)


def told(events: list[AsyncEvent]) -> list[str]:
    notices = Notices()
    return [line for event in events for line in notices(event)]


def gave_up(diagnosis: Diagnosis | None = None, job: str = "job_001") -> GaveUp:
    return GaveUp(
        at=9.0, job=job, waiting_for="more", last_state="", waited=9.0, diagnosis=diagnosis
    )


def test_of_correct_jobs_nothing_is_told() -> None:
    assert told(scenario(good_job("job_001"), good_job("job_002"))) == []


def test_a_stall_is_told_with_what_the_clocks_say() -> None:
    (line,) = told([*scenario(good_job()), gave_up(STALLED)])
    assert line.startswith("STALL job_001 seems to be stuck mid inference")
    assert "Last progress change: 30.0s ago" in line
    assert line.endswith("Job: id-job_001")


def test_a_callback_that_never_came_is_told_when_the_wait_for_it_ends() -> None:
    lost = [*scenario(without(good_job(), Delivered)), gave_up()]
    assert told(lost) == ["NO CALLBACK for job_001 within 9.0 s"]
    assert told([*scenario(good_job()), gave_up()]) == []
    unasked = spoiled(without(good_job(), Delivered), Submitted, expects_callback=False)
    assert told([*scenario(unasked), gave_up()]) == []


def test_a_callback_to_the_plain_url_is_known_by_its_id() -> None:
    plain = spoiled(spoiled(good_job(), Submitted, token=""), Delivered, token=None)
    assert told([*scenario(plain), gave_up()]) == []


def test_a_callback_that_the_miner_skips_is_told_once() -> None:
    skipped = CallbackSection(status="skipped")
    events = spoiled(without(good_job(), Delivered), Polled, callback=skipped)
    assert told([*scenario(events), gave_up()]) == [
        "NO CALLBACK for job_001: the miner says 'skipped'"
    ]


def test_a_damaged_picture_is_told_once_with_its_job() -> None:
    events = scenario(spoiled(good_job(), Examined, defects=("rows: 12 of 64 rows",)))
    again = Compared(at=3.0, sha256="sha of job_001", reference="t", difference="rows 9-64 differ")
    assert told([*events, again]) == ["DAMAGED picture of job_001: rows: 12 of 64 rows"]
    assert told([*scenario(good_job()), again]) == ["DAMAGED picture of job_001: rows 9-64 differ"]


def test_a_wrong_picture_is_that_of_the_job_that_asked_for_another() -> None:
    """A job with a LoRA came first, and has the same picture with every right."""
    quiet, loud = good_job("job_001", seed=7), good_job("job_003", at=6.0, seed=7)
    styled = good_job("job_002", at=3.0, seed=7, lora_path="ink")
    loud = spoiled(loud, Downloaded, file=a_picture("job_002"))
    loud = spoiled(loud, Delivered, image=a_picture("job_002"))
    found = Compared(
        at=9.0, sha256="sha of job_002", reference="sha of job_001", difference="rows 9-64 differ"
    )
    assert told([*scenario(quiet, styled), found]) == []
    line = "DAMAGED picture of job_003: rows 9-64 differ"
    assert told([*scenario(quiet, styled, loud), found]) == [line]


def test_what_one_look_makes_doubtful_is_not_told() -> None:
    assert told(scenario(spoiled(good_job(), Examined, suspicions=("flat bottom",)))) == []


def test_what_was_provoked_is_not_told() -> None:
    job = spoiled(good_job(), Submitted, provokes=("job cannot be done",))
    assert told([*scenario(job), gave_up(STALLED)]) == []
    hostile = spoiled(scenario(good_job()), ScenarioStarted, provokes=("receiver refuses",))
    assert told([*hostile, gave_up(STALLED)]) == []


def test_many_of_a_kind_are_cut_short() -> None:
    jobs = [good_job(f"job_{n:03}") for n in range(9)]
    ends: list[AsyncEvent] = [gave_up(STALLED, f"job_{n:03}") for n in range(9)]
    lines = told([*scenario(*jobs), *ends])
    assert len(lines) == MOST + 1
    assert lines[-1] == "(from here on, stalls are listed at the end)"
