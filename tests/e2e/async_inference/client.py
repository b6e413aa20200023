"""A small client for one job at a time, by its documented name."""

from asyncproof.driver.miner_client import MinerClient, MinerError

__all__ = ["MinerClient", "MinerError"]
