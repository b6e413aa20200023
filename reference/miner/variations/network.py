"""Permitted differences that come from what stands in front of a miner, or behind it."""

import re
from dataclasses import replace

from reference.miner.answers import problem, saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault
from reference.miner.settings import Settings

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
NOT_NOW = (("Retry-After", "1"),)


class IntegerIds(Fault):
    """A database counts the jobs."""

    name = "integer-ids"
    does = "numbers its jobs, and gives job ids as JSON numbers"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.given = 0

    def named(self, job_id: str) -> str:
        if not UUID.match(job_id):
            return job_id
        self.given += 1
        return str(self.given)

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return _numbered(job, answer)

    def polled(self, job: Job, answer: Answer) -> Answer:
        return _numbered(job, answer)


def _numbered(job: Job, answer: Answer) -> Answer:
    return saying(answer, job_id=int(job.job_id)) if job.job_id.isdigit() else answer


class AsksToWait(Fault):
    """A short queue, and a limit of requests."""

    name = "asks-to-wait"
    does = "answers 429 with Retry-After while three jobs wait, and to every fifth poll"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.polls = 0

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, queue_limit=3)

    def crowded(self, answer: Answer) -> Answer:
        return replace(problem(429, "the queue is full"), headers=NOT_NOW)

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.polls += 1
        if self.polls % 5:
            return answer
        return replace(problem(429, "too many requests"), headers=NOT_NOW)


class SlashRedirect(Fault):
    """A framework that wants a slash at the end."""

    name = "slash-redirect"
    does = "redirects a submission to the same path with a slash (307)"

    def submission_path(self, path: str) -> str:
        return f"{path}/"


class ObjectStore(Fault):
    """Pictures lie elsewhere."""

    name = "object-store"
    does = "answers a download with a redirect (307) to another host"

    def result(self, job: Job, answer: Answer) -> Answer:
        host = job.base_url.rpartition("/")[2]
        elsewhere = host.replace("127.0.0.1", "localhost")
        if answer.code != 200 or job.key in self.sent_away:
            self.sent_away.discard(job.key)
            return answer
        self.sent_away.add(job.key)
        place = f"http://{elsewhere}/images/{job.job_id}.png"
        return Answer(307, {}, headers=(("Location", place),))

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.sent_away: set[str] = set()


class ProxyHiccup(Fault):
    """A proxy that loses its connection to the miner now and then."""

    name = "proxy-hiccup"
    does = "answers every ninth poll with 502"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.polls = 0

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.polls += 1
        bad_gateway = Answer(502, b"<html>502 Bad Gateway</html>", kind="text/html")
        return answer if self.polls % 9 else bad_gateway
