"""Everything that a run can record, as frozen values; the history file is a list of these.

``job`` is the suite's own name of a job (``job_003``), the same in every event of that job; the id
that the miner gave it stands in :class:`Answered`. Times are seconds since the start of the run.
Secrets never enter an event.
"""

from typing import Any, TypeAlias

import msgspec

from tests.e2e.async_inference.diagnosis import Diagnosis
from tests.harness.history import Event, HistoryReader


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture that was kept: where it lies (relative to the run's folder) and what it is."""

    path: str
    sha256: str
    size: int
    content_type: str = ""
    filename: str = ""


class RunStarted(Event, frozen=True):
    """The run began; ``wall`` is the Unix time of ``at`` 0."""

    run: str
    seed: int
    wall: float
    target: str
    settings: dict[str, str]


class ScenarioStarted(Event, frozen=True):
    """From here to the next ScenarioStarted, events belong to this scenario."""

    name: str
    nemesis: str
    jobs: int
    shape: str


class ScenarioEnded(Event, frozen=True):
    name: str


class RunEnded(Event, frozen=True):
    """The last event of a run that was not cut off; ``incomplete`` says why it ended early."""

    incomplete: str = ""


class Submitted(Event, frozen=True):
    """A job left for the miner. ``request`` is the body without the secret; ``token`` names its
    callback url and so its job, whatever id the miner gives it."""

    job: str
    token: str
    request: dict[str, Any]
    expects_callback: bool = True
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class Answered(Event, frozen=True):
    """What the miner said to the submission. ``error`` is set where there was no HTTP answer.

    ``took`` is in seconds; ``problems`` lists what was wrong with the body, field by field.
    """

    job: str
    took: float
    status_code: int | None = None
    job_id: str | None = None
    status: str | None = None
    status_url: str | None = None
    result_url: str | None = None
    accepted: bool | None = None
    leaks_secret: bool = False
    body: str = ""
    problems: tuple[str, ...] = ()
    error: str = ""


class CallbackSection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The miner's own statement about its callback, from the polled status."""

    status: str | None = None
    status_code: int | None = None
    response_preview: str | None = None
    attempted_at: str | None = None
    payload_status: str | None = None
    error: str | None = None


class Polled(Event, frozen=True):
    """A polled status that differs from the one before it, or the first one after a request beside
    the jobs. Equal ones follow as Unchanged. ``body`` is the start of an answer other than 200."""

    job: str
    took: float
    status_code: int | None = None
    job_id: str | None = None
    status: str | None = None
    progress: float | None = None
    queued_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    failed_at: str | None = None
    result_url: str | None = None
    image_url: str | None = None
    job_error: str | None = None
    callback: CallbackSection | None = None
    leaks_secret: bool = False
    body: str = ""
    problems: tuple[str, ...] = ()
    error: str = ""


class Unchanged(Event, frozen=True):
    """``count`` polls between ``since`` and ``at`` said what the last Polled of this job said;
    the slowest took ``slowest`` seconds."""

    job: str
    since: float
    count: int
    slowest: float


class Delivered(Event, frozen=True):
    """A request reached the callback server: one delivery attempt of the miner, as received.

    ``token`` is from the url (None: the plain ``/callback``). ``secret`` is one of ``match``,
    ``missing``, ``wrong``, or ``of TOKEN`` where it is the secret of another job. ``fields`` are
    the text fields of the form. ``answered`` is the status code that our server sent, None where it
    sent none; ``answer`` the first 500 characters of its body; ``stored`` whether all of it is on
    disk. ``began`` and ``at`` are the times of the first and last byte. ``problems`` lists what was
    wrong with a well-formed request; ``broken`` why it could not be read to its end. ``nemesis``
    tells that the answer was a hostile act of ours.
    """

    number: int
    began: float
    method: str
    path: str
    token: str | None
    secret: str
    fields: dict[str, str]
    content_type: str = ""
    user_agent: str = ""
    image: File | None = None
    answered: int | None = None
    answer: str = ""
    stored: bool = False
    problems: tuple[str, ...] = ()
    broken: str = ""
    nemesis: str = ""


class Downloaded(Event, frozen=True):
    """An artifact fetched from the miner: ``what`` is ``result`` or ``image_url``."""

    job: str
    what: str
    url: str
    took: float
    status_code: int | None = None
    file: File | None = None
    error: str = ""


class Examined(Event, frozen=True):
    """What the picture with this hash is where ``width`` × ``height`` pixels were asked for.

    Judged once, however many jobs delivered it. ``defects`` are those of the file, exactly;
    ``suspicions`` are what a look at the picture alone makes doubtful, in words, and ``signs`` the
    kinds of evidence; ``rule`` is the first of the six simple rules that it broke, looked for only
    where there is a suspicion.
    """

    sha256: str
    width: int
    height: int
    defects: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    rule: str = ""


class Learned(Event, frozen=True):
    """How repeatable the miner is, from requests that were made twice in quiet.

    ``tolerance`` (of a pixel) and ``drift`` (of the mean of a small cell) are in levels of 0 to
    255; a ``tolerance`` of None says that its pictures cannot be compared. ``distance`` is the
    largest difference of a pixel that was seen, None where none could be measured. ``told`` says
    it in words.
    """

    tolerance: int | None
    told: str
    drift: float | None = None
    distance: int | None = None


class Compared(Event, frozen=True):
    """A picture beside its quiet twin. ``difference`` says where and what; empty where they agree
    within the tolerance."""

    sha256: str
    twin: str
    difference: str = ""


class Probed(Event, frozen=True):
    """A request outside the life of a job (health, a bad body, an unknown id, training).

    ``probe`` names it; ``body`` is the start of the answer, ``job_id`` the job that the answer
    names, if it does. ``leaks_secret``: a job's secret stands in the answer.
    """

    probe: str
    method: str
    path: str
    took: float
    status_code: int | None = None
    job_id: str | None = None
    leaks_secret: bool = False
    body: str = ""
    error: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


REFUSES_CONNECTIONS = "refuses connections"
ACCEPTS_AGAIN = "accepts connections again"
CAME_ELSEWHERE = "came to another host"


class NemesisActed(Event, frozen=True):
    """A hostile act of ours, so that nobody takes its effect for the miner's fault.

    ``act`` tells it to people; the checks know :data:`REFUSES_CONNECTIONS`, :data:`ACCEPTS_AGAIN`
    and, as a part, :data:`CAME_ELSEWHERE`. ``leaked``: the miner followed a redirect and sent the
    secret to another host.
    """

    nemesis: str
    act: str
    token: str | None = None
    leaked: bool = False


class GaveUp(Event, frozen=True):
    """A wait that ended without what it waited for; ``diagnosis`` where the job had not ended."""

    job: str
    waiting_for: str
    last_state: str
    waited: float
    diagnosis: Diagnosis | None = None


class Judged(Event, frozen=True):
    """Which checks were applied to the scenario before this event, so that they can be again."""

    scenario: str
    checks: tuple[str, ...]


AsyncEvent: TypeAlias = (
    RunStarted
    | ScenarioStarted
    | ScenarioEnded
    | RunEnded
    | Submitted
    | Answered
    | Polled
    | Unchanged
    | Delivered
    | Downloaded
    | Examined
    | Learned
    | Compared
    | Probed
    | NemesisActed
    | GaveUp
    | Judged
)

reader: HistoryReader[AsyncEvent] = HistoryReader(AsyncEvent)
