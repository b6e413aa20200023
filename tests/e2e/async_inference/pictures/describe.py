"""All that is wrong with one picture, by its file and then by its looks, in one list."""

from dataclasses import dataclass
from pathlib import Path

from tests.e2e.async_inference.image_validator import ImageValidator, detect_partial_render_bytes
from tests.e2e.async_inference.pictures.alone.look import look
from tests.e2e.async_inference.pictures.defect import Defect, DefectKind
from tests.e2e.async_inference.pictures.file import Size, examine
from tests.e2e.async_inference.pictures.pixels import UndecodableError, decode
from tests.e2e.async_inference.pictures.region import Region


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: its ``kind`` (stable, for filters), the reason in words, and the place."""

    kind: str
    reason: str
    region: Region | None = None


def describe(data: bytes, *, name: str = "", expected: Size | None = None) -> tuple[Problem, ...]:
    """Every problem of a file, exactly; of a sound file, what its looks make suspect."""
    defects = examine(data, name=name, expected=expected)
    if defects:
        return tuple(_of_defect(defect) for defect in defects)
    try:
        pixels = decode(data)
    except UndecodableError as error:
        return (Problem(DefectKind.UNREADABLE, f"cannot be decoded: {error}"),)
    return tuple(Problem(str(s.sign), s.reason, s.region) for s in look(pixels))


def _of_defect(defect: Defect) -> Problem:
    return Problem(str(defect.kind), str(defect))


def describe_by_rules(
    data: bytes, *, name: str = "", expected: Size | None = None
) -> tuple[Problem, ...]:
    """The same by the six rules and the look at the bottom, which know of no name."""
    del name
    validator = ImageValidator(expected) if expected else ImageValidator()
    result = validator.validate_bytes(data)
    if not result.is_valid:
        return (Problem("rule", result.reason),)
    partial, reason = detect_partial_render_bytes(data)
    return (Problem("partial", reason),) if partial else ()


def describe_file(
    path: Path, *, expected: Size | None = None, six_rules: bool = False
) -> tuple[Problem, ...]:
    """The same for a file on disk; one that cannot be read is a problem of its own."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return (Problem(DefectKind.UNREADABLE, f"file cannot be read: {words}"),)
    judge = describe_by_rules if six_rules else describe
    return judge(data, name=path.name, expected=expected)
