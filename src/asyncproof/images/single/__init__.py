"""One picture alone: signs of damage that need nothing to compare with.

A look at one picture suspects, it does not prove: what is art and what is damage can look the same.
docs/pictures.md has the rates for each kind of damage and each class of picture.
"""

from asyncproof.images.single.look import look
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

__all__ = ["Sign", "Suspicion", "Thresholds", "look"]
