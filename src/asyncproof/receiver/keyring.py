"""The secrets that callbacks must carry, and their redaction from everything recorded."""

import hashlib
import hmac
import sys
from collections.abc import Callable, Sequence

from asyncproof.vocabulary import REDACTED

SHORTEST_REDACTED = 4
_FEW = 10


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _digest(text: str) -> bytes:
    return hashlib.sha256(_bytes(text)).digest()


class Keyring:
    """The secret of the server, and one for each expected token.

    ``also`` are older secrets that the server still accepts. ``recall`` gives the secret of a token
    that was forgotten; None for a token that was never ours.

    Secrets are compared as bytes and in constant time; whose another secret is, is looked up by
    its hash.
    """

    def __init__(
        self,
        secret: str,
        also: Sequence[str] = (),
        recall: Callable[[str], str | None] = lambda _: None,
        *,
        proven: bool = True,
    ) -> None:
        """Unless callbacks are ``proven``, knowing the token is proof enough: their senders have no
        way to carry a secret."""
        self._recall, self._proven = recall, proven
        self._accepted = tuple(map(_bytes, (secret, *also)))
        self._by_token: dict[str, str] = {}
        self._owner: dict[bytes, str] = {}
        self._known: set[str] = set()
        self._lengths: set[int] = set()
        self._shortest = sys.maxsize
        for each in (secret, *also):
            self._remember(each)

    def expect(self, token: str, secret: str) -> None:
        self._by_token[token] = secret
        self._owner[_digest(secret)] = token
        self._remember(secret)

    def forget(self, token: str) -> None:
        """Keep nothing about this token; what still comes to it is judged by ``recall``."""
        secret = self._by_token.pop(token, None)
        if secret is not None:
            self._owner.pop(_digest(secret), None)
            self._known.discard(secret)

    def hide(self, secret: str) -> None:
        """Keep another secret, which no callback carries, out of what is recorded."""
        self._remember(secret)

    def _remember(self, secret: str) -> None:
        if len(secret) >= SHORTEST_REDACTED:
            self._known.add(secret)
            self._lengths.add(len(secret))
            self._shortest = min(self._lengths)

    def verdict(self, token: str | None, presented: Sequence[str]) -> tuple[str, str | None]:
        """The result of comparing the secrets of a request, as in :class:`Delivered`, and the
        owner."""
        if not self._proven:
            return ("match" if token is None or token in self._by_token else "wrong"), None
        if not presented:
            return "missing", None
        if len(presented) > 1:
            return "wrong", None
        own = self._own(token) if token else None
        due = self._accepted if own is None else (_bytes(own),)
        if True in [hmac.compare_digest(_bytes(presented[0]), secret) for secret in due]:
            return "match", None
        owner = self._owner.get(_digest(presented[0]))
        return ("wrong", None) if owner is None else ("foreign", owner)

    def _own(self, token: str) -> str | None:
        """The secret of this token; one that is recalled is known from then on, so that it is kept
        out of what is recorded."""
        own = self._by_token.get(token)
        if own is None and (own := self._recall(token)) is not None:
            self.expect(token, own)
        return own

    def redact(self, text: str) -> str:
        """The text with every known secret in it replaced.

        If there are many, it looks at each position once for each length of a secret, so that ten
        thousand tokens cost no more than ten.
        """
        if len(text) < self._shortest:
            return text
        if len(self._known) <= _FEW:
            for secret in self._known:
                if secret in text:
                    break
            else:
                return text
        for length in sorted(self._lengths, reverse=True):
            last = len(text) - length
            hits = [i for i in range(last + 1) if text[i : i + length] in self._known]
            for start in reversed(hits):
                if text[start : start + length] in self._known:
                    text = text[:start] + REDACTED.decode() + text[start + length :]
        return text
