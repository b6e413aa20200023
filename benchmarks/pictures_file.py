"""Whether every damaged file is found, and no sound one accused, by the file alone.

    python -m benchmarks.pictures_file [--quick]

Sound files: what encoders make of the pictures of the corpus, and every PNG, JPEG and WebP below
/usr that other software installed. Damaged ones: each kind below, at random places.
"""

import argparse
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from asyncproof.images.file.examine import examine
from benchmarks.pictures_corpus import photos, png_bytes, reference_pictures

# Installed files that are broken, each looked at by hand.
BROKEN = {
    "image/png/testdata/invalid-": "broken on purpose",
    "httplib2/ref/img2.png": "empty on purpose",
    "mate/nature/Wood.jpg": "23 KB follow its end",
}
Chance = np.random.Generator
END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a sound PNG."""
    at, found = 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def joined(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks, with CRCs that fit."""
    body = b"".join(
        struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def restreamed(data: bytes, change: Callable[[bytes], bytes], *, packed: bool = False) -> bytes:
    """The file with its rows (or, ``packed``, its compressed stream) changed and CRCs that fit."""
    parts = chunks(data)
    stream = b"".join(body for kind, body in parts if kind == b"IDAT")
    stream = change(stream) if packed else zlib.compress(change(zlib.decompress(stream)), 1)
    return joined([parts[0], (b"IDAT", stream), (b"IEND", b"")])


def flipped(data: bytes, rng: Chance) -> bytes:
    broken = bytearray(data)
    broken[int(rng.integers(len(broken)))] ^= 1 << int(rng.integers(8))
    return bytes(broken)


def zeroed(data: bytes, start: int, end: int) -> bytes:
    return data[:start] + bytes(len(data[start:end])) + data[end:]


def header_of(data: bytes, width: int, height: int) -> bytes:
    parts = chunks(data)
    return joined([(b"IHDR", struct.pack(">II", width, height) + parts[0][1][8:]), *parts[1:]])


def page(data: bytes, rng: Chance) -> bytes:
    start = int(rng.integers(len(data) - 4096))
    return zeroed(data, start, start + 4096)


PNG_DAMAGE: dict[str, Callable[[bytes, Chance], bytes]] = {
    "cut at any byte": lambda d, r: d[: int(r.integers(len(d)))],
    "no end": lambda d, r: d.removesuffix(END),
    "zeroed tail": lambda d, r: zeroed(d, int(r.integers(len(d) - 1)), len(d)),
    "zeroed page": page,
    "flipped bit": flipped,
    "flipped bit, mended CRC": lambda d, r: restreamed(d, lambda s: flipped(s, r), packed=True),
    "rows missing, good CRC": lambda d, r: restreamed(d, lambda s: s[: int(r.integers(len(s)))]),
    "rows too many, good CRC": lambda d, r: restreamed(
        d, lambda s: s + s[: int(r.integers(1, 9999))]
    ),
    "wrong Adler": lambda d, r: restreamed(d, lambda s: s[:-4] + b"oops", packed=True),
    "data after the end": lambda d, r: d + r.bytes(int(r.integers(1, 5000))),
    "second picture appended": lambda d, r: d + d,
    "header too tall": lambda d, r: header_of(d, 1024, 1024 + int(r.integers(1, 999))),
    "header too wide": lambda d, r: header_of(d, 1024 + int(r.integers(1, 999)), 1024),
    "filter that does not exist": lambda d, r: restreamed(
        d, lambda s: bytes([int(r.integers(5, 256))]) + s[1:]
    ),
    "JPEG": lambda d, r: as_format(d, "JPEG"),
    "WebP": lambda d, r: as_format(d, "WEBP"),
    "HTML": lambda d, r: b"<html><body>502 Bad Gateway</body></html>",
    "empty": lambda d, r: b"",
    "multipart leftovers before": lambda d, r: b"--x\r\nContent-Type: image/png\r\n\r\n" + d,
    "multipart leftovers after": lambda d, r: d + b"\r\n--x--\r\n",
}
LOSSY_DAMAGE: dict[str, Callable[[bytes, Chance], bytes]] = {
    "cut at any byte": PNG_DAMAGE["cut at any byte"],
    "zeroed tail": PNG_DAMAGE["zeroed tail"],
    "zeroed page": page,
    "flipped bit": flipped,
    "data after the end": PNG_DAMAGE["data after the end"],
}


def as_format(data: bytes, form: str) -> bytes:
    out = BytesIO()
    Image.open(BytesIO(data)).save(out, form, quality=90)
    return out.getvalue()


def score(
    title: str,
    files: list[bytes],
    damage: dict[str, Callable[[bytes, Chance], bytes]],
    rounds: int,
    name: str,
) -> float:
    """Print the share found of each kind; the share of all that was found."""
    rng, found, tried = np.random.default_rng(7), 0, 0
    print(title)
    for kind, hurt in damage.items():
        broken = [hurt(files[n % len(files)], rng) for n in range(rounds)]
        hits = sum(bool(examine(data, name=name)) for data in broken)
        found, tried = found + hits, tried + rounds
        print(f"  {kind:<28} {hits} of {rounds}")
    return found / tried


def false_alarms(files: list[bytes], limit: int) -> tuple[int, int]:
    """How many sound files are accused, of how many; each is printed."""
    accused = sum(bool(examine(data)) for data in files)
    wild = [
        path
        for suffix in ("png", "jpg", "jpeg", "webp")
        for path in islice(Path("/usr").rglob(f"*.{suffix}"), limit)
        if path.is_file()
    ]
    for path in wild:
        defects = examine(path.read_bytes(), name=path.name)
        if defects:
            known = next((why for part, why in BROKEN.items() if part in str(path)), "")
            accused += not known
            print(f"  {path}: {defects[0]}{f' ({known})' if known else ''}")
    return accused, len(files) + len(wild)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    quick = parser.parse_args().quick
    found = list(islice(photos(score=True, crops=1), 3 if quick else 20)) or reference_pictures(6)
    files = [png_bytes(picture.pixels) for picture in found]
    rounds = 12 if quick else 200
    share = score("PNG", files, PNG_DAMAGE, rounds, "job.png")
    lossy = {form: [as_format(data, form) for data in files] for form in ("JPEG", "WEBP")}
    for form, pictures in lossy.items():
        part = score(form, pictures, LOSSY_DAMAGE, rounds, "")
        print(f"ratio file-found-{form.lower()} {part:.4f}")
    print("sound files accused:")
    accused, seen = false_alarms(files + lossy["JPEG"] + lossy["WEBP"], 400 if quick else 100_000)
    print(f"  {accused} of {seen}")
    print(f"ratio file-false-alarms {accused / seen:.5f}")
    print(f"ratio file-found {share:.4f}")


if __name__ == "__main__":
    main()
