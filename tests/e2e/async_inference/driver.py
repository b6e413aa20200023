"""Many jobs in flight over few connections: one heap of due times, one event loop.

The driver sends what the scenario says, polls each job until it has settled, fetches the results
and hands everything it saw to ``record``. It judges nothing.
"""

import asyncio
import heapq
import itertools
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from urllib.parse import quote

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.beside import Beside
from tests.e2e.async_inference.events import (
    Answered,
    Downloaded,
    File,
    GaveUp,
    Submitted,
)
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.flight import Act, Assignment, Flight, Pace, Step
from tests.e2e.async_inference.liveness import Clocks
from tests.e2e.async_inference.poller import Poller
from tests.e2e.async_inference.scenario import CallbackTo, Moment, Scenario
from tests.harness.history import Event

Keep = Callable[[bytes, str], Awaitable[File]]

DOWNLOADED_TWICE = 3
NAMED_URLS_TRIED = 3


class Driver:
    """Runs one scenario against one miner.

    ``clock`` gives seconds since the start of the run; ``record`` takes every event; ``keep``
    stores a downloaded picture and says where it lies.
    """

    def __init__(
        self,
        exchange: Exchange,
        paths: protocol.Paths,
        pace: Pace,
        *,
        clock: Callable[[], float],
        record: Callable[[Event], None],
        keep: Keep,
    ) -> None:
        self._exchange, self._paths, self._pace = exchange, paths, pace
        self._clock, self._record, self._keep = clock, record, keep
        self._poller = Poller(exchange, paths, clock=clock, record=record)
        self._heap: list[tuple[float, int, int, Flight]] = []
        self._order = itertools.count()
        self._by_key: dict[str, Flight] = {}
        self._in_flight = 0
        self._given_up = False
        self.ended: list[Flight] = []
        self._refused: list[tuple[Assignment, Answered]] = []
        self._first: Flight | None = None
        self._worked = -inf
        self._due_changed, self._landed = asyncio.Event(), asyncio.Event()

    async def run(self, scenario: Scenario, assignments: list[Assignment]) -> None:
        """Send everything, and return when every job has settled or was given up."""
        self._scenario = scenario
        secrets = {one.callback.secret for one in assignments if one.callback}
        self._beside = Beside(self._exchange, scenario.requests, secrets, self._record)
        await self._send_requests(Moment.BEFORE)
        async with asyncio.TaskGroup() as self._tasks:
            self._endless = [self._tasks.create_task(self._poll_due_jobs())]
            await self._send(assignments)
            while self._in_flight:
                await self._one_landed()
            for task in self._endless:
                task.cancel()
        await asyncio.gather(*map(self._revisit, self.ended))
        await self._follow_named_urls()
        await self._download_again()
        for assignment, answered in self._refused:
            await self._beside.ask_for_refused(assignment, answered, self._paths)
        await self._send_requests(Moment.AFTER)

    def delivered(self, token: str | None, job_id: str) -> None:
        """A callback came in: look at its job soon. Call it from the loop of :meth:`run`."""
        flight = self._by_key.get(token or job_id)
        if flight is not None:
            flight.delivered(self._clock())
            self._plan(flight)

    async def _send(self, assignments: list[Assignment]) -> None:
        began, shape = self._clock(), self._scenario.shape
        for sent, assignment in enumerate(assignments):
            if self._scenario.until_given_up and self._given_up:
                return
            while (wait := shape.wait(self._clock() - began, sent, self._in_flight)) != 0:
                await (self._one_landed() if wait is None else asyncio.sleep(wait))
            if sent == len(assignments) // 2:
                await self._send_requests(Moment.HALFWAY)
            self._in_flight += 1
            self._tasks.create_task(self._submit(assignment))

    async def _submit(self, assignment: Assignment) -> None:
        job = assignment.job
        body = protocol.submission_body(job, assignment.callback, datetime.now(UTC))
        submitted = Submitted(
            at=self._clock(),
            job=assignment.name,
            token=assignment.token,
            request=protocol.recordable(body),
            expects_callback=job.callback is not CallbackTo.NOWHERE,
            tags=dict(job.tags),
        )
        self._record(submitted)
        content = json.dumps(body).encode()
        answer = await self._exchange.ask("POST", self._paths.submit, content, "application/json")
        secret = assignment.callback.secret if assignment.callback else ""
        answered = protocol.read_submission(assignment.name, answer, secret, self._clock())
        self._record(answered)
        if protocol.accepted(answered) and answered.job_id is not None:
            clocks = Clocks.started(submitted.at)
            self._take_off(Flight(assignment, answered, answered.job_id, clocks))
        else:
            self._refused.append((assignment, answered))
            self._land()

    def _take_off(self, flight: Flight) -> None:
        for key in filter(None, (flight.assignment.token, flight.job_id)):
            self._by_key[key] = flight
        self._push(flight, self._clock())
        if self._first is None:
            self._first = flight
            self._tasks.create_task(self._send_during(flight))

    async def _poll_due_jobs(self) -> None:
        while True:
            self._due_changed.clear()
            wait = self._heap[0][0] - self._clock() if self._heap else None
            if wait is None or wait > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._due_changed.wait(), wait)
                continue
            _, _, turn, flight = heapq.heappop(self._heap)
            if turn == flight.turn:
                self._tasks.create_task(self._poll(flight))

    async def _poll(self, flight: Flight) -> None:
        turn = flight.turn
        await self._look(flight)
        if turn == flight.turn:
            self._plan(flight)

    async def _look(self, flight: Flight) -> None:
        await self._poller.look(flight, flight.patience(self._clock(), self._pace))

    def _plan(self, flight: Flight) -> None:
        if flight.over:
            return
        self._worked = max(self._worked, flight.clocks.miner_worked)
        step = flight.next_step(self._clock(), self._pace, self._worked)
        if step.act is Act.POLL:
            self._push(flight, step.at)
            return
        flight.turn += 1
        flight.over = True
        if step.act is Act.GIVE_UP:
            self._give_up(flight, step)
        self._tasks.create_task(self._fetch(flight))

    def _push(self, flight: Flight, due: float) -> None:
        flight.turn += 1
        heapq.heappush(self._heap, (due, next(self._order), flight.turn, flight))
        self._due_changed.set()

    def _give_up(self, flight: Flight, step: Step) -> None:
        self._poller.flush(flight)
        now = self._clock()
        gave_up = GaveUp(
            at=now,
            job=flight.assignment.name,
            waiting_for=step.waiting_for,
            last_state=flight.clocks.status or "none",
            waited=now - flight.clocks.began,
            diagnosis=step.diagnosis,
        )
        self._record(gave_up)
        self._given_up = True

    async def _fetch(self, flight: Flight) -> None:
        """Fetch what a completed job promised; then the job has ended."""
        if flight.last is not None and flight.last.status == "completed":
            await self._download(flight, "result", self._result_path(flight))
            if flight.last.image_url:
                await self._download(flight, "image_url", flight.last.image_url)
        self._poller.flush(flight)
        self.ended.append(flight)
        self._land()

    def _result_path(self, flight: Flight) -> str:
        return self._paths.result(quote(flight.job_id, safe=""))

    async def _download(self, flight: Flight, what: str, path: str) -> None:
        answer = await self._exchange.ask("GET", path)
        good = answer.status_code == 200 and not answer.error
        file = await self._keep(answer.body, answer.content_type) if good else None
        downloaded = Downloaded(
            at=self._clock(),
            job=flight.assignment.name,
            what=what,
            url=path,
            took=answer.took,
            status_code=answer.status_code,
            file=file,
            error=answer.error,
        )
        self._record(downloaded)

    def _land(self) -> None:
        self._in_flight -= 1
        self._landed.set()

    async def _one_landed(self) -> None:
        self._landed.clear()
        await self._landed.wait()

    async def _revisit(self, flight: Flight) -> None:
        """Look once more at a job that ended: its state and its result are final."""
        if self._recent(flight):
            await self._look(flight)
            self._poller.flush(flight)

    async def _download_again(self) -> None:
        completed = [f for f in self.ended if f.last and f.last.status == "completed"]
        for flight in list(filter(self._recent, completed))[-DOWNLOADED_TWICE:]:
            await self._download(flight, "result again", self._result_path(flight))

    def _recent(self, flight: Flight) -> bool:
        return flight.ended_lately(self._clock())

    async def _follow_named_urls(self) -> None:
        """Go where the submission answers said that status and result are."""
        for flight in list(filter(self._recent, self.ended))[-NAMED_URLS_TRIED:]:
            await self._beside.follow_status_url(flight)
            if flight.answered.result_url and flight.last and flight.last.status == "completed":
                await self._download(flight, "result_url", flight.answered.result_url)

    async def _send_requests(self, moment: Moment) -> None:
        for request in self._beside.at(moment):
            await self._beside.send(request, self._first.job_id if self._first else "")

    async def _send_during(self, flight: Flight) -> None:
        """Each request, and then a poll that shows whether the first job was still in flight."""
        for request in self._beside.at(Moment.DURING):
            await self._beside.send(request, flight.job_id)
            self._poller.flush(flight)
            flight.last_answer = None
            await self._look(flight)
            if request.every and self._in_flight:
                again = self._beside.repeat(request, flight.job_id)
                self._endless.append(self._tasks.create_task(again))
