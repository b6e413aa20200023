"""What a kept picture is: its file exactly, and what a look at it makes doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.async_inference.image_validator import (
    ImageValidator,
    detect_partial_render_bytes,
)
from tests.e2e.async_inference.pictures.alone.look import look
from tests.e2e.async_inference.pictures.content import Candidate
from tests.e2e.async_inference.pictures.file import examine
from tests.e2e.async_inference.pictures.pixels import UndecodableError, decode
from tests.e2e.async_inference.pictures.repeatability import Repeatability, learn_repeatability
from tests.e2e.async_inference.pictures.twin import compare


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a picture may be from its twin: each pixel, and the mean of each small cell (None:
    cells are not looked at). Both in levels of 0 to 255."""

    levels: int
    drift: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The fields of an ``Examined`` event that come from the file."""

    defects: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    rule: str = ""


def evidence(path: Path, content_type: str, expected: tuple[int, int]) -> Evidence:
    """Examine the file at ``path``. A file that is not sound is not looked at."""
    data = path.read_bytes()
    defects = tuple(
        f"{defect.kind}: {defect.detail}"
        for defect in examine(data, content_type=content_type, expected=expected)
    )
    if defects:
        return Evidence(defects)
    suspicions = look(decode(data))
    told = tuple(suspicion.reason for suspicion in suspicions)
    signs = tuple(str(suspicion.sign) for suspicion in suspicions)
    return Evidence((), told, signs, broken_rule(data, expected) if suspicions else "")


def broken_rule(data: bytes, expected: tuple[int, int]) -> str:
    """The first of the six simple rules that the picture breaks; empty where it breaks none."""
    partial, reason = detect_partial_render_bytes(data)
    return reason if partial else ImageValidator(expected_size=expected).validate_bytes(data).reason


def learn(pairs: Sequence[tuple[Path, Path]]) -> Repeatability:
    """From the files of requests that were made twice in quiet."""
    return learn_repeatability((one.read_bytes(), two.read_bytes()) for one, two in pairs)


def difference(
    picture: Path, twin: Path, allowed: Tolerance, others: Sequence[tuple[str, Path]]
) -> str:
    """Where and how a picture differs from its twin, in words; empty where it does not.

    ``others`` are pictures that may have got into it, with what to call them, likeliest first.
    """
    try:
        pixels, expected = decode(picture.read_bytes()), decode(twin.read_bytes())
    except UndecodableError as error:
        return f"cannot be compared: {error}"
    found = compare(pixels, expected, allowed.levels, drift_tolerance=allowed.drift)
    if found is None:
        return ""
    candidates = [Candidate(label, decode(path.read_bytes())) for label, path in others]
    told = compare(pixels, expected, allowed.levels, candidates, drift_tolerance=allowed.drift)
    return told.reason if told else ""
