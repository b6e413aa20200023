"""Faults of sending callbacks: whether, where, how often, and with which secret."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault
from reference.miner.settings import Settings
from reference.miner.spoiling import with_fields

# None is sent.


class CallbackMissing(Fault):
    """The callback is lost before it is sent."""

    name = "callback-missing"
    does = "sends no callback and says that it skipped it"
    clause = "CBK-1"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return []


class FailuresNotDelivered(Fault):
    """The callback is sent only at the end of the successful path."""

    name = "failures-not-delivered"
    does = "sends no callback for jobs that fail"
    clause = "CBK-1"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries if job.image else []


# More than one is sent.


class CallbackTwice(Fault):
    """Two places in the code send the callback."""

    name = "callback-twice"
    does = "sends each callback a second time although the first was accepted"
    clause = "CBK-4"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries * 2


class CallbackLaterAgain(Fault):
    """A sweeper finds jobs whose delivery it does not know about."""

    name = "callback-later-again"
    does = "sends each callback again some time later (parameter: seconds)"
    clause = "CBK-4"
    parameter = 0.5

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries + [replace(one, delay=self.value or 0) for one in deliveries]


class CallbackForAGhost(Fault):
    """A job that was never accepted runs anyway."""

    name = "callback-for-a-ghost"
    does = "sends a second callback with a job_id that it never gave out"
    clause = "CBK-25"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries + with_fields(deliveries, job_id=f"ghost-{job.key}")


class RetryDiffers(Fault):
    """The body of a retry is built again, from whatever is there by then."""

    name = "retry-differs"
    does = "tries each callback twice, the second time with another image_url"
    clause = "CBK-23"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries + with_fields(deliveries, image_url=f"{job.image_url}?attempt=2")


class RetryStorm(Fault):
    """A loop around the delivery, without a pause."""

    name = "retry-storm"
    does = "tries a refused callback ten times without a pause"
    clause = "CBK-22"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_attempts=10, callback_retry_delay=0.0)


class GivesUpAtOnce(Fault):
    """The task that delivers ends with the first error."""

    name = "gives-up-at-once"
    does = "never sends a callback again that was not taken, whatever --callback-attempts says"
    clause = "CBK-32"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_attempts=1)


# It goes to the wrong place, or in the wrong way.


class CallbackUrlShortened(Fault):
    """The end of the URL is lost."""

    name = "callback-url-shortened"
    does = "sends callbacks to the URL without the last part of its path"
    clause = "CBK-3"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, url=one.url.rpartition("/")[0]) for one in deliveries]


class UrlOfAnother(Fault):
    """The callback target lives in a variable that jobs share."""

    name = "url-of-another"
    does = "sends each callback to the URL, and with the secret, of the job that ended before"
    clause = "CBK-3"
    shared: Delivery | None = None

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        (own,) = deliveries
        other, self.shared = self.shared or own, own
        return [replace(own, url=other.url, headers=other.headers)]


class CallbackByPut(Fault):
    """A receiver is treated like an object store."""

    name = "callback-by-put"
    does = "sends callbacks with PUT"
    clause = "CBK-5"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, method="PUT") for one in deliveries]


class SlowReceiverBlocks(Fault):
    """One task delivers for all."""

    name = "slow-receiver-blocks"
    does = "delivers one callback at a time, so that a slow receiver delays the others"
    clause = "CBK-21"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_at_once=1)


# The secret


class SecretMissing(Fault):
    """The header is set on a session that redeliveries do not use."""

    name = "secret-missing"
    does = "sends callbacks without X-Callback-Secret"
    clause = "CBK-2"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, headers={}) for one in deliveries]


class WrongSecret(Fault):
    """The secret is rebuilt from something that is not the secret."""

    name = "wrong-secret"
    does = "sends X-Callback-Secret with the last character changed"
    clause = "CBK-2"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, headers=_spoiled(one.headers)) for one in deliveries]


def _spoiled(headers: dict[str, str]) -> dict[str, str]:
    return {
        name: f"{value[:-1]}{'x' if value[-1:] != 'x' else 'y'}" for name, value in headers.items()
    }


class SecretOfAnother(Fault):
    """The secret lives in a variable that jobs share."""

    name = "secret-of-another"
    does = "sends the secret of the job that ended before"
    clause = "CBK-2"
    shared: Delivery | None = None

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        (own,) = deliveries
        other, self.shared = self.shared or own, own
        return [replace(own, headers=other.headers)]


# It never ends.


class DeliveryWithoutEnd(Fault):
    """The HTTP client has no timeout."""

    name = "delivery-without-end"
    does = "waits for the receiver's answer without a time limit"
    clause = "CBK-31"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_timeout=3600.0)
