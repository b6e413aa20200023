"""``python -m reference.miner.pictures.sheet OUT.jpg``: one of everything, to look at."""

import sys

from PIL import Image

from reference.miner.loras import LORAS
from reference.miner.pictures.canvas import whole

EDGE, GAP, COLUMNS = 320, 4, 5
INK, NEON, PASTEL = LORAS
ROWS: tuple[tuple[str, int, str | None], ...] = (
    ("mountain lake", 1, None),
    ("ocean boat", 4, None),
    ("A cute anime girl with blue hair", 42, None),
    ("city skyline", 6, None),
    ("flat illustration", 9, None),
    ("a valley", 2, None),
    ("sea at sunset", 3, None),
    ("portrait of a woman", 5, None),
    ("a flower", 10, None),
    ("night sky", 12, None),
    ("mountain lake", 1, INK),
    ("ocean boat", 4, NEON),
    ("A cute anime girl with blue hair", 42, NEON),
    ("city skyline", 6, INK),
    ("garden", 11, PASTEL),
)


def main(path: str) -> None:
    """Draw every row of the table and lay them out."""
    step = EDGE + GAP
    lines = -(-len(ROWS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * step - GAP, lines * step - GAP), "white")
    for number, (prompt, seed, lora) in enumerate(ROWS):
        picture = Image.fromarray(whole(prompt, seed, 1024, lora)).resize((EDGE, EDGE))
        sheet.paste(picture, (number % COLUMNS * step, number // COLUMNS * step))
    sheet.save(path, quality=82)


if __name__ == "__main__":
    main(sys.argv[1])
