"""Makes jobs ready to leave: a name, a callback, and what the settings say where they do not."""

import hashlib
import hmac
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from asyncproof.driver.job_state import PreparedJob
from asyncproof.history.events import AsyncEvent, Downloaded
from asyncproof.history.history import TOGETHER
from asyncproof.settings import Settings
from asyncproof.wire import protocol
from asyncproof.workload.scenario import CallbackTo, Job

CALLBACK_PATH = "/callback"
MAC = 16  # characters of a token that are of its own; the number of the job follows
FEW_STEPS = 4  # as distilled models are run; enough to be seen at work


def sized(job: Job, settings: Settings, small: tuple[int, int]) -> Job:
    """The job with size and steps, also where it does not say them; ``small`` is the size of
    pictures that nobody looks at."""
    usual = settings.inference_steps
    return replace(
        job,
        size=job.size or (small if job.small else settings.image_size),
        steps=job.steps or (min(FEW_STEPS, usual) if job.brief else usual),
    )


def job_name(number: int) -> str:
    """The suite's own name of a job."""
    return f"job_{number:03d}"


class PreparedJobs:
    """Of one run. Call :meth:`deliver_to` before the first job is assigned."""

    def __init__(
        self,
        settings: Settings,
        run: str,
        small: tuple[int, int],
        *,
        callbacks: bool = True,
        own_secrets: bool = True,
    ) -> None:
        """``small`` is the size of pictures that nobody looks at; without ``callbacks`` no job asks
        for one. Without ``own_secrets`` a submission cannot bring one, and callbacks carry that of
        the settings."""
        self._settings, self._run, self._small = settings, run, small
        self._callbacks, self._own_secrets = callbacks, own_secrets
        self._base = ""
        self._expect: Callable[[str, str], None] | None = None
        self._numbers = itertools.count(1)
        self._sizes: dict[str, tuple[int, int]] = {}
        self._together: set[str] = set()

    def deliver_to(self, base: str, expect: Callable[[str, str], None] | None) -> None:
        """``base`` is the url that the miner is told. ``expect`` announces a callback's token and
        secret to our own server; None where the server is somebody else's and knows one url only.
        """
        self._base, self._expect = base, expect

    def assign(self, job: Job, number: int | None = None) -> PreparedJob:
        """The job with all that it needs to leave, as the ``number``-th of the run (None: the next
        one)."""
        chosen = self._settings
        number = next(self._numbers) if number is None else number
        name = job_name(number)
        job = replace(
            sized(job, chosen, self._small),
            expiry=job.expiry or timedelta(minutes=chosen.expiry_minutes),
        )
        self._sizes[name] = job.size or chosen.image_size
        if TOGETHER in dict(job.tags):
            self._together.add(name)
        if job.callback is CallbackTo.NOWHERE or not self._callbacks:
            return PreparedJob(job, name, None)
        if job.callback is CallbackTo.PLAIN_URL or self._expect is None:
            url = self._base + CALLBACK_PATH
            return PreparedJob(job, name, protocol.Callback(url, chosen.callback_secret))
        token = self._token(number)
        secret = self._secret(token)
        self._sizes[token] = self._sizes[name]
        if name in self._together:
            self._together.add(token)
        self._expect(token, secret)
        url = f"{self._base}{CALLBACK_PATH}/{token}"
        return PreparedJob(job, name, protocol.Callback(url, secret), token)

    def forget(self, name: str, token: str) -> None:
        """Nothing more is known of this job, but what its token tells: see :meth:`recall`."""
        self._sizes.pop(name, None)
        self._sizes.pop(token, None)

    def recall(self, token: str) -> str | None:
        """The secret of a token of this run, also when its job was forgotten; None for others."""
        number = token[MAC:]
        known = number.isascii() and number.isalnum() and len(number) < MAC
        try:
            ours = known and self._token(int(number, 16)) == token
        except ValueError:
            return None
        return self._secret(token) if ours else None

    def _token(self, number: int) -> str:
        return f"{self._derived(job_name(number))[:MAC]}{number:x}"

    def _secret(self, token: str) -> str:
        if not self._own_secrets:
            return self._settings.callback_secret
        return self._derived(f"secret of {token}")

    def expected_size(self, event: AsyncEvent) -> tuple[int, int]:
        """Width and height of the picture that came with this event, as they were asked for."""
        return self._sizes.get(_key(event), self._settings.image_size)

    def judged_together(self, event: AsyncEvent) -> bool:
        """Whether the picture that came with this event is judged beside those of other jobs."""
        return _key(event) in self._together

    def _derived(self, text: str) -> str:
        """Unguessable without the shared secret, and of this run only."""
        key = self._settings.callback_secret.encode()
        return hmac.new(key, f"{self._run} {text}".encode(), hashlib.sha256).hexdigest()


def _key(event: AsyncEvent) -> str:
    """The job's name, or the token of its callback."""
    return event.job if isinstance(event, Downloaded) else getattr(event, "token", None) or ""
