"""The file of a picture, judged exactly: what it is, and whether all of it is there."""

from typing import TypeAlias

from asyncproof.images.file import jpeg, png, webp
from asyncproof.images.file.defect import Defect, DefectKind
from asyncproof.images.file.jpeg import JpegParser
from asyncproof.images.file.png import PngParser
from asyncproof.images.file.push import Feeder
from asyncproof.images.file.sniff import (
    SNIFF_BYTES,
    FileType,
    type_by_content,
    type_by_content_type,
    type_by_name,
)
from asyncproof.images.file.walker import Walker
from asyncproof.images.file.webp import WebpParser

Size: TypeAlias = tuple[int, int]
MAX_DECODED_PIXELS = 1 << 26  # no larger JPEG or WebP is decoded
# Of a JPEG or WebP, until it is decoded at its end: no more than its pixels, and a little beside.
MAX_HELD_BYTES = 1 << 26
HELD_A_PIXEL, HELD_BESIDE = 4, 1 << 22
_PARSERS: dict[FileType, type[Walker]] = {
    FileType.PNG: PngParser,
    FileType.JPEG: JpegParser,
    FileType.WEBP: WebpParser,
}


class Examiner:
    """Judges one file as its bytes arrive.

    ``name`` and ``content_type`` are what the sender called it, ``expected`` is the (width, height)
    that it has to have. A PNG is judged as it streams and not held, unless its palette has fewer
    colours than its pixels could point to. Such a one, and a JPEG or WebP, is also decoded at its
    end where its structure is sound, so it is held until then.
    """

    def __init__(
        self, *, name: str = "", content_type: str = "", expected: Size | None = None
    ) -> None:
        self.type: FileType | None = None
        self._name, self._content_type, self._expected = name, content_type, expected
        self._defects: list[Defect] = []
        self._head = b""
        self._held: bytearray | None = bytearray()
        self._walker: Walker | None = None
        self._feeder: Feeder | None = None
        self._told = 0

    @property
    def defects(self) -> tuple[Defect, ...]:
        """All that is known so far."""
        return (*self._defects, *(self._walker.defects if self._walker else ()))

    @property
    def ended(self) -> bool:
        """Whether more bytes could show nothing more."""
        return self.type is not None and (self._feeder is None or self._feeder.ended)

    def feed(self, data: bytes) -> tuple[Defect, ...]:
        """Take the next bytes; the defects that they show."""
        if self.type is None:
            self._head += data
            if len(self._head) < SNIFF_BYTES:
                return ()
            data = self._recognise()
        self._push(data)
        return self._news()

    def close(self) -> tuple[Defect, ...]:
        """There are no more bytes; the defects that this shows."""
        if self.type is None:
            self._push(self._recognise())
        if self._feeder is not None:
            self._feeder.close()
        if not self.defects and self._held:
            self._decode(bytes(self._held))
        self._held = None
        return self._news()

    def _recognise(self) -> bytes:
        head, self._head = self._head, b""
        self.type = type_by_content(head)
        self._defects += type_defects(head, self._name, self._content_type)
        if self.type in _PARSERS:
            self._walker = _PARSERS[self.type](self._expected)
            self._feeder = Feeder(self._walker.walk())
        return head

    def _push(self, data: bytes) -> None:
        if self._feeder is None:
            return
        self._feeder.feed(data)
        if self._streams or self.defects or self._held is None:
            self._held = None
        elif len(self._held) + len(data) <= self._most_held():
            self._held += data
        elif self.type is FileType.PNG:  # judged as it streams, but for its palette
            self._held = None
        else:
            mib = self._most_held() >> 20
            self._held = None
            self._defects.append(Defect(DefectKind.OVERSIZE, f"more than {mib} MiB of {self.type}"))

    @property
    def _streams(self) -> bool:
        """Whether the file is judged without being held: a PNG, unless its palette is short."""
        return isinstance(self._walker, PngParser) and not self._walker.short_palette

    def _most_held(self) -> int:
        width, height = (self._walker.size if self._walker else None) or self._expected or (0, 0)
        return min(MAX_HELD_BYTES, HELD_BESIDE + HELD_A_PIXEL * width * height)

    def _decode(self, data: bytes) -> None:
        assert self._walker is not None
        width, height = self._walker.size or (0, 0)
        problem: Defect | None = None
        if width * height > MAX_DECODED_PIXELS:
            too_many = f"header promises {width}x{height} pixels"
            png_too = self.type is FileType.PNG
            problem = None if png_too else Defect(DefectKind.OVERSIZE, too_many)
        elif isinstance(self._walker, JpegParser) and self._walker.decodable:
            problem = jpeg.decode_problem(data, self._walker.components)
        elif isinstance(self._walker, PngParser) and self._walker.short_palette:
            problem = png.index_problem(data, self._walker.colours)
        elif isinstance(self._walker, WebpParser):
            problem = webp.decode_problem(data)
        self._defects += [problem] if problem else []

    def _news(self) -> tuple[Defect, ...]:
        known = self.defects
        news, self._told = known[self._told :], len(known)
        return news


def examine(
    data: bytes, *, name: str = "", content_type: str = "", expected: Size | None = None
) -> tuple[Defect, ...]:
    """Every defect of a whole file; () means that the file is exactly what it claims to be."""
    examiner = Examiner(name=name, content_type=content_type, expected=expected)
    examiner.feed(data)
    examiner.close()
    return examiner.defects


def type_defects(head: bytes, name: str = "", content_type: str = "") -> list[Defect]:
    """What the first bytes of a file say against its name and its Content-Type."""
    if not head:
        return [Defect(DefectKind.EMPTY, "file is empty")]
    actual = type_by_content(head)
    if actual not in _PARSERS:
        return [Defect(DefectKind.TYPE, f"not a PNG, JPEG or WebP but {actual}", 0)]
    promises = {
        f"Content-Type {content_type}": type_by_content_type(content_type),
        f"name {name}": type_by_name(name),
    }
    return [
        Defect(DefectKind.TYPE, f"bytes are {actual}, against the {words}", 0)
        for words, promised in promises.items()
        if promised not in {None, actual}
    ]
