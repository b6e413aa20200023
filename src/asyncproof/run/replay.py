"""Sends callbacks that a callback server recorded once more, to another receiver."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import aiohttp
import msgspec

from asyncproof.receiver.storage import names
from asyncproof.receiver.storage.entries import CallbackEntry, decode
from asyncproof.vocabulary import CALLBACK_FIELDS, SECRET_HEADER

AT_ONCE = 8
PATIENCE = 60.0  # seconds for each answer


class UnsendableError(Exception):
    """A recorded callback that cannot be sent again; the text says why."""


def recorded(journal: Path) -> Iterator[tuple[float, CallbackEntry]]:
    """The accepted callbacks of a journal, each with its seconds after the first.

    What cannot be read is passed over. A clock that was set back makes no wait.

    Raises:
        OSError: the journal cannot be read.
    """
    first, latest = None, 0.0
    with journal.open("rb") as lines:
        for line in lines:
            try:
                entry = decode(line)
                at = datetime.fromisoformat(entry.received_at).timestamp()
            except (msgspec.MsgspecError, ValueError, OverflowError):
                continue
            if entry.secret == "match" and entry.stored:
                first = at if first is None else first
                latest = max(latest, at - first)
                yield latest, entry


async def replay(journal: Path, to: str, secret: str, *, fast: bool) -> Counter[str]:
    """Send all of them at their recorded pace, or ``fast``; how often each outcome came.

    An outcome is a status code, or the reason why there was none.

    Raises:
        OSError: the journal cannot be read.
    """
    journal.open("rb").close()  # below, an error would come as a group of errors
    outcomes, room = Counter[str](), asyncio.Semaphore(AT_ONCE)
    began = asyncio.get_running_loop().time()

    async def send(entry: CallbackEntry) -> None:
        try:
            outcomes[await _sent(session, to, entry, journal.parent)] += 1
        finally:
            room.release()

    async with (
        aiohttp.ClientSession(
            headers={SECRET_HEADER: secret}, timeout=aiohttp.ClientTimeout(total=PATIENCE)
        ) as session,
        asyncio.TaskGroup() as sending,
    ):
        for offset, entry in recorded(journal):
            if not fast:
                await asyncio.sleep(began + offset - asyncio.get_running_loop().time())
            await room.acquire()
            sending.create_task(send(entry))
    return outcomes


async def _sent(session: aiohttp.ClientSession, to: str, entry: CallbackEntry, folder: Path) -> str:
    try:
        async with session.post(to, data=_form(entry, folder), allow_redirects=False) as answer:
            return str(answer.status)
    except UnsendableError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {PATIENCE:g} s"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return f"not sent: {type(error).__name__}"


def _form(entry: CallbackEntry, folder: Path) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    told = {name: getattr(entry, name) for name in CALLBACK_FIELDS} | entry.fields
    for name, text in told.items():
        if text is not None:
            form.add_field(name, text)
    if entry.image is not None:
        name = entry.image.path.removeprefix("images/")
        path = folder / "images" / name
        if not names.may_be_stored(name) or not path.is_file():
            raise UnsendableError("its picture is not there any more")
        form.add_field(
            "image",
            path.read_bytes(),
            filename=entry.image.filename or "image.png",
            content_type=entry.image.content_type or "image/png",
        )
    return form
