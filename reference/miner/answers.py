"""The miner's answers about its jobs, as JSON objects. They never contain a secret."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reference.miner.jobs import Job, Section, Status
from reference.miner.rules import Refused
from reference.miner.seams import Answer


def iso(moment: datetime | None) -> str:
    """A time in answers: ISO 8601 in UTC with ``Z``; empty for none."""
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def accepted(job: Job) -> Answer:
    """The answer to a submission."""
    body = {
        "accepted": True,
        "job_id": job.job_id,
        "status": str(Status.QUEUED),
        "message": "Job accepted",
        "status_url": f"{job.path}/status/{job.job_id}",
        "result_url": f"{job.path}/result/{job.job_id}",
    }
    return Answer(202, body)


def refused(why: Refused) -> Answer:
    """The answer to a body that cannot become a job, with the place of each wrong field."""
    return Answer(why.code, {"accepted": False, "detail": why.problems})


def problem(code: int, message: str) -> Answer:
    """Any other refusal."""
    return Answer(code, {"detail": message})


def status(job: Job) -> Answer:
    """The answer to a poll."""
    body: dict[str, Any] = {
        "job_id": job.job_id,
        "status": str(job.status),
        "progress": job.progress,
        "queued_at": iso(job.queued_at),
        "started_at": iso(job.started_at),
        "completed_at": iso(job.ended_at),
        "worker_id": job.worker,
        "result_url": f"{job.path}/result/{job.job_id}" if job.image else None,
        "image_url": job.image_url if job.image else None,
        "error": job.error,
        "callback": section(job.callback) if job.callback else None,
        "request": _request(job),
    }
    known = {name: value for name, value in body.items() if value not in (None, "")}
    return Answer(200, known | {"callback_secret_provided": bool(job.request.callback_secret)})


def section(callback: Section) -> dict[str, Any]:
    """The ``callback`` object: only known fields."""
    body = {
        "status": callback.status,
        "status_code": callback.status_code,
        "response_preview": callback.response_preview,
        "attempted_at": iso(callback.attempted_at) or None,
        "payload_status": callback.payload_status,
        "error": callback.error,
    }
    return {name: value for name, value in body.items() if value is not None}


def listed(job: Job) -> dict[str, Any]:
    """One row of ``/jobs``."""
    row = {
        "job_id": job.job_id,
        "status": str(job.status),
        "progress": job.progress,
        "model": job.model,
        "queued_at": iso(job.queued_at),
        "started_at": iso(job.started_at) or None,
        "completed_at": iso(job.ended_at) or None,
        "status_url": f"{job.path}/status/{job.job_id}",
        "worker_id": job.worker,
    }
    return {name: value for name, value in row.items() if value is not None}


def _request(job: Job) -> dict[str, Any]:
    asked = job.request
    return {
        "prompt": asked.prompt[:200],
        "width": asked.width,
        "height": asked.height,
        "num_inference_steps": asked.steps,
        "guidance_scale": asked.guidance,
        "seed": job.seed,
        "lora_path": asked.lora_path,
    }


def without(answer: Answer, *names: str) -> Answer:
    """The same answer without these fields."""
    if not isinstance(answer.body, dict):
        return answer
    return replace(answer, body={k: v for k, v in answer.body.items() if k not in names})


def saying(answer: Answer, **fields: Any) -> Answer:
    """The same answer with these fields; one that is not a JSON object is unchanged."""
    return replace(answer, body=answer.body | fields) if isinstance(answer.body, dict) else answer


def fields_of(answer: Answer) -> dict[str, Any]:
    """The fields of a JSON answer; none for a file."""
    return answer.body if isinstance(answer.body, dict) else {}
