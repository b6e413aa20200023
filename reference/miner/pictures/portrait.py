"""A drawn face with large eyes; the prompt may name the colour of its hair."""

import re
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from reference.miner.pictures.kinds import Light
from reference.miner.pictures.tools import clouds, gradient, grid, over, rgb

HAIR = {
    "blue": "3f6fd0",
    "red": "b8402f",
    "green": "3f8f6a",
    "pink": "e583ac",
    "blonde": "e2b860",
    "brown": "6d4630",
    "purple": "7a52b8",
    "silver": "b9c0d0",
    "black": "33323f",
}
WALLS = (("cfe6f5", "f6e3f0"), ("fbe2cf", "f2c7d1"), ("d8efe2", "bfd9ea"), ("e6defa", "bcd0f5"))
SKINS = ("f9dcc8", "f3cfb4", "dba986", "a8704c")

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A mask and where its top left corner lies on the sheet, in pixels."""

    mask: Image.Image
    left: int
    top: int

    def inside(self, x: float, y: float) -> tuple[float, float]:
        """A place of the sheet, as a place of the mask."""
        return x - self.left, y - self.top


class _Sheet:
    """Draws in units of the picture: 0 to 1 from top left, on a square in its middle."""

    def __init__(self, height: int, width: int) -> None:
        self.size = min(height, width)
        self.left, self.top = (width - self.size) / 2, height - self.size
        self.shape = (width, height)
        self.image = Image.new("RGB", self.shape)

    def shape_of(self, points: Points) -> "_Stamp":
        """The mask of a smooth closed outline through these (x, y)."""
        outline = [self.at(x, y) for x, y in _rounded(points)]
        stamp = self._stamp([x for x, _ in outline], [y for _, y in outline])
        ImageDraw.Draw(stamp.mask).polygon([stamp.inside(*place) for place in outline], fill=255)
        return stamp

    def oval(self, x: float, y: float, rx: float, ry: float) -> "_Stamp":
        """The mask of an ellipse."""
        (left, top), (right, bottom) = self.at(x - rx, y - ry), self.at(x + rx, y + ry)
        stamp = self._stamp([left, right], [top, bottom])
        box = (*stamp.inside(left, top), *stamp.inside(right, bottom))
        ImageDraw.Draw(stamp.mask).ellipse(box, fill=255)
        return stamp

    def paint(self, stamp: "_Stamp", colour: Light, *, soft: float = 0.0) -> None:
        """Lay a colour over the picture, with a border that is ``soft`` wide."""
        mask = stamp.mask
        if soft:
            mask = mask.filter(ImageFilter.GaussianBlur(soft * self.size))
        self.image.paste(_code(colour), (stamp.left, stamp.top), mask)

    def _stamp(self, xs: list[float], ys: list[float]) -> "_Stamp":
        """An empty mask around these places, with room for a soft border."""
        room = round(0.08 * self.size)
        left, top = round(min(xs)) - room, round(min(ys)) - room
        size = (round(max(xs)) + room - left, round(max(ys)) + room - top)
        return _Stamp(Image.new("L", size), left, top)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a place."""
        return self.left + x * self.size, self.top + y * self.size


def portrait(rng: np.random.Generator, height: int, width: int, prompt: str = "") -> Light:
    """Head and shoulders before a light wall."""
    named = re.search(rf"\b({'|'.join(HAIR)})\b[\w\s]*\bhair\b", prompt, re.IGNORECASE)
    codes = list(HAIR.values())
    hair = rgb(HAIR[named.group(1).lower()] if named else codes[rng.integers(len(codes))])
    skin = rgb(SKINS[rng.integers(len(SKINS))])
    sheet = _Sheet(2 * height, 2 * width)
    wall = _wall(rng, height, width)
    sheet.image = Image.fromarray((wall * 255).astype(np.uint8)).resize(sheet.shape)
    _draw(rng, sheet, hair, skin)
    return np.asarray(sheet.image.resize((width, height), Image.Resampling.BOX), np.float32) / 255


def _draw(rng: np.random.Generator, sheet: _Sheet, hair: Light, skin: Light) -> None:
    cloth = rgb(("f4f1ea", "3f5170", "c9576b", "5f8f7f", "e0b04c")[rng.integers(5)])
    eyes = rgb(("4a7fc4", "5a9a5f", "8a5a36", "7a5fb0", "c07a3a")[rng.integers(5)])
    _behind(rng, sheet, hair)
    _body(sheet, cloth, skin)
    _face(sheet, skin)
    for side in (-1, 1):
        _eye(sheet, side, eyes, hair)
    _mouth(sheet, skin)
    _fringe(rng, sheet, hair)


def _behind(rng: np.random.Generator, sheet: _Sheet, hair: Light) -> None:
    long = rng.uniform(0.72, 0.98)
    sheet.paint(
        sheet.shape_of(
            [
                (0.5, 0.1),
                (0.24, 0.24),
                (0.19, 0.5),
                (0.2, long),
                (0.36, 0.9),
                (0.64, 0.9),
                (0.8, long),
                (0.81, 0.5),
                (0.76, 0.24),
            ]
        ),
        hair * 0.72,
    )
    sheet.paint(sheet.oval(0.5, 0.62, 0.2, 0.2), hair * 0.45, soft=0.03)


def _body(sheet: _Sheet, cloth: Light, skin: Light) -> None:
    for way in (-1, 1):
        sheet.paint(
            sheet.shape_of(
                [
                    (0.5, 0.8),
                    (0.5 + way * 0.14, 0.8),
                    (0.5 + way * 0.31, 0.87),
                    (0.5 + way * 0.37, 1.1),
                    (0.5, 1.1),
                ]
            ),
            cloth * (0.93, 1)[way > 0],
        )
    sheet.paint(
        sheet.shape_of(
            [
                (0.45, 0.6),
                (0.55, 0.6),
                (0.55, 0.78),
                (0.6, 0.82),
                (0.5, 0.9),
                (0.4, 0.82),
                (0.45, 0.78),
            ]
        ),
        skin * 0.94,
    )
    sheet.paint(sheet.oval(0.5, 0.69, 0.055, 0.045), skin * 0.78, soft=0.012)


def _face(sheet: _Sheet, skin: Light) -> None:
    for way in (-1, 1):
        sheet.paint(sheet.oval(0.5 + way * 0.19, 0.5, 0.03, 0.05), skin * 0.93)
    sheet.paint(
        sheet.shape_of(
            [
                (0.5, 0.2),
                (0.36, 0.25),
                (0.308, 0.42),
                (0.322, 0.54),
                (0.4, 0.645),
                (0.5, 0.705),
                (0.6, 0.645),
                (0.678, 0.54),
                (0.692, 0.42),
                (0.64, 0.25),
            ]
        ),
        skin,
    )
    for way in (-1, 1):
        blush = skin * 0.75 + rgb("f0707a") * 0.25
        sheet.paint(sheet.oval(0.5 + way * 0.125, 0.575, 0.03, 0.016), blush, soft=0.016)
    sheet.paint(sheet.oval(0.506, 0.565, 0.006, 0.009), skin * 0.84, soft=0.004)


def _eye(sheet: _Sheet, side: int, colour: Light, hair: Light) -> None:
    x, y, ink = 0.5 + side * 0.092, 0.492, rgb("2a2230")
    sheet.paint(sheet.oval(x, y, 0.05, 0.053), rgb("fdfcfb"))
    sheet.paint(sheet.oval(x, y - 0.03, 0.05, 0.022), rgb("cfc9d6"), soft=0.008)
    sheet.paint(sheet.oval(x, y + 0.002, 0.034, 0.047), colour * 0.5)
    sheet.paint(sheet.oval(x, y + 0.016, 0.029, 0.03), colour, soft=0.008)
    sheet.paint(sheet.oval(x, y + 0.03, 0.02, 0.012), np.minimum(colour * 1.5, 1), soft=0.006)
    sheet.paint(sheet.oval(x, y, 0.013, 0.02), ink)
    sheet.paint(sheet.oval(x - 0.012, y - 0.02, 0.011, 0.013), rgb("ffffff"))
    sheet.paint(sheet.oval(x + 0.014, y + 0.022, 0.005, 0.006), rgb("ffffff"))
    lid: Points = [
        (x - side * 0.05, y - 0.03),
        (x - side * 0.01, y - 0.062),
        (x + side * 0.04, y - 0.046),
        (x + side * 0.07, y - 0.008),
        (x + side * 0.04, y - 0.033),
        (x - side * 0.01, y - 0.048),
    ]
    sheet.paint(sheet.shape_of(lid), ink)
    sheet.paint(
        sheet.shape_of(
            [
                (x - side * 0.045, y - 0.098),
                (x + side * 0.02, y - 0.117),
                (x + side * 0.06, y - 0.1),
                (x + side * 0.02, y - 0.107),
            ]
        ),
        hair * 0.5,
    )


def _mouth(sheet: _Sheet, skin: Light) -> None:
    sheet.paint(
        sheet.shape_of([(0.462, 0.622), (0.5, 0.629), (0.538, 0.622), (0.5, 0.652)]),
        skin * 0.3 + rgb("b03a48") * 0.6,
    )


def _fringe(rng: np.random.Generator, sheet: _Sheet, hair: Light) -> None:
    tips = 7
    dome: Points = [
        (0.285, 0.47),
        (0.27, 0.3),
        (0.36, 0.16),
        (0.5, 0.115),
        (0.64, 0.16),
        (0.73, 0.3),
        (0.715, 0.47),
    ]
    zigzag: Points = []
    for tip in range(tips):
        x = 0.675 - 0.35 * (tip + 0.5) / tips
        zigzag += [(x + 0.02, 0.33), (x - 0.004, 0.395 + 0.05 * float(rng.random()))]
    sheet.paint(sheet.shape_of([*dome, *zigzag, (0.32, 0.34)]), hair)
    sheet.paint(sheet.oval(0.5, 0.245, 0.16, 0.02), np.minimum(hair * 0.75 + 0.3, 1), soft=0.012)
    for side in (-1, 1):
        x = 0.5 + side * 0.215
        lock: Points = [
            (x - side * 0.03, 0.26),
            (x + side * 0.035, 0.4),
            (x + side * 0.03, 0.62),
            (x - side * 0.012, 0.76 + 0.06 * float(rng.random())),
            (x - side * 0.03, 0.56),
        ]
        sheet.paint(sheet.shape_of(lock), hair * 0.94)
        strand: Points = [
            (x, 0.3),
            (x + side * 0.018, 0.46),
            (x + side * 0.004, 0.66),
            (x + side * 0.008, 0.46),
        ]
        sheet.paint(sheet.shape_of(strand), hair * 0.78)


def _wall(rng: np.random.Generator, height: int, width: int) -> Light:
    one, two = map(rgb, WALLS[rng.integers(len(WALLS))])
    y, x = grid(height, width)
    blur = clouds(rng, height, width, coarse=2, octaves=3)
    wall = gradient([one, two], np.clip(0.5 * y + 0.3 * x + 0.5 * (blur - 0.4), 0, 1))
    for _ in range(12):
        cy, cx, r = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.03, 0.1)
        disc = (((x - cx) * width / height) ** 2 + (y - cy) ** 2) < r**2
        wall = over(wall, np.ones(3, np.float32), disc * np.float32(0.16))
    return wall


def _code(colour: Light) -> tuple[int, int, int]:
    red, green, blue = (int(255 * min(1.0, max(0.0, float(part)))) for part in colour)
    return red, green, blue


def _rounded(points: Points) -> Points:
    """A closed outline with its corners cut twice (Chaikin's rule)."""
    for _ in range(3):
        ring = list(zip(points, points[1:] + points[:1], strict=True))
        points = [
            (a[0] * (1 - t) + b[0] * t, a[1] * (1 - t) + b[1] * t)
            for a, b in ring
            for t in (0.22, 0.78)
        ]
    return points
