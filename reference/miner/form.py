"""The callback of a job, and its multipart body as pieces of bytes around the picture."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from reference.miner.answers import iso
from reference.miner.jobs import Job
from reference.miner.seams import Delivery

PIECE = 65536


def delivery_of(job: Job) -> Delivery:
    """The callback that a correct miner sends for this job."""
    fields = {"job_id": job.job_id, "status": str(job.status), "completed_at": iso(job.ended_at)}
    if job.image is not None:
        fields["image_url"] = job.image_url
    if job.error is not None:
        fields["error"] = job.error
    secret = job.request.callback_secret
    return Delivery(
        url=job.request.callback_url or "",
        headers={} if secret is None else {"X-Callback-Secret": secret},
        fields=fields,
        image=job.image,
    )


@dataclass(frozen=True, slots=True)
class Form:
    """``head`` + picture + ``tail``; the same form gives the same bytes each time."""

    boundary: str
    head: bytes
    image: Path | bytes | None
    tail: bytes
    kind: str = "multipart/form-data"

    @property
    def content_type(self) -> str:
        return f"{self.kind}; boundary={self.boundary}"

    @property
    def length(self) -> int:
        size = self.image.stat().st_size if isinstance(self.image, Path) else len(self.image or b"")
        return len(self.head) + size + len(self.tail)

    async def pieces(self, moved: Callable[[], None]) -> AsyncIterator[bytes]:
        """The body in pieces; calls ``moved`` each time the receiver accepted one."""
        yield self.head
        if isinstance(self.image, Path):
            with self.image.open("rb") as file:
                while piece := file.read(PIECE):
                    moved()
                    yield piece
        elif self.image:
            for start in range(0, len(self.image), PIECE):
                moved()
                yield self.image[start : start + PIECE]
        moved()
        yield self.tail
        moved()


def build(delivery: Delivery) -> Form:
    """The form of a delivery: its text fields, then its picture."""
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in delivery.fields.items()
    ]
    end = f"--{boundary}--\r\n"
    if delivery.image is None:
        return Form(boundary, "".join([*parts, end]).encode(), None, b"")
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="image";'
        f' filename="{delivery.filename}"\r\nContent-Type: {delivery.image_type}\r\n\r\n'
    )
    return Form(boundary, "".join(parts).encode(), delivery.image, f"\r\n{end}".encode())
