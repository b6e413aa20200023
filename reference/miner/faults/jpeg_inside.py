"""Somebody saves bandwidth and tells nobody."""

from io import BytesIO

from PIL import Image

from reference.miner.messages import Task
from reference.miner.seams import Fault


class JpegInside(Fault):
    name = "jpeg-inside"
    does = "delivers JPEG files under the name and type of PNG"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        packed = BytesIO()
        Image.open(BytesIO(data)).save(packed, "JPEG", quality=90)
        return packed.getvalue()
