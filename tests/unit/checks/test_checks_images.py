"""The checks of pictures: the file, the look, the reference, and who has the last word."""

from collections.abc import Sequence

import pytest

from asyncproof.checks import BY_NAME, images
from asyncproof.facts.damage import broken_rule
from asyncproof.harness.verdict import Outcome, judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    AsyncEvent,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    Learned,
    Submitted,
)
from asyncproof.history.history import History
from asyncproof.images.together.common import LEAST_PICTURES
from asyncproof.workload.expectable import PROMPTS
from reference.miner.pictures.systematic import SYSTEMATIC
from tests.support.histories import a_picture, good_job, scenario, spoiled
from tests.unit.images.test_together import drawn, shown

CHECKS = [
    images.every_file_whole,
    images.pictures_do_not_look_damaged_throughout,
    images.pictures_equal_their_idle_references,
    images.no_picture_looks_damaged,
]
LOOKS_CUT = ("Partial render detected: rows 40-63 are flat grey",)


def jobs(
    count: int, suspected: Sequence[int] = (), rule: str = "", sign: str = "dead edge"
) -> list[list[AsyncEvent]]:
    """Jobs with different requests; these of them have a picture that looks cut."""
    made = [good_job(f"job_{n:03d}", at=n * 0.1) for n in range(count)]
    return [
        spoiled(job, Examined, suspicions=LOOKS_CUT, signs=(sign,), rule=rule)
        if n in suspected
        else job
        for n, job in enumerate(made)
    ]


def with_reference(difference: str | None, tolerance: int | None = 0) -> History:
    """A job in quiet and the same request under load, whose picture differs or (None) does not."""
    quiet = spoiled(good_job("job_001"), Submitted, tags={"load": "quiet"})
    loud = spoiled(good_job("job_002", at=5.0), Submitted, request=quiet[0].request)  # type: ignore[union-attr]
    picture, reference = a_picture("job_002").sha256, a_picture("job_001").sha256
    learned = Learned(at=3.0, tolerance=tolerance, told="identical bytes")
    told = difference or ""
    compared = Compared(at=9.0, sha256=picture, reference=reference, difference=told)
    beside: list[AsyncEvent] = [] if difference is None else [compared]
    return build([*scenario(quiet, [learned]), *scenario(loud, beside)])


def reported(history: History) -> set[str]:
    return {finding.clause for finding in judge(history, CHECKS).findings}


@pytest.mark.parametrize(
    ("count", "suspected", "clauses"),
    [
        (10, [], set()),
        (10, [3], {"IMG-4"}),
        (10, [3, 4], {"IMG-2"}),
        (30, [3, 4], {"IMG-4"}),
        (1, [0], {"IMG-4"}),
    ],
)
def test_one_look_warns_and_many_fail(count: int, suspected: list[int], clauses: set[str]) -> None:
    assert reported(build(scenario(*jobs(count, suspected)))) == clauses


@pytest.mark.parametrize(
    ("defect", "advice"),
    [
        ("truncated: file ends inside chunk IDAT, after 84 of 128 rows", "before it was finished"),
        ("dimensions: 120x128 pixels instead of 128x128", "another size was drawn"),
        ("checksum: chunk IDAT has a wrong CRC", "bytes changed after"),
        ("after-end: 12 bytes after IEND", "an older, longer file"),
        ("type: a JPEG file, not image/png", "its Content-Type"),
    ],
)
def test_a_broken_file_comes_with_advice_for_what_is_wrong_with_it(
    defect: str, advice: str
) -> None:
    broken = spoiled(good_job("job_001"), Examined, defects=(defect,))
    (finding,) = judge(build(scenario(broken)), CHECKS[:1]).findings
    assert defect in finding.actual
    assert advice in finding.advice


def test_weak_evidence_warns_however_often_it_comes() -> None:
    assert reported(build(scenario(*jobs(10, range(10), sign="seam")))) == {"IMG-4"}


@pytest.mark.parametrize(
    ("difference", "clauses"),
    [(None, set()), ("", set()), ("Partial render detected: rows 40-63", {"IMG-3"})],
)
def test_under_load_a_picture_equals_its_reference(
    difference: str | None, clauses: set[str]
) -> None:
    assert reported(with_reference(difference)) == clauses


def of_one_request(quiet: str, load: str) -> History:
    """Jobs that all asked for the same, and the picture of each: ``x`` and ``y`` differ."""
    first = good_job("job_000")
    made = list[list[AsyncEvent]]()
    for n, name in enumerate(quiet + load):
        job = spoiled(good_job(f"job_{n:03d}", at=5.0 * n), Downloaded, file=a_picture(name))
        job = spoiled(job, Delivered, image=a_picture(name))
        tags = {"load": "quiet"} if n < len(quiet) else {}
        made.append(spoiled(job, Submitted, request=first[0].request, tags=tags))  # type: ignore[union-attr]
    learned = Learned(at=0.1, tolerance=0, distance=0, told="identical bytes")
    pairs = [(a_picture(one).sha256, a_picture(other).sha256) for one, other in ("yx", "xy")]
    told = "Wrong picture: all rows differ"
    compared = [
        Compared(at=90.0, sha256=one, reference=other, difference=told) for one, other in pairs
    ]
    return build(scenario(*made, [learned, *compared]))


@pytest.mark.parametrize(
    ("quiet", "load", "wrong"),
    [
        ("xx", "xx", []),
        ("xx", "xy", ["job_003"]),
        ("xy", "xx", ["job_001"]),
        ("xy", "yy", ["job_000"]),  # most of them decide, not the first
        ("xy", "xy", ["job_001"]),  # one of the two: which is not known
        ("xy", "", ["job_001"]),
    ],
)
def test_of_pictures_made_in_quiet_that_differ_one_is_wrong(
    quiet: str, load: str, wrong: list[str]
) -> None:
    checks = [images.pictures_equal_their_idle_references, images.idle_references_agree]
    found = judge(of_one_request(quiet, load), checks).findings
    assert [finding.job for finding in found] == wrong
    assert all(finding.clause == "IMG-3" for finding in found)


def test_a_miner_that_is_not_repeatable_has_no_references() -> None:
    history = with_reference(None, tolerance=None)
    (result,) = judge(history, [images.pictures_equal_their_idle_references]).results
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert "identical bytes" in result.reason


def test_without_a_quiet_run_the_reference_check_is_inconclusive() -> None:
    history = build(scenario(*jobs(2)))
    (result,) = judge(history, [BY_NAME["pictures_equal_their_idle_references"]]).results
    assert result.outcome is Outcome.INCONCLUSIVE


def test_a_picture_that_equals_its_reference_is_whole_whatever_it_shows() -> None:
    """A night sky looks cut; the reference says that it is meant to."""
    history = with_reference("")
    (loud,) = [job for job in history if job.name == "job_002"]
    key = (a_picture("job_002").sha256, 64, 64)
    history.pictures[key] = Examined(
        at=1.0, sha256=key[0], width=64, height=64, suspicions=LOOKS_CUT
    )
    assert reported(history) == set()
    assert broken_rule(history, loud, a_picture("job_002")) == ""


def test_the_words_of_the_simple_rules_go_first_and_the_look_adds_where() -> None:
    told = "Partial render detected: 85.3% of bottom rows are blank"
    history = build(scenario(*jobs(2, [0, 1], rule=told)))
    assert {finding.actual for finding in judge(history, CHECKS).findings} == {
        f"{told}; rows 40-63 are flat grey (in the callback)"
    }


def test_a_broken_file_is_told_before_anything_else() -> None:
    job = spoiled(good_job("job_001"), Examined, defects=("truncated: ends in IDAT",))
    assert reported(build(scenario(job))) == {"IMG-1"}


def twenty(spoil: str = "", measured: int = len(PROMPTS)) -> History:
    """Jobs with pictures that were measured, all spoilt alike."""
    kinds = {kind.name: kind.spoil for kind in SYSTEMATIC} | {"": lambda pixels: pixels}
    made = []
    for number, prompt in enumerate(PROMPTS):
        job = good_job(f"job_{number:03d}", at=number * 0.1)
        request = {"prompt": prompt, "width": 64, "height": 64, "seed": number}
        job = spoiled(job, Submitted, request=request)
        measures = shown(kinds[spoil](drawn(number)), prompt).measures.as_fields()
        made.append(spoiled(job, Examined, measures=measures if number < measured else {}))
    return build(scenario(*made))


def test_what_all_pictures_have_in_common_is_told_once_with_its_cause() -> None:
    (finding,) = judge(twenty("noise-left"), [images.pictures_share_no_defect]).findings
    assert finding.clause == "IMG-5"
    assert finding.cause == "noise left"
    assert "last sigma" in finding.advice


def test_sound_pictures_have_nothing_in_common() -> None:
    (result,) = judge(twenty(), [images.pictures_share_no_defect]).results
    assert result.outcome is Outcome.PASS


def test_of_few_pictures_nothing_is_said_together() -> None:
    history = twenty("noise-left", measured=LEAST_PICTURES - 1)
    (result,) = judge(history, [images.pictures_share_no_defect]).results
    assert result.outcome is Outcome.NOT_APPLICABLE
