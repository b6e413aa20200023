"""What a hostile or weak network does to the callbacks of a correct miner, one act a file."""

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.nemesis.quiet import Quiet

ALL: tuple[Nemesis, ...] = (Quiet(),)
"""Every nemesis with its defaults."""

__all__ = ["ALL", "Nemesis", "Quiet"]
