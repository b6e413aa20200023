"""What the dashboard shows of an image: a thumbnail, and the verdict of the six rules.

Images come from anyone. One with enormous dimensions is never decoded; others are decoded one at a
time, in a separate thread, so that callbacks do not wait.
"""

import asyncio
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from asyncproof.images.six_rules import ImageValidator, detect_partial_render
from asyncproof.receiver.dashboard.marked_regions import MarkedRegion, marked_regions

LARGEST = 50_000_000  # pixels
EDGE = 320  # of a thumbnail, in pixels
_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class PictureSummary:
    """``thumbnail`` is a WebP file, empty if there is none; ``problem`` is the first rule that the
    image breaks, empty if it breaks none; ``showable``: a browser may load the image itself."""

    thumbnail: bytes = b""
    problem: str = ""
    width: int = 0
    height: int = 0
    showable: bool = False


class Thumbnails:
    """Examines each image once; remembers the last ones."""

    def __init__(self) -> None:
        self._one_at_a_time = ThreadPoolExecutor(1, thread_name_prefix="looks")
        self.judged: Counter[str] = Counter()
        self._seen: OrderedDict[Path, PictureSummary] = OrderedDict()

    async def at(self, path: Path) -> PictureSummary:
        if path not in self._seen:
            loop = asyncio.get_running_loop()
            self._seen[path] = await loop.run_in_executor(self._one_at_a_time, look_at, path)
            self.judged["damaged" if self._seen[path].problem else "sound"] += 1
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return self._seen[path]

    async def regions(self, path: Path) -> list[MarkedRegion]:
        """Where an image looks damaged."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._one_at_a_time, marked_regions, path)

    def close(self) -> None:
        self._one_at_a_time.shutdown(wait=True, cancel_futures=True)


def look_at(path: Path) -> PictureSummary:
    """Open, judge and shrink one image. Never raises, whatever the file contains."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > LARGEST:
                return PictureSummary(problem=f"too large to examine: {width}x{height}")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return PictureSummary(problem="too large to examine")
    except UnidentifiedImageError:
        return PictureSummary(problem="not an image")
    except Exception as error:  # Pillow's readers may raise anything for a broken file
        return PictureSummary(problem=f"cannot be opened: {error}"[:200])
    return PictureSummary(
        _thumbnail(path), _problem(path, (width, height)), width, height, showable=True
    )


def _problem(path: Path, size: tuple[int, int]) -> str:
    """The verdict of the six rules for any size; then that of the check of its bottom."""
    verdict = ImageValidator(expected_size=size, min_bytes=0).validate(path)
    return verdict.reason or detect_partial_render(path)[1]


def _thumbnail(path: Path) -> bytes:
    small = BytesIO()
    try:
        with Image.open(path) as image:
            image.thumbnail((EDGE, EDGE))
            image.convert("RGB").save(small, "WEBP", quality=80)
    except Exception:  # a broken file; the browser shows as much as it can
        return b""
    return small.getvalue()
