"""Changes to callbacks and pictures that several faults and variations share.

numpy and Pillow are loaded when they are first used: the miner itself needs neither.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from reference.miner.seams import Delivery

if TYPE_CHECKING:
    from reference.miner.pictures.kinds import Pixels


def with_fields(deliveries: Iterable[Delivery], **fields: str) -> list[Delivery]:
    """The same callbacks with these fields."""
    return [replace(one, fields=one.fields | fields) for one in deliveries]


def without_fields(deliveries: Iterable[Delivery], *names: str) -> list[Delivery]:
    """The same callbacks without these fields."""
    return [
        replace(one, fields={k: v for k, v in one.fields.items() if k not in names})
        for one in deliveries
    ]


def noise(like: "Pixels") -> "Pixels":
    """Random pixels, as many as ``like`` has."""
    import numpy as np  # noqa: PLC0415 - see above

    return np.frombuffer(os.urandom(like.size), np.uint8).reshape(like.shape)


def upside_down(picture: Path) -> bytes:
    """The picture, turned by half a circle, as PNG."""
    from PIL import Image  # noqa: PLC0415 - see above

    turned = BytesIO()
    Image.open(picture).rotate(180).save(turned, "PNG")
    return turned.getvalue()


def as_jpeg(picture: bytes) -> bytes:
    """The same picture as JPEG."""
    from PIL import Image  # noqa: PLC0415 - see above

    packed = BytesIO()
    Image.open(BytesIO(picture)).save(packed, "JPEG", quality=90)
    return packed.getvalue()
