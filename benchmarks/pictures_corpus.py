"""Clean pictures of many classes and the damage done to them, for the benchmarks of pictures.

Sources are what packages ship: Debian's plasma-workspace-wallpapers, mate-backgrounds and
opencv-doc, PyPI's scikit-image and scikit-learn. A source belongs to the calibration set or to the
score set, never to both. Drawn classes (night, stars, letterbox, …) are made here, of the sources
of their set or from seeds of their set.
"""

import importlib.util
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from reference.miner.pictures.canvas import whole

SIDE = 1024
MIN_SPREAD = 3.0  # levels; a source with less is an empty sheet
WALLPAPERS = (Path("/usr/share/wallpapers"), Path("/usr/share/backgrounds/mate"))
OPENCV = Path("/usr/share/doc/opencv-doc/examples")
SKIMAGE = """
astronaut brick camera chelsea coffee coins grass gravel hubble_deep_field ihc moon
motorcycle_left retina rocket"""
# Of OpenCV's examples: one of each pair of views, and no drawings of single shapes.
EXAMPLES = """
000 aero1 aloeL apple baboon basketball1 board box_in_scene building butterfly chicky_512
ela_original fruits graf1 home input leuvenA licenseplate_motion messi5 orange plant rubberwhale1
scenetext01 scenetext02 scenetext03 scenetext04 scenetext05 scenetext06
scenetext_segmented_word01 scenetext_segmented_word02 scenetext_segmented_word03
scenetext_segmented_word04 smarties squirrel_cls starry_night sudoku"""
ART = ("night", "stars", "letterbox", "silhouette", "poster", "line art", "white background")
SOFT = ("low contrast", "fog")
MINER_PROMPTS = ("mountain", "sea", "night sky", "portrait", "city", "flat poster", "flowers")
# Variants of one picture are one source.
_FAMILY = re.compile(r"[_-](?:Dark|Light|Warm|Cold|Radioactive|\d).*")


@dataclass(frozen=True)
class Clean:
    """A sound picture; ``source`` is the file or seed it was made of."""

    name: str
    kind: str
    source: str
    pixels: np.ndarray


def sources() -> list[Path]:
    """One file of each shipped picture, the largest."""
    best: dict[str, Path] = {}
    for root in WALLPAPERS:
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() not in {".png", ".jpg", ".jpeg"} or "screenshot" in path.name:
                continue
            key = path.stem if "mate" in str(root) else str(path.parent)
            if key not in best or path.stat().st_size > best[key].stat().st_size:
                best[key] = path
    return sorted(
        [
            *best.values(),
            *_examples(),
            *_packaged("skimage", "data", SKIMAGE),
            *_packaged("sklearn", "datasets/images", "china flower"),
        ]
    )


def _examples() -> list[Path]:
    """The photos among the examples of OpenCV; the largest file where two have one name."""
    files = [f for f in OPENCV.rglob("*") if f.suffix in {".jpg", ".png"}]
    ordered = sorted(files, key=lambda f: (f.stat().st_size, f))
    return [f for f in {f.stem: f for f in ordered}.values() if f.stem in EXAMPLES.split()]


def _packaged(package: str, folder: str, names: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return []
    files = (Path(spec.origin).parent / folder).glob("*.*")
    return [f for f in files if f.stem in names.split() and f.suffix in {".png", ".jpg"}]


def in_score_set(path: Path) -> bool:
    """A fixed half of the sources, by their names; a wallpaper theme is one source."""
    theme = path.parts[4] if "wallpapers" in path.parts else _FAMILY.split(path.stem)[0]
    return zlib.crc32(theme.encode()) % 2 == 1


def photos(*, score: bool, crops: int = 4) -> Iterator[Clean]:
    """Crops of the sources, at several scales, as an image model gives them: no two alike."""
    for path in sources():
        if in_score_set(path) is not score:
            continue
        with Image.open(path) as image:
            rgb = _reduced(image)
        if np.asarray(rgb).std() < MIN_SPREAD:
            continue
        rng = np.random.default_rng(zlib.crc32(path.stem.encode()))
        for n in range(crops):
            crop = _crop(rgb, rng)
            if crop.std() >= MIN_SPREAD:
                yield Clean(f"{path.parts[4]}-{path.stem}-{n}", "photo", str(path), crop)


def _reduced(image: Image.Image) -> Image.Image:
    """RGB with the shorter side at most two standard sides, over black where transparent."""
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    rgba = image.convert("RGBA")
    rgba.thumbnail((8 * SIDE, 2 * SIDE), reducing_gap=2.0)
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "black"), rgba).convert("RGB")


def _crop(image: Image.Image, rng: np.random.Generator) -> np.ndarray:
    short = min(image.size)
    low = max(SIDE * 3 // 4, short // 2) if short > SIDE else short * 5 // 8
    side = int(rng.integers(low, short + 1))
    left = int(rng.integers(0, image.width - side + 1))
    top = int(rng.integers(0, image.height - side + 1))
    part = image.crop((left, top, left + side, top + side)).resize(
        (SIDE, SIDE), Image.Resampling.LANCZOS
    )
    grain = rng.normal(0, 0.7, (SIDE, SIDE, 3))  # a decoder of latents never paints exactly flat
    return (np.asarray(part) + grain).round().clip(0, 255).astype(np.uint8)


def drawn(photo: Clean, kind: str, seed: int) -> Clean:
    """A picture of another class, made of a photo or of a seed."""
    rng = np.random.default_rng(seed)
    return Clean(f"{kind}-{seed}", kind, photo.source, DRAWN[kind](photo.pixels, rng))


def _night(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    y = np.linspace(1.0, 0.25, SIDE)[:, None, None] ** rng.uniform(0.5, 2)
    dark = (photo / 255.0) ** rng.uniform(1.5, 2.5) * rng.uniform(60, 140) * y
    return (dark + rng.normal(0, 0.7, dark.shape)).clip(0, 255).astype(np.uint8)


def _stars(_photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sky = np.zeros((SIDE, SIDE, 3)) + rng.uniform(0, 6, 3) * (rng.random() < 0.7)
    for _ in range(int(rng.integers(200, 4000))):
        x, y = rng.integers(2, SIDE - 2, 2)
        light = rng.exponential(60) + 20
        sky[y, x] += light * rng.uniform(0.8, 1.0, 3)
        if light > 120:
            sky[y - 1 : y + 2, x - 1 : x + 2] += light / 3
    grain = rng.normal(0, 0.7, sky.shape) * (rng.random() < 0.6)
    return (sky + grain).clip(0, 255).astype(np.uint8)


def _letterbox(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    boxed = photo.copy()
    bar = int(rng.integers(30, 220))
    colour = 255 if rng.random() < 0.2 else 0
    if rng.random() < 0.7:
        boxed[:bar] = boxed[-bar:] = colour
    else:
        boxed[:, :bar] = boxed[:, -bar:] = colour
    return boxed


def _silhouette(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    x = np.arange(SIDE)
    line = SIDE * rng.uniform(0.45, 0.85) + sum(
        rng.uniform(10, 120) / k * np.sin(x * k / rng.uniform(60, 200) + rng.uniform(0, 6))
        for k in (1, 2, 3, 5)
    )
    front = np.arange(SIDE)[:, None] > line[None, :]
    out = photo.copy()
    out[front] = rng.integers(0, 12) if rng.random() < 0.5 else 0
    return out


def _shapes(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, count: int, *, outline: bool
) -> None:
    for _ in range(count):
        x, y = rng.integers(-100, SIDE, 2)
        w, h = rng.integers(40, 600, 2)
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        box = [int(x), int(y), int(x + w), int(y + h)]
        kind = rng.integers(0, 4)
        options = (
            {"outline": colour, "width": int(rng.integers(1, 6))} if outline else {"fill": colour}
        )
        if kind == 0:
            draw.ellipse(box, **options)
        elif kind == 1:
            draw.rectangle(box, **options)
        elif kind == 2:
            points = [tuple(int(v) for v in rng.integers(-50, SIDE + 50, 2)) for _ in range(5)]
            draw.line([*points, points[0]], fill=colour, width=4) if outline else draw.polygon(
                points, fill=colour
            )
        else:
            draw.arc(box, 0, int(rng.integers(90, 360)), fill=colour, width=3)


def _drawing(rng: np.random.Generator, *, outline: bool) -> np.ndarray:
    big = 2
    paper = (255, 255, 255) if outline else tuple(int(c) for c in rng.integers(0, 256, 3))
    image = Image.new("RGB", (SIDE, SIDE), paper)
    _shapes(ImageDraw.Draw(image), rng, int(rng.integers(5, 30)), outline=outline)
    smooth = image.resize((SIDE * big, SIDE * big), Image.Resampling.BICUBIC)
    return np.asarray(smooth.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _poster(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        return _drawing(rng, outline=False)
    levels = int(rng.integers(2, 5))
    soft = Image.fromarray(photo).filter(ImageFilter.GaussianBlur(3))
    return np.asarray(soft.quantize(2**levels).convert("RGB"))


def _line_art(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        return _drawing(rng, outline=True)
    grey = Image.fromarray(photo).convert("L").filter(ImageFilter.GaussianBlur(2))
    edges = np.asarray(grey.filter(ImageFilter.FIND_EDGES))
    ink = 255 - (edges.astype(int) * 6).clip(0, 255)
    return np.repeat(ink.astype(np.uint8)[:, :, None], 3, axis=2)


def _white_background(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    cx, cy = rng.uniform(0.35, 0.65, 2) * SIDE
    rx, ry = rng.uniform(0.2, 0.4, 2) * SIDE
    inside = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1
    return np.where(inside[:, :, None], photo, 255).astype(np.uint8)


def _low_contrast(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    level, share = rng.uniform(60, 190), rng.uniform(0.15, 0.35)
    return (
        (level + (photo - photo.mean()) * share + rng.normal(0, 0.7, photo.shape))
        .clip(0, 255)
        .astype(np.uint8)
    )


def _fog(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    veil = np.linspace(rng.uniform(0.6, 0.9), rng.uniform(0.1, 0.5), SIDE)[:, None, None]
    foggy = photo * (1 - veil) + rng.uniform(190, 240) * veil
    return (foggy + rng.normal(0, 0.7, photo.shape)).clip(0, 255).astype(np.uint8)


DRAWN: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "night": _night,
    "stars": _stars,
    "letterbox": _letterbox,
    "silhouette": _silhouette,
    "poster": _poster,
    "line art": _line_art,
    "white background": _white_background,
    "low contrast": _low_contrast,
    "fog": _fog,
}


def clean_set(*, score: bool, crops: int = 4, drawn_each: int = 30) -> list[Clean]:
    """The photos of one set and ``drawn_each`` pictures of every drawn class made of them."""
    base = list(photos(score=score, crops=crops))
    rng = np.random.default_rng(int(score))
    made = [
        drawn(base[int(rng.integers(len(base)))], kind, 1000 * score + n)
        for kind in DRAWN
        for n in range(drawn_each)
    ]
    return [*base, *made]


SIDES = ("bottom", "top", "left", "right")
FILLS = ("black", "grey", "white", "mean", "noise", "previous picture")


def damage_kinds() -> list[str]:
    """Every kind of damage that a look at one picture is asked to find."""
    cuts = [f"{side} {fill}" for side in SIDES for fill in FILLS]
    tiles = [f"{what} tile {side}" for what in ("missing", "noise") for side in (64, 128, 256, 512)]
    return [*cuts, *tiles, "transparent bottom", "lost channel", "solid", "undenoised noise"]


def damaged(
    kind: str, picture: np.ndarray, previous: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The picture with one kind of damage at a random place."""
    words = kind.split()
    if kind == "solid":
        return np.full_like(picture, rng.integers(0, 256, 3, np.uint8))
    if kind == "lost channel":
        out = picture.copy()
        out[:, :, rng.integers(0, 3)] = rng.choice([0, 0, 255])
        return out
    if kind == "undenoised noise":
        return _undenoised(picture, rng)
    if kind == "transparent bottom":
        alpha = np.full(picture.shape[:2], 255, np.uint8)
        alpha[int(SIDE * (1 - rng.uniform(0.05, 0.6))) :] = 0
        return np.dstack([picture, alpha])
    if "tile" in words:
        return _tile(words[0], int(words[2]), picture, rng)
    return _cut(words[0], " ".join(words[1:]), picture, previous, rng)


def _undenoised(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind = rng.integers(0, 3)
    if kind == 0:
        return rng.integers(0, 256, picture.shape, np.uint8)
    if kind == 1:  # latents that were never denoised: independent blotches of eight pixels
        latent = rng.normal(128, 60, (SIDE // 8, SIDE // 8, 3)).clip(0, 255).astype(np.uint8)
        return np.asarray(Image.fromarray(latent).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    share = rng.uniform(0.3, 0.9)
    noise = rng.normal(128, 70, picture.shape)
    return (picture * (1 - share) + noise * share).clip(0, 255).astype(np.uint8)


def _tile(what: str, side: int, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    top, left = (64 * int(rng.integers(0, (SIDE - side) // 64 + 1)) for _ in range(2))
    out = picture.copy()
    part = out[top : top + side, left : left + side]
    part[:] = _fill(
        what if what == "noise" else str(rng.choice(["black", "grey", "white", "mean"])),
        part,
        part,
        rng,
    )
    return out


def _cut(
    side: str, fill: str, picture: np.ndarray, previous: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    turns = SIDES.index(side)
    upright = {
        "bottom": picture,
        "top": picture[::-1],
        "left": picture.transpose(1, 0, 2)[::-1],
        "right": picture.transpose(1, 0, 2),
    }[side].copy()
    other = previous if turns < 2 else previous.transpose(1, 0, 2)
    row = int(SIDE * (1 - rng.uniform(0.03, 0.7)))
    upright[row:] = _fill(fill, upright[row:], other[row:], rng)
    return np.ascontiguousarray(
        {
            "bottom": upright,
            "top": upright[::-1],
            "left": upright[::-1].transpose(1, 0, 2),
            "right": upright.transpose(1, 0, 2),
        }[side]
    )


def _fill(fill: str, part: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    flat = {"black": 0, "grey": 128, "white": 255}
    if fill in flat:
        return np.full_like(part, flat[fill])
    if fill == "mean":
        return np.zeros_like(part) + part.mean(axis=(0, 1)).astype(np.uint8)
    if fill == "noise":
        return rng.integers(0, 256, part.shape, np.uint8)
    return other


def png_bytes(pixels: np.ndarray, **options: object) -> bytes:
    """A PNG file as Pillow writes it."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", **options)
    return out.getvalue()


def reference_pictures(count: int) -> list[Clean]:
    """What the bundled reference miner paints, of every kind it knows."""
    made = []
    for n in range(count):
        prompt = f"{MINER_PROMPTS[n % len(MINER_PROMPTS)]} number {n}"
        made.append(Clean(f"miner-{n}", "reference miner", prompt, whole(prompt, n, SIDE)))
    return made


def main() -> None:
    """Tell which sources are here, and to which set each belongs."""
    found = sources()
    for path in found:
        print(f"{'score' if in_score_set(path) else 'calibration':<12} {path}")
    if not any(root.exists() for root in WALLPAPERS):
        print("for more: apt-get install plasma-workspace-wallpapers mate-backgrounds opencv-doc")
    if not found:
        print("no sources at all: pip install -r requirements_bench.txt")


if __name__ == "__main__":
    main()
