"""How far two pictures of the same request differ when the miner has nothing else to do.

Learned from pairs that were made in quiet, and used as the tolerance under load. Hardware that adds
in another order gives pictures that differ by a level or two; that is not damage.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from asyncproof.images.pixels import (
    Pixels,
    UndecodableError,
    decode,
    distance_map,
    drift_map,
)
from asyncproof.images.reference.structure import is_same
from asyncproof.images.region import CELL

MAX_DISTANCE = 16  # levels; a miner that differs by more in quiet cannot be compared with itself
LEAST_FOR_OUTLIERS = 3  # pairs; of fewer, none can be called the odd one


class Sameness(StrEnum):
    """What two runs of one request have in common, strongest first."""

    BYTES = "identical bytes"
    PIXELS = "identical pixels"
    DISTANCE = "pixels within a distance"
    STRUCTURE = "the same by structure"
    NONE = "not repeatable"


@dataclass(frozen=True, slots=True)
class Repeatability:
    """What was learned from ``pairs`` quiet pairs.

    ``distance`` is the largest difference of a pixel that was seen, ``drift`` the largest of the
    mean of a cell, both in levels. ``outliers`` are pairs that were left out: one of the two
    pictures is wrong.
    """

    sameness: Sameness
    pairs: int
    distance: int = 0
    drift: float = 0.0
    reason: str = ""
    outliers: int = 0

    @property
    def comparable(self) -> bool:
        """Whether pictures under load can be judged beside their references."""
        return self.sameness is not Sameness.NONE

    @property
    def tolerance(self) -> int:
        """Levels that a pixel may differ by: none for an exact miner, else half again the largest
        distance seen and one more, for the pairs that were not seen. None where pictures are the
        same by their structure only: what differs is judged by that."""
        exact = self.sameness is not Sameness.DISTANCE or not self.distance
        return 0 if exact else self.distance + self.distance // 2 + 1

    @property
    def drift_tolerance(self) -> float | None:
        """Levels that the mean of a cell may differ by; None for an exact miner, who needs none."""
        return 1.5 * self.drift + 0.75 if self.sameness is Sameness.DISTANCE else None

    def __str__(self) -> str:
        return f"{self._told}{self._and_the_rest}"

    @property
    def _and_the_rest(self) -> str:
        if not self.outliers or self.sameness is Sameness.NONE:
            return ""
        return f", {self.outliers} more in which one picture is wrong"

    @property
    def _told(self) -> str:
        if self.sameness is Sameness.DISTANCE:
            return f"pixels within {self.distance} levels ({self.pairs} quiet pairs)"
        if self.sameness is Sameness.STRUCTURE:
            return (
                f"the same by structure, pixels up to {self.distance} levels apart "
                f"({self.pairs} quiet pairs)"
            )
        if self.sameness is Sameness.NONE:
            return f"not repeatable: {self.reason}"
        return f"{self.sameness} ({self.pairs} quiet pairs)"


def learn_repeatability(pairs: Iterable[tuple[bytes, bytes]]) -> Repeatability:
    """Compare the files of the same request, made twice in quiet, and fold over all pairs.

    A miner whose pictures repeat in most of three pairs or more is repeatable; what differs in the
    others is wrong, and teaches nothing.
    """
    seen = [_seen(first, second) for first, second in pairs]
    if not seen:
        return Repeatability(Sameness.NONE, 0, reason="no request was made twice in quiet")
    alike = [pair for pair in seen if not pair.reason]
    outliers = len(seen) - len(alike)
    if outliers and (len(seen) < LEAST_FOR_OUTLIERS or 2 * outliers >= len(seen)):
        distance = max(pair.distance for pair in seen)
        reason = next(pair.reason for pair in seen if pair.reason)
        return Repeatability(Sameness.NONE, len(seen), distance, reason=reason)
    distance, drift = max(p.distance for p in alike), max(p.drift for p in alike)
    if not distance:
        exact = all(pair.exact for pair in alike)
        sameness = Sameness.BYTES if exact else Sameness.PIXELS
    else:
        sameness = Sameness.DISTANCE if distance <= MAX_DISTANCE else Sameness.STRUCTURE
    return Repeatability(sameness, len(alike), distance, drift, outliers=outliers)


@dataclass(frozen=True, slots=True)
class _Pair:
    """What two pictures of one request have in common; with a ``reason`` they are not the same."""

    exact: bool = True
    distance: int = 0
    drift: float = 0.0
    reason: str = ""


def _seen(first: bytes, second: bytes) -> _Pair:
    if first == second:
        return _Pair()
    try:
        one, other = decode(first), decode(second)
    except UndecodableError as error:
        return _Pair(exact=False, reason=f"one of the pictures is broken: {error}")
    apart = distance_between(one, other)
    if apart is None:
        return _Pair(exact=False, reason="two pictures of one request differ in size")
    drift = float(drift_map(one, other, CELL).max(initial=0))
    alike = apart <= MAX_DISTANCE or is_same(one, other)
    told = "two pictures of one request, made while nothing else ran, differ by up to"
    return _Pair(False, apart, drift, "" if alike else f"{told} {apart} of 255")


def distance_between(picture: Pixels, other: Pixels) -> int | None:
    """The largest difference of any channel of any pixel, in levels; None if sizes differ."""
    if picture.shape[:2] != other.shape[:2]:
        return None
    return int(distance_map(picture, other).max(initial=0))
