"""The page of bad pictures that ``validate --gallery`` writes."""

from collections.abc import Iterator
from pathlib import Path

from asyncproof.images.gallery import Card, render_gallery, single_card
from asyncproof.images.pixels import Pixels, decode, decode_in_part
from asyncproof.validation.work import JudgedFile

MOST = 300  # images on one page; a browser becomes slow with more


class BadOnes:
    """Keeps the findings of the first ``MOST`` bad images; their pixels are read at the end."""

    def __init__(self) -> None:
        self.kept: list[JudgedFile] = []
        self.count = 0

    def add(self, judged: JudgedFile) -> None:
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
            yield single_card(title, reasons, pixels, regions, label=label)


def _shown(path: str) -> tuple[Pixels | None, str]:
    """The pixels of a file, as far as they can be decoded, and their caption."""
    if not Path(path).is_file():
        return None, ""
    for look, label in ((decode, ""), (decode_in_part, "the part that can be decoded")):
        try:
            with Path(path).open("rb") as file:
                return look(file), label
        except (OSError, ValueError):
            continue
    return None, ""
