"""All that is wrong with one picture, by its file and then by its looks, in one list."""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.e2e.async_inference.image_validator import ImageValidator, detect_partial_render_bytes
from tests.e2e.async_inference.pictures.alone.look import MIN_SIDE, judge_statistics, look
from tests.e2e.async_inference.pictures.alone.suspicion import Suspicion
from tests.e2e.async_inference.pictures.defect import Defect, DefectKind
from tests.e2e.async_inference.pictures.file import Size, examine, type_defects
from tests.e2e.async_inference.pictures.pixels import UndecodableError, decode
from tests.e2e.async_inference.pictures.png import PngParser
from tests.e2e.async_inference.pictures.png_stream import CHANNELS
from tests.e2e.async_inference.pictures.push import Feeder
from tests.e2e.async_inference.pictures.region import Region
from tests.e2e.async_inference.pictures.sniff import PNG_SIGNATURE, SNIFF_BYTES


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: its ``kind`` (stable, for filters), the reason in words, and the place."""

    kind: str
    reason: str
    region: Region | None = None


def describe(
    data: bytes, *, name: str = "", expected: Size | None = None, compiled: bool = False
) -> tuple[Problem, ...]:
    """Every problem of a file, exactly; of a sound file, what its looks make suspect.

    ``compiled`` gives the same answer several times faster where numba is installed, once its first
    second is spent on loading: for many pictures.
    """
    quick = describe_compiled(data, name=name, expected=expected) if compiled else None
    if quick is not None:
        return quick
    defects = examine(data, name=name, expected=expected)
    if defects:
        return _of_defects(defects)
    try:
        return _of_suspicions(look(decode(data)))
    except UndecodableError as error:
        return (Problem(DefectKind.UNREADABLE, f"cannot be decoded: {error}"),)


def _of_defects(defects: Iterable[Defect]) -> tuple[Problem, ...]:
    return tuple(Problem(str(defect.kind), str(defect)) for defect in defects)


def _of_suspicions(suspicions: Iterable[Suspicion]) -> tuple[Problem, ...]:
    return tuple(Problem(str(s.sign), s.reason, s.region) for s in suspicions)


def describe_compiled(
    data: bytes, *, name: str = "", expected: Size | None = None
) -> tuple[Problem, ...] | None:
    """The same for a usual PNG, each byte inflated once; None for any other file, or without numba.

    Usual: 8 bits, RGB or RGBA, not interlaced.
    """
    kernels = _kernels()
    if kernels is None or not data.startswith(PNG_SIGNATURE):
        return None
    parser = PngParser(expected, keep=True)
    feeder = Feeder(parser.walk())
    feeder.feed(data)
    feeder.close()
    defects = [*type_defects(data[:SNIFF_BYTES], name), *parser.defects]
    if defects:
        return _of_defects(defects)
    header, stream = parser.header, parser.stream
    assert header is not None  # a file without a header has a defect
    assert stream is not None
    usual = (header.depth, header.interlace, parser.see_through) == (8, 0, False)
    if not usual or header.colour not in {2, 6} or stream.rows is None:
        return None
    if min(header.width, header.height) < MIN_SIDE:
        return ()
    channels = CHANNELS[header.colour]
    pixels = kernels.unfiltered(stream.rows, header.width, header.height, channels)
    return _of_suspicions(judge_statistics(pixels, kernels.measure(pixels)))


@cache
def _kernels() -> Any:
    """The compiled module, or None where numba is not installed."""
    try:
        return importlib.import_module("tests.e2e.async_inference.pictures.compiled")
    except ModuleNotFoundError:
        return None


def describe_by_rules(data: bytes, *, expected: Size | None = None) -> tuple[Problem, ...]:
    """The same by the six rules and the look at the bottom."""
    validator = ImageValidator(expected) if expected else ImageValidator()
    result = validator.validate_bytes(data)
    if not result.is_valid:
        return (Problem("rule", result.reason),)
    partial, reason = detect_partial_render_bytes(data)
    return (Problem("partial", reason),) if partial else ()


def describe_file(
    path: Path, *, expected: Size | None = None, six_rules: bool = False, compiled: bool = False
) -> tuple[Problem, ...]:
    """The same for a file on disk; one that cannot be read is a problem of its own."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return (Problem(DefectKind.UNREADABLE, f"file cannot be read: {words}"),)
    if six_rules:
        return describe_by_rules(data, expected=expected)
    return describe(data, name=path.name, expected=expected, compiled=compiled)
