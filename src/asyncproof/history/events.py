"""Everything that a run can record, as frozen values; the history file is a list of these.

``job`` is the suite's own name of a job (``job_003``), the same in every event of that job; the id
that the miner gave it stands in :class:`Answered`. Times are seconds since the start of the run.
Secrets never enter an event.
"""

from enum import StrEnum
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import force_setattr

from asyncproof.harness.history_file import Event, HistoryReader
from asyncproof.history.job_health import Diagnosis


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture that was kept: where it lies (relative to the run's folder) and what it is."""

    path: str
    sha256: str
    size: int
    content_type: str = ""
    filename: str = ""


class Spoken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The dialect of the server, as far as checks and reports have to know it.

    ``name`` is that of its profile, ``submit`` method and path of a submission; ``lacks`` is what a
    server of this kind does not have, by :class:`Need`, with the reason; ``levels`` are those of
    clauses that differ; ``headers`` go with a submission, of which those that are keys are empty;
    ``callback`` says what a callback is (``multipart``, ``json``, or empty);
    ``notices``: callbacks come about other events than the end, too; ``retry_within``: a delivery
    that was not taken is promised again within so many seconds; ``words`` are its own words
    for those of docs/protocol.md, and ``fields`` its own names of fields, in the ``request``, the
    ``answer`` to it, the ``status`` and the ``callback``.
    """

    name: str
    submit: str
    lacks: dict[str, str] = msgspec.field(default_factory=dict)
    levels: dict[str, str] = msgspec.field(default_factory=dict)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    callback: str = ""
    notices: bool = False
    retry_within: float | None = None
    words: dict[str, str] = msgspec.field(default_factory=dict)
    fields: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)


class RunStarted(Event, frozen=True):
    """The run began; ``wall`` is the Unix time of ``at`` 0. ``dialect``: None in histories of
    before there were several."""

    run: str
    seed: int
    wall: float
    target: str
    settings: dict[str, str]
    dialect: Spoken | None = None


class Listening(Event, frozen=True):
    """Where our own callback server listens, and which url the miner is told for it."""

    told: str
    host: str
    port: int


class ScenarioStarted(Event, frozen=True):
    """From here to the next ScenarioStarted, events belong to this scenario.

    ``provokes`` is what it does on purpose to all of its jobs; None in histories of before this was
    recorded.
    """

    name: str
    nemesis: str
    jobs: int
    shape: str
    provokes: tuple[str, ...] | None = None


class ScenarioEnded(Event, frozen=True):
    name: str


class RunEnded(Event, frozen=True):
    """The last event of a run that was not cut off; ``incomplete`` says why it ended early."""

    incomplete: str = ""


class Submitted(Event, frozen=True):
    """A job left for the miner. ``request`` is what it asks for, without the secret; ``sent`` the
    body where that is another one. ``token`` names its callback url and so its job, whatever id the
    miner gives it. ``provokes`` is what a sound miner may do differently because of what is special
    about it."""

    job: str
    token: str
    request: dict[str, Any]
    expects_callback: bool = True
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    provokes: tuple[str, ...] = ()
    sent: dict[str, Any] | None = None


class Answered(Event, frozen=True):
    """What the miner said to the submission. ``error`` is set where there was no HTTP answer.

    ``took`` is in seconds; ``problems`` lists what was wrong with the body, field by field;
    ``redirected_to`` is the url that answered, where the documented one redirects.
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
    redirected_to: str = ""

    @property
    def takes_the_job(self) -> bool:
        """Whether the miner took it: a 2xx answer with an id, and no ``accepted: false``."""
        good = self.status_code is not None and 200 <= self.status_code < 300
        return good and self.job_id is not None and self.accepted is not False


class ToldToWait(Event, frozen=True):
    """The miner answered 429 and said when to ask again; it was asked again then.

    ``what`` is ``submission`` or ``status``; ``wait`` is in seconds.
    """

    job: str
    what: str
    wait: float


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
    the jobs. Equal ones follow as Unchanged. ``seed`` is the one that the miner says it used.
    ``body`` is the start of an answer other than 200. ``by_callback``: a callback told it, of a
    server that cannot be asked."""

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
    seed: int | None = None
    job_error: str | None = None
    callback: CallbackSection | None = None
    leaks_secret: bool = False
    body: str = ""
    problems: tuple[str, ...] = ()
    error: str = ""
    by_callback: bool = False


class Unchanged(Event, frozen=True):
    """``count`` polls between ``since`` and ``at`` said what the last Polled of this job said;
    the slowest took ``slowest`` seconds."""

    job: str
    since: float
    count: int
    slowest: float


class AttemptFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is known of one delivery attempt of the miner, as our callback server received it.

    ``token`` is from the url (None: the plain ``/callback``). ``secret`` says how the secret
    compared: ``match``, ``missing``, ``wrong``, or ``foreign``, and then ``secret_owner`` is the
    token of the job whose secret it is. ``fields`` are the text fields of the form. ``answered`` is
    the status code that our server sent, None where it sent none; ``answer`` the first 500
    characters of its body; ``stored`` whether all of it is on disk. ``problems`` lists what was
    wrong with a well-formed request, ``form_problems`` what is wrong with the form itself, also
    where it is none; ``broken`` why it could not be read to its end; ``another_boundary``: its
    boundary is not that of the header; ``went_away``: the miner closed the connection before it was
    answered. ``nemesis`` tells that the answer was a hostile act of ours. ``delivery_id`` is the
    same in each repeat of a delivery, where the miner promises to deliver at least once.
    """

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
    form_problems: tuple[str, ...] = ()
    broken: str = ""
    another_boundary: bool = False
    went_away: bool = False
    nemesis: str = ""
    secret_owner: str | None = None
    delivery_id: str = ""


# No Event, which has a field of its own: structs that have fields cannot be joined in a third.
class Delivered(AttemptFacts, frozen=True, kw_only=True, tag=True):
    """A request reached the callback server: one delivery attempt, numbered from 1.

    ``began`` and ``at`` are the times of the first and last byte.
    """

    at: float
    number: int
    began: float

    @property
    def was_failed(self) -> bool:
        """Our receiver failed it on purpose: it answered 5xx or nothing at all, so that a sender
        that tries again has to."""
        return bool(self.nemesis) and (self.answered is None or self.answered >= 500)

    def __post_init__(self) -> None:
        """Histories of before version 0.1 have these facts in their sentences only."""
        if self.secret.startswith("of "):
            force_setattr(self, "secret_owner", self.secret.removeprefix("of "))
            force_setattr(self, "secret", "foreign")
        if self.broken.endswith("closed the connection before it was answered"):
            force_setattr(self, "went_away", True)
        if self.broken.endswith("with the boundary that Content-Type names"):
            force_setattr(self, "another_boundary", True)
        if self.problems and not self.form_problems:
            signs = (" came ", " was sent as a file", " is not UTF-8", "image is empty")
            about = tuple(p for p in self.problems if any(sign in p for sign in signs))
            force_setattr(self, "form_problems", about)


# What was downloaded, beside the result: where the links in the status and in the callback lead.
STATUS_LINK, CALLBACK_LINK = "image_url", "callback image_url"


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
    where there is a suspicion. ``measures`` are those of a picture that is judged together with
    others, by name.
    """

    sha256: str
    width: int
    height: int
    defects: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    rule: str = ""
    measures: dict[str, Any] = msgspec.field(default_factory=dict)


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
    """A picture beside its idle reference. ``difference`` says where and what is damaged; empty
    where they agree, or where the picture has only drifted: by ``drifted`` levels of 0 to 255 in
    the mean of all samples. ``in_a_part``: the rest of a picture that differs is that of its
    reference; None where it does not differ. ``learned_from``: how many pictures taught how far
    pictures drift in this run.
    """

    sha256: str
    reference: str = msgspec.field(name="twin")  # as recorded histories have it
    difference: str = ""
    in_a_part: bool | None = None
    drifted: float = 0.0
    learned_from: int = 0

    def __post_init__(self) -> None:
        """Histories of before this was recorded have it in the sentence only."""
        if self.difference and self.in_a_part is None:
            of_all = ("Wrong ", "Damaged picture", "cannot be compared")
            partly = not self.difference.startswith(of_all)
            force_setattr(self, "in_a_part", partly and "; the rest differs" not in self.difference)


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


class ActKind(StrEnum):
    """The hostile acts that a check must know. The words are those of old histories, too."""

    REFUSES_CONNECTIONS = "refuses connections"
    ACCEPTS_AGAIN = "accepts connections again"
    CAME_ELSEWHERE = "came to another host"


class NemesisActed(Event, frozen=True):
    """A hostile act of ours, so that nobody takes its effect for the miner's fault.

    ``act`` tells it to people, ``kind`` to the checks where it concerns them. ``leaked``: the miner
    followed a redirect and sent the secret to another host.
    """

    nemesis: str
    act: str
    kind: ActKind | None = None
    token: str | None = None
    leaked: bool = False

    def __post_init__(self) -> None:
        """Histories of before version 0.1 have the kind in the sentence only."""
        if self.kind is None and (kind := next((k for k in ActKind if k in self.act), None)):
            force_setattr(self, "kind", kind)


class GaveUp(Event, frozen=True):
    """A wait that ended without what it waited for; ``diagnosis`` where the job had not ended."""

    job: str
    waiting_for: str
    last_state: str
    waited: float
    diagnosis: Diagnosis | None = None


class FellBehind(Event, frozen=True):
    """Between ``since`` and ``at`` this suite was late itself: of ``polls`` polls, one left
    ``worst`` seconds after it was due. What was timed meanwhile is no more exact than that."""

    since: float
    worst: float
    polls: int


class Settled(Event, frozen=True):
    """Nothing more is asked about this job: it has ended, was refused, or was given up. Recorded in
    runs whose jobs are judged as they end."""

    job: str


class Judged(Event, frozen=True):
    """Which checks were applied to these jobs before this event, so that they can be again.

    ``scenario`` is the test; its jobs may have been sent for several. None: all jobs of the last
    scenario of this name, in histories of before jobs were shared.
    """

    scenario: str
    checks: tuple[str, ...]
    jobs: tuple[str, ...] | None = None


AsyncEvent: TypeAlias = (
    RunStarted
    | Listening
    | ScenarioStarted
    | ScenarioEnded
    | RunEnded
    | Submitted
    | Answered
    | ToldToWait
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
    | FellBehind
    | Settled
    | Judged
)

reader: HistoryReader[AsyncEvent] = HistoryReader(AsyncEvent)
