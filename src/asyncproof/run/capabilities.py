"""What is known of a target from earlier runs: which sizes it takes beside that of the settings.

One small file per target url, in ``capabilities/`` below the report folder. A run that asked for
another size at its end writes there what came of it, and the next run against that url goes by it.
The file of the bundled reference miner comes with the program.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from asyncproof.facts.sizes import MADE
from asyncproof.settings import REFERENCE

Size = tuple[int, int]
SHIPPED = {REFERENCE: Path(__file__).with_name("reference_capabilities.json")}
FOLDER = "capabilities"
# Tests that are not about pictures are about the protocol, not the GPU: where the miner is known to
# take small pictures, they ask for these.
SMALL = (512, 512)


class _Kept(BaseModel):
    model_config = ConfigDict(strict=False, extra="ignore")
    sizes: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Sizes with what came of them, as :mod:`asyncproof.facts.sizes` has it."""

    sizes: tuple[tuple[Size, str], ...] = ()

    def takes(self, size: Size) -> bool:
        return (size, MADE) in self.sizes

    def small(self, usual: Size, given: Size | None) -> Size:
        """What to ask for where the picture does not matter: never a size that may be unsupported.

        ``usual`` and ``given`` are the sizes of the settings.
        """
        if given is not None:
            return given
        smaller = usual[0] * usual[1] > SMALL[0] * SMALL[1]
        return SMALL if smaller and self.takes(SMALL) else usual

    def learned(self, sizes: Iterable[tuple[Size, str]]) -> "Capabilities":
        """These and what was learned since, which wins."""
        return Capabilities(tuple((dict(self.sizes) | dict(sizes)).items()))


def kept_in(report_dir: Path, target: str) -> Path:
    """The file of this target; its name shows the url, and tells two alike ones apart."""
    shown = re.sub(r"[^A-Za-z0-9.-]+", "-", target.partition("://")[2] or target)[:60]
    digest = hashlib.sha256(target.encode()).hexdigest()[:8]
    return report_dir / FOLDER / f"{shown}-{digest}.json"


def read(report_dir: Path, target: str) -> Capabilities:
    """What is known of this target; nothing where there is no file that can be read."""
    path = SHIPPED.get(target) or kept_in(report_dir, target)
    try:
        kept = _Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Capabilities()
    sizes = ((_size(text), outcome) for text, outcome in kept.sizes.items())
    return Capabilities(tuple((size, outcome) for size, outcome in sizes if size is not None))


def write(report_dir: Path, target: str, known: Capabilities) -> None:
    """Keep what was learned of this target. What comes with the program stays as it is."""
    if target in SHIPPED:
        return
    path = kept_in(report_dir, target)
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = {shown(size): outcome for size, outcome in known.sizes}
    text = json.dumps({"target": target, "sizes": sizes}, indent=2)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)


def shown(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def _size(text: str) -> Size | None:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    return (int(found[1]), int(found[2])) if found else None
