"""All that is wrong with one picture, by its file and then by its looks, in one list."""

import importlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.examine import Examiner, Size, type_defects
from asyncproof.images.file.png import PngParser
from asyncproof.images.file.png_stream import CHANNELS
from asyncproof.images.file.push import Feeder
from asyncproof.images.file.sniff import PNG_SIGNATURE, SNIFF_BYTES
from asyncproof.images.pixels import UndecodableError, decode
from asyncproof.images.region import Region
from asyncproof.images.single.look import MIN_SIDE, judge_statistics, look
from asyncproof.images.single.suspicion import Suspicion
from asyncproof.images.six_rules import ImageValidator, detect_partial_render

PIECE = 1 << 18  # bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: its ``kind`` (stable, for filters), the reason in words, and the place."""

    kind: str
    reason: str
    region: Region | None = None


def describe(
    data: bytes | BinaryIO, *, name: str = "", expected: Size | None = None, compiled: bool = False
) -> tuple[Problem, ...]:
    """Every problem of a file (open, or its content), exactly; of a sound file, what its looks make
    suspect.

    ``compiled`` gives the same answer several times faster where numba is installed, once its first
    second is spent on loading: for many pictures.
    """
    file = BytesIO(data) if isinstance(data, bytes) else data
    quick = describe_compiled(file, name=name, expected=expected) if compiled else None
    if quick is not None:
        return quick
    examiner = Examiner(name=name, expected=expected)
    _feed(file, examiner)
    if examiner.defects:
        return _of_defects(examiner.defects)
    try:
        file.seek(0)
        return _of_suspicions(look(decode(file)))
    except UndecodableError as error:
        return (Problem(DefectKind.UNREADABLE, f"cannot be decoded: {error}"),)


def _feed(file: BinaryIO, taker: Examiner | Feeder) -> None:
    """All of the file, or as much as tells everything; a piece of it is in memory at a time."""
    file.seek(0)
    while not taker.ended and (piece := file.read(PIECE)):
        taker.feed(piece)
    taker.close()


def _of_defects(defects: Iterable[Defect]) -> tuple[Problem, ...]:
    return tuple(Problem(str(defect.kind), str(defect)) for defect in defects)


def _of_suspicions(suspicions: Iterable[Suspicion]) -> tuple[Problem, ...]:
    return tuple(Problem(str(s.sign), s.reason, s.region) for s in suspicions)


def describe_compiled(
    data: bytes | BinaryIO, *, name: str = "", expected: Size | None = None
) -> tuple[Problem, ...] | None:
    """The same for a usual PNG, each byte inflated once; None for any other file, or without numba.

    Usual: 8 bits, RGB or RGBA, not interlaced.
    """
    file = BytesIO(data) if isinstance(data, bytes) else data
    kernels, head = _kernels(), file.read(SNIFF_BYTES)
    if kernels is None or not head.startswith(PNG_SIGNATURE):
        return None
    parser = PngParser(expected, keep=True)
    _feed(file, Feeder(parser.walk()))
    defects = [*type_defects(head, name), *parser.defects]
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
    measuring, unfilter = kernels
    pixels = unfilter.unfiltered(stream.rows, header.width, header.height, channels)
    statistics = measuring.measure_unfiltered(stream.rows, header.height, channels)
    return _of_suspicions(judge_statistics(pixels, statistics))


@cache
def _kernels() -> tuple[Any, Any] | None:
    """The compiled modules, or None where numba is not installed."""
    package = "asyncproof.images.compiled"
    try:
        return (
            importlib.import_module(f"{package}.measure"),
            importlib.import_module(f"{package}.unfilter"),
        )
    except ModuleNotFoundError:
        return None


def describe_by_rules(path: Path, *, expected: Size | None = None) -> tuple[Problem, ...]:
    """The same by the six rules and the look at the bottom."""
    validator = ImageValidator(expected) if expected else ImageValidator()
    result = validator.validate(path)
    if not result.is_valid:
        return (Problem("rule", result.reason),)
    partial, reason = detect_partial_render(path)
    return (Problem("partial", reason),) if partial else ()


def describe_file(
    path: Path, *, expected: Size | None = None, six_rules: bool = False, compiled: bool = False
) -> tuple[Problem, ...]:
    """The same for a file on disk; one that cannot be read is a problem of its own."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return (Problem(DefectKind.UNREADABLE, _why_no_file(path)),)
        if not stat.S_ISREG(mode):  # reading a pipe or a device may never end
            return (Problem(DefectKind.UNREADABLE, "not a file"),)
        if six_rules:
            return describe_by_rules(path, expected=expected)
        with path.open("rb", buffering=0) as file:
            return describe(file, name=path.name, expected=expected, compiled=compiled)
    except (OSError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return (Problem(DefectKind.UNREADABLE, f"file cannot be read: {words}"),)


def _why_no_file(folder: Path) -> str:
    try:
        with os.scandir(folder):
            return "not a file but a folder"
    except OSError as error:
        return f"folder cannot be read: {error.strerror}"
