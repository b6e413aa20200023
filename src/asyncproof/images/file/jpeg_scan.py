"""Whether the scans of a Huffman-coded JPEG hold exactly the blocks of their frame (ITU-T T.81, F
and G), of any subsampling.

For the few pictures that the decoder refuses for their subsampling: it counts blocks and makes no
pixels. What libjpeg warns of is what is found here: a code that no table has, data that end before
the blocks do, and data that are left over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import ceil

MAX_CODED_BYTES = 1 << 23  # what is longer takes too long to be walked
_BUFFERED = 8  # bytes that libjpeg takes ahead in a progressive scan, and does not miss
_WINDOW = 16  # bits; the longest code
_RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
_FRAMES, _PROGRESSIVE = {0xC0, 0xC1, 0xC2}, 0xC2
_TABLES, _SCAN, _END, _INTERVAL = 0xC4, 0xDA, 0xD9, 0xDD


class BrokenScanError(Exception):
    """The message says what is wrong."""


@dataclass(slots=True)
class _Component:
    """Its sampling factors, its size in blocks, and which coefficients are known not to be zero."""

    across: int
    down: int
    columns: int = 0
    rows: int = 0
    known: bytearray = field(default_factory=bytearray)
    dc: list[int] = field(default_factory=list)
    ac: list[int] = field(default_factory=list)


class _Bits:
    """The bits of one run between restart markers; zeros follow them, as in libjpeg."""

    def __init__(self, run: bytes) -> None:
        self._bytes = run.replace(b"\xff\x00", b"\xff") + bytes(4)
        self._end = 8 * (len(self._bytes) - 4)
        self.at = 0

    def code(self, table: list[int]) -> int:
        """The next symbol."""
        start, at = self._bytes, self.at >> 3
        window = int.from_bytes(start[at : at + 3], "big") >> (8 - (self.at & 7)) & 0xFFFF
        found = table[window]
        if not found:
            raise BrokenScanError("bad Huffman code")
        self.skip(found >> 8)
        return found & 0xFF

    def take(self, count: int) -> int:
        at = self.at >> 3
        whole = int.from_bytes(self._bytes[at : at + 4], "big")
        self.skip(count)
        return whole >> (32 - count - (self.at - count & 7)) & ((1 << count) - 1)

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > self._end:
            raise BrokenScanError("premature end of data segment")

    @property
    def left_over(self) -> int:
        """Whole bytes that no block took."""
        return (self._end - self.at) // 8


def scan_problem(data: bytes) -> str:
    """What is wrong with the scans of a file whose segments are sound; "" for nothing."""
    try:
        for scan in _scans(data):
            scan.walk()
    except BrokenScanError as error:
        return str(error)
    except IndexError:  # a segment promises more than it has
        return "a segment is cut short"
    return ""


@dataclass(slots=True)
class _Scan:
    runs: list[bytes]
    interval: int
    blocks: list[_Component]  # of one MCU, in order
    units: int
    band: tuple[int, int]
    refines: bool
    progressive: bool
    skipped: int = 0  # blocks that an end-of-band run still covers

    def walk(self) -> None:
        done = 0
        for run in self.runs:
            bits, self.skipped = _Bits(run), 0
            for unit in range(done, min(self.units, done + self.interval)):
                for component in self.blocks:
                    self._block(bits, component, unit)
            done += self.interval
            if bits.left_over > (_BUFFERED if self.progressive else 0):
                raise BrokenScanError(f"{bits.left_over} extraneous bytes")
        if done < self.units:
            raise BrokenScanError("premature end of data segment")

    def _block(self, bits: _Bits, component: _Component, unit: int) -> None:
        first = self.band[0]
        if first == 0 and self.refines:
            bits.skip(1)
            return
        if first == 0:
            bits.skip(bits.code(component.dc))
        if not self.progressive:
            _sequential(bits, component.ac)
        elif first and self.refines:
            self._refined(bits, component, 64 * unit)
        elif first:
            self._first(bits, component, 64 * unit)

    def _first(self, bits: _Bits, component: _Component, base: int) -> None:
        if self.skipped:
            self.skipped -= 1
            return
        at, last = self.band
        while at <= last:
            run, size = divmod(bits.code(component.ac), 16)
            if size:
                at += run
                bits.skip(size)
                if at <= last:
                    component.known[base + at] = 1
                at += 1
            elif run == 15:
                at += 16
            else:
                self.skipped = (1 << run) - 1 + bits.take(run)
                return

    def _refined(self, bits: _Bits, component: _Component, base: int) -> None:
        known, (at, last) = component.known, self.band
        while at <= last and not self.skipped:
            run, size = divmod(bits.code(component.ac), 16)
            if size:
                bits.skip(1)
            elif run < 15:
                self.skipped = (1 << run) + bits.take(run)
                break
            while at <= last:
                if known[base + at]:
                    bits.skip(1)
                elif run == 0:
                    break
                else:
                    run -= 1
                at += 1
            if size and at <= last:
                known[base + at] = 1
            at += 1
        if self.skipped:
            bits.skip(sum(known[base + at : base + last + 1]))
            self.skipped -= 1


def _sequential(bits: _Bits, table: list[int]) -> None:
    at = 1
    while at < 64:
        run, size = divmod(bits.code(table), 16)
        if not size and run < 15:
            return
        at += run + 1
        bits.skip(size)


def _scans(data: bytes) -> Iterator[_Scan]:
    """Each scan with the tables that hold for it."""
    at, interval, progressive = 2, 0, False
    frame: dict[int, _Component] = {}
    tables: dict[int, list[int]] = {}
    size = (0, 0)
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        code = data[at + 1]
        if code == _END:
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : end]
        if code == _INTERVAL:
            interval = int.from_bytes(body[:2], "big")
        elif code == _TABLES:
            tables.update(_tables(body))
        elif code in _FRAMES:
            frame, size = _frame(body)
            progressive = code == _PROGRESSIVE
        elif code == _SCAN:
            coded = _coded(data, end)
            runs = _RESTART.split(coded)
            yield _scan(body, (frame, size, tables), (runs, interval), progressive=progressive)
            end += len(coded)
        at = end


def _coded(data: bytes, start: int) -> bytes:
    ends = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]").search(data, start)
    end = ends.start() if ends else len(data)
    return data[start:end]


def _frame(body: bytes) -> tuple[dict[int, _Component], tuple[int, int]]:
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    parts = {n: _Component(f >> 4, f & 15) for n, f in zip(body[6::3], body[7::3], strict=True)}
    if not all(0 < p.across <= 4 and 0 < p.down <= 4 for p in parts.values()):
        raise BrokenScanError("sampling factors that do not exist")
    across, down = max(p.across for p in parts.values()), max(p.down for p in parts.values())
    for part in parts.values():
        part.columns = ceil(ceil(width * part.across / across) / 8)
        part.rows = ceil(ceil(height * part.down / down) / 8)
    return parts, (ceil(width / (8 * across)), ceil(height / (8 * down)))


def _scan(
    body: bytes,
    frame: tuple[dict[int, _Component], tuple[int, int], dict[int, list[int]]],
    coded: tuple[list[bytes], int],
    *,
    progressive: bool,
) -> _Scan:
    parts, (columns, rows), tables = frame
    count = body[0] if body else 0
    if len(body) != 4 + 2 * count or not count:
        raise BrokenScanError("a scan without its components")
    chosen = []
    for number, names in zip(body[1 : 1 + 2 * count : 2], body[2 : 2 + 2 * count : 2], strict=True):
        if number not in parts:
            raise BrokenScanError("a scan of a component that the frame has not")
        part = parts[number]
        part.dc = tables.get(names >> 4, _NO_TABLE)
        part.ac = tables.get(16 | names & 15, _NO_TABLE)
        chosen.append(part)
    units = chosen[0].columns * chosen[0].rows if count == 1 else columns * rows
    first, last, steps = body[-3:]
    if first and not chosen[0].known:
        chosen[0].known = bytearray(64 * units)
    return _Scan(
        coded[0],
        coded[1] or max(1, units),
        chosen if count == 1 else [p for p in chosen for _ in range(p.across * p.down)],
        units,
        (first, min(last, 63)),
        progressive and steps >> 4 > 0,
        progressive,
    )


_NO_TABLE = [0] * (1 << _WINDOW)


def _tables(body: bytes) -> Iterator[tuple[int, list[int]]]:
    """Of each table, what a window of bits begins with: 256 × the length of the code + symbol."""
    while len(body) > 17:
        name, counts = body[0], body[1:17]
        symbols, at, table = iter(body[17 : 17 + sum(counts)]), 0, [0] * (1 << _WINDOW)
        for length, count in enumerate(counts, 1):
            step = 1 << (_WINDOW - length)
            for symbol in islice(symbols, count):
                table[at : at + step] = [length << 8 | symbol] * step
                at += step
        if len(table) != 1 << _WINDOW:
            raise BrokenScanError("bogus Huffman table")
        yield name, table
        body = body[17 + sum(counts) :]
