"""Faults in submissions: what is accepted, what is refused, and the answer."""

import json
from dataclasses import replace
from typing import Any

from reference.miner.answers import fields_of, problem, saying, without
from reference.miner.jobs import Job
from reference.miner.rules import Refused
from reference.miner.seams import Answer, Fault

UNCHECKED = "queued before it was checked"


# What must be refused is accepted.


class EmptyBodyTaken(Fault):
    """An empty body is read as a body full of defaults."""

    name = "empty-body-taken"
    does = "accepts an empty body as a job"
    clause = "SUB-8"

    def raw(self, raw: bytes) -> bytes:
        return raw or b'{"prompt": "a picture"}'


class AnyJsonTaken(Fault):
    """Whatever can be parsed is taken as a prompt."""

    name = "any-json-taken"
    does = "accepts JSON that is not an object as a job"
    clause = "SUB-8"

    def raw(self, raw: bytes) -> bytes:
        is_object = raw.lstrip()[:1] == b"{"
        return raw if is_object or not _is_json(raw) else b'{"prompt": "a picture"}'


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


class EmptyPromptTaken(Fault):
    """An empty text is a text."""

    name = "empty-prompt-taken"
    does = "accepts a submission with an empty prompt"
    clause = "SUB-19"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"prompt": "a picture"} if body.get("prompt") == "" else body


class PromptNotChecked(Fault):
    """A default hides that something is missing."""

    name = "prompt-not-checked"
    does = "accepts a submission without a prompt"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body | {"prompt": str(body.get("prompt") or "a picture")}


class WrongTypesSkipped(Fault):
    """What cannot be converted is dropped."""

    name = "wrong-types-skipped"
    does = "accepts a submission whose numbers are words, and ignores them"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        numbers = ("width", "height", "num_inference_steps", "guidance_scale", "seed")
        return {n: v for n, v in body.items() if n not in numbers or not isinstance(v, str)}


class FractionsCut(Fault):
    """A conversion throws away what it cannot use."""

    name = "fractions-cut"
    does = "accepts sizes and steps that are not whole numbers"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        names = ("width", "height", "num_inference_steps")
        return body | {n: int(body[n]) for n in names if isinstance(body.get(n), float)}


class SizesClamped(Fault):
    """Wrong sizes are corrected silently."""

    name = "sizes-clamped"
    does = "accepts any number as a size and clamps it"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        sizes = {n: body[n] for n in ("width", "height") if isinstance(body.get(n), int | float)}
        return body | {name: min(max(int(size), 64), 2048) for name, size in sizes.items()}


class StepsNotChecked(Fault):
    """Limits are enforced in the model and not at the door."""

    name = "steps-not-checked"
    does = "accepts any number of steps and any guidance"
    clause = "SUB-8"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        limits = {"num_inference_steps": (1, 100), "guidance_scale": (1, 20)}
        given = {n: body[n] for n in limits if isinstance(body.get(n), int | float)}
        return body | {n: min(max(value, limits[n][0]), limits[n][1]) for n, value in given.items()}


class RefusedButRun(Fault):
    """The job is queued first and checked afterwards."""

    name = "refused-but-run"
    does = "runs a job although it refused its empty prompt"
    clause = "SUB-10"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body if body.get("prompt") != "" else body | {"prompt": UNCHECKED}

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return problem(422, "no prompt") if job.request.prompt == UNCHECKED else answer


# What must be accepted is refused, or read differently.


class UnknownFieldsRefused(Fault):
    """The schema is stricter than the protocol."""

    name = "unknown-fields-refused"
    does = "refuses a submission with an unknown field"
    clause = "SUB-15"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(name for name in body if name.startswith("x_")):
            raise Refused(422, [{"loc": ["body", *unknown], "msg": "extra fields not permitted"}])
        return body


class SizeRequired(Fault):
    """What has a default is demanded anyway."""

    name = "size-required"
    does = "refuses a submission without width and height"
    clause = "SUB-17"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if missing := [name for name in ("width", "height") if name not in body]:
            raise Refused(422, [{"loc": ["body", *missing], "msg": "field required"}])
        return body


class OtherDefaults(Fault):
    """The defaults of another model."""

    name = "other-defaults"
    does = "draws 512 x 512 when no size is given"
    clause = "SUB-17"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"width": 512, "height": 512} | body


# The server crashes.


class BadBodyCrash(Fault):
    """Nobody catches what validation raises."""

    name = "bad-body-crash"
    does = "answers 500 to a body that breaks a rule"
    clause = "SUB-9"

    def refused(self, answer: Answer) -> Answer:
        return Answer(500, {"detail": "internal server error"})


class DeepJsonCrash(Fault):
    """A recursive parser has a limit."""

    name = "deep-json-crash"
    does = "crashes on deeply nested JSON"
    clause = "SUB-9"

    def raw(self, raw: bytes) -> bytes:
        if raw.count(b"[") > 1000:
            raise RecursionError("maximum recursion depth exceeded")
        return raw


class EncodingCrash(Fault):
    """Bytes are taken for text."""

    name = "encoding-crash"
    does = "crashes on a body that is not UTF-8"
    clause = "SUB-9"

    def raw(self, raw: bytes) -> bytes:
        return raw.decode().encode()


class AsciiOnly(Fault):
    """A log file in another century's encoding."""

    name = "ascii-only"
    does = "crashes on a prompt that is not ASCII"
    clause = "SUB-16"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        str(body.get("prompt")).encode("ascii")
        return body


class LongPromptCrash(Fault):
    """A limit that nobody checks before it is hit."""

    name = "long-prompt-crash"
    does = "crashes on a prompt of more than 10 000 characters"
    clause = "SUB-16"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(str(body.get("prompt"))) > 10_000:
            raise MemoryError
        return body


# The answer is wrong, or late.


class SubmissionWithoutId(Fault):
    """The answer is made before the id is."""

    name = "submission-without-id"
    does = "answers a submission without naming the job"
    clause = "SUB-1"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "job_id")


class StrangeFirstWord(Fault):
    """A private word for a job that was accepted."""

    name = "strange-first-word"
    does = "says `accepted` as the first status"
    clause = "SUB-12"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status="accepted")


class SubmissionSaysCompleted(Fault):
    """The word tells of the submission, and clients read it as the job's."""

    name = "submission-says-completed"
    does = "says `completed` in the answer to each submission"
    clause = "POL-2"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status="completed")


class SubmissionSaysFailed(Fault):
    """The record starts with the word that is right if nothing more is written."""

    name = "submission-says-failed"
    does = "says `failed` in the answer to each submission, but does the job"
    clause = "POL-2"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status="failed")


class StatusUrlDead(Fault):
    """The path was changed in one place only."""

    name = "status-url-dead"
    does = "gives a status_url that does not exist"
    clause = "SUB-6"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status_url=f"/status/{job.job_id}")


class StatusUrlOfAnother(Fault):
    """A template is filled one job too late."""

    name = "status-url-of-another"
    does = "gives the status_url of the previous job"
    clause = "SUB-6"
    before: str | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        before, self.before = self.before, fields_of(answer)["status_url"]
        return saying(answer, status_url=before or self.before)


class ResultUrlDead(Fault):
    """The path was changed in one place only."""

    name = "result-url-dead"
    does = "gives a result_url that does not exist"
    clause = "SUB-7"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, result_url=f"/results/{job.job_id}.png")


class ResultUrlOfAnother(Fault):
    """A template is filled one job too late."""

    name = "result-url-of-another"
    does = "gives the result_url of the previous job"
    clause = "SUB-7"
    before: str | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        before, self.before = self.before, fields_of(answer)["result_url"]
        return saying(answer, result_url=before or self.before)


class SlowSubmission(Fault):
    """The submission waits for something that can come later."""

    name = "slow-submission"
    does = "answers each submission late (parameter: seconds)"
    clause = "SUB-2"
    parameter = 1.5

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return replace(answer, delay=self.value or 0.0)
