"""From a prompt to rows of the table of words."""

import hashlib
import re

from reference.engine.denoiser import WORDS
from reference.miner.pictures.kinds import kind_of

WORD = re.compile(r"\w+")


def rows_of(prompt: str) -> list[int]:
    """A row for each word in order, and one for the kind of picture that the prompt asks for, which
    also stands where no word does."""
    words = [*WORD.findall(prompt.lower()), f"kind: {kind_of(prompt)}"]
    return [_row(word) for word in words]


def _row(word: str) -> int:
    digest = hashlib.sha256(word.encode(errors="replace")).digest()
    return int.from_bytes(digest[:4], "big") % WORDS
