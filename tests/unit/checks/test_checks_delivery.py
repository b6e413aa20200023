"""The delivery checks on small hand-written histories: what each reports and what it is blind to.

The correct history trips no check; each row spoils one thing and names every check that reports it.
"""

import msgspec
import pytest

from asyncproof.checks import ALL, BY_NAME
from asyncproof.facts.delivery_outcome import DeliveryOutcome, outcome, outcomes, told
from asyncproof.harness.verdict import Outcome, judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    CALLBACK_LINK,
    ActKind,
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Downloaded,
    NemesisActed,
    Polled,
    RunStarted,
    Submitted,
    Unchanged,
)
from asyncproof.history.history import History
from tests.support.histories import (
    Family,
    Spoil,
    a_picture,
    good_job,
    scenario,
    spoiled,
    without,
)

GOOD = CallbackSection(status="delivered", status_code=200, payload_status="completed")
FAILED = CallbackSection(status="failed", status_code=500, payload_status="completed")
BROKEN = CallbackSection(status="failed", error="reset by peer", payload_status="completed")
START = RunStarted(at=0, run="r", seed=1, wall=1_767_225_600.0, target="t", settings={})
FIELDS = {"job_id": "id-job_001", "status": "completed", "completed_at": "2026-01-01T00:00:01Z"}
NEMESIS = "AnswersError(status=500)"


def section(**changes: object) -> Spoil:
    return lambda e: spoiled(e, Polled, callback=msgspec.structs.replace(GOOD, **changes))


def delivered(**changes: object) -> Spoil:
    return lambda e: spoiled(e, Delivered, **changes)


def fields(**changes: str | None) -> Spoil:
    kept = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    return delivered(fields=kept)


def again(**changes: object) -> Spoil:
    """A second attempt, half a second later."""

    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        first = next(e for e in events if isinstance(e, Delivered))
        honest = {"answered": 200, "answer": "OK", "nemesis": "", "broken": ""}
        later = honest | {"number": 9, "began": first.began + 0.5, "at": first.at + 0.5} | changes
        return [*events, msgspec.structs.replace(first, **later)]

    return spoil


def both(*spoils: Spoil) -> Spoil:
    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        for one in spoils:
            events = one(events)
        return events

    return spoil


def refused(told: CallbackSection, **changes: object) -> Spoil:
    """Our receiver answered 500, and the miner tells it like this."""
    attempt = {"answered": 500, "answer": "Oh no", "nemesis": NEMESIS} | changes
    return both(lambda e: spoiled(e, Polled, callback=told), delivered(**attempt))


def failing(**attempt: object) -> Spoil:
    """The job failed, and its callback says so."""
    said = msgspec.structs.replace(GOOD, payload_status="failed")
    return both(
        lambda e: spoiled(e, Polled, status="failed", job_error="out of memory", callback=said),
        delivered(image=None, fields=FIELDS | {"status": "failed", "error": "oom"} | attempt),
    )


def late_poll(**changes: object) -> Spoil:
    """A poll between the callback and the end."""
    poll = Polled(at=2.2, job="job_001", took=0.01, status_code=200)
    added = msgspec.structs.replace(poll, **changes)
    return lambda e: [*spoiled(e, Polled, at=2.9), added]


def orphan(**changes: object) -> Spoil:
    """A callback at no url of ours."""
    stray = {"token": None, "path": "/callback", "fields": {"job_id": "ghost"}, "number": 8}
    return again(**(stray | changes))


def acted(act: str, at: float, **changes: object) -> AsyncEvent:
    return NemesisActed(at=at, nemesis="n", act=act, token="token-job_001", **changes)  # type: ignore[arg-type]


def held(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """The receiver of this job answered after ten seconds."""
    return spoiled(events, Delivered, at=11.5, nemesis="HoldsFirst")


def at_an_endless_answer(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """The miner hung up."""
    gone = {"broken": "the miner closed the connection", "went_away": True, "answer": ""}
    return spoiled(events, Delivered, nemesis="EndlessAnswer", **gone)


TWICE = "job_id was sent 2 times; the first was kept"
CONTRADICTS = {"callbacks_do_not_contradict_themselves"}
LINK = "http://127.0.0.1:1/images/x.png"
LINKED = FIELDS | {"image_url": LINK}


def urlencoded(events: list[AsyncEvent]) -> list[AsyncEvent]:
    """The job failed, and what told of it was no form that our receiver reads."""
    told = CallbackSection(status="failed", status_code=415, payload_status="failed")
    unread = {"content_type": "application/x-www-form-urlencoded", "fields": {}, "stored": False}
    events = spoiled(events, Polled, status="failed", job_error="out of memory", callback=told)
    events = without(events, Downloaded)
    return spoiled(
        events, Delivered, image=None, answered=415, broken="Content-Type must be…", **unread
    )


def failing_with_picture(events: list[AsyncEvent]) -> list[AsyncEvent]:
    return spoiled(failing()(events), Delivered, image=a_picture("job_001"))


def linked(**changes: object) -> Spoil:
    """The callback has a link, which leads to this."""
    found = Downloaded(
        at=1.85,
        job="job_001",
        what=CALLBACK_LINK,
        url=LINK,
        took=0.01,
        status_code=200,
        file=a_picture("job_001"),
    )
    link = msgspec.structs.replace(found, **changes)
    return lambda e: [*spoiled(e, Delivered, fields=LINKED), link]


def late_section(seconds: float, asked: int = 9) -> Spoil:
    """The end shows at once, the callback section so many seconds after it; so many times in
    between it was asked for in vain."""

    def spoil(events: list[AsyncEvent]) -> list[AsyncEvent]:
        last = [e for e in events if isinstance(e, Polled)][-1]
        bare = msgspec.structs.replace(last, callback=None)
        shown = msgspec.structs.replace(last, at=last.at + seconds)
        end = {"job": last.job, "since": last.at, "at": shown.at, "slowest": 0.01}
        alike = [Unchanged(count=asked, **end)] if asked else []  # type: ignore[arg-type]
        return [*(e for e in events if e is not last), bare, *alike, shown]

    return spoil


def kept_waiting(until: float = 46.4, **changes: object) -> Spoil:
    """Our receiver gave no answer, and the miner says that the delivery failed."""
    attempt = {"answered": None, "nemesis": "NoAnswer", "broken": "by us", "at": until} | changes
    return both(
        lambda e: spoiled(e, Polled, callback=BROKEN, at=until + 0.1),
        delivered(**attempt),
    )


SPOILED: list[tuple[str, Spoil, set[str]]] = [
    ("correct", lambda e: e, set()),
    ("refused and told", refused(FAILED), set()),
    ("refused and told as error", refused(msgspec.structs.replace(FAILED, status="error")), set()),
    ("broken off and told", refused(BROKEN, answered=None, broken="reset by us"), set()),
    ("retried until taken", both(delivered(answered=500, nemesis=NEMESIS), again()), set()),
    ("slow answer, delivered", delivered(at=9.0, nemesis="SlowAnswer"), set()),
    (
        "slow answer, given up",
        both(
            delivered(began=1.4, at=9.0, nemesis="SlowAnswer"),
            lambda e: spoiled(e, Polled, callback=BROKEN),
        ),
        set(),
    ),
    (
        "taken and broken off, sent again",
        both(delivered(answered=None, broken="reset by us", nemesis="Resets"), again()),
        set(),
    ),
    ("failed with its reason", failing(), {"every_job_completes"}),
    (
        "failed without its reason",
        failing(error=""),
        {"every_job_completes", "failures_say_why"},
    ),
    (
        "failure called completed",
        failing(status="completed"),
        {
            "every_job_completes",
            "callback_status_is_the_jobs",
            "completed_jobs_deliver_a_picture",
        },
    ),
    (
        "job_id of the other job",
        fields(job_id="id-job_002"),
        {"callbacks_go_to_their_own_url"},
    ),
    ("job_id of nobody", fields(job_id="ghost"), {"callbacks_go_to_their_own_url"}),
    (
        "own secret at another url",
        orphan(secret="foreign", secret_owner="token-job_001"),
        {"callbacks_go_to_their_own_url"},
    ),
    ("orphan", orphan(secret="match"), {"no_callback_is_an_orphan"}),
    ("a stranger's request", orphan(secret="missing"), set()),
    (
        "PUT",
        both(
            section(status="failed", status_code=405),
            delivered(method="PUT", answered=405, stored=False, fields={}, image=None),
        ),
        {"callbacks_are_multipart_posts"},
    ),
    (
        "unreadable form",
        both(
            section(status="failed", status_code=415),
            delivered(answered=415, broken="not a form", stored=False, fields={}, image=None),
        ),
        {"callbacks_are_multipart_posts"},
    ),
    (
        "unreadable form at a slow receiver",
        both(
            section(status="failed", status_code=415),
            delivered(
                nemesis="SlowCallbacks",
                answered=415,
                broken="not a form",
                stored=False,
                fields={},
                image=None,
            ),
        ),
        {"callbacks_are_multipart_posts"},
    ),
    (
        "a form of which a hostile receiver read a part",
        delivered(
            nemesis="Resets", answered=None, broken="reset by us", stored=False, content_type="x"
        ),
        {"claimed_deliveries_arrived"},
    ),
    (
        "part twice",
        delivered(problems=("job_id came 2 times; the first was kept",)),
        {"callbacks_are_multipart_posts"},
    ),
    ("no job_id", fields(job_id=None), {"callbacks_have_their_fields"}),
    ("no status", fields(status=None), {"callbacks_have_their_fields"}),
    ("no completed_at", fields(completed_at=None), {"callbacks_have_their_fields"}),
    ("status processing", fields(status="processing"), {"callback_status_is_the_jobs"}),
    (
        "another end in the callback",
        fields(completed_at="2026-01-01T01:00:01Z"),
        {"completed_at_is_the_jobs"},
    ),
    ("end without an offset", fields(completed_at="2026-01-01T01:00:01"), set()),
    (
        "PNG called JPEG",
        delivered(image=msgspec.structs.replace(a_picture("job_001"), content_type="image/jpeg")),
        {"pictures_are_named_as_what_they_are"},
    ),
    ("payload_status of nothing", section(payload_status=None), set()),
    ("payload_status failed", section(payload_status="failed"), {"payload_status_is_told"}),
    (
        "made-up code",
        refused(msgspec.structs.replace(FAILED, status_code=502)),
        {"error_answers_are_told"},
    ),
    (
        "code without an answer",
        refused(msgspec.structs.replace(BROKEN, status_code=200), answered=None, broken="reset"),
        {"error_answers_are_told"},
    ),
    (
        "made-up success at an endless answer",
        both(section(status_code=204), at_an_endless_answer),
        {"error_answers_are_told"},
    ),
    (
        "a code of its own at an endless answer",
        both(section(status="failed", status_code=504), at_an_endless_answer),
        set(),
    ),
    (
        "no form at an endless answer",
        both(at_an_endless_answer, delivered(form_problems=("not a form",), stored=False)),
        {"callbacks_are_multipart_posts"},
    ),
    (
        "preview without end at an endless answer",
        both(section(response_preview="OK" * 300), at_an_endless_answer),
        {"previews_are_of_the_real_answer"},
    ),
    (
        "preview of another answer",
        section(response_preview="fine"),
        {"previews_are_of_the_real_answer"},
    ),
    ("preview shortened", section(response_preview="O..."), set()),
    (
        "preview without end",
        section(response_preview="OK" * 300),
        {"previews_are_of_the_real_answer"},
    ),
    (
        "attempted in 1970",
        section(attempted_at="1970-01-01T00:00:00Z"),
        {"attempts_have_plausible_times"},
    ),
    (
        "attempted at noon",
        section(attempted_at="around noon"),
        {"attempts_have_plausible_times"},
    ),
    ("attempted in time", section(attempted_at="2026-01-01T01:00:02+01:00"), set()),
    (
        "refused, called skipped",
        refused(msgspec.structs.replace(FAILED, status="skipped")),
        {"failed_deliveries_are_told"},
    ),
    (
        "refused, without code",
        refused(msgspec.structs.replace(FAILED, status_code=None)),
        {"failed_deliveries_are_told"},
    ),
    (
        "broken off, without reason",
        refused(msgspec.structs.replace(BROKEN, error=None), answered=None, broken="reset"),
        {"failed_deliveries_are_told"},
    ),
    (
        "refused, job failed",
        both(
            refused(msgspec.structs.replace(FAILED, payload_status="failed")),
            lambda e: spoiled(e, Polled, status="failed", job_error="x"),
            delivered(image=None, fields=FIELDS | {"status": "failed", "error": "x"}),
        ),
        {"every_job_completes"},  # the callback told of the failure before it was refused
    ),
    (
        "refused, and then the job failed",
        both(
            refused(FAILED),
            lambda e: spoiled(e, Polled, status="failed", job_error="x"),
        ),
        {
            "every_job_completes",
            "failed_delivery_leaves_the_job_alone",
            "payload_status_is_told",
            "callback_status_is_the_jobs",
        },
    ),
    (
        "failure as a urlencoded form",
        urlencoded,
        {"every_job_completes", "callbacks_are_multipart_posts"},
    ),
    ("completed with an error", fields(error="CUDA out of memory"), CONTRADICTS),
    ("completed with no error in words", fields(error="None"), set()),
    (
        "failed with a picture",
        failing_with_picture,
        {"every_job_completes", *CONTRADICTS},
    ),
    (
        "error beside a completed status",
        lambda e: spoiled(e, Polled, job_error="first attempt: out of memory"),
        {"completed_jobs_show_no_error"},
    ),
    ("a link that works", linked(), set()),
    (
        "a link that works in place of the picture",
        both(linked(), delivered(image=None, fields=LINKED)),
        set(),
    ),
    ("a link that nobody followed", fields(image_url=LINK), set()),
    ("a dead link beside the picture", linked(status_code=404, file=None), {"callback_links_work"}),
    ("a link to another picture", linked(file=a_picture("other")), {"callback_links_work"}),
    (
        "a dead link in place of the picture",
        both(linked(status_code=404, file=None), delivered(image=None, fields=LINKED)),
        {"completed_jobs_deliver_a_picture"},
    ),
    (
        "a path in place of the picture",
        both(
            linked(status_code=None, file=None, error="NonHttpUrl"),
            delivered(image=None, fields=LINKED),
        ),
        {"completed_jobs_deliver_a_picture"},
    ),
    ("a section that comes late", late_section(9.0), {"callback_section_comes_soon"}),
    ("a section within seconds", late_section(5.0), set()),
    ("a section that nobody asked for in time", late_section(9.0, asked=0), set()),
    ("a section that was asked for once, and soon", late_section(9.0, asked=1), set()),
    (
        "a section after a receiver that kept it waiting",
        both(late_section(9.0), delivered(nemesis="SlowAnswer", answered=200, began=0.3)),
        set(),
    ),
    (
        "a section after a retry that was late itself",
        both(late_section(9.0), lambda e: spoiled(e, Delivered, began=8.4, at=8.5)),
        set(),
    ),
    ("never given up", kept_waiting(), {"deliveries_end"}),
    ("given up in time", kept_waiting(11.4, went_away=True), set()),
    (
        "progress after the callback",
        late_poll(status="processing", progress=75),
        {"not_delivered_while_worked_on"},
    ),
    (
        "queued after the callback",
        late_poll(status="queued"),
        {"not_delivered_while_worked_on", "order_never_goes_backwards"},
    ),
    ("processing until delivered", late_poll(status="processing", progress=50), set()),
    (
        "retry with another field",
        both(
            delivered(answered=500, nemesis=NEMESIS),
            again(fields=FIELDS | {"image_url": "/x"}),
        ),
        {"retries_carry_the_same"},
    ),
    (
        "retry with a field about itself",
        both(delivered(answered=500, nemesis=NEMESIS), again(fields=FIELDS | {"attempt": "2"})),
        set(),
    ),
    (
        "two ends",
        both(
            delivered(answered=500, nemesis=NEMESIS),
            again(fields=FIELDS | {"completed_at": "2026-01-01T00:00:02Z"}),
        ),
        {"retries_carry_the_same", "no_job_runs_twice"},
    ),
    (
        "storm",
        both(
            refused(FAILED),
            *(again(answered=500, nemesis=NEMESIS, began=1.4 + n / 9) for n in range(6)),
        ),
        {"no_retry_storm"},
    ),
    (
        "redirect not followed",
        refused(msgspec.structs.replace(FAILED, status_code=302), answered=302),
        set(),
    ),
    (
        "redirect followed without the secret",
        both(
            delivered(answered=307, nemesis="Redirects"),
            lambda e: [*e, acted(f"POST {ActKind.CAME_ELSEWHERE}", 1.6)],
        ),
        set(),
    ),
    (
        "redirect followed with the secret",
        both(
            delivered(answered=307, nemesis="Redirects"),
            lambda e: [*e, acted(f"POST {ActKind.CAME_ELSEWHERE}", 1.6, leaked=True)],
        ),
        {"redirects_do_not_carry_the_secret_away"},
    ),
    (
        "unreachable and told",
        both(
            lambda e: [*without(e, Delivered), acted(ActKind.REFUSES_CONNECTIONS, 0.0)],
            lambda e: spoiled(e, Polled, callback=BROKEN),
        ),
        set(),
    ),
    (
        "reachable again, and lost",
        lambda e: [
            *spoiled(without(e, Delivered), Polled, callback=BROKEN),
            acted(ActKind.REFUSES_CONNECTIONS, -2.0),
            acted(ActKind.ACCEPTS_AGAIN, -1.0),
        ],
        {"every_job_is_delivered"},
    ),
    ("slow receiver, others go on", held, set()),
]
# Reported by tests of their own below.
ELSEWHERE = {"callbacks_carry_their_secret", "no_url_no_callback"} | {
    "slow_receivers_hold_up_nobody_else"
}
FAMILY = Family(
    *(BY_NAME[name] for name in sorted(ELSEWHERE.union(*(expected for *_, expected in SPOILED))))
)


def a_run(*jobs: list[AsyncEvent]) -> History:
    return build([START, *scenario(*jobs)])


@pytest.mark.parametrize(
    ("spoil", "expected"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED]
)
def test_each_defect_is_reported_by_its_checks_and_by_no_other(
    spoil: Spoil, expected: set[str]
) -> None:
    history = a_run(spoil(good_job("job_001")), good_job("job_002", at=0.1))
    verdict = judge(history, ALL)
    assert not [result.crash for result in verdict.results if result.crash]
    assert {finding.check for finding in verdict.findings} == expected


def findings_of(name: str, history: History) -> list[str]:
    return [str(finding) for finding in BY_NAME[name](history).findings]


def test_a_mix_up_names_both_jobs() -> None:
    history = a_run(fields(job_id="id-job_002")(good_job("job_001")), good_job("job_002", at=0.1))
    (found,) = findings_of("callbacks_go_to_their_own_url", history)
    assert "job_001 (id-job_001)" in found
    assert "id-job_002 of job_002" in found


def test_a_foreign_secret_is_called_by_its_owner() -> None:
    spoil = delivered(secret="foreign", secret_owner="token-job_002", answered=401)
    history = a_run(spoil(good_job("job_001")), good_job("job_002", at=0.1))
    (found,) = findings_of("callbacks_carry_their_secret", history)
    assert "the secret of job_002 (id-job_002)" in found


NOWHERE: list[tuple[CallbackSection | None, bool]] = [
    (CallbackSection(status="skipped"), False),
    (CallbackSection(status="delivered"), True),
    (None, True),
]


@pytest.mark.parametrize(("said", "wrong"), NOWHERE, ids=str)
def test_a_job_without_a_url_says_skipped(said: CallbackSection | None, wrong: bool) -> None:
    job = spoiled(without(good_job("job_001"), Delivered), Submitted, expects_callback=False)
    history = a_run(spoiled(job, Polled, callback=said))
    assert bool(findings_of("no_url_no_callback", history)) is wrong
    assert outcome(history, next(iter(history))) is DeliveryOutcome.NOT_DUE


def waiting(events: list[AsyncEvent], until: float) -> list[AsyncEvent]:
    return spoiled(events, Delivered, began=until, at=until + 0.1)


HELD: list[tuple[str, float, Outcome]] = [
    ("delivered meanwhile", 2.0, Outcome.PASS),
    ("delivered afterwards, though it had ended", 11.6, Outcome.FAIL),
]


@pytest.mark.parametrize(("_name", "until", "outcome"), HELD, ids=[row[0] for row in HELD])
def test_others_wait_for_a_slow_receiver_or_not(_name: str, until: float, outcome: Outcome) -> None:
    history = a_run(held(good_job("job_001")), waiting(good_job("job_002", at=0.1), until))
    assert BY_NAME["slow_receivers_hold_up_nobody_else"](history).outcome is outcome


@pytest.mark.parametrize(
    ("status", "outcome"), [("completed", Outcome.FAIL), ("failed", Outcome.NOT_APPLICABLE)]
)
def test_a_job_that_hung_by_itself_was_not_held_up(status: str, outcome: Outcome) -> None:
    late = waiting(spoiled(good_job("job_002", at=12.0), Polled, status=status), 13.5)
    history = a_run(held(good_job("job_001")), late)
    assert BY_NAME["slow_receivers_hold_up_nobody_else"](history).outcome is outcome


@pytest.mark.parametrize("said", ["skipped", "expired", "delivered"])
def test_a_job_whose_callback_was_withheld_was_not_held_up(said: str) -> None:
    section = CallbackSection(status=said)
    withheld = spoiled(without(good_job("job_002", at=0.1), Delivered), Polled, callback=section)
    result = BY_NAME["slow_receivers_hold_up_nobody_else"](a_run(held(good_job()), withheld))
    assert result.outcome is Outcome.NOT_APPLICABLE
    waits = spoiled(withheld, Polled, callback=None)
    lost = BY_NAME["slow_receivers_hold_up_nobody_else"](a_run(held(good_job()), waits))
    assert lost.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("percents", "outcome"), [((25.0, 50.0), Outcome.NOT_APPLICABLE), ((25.0, 25.0), Outcome.FAIL)]
)
def test_a_job_that_was_worked_on_all_the_while_was_not_held_up(
    percents: tuple[float, float], outcome: Outcome
) -> None:
    """It ended after the slow receiver had let go, since its own work took as long."""
    late = spoiled(waiting(good_job("job_002", at=0.1), 12.1), Polled, at=12.0)
    seen = [
        Polled(at=at, job="job_002", took=0.01, status_code=200, status="processing", progress=p)
        for at, p in zip((3.0, 8.0), percents, strict=True)
    ]
    kept = [e for e in late if not isinstance(e, Polled) or e.at == 12.0]
    result = BY_NAME["slow_receivers_hold_up_nobody_else"](a_run(held(good_job()), [*kept, *seen]))
    assert result.outcome is outcome


def test_a_job_whose_callback_went_elsewhere_was_not_held_up() -> None:
    waits = spoiled(good_job("job_002", at=0.1), Polled, callback=None)
    secret = {"token": "nobody", "secret": "foreign", "secret_owner": "token-job_002"}
    strayed = spoiled(waits, Delivered, path="/callback", **secret)
    result = BY_NAME["slow_receivers_hold_up_nobody_else"](a_run(held(good_job()), strayed))
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_a_callback_of_an_earlier_job_with_the_same_id_did_not_come_elsewhere() -> None:
    again = spoiled(without(good_job("job_002", at=5.0), Delivered), Answered, job_id="id-job_001")
    (found,) = findings_of("every_job_is_delivered", a_run(good_job("job_001"), again))
    assert "it came to" not in found


def test_a_receiver_that_let_go_too_soon_tells_nothing_of_others() -> None:
    slow = spoiled(good_job("job_001"), Delivered, at=1.6, nemesis="HoldsFirst")
    history = a_run(slow, good_job("job_002", at=5.0))
    result = BY_NAME["slow_receivers_hold_up_nobody_else"](history)
    assert result.outcome is Outcome.NOT_APPLICABLE


def expired(events: list[AsyncEvent]) -> list[AsyncEvent]:
    request = next(e for e in events if isinstance(e, Submitted)).request
    return spoiled(events, Submitted, request=request | {"expiry": "2025-12-31T00:00:00Z"})


FATES: list[tuple[str, Spoil, DeliveryOutcome]] = [
    ("once", lambda e: e, DeliveryOutcome.ONCE),
    ("lost", lambda e: without(e, Delivered), DeliveryOutcome.LOST),
    ("expired and not sent", lambda e: expired(without(e, Delivered)), DeliveryOutcome.NOT_DUE),
    ("expired and sent", expired, DeliveryOutcome.LATE),
    ("twice", again(), DeliveryOutcome.DUPLICATE),
    ("another's id", fields(job_id="id-job_002"), DeliveryOutcome.MIXED),
    (
        "another's secret",
        delivered(secret="foreign", secret_owner="token-job_002"),
        DeliveryOutcome.MIXED,
    ),
    ("refused", delivered(answered=500, nemesis=NEMESIS), DeliveryOutcome.REFUSED),
    (
        "refused, then taken",
        both(delivered(answered=500, nemesis=NEMESIS), again()),
        DeliveryOutcome.ONCE,
    ),
    (
        "stored, then broken off",
        delivered(answered=None, broken="reset by us", nemesis="Resets"),
        DeliveryOutcome.AMBIGUOUS,
    ),
    (
        "nobody listened",
        lambda e: [*without(e, Delivered), acted(ActKind.REFUSES_CONNECTIONS, 0.0)],
        DeliveryOutcome.REFUSED,
    ),
]


@pytest.mark.parametrize(
    ("spoil", "expected"), [row[1:] for row in FATES], ids=[row[0] for row in FATES]
)
def test_the_ledger_knows_what_became_of_a_callback(
    spoil: Spoil, expected: DeliveryOutcome
) -> None:
    history = a_run(spoil(good_job("job_001")), good_job("job_002", at=0.1))
    assert outcome(history, history.jobs["job_001"]) is expected


def test_the_ledger_counts_jobs_and_orphans() -> None:
    stray = orphan(secret="match")(good_job("job_001"))
    history = a_run(stray, good_job("job_002", at=0.1))
    assert outcomes(history) == {"once": 2, "orphan": 1}
    assert told(history) == (
        "Callbacks of 2 jobs: 2 once, 1 orphan (the words are explained in docs/protocol.md, CBK)"
    )
    assert told(a_run(good_job("job_001"))) == "Callbacks of 1 job: 1 once"
    assert not told(a_run())


def test_an_expired_callback_that_is_not_sent_is_not_lost() -> None:
    history = a_run(expired(without(good_job("job_001"), Delivered)))
    assert not findings_of("every_job_is_delivered", history)


def plain(events: list[AsyncEvent], **attempt: object) -> list[AsyncEvent]:
    """The job uses the url that all share, and its callback could not be read."""
    events = spoiled(events, Submitted, token="")
    unread: dict[str, object] = {
        "token": None,
        "path": "/callback",
        "fields": {},
        "stored": False,
        "image": None,
    }
    refused = {"answered": 415, "broken": "Content-Type must be multipart/form-data"}
    return spoiled(events, Delivered, **(unread | refused | attempt))


def test_an_unreadable_callback_to_a_shared_url_is_nobodys_and_told_once() -> None:
    failed = urlencoded(good_job("job_001"))
    other = spoiled(good_job("job_002", at=0.1), Submitted, token="")
    history = a_run(plain(failed), spoiled(other, Delivered, token=None, path="/callback"))
    assert {f.clause for f in judge(history, FAMILY.checks).findings} == {"CBK-5", "SCH-2"}
    (found,) = BY_NAME["callbacks_are_multipart_posts"](history).findings
    assert "which our receiver refused with 415" in found.actual
    assert "only those with a picture" in found.advice


def test_an_unread_callback_explains_no_job_that_was_submitted_after_it() -> None:
    failed = urlencoded(good_job("job_001"))
    lost = spoiled(without(good_job("job_002", at=3.0), Delivered), Submitted, token="")
    other = spoiled(good_job("job_003", at=0.2), Submitted, token="")
    history = a_run(plain(failed), spoiled(other, Delivered, token=None, path="/callback"), lost)
    found = findings_of("every_job_is_delivered", history)
    assert [line.partition(" (")[0] for line in found] == ["CBK-1 job_002"]
