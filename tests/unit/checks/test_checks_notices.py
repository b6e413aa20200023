"""Callbacks about other events than the end of a job: what is judged of them, and what is not."""

from typing import Any

import msgspec
import pytest

from asyncproof.checks import addressing, delivery, payload
from asyncproof.history.build import build
from asyncproof.history.events import AsyncEvent, Delivered, RunStarted, Spoken
from tests.support.histories import good_job, scenario

CHECKS = (
    addressing.callbacks_go_to_their_own_url,
    delivery.callbacks_carry_their_secret,
    delivery.one_delivery_per_job,
    payload.callbacks_are_multipart_posts,
    payload.callbacks_have_their_fields,
    payload.callback_status_is_the_jobs,
)
(END,) = [event for event in good_job() if isinstance(event, Delivered)]


def notice(status: str, began: float, **changes: Any) -> Delivered:
    about = {"job_id": END.fields["job_id"], "status": status}
    told = {"fields": about, "image": None, "number": 9, **changes}
    return msgspec.structs.replace(END, began=began, at=began + 0.01, **told)


def broken(*notices: Delivered, all_events: bool = True) -> set[str]:
    spoken = Spoken(name="x", submit="POST /x", notices=all_events)
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    events: list[AsyncEvent] = [*good_job(), *notices]
    history = build([began, *scenario(sorted(events, key=lambda event: event.at))])
    return {finding.clause for check in CHECKS for finding in check(history).findings}


EARLY, LATE = END.began - 0.5, END.at + 0.5
NOTICES: list[tuple[str, list[Delivered], set[str]]] = [
    ("none", [], set()),
    ("of the work", [notice("processing", EARLY), notice("processing", EARLY + 0.1)], set()),
    ("after the end", [notice("processing", LATE)], {"CBK-4"}),
    ("after the end, where one was refused", [notice("processing", EARLY, answered=503)], set()),
    (
        "again after the end, since it was refused",
        [notice("processing", EARLY, answered=503), notice("processing", LATE)],
        set(),
    ),
    (
        "again after the end, by its id",
        [notice("processing", t, delivery_id="a") for t in (EARLY, LATE)],
        set(),
    ),
    ("of waiting, on its way for a second", [notice("queued", 1.3)], set()),
    ("of waiting, long after", [notice("queued", LATE + 5.0)], {"CBK-4", "CBK-7"}),
    ("with a wrong secret", [notice("processing", EARLY, secret="wrong")], {"CBK-2"}),
    ("with another secret", [notice("processing", EARLY, secret="missing")], {"CBK-2"}),
    (
        "of another job",
        [notice("processing", EARLY, fields={"job_id": "other", "status": "processing"})],
        {"CBK-3"},
    ),
    ("without its job", [notice("processing", EARLY, fields={"status": "processing"})], {"CBK-6"}),
    (
        "that cannot be read",
        [notice("processing", EARLY, form_problems=("status came twice",))],
        {"CBK-5"},
    ),
]


@pytest.mark.parametrize(
    ("notices", "expected"), [row[1:] for row in NOTICES], ids=[row[0] for row in NOTICES]
)
def test_a_notice_is_judged_by_its_clauses(notices: list[Delivered], expected: set[str]) -> None:
    assert broken(*notices) == expected


def test_where_only_the_end_is_told_of_it_is_a_delivery() -> None:
    assert broken(notice("processing", LATE), all_events=False) >= {"CBK-4"}


def test_what_is_no_delivery_brings_no_picture_of_the_job() -> None:
    spoken = Spoken(name="x", submit="POST /x", notices=True)
    began = RunStarted(at=0.0, run="r", seed=1, wall=0.0, target="t", settings={}, dialect=spoken)
    seen = notice("processing", EARLY, image=END.image)
    history = build([began, *scenario([*good_job(), seen])])
    (job,) = history
    assert job.notices == [seen]
    assert job.callbacks == [seen, END]
    assert job.delivery == END
