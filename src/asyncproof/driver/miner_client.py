"""A small client for one job at a time: submit, wait, download. Also for people's own scripts.

::

    with MinerClient("http://localhost:8091") as miner:
        job = miner.submit(Job(prompt="a red fox", seed=42))
        final = miner.wait(job.job_id)
        picture = miner.result(job.job_id)
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urljoin

import requests

from asyncproof.driver.http_client import NO_HEADERS
from asyncproof.history.events import Answered, Polled
from asyncproof.vocabulary import DOCUMENTED, TERMINAL
from asyncproof.wire import protocol
from asyncproof.wire.dialect import Query, dialect
from asyncproof.wire.inline import decoded
from asyncproof.workload.scenario import Job

REQUEST_TIMEOUT = 30.0


class MinerError(RuntimeError):
    """The miner could not be asked, or did not do what was asked; the message says which."""


class MinerClient:
    """Speaks the async inference protocol with one miner. ``profile`` is inference, edit, or that
    of another kind of server (a name or a file)."""

    def __init__(self, base_url: str, profile: str = DOCUMENTED) -> None:
        self._base, self._dialect = base_url + "/", dialect(profile)
        self._session = requests.Session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def healthy(self) -> bool:
        """Whether the health page answers 200."""
        return self._ask(Query("GET", self._dialect.health or "/")).status_code == 200

    def submit(self, job: Job, callback: protocol.Callback | None = None) -> Answered:
        """Hand a job in.

        Raises:
            MinerError: the miner was not reached, or it refused the job.
        """
        out = self._dialect.submission(protocol.asked_for(job, callback, datetime.now(UTC)))
        answer = self._ask(out.query, out.content, out.headers)
        answered = self._dialect.read_submission("", answer, "", at=0.0)
        if not answered.takes_the_job:
            said = answered.error or f"{answered.status_code} {answered.body[:200]}"
            raise MinerError(f"{self._base} did not accept the job: {said}")
        return answered

    def status(self, job_id: str) -> Polled:
        """The polled status now, whatever it looks like."""
        answer = self._ask(self._dialect.status(job_id))
        return self._dialect.read_status("", answer, secret="", at=0.0)

    def wait(
        self,
        job_id: str,
        timeout: float = 240.0,
        poll_interval: float = 0.5,
        stop: threading.Event | None = None,
        seen: Callable[[Polled], None] | None = None,
    ) -> Polled:
        """Poll until the job has ended and told how its callback went, if it had one.

        ``seen`` is called with every answer; setting ``stop`` ends the wait early.

        Raises:
            MinerError: it did not end within ``timeout`` seconds, or the wait was stopped.
        """
        stop = stop or threading.Event()
        deadline = time.monotonic() + timeout
        while True:
            polled = self.status(job_id)
            if seen:
                seen(polled)
            if polled.status in TERMINAL and polled.callback is not None:
                return polled
            if stop.wait(min(poll_interval, max(0.0, deadline - time.monotonic()))):
                raise MinerError(f"the wait for job {job_id} was stopped at {polled.status!r}")
            if time.monotonic() >= deadline:
                said = polled.error or f"{polled.status!r}, callback {polled.callback}"
                raise MinerError(f"job {job_id} did not settle within {timeout:g} s: {said}")

    def result(self, job_id: str) -> bytes:
        """The picture.

        Raises:
            MinerError: there is none.
        """
        query = self._dialect.result(job_id)
        answer = self._ask(query or self._dialect.status(job_id))
        pictures = [] if query else list(self._dialect.pictures(answer.body))
        if pictures:
            data, _, error = decoded(pictures[0])
            answer = self._ask(Query("GET", pictures[0])) if error else replace(answer, body=data)
        if answer.status_code != 200:
            raise MinerError(f"no result of job {job_id}: {answer.error or answer.status_code}")
        return answer.body

    def _ask(
        self, query: Query, body: bytes | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> protocol.MinerAnswer:
        began, url = time.monotonic(), urljoin(self._base, query.path)
        kind_sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._session.request(
                query.method,
                url,
                data=body,
                headers={**self._headers(url), **headers, **kind_sent},
                timeout=REQUEST_TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:
            return protocol.MinerAnswer(time.monotonic() - began, error=str(error))
        kind = response.headers.get("Content-Type", "")
        return protocol.MinerAnswer(
            time.monotonic() - began, response.status_code, kind, response.content
        )

    def _headers(self, url: str) -> Mapping[str, str]:
        """What goes with every request to the server itself, and to no other host."""
        ours = url.startswith(urljoin(self._base, "/"))
        return self._dialect.profile.headers if ours else NO_HEADERS
