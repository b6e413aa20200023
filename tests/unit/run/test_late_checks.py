"""The last judgement: every job of the run, and nothing that a scenario has reported already."""

from pathlib import Path

import msgspec
import pytest

from asyncproof.checks import BY_NAME
from asyncproof.harness.history_file import HistoryWriter
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Judged,
    Polled,
    RunEnded,
    ScenarioEnded,
    ScenarioStarted,
    Submitted,
)
from asyncproof.run.late_checks import WHOLE_RUN, judged_as_a_whole
from asyncproof.run.recheck import rejudge, verdict_of
from asyncproof.workload.expiries import EXPIRY, Expiry
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.special_cases import CASE, MEANT, Meant
from tests.support.histories import good_job, scenario, spoiled, without

CHECKED = (BY_NAME["one_delivery_per_job"], BY_NAME["terminal_is_final"])
REFUSED = {MEANT: Meant.REFUSED}
VERDICT = Judged(at=3.0, scenario="made up", checks=tuple(check.name for check in CHECKED))


def callback(at: float, **changes: object) -> AsyncEvent:
    first = next(e for e in good_job("job_001") if isinstance(e, Delivered))
    return msgspec.structs.replace(first, number=9, began=at - 0.1, at=at, **changes)


def clauses(*later: AsyncEvent, before: tuple[AsyncEvent, ...] = ()) -> list[str]:
    known = scenario([*good_job("job_001"), *before])
    told = [f for check in CHECKED for f in check(build(known)).findings]
    results = judged_as_a_whole([*known, VERDICT, *later], {}, told)
    return [f.clause for result in results for f in result.findings]


def test_a_callback_again_after_the_verdict_is_a_duplicate() -> None:
    assert clauses(callback(5.0)) == ["CBK-4"]


def test_what_the_verdict_has_seen_is_not_told_again() -> None:
    assert clauses(before=(callback(1.9),)) == []


def test_a_callback_of_no_job_between_two_scenarios_is_an_orphan() -> None:
    stray = callback(5.0, token=None, path="/callback", fields={"job_id": "ghost"})
    assert clauses(stray) == ["CBK-25"]


def polled_again(at: float, status: str) -> AsyncEvent:
    end = next(e for e in reversed(good_job("job_001")) if isinstance(e, Polled))
    return msgspec.structs.replace(end, at=at, status=status)


def test_an_end_that_is_taken_back_after_the_verdict_is_told() -> None:
    assert clauses(polled_again(5.0, "failed")) == ["POL-3"]
    assert clauses(polled_again(5.0, "completed")) == []


def test_an_end_that_was_taken_back_before_the_verdict_is_not_told_again() -> None:
    assert clauses(polled_again(6.0, "failed"), before=(polled_again(2.5, "failed"),)) == []


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        (Expiry.PAST, "EXP-2"),
        (Expiry.OFFSET_PAST, "EXP-4"),
        (Expiry.NAIVE_PAST, "EXP-5"),
    ],
)
def test_an_expired_callback_that_comes_after_the_verdict_is_told(
    kind: Expiry, clause: str
) -> None:
    expired = without(good_job("job_001"), Delivered)
    expired = spoiled(expired, Submitted, tags={EXPIRY: kind})
    expired = spoiled(expired, Polled, callback=CallbackSection(status="expired"))
    run = [*scenario(expired), VERDICT]
    for later, expected in (([], []), ([callback(5.0)], [clause])):
        results = judged_as_a_whole([*run, *later], {})
        found = {f.clause for result in results for f in result.findings}
        assert {clause for clause in found if clause.startswith("EXP")} == set(expected)


def test_an_orphan_is_told_whatever_its_scenario_asked_about() -> None:
    stray = callback(5.0, token=None, path="/callback", fields={"job_id": "ghost"})
    begun = ScenarioStarted(at=4.0, name="next", nemesis="Quiet", jobs=1, shape="x")
    assert clauses(begun, stray) == ["CBK-25"]


def test_a_job_is_judged_whatever_its_scenario_asked_about() -> None:
    lost = without(good_job("job_002", at=4.0), Delivered)
    begun = ScenarioStarted(at=3.5, name="next", nemesis="Quiet", jobs=1, shape="x", provokes=())
    assert "CBK-1" in clauses(begun, *lost, ScenarioEnded(at=9.0, name="next"))


def test_a_job_of_a_scenario_that_was_cut_short_is_not_judged() -> None:
    lost = without(good_job("job_002", at=4.0), Delivered)
    begun = ScenarioStarted(at=3.5, name="next", nemesis="Quiet", jobs=1, shape="x", provokes=())
    assert clauses(begun, *lost) == []


@pytest.mark.parametrize(
    ("case", "code", "found"),
    [("empty prompt", 202, ["SUB-19"]), ("prompt missing", 500, ["SUB-9"]), ("x", 422, [])],
)
def test_a_bad_submission_is_judged_whichever_test_sent_it(
    case: str, code: int, found: list[str]
) -> None:
    bad = good_job("job_002", at=4.0) if code == 202 else good_job("job_002", at=4.0)[:2]
    bad = spoiled(spoiled(bad, Answered, status_code=code), Submitted, tags=REFUSED | {CASE: case})
    bad = spoiled(bad, Submitted, provokes=(Provocation.REFUSAL,))
    begun = ScenarioStarted(at=3.5, name="next", nemesis="Quiet", jobs=1, shape="x", provokes=())
    assert clauses(begun, *bad, ScenarioEnded(at=9.0, name="next")) == found


@pytest.mark.parametrize("old", [True, False], ids=["told by tags", "told by the history"])
@pytest.mark.parametrize(
    ("tags", "provokes"),
    [
        ({MEANT: Meant.TO_FAIL, CASE: "unknown LoRA"}, (Provocation.FAILURE,)),
        ({MEANT: Meant.REFUSED, CASE: "empty prompt"}, (Provocation.REFUSAL,)),
        ({MEANT: Meant.EXTENDED, CASE: "unknown fields"}, (Provocation.UNUSUAL,)),
        ({EXPIRY: Expiry.MALFORMED}, (Provocation.EXPIRY, Provocation.REFUSAL)),
    ],
    ids=str,
)
def test_what_was_provoked_is_no_defect(
    tags: dict[str, str], provokes: tuple[Provocation, ...], old: bool
) -> None:
    """A submission that the miner refuses, as a sound one may."""
    refused: list[AsyncEvent] = [
        Submitted(
            at=4.0,
            job="job_002",
            token="t",
            request={"prompt": "x"},
            tags=tags,
            provokes=() if old else provokes,
        ),
        Answered(at=4.1, job="job_002", took=0.1, status_code=422),
    ]
    begun = ScenarioStarted(
        at=3.5, name="n", nemesis="Quiet", jobs=1, shape="x", provokes=None if old else ()
    )
    end = ScenarioEnded(at=9.0, name="n")
    assert clauses(begun, *refused, end) == []
    plain = spoiled(refused, Submitted, tags={}, provokes=())
    assert clauses(begun, *plain, end) == ["SUB-1"]


def test_a_straggler_during_a_later_scenario_is_told() -> None:
    begun = ScenarioStarted(at=4.0, name="next", nemesis="Quiet", jobs=1, shape="x")
    assert clauses(begun, callback(5.0)) == ["CBK-4"]


def test_a_run_without_callbacks_has_nothing_to_be_judged_at_the_end() -> None:
    assert judged_as_a_whole([], {}) == ()


def test_old_evidence_is_judged_as_a_whole_again() -> None:
    last = Judged(at=6.0, scenario=WHOLE_RUN, checks=tuple(BY_NAME))
    run = [*scenario(good_job("job_001")), VERDICT, callback(5.0), last, RunEnded(at=7.0)]
    assert [f.clause for f in verdict_of(run, {}).findings] == ["CBK-4"]


def test_a_torn_line_leaves_the_rest_to_be_judged_and_no_pass(tmp_path: Path) -> None:
    """A power cut may have torn any line, also the one with which a scenario began."""
    path = tmp_path / "history.ndjson"
    events = [*scenario(good_job("job_001")), VERDICT, RunEnded(at=9.0)]
    with HistoryWriter(path) as writer:
        for event in events:
            writer.append(event)
    lines = path.read_bytes().splitlines(keepends=True)
    assert not rejudge(path, {}).incomplete

    for number, line in enumerate(lines, 1):
        torn = [*lines[: number - 1], line[: len(line) // 2] + b"\n", *lines[number:]]
        path.write_bytes(b"".join(torn))
        verdict = rejudge(path, {})
        assert f"history.ndjson:{number}" in verdict.incomplete
        assert not verdict.passed
