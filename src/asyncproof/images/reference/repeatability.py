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
    mean of a cell, both in levels.
    """

    sameness: Sameness
    pairs: int
    distance: int = 0
    drift: float = 0.0
    reason: str = ""

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
    """Compare the files of the same request, made twice in quiet, and fold over all pairs."""
    count, exact, distance, drift, alike = 0, True, 0, 0.0, True
    for first, second in pairs:
        count += 1
        if first == second:
            continue
        exact = False
        try:
            one, other = decode(first), decode(second)
        except UndecodableError as error:
            return Repeatability(
                Sameness.NONE,
                count,
                reason=f"one of the pictures is broken: {error}",
            )
        apart = distance_between(one, other)
        if apart is None:
            return Repeatability(
                Sameness.NONE,
                count,
                reason="two pictures of one request differ in size",
            )
        distance = max(distance, apart)
        drift = max(drift, float(drift_map(one, other, CELL).max(initial=0)))
        alike = alike and (apart <= MAX_DISTANCE or is_same(one, other))
    if not count:
        return Repeatability(Sameness.NONE, 0, reason="no request was made twice in quiet")
    if not distance:
        return Repeatability(Sameness.BYTES if exact else Sameness.PIXELS, count)
    if distance <= MAX_DISTANCE:
        return Repeatability(Sameness.DISTANCE, count, distance, drift)
    reason = (
        "two pictures of one request, made while nothing else ran, differ by up to "
        f"{distance} of 255"
    )
    sameness, reason = (Sameness.STRUCTURE, "") if alike else (Sameness.NONE, reason)
    return Repeatability(sameness, count, distance, drift, reason)


def distance_between(picture: Pixels, other: Pixels) -> int | None:
    """The largest difference of any channel of any pixel, in levels; None if sizes differ."""
    if picture.shape[:2] != other.shape[:2]:
        return None
    return int(distance_map(picture, other).max(initial=0))
