"""A page of damaged pictures, each with its region framed, beside its idle reference if any.

The page needs nothing but itself: thumbnails lie in it as data. Text is escaped by jinja2.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import jinja2
import numpy as np
from PIL import Image

from asyncproof.images.pixels import Pixels, distance_map, with_alpha
from asyncproof.images.reference.comparison import Difference
from asyncproof.images.region import Region

THUMBNAIL = 320  # pixels of the longer side
HEAT_LEVELS = (0, 1, 16, 96, 255)  # of difference, drawn black, dark red, red, yellow, white
HEAT_RGB = ((0, 96, 230, 255, 255), (0, 0, 20, 220, 255), (0, 0, 20, 40, 255))


@dataclass(frozen=True, slots=True)
class Frame:
    """One thumbnail (a ``data:`` URL, or "" where there are no pixels) and the regions in it.
    ``file`` leads to the file itself, if anywhere: it is linked where there are no pixels."""

    label: str
    image: str
    regions: tuple[Region, ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One picture of the page: its name, what is wrong with it, and its thumbnails. ``link`` is
    where its name leads, if anywhere."""

    title: str
    reasons: tuple[str, ...]
    frames: tuple[Frame, ...]
    link: str = ""


def single_card(
    title: str,
    reasons: tuple[str, ...],
    pixels: Pixels | None,
    regions: tuple[Region, ...] = (),
    *,
    label: str = "delivered",
    file: str = "",
) -> Card:
    """A picture judged alone; ``pixels`` is None where the file gives none."""
    image = thumbnail(pixels) if pixels is not None else ""
    return Card(title, reasons, (Frame(label, image, regions, file),))


def reference_card(
    title: str, picture: Pixels, reference: Pixels, difference: Difference, reason: str = ""
) -> Card:
    """A picture beside its idle reference, and the map of their differences; ``reason`` in place of
    the difference's own, where more is known."""
    frames = [
        Frame("delivered", thumbnail(picture), difference.regions),
        Frame("idle reference", thumbnail(reference), difference.regions),
    ]
    if picture.shape[:2] == reference.shape[:2]:
        frames.append(Frame("difference", thumbnail(difference_map(picture, reference))))
    return Card(title, (reason or difference.reason,), tuple(frames))


def difference_map(picture: Pixels, reference: Pixels) -> Pixels:
    """Black where two pictures of one size agree, through red and yellow to white."""
    levels = np.arange(256)
    heat = np.stack([np.interp(levels, HEAT_LEVELS, channel) for channel in HEAT_RGB], axis=1)
    return heat.astype(np.uint8)[distance_map(picture, reference)]


def thumbnail(pixels: Pixels) -> str:
    """A ``data:`` URL of the picture, at most ``THUMBNAIL`` pixels wide and high."""
    image = Image.fromarray(with_alpha(pixels))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    out = BytesIO()
    image.save(out, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()


def render_gallery(title: str, cards: Iterable[Card], *, note: str = "") -> Iterator[str]:
    """The whole page, piece by piece."""
    yield from _TEMPLATES.get_template("gallery.html").generate(title=title, cards=cards, note=note)


def render_cards(cards: Iterable[Card]) -> str:
    """The cards with their style alone, to be put into another page (it is safe HTML)."""
    return _TEMPLATES.get_template("cards.html").render(cards=cards)


_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
