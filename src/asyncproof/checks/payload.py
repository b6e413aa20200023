"""CBK: what is in a callback: its form, its fields, its picture's name and type."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from asyncproof.facts.delivery_outcome import is_taken
from asyncproof.facts.owing import unless_absent
from asyncproof.facts.pictures import misnamed, suffix
from asyncproof.facts.unreadable import is_unreadable, unread
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import Delivered, Polled
from asyncproof.history.history import History, JobRecord
from asyncproof.text import quoted
from asyncproof.wire import protocol
from asyncproof.workload.needs import Need

SAME_MOMENT = 10.0
ON_ITS_WAY = 2.0  # seconds that a callback may take from its sender to us
UNITS = {"years": 31_557_600, "days": 86_400, "hours": 3_600, "minutes": 60}  # seconds of each


@check("CBK-5", every_job=True)
def callbacks_are_multipart_posts(history: History) -> Iterator[Ruling]:
    """Every callback is a POST with a multipart form (or JSON, where the server's profile says so)
    that can be read to its end."""
    for job in history.accepted:
        redirected = any(d.answered in range(300, 400) for d in job.callbacks)
        for delivery in job.callbacks:
            if redirected or delivery.secret != "match" or not _came_whole(delivery):
                continue
            wrong = _form_fault(delivery, _kind(history))
            yield _bad_form(history, delivery, wrong, job.finding) if wrong else None
    for delivery in unread(history):
        about = partial(Finding, subject=f"{delivery.method} {delivery.path}")
        yield _bad_form(history, delivery, _form_fault(delivery, _kind(history)), about)


def _came_whole(delivery: Delivered) -> bool:
    """Whether a hostile receiver has read all that the miner sent."""
    whole = delivery.stored or bool(delivery.form_problems) or is_unreadable(delivery)
    return whole or not delivery.nemesis


JSON, FORM = "application/json", "multipart/form-data"
EXPECTED = {
    FORM: "POST with multipart/form-data that ends with its closing boundary",
    JSON: "POST with application/json: one object, its picture in base64",
}
OTHERS_ARE_FORMS = (
    "; other callbacks are such forms, so perhaps only those with a picture are: many libraries "
    "send a form only where there is a file"
)


def _bad_form(
    history: History, delivery: Delivered, wrong: str, finding: Callable[..., Finding]
) -> Finding:
    refused = f", which our receiver refused with {delivery.answered}" if delivery.broken else ""
    kind = _kind(history)
    others = any(_is(kind, d) and d.stored for job in history.accepted for d in job.deliveries)
    mixed = OTHERS_ARE_FORMS if kind == FORM and others and not _is(kind, delivery) else ""
    return finding(
        clause="CBK-5",
        expected=EXPECTED[kind],
        actual=wrong + refused,
        at=delivery.at,
        advice=_form_advice(delivery, kind) + mixed,
        cause=delivery.broken or wrong.partition(":")[0],
    )


def _kind(history: History) -> str:
    """The content type that a callback of this server has."""
    spoken = history.started.dialect if history.started else None
    return JSON if spoken and spoken.callback == "json" else FORM


def _is(kind: str, delivery: Delivered) -> bool:
    return delivery.content_type.strip().lower().startswith(kind)


def _form_advice(delivery: Delivered, kind: str) -> str:
    if delivery.method != "POST":
        return "send callbacks with POST"
    if kind == JSON:
        return "let a library write the JSON, with its Content-Type, and send all of it"
    if not _is(kind, delivery):
        return "send the fields and the picture as the parts of a multipart/form-data body"
    if delivery.another_boundary:
        return "take Content-Type, with its boundary, from the library that built the form"
    return "let a library build the form, and send all of it"


def _form_fault(delivery: Delivered, kind: str) -> str:
    if delivery.method != "POST":
        return delivery.method
    if is_unreadable(delivery):
        announced = f"Content-Type {quoted(delivery.content_type)}"
        return f"{delivery.broken} ({announced})" if _is(kind, delivery) else announced
    return "; ".join(delivery.form_problems)


CARRIED: Mapping[str, Need] = {
    "job_id": Need.CALLBACK_IDS,
    "status": Need.CALLBACK_STATES,
    "completed_at": Need.CALLBACK_TIMES,
}
"""What a callback tells, and what its sender needs to have for that."""


@check("CBK-6", every_job=True)
def callbacks_have_their_fields(history: History) -> Iterator[Ruling]:
    """job_id and status are in every callback, completed_at in that of a completed job."""
    spoken = history.started.dialect if history.started else None
    lacks = spoken.lacks if spoken else {}
    if lacks.keys() >= set(CARRIED.values()):
        yield NotApplicable("its callbacks name neither their job nor a state or a time")
        return
    for job in history.accepted:
        for delivery in (d for d in job.callbacks if d.stored):
            told = delivery.fields.get("status") or job.final_status
            due = [name for name, need in CARRIED.items() if need not in lacks]
            due = [name for name in due if told == "completed" or name != "completed_at"]
            missing = [name for name in due if not delivery.fields.get(name)]
            if not missing:
                yield None
            else:
                yield job.finding(
                    "CBK-6",
                    f"the fields {_in_code(due)}",
                    f"{_in_code(missing)} missing; there are "
                    f"{_in_code(delivery.fields) or 'no text fields'}",
                    at=delivery.at,
                    advice="send them as text, by these very names",
                    cause=f"{_in_code(missing)} missing",
                )


def _in_code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@check("CBK-7", every_job=True)
def callback_status_is_the_jobs(history: History) -> Iterator[Ruling]:
    """The status in the callback is the terminal status that polling shows; one about another
    event says nothing that was over before."""
    for job in history.accepted:
        yield from _notices_are_true(job)
        if job.terminal is None or job.delivery is None:
            continue
        sent = job.delivery.fields.get("status")
        expected = {"completed"} if job.completed else {str(job.final_status), "failed"}
        if sent in expected:
            yield None
        elif sent:
            yield job.finding(
                "CBK-7",
                f"`status` {' or '.join(sorted(expected))} in the callback, as polled",
                f"`status` {sent!r}",
                at=job.delivery.at,
                advice="build the callback after the job's final state is set, and from it",
                cause=f"callback says {sent}, status says {job.final_status}",
            )


def _notices_are_true(job: JobRecord) -> Iterator[Ruling]:
    """Each notice of waiting; where a callback was not taken, an old one may come again."""
    if not all(map(is_taken, job.callbacks)):
        return
    told: list[Polled | Delivered] = [*job.polls, *job.notices]
    begun = [one for one in told if _state(one) not in ("queued", None)]
    for notice in job.notices:
        seen = [one for one in begun if one.at + ON_ITS_WAY < notice.began]
        if notice.fields.get("status") == "queued" and seen:
            yield job.finding(
                "CBK-7",
                f"no callback that says queued once the job was {_state(seen[0])}",
                f"one {notice.began - seen[0].at:.1f} s later",
                at=notice.at,
                advice="send the callbacks of one job one after another, as its states follow",
                cause="a notice of waiting after work had begun",
            )
        else:
            yield None


def _state(told: Polled | Delivered) -> str | None:
    return told.status if isinstance(told, Polled) else told.fields.get("status")


@check("CBK-24", every_job=True)
def failures_say_why(history: History) -> Iterator[Ruling]:
    """The callback of a failed job has a text in ``error``."""
    yield from unless_absent(history, _failures_say_why(history), "no callback told of a failure")


def _failures_say_why(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        sent = job.delivery
        if sent is None or sent.fields.get("status") not in ("failed", "timeout"):
            continue
        if sent.fields.get("error"):
            yield None
        elif job.terminal is not None and not job.completed:
            yield job.finding(
                "CBK-24",
                "the reason in the field `error`, since the job failed",
                "no such field" if "error" not in sent.fields else "an empty text",
                at=sent.at,
                advice="put the status's own `error` into the callback",
                cause="a failure without its reason",
            )


@check("CBK-26", every_job=True)
def pictures_are_named_as_what_they_are(history: History) -> Iterator[Ruling]:
    """Content-Type and file name of the image part fit its bytes."""
    yield from unless_absent(
        history, _pictures_are_named_as_what_they_are(history), "no callback has an image part"
    )


def _pictures_are_named_as_what_they_are(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        image = job.delivery.image if job.delivery else None
        if job.delivery is None or image is None or image.size == 0:
            continue
        wrong = misnamed(image) or ("" if image.filename else "no file name")
        if not wrong:
            yield None
        else:
            yield job.finding(
                "CBK-26",
                f"type and name of a {suffix(image)[1:]} file in the image part",
                wrong,
                at=job.delivery.at,
                advice="take both from the format that was encoded: receivers store by this name "
                "and serve by this type",
                cause=wrong,
            )


@check("CBK-27", every_job=True)
def completed_at_is_the_jobs(history: History) -> Iterator[Ruling]:
    """completed_at in the callback is the moment that polling shows."""
    yield from unless_absent(
        history, _completed_at_is_the_jobs(history), "no job has a completed_at on both sides"
    )


def _completed_at_is_the_jobs(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        if job.delivery is None:
            continue
        sent, polled = job.delivery.fields.get("completed_at"), _polled_end(job)
        apart = _seconds_apart(sent, polled)
        if apart is None:
            continue
        if apart <= SAME_MOMENT:
            yield None
        else:
            yield job.finding(
                "CBK-27",
                f"`completed_at` of the callback to be {polled}, as polled",
                f"{sent}, {_in_words(apart)} apart",
                at=job.delivery.at,
                advice="take the time once, when the job ends, and give the same one everywhere",
                cause="callback and status tell different ends",
            )


def _polled_end(job: JobRecord) -> str | None:
    return next((p.completed_at for p in reversed(job.polls) if p.completed_at), None)


def _seconds_apart(one: str | None, other: str | None) -> float | None:
    """None where one is missing, unreadable, or without an offset (and so in unknown time)."""
    if one is None or other is None:
        return None
    first, second = protocol.timestamp(one), protocol.timestamp(other)
    if first is None or second is None or _naive(one) or _naive(other):
        return None
    return abs((first - second).total_seconds())


def _in_words(seconds: float) -> str:
    for unit, length in UNITS.items():
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _naive(text: str) -> bool:
    time = text.partition("T")[2] or text.partition(" ")[2]
    return not any(sign in time for sign in "Zz+-")
