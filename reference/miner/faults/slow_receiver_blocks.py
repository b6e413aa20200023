"""One task delivers for all."""

from dataclasses import replace

from reference.miner.seams import Fault
from reference.miner.settings import Settings


class SlowReceiverBlocks(Fault):
    name = "slow-receiver-blocks"
    does = "delivers one callback after the other"
    clause = "CBK-21"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_at_once=1)
