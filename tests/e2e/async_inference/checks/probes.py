"""What checks say of a request beside the jobs."""

from tests.e2e.async_inference.events import File, Probed
from tests.e2e.async_inference.quoting import SHOWN, answered
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Finding

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


def whose_picture(history: RunHistory, picture: File) -> str:
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
