"""What the dashboard shows of a picture: a thumbnail, and what the six rules say of it.

Pictures come from anybody. One that claims enormous dimensions is never decoded, and one at a time
is, in a thread of its own, so that callbacks do not wait for it.
"""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from tests.e2e.async_inference.image_validator import ImageValidator, detect_partial_render

LARGEST = 50_000_000  # pixels
EDGE = 320  # of a thumbnail, in pixels
_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Look:
    """``thumbnail`` is a WebP file, empty where none could be made; ``problem`` is the first rule
    that the picture breaks, empty where it breaks none; ``showable`` whether a browser may be given
    the picture itself."""

    thumbnail: bytes = b""
    problem: str = ""
    width: int = 0
    height: int = 0
    showable: bool = False


class Looks:
    """Takes a look at each picture once; remembers the last ones."""

    def __init__(self) -> None:
        self._one_at_a_time = ThreadPoolExecutor(1, thread_name_prefix="looks")
        self._seen: OrderedDict[Path, Look] = OrderedDict()

    async def at(self, path: Path) -> Look:
        if path not in self._seen:
            loop = asyncio.get_running_loop()
            self._seen[path] = await loop.run_in_executor(self._one_at_a_time, look_at, path)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return self._seen[path]

    def close(self) -> None:
        self._one_at_a_time.shutdown(wait=True, cancel_futures=True)


def look_at(path: Path) -> Look:
    """Open, judge and shrink one picture. Nothing in the file makes this raise."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > LARGEST:
                return Look(problem=f"too large to look at: {width}x{height}")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Look(problem="too large to look at")
    except UnidentifiedImageError:
        return Look(problem="not a picture")
    except Exception as error:  # Pillow's readers raise whatever their format makes them stumble on
        return Look(problem=f"cannot be opened: {error}"[:200])
    return Look(_thumbnail(path), _problem(path, (width, height)), width, height, showable=True)


def _problem(path: Path, size: tuple[int, int]) -> str:
    """What the six rules say, of whatever size was meant; then what its bottom says."""
    verdict = ImageValidator(expected_size=size, min_bytes=0).validate(path)
    return verdict.reason or detect_partial_render(path)[1]


def _thumbnail(path: Path) -> bytes:
    small = BytesIO()
    try:
        with Image.open(path) as image:
            image.thumbnail((EDGE, EDGE))
            image.convert("RGB").save(small, "WEBP", quality=80)
    except Exception:  # a broken file; the browser shows as much of it as there is
        return b""
    return small.getvalue()
