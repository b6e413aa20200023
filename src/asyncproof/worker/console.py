"""Prints a run for people, as it happens and at its end. Pure: events in, lines out.

A line is a mark and a text; the mark (``ok``, ``bad``, ``head`` or none) becomes colour on a
terminal and nothing elsewhere.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncproof.harness.verdict import Verdict
from asyncproof.worker import events as ev
from asyncproof.worker.checks.hive import gaps
from asyncproof.worker.plan import NO_MODEL
from asyncproof.worker.record import (
    ENDPOINTS,
    FIRST,
    HANG_UP,
    REST,
    STOPPED,
    STOPPING,
    WATCH,
    WORK,
    WorkerHistory,
    WorkerRecord,
)


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    mark: str = ""


RULE = "=" * 34
FIRST_BEATS, BEATS = 3, 20  # heartbeats of a hive's log that are shown, from each end
PHASES = {
    FIRST: "Requesting a first answer",
    ENDPOINTS: "Testing the health, ready and inference endpoints",
    WORK: "Keeping the worker busy",
    REST: "Leaving the worker idle",
    STOPPED: "Pausing the worker's process for a while",
    HANG_UP: "Hanging up during answers",
    STOPPING: "Asking the worker to stop",
}


class WorkerConsole:
    """Prints a run while it happens. Good answers are printed only in the endpoints phase."""

    def __init__(self) -> None:
        self._run: ev.WorkerRunStarted | None = None
        self._hives: dict[str, str] = {}
        self._phases: dict[str, str] = {}

    def told(self, event: ev.WorkerEvent) -> Iterator[Line]:
        """The lines for this event; most have none."""
        match event:
            case ev.WorkerRunStarted():
                self._run = event
                yield from _run(event)
            case ev.HiveStarted():
                self._hives[event.worker] = event.url
                yield Line("")
                yield Line(f"{event.worker}: mock hive listens on {event.url}", "ok")
            case ev.WorkerStarted() if self._run is not None:
                yield from _worker(event, self._run, self._hives[event.worker])
            case ev.PhaseBegan() if self._run is not None:
                self._phases[event.worker] = event.phase
                yield Line("")
                yield Line(f"{event.worker}: {_phase(event.phase, self._run)} ...", "head")
            case ev.WorkerAnswered() | ev.Inferred():
                yield from self._answer(event)
            case _:
                yield from _step(event)

    def _answer(self, event: ev.WorkerAnswered | ev.Inferred) -> Iterator[Line]:
        asked_once = self._phases.get(event.worker) == ENDPOINTS
        if asked_once or event.error or event.problems or event.status_code != 200:
            yield from _answer(event)


def _run(event: ev.WorkerRunStarted) -> Iterator[Line]:
    model, backend, device = (event.settings[name] for name in ("model", "backend", "device"))
    yield Line("Worker Isolation Test", "head")
    yield Line(RULE)
    yield Line("Model:   none" if model == NO_MODEL else f"Model found: {model}")
    yield Line(f"Backend: {backend} (device {device})")
    yield Line(f"Profile: {event.profile}")


def _worker(event: ev.WorkerStarted, run: ev.WorkerRunStarted, hive: str) -> Iterator[Line]:
    yield Line(f"{event.worker}: started (PID {event.pid})", "ok")
    yield Line(f"   Worker ID: {event.worker_id}")
    yield Line(f"   Model:     {run.settings['model']}")
    yield Line(f"   Backend:   {run.settings['backend']}")
    yield Line(f"   Address:   {event.url}")
    yield Line(f"   Hive URL:  {hive}")
    yield Line(f"   Command:   {event.command}")
    yield Line("")
    ready = f"Waiting for the worker to be ready (timeout: {run.limits.ready:g} s)"
    yield Line(f"{event.worker}: {ready} ...", "head")


def _phase(name: str, run: ev.WorkerRunStarted) -> str:
    if name == WATCH:
        return f"Waiting for heartbeats ({run.settings.get('watch', '?')} seconds)"
    return PHASES.get(name, f"A misbehaving hive: {name.removeprefix('hive ')}")


def _step(event: ev.WorkerEvent) -> Iterator[Line]:
    match event:
        case ev.BecameReady():
            yield Line(f"{event.worker}: ready after {event.took:.2f} s", "ok")
        case ev.NeverReady():
            yield Line(f"{event.worker}: not ready after {event.took:.1f} s", "bad")
            yield Line(f"   health said: {event.health}")
            yield Line(f"   ready said:  {event.ready}")
        case ev.WorkerEnded():
            yield from _end(event)


def _answer(event: ev.WorkerAnswered | ev.Inferred) -> Iterator[Line]:
    problem = event.error or "; ".join(event.problems)
    if isinstance(event, ev.Inferred):
        name, body = f"inference ({event.style})", _generation(event)
    else:
        name, body = event.probe, event.body
    bad = bool(problem) or event.status_code != 200
    how = f"failed: {problem or event.status_code}" if bad else f"answered {event.status_code}"
    yield Line(f"{event.worker}: {name} {how}", "bad" if bad else "ok")
    yield from (Line(f"   {line}") for line in _pretty(body).splitlines())


def _pretty(body: str) -> str:
    """JSON indented for people; anything else unchanged."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


def _generation(event: ev.Inferred) -> str:
    text = event.text if len(event.text) <= 60 else f"{event.text[:60]}..."
    parts = {"text": text, "tokens": event.tokens, "finish_reason": event.finish_reason}
    return json.dumps(parts, ensure_ascii=True)


def _end(event: ev.WorkerEnded) -> Iterator[Line]:
    how = "ended by itself" if not event.asked else f"stopped in {event.took:.2f} s"
    how += ", with SIGKILL" * event.forced
    yield Line(f"{event.worker}: {how} ({event.status})", "ok" if event.asked else "bad")


def closing(record: WorkerHistory, verdict: Verdict) -> Iterator[Line]:
    """Logs, summary and cleanup, after the run."""
    for worker in record.workers:
        yield Line("")
        count, shown = len(worker.beats), worker.beats
        if count > FIRST_BEATS + BEATS:
            shown = [*shown[:FIRST_BEATS], *shown[-BEATS:]]
        part = f"{len(shown)} of {count}, the first and the last"
        which = part if len(shown) < count else str(count)
        yield Line(f"Hive log of {worker.name} ({which} heartbeats):", "head")
        for beat in shown:
            yield from _beat(record, beat)
        tail = worker.last(ev.LogTail)
        yield Line("")
        yield Line(f"Log of {worker.name} (last 30 lines):", "head")
        for line in tail.lines if tail else ():
            yield Line(f"   {line}")
    yield Line("")
    yield Line("Test Summary", "head")
    yield Line(RULE)
    yield from _summary(record, verdict)


def _beat(record: WorkerHistory, beat: ev.HeartbeatReceived) -> Iterator[Line]:
    clock = datetime.fromtimestamp(record.run.wall + beat.at).strftime("%H:%M:%S")
    state = beat.state or "?"
    answered = f"answered {beat.answered}" if beat.answered else "not answered"
    yield Line(
        f"   [{clock}] Heartbeat #{beat.number} from worker: {beat.worker_id}  State: {state}, "
        f"{answered}",
        "bad" if beat.problems else "",
    )


def _summary(record: WorkerHistory, verdict: Verdict) -> Iterator[Line]:
    for worker in record.workers:
        for gap in gaps(record, worker):
            back = "none" if gap.seconds is None else f"{gap.seconds:.2f} s"
            yield Line(f"{worker.name}: hive {gap.mode}: first heartbeat after its return: {back}")
        yield from _lost_characters(worker)
    for result in verdict.results:
        text = f"{', '.join(result.clauses)} {result.check.replace('_', ' ')}: {result.outcome}"
        mark = {"PASS": "ok", "FAIL": "bad"}.get(result.outcome, "")
        why = f" ({result.reason})" if result.reason and not result.judged else ""
        yield Line(text + why, mark)
        for finding in result.findings[:5]:
            yield Line(f"   {verdict.level(finding)} {finding}", "bad")
            if finding.advice:
                yield Line(f"      {finding.advice}")
        if len(result.findings) > 5:
            yield Line(f"   and {len(result.findings) - 5} more like these")
        for line in result.crash.splitlines():
            yield Line(f"   {line}", "bad")


def _lost_characters(worker: WorkerRecord) -> Iterator[Line]:
    """A model may generate U+FFFD itself, so this is a note and not a finding (but see INF-9)."""
    texts = [g.text for g in worker.inferred if g.text]
    lost = [text for text in texts if "\ufffd" in text]
    if lost:
        told = f"{len(lost)} of {len(texts)} texts have replacement characters (U+FFFD)"
        yield Line(f"{worker.name}: {told}, as in {lost[0][:40]!a}")


def cleaned(left: Sequence[str]) -> Iterator[Line]:
    """What happened to everything that was started."""
    yield Line("")
    yield Line("Cleaning up ...", "head")
    yield from (Line(f"   left behind: {what}", "bad") for what in left)
    if not left:
        yield Line("Cleanup complete: no process, port or temporary file is left", "ok")
    yield Line("")


def ending(verdict: Verdict) -> Line:
    """The last line of a run."""
    if verdict.passed:
        return Line("Isolation test complete - ALL TESTS PASSED!", "ok")
    broken = sorted({finding.clause for finding in verdict.failures})
    why = f": {', '.join(broken)}" if broken else f" {verdict.incomplete}".rstrip()
    return Line(f"Isolation test complete - {verdict.outcome}{why}", "bad")
