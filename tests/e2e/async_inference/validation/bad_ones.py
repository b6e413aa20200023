"""The page of bad pictures that ``validate --gallery`` writes."""

from collections.abc import Iterator
from pathlib import Path

from tests.e2e.async_inference.pictures.gallery import Card, alone_card, render_gallery
from tests.e2e.async_inference.pictures.pixels import Pixels, decode, decode_in_part
from tests.e2e.async_inference.validation.work import Judged

MOST = 300  # pictures on one page; a browser shows no more with comfort


class BadOnes:
    """Keeps what was found about the first ``MOST`` bad pictures; pixels are read at the end."""

    def __init__(self) -> None:
        self.kept: list[Judged] = []
        self.count = 0

    def add(self, judged: Judged) -> None:
        if judged.is_valid:
            return
        self.count += 1
        if len(self.kept) < MOST:
            self.kept.append(judged)

    def write(self, page: Path) -> None:
        """Write the page; one card at a time is in memory."""
        shown = f"the first {MOST} of " if self.count > MOST else ""
        note = f"{shown}{self.count} pictures with a problem"
        with page.open("w", encoding="utf-8") as out:
            out.writelines(render_gallery("Damaged pictures", self._cards(), note=note))

    def _cards(self) -> Iterator[Card]:
        for judged in self.kept:
            pixels, label = _shown(judged.path)
            regions = tuple(p.region for p in judged.problems if p.region is not None)
            title = judged.path.encode("utf-8", "backslashreplace").decode()
            reasons = tuple(p.reason for p in judged.problems)
            yield alone_card(title, reasons, pixels, regions, label=label)


def _shown(path: str) -> tuple[Pixels | None, str]:
    """The pixels of a file, as far as there are any, and what to call them."""
    if not Path(path).is_file():
        return None, ""
    for look, label in ((decode, ""), (decode_in_part, "as much as can be decoded")):
        try:
            with Path(path).open("rb") as file:
                return look(file), label
        except (OSError, ValueError):
            continue
    return None, ""
