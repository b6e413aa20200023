"""Makes jobs ready to leave: a name, a callback, and what the settings say where they do not."""

import hashlib
import hmac
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.events import Downloaded
from tests.e2e.async_inference.flight import Assignment
from tests.e2e.async_inference.scenario import CallbackTo, Job, an_edit
from tests.harness.history import Event
from tests.harness.settings import Settings

CALLBACK_PATH = "/callback"


class Assignments:
    """Of one run. Call :meth:`deliver_to` before the first job is assigned."""

    def __init__(self, settings: Settings, run: str) -> None:
        self._settings, self._run = settings, run
        self._base = ""
        self._expect: Callable[[str, str], None] | None = None
        self._numbers = itertools.count(1)
        self._sizes: dict[str, tuple[int, int]] = {}

    def deliver_to(self, base: str, expect: Callable[[str, str], None] | None) -> None:
        """``base`` is the url that the miner is told. ``expect`` announces a callback's token and
        secret to our own server; None where the server is somebody else's and knows one url only.
        """
        self._base, self._expect = base, expect

    def assign(self, job: Job) -> Assignment:
        chosen = self._settings
        name = f"job_{next(self._numbers):03d}"
        job = replace(
            job,
            size=job.size or chosen.image_size,
            steps=job.steps or chosen.inference_steps,
            expiry=job.expiry or timedelta(minutes=chosen.expiry_minutes),
        )
        job = an_edit(job) if chosen.endpoint == "edit" else job
        self._sizes[name] = job.size or chosen.image_size
        if job.callback is CallbackTo.NOWHERE:
            return Assignment(job, name, None)
        if job.callback is CallbackTo.PLAIN_URL or self._expect is None:
            url = self._base + CALLBACK_PATH
            return Assignment(job, name, protocol.Callback(url, chosen.callback_secret))
        token = self._derived(name)[:16]
        secret = self._derived(f"secret of {token}")
        self._sizes[token] = self._sizes[name]
        self._expect(token, secret)
        url = f"{self._base}{CALLBACK_PATH}/{token}"
        return Assignment(job, name, protocol.Callback(url, secret), token)

    def expected_size(self, event: Event) -> tuple[int, int]:
        """Width and height of the picture that came with this event, as they were asked for."""
        key = event.job if isinstance(event, Downloaded) else getattr(event, "token", None)
        return self._sizes.get(key or "", self._settings.image_size)

    def _derived(self, text: str) -> str:
        """Unguessable without the shared secret, and of this run only."""
        key = self._settings.callback_secret.encode()
        return hmac.new(key, f"{self._run} {text}".encode(), hashlib.sha256).hexdigest()
