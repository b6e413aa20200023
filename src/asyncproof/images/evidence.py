"""What a kept picture is: its file exactly, and what a look at it makes doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncproof.images.file.examine import examine
from asyncproof.images.pixels import UndecodableError, decode
from asyncproof.images.reference.comparison import compare
from asyncproof.images.reference.content import Candidate
from asyncproof.images.reference.judgement import Likeness, Tolerance, judge
from asyncproof.images.reference.repeatability import Repeatability, learn_repeatability
from asyncproof.images.reference.structure import LEAST_SIDE, reach, scores
from asyncproof.images.single.look import look
from asyncproof.images.six_rules import (
    ImageValidator,
    detect_partial_render_bytes,
)
from asyncproof.images.together.measure import measure


@dataclass(frozen=True, slots=True)
class Evidence:
    """The fields of an ``Examined`` event that come from the file."""

    defects: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    rule: str = ""
    measures: dict[str, Any] = field(default_factory=dict)


def evidence(
    path: Path, content_type: str, expected: tuple[int, int], measured: bool = False
) -> Evidence:
    """Examine the file at ``path``. A file that is not sound is not looked at. ``measured``: take
    the measures that pictures are judged together by."""
    data = path.read_bytes()
    defects = tuple(
        f"{defect.kind}: {defect.detail}"
        for defect in examine(data, content_type=content_type, expected=expected)
    )
    if defects:
        return Evidence(defects)
    pixels = decode(data)
    suspicions = look(pixels)
    told = tuple(suspicion.reason for suspicion in suspicions)
    signs = tuple(str(suspicion.sign) for suspicion in suspicions)
    measures = measure(pixels) if measured else None
    return Evidence(
        suspicions=told,
        signs=signs,
        rule=broken_rule(data, expected) if suspicions else "",
        measures=measures.as_fields() if measures else {},
    )


def broken_rule(data: bytes, expected: tuple[int, int]) -> str:
    """The first of the six simple rules that the picture breaks; empty where it breaks none."""
    partial, reason = detect_partial_render_bytes(data)
    return reason if partial else ImageValidator(expected_size=expected).validate_bytes(data).reason


def learn(pairs: Sequence[tuple[Path, Path]]) -> Repeatability:
    """From the files of requests that were made twice in quiet."""
    return learn_repeatability((one.read_bytes(), two.read_bytes()) for one, two in pairs)


def distance(picture: Path, reference: Path, allowed: Tolerance) -> tuple[float, float] | None:
    """How far a picture is from its idle reference by tone and by detail, to learn from; None where
    it is the same, or cannot be compared."""
    try:
        pixels, expected = decode(picture.read_bytes()), decode(reference.read_bytes())
    except UndecodableError:
        return None
    if pixels.shape[:2] != expected.shape[:2] or min(pixels.shape[:2]) < LEAST_SIDE:
        return None
    if compare(pixels, expected, allowed.levels, drift_tolerance=allowed.drift) is None:
        return None
    return reach(scores(pixels, expected))


@dataclass(frozen=True, slots=True)
class BesideReference:
    """The fields of a ``Compared`` event that come from the two files."""

    difference: str = ""
    in_a_part: bool | None = None
    drifted: float = 0.0


def judged(
    picture: Path, reference: Path, allowed: Tolerance, others: Sequence[tuple[str, Path]]
) -> BesideReference:
    """Where and how a picture is damaged beside its idle reference.

    ``others`` are pictures that may have got into it, with what to call them, likeliest first.
    """
    try:
        pixels, expected = decode(picture.read_bytes()), decode(reference.read_bytes())
    except UndecodableError as error:
        return BesideReference(f"cannot be compared: {error}", in_a_part=False)
    found = judge(pixels, expected, allowed)
    if found.likeness is not Likeness.DAMAGED:
        return BesideReference(drifted=found.levels)
    candidates = [Candidate(label, decode(path.read_bytes())) for label, path in others]
    told = judge(pixels, expected, allowed, candidates).difference
    return BesideReference(told.reason, told.in_a_part) if told else BesideReference()
