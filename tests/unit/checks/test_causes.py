"""Which finding explains which: each rule on a history of its own."""

from dataclasses import replace
from functools import partial

import msgspec
import pytest

from asyncproof.facts.causes import PRIORITY, causes_of, explained
from asyncproof.facts.engine import SPECIAL, SUSPECT
from asyncproof.harness.verdict import CheckResult, Finding, Level, Verdict
from asyncproof.history.build import build
from asyncproof.history.events import (
    CALLBACK_LINK,
    Answered,
    AsyncEvent,
    CallbackSection,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    GaveUp,
    Polled,
    Probed,
    ScenarioEnded,
    ScenarioStarted,
    Submitted,
)
from asyncproof.history.history import History
from asyncproof.wire.protocol import CANNOT_CONNECT
from asyncproof.workload.expiries import EXPIRY, Expiry
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.special_cases import CASE, MEANT, Meant
from tests.support.histories import a_picture, good_job, scenario, spoiled, without

Told = dict[str, str]


def found(clause: str, job: str, **changes: str) -> Finding:
    return Finding(clause, f"{job} (id)", "this", "that", 1.0, job=job, **changes)


def because(history: History, *findings: Finding) -> Told:
    """Clause and job of each echo, with those of its cause."""
    causes = causes_of(findings, history)
    return {f"{e.clause} {e.job}": f"{c.clause} {c.job}" for e, c in causes.items()}


def jobs(*spoiled_jobs: list[AsyncEvent]) -> History:
    return build(scenario(*spoiled_jobs))


def failed(name: str, error: str, at: float = 0.0) -> list[AsyncEvent]:
    events = without(without(good_job(name, at), Delivered), Examined)
    return spoiled(events, Polled, status="failed", job_error=error)


def refused(name: str, code: int, at: float = 0.0) -> list[AsyncEvent]:
    sent = next(e for e in good_job(name, at) if isinstance(e, Submitted))
    return [sent, Answered(at=at + 0.1, job=name, took=0.1, status_code=code)]


def test_an_engine_that_is_dead_explains_every_job_after_it() -> None:
    dead = [failed(f"job_{n:03d}", "no engine", at=float(n)) for n in range(2, 6)]
    history = jobs(good_job("job_001"), *dead)
    told = because(
        history,
        found("SCH-2", "job_002"),
        *(found("SCH-2", f"job_{n:03d}") for n in range(3, 6)),
        found("SUB-15", "job_005"),
        found("SEC-1", "job_004"),
    )
    assert set(told.values()) == {"SCH-2 job_002"}
    assert set(told) == {"SCH-2 job_003", "SCH-2 job_004", "SCH-2 job_005", "SUB-15 job_005"}


def test_a_death_that_is_proven_leads_however_few_jobs_came_after_it() -> None:
    dead = [failed(f"job_{n:03d}", "no engine", at=float(n) + 1) for n in (2, 3)]
    proven, hung = found("SCH-9", "job_002"), found("SCH-1", "job_003")
    assert because(jobs(good_job("job_001"), *dead), hung, proven) == {
        "SCH-1 job_003": "SCH-9 job_002"
    }
    assert because(jobs(good_job("job_001"), *dead), hung) == {}
    assert PRIORITY[0] == "SCH-9"


def test_the_job_that_ended_all_work_is_shown_with_its_request() -> None:
    """The one that a maintainer sends again, and not the plain one after it."""
    special, other = good_job("job_001", seed=-1), good_job("job_002", at=3.0)
    tags = {SUSPECT: "job_001 (id): seed -1", SPECIAL: "seed -1"}
    plain = spoiled(good_job("job_003", at=6.0), Submitted, tags=tags)
    proven = Finding("SCH-9", tags[SUSPECT], "this", "that", 6.0)
    result = CheckResult("check", ("SCH-9",), 1, (proven,))
    (told,) = explained((result,), jobs(special, other, plain))
    assert [(f.subject, f.job, f.at) for f in told.findings] == [(tags[SUSPECT], "job_001", 0.0)]


def test_the_first_dead_job_says_after_which_job_and_what_was_special_about_that() -> None:
    special = spoiled(
        good_job("job_001"), Submitted, tags={MEANT: Meant.TO_FAIL, CASE: "unknown LoRA"}
    )
    dead = [failed(f"job_{n:03d}", "no engine", at=float(n) + 1) for n in range(2, 6)]
    results = [CheckResult("c", ("SCH-2",), 1, (found("SCH-2", "job_002", advice="look"),))]
    (result,) = explained(results, jobs(special, *dead))
    assert result.findings[0].advice == (
        "the engine behind the server is dead: of the 4 jobs after job_001 (id-job_001), which was "
        "special (unknown LoRA) none completed; look"
    )


def test_a_hang_of_a_special_job_says_what_was_special() -> None:
    special = spoiled(good_job(), Submitted, tags={MEANT: Meant.TO_FAIL, CASE: "unknown LoRA"})
    results = [CheckResult("c", ("LIV-2",), 1, (found("LIV-2", "job_001", advice="look"),))]
    (result,) = explained(results, jobs(special))
    assert result.findings[0].advice == (
        "this job was special (unknown LoRA): the engine may have died of it; else look"
    )


def test_what_is_told_about_an_id_of_several_jobs_is_no_defect_of_its_own() -> None:
    history = jobs(good_job("job_001"), good_job("job_002"))
    told = because(
        history, found("SUB-3", "job_001"), found("IDN-1", "job_001"), found("IDN-1", "job_002")
    )
    assert told == {"IDN-1 job_001": "SUB-3 job_001"}


@pytest.mark.parametrize("clause", ["IMG-1", "CBK-13", "SCH-7", "SUB-4", "TRN-2"])
def test_whatever_is_asked_for_by_an_id_of_several_jobs_is_an_echo(clause: str) -> None:
    told = because(jobs(good_job()), found("SUB-3", "job_001"), found(clause, "job_001"))
    assert told == {f"{clause} job_001": "SUB-3 job_001"}


def test_a_hostile_id_breaks_a_miner_that_breaks_on_every_bad_body() -> None:
    broken, other = refused("job_002", 500), good_job("job_003")
    bad = Finding("SUB-9", "bad submissions", "4xx", "500")
    crash, taken = found("SEC-3", "job_002"), found("SEC-3", "job_003")
    history = jobs(good_job("job_001"), broken, other)
    assert because(history, crash, taken, bad) == {"SEC-3 job_002": "SUB-9 "}
    assert because(history, crash) == {}


def test_a_callback_is_of_no_job_where_an_answer_named_none() -> None:
    orphan = Finding("CBK-25", "POST /callback", "this", "that")
    answered, told = refused("job_002", 202), found("SUB-1", "job_002")
    without_id = jobs(good_job("job_001"), answered)
    assert because(without_id, orphan, told) == {"CBK-25 ": "SUB-1 job_002"}
    full = jobs(good_job("job_001"), refused("job_002", 503))
    assert because(full, orphan, told) == {}


def test_a_status_that_breaks_down_does_so_at_its_url_too() -> None:
    broken = found("SUB-6", "job_001", cause="answered 500")
    dead, unanswered = found("SUB-6", "job_002", cause="answered 404"), found("POL-11", "job_002")
    history = jobs(good_job("job_001"), good_job("job_002"))
    assert because(history, broken, dead, unanswered) == {"SUB-6 job_001": "POL-11 job_002"}
    assert because(history, broken, dead) == {}


def test_a_result_that_changes_differs_from_what_it_is_compared_with() -> None:
    late = [found(clause, "job_001") for clause in ("IMG-3", "SUB-7", "RES-4")]
    other, changed = found("IMG-3", "job_002"), found("RES-3", "job_001")
    told = because(jobs(good_job("job_001"), good_job("job_002")), *late, other, changed)
    assert set(told) == {"IMG-3 job_001", "SUB-7 job_001", "RES-4 job_001"}
    assert set(told.values()) == {"RES-3 job_001"}


def test_where_jobs_share_an_id_callbacks_have_one_that_nobody_was_told() -> None:
    orphan = Finding("CBK-25", "POST /callback", "this", "that")
    assert because(jobs(good_job()), orphan, found("SUB-3", "job_001")) == {
        "CBK-25 ": "SUB-3 job_001"
    }


def test_what_all_pictures_have_in_common_is_the_damage_that_each_of_them_shows() -> None:
    common = Finding("IMG-5", "21 pictures", "this", "that")
    told = because(jobs(good_job()), common, found("IMG-2", "job_001"))
    assert told == {"IMG-5 ": "IMG-2 job_001"}
    assert because(jobs(good_job()), common, found("IMG-3", "job_001")) == {}


def test_a_right_result_that_changes_later_is_no_damage() -> None:
    """As other results do; this job is excused from being judged for it."""
    quiet = spoiled(good_job("job_001"), Submitted, tags={"load": "quiet"})
    loud = spoiled(good_job("job_002", at=5.0), Submitted, request=_request("job_001"))
    right = spoiled(loud, Downloaded, file=a_picture("job_001"))
    changes, differs = found("RES-3", "job_001"), found("IMG-3", "job_002")
    assert because(jobs(quiet, right), changes, differs) == {"IMG-3 job_002": "RES-3 job_001"}
    assert because(jobs(quiet, loud), changes, differs) == {}


def test_a_wrong_time_in_the_status_is_not_the_callbacks() -> None:
    times = [found("CBK-27", "job_001"), found("CBK-27", "job_002"), found("POL-9", "job_001")]
    told = because(jobs(good_job("job_001"), good_job("job_002")), *times)
    assert told == {"CBK-27 job_001": "POL-9 job_001"}


def test_a_status_of_another_job_leads_to_its_pictures() -> None:
    told = because(jobs(good_job()), found("POL-10", "job_001"), found("RES-4", "job_001"))
    assert told == {"RES-4 job_001": "POL-10 job_001"}


def test_a_status_of_another_job_says_what_is_true_of_that_one() -> None:
    told = because(
        jobs(good_job("job_001"), good_job("job_002")),
        found("POL-10", "job_001"),
        *(found("CBK-11", f"job_{n:03d}") for n in (1, 2)),
    )
    assert told == {"CBK-11 job_001": "POL-10 job_001"}


def test_a_miner_that_is_gone_explains_what_is_missing_from_then_on() -> None:
    told = f"{CANNOT_CONNECT} (connection refused)"
    left = spoiled(without(good_job("job_002"), Delivered), Polled, status=None, error=told)
    history = jobs(good_job("job_001"), left)
    lead = replace(found("LIV-1", "job_002"), actual=f"none for 15 s ({told})")
    later = replace(found("RES-3", "job_001"), actual=told)
    silent, other = found("CBK-1", "job_002"), found("CBK-4", "job_001")
    assert because(history, lead, later, silent, other) == {
        "RES-3 job_001": "LIV-1 job_002",
        "CBK-1 job_002": "LIV-1 job_002",
    }


def test_where_nothing_is_ever_delivered_it_is_not_for_an_expiry() -> None:
    none, one = without(good_job("job_001"), Delivered), good_job("job_002")
    lost, expiry = found("CBK-1", "job_001"), found("EXP-1", "job_001")
    assert because(jobs(none), lost, expiry) == {"EXP-1 job_001": "CBK-1 job_001"}
    assert because(jobs(none, one), lost, expiry) == {}


@pytest.mark.parametrize("clause", ["EXP-1", "EXP-4", "EXP-5", "CBK-19"])
def test_a_callback_that_other_jobs_miss_too_is_not_missing_for_what_was_special(
    clause: str,
) -> None:
    def missed(name: str, word: str) -> list[AsyncEvent]:
        section = CallbackSection(status=word)
        return spoiled(without(good_job(name), Delivered), Polled, callback=section)

    lost, special = found("CBK-1", "job_001"), found(clause, "job_002")
    plain, sound = missed("job_001", "skipped"), good_job("job_003")
    alike = jobs(plain, missed("job_002", "skipped"), sound)
    assert because(alike, lost, special) == {f"{clause} job_002": "CBK-1 job_001"}
    assert because(jobs(plain, missed("job_002", "expired"), sound), lost, special) == {}
    assert because(jobs(plain, good_job("job_002"), sound), lost, special) == {}


def test_a_few_jobs_that_fail_are_no_dead_engine() -> None:
    history = jobs(failed("job_001", "a"), good_job("job_002"), failed("job_003", "b", at=5.0))
    assert because(history, found("SCH-2", "job_001"), found("SCH-2", "job_003")) == {}


def test_what_is_refused_like_any_job_is_not_refused_for_what_is_special() -> None:
    history = jobs(good_job("job_003"), refused("job_001", 503), refused("job_002", 503))
    told = because(history, found("SUB-1", "job_001"), found("SUB-15", "job_002"))
    assert told == {"SUB-15 job_002": "SUB-1 job_001"}
    other = jobs(good_job("job_003"), refused("job_001", 503), refused("job_002", 422))
    assert because(other, found("SUB-1", "job_001"), found("SUB-15", "job_002")) == {}


@pytest.mark.parametrize("clause", ["SUB-15", "SUB-17", "EXP-8", "CBK-20", "TRN-2"])
def test_what_fails_like_plain_jobs_fails_for_no_reason_of_its_own(clause: str) -> None:
    last = good_job("job_009", at=20.0)
    history = jobs(failed("job_001", "CUDA 17"), failed("job_002", "CUDA 18"), last)
    told = because(history, found("SCH-2", "job_001"), found(clause, "job_002"))
    assert told == {f"{clause} job_002": "SCH-2 job_001"}
    other = jobs(failed("job_001", "CUDA 17"), failed("job_002", "unknown field"), last)
    assert because(other, found("SCH-2", "job_001"), found(clause, "job_002")) == {}


def hung(name: str, percent: float, at: float = 0.0) -> list[AsyncEvent]:
    begun = [e for e in spoiled_progress(good_job(name, at), percent) if e.at < at + 1.0]
    state = {"waiting_for": "a terminal state", "last_state": "processing", "waited": 9.0}
    return [*begun, GaveUp(at=at + 9, job=name, **state)]  # type: ignore[arg-type]


def spoiled_progress(events: list[AsyncEvent], percent: float) -> list[AsyncEvent]:
    return [
        msgspec.structs.replace(e, progress=percent) if isinstance(e, Polled) and e.progress else e
        for e in events
    ]


@pytest.mark.parametrize("clause", ["SUB-15", "SUB-16", "SUB-17", "EXP-8", "TRN-2", "SEC-3"])
def test_what_hangs_like_plain_jobs_hangs_for_no_reason_of_its_own(clause: str) -> None:
    last = good_job("job_009", at=20.0)
    history = jobs(hung("job_001", 50), hung("job_002", 50), last)
    told = because(history, found("LIV-2", "job_001"), found(clause, "job_002"))
    assert told == {f"{clause} job_002": "LIV-2 job_001"}
    elsewhere = jobs(hung("job_001", 50), hung("job_002", 10), last)
    assert because(elsewhere, found("LIV-2", "job_001"), found(clause, "job_002")) == {}
    ended = jobs(hung("job_001", 50), good_job("job_002"), last)
    assert because(ended, found("LIV-2", "job_001"), found(clause, "job_002")) == {}


def test_a_job_that_nearly_all_overtake_explains_those_that_some_overtake() -> None:
    """But not one that hangs: others pass it whatever their turn."""
    starves, overtaken = found("SCH-3", "job_001"), found("SCH-4", "job_002")
    done = jobs(good_job("job_001"), good_job("job_002"))
    assert because(done, starves, overtaken) == {"SCH-4 job_002": "SCH-3 job_001"}
    endless = jobs(good_job("job_001")[:3], good_job("job_002"))
    assert because(endless, starves, overtaken) == {}


def test_an_end_that_is_taken_back_explains_what_goes_by_the_end() -> None:
    told = because(jobs(good_job()), found("POL-3", "job_001"), found("CBK-7", "job_001"))
    assert told == {"CBK-7 job_001": "POL-3 job_001"}


def test_a_hang_explains_what_is_missing_of_the_same_job_only() -> None:
    history = jobs(good_job("job_001"), good_job("job_002"))
    told = because(
        history,
        found("LIV-2", "job_001"),
        found("CBK-16", "job_001"),
        found("CBK-16", "job_002"),
    )
    assert told == {"CBK-16 job_001": "LIV-2 job_001"}


def test_a_receiver_that_holds_up_all_explains_the_jobs_beside_it() -> None:
    history = jobs(good_job("job_001"), good_job("job_002"))
    told = because(history, found("CBK-21", "job_001"), found("LIV-3", "job_002"))
    assert told == {"LIV-3 job_002": "CBK-21 job_001"}


def test_a_callback_at_another_url_is_not_missing() -> None:
    lost = without(good_job("job_001"), Delivered)
    fields = {"job_id": "id-job_001", "status": "completed"}
    other = spoiled(good_job("job_002"), Delivered, fields=fields)
    told = because(jobs(lost, other), found("CBK-3", "job_002"), found("CBK-1", "job_001"))
    assert told == {"CBK-1 job_001": "CBK-3 job_002"}
    assert because(jobs(lost), found("CBK-3", "job_002"), found("CBK-1", "job_001")) == {}


def test_what_is_said_of_a_delivery_is_said_of_the_url_that_it_went_to() -> None:
    fields = {"job_id": "id-job_001", "status": "completed"}
    other = spoiled(good_job("job_002"), Delivered, fields=fields)
    both = jobs(without(good_job("job_001"), Delivered), other)
    told = because(both, found("CBK-3", "job_002"), found("CBK-12", "job_001"))
    assert told == {"CBK-12 job_001": "CBK-3 job_002"}


@pytest.mark.parametrize("clause", ["IMG-1", "IMG-3"])
def test_a_picture_in_the_callback_of_another_job_is_that_jobs(clause: str) -> None:
    """Unless the job's own result is damaged as well."""
    whole, named = good_job("job_001"), {"job_id": "id-job_002", "status": "completed"}
    led_astray = spoiled(whole, Delivered, fields=named, image=a_picture("job_002"))
    got = next(event for event in whole if isinstance(event, Downloaded))
    file = a_picture("job_009")  # which nobody looked at
    linked = msgspec.structs.replace(got, what=CALLBACK_LINK, file=file)
    led_astray = [*led_astray, linked]
    broken = spoiled(led_astray, Examined, defects=("rows: 12 of 64 rows",))
    astray, wrong = found("CBK-3", "job_001"), found(clause, "job_001")
    told = because(jobs(led_astray, good_job("job_002")), astray, wrong)
    assert told == {f"{clause} job_001": "CBK-3 job_001"}
    assert because(jobs(broken, good_job("job_002")), astray, wrong) == {}


@pytest.mark.parametrize(("code", "echo"), [(401, True), (403, True), (500, False)])
def test_a_callback_that_we_refused_for_its_secret_is_not_missing(code: int, echo: bool) -> None:
    said = CallbackSection(status="failed", status_code=code)
    lost = spoiled(without(good_job("job_001"), Delivered), Polled, callback=said)
    history = jobs(lost, good_job("job_002"))
    told = because(history, found("CBK-2", "job_002"), found("CBK-1", "job_001"))
    assert told == ({"CBK-1 job_001": "CBK-2 job_002"} if echo else {})


def test_a_callback_that_cannot_be_read_is_neither_nobodys_nor_missing() -> None:
    plain = spoiled(without(good_job("job_001"), Delivered), Submitted, token="")
    sent = next(e for e in good_job("job_001") if isinstance(e, Delivered))
    stray = msgspec.structs.replace(sent, token=None, fields={}, broken="not a form", at=1.0)
    also_plain = spoiled(good_job("job_002"), Submitted, token="")
    history = jobs(plain, also_plain, [stray])
    told = because(
        history,
        found("CBK-5", "job_002"),
        found("CBK-1", "job_001"),
        Finding("CBK-25", "POST /callback", "this", "that", stray.at),
    )
    assert set(told) == {"CBK-1 job_001", "CBK-25 "}


@pytest.mark.parametrize(
    ("echo", "cause"),
    [
        ("CBK-1", "CBK-10"),
        ("CBK-4", "SCH-7"),
        ("CBK-11", "SCH-7"),
        ("IMG-4", "IMG-3"),
        ("RES-4", "RES-1"),
        ("CBK-8", "CBK-7"),
    ],
)
def test_of_one_job_the_deeper_one_leads(echo: str, cause: str) -> None:
    told = because(jobs(good_job()), found(echo, "job_001"), found(cause, "job_001"))
    assert told == {f"{echo} job_001": f"{cause} job_001"}


def test_where_no_expiry_is_kept_it_does_not_matter_how_it_is_written() -> None:
    past = spoiled(good_job("job_001"), Submitted, tags={EXPIRY: Expiry.OFFSET_PAST})
    ahead = spoiled(good_job("job_002"), Submitted, tags={EXPIRY: Expiry.OFFSET_AHEAD})
    told = because(
        jobs(past, ahead),
        found("EXP-2", "job_003"),
        found("EXP-4", "job_001"),
        found("EXP-4", "job_002"),
    )
    assert told == {"EXP-4 job_001": "EXP-2 job_003"}


def test_a_lora_that_stays_and_cannot_be_loaded_fails_the_next_job() -> None:
    asked = good_job("job_001", lora_path="no-such.safetensors")
    error = "'no-such.safetensors' is unknown; there are a.safetensors, b.safetensors"
    plain, own = failed("job_002", error), failed("job_003", error)
    own = spoiled(
        own, Submitted, request={**_request("job_003"), "lora_path": "no-such.safetensors"}
    )
    other = failed("job_004", "out of memory")
    stays, *fails = found("IDN-5", "job_005"), *(found("SCH-2", f"job_{n:03d}") for n in (2, 3, 4))
    told = because(jobs(asked, plain, own, other), stays, *fails)
    assert told == {"SCH-2 job_002": "IDN-5 job_005"}


PART = "Partial render detected: rows 42–63 differ from the idle reference (32.8 %)"
WHOLE = "Wrong picture: all rows differ from the idle reference (100.0 %)"


def beside_its_reference(told: str, seed: int = 7, lora: bool = False) -> History:
    """Two jobs with one request: made in quiet, and under load with this difference from it; before
    both, if wanted, one with a LoRA."""
    quiet = spoiled(good_job("job_001", seed=seed), Submitted, tags={"load": "quiet"})
    loud = good_job("job_002", at=5.0, prompt="a fox", seed=seed)
    two, one = a_picture("job_002").sha256, a_picture("job_001").sha256
    compared: list[AsyncEvent] = [Compared(at=9.0, sha256=two, reference=one, difference=told)]
    styled = good_job("job_003", lora_path="a.safetensors") if lora else []
    return build(scenario(styled, quiet, loud, compared))


@pytest.mark.parametrize("clause", ["IDN-5", "TRN-3"])
def test_a_picture_of_which_a_part_is_right_accuses_no_lora_seed_or_training(clause: str) -> None:
    differs, accused = found("IMG-3", "job_002"), found(clause, "job_002")
    history = beside_its_reference(PART, lora=True)
    assert because(history, accused, differs) == {f"{clause} job_002": "IMG-3 job_002"}
    drifted = beside_its_reference(f"{PART}; the rest differs by at most 3 levels", lora=True)
    for other in (drifted, beside_its_reference(WHOLE, lora=True)):
        assert f"{clause} job_002" not in because(other, accused, differs)


def test_whether_a_part_is_right_is_a_field_that_old_histories_have_in_words_only() -> None:
    """Where it was recorded it is not read out of the sentence."""
    compared = partial(Compared, at=9.0, sha256="a", reference="b")
    assert compared(difference=PART, in_a_part=False).in_a_part is False
    for sentence, partly in {
        PART: True,
        WHOLE: False,
        f"{PART}; the rest differs by at most 3 levels": False,
        "Damaged picture: all rows are undenoised noise (100.0 %)": False,
        "Damaged region: pixels x 64–127, y 128–191 (tile 1,2) are noise (6.2 %)": True,
        "Wrong dimensions: 256x255, the idle reference has 256x256": False,
        "": None,
    }.items():
        assert compared(difference=sentence).in_a_part is partly


def test_a_lora_that_stays_explains_pictures_that_differ_throughout_and_no_others() -> None:
    differs, stays = found("IMG-3", "job_002"), found("IDN-5", "job_001")
    whole, part = (beside_its_reference(told, lora=True) for told in (WHOLE, PART))
    assert because(whole, differs, stays) == {"IMG-3 job_002": "IDN-5 job_001"}
    assert because(part, differs, stays) == {"IDN-5 job_001": "IMG-3 job_002"}


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        ("job_001", {"TRN-3 job_002": "IMG-3 job_002"}),
        ("job_002", {"IMG-3 job_002": "TRN-3 job_002"}),  # the model has stayed another one
    ],
)
def test_one_wrong_picture_after_a_training_is_not_the_training_s(last: str, cause: Told) -> None:
    probe = partial(Probed, probe="train", method="POST", path="/train")
    trained: list[AsyncEvent] = [probe(at=4.5, took=0.1, status_code=202)]
    before, wrong, again = (
        spoiled(good_job(f"job_00{n}", at), Submitted, request=_request("job_001"))
        for n, at in ((1, 0.0), (2, 5.0), (3, 10.0))
    )
    again = spoiled(again, Downloaded, file=a_picture(last))
    history = build(scenario(before, trained, wrong, again))
    assert because(history, found("TRN-3", "job_002"), found("IMG-3", "job_002")) == cause


@pytest.mark.parametrize("clause", ["IDN-5", "TRN-3"])
def test_pictures_that_were_wrong_before_any_lora_or_training_accuse_neither(clause: str) -> None:
    differs, accused = found("IMG-3", "job_002"), found(clause, "job_001")
    seed = found("IDN-3", "job_003")  # of another request
    early = because(beside_its_reference(WHOLE), accused, differs, seed)
    assert early == {f"{clause} job_001": "IMG-3 job_002", "IDN-3 job_003": "IMG-3 job_002"}
    assert f"{clause} job_001" not in because(
        beside_its_reference(WHOLE, lora=True), accused, differs
    )
    assert f"{clause} job_001" not in because(beside_its_reference(WHOLE, seed=0), accused, differs)


@pytest.mark.parametrize(
    ("again", "told", "cause"),
    [
        ("job_003", WHOLE, "IDN-3"),
        ("job_002", WHOLE, "IMG-3"),  # two pictures are the same, so none is drawn at random
        ("job_003", PART, "IMG-3"),
    ],
)
def test_pictures_of_a_seed_that_is_taken_for_none_are_not_spoilt(
    again: str, told: str, cause: str
) -> None:
    """The miner draws each of them at random."""
    quiet = spoiled(good_job("job_001", seed=0), Submitted, tags={"load": "quiet"})
    request = _request("job_001") | {"seed": 0}
    loud = [
        spoiled(good_job(name, at=5.0), Submitted, request=request)
        for name in ("job_002", "job_003")
    ]
    loud[1] = spoiled(spoiled(loud[1], Downloaded, file=a_picture(again)), Delivered, image=None)
    one = a_picture("job_001").sha256
    compared: list[AsyncEvent] = [
        Compared(at=9.0, sha256=a_picture(name).sha256, reference=one, difference=told)
        for name in ("job_002", "job_003")
    ]
    differs, drawn = found("IMG-3", "job_002"), found("IDN-3", "job_003")
    other = found("IMG-3", "job_004")  # of a job with another seed
    history = build(scenario(quiet, *loud, good_job("job_004", at=5.0), compared))
    told_by = because(history, differs, drawn)
    echo = "IMG-3 job_002" if cause == "IDN-3" else "IDN-3 job_003"
    assert told_by.keys() == {echo}
    assert told_by[echo].startswith(cause)
    assert "IMG-3 job_004" not in because(history, drawn, other)


@pytest.mark.parametrize("clause", ["CBK-9", "CBK-28", "RES-4", "SUB-7"])
def test_a_wrong_picture_beside_the_right_result_is_no_damage(clause: str) -> None:
    """Its result is that of its idle reference."""
    quiet = spoiled(good_job("job_001"), Submitted, tags={"load": "quiet"})
    request = _request("job_001")
    loud = spoiled(good_job("job_002", at=5.0), Submitted, request=request)
    right = spoiled(loud, Downloaded, file=a_picture("job_001"))
    apart, differs = found(clause, "job_002"), found("IMG-3", "job_002")
    assert because(jobs(quiet, right), apart, differs) == {"IMG-3 job_002": f"{clause} job_002"}
    assert because(jobs(quiet, loud), apart, differs) == {}


@pytest.mark.parametrize(("what", "folded"), [("image_url", True), ("result_url", False)])
def test_damage_that_came_by_a_link_alone_is_that_of_links(what: str, folded: bool) -> None:
    """Of a job whose own link is not judged; a link of another job is known to lead astray."""
    quiet = spoiled(good_job("job_001"), Submitted, tags={"load": "quiet"})
    loud = spoiled(good_job("job_002", at=5.0), Submitted, request=_request("job_001"))
    right = spoiled(loud, Downloaded, file=a_picture("job_001"))
    right = spoiled(right, Delivered, image=a_picture("job_001"))
    got = next(event for event in right if isinstance(event, Downloaded))
    other, reference = a_picture("job_009"), a_picture("job_001")
    link = msgspec.structs.replace(got, what=what, file=other)
    wrong = Compared(at=9.0, sha256=other.sha256, reference=reference.sha256, difference=WHOLE)
    astray, differs = found("RES-4", "job_003"), found("IMG-3", "job_002")
    told = because(jobs(quiet, [*right, link, wrong]), astray, differs)
    assert told == ({"IMG-3 job_002": "RES-4 job_003"} if folded else {})


def test_a_miner_that_claims_deliveries_claims_expired_ones_too() -> None:
    expired = spoiled(good_job("job_002"), Polled, callback=CallbackSection(status="skipped"))
    claimed, told = found("CBK-10", "job_001"), found("EXP-7", "job_002")
    alike = jobs(good_job("job_001"), good_job("job_002"))
    assert because(alike, claimed, told) == {"EXP-7 job_002": "CBK-10 job_001"}
    assert because(jobs(good_job("job_001"), expired), claimed, told) == {}


def test_a_miner_that_claims_deliveries_claims_those_of_other_jobs_too() -> None:
    """Also of a job whose own claim is not judged."""
    claimed, lost = found("CBK-10", "job_001"), found("CBK-1", "job_002")
    missing = without(good_job("job_002"), Delivered)
    assert because(jobs(good_job("job_001"), missing), claimed, lost) == {
        "CBK-1 job_002": "CBK-10 job_001"
    }
    silent = spoiled(missing, Polled, callback=None)
    for other in (silent, good_job("job_002")):
        assert because(jobs(good_job("job_001"), other), claimed, lost) == {}


def test_what_is_said_of_a_callback_to_the_url_of_another_job_is_of_that_url() -> None:
    mixed, preview = found("CBK-3", "job_001"), found("CBK-13", "job_001")
    assert because(jobs(good_job()), mixed, preview) == {"CBK-13 job_001": "CBK-3 job_001"}


def test_a_type_that_is_wrong_in_the_callback_alone_is_the_callbacks() -> None:
    typed, named = found("IMG-1", "job_001", cause="type"), found("CBK-26", "job_001")
    torn = found("IMG-1", "job_001", cause="truncated")
    assert because(jobs(good_job()), typed, named) == {"IMG-1 job_001": "CBK-26 job_001"}
    assert because(jobs(good_job()), torn, named) == {}


def test_pictures_of_another_format_are_told_once_whichever_job_they_are_of() -> None:
    typed = found("IMG-1", "job_001", cause="type")
    served, sent, other = (
        found("RES-2", "job_002"),
        found("CBK-26", "job_002"),
        found("CBK-26", "job_003"),
    )
    history = jobs(*(good_job(f"job_{n:03d}") for n in (1, 2, 3)))
    told = because(history, typed, served, sent, other)
    assert told == {"RES-2 job_002": "IMG-1 job_001", "CBK-26 job_002": "IMG-1 job_001"}
    assert because(history, served, sent, other) == {}


def test_a_lora_that_stays_explains_plain_pictures_that_look_like_it() -> None:
    styled = good_job("job_002", lora_path="a.safetensors")
    told = because(
        jobs(good_job("job_001"), styled),
        found("IDN-5", "job_001"),
        found("IDN-4", "job_001"),
        found("IDN-4", "job_002"),
    )
    assert told == {"IDN-4 job_001": "IDN-5 job_001"}


def test_a_picture_of_another_job_is_no_witness_of_seeds_and_loras() -> None:
    reference = spoiled(good_job("job_002"), Submitted, request=_request("job_001"))
    told = because(
        jobs(good_job("job_001"), reference, good_job("job_003")),
        found("IDN-1", "job_001"),
        found("IDN-3", "job_002"),
        found("IDN-3", "job_003"),
        found("SUB-17", "job_001"),
    )
    assert told == {"IDN-3 job_002": "IDN-1 job_001", "SUB-17 job_001": "IDN-1 job_001"}


def _request(job: str) -> dict[str, object]:
    return next(e.request for e in good_job(job) if isinstance(e, Submitted))


def test_of_two_jobs_with_one_picture_either_may_be_the_one_that_differs() -> None:
    taken, right = good_job("job_002"), good_job("job_003")
    taken = spoiled(taken, Downloaded, file=a_picture("job_001"))
    same, differs, other = (
        found("IDN-1", "job_002"),
        found("IMG-3", "job_001"),
        found("IMG-3", "job_003"),
    )
    history = jobs(good_job("job_001"), taken, right)
    assert because(history, same, differs, other) == {"IMG-3 job_001": "IDN-1 job_002"}


def test_a_damaged_picture_is_no_witness_either() -> None:
    reference = spoiled(good_job("job_002"), Submitted, request=_request("job_001"))
    history = jobs(good_job("job_001"), reference)
    told = because(history, found("IMG-4", "job_001"), found("TRN-3", "job_002"))
    assert told == {"TRN-3 job_002": "IMG-4 job_001"}


@pytest.mark.parametrize("damage", ["IMG-2", "IMG-3", "IMG-4"])
def test_two_blank_pictures_are_equal_because_they_are_blank(damage: str) -> None:
    blank = spoiled(good_job("job_001"), Examined, suspicions=("all black",), signs=("solid",))
    told = because(jobs(blank), found(damage, "job_001"), found("IDN-1", "job_001"))
    assert told == {"IDN-1 job_001": f"{damage} job_001"}
    told = because(jobs(good_job()), found("IMG-2", "job_001"), found("IDN-1", "job_001"))
    assert told == {}


@pytest.mark.parametrize("beside", [True, False])
def test_damage_is_the_trainings_only_where_no_other_picture_is_damaged(beside: bool) -> None:
    """The other damaged picture is of the same scenario, or of one without training."""
    mark = (Provocation.TRAINING,)
    bad = spoiled(good_job("job_001"), Examined, suspicions=("a tile",), signs=("missing tile",))
    bad = spoiled(bad, Submitted, provokes=mark)
    other = spoiled(good_job("job_002"), Submitted, provokes=mark if beside else ())
    start = ScenarioStarted(at=0.0, name="s", nemesis="Quiet", jobs=2, shape="x", provokes=())
    history = build([start, *bad, *other, ScenarioEnded(at=9.0, name="s")])
    told = because(
        history,
        found("TRN-2", "job_001"),
        found("IMG-3", "job_001"),
        found("IMG-3", "job_002"),
    )
    assert told.get("TRN-2 job_001") == (None if beside else "IMG-3 job_002")
    assert told.get("IMG-3 job_001") == ("TRN-2 job_001" if beside else None)


def test_what_leads_is_itself_explained_at_the_root() -> None:
    told = because(
        jobs(good_job()),
        found("CBK-9", "job_001"),
        found("IMG-1", "job_001"),
        found("IDN-1", "job_001"),
    )
    assert set(told.values()) == {"IDN-1 job_001"}


def verdict(*findings: Finding, levels: dict[str, Level] | None = None) -> Verdict:
    results = (CheckResult("c", ("A-1",), 9, findings),)
    return Verdict(results, levels or {}, priority=PRIORITY)


def test_echoes_are_counted_under_their_cause_and_are_no_findings() -> None:
    told = verdict(
        found("CBK-2", "job_001"),
        found("CBK-1", "job_001", because="CBK-2"),
        found("CBK-1", "job_002", because="CBK-2"),
    )
    assert [f.clause for f in told.findings] == ["CBK-2"]
    assert told.echoes_of("CBK-2") == {"CBK-1": 2}


def test_a_warning_that_explains_a_broken_must_is_one() -> None:
    levels = {"IMG-4": Level.SHOULD, "IDN-3": Level.MUST}
    alone = verdict(found("IMG-4", "job_001"), levels=levels)
    proven = verdict(
        found("IMG-4", "job_001"), found("IDN-3", "job_002", because="IMG-4"), levels=levels
    )
    assert (alone.passed, proven.passed) == (True, False)


def test_what_to_mend_first_comes_first_and_opinions_last() -> None:
    levels = {"LIV-4": Level.SHOULD}
    clauses = ["LIV-4", "CBK-5", "CBK-2", "CBK-1", "IDN-5", "IDN-1", "SEC-4", "LIV-2", "XYZ-1"]
    told = verdict(*(found(clause, "job_001") for clause in clauses), levels=levels)
    assert [f.clause for f in told.findings] == [
        *("LIV-2", "SEC-4", "IDN-1", "IDN-5", "CBK-1", "CBK-2", "CBK-5", "XYZ-1", "LIV-4")
    ]
