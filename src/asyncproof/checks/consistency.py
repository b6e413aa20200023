"""CBK and POL: an answer or a callback that contradicts itself."""

from collections.abc import Iterator
from functools import partial

from asyncproof.harness.verdict import Ruling, check
from asyncproof.history.events import Delivered
from asyncproof.history.history import History, JobRecord
from asyncproof.text import quoted

# What libraries make of "no text" in a form.
NO_TEXT = frozenset({"", "none", "null", "undefined"})


def says_something(text: str | None) -> bool:
    return (text or "").strip().lower() not in NO_TEXT


@check("CBK-29", every_job=True)
def callbacks_do_not_contradict_themselves(history: History) -> Iterator[Ruling]:
    """A callback tells of a success with its picture, or of a failure with its reason.

    One whose status is not the job's is CBK-7's.
    """
    for job in history.accepted:
        for delivery in filter(partial(_tells_the_end, job), job.own_deliveries):
            wrong = _contradiction(delivery)
            if not wrong:
                yield None
            else:
                yield job.finding(
                    "CBK-29",
                    "a picture without an error, or an error without a picture",
                    wrong,
                    at=delivery.at,
                    advice="send `error` with failures only, and a picture with successes only: "
                    "some receivers look at `status`, some at `error`, some for a picture",
                    cause=wrong.partition(":")[0],
                )


def _tells_the_end(job: JobRecord, delivery: Delivered) -> bool:
    status = delivery.fields.get("status")
    known = job.terminal is not None
    return (
        delivery.stored
        and bool(status)
        and not (known and (status == "completed") is not job.completed)
    )


def _contradiction(delivery: Delivered) -> str:
    status, error = delivery.fields["status"], delivery.fields.get("error")
    if status == "completed" and says_something(error):
        return f"status completed beside an error: {quoted(error or '')}"
    picture = delivery.image is not None and delivery.image.size > 0
    return (
        f"status {status} beside a picture" if status in ("failed", "timeout") and picture else ""
    )


@check("POL-14", every_job=True)
def completed_jobs_show_no_error(history: History) -> Iterator[Ruling]:
    """The status of a completed job has no text in ``error``."""
    for job in history.accepted:
        ends = [p for p in job.polls if p.status == "completed"]
        wrong = next((p for p in ends if says_something(p.job_error)), None)
        if wrong is not None:
            yield job.finding(
                "POL-14",
                "no error, since the job completed",
                f"error {quoted(wrong.job_error or '')}",
                at=wrong.at,
                advice="clear the error of an earlier attempt when the job completes; trouble with "
                "the callback belongs into `callback.error`",
                cause="completed with an error",
            )
        elif ends:
            yield None
