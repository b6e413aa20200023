"""What is told of a run the moment it is certain: a stall, a lost callback, a damaged picture.

No verdict: what a scenario provokes on purpose is left out, and so is what one look makes doubtful.
"""

from collections import Counter
from collections.abc import Iterator

from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    File,
    GaveUp,
    Polled,
    ScenarioStarted,
    Submitted,
)
from asyncproof.history.history import Recipe, recipe_of
from asyncproof.vocabulary import TERMINAL

MOST = 5  # of one kind in a run; the verdict lists all


class Notices:
    """Takes the events of a run in order, and says what is certain by then. No output."""

    def __init__(self) -> None:
        self._provoked, self._is_provoked = set[str](), False
        self._ended, self._delivered = set[str](), set[str]()
        self._expected: dict[str, bool] = {}
        self._tokens, self._ids = dict[str, str](), dict[str, str]()
        self._asked = dict[str, Recipe]()
        self._owners = dict[str, list[str]]()
        self._told = Counter[str]()
        self._known = set[str]()

    def __call__(self, event: AsyncEvent) -> Iterator[str]:
        """The lines that this event makes certain."""
        self._learn(event)
        for kind, line in self._certain(event):
            self._told[kind] += 1
            if self._told[kind] <= MOST:
                yield line
            if self._told[kind] == MOST:
                yield f"(from here on, {kind} are listed at the end)"

    def _learn(self, event: AsyncEvent) -> None:
        if isinstance(event, ScenarioStarted):
            self._is_provoked = bool(event.provokes)
        elif isinstance(event, Submitted):
            self._tokens[event.token] = event.job
            self._expected[event.job] = event.expects_callback
            self._asked[event.job] = recipe_of(event.request)
            if self._is_provoked or event.provokes:
                self._provoked.add(event.job)
        elif isinstance(event, Answered) and event.job_id:
            self._ids[event.job_id] = event.job
        elif isinstance(event, Polled) and event.status in TERMINAL:
            self._ended.add(event.job)
        elif isinstance(event, Delivered):
            self._learn_of_delivery(event)
        elif isinstance(event, Downloaded) and event.file is not None:
            self._owns(event.file, event.job)

    def _learn_of_delivery(self, event: Delivered) -> None:
        by_id = self._ids.get(event.fields.get("job_id", ""), "")
        job = self._tokens.get(event.token, "") if event.token else by_id
        self._delivered.add(job)
        if event.image is not None:
            self._owns(event.image, job)

    def _owns(self, picture: File, job: str) -> None:
        self._owners.setdefault(picture.sha256, []).append(job)

    def _certain(self, event: AsyncEvent) -> Iterator[tuple[str, str]]:
        if isinstance(event, GaveUp) and event.job not in self._provoked:
            yield from self._given_up(event)
        elif isinstance(event, Polled) and event.job not in self._provoked:
            yield from self._skipped(event)
        elif isinstance(event, Examined) and event.defects:
            owners = self._owners.get(event.sha256, [""])
            yield from self._damaged(event.sha256, owners[0], event.defects[0])
        elif isinstance(event, Compared) and event.difference:
            for owner in self._asked_alike(event)[:1]:
                yield from self._damaged(event.sha256, owner, event.difference)

    def _asked_alike(self, event: Compared) -> list[str]:
        """The jobs with the picture that asked for what a job with the reference had asked for.

        Pictures of others are compared to learn whether a LoRA or a prompt matters.
        """
        owners = self._owners.get(event.sha256, [])
        if event.reference not in self._owners:  # of a run before this one
            return owners or [""]
        asked = {self._asked.get(job) for job in self._owners[event.reference]}
        return [job for job in owners if self._asked.get(job) in asked]

    def _given_up(self, event: GaveUp) -> Iterator[tuple[str, str]]:
        if event.diagnosis is not None and event.diagnosis.life.hung:
            its_id = next((known for known, job in self._ids.items() if job == event.job), None)
            yield "stalls", f"STALL {event.diagnosis.line(event.job, its_id)}"
        elif event.job in self._ended and self._lacks_callback(event.job):
            yield "lost callbacks", f"NO CALLBACK for {event.job} within {event.waited:.1f} s"

    def _skipped(self, event: Polled) -> Iterator[tuple[str, str]]:
        """The miner itself says that it will send none."""
        says = event.callback is not None and event.callback.status == "skipped"
        if says and self._lacks_callback(event.job):
            self._delivered.add(event.job)  # told once
            yield "lost callbacks", f"NO CALLBACK for {event.job}: the miner says 'skipped'"

    def _lacks_callback(self, job: str) -> bool:
        return self._expected.get(job, False) and job not in self._delivered

    def _damaged(self, sha256: str, job: str, why: str) -> Iterator[tuple[str, str]]:
        if sha256 not in self._known and job not in self._provoked:
            self._known.add(sha256)
            yield "damaged pictures", f"DAMAGED picture of {job or 'a job'}: {why}"
