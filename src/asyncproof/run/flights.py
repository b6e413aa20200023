"""The flights of a run: what the plan says, which of them were run, and who flew in them."""

from collections.abc import Iterator, Sequence

from asyncproof.history.build import of_jobs
from asyncproof.history.history import History
from asyncproof.run.plan import Flight, Plan, plan
from asyncproof.run.seats import Key, Wish


class Flights:
    """Each flight is run once, when the first test asks for it.

    A wish that is not in the plan has a flight of its own: of a test that could not be rehearsed,
    or once nothing is shared any more (:meth:`apart`).
    """

    def __init__(self, planned: Plan) -> None:
        self.plan = planned
        self._flown: dict[int, tuple[str, ...]] = {}
        self._apart: dict[Key, tuple[str, ...]] = {}

    def to_be_run(self, wish: Wish, *, apart: bool = False) -> list[Flight]:
        """What has to be run before this wish can be judged; with ``apart``, or where the plan does
        not have it, a flight of its own."""
        if wish.key in self._apart:
            return []
        needed = self.plan.flights_of(wish.key) if wish.key in self.plan.places else None
        missing = [at for at in needed or () if at not in self._flown]
        if needed is None or (apart and missing):
            self._apart[wish.key] = ()
            return list(plan([wish], share=False).flights)
        return [self.plan.flights[at] for at in missing]

    def was_run(self, wish: Wish, flight: Flight, names: tuple[str, ...]) -> None:
        """``names`` are those of the jobs, in the order of the seats."""
        if wish.key in self._apart:
            self._apart[wish.key] = names
        else:
            self._flown[self.plan.flights.index(flight)] = names

    def history(self, wish: Wish, parts: Sequence[History]) -> History:
        """What there is to judge of this wish; ``parts`` are the scenarios of the run so far."""
        found = of_jobs(parts, set(self._names(wish)))
        if found is not None:
            return found
        titled = [part for part in parts if part.scenario and part.scenario.name == wish.test]
        return titled[-1]  # of requests alone

    def _names(self, wish: Wish) -> Iterator[str]:
        if wish.key in self._apart:
            yield from self._apart[wish.key]
            return
        for flight, seat in self.plan.places[wish.key]:
            yield self._flown[flight][seat]
