"""The story of a job tells every event of it once, in order, and polls by what changed."""

import msgspec
import pytest

from asyncproof.history.build import build
from asyncproof.history.events import NemesisActed, Polled, Unchanged
from asyncproof.reports.html.events_of_jobs import events_of_jobs
from asyncproof.reports.html.job_story import Entry, entries, lines_told
from tests.support.histories import SILENT, good_job, probed, scenario, spoiled


def story(*more: object) -> list[Entry]:
    events = [*scenario(good_job("job_001"), good_job("job_002")), *more]
    return list(entries(events_of_jobs(events, build(events))["job_001"]))  # type: ignore[arg-type]


def test_each_event_of_the_job_is_told_once_and_in_order() -> None:
    told = story()
    kinds = ["request", "answer", "poll", "poll", "callback", "poll", "download"]
    assert [entry.kind for entry in told] == kinds
    assert [entry.at for entry in told] == sorted(entry.at for entry in told)
    assert len({entry.line for entry in told}) == len(told)


def test_a_poll_tells_what_the_poll_before_it_did_not_say() -> None:
    job = [
        msgspec.structs.replace(event, queued_at="noon") if isinstance(event, Polled) else event
        for event in good_job("job_001")
    ]
    events = scenario(job)
    told = entries(events_of_jobs(events, build(events))["job_001"])
    first, second, third = [entry for entry in told if entry.kind == "poll"]
    assert dict(first.fields) == {"status": "queued", "queued_at": "noon"}
    assert dict(second.fields) == {"status": "processing", "progress": "50"}
    assert third.said == "completed, callback delivered"
    assert dict(third.fields)["callback.status_code"] == "200"


def test_a_callback_shows_what_came_and_what_we_answered() -> None:
    (callback,) = [entry for entry in story() if entry.kind == "callback"]
    fields = dict(callback.fields)
    assert callback.tone == "good"
    assert callback.said == "POST /callback/token-job_001, 0.100 s; we answered 200"
    assert fields["fields.job_id"] == "id-job_001"
    assert fields["content_type"] == "multipart/form-data; boundary=x"
    assert fields["image.path"] == "pictures/job_001.png"


def test_acts_and_requests_beside_the_jobs_belong_to_the_job_that_they_concern() -> None:
    act = NemesisActed(at=1.4, nemesis="Resets", act="reset", token="token-job_001")
    other = NemesisActed(at=1.4, nemesis="Resets", act="reset", token="token-job_002")
    by_id = probed("status_url", 200, job_id="id-job_001")
    by_tag = probed("status_url", 200, tags={"job": "job_001"})
    kinds = [entry.kind for entry in story(act, other, by_id, by_tag, SILENT)]
    assert (kinds.count("nemesis"), kinds.count("probe")) == (1, 2)
    assert kinds[-1] == "gave-up"


def test_equal_polls_stand_where_they_began() -> None:
    same = Unchanged(at=1.0, job="job_001", since=0.3, count=4, slowest=0.1)
    told = [entry.said for entry in story(same)]
    assert told[3] == "4 more polls said the same until 1.0 s"


def test_what_went_wrong_is_marked() -> None:
    events = scenario(spoiled(good_job("job_001"), Polled, status="failed"))
    told = list(entries(events_of_jobs(events, build(events))["job_001"]))
    assert [entry.tone for entry in told if "failed" in entry.said] == ["bad"]


def test_what_is_wrong_with_an_answer_stands_line_by_line() -> None:
    events = scenario(spoiled(good_job(), Polled, problems=("no `status`", "no `job_id`")))
    told = list(entries(events_of_jobs(events, build(events))["job_001"]))
    assert ("problems", "no `status`\nno `job_id`") in [field for e in told for field in e.fields]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [([], ""), ([3], "3"), ([3, 4, 5], "3-5"), ([9, 1, 2, 7], "1-2, 7, 9")],
)
def test_lines_are_told_as_sed_takes_them(numbers: list[int], told: str) -> None:
    assert lines_told(numbers) == told
