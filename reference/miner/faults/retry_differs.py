"""The body of a retry is built anew, from whatever is there by then."""

from dataclasses import replace
from pathlib import Path

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class RetryDiffers(Fault):
    name = "retry-differs"
    does = "tries each callback twice, the second time with a picture that is one byte longer"
    clause = "CBK-23"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [*deliveries, *(replace(one, image=_longer(one.image)) for one in deliveries)]


def _longer(image: Path | bytes | None) -> bytes:
    data = image.read_bytes() if isinstance(image, Path) else image or b""
    return data + b"\n"
