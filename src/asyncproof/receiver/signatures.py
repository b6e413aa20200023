"""How a callback proves who sent it: the plain header, or a signature over its body.

A signature is known to be right only when the whole body has been read, so the body is hashed while
it comes in. What a head alone can decide (nothing is presented, it is too old) is decided at once.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

UNPROVEN = "nothing"  # the scheme of senders that prove nothing but that they know the url
TOLERANCE = 300.0  # seconds, as Standard Webhooks has it
_TIMESTAMP = re.compile(r"[0-9]{1,15}", re.ASCII)
_WEBHOOK_PREFIX = "whsec_"

GetAll = Callable[[str], Sequence[str]]
"""All values of a header, by its name in any case."""


class BodyCheck:
    """Compares the signature of a body that is still coming in, under each secret of ours."""

    def __init__(self, keys: Sequence[bytes], start: bytes, presented: Sequence[bytes]) -> None:
        self._macs = [hmac.new(key, start, hashlib.sha256) for key in keys]
        self._presented = presented

    def update(self, piece: bytes) -> None:
        for mac in self._macs:
            mac.update(piece)

    def matches(self) -> bool:
        """Whether one of the presented signatures is right; all are compared, in constant time."""
        due = [mac.digest() for mac in self._macs]
        return True in [hmac.compare_digest(p, d) for p in self._presented for d in due]


class UnsignedError(Exception):
    """A body that was read to its end and is not signed with our secret."""


class SignatureScheme(Protocol):
    """What a server demands of a callback instead of the plain header."""

    @property
    def header(self) -> str:
        """The header with the signature, for the answer to a request without it."""
        ...

    def check(self, header: GetAll, now: float) -> BodyCheck | str:
        """The check of the body; or what is certain by the head: ``missing`` or ``wrong``."""
        ...


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """https://www.standardwebhooks.com: id, time and body, signed with HMAC-SHA256 (``v1``)."""

    keys: tuple[bytes, ...]
    header: str = "webhook-signature"

    def check(self, header: GetAll, now: float) -> BodyCheck | str:
        found = [header(name) for name in ("webhook-id", "webhook-timestamp", self.header)]
        if not all(map(len, found)):
            return "missing"
        if any(len(values) > 1 for values in found):
            return "wrong"
        message, timestamp, signatures = (values[0].strip() for values in found)
        if not (message and message.isascii()) or not _TIMESTAMP.fullmatch(timestamp):
            return "wrong"
        presented = [s for s in map(_version_one, signatures.split()) if s is not None]
        if abs(now - int(timestamp)) > TOLERANCE or not presented:
            return "wrong"
        return BodyCheck(self.keys, f"{message}.{timestamp}.".encode(), presented)


@dataclass(frozen=True, slots=True)
class HubSignature:
    """``X-Hub-Signature-256: sha256=...``: the body, signed with HMAC-SHA256 as GitHub does it."""

    keys: tuple[bytes, ...]
    header: str = "X-Hub-Signature-256"

    def check(self, header: GetAll, now: float) -> BodyCheck | str:  # noqa: ARG002 - no time in it
        values = header(self.header)
        if not values:
            return "missing"
        algorithm, _, digits = values[0].strip().partition("=")
        if len(values) > 1 or algorithm != "sha256" or not re.fullmatch("[0-9A-Fa-f]{64}", digits):
            return "wrong"
        return BodyCheck(self.keys, b"", [bytes.fromhex(digits)])


def sign_again(
    scheme: SignatureScheme | None, headers: Mapping[str, str], body: BinaryIO, now: float
) -> Mapping[str, str]:
    """The headers of a callback that is sent again at ``now`` (Unix time).

    A signature of Standard Webhooks is too old after some minutes, so it is made anew; its id
    stays.
    ``body`` is at its beginning before and after.
    """
    if not isinstance(scheme, StandardWebhooks):
        return headers
    timestamp, start = str(int(now)), body.tell()
    signed = f"{headers['webhook-id']}.{timestamp}.".encode()
    mac = hmac.new(scheme.keys[0], signed, hashlib.sha256)
    while piece := body.read(1 << 16):
        mac.update(piece)
    body.seek(start)
    signature = f"v1,{base64.b64encode(mac.digest()).decode()}"
    return {**headers, "webhook-timestamp": timestamp, "webhook-signature": signature}


def signature_scheme(name: str, secrets: Sequence[str]) -> SignatureScheme | None:
    """The scheme of that name, with each secret that it accepts; None for the plain header
    and for no proof at all.

    Raises:
        ValueError: a secret starts with ``whsec_`` and does not go on in base64.
    """
    match name:
        case "standard-webhooks":
            return StandardWebhooks(tuple(map(_webhook_key, secrets)))
        case "hub":
            return HubSignature(tuple(map(str.encode, secrets)))
    return None


def _webhook_key(secret: str) -> bytes:
    if not secret.startswith(_WEBHOOK_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_WEBHOOK_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a secret that starts with {_WEBHOOK_PREFIX} must be base64") from None


def _version_one(text: str) -> bytes | None:
    """The signature in one item of the list; None for other versions and for rubbish."""
    version, _, encoded = text.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(encoded, validate=True) or None
    except ValueError:
        return None
