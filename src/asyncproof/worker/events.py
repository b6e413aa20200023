"""All events of a run of workers, as frozen values: the lines of its history.

``worker`` is the suite's name of a worker (``worker-1``), the same in all its events. Times are
seconds since the start of the run, ``took`` and its like are seconds.
"""

from typing import TypeAlias

import msgspec

from asyncproof.harness.history_file import Event, HistoryReader


class WorkerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits for a worker. All in seconds, except ``jitter`` (a share of the interval) and
    ``stale`` (a number of intervals).

    ``slack`` is the time that a busy machine may take to carry a heartbeat or a change of state
    here; it is granted wherever two times are compared.
    """

    interval: float
    jitter: float = 0.25
    slack: float = 0.5
    stale: float = 3.0
    ready: float = 30.0
    endpoint: float = 2.0
    inference: float = 60.0
    stall: float = 10.0
    stop: float = 5.0


class WorkerRunStarted(Event, frozen=True, tag="RunStarted"):
    """The run began; ``wall`` is the Unix time of ``at`` 0. ``schema`` is ``none`` if the worker is
    not expected to send heartbeats."""

    run: str
    wall: float
    profile: str
    schema: str
    limits: WorkerLimits
    settings: dict[str, str]


class HiveStarted(Event, frozen=True):
    worker: str
    url: str


class WorkerStarted(Event, frozen=True):
    """The process runs; ``pid`` as seen from the runner, ``scratch`` its temporary folder."""

    worker: str
    worker_id: str
    pid: int
    url: str
    command: str
    scratch: str = ""


class PhaseBegan(Event, frozen=True):
    """The worker's events belong to this phase until its next one."""

    worker: str
    phase: str


class BecameReady(Event, frozen=True):
    worker: str
    took: float


class NeverReady(Event, frozen=True):
    """The wait for readiness ended without it. ``health`` and ``ready`` are the last answers."""

    worker: str
    took: float
    health: str
    ready: str
    healthy: bool


class HeartbeatReceived(Event, frozen=True):
    """A request reached this worker's hive. ``at`` is when its last byte came.

    ``timestamp`` is Unix time; it, ``worker_id`` and ``state`` are None where the body did not have
    them in a usable form, and ``problems`` says what was wrong with it, field by field.
    ``answered`` is the status code that the hive gave, None for none. ``process``, ``cpu`` and
    ``waited`` are the state of the worker's process at that moment, the processor time that it has
    used, and the time that it has waited for a processor.
    """

    worker: str
    number: int
    path: str
    body: str
    worker_id: str | None = None
    timestamp: float | None = None
    state: str | None = None
    problems: tuple[str, ...] = ()
    answered: int | None = None
    process: str = ""
    cpu: float = 0.0
    waited: float = 0.0


class WorkerAnswered(Event, frozen=True, tag="Answered"):
    """An answer to ``health`` or ``ready``. ``error`` is set where there was none, ``late``
    where it did not come in time."""

    worker: str
    probe: str
    took: float
    status_code: int | None = None
    body: str = ""
    problems: tuple[str, ...] = ()
    error: str = ""
    late: bool = False


class Inferred(Event, frozen=True):
    """A generation. ``style`` is ``json`` or ``stream``; ``purpose`` is ``probe``, ``work`` or the
    name of a benchmark level.

    ``first_token`` is the time (as ``at``) of the first token, or of the answer for ``json``;
    ``longest_gap`` the longest silence after it; ``ends`` counts end marks; ``finished`` tells that
    a finish reason or all tokens had come; ``closed`` that the stream was closed after its end.
    ``late`` is set where a deadline passed: ``answer`` (nothing came at all), ``token`` (silence in
    the middle) or ``whole`` (still going). ``last_token`` is the time of the last token.

    ``limited`` tells that the request said how many tokens it wants, ``counted`` is the worker's
    own count in a stream, ``sums`` what is wrong within its counts. ``reason_owed`` tells that the
    profile says where a stream's finish reason stands. ``encoding`` says which bytes are no UTF-8.
    """

    worker: str
    style: str
    purpose: str
    began: float
    max_tokens: int
    status_code: int | None = None
    text: str = ""
    tokens: int = 0
    finish_reason: str = ""
    first_token: float | None = None
    longest_gap: float = 0.0
    ends: int = 0
    finished: bool = False
    closed: bool = False
    problems: tuple[str, ...] = ()
    error: str = ""
    late: str = ""
    last_token: float | None = None
    limited: bool = False
    counted: int | None = None
    sums: str = ""
    reason_owed: bool = False
    encoding: tuple[str, ...] = ()


class HungUp(Event, frozen=True):
    """A client hung up during its answer: after the first token of a ``stream``, or while a
    ``json`` answer was generated."""

    worker: str
    style: str
    began: float


class RunnerStalled(Event, frozen=True):
    """The suite itself did not run for ``seconds`` before ``at``: the machine was too busy. Limits
    are extended by that time."""

    seconds: float


class HiveTurned(Event, frozen=True):
    """From now on the hive behaves like this (``ok`` again at the end of each hostile act)."""

    worker: str
    mode: str


class Signalled(Event, frozen=True):
    """The suite stopped (SIGSTOP) or continued (SIGCONT) the worker's process."""

    worker: str
    signal: str


class WorkerEnded(Event, frozen=True):
    """The process ended. ``asked``: the suite had asked for it, and it ``took`` this long; ``code``
    is negative for a signal."""

    worker: str
    asked: bool
    code: int | None
    status: str
    took: float = 0.0
    forced: bool = False
    left_behind: tuple[str, ...] = ()


class LogTail(Event, frozen=True):
    """The last lines that the worker printed."""

    worker: str
    lines: tuple[str, ...]


class WorkerRunEnded(Event, frozen=True, tag="RunEnded"):
    """The last event of a run that was not killed; ``incomplete`` says why it ended early."""

    incomplete: str = ""


WorkerEvent: TypeAlias = (
    WorkerRunStarted
    | HiveStarted
    | WorkerStarted
    | PhaseBegan
    | BecameReady
    | NeverReady
    | HeartbeatReceived
    | WorkerAnswered
    | Inferred
    | HungUp
    | RunnerStalled
    | HiveTurned
    | Signalled
    | WorkerEnded
    | LogTail
    | WorkerRunEnded
)

reader: HistoryReader[WorkerEvent] = HistoryReader(WorkerEvent)
