"""What most people would write to receive callbacks: FastAPI reads the form, then writes the file.

    python -m benchmarks.peers.fastapi_receiver [--same-work] FOLDER

Prints its url when it listens. With ``--same-work`` it also does what the callback server promises
and this peer otherwise does not: a hash of the picture, a temporary file, and a rename.
"""

import hashlib
import hmac
import json
import socket
import sys
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, File, Form, Header, HTTPException, UploadFile

SECRET = "test-secret"


def build(folder: Path, *, same_work: bool) -> FastAPI:
    """The application, which keeps pictures and a journal in ``folder``."""
    app = FastAPI()
    folder.mkdir(parents=True, exist_ok=True)
    keep = _keep_whole if same_work else Path.write_bytes

    @app.post("/callback")
    async def callback(  # noqa: PLR0917 - the form's fields
        job_id: Annotated[str, Form()],
        status: Annotated[str, Form()],
        completed_at: Annotated[str | None, Form()] = None,
        error: Annotated[str | None, Form()] = None,
        image: Annotated[UploadFile | None, File()] = None,
        x_callback_secret: Annotated[str, Header()] = "",
    ) -> str:
        if not hmac.compare_digest(x_callback_secret, SECRET):
            raise HTTPException(401)
        if image is not None:
            keep(folder / f"{job_id}.png", await image.read())
        with (folder / "journal.ndjson").open("a") as journal:
            record = {"job_id": job_id, "status": status, "at": completed_at, "error": error}
            journal.write(json.dumps(record) + "\n")
        return "OK"

    return app


def _keep_whole(path: Path, data: bytes) -> None:
    hashlib.sha256(data).hexdigest()
    temporary = path.with_suffix(".part")
    temporary.write_bytes(data)
    temporary.rename(path)


def main() -> None:
    """Listen on a free port and serve."""
    listening = socket.create_server(("127.0.0.1", 0))
    # asyncio does it for sockets of its own; without, each answer waits 40 ms for its second half.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sys.stdout.write(f"POST http://127.0.0.1:{listening.getsockname()[1]}/callback\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        build(Path(sys.argv[-1]), same_work="--same-work" in sys.argv),
        log_level="warning",
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
