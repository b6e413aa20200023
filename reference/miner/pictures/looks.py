"""The look that each LoRA gives to any picture."""

from collections.abc import Callable

import numpy as np

from reference.miner.loras import LORAS
from reference.miner.pictures.kinds import Light
from reference.miner.pictures.tools import gradient, rgb

Look = Callable[[Light], Light]


def ink(picture: Light) -> Light:
    """Brush drawing: brown-black lines where the brightness changes, on warm paper."""
    grey = _grey(picture)
    edges = np.abs(np.diff(grey, axis=0, prepend=grey[:1]))
    edges = edges + np.abs(np.diff(grey, axis=1, prepend=grey[:, :1]))
    tone = np.clip(0.2 + 0.85 * grey - 3.0 * edges, 0, 1)
    return gradient([rgb("231b1c"), rgb("8d7b68"), rgb("f4ead6")], tone)


def neon(picture: Light) -> Light:
    """Violet shadows, glowing magenta and cyan."""
    grey = _grey(picture)
    low, high = np.percentile(grey[::8, ::8], (2, 98))
    tone = np.clip((grey - low) / max(high - low, 0.05), 0, 1)
    stops = [rgb("1a0b3a"), rgb("5a1fa0"), rgb("f02fa0"), rgb("ff9a6a"), rgb("4ff0f0")]
    return 0.85 * gradient(stops, tone) + 0.15 * picture


def pastel(picture: Light) -> Light:
    """Chalk: light, and with half of the colour."""
    grey = _grey(picture)[..., None]
    soft: Light = 0.4 + 0.52 * (0.25 * grey + 0.75 * picture) + 0.06 * rgb("ffd9e6")
    return soft


LOOKS: dict[str, Look] = dict(zip(LORAS, (ink, neon, pastel), strict=True))


def _grey(picture: Light) -> Light:
    return picture @ np.array([0.299, 0.587, 0.114], np.float32)
