"""Inference only."""

from dataclasses import replace

from reference.miner.seams import Fault
from reference.miner.settings import Settings


class NoTraining(Fault):
    name = "no-training"
    does = "offers no training: /train answers 404"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, training=0)
