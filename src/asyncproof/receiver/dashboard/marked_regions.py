"""Where a picture looks damaged, for the page of a job: what a look at it alone suspects."""

from pathlib import Path
from typing import TypedDict

from asyncproof.images.pixels import UndecodableError, decode_in_part
from asyncproof.images.single.look import look

MOST_BYTES = 32 * 1024 * 1024


class MarkedRegion(TypedDict):
    """Columns ``left`` to ``right`` and rows ``top`` to ``bottom`` (ends excluded) of a picture of
    ``width`` and ``height``, and what is suspected there."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int
    reason: str


def marked_regions(path: Path) -> list[MarkedRegion]:
    """The strongest suspicion first; nothing for files that cannot be decoded.

    Only one at a time in a process: see :func:`decode_in_part`.
    """
    try:
        with path.open("rb") as file:
            pixels = decode_in_part(file.read(MOST_BYTES))
    except (OSError, UndecodableError):
        return []
    return [
        MarkedRegion(
            left=found.region.left,
            top=found.region.top,
            right=found.region.right,
            bottom=found.region.bottom,
            width=found.region.width,
            height=found.region.height,
            reason=found.reason,
        )
        for found in look(pixels)
    ]
