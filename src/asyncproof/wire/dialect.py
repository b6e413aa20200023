"""One value between the suite and the words of a server: what is sent, and what an answer means.

Pure. Submitter, poller, fetcher and receiver are given a :class:`Dialect` and never ask which
profile it was made from. Jobs, states and events keep the words of docs/protocol.md throughout.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TypeVar

from asyncproof.history.events import Answered, Polled, Spoken
from asyncproof.vocabulary import DOCUMENTED, REDACTED, SECRET_HEADER, UNENDED
from asyncproof.wire import profile as profiles
from asyncproof.wire import protocol
from asyncproof.wire.answer_view import AnswerView
from asyncproof.wire.inline import is_inline
from asyncproof.wire.lacking import lacking
from asyncproof.wire.places import at, every
from asyncproof.wire.profile import ServerProfile
from asyncproof.wire.protocol import JsonBody, MinerAnswer
from asyncproof.wire.template import (
    ASKED,
    filled_body,
    filled_path,
    placeholders,
    quoted,
    where_asked,
)
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import a_source_picture
from asyncproof.workload.special_cases import ID_OF_THE_FIRST

T = TypeVar("T")
KEY = re.compile(r"auth|key|token|cookie|secret|session|password", re.I)


@dataclass(frozen=True, slots=True)
class Query:
    """A request for a job: ``method`` and ``path`` below the server's url."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A submission. ``asked`` is what the job asks for, in the words of docs/protocol.md, ``body``
    what is sent for it, and ``shown`` the same without the secret; ``headers`` go beside the
    content type."""

    query: Query
    asked: JsonBody
    body: JsonBody
    shown: JsonBody
    headers: Mapping[str, str]

    @property
    def content(self) -> bytes:
        return json.dumps(self.body).encode()

    @property
    def recordable(self) -> JsonBody | None:
        """The body as it may be recorded; None where it is what was asked for."""
        return None if self.body == self.asked else protocol.shortened(self.shown)


@dataclass(frozen=True, slots=True)
class CallbackRead:
    """What a callback of JSON says: its fields, by the words of docs/protocol.md, and the text of
    its picture, in base64 or as a data: url."""

    fields: dict[str, str]
    picture: str | None = None


@dataclass(frozen=True)
class Dialect:
    """How one kind of server speaks, made from its ``profile``."""

    profile: ServerProfile

    @cached_property
    def lacks(self) -> Mapping[Need, str]:
        """What a server of this kind does not have, each with the reason."""
        return lacking(self.profile)

    def has(self, need: Need) -> bool:
        """Whether a server of this kind has this."""
        return need not in self.lacks

    @property
    def sizes_are_asked(self) -> bool:
        """Whether pictures have the size that was asked for; else the first shows their size."""
        table = self.profile.result
        return self.has(Need.SIZES) and not (table and table.follows_source)

    @cached_property
    def spoken(self) -> Spoken:
        """The dialect as it is recorded, so that a history can be judged without the profile."""
        submit, callback = self.profile.submit, self.profile.callback
        return Spoken(
            name=self.profile.name,
            submit=f"{submit.method} {submit.path}",
            lacks={str(need): reason for need, reason in self.lacks.items()},
            levels={clause: str(level) for clause, level in self.profile.levels.items()},
            headers=self._shown_headers,
            callback=callback.body if callback else "",
            notices=self.notices,
            retry_within=callback.retry_within if callback else None,
            words=self._words,
            fields=self._fields,
        )

    @property
    def _shown_headers(self) -> dict[str, str]:
        """The headers of a submission; keys, which nothing records, are empty."""
        sent = {**self.profile.headers, **self.profile.submit.headers}
        return {name: "" if KEY.search(name) else text for name, text in sent.items()}

    @cached_property
    def _words(self) -> dict[str, str]:
        """What findings say in the words of docs/protocol.md, by what the server calls it."""
        words = {ours: theirs for theirs, ours in reversed(list(self.states.items()))}
        if self.profile.callback is not None and self.profile.callback.proven_in:
            words[SECRET_HEADER] = self.profile.callback.proven_in
        return {ours: theirs for ours, theirs in words.items() if ours != theirs}

    @cached_property
    def _fields(self) -> dict[str, dict[str, str]]:
        """The names of fields that differ from those of docs/protocol.md, by where they stand."""
        submit, callback = self.profile.submit, self.profile.callback
        picture = {"image": callback.picture} if callback and callback.picture else {}
        if callback and callback.encoding == "url" and not callback.image_url:
            picture["image_url"] = callback.picture
        asked = where_asked(submit.body, submit.path)
        asked.pop("source_image", None)  # which docs/protocol.md has no name for
        shared = {} if self.has(Need.SECRETS) else {"callback_secret": "ASYNC_CALLBACK_SECRET"}
        named = {
            "request": shared | asked,
            "answer": self._submission_view.names,
            "status": self._status_view.names,
            "callback": self._callback_view.names | picture,
        }
        each = {where: _others(names) for where, names in named.items()}
        return {where: names for where, names in each.items() if names}

    @property
    def health(self) -> str:
        """The path of the page that says how the server is; empty where there is none."""
        return self.profile.health or ""

    @property
    def jobs(self) -> str:
        """The path of the page that lists jobs; empty where there is none."""
        return self.profile.jobs or ""

    @property
    def training(self) -> str:
        """The path that takes training requests; empty where there is none."""
        return self.profile.training or ""

    # What is sent.

    @cached_property
    def asked(self) -> frozenset[str]:
        """What a submission has a place for, by the words of docs/protocol.md."""
        return frozenset(placeholders([self.profile.submit.body, self.profile.submit.path]))

    def submission(self, asked: JsonBody) -> Outgoing:
        """What to send for a job that asks for this. What the template has no place for is not
        asked; what only the test knows goes beside the prompt."""
        submit = self.profile.submit
        template, known = submit.body, self.asked
        told = {**submit.always, **asked}
        unknown = {k: v for k, v in told.items() if k not in ASKED}
        picture = {"source_image": a_source_picture()} if "source_image" in known else {}
        body = filled_body(template, {**told, **picture}, unknown)
        hidden = {"callback_secret": REDACTED.decode()} if "callback_secret" in told else {}
        shown = filled_body(template, {**told, **picture, **hidden}, unknown)
        return Outgoing(
            Query(submit.method, filled_path(submit.path, told)),
            {name: v for name, v in told.items() if name in known or name in unknown},
            body,
            shown,
            submit.headers,
        )

    def status(self, job_id: str) -> Query:
        """How to ask for a job; only where there is polling."""
        table = self.profile.status
        return Query("GET", "/") if table is None else _query(table.method, table.path, job_id)

    def result(self, job_id: str) -> Query | None:
        """How to ask for the picture of a job, where that needs nothing but its id."""
        table = self.profile.result
        if table is None or not table.path:
            return None
        return _query(table.method, table.path, job_id)

    def questions(self, job_id: str) -> dict[str, Query]:
        """Every way to ask for a job, by what it asks for."""
        asked = {"result": self.result(job_id)}
        if self.profile.status is not None:
            asked = {"status": self.status(job_id), **asked}
        return {what: query for what, query in asked.items() if query is not None}

    @property
    def folders(self) -> list[str]:
        """The paths that end where the id of a job begins."""
        paths = (query.path for query in self.questions("").values())
        return [path for path in paths if path.endswith("/")]

    def cancellation(self, job_id: str) -> Query | None:
        table = self.profile.cancel
        return None if table is None else _query(table.method, table.path, job_id)

    # What answers mean.

    def read_submission(self, job: str, answer: MinerAnswer, secret: str, at: float) -> Answered:
        """Parse a submission answer, whatever it looks like. The secret must not be in it."""
        return protocol.read_submission(job, answer, secret, at, self._submission_view)

    def read_status(self, job: str, answer: MinerAnswer, secret: str, at: float) -> Polled:
        """Parse a polled status, and look for ``secret``, which must not be in it."""
        return protocol.read_status(job, answer, secret, at, self._status_view)

    def read_object(self, status: JsonBody) -> JsonBody:
        """The fields of a status by their names in docs/protocol.md."""
        return self._status_view(status)

    def named_job(self, answer: MinerAnswer) -> str | None:
        """The job id in an answer, if it is a JSON object that has one."""
        return protocol.read_submission("", answer, "", 0.0, self._submission_view).job_id

    def patient(self, answer: MinerAnswer) -> MinerAnswer:
        """The answer to a submission, as one that asks to wait where its code says so here."""
        return replace(answer, busy=answer.status_code in self.profile.submit.busy)

    def pictures(self, status: bytes) -> Iterator[str]:
        """The urls, data: urls or base64 texts of the pictures in the body of a status."""
        table = self.profile.result
        if table is None or not table.place:
            return
        try:
            data = json.loads(status)
        except (ValueError, RecursionError):
            return
        for found in every(data, table.place):
            if isinstance(found, str):
                link = table.link.replace("{value}", quoted(found))
                yield link or found

    @property
    def pictures_are_base64(self) -> bool:
        return self.profile.result is not None and self.profile.result.encoding == "base64"

    def read_callback(self, data: JsonBody) -> CallbackRead:
        """What the object of a callback says, whatever it looks like."""
        table = self.profile.callback
        seen = self._callback_view(data)
        fields = {name: v if isinstance(v, str) else json.dumps(v) for name, v in seen.items()}
        if table is not None and table.means:
            fields.setdefault("status", table.means)
        if table is None or not table.picture:
            return CallbackRead(fields)
        picture = at(data, table.picture)
        if not isinstance(picture, str):
            return CallbackRead(fields)
        if table.encoding == "url" and not is_inline(picture):
            return CallbackRead(fields | {"image_url": picture})
        return CallbackRead(fields, picture)

    @property
    def notices(self) -> bool:
        """Whether callbacks come about other events than the end of a job, too."""
        table = self.profile.callback
        return table is not None and table.events == "all"

    def is_notice(self, fields: Mapping[str, str]) -> bool:
        """Whether a callback with these fields is about another event than the end."""
        return self.notices and fields.get("status") in UNENDED

    def read_form(self, form: Mapping[str, T]) -> dict[str, T]:
        """The fields of a callback's form by their names in docs/protocol.md; what it does not know
        is kept."""
        return {self._callback_field(theirs): value for theirs, value in form.items()}

    def _callback_field(self, theirs: str) -> str:
        places = self._callback_view.places.items()
        return next((ours for ours, names in places if theirs in names), theirs)

    def callback_word(self, theirs: str) -> str:
        """The state that a word in a callback means; an unknown one is kept."""
        return self._callback_view.words.get(theirs, theirs)

    @cached_property
    def _callback_view(self) -> AnswerView:
        table = self.profile.callback
        if table is None:
            return AnswerView({})
        places = {
            "job_id": table.id,
            "status": table.state,
            "completed_at": table.completed_at,
            "image_url": table.image_url,
            "error": table.error,
        }
        return AnswerView(_those(places), table.words or self.states)

    @property
    def tells_failures(self) -> bool:
        """Whether anything that it tells means that a job failed."""
        status, callback = self.profile.status, self.profile.callback
        told = set(self.states.values()) | set(status.told if status else ())
        told |= set(callback.words.values()) | {callback.means} if callback else set()
        return "failed" in told

    @property
    def states(self) -> Mapping[str, str]:
        """What the server's words for states mean."""
        status, callback = self.profile.status, self.profile.callback
        told = (status.words if status else {}) or (callback.words if callback else {})
        return {theirs: str(ours) for theirs, ours in told.items()}

    @cached_property
    def _submission_view(self) -> AnswerView:
        table = self.profile.submit
        places = {
            "accepted": table.accepted,
            "job_id": table.id,
            "status": table.state,
            "status_url": table.status_url,
            "result_url": table.result_url,
            "message": table.message,
        }
        return AnswerView(_those(places), self.states)

    @cached_property
    def _status_view(self) -> AnswerView:
        table = self.profile.status
        if table is None:
            return AnswerView({})
        names = ("queued_at", "started_at", "completed_at", "failed_at", "result_url", "image_url")
        places = {name: getattr(table, name) for name in (*names, "error", "callback", "seed")}
        places |= {"job_id": table.id, "status": table.state}
        return AnswerView(_those(places), table.words, table.progress, table.flags, table.absent)


@cache
def dialect(name_or_path: str) -> Dialect:
    """The dialect of a shipped profile, or of the one in a file.

    Raises:
        ServerProfileError: there is none, or it is not a profile.
    """
    return Dialect(profiles.load(name_or_path))


def documented() -> Dialect:
    """The dialect of docs/protocol.md."""
    return dialect(DOCUMENTED)


def _query(method: str, path: str, job_id: str) -> Query:
    in_path = job_id if job_id == ID_OF_THE_FIRST else quoted(job_id)
    return Query(method, path.replace(profiles.JOB, in_path))


def _others(names: Mapping[str, str]) -> dict[str, str]:
    return {ours: theirs for ours, theirs in names.items() if ours != theirs}


def _those(places: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: where for name, where in places.items() if where}
