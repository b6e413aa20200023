"""What the miner's processes and the engine say to each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference.miner.pictures.kinds import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A picture to make. ``source`` is the file of a picture to start from."""

    prompt: str
    width: int
    height: int
    steps: int
    guidance: float
    seed: int
    lora: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """An adapter to train on one picture, given as the bytes of a file; it is offered as the LoRA
    ``name`` afterwards."""

    name: str
    prompt: str
    picture: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """How much is done, in percent."""

    percent: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The picture, height x width x RGB; None for a training."""

    pixels: "Pixels | None" = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there will be no picture, in words for the client."""

    why: str


Reply = Progress | Finished | Failed
