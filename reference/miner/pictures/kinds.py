"""What a prompt asks for: a kind of picture, from its words or, without any, from its hash."""

import hashlib
import re
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""height x width x RGB"""
Light: TypeAlias = npt.NDArray[np.floating[Any]]
"""height x width x RGB from 0 to 1, or height x width"""

WORDS = {
    "night": ("night sky", "stars", "galaxy", "nebula"),
    "portrait": ("portrait", "girl", "boy", "woman", "man", "face", "anime", "person"),
    "flat": ("flat", "illustration", "poster", "vector", "minimal"),
    "city": ("city", "street", "skyline", "tower", "building"),
    "flowers": ("flower", "flowers", "rose", "garden", "macro", "bokeh"),
    "sea": ("sea", "ocean", "beach", "sunset", "boat", "wave", "waves"),
    "landscape": ("landscape", "mountain", "mountains", "forest", "lake", "valley", "day"),
}
BY_HASH = ("landscape", "sea", "portrait", "city", "flat", "flowers")
"""Kinds that nobody can take for a broken picture. A night sky is dark enough for that, so it is
drawn only when the prompt asks for it."""


def kind_of(prompt: str) -> str:
    """The kind whose words come in the prompt, else one that depends on all of it."""
    for kind, words in WORDS.items():
        if re.search(rf"\b({'|'.join(words)})\b", prompt, re.IGNORECASE):
            return kind
    return BY_HASH[hashlib.sha256(prompt.encode(errors="replace")).digest()[0] % len(BY_HASH)]


def chance(*parts: object) -> np.random.Generator:
    """A generator that gives the same numbers for the same parts in every process."""
    digest = hashlib.sha256(repr(parts).encode(errors="replace")).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
