"""RES, IDN, SCH and TRN on hand-written histories: what each check reports and is blind to."""

import msgspec
import pytest

from asyncproof.checks import identity, order, results, training
from asyncproof.harness.verdict import Check, Outcome
from asyncproof.history.build import split
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Compared,
    Delivered,
    Downloaded,
    Learned,
    Polled,
    Probed,
    Submitted,
)
from asyncproof.history.history import History
from asyncproof.workload.special_cases import BEGUN
from tests.support.histories import (
    SILENT,
    Family,
    a_history,
    a_picture,
    good_job,
    scenario,
    spoiled,
    without,
)

FAMILY = Family(
    results.results_have_their_type,
    results.image_urls_work,
    results.no_result_before_its_time,
    identity.equal_requests_equal_pictures,
    identity.seed_zero_is_a_seed,
    identity.loras_matter,
    identity.loras_do_not_stay,
    identity.missing_seeds_are_drawn,
    order.no_job_starves,
    order.jobs_are_taken_in_turn,
    order.jobs_do_not_get_slower,
    order.no_job_is_left_behind,
    training.pictures_after_training_are_as_before,
    training.training_does_not_stop_inference,
)
Events = list[AsyncEvent]
GOOD, BAD, NOTHING, OWED_NOTHING = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.INCONCLUSIVE,
    Outcome.NOT_APPLICABLE,
)


def outcome(check: Check[History], *jobs: Events) -> Outcome:
    return check(a_history(*jobs)).outcome


def linked(**changes: object) -> Events:
    link = Downloaded(
        at=1.85,
        job="job_001",
        what="image_url",
        url="/images/1.png",
        took=0.1,
        status_code=200,
        file=a_picture("job_001"),
    )
    return [*good_job("job_001"), msgspec.structs.replace(link, **changes)]


LINKS: list[tuple[Events, Outcome]] = [
    (linked(), GOOD),
    (linked(file=a_picture("other")), BAD),
    (
        linked(file=msgspec.structs.replace(a_picture("other"), path="pictures/other.jpg")),
        GOOD,
    ),
    (linked(status_code=404, file=None), BAD),
    (linked(error="connection refused", file=None, status_code=None), BAD),
    (good_job("job_001"), OWED_NOTHING),
]


@pytest.mark.parametrize(("events", "expected"), LINKS)
def test_a_link_leads_to_the_result(events: Events, expected: Outcome) -> None:
    assert outcome(results.image_urls_work, events) is expected


@pytest.mark.parametrize(
    ("announced", "expected"),
    [
        ("image/png", GOOD),
        ("image/png; charset=binary", GOOD),
        ("application/octet-stream", GOOD),
        ("", GOOD),
        ("text/html", BAD),
        ("image/jpeg", BAD),
    ],
)
def test_a_result_has_the_type_of_its_bytes(announced: str, expected: Outcome) -> None:
    picture = msgspec.structs.replace(a_picture("job_001"), content_type=announced)
    events = spoiled(good_job("job_001"), Downloaded, file=picture)
    assert outcome(results.results_have_their_type, events) is expected


def asked_early(code: int | None, at: float = 0.15, error: str = "") -> Events:
    path = "/inference/result/id-job_001"
    probe = Probed(
        at=at,
        probe=results.EARLY,
        method="GET",
        path=path,
        took=0.01,
        status_code=code,
        error=error,
    )
    return [*good_job("job_001"), probe]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (asked_early(404), GOOD),
        (asked_early(409), GOOD),
        (asked_early(200), BAD),
        (asked_early(500), BAD),
        (asked_early(None, error="reset"), BAD),
        (asked_early(200, at=1.75), GOOD),
        (spoiled(asked_early(200, at=1.75), Polled, status="failed"), BAD),
        (spoiled(asked_early(404, at=1.75), Polled, status="failed"), GOOD),
    ],
)
def test_there_is_no_result_before_its_time(events: Events, expected: Outcome) -> None:
    assert outcome(results.no_result_before_its_time, events) is expected


def drawn(name: str, at: float, picture: str, **request: object) -> Events:
    """A job that got this picture."""
    events = spoiled(good_job(name, at, **request), Downloaded, file=a_picture(picture))
    return spoiled(events, Delivered, image=a_picture(picture))


def series(*jobs: tuple[str, object]) -> list[Events]:
    """Jobs one after another, each with its picture and what sets its request apart."""
    return [
        drawn(f"job_{n:03d}", n * 3.0, picture, **{"seed": 7, **request})  # type: ignore[dict-item]
        for n, (picture, request) in enumerate(jobs, 1)
    ]


def learned(tolerance: int | None, distance: int | None) -> Events:
    return [Learned(at=9.5, tolerance=tolerance, distance=distance, told="what was learned")]


def quietly(*jobs: tuple[str, object]) -> list[Events]:
    return [spoiled(job, Submitted, tags={"load": "quiet"}) for job in series(*jobs)]


def showing(seed: int, *jobs: Events) -> list[Events]:
    """The status of each job shows this seed."""
    return [
        spoiled(job, Polled, seed=seed) if any(isinstance(e, Polled) for e in job) else job
        for job in jobs
    ]


AGAIN: list[tuple[list[Events], Outcome]] = [
    ([*quietly(("a", {}), ("a", {})), learned(0, 0)], GOOD),
    ([*quietly(("a", {}), ("b", {})), learned(4, 2)], GOOD),
    ([*quietly(("a", {}), ("b", {})), learned(None, 90)], BAD),
    ([*quietly(("a", {}), ("b", {"seed": 8})), learned(None, 90)], NOTHING),
    ([*quietly(("a", {}), ("b", {})), learned(None, None)], OWED_NOTHING),
    (showing(7, *quietly(("a", {}), ("b", {})), learned(24, 16)), BAD),
    (showing(7, *quietly(("a", {}), ("b", {})), learned(4, 2)), GOOD),
    (showing(8, *quietly(("a", {}), ("b", {})), learned(24, 16)), GOOD),
    ([*quietly(("a", {}), ("b", {})), learned(24, 16)], GOOD),
    (quietly(("a", {}), ("b", {})), NOTHING),
    ([*series(("a", {}), ("b", {})), learned(None, 90)], NOTHING),
]


@pytest.mark.parametrize(("jobs", "expected"), AGAIN)
def test_the_same_request_gives_the_same_picture(jobs: list[Events], expected: Outcome) -> None:
    assert outcome(identity.equal_requests_equal_pictures, *jobs) is expected


ZERO, LORA = {"seed": 0}, {"lora_path": "ink"}
NO_SEED: dict[str, object] = {"seed": None}
SEEDS: list[tuple[list[Events], Outcome]] = [
    (series(("a", {}), ("z", ZERO), ("a", {}), ("z", ZERO)), GOOD),
    (series(("a", {}), ("y", ZERO), ("a", {}), ("z", ZERO)), BAD),
    (series(("a", {}), ("y", ZERO), ("b", {}), ("z", ZERO)), OWED_NOTHING),
    (series(("y", ZERO), ("z", ZERO)), OWED_NOTHING),
    (series(("a", {}), ("a", {})), NOTHING),
    # Seed 0 gets the picture of a seed that is a default.
    (series(("a", {}), ("a", ZERO), ("a", ZERO), ("b", {"seed": 8})), BAD),
    (series(("a", {}), ("a", ZERO), ("b", {"seed": 8})), BAD),
    # Seeds are not used at all: that is IDN-1's.
    (series(("a", {}), ("a", ZERO), ("a", ZERO), ("a", {"seed": 8})), GOOD),
    # A seed that is 0 where none was given is IDN-6's.
    (series(("a", {}), ("z", ZERO), ("z", ZERO), ("z", NO_SEED)), GOOD),
    # Another prompt gives the same picture: that is not about seeds.
    (series(("a", {}), ("a", ZERO | {"prompt": "x"}), ("b", {"seed": 8})), NOTHING),
]
MISSING: list[tuple[list[Events], Outcome]] = [
    (series(("a", {}), ("b", NO_SEED)), GOOD),
    (series(("a", {}), ("z", ZERO), ("z", NO_SEED)), BAD),
    (series(("a", {}), ("b", {"seed": 42}), ("b", NO_SEED)), BAD),
    (series(("a", {}), ("a", NO_SEED), ("a", {"seed": 8})), GOOD),
    (series(("a", {}), ("b", NO_SEED | {"prompt": "x"})), NOTHING),
    (series(("a", {}), ("b", {"seed": 8})), NOTHING),
]


@pytest.mark.parametrize(("jobs", "expected"), MISSING)
def test_a_missing_seed_is_drawn(jobs: list[Events], expected: Outcome) -> None:
    assert outcome(identity.missing_seeds_are_drawn, *jobs) is expected


@pytest.mark.parametrize("request_", [ZERO, NO_SEED])
def test_a_seed_that_is_taken_for_another_is_told_once(request_: dict[str, object]) -> None:
    """Also where the picture of the other job looks like a mix-up."""
    jobs = series(("a", {}), ("a", request_), ("b", {"seed": 8}))
    assert outcome(identity.different_requests_different_pictures, *jobs) is GOOD


def test_a_prompt_that_is_not_used_is_told() -> None:
    jobs = series(("a", {}), ("a", {"prompt": "x"}), ("b", {"seed": 8}))
    (found,) = identity.different_requests_different_pictures(a_history(*jobs)).findings
    assert found.advice.startswith("`prompt` is not used")


def test_where_a_link_leads_is_no_picture_of_the_jobs_own() -> None:
    link = msgspec.structs.replace(linked()[-1], file=a_picture("job_002"))
    jobs = [*good_job("job_001"), link], good_job("job_002", at=0.1)
    assert outcome(identity.different_requests_different_pictures, *jobs) is GOOD


@pytest.mark.parametrize(("jobs", "expected"), SEEDS)
def test_seed_zero_repeats_as_other_seeds_do(jobs: list[Events], expected: Outcome) -> None:
    assert outcome(identity.seed_zero_is_a_seed, *jobs) is expected


LORAS: list[tuple[list[Events], Outcome, Outcome]] = [
    (series(("a", {}), ("a", {}), ("l", LORA), ("a", {})), GOOD, GOOD),
    (series(("a", {}), ("a", {}), ("a", LORA), ("a", {})), BAD, GOOD),
    (series(("a", {}), ("a", {}), ("l", LORA), ("x", {})), GOOD, BAD),
    (series(("a", {}), ("a", {}), ("l", LORA), ("l", {})), GOOD, BAD),
    # Engines that take turns: the one that did not draw the LoRA stays clean.
    (series(("a", {}), ("a", {}), ("l", LORA), ("a", {}), ("l", {})), GOOD, BAD),
    (series(("a", {}), ("b", {}), ("l", LORA), ("c", {})), OWED_NOTHING, OWED_NOTHING),
    # An engine that an earlier LoRA had spoilt: not repeatable, and the LoRA is applied.
    (series(("a", {}), ("b", {}), ("b", LORA), ("c", {})), OWED_NOTHING, BAD),
    (series(("a", {}), ("a", {}), ("a", LORA)), BAD, NOTHING),
    (series(("a", {}), ("a", {})), OWED_NOTHING, OWED_NOTHING),
]


@pytest.mark.parametrize(("jobs", "matters", "stays"), LORAS)
def test_a_lora_matters_and_does_not_stay(
    jobs: list[Events], matters: Outcome, stays: Outcome
) -> None:
    assert outcome(identity.loras_matter, *jobs) is matters
    assert outcome(identity.loras_do_not_stay, *jobs) is stays


SPOILT: list[tuple[list[tuple[str, object]], Outcome]] = [
    ([("l", LORA), ("x", {}), ("a", {})], GOOD),
    ([("l", LORA), ("x", {})], BAD),  # nobody else got the right picture after it
    ([("l", LORA), ("x", {}), ("x", {})], BAD),
    ([("x", LORA), ("x", {}), ("a", {})], BAD),
]


@pytest.mark.parametrize(("after", "expected"), SPOILT)
def test_one_picture_that_is_spoilt_after_a_lora_is_not_the_loras(
    after: list[tuple[str, object]], expected: Outcome
) -> None:
    """IMG-3 tells of it; where it was not compared with its idle reference, it is told here."""
    quiet = quietly(("a", {}), ("a", {}))
    jobs = [*quiet, *series(("a", {}), ("a", {}), *after)[2:]]
    told = compared("all rows differ", "x")
    assert outcome(identity.loras_do_not_stay, *jobs, told) is expected
    assert outcome(identity.loras_do_not_stay, *jobs) is BAD


def test_findings_about_loras_name_both_jobs() -> None:
    """The one that was spoilt, and the one whose look it has."""
    jobs = series(("a", {}), ("a", {}), ("l", LORA), ("l", {}))
    (stays,) = identity.loras_do_not_stay(a_history(*jobs)).findings
    (matters,) = identity.loras_matter(a_history(*jobs[2:])).findings
    assert matters.subject == stays.subject == "job_004 (id-job_004)"
    assert "that of job_003 (id-job_003): that is of LoRA ink, this of no LoRA" in matters.expected
    assert stays.actual == "the picture of job_003 (id-job_003), which had asked for LoRA ink"


def trained(jobs: list[Events], code: int = 202) -> list[Events]:
    probe = Probed(at=8.0, probe="train", method="POST", path="/train", took=0, status_code=code)
    return [[*jobs[0], probe], *jobs[1:]]


AFTERWARDS: list[tuple[list[Events], Outcome]] = [
    (trained(series(("a", {}), ("a", {}), ("a", {}))), GOOD),
    (trained(series(("a", {}), ("a", {}), ("b", {}))), BAD),
    (trained(series(("a", {}), ("b", {}), ("c", {}))), OWED_NOTHING),
    (trained(series(("a", {}), ("a", {}), ("b", {})), code=404), OWED_NOTHING),
    (series(("a", {}), ("a", {}), ("b", {})), NOTHING),
]


@pytest.mark.parametrize(("jobs", "expected"), AFTERWARDS)
def test_pictures_after_a_training_are_as_before(jobs: list[Events], expected: Outcome) -> None:
    assert outcome(training.pictures_after_training_are_as_before, *jobs) is expected


def compared(told: str, *pictures: str) -> Events:
    """These pictures were laid beside the idle reference `a`."""
    reference = a_picture("a").sha256
    return [
        Compared(at=9.0, sha256=a_picture(name).sha256, reference=reference, difference=told)
        for name in pictures
    ]


NEARLY: list[tuple[Events, Outcome]] = [
    (compared("", "c"), GOOD),
    (compared("all of it differs, by up to 40 of 255", "c"), BAD),
    ([], OWED_NOTHING),
]


@pytest.mark.parametrize(("comparisons", "expected"), NEARLY)
def test_pictures_that_nearly_repeat_are_compared_with_their_idle_references(
    comparisons: Events, expected: Outcome
) -> None:
    """After a training, and after a LoRA."""
    jobs = [*quietly(("a", {}), ("b", {})), *series(("a", {}), ("b", {}), ("c", {}))[2:]]
    assert (
        outcome(training.pictures_after_training_are_as_before, *trained([*jobs, comparisons]))
        is expected
    )
    styled = drawn("job_009", 8.0, "l", seed=7, lora_path="ink")
    assert outcome(identity.loras_do_not_stay, *jobs, styled, comparisons) is expected


def test_beside_a_training_what_nearly_repeats_is_not_compared() -> None:
    jobs = [*quietly(("a", {}), ("b", {})), *series(("a", {}), ("b", {}), ("c", {}))[2:]]
    ended: Events = [Probed(at=9.5, probe=BEGUN, method="GET", path="/t", took=0.0)]
    events = [*trained(jobs), compared("all of it differs", "c"), ended]
    check = training.pictures_after_training_are_as_before
    assert outcome(check, *events) is OWED_NOTHING


def ending(events: Events, at: float) -> Events:
    return spoiled(events, Polled, at=at)


@pytest.mark.parametrize(("end", "expected"), [(15.0, GOOD), (40.0, BAD)])
def test_training_may_slow_inference_but_not_stop_it(end: float, expected: Outcome) -> None:
    jobs = series(("a", {}), ("a", {}), ("a", {}))
    slow = trained([*jobs[:2], ending(jobs[2], end)])
    assert outcome(training.training_does_not_stop_inference, *slow) is expected


def test_a_limit_of_training_says_what_it_is_made_of() -> None:
    jobs = series(("a", {}), ("a", {}), ("a", {}))
    history = a_history(*trained([*jobs[:2], ending(jobs[2], 40.0)]))
    (found,) = training.training_does_not_stop_inference(history).findings
    assert found.expected == "an end within 18.0 s (10 times the 1.70 s before training, and 1 s)"


def in_a_row(*durations: float) -> list[Events]:
    starts = [sum(durations[:n]) + 3.0 * n for n in range(len(durations))]
    jobs = enumerate(zip(starts, durations, strict=True), 1)
    return [ending(good_job(f"job_{n:03d}", at), at + took) for n, (at, took) in jobs]


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        ((2, 2, 2, 2, 2, 2), GOOD),
        ((2, 2, 3, 3, 4, 4), GOOD),
        ((2, 2, 4, 6, 8, 9), BAD),
        ((9, 2, 2, 2, 2, 2), GOOD),
        ((2, 2, 9), NOTHING),
    ],
)
def test_jobs_in_a_row_do_not_get_slower(durations: tuple[float, ...], expected: Outcome) -> None:
    assert outcome(order.jobs_do_not_get_slower, *in_a_row(*durations)) is expected


def test_jobs_whose_polls_are_answered_late_are_not_slow_for_that() -> None:
    jobs = in_a_row(2, 2, 2, 2, 9, 9)
    held = [spoiled(job, Polled, took=6.0) for job in jobs[4:]]
    assert outcome(order.jobs_do_not_get_slower, *jobs) is BAD
    assert outcome(order.jobs_do_not_get_slower, *jobs[:4], *held) is GOOD


def test_jobs_that_hung_until_they_failed_were_not_slow() -> None:
    jobs = in_a_row(2, 2, 2, 2, 2, 2, 9, 9, 9)
    failed = [spoiled(job, Polled, status="failed") for job in jobs[6:]]
    assert outcome(order.jobs_do_not_get_slower, *jobs) is BAD
    assert outcome(order.jobs_do_not_get_slower, *jobs[:6], *failed) is GOOD


def test_jobs_that_overlap_tell_nothing_of_getting_slower() -> None:
    jobs = [good_job(f"job_{n:03d}", at=n / 10) for n in range(6)]
    assert outcome(order.jobs_do_not_get_slower, *jobs) is OWED_NOTHING


def queued_behind(later: int) -> list[Events]:
    """A job that is begun 100 s after it came, and jobs that came and ended meanwhile."""
    first = [
        e if not isinstance(e, Polled) or e.status == "queued" else _moved(e, 100.0)
        for e in good_job("job_000")
    ]
    return [first, *(good_job(f"job_{n:03d}", at=n * 3.0) for n in range(1, later + 1))]


def _moved(poll: Polled, by: float) -> Polled:
    return msgspec.structs.replace(poll, at=poll.at + by)


@pytest.mark.parametrize(
    ("later", "fair", "fed"), [(3, GOOD, GOOD), (4, BAD, GOOD), (7, BAD, GOOD), (8, BAD, BAD)]
)
def test_a_job_is_overtaken_by_few(later: int, fair: Outcome, fed: Outcome) -> None:
    jobs = queued_behind(later)
    assert outcome(order.jobs_are_taken_in_turn, *jobs) is fair
    assert outcome(order.no_job_starves, *jobs) is fed


def left_behind() -> Events:
    asked = [e for e in good_job("job_001") if isinstance(e, Submitted | Answered)]
    waiting = Polled(at=0.2, job="job_001", took=0.01, status_code=200, status="queued")
    return [*asked, waiting, msgspec.structs.replace(SILENT, last_state="queued")]


def fails_at_once(name: str, at: float) -> Events:
    """A job that never had a turn either: it was refused after it was accepted."""
    asked = [e for e in good_job(name, at) if isinstance(e, Submitted | Answered)]
    failed = Polled(at=at + 0.2, job=name, took=0.01, status_code=200, status="failed")
    return [*asked, failed]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([good_job("job_002", at=0.5)], BAD),
        ([], NOTHING),
        ([good_job("job_002", at=SILENT.at - 1)], GOOD),
        ([fails_at_once("job_002", at=0.5)], GOOD),
    ],
    ids=["later ones complete", "nothing moves", "nobody looks any more", "one fails at once"],
)
def test_a_job_that_later_ones_pass_for_ever_is_left_behind(
    others: list[Events], expected: Outcome
) -> None:
    """Only what completes while it is looked at shows that it was passed over."""
    assert outcome(order.no_job_is_left_behind, left_behind(), *others) is expected


def test_pictures_are_compared_by_result_and_where_there_is_none_by_callback() -> None:
    jobs = series(("a", {}), ("z", ZERO), ("a", {}), ("y", ZERO))
    delivered = [without(job, Downloaded) for job in jobs]
    assert outcome(identity.seed_zero_is_a_seed, *delivered) is BAD


def test_a_lora_that_was_asked_for_earlier_may_explain_what_does_not_repeat() -> None:
    jobs = [*quietly(("a", {}), ("b", {})), learned(None, 90)]
    earlier = scenario(drawn("job_009", -9.0, "l", lora_path="ink"))
    later = scenario(*jobs)
    result = identity.equal_requests_equal_pictures(split([*earlier, *later])[1][-1])
    assert result.outcome is OWED_NOTHING
    assert "job_009 had asked for a LoRA before" in result.reason


def beside(one: str, other: str, told: str = "", drifted: float = 0.0) -> Events:
    """The comparison of two pictures, by their names."""
    mine, its = a_picture(one).sha256, a_picture(other).sha256
    return [Compared(at=90.0, sha256=mine, reference=its, difference=told, drifted=drifted)]


@pytest.mark.parametrize(
    ("compared_pairs", "expected"),
    [
        ([], OWED_NOTHING),
        ([beside("b", "a", drifted=3.0), beside("z", "y", drifted=3.0)], GOOD),
        ([beside("b", "a", drifted=3.0), beside("z", "y", "all rows differ")], BAD),
        ([beside("b", "a", "all rows differ"), beside("z", "y", "all rows differ")], OWED_NOTHING),
    ],
)
def test_seed_zero_repeats_by_structure_where_a_miner_is_not_exact(
    compared_pairs: list[Events], expected: Outcome
) -> None:
    jobs = series(("a", {}), ("b", {}), ("y", ZERO), ("z", ZERO))
    assert outcome(identity.seed_zero_is_a_seed, *jobs, *compared_pairs) is expected


@pytest.mark.parametrize(
    ("told", "drifted", "expected"),
    [
        ("all rows differ", 0.0, GOOD),
        ("", 0.0, BAD),  # no farther apart than the same request is
        ("", 3.0, OWED_NOTHING),  # a slight look, or none
    ],
)
def test_a_lora_matters_by_structure_where_a_miner_is_not_exact(
    told: str, drifted: float, expected: Outcome
) -> None:
    jobs = series(("a", {}), ("b", {}), ("l", LORA))
    pairs = [beside("l", plain, told, drifted) for plain in "ab"]
    assert outcome(identity.loras_matter, *jobs, *pairs) is expected


def test_a_picture_that_drifted_beside_a_training_is_as_before() -> None:
    jobs = [*quietly(("a", {}), ("a", {})), *series(("a", {}), ("a", {}), ("c", {}))[2:]]
    ended: Events = [Probed(at=9.5, probe=BEGUN, method="GET", path="/t", took=0.0)]
    check = training.pictures_after_training_are_as_before
    assert outcome(check, *trained(jobs), compared("", "c"), ended) is not BAD
    assert outcome(check, *trained(jobs), compared("all of it differs", "c"), ended) is BAD
    assert outcome(check, *trained(jobs), compared("", "c")) is BAD


@pytest.mark.parametrize(
    ("told", "drifted", "expected"),
    [("", 0.0, BAD), ("", 3.0, GOOD), ("all rows differ", 0.0, GOOD)],
)
def test_a_prompt_that_is_not_used_is_told_where_a_miner_is_not_exact(
    told: str, drifted: float, expected: Outcome
) -> None:
    jobs = series(("a", {}), ("b", {}), ("c", {"prompt": "a whale"}))
    pairs = [beside("c", other, told, drifted) for other in "ab"]
    found = identity.different_requests_different_pictures(a_history(*jobs, *pairs))
    assert found.outcome is expected
    assert all(finding.advice == "`prompt` is not used" for finding in found.findings)
