"""A small client for one job at a time: submit, wait, download. Also for people's own scripts.

::

    with MinerClient("http://localhost:8091") as miner:
        job = miner.submit(Job(prompt="a red fox", seed=42))
        final = miner.wait(job.job_id)
        picture = miner.result(job.job_id)
"""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote, urljoin

import requests

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.events import Answered, Polled
from tests.e2e.async_inference.scenario import Job

REQUEST_TIMEOUT = 30.0


class MinerError(RuntimeError):
    """The miner could not be asked, or did not do what was asked; the message says which."""


class MinerClient:
    """Speaks the async inference protocol with one miner. ``endpoint`` is inference or edit."""

    def __init__(self, base_url: str, endpoint: str = "inference") -> None:
        self._base, self._paths = base_url + "/", protocol.Paths(endpoint)
        self._session = requests.Session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def healthy(self) -> bool:
        """Whether ``GET /health`` answers 200."""
        return self._ask("GET", "/health").status_code == 200

    def submit(self, job: Job, callback: protocol.Callback | None = None) -> Answered:
        """Hand a job in.

        Raises:
            MinerError: the miner was not reached, or it refused the job.
        """
        body = protocol.submission_body(job, callback, datetime.now(UTC))
        answer = self._ask("POST", self._paths.submit, json.dumps(body).encode())
        answered = protocol.read_submission("", answer, "", at=0.0)
        if not protocol.accepted(answered):
            said = answered.error or f"{answered.status_code} {answered.body[:200]}"
            raise MinerError(f"{self._base} did not accept the job: {said}")
        return answered

    def status(self, job_id: str) -> Polled:
        """The polled status now, whatever it looks like."""
        answer = self._ask("GET", self._paths.status(quote(job_id, safe="")))
        return protocol.read_status("", answer, secret="", at=0.0)

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
            if polled.status in protocol.TERMINAL and polled.callback is not None:
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
        answer = self._ask("GET", self._paths.result(quote(job_id, safe="")))
        if answer.status_code != 200:
            raise MinerError(f"no result of job {job_id}: {answer.error or answer.status_code}")
        return answer.body

    def _ask(self, method: str, path: str, body: bytes | None = None) -> protocol.Answer:
        began = time.monotonic()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._session.request(
                method,
                urljoin(self._base, path),
                data=body,
                headers=headers,
                timeout=REQUEST_TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:
            return protocol.Answer(time.monotonic() - began, error=str(error))
        kind = response.headers.get("Content-Type", "")
        return protocol.Answer(
            time.monotonic() - began, response.status_code, kind, response.content
        )
