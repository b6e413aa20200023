"""What `asyncproof profile check` says of one job, from histories."""

import msgspec
import pytest

from asyncproof.history.build import build
from asyncproof.history.events import Answered, AsyncEvent, Delivered, Downloaded, Polled
from asyncproof.run.profile_check import understood
from asyncproof.run.profile_places import Overheard
from asyncproof.wire.dialect import documented
from tests.support.histories import good_job, scenario

HEARD = Overheard(documented().profile)


def lines(*events: AsyncEvent) -> list[tuple[str, bool, str]]:
    history = build(scenario(list(events)))
    return [(line.what, line.good, line.told) for line in understood(HEARD, history)]


def spoilt(kind: type[AsyncEvent], **changes: object) -> list[AsyncEvent]:
    return [
        msgspec.structs.replace(event, **changes) if isinstance(event, kind) else event
        for event in good_job()
    ]


def test_a_good_job_is_told_step_by_step() -> None:
    told = lines(*good_job())
    steps = ["sent", "answered", "asked", "callback", "ended", "picture"]
    assert [what for what, _, _ in told] == steps
    assert all(good for _, good, _ in told)
    assert "queued → processing 50 % → completed" in told[2][2]


WRONG: list[tuple[type[AsyncEvent], dict[str, object], str, str]] = [
    (Answered, {"job_id": None, "body": '{"uid": 1}'}, "answered", "no id where [submit] says"),
    (Answered, {"status_code": 422, "body": "no size"}, "answered", "does not like the body"),
    (Answered, {"status_code": 401, "body": "key?"}, "answered", "set `headers` at the top"),
    (Answered, {"status_code": 507, "body": "full"}, "answered", "the job was not taken"),
    (Answered, {"error": "cannot connect"}, "answered", "cannot connect"),
    (Polled, {"status": None, "problems": ("not JSON",)}, "asked", "no state where [status] says"),
    (Polled, {"status": "failed", "job_error": "no memory"}, "ended", "failed: no memory"),
    (Delivered, {"stored": False, "answered": 400, "broken": "x"}, "callback", "refused with 400"),
    (Delivered, {"image": None}, "callback", "no picture where [callback] says"),
    (Delivered, {"problems": ("job_id is missing",)}, "callback", "job_id is missing"),
    (Downloaded, {"file": None, "status_code": 404}, "result", "answered 404"),
]


@pytest.mark.parametrize(("kind", "changes", "what", "said"), WRONG, ids=[w[3] for w in WRONG])
def test_the_first_step_that_is_wrong_is_the_last_one_told(
    kind: type[AsyncEvent], changes: dict[str, object], what: str, said: str
) -> None:
    told = lines(*spoilt(kind, **changes))
    assert [good for _, good, _ in told] == [True] * (len(told) - 1) + [False]
    assert told[-1][0] == what
    assert said in told[-1][2]


def test_a_result_elsewhere_is_told_though_a_callback_brought_the_picture() -> None:
    told = lines(*(event for event in good_job() if not isinstance(event, Downloaded)))
    assert told[-1] == ("result", False, "no picture where [result] says")


def test_no_callback_is_told() -> None:
    told = lines(*(event for event in good_job() if not isinstance(event, Delivered)))
    assert told[-1] == ("callback", False, "none came")
