"""A callback that a person can send by hand, as a command for a shell."""

import json
from functools import reduce
from typing import Any

from asyncproof.vocabulary import SECRET_HEADER
from asyncproof.wire.profile import CallbackTable

URL = "{url}"  # stands for that of the callback server
DOCUMENTED = (
    f'curl {URL} -H "{SECRET_HEADER}: $ASYNC_CALLBACK_SECRET" \\\n'
    "  -F job_id=hello -F status=completed -F image=@picture.png"
)
PICTURE = "$(base64 -w0 picture.png)"


def example_of(table: CallbackTable, word: str) -> str:
    """One that tells of a job that is ``word``, which means completed; empty where the sender has
    to sign it, which no such command can."""
    if table.proof in ("standard-webhooks", "hub"):
        return ""
    header = f' -H "{table.header}: $ASYNC_CALLBACK_SECRET"' if table.proof == "header" else ""
    told = {place[0]: text for place, text in ((table.id, "hello"), (table.state, word)) if place}
    if table.body == "multipart":
        parts = [f"-F {name}={text}" for name, text in told.items()]
        parts += [f"-F {table.picture or 'image'}=@picture.png"]
        return f"curl {URL}{header} \\\n  {' '.join(parts)}"
    if table.picture:
        inline = table.encoding == "base64"
        told[table.picture] = PICTURE if inline else "http://127.0.0.1/picture.png"
    body: dict[str, Any] = {}
    for place, text in told.items():
        _put(body, place.split("."), text)
    shown = json.dumps(body).replace(PICTURE, f"'{PICTURE}'")
    return f"curl {URL}{header} -H 'Content-Type: application/json' \\\n  -d '{shown}'"


def _put(body: dict[str, Any], keys: list[str], text: str) -> None:
    """Put a text at a place; a number or a star is the first item of a list."""
    if len(keys) > 1 and keys[1] in ("0", "*"):
        deeper = reduce(lambda inner, key: {key: inner}, reversed(keys[2:]), text)  # type: ignore[arg-type, return-value]
        body[keys[0]] = [deeper]
    elif len(keys) > 1:
        _put(body.setdefault(keys[0], {}), keys[1:], text)
    else:
        body[keys[0]] = text
