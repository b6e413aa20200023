"""What checks say of a request beside the jobs."""

from asyncproof.harness.verdict import Finding
from asyncproof.history.events import File, Probed
from asyncproof.history.history import History, JobRecord
from asyncproof.text import SHOWN, answered

BREAKDOWN = 500
NOT_READY = 503


def said(probe: Probed) -> str:
    """The answer to a request, for a finding."""
    return probe.error or answered(probe.status_code, probe.body)


def answer_to(job: JobRecord) -> str:
    """The answer to a submission, for a finding."""
    answer = job.answered
    if answer is None:
        return "no answer"
    return answer.error or answered(answer.status_code, answer.body)


def whose_picture(history: History, picture: File) -> str:
    """A picture that is not the job's own, by its owner where that is known."""
    results = ((job, job.download()) for job in history)
    found = (j for j, got in results if got and got.file and got.file.sha256 == picture.sha256)
    owner = next(found, None)
    return f"the picture of {owner.shown}" if owner else "another picture"


def refused(code: int | None) -> bool:
    """Whether the client was told that its request was wrong."""
    return code is not None and 400 <= code < BREAKDOWN


def broke_down(code: int | None) -> bool:
    """Whether the server failed itself: 5xx other than "not ready", or no answer at all."""
    return code is None or (code >= BREAKDOWN and code != NOT_READY)


def by_code(code: int | None) -> str:
    """What a status code itself says of the cause, where it is not the miner that answered."""
    return _ADVICE.get(code or 0, "")


_PROXY = "a proxy in front of the miner answered, and"
_ADVICE = {
    502: f"{_PROXY} could not reach the miner: look at its keep-alive and at restarts of the miner",
    503: "the server takes nothing now; Retry-After tells clients when to ask again",
    504: f"{_PROXY} did not wait long enough for the miner: compare their timeouts",
}


def of_a_proxy(code: int | None) -> bool:
    """Whether a proxy in front of the miner answered in its place: that is POL-11's."""
    return code in (502, 504)


def finding(
    clause: str,
    probe: Probed,
    expected: str,
    *,
    actual: str = "",
    advice: str = "",
    cause: str = "",
) -> Finding:
    """A finding about a request; ``actual`` defaults to the answer."""
    subject = f"{probe.method} {probe.path[:SHOWN]}"
    return Finding(clause, subject, expected, actual or said(probe), probe.at, advice, cause)
