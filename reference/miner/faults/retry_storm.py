"""A loop around the delivery, without a pause."""

from dataclasses import replace

from reference.miner.seams import Fault
from reference.miner.settings import Settings


class RetryStorm(Fault):
    name = "retry-storm"
    does = "tries a refused callback ten times without a pause"
    clause = "CBK-22"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_attempts=10, callback_retry_delay=0.0)
