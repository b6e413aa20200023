"""Which secret a callback must carry, and keeping secrets out of everything that is recorded."""

import hashlib
import hmac
import sys
from collections.abc import Sequence

SECRET_HEADER = "X-Callback-Secret"
REDACTED = "[secret]"
SHORTEST_REDACTED = 4
_FEW = 10


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _digest(text: str) -> bytes:
    return hashlib.sha256(_bytes(text)).digest()


class Keyring:
    """The secret of the server, and one of each expected token.

    Secrets are compared as bytes and in constant time; whose another secret is, is looked up by
    its hash.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._by_token: dict[str, str] = {}
        self._owner: dict[bytes, str] = {}
        self._known: set[str] = set()
        self._lengths: set[int] = set()
        self._shortest = sys.maxsize
        self._remember(secret)

    def expect(self, token: str, secret: str) -> None:
        self._by_token[token] = secret
        self._owner[_digest(secret)] = token
        self._remember(secret)

    def _remember(self, secret: str) -> None:
        if len(secret) >= SHORTEST_REDACTED:
            self._known.add(secret)
            self._lengths.add(len(secret))
            self._shortest = min(self._lengths)

    def verdict(self, token: str | None, presented: Sequence[str]) -> str:
        """``match``, ``missing``, ``wrong`` or ``of TOKEN``, for all the secrets a request has."""
        if not presented:
            return "missing"
        if len(presented) > 1:
            return "wrong"
        due = self._by_token.get(token, self._secret) if token else self._secret
        if hmac.compare_digest(_bytes(presented[0]), _bytes(due)):
            return "match"
        owner = self._owner.get(_digest(presented[0]))
        return "wrong" if owner is None else f"of {owner}"

    def redact(self, text: str) -> str:
        """The text with every known secret in it replaced.

        Where there are many, it looks at each position once for each length that a secret has, so
        that ten thousand tokens cost no more than ten.
        """
        if len(text) < self._shortest:
            return text
        if len(self._known) <= _FEW and not any(secret in text for secret in self._known):
            return text
        for length in sorted(self._lengths, reverse=True):
            last = len(text) - length
            hits = [i for i in range(last + 1) if text[i : i + length] in self._known]
            for start in reversed(hits):
                if text[start : start + length] in self._known:
                    text = text[:start] + REDACTED + text[start + length :]
        return text
