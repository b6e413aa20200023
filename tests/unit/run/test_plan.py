"""Which tests share which jobs: never others than they asked for, and never more than without."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncproof.facts.comparisons import idle, in_quiet
from asyncproof.facts.in_common import to_be_judged_together
from asyncproof.history.history import QUIET as IDLE
from asyncproof.nemesis import AnswersError, ConnectionRefused, LongAnswer, NoAnswer
from asyncproof.receiver.nemesis import QUIET
from asyncproof.run.plan import Plan, plan
from asyncproof.run.seats import Seat, Wish, is_painted
from asyncproof.workload.expiries import Expiry, with_expiry
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import (
    CallbackTo,
    Job,
    Moment,
    Request,
    Scenario,
    a_job,
    a_training_request,
    burst,
    mingling,
    one_after_another,
    queued_up,
    steady,
    whoever_asks,
)
from asyncproof.workload.special_cases import (
    bad_jobs,
    each_looked_after,
    other_sizes,
    to_fail,
    with_hostile_ids,
)

PLAIN = [a_job(1), a_job(2), a_job(3)]
HEALTH = Request(probe="health", path="/health", moment=Moment.DURING)


def crowd(count: int) -> Scenario:
    return burst([PLAIN[n % 3] for n in range(count)])


def seats_of(planned: Plan, wish: Wish) -> list[Seat]:
    return [planned.flights[at].seats[n] for at, n in planned.places[wish.key]]


def test_equal_loads_are_one_with_as_many_jobs_as_the_largest() -> None:
    wishes = [Wish("small", crowd(4)), Wish("large", crowd(10).beside(HEALTH))]
    planned = plan(wishes)
    (flight,) = planned.flights
    assert len(flight.seats) == 10
    assert flight.requests == (HEALTH,)
    assert flight.tests == ("small", "large")
    assert len(planned.places["small", 0]) == 10  # the others are more evidence


def test_what_is_special_is_added_and_judged_by_its_own_test_alone() -> None:
    nowhere = a_job(9, callback=CallbackTo.NOWHERE)
    wishes = [Wish("plain", crowd(4)), Wish("special", burst([PLAIN[0], nowhere]))]
    planned = plan(wishes)
    (flight,) = planned.flights
    assert len(flight.seats) == 5
    assert nowhere not in [seat.job for seat in seats_of(planned, wishes[0])]
    assert nowhere in [seat.job for seat in seats_of(planned, wishes[1])]


def test_other_shapes_do_not_meet() -> None:
    wishes = [Wish("a", crowd(3)), Wish("b", steady(PLAIN, 20)), Wish("c", steady(PLAIN, 50))]
    assert len(plan(wishes).flights) == 3


def test_idle_jobs_are_sent_once() -> None:
    one, other = in_quiet(PLAIN[:1]), one_after_another([*in_quiet(PLAIN[:1]).jobs, PLAIN[0]])
    wishes = [Wish("a", one), Wish("b", other)]
    planned = plan(wishes)
    assert [len(flight.seats) for flight in planned.flights] == [2, 1]
    assert planned.places["b", 0][:2] == planned.places["a", 0]


def test_a_job_for_which_it_matters_what_came_before_is_sent_again() -> None:
    after_a_lora = one_after_another([a_job(1, lora="x"), PLAIN[0]])
    planned = plan([Wish("a", one_after_another(PLAIN[:1])), Wish("b", after_a_lora)])
    assert planned.pictures == 3


def test_what_one_test_needs_small_and_another_not_is_not_small() -> None:
    small = idle([replace(PLAIN[0], small=True, brief=True)])
    wishes = [Wish("a", one_after_another(small)), Wish("b", one_after_another(idle(PLAIN[:1])))]
    planned = plan(wishes)
    assert planned.pictures == 1
    assert not planned.flights[0].seats[0].job.small


def test_hostile_receivers_fly_together_each_with_its_own_job() -> None:
    refuses = Wish("refuses", mingling([a_job(5)]), AnswersError(500))
    wishes = [refuses, Wish("long", mingling([a_job(6)]), LongAnswer())]
    planned = plan(wishes)
    (flight,) = planned.flights
    assert flight.nemeses == (AnswersError(500), LongAnswer())
    (job, _) = flight.scenario.jobs
    assert job.provokes == AnswersError(500).provokes
    assert seats_of(planned, refuses) == [Seat(a_job(5), AnswersError(500))]


@pytest.mark.parametrize(
    "apart",
    [
        Wish("port", mingling([a_job(5)]), ConnectionRefused()),
        Wish("holds", mingling([a_job(5)]), NoAnswer(1.0)),
        Wish("training", burst([a_job(5)]).beside(a_training_request("/train"))),
        Wish("risky", burst([a_job(5)]), when=1),
        Wish("chosen", burst([a_job(5)]), alone=True),
    ],
    ids=lambda wish: wish.test,
)
def test_what_would_disturb_others_flies_alone(apart: Wish) -> None:
    others = [Wish("pool", mingling([a_job(7)]), AnswersError(500)), Wish("crowd", crowd(3))]
    planned = plan([*others, apart])
    assert [f.tests for f in planned.flights if apart.test in f.tests] == [(apart.test,)]


def test_any_jobs_will_do_for_an_order() -> None:
    hostile = [Wish(f"h{n}", mingling([a_job(n)]), AnswersError(500 + n)) for n in range(3)]
    turn = Wish("turn", queued_up([a_job(n).tagged(client="one") for n in range(5)], 50))
    planned = plan([*hostile, turn])
    (flight,) = planned.flights
    assert flight.shape == turn.scenario.shape
    assert planned.pictures == 5
    assert [dict(seat.job.tags)["client"] for seat in seats_of(planned, turn)] == ["one"] * 5


def test_a_refused_job_does_not_stand_in_for_one_that_waits_its_turn() -> None:
    refused = Wish("refused", mingling(bad_jobs(lambda: a_job(1))))
    turn = Wish("turn", queued_up(PLAIN, 50))
    planned = plan([refused, turn])
    assert all(is_painted(seat.job) for seat in seats_of(planned, turn))


def test_a_job_that_a_sound_miner_may_refuse_does_not_stand_in_either() -> None:
    naive = mingling([a_job(1).provoking(Provocation.EXPIRY)])
    turn = Wish("turn", queued_up(PLAIN, 50))
    planned = plan([Wish("naive", naive), turn])
    assert not any(seat.job.provokes for seat in seats_of(planned, turn))


def test_equal_scenarios_are_run_once() -> None:
    fails = one_after_another([to_fail(a_job(1))])
    planned = plan([Wish("a", fails, when=1), Wish("b", fails, when=1), Wish("c", fails)])
    assert [flight.tests for flight in planned.flights] == [("a", "b"), ("c",)]


def test_of_equal_scenarios_that_fly_alone_requests_after_the_jobs_are_put_together() -> None:
    fails = one_after_another([to_fail(a_job(1))])
    late = Request(probe="result", path="/result/x", moment=Moment.AFTER)
    asks, during = fails.beside(late), fails.beside(HEALTH)
    planned = plan([Wish("a", fails, when=1), Wish("b", asks, when=1), Wish("c", during, when=1)])
    assert [flight.tests for flight in planned.flights] == [("a", "b"), ("c",)]
    assert [flight.requests for flight in planned.flights] == [(late,), (HEALTH,)]


def test_requests_after_jobs_that_are_in_quiet_anyway_are_not_lost() -> None:
    quiet = one_after_another(idle(PLAIN[:1]))
    late = Request(probe="result", path="/result/x", moment=Moment.AFTER)
    planned = plan([Wish("a", quiet), Wish("b", quiet), Wish("c", quiet.beside(late))])
    assert [flight.requests for flight in planned.flights] == [(), (late,)]
    assert planned.pictures == 1


def test_who_asks_for_the_same_picture_is_served_by_one_job() -> None:
    """Also by one that was made in quiet; and never twice by the same one."""
    judged = to_be_judged_together([a_job(1), a_job(20), a_job(20), a_job(30)])
    wishes = [
        Wish("quiet", in_quiet([a_job(1)])),
        Wish("receivers", mingling([a_job(n) for n in (10, 11, 12)]), AnswersError(500)),
        Wish("one", whoever_asks([a_job(20)])),
        Wish("many", whoever_asks(judged)),
        Wish("again", in_quiet([a_job(1)])),
    ]
    planned = plan(wishes)
    assert planned.pictures == 2 + 3
    one, many = (planned.places[test, 0] for test in ("one", "many"))
    assert many[0] == (0, 0)
    assert many[1] == one[0]
    assert len(set(many)) == len(judged)
    assert all("together" in dict(seat.job.tags) for seat in seats_of(planned, wishes[3]))
    assert planned.places["again", 0] == planned.places["quiet", 0]


def test_pictures_that_are_made_one_after_another_are_asked_for_by_jobs_that_fly_alone() -> None:
    seeds = one_after_another([*in_quiet(PLAIN[:1]).jobs, *map(a_job, (7, 7, 8))])
    free = a_job(5, any_picture=True)
    asks = Wish("asks", replace(seeds, any_receivers=True))
    wishes = [
        Wish("closed", mingling([free]), ConnectionRefused()),
        Wish("port", mingling([a_job(6)]), ConnectionRefused()),
        Wish("risky", burst([free]), when=1),
        Wish("training", burst([free]).beside(a_training_request("/train"))),
        Wish("own", mingling([free]), ConnectionRefused(), alone=True),
        asks,
    ]
    planned = plan(wishes)
    assert planned.places["asks", 0] == ((5, 0), (5, 1), (0, 0), (5, 2), (5, 3))
    assert seats_of(planned, wishes[0]) == [Seat(a_job(7), ConnectionRefused())]
    assert planned.flights[3].seats == (Seat(free),)


def test_each_of_those_that_any_receiver_serves_asks_in_seats_of_its_own() -> None:
    """What one asks for is not what another asks for in the same job."""
    receivers = Wish("receivers", mingling([a_job(n) for n in range(10, 14)]), AnswersError(500))
    wishes = [Wish(str(n), whoever_asks([a_job(n), a_job(n + 1)])) for n in (20, 30, 40)]
    planned = plan([receivers, *wishes])
    for wish in wishes:
        asked = [seat.job.seed for seat in seats_of(planned, wish)]
        assert asked == [job.seed for job in wish.scenario.jobs]
    assert planned.pictures == 6


def test_references_are_made_before_what_is_compared_with_them() -> None:
    early = Wish("early", crowd(4))
    late = [Wish("late", in_quiet(PLAIN)), Wish("late", crowd(10), turn=1)]
    planned = plan([early, *late])
    names = [planned.flights[at].tests for at in planned.flights_of(early.key)]
    assert names == [("late",), ("early", "late")]


def test_the_pictures_are_those_that_a_sound_miner_paints() -> None:
    """Other sizes with the job that follows the last, what fails without. Of ids that are paths one
    is taken at most, and after the others the last of them is followed if it has no picture."""
    usual = a_job(1)
    special = [to_fail(a_job(2)), *other_sizes(lambda: usual, (512, 512))]
    sizes = each_looked_after(special, lambda: a_job(3))
    assert plan([Wish("a", sizes)]).pictures == 0 + 2 + 1
    hostile = each_looked_after(with_hostile_ids(lambda: usual), lambda: a_job(3))
    assert plan([Wish("a", hostile)]).pictures == 1 + 3


def test_a_receiver_that_does_no_harm_is_given_to_a_job_that_is_there() -> None:
    def wish(kind: Expiry) -> Wish:
        job = with_expiry(a_job(5, any_picture=True), kind, timedelta(minutes=10))
        return Wish("expiry", mingling([job]))

    long = Wish("long", mingling([a_job(6, any_picture=True)]), LongAnswer())
    for wishes in ([long, wish(Expiry.AHEAD)], [wish(Expiry.AHEAD), long]):
        planned = plan(wishes)
        (seat,) = planned.flights[0].seats
        assert [seats_of(planned, each) for each in wishes] == [[seat], [seat]]
        assert (seat.nemesis, seat.job.seed) == (LongAnswer(), 5)
    assert plan([long, wish(Expiry.PAST)]).pictures == 2
    refuses = replace(long, nemesis=AnswersError(500))
    assert plan([refuses, wish(Expiry.AHEAD)]).pictures == 2


def test_what_expires_while_it_is_at_work_leaves_before_its_queue_is_long() -> None:
    first = Wish("first", mingling([a_job(7, leaves_first=True)]))
    planned = plan([Wish("early", mingling([a_job(5), a_job(6)])), first])
    assert planned.places[first.key][0] == (0, 0)
    assert planned.flights[0].seats[0].job.seed == 7


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_a_training_comes_between_the_same_jobs_where_those_before_it_are_elsewhere(
    shared: int,
) -> None:
    """Whatever is shared of the first half, the second half comes after the request."""
    quiet, one = in_quiet(PLAIN[:1]).jobs, PLAIN[0]
    training = a_training_request("/train", Moment.HALFWAY)
    beside = one_after_another([*quiet, one, one]).beside(training)
    wishes = [Wish("quiet", one_after_another(quiet[:shared])), Wish("training", beside)]
    flight = plan(wishes).flights[-1]
    (request,) = flight.requests
    at = 0 if request.moment is Moment.BEFORE else len(flight.seats) // 2
    assert [seat.job for seat in flight.seats[at:]] == [one, one]


JOBS = st.sampled_from(
    [*PLAIN, *idle(PLAIN), replace(PLAIN[0], small=True), a_job(4, lora="x"), to_fail(a_job(5))]
)
SHAPES = st.sampled_from([burst, one_after_another, mingling])
NEMESES = st.sampled_from([QUIET, QUIET, AnswersError(500), NoAnswer(1.0), ConnectionRefused()])


@st.composite
def some_wishes(draw: st.DrawFn) -> list[Wish]:
    wishes = []
    for n in range(draw(st.integers(1, 8))):
        scenario = draw(SHAPES)(draw(st.lists(JOBS, max_size=5)))
        in_turn = queued_up(draw(st.lists(st.sampled_from(PLAIN), max_size=5)), 50)
        chosen = draw(st.sampled_from([scenario, scenario, scenario, in_turn]))
        wishes.append(Wish(f"test_{n}", chosen, draw(NEMESES), when=draw(st.integers(0, 1))))
    return wishes


@given(some_wishes())
@settings(max_examples=150, deadline=None)
def test_each_test_is_judged_on_what_it_asked_for(wishes: list[Wish]) -> None:
    planned, apart = plan(wishes), plan(wishes, share=False)
    assert planned.pictures <= apart.pictures
    for wish in wishes:
        seats = seats_of(planned, wish)
        if wish.scenario.any_jobs:
            assert len(seats) == len(wish.scenario.jobs)
            continue
        served = Counter(_asked(seat.job) for seat in seats)
        assert served >= Counter(map(_asked, wish.scenario.jobs))
        assert {seat.nemesis for seat in seats} <= {wish.nemesis}
        assert all(planned.flights[at].when == wish.when for at, _ in planned.places[wish.key])


@given(some_wishes())
@settings(max_examples=50, deadline=None)
def test_a_serial_job_that_is_not_idle_is_in_its_own_flight(wishes: list[Wish]) -> None:
    planned = plan(wishes)
    for wish in wishes:
        for job, (at, _) in zip(wish.scenario.jobs, planned.places[wish.key], strict=False):
            serial = str(wish.scenario.shape) == "one after another"
            if serial and dict(job.tags).get("load") != IDLE and not _repeated(wish, wishes):
                assert planned.flights[at].tests == (wish.test,)


def _repeated(wish: Wish, wishes: list[Wish]) -> bool:
    jobs = list(map(_asked, wish.scenario.jobs))
    return any(list(map(_asked, w.scenario.jobs)) == jobs for w in wishes if w is not wish)


def _asked(job: Job) -> Job:
    tags = tuple(tag for tag in job.tags if tag[0] != "client")
    return replace(job, small=False, brief=False, tags=tags)


def test_jobs_that_are_special_by_their_receiver_ask_for_the_pictures_of_others() -> None:
    hostile = Wish("hostile", mingling([a_job(n, brief=True) for n in (1, 2)]), AnswersError(500))
    edited = Wish("sized", mingling([a_job(3, size=(64, 64))]))
    asking = Wish("asking", whoever_asks([a_job(n).tagged(look="yes") for n in range(10, 13)]))
    planned = plan([hostile, edited, asking])
    (flight,) = planned.flights
    assert len(flight.seats) == 4  # one that asks for a size asks for nothing else
    seats = seats_of(planned, asking)
    assert [seat.job.seed for seat in seats] == [10, 11, 12]
    assert all(dict(seat.job.tags) == {"look": "yes"} for seat in seats)
    assert not any(seat.job.brief for seat in seats)
    assert [seat.nemesis for seat in seats] == [AnswersError(500), AnswersError(500), QUIET]
    assert seats_of(planned, hostile) == seats[:2]
