"""A receiver that stumbles gets another chance."""

from dataclasses import replace

from reference.miner.seams import Fault
from reference.miner.settings import Settings


class Retrying(Fault):
    name = "retrying"
    does = "sends a refused callback again, up to three times in all, with the same bytes"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_attempts=3)
